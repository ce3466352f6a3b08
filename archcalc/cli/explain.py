"""archcalc explain: where the numbers of a layer come from."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver

if TYPE_CHECKING:
    from archcalc.report import Report
    from archcalc.spec.library import Library


def explain_command(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help='A network (alexnet, resnet/50, net.yaml), or layers: "conv 8 3x3".')
    ],
    layer: Annotated[
        str | None,
        typer.Argument(metavar="[LAYER]", help="A path (conv1.conv), a folder (conv1), a last name or a type (conv)."),
    ] = None,
    what: Annotated[
        list[str] | None,
        typer.Option("--what", "-w", metavar="NAME", help="shape, params, macs, memory, rf; all unless given."),
    ] = None,
    set_: o.Set = None,
    input_: o.Input = None,
    sym: o.Sym = None,
    convention: o.Conventions = None,
    notation: Annotated[
        str,
        typer.Option(
            "--notation",
            "-n",
            metavar="NAME",
            help="math, classic (W-K+2P), cs231n (W-F+2P), n+2p-f, ascii, lecture, lenet, ops.",
        ),
    ] = "math",
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help="text, markdown, latex, html or json."),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of remarks and meanings.")] = "en",
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Show how the numbers of a layer come about: the formula, the numbers put in, the value.

    \b
    archcalc explain alexnet conv1.conv
    archcalc explain vgg/16 pool5 --what rf
    archcalc explain resnet/50 layer4 --what params --lang zh
    archcalc explain "conv 96 11x11 /4 pad=2" --input 3x224x224
    archcalc explain googlenet 3a --notation classic -o 3a.tex
    archcalc explain vgg/16 pool1 --sym H,W
    archcalc explain resnet/50 conv1 --what macs --convention thop --convention torchinfo
    """  # fmt: skip
    from archcalc.conventions.catalogue import find
    from archcalc.explain import Wording
    from archcalc.explain.choose import choose_layers, tops
    from archcalc.explain.notation import STYLES
    from archcalc.explain.steps import UNITS, explain_layers
    from archcalc.explain.writing import FORMATS, write
    from archcalc.render.options import check

    form = choose_format(format_, output, {**ENDINGS, ".txt": "text"}, "text")
    check("format", form, (*FORMATS, "json"))
    notation = _NOTATIONS.get(notation.lower().replace("−", "-"), notation)
    check("notation", notation, STYLES)
    check("lang", lang, ("en", "zh"))
    for name in what or ():
        check("quantity", name, UNITS)
    ascii_ = ascii_ or (form == "text" and output in (None, "-") and not can_show("⌊·−"))
    library = o.library(path, limit, unsafe=unsafe_limits)
    report, is_chain = _report(target, set_, o.inputs(input_), o.symbols(sym), library)
    if layer is None and not is_chain:
        raise o.wrong(f"which layer of {target}? {tops(report)}")
    if sym:
        o.note_unused(sym, report, o.console(context))
    rows = report.rows if layer is None else choose_layers(report, layer)
    plain_lang = "en" if ascii_ and form != "json" else lang
    wording = Wording(notation, plain_lang, latex=form == "latex")
    whats = tuple(dict.fromkeys(what)) if what else tuple(UNITS)
    conventions = [find(name) for name in dict.fromkeys(convention or ())]
    explained = explain_layers(report, rows, whats, wording, layer=layer, conventions=conventions)
    deliver(write(explained, form, ascii=ascii_), output)


# the formula itself is a name, too
_NOTATIONS = {"w-k+2p": "classic", "w-f+2p": "cs231n", "n+2p-k": "n+2p-f"}


def _report(
    target: str, set_: list[str] | None, inputs: Any, symbols: tuple[str, ...], library: "Library"
) -> "tuple[Report, bool]":
    """Return the report of a target or of a chain of layers, and which it is."""
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.explain.chain import is_chain, load_chain

    if not is_chain(target, has_input=inputs is not None):
        graph = load(target, o.parameters(set_), inputs, symbols=symbols, library=library)
        return analyze(graph, library.limits), False
    if inputs is None:
        raise o.wrong(f"'{target}' is a chain of layers; say what goes in: --input 3x224x224")
    if set_:
        raise o.wrong("--set changes the parameters of a spec; a chain has none")
    return analyze(load_chain(target, inputs, library, symbols), library.limits), True
