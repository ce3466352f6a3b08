"""The Inception tables of lecture notes: a line a convolution with its product, and the sum in millions."""

from archcalc.render.cells import Writer
from archcalc.render.columns import geometry, kernel, value
from archcalc.render.headings import heading
from archcalc.render.styles.arrange import ordered_nodes
from archcalc.render.styles.course import bracketed
from archcalc.render.styles.summary import remarks, title
from archcalc.render.text import millions
from archcalc.render.view import Cell, Column, Look, Section, Table
from archcalc.report import Node, Report


def ops(report: Report, look: Look) -> Table:
    """Return `[1x1 conv, 128]  28x28x128x1x1x256` for every layer with multiply-adds, and their total in M ops."""
    write = Writer(look)
    rows = tuple(
        (Cell(_layer(node, write)), _product(node, write)) for node in ordered_nodes(report, look) if node.macs != 0
    )
    macs = write.scaled(report.totals.macs)
    short = f"{millions(macs)} ops" if isinstance(macs, int) else f"{write.number(macs)} ops"
    total = (Cell(f"{write.say('total')}:"), Cell(short, macs))
    columns = (Column("layer", heading("conv_ops", look.lang)), Column("macs", heading("product", look.lang)))
    notes = [write.say("multiply_adds", count=write.number(macs))]
    if any(node.mode == "train" for node in report.rows):
        notes.append(write.say("heads_left_out"))
    return Table(title(report), columns, (Section(rows, (total,)),), (*notes, *remarks(report, write)))


def _layer(node: Node, write: Writer) -> str:
    size = kernel(node)
    # a depthwise kernel is one per channel, a fully connected layer has none: the output's channels say the rest
    channels = node.output[-1] if len(node.output) <= 2 else node.output[0]
    groups = geometry(node).get("groups")
    what = f"{size} {node.op}" if size else node.op
    return f"[{', '.join([what, value(channels), *([f'groups={groups}'] if groups else [])])}]"


def _product(node: Node, write: Writer) -> Cell:
    macs = write.scaled(node.macs)
    if not isinstance(macs, int):
        return Cell(write.number(macs), macs)
    product = write.look.derivation(node, "macs", "ops").values
    return Cell(product if write.look.batch == 1 else f"{write.look.batch}x{bracketed(product)}", macs)
