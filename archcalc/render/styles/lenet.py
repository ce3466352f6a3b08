"""The LeNet table of lecture notes: dimensions, size and worked-out parameters, filters named by f and s."""

from archcalc.arithmetic import Number, volume
from archcalc.quantities import Shape
from archcalc.render.cells import EMPTY, Writer
from archcalc.render.columns import geometry, kernel
from archcalc.render.headings import heading
from archcalc.render.styles.around import closing, title
from archcalc.render.styles.arrange import ordered_nodes
from archcalc.render.styles.course import ends_in_softmax, names, split, worked
from archcalc.render.view import Cell, Column, Line, Look, Section, Table
from archcalc.report import Node, Report


def lenet(report: Report, look: Look) -> Table:
    """Return layer, dimensions, size (activations) and parameters.

    A layer that a softmax reads is called Softmax, as the notes do; activations have no row.
    """
    write = Writer(look, "hwc")
    shown, left_out = split(ordered_nodes(report, look))
    last = ends_in_softmax(shown)
    shown = [node for node in shown if not (node.inputs[0] in last and node.op.endswith("softmax"))]
    called = names(shown)
    rows: list[Line] = [
        (
            Cell(write.say("input").capitalize() if len(report.input) == 1 else name),
            _dimensions(shape, write),
            _size(volume(shape), write),
            Cell("0", 0),
        )
        for name, shape in report.input.items()
    ]
    for node in shown:
        name = "Softmax" if node.path in last else f"{called[node.path].upper()}{_filter(node)}"
        rows.append(
            (
                Cell(name),
                _dimensions(node.output, write),
                _size(node.activations, write),
                worked(write, node, "params", "lenet", plain=True),
            )
        )
    total = (
        Cell(write.say("total")),
        EMPTY,
        EMPTY,
        Cell(write.plain(report.totals.params), report.totals.params),
    )
    columns = (
        Column("layer", heading("layer", look.lang), "center"),
        Column("dimensions", heading(f"dimensions_{look.layout or 'hwc'}", look.lang), "center"),
        Column("size", heading("size", look.lang), "center"),
        Column("params", heading("params", look.lang), "center"),
    )
    notes = []
    if left_out:
        notes.append(write.say("left_out", ops=", ".join(left_out)))
    return Table(title(report), columns, (Section(tuple(rows), (total,)),), (*notes, *closing(report, write)))


def _filter(node: Node) -> str:
    """Return ` (f=5, s=1)` for a convolution; pooling is not described."""
    size = kernel(node)
    if size is None or node.family != "conv":
        return ""
    told = geometry(node)
    parts = [
        f"f={size}" if "x" in size and not _square(node) else f"f={size.partition('x')[0]}",
        f"s={told.get('stride', '1')}",
    ]
    letters = {"pad": "p", "dilation": "d", "groups": "g"}
    return f" ({', '.join([*parts, *(f'{letters[name]}={told[name]}' for name in letters if name in told)])})"


def _square(node: Node) -> bool:
    return node.window is not None and len(set(node.window.kernel)) == 1


def _dimensions(shape: Shape, write: Writer) -> Cell:
    """Return (H, W, C); a vector as a column (n, 1)."""
    sizes = (*shape, 1) if len(shape) == 1 else write.ordered(shape)
    return Cell(f"({write.joined(sizes, ', ')})")


def _size(count: Number, write: Writer) -> Cell:
    return Cell(write.plain(write.scaled(count)), write.scaled(count))
