"""A table before it has a format, and how it is wanted: Table, Section, Column, Cell; Look.

Styles make tables, formats write them, and neither knows the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from archcalc.arithmetic import Number
from archcalc.lazy import resolve
from archcalc.report import Derivation, Derive, Node

Align: TypeAlias = Literal["left", "right", "center"]
Lang: TypeAlias = Literal["en", "zh"]
Layout: TypeAlias = Literal["chw", "hwc"]
Line: TypeAlias = "tuple[Cell, ...]"

# (texts of a column, width, ellipsis) → the texts in that width, and what short forms mean
Shorten: TypeAlias = Callable[[Sequence[str], int, str], tuple[list[str], str]]


class Cell(NamedTuple):
    """One cell: what people read, and the exact value behind it where there is one."""

    text: str
    value: Number | float | None = None


class Column(NamedTuple):
    """A column: its key for programs, its heading, its side.

    Where width is short, `shorten` makes its texts fit, or they flow over lines, broken after `flows`.
    """

    key: str
    heading: str
    align: Align = "left"
    shorten: Shorten | None = None
    flows: str = ""


class Section(NamedTuple):
    """Rows that belong together, with their totals."""

    rows: tuple[Line, ...]
    totals: tuple[Line, ...] = ()
    title: str = ""


class Frame(NamedTuple):
    """A printout in a fixed form: where columns end, the rule below a row, the rule around all rows."""

    ends: tuple[int, ...]
    rule: str
    heavy: str


class Table(NamedTuple):
    """Columns, sections of rows, and remarks below; `frame` if text must have a fixed form."""

    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    frame: Frame | None = None

    def mapped(self, change: Callable[[str], str]) -> "Table":
        """Return the table with every text changed."""

        def lines(rows: tuple[Line, ...]) -> tuple[Line, ...]:
            return tuple(tuple(Cell(change(cell.text), cell.value) for cell in row) for row in rows)

        return Table(
            change(self.title),
            tuple(column._replace(heading=change(column.heading)) for column in self.columns),
            tuple(Section(lines(part.rows), lines(part.totals), change(part.title)) for part in self.sections),
            tuple(change(note) for note in self.notes),
            self.frame,
        )


class Counted(NamedTuple):
    """A column that is counted elsewhere, as by another tool's convention.

    key: its key and its heading. values: one number a row, by path, for one sample; rows without one stay empty.
    scales: whether a batch multiplies it. notes: what must stand below. document: the same as plain data, for JSON.
    """

    key: str
    values: Mapping[str, Number]
    scales: bool
    notes: tuple[str, ...]
    document: Mapping[str, Any]


class Look(NamedTuple):
    """How a table is wanted; the options of `archcalc.render.table`."""

    depth: int | None = None
    group: str | None = None
    columns: tuple[str, ...] | None = None
    sort: str | None = None
    layout: Layout | None = None
    lang: Lang = "en"
    si: bool = False
    ascii: bool = False
    derive: Derive | None = None
    width: int = 100
    color: bool = False
    batch: int = 1
    counts: tuple[Counted, ...] = ()

    def derivation(self, node: Node, quantity: str, notation: str) -> Derivation:
        """Return how a number of a layer came about."""
        derive: Derive = self.derive or resolve("archcalc.explain:explain")
        return derive(node, quantity, notation)
