"""`archcalc sweep`: many variants of one network at once."""

from types import MappingProxyType
from typing import Annotated, Final

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver

_ENDINGS: Final = MappingProxyType({**ENDINGS, ".parquet": "parquet", ".svg": "svg", ".pdf": "pdf", ".png": "png"})
_PICTURES: Final = ("svg", "pdf", "png")
_SHOWN: Final = 20


def sweep_command(
    context: typer.Context,
    target: o.Target,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="What is swept: width=0.25..1.4:0.05, depth=18,50,101, H,W=96..320:32; res stands for H and W.",
        ),
    ] = None,
    input_: o.Input = None,
    measure: Annotated[
        str, typer.Option("--measure", "-m", metavar="A,B,…", help="What is counted: params, macs, memory, thop …")
    ] = "params,macs",
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="CONDITION", help="Keep what fits: 'macs <= 300M'.")
    ] = None,
    pareto: Annotated[
        str | None,
        typer.Option("--pareto", metavar="A,B,…", help="Keep what no other beats: macs,+width (+: more is better)."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="A,B,…", help="Smallest first: macs; largest first: -macs.")
    ] = None,
    top: Annotated[int | None, typer.Option("--top", metavar="N", min=1, help="Only the first N.")] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="N random points instead of the whole grid.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Which random points.")] = 0,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, help="Processors, where the variants are many graphs.")
    ] = 1,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME", help="terminal, markdown, latex, html, csv, tsv, json, svg, pdf, png."
        ),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of the title and remarks.")] = "en",
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> int:
    """Count many variants of a network: a grid of parameters and input sizes.

    Every count is as exact as that of a single network. A picture (-o front.svg) draws the first two counts and the
    variants that none beats. Exit code 0, or 1 if no variant is left.

    \b
    archcalc sweep mobilenet_v2 --set alpha=0.25..1.4:0.05 --set res=96..320:32
    archcalc sweep resnet --set depth=18,34,50,101,152 --set res=160,224 -m params,macs,memory
    archcalc sweep mobilenet_v2 --set alpha=0.25..1.4:0.01 --where "macs <= 300M" --sort -params
    archcalc sweep vgg/16 --set H,W=64..512:32 -o vgg.csv
    archcalc sweep mobilenet_v2 --set alpha=0.3..1.4:0.1 --pareto macs,+params -o front.svg
    archcalc sweep my_net.yaml --set width=16..512:16 --sample 1000 --seed 7 -f json
    """
    o.need("numpy", "sweep")
    from archcalc.errors import did_you_mean
    from archcalc.sweep import sweep
    from archcalc.sweep.present import parquet, text

    console = o.console(context)
    form = choose_format(format_, output, _ENDINGS, "terminal")
    if form not in _ENDINGS.values():
        raise typer.BadParameter(f"'{form}' is no format{did_you_mean(form, set(_ENDINGS.values()))}")
    if lang not in ("en", "zh"):
        raise typer.BadParameter(f"'{lang}' is not one of en, zh")
    with console.counter("sweep") as progress:
        found = sweep(
            target,
            o.sweeps(set_),
            measures=_words(measure),
            input=o.inputs(input_),
            sample=sample,
            seed=seed,
            library=o.library(path, limit, unsafe=unsafe_limits),
            jobs=jobs,
            progress=progress,
        )
    found = found.where(*(where or ()))
    goals = _words(pareto) if pareto else tuple(found.counts)
    if form in _PICTURES:
        if not len(found):
            console.note("no variant is left to plot")
            return 1
        from archcalc.diagram import document
        from archcalc.sweep.plot import plot

        deliver(document(plot(found.sorted(*_words(sort or "")).first(top or len(found)), goals), form), output)
        return 0
    found = found.pareto(*goals) if pareto else found
    found = found.sorted(*_words(sort or ""))
    to_people = form == "terminal"
    shown = found.first(top or (_SHOWN if to_people and output in (None, "-") else len(found)))
    if form == "parquet":
        deliver(parquet(shown), output)
    else:
        ascii_ = ascii_ or (to_people and output in (None, "-") and not can_show("─×"))
        deliver(text(shown, form, lang="zh" if lang == "zh" else "en", ascii=ascii_), output)
    if to_people and top is None and len(shown) < len(found):
        console.note(f"{len(found) - len(shown):,} more; --top N shows more, -o file.csv has all")
    return 0 if len(found) else 1


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
