"""archcalc conventions: the ways of counting there are, and one of them in full."""

from typing import TYPE_CHECKING, Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver

if TYPE_CHECKING:
    from archcalc.conventions.convention import Convention


def conventions_command(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A convention, as thop or thop@0.1.1.")] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="TARGET", help="Show what each makes of a network, written out.")
    ] = None,
    calls: Annotated[
        str | None,
        typer.Option("--calls", metavar="HOW", help="With --on: what code calls as functions, as gap,relu."),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help="terminal, markdown, latex, html, csv, tsv, json."),
    ] = None,
    ascii_: o.Ascii = False,
    output: o.Output = None,
    errors: o.Errors = "text",
) -> None:
    """List the counting conventions of archcalc, papers and other tools, or explain one.

    \b
    archcalc conventions
    archcalc conventions thop
    archcalc conventions --on resnet/50
    """
    from archcalc.conventions.catalogue import CONVENTIONS, find

    form = choose_format(format_, output, ENDINGS, "terminal")
    ascii_ = ascii_ or (form == "terminal" and output in (None, "-") and not can_show("×−·─"))
    chosen = list(CONVENTIONS.values()) if name is None else [find(name)]
    if on is None and calls is not None:
        raise o.wrong("--calls says how tools see a network; add --on")
    if on is not None:
        text = _totals(chosen, on, calls, form, ascii=ascii_)
    elif form == "json":
        text = _json(chosen)
    elif name is None or form != "terminal":
        text = _table(chosen, form, ascii=ascii_)
    else:
        from archcalc.conventions import explain
        from archcalc.render.text import plain_ascii

        text = explain.text(chosen[0])
        text = plain_ascii(text) if ascii_ else text
    deliver(text, output)


def _table(conventions: "list[Convention]", form: str, *, ascii: bool) -> str:
    from archcalc.conventions.explain import summary
    from archcalc.render import write
    from archcalc.render.view import Cell, Column, Look, Section, Table

    columns = (
        Column("name", "Convention"),
        Column("tool", "Tool"),
        Column("quantity", "Counts"),
        Column("terms", "Formula", flows="; "),
    )
    rows = tuple(
        (
            Cell(held.name),
            Cell(" ".join(filter(None, (held.tool, held.version)))),
            Cell(held.quantity),
            Cell(summary(held)),
        )
        for held in conventions
    )
    notes = ("'archcalc conventions NAME' explains one; 'archcalc table NETWORK --convention NAME' counts by it.",)
    made = Table(f"{len(rows)} conventions", columns, (Section(rows),), notes)
    return write(made, form, Look(ascii=ascii, width=120))


def _totals(conventions: "list[Convention]", target: str, calls: str | None, form: str, *, ascii: bool) -> str:
    """Return what each convention makes of a network."""
    from archcalc.api import analyze
    from archcalc.conventions.apply import count
    from archcalc.conventions.calls import read_calls
    from archcalc.conventions.facts import Ledger
    from archcalc.render import write
    from archcalc.render.text import number
    from archcalc.render.view import Cell, Column, Look, Section, Table

    report = analyze(target)
    reading = read_calls(calls, report)
    ledger = Ledger(report)
    counts = [count(ledger, held, reading) for held in conventions]
    if form == "json":
        import json

        from archcalc.conventions.present import document

        made = {"schema": 1, "target": target, "counts": [document(held) for held in counts]}
        return json.dumps(made, ensure_ascii=False, indent=2)
    columns = (
        Column("name", "Convention"),
        Column("quantity", "Counts"),
        Column("total", "Total", "right"),
        Column("terms", "Sum", flows=" + "),
    )
    rows = tuple(
        (
            Cell(held.convention.name),
            Cell(held.convention.quantity),
            Cell(number(held.total), held.total),
            Cell(" + ".join(term.text for term in held.terms)),
        )
        for held in counts
    )
    missing = {op: None for held in counts if held.convention.tool for op in held.unknown}
    notes = (f"Some have no rule for: {', '.join(missing)}.",) if missing else ()
    return write(Table(report.target, columns, (Section(rows),), notes), form, Look(ascii=ascii, width=120))


def _json(conventions: "list[Convention]") -> str:
    import json

    from archcalc.conventions.explain import document

    return json.dumps(
        {"schema": 1, "conventions": [document(held) for held in conventions]}, ensure_ascii=False, indent=2
    )
