"""The result of a sweep: one row a point, in the order of the grid; chosen, sorted, its best rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy

from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean
from archcalc.sweep.evaluate import Dropped
from archcalc.sweep.ranges import Axis

Array: TypeAlias = Any

_SIGNS: Final = {
    "<=": numpy.less_equal, "≤": numpy.less_equal, ">=": numpy.greater_equal, "≥": numpy.greater_equal,
    "<": numpy.less, ">": numpy.greater, "==": numpy.equal, "=": numpy.equal, "!=": numpy.not_equal,
}  # fmt: skip
_CONDITION: Final = re.compile(
    r"\s*([A-Za-z_][\w@.-]*?)\s*(<=|>=|==|!=|<|>|=|≤|≥)\s*([\d,_]+(?:\.\d+)?)\s*([KMGBT]?)\s*"
)
_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Counts of many variants of one network.

    names: what is swept. measures: what is counted. points: how many the grid has.
    rows: positions in the grid of the rows that are here. dropped: points that are no network.

    `len(sweep)` is the number of rows, `sweep["macs"]` a column as a numpy array: 64-bit integers, or Python
    integers where these do not suffice; fractions are exact (`fractions.Fraction`).
    """

    target: str
    axes: tuple[Axis, ...]
    counts: Mapping[str, Array]
    rows: Array
    dropped: tuple[Dropped, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Sweep {self.target}: {len(self):,} of {self.points:,} points, {', '.join(self.columns)}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each axis of the grid."""
        return tuple(len(axis.points) for axis in self.axes)

    @property
    def points(self) -> int:
        """Points of the whole grid."""
        return int(numpy.prod(self.shape, dtype=object))

    @property
    def names(self) -> tuple[str, ...]:
        """What is swept."""
        return tuple(name for axis in self.axes for name in axis.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """What is swept, and what is counted."""
        return (*self.names, *self.counts)

    def __getitem__(self, name: str) -> Array:
        if name in self.counts:
            return self.counts[name].reshape(-1)[self.rows]
        for at, axis in enumerate(self.axes):
            if name in axis.names:
                column = axis.names.index(name)
                return _column([point[column] for point in axis.points])[self.positions(at)]
        raise KeyError(name)

    def positions(self, axis: int) -> Array:
        """Return where on an axis each row lies."""
        return numpy.unravel_index(self.rows, self.shape)[axis]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, each as a mapping of columns to exact values."""
        columns = {name: self[name].tolist() for name in self.columns}
        for row in zip(*columns.values(), strict=True):
            yield dict(zip(columns, row, strict=True))

    def where(self, *conditions: str) -> "Sweep":
        """Return the rows that satisfy every condition: `"macs <= 300M"`, `"res >= 128"`.

        Raises:
            TargetError: not a condition on a column.
        """
        good = numpy.ones(len(self), dtype=bool)
        for text in conditions:
            found = _CONDITION.fullmatch(text)
            if found is None:
                raise wrong(f"'{text}' is no condition; \"macs <= 300M\" would be")
            name, sign, number, unit = found.groups()
            bound = Fraction(re.sub("[,_]", "", number)) * _UNITS[unit.upper()]
            column = self._numbers(name)
            exact = bound.numerator if bound.denominator == 1 else bound
            if column.dtype != object and not (isinstance(exact, int) and abs(exact) < 2**62):
                column = column.astype(object)
            good &= _SIGNS[sign](column, numpy.array(exact)).astype(bool)
        return self._only(good)

    def sorted(self, *names: str) -> "Sweep":
        """Return the rows, smallest first; a name with a `-` before it, largest first. Equal ones keep their order."""
        order = numpy.arange(len(self))
        for name in reversed(names):
            largest_first = name.startswith("-")
            keys = self._numbers(name.lstrip("-"))[order]
            order = order[numpy.argsort(-keys if largest_first else keys, kind="stable")]
        return self._only(order)

    def first(self, count: int) -> "Sweep":
        """Return the first rows."""
        return self._only(slice(0, count))

    def pareto(self, *goals: str) -> "Sweep":
        """Return the rows that no other row beats: better in one goal and not worse in any.

        Args:
            goals: columns of which less is better; with a `+` before it, more is better: "macs", "+width".
        """
        if not goals:
            raise wrong("a front needs goals, as macs,+width")
        keys = numpy.stack(
            [-self._numbers(goal[1:]) if goal.startswith("+") else self._numbers(goal) for goal in goals], axis=1
        )
        if keys.dtype == object and all(value.denominator == 1 for value in keys.flat):
            keys = keys.astype(numpy.int64) if max(map(abs, keys.flat), default=0) < 2**62 else keys
        return self._only(numpy.sort(_front(keys)))

    def _numbers(self, name: str) -> Array:
        if name not in self.columns:
            hint = did_you_mean(name, self.columns) or f"; there are {', '.join(self.columns)}"
            raise wrong(f"no column '{name}'{hint}")
        column = self[name]
        if column.dtype == object and any(isinstance(value, str) for value in column[:1000]):
            raise wrong(f"'{name}' holds words; it has no order")
        return column

    def _only(self, which: Any) -> "Sweep":
        return replace(self, rows=self.rows[which])


def _front(keys: Array) -> Array:
    """Return the positions of the rows that no other row is at most as large as in all columns."""
    if not len(keys):
        return numpy.zeros(0, dtype=int)
    left = numpy.lexsort(keys.T[::-1])  # a row can only be beaten by one that comes earlier
    front: list[int] = []
    while len(left):
        best = keys[left[0]]
        front.append(int(left[0]))
        others = keys[left]
        beaten = (others >= best).all(axis=1)
        equal = (others == best).all(axis=1)
        front += [int(at) for at in left[equal][1:]]
        left = left[~beaten]
    return numpy.array(front, dtype=int)


def _column(values: Sequence[Any]) -> Array:
    if all(type(value) is int and abs(value) < 2**62 for value in values):
        return numpy.array(values, dtype=numpy.int64)
    held = numpy.empty(len(values), dtype=object)
    held[:] = values
    return held


def wrong(message: str) -> TargetError:
    """Return the error of an option that means nothing."""
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
