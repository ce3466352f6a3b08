"""A graph → the text of a file for a framework: blocks become classes, repeats become loops.

Blocks that are built alike are one class; what differs between them (channels, strides) becomes its parameters. The
layers are those that `verify --torch` runs, or their counterparts in Keras; no framework is needed to write them.

`structure` finds the blocks (`scopes`) and what they have in common (`classes`, `loops`), `names` and `comments` carry
over what the spec says, `code` and `layout` write lines, `definitions` brings our own modules along, and `file` puts it
all together. What is particular to a framework stands in `torch` and `keras`.
"""

from types import MappingProxyType
from typing import Final

from archcalc.export.file import write
from archcalc.export.structure import Program
from archcalc.graph import Graph
from archcalc.lazy import resolve
from archcalc.render.options import check

FRAMEWORKS: Final = MappingProxyType({"torch": "archcalc.export.torch:TORCH", "keras": "archcalc.export.keras:KERAS"})


def export(graph: Graph, params: int, to: str = "torch") -> str:
    """Return the file.

    Args:
        graph: the expanded network; its sizes are numbers.
        params: the number of parameters, with those of training heads; the file says it.
        to: torch or keras.

    Raises:
        TargetError: a layer that the framework does not have, or sizes that are free.
    """
    check("framework", to, FRAMEWORKS)
    return write(Program(graph, resolve(FRAMEWORKS[to])), params)
