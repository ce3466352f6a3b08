"""An axis of a shape, named by a word or a number: `channel`, `time`, `height`, `width`, or counted from 0.

The words stand for the letters of section 8.1 of the language reference: C | T×C | C×H×W | C×D×H×W.
"""

from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from archcalc.arithmetic import settled
from archcalc.errors import ShapeError
from archcalc.layers.base import show
from archcalc.layers.settings import describe
from archcalc.quantities import Shape

AXES: Final = MappingProxyType({1: "C", 2: "TC", 3: "CHW", 4: "CDHW"})
AXIS_WORDS: Final = MappingProxyType({"channel": "C", "time": "T", "height": "H", "width": "W"})


def axis_index(rank: int, letter: str) -> int | None:
    """Return where an axis (C, T, D, H or W) stands in a shape of this rank, or None.

    The one axis of a vector is also the T of a list of token numbers.

    >>> axis_index(3, "H")
    1
    """
    if rank == 1 and letter == "T":
        return 0
    at = AXES.get(rank, "").find(letter)
    return at if at >= 0 else None


def find_axis(axis: int | str, x: Shape) -> int:
    """Return the position in `x` of the axis that a setting names.

    >>> find_axis("time", (20, 512)), find_axis("channel", (20, 512)), find_axis(2, (64, 28, 28))
    (0, 1, 2)

    Raises:
        ShapeError: `x` has no such axis.
    """
    rank = len(x)
    at = axis_index(rank, AXIS_WORDS[axis]) if isinstance(axis, str) else axis
    if at is None or at >= rank:
        words = [word for word, letter in AXIS_WORDS.items() if axis_index(rank, letter) is not None]
        known = ", ".join([*words, *(str(each) for each in range(rank))])
        raise ShapeError(f"{show(x)} has no axis {describe(axis)}; it has {known}", setting="axis")
    return at


def _axis(value: object) -> int | str:
    value = settled(value)
    if isinstance(value, str) and value in AXIS_WORDS:
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"{describe(value)} is not one of {', '.join(AXIS_WORDS)} or a number from 0")


def _axes(value: object) -> tuple[int | str, ...]:
    return tuple(_axis(item) for item in (value if isinstance(value, (tuple, list)) else (value,)))


_ONE: Final = ({"enum": [*AXIS_WORDS]}, {"type": "integer"}, {"type": "string"})
Axis: TypeAlias = Annotated[int | str, PlainValidator(_axis), WithJsonSchema({"anyOf": [*_ONE]})]
Axes: TypeAlias = Annotated[
    tuple[int | str, ...],
    PlainValidator(_axes),
    WithJsonSchema({"anyOf": [*_ONE, {"type": "array", "items": {"anyOf": [*_ONE]}}]}),
]
