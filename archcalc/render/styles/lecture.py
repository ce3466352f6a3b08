"""The AlexNet table of lecture notes: every size, parameter count and operation count worked out in its cell."""

from archcalc.render.cells import EMPTY, Writer
from archcalc.render.columns import geometry, kernel
from archcalc.render.headings import heading
from archcalc.render.styles.arrange import ordered_nodes
from archcalc.render.styles.course import names, split, worked
from archcalc.render.styles.summary import remarks, title
from archcalc.render.text import number
from archcalc.render.view import Cell, Column, Look, Section, Table
from archcalc.report import Node, Report

_COLUMNS = ("id", "layer", "input", "structure", "output", "params", "macs")


def lecture(report: Report, look: Look) -> Table:
    """Return id, layer, input, structure, output, parameters, operations; shapes are height*width*channels."""
    write = Writer(look, "hwc")
    shown, left_out = split(ordered_nodes(report, look))
    called = names(shown)
    rows = tuple(
        (
            Cell(str(at), at),
            Cell(called[node.path]),
            _input(node, report, write),
            Cell(_structure(node, write)),
            write.shape(node.output, "*"),
            worked(write, node, "params", "lecture"),
            worked(write, node, "macs", "lecture"),
        )
        for at, node in enumerate(shown, 1)
    )
    totals = report.totals
    total = (EMPTY, Cell(write.say("total")), EMPTY, EMPTY, EMPTY, write.count(totals.params), write.count(write.scaled(totals.macs)))
    columns = tuple(Column(key, heading(key if key in ("id", "structure") else f"lecture_{key}", look.lang)) for key in _COLUMNS)
    notes = [write.say("operations")]
    if left_out:
        notes.append(write.say("left_out", ops=", ".join(left_out)))
    if any(node.mode == "train" for node in report.rows):
        notes.append(write.say("heads_left_out"))
    return Table(title(report), columns, (Section(rows, (total,)),), (*notes, *remarks(report, write)))


def _input(node: Node, report: Report, write: Writer) -> Cell:
    if node.flattens is not None:
        flat = write.joined(write.ordered(node.flattens), "*")
        return Cell(f"{flat} = {write.joined(node.input[0][-1:], '*') if len(node.input[0]) == 1 else _volume(node)}")
    shapes = ", ".join(write.shape(shape, "*").text for shape in node.input)
    image = node.inputs[0] in report.input and len(node.input[0]) == 3
    return Cell(write.say("input_image", shape=shapes) if image else shapes)


def _structure(node: Node, write: Writer) -> str:
    """Return what the layer is, with the size formula worked out."""
    size = kernel(node)
    if size is None:
        units = node.settings.get("out") if node.family == "linear" else None
        return node.op if units is None else write.say("units", count=number(units, group=""))
    size = size.replace("x", "*")
    count = number(node.output[-1] if len(node.output) == 2 else node.output[0], group="")
    what = write.say("filters", count=count, kernel=size) if node.family == "conv" else f"{node.op}: {size}"
    return ", ".join([what, *(f"{name}={text}" for name, text in geometry(node).items()), *_size_formula(node, write)])


def _size_formula(node: Node, write: Writer) -> list[str]:
    if not all(isinstance(size, int) for size in (*node.input[0], *node.output)):
        return []
    derived = write.look.derivation(node, "output", "lecture")
    return [f"{derived.values}={derived.value}"]
