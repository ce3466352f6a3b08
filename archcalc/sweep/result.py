"""The result of a sweep: one row a point, in the order of the grid; chosen, sorted, its best rows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial, reduce
from typing import Any, Final, TypeAlias

import numpy

from archcalc.errors import did_you_mean
from archcalc.sweep.evaluate import Dropped
from archcalc.sweep.ranges import Axis, wrong

Array: TypeAlias = Any

_SIGNS: Final = {
    "<=": numpy.less_equal, "≤": numpy.less_equal, ">=": numpy.greater_equal, "≥": numpy.greater_equal,
    "<": numpy.less, ">": numpy.greater, "==": numpy.equal, "=": numpy.equal, "!=": numpy.not_equal,
}  # fmt: skip
_CONDITION: Final = re.compile(
    r"\s*([a-z_][\w@.-]*?)\s*(<=|>=|==|!=|<|>|=|≤|≥)\s*(-?\d[\d,_]{0,40}(?:\.\d{1,15})?)\s*([KMGTB]|[KMGT]i?B)?\s*",
    re.IGNORECASE,
)
_POWERS: Final = "KMGT"


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
        if name not in self.columns:
            raise KeyError(name)
        return self._column(name, lambda values: values)

    def positions(self, axis: int) -> Array:
        """Return where on an axis each row lies."""
        return numpy.unravel_index(self.rows, self.shape)[axis]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, each as a mapping of columns to exact values."""
        columns = {name: self[name].tolist() for name in self.columns}
        for row in zip(*columns.values(), strict=True):
            yield dict(zip(columns, row, strict=True))

    def where(self, *conditions: str) -> "Sweep":
        """Return the rows that satisfy every condition: `"macs <= 300M"`, `"H >= 128"`, `"memory < 64MiB"`.

        Raises:
            TargetError: not a condition on a column.
        """
        good = numpy.ones(len(self), dtype=bool)
        for text in conditions:
            found = _CONDITION.fullmatch(text)
            if found is None:
                raise wrong(f"'{text}' is no condition; \"macs <= 300M\" would be")
            name, sign, number, unit = found.groups()
            bound = Fraction(re.sub("[,_]", "", number)) * _scale(unit or "")
            good &= self._numbers(name, partial(_compared, sign=sign, bound=bound))
        return self._only(good)

    def sorted(self, *names: str) -> "Sweep":
        """Return the rows, smallest first; a name with a `-` before it, largest first. Equal ones keep their order."""
        order = numpy.arange(len(self))
        for name in reversed(names):
            ranks = self._ranks(name.removeprefix("-"))[order]
            order = order[numpy.argsort(-ranks if name.startswith("-") else ranks, kind="stable")]
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
        ranks = [-self._ranks(goal[1:]) if goal.startswith("+") else self._ranks(goal) for goal in goals]
        return self._only(numpy.sort(_front(ranks)))

    def _ranks(self, name: str) -> Array:
        """Return whole numbers of the same order as the values of a column."""
        return self._numbers(name, lambda values: numpy.unique(values, return_inverse=True)[1].reshape(-1))

    def _numbers(self, name: str, work: Callable[[Array], Array]) -> Array:
        """Return what `work` makes of a column; it must hold numbers."""
        if name not in self.columns:
            hint = did_you_mean(name, self.columns) or f"; there are {', '.join(self.columns)}"
            raise wrong(f"no column '{name}'{hint}")
        if any(isinstance(value, str) for value in self._swept(name)):
            raise wrong(f"'{name}' holds words; it has no order")
        return self._column(name, work)

    def _column(self, name: str, work: Callable[[Array], Array]) -> Array:
        """Return what an elementwise function makes of a column; what is swept is asked once a point of its axis."""
        if name in self.counts:
            return work(self.counts[name].reshape(-1)[self.rows])
        at = next(at for at, axis in enumerate(self.axes) if name in axis.names)
        return work(_array(self._swept(name)))[self.positions(at)]

    def _swept(self, name: str) -> list[Any]:
        """Return the values of a name along its axis."""
        return [
            value
            for axis in self.axes
            if name in axis.names
            for value in (point[axis.names.index(name)] for point in axis.points)
        ]

    def _only(self, which: Any) -> "Sweep":
        return replace(self, rows=self.rows[which])


def _compared(values: Array, sign: str, bound: Fraction) -> Array:
    exact = bound.numerator if bound.denominator == 1 else bound
    if values.dtype != object and not (isinstance(exact, int) and abs(exact) < 2**62):
        values = values.astype(object)
    return _SIGNS[sign](values, numpy.array(exact)).astype(bool)


def _front(columns: Sequence[Array]) -> Array:
    """Return the positions of the rows that no other row is at most as large as in all columns.

    Whatever beats a row has a smaller sum. So the row with the least sum is in front, and it mostly beats many others.
    """
    left = numpy.argsort(sum(columns), kind="stable")
    columns = [column[left] for column in columns]
    front: list[Array] = []
    while len(left):
        equal = reduce(numpy.logical_and, [column == column[0] for column in columns])
        stays = reduce(numpy.logical_or, [column < column[0] for column in columns])
        front.append(left[equal])
        left, columns = left[stays], [column[stays] for column in columns]
    return numpy.concatenate(front) if front else numpy.zeros(0, dtype=int)


def _scale(unit: str) -> int:
    """Return what a letter stands for: K, M, G or B (billions), T; of bytes also KB, MB …, and KiB, MiB … of 1024."""
    letter, base = unit[:1].upper(), 1024 if unit[1:2] in ("i", "I") else 1000
    return 10**9 if letter == "B" else int(base ** (_POWERS.index(letter) + 1)) if letter else 1


def _array(values: Sequence[Any]) -> Array:
    if all(type(value) is int and abs(value) < 2**62 for value in values):
        return numpy.array(values, dtype=numpy.int64)
    held = numpy.empty(len(values), dtype=object)
    held[:] = values
    return held
