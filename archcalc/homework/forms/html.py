"""Tables in HTML, read with the standard parser; nothing else of a page is looked at."""

from html.parser import HTMLParser

from archcalc.homework.grid import table_of
from archcalc.homework.sheet import MOST_LINES, SheetError, Table


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.cell: list[str] | None = None
        self.in_foot = False
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "caption"):
            self.skipping += 1
        elif tag == "tfoot":
            self.in_foot = True
        elif tag == "table" or (tag == "tr" and not self.tables):
            self.tables.append([])
        if tag == "tr" and self.tables:
            self._end()
            if sum(map(len, self.tables)) > MOST_LINES:
                raise SheetError(f"more than {MOST_LINES:,} rows")
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self._end()
            self.cell = []
            wide = dict(attrs).get("colspan") or "1"
            self.span = min(int(wide), 60) if wide.isdecimal() else 1
        elif tag == "br" and self.cell is not None:
            self.cell.append(" ")
        elif tag == "sup" and self.cell is not None:
            self.cell.append("^")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "caption"):
            self.skipping = max(0, self.skipping - 1)
        elif tag in ("td", "th", "tr", "table"):
            self._end()
        elif tag == "tfoot":
            self.in_foot = False

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.skipping:
            self.cell.append(data)

    def _end(self) -> None:
        if self.cell is not None and self.tables and self.tables[-1]:
            row = self.tables[-1][-1]
            row.append(" ".join("".join(self.cell).split()))
            row += [""] * (self.span - 1)
        self.cell = None


def read_html(text: str) -> tuple[Table, ...]:
    """Return the tables of a page.

    >>> read_html("<table><tr><th>Layer<th>Params<tr><td>conv1<td>34,944</table>")[0].lines[0].cells
    ('conv1', '34,944')
    """
    parser = _Rows()
    parser.feed(text)
    parser.close()
    parser._end()
    tables: list[Table] = []
    number = 1
    for rows in parser.tables:
        full = [row for row in rows if any(row)]
        if len(full) >= 2:
            width = max(map(len, full))
            table = table_of(full[0] + [""] * (width - len(full[0])), full[1:], number)
            tables.append(table)
            number += len(table.lines)
    return tuple(tables)
