"""A table as comma- or tab-separated values: rows only, exact integers, for spreadsheets and programs."""

from archcalc.render.text import spreadsheet
from archcalc.render.view import Cell, Line, Look, Table


def csv(table: Table, _look: Look) -> str:
    """Return comma-separated values, quoted where needed."""
    return _delimited(table, ",")


def tsv(table: Table, _look: Look) -> str:
    """Return tab-separated values."""
    return _delimited(table, "\t")


def _delimited(table: Table, delimiter: str) -> str:
    """Return the columns' keys and the rows; a first column names the section where there are several."""
    from csv import writer
    from io import StringIO

    several = len(table.sections) > 1
    text = StringIO()
    write = writer(text, delimiter=delimiter, lineterminator="\n")
    keys = [column.key for column in table.columns]
    write.writerow(["section", *keys] if several else keys)
    for section in table.sections:
        for line in section.rows:
            values = _values(line)
            write.writerow([spreadsheet(section.title), *values] if several else values)
    return text.getvalue().removesuffix("\n")


def _values(line: Line) -> list[object]:
    return [_value(cell) for cell in line]


def _value(cell: Cell) -> object:
    if cell.value is None or not isinstance(cell.value, (int, float)):
        return spreadsheet(cell.text)
    return int(cell.value) if isinstance(cell.value, int) else cell.value
