"""archcalc export: a network as a file for a framework."""

from typing import Annotated

import typer

from archcalc.cli import options as o


def export_command(
    context: typer.Context,
    target: o.Target,
    to: Annotated[str, typer.Option("--to", metavar="FORM", help="torch or keras: a Python file that needs it alone.")],
    set_: o.Set = None,
    input_: o.Input = None,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Write a network for another program.

    Blocks become classes, repeats become loops, names are kept. The torch layers are those that verify --torch runs.
    What a framework lacks is written out in the file, or refused; the number of weights is that of the spec.

    \b
    archcalc export resnet/50 --to torch -o resnet50.py
    archcalc export unet --to keras --input 1x188x188 -o unet.py
    """
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.cli.output import deliver
    from archcalc.export import export

    library = o.library(path, limit, unsafe=unsafe_limits)
    graph = load(target, o.parameters(set_), o.inputs(input_), library=library)
    deliver(export(graph, analyze(graph, library.limits).totals.params_train, to), output)
