"""What a mistake is: a name, the quantities it spoils, the words about it, and a small function that makes it.

A mistake runs the layer's own rules with one thing changed, so its wrong number follows the right one. `Edit`
changes the layer or what it reads; `Slip` makes a number out of the case.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from archcalc.homework.truth import Field, Subject, Value

COUNTS = ("params", "weights")
OPERATIONS = ("macs", "flops")


class Case(NamedTuple):
    """One cell to explain: the layer, the right value, and what stands around it.

    before, after: the layers of the rows around. previous: the student's values above in the same column.
    field: the true receptive field before the layer; student_field: as the student has it.
    """

    quantity: str
    subject: Subject
    truth: Value
    before: Subject | None = None
    after: Subject | None = None
    previous: tuple[Value, ...] = ()
    field: Field | None = None
    student_field: Field | None = None
    next_truth: Value = None


class Example(NamedTuple):
    """A mistake made once: in which network, at which layer, with the right and the wrong value worked out by hand.

    network: a chain of layers, or a spec of several lines. input: what goes in; "" where the spec says it.
    right, wrong: a calculation such as (5*5*32 + 1)*64, or a shape. at: which layer, from 0; −1 the last.
    """

    network: str
    input: str
    quantity: str
    right: str
    wrong: str
    at: int = -1


class Edit(NamedTuple):
    """A changed layer: every subject it yields is measured for the quantity of the cell."""

    id: str
    quantities: tuple[str, ...]
    en: str
    zh: str
    subjects: Callable[[Case], Iterable[Subject | None]]
    example: Example


class Slip(NamedTuple):
    """A changed calculation: every value it yields is compared with the cell."""

    id: str
    quantities: tuple[str, ...]
    en: str
    zh: str
    values: Callable[[Case], Iterable[Value]]
    example: Example


class Finding(NamedTuple):
    """A mistake that gives exactly the printed number."""

    id: str
    en: str
    zh: str
    value: Value

    def text(self, lang: str = "en") -> str:
        """Return the words in a language."""
        return self.zh if lang == "zh" else self.en
