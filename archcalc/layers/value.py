"""Values that no rule infers: a learned tensor, and a layer that declares its own shape and counts."""

from typing import ClassVar

from archcalc.arithmetic import Number, equals
from archcalc.layers.base import Family, Weighted, spatial
from archcalc.layers.settings import Natural, Sizes, Text
from archcalc.quantities import Ops, Shape, Weight, Window


class Param(Weighted):
    """A learned tensor (class token, position table, element-wise weight); the running value is ignored.

    >>> Param(size=(197, 768)).output_shape((3, 224, 224))
    (197, 768)
    """

    op: ClassVar[str] = "param"
    family: ClassVar[Family] = "value"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    variadic: ClassVar[bool] = True

    size: Sizes

    def output_shape(self, x: Shape) -> Shape:
        """Return the sizes."""
        return self.size

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the tensor itself."""
        return (self.parameter("weight", *self.size),)

    def window(self, x: Shape) -> Window | None:
        """Return windows of size 0: nothing of the input is seen."""
        zero, one = (0,) * len(spatial(x)), (1,) * len(spatial(x))
        return Window(zero, one, one, zero, zero)


class Opaque(Weighted):
    """A layer without rules (proposals, prior boxes, detection output), with shape and counts as declared.

    `what` says in words what it is; nothing is inferred. The declared parameters are one tensor.

    >>> Opaque(size=(8732, 4), what="PriorBox").output_shape((512, 38, 38))
    (8732, 4)
    """

    op: ClassVar[str] = "opaque"
    family: ClassVar[Family] = "value"
    texts: ClassVar[tuple[str, ...]] = ("what",)
    positional: ClassVar[tuple[str, ...]] = ("size",)
    variadic: ClassVar[bool] = True

    size: Sizes
    what: Text | None = None
    params: Natural = 0
    macs: Natural = 0

    def output_shape(self, x: Shape) -> Shape:
        """Return the declared sizes."""
        return self.size

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the declared parameters as one tensor."""
        return () if _is_none(self.params) else (self.parameter("weight", self.params),)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the declared multiply-adds."""
        return Ops(mac=self.macs)

    def window(self, x: Shape) -> Window | None:
        """Return None: it may see everything."""
        return None


def _is_none(count: Number) -> bool:
    return equals(count, 0)
