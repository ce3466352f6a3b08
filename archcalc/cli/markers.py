"""Markers in Markdown, and what stands between them: <!-- archcalc: table alexnet --> … <!-- /archcalc -->.

A marker names a command, so what it gives is made by the command line itself. Only `draw` may write a file, and only
beside the page or below it, for a page may come from a stranger.
"""

import io
import re
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import quote

from archcalc.cli.output import choose_format
from archcalc.errors import COMMAND_LINE, ArchcalcError, Problem, TargetError, did_you_mean

# what a page shows as code is matched first, so that markers in it stay as they are
_TOKEN: Final = re.compile(
    r"""
      ^[ \t>]* (?P<fence> `{3,} | ~{3,} ) [^\n`]* \n (?: .*? ^[ \t>]* (?P=fence) [`~]* [ \t]* $ | .* )
    | (?P<ticks> (?<!`) `+ (?!`) ) (?: (?! \n\s*\n ) . )*? (?<!`) (?P=ticks) (?!`)
    | (?P<opening> <!--\s*archcalc: (?P<words> .*? ) --> ) (?P<held> .*? )
      (?: (?P<closing> <!--\s*/archcalc\s*--> ) | (?= <!--\s*archcalc: ) | \Z )
    | (?P<stray> <!--\s*/archcalc\s*--> )
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_LINK: Final = re.compile(r"\[([^\]]*)\]\(")
_MARKDOWN: Final = ("table", "list", "memory", "conventions", "sweep")  # these print it when asked
_WORDS: Final = ("number", "draw", *_MARKDOWN, "explain", "layers", "show")
# the format of a command → what its block of code is called; "" for none
_FENCES: Final = MappingProxyType({"markdown": "", "html": "", "mmd": "mermaid", "terminal": "text"})
_IMAGES: Final = (".svg", ".png")  # a page shows these, and has links to others


class _Made(NamedTuple):
    """What stands between two markers, and a picture beside the file."""

    text: str
    picture: tuple[Path, bytes] | None = None


def renewed(text: str, path: Path) -> tuple[str, list[tuple[Path, bytes]]]:
    """Return the text of a page with all blocks made anew, and its pictures.

    Raises:
        TargetError: a marker without its other half, or one whose command cannot be carried out, with its line.
    """
    parts, pictures, end = [], [], 0
    for block in _blocks(text):
        origin = f"{path}:{text.count(chr(10), 0, block.start()) + 1}"
        if block["stray"]:
            raise TargetError([Problem("E010", "nothing is open that this marker could close", origin=origin)])
        if not block["closing"]:
            raise TargetError([Problem("E010", "this marker has no <!-- /archcalc -->", origin=origin)])
        try:
            made = _make(block["words"].strip(), block["held"], path.parent)
        except ArchcalcError as error:
            raise TargetError(
                [problem if problem.place else problem._replace(origin=origin) for problem in error.problems]
            ) from None
        if "<!--" in made.text:
            raise TargetError([Problem("E033", "what would stand here holds a marker itself", origin=origin)])
        if made.picture:
            pictures.append(made.picture)
        parts += [text[end : block.start()], block["opening"], made.text, block["closing"]]
        end = block.end()
    return "".join([*parts, text[end:]]), pictures


def _blocks(text: str) -> Iterator[re.Match[str]]:
    return (token for token in _TOKEN.finditer(text) if token["opening"] or token["stray"])


def _make(words: str, held: str, folder: Path) -> _Made:
    import shlex

    try:
        arguments = _spread(shlex.split(words))
    except ValueError as error:
        raise _wrong(f"'{words}': {error}") from None
    word = arguments[0] if arguments else ""
    if word not in _WORDS:
        raise _wrong(f"no block '{word}'{did_you_mean(word, _WORDS)}; there are {', '.join(_WORDS)}")
    if "-" in arguments:
        raise _wrong("a page has no stdin; write the name of a network or a file")
    with chdir(folder):
        if word == "number":
            return _Made(_number(arguments[1:]))
        goal = _taken(arguments, "-o", "--output")
        if goal is not None:
            return _picture(word, arguments, goal, held)
        form = _taken(arguments, "-f", "--format") or ("markdown" if word in _MARKDOWN else None)
        text = _printed([*arguments, *(("--format", form) if form else ())]).strip("\n")
    fence = _FENCES.get(form, form) if form else "svg" if word == "draw" else "text"
    return _Made(f"\n```{fence}\n{text}\n```\n" if fence else f"\n{text}\n")


def _number(arguments: list[str]) -> str:
    """Return one total: number TARGET NAME [--si]."""
    from archcalc.api import analyze
    from archcalc.render.text import number, short
    from archcalc.report import Totals

    names = [argument for argument in arguments if argument != "--si"]
    if len(names) != 2 or names[1] not in Totals.__slots__:
        wanted = "" if len(names) != 2 else did_you_mean(names[1], Totals.__slots__)
        raise _wrong(f"write number TARGET NAME{wanted}; names are {', '.join(Totals.__slots__)}")
    value = getattr(analyze(names[0]).totals, names[1])
    return short(value) if "--si" in arguments and isinstance(value, int) else number(value)


def _picture(word: str, arguments: list[str], goal: str, held: str) -> _Made:
    import tempfile

    from archcalc.cli.draw import ENDINGS

    beside = Path(goal)
    if word != "draw":
        raise _wrong(f"only draw writes a file; leave out -o {goal}")
    if beside.is_absolute() or not beside.resolve().is_relative_to(Path.cwd()):
        raise _wrong(f"-o {goal}: a picture lies beside its file or below it")
    form = _taken(arguments, "-f", "--format") or choose_format(None, goal, ENDINGS, "svg")
    target = next((argument for argument in arguments[1:] if not argument.startswith("-")), "")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"picture.{form}"
        _printed([*arguments, "--format", form, "-o", str(made)])
        data = made.read_bytes()
    known = _LINK.search(held)
    link = f"[{known[1] if known else target}]({quote(beside.as_posix())})"
    text = f"\n{'!' if beside.suffix.lower() in _IMAGES else ''}{link}\n"
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


def _spread(arguments: list[str]) -> list[str]:
    """Return arguments with the values of -o and -f as arguments of their own, however they were written.

    >>> _spread(["draw", "lenet", "-oa.svg", "--format=svg"])
    ['draw', 'lenet', '-o', 'a.svg', '--format', 'svg']
    """
    found: list[str] = []
    for argument in arguments:
        attached = re.fullmatch(r"(-[of])([^-].*)|(--(?:output|format))=(.*)", argument, re.DOTALL)
        found += [part for part in attached.groups() if part is not None] if attached else [argument]
    return found


def _taken(arguments: list[str], *names: str) -> str | None:
    """Return the value of an option, the last where it is given twice; the option is taken out."""
    found = None
    while at := next((index for index, argument in enumerate(arguments[:-1]) if argument in names), None):
        found = arguments[at + 1]
        del arguments[at : at + 2]
    return found


def _wrong(message: str) -> TargetError:
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
