"""archcalc worksheet: a question sheet made from a network, with its key."""

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from archcalc.cli import options as o
from archcalc.cli.output import choose_format, deliver

if TYPE_CHECKING:
    from archcalc.cli.console import Console
    from archcalc.homework.worksheets.make import Wish
    from archcalc.homework.worksheets.paper import Paper
    from archcalc.quantities import Shape
    from archcalc.report import Node, Report
    from archcalc.spec.library import Library

_ENDINGS: Final = MappingProxyType({".md": "markdown", ".tex": "latex", ".html": "html", ".htm": "html", ".csv": "csv"})
_MOST_VARIANTS: Final = 500


def worksheet_command(
    context: typer.Context,
    target: o.Target,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            "-c",
            metavar="NAMES",
            help="input, output, params, weights, biases, macs, flops, activations, memory, rf, jump.",
        ),
    ] = "output,params,macs",
    blank: Annotated[
        str | None,
        typer.Option("--blank", "-b", metavar="NAMES|N%", help="Columns that are empty, or a share: params, 60%."),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers", "-l", metavar="NAMES", help="Rows: paths, folders or types (conv1,fc,maxpool), or all."
        ),
    ] = None,
    choices: Annotated[
        int, typer.Option("--choices", metavar="N", min=0, max=8, help="Multiple choice: N numbers a cell.")
    ] = 0,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, help="Another input size, other cells, another order.")
    ] = None,
    variants: Annotated[
        int | None,
        typer.Option(
            "--variants", metavar="N", min=1, max=_MOST_VARIANTS, help="N sheets with seeds from --seed or 1 on."
        ),
    ] = None,
    integer: Annotated[
        bool, typer.Option("--integer", help="Only an input size at which every division comes out even.")
    ] = False,
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", metavar="NAME=V,V", help="Values of a parameter that the seed draws from: width=8,16."),
    ] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="FILE", help="Write the key here.")] = None,
    set_: o.Set = None,
    input_: o.Input = None,
    format_: Annotated[
        str | None, typer.Option("--format", "-f", metavar="NAME", help="markdown, latex, html or csv.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of the sheet.")] = "en",
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Make a worksheet: a table of a network with empty cells, and the key with derivations.

    Exit code 1 if there is no size as --integer wants it.

    \b
    archcalc worksheet lenet
    archcalc worksheet alexnet -c output,weights,biases,macs -o sheet.md --key key.md
    archcalc worksheet vgg/11 --layers conv,maxpool -c output,rf,jump --blank rf,50%
    archcalc worksheet lenet --choices 4 --seed 7 -o quiz.tex --key key.tex
    archcalc worksheet alexnet --variants 30 --integer -o sheets/s.html --key keys/k.html
    """
    from archcalc.homework.worksheets.writing import FORMATS, write_key, write_sheet
    from archcalc.render.options import check

    form = choose_format(format_, output, _ENDINGS, "markdown")
    check("format", form, FORMATS)
    check("lang", lang, ("en", "zh"))
    of_key = None if Path(key or "").suffix.lower() in _ENDINGS else format_
    key_form = choose_format(of_key, key, _ENDINGS, form)
    if key == "-" and output in (None, "-"):
        raise o.wrong("the sheet and its key cannot both go to stdout; say -o FILE")
    if key is not None and output is not None and Path(key).resolve() == Path(output).resolve():
        raise o.wrong(f"the sheet and its key are both to be written to {key}")
    if variants is not None and output in (None, "-"):
        raise o.wrong("--variants writes numbered files; say where: -o sheet.md")
    if target.startswith(("-", "<stdin>")) and (seed is not None or variants or integer or vary):
        raise o.wrong("a spec from a pipe is read once; sheets of other sizes need it in a file")
    library = o.library(path, limit, unsafe=unsafe_limits)
    console = o.console(context)
    lang = "en" if ascii_ and form != "html" else lang
    network = _Network(target, o.parameters(set_), o.inputs(input_), _varied(vary), integer, path or [], library)
    first = 1 if seed is None else seed
    seeds = [seed] if variants is None else range(first, first + variants)
    wish = _wish(columns, blank, choices, lang)
    for each in seeds:
        paper = _paper(network, wish, layers, each, console)
        number = "" if variants is None else f"-{each:0{len(str(seeds[-1]))}d}"
        deliver(write_sheet(paper, form, ascii=ascii_), _numbered(output, number))
        if key is not None:
            deliver(write_key(paper, key_form, ascii=ascii_), _numbered(key, number))


def _numbered(path: str | None, number: str) -> str | None:
    if path is None or path == "-" or not number:
        return path
    file = Path(path)
    return str(file.with_name(f"{file.stem}{number}{file.suffix}"))


def _wish(columns: str, blank: str | None, choices: int, lang: str) -> "Wish":
    from archcalc.homework.headings import SHEET_HEADINGS
    from archcalc.homework.worksheets.make import Wish
    from archcalc.render.options import check

    shown = _names(columns)
    if not shown:
        raise o.wrong("--columns names no column; output,params would be two")
    for name in shown:
        check("column", name, SHEET_HEADINGS)
    share = 100
    empty: list[str] = []
    for word in _names(blank or ""):
        number = word.removesuffix("%")
        if word.endswith("%") and number.isdecimal() and 0 < int(number) <= 100:
            share = int(number)
        elif word in shown:
            empty.append(word)
        elif word in SHEET_HEADINGS:
            raise o.wrong(f"--blank {word}: the sheet has no such column; add it to --columns")
        else:
            raise o.wrong(f"--blank {word}: neither a column of the sheet ({', '.join(shown)}) nor a share such as 60%")
    if choices == 1:
        raise o.wrong("--choices 1 leaves nothing to choose; 4 are usual")
    return Wish(shown, tuple(empty) or shown, share, choices, lang=lang)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _varied(vary: list[str] | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in vary or ():
        name, equals, values = text.partition("=")
        listed = _names(values)
        if not equals or not name.strip() or not listed:
            raise o.wrong(f"--vary {text}: write --vary width=8,16,32")
        found[name.strip()] = listed
    return found


class _Network(NamedTuple):
    """What network is asked about: the target, and what a seed may change of it."""

    target: str
    params: dict[str, Any]
    inputs: Any
    varied: dict[str, tuple[str, ...]]
    integer: bool
    folders: list[Path]
    library: "Library"

    def report(self, params: dict[str, Any], inputs: Any) -> "Report":
        """Return the report of the network with these parameters and input sizes."""
        from archcalc.analysis import analyze
        from archcalc.api import load

        return analyze(load(self.target, params, inputs, library=self.library), self.library.limits)

    def command(self, params: dict[str, Any], inputs: Any) -> str:
        """Return how a sheet about it is checked."""
        from shlex import quote

        words = ["archcalc", "check", "FILE", "--against", self.target]
        for folder in self.folders:
            words += ["--path", str(folder)]
        for name, value in params.items():
            words += ["--set", f"{name}={value}"]
        for name, size in (inputs or {}).items():
            words += ["--input", f"{name}={size}" if name else size]
        return " ".join(map(quote, words))


def _paper(network: _Network, wish: "Wish", layers: str | None, seed: int | None, console: "Console") -> "Paper":
    """Return one sheet: the seed draws parameters and size, then the cells are chosen."""
    from dataclasses import replace

    from archcalc.homework.worksheets.draw import drawn
    from archcalc.homework.worksheets.make import make

    params = dict(network.params)
    for name, values in network.varied.items():
        params[name] = drawn(values, seed or 0, "vary", name)
    report = network.report(params, network.inputs)
    inputs, report, even = _sized(network, params, report, seed, console)
    wish = replace(wish, layers=_rows(report, layers), seed=seed, even=even)
    paper = make(report, wish, network.command(params, inputs))
    _say_choices(paper, wish.choices, console)
    return paper


def _sized(
    network: _Network, params: dict[str, Any], report: "Report", seed: int | None, console: "Console"
) -> "tuple[Any, Report, bool]":
    """Return the input sizes as the command line says them, the network at them, whether divisions come out even."""
    from archcalc.homework.worksheets.sizes import Sizes, choose

    if not report.input:
        return network.inputs, report, False
    given = dict(network.inputs or {})

    def text(size: "Shape") -> str:
        return "x".join(map(str, size))

    def analyze(size: "Shape") -> "Report":
        return network.report(params, text(size))

    chosen = choose(report, seed, analyze, integer=network.integer, fixed=bool(given))
    if chosen is None:
        sizes = Sizes(report)
        where = f"{sizes.obstacle(sizes.own)} leaves a remainder"
        tried = "" if given else ", nor at any from half to twice of it"
        console.note(f"{report.target}: not every division comes out even at {text(sizes.own)} ({where}){tried}")
        raise typer.Exit(1)
    if chosen.is_only:
        console.note(f"{report.target} takes no other input size that would do; every sheet has {text(chosen.size)}")
    if chosen.report is not report:
        given = {"": text(chosen.size)}
    return given or None, chosen.report, chosen.is_even


def _rows(report: "Report", layers: str | None) -> "tuple[Node, ...] | None":
    """Return the rows that are asked for, in the order of the network; None for those that change something."""
    from archcalc.explain.choose import choose_layers
    from archcalc.homework.worksheets.make import tells

    words = _names(layers or "")
    if layers is not None and not words:
        raise o.wrong("--layers names no layer; conv,maxpool would be two types, all is everything")
    if not words:
        return None
    if words == ("all",):
        return report.rows
    wanted: set[str] = set()
    for word in words:
        found = choose_layers(report, word)
        # a folder means what counts in it; a relu is meant where nothing else can be
        wanted |= {node.path for node in list(filter(tells, found)) or found}
    return tuple(node for node in report.rows if node.path in wanted)


def _say_choices(paper: "Paper", wanted: int, console: "Console") -> None:
    """Say how many cells have fewer choices than wanted: a number is never invented."""
    if not wanted:
        return
    numbers = [len(question.choices) for question in paper.questions]
    full, none = numbers.count(wanted), numbers.count(0)
    fewer = len(numbers) - full - none
    if fewer or none:
        which = "" if paper.seed is None else f"seed {paper.seed}: "
        parts = [f"{full} of {len(numbers)} cells with {wanted} choices"]
        parts += [f"{fewer} with fewer"] if fewer else []
        parts += [f"{none} open"] if none else []
        console.note(f"{which}{', '.join(parts)}; no more mistakes are known for them")
