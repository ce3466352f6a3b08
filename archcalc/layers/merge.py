"""Merges: several inputs of one rank, one output, no weights (language reference, section 10.3).

Operations count an n-ary merge as n − 1 pairwise ones on every output element.
"""

from collections.abc import Sequence
from typing import ClassVar

from archcalc.arithmetic import Number, check_equal, equals, total, volume
from archcalc.errors import ShapeError
from archcalc.layers.axes import Axis, find_axis
from archcalc.layers.base import Merge, show
from archcalc.quantities import Ops, Shape, Window


class Concat(Merge):
    """The inputs one after the other along an axis.

    >>> Concat().output_shape([(64, 28, 28), (128, 28, 28), (32, 28, 28)])
    (224, 28, 28)
    """

    op: ClassVar[str] = "concat"

    axis: Axis = "channel"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the sum along the axis; the other axes are equal."""
        x = _one_rank(xs)
        at = find_axis(self.axis, x)
        for other in xs[1:]:
            for j, (a, b) in enumerate(zip(x, other, strict=True)):
                if j != at:
                    check_equal(a, b, lambda: f"the branches differ outside the joined axis: {_listed(xs)}", "E072")
        return (*x[:at], total(each[at] for each in xs), *x[at + 1 :])


class Add(Merge):
    """The sum: n − 1 additions per element.

    >>> Add().output_shape([(256, 56, 56), (256, 56, 56)])
    (256, 56, 56)
    """

    op: ClassVar[str] = "add"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the one shape that all inputs have."""
        return _one_shape(xs)

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return n − 1 additions per element."""
        return Ops(add=(len(xs) - 1) * volume(y))


class Sub(Merge):
    """The first input minus the second: one subtraction per element.

    >>> Sub().output_shape([(128,), (128,)])
    (128,)
    """

    op: ClassVar[str] = "sub"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the one shape that both inputs have."""
        _two(xs)
        return _one_shape(xs)

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return one subtraction per element."""
        return Ops(add=volume(y))


class AbsDiff(Merge):
    """|a − b|: one subtraction and one comparison (for the sign) per element.

    >>> AbsDiff().output_shape([(4096,), (4096,)])
    (4096,)
    """

    op: ClassVar[str] = "absdiff"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the one shape that both inputs have."""
        _two(xs)
        return _one_shape(xs)

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return one subtraction and one comparison per element."""
        return Ops(add=volume(y), cmp=volume(y))


class Mul(Merge):
    """The product: n − 1 multiplications per element; an axis of size 1 stretches to the others' size.

    >>> Mul().output_shape([(64, 56, 56), (64, 1, 1)])
    (64, 56, 56)
    """

    op: ClassVar[str] = "mul"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the larger size on every axis; sizes are equal or 1."""
        y = _one_rank(xs)
        for x in xs[1:]:
            y = tuple(_stretched(a, b, xs) for a, b in zip(y, x, strict=True))
        return y

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return n − 1 multiplications per element."""
        return Ops(mul=(len(xs) - 1) * volume(y))


class Maximum(Merge):
    """The largest at each place: n − 1 comparisons per element.

    >>> Maximum().output_shape([(20, 64), (20, 64)])
    (20, 64)
    """

    op: ClassVar[str] = "maximum"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the one shape that all inputs have."""
        return _one_shape(xs)

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return n − 1 comparisons per element."""
        return Ops(cmp=(len(xs) - 1) * volume(y))


class Average(Merge):
    """The mean of the inputs: n − 1 additions and one division per element.

    >>> Average().output_shape([(10,), (10,), (10,)])
    (10,)
    """

    op: ClassVar[str] = "average"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the one shape that all inputs have."""
        return _one_shape(xs)

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return n − 1 additions and one division per element."""
        return Ops(add=(len(xs) - 1) * volume(y), div=volume(y))


class Stack(Merge):
    """n inputs of one shape on a new first axis.

    >>> Stack().output_shape([(512,), (512,), (512,)])
    (3, 512)
    """

    op: ClassVar[str] = "stack"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return n×shape."""
        return (len(xs), *_one_shape(xs))


class Dot(Merge):
    """The scalar product of two vectors: n multiply-adds.

    >>> Dot().output_shape([(128,), (128,)])
    (1,)
    """

    op: ClassVar[str] = "dot"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return 1."""
        _two(xs)
        x = _one_rank(xs)
        if len(x) != 1:
            raise ShapeError(f"the inputs are two vectors, not {_listed(xs)}; bmm multiplies matrices")
        _one_shape(xs)
        return (1,)

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return n multiply-adds."""
        return Ops(mac=xs[0][0])


class Bmm(Merge):
    """The product of two matrices a×b and b×c: a·b·c multiply-adds.

    >>> Bmm().output_shape([(49, 64), (64, 49)])
    (49, 49)
    """

    op: ClassVar[str] = "bmm"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return a×c; the inner sizes are equal."""
        _two(xs)
        if len(_one_rank(xs)) != 2:
            raise ShapeError(f"the inputs are two matrices, not {_listed(xs)}; reshape makes one of a map")
        (a, inner), (b, c) = xs
        check_equal(inner, b, lambda: f"the inner sizes differ: {_listed(xs)}; transpose may help", "E074")
        return (a, c)

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return a·b·c multiply-adds."""
        (a, b), (_, c) = xs
        return Ops(mac=a * b * c)

    def window(self, xs: Sequence[Shape]) -> Window | None:
        """Return None: one output sees a whole row and a whole column."""
        return None


def _one_rank(xs: Sequence[Shape]) -> Shape:
    if any(len(x) != len(xs[0]) for x in xs):
        raise ShapeError(f"the branches have different ranks: {_listed(xs)}", "E071")
    return xs[0]


def _one_shape(xs: Sequence[Shape]) -> Shape:
    x = _one_rank(xs)
    for other in xs[1:]:
        for a, b in zip(x, other, strict=True):
            check_equal(a, b, lambda: f"the branches have different shapes: {_listed(xs)}", "E073")
    return x


def _two(xs: Sequence[Shape]) -> None:
    if len(xs) != 2:
        raise ShapeError(f"takes two inputs, not {len(xs)}")


def _stretched(a: Number, b: Number, xs: Sequence[Shape]) -> Number:
    if equals(a, 1):
        return b
    if not equals(b, 1):
        check_equal(a, b, lambda: f"the branches have different shapes: {_listed(xs)}", "E073")
    return a


def _listed(xs: Sequence[Shape]) -> str:
    return ", ".join(show(x) for x in xs)
