"""A table as comma- or tab-separated values: rows only, exact integers, for spreadsheets and programs."""

from archcalc.render.headings import heading
from archcalc.render.text import spreadsheet
from archcalc.render.view import Cell, Line, Look, Table


def csv(table: Table, look: Look) -> str:
    """Return comma-separated values, quoted where needed."""
    return _delimited(table, look, ",")


def tsv(table: Table, look: Look) -> str:
    """Return tab-separated values."""
    return _delimited(table, look, "\t")


def _delimited(table: Table, look: Look, delimiter: str) -> str:
    """Return keys of columns and rows; a first column names the section where there are several."""
    from csv import writer
    from io import StringIO

    several = len(table.sections) > 1
    text = StringIO()
    write = writer(text, delimiter=delimiter, lineterminator="\n")
    headings = [spreadsheet(column.heading) for column in table.columns]
    write.writerow([heading("section", look.lang), *headings] if several else headings)
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
