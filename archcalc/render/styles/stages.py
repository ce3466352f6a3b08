"""Table 1 of the ResNet paper: a line a stage, with its blocks, their repeats, and its output size."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from archcalc.quantities import Shape, channels
from archcalc.render.cells import EMPTY, Writer
from archcalc.render.columns import geometry, kernel
from archcalc.render.headings import heading
from archcalc.render.rows import Row, prefix, repeated
from archcalc.render.styles.around import closing, title
from archcalc.render.styles.arrange import sort
from archcalc.render.styles.course import counted
from archcalc.render.view import Cell, Column, Line, Look, Section, Table
from archcalc.report import Folder, Node, Report


def stages(report: Report, look: Look) -> Table:
    """Return stage, output size, structure, parameters and multiply-adds.

    A stage is a run of top-level parts whose outputs have one spatial size, as in the paper: a pooling layer
    begins the stage of the size it makes. `[1x1, 64; 3x3, 64; 1x1, 256] ×3` is a block and its repeats;
    shortcuts, normalisation and activations are not listed but counted.
    """
    write = Writer(look)
    nodes = [node for node in report.rows if node.mode == "both"]
    rows = sort([Row(name, "stage", members) for name, members in _stages(nodes)], look)
    lines = tuple(_line(row, report.folders, write) for row in rows)
    sums = report.totals
    counts = (write.count(sums.params), write.count(write.scaled(sums.macs)))
    total = (Cell(write.say("total")), EMPTY, EMPTY, *counts)
    columns = (
        Column("stage", heading("stage", look.lang)),
        Column("output", heading("output_size", look.lang)),
        Column("structure", heading("blocks", look.lang), flows=" → "),
        Column("params", heading("params", look.lang), "right"),
        Column("macs", heading("macs", look.lang), "right"),
    )
    notes = (write.say("macs"), *closing(report, write))
    return Table(title(report), columns, (Section(lines, (total,)),), notes)


def _stages(nodes: Sequence[Node]) -> Iterator[tuple[str, tuple[Node, ...]]]:
    """Yield the names and layers of stages; parts that are not told give no name."""
    parts = [(name, tuple(inside)) for name, inside in groupby(nodes, key=lambda node: prefix(node.path, 1))]
    for _, run in groupby(parts, key=lambda part: _size(part[1][-1].output)):
        members = list(run)
        names = [name for name, layers in members if any(map(_told, layers))] or [name for name, _ in members]
        label = ", ".join(names) if len(names) < 3 else f"{names[0]} … {names[-1]}"
        yield label, tuple(node for _, layers in members for node in layers)


def _size(shape: Shape) -> Shape:
    """Return the spatial size; that of a vector is 1x1, as in the paper's last line."""
    return () if len(shape) == 1 or all(size == 1 for size in shape[1:]) else shape[1:]


def _line(row: Row, folders: Mapping[str, Folder], write: Writer) -> Line:
    return (
        Cell(row.path),
        write.shape(row.nodes[-1].output),
        Cell(" → ".join(repeated(_blocks(row.nodes, 1, folders, write)))),
        write.count(row.sum("params")),
        write.count(write.scaled(row.sum("macs"))),
    )


def _blocks(nodes: Iterable[Node], depth: int, folders: Mapping[str, Folder], write: Writer) -> Iterator[str]:
    """Yield one text a block or layer; a folder without a call of its own is looked into."""
    for path, members in groupby(nodes, key=lambda node: prefix(node.path, depth)):
        layers = tuple(members)
        folder = folders.get(path)
        if folder is not None and not folder.call and len(layers) > 1:
            yield from _blocks(layers, depth + 1, folders, write)
            continue
        told = [_layer(node, write, inside=len(layers) > 1) for node in layers if _told(node)]
        if told:
            yield told[0] if len(told) == 1 else f"[{'; '.join(repeated(told))}]"


def _told(node: Node) -> bool:
    if "shortcut" in node.path.split("."):
        return False
    return node.family == "pool" or node.macs != 0 or (counted(node) and node.family != "norm")


def _layer(node: Node, write: Writer, *, inside: bool) -> str:
    """Return `3x3, 64`, `3x3 maxpool`, `1000-d fc`; a convolution in a block does not tell its stride."""
    size, told, count = kernel(node), geometry(node), write.size(channels(node.output))
    if size is None:
        return f"{count}-d {node.op}" if node.family == "linear" else node.op
    words = [size if node.op == "conv" else f"{size} {node.op}", *([] if node.family == "pool" else [count])]
    words += [f"{name}={told[name]}" for name in ("dilation", "groups") if name in told]
    if "stride" in told and (node.family == "pool" or not inside):
        words.append(f"stride {told['stride']}")
    return ", ".join(words)
