"""The Inception tables of lecture notes: a line a convolution with its product, and the sum in millions."""

from archcalc.quantities import channels
from archcalc.render.cells import Writer
from archcalc.render.columns import geometry, kernel
from archcalc.render.headings import heading
from archcalc.render.styles.around import closing, title
from archcalc.render.styles.arrange import ordered_nodes
from archcalc.render.styles.course import bracketed
from archcalc.render.text import millions
from archcalc.render.view import Cell, Column, Look, Section, Table
from archcalc.report import Node, Report


def ops(report: Report, look: Look) -> Table:
    """Return `[1x1 conv, 128]  28x28x128x1x1x256` for every layer with multiply-adds; the total in M ops."""
    write = Writer(look)
    nodes = [node for node in ordered_nodes(report, look) if node.macs != 0]
    rows = tuple((Cell(_layer(node, write)), _product(node, write)) for node in nodes)
    macs = write.scaled(report.totals.macs)
    total = Cell(f"{millions(macs) if isinstance(macs, int) else write.number(macs)} ops", macs)
    columns = (Column("layer", heading("conv_ops", look.lang)), Column("macs", heading("product", look.lang)))
    section = Section(rows, ((Cell(f"{write.say('total')}:"), total),))
    exact = write.say("multiply_adds", count=write.number(macs))
    return Table(title(report), columns, (section,), (exact, *closing(report, write)))


def _layer(node: Node, write: Writer) -> str:
    words = [f"{kernel(node) or ''} {node.op}".strip(), write.size(channels(node.output))]
    groups = geometry(node).get("groups")
    return f"[{', '.join([*words, *([f'groups={groups}'] if groups else [])])}]"


def _product(node: Node, write: Writer) -> Cell:
    macs = write.scaled(node.macs)
    if not isinstance(macs, int):
        return Cell(write.number(macs), macs)
    product = write.look.derivation(node, "macs", "ops").values
    return Cell(product if write.look.batch == 1 else f"{write.look.batch}x{bracketed(product)}", macs)
