"""Pooling: sliding, global, adaptive, and the spatial pyramid. No weights, no multiply-adds.

Reducing a window of n positions takes n − 1 comparisons (max), or n − 1 additions and a division (average).
"""

from typing import Annotated, ClassVar

from pydantic import PlainValidator

from archcalc.arithmetic import Number, ceil_div, total, volume
from archcalc.layers.base import (
    Family,
    Layer,
    Sliding,
    channels,
    check_rank,
    need_axes,
    per_axis,
    spatial,
    with_axes,
)
from archcalc.layers.settings import (
    Count,
    Dilation,
    Flag,
    Kernel,
    Padding,
    Size,
    Sizes,
    Stride,
    Symbol,
    choice_schema,
    word,
)
from archcalc.quantities import Ops, Shape, Window

PyramidMode = Annotated[str, PlainValidator(word("max", "avg")), choice_schema("max", "avg")]


def max_ops(taps: Number, outputs: Number) -> Ops:
    """Return taps − 1 comparisons per output."""
    return Ops(cmp=(taps - 1) * outputs)


def avg_ops(taps: Number, outputs: Number) -> Ops:
    """Return taps − 1 additions and one division per output."""
    return Ops(add=(taps - 1) * outputs, div=outputs)


# ── A window that slides ──


class MaxPool(Sliding, Layer):
    """Max pooling; the stride is the kernel's size unless given. Πk − 1 comparisons per output.

    >>> MaxPool(kernel=3, stride=2).output_shape((96, 55, 55))
    (96, 27, 27)
    """

    op: ClassVar[str] = "maxpool"
    family: ClassVar[Family] = "pool"
    positional: ClassVar[tuple[str, ...]] = ("kernel",)

    kernel: Kernel
    stride: Stride | None = None
    pad: Padding = 0
    dilation: Dilation = 1
    ceil: Flag = False

    def output_shape(self, x: Shape) -> Shape:
        """Return C×win."""
        return with_axes(x, channels(x), self.output_axes(x))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return Πk − 1 comparisons per output."""
        return max_ops(self.taps(x), volume(y))


class AvgPool(Sliding, Layer):
    """Average pooling; the stride is the kernel's size unless given. Πk − 1 additions, a division per output.

    `countpad` says whether padding counts in the divisor; it changes no count, since windows over the border
    are counted as full ones.

    >>> AvgPool(kernel=2).output_shape((6, 28, 28))
    (6, 14, 14)
    """

    op: ClassVar[str] = "avgpool"
    family: ClassVar[Family] = "pool"
    positional: ClassVar[tuple[str, ...]] = ("kernel",)

    kernel: Kernel
    stride: Stride | None = None
    pad: Padding = 0
    ceil: Flag = False
    countpad: Flag = True

    def output_shape(self, x: Shape) -> Shape:
        """Return C×win."""
        return with_axes(x, channels(x), self.output_axes(x))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return Πk − 1 additions and one division per output."""
        return avg_ops(self.taps(x), volume(y))


class LpPool(Sliding, Layer):
    """Power-average pooling (Σ xᵖ)^(1/p); the stride is the kernel's size unless given.

    Per output: p − 1 products for each of Πk powers, Πk − 1 additions, one root.

    >>> LpPool(kernel=2).output_shape((6, 28, 28))
    (6, 14, 14)
    """

    op: ClassVar[str] = "lppool"
    family: ClassVar[Family] = "pool"
    positional: ClassVar[tuple[str, ...]] = ("kernel",)

    kernel: Kernel
    p: Count = 2
    stride: Stride | None = None
    pad: Padding = 0
    ceil: Flag = False

    def output_shape(self, x: Shape) -> Shape:
        """Return C×win."""
        return with_axes(x, channels(x), self.output_axes(x))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the powers, their sum and one root per output."""
        taps, outputs = self.taps(x), volume(y)
        return Ops(mul=(self.p - 1) * taps * outputs, add=(taps - 1) * outputs, exp=outputs)


# ── The whole map ──


class GlobalPool(Layer):
    """What the global pools share: one number per channel, from all positions."""

    family: ClassVar[Family] = "pool"

    keep: Flag = False

    def output_shape(self, x: Shape) -> Shape:
        """Return C; with `keep` every spatial axis stays, with size 1."""
        axes = len(need_axes(x, self.op))
        return with_axes(x, channels(x), (1,) * axes) if self.keep else (channels(x),)

    def window(self, x: Shape) -> Window | None:
        """Return None: one output sees everything."""
        return None


class GlobalAvgPool(GlobalPool):
    """Global average pooling: n − 1 additions and one division per channel, n positions.

    >>> GlobalAvgPool().output_shape((2048, 7, 7))
    (2048,)
    >>> GlobalAvgPool(keep=True).output_shape((2048, 7, 7))
    (2048, 1, 1)
    """

    op: ClassVar[str] = "gap"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return n − 1 additions and one division per channel."""
        return avg_ops(volume(spatial(x)), channels(x))


class GlobalMaxPool(GlobalPool):
    """Global max pooling: n − 1 comparisons per channel, n positions.

    >>> GlobalMaxPool().output_shape((64, 100, 80))
    (64,)
    """

    op: ClassVar[str] = "gmp"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return n − 1 comparisons per channel."""
        return max_ops(volume(spatial(x)), channels(x))


# ── A grid of windows that covers the map ──


class AdaptivePool(Layer):
    """What the adaptive pools share: as many windows as asked for, spread evenly over each axis.

    Output i of o reads the positions ⌊i·n/o⌋ … ⌈(i+1)·n/o⌉ − 1. Windows are counted with k = ⌈n/o⌉ positions
    side by side, which is exact where o divides n; else some windows overlap and some are one longer.
    """

    family: ClassVar[Family] = "pool"
    positional: ClassVar[tuple[str, ...]] = ("size",)

    size: Annotated[Size, Symbol("o")]

    def output_shape(self, x: Shape) -> Shape:
        """Return C×size."""
        return with_axes(x, channels(x), per_axis(self.size, len(need_axes(x, self.op)), "size"))

    def kernel(self, x: Shape) -> Shape:
        """Return ⌈n/o⌉ on every spatial axis."""
        sizes = spatial(x)
        outputs = per_axis(self.size, len(sizes), "size")
        return tuple(ceil_div(n, o) for n, o in zip(sizes, outputs, strict=True))

    def window(self, x: Shape) -> Window | None:
        """Return windows of ⌈n/o⌉ side by side."""
        kernel = self.kernel(x)
        one, zero = (1,) * len(kernel), (0,) * len(kernel)
        return Window(kernel, kernel, one, zero, zero)


class AdaptiveAvgPool(AdaptivePool):
    """Adaptive average pooling: k − 1 additions and one division per output, k = Π⌈n/o⌉.

    >>> AdaptiveAvgPool(size=7).output_shape((512, 14, 14))
    (512, 7, 7)
    """

    op: ClassVar[str] = "aavgpool"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return k − 1 additions and one division per output."""
        return avg_ops(volume(self.kernel(x)), volume(y))


class AdaptiveMaxPool(AdaptivePool):
    """Adaptive max pooling: k − 1 comparisons per output, k = Π⌈n/o⌉.

    >>> AdaptiveMaxPool(size=(5, 7)).output_shape((64, 8, 9))
    (64, 5, 7)
    """

    op: ClassVar[str] = "amaxpool"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return k − 1 comparisons per output."""
        return max_ops(volume(self.kernel(x)), volume(y))


class SpatialPyramid(Layer):
    """Spatial pyramid pooling (SPP-Net): grids of b×b windows over a map, flattened and joined.

    Counted as the adaptive pools of its levels: windows of ⌈H/b⌉×⌈W/b⌉.

    >>> SpatialPyramid(bin=(4, 2, 1)).output_shape((256, 13, 13))
    (5376,)
    """

    op: ClassVar[str] = "spp"
    family: ClassVar[Family] = "pool"
    positional: ClassVar[tuple[str, ...]] = ("bin",)
    variadic: ClassVar[bool] = True

    bin: Annotated[Sizes, Symbol("b")]
    mode: PyramidMode = "max"

    def output_shape(self, x: Shape) -> Shape:
        """Return a vector of C·Σb²."""
        check_rank(x, (3,), self.op, "a map")
        return (channels(x) * total(b * b for b in self.bin),)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the comparisons, or the additions and divisions, of all levels."""
        reduced = total((ceil_div(x[1], b) * ceil_div(x[2], b) - 1) * (channels(x) * b * b) for b in self.bin)
        return Ops(cmp=reduced) if self.mode == "max" else Ops(add=reduced, div=volume(y))

    def window(self, x: Shape) -> Window | None:
        """Return None: the output has no axes left."""
        return None
