"""The AlexNet table of lecture notes: sizes, parameters and operations worked out in their cells."""

from typing import Final

from archcalc.arithmetic import volume
from archcalc.quantities import Shape, channels
from archcalc.render.cells import EMPTY, Writer
from archcalc.render.columns import geometry, kernel
from archcalc.render.headings import heading
from archcalc.render.styles.around import closing, title
from archcalc.render.styles.arrange import ordered_nodes
from archcalc.render.styles.course import names, split, worked
from archcalc.render.view import Cell, Column, Look, Section, Table
from archcalc.report import Node, Report

_COLUMNS: Final = ("id", "layer", "input", "structure", "output", "params", "macs")


# the names of spatial axes in a derivation, by rank: channels stand last in a sequence, first in a map
_AXES: Final = {3: "hw", 4: "dhw"}


def lecture(report: Report, look: Look) -> Table:
    """Return id, layer, input, structure, output, parameters, operations; shapes as height*width*channels."""
    write = Writer(look, "hwc")
    shown, left_out = split(ordered_nodes(report, look))
    called = names(shown)
    rows = tuple(
        (
            Cell(str(at), at),
            Cell(called[node.path]),
            Cell(_input(node, report, write)),
            Cell(_structure(node, write)),
            write.shape(node.output, "*"),
            worked(write, node, "params", "lecture"),
            worked(write, node, "macs", "lecture"),
        )
        for at, node in enumerate(shown, 1)
    )
    sums = report.totals
    counts = (write.count(sums.params), write.count(write.scaled(sums.macs)))
    total = (EMPTY, Cell(write.say("total")), EMPTY, EMPTY, EMPTY, *counts)
    columns = tuple(Column(key, heading(f"lecture_{key}", look.lang)) for key in _COLUMNS)
    notes = [write.say("operations")]
    if left_out:
        notes.append(write.say("left_out", ops=", ".join(left_out)))
    return Table(title(report), columns, (Section(rows, (total,)),), (*notes, *closing(report, write)))


def _input(node: Node, report: Report, write: Writer) -> str:
    if node.flattens is not None:
        flat = write.plain(write.scaled(volume(node.flattens)))
        return f"{write.shape(node.flattens, '*').text} = {flat}"
    shapes = ", ".join(write.shape(shape, "*").text for shape in node.input)
    image = node.inputs[0] in report.input and len(node.input[0]) == 3
    return write.say("input_image", shape=shapes) if image else shapes


def _structure(node: Node, write: Writer) -> str:
    """Return what the layer is, with the size formula worked out."""
    size = kernel(node)
    if size is None:
        units = node.family == "linear"
        return write.say("units", count=write.size(channels(node.output))) if units else node.op
    size = size.replace("x", "*")
    count = write.size(channels(node.output))
    what = write.say("filters", count=count, kernel=size) if node.family == "conv" else f"{node.op}: {size}"
    told = (f"{name}={text}" for name, text in geometry(node).items())
    return ", ".join([what, *told, *_size_formula(node, write)])


def _size_formula(node: Node, write: Writer) -> list[str]:
    if not all(isinstance(size, int) for size in (*node.input[0], *node.output)):
        return []
    axes = _AXES.get(len(node.output), "") if len(set(zip(*_geometry(node), strict=True))) > 1 else ""
    quantities = [f"output.{axis}" for axis in axes] or ["output"]
    derived = (write.look.derivation(node, quantity, "lecture") for quantity in quantities)
    return [f"{formula.values}={formula.value}" for formula in derived]


def _geometry(node: Node) -> tuple[Shape, ...]:
    """Return what a size formula depends on, per spatial axis."""
    seen, size = node.window, node.input[0]
    sizes = size[:-1] if len(size) <= 2 else size[1:]
    return (sizes, seen.kernel, seen.stride, seen.dilation, seen.before, seen.after) if seen else (sizes,)
