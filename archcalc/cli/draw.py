"""archcalc draw: a network as a figure."""

from types import MappingProxyType
from typing import Annotated, Final

import typer

from archcalc.cli import options as o
from archcalc.cli.output import choose_format, deliver

ENDINGS: Final = MappingProxyType(
    {".svg": "svg", ".pdf": "pdf", ".png": "png", ".dot": "dot", ".gv": "dot", ".mmd": "mmd", ".tex": "tex",
     ".html": "html", ".htm": "html"}
)  # fmt: skip


def draw_command(
    context: typer.Context,
    target: o.Target,
    output: o.Output = None,
    view: Annotated[
        str,
        typer.Option("--view", metavar="NAME", help="graph, volumes (maps in perspective), bars or field (receptive)."),
    ] = "graph",
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help="svg, pdf, png, dot, mmd (Mermaid), tex (TikZ) or html."),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", metavar="N", min=1, help="Fold everything deeper than N names into one box."),
    ] = None,
    fold: Annotated[bool, typer.Option("--fold/--no-fold", help="Draw equal blocks in a row once, marked ×N.")] = True,
    show: Annotated[
        str, typer.Option("--show", metavar="A,B,…", help="What boxes say: shape, kernel, params, macs, rf.")
    ] = "shape,kernel",
    direction: Annotated[str, typer.Option("--direction", metavar="TB|LR", help="Downwards or to the right.")] = "TB",
    columns: Annotated[
        int, typer.Option("--columns", metavar="N", min=1, help="Break a tall graph into at most N columns.")
    ] = 1,
    theme: Annotated[
        str,
        typer.Option("--theme", metavar="NAME", help="default, mono (print), dark, or safe (colour-blind safe)."),
    ] = "default",
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of the legend.")] = "en",
    set_: o.Set = None,
    input_: o.Input = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Draw a network; without -o the figure goes to stdout.

    \b
    archcalc draw alexnet -o alexnet.svg
    archcalc draw resnet/50 --depth 2 -o resnet50.pdf
    archcalc draw vgg/16 --columns 3 -o vgg.svg
    archcalc draw alexnet_2gpu --view volumes -o towers.svg
    archcalc draw vgg/16 --view bars --theme mono -o vgg.png
    archcalc draw alexnet --view field -o sees.svg
    archcalc draw googlenet -o googlenet.html
    archcalc draw my_net.yaml --depth 1 --format mmd
    """
    from archcalc.api import analyze
    from archcalc.diagram import diagram

    form = choose_format(format_, output, ENDINGS, "svg")
    library = o.library(path, limit, unsafe=unsafe_limits)
    report = analyze(target, o.parameters(set_), o.inputs(input_), library=library)
    figure = diagram(
        report,
        view=view,
        format=form,
        depth=depth,
        folds=fold,
        show=tuple(name.strip() for name in show.split(",") if name.strip()),
        direction=direction,  # type: ignore[arg-type]
        columns=columns,
        theme=theme,
        lang=lang,
    )
    deliver(figure, output)
