"""Report → rows: one a layer, or one a folder of the network with equal neighbours joined; sorted on demand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from archcalc.arithmetic import Number, total
from archcalc.quantities import Shape
from archcalc.report import Folder, Node


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a layer, or layers of one folder; `count` equal neighbours.

    path: the layer's, or the folder's; of several the first. nodes: all layers of all neighbours, in order.
    call: the block or structure behind a folder ("bottleneck(w=64, s=1)"). shape: that of a network input.
    """

    path: str
    nodes: tuple[Node, ...]
    call: str = ""
    count: int = 1
    shape: Shape | None = None

    @property
    def layer(self) -> Node | None:
        """The layer, if the row is one (or several equal ones)."""
        return self.nodes[0] if len(self.nodes) == self.count else None

    @property
    def label(self) -> str:
        """The path, with the number of neighbours."""
        return self.path if self.count == 1 else f"{self.path} ×{self.count}"

    @property
    def type(self) -> str:
        """The layer's word, the block's name, or the words of what a folder holds."""
        if self.layer is not None:
            return self.layer.op
        name = self.call.partition("(")[0]
        return name or "+".join(dict.fromkeys(node.op for node in self.nodes))

    def sum(self, fact: str) -> Number:
        """Return the sum of a number over the layers."""
        return total(getattr(node, fact) for node in self.nodes)


def layers(nodes: Iterable[Node]) -> list[Row]:
    """Return one row a layer."""
    return [Row(node.path, (node,)) for node in nodes]


def inputs(shapes: Mapping[str, Shape]) -> list[Row]:
    """Return one row a network input."""
    return [Row(name, (), "input", 1, shape) for name, shape in shapes.items()]


def folded(nodes: Iterable[Node], depth: int, folders: Mapping[str, Folder]) -> list[Row]:
    """Return one row a folder `depth` names deep; equal neighbours become one row."""
    found = []
    for _, twins in groupby(_parts(nodes, depth), key=lambda part: _fingerprint(part, folders)):
        neighbours = list(twins)
        path, first = neighbours[0]
        call = folders[path].call if path in folders and len(first) > 1 else ""
        everything = tuple(node for _, members in neighbours for node in members)
        found.append(Row(path, everything, call, len(neighbours)))
    return found


def prefix(path: str, depth: int) -> str:
    """Return the first names of a path.

    >>> prefix("layer1.bottleneck.res.main.conv", 2)
    'layer1.bottleneck'
    """
    return ".".join(path.split(".", depth)[:depth])


def _parts(nodes: Iterable[Node], depth: int) -> Iterator[tuple[str, tuple[Node, ...]]]:
    for path, members in groupby(nodes, key=lambda node: prefix(node.path, depth)):
        yield path, tuple(members)


def _fingerprint(part: tuple[str, tuple[Node, ...]], folders: Mapping[str, Folder]) -> Any:
    path, nodes = part
    call = folders[path].call if path in folders else ""
    return call, [
        (node.op, node.settings, node.output, node.params, node.buffers, node.macs, node.mode, node.device)
        for node in nodes
    ]
