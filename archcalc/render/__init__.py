"""A report as a table, in every style and format."""

from collections.abc import Sequence
from typing import Final

from archcalc.errors import visible
from archcalc.lazy import resolve
from archcalc.render.formats import FORMATS
from archcalc.render.options import check, option_error
from archcalc.render.rows import GROUPS
from archcalc.render.styles import STYLES
from archcalc.render.text import plain_ascii, safe
from archcalc.render.view import Counted, Lang, Layout, Look, Table
from archcalc.report import Derive, Report

LAYOUTS: Final = ("chw", "hwc")
LANGUAGES: Final = ("en", "zh")


def table(
    report: Report,
    *,
    style: str = "summary",
    format: str = "terminal",
    depth: int | None = None,
    group: str | None = None,
    columns: Sequence[str] | str | None = None,
    sort: str | None = None,
    layout: Layout | None = None,
    lang: Lang = "en",
    si: bool = False,
    ascii: bool = False,
    derive: Derive | None = None,
    width: int = 100,
    color: bool = False,
    counts: Sequence[Counted] = (),
) -> str:
    """Return a report as a table.

    Args:
        report: what to show; its `batch` multiplies MACs and activations and stands before shapes.
        style: summary, lecture, lenet, ops, keras or stages.
        format: terminal, markdown, latex, html, csv, tsv (rows only, exact integers) or json (the whole
            report, one sample, whatever the style).
        depth: fold everything deeper than this many names into one row each.
        group: one row a type, a family, or a stage (layers whose outputs have the same size), with its shares.
        columns: which columns, in this order; for `summary` any fact of a layer, else those the style has.
        sort: a numeric fact; the largest first.
        layout: chw or hwc; by default that of the style.
        lang: en or zh, for headings and remarks.
        si: numbers with three digits and K, M, G, T instead of in full.
        ascii: no other characters than ASCII; headings are English then.
        derive: how a number came about, for lecture, lenet and ops; by default `archcalc.explain.explain`.
        width: columns of the terminal; paths are cut inside to fit, numbers never.
        color: colours in the terminal.
        counts: more columns for `summary` and JSON, counted elsewhere.

    Raises:
        TargetError: an option that means nothing; the message lists what there is.
    """
    if isinstance(columns, str):
        columns = [name.strip() for name in columns.split(",")]
    check("style", style, STYLES)
    check("format", format, (*FORMATS, "json"))
    check("layout", layout or "chw", LAYOUTS)
    check("lang", lang, LANGUAGES)
    if depth is not None and (not isinstance(depth, int) or depth < 1):
        raise option_error(f"depth={depth} must be at least 1")
    if group is not None:
        check("group", group, GROUPS)
        if depth is not None or style != "summary":
            raise option_error("group goes with style summary, and without depth")
    if format == "json":
        return _json(report, ascii, counts)
    if counts and style != "summary":
        raise option_error(f"style {style} has no column for a count; style summary has")
    look = Look(
        depth=depth,
        group=group,
        columns=None if columns is None else tuple(columns),
        sort=sort,
        layout=layout,
        lang="en" if ascii else lang,
        si=si,
        ascii=ascii,
        derive=derive,
        width=width,
        color=color,
        batch=report.batch,
        counts=tuple(counts),
    )
    made: Table = resolve(STYLES[style])(report, look)
    if columns is not None and style != "summary":
        made = _chosen(made, columns, style)
    return write(made, format, look)


def write(made: Table, format: str, look: Look) -> str:
    """Return a table in a format; `look` says whether in ASCII, how wide, and whether in colour.

    Raises:
        TargetError: there is no such format.
    """
    check("format", format, FORMATS)
    # the one place where text of a spec, which is untrusted, is made harmless; formats escape it on top
    made = made.mapped(safe)
    if look.ascii:
        made = made.mapped(plain_ascii)
    return str(resolve(FORMATS[format])(made, look))


def _chosen(made: Table, columns: Sequence[str], style: str) -> Table:
    keys = [column.key for column in made.columns]
    for name in columns:
        check(f"column of style {style}", name, keys)
    at = [keys.index(name) for name in columns]
    sections = tuple(
        section._replace(
            rows=tuple(tuple(row[i] for i in at) for row in section.rows),
            totals=tuple(tuple(row[i] for i in at) for row in section.totals),
        )
        for section in made.sections
    )
    return made._replace(columns=tuple(made.columns[i] for i in at), sections=sections, frame=None)


def _json(report: Report, ascii: bool, counts: Sequence[Counted]) -> str:
    from json import dumps

    document = report.to_dict()
    if counts:
        document["counts"] = [dict(held.document) for held in counts]
    text = dumps(document, ensure_ascii=ascii, indent=2)
    # JSON has escapes of its own for what must not reach a screen
    harmless = all(visible(line) == line for line in text.split("\n"))
    return text if harmless else dumps(document, indent=2)
