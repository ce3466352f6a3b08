"""Where results go: stdout, or a file that is written whole or not at all."""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean

# the ending of a file → the format of a table
ENDINGS: Final = MappingProxyType({
    ".txt": "terminal", ".md": "markdown", ".tex": "latex", ".html": "html", ".htm": "html", ".csv": "csv",
    ".tsv": "tsv", ".json": "json",
})  # fmt: skip


_PLAIN: Final = ("text", "terminal")


def deliver(text: str | bytes, path: str | None = None, *, exact: bool = False) -> None:
    """Write a result, text or the bytes of an image, to `path`, or to stdout for None and "-".

    With `exact`, stdout gets the text in UTF-8 whatever the terminal says it can show: a spec must not change.

    Raises:
        TargetError: the file cannot be written; what stood there before is untouched.
    """
    if isinstance(text, str):
        text = text if text.endswith("\n") else text + "\n"
    if path is None or path == "-":
        _print(text, exact=exact)
        return
    data = text if isinstance(text, bytes) else text.encode()
    import tempfile

    try:
        goal = Path(os.path.realpath(path))  # a link stays a link: what it points to is written
        if goal.exists() and not goal.is_file() and not goal.is_dir():
            goal.write_bytes(data)  # a device or a named pipe cannot be replaced
            return
        handle, name = tempfile.mkstemp(dir=goal.parent, prefix=f".{goal.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            _copy_mode(goal, Path(name))
            Path(name).replace(goal)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        message = f"cannot write {path}: {(error.strerror or str(error)).lower()}"
        raise TargetError([Problem("E085", message, origin=COMMAND_LINE)]) from None


def choose_format(given: str | None, path: str | None, endings: Mapping[str, str], default: str) -> str:
    """Return the format: as given, else by the file's ending, else the default.

    Raises:
        TargetError: an ending that names no format.
    """
    if given in _PLAIN and given not in endings.values():  # one form, two words for it
        given = next((word for word in _PLAIN if word in endings.values()), given)
    if given is not None or path is None or path == "-":
        return given or default
    ending = Path(path).suffix.lower()
    if ending not in endings:
        known = ", ".join(endings)
        message = f"'{path}' ends in no known format{did_you_mean(ending, endings)}; {known}, or say --format"
        raise TargetError([Problem("E085", message, origin=COMMAND_LINE)])
    return endings[ending]


def can_show(sample: str) -> bool:
    """Tell whether stdout can print these characters."""
    try:
        sample.encode((sys.stdout.encoding if sys.stdout else None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _print(text: str | bytes, *, exact: bool) -> None:
    if sys.stdout is None:  # closed by the caller: `archcalc table alexnet >&-`
        raise TargetError([Problem("E085", "cannot write the result: stdout is closed", origin=COMMAND_LINE)])
    try:
        if isinstance(text, bytes) or (exact and hasattr(sys.stdout, "buffer")):
            sys.stdout.flush()
            sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())
        else:
            _print_text(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader (head, less) has seen enough; keep Python from failing once more when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        message = f"cannot write the result: {(error.strerror or str(error)).lower()}"
        raise TargetError([Problem("E085", message, origin=COMMAND_LINE)]) from None


def _print_text(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _copy_mode(old: Path, new: Path) -> None:
    if old.exists():
        new.chmod(old.stat().st_mode & 0o777)
    else:
        mask = os.umask(0)
        os.umask(mask)
        new.chmod(0o666 & ~mask)
