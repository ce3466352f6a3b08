"""The expanded network: nodes in order of execution, with their shapes, places and call chains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archcalc.arithmetic import Number
from archcalc.errors import Place
from archcalc.layers.base import Layer, Merge
from archcalc.quantities import Shape
from archcalc.report import Folder, Mode


class Figure(NamedTuple):
    """An expected number: exact, or as printed ("25.6M": |value − 25.6·10⁶| ≤ 10⁶·10⁻¹/2)."""

    text: str
    place: Place
    accepts: Callable[[Any], bool]


class ItemExpectation(NamedTuple):
    """What a named item should have, and what it has: its last shape; sums over nodes first … last − 1.

    names: the parameters that the shape is written in; without any it holds for the network as the spec has it.
    """

    path: str
    place: Place
    shape: Shape | None
    actual: Shape
    params: Figure | None
    macs: Figure | None
    first: int
    last: int
    names: frozenset[str] = frozenset()


class NetExpectation(NamedTuple):
    """What the whole network should have: totals by name, outputs by name (None: the only one)."""

    figures: tuple[tuple[str, Figure], ...]
    outputs: tuple[tuple[str | None, Shape, Place], ...]


class GraphNode(NamedTuple):
    """An input (`layer` is None), a layer or a merge.

    weight_key: nodes with the same key share their weights; None for weights of its own.
    copies: how many equal nodes, one after another, this one stands for (the rounds of a swept repeat).
    """

    path: str
    op: str
    layer: Layer | Merge | None
    inputs: tuple[int, ...]
    input: tuple[Shape, ...]
    output: Shape
    runs: Number = 1
    mode: Mode = "both"
    weight_key: str | None = None
    place: Place | None = None
    calls: tuple[str, ...] = ()
    note: str | None = None
    source: str | None = None
    device: str | None = None
    copies: Number = 1


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Graph:
    """A network of one spec, for one choice of parameters and input.

    outputs: name → index of the node. variant: the path of chosen options that an expectation may name.
    """

    target: str
    title: str
    source: str
    nodes: tuple[GraphNode, ...]
    outputs: Mapping[str, int]
    folders: Mapping[str, Folder] = field(default_factory=dict)
    note: str | None = None
    domain: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    item_expectations: tuple[ItemExpectation, ...] = ()
    net_expectation: NetExpectation | None = None

    def __repr__(self) -> str:
        return f"<Graph {self.target}: {len(self.nodes)} nodes>"

    @property
    def inputs(self) -> dict[str, Shape]:
        """Shapes of the network's inputs, by name."""
        return {node.path: node.output for node in self.nodes if node.layer is None}
