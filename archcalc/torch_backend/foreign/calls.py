"""What a network asked torch to do, as plain values: one record for each layer, merge or activation that ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from archcalc.quantities import Shape


class Stored(NamedTuple):
    """A tensor that a layer keeps: "weight", its shape, and trainable, frozen or buffer."""

    name: str
    shape: Shape
    kind: str


@dataclass(frozen=True, slots=True)
class Call:
    """One layer, merge or activation, as torch was asked for it.

    path: the module that asked, or the node of the spec.
    kind: the spec language's word for it (`conv`, `bn`, `add`), or torch's where the language has none.
    settings: kernel, stride, padding … as far as they decide what is computed.
    stored: the tensors it reads, whoever owns them. params: elements of those that nobody read before.
    macs: multiply-adds of the operations that torch dispatched, for one sample.
    output: without the batch axis. reads: the calls whose results it takes, by number; −1, −2 … are the inputs.
    """

    path: str
    kind: str
    settings: Mapping[str, Any]
    stored: tuple[Stored, ...]
    params: int
    macs: int
    output: Shape
    reads: frozenset[int]

    @property
    def parameters(self) -> tuple[Stored, ...]:
        """What it stores without buffers."""
        return tuple(each for each in self.stored if each.kind != "buffer")


@dataclass(frozen=True, slots=True)
class Recording:
    """All calls of one forward pass, and the parameters of the network.

    trainable: of `params`. unread: parameters that the pass never used, by name with their number of elements.
    device: where it ran.
    """

    calls: tuple[Call, ...]
    outputs: tuple[Shape, ...]
    params: int
    trainable: int
    unread: Mapping[str, int]
    device: str

    @property
    def macs(self) -> int:
        """Multiply-adds of the whole pass."""
        return sum(call.macs for call in self.calls)
