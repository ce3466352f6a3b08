"""Convolutions: ordinary, depthwise, transposed, locally connected. One type for 1, 2 and 3 axes."""

from typing import Annotated, Any, ClassVar

from pydantic import PlainValidator, WithJsonSchema

from archcalc.arithmetic import (
    Number,
    ceil_div,
    check_at_least,
    check_divides,
    check_equal,
    exact_div,
    largest,
    transposed_size,
    volume,
)
from archcalc.errors import ShapeError
from archcalc.layers.base import (
    Family,
    Sliding,
    Weighted,
    blame,
    channels,
    need_axes,
    pads,
    per_axis,
    spatial,
    with_axes,
)
from archcalc.layers.settings import Amount, Count, Dilation, Flag, Kernel, Padding, Size, Stride, Symbol, several
from archcalc.quantities import Ops, Shape, Weight, Window

Groups = Annotated[Count, Symbol("g")]
Table = Annotated[Shape, PlainValidator(several(1)), WithJsonSchema({"type": ["array", "string"]})]


class Conv(Sliding, Weighted):
    """Convolution (cross-correlation) on 1 to 3 axes.

    W = out·(C/groups)·Πk weights, `out` biases; one multiply-add per weight and output position.

    >>> Conv(out=8, kernel=5).output_shape((3, 32, 32))
    (8, 28, 28)
    """

    op: ClassVar[str] = "conv"
    family: ClassVar[Family] = "conv"
    positional: ClassVar[tuple[str, ...]] = ("out", "kernel")

    out: Annotated[Count, Symbol("c_out")]
    kernel: Kernel
    stride: Stride = 1
    pad: Padding = 0
    dilation: Dilation = 1
    groups: Groups = 1
    bias: Flag = True
    ceil: Flag = False
    spectral: Flag = False
    table: Table | None = None

    def output_shape(self, x: Shape) -> Shape:
        """Return out×win."""
        axes = self.output_axes(x)
        c = channels(x)
        if self.table is not None:
            self._check_table(c)
        _check_groups(self.groups, c, self.out)
        return with_axes(x, self.out, axes)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the kernel (out, C/groups, k…) and the bias; with a table, one kernel slice per connection."""
        kernel = self.geometry(x).kernel
        if self.table is not None:
            weight = self.parameter("weight", sum(self.table), *kernel)
        else:
            weight = self.parameter("weight", self.out, exact_div(channels(x), self.groups), *kernel)
        return (weight, self.parameter("bias", self.out)) if self.bias else (weight,)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return W·P multiply-adds and one bias addition per output."""
        positions = volume(spatial(y))
        return Ops(mac=self.weights(x)[0].size * positions, bias=volume(y) if self.bias else 0)

    def _check_table(self, c: Any) -> None:
        table = self.table or ()
        if self.groups != 1:
            raise ShapeError(f"a connection table needs groups=1, not {self.groups}", setting="table")
        count = len(table)
        check_equal(count, self.out, lambda: f"the table has {count} numbers, but there are {self.out} outputs")
        most = max(table)
        check_at_least(c, most, lambda: f"the table reads {most} channels, but the input has {c}")


class DepthwiseConv(Sliding, Weighted):
    """Depthwise convolution: each channel has `mult` kernels of its own.

    >>> DepthwiseConv(kernel=3, pad=1).output_shape((32, 112, 112))
    (32, 112, 112)
    """

    op: ClassVar[str] = "dwconv"
    family: ClassVar[Family] = "conv"
    positional: ClassVar[tuple[str, ...]] = ("kernel",)

    kernel: Kernel
    mult: Annotated[Count, Symbol("m")] = 1
    stride: Stride = 1
    pad: Padding = 0
    dilation: Dilation = 1
    bias: Flag = True
    ceil: Flag = False

    def output_shape(self, x: Shape) -> Shape:
        """Return C·mult×win."""
        return with_axes(x, channels(x) * self.mult, self.output_axes(x))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the kernels (C·mult, 1, k…) and the bias."""
        out = channels(x) * self.mult
        weight = self.parameter("weight", out, 1, *self.geometry(x).kernel)
        return (weight, self.parameter("bias", out)) if self.bias else (weight,)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return C·mult·Πk·P multiply-adds and one bias addition per output."""
        return Ops(mac=self.weights(x)[0].size * volume(spatial(y)), bias=volume(y) if self.bias else 0)


class TransposedConv(Weighted):
    """Transposed convolution: every input position spreads a kernel; padding is cut from the output.

    Multiply-adds count input positions.

    >>> TransposedConv(out=512, kernel=4, stride=2, pad=1).output_shape((1024, 4, 4))
    (512, 8, 8)
    """

    op: ClassVar[str] = "deconv"
    family: ClassVar[Family] = "conv"
    positional: ClassVar[tuple[str, ...]] = ("out", "kernel")

    out: Annotated[Count, Symbol("c_out")]
    kernel: Kernel
    stride: Stride = 1
    pad: Padding = 0
    outpad: Amount = 0
    dilation: Dilation = 1
    groups: Groups = 1
    bias: Flag = True
    spectral: Flag = False

    def geometry(self, x: Shape) -> Window:
        """Return kernel, stride, dilation and the padding cut from each side."""
        sizes = need_axes(x, self.op)
        axes = len(sizes)
        kernel, stride = per_axis(self.kernel, axes, "kernel"), per_axis(self.stride, axes, "stride")
        dilation = per_axis(self.dilation, axes, "dilation")
        if self.pad in ("same_lower", "darknet"):
            raise ShapeError(f"deconv takes no pad={self.pad}; a number, half, same or valid would fit", setting="pad")
        before, after = pads("valid" if self.pad == "same" else self.pad, sizes, kernel, stride, dilation)
        return Window(kernel, stride, dilation, before, after)

    def output_shape(self, x: Shape) -> Shape:
        """Return out×((n−1)·s − p₀ − p₁ + e + outpad), or out×n·s with pad=same."""
        c, g = channels(x), self.geometry(x)
        sizes = spatial(x)
        _check_groups(self.groups, c, self.out)
        extra = per_axis(self.outpad, len(sizes), "outpad")
        with blame("outpad"):
            for o, s, d in zip(extra, g.stride, g.dilation, strict=True):
                _check_outpad(o, s, d)
        if self.pad == "same":
            return with_axes(x, self.out, tuple(n * s for n, s in zip(sizes, g.stride, strict=True)))
        spread = zip(sizes, g.kernel, g.stride, g.dilation, g.before, g.after, extra, strict=True)
        return with_axes(x, self.out, tuple(transposed_size(*axis) for axis in spread))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the kernel (C, out/groups, k…) and the bias."""
        weight = self.parameter("weight", channels(x), exact_div(self.out, self.groups), *self.geometry(x).kernel)
        return (weight, self.parameter("bias", self.out)) if self.bias else (weight,)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return W times the input positions, and one bias addition per output."""
        return Ops(mac=self.weights(x)[0].size * volume(spatial(x)), bias=volume(y) if self.bias else 0)

    def window(self, x: Shape) -> Window | None:
        """Return the kernel and stride; they act from output to input."""
        return self.geometry(x)


def _check_outpad(outpad: Any, stride: Any, dilation: Any) -> None:
    if type(outpad) is int and outpad == 0:
        return
    most = largest(stride, dilation)
    check_at_least(most - 1, outpad, lambda: f"outpad={outpad} must be smaller than max(stride, dilation) = {most}")


class LocallyConnected(Sliding, Weighted):
    """Convolution with weights of its own at every output position (or block of `share` positions).

    >>> LocallyConnected(out=60, kernel=3, share=2).output_shape((40, 6, 6))
    (60, 4, 4)
    """

    op: ClassVar[str] = "local"
    family: ClassVar[Family] = "conv"
    positional: ClassVar[tuple[str, ...]] = ("out", "kernel")

    out: Annotated[Count, Symbol("c_out")]
    kernel: Kernel
    stride: Stride = 1
    pad: Padding = 0
    dilation: Dilation = 1
    bias: Flag = True
    share: Size = 1
    ceil: ClassVar[bool] = False

    def output_shape(self, x: Shape) -> Shape:
        """Return out×win."""
        per_axis(self.share, len(need_axes(x, self.op)), "share")
        return with_axes(x, self.out, self.output_axes(x))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return a bank of kernels (banks…, out, C, k…) and of biases (banks…, out)."""
        axes = self.output_axes(x)
        banks = tuple(ceil_div(o, b) for o, b in zip(axes, per_axis(self.share, len(axes), "share"), strict=True))
        weight = self.parameter("weight", *banks, self.out, channels(x), *self.geometry(x).kernel)
        return (weight, self.parameter("bias", *banks, self.out)) if self.bias else (weight,)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return out·C·Πk·P multiply-adds and one bias addition per output."""
        mac = self.out * channels(x) * self.taps(x) * volume(spatial(y))
        return Ops(mac=mac, bias=volume(y) if self.bias else 0)


def _check_groups(groups: Number, c: Number, out: Number) -> None:
    with blame("groups"):
        check_divides(groups, c, lambda: f"groups={groups} does not divide the {c} input channels")
        check_divides(groups, out, lambda: f"groups={groups} does not divide the {out} output channels")
