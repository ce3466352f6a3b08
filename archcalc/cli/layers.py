"""archcalc layers: the catalogue of layer types, and one type with its formulas worked out."""

from typing import Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import can_show, deliver
from archcalc.errors import COMMAND_LINE


def layers_command(
    context: typer.Context,
    type_: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="A layer type, as conv.")] = None,
    ascii_: o.Ascii = False,
    output: o.Output = None,
) -> None:
    """Show the layer types of the language, or one of them with its formulas.

    \b
    archcalc layers
    archcalc layers conv
    """
    from archcalc import reference
    from archcalc.errors import Problem, TargetError, did_you_mean
    from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES

    ascii_ = ascii_ or (output in (None, "-") and not can_show("⌊·−"))
    if type_ is None:
        deliver(reference.overview(ascii=ascii_), output)
        return
    op = ALIASES.get(type_, type_)
    if op not in LAYERS and op not in MERGES:
        hint = did_you_mean(type_, (*LAYERS, *MERGES, *ALIASES)) or "; 'archcalc layers' shows all"
        raise TargetError([Problem("E058", f"no layer type '{type_}'{hint}", origin=COMMAND_LINE)])
    deliver(reference.layer(op, ascii=ascii_), output)
