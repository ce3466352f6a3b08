"""archcalc solve: the setting, size or variant for which a network has what is wanted."""

from typing import TYPE_CHECKING, Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import can_show, choose_format, deliver

if TYPE_CHECKING:
    from archcalc.solve.question import Question
    from archcalc.spec.library import Library

_ENDINGS = (".txt", ".md", ".json")


def solve_command(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(metavar="CHAIN|TARGET", help="Layers with ? for what is unknown, or a network with --for."),
    ],
    conditions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CONDITION]...", help="What must hold, in quotes: 'macs <= 300M', 'params == 35K'."),
    ] = None,
    for_: Annotated[
        list[str] | None,
        typer.Option("--for", metavar="NAME", help="What is unknown in a network: width, depth, H, or H,W alike."),
    ] = None,
    wanted_output: Annotated[
        str | None, typer.Option("--output", metavar="SIZE", help="Wanted output: 55x55, 96x55x55, 55.")
    ] = None,
    params: Annotated[
        str | None, typer.Option("--params", metavar="N", help="Wanted parameters: 34944, 35K, '<= 5M', 30K..40K.")
    ] = None,
    macs: Annotated[
        str | None, typer.Option("--macs", metavar="N", help="Wanted multiply-adds, in the same forms.")
    ] = None,
    rf: Annotated[
        str | None, typer.Option("--rf", metavar="N", help="Wanted receptive field, in the same forms.")
    ] = None,
    range_: Annotated[
        list[str] | None,
        typer.Option(
            "--range", metavar="NAME=A..B", help="What to try: width=0.1..2:0.05, kernel=1..15, act=relu,gelu."
        ),
    ] = None,
    most: Annotated[
        int, typer.Option("--most", metavar="N", min=1, max=10_000, help="List at most so many solutions.")
    ] = 20,
    set_: o.Set = None,
    input_: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="SIZE", help="What goes in: 3x224x224; for a chain also 3x?x?."),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", "-f", metavar="NAME", help="text, markdown or json.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of headings and remarks.")] = "en",
    ascii_: o.Ascii = False,
    file: Annotated[
        str | None, typer.Option("-o", metavar="FILE", help="Write here; the ending picks the format.")
    ] = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Find the setting, size, count or variant for which a network has the output or the costs you want.

    Exit code 0 if something fits, 1 if nothing does, 2 if the question cannot be read.

    \b
    archcalc solve "conv 96 11x11 /4 pad=?" --input 3x224x224 --output 55x55
    archcalc solve "conv 6 ? /? pad=?" --input 3x227x227 --output 222
    archcalc solve "conv 64 3x3 *?" --input 3x199x199 --output 1
    archcalc solve "lstm ?" --input 20x128 --params 131584
    archcalc solve mobilenet_v2 --for width "macs <= 300M"
    archcalc solve resnet/50 --for H,W "macs <= 2G"
    """
    from archcalc.render.options import check
    from archcalc.solve.search import solve
    from archcalc.solve.show import FORMATS, as_json, text
    from archcalc.solve.wanted import Wanted, count, read_condition, read_form

    console = o.console(context)
    form = choose_format(format_, file, dict(zip(_ENDINGS, FORMATS, strict=True)), "text")
    check("format", form, FORMATS)
    check("lang", lang, ("en", "zh"))
    library = o.library(path, limit, unsafe=unsafe_limits)
    counts = [count(name, said) for name, said in (("params", params), ("macs", macs), ("rf", rf)) if said is not None]
    counts += [read_condition(condition) for condition in conditions or ()]
    wanted = Wanted(tuple(counts), read_form(wanted_output) if wanted_output is not None else None)
    question = _question(subject, for_ or [], set_, input_, _ranges(range_ or []), library)
    answer = solve(question, wanted, lambda values: console.progress(values, "solve"), most)
    if form == "json":
        deliver(as_json(answer), file)
    else:
        ascii_ = ascii_ or (file in (None, "-") and not can_show("─⌊·−…"))
        deliver(text(answer, form, lang=lang, ascii=ascii_), file)
    if not answer.solutions:
        raise typer.Exit(1)


def _question(
    subject: str,
    names: list[str],
    assignments: list[str] | None,
    sizes: list[str] | None,
    ranges: dict[str, str],
    library: "Library",
) -> "Question":
    from archcalc.layers.catalogue import ALIASES, LAYERS
    from archcalc.solve.question import of_chain, of_target
    from archcalc.solve.wanted import wrong

    layer = subject in LAYERS or subject in ALIASES
    if not (any(sign in subject for sign in (" ", "?", "->")) or (layer and not library.find(subject))):
        return of_target(subject, names, ranges, library, o.parameters(assignments), o.inputs(sizes))
    if names or assignments:
        option = "--for" if names else "--set"
        raise wrong(f"{option} is for networks; in a chain, ? stands for what is unknown")
    if sizes and len(sizes) > 1:
        raise wrong("a chain has one --input")
    return of_chain(subject, sizes[0] if sizes else None, ranges, library)


def _ranges(texts: list[str]) -> dict[str, str]:
    from archcalc.solve.wanted import wrong

    pairs = [text.partition("=") for text in texts]
    for (name, equals, _), text in zip(pairs, texts, strict=True):
        if not equals or not name.strip():
            raise wrong(f"--range {text}: write --range kernel=1..15")
    return {name.strip(): values for name, _, values in pairs}
