"""`archcalc`: runs a command and turns what went wrong into a message and an exit code.

Exit codes: 0 fine, 1 a finding, 2 bad input or usage, 70 a bug of ours.
"""

import contextlib
import gc
import os
import sys
from typing import NoReturn

from archcalc.cli.console import Console, say
from archcalc.errors import ArchcalcError

BUG = 70
STDIN = "<stdin>"


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Nothing is left to tidy up, so Python does not take its modules apart, which would cost a fifth of a short command.
    """
    code = run(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a closed pipe, no stream at all
            stream.flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code."""
    # a process this short need not look for garbage while it imports
    gc.set_threshold(200_000)
    # pydantic looks through all installed packages for plugins of its own: an eighth of the time of a table
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from archcalc.cli.app import build_app

    # `-:net/option` is a target, not an option
    arguments = [f"{STDIN}{text[1:]}" if text[:2] in ("-:", "-/") else text for text in arguments]
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
    message = getattr(error, "format_message", lambda: str(error))()
    if message.startswith("Usage:"):  # no arguments at all: the help
        say(message)
        return
    if context is not None:
        say(context.get_usage())
    say(f"archcalc: {message}")
    if context is not None:
        say(f"'{context.command_path} --help' shows examples.")


def _bug(error: Exception) -> None:
    import traceback

    from archcalc import __version__

    say("".join(traceback.format_exception(error)).rstrip())
    say(f"archcalc {__version__}: this is a bug of archcalc, not of your spec. Please report it with the lines above.")
