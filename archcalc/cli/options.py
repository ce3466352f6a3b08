"""Options that several commands take, and what they mean."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcalc.cli.complete import targets
from archcalc.errors import COMMAND_LINE, Problem, TargetError

if TYPE_CHECKING:
    from archcalc.cli.console import Console
    from archcalc.report import Report
    from archcalc.spec.library import Library


def _errors(context: typer.Context, value: str) -> str:
    if value not in ("text", "github", "json"):
        raise typer.BadParameter(f"'{value}' is not one of text, github, json")
    context.obj.errors = value
    return value


Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A built-in network (alexnet, resnet/50, dcgan:g), a file, or - for stdin.",
        autocompletion=targets,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Replace a parameter or choose a variant: --set depth=101."),
]
Input = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="SIZE", help="Another input size, without batch: 3x256x256, or image=3x256x256."),
]
Sym = Annotated[
    str | None,
    typer.Option(
        "--sym", metavar="NAMES", help="Leave sizes free and print formulas: H,W; H=32*h for multiples of 32."
    ),
]
Conventions = Annotated[
    list[str] | None,
    typer.Option("--convention", metavar="NAME", help="Count as a tool does, too: thop, fvcore …"),
]
Folders = Annotated[
    list[Path] | None,
    typer.Option("--path", metavar="DIR", help="Look for specs here too, before the built-in ones."),
]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write here; the ending picks the format."),
]
Limit = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="NAME=N", help="Lower a limit on what a spec may cost: --limit nodes=500."),
]
UnsafeLimits = Annotated[
    bool, typer.Option("--unsafe-limits", help="Let --limit raise limits too; for specs you trust.")
]
Errors = Annotated[
    str,
    typer.Option("--errors", metavar="FORM", callback=_errors, help="How problems are printed: text, github, json."),
]
Ascii = Annotated[bool, typer.Option("--ascii", help="Use ASCII characters only.")]


def console(context: typer.Context) -> "Console":
    """Return the console of this run."""
    held: Console = context.obj
    return held


def library(folders: Sequence[Path] | None, limit: Sequence[str] | None, *, unsafe: bool = False) -> "Library":
    """Return where specs are found and how much they may cost."""
    from archcalc.limits import Limits
    from archcalc.spec.library import Library

    values: dict[str, int] = {}
    for name, text in _pairs(limit or (), "--limit", "nodes=500"):
        if not text.replace("_", "").isdecimal() or len(text) > 20:
            raise wrong(f"--limit {name}={text}: not a whole number")
        values[name] = int(text)
    try:
        limits = Limits().changed(values, unsafe=unsafe)
    except ValueError as error:
        raise wrong(f"--limit: {error}") from None
    for folder in folders or ():
        if not folder.is_dir():
            raise wrong(f"--path {folder}: no such folder")
    return Library(tuple(folders or ()), limits)


def parameters(assignments: Sequence[str] | None) -> dict[str, Any]:
    """Return what `--set` says."""
    return dict(_pairs(assignments or (), "--set", "depth=101"))


def sweeps(assignments: Sequence[str] | None) -> dict[str, str]:
    """Return what `--set` of a sweep says: names to their values."""
    found: dict[str, str] = {}
    for name, values in _pairs(assignments or (), "--set", "width=0.25..1.4:0.05"):
        if name in found:
            raise wrong(f"--set {name} is given twice; write all its values after one")
        found[name] = values
    return found


def inputs(sizes: Sequence[str] | None) -> Any:
    """Return what `--input` says: None, or a size by input name ("" for the first)."""
    if not sizes:
        return None
    found: dict[str, str] = {}
    for size in sizes:
        name, equals, text = size.partition("=")
        found[name if equals else ""] = text if equals else size
    return found


def symbols(names: str | None) -> tuple[str, ...]:
    """Return what `--sym` says."""
    found = tuple(name.strip() for name in (names or "").split(",") if name.strip())
    if names is not None and not found:
        raise wrong("--sym names sizes that stay free: --sym H,W")
    return found


def note_unused(sym: str | None, report: "Report", console: "Console") -> None:
    """Say which free sizes nothing depends on: the name may be another one than was meant."""
    from archcalc.symbolic.code import free_names

    used = free_names(report)
    asked = [symbol.partition("=")[0].strip() for symbol in symbols(sym)]
    meant = [condition.partition(" = ")[0] for condition in report.domain if " = " in condition]
    for name in asked:
        if name not in used and name not in meant:
            console.note(f"nothing depends on {name}")


def _pairs(texts: Iterable[str], option: str, example: str) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise wrong(f"{option} {text}: write {option} {example}")
        yield name.strip(), value.strip()


def need(package: str, extra: str) -> None:
    """Raise TargetError where a package of an extra is not installed."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise wrong(f"this needs {package}; to install it: python -m pip install 'archcalc[{extra}]'")


def wrong(message: str) -> TargetError:
    """Return an error about what the command line says."""
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
