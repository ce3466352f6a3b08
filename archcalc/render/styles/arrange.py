"""Which rows a table has, and in what order: folded, sorted, training heads apart."""

from collections.abc import Sequence

from archcalc.arithmetic import Number
from archcalc.render.columns import COLUMNS
from archcalc.render.options import check, option_error
from archcalc.render.rows import Row, folded, grouped, layers
from archcalc.render.view import Look
from archcalc.report import Mode, Node, Report


def arranged(report: Report, look: Look, mode: Mode) -> list[Row]:
    """Return the rows of the network ("both") or of its training heads ("train")."""
    nodes = [node for node in report.rows if node.mode == mode]
    if look.group is not None:
        found = grouped(nodes, look.group)
    else:
        found = layers(nodes) if look.depth is None else folded(nodes, look.depth, report.folders)
    return sort(found, look)


def sort(rows: Sequence[Row], look: Look) -> list[Row]:
    """Return rows by the number that the Look asks for, the largest first; equal ones stay in order."""
    if look.sort is None:
        return list(rows)
    numeric = [key for key, fact in COLUMNS.items() if fact.kind in ("count", "share")]
    check("numeric column", look.sort, numeric)
    read = COLUMNS[look.sort].read

    def size(row: Row) -> Number:
        value = read(row)
        if value is not None and not isinstance(value, int):
            raise option_error(f"cannot sort by {look.sort}: {row.path} has {value}")
        return value or 0

    return sorted(rows, key=size, reverse=True)


def ordered_nodes(report: Report, look: Look) -> list[Node]:
    """Return the layers of the inference network, one a row, sorted if asked for."""
    rows = sort(layers(node for node in report.rows if node.mode == "both"), look)
    return [node for row in rows for node in row.nodes]
