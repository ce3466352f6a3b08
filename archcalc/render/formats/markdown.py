"""A table in GitHub's Markdown."""

from archcalc.render.text import markdown as escape
from archcalc.render.view import Line, Look, Table


def markdown(table: Table, _look: Look) -> str:
    """Return the table with its title above and its notes below, one paragraph each."""
    from tabulate import tabulate

    def plain(line: Line) -> list[str]:
        return [escape(cell.text) for cell in line]

    def bold(line: Line) -> list[str]:
        return [f"**{text}**" if text else "" for text in plain(line)]

    rows: list[list[str]] = []
    for section in table.sections:
        if section.title:
            rows.append([f"**{escape(section.title)}**", *[""] * (len(table.columns) - 1)])
        rows += map(plain, section.rows)
        rows += map(bold, section.totals)
    grid = tabulate(
        rows,
        headers=[escape(column.heading) for column in table.columns],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=[column.align for column in table.columns] if rows else None,
    )
    return "\n\n".join([f"**{escape(table.title)}**", grid, *map(escape, table.notes)])
