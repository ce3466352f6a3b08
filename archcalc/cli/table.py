"""archcalc table: a network, layer by layer."""

from typing import TYPE_CHECKING, Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver
from archcalc.errors import COMMAND_LINE

if TYPE_CHECKING:
    from archcalc.render.view import Counted, Lang
    from archcalc.report import Report


def table_command(
    context: typer.Context,
    target: o.Target,
    set_: o.Set = None,
    input_: o.Input = None,
    batch: Annotated[
        int, typer.Option("--batch", metavar="N", help="Count N samples: MACs, activations and shapes.")
    ] = 1,
    sym: o.Sym = None,
    style: Annotated[
        str,
        typer.Option("--style", "-s", metavar="NAME", help="summary, lecture, lenet, ops, keras or stages."),
    ] = "summary",
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="terminal, markdown, latex, html, csv, tsv or json; with --sym also python and sympy.",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", metavar="N", min=1, help="Fold blocks below this depth; equal ones become ×N."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group", metavar="HOW", help="A row for each type, family or stage (same size), with its share."
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B,…", help="Which facts: layer,output,params,macs,flops …"),
    ] = None,
    convention: Annotated[
        list[str] | None,
        typer.Option("--convention", metavar="NAME", help="A column that counts as a tool does: thop, fvcore …"),
    ] = None,
    count: Annotated[
        str | None,
        typer.Option("--count", metavar="FACT=N,…", help="Count in a way of your own: --count mac=2,bias=1,bn.out=4."),
    ] = None,
    calls: Annotated[
        str | None,
        typer.Option("--calls", metavar="HOW", help="What code calls as functions: functional, or gap,relu."),
    ] = None,
    sort: Annotated[str | None, typer.Option("--sort", metavar="COLUMN", help="Largest first: --sort macs.")] = None,
    layout: Annotated[
        str | None,
        typer.Option("--layout", metavar="chw|hwc", help="Order of axes; by default that of the style."),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of headings and notes.")] = "en",
    si: Annotated[
        bool, typer.Option("--si/--exact", help="Short numbers (60.97 M) or exact ones (60,965,224).")
    ] = False,
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Show a network layer by layer: shapes, parameters, multiply-adds.

    \b
    archcalc table alexnet
    archcalc table resnet/50 --depth 1 --si
    archcalc table vgg/16 --input 3x256x256 --style lecture
    archcalc table vgg/16 --group type
    archcalc table my_net.yaml -o my_net.tex
    archcalc table resnet/18 --sym H,W
    archcalc table yolov3 --sym H,W -o yolov3.py
    archcalc table resnet/50 --depth 1 --convention thop --convention fvcore
    cat my_net.yaml | archcalc table - --format json
    """
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.cli.console import Console
    from archcalc.errors import Problem, TargetError
    from archcalc.expectations import check

    console: Console = o.console(context)
    form = choose_format(format_, output, {**ENDINGS, ".py": "python"}, "terminal")
    if batch < 1:
        raise TargetError([Problem("E080", f"--batch {batch} must be at least 1", origin=COMMAND_LINE)])
    library = o.library(path, limit, unsafe=unsafe_limits)
    graph = load(target, o.parameters(set_), o.inputs(input_), symbols=o.symbols(sym), library=library)
    report = analyze(graph, library.limits, batch)
    console.problems(check(graph, report), kind="warning")
    if sym or form in ("python", "sympy"):
        from archcalc.symbolic.code import FORMATS, code

        o.note_unused(sym, report, console)
        if form in FORMATS:
            deliver(code(report, form), output)
            return
    counts: tuple[Counted, ...] = ()
    if convention or count is not None or calls is not None:
        counts = _counts(report, convention or [], count, calls, lang)
    to_terminal = output in (None, "-") and form == "terminal"
    text = report.table(
        style=style,
        format=form,
        depth=depth,
        group=group,
        columns=tuple(name.strip() for name in columns.split(",")) if columns else None,
        sort=sort,
        layout=layout,
        lang=lang,
        si=si,
        ascii=ascii_ or (to_terminal and not can_show("×─⌊³")),
        color=to_terminal and console.colour,
        counts=counts,
    )
    deliver(text, output)


def _counts(report: "Report", names: list[str], own: str | None, calls: str | None, lang: str) -> "tuple[Counted, ...]":
    """Return the columns that `--convention` and `--count` ask for."""
    from archcalc.conventions.apply import count
    from archcalc.conventions.calls import read_calls
    from archcalc.conventions.catalogue import find
    from archcalc.conventions.custom import read_count
    from archcalc.conventions.present import column

    conventions = [*(find(name) for name in dict.fromkeys(names)), *([read_count(own)] if own is not None else [])]
    if not conventions:
        raise o.wrong("--calls says how tools see a network; add --convention")
    reading = read_calls(calls, report)
    language: Lang = "zh" if lang == "zh" else "en"
    return tuple(column(count(report, held, reading), language) for held in conventions)
