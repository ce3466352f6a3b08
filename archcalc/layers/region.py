"""Regions of interest: a fixed grid is pooled from each region of a map; what follows runs once a region."""

from typing import Annotated, ClassVar

from archcalc.arithmetic import Number, ceil_div, check_equal, volume
from archcalc.layers.base import Family, Layer, channels, check_rank, per_axis, show, spatial, with_axes
from archcalc.layers.settings import Count, Real, Refs, Size, Symbol
from archcalc.quantities import Ops, Shape, Window


class RegionPool(Layer):
    """What the region pools share: C×size from each of `rois` regions.

    `scale` maps image coordinates to the map. `levels` are further maps of the same C (a feature pyramid): a
    region reads one of them, so they change no shape. The work depends on the area of a region, which a spec
    does not know. Where `samples` (points an axis in each cell) does not settle it, the arithmetic is that of
    the largest region, the whole map: ⌈n/o⌉ points an axis. It is then an upper bound.
    """

    family: ClassVar[Family] = "region"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    references: ClassVar[tuple[str, ...]] = ("levels",)
    data_inputs: ClassVar[tuple[str, ...]] = ("levels",)

    size: Annotated[Size, Symbol("o")]
    rois: Annotated[Count, Symbol("r")] = 1
    scale: Real | None = None
    levels: Refs | None = None
    samples: Count | None = None

    def output_shape(self, x: Shape) -> Shape:
        """Return C×size."""
        check_rank(x, (3,), self.op, "a map")
        c = channels(x)
        for level in self.levels or ():
            found = f"level '{level.path}' is {show(level.shape)}"
            check_rank(level.shape, (3,), self.op, f"maps; {found}")
            check_equal(c, channels(level.shape), f"{found}; a map of {c} channels would fit")
        return with_axes(x, c, per_axis(self.size, 2, "size"))

    def window(self, x: Shape) -> Window | None:
        """Return None: a region may lie anywhere."""
        return None

    def run_factor(self) -> Number:
        """Return the number of regions."""
        return self.rois

    def points(self, x: Shape) -> Number:
        """Return how many points one output reads: samples², or Π⌈n/o⌉ for a region as large as the map."""
        if self.samples is not None:
            return self.samples * self.samples
        return volume(ceil_div(n, o) for n, o in zip(spatial(x), per_axis(self.size, 2, "size"), strict=True))


class RoiPool(RegionPool):
    """Region pooling (Fast R-CNN): the maximum of each cell of a grid.

    k − 1 comparisons per output, for k positions in a cell.

    >>> RoiPool(size=7, rois=300).output_shape((512, 37, 50))
    (512, 7, 7)
    """

    op: ClassVar[str] = "roipool"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the comparisons for one region."""
        return Ops(cmp=(self.points(x) - 1) * volume(y))


class RoiAlign(RegionPool):
    """Region pooling with interpolation (Mask R-CNN): the average of k bilinear samples in each cell.

    A sample takes four products and three additions, an average k − 1 additions and a division.

    >>> RoiAlign(size=14, rois=100).output_shape((256, 50, 68))
    (256, 14, 14)
    """

    op: ClassVar[str] = "roialign"

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the interpolation and the averages for one region."""
        points, outputs = self.points(x), volume(y)
        return Ops(add=(4 * points - 1) * outputs, mul=4 * points * outputs, div=outputs)
