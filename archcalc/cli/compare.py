"""`archcalc compare`: networks side by side; two of them, or one and somebody's torch model, layer by layer."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver

if TYPE_CHECKING:
    from archcalc.report import Report
    from archcalc.spec.library import Library

_PICTURES: Final = ("svg", "pdf", "png")
_ENDINGS: Final = MappingProxyType({**ENDINGS, **{f".{name}": name for name in _PICTURES}})


def compare_command(
    context: typer.Context,
    target: o.Target,
    others: Annotated[
        list[str],
        typer.Argument(metavar="OTHER...", help="More networks; with --trust-code MODULE:FACTORY, a torch model."),
    ],
    trust_code: Annotated[
        bool, typer.Option("--trust-code", help="OTHER is code, which is imported and run; for code that you trust.")
    ] = False,
    set_: o.Set = None,
    input_: o.Input = None,
    sym: o.Sym = None,
    convention: o.Conventions = None,
    every: Annotated[bool, typer.Option("--layers", help="A line for every layer that differs.")] = False,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME", help="terminal, markdown, latex, html, csv, tsv, json, svg, pdf, png."
        ),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of words and sentences.")] = "en",
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> int:
    """Set networks side by side, and say where two of them part.

    Chains of layers are networks, too. With --trust-code the other one is a torch model: its code is imported and run.
    Exit code 0; for a torch model 1 if it is another network than the spec says.

    \b
    archcalc compare googlenet/2014 googlenet/torchvision
    archcalc compare vgg/16 resnet/50 densenet mobilenet_v2 -o sizes.svg
    archcalc compare "conv 64 5x5" "conv 64 3x3 -> conv 64 3x3" --input 64x56x56
    archcalc compare resnet/50 resnet/101 --sym H,W
    archcalc compare alexnet alexnet/owt --convention thop --layers
    archcalc compare resnet/50 my_models.py:resnet50 --trust-code
    """
    form = choose_format(format_, output, _ENDINGS, "terminal")
    library = o.library(path, limit, unsafe=unsafe_limits)
    if trust_code:
        from archcalc.cli.compare_torch import against_model

        if len(others) > 1:
            raise o.wrong("--trust-code compares a network with one torch model")
        if sym or convention or every:
            raise o.wrong("--sym, --convention and --layers are for specs; with --trust-code everything is compared")
        return against_model(
            target, others[0], library, params=o.parameters(set_), input=o.inputs(input_),
            format=format_, lang=lang, ascii=ascii_, output=output,
        )  # fmt: skip
    if every and len(others) > 1:
        raise o.wrong("--layers is for two networks; of more, there are figures only")
    from archcalc.comparison.present import compare, text
    from archcalc.conventions.catalogue import find
    from archcalc.errors import did_you_mean

    if form not in _ENDINGS.values():
        raise o.wrong(f"'{form}' is no format{did_you_mean(form, set(_ENDINGS.values()))}")
    if lang not in ("en", "zh"):
        raise typer.BadParameter(f"'{lang}' is not one of en, zh")
    given = (o.parameters(set_), o.inputs(input_), o.symbols(sym), library)
    reports = [_report(each, *given) for each in (target, *others)]
    held = compare(reports, [find(name) for name in dict.fromkeys(convention or ())])
    if form in _PICTURES:
        from archcalc.comparison.chart import chart
        from archcalc.diagram import document

        deliver(document(chart(held), form), output)
        return 0
    ascii_ = ascii_ or (form == "terminal" and output in (None, "-") and not can_show("─×→−"))
    deliver(text(held, form, lang="zh" if lang == "zh" else "en", ascii=ascii_, every=every), output)
    return 0


def _report(target: str, params: dict[str, Any], inputs: Any, symbols: tuple[str, ...], library: "Library") -> "Report":
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.errors import TargetError
    from archcalc.explain.chain import is_chain, load_chain

    if is_chain(target, has_input=inputs is not None):
        if inputs is None:
            raise o.wrong(f"'{target}' is a chain of layers; say what goes in: --input 3x224x224")
        return analyze(load_chain(target, inputs, library, symbols), library.limits)
    try:
        return analyze(load(target, params, inputs, symbols=symbols, library=library), library.limits)
    except TargetError:
        if _looks_like_code(target):
            raise o.wrong(f"'{target}' is code, which is imported and run; if you trust it, add --trust-code") from None
        raise


def _looks_like_code(target: str) -> bool:
    """Tell whether a text names a factory in a Python module: file.py:make, package.module:make."""
    from importlib.util import find_spec

    module, colon, factory = target.rpartition(":")
    if not (colon and factory.isidentifier()):
        return False
    return module.endswith(".py") or "." in module or (module.isidentifier() and find_spec(module) is not None)
