"""An answer sheet, whatever its form: tables of texts with the place of each, columns with what they may mean."""

from typing import NamedTuple

LARGEST_SHEET = 1 << 20
MOST_LINES = 5_000
MOST_COLUMNS = 60


class Column(NamedTuple):
    """A column: its heading, and the quantities it may be about (() : not judged)."""

    heading: str
    meanings: tuple[str, ...] = ()


class Line(NamedTuple):
    """One row: its number in the sheet from 1, the layer as named and typed, the texts under the columns.

    cells: None where the row has no place for an answer. is_total: sums and grand totals.
    repeat: equal layers in one row (×3).
    """

    number: int
    name: str
    type: str
    cells: tuple[str | None, ...]
    is_total: bool = False
    repeat: int = 1

    def text(self, at: int) -> str:
        """Return the text under a column, "" where the row is short."""
        return (self.cells[at] if at < len(self.cells) else None) or ""

    def has(self, at: int) -> bool:
        """Tell whether the row has a place under a column, answered or not."""
        return at < len(self.cells) and self.cells[at] is not None


class Table(NamedTuple):
    """Rows under columns."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]

    def at(self, *meanings: str) -> int | None:
        """Return the first column whose first meaning is one of these."""
        return next((at for at, c in enumerate(self.columns) if c.meanings and c.meanings[0] in meanings), None)


class Sheet(NamedTuple):
    """All tables of an answer. form: what it was written in; framework: whose printout it is, if any."""

    tables: tuple[Table, ...]
    form: str
    framework: str | None = None


class SheetError(ValueError):
    """An answer that cannot be read as a whole."""
