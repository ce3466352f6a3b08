"""archcalc show: a spec as written, in long form, as JSON, or expanded."""

from typing import Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import deliver
from archcalc.errors import COMMAND_LINE


def show_command(
    context: typer.Context,
    target: o.Target,
    expand: Annotated[bool, typer.Option("--expand", help="The flat graph: every layer with its inputs.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Chains written out as mappings.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="The same tree as JSON.")] = False,
    set_: o.Set = None,
    input_: o.Input = None,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Show the spec of a network.

    \b
    archcalc show alexnet              the file, comments and all
    archcalc show alexnet --json       its JSON twin
    archcalc show resnet/50 --long     every chain as mappings
    archcalc show resnet/50 --expand   the flat graph, one line a layer
    """
    from archcalc.errors import Problem, TargetError

    library = o.library(path, limit, unsafe=unsafe_limits)
    if expand and (long or json_):
        raise TargetError([Problem("E033", "--expand goes with neither --long nor --json", origin=COMMAND_LINE)])
    if expand:
        from archcalc.api import load
        from archcalc.spec.writer import flat

        deliver(flat(load(target, o.parameters(set_), o.inputs(input_), library=library)), output)
        return
    if set_ or input_:
        raise TargetError([Problem("E033", "--set and --input change the graph; add --expand", origin=COMMAND_LINE)])
    from archcalc.api import open_document
    from archcalc.spec.target import choose, parse_target

    parsed = parse_target(target)
    document, _ = open_document(parsed, library)
    choose(document, parsed.net, parsed.options)
    if not long and not json_:
        deliver(document.text.text, output, exact=True)
        return
    from archcalc.spec.writer import long_form, plain, to_json, to_yaml

    tree = long_form(document, library.limits) if long else plain(document.tree)
    deliver(to_json(tree) if json_ else to_yaml(tree), output, exact=True)
