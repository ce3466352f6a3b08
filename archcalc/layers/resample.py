"""Layers that make the spatial axes larger without weights: upsampling by interpolation, and unpooling."""

from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from pydantic import PlainValidator, model_validator

from archcalc.arithmetic import check_equal, volume
from archcalc.errors import ShapeError
from archcalc.layers.base import (
    Family,
    Layer,
    channels,
    like_axes,
    need_axes,
    per_axis,
    show,
    spatial,
    with_axes,
)
from archcalc.layers.settings import Flag, Ref, Size, Symbol, choice_schema, word
from archcalc.quantities import Ops, Shape, Window

# how many neighbours on an axis an interpolated value is made of
_NEIGHBOURS: Final = MappingProxyType({"nearest": 1, "bilinear": 2, "bicubic": 4})
_MODES: Final = tuple(_NEIGHBOURS)
Factor = Annotated[Size, Symbol("f")]


class Upsample(Layer):
    """Resizing by interpolation to n·factor, to `size`, to the size of `like`, or to (n − 1)·zoom + 1.

    A value is a weighted sum of m neighbours: bilinear takes 2 on each axis (linear on a sequence, trilinear
    on a volume), bicubic 4. That is m multiplications and m − 1 additions per output; nearest copies. The
    interpolation weights depend on positions only and are not counted. `align` changes no number.

    >>> Upsample(factor=2).output_shape((256, 13, 13))
    (256, 26, 26)
    """

    op: ClassVar[str] = "upsample"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    references: ClassVar[tuple[str, ...]] = ("like",)

    factor: Factor | None = None
    size: Size | None = None
    like: Ref | None = None
    zoom: Annotated[Size, Symbol("z")] | None = None
    mode: Annotated[str, PlainValidator(word(*_MODES)), choice_schema(*_MODES)] = "nearest"
    align: Flag = False

    @model_validator(mode="after")
    def _one_size(self) -> "Upsample":
        if [self.factor, self.size, self.like, self.zoom].count(None) != 3:
            raise ValueError("needs a factor, size=, like= or zoom=, one of them")
        return self

    def output_shape(self, x: Shape) -> Shape:
        """Return C × the new spatial size."""
        sizes = need_axes(x, self.op)
        axes = len(sizes)
        if self.factor is not None:
            made = _scaled(sizes, self.factor)
        elif self.zoom is not None:
            zooms = per_axis(self.zoom, axes, "zoom")
            made = tuple((n - 1) * zoom + 1 for n, zoom in zip(sizes, zooms, strict=True))
        elif self.like is not None:
            made = like_axes(self.like, axes, self.op)
        else:
            made = per_axis(self.size, axes, "size")
        return with_axes(x, channels(x), made)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return m multiplications and m − 1 additions per output of m neighbours."""
        if self.mode == "nearest":
            return Ops()
        neighbours = volume(self._neighbours(x))
        return Ops(mul=neighbours * volume(y), add=(neighbours - 1) * volume(y))

    def window(self, x: Shape) -> Window | None:
        """Return the neighbours on each axis; one input step is less than one output step."""
        one, zero = (1,) * len(spatial(x)), (0,) * len(spatial(x))
        return Window(self._neighbours(x), one, one, zero, zero)

    def _neighbours(self, x: Shape) -> Shape:
        return (_NEIGHBOURS[self.mode],) * len(spatial(x))


class Unpool(Layer):
    """Max unpooling: each value goes back to where its maximum was; zeros elsewhere. No arithmetic.

    `size` or `like` give the spatial size; else it is n·factor. `indices` names the pool that remembers the
    places; without it, the first place of each window is used. The window is the one position that an output
    comes from; one input step is `factor` output steps.

    >>> Unpool(factor=2, size=(45, 60)).output_shape((512, 23, 30))
    (512, 45, 60)
    """

    op: ClassVar[str] = "unpool"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    references: ClassVar[tuple[str, ...]] = ("indices", "like")

    factor: Factor | None = None
    indices: Ref | None = None
    size: Size | None = None
    like: Ref | None = None

    @model_validator(mode="after")
    def _one_size(self) -> "Unpool":
        if self.factor is None and self.size is None and self.like is None:
            raise ValueError("needs a factor, size= or like=")
        if self.size is not None and self.like is not None:
            raise ValueError("takes size= or like=, not both")
        return self

    def output_shape(self, x: Shape) -> Shape:
        """Return C × the new spatial size; the pool of `indices` has the same C."""
        sizes = need_axes(x, self.op)
        if self.indices is not None:
            _check_indices(self.indices.path, self.indices.shape, x)
        if self.size is not None:
            made = per_axis(self.size, len(sizes), "size")
        elif self.like is not None:
            made = like_axes(self.like, len(sizes), self.op)
        else:
            made = _scaled(sizes, self.factor)
        return with_axes(x, channels(x), made)


def _scaled(sizes: Shape, factor: object) -> Shape:
    return tuple(n * f for n, f in zip(sizes, per_axis(factor, len(sizes), "factor"), strict=True))


def _check_indices(path: str, pooled: Shape, x: Shape) -> None:
    if len(pooled) != len(x):
        raise ShapeError(f"'{path}' is {show(pooled)}; its indices have no place in {show(x)}", setting="indices")
    c, own = channels(pooled), channels(x)
    check_equal(c, own, lambda: f"the indices of '{path}' are those of {c} channels, but the input has {own}")
