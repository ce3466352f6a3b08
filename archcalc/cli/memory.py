"""`archcalc memory`: what a network holds at inference and in a training step, in bytes."""

from typing import Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver


def memory_command(
    target: o.Target,
    set_: o.Set = None,
    input_: o.Input = None,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=1, help="Samples at once.")] = 1,
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="NAME", help="float64, float32, bfloat16, float16, float8 or int8.")
    ] = "float32",
    optimizer: Annotated[
        str, typer.Option("--optimizer", metavar="NAME", help="sgd, momentum or adam: 0, 1 or 2 numbers a parameter.")
    ] = "adam",
    state_dtype: Annotated[
        str | None,
        typer.Option("--state-dtype", metavar="NAME", help="Of the optimizer's numbers, where it is another one."),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Activations write over their input; views are no new value.")
    ] = False,
    schedule: Annotated[
        str, typer.Option("--schedule", metavar="spec|best", help="Layers in the spec's order, or in the best found.")
    ] = "spec",
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help="terminal, markdown, latex, html, csv, tsv or json."),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of words and notes.")] = "en",
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Show how much memory a network takes, at inference and in a training step.

    Values live from the layer that makes them to the last that reads them; branches wait for each other.

    \b
    archcalc memory vgg/16
    archcalc memory resnet/50 --batch 32 --dtype float16 --state-dtype float32
    archcalc memory nasnet --schedule best --in-place
    archcalc memory my_net.yaml --optimizer momentum -f json
    """
    from archcalc.api import analyze
    from archcalc.footprint import footprint
    from archcalc.footprint.present import text
    from archcalc.render.options import check

    form = choose_format(format_, output, ENDINGS, "terminal")
    check("format", form, dict.fromkeys(ENDINGS.values()))
    check("language", lang, ("en", "zh"))
    library = o.library(path, limit, unsafe=unsafe_limits)
    held = footprint(
        analyze(target, o.parameters(set_), o.inputs(input_), library=library),
        dtype=dtype,
        state_dtype=state_dtype,
        batch=batch,
        optimizer=optimizer,
        in_place=in_place,
        schedule=schedule,
    )
    ascii_ = ascii_ or (form == "terminal" and output in (None, "-") and not can_show("─"))
    deliver(text(held, form, lang="zh" if lang == "zh" else "en", ascii=ascii_), output)
