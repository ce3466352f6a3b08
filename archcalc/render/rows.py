"""Report → rows: one a layer, or one a folder of the network with equal neighbours joined."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from archcalc.arithmetic import Number, total
from archcalc.quantities import Shape
from archcalc.report import Folder, Node


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a layer, or layers of one folder; `count` equal neighbours.

    path: the layer's, or the folder's; of several the first.
    type: the layer's word, the block's name, or what a folder holds.
    nodes: all layers of all neighbours, in order.
    count: 0 for a group of layers that need not be neighbours.
    call: the block or structure behind a folder ("bottleneck(w=64, s=1)").
    shape: that of a network input.
    """

    path: str
    type: str
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
        return times(self.path, self.count)

    def sum(self, fact: str) -> Number:
        """Return the sum of a number over the layers."""
        return total(getattr(node, fact) for node in self.nodes)


def layers(nodes: Iterable[Node]) -> list[Row]:
    """Return one row a layer."""
    return [Row(node.path, node.op, (node,)) for node in nodes]


def inputs(shapes: Mapping[str, Shape]) -> list[Row]:
    """Return one row a network input."""
    return [Row(name, "input", (), shape=shape) for name, shape in shapes.items()]


def folded(nodes: Iterable[Node], depth: int, folders: Mapping[str, Folder]) -> list[Row]:
    """Return one row a folder `depth` names deep; equal neighbours become one row."""
    found = []
    for _, twins in groupby(_parts(nodes, depth), key=lambda part: _fingerprint(part, folders)):
        neighbours = list(twins)
        path, first = neighbours[0]
        call = folders[path].call if path in folders and len(first) > 1 else ""
        everything = tuple(node for _, members in neighbours for node in members)
        found.append(Row(path, _type(first, depth, folders), everything, call, len(neighbours)))
    return found


def grouped(nodes: Iterable[Node], by: str) -> list[Row]:
    """Return one row a group of layers, in order of first appearance.

    Args:
        nodes: the layers.
        by: type (conv, fc), family (conv, linear), or stage: layers whose outputs have the same size.
    """
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        groups.setdefault(GROUPS[by](node), []).append(node)
    # a group is a folder of its layers, never a single layer with settings
    return [Row(name, f"{len(held)}", tuple(held), count=0) for name, held in groups.items()]


def _stage(node: Node) -> str:
    axes = node.output[:-1] if len(node.output) <= 2 else node.output[1:]
    return "x".join(map(str, axes)) or "1"


GROUPS: Final[Mapping[str, Callable[[Node], str]]] = MappingProxyType(
    {"type": lambda node: node.op, "family": lambda node: node.family, "stage": _stage}
)


def times(text: str, count: int) -> str:
    """Return a text with how often it occurs, if more than once.

    >>> times("layer1", 1), times("layer1", 3)
    ('layer1', 'layer1 ×3')
    """
    return text if count <= 1 else f"{text} ×{count}"


def repeated(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts, equal neighbours as one with their number."""
    for text, run in groupby(texts):
        yield times(text, len(list(run)))


def prefix(path: str, depth: int) -> str:
    """Return the first names of a path.

    >>> prefix("layer1.bottleneck.res.main.conv", 2)
    'layer1.bottleneck'
    """
    return ".".join(path.split(".", depth)[:depth])


def _parts(nodes: Iterable[Node], depth: int) -> Iterator[tuple[str, tuple[Node, ...]]]:
    for path, members in groupby(nodes, key=lambda node: prefix(node.path, depth)):
        yield path, tuple(members)


def _type(nodes: tuple[Node, ...], depth: int, folders: Mapping[str, Folder]) -> str:
    """Return the word of a single layer, the name of a block, or the types of a folder's parts."""
    if len(nodes) == 1:
        return nodes[0].op
    path = prefix(nodes[0].path, depth)
    call = folders[path].call if path in folders else ""
    inside = (_type(members, depth + 1, folders) for _, members in _parts(nodes, depth + 1))
    return call.partition("(")[0] or ", ".join(repeated(inside))


def _fingerprint(part: tuple[str, tuple[Node, ...]], folders: Mapping[str, Folder]) -> Any:
    path, nodes = part
    call = folders[path].call if path in folders else ""
    return call, [
        (node.op, node.settings, node.output, node.params, node.buffers, node.macs, node.mode, node.device)
        for node in nodes
    ]
