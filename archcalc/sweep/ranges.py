"""What is swept: names and the values that they take, as text (`0.25..1.4:0.05`) or from Python."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from math import prod
from typing import Any, Final, NamedTuple, TypeAlias

from archcalc.errors import COMMAND_LINE, Problem, TargetError

Value: TypeAlias = Any  # int, Fraction, or text: a word or an expression of the spec language
Values: TypeAlias = "str | Iterable[Any]"

MOST_POINTS: Final = 10_000_000
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_RANGE: Final = re.compile(r"(?P<first>[^.:]+(?:\.\d+)?)\.\.(?P<last>[^:]+?)(?::(?P<step>.+))?")


class Axis(NamedTuple):
    """Names that take their values together, and the values: one tuple a point, one item a name."""

    names: tuple[str, ...]
    points: tuple[tuple[Value, ...], ...]


def read_axes(wanted: Mapping[str, Values]) -> tuple[Axis, ...]:
    """Return the axes of a grid.

    Args:
        wanted: a name, or several that stay equal ("H,W"), to its values: text as `read_values` has it, or numbers.

    Raises:
        TargetError: values that cannot be read, a name given twice, a grid of too many points.

    >>> read_axes({"H,W": "96..160:32"})[0].points
    ((96, 96), (128, 128), (160, 160))
    """
    axes: list[Axis] = []
    known: set[str] = set()
    for key, given in wanted.items():
        names = tuple(name.strip() for name in key.split(","))
        for name in names:
            if not name or name in known:
                raise _fault(f"'{key}': {f'{name} is swept twice' if name else 'a name is missing'}")
            known.add(name)
        values = read_values(key, given) if isinstance(given, str) else _plain_values(key, given)
        axes.append(Axis(names, tuple((value,) * len(names) for value in values)))
    points = prod(len(axis.points) for axis in axes)
    if points > MOST_POINTS:
        sizes = " x ".join(f"{len(axis.points):,}" for axis in axes)
        raise _fault(f"{sizes} = {points:,} points, at most {MOST_POINTS:,}; --sample N takes N of them")
    return tuple(axes)


def sample_axes(wanted: Mapping[str, Values], count: int, seed: int) -> tuple[Axis, ...]:
    """Return one axis of `count` random points of a grid that may be far too large to be evaluated as a whole."""
    if not 1 <= count <= MOST_POINTS:
        raise _fault(f"a sample of {count:,} points; 1 to {MOST_POINTS:,} would be")
    columns = [axis for key, given in wanted.items() for axis in read_axes({key: given})]
    chance = random.Random(seed)
    points = (
        tuple(value for axis in columns for value in axis.points[chance.randrange(len(axis.points))])
        for _ in range(count)
    )
    return (Axis(tuple(name for axis in columns for name in axis.names), tuple(points)),)


def read_values(name: str, text: str) -> list[Value]:
    """Return the values that a text lists: numbers, ranges `first..last:step` with both ends, words, expressions.

    >>> read_values("width", "0.25..0.4:0.05, 1")
    [Fraction(1, 4), Fraction(3, 10), Fraction(7, 20), Fraction(2, 5), 1]
    """
    values: list[Value] = []
    for item in _items(text):
        found = _RANGE.fullmatch(item)
        if not item:
            raise _fault(f"{name}={text}: a value is missing")
        values += [_value(item)] if found is None else _range(name, text, found)
        if len(values) > MOST_POINTS:
            raise _fault(f"{name}={text}: more than {MOST_POINTS:,} values")
    return values


def _range(name: str, text: str, found: "re.Match[str]") -> list[Value]:
    numbers = [_value(part.strip()) if part is not None else 1 for part in found.group("first", "last", "step")]
    if any(isinstance(number, str) for number in numbers):
        raise _fault(f"{name}={text}: a range goes from number to number, as 0.25..1.4:0.05")
    first, last, step = numbers
    if step <= 0 or last < first:
        raise _fault(f"{name}={text}: a range goes upwards, by a step above 0")
    count = (last - first) // step + 1
    if count > MOST_POINTS:
        raise _fault(f"{name}={text}: {count:,} values, at most {MOST_POINTS:,}")
    return [_whole(first + step * k) for k in range(int(count))]


def _items(text: str) -> list[str]:
    """Return the parts between commas that no bracket encloses."""
    items, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            items.append(text[start:at].strip())
            start = at + 1
    return [*items, text[start:].strip()]


def _value(text: str) -> Value:
    return _whole(Fraction(text)) if _NUMBER.fullmatch(text) else text


def _whole(value: Any) -> Value:
    value = Fraction(value)
    return value.numerator if value.denominator == 1 else value


def _plain_values(name: str, given: Iterable[Any]) -> Sequence[Value]:
    values = [_exact(name, value) for value in islice(given, MOST_POINTS + 1)]
    if not 1 <= len(values) <= MOST_POINTS:
        raise _fault(f"{name}: {'no values' if not values else f'more than {MOST_POINTS:,} values'}")
    return values


def _exact(name: str, value: Any) -> Value:
    """Return a Python value as the language has it: a float stands for the decimal that it prints."""
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, float):
        try:
            return _whole(Fraction(repr(value)))
        except ValueError:
            raise _fault(f"{name}: {value} is no value to sweep over") from None
    if isinstance(value, (int, str, Fraction)):
        return _whole(value) if isinstance(value, Fraction) else value
    raise _fault(f"{name}: {value!r} is no value to sweep over; numbers and words are")


def _fault(message: str) -> TargetError:
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
