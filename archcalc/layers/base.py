"""Layer (one input) and Merge (several): what every layer type states, and the axes of a shape.

A layer type is one class: its fields are the settings, in positional order first; its rules are
`output_shape`, `weights`, `ops` and `window`. Rules are pure: one sample, one layer, no convention, no name, no
neighbour. They run on ints, traced numbers, arrays and free sizes alike (see `archcalc.arithmetic`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from archcalc.arithmetic import Number, ceil_div, extent, largest, out_size, volume
from archcalc.errors import ShapeError
from archcalc.layers.settings import Flag, Ref, Reference
from archcalc.quantities import Ops, Shape, Weight, Window, pointwise
from archcalc.quantities import channels as channels

Family: TypeAlias = Literal[
    "conv", "pool", "linear", "norm", "activation", "recurrent", "attention", "shape", "region", "value", "merge"
]


class Operation(BaseModel):
    """What layers and merges have in common: frozen settings, nothing beside them.

    op: the language's word. aliases: other words for the same type. family: its kind.
    positional: the settings that a bare value fills, in order; with `variadic` the last one takes all the rest.
    references: settings that name earlier values; those in `data_inputs` are read as data and so are inputs.
    shorthand: keys that set several settings at once (`affine=no`).
    texts: settings that are read as text, not as expressions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    op: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    family: ClassVar[Family]
    positional: ClassVar[tuple[str, ...]] = ()
    variadic: ClassVar[bool] = False
    references: ClassVar[tuple[str, ...]] = ()
    data_inputs: ClassVar[tuple[str, ...]] = ()
    shorthand: ClassVar[dict[str, tuple[str, ...]]] = {}
    texts: ClassVar[tuple[str, ...]] = ()

    def settings(self) -> dict[str, Any]:
        """Return the settings that have a value, in the order of the class."""
        names = [name for name in type(self).model_fields if name not in ("frozen", "tie")]
        names += [name for name in ("frozen", "tie") if name in type(self).model_fields]
        values = ((name, getattr(self, name)) for name in names)
        return {name: value for name, value in values if value is not None}

    def lists(self) -> tuple[tuple[Any, ...], ...]:
        """Return the settings that are lists: a long one is work for every layer that has it."""
        return tuple(value for value in self.__dict__.values() if isinstance(value, tuple))

    def changed(self) -> tuple[str, ...]:
        """Return the names of the settings that are not as the class has them by default."""
        fields = type(self).model_fields
        return tuple(name for name, value in self.settings().items() if not is_default(value, fields[name].default))


class Layer(Operation):
    """A layer of one input `x`; `y` is its output, as `output_shape` gave it."""

    def output_shape(self, x: Shape) -> Shape:
        """Return the output's shape, or raise ShapeError."""
        return x

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the stored tensors: parameters and buffers."""
        return ()

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the operations on one sample."""
        return Ops()

    def window(self, x: Shape) -> Window | None:
        """Return what one output sees on each spatial axis, or None if it sees everything."""
        return pointwise(len(spatial(x)))

    def run_factor(self) -> Number:
        """Return by how much the layer multiplies the runs of itself and what follows (regions)."""
        return 1


class Weighted(Layer):
    """A layer with weights: they may be frozen, or tied to those of an earlier layer of the same type."""

    references: ClassVar[tuple[str, ...]] = ("tie",)

    frozen: Flag = False
    tie: Ref | None = None

    def parameter(self, name: str, *shape: Number) -> Weight:
        """Return a weight of this layer."""
        return Weight(name, shape, "frozen" if self.frozen else "trainable")


class Merge(Operation):
    """Several inputs, one output, no weights."""

    family: ClassVar[Family] = "merge"

    def output_shape(self, xs: Sequence[Shape]) -> Shape:
        """Return the output's shape, or raise ShapeError."""
        raise NotImplementedError

    def ops(self, xs: Sequence[Shape], y: Shape) -> Ops:
        """Return the operations on one sample."""
        return Ops()

    def window(self, xs: Sequence[Shape]) -> Window | None:
        """Return what one output sees of each input."""
        return pointwise(len(spatial(xs[0])))


def is_default(value: Any, default: Any) -> bool:
    """Tell whether a setting is its default, also where it is a free size."""
    return type(value) is type(default) and bool(value == default)


# ── The axes of a shape: C | T×D | C×H×W | C×D×H×W ──────────────────────────────────────────────────────────────


def spatial(x: Shape) -> Shape:
    """Return the axes that are not the channel axis: () or T or H W or D H W."""
    return x[:-1] if len(x) <= 2 else x[1:]


def with_axes(x: Shape, count: Number, axes: Shape) -> Shape:
    """Return a shape of the rank of `x` with `count` channels and these spatial axes."""
    return (*axes, count) if len(x) <= 2 else (count, *axes)


def need_axes(x: Shape, op: str) -> Shape:
    """Return the spatial axes, or raise ShapeError for a vector."""
    if len(x) < 2:
        raise ShapeError(f"{op} needs a sequence, map or volume, not a vector of {x[0]}")
    return spatial(x)


def per_axis(value: Any, axes: int, setting: str) -> Shape:
    """Return a setting as one number per axis."""
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        counted = f"{axes} spatial {'axis' if axes == 1 else 'axes'}"
        raise ShapeError(f"{setting} has {len(value)} numbers, but the input has {counted}", setting=setting)
    return value


def pads(pad: Any, sizes: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[Shape, Shape]:
    """Return the padding before and after each axis (language reference, section 8.2)."""
    axes = len(sizes)
    if isinstance(pad, tuple) and axes != len(pad):
        if len(pad) != 2 * axes:
            raise ShapeError(f"pad has {len(pad)} numbers; {axes} or {2 * axes} would fit", setting="pad")
        return pad[0::2], pad[1::2]
    if not isinstance(pad, str):
        each = per_axis(pad, axes, "pad")
        return each, each
    pairs = [_named_pad(pad, *axis) for axis in zip(sizes, kernel, stride, dilation, strict=True)]
    return tuple(before for before, _ in pairs), tuple(after for _, after in pairs)


def _named_pad(pad: str, size: Number, kernel: Number, stride: Number, dilation: Number) -> tuple[Number, Number]:
    if pad == "half":
        half = dilation * (kernel - 1) // 2
        return half, half
    if pad == "darknet":
        return (kernel - 1) // 2, kernel // 2
    if pad in ("same", "same_lower"):
        all_ = largest(0, (ceil_div(size, stride) - 1) * stride + extent(kernel, dilation) - size)
        less = all_ // 2
        return (less, all_ - less) if pad == "same" else (all_ - less, less)
    return 0, 0


class Sliding:
    """The window rule that convolutions and pools share. A mix-in: it reads kernel, stride, pad, dilation, ceil."""

    def geometry(self, x: Shape) -> Window:
        """Return kernel, stride, dilation and padding on every spatial axis of `x`."""
        me: Any = self
        sizes = need_axes(x, me.op)
        axes = len(sizes)
        kernel = per_axis(me.kernel, axes, "kernel")
        stride = kernel if me.stride is None else per_axis(me.stride, axes, "stride")
        dilation = per_axis(getattr(me, "dilation", 1), axes, "dilation")
        before, after = pads(me.pad, sizes, kernel, stride, dilation)
        return Window(kernel, stride, dilation, before, after)

    def output_axes(self, x: Shape) -> Shape:
        """Return how many windows fit on every spatial axis (section 8.2)."""
        me: Any = self
        sizes = spatial(x)
        if me.pad in ("same", "same_lower"):
            need_axes(x, me.op)
            stride = me.kernel if me.stride is None else me.stride
            per_axis(me.kernel, len(sizes), "kernel")
            return tuple(ceil_div(n, s) for n, s in zip(sizes, per_axis(stride, len(sizes), "stride"), strict=True))
        g = self.geometry(x)
        ceil = me.ceil and me.pad != "darknet"
        return tuple(
            out_size(*axis, ceil=ceil)
            for axis in zip(sizes, g.kernel, g.stride, g.dilation, g.before, g.after, strict=True)
        )

    def window(self, x: Shape) -> Window | None:
        """Return what one output sees on each spatial axis."""
        return self.geometry(x)

    def taps(self, x: Shape) -> Number:
        """Return Πk, the positions one window reads."""
        return volume(self.geometry(x).kernel)


@contextmanager
def blame(setting: str) -> Iterator[None]:
    """Say of what a rule refuses here that it is the fault of a setting, so that a message can mark it."""
    try:
        yield
    except ShapeError as error:
        raise ShapeError(error.message, error.code, error.setting or setting) from None


def check_rank(x: Shape, ranks: tuple[int, ...], op: str, want: str) -> None:
    """Raise ShapeError unless `x` has one of these ranks."""
    if len(x) not in ranks:
        raise ShapeError(f"{op} needs {want}, not {show(x)}")


def show(x: Shape) -> str:
    """Return a shape as messages write it: 96x55x55."""
    return "x".join(str(size) for size in x[:8]) + ("x…" if len(x) > 8 else "")


def like_axes(reference: Reference, axes: int, op: str) -> Shape:
    """Return the spatial size of a layer named by `like=`; it must have as many axes."""
    sizes = spatial(reference.shape)
    if len(sizes) != axes:
        found = f"'{reference.path}' is {show(reference.shape)}, with {len(sizes)} spatial axes"
        raise ShapeError(f"{op}: {found}, not {axes}")
    return sizes
