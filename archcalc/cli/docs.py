"""archcalc docs: tables, figures and numbers in Markdown files, written between markers and kept true."""

from pathlib import Path
from typing import Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import deliver
from archcalc.errors import COMMAND_LINE, Problem, TargetError


def docs_command(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Markdown files.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; print what differs and exit with 1.")] = False,
    errors: o.Errors = "text",
) -> int:
    """Write tables, figures and numbers between markers in Markdown files.

    \b
    <!-- archcalc: table resnet/50 --depth 1 --si -->
    <!-- /archcalc -->
    <!-- archcalc: draw alexnet -o pictures/alexnet.svg -->  a file beside, and the image
    <!-- archcalc: draw alexnet --format mmd -->             Mermaid in place
    <!-- archcalc: number alexnet params -->60,965,224<!-- /archcalc -->

    Paths and specs are looked for from the folder of the file.

    \b
    archcalc docs README.md docs/*.md
    archcalc docs --check README.md
    """
    found = [_difference(path, check=check) for path in files]
    if check and any(found):
        deliver("".join(found), exact=True)
        return 1
    return 0


def _difference(path: Path, *, check: bool) -> str:
    """Return what is not as it should be, as a diff; write it anew unless `check`."""
    from difflib import unified_diff

    from archcalc.cli.markers import renewed

    try:
        with path.open(encoding="utf-8", newline="") as file:  # lines end as they did
            kept = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise _unusable(f"cannot read {path}: {reason}") from None
    old = kept.replace("\r\n", "\n")
    new, pictures = renewed(old, path)
    if check:
        lines = unified_diff(old.splitlines(True), new.splitlines(True), str(path), f"{path} (now)")
        stale = [goal for goal, data in pictures if not goal.is_file() or goal.read_bytes() != data]
        return "".join(lines) + "".join(f"{goal} differs\n" for goal in stale)
    for goal, data in pictures:
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(f"cannot make the folder {goal.parent}: {error.strerror}") from None
        deliver(data, str(goal))
    if new != old:
        deliver((new.replace("\n", "\r\n") if "\r\n" in kept else new).encode(), str(path))
    return ""


def _unusable(message: str) -> TargetError:
    return TargetError([Problem("E085", message, origin=COMMAND_LINE)])
