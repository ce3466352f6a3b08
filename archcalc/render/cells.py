"""Values → cells, as a Look wants them: layout of shapes, batch, exact or short numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from archcalc.arithmetic import Number
from archcalc.quantities import Shape
from archcalc.render.columns import value
from archcalc.render.headings import say
from archcalc.render.text import number, percent, short
from archcalc.render.view import Cell, Look

EMPTY = Cell("")
_BRACKETS = ("()", "⌈⌉", "⌊⌋")


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes the cells of one table. layout: the order of axes where the Look does not ask for one."""

    look: Look
    layout: str = "chw"

    def text(self, text: str | None) -> Cell:
        """Return a cell with a text that may come from the spec."""
        return Cell(text) if text else EMPTY

    def count(self, count: Number | None) -> Cell:
        """Return a cell with an exact number."""
        return EMPTY if count is None else Cell(self.number(count), count)

    def share(self, part: Number | None, whole: Number) -> Cell:
        """Return a cell with a percentage; empty where there is nothing to share, or a free size."""
        if not isinstance(part, int) or not isinstance(whole, int) or not part or not whole:
            return EMPTY
        return Cell(percent(part, whole), round(100 * part / whole, 6))

    def shape(self, shape: Shape | None, sign: str = "x") -> Cell:
        """Return a cell with a shape: 96x55x55, the batch before it if there is one."""
        return EMPTY if shape is None else Cell(self.joined(self.ordered(shape), sign))

    def number(self, count: Number) -> str:
        """Return a number in full or short."""
        if self.look.si and isinstance(count, int):
            return short(count)
        return number(count, ascii=self.look.ascii)

    def plain(self, count: Number) -> str:
        """Return a number as `number` does, but in full without separators."""
        return str(int(count)) if isinstance(count, int) and not self.look.si else self.number(count)

    def ordered(self, shape: Shape) -> Shape:
        """Return a shape in the layout; vectors and sequences have one order only."""
        hwc = (self.look.layout or self.layout) == "hwc" and len(shape) > 2
        return (*shape[1:], shape[0]) if hwc else shape

    def joined(self, sizes: Shape, sign: str = "x", *, batch: bool = True) -> str:
        """Return sizes with a sign between them: 3xHxW, 2x(16h−172)x(16w−172), 255 x 2h x 2w."""
        if batch and self.look.batch != 1:
            sizes = (self.look.batch, *sizes)
        texts = [self.size(size) for size in sizes]
        return (sign if all(map(_stands_alone, texts)) else f" {sign} ").join(texts)

    def size(self, size: Number) -> str:
        """Return one number without thousands separators; a sum of free sizes in brackets."""
        if isinstance(size, int) or not self.look.ascii:
            return value(size)
        text = number(size, ascii=True)
        return f"({text})" if " " in text else text

    def scaled(self, count: Number) -> Number:
        """Return a number of one sample for the whole batch."""
        return count if self.look.batch == 1 else count * self.look.batch

    def say(self, key: str, **values: str) -> str:
        """Return a word or sentence in the language of the table."""
        return say(key, self.look.lang, **values)

    def texts(self, texts: Iterable[Any]) -> tuple[Cell, ...]:
        """Return one cell a text."""
        return tuple(self.text(text) for text in texts)


def _stands_alone(size: str) -> bool:
    if size.isdecimal() or (size.isidentifier() and size.isupper()):
        return True
    head, bracket, _ = size.partition("(")
    function = bool(bracket) and head.isalpha() and size.endswith(")")
    return size[0] + size[-1] in _BRACKETS or (function and _closes(size))


def _closes(text: str) -> bool:
    """Tell whether the first bracket is closed by the last character: floor((H-7)/4), not floor(H/4)+floor(W/4)."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == ")" and depth == 0:
            return at == len(text) - 1
    return False
