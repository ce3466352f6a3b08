"""A graph → the text of a torch file that needs torch alone: blocks become classes, repeats become loops.

Blocks that are built alike are one class; what differs between them (channels, strides) becomes its parameters. The
layers are those that `verify --torch` runs, since both come from the same builders; torch is not needed to write them.

`structure` finds the blocks (`scopes`) and what they have in common (`classes`, `loops`), `names` and `comments` carry
over what the spec says, `code` and `layout` write lines, `definitions` brings our own modules along, and `file` puts it
all together.
"""

from archcalc.graph import Graph
from archcalc.torch_backend.export.file import write
from archcalc.torch_backend.export.structure import Program


def export(graph: Graph, params: int) -> str:
    """Return the file.

    Args:
        graph: the expanded network; its sizes are numbers.
        params: the number of parameters, with those of training heads; the file says it.

    Raises:
        TargetError: a layer that torch does not have, or sizes that are free.
    """
    return write(Program(graph), params)
