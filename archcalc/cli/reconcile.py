"""archcalc reconcile: which tool, convention, variant, size or slip gives a number."""

from typing import Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import can_show, choose_format, deliver


def reconcile_command(
    context: typer.Context,
    target: o.Target,
    printed: Annotated[
        str, typer.Argument(metavar="NUMBER", help='What somebody prints: 4.1337G, 25,636,712, "3.8 billion", 97.5MB.')
    ],
    set_: o.Set = None,
    input_: o.Input = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="Show at most so many ways.")] = 5,
    format_: Annotated[str | None, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = None,
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Find out where a number comes from: which tool, convention, variant, input size or slip gives it.

    Everything is counted, nothing looked up; your own spec works like a built-in one. JSON has all ways.
    Exit code 0 if something gives the number, 1 if nothing does.

    \b
    archcalc reconcile resnet/50 4.1337G
    archcalc reconcile resnet/50 "3.8 billion"
    archcalc reconcile resnet/50 25,636,712
    archcalc reconcile my_net.yaml 12.4M --format json
    """
    from archcalc.reconcile.present import as_json, text
    from archcalc.reconcile.search import reconcile
    from archcalc.render.options import check

    console = o.console(context)
    form = choose_format(format_, output, {".txt": "text", ".json": "json"}, "text")
    check("format", form, ("text", "json"))
    library = o.library(path, limit, unsafe=unsafe_limits)
    answer = reconcile(
        target,
        printed,
        o.parameters(set_),
        o.inputs(input_),
        library=library,
        progress=lambda items: console.progress(list(items), "reconcile"),
    )
    if form == "json":
        deliver(as_json(answer), output)
    else:
        ascii_ = ascii_ or (output in (None, "-") and not can_show("×−"))
        deliver(text(answer, most, ascii=ascii_), output)
    if not answer.matches:
        raise typer.Exit(1)
