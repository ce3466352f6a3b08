"""`archcalc`: runs a command and turns what went wrong into a message and an exit code.

Exit codes: 0 fine, 1 a finding, 2 bad input or usage, 70 a bug of ours.
"""

import contextlib
import gc
import os
import sys
from typing import NoReturn

from archcalc.cli.console import Console
from archcalc.errors import ArchcalcError

BUG = 70


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Nothing is left to tidy up, so Python does not take its modules apart, which would cost a fifth of a short command.
    """
    code = run(sys.argv[1:] if arguments is None else arguments)
    with contextlib.suppress(OSError):  # a closed pipe
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code."""
    # a process this short need not look for garbage while it imports
    gc.set_threshold(200_000)
    # pydantic looks through all installed packages for plugins of its own: an eighth of the time of a table
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from archcalc.cli.app import build_app

    console = Console()
    try:
        result = build_app(arguments)(arguments, prog_name="archcalc", standalone_mode=False, obj=console)
    except ArchcalcError as error:
        console.problems(error.problems)
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if hasattr(error, "format_message"):  # Typer's own usage errors
            _usage(error)
            return 2
        if type(error).__name__ == "Abort":
            return 130
        _bug(error)
        return BUG
    return result if isinstance(result, int) else 0


def _usage(error: Exception) -> None:
    context = getattr(error, "ctx", None)
    if context is not None:
        print(context.get_usage(), file=sys.stderr)
    message = getattr(error, "format_message", lambda: str(error))()
    print(f"archcalc: {message}", file=sys.stderr)
    if context is not None:
        print(f"'{context.command_path} --help' shows examples.", file=sys.stderr)


def _bug(error: Exception) -> None:
    import traceback

    from archcalc import __version__

    traceback.print_exception(error)
    print(
        f"archcalc {__version__}: this is a bug of archcalc, not of your spec. Please report it with the lines above.",
        file=sys.stderr,
    )
