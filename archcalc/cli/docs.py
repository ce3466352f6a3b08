"""archcalc docs: tables, figures and numbers in Markdown files, written between markers and kept true."""

import io
import re
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from archcalc.cli import options as o
from archcalc.cli.output import deliver
from archcalc.errors import COMMAND_LINE, ArchcalcError, Problem, TargetError, did_you_mean

_BLOCK: Final = re.compile(
    r"(?<!`)(<!-- archcalc: (.*?) -->)(.*?)(<!-- /archcalc -->|(?=<!-- archcalc: )|\Z)", re.DOTALL
)
_FENCE: Final = re.compile(r"^ {0,3}(```+|~~~+)[^\n]*\n.*?^ {0,3}\1`*~* *$", re.MULTILINE | re.DOTALL)
_IMAGE: Final = re.compile(r"!\[([^\]]*)\]\(")
_WORDS: Final = ("table", "draw", "number", "list", "explain", "layers", "show")


class _Made(NamedTuple):
    """What stands between two markers, and a picture beside the file."""

    text: str
    picture: tuple[Path, bytes] | None = None


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

    try:
        old = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError([Problem("E085", f"cannot read {path}: {error}", origin=COMMAND_LINE)]) from None
    new, pictures = _written(old, path)
    if check:
        lines = unified_diff(old.splitlines(True), new.splitlines(True), str(path), f"{path} (now)")
        stale = [goal for goal, data in pictures if not goal.is_file() or goal.read_bytes() != data]
        return "".join(lines) + "".join(f"{goal} differs\n" for goal in stale)
    for goal, data in pictures:
        goal.parent.mkdir(parents=True, exist_ok=True)
        deliver(data, str(goal))
    if new != old:
        deliver(new.encode(), str(path))
    return ""


def _written(text: str, path: Path) -> tuple[str, list[tuple[Path, bytes]]]:
    """Return the text of a file with all blocks made anew, and its pictures."""
    parts, pictures, end = [], [], 0
    for block in _blocks(text):
        opening, words, held, closing = block.groups()
        origin = f"{path}:{text.count(chr(10), 0, block.start()) + 1}"
        if not closing:
            raise TargetError([Problem("E010", "this marker has no <!-- /archcalc -->", origin=origin)])
        try:
            made = _make(words, held, path.parent)
        except ArchcalcError as error:
            raise TargetError(
                [problem if problem.place else problem._replace(origin=origin) for problem in error.problems]
            ) from None
        if "<!--" in made.text:
            raise TargetError([Problem("E033", "what would stand here holds a marker itself", origin=origin)])
        if made.picture:
            pictures.append(made.picture)
        parts += [text[end : block.start()], opening, made.text, closing]
        end = block.end()
    return "".join([*parts, text[end:]]), pictures


def _blocks(text: str) -> Iterator[re.Match[str]]:
    """Yield the blocks of a file, but not those that a block of code shows."""
    at = 0
    while block := _BLOCK.search(text, at):
        fence = _FENCE.search(text, at)
        if fence and fence.start() < block.start():
            at = max(fence.end(), at + 1)
            continue
        yield block
        at = block.end()


def _make(words: str, held: str, folder: Path) -> _Made:
    import shlex

    try:
        arguments = shlex.split(words)
    except ValueError as error:
        raise _wrong(f"'{words}': {error}") from None
    word = arguments[0] if arguments else ""
    if word not in _WORDS:
        raise _wrong(f"no block '{word}'{did_you_mean(word, _WORDS)}; there are {', '.join(_WORDS)}")
    with chdir(folder):
        if word == "number":
            return _Made(_number(arguments[1:]))
        goal = _taken(arguments, "-o", "--output")
        if goal is not None:
            return _picture(word, arguments, goal, held)
        formats = any(argument.partition("=")[0] in ("-f", "--format") for argument in arguments)
        if word in ("table", "list") and not formats:
            arguments += ["--format", "markdown"]
        text = _printed(arguments).strip("\n")
    fence = {"table": "", "list": ""}.get(word, "text")
    if formats:
        form = _taken(arguments, "-f", "--format") or ""
        fence = {"markdown": "", "html": "", "mmd": "mermaid", "terminal": "text"}.get(form, form)
    return _Made(f"\n```{fence}\n{text}\n```\n" if fence else f"\n{text}\n")


def _number(arguments: list[str]) -> str:
    """Return one total: number TARGET NAME [--si]."""
    from archcalc.api import analyze
    from archcalc.render.text import number, short
    from archcalc.report import Totals

    names = [argument for argument in arguments if argument != "--si"]
    if len(names) != 2 or names[1] not in Totals.__slots__:
        raise _wrong(f"write number TARGET NAME; names are {', '.join(Totals.__slots__)}")
    value = getattr(analyze(names[0]).totals, names[1])
    return short(value) if "--si" in arguments and isinstance(value, int) else number(value)


def _picture(word: str, arguments: list[str], goal: str, held: str) -> _Made:
    import tempfile

    beside = Path(goal)
    if word != "draw":
        raise _wrong(f"only draw writes a file; leave out -o {goal}")
    if beside.is_absolute() or not beside.resolve().is_relative_to(Path.cwd()):
        raise _wrong(f"-o {goal}: a picture lies beside its file or below it")
    target = next((argument for argument in arguments[1:] if not argument.startswith("-")), "")
    known = _IMAGE.search(held)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / beside.name
        _printed([*arguments, "-o", str(made)])
        data = made.read_bytes()
    text = f"\n![{known[1] if known else target}]({beside.as_posix()})\n"
    return _Made(text, (beside.absolute(), data))


def _printed(arguments: list[str]) -> str:
    from archcalc.cli.app import build_app
    from archcalc.cli.console import Console

    shown = io.StringIO()
    with redirect_stdout(shown):
        try:
            build_app(arguments)(arguments, prog_name="archcalc", standalone_mode=False, obj=Console())
        except ArchcalcError:
            raise
        except Exception as error:  # Typer's own usage errors
            if not hasattr(error, "format_message"):
                raise
            raise _wrong(error.format_message()) from None
    return shown.getvalue()


def _taken(arguments: list[str], *names: str) -> str | None:
    """Return the value of an option; the option is taken out."""
    for at, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names and equals:
            del arguments[at]
            return value
    for name in names:
        if name in arguments[:-1]:
            at = arguments.index(name)
            value = arguments[at + 1]
            del arguments[at : at + 2]
            return value
    return None


def _wrong(message: str) -> TargetError:
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
