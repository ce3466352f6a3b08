"""Activations and regularisers: what is done to each element. Most have no setting and no weight.

`cost` is the textbook arithmetic of one element; a negation and a copy are free.
"""

from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from archcalc.arithmetic import check_at_least, check_divides, exact_div, volume
from archcalc.layers.axes import Axis, find_axis
from archcalc.layers.base import Family, Layer, Weighted, channels, spatial, with_axes
from archcalc.layers.settings import Count, Flag, Real, Symbol
from archcalc.quantities import Ops, Shape, Weight, Window, pointwise


def _probability(value: Any) -> Any:
    message = f"{value} is no probability; a number from 0 to 1 would fit"
    if hasattr(value, "arithmetic"):
        check_at_least(value, 0, message)
        check_at_least(1, value, message)
    elif not 0 <= value <= 1:
        raise ValueError(message)
    return value


Probability = Annotated[Real, AfterValidator(_probability)]


class Elementwise(Layer):
    """What layers that treat each element by itself share: the arithmetic of one element."""

    family: ClassVar[Family] = "activation"
    cost: ClassVar[Ops]

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return `cost` once per element."""
        n = volume(x)
        return Ops(**{kind: n if times == 1 else times * n for kind, times in self.cost.nonzero().items()})


# ── Piecewise linear ──


class Relu(Elementwise):
    """max(0, x): one comparison.

    >>> Relu().ops((64, 7, 7), (64, 7, 7)).cmp
    3136
    """

    op: ClassVar[str] = "relu"
    cost: ClassVar[Ops] = Ops(cmp=1)


class Relu6(Elementwise):
    """min(max(0, x), 6): two comparisons.

    >>> Relu6().ops((64, 7, 7), (64, 7, 7)).cmp
    6272
    """

    op: ClassVar[str] = "relu6"
    cost: ClassVar[Ops] = Ops(cmp=2)


class Leaky(Elementwise):
    """x for x ≥ 0, else slope·x: a comparison and a product.

    >>> Leaky(slope=0.1).slope
    Fraction(1, 10)
    """

    op: ClassVar[str] = "leaky"
    positional: ClassVar[tuple[str, ...]] = ("slope",)
    cost: ClassVar[Ops] = Ops(cmp=1, mul=1)

    slope: Real = Fraction(1, 100)


class PRelu(Elementwise, Weighted):
    """A leaky unit with learned slopes, one per channel or one `shared` by all: a comparison and a product.

    >>> [w.shape for w in PRelu().weights((64, 112, 96))]
    [(64,)]
    """

    op: ClassVar[str] = "prelu"
    cost: ClassVar[Ops] = Ops(cmp=1, mul=1)

    shared: Flag = False

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the slopes."""
        return (self.parameter("weight", 1 if self.shared else channels(x)),)


class HardSigmoid(Elementwise):
    """min(max(0, x + 3), 6)/6: an addition, two comparisons, a division.

    >>> HardSigmoid().ops((16,), (16,)).nonzero()
    {'add': 16, 'div': 16, 'cmp': 32}
    """

    op: ClassVar[str] = "hsigmoid"
    cost: ClassVar[Ops] = Ops(add=1, cmp=2, div=1)


class HardSwish(Elementwise):
    """x·min(max(0, x + 3), 6)/6: a hard sigmoid and a product.

    >>> HardSwish().ops((16,), (16,)).nonzero()
    {'add': 16, 'mul': 16, 'div': 16, 'cmp': 32}
    """

    op: ClassVar[str] = "hswish"
    cost: ClassVar[Ops] = Ops(add=1, cmp=2, div=1, mul=1)


class Sign(Elementwise):
    """The sign, as a hash bit: one comparison.

    >>> Sign().ops((48,), (48,)).cmp
    48
    """

    op: ClassVar[str] = "sign"
    cost: ClassVar[Ops] = Ops(cmp=1)


class Threshold(Elementwise):
    """Whether x exceeds a value: one comparison.

    >>> Threshold(value=0.5).ops((48,), (48,)).cmp
    48
    """

    op: ClassVar[str] = "threshold"
    positional: ClassVar[tuple[str, ...]] = ("value",)
    cost: ClassVar[Ops] = Ops(cmp=1)

    value: Real = 0


# ── Smooth: an exponential, a logarithm and the error function are one `exp` each ──


class Sigmoid(Elementwise):
    """1/(1 + e⁻ˣ): an exponential, an addition, a division.

    >>> Sigmoid().ops((10,), (10,)).nonzero()
    {'add': 10, 'div': 10, 'exp': 10}
    """

    op: ClassVar[str] = "sigmoid"
    cost: ClassVar[Ops] = Ops(exp=1, add=1, div=1)


class Tanh(Elementwise):
    """(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ): two exponentials, two additions, a division.

    >>> Tanh().ops((10,), (10,)).nonzero()
    {'add': 20, 'div': 10, 'exp': 20}
    """

    op: ClassVar[str] = "tanh"
    cost: ClassVar[Ops] = Ops(exp=2, add=2, div=1)


class Softplus(Elementwise):
    """ln(1 + eˣ): an exponential, an addition, a logarithm.

    >>> Softplus().ops((10,), (10,)).nonzero()
    {'add': 10, 'exp': 20}
    """

    op: ClassVar[str] = "softplus"
    cost: ClassVar[Ops] = Ops(exp=2, add=1)


class Elu(Elementwise):
    """x for x > 0, else eˣ − 1: a comparison, an exponential, a subtraction.

    >>> Elu().ops((10,), (10,)).nonzero()
    {'add': 10, 'cmp': 10, 'exp': 10}
    """

    op: ClassVar[str] = "elu"
    cost: ClassVar[Ops] = Ops(cmp=1, exp=1, add=1)


class Selu(Elementwise):
    """λ·x for x > 0, else λ·α·(eˣ − 1): an ELU and two products.

    >>> Selu().ops((10,), (10,)).nonzero()
    {'add': 10, 'mul': 20, 'cmp': 10, 'exp': 10}
    """

    op: ClassVar[str] = "selu"
    cost: ClassVar[Ops] = Ops(cmp=1, exp=1, add=1, mul=2)


class Gelu(Elementwise):
    """x/2·(1 + erf(x/√2)): two divisions, the error function, an addition, a product.

    >>> Gelu().ops((10,), (10,)).nonzero()
    {'add': 10, 'mul': 10, 'div': 20, 'exp': 10}
    """

    op: ClassVar[str] = "gelu"
    cost: ClassVar[Ops] = Ops(div=2, exp=1, add=1, mul=1)


class Silu(Elementwise):
    """x·sigmoid(x), also called swish: a sigmoid and a product.

    >>> Silu().ops((10,), (10,)).nonzero()
    {'add': 10, 'mul': 10, 'div': 10, 'exp': 10}
    """

    op: ClassVar[str] = "silu"
    aliases: ClassVar[tuple[str, ...]] = ("swish",)
    cost: ClassVar[Ops] = Ops(exp=1, add=1, div=1, mul=1)


class Mish(Elementwise):
    """x·tanh(softplus(x)): a softplus, a tanh and a product.

    >>> Mish().ops((10,), (10,)).nonzero()
    {'add': 30, 'mul': 10, 'div': 10, 'exp': 40}
    """

    op: ClassVar[str] = "mish"
    cost: ClassVar[Ops] = Ops(exp=4, add=3, div=1, mul=1)


# ── Over an axis ──


class AlongAxis(Layer):
    """What the softmaxes share: each of R rows along an axis is treated by itself."""

    family: ClassVar[Family] = "activation"

    axis: Axis = "channel"

    def output_shape(self, x: Shape) -> Shape:
        """Return the shape of x, which must have the axis."""
        find_axis(self.axis, x)
        return x

    def rows(self, x: Shape) -> Any:
        """Return R, the product of the other sizes."""
        at = find_axis(self.axis, x)
        return volume((*x[:at], *x[at + 1 :]))

    def window(self, x: Shape) -> Window | None:
        """Return single positions along the channels; None along a spatial axis, which is seen whole."""
        along_channels = find_axis(self.axis, x) == find_axis("channel", x)
        return pointwise(len(spatial(x))) if along_channels else None


class Softmax(AlongAxis):
    """eˣ/Σeˣ along an axis: E exponentials, E − R additions, E divisions for E elements in R rows.

    >>> Softmax().ops((1000,), (1000,)).nonzero()
    {'add': 999, 'div': 1000, 'exp': 1000}
    """

    op: ClassVar[str] = "softmax"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return E exponentials, E − R additions and E divisions."""
        n = volume(x)
        return Ops(exp=n, add=n - self.rows(x), div=n)


class LogSoftmax(AlongAxis):
    """x − ln Σeˣ along an axis: E exponentials, R logarithms, E − R additions, E subtractions.

    >>> LogSoftmax().ops((1000,), (1000,)).nonzero()
    {'add': 1999, 'exp': 1001}
    """

    op: ClassVar[str] = "logsoftmax"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return E + R exponentials and logarithms, 2·E − R additions."""
        n, rows = volume(x), self.rows(x)
        return Ops(exp=n + rows, add=2 * n - rows)


class Maxout(Layer):
    """The largest of `pieces` channels each: C/pieces channels, pieces − 1 comparisons per output.

    >>> Maxout(pieces=2).output_shape((128, 55, 55))
    (64, 55, 55)
    """

    op: ClassVar[str] = "maxout"
    family: ClassVar[Family] = "activation"
    positional: ClassVar[tuple[str, ...]] = ("pieces",)

    pieces: Annotated[Count, Symbol("k")]

    def output_shape(self, x: Shape) -> Shape:
        """Return C/pieces channels."""
        c = channels(x)
        check_divides(self.pieces, c, lambda: f"{self.pieces} pieces do not divide the {c} channels")
        return with_axes(x, exact_div(c, self.pieces), spatial(x))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return pieces − 1 comparisons per output."""
        return Ops(cmp=(self.pieces - 1) * volume(y))


# ── Regularisers, and a constant factor ──


class Dropout(Elementwise):
    """Sets elements to zero with probability p in training; nothing at inference.

    >>> Dropout().ops((4096,), (4096,)).nonzero()
    {}
    """

    op: ClassVar[str] = "dropout"
    positional: ClassVar[tuple[str, ...]] = ("p",)
    cost: ClassVar[Ops] = Ops()

    p: Probability = Fraction(1, 2)


class DropPath(Elementwise):
    """Drops the whole branch with probability p in training (stochastic depth); nothing at inference.

    >>> DropPath(p=0.2).ops((64, 56, 56), (64, 56, 56)).nonzero()
    {}
    """

    op: ClassVar[str] = "droppath"
    positional: ClassVar[tuple[str, ...]] = ("p",)
    cost: ClassVar[Ops] = Ops()

    p: Probability = Fraction(1, 2)


class Scale(Elementwise):
    """Multiplication by a constant (Inception-ResNet: x + 0.17·f(x)): one product.

    >>> Scale(value=0.17).ops((320, 35, 35), (320, 35, 35)).mul
    392000
    """

    op: ClassVar[str] = "scale"
    positional: ClassVar[tuple[str, ...]] = ("value",)
    cost: ClassVar[Ops] = Ops(mul=1)

    value: Real
