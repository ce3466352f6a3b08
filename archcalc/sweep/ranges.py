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
                raise wrong(f"'{key}': {f'{name} is swept twice' if name else 'a name is missing'}")
            known.add(name)
        values = read_values(key, given) if isinstance(given, str) else _plain_values(key, given)
        axes.append(Axis(names, tuple((value,) * len(names) for value in values)))
    points = prod(len(axis.points) for axis in axes)
    if points > MOST_POINTS:
        sizes = " x ".join(f"{len(axis.points):,}" for axis in axes)
        raise wrong(f"{sizes} = {points:,} points, at most {MOST_POINTS:,}; --sample N takes N of them")
    return tuple(axes)


def sample_axes(wanted: Mapping[str, Values], count: int, seed: int) -> tuple[Axis, ...]:
    """Return one axis of `count` different points of a grid that may be far too large to be evaluated as a whole.

    The points are in the order of the grid; a grid of no more points than that is taken whole.
    """
    if not 1 <= count <= MOST_POINTS:
        raise wrong(f"a sample of {count:,} points; 1 to {MOST_POINTS:,} would be")
    axes = tuple(axis for key, given in wanted.items() for axis in read_axes({key: given}))
    points = prod(len(axis.points) for axis in axes)
    if points <= count:
        return axes
    chance = random.Random(seed)
    chosen: set[int] = set()
    for last in range(points - count, points):  # Floyd's way: as many draws as points, each different
        drawn = chance.randrange(last + 1)
        chosen.add(last if drawn in chosen else drawn)
    names = tuple(name for axis in axes for name in axis.names)
    return (Axis(names, tuple(_point(axes, at) for at in sorted(chosen))),)


def _point(axes: Sequence[Axis], at: int) -> tuple[Value, ...]:
    """Return a point of a grid by its number, the last axis running fastest."""
    values: tuple[Value, ...] = ()
    for axis in reversed(axes):
        at, k = divmod(at, len(axis.points))
        values = (*axis.points[k], *values)
    return values


def read_values(name: str, text: str) -> list[Value]:
    """Return the values that a text lists: numbers, ranges `first..last:step` with both ends, words, expressions.

    >>> read_values("width", "0.25..0.4:0.05, 1")
    [Fraction(1, 4), Fraction(3, 10), Fraction(7, 20), Fraction(2, 5), 1]
    """
    values: list[Value] = []
    for item in _items(text):
        found = _RANGE.fullmatch(item)
        if not item:
            raise wrong(f"{name}={text}: a value is missing")
        values += [read_value(item)] if found is None else _range(name, text, found)
        if len(values) > MOST_POINTS:
            raise wrong(f"{name}={text}: more than {MOST_POINTS:,} values")
    return values


def _range(name: str, text: str, found: "re.Match[str]") -> list[Value]:
    numbers = [read_value(part.strip()) if part is not None else 1 for part in found.group("first", "last", "step")]
    if any(isinstance(number, str) for number in numbers):
        raise wrong(f"{name}={text}: a range goes from number to number, as 0.25..1.4:0.05")
    first, last, step = numbers
    if step <= 0 or last < first:
        raise wrong(f"{name}={text}: a range goes upwards, by a step above 0")
    count = int((last - first) // step) + 1
    if count > MOST_POINTS:
        raise wrong(f"{name}={text}: {count:,} values, at most {MOST_POINTS:,}")
    if isinstance(first, int) and isinstance(step, int):
        return list(range(first, first + count * step, step))
    return [_whole(first + step * k) for k in range(count)]


def _items(text: str) -> list[str]:
    """Return the parts between commas that no bracket encloses."""
    items, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            items.append(text[start:at].strip())
            start = at + 1
    return [*items, text[start:].strip()]


def read_value(text: str) -> Value:
    """Return one value of a list: a number, or the text itself.

    >>> read_value("0.50"), read_value("r50")
    (Fraction(1, 2), 'r50')
    """
    return _whole(Fraction(text)) if _NUMBER.fullmatch(text) else text


def written(value: Value) -> str:
    """Return a value as `--set` takes it: a fraction as a decimal where it is one.

    >>> written(Fraction(7, 20)), written(Fraction(1, 3))
    ('0.35', '1/3')
    """
    if isinstance(value, Fraction):
        decimal = float(value)
        return repr(decimal) if Fraction(repr(decimal)) == value else str(value)
    return str(value)


def _whole(value: Any) -> Value:
    value = Fraction(value)
    return value.numerator if value.denominator == 1 else value


def _plain_values(name: str, given: Iterable[Any]) -> Sequence[Value]:
    values = [_exact(name, value) for value in islice(given, MOST_POINTS + 1)]
    if not 1 <= len(values) <= MOST_POINTS:
        raise wrong(f"{name}: {'no values' if not values else f'more than {MOST_POINTS:,} values'}")
    return values


def _exact(name: str, value: Any) -> Value:
    """Return a Python value as the language has it: a float stands for the decimal that it prints."""
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        try:
            return _whole(Fraction(repr(value)))
        except ValueError:
            raise wrong(f"{name}: {value} is no value to sweep over") from None
    if isinstance(value, (int, str, Fraction)):
        return _whole(value) if isinstance(value, Fraction) else value
    raise wrong(f"{name}: {value!r} is no value to sweep over; numbers and words are")


def wrong(message: str) -> TargetError:
    """Return the error of an option that means nothing."""
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
