"""A table as aligned text: for a terminal, a mail, a comment."""

from typing import Final

from archcalc.render.text import fitted, width, wrapped
from archcalc.render.view import Cell, Column, Line, Look, Table

_GAP: Final = "  "
_LEAST: Final = 12  # columns that a cut text keeps
_BOLD, _DIM, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def terminal(table: Table, look: Look) -> str:
    """Return the table with columns aligned by what the characters take on screen."""
    return "\n".join(_printout(table) if table.frame else _aligned(table, look))


def _aligned(table: Table, look: Look) -> list[str]:
    ellipsis = ".." if look.ascii else "…"
    widths = _widths(table, look.width)
    full = sum(widths) + len(_GAP) * (len(widths) - 1)
    rule = _styled(("-" if look.ascii else "─") * full, _DIM, look)

    def write(line: Line) -> str:
        cells = zip(line, table.columns, widths, strict=True)
        return _GAP.join(fitted(_cut(cell, column, size, ellipsis), size, column.align) for cell, column, size in cells).rstrip()

    heads = tuple(Cell(column.heading) for column in table.columns)
    lines = [*(_styled(line, _BOLD, look) for line in wrapped(table.title, look.width)), ""]
    lines += [_styled(write(heads), _BOLD, look), rule]
    for at, section in enumerate(table.sections):
        if at:
            lines.append("")
        if section.title:
            lines += [_styled(section.title, _BOLD, look), rule]
        lines += map(write, section.rows)
        if section.totals:
            lines += [rule, *(_styled(write(line), _BOLD, look) for line in section.totals)]
    if table.notes:
        lines += ["", *(line for note in table.notes for line in wrapped(note, look.width))]
    return lines


def _widths(table: Table, limit: int) -> list[int]:
    """Return the width of every column; columns that may be cut give way until the table fits."""
    lines = [line for section in table.sections for line in (*section.rows, *section.totals)]
    widths = [
        max((width(column.heading), *(width(line[at].text) for line in lines)))
        for at, column in enumerate(table.columns)
    ]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - limit
    while excess > 0:
        loose = [at for at, column in enumerate(table.columns) if column.shorten and widths[at] > _LEAST]
        if not loose:
            break
        widest = max(loose, key=lambda at: widths[at])
        widths[widest] -= 1
        excess -= 1
    return widths


def _cut(cell: Cell, column: Column, size: int, ellipsis: str) -> str:
    if column.shorten is None or width(cell.text) <= size:
        return cell.text
    return column.shorten(cell.text, size, ellipsis)


def _styled(text: str, code: str, look: Look) -> str:
    return f"{code}{text}{_OFF}" if look.color and text else text


def _printout(table: Table) -> list[str]:
    """Return the lines of a printout with fixed columns: what does not fit is cut, as the original does."""
    frame = table.frame
    assert frame is not None
    full = frame.ends[-1]
    rule, heavy = frame.rule * full, frame.heavy * full
    rows = [line for section in table.sections for line in section.rows]
    lines = [table.title, rule, _fixed(tuple(Cell(column.heading) for column in table.columns), frame.ends), heavy]
    for at, row in enumerate(rows):
        lines.append(_fixed(row, frame.ends))
        # a row that begins empty goes on with the one above
        last = at + 1 == len(rows)
        if last or rows[at + 1][0].text:
            lines.append(heavy if last else rule)
    return [*lines, *table.notes]


def _fixed(cells: Line, ends: tuple[int, ...]) -> str:
    line = ""
    for cell, end in zip(cells, ends, strict=True):
        line = f"{line[:-1]} {cell.text}" if line else cell.text
        line = line[:end].ljust(end)
    return line.rstrip()
