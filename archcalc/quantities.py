"""Small frozen values that rules return: Shape, Weight, Ops, Window."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from archcalc.arithmetic import Number, volume

# Channels first, without a batch axis; (T, D) for a sequence (language reference, section 8.1).
Shape: TypeAlias = tuple[Number, ...]
WeightKind: TypeAlias = Literal["trainable", "frozen", "buffer"]


@dataclass(frozen=True, slots=True)
class Weight:
    """One stored tensor of a layer: name and shape as in torch, and what it is.

    A buffer (running statistics) is stored but is no parameter.
    """

    name: str
    shape: Shape
    kind: WeightKind = "trainable"

    @property
    def size(self) -> Number:
        """Number of elements."""
        return volume(self.shape)


@dataclass(frozen=True, slots=True)
class Ops:
    """Operations of one layer on one sample, by kind; a counting convention is a set of coefficients on them.

    mac: multiply-adds of convolutions, linear layers, recurrent and attention products.
    bias: additions of a bias. add (and subtract), mul, div, cmp (comparisons), exp (exponentials, logarithms
    and roots): textbook arithmetic of normalisation, activation, pooling and merging at inference.
    """

    mac: Number = 0
    bias: Number = 0
    add: Number = 0
    mul: Number = 0
    div: Number = 0
    cmp: Number = 0
    exp: Number = 0

    def times(self, runs: Number) -> "Ops":
        """Return the operations of `runs` runs."""
        if type(runs) is int and runs == 1:
            return self
        return Ops(*(getattr(self, kind) * runs for kind in OP_KINDS))

    def nonzero(self) -> dict[str, Number]:
        """Return the kinds that occur, with their numbers."""
        pairs = ((kind, getattr(self, kind)) for kind in OP_KINDS)
        return {kind: value for kind, value in pairs if not (type(value) is int and value == 0)}


OP_KINDS: tuple[str, ...] = ("mac", "bias", "add", "mul", "div", "cmp", "exp")


@dataclass(frozen=True, slots=True)
class Window:
    """What one output element sees of the input, per spatial axis (T, or H W, or D H W)."""

    kernel: Shape
    stride: Shape
    dilation: Shape
    before: Shape
    after: Shape


def pointwise(axes: int) -> Window:
    """Return the window of an operation on single positions.

    >>> pointwise(2).kernel
    (1, 1)
    """
    one, zero = (1,) * axes, (0,) * axes
    return Window(one, one, one, zero, zero)


def channels(x: Shape) -> Number:
    """Return the channel count: the last axis of a vector or sequence, the first of a map or volume."""
    return x[-1] if len(x) <= 2 else x[0]
