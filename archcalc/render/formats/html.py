"""A table as an HTML fragment: one <table>, nothing to load, no script."""

from archcalc.render.text import html as escape
from archcalc.render.view import Align, Line, Look, Table


def html(table: Table, _look: Look) -> str:
    """Return the <table>: title as caption, a <tbody> per section, notes in the foot."""
    columns = len(table.columns)
    sides = [column.align for column in table.columns]
    lines = ['<table class="archcalc">', f"<caption>{escape(table.title)}</caption>", "<thead>"]
    heads = (_cell("th", column.heading, column.align) for column in table.columns)
    lines += [f"<tr>{''.join(heads)}</tr>", "</thead>"]
    for section in table.sections:
        lines.append("<tbody>")
        if section.title:
            lines.append(f'<tr><th colspan="{columns}" style="text-align:left">{escape(section.title)}</th></tr>')
        lines += (_row("td", row, sides) for row in section.rows)
        lines += (_row("th", row, sides) for row in section.totals)
        lines.append("</tbody>")
    if table.notes:
        notes = "<br>".join(map(escape, table.notes))
        lines += [
            "<tfoot>",
            f'<tr><td colspan="{columns}" style="text-align:left">{notes}</td></tr>',
            "</tfoot>",
        ]
    return "\n".join([*lines, "</table>"])


def _row(tag: str, line: Line, sides: list[Align]) -> str:
    return f"<tr>{''.join(_cell(tag, cell.text, side) for cell, side in zip(line, sides, strict=True))}</tr>"


def _cell(tag: str, text: str, side: Align) -> str:
    return f'<{tag} style="text-align:{side}">{escape(text)}</{tag}>'
