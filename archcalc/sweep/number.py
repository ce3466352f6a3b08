"""A number that has a value at every point of a grid, and the arithmetic that layer rules ask of it.

A swept width of 1,000 values and a swept resolution of 100 make 100,000 points, but a channel count depends on the
width alone and an edge on the resolution alone. So a number is kept as a sum of products of vectors, one vector per
axis: adding up the multiply-adds of a network costs as much as its vectors are long, and only totals are spread out.

Everything is exact. Values are 64-bit integers as long as a bound shows that they fit, and Python integers beyond;
fractions are integers over one denominator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import gcd, lcm, prod
from typing import Any, Final, TypeAlias

import numpy

from archcalc.arithmetic import Message

Array: TypeAlias = Any  # numpy.ndarray of int64, of Python integers (dtype object), or of truth values
Axes: TypeAlias = tuple[int, ...]
Terms: TypeAlias = "dict[tuple[Vector, ...], int]"  # products of vectors on different axes, each with its coefficient

_FITS: Final = 2**62  # half of what 64 bits hold, so that no sum of two overflows
_FINEST: Final = 10**9  # of a denominator
_LARGEST: Final = 2 * 10**7  # elements of a vector on several axes


class Split(Exception):  # noqa: N818  (not an error: the points of the grid part here)
    """A question has different answers on the grid: `answers`, over `axes`; None: at every point its own."""

    def __init__(self, axes: Axes, answers: Array | None = None) -> None:
        self.axes = axes
        self.answers = answers


class Nowhere(Exception):  # noqa: N818  (not an error of the program: no point of the grid fits)
    """A check fails at every point of the grid."""


class Vector:
    """Integers along some axes of a grid; `most` bounds their absolute values."""

    __slots__ = ("_hash", "axes", "most", "values")

    def __init__(self, axes: Axes, values: Array, most: int | None = None) -> None:
        self.axes = axes
        self.values = values
        self.most = _most(values) if most is None else most
        self._hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            values = self.values
            self._hash = hash((self.axes, tuple(values.flat) if values.dtype == object else values.tobytes()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Vector) and self.axes == other.axes and bool((self.values == other.values).all())
        )


@dataclass(slots=True, eq=False, repr=False)
class Grid:
    """The axes of a grid, where its points fail, and what rules ask of its numbers.

    lengths: of the axes. failed: (axes, mask) of the checks that fail at some points.
    stands_for: of a hidden axis (the rounds of a repeat), the axes that say how long it is.
    merge_rounds: whether equal rounds of a repeat may be one, counted several times.
    """

    lengths: list[int]
    merge_rounds: bool = True
    failed: list[tuple[Axes, Array]] = field(default_factory=list)
    stands_for: dict[int, Axes] = field(default_factory=dict)

    def axis(self, at: int, values: Sequence[int | Fraction]) -> "Swept":
        """Return the number that takes these values along axis `at`.

        Raises:
            Split: as fractions over one denominator they would be too fine.
        """
        denominator = lcm(*(value.denominator for value in values))
        if denominator > _FINEST:
            raise Split((at,))
        whole = [int(value * denominator) for value in values]
        return Swept(self, {(Vector((at,), _array(whole)),): 1}, denominator)

    def hidden(self, values: Sequence[int], axes: Axes) -> Any:
        """Return a number along a new axis, of which the result must not depend."""
        if len(values) == 1:
            return values[0]
        self.lengths.append(len(values))
        self.stands_for[len(self.lengths) - 1] = axes
        return self.axis(len(self.lengths) - 1, values)

    # ── What rules call (archcalc.arithmetic) ──

    def ceil_div(self, a: Any, b: Any) -> Any:
        """⌈a/b⌉."""
        return -(-a // b)

    def exact_div(self, a: Any, b: Any) -> Any:
        """a/b where b is known to divide a."""
        return a // b

    def divide(self, a: Any, b: Any) -> Any:
        """a/b as a fraction."""
        if not isinstance(b, Swept):
            return a * (Fraction(1) / b)
        vector = b.dense()
        divisors = {abs(int(value)) for value in vector.values.flat} - {0}
        common = lcm(*divisors) if len(divisors) < 1000 else _FINEST + 1
        if common > _FINEST:
            raise Split(vector.axes)
        inverse = Vector(vector.axes, common // _nonzero(self, vector).values)
        return a * Swept(self, {(inverse,): 1}, 1) * Fraction(b.denominator, common)

    def largest(self, a: Any, b: Any) -> Any:
        """max(a, b)."""
        return self._pick(numpy.maximum, a, b)

    def smallest(self, a: Any, b: Any) -> Any:
        """min(a, b)."""
        return self._pick(numpy.minimum, a, b)

    def check_at_least(self, value: Any, least: Any, _message: Message) -> None:
        """Note the points where value < least."""
        self._check(value - least, lambda left: left >= 0)

    def check_divides(self, divisor: Any, value: Any, _message: Message) -> None:
        """Note the points where `divisor` does not divide value."""
        self._check(value - value // divisor * divisor, lambda left: left == 0)

    def check_equal(self, a: Any, b: Any, _message: Message, _code: str) -> None:
        """Note the points where a ≠ b."""
        self._check(a - b, lambda left: left == 0)

    def check_within(self, value: "Swept", most: int) -> None:
        """Note the points where |value| > most; fractions that may be finer than 1/most are looked at one by one."""
        if value.denominator > most:
            self.settle(value)
        if value.bound > most:
            self.check_at_least(value, -most, "")
            self.check_at_least(most, value, "")

    def settle(self, value: "Swept") -> Any:
        """Return the one value of a number, or raise Split."""
        vector = value.dense()
        first = vector.values.flat[0]
        if not (vector.values == first).all():
            raise Split(vector.axes, vector.values)
        return _plain(Fraction(int(first), value.denominator))

    def all_equal(self, a: Sequence[Any], b: Sequence[Any]) -> bool:
        """Tell whether two shapes are equal: all their axes at the same points, or somewhere one of them nowhere."""
        mixed: list[tuple[Axes, Array]] = []
        for x, y in zip(a, b, strict=True):
            try:
                if x != y:
                    return False
            except Split as split:
                mixed.append((split.axes, split.answers))
        if not mixed:
            return True
        axes = _union(*(held for held, _ in mixed))
        _room(self, axes)
        equal = reduce(numpy.logical_and, (_along(answers, held, axes) for held, answers in mixed))
        return self.answer(axes, equal)

    def answer(self, axes: Axes, answers: Array) -> bool:
        """Return an answer that is the same everywhere, or raise Split."""
        if answers.all():
            return True
        if not answers.any():
            return False
        raise Split(axes, answers)

    def rounds(self, times: "Swept") -> tuple[int, Any, Any]:
        """Return (rounds that run everywhere, the number of one more round that stands for the rest, how many).

        Raises:
            Split: some points have no round at all, or rounds may not be one.
        """
        if times < 1 or not self.merge_rounds or times.denominator != 1:
            return self.settle(times), 0, 0
        vector = times.dense()
        least, most = int(vector.values.min()), int(vector.values.max())
        return least, self.hidden(range(least, most), vector.axes), times - least

    def spread(self, value: Any, axes: Axes) -> Array:
        """Return a whole number over these axes, one element a point.

        Raises:
            Split: the value depends on a hidden axis.
        """
        shape = [self.lengths[axis] for axis in axes]
        if not isinstance(value, Swept):
            return numpy.broadcast_to(_array([int(value)])[0], shape)
        used = sorted({axis for key in value.terms for vector in key for axis in vector.axes})
        for axis in used:
            if axis in self.stands_for:
                raise Split(self.stands_for[axis])
        values = _placed(_sum(self, value.terms, tuple(used)), axes)
        if value.denominator != 1:
            values = values // value.denominator
        return numpy.broadcast_to(values, shape)

    def _pick(self, choose: Callable[[Array, Array], Array], a: Any, b: Any) -> Any:
        a, b, denominator = _common(self, a, b)
        x, y = a.dense(), b.dense()
        axes = _union(x.axes, y.axes)
        values = choose(_placed(x, axes), _placed(y, axes))
        return _of_vector(self, Vector(axes, values, max(x.most, y.most)), denominator)

    def _check(self, left: Any, holds: Callable[[Any], Any]) -> None:
        if not isinstance(left, Swept):
            if not holds(left):
                raise Nowhere
            return
        vector = left.dense()
        good = holds(vector.values)
        if good.all():
            return
        if not good.any() and not any(axis in self.stands_for for axis in vector.axes):
            raise Nowhere  # while some points may have no round at all of those that a hidden axis stands for
        self.failed.append((vector.axes, ~good))


class Swept:
    """A number on a grid: (Σ coefficient · Π vectors) / denominator. Never a constant: that is an int or Fraction.

    A comparison answers for the whole grid, or raises Split.

    >>> width = Grid([3]).axis(0, [1, 2, 3])
    >>> (width * 3 + 1) // 2
    Swept([2 3 5])
    >>> width > 0, width == 7
    (True, False)
    """

    __slots__ = ("_dense", "denominator", "grid", "terms")

    def __init__(self, grid: Grid, terms: Terms, denominator: int) -> None:
        self.grid = grid
        self.terms = terms
        self.denominator = denominator
        self._dense: Vector | None = None

    @property
    def lone(self) -> "Vector | None":
        """The vector that the numerator is, if it is just one, as most sizes are."""
        if len(self.terms) == 1:
            ((key, coefficient),) = self.terms.items()
            if coefficient == 1 and len(key) == 1:
                return key[0]
        return None

    @property
    def arithmetic(self) -> Grid:
        """The functions that rules call instead of `max`, `%` and comparisons."""
        return self.grid

    @property
    def bound(self) -> int:
        """A number that no absolute value on the grid is above; cheap, and mostly not the least one."""
        products = (abs(held) * prod(vector.most for vector in key) for key, held in self.terms.items())
        return -(-sum(products) // self.denominator)

    def dense(self) -> Vector:
        """Return the numerators over all axes that this number depends on."""
        if self._dense is None:
            self._dense = self.lone or _dense(self.grid, self.terms)
        return self._dense

    def __repr__(self) -> str:
        vector = self.dense()
        return f"Swept({vector.values}{'' if self.denominator == 1 else f'/{self.denominator}'})"

    def __str__(self) -> str:
        values = self.dense().values
        low, high = (str(_plain(Fraction(int(value), self.denominator))) for value in (values.min(), values.max()))
        return f"{low}…{high}"

    def text(self, _notation: str = "math") -> str:
        """Return the least and the greatest value."""
        return str(self)

    def __hash__(self) -> int:
        return hash((frozenset(self.terms.items()), self.denominator))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Swept) and self.denominator == other.denominator and self.terms == other.terms:
            return True
        if not _fits(other):
            return False
        return self._answer(self - other, lambda left: left == 0)

    def __lt__(self, other: Any) -> bool:
        return self._answer(self - other, lambda left: left < 0)

    def __gt__(self, other: Any) -> bool:
        return self._answer(self - other, lambda left: left > 0)

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def __bool__(self) -> bool:
        return self != 0

    def _answer(self, left: Any, test: Callable[[Any], Any]) -> bool:
        if not isinstance(left, Swept):
            return bool(test(left))
        vector = left.dense()
        return self.grid.answer(vector.axes, test(vector.values))

    def __add__(self, other: Any) -> Any:
        mine = self.lone
        if type(other) is int and mine is not None:
            moved = _added(mine, _constant(other * self.denominator))
            return Swept(self.grid, {(moved,): 1}, self.denominator) if other else self
        if not _fits(other):
            return NotImplemented
        a, b, denominator = _common(self.grid, self, other)
        terms = dict(a.terms)
        for key, coefficient in b.terms.items():
            terms[key] = terms.get(key, 0) + coefficient
        return _number(self.grid, terms, denominator)

    def __neg__(self) -> Any:
        return self * -1

    def __sub__(self, other: Any) -> Any:
        return self + other * -1 if _fits(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return self * -1 + other if _fits(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        if type(other) is int:
            common = gcd(other, self.denominator)
            factor, denominator = other // common, self.denominator // common
            lone = self.lone
            if lone is not None and factor:
                scaled: Terms = {(_product(lone, _constant(factor)) if factor != 1 else lone,): 1}
                return Swept(self.grid, scaled, denominator)
            return _number(self.grid, {key: held * factor for key, held in self.terms.items()}, denominator)
        if not _fits(other):
            return NotImplemented
        if isinstance(other, Fraction):
            return self * other.numerator * Swept(self.grid, {(): 1}, other.denominator)
        other = _swept(self.grid, other)
        terms: Terms = {}
        for mine, coefficient in self.terms.items():
            for theirs, more in other.terms.items():
                key = _times(self.grid, mine, theirs)
                terms[key] = terms.get(key, 0) + coefficient * more
        return _number(self.grid, terms, self.denominator * other.denominator)

    def __floordiv__(self, other: Any) -> Any:
        if type(other) is int and other:
            divisor = other * self.denominator
            if all(held % divisor == 0 for held in self.terms.values()):
                return _number(self.grid, {key: held // divisor for key, held in self.terms.items()}, 1)
            vector = self.dense()
            if abs(divisor) < _FITS or vector.values.dtype == object:
                return _of_vector(self.grid, Vector(vector.axes, vector.values // divisor, vector.most + 1), 1)
        return _quotient(self.grid, self, other) if _fits(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return _quotient(self.grid, other, self) if _fits(other) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return self - self // other * other if _fits(other) else NotImplemented

    def __rmod__(self, other: Any) -> Any:
        return other - other // self * self if _fits(other) else NotImplemented

    def __abs__(self) -> Any:
        return self.grid.largest(self, -self)

    __radd__ = __add__
    __rmul__ = __mul__


def _fits(value: object) -> bool:
    return isinstance(value, (int, Fraction, Swept)) and not isinstance(value, bool)


def _plain(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


def _swept(grid: Grid, value: Any) -> Swept:
    return value if isinstance(value, Swept) else Swept(grid, {(): value.numerator}, value.denominator)


def _common(grid: Grid, a: Any, b: Any) -> tuple[Swept, Swept, int]:
    """Return two numbers over one denominator."""
    a, b = _swept(grid, a), _swept(grid, b)
    if a.denominator == b.denominator:
        return a, b, a.denominator
    denominator = lcm(a.denominator, b.denominator)
    pair = (
        Swept(grid, {key: held * (denominator // each.denominator) for key, held in each.terms.items()}, denominator)
        for each in (a, b)
    )
    return (*pair, denominator)  # type: ignore[return-value]


def _number(grid: Grid, terms: Terms, denominator: int) -> Any:
    """Return the number of these terms: a constant as such, one on a single group of axes as one vector."""
    if 0 in terms.values():
        terms = {key: held for key, held in terms.items() if held}
    if not terms or (len(terms) == 1 and () in terms):
        return _plain(Fraction(terms.get((), 0), denominator))
    groups = {vector.axes for key in terms for vector in key}
    if len(groups) == 1 and all(len(key) <= 1 for key in terms):
        return _of_vector(grid, _dense(grid, terms), denominator)
    if denominator != 1:
        common = gcd(denominator, *terms.values())
        terms, denominator = {key: held // common for key, held in terms.items()}, denominator // common
    return Swept(grid, terms, denominator)


def _of_vector(grid: Grid, vector: Vector, denominator: int) -> Any:
    values = vector.values
    first = values.flat[0]
    # what is the same everywhere is a plain number, so that it decides conditions; large ones are left as they are
    if values.size <= 4096 and values.flat[-1] == first and (values == first).all():
        return _plain(Fraction(int(first), denominator))
    if denominator != 1:
        common = gcd(denominator, int(numpy.gcd.reduce(values, axis=None)))
        if common != 1:
            vector, denominator = Vector(vector.axes, values // common), denominator // common
    return Swept(grid, {(vector,): 1}, denominator)


def _quotient(grid: Grid, a: Any, b: Any) -> Any:
    a, b, _ = _common(grid, a, b)
    x, y = a.dense(), _nonzero(grid, b.dense())
    axes = _union(x.axes, y.axes)
    return _of_vector(grid, Vector(axes, _placed(x, axes) // _placed(y, axes), x.most + 1), 1)


def _nonzero(grid: Grid, vector: Vector) -> Vector:
    """Return a divisor with 1 for 0; the points with 0 fail."""
    zero = vector.values == 0
    if not zero.any():
        return vector
    if zero.all():
        raise Nowhere
    grid.failed.append((vector.axes, zero))
    return Vector(vector.axes, numpy.where(zero, 1, vector.values))


# ── Vectors ────────────────────────────────────────────────────────────────────────────────────────────────────


def _array(values: Sequence[int]) -> Array:
    fits = all(-_FITS < value < _FITS for value in values)
    return numpy.array(values, dtype=numpy.int64 if fits else object)


def _most(values: Array) -> int:
    return max(abs(int(values.max())), abs(int(values.min())))


def _union(*groups: Axes) -> Axes:
    return tuple(sorted(set().union(*groups)))


def _placed(vector: Vector, axes: Axes) -> Array:
    """Return the values with an axis of length 1 for each of `axes` that the vector lacks."""
    return vector.values if vector.axes == axes else _along(vector.values, vector.axes, axes)


def _along(values: Array, axes: Axes, wider: Axes) -> Array:
    lengths = dict(zip(axes, values.shape, strict=True))
    return values.reshape([lengths.get(axis, 1) for axis in wider])


def _combined(work: Callable[[Array, Array], Array], a: Vector, b: Vector, most: Callable[[int, int], int]) -> Vector:
    """Return a sum or product of two vectors, in Python integers where 64 bits might not hold it."""
    axes = _union(a.axes, b.axes)
    x, y = _placed(a, axes), _placed(b, axes)
    bound = most(a.most, b.most)
    if bound >= _FITS:
        bound = most(_most(x), _most(y))
        if bound >= _FITS:
            x, y = x.astype(object), y.astype(object)
    return Vector(axes, work(x, y), bound)


def _product(a: Vector, b: Vector) -> Vector:
    return _combined(numpy.multiply, a, b, lambda x, y: x * y)


def _added(a: Vector, b: Vector) -> Vector:
    return _combined(numpy.add, a, b, lambda x, y: x + y)


def _constant(value: int) -> Vector:
    return Vector((), _array([value]).reshape(()), abs(value))


def _times(grid: Grid, mine: tuple[Vector, ...], theirs: tuple[Vector, ...]) -> tuple[Vector, ...]:
    """Return the product of two products: vectors on the same axes are multiplied, others stand side by side."""
    vectors = list(mine)
    for vector in theirs:
        meeting = [held for held in vectors if set(held.axes) & set(vector.axes)]
        for held in meeting:
            vectors.remove(held)
            _room(grid, _union(held.axes, vector.axes))
            vector = _product(held, vector)
        vectors.append(vector)
    return tuple(sorted(vectors, key=lambda held: held.axes))


def _dense(grid: Grid, terms: Terms) -> Vector:
    axes = _union(*(vector.axes for key in terms for vector in key))
    if len(axes) > 1:
        _room(grid, axes)
    return _sum(grid, terms, axes)


def _room(grid: Grid, axes: Axes) -> None:
    """Raise Split where numbers that depend on so many values would not fit into memory."""
    size = 1
    for axis in axes:
        size *= grid.lengths[axis]
    if size > _LARGEST:
        raise Split((max(axes, key=lambda axis: grid.lengths[axis]),))


def _sum(grid: Grid, terms: Terms, axes: Axes) -> Vector:
    """Return a sum of products over `axes`.

    The factor that takes the fewest forms is put outside: Σ aᵢ·b = (Σ aᵢ)·b, so that only few products are as large
    as the whole grid.
    """
    groups = {vector.axes for key in terms for vector in key}
    if len(groups) <= 1:
        total: Vector | None = None
        for key, coefficient in terms.items():
            if not key:
                term = _constant(coefficient)
            else:
                term = key[0] if coefficient == 1 else _product(key[0], _constant(coefficient))
            total = term if total is None else _added(total, term)
        return _constant(0) if total is None else total
    forms = {group: {vector for key in terms for vector in key if vector.axes == group} for group in groups}
    outside = min(groups, key=lambda group: (len(forms[group]), group))
    parts: dict[Vector | None, Terms] = {}
    for key, coefficient in terms.items():
        factor = next((vector for vector in key if vector.axes == outside), None)
        rest = tuple(vector for vector in key if vector is not factor)
        part = parts.setdefault(factor, {})
        part[rest] = part.get(rest, 0) + coefficient
    total = None
    for factor, part in parts.items():
        inside = _sum(grid, part, axes)
        term = inside if factor is None else _product(inside, factor)
        total = term if total is None else _added(total, term)
    assert total is not None
    return total
