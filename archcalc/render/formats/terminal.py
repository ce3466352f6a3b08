"""A table as aligned text: for a terminal, a mail, a comment."""

from collections.abc import Iterable
from itertools import islice, zip_longest
from typing import Final

from archcalc.render.text import fitted, pieces, width, wrapped
from archcalc.render.view import Cell, Column, Line, Look, Table

_GAP: Final = "  "
_LEAST: Final = 12  # what a shortened text keeps
_BOLD, _DIM, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def terminal(table: Table, look: Look) -> str:
    """Return the table with columns aligned by what the characters take on screen."""
    return "\n".join(_printout(table) if table.frame else _aligned(table, look))


def _aligned(table: Table, look: Look) -> list[str]:
    table, widths = _fitting(table, look)
    rule = _styled(("-" if look.ascii else "─") * (sum(widths) + len(_GAP) * (len(widths) - 1)), _DIM, look)
    sides = [column.align for column in table.columns]

    def write(texts: Iterable[str]) -> list[str]:
        return [_GAP.join(map(fitted, line, widths, sides)).rstrip() for line in _flowing(texts, widths, table)]

    def bold(lines: Iterable[str]) -> list[str]:
        return [_styled(line, _BOLD, look) for line in lines]

    lines = [*bold(wrapped(table.title, look.width)), ""]
    lines += [*bold(write(column.heading for column in table.columns)), rule]
    for at, section in enumerate(table.sections):
        lines += [""] if at else []
        lines += [*bold([section.title]), rule] if section.title else []
        for row in section.rows:
            lines += write(cell.text for cell in row)
        lines += [rule] if section.totals else []
        for row in section.totals:
            lines += bold(write(cell.text for cell in row))
    if table.notes:
        lines += ["", *(line for note in table.notes for line in wrapped(note, look.width, indent="  "))]
    return lines


def _flowing(texts: Iterable[str], widths: list[int], table: Table) -> Iterable[tuple[str, ...]]:
    """Return the lines of one row: several where a text must flow."""
    cells = [
        wrapped(text, size, column.flows) if column.flows and width(text) > size else [text]
        for text, size, column in zip(texts, widths, table.columns, strict=True)
    ]
    return zip_longest(*cells, fillvalue="")


def _fitting(table: Table, look: Look) -> tuple[Table, list[int]]:
    """Return the table and its column widths; columns that can give way do."""
    rows = [line for section in table.sections for line in section.rows]
    totals = [line for section in table.sections for line in section.totals]
    widths, slack = [], []
    for at, column in enumerate(table.columns):
        texts = [row[at].text for row in rows]
        fixed = max(width(text) for text in (column.heading, *(line[at].text for line in totals)))
        widths.append(max((fixed, *map(width, texts))))
        slack.append(widths[-1] - max(fixed, _least(column, texts)))
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - look.width
    if excess <= 0:
        return table, widths
    if excess > sum(slack):  # shortening would not be enough: let texts flow, and leave the rest whole
        slack = [rest if column.flows else 0 for rest, column in zip(slack, table.columns, strict=True)]
        excess = sum(slack)
    for _ in range(excess):
        at = _yielding(table, widths, slack)
        widths[at], slack[at] = widths[at] - 1, slack[at] - 1
    legends: list[str] = []
    for at, column in enumerate(table.columns):
        natural = [row[at].text for row in rows]
        if column.shorten and max(map(width, natural), default=0) > widths[at]:
            texts, meaning = column.shorten(natural, widths[at], ".." if look.ascii else "…")
            rows = [(*row[:at], Cell(text), *row[at + 1 :]) for row, text in zip(rows, texts, strict=True)]
            legends += [f"{meaning}."] if meaning else []
    left = iter(rows)
    sections = tuple(part._replace(rows=tuple(islice(left, len(part.rows)))) for part in table.sections)
    return table._replace(sections=sections, notes=(*legends, *table.notes)), widths


def _yielding(table: Table, widths: list[int], slack: list[int]) -> int:
    """Return the column that gives way next: the last that can be shortened, or the widest that can flow."""
    able = [at for at, rest in enumerate(slack) if rest]
    shortened = [at for at in able if table.columns[at].shorten]
    return shortened[-1] if shortened else max(able, key=lambda at: widths[at])


def _least(column: Column, texts: Iterable[str]) -> int:
    """Return the width below which a column cannot go."""
    if column.flows:
        texts = (piece for text in texts for piece in pieces(text, column.flows))
    natural = max(map(width, texts), default=0)
    return min(_LEAST, natural) if column.shorten else natural


def _styled(text: str, code: str, look: Look) -> str:
    return f"{code}{text}{_OFF}" if look.color and text else text


def _printout(table: Table) -> list[str]:
    """Return the lines of a printout with fixed columns: a long name is cut, a shape or number never."""
    frame = table.frame
    assert frame is not None
    full = frame.ends[-1]
    rule, heavy = frame.rule * full, frame.heavy * full
    rows = [line for section in table.sections for line in section.rows]
    lines = [
        table.title,
        rule,
        _fixed(tuple(Cell(column.heading) for column in table.columns), frame.ends),
        heavy,
    ]
    for at, row in enumerate(rows):
        lines.append(_fixed(row, frame.ends))
        # a row that begins empty goes on with the one above
        last = at + 1 == len(rows)
        if last or rows[at + 1][0].text:
            lines.append(heavy if last else rule)
    return [*lines, *table.notes]


def _fixed(cells: Line, ends: tuple[int, ...]) -> str:
    name, *rest = (cell.text for cell in cells)
    line = name[: ends[0] - 1].ljust(ends[0])
    for text, end in zip(rest, ends[1:], strict=True):
        line = f"{line}{text} ".ljust(end)
    return line.rstrip()
