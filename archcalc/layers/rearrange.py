"""Layers that rearrange, widen or cut a value: no weights, and no arithmetic but that of `mean`.

One output is one input element, except for `mean`, so windows have size 1 on the input's spatial axes. Where
elements move to other axes (`flatten`, `reshape`, `transpose`), a window says how many are seen, not where.
"""

from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, PlainValidator, model_validator

from archcalc.arithmetic import Number, check_at_least, check_divides, check_equal, equals, exact_div, volume
from archcalc.errors import ShapeError
from archcalc.layers.axes import Axes, Axis, axis_index, find_axis
from archcalc.layers.base import (
    Family,
    Layer,
    channels,
    check_rank,
    like_axes,
    need_axes,
    pads,
    per_axis,
    show,
    spatial,
    with_axes,
)
from archcalc.layers.settings import (
    Amount,
    AnySizes,
    Count,
    Natural,
    Ref,
    Size,
    Symbol,
    choice_schema,
    describe,
    word,
)
from archcalc.quantities import Ops, Shape, Window

Factor = Annotated[Count, Symbol("r")]
_BORDERS: Final = ("zero", "reflect", "replicate")
Border = Annotated[str, PlainValidator(word(*_BORDERS)), choice_schema(*_BORDERS)]


class Flatten(Layer):
    """All elements as one vector.

    >>> Flatten().output_shape((256, 6, 6))
    (9216,)
    """

    op: ClassVar[str] = "flatten"
    family: ClassVar[Family] = "shape"

    def output_shape(self, x: Shape) -> Shape:
        """Return the number of elements."""
        return (volume(x),)


def _is_free(size: Number) -> bool:
    return equals(size, -1)


def _one_free(sizes: Shape) -> Shape:
    if any(equals(size, 0) for size in sizes):
        raise ValueError("0 must be at least 1, or -1 for what is left")
    if len([size for size in sizes if _is_free(size)]) > 1:
        raise ValueError("-1 stands twice; one size may be left open")
    return sizes


class Reshape(Layer):
    """The same elements, in the same order, on other axes; one size may be −1, "what is left".

    >>> Reshape(size=(-1, 7, 7)).output_shape((1470,))
    (30, 7, 7)
    """

    op: ClassVar[str] = "reshape"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    variadic: ClassVar[bool] = True

    size: Annotated[AnySizes, AfterValidator(_one_free)]

    def output_shape(self, x: Shape) -> Shape:
        """Return the sizes; their product is that of the input's."""
        here = volume(x)
        known = volume(size for size in self.size if not _is_free(size))
        if not any(_is_free(size) for size in self.size):
            check_equal(here, known, lambda: f"{show(x)} has {here} elements; {show(self.size)} needs {known}")
            return self.size
        check_divides(known, here, lambda: f"{known} does not divide the {here} elements of {show(x)}")
        return tuple(exact_div(here, known) if _is_free(size) else size for size in self.size)


class Transpose(Layer):
    """Axes in another order: axis j of the output is axis `axis[j]` of the input; none given: reversed.

    >>> Transpose(axis=(1, 2, 0)).output_shape((64, 28, 14))
    (28, 14, 64)
    """

    op: ClassVar[str] = "transpose"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("axis",)
    variadic: ClassVar[bool] = True

    axis: Axes | None = None

    def output_shape(self, x: Shape) -> Shape:
        """Return the permuted sizes."""
        if self.axis is None:
            return x[::-1]
        order = [find_axis(axis, x) for axis in self.axis]
        if sorted(order) != [*range(len(x))]:
            given = describe(self.axis)
            raise ShapeError(f"{given} does not name each of the {len(x)} axes of {show(x)} once", setting="axis")
        return tuple(x[at] for at in order)


class Unsqueeze(Layer):
    """A new axis of size 1; `axis` is its place in the output.

    >>> Unsqueeze(axis=0).output_shape((512,))
    (1, 512)
    """

    op: ClassVar[str] = "unsqueeze"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("axis",)

    axis: Axis

    def output_shape(self, x: Shape) -> Shape:
        """Return the sizes with a 1 inserted."""
        at = find_axis(self.axis, (*x, 1))
        return (*x[:at], 1, *x[at:])


class Squeeze(Layer):
    """An axis of size 1 removed.

    >>> Squeeze(axis="height").output_shape((64, 1, 25))
    (64, 25)
    """

    op: ClassVar[str] = "squeeze"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("axis",)

    axis: Axis

    def output_shape(self, x: Shape) -> Shape:
        """Return the sizes without the axis."""
        at = find_axis(self.axis, x)
        check_equal(x[at], 1, lambda: f"axis {self.axis} of {show(x)} is {x[at]}; only a 1 can be removed")
        return _without(x, at)


class Mean(Layer):
    """The mean over one axis of n elements: n − 1 additions and one division per output.

    >>> Mean(axis="time").output_shape((20, 512))
    (512,)
    """

    op: ClassVar[str] = "mean"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("axis",)

    axis: Axis

    def output_shape(self, x: Shape) -> Shape:
        """Return the sizes without the axis."""
        return _without(x, find_axis(self.axis, x))

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return n − 1 additions and one division per output."""
        outputs = volume(y)
        return Ops(add=(x[find_axis(self.axis, x)] - 1) * outputs, div=outputs)

    def window(self, x: Shape) -> Window | None:
        """Return the whole axis that is averaged, and single positions of the others."""
        at = _spatial_index(x, find_axis(self.axis, x))
        kernel = tuple(n if place == at else 1 for place, n in enumerate(spatial(x)))
        one, zero = (1,) * len(kernel), (0,) * len(kernel)
        return Window(kernel, one, one, zero, zero)


class PixelShuffle(Layer):
    """r² channels become r×r positions (sub-pixel convolution, depth to space).

    >>> PixelShuffle(r=2).output_shape((64, 14, 14))
    (16, 28, 28)
    """

    op: ClassVar[str] = "pixelshuffle"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("r",)

    r: Factor

    def output_shape(self, x: Shape) -> Shape:
        """Return C/r² × r·H × r·W."""
        check_rank(x, (3,), self.op, "a map CxHxW")
        c, h, w = x
        square = self.r * self.r
        check_divides(square, c, lambda: f"r²={square} does not divide the {c} channels")
        return (exact_div(c, square), self.r * h, self.r * w)


class Reorg(Layer):
    """r×r positions become r² channels (pixel unshuffle, space to depth).

    >>> Reorg(r=2).output_shape((64, 26, 26))
    (256, 13, 13)
    """

    op: ClassVar[str] = "reorg"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("r",)

    r: Factor

    def output_shape(self, x: Shape) -> Shape:
        """Return C·r² × H/r × W/r."""
        check_rank(x, (3,), self.op, "a map CxHxW")
        c, h, w = x
        check_divides(self.r, h, lambda: f"r={self.r} does not divide the height {h}")
        check_divides(self.r, w, lambda: f"r={self.r} does not divide the width {w}")
        return (c * self.r * self.r, exact_div(h, self.r), exact_div(w, self.r))

    def window(self, x: Shape) -> Window | None:
        """Return the r×r block that one output position comes from."""
        block, one, zero = (self.r,) * 2, (1,) * 2, (0,) * 2
        return Window(block, block, one, zero, zero)


class ChannelShuffle(Layer):
    """Channels in another order, so that each of `groups` groups meets all others (ShuffleNet).

    >>> ChannelShuffle(groups=3).output_shape((240, 28, 28))
    (240, 28, 28)
    """

    op: ClassVar[str] = "shuffle"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("groups",)

    groups: Annotated[Count, Symbol("g")]

    def output_shape(self, x: Shape) -> Shape:
        """Return the input's shape; `groups` divides C."""
        c = channels(x)
        check_divides(self.groups, c, lambda: f"groups={self.groups} does not divide the {c} channels")
        return x


class Pad(Layer):
    """Rows and columns added at the borders: zeros, the mirrored inside, or the border repeated.

    >>> Pad(amount=(1, 2, 1, 2)).output_shape((3, 224, 224))
    (3, 227, 227)
    """

    op: ClassVar[str] = "pad"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("amount",)

    amount: Amount
    mode: Border = "zero"

    def output_shape(self, x: Shape) -> Shape:
        """Return C×(n + p₀ + p₁); a mirror adds less than there is."""
        sizes = need_axes(x, self.op)
        before, after = self._sides(x)
        if self.mode == "reflect":
            for n, p in zip((*sizes, *sizes), (*before, *after), strict=True):
                _check_mirror(n, p)
        padded = tuple(n + p + q for n, p, q in zip(sizes, before, after, strict=True))
        return with_axes(x, channels(x), padded)

    def window(self, x: Shape) -> Window | None:
        """Return single positions, counted from the padded border."""
        before, after = self._sides(x)
        one = (1,) * len(before)
        return Window(one, one, one, before, after)

    def _sides(self, x: Shape) -> tuple[Shape, Shape]:
        sizes = spatial(x)
        one = (1,) * len(sizes)
        return pads(self.amount, sizes, one, one, one)


class PadChannels(Layer):
    """Zero channels added up to `to` (the shortcut of option A in ResNet).

    >>> PadChannels(to=32).output_shape((16, 16, 16))
    (32, 16, 16)
    """

    op: ClassVar[str] = "padchannels"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("to",)

    to: Annotated[Count, Symbol("c_out")]

    def output_shape(self, x: Shape) -> Shape:
        """Return to×…; `to` is at least C."""
        c = channels(x)
        check_at_least(self.to, c, lambda: f"to={self.to} is less than the {c} channels; take removes some")
        return with_axes(x, self.to, spatial(x))


class Crop(Layer):
    """A window of the positions, of a given size or that of another layer, at `offset` or in the centre.

    >>> Crop(size=56).output_shape((64, 64, 64))
    (64, 56, 56)
    """

    op: ClassVar[str] = "crop"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    references: ClassVar[tuple[str, ...]] = ("like",)

    size: Size | None = None
    like: Ref | None = None
    offset: Amount | None = None

    @model_validator(mode="after")
    def _one_size(self) -> "Crop":
        if (self.size is None) == (self.like is None):
            raise ValueError("needs a size or like=, one of the two")
        return self

    def output_shape(self, x: Shape) -> Shape:
        """Return C×size; the cut lies inside the input."""
        sizes = need_axes(x, self.op)
        cut = self._cut(x)
        offset = (0,) * len(sizes) if self.offset is None else per_axis(self.offset, len(sizes), "offset")
        for axis in zip(sizes, cut, offset, strict=True):
            _check_inside(*axis)
        return with_axes(x, channels(x), cut)

    def window(self, x: Shape) -> Window | None:
        """Return single positions, with the cut rows as negative padding."""
        sizes, cut = spatial(x), self._cut(x)
        if self.offset is None:
            before = tuple((n - m) // 2 for n, m in zip(sizes, cut, strict=True))
        else:
            before = per_axis(self.offset, len(sizes), "offset")
        one = (1,) * len(sizes)
        after = tuple(n - m - o for n, m, o in zip(sizes, cut, before, strict=True))
        return Window(one, one, one, tuple(0 - o for o in before), tuple(0 - o for o in after))

    def _cut(self, x: Shape) -> Shape:
        axes = len(spatial(x))
        return per_axis(self.size, axes, "size") if self.like is None else like_axes(self.like, axes, self.op)


class Take(Layer):
    """The elements start … stop − 1 of one axis, counted from 0.

    >>> Take(start=0, stop=58).output_shape((116, 28, 28))
    (58, 28, 28)
    """

    op: ClassVar[str] = "take"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("start", "stop")

    start: Natural
    stop: Count
    axis: Axis = "channel"

    def output_shape(self, x: Shape) -> Shape:
        """Return the sizes, with stop − start on the axis."""
        at = find_axis(self.axis, x)
        taken = self.stop - self.start
        check_at_least(taken, 1, lambda: f"nothing lies between start={self.start} and stop={self.stop}")
        check_at_least(x[at], self.stop, lambda: f"stop={self.stop} is beyond axis {self.axis} of {show(x)}")
        return (*x[:at], taken, *x[at + 1 :])

    def window(self, x: Shape) -> Window | None:
        """Return single positions; on a spatial axis, with those left out as negative padding."""
        at = find_axis(self.axis, x)
        place, axes = _spatial_index(x, at), len(spatial(x))
        before = tuple(0 - self.start if each == place else 0 for each in range(axes))
        after = tuple(self.stop - x[at] if each == place else 0 for each in range(axes))
        one = (1,) * axes
        return Window(one, one, one, before, after)


class Part(Layer):
    """The k-th of equal parts of the channels, counted from 0.

    >>> Part(parts=2, k=1).output_shape((64, 104, 104))
    (32, 104, 104)
    """

    op: ClassVar[str] = "part"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("parts", "k")

    parts: Count
    k: Natural

    def output_shape(self, x: Shape) -> Shape:
        """Return C/parts×…; `parts` divides C, and k < parts."""
        c = channels(x)
        last = self.parts - 1
        check_at_least(last, self.k, lambda: f"no part k={self.k}: {self.parts} parts count from 0 to {last}")
        check_divides(self.parts, c, lambda: f"parts={self.parts} does not divide the {c} channels")
        return with_axes(x, exact_div(c, self.parts), spatial(x))


def _check_mirror(n: Number, p: Number) -> None:
    check_at_least(n - 1, p, lambda: f"reflect can add at most {n - 1} to a size of {n}, not {p}")


def _check_inside(n: Number, size: Number, offset: Number) -> None:
    check_at_least(n, size, lambda: f"a size of {size} is larger than the {n} there are")
    check_at_least(n - size, offset, lambda: f"offset {offset} and size {size} reach beyond {n}")


def _without(x: Shape, at: int) -> Shape:
    if len(x) == 1:
        raise ShapeError(f"the only axis of a vector of {x[0]} cannot go", setting="axis")
    return (*x[:at], *x[at + 1 :])


def _spatial_index(x: Shape, at: int) -> int | None:
    """Return which spatial axis of `x` position `at` is, or None for the channel axis."""
    channel = axis_index(len(x), "C") or 0
    return None if at == channel else at - 1 if at > channel else at
