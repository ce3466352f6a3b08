"""Normalisation, and the scale and shift that go with it. Shapes do not change; no multiply-adds.

With E elements, scale and shift take E products and E additions. Statistics of the sample itself, over g sets
that share a mean and a variance: E − g additions and g divisions for the means; E subtractions; E squares;
E − g additions and g divisions for the variances; g additions of ε and g roots; E divisions by a deviation.
"""

from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import PlainValidator

from archcalc.arithmetic import Number, check_divides, total, volume
from archcalc.layers.base import Family, Layer, Weighted, channels, need_axes, spatial
from archcalc.layers.settings import Count, Flag, Real, Symbol, choice_schema, word
from archcalc.quantities import Ops, Shape, Weight, Window, pointwise

Over = Annotated[str, PlainValidator(word("channel", "all")), choice_schema("channel", "all")]


class Norm(Weighted):
    """A normalisation with a learned scale and shift; `affine` sets both."""

    family: ClassVar[Family] = "norm"
    shorthand: ClassVar[dict[str, tuple[str, ...]]] = {"affine": ("scale", "shift")}


def scale_and_shift(layer: Weighted, scale: bool, shift: bool, shape: Shape) -> tuple[Weight, ...]:
    """Return the weight and the bias, those that are wanted."""
    wanted = (("weight", scale), ("bias", shift))
    return tuple(layer.parameter(name, *shape) for name, given in wanted if given)


def sample_ops(elements: Number, sets: Number, scale: bool, shift: bool) -> Ops:
    """Return the operations of a normalisation by the sample's own statistics, over `sets` sets."""
    return Ops(
        add=(4 if shift else 3) * elements - sets,
        mul=2 * elements if scale else elements,
        div=elements + 2 * sets,
        exp=sets,
    )


class BatchNorm(Norm):
    """Batch normalisation at inference: (x − mean)/deviation·scale + shift, each with C numbers.

    Per element a subtraction and a division by the running deviation, a product if there is a scale, an
    addition if there is a shift. With `stats=no` there are no running statistics: scale and shift have
    absorbed them (SegNet's Caffe layer) and nothing else is counted. `frozen` freezes scale and shift.

    >>> [(w.name, w.shape, w.kind) for w in BatchNorm(scale=False).weights((32, 149, 149))]
    [('bias', (32,), 'trainable'), ('running_mean', (32,), 'buffer'), ('running_var', (32,), 'buffer')]
    """

    op: ClassVar[str] = "bn"

    scale: Flag = True
    shift: Flag = True
    stats: Flag = True

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return scale and shift (C each), then the running mean and variance."""
        c = channels(x)
        learned = scale_and_shift(self, self.scale, self.shift, (c,))
        running = (Weight("running_mean", (c,), "buffer"), Weight("running_var", (c,), "buffer"))
        return (*learned, *running) if self.stats else learned

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return at most two additions, a product and a division per element."""
        n = volume(x)
        additions = total([n] * (self.stats + self.shift))
        return Ops(add=additions, mul=n if self.scale else 0, div=n if self.stats else 0)


class GroupNorm(Norm):
    """Group normalisation: statistics of each group of C/groups channels over all positions.

    >>> [w.shape for w in GroupNorm(groups=32).weights((256, 56, 56))]
    [(256,), (256,)]
    """

    op: ClassVar[str] = "gn"
    family: ClassVar[Family] = "norm"
    positional: ClassVar[tuple[str, ...]] = ("groups",)

    groups: Annotated[Count, Symbol("g")]
    scale: Flag = True
    shift: Flag = True

    def output_shape(self, x: Shape) -> Shape:
        """Return the shape of x; groups must divide C."""
        c = channels(x)
        check_divides(self.groups, c, lambda: f"groups={self.groups} does not divide the {c} channels")
        return x

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return scale and shift, C each."""
        return scale_and_shift(self, self.scale, self.shift, (channels(x),))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the operations of the statistics of `groups` sets, and of scale and shift."""
        return sample_ops(volume(x), self.groups, self.scale, self.shift)

    def window(self, x: Shape) -> Window | None:
        """Return None: the statistics see all positions."""
        return None


class InstanceNorm(Norm):
    """Instance normalisation: statistics of each channel over all positions.

    >>> [w.shape for w in InstanceNorm(shift=False).weights((64, 256, 256))]
    [(64,)]
    """

    op: ClassVar[str] = "in"
    aliases: ClassVar[tuple[str, ...]] = ("instnorm",)

    scale: Flag = True
    shift: Flag = True

    def output_shape(self, x: Shape) -> Shape:
        """Return the shape of x, which must have positions to take statistics of."""
        need_axes(x, self.op)
        return x

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return scale and shift, C each."""
        return scale_and_shift(self, self.scale, self.shift, (channels(x),))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the operations of the statistics of C sets, and of scale and shift."""
        return sample_ops(volume(x), channels(x), self.scale, self.shift)

    def window(self, x: Shape) -> Window | None:
        """Return None: the statistics see all positions."""
        return None


class LayerNorm(Norm):
    """Layer normalisation: statistics of the channels at each position, or of the whole sample (`over=all`).

    >>> [w.shape for w in LayerNorm().weights((197, 768))]
    [(768,), (768,)]
    >>> [w.shape for w in LayerNorm(over="all").weights((64, 32, 32))]
    [(64, 32, 32), (64, 32, 32)]
    """

    op: ClassVar[str] = "ln"

    scale: Flag = True
    shift: Flag = True
    over: Over = "channel"

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return scale and shift: C each, or one for every element of the sample."""
        shape = x if self.over == "all" else (channels(x),)
        return scale_and_shift(self, self.scale, self.shift, shape)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the operations of one set for each position, or one in all, and of scale and shift."""
        sets = 1 if self.over == "all" else volume(spatial(x))
        return sample_ops(volume(x), sets, self.scale, self.shift)

    def window(self, x: Shape) -> Window | None:
        """Return single positions; None if the statistics see everything."""
        return None if self.over == "all" else pointwise(len(spatial(x)))


class LocalResponseNorm(Layer):
    """Local response normalisation (AlexNet): x/(k + alpha/size·Σx²)^beta, summed over `size` channels.

    With `across=no` the sum runs over a window of `size` positions an axis, within the channel. Per element,
    for n summands (at the border too): a square, n additions, a product with alpha/size, a power, a division.

    >>> LocalResponseNorm().output_shape((96, 55, 55))
    (96, 55, 55)
    """

    op: ClassVar[str] = "lrn"
    family: ClassVar[Family] = "norm"
    positional: ClassVar[tuple[str, ...]] = ("size",)

    size: Annotated[Count, Symbol("n")] = 5
    alpha: Real = Fraction(1, 10_000)
    beta: Real = Fraction(3, 4)
    k: Real = 1
    across: Flag = True

    def output_shape(self, x: Shape) -> Shape:
        """Return the shape of x; within a channel there must be positions to sum over."""
        if not self.across:
            need_axes(x, "lrn across=no")
        return x

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return n additions, two products, a power and a division per element."""
        n = volume(x)
        summands = self.size if self.across else volume((self.size,) * len(spatial(x)))
        return Ops(add=summands * n, mul=2 * n, div=n, exp=n)

    def window(self, x: Shape) -> Window | None:
        """Return single positions; with `across=no` a window of `size` around each."""
        axes = len(spatial(x))
        if self.across:
            return pointwise(axes)
        one = (1,) * axes
        return Window((self.size,) * axes, one, one, ((self.size - 1) // 2,) * axes, (self.size // 2,) * axes)


class L2Norm(Weighted):
    """Division by the Euclidean norm over the channels at each position; with a scale, C learned factors.

    `scale` is their initial value (20 in SSD). Per position C squares, C − 1 additions, a root, C divisions,
    and C products if there is a scale.

    >>> [w.shape for w in L2Norm(scale=20).weights((512, 38, 38))]
    [(512,)]
    """

    op: ClassVar[str] = "l2norm"
    family: ClassVar[Family] = "norm"
    positional: ClassVar[tuple[str, ...]] = ("scale",)

    scale: Real | None = None

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the factors (C) if there is a scale."""
        return () if self.scale is None else (self.parameter("weight", channels(x)),)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return squares, sums, roots and divisions, and the products with the scale."""
        n, positions = volume(x), volume(spatial(x))
        return Ops(add=n - positions, mul=n if self.scale is None else 2 * n, div=n, exp=positions)


class Affine(Weighted):
    """A learned scale and shift per channel: a product and an addition per element.

    Caffe's Scale layer, LeNet-5's trainable pooling, and (`shift=no`) a layer scale.

    >>> [w.shape for w in Affine(shift=False).weights((6, 14, 14))]
    [(6,)]
    """

    op: ClassVar[str] = "affine"
    family: ClassVar[Family] = "norm"

    scale: Flag = True
    shift: Flag = True

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return scale and shift, C each."""
        return scale_and_shift(self, self.scale, self.shift, (channels(x),))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return a product and an addition per element."""
        n = volume(x)
        return Ops(add=n if self.shift else 0, mul=n if self.scale else 0)
