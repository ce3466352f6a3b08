"""Table 1 of the ResNet paper: a line a stage, with its blocks and how often they repeat, and its output size."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from archcalc.quantities import Shape
from archcalc.render.cells import Writer
from archcalc.render.columns import geometry, kernel, value
from archcalc.render.headings import heading
from archcalc.render.rows import Row, prefix
from archcalc.render.styles.arrange import sort
from archcalc.render.styles.course import counted
from archcalc.render.styles.summary import remarks, title
from archcalc.render.view import Cell, Column, Line, Look, Section, Table
from archcalc.report import Folder, Node, Report


def stages(report: Report, look: Look) -> Table:
    """Return stage, output size, structure, parameters and multiply-adds.

    A stage is a run of top-level parts whose outputs have one spatial size, as in the paper: a pooling layer begins
    the stage of the size it makes. `[1x1, 64; 3x3, 64; 1x1, 256] ×3` is a block and its repeats; shortcuts,
    normalisation and activations are not listed but counted.
    """
    write = Writer(look)
    nodes = [node for node in report.rows if node.mode == "both"]
    found = sort([Row(name, members) for name, members in _stages(nodes)], look)
    rows = tuple(_line(row, report.folders, write) for row in found)
    totals = report.totals
    total = (
        Cell(write.say("total")),
        Cell(""),
        Cell(""),
        write.count(totals.params),
        write.count(write.scaled(totals.macs)),
    )
    columns = (
        Column("stage", heading("stage", look.lang)),
        Column("output", heading("output_size", look.lang)),
        Column("blocks", heading("blocks", look.lang)),
        Column("params", heading("params", look.lang), "right"),
        Column("macs", heading("macs", look.lang), "right"),
    )
    notes = [write.say("macs")]
    if any(node.mode == "train" for node in report.rows):
        notes.append(write.say("heads_left_out"))
    return Table(title(report), columns, (Section(rows, (total,)),), (*notes, *remarks(report, write)))


def _line(row: Row, folders: Mapping[str, Folder], write: Writer) -> Line:
    blocks = ", ".join(_repeated(_blocks(row.nodes, 1, folders)))
    return (
        write.text(row.path),
        write.shape(row.nodes[-1].output),
        Cell(blocks),
        write.count(row.sum("params")),
        write.count(write.scaled(row.sum("macs"))),
    )


def _stages(nodes: Sequence[Node]) -> Iterator[tuple[str, tuple[Node, ...]]]:
    parts = [(name, tuple(members)) for name, members in groupby(nodes, key=lambda node: prefix(node.path, 1))]
    for _, run in groupby(parts, key=lambda part: _size(part[1][-1].output)):
        items = list(run)
        members = [item for item in items if any(map(_speaks, item[1]))] or items
        names = [name for name, _ in members]
        label = ", ".join(names) if len(names) < 3 else f"{names[0]} … {names[-1]}"
        yield label, tuple(node for _, layers in items for node in layers)


def _size(shape: Shape) -> Shape:
    """Return the spatial size; a vector has 1x1, as the paper's last line."""
    return () if len(shape) == 1 or all(size == 1 for size in shape[1:]) else shape[1:]


def _blocks(nodes: Iterable[Node], depth: int, folders: Mapping[str, Folder]) -> Iterator[str]:
    """Yield one text a block or layer; a folder without a call of its own is looked into."""
    for path, members in groupby(nodes, key=lambda node: prefix(node.path, depth)):
        layers = tuple(members)
        folder = folders.get(path)
        if folder is not None and not folder.call and len(layers) > 1:
            yield from _blocks(layers, depth + 1, folders)
            continue
        told = [_layer(node, len(layers) > 1) for node in layers if _speaks(node)]
        if told:
            texts = list(_repeated(told))
            yield texts[0] if len(told) == 1 else f"[{'; '.join(texts)}]"


def _speaks(node: Node) -> bool:
    shortcut = "shortcut" in node.path.split(".")
    return not shortcut and (node.family == "pool" or node.macs != 0 or (counted(node) and node.family != "norm"))


def _layer(node: Node, inside: bool) -> str:
    """Return `3x3, 64`, `3x3 maxpool`, `1000-d fc`; a stride only where it is not the business of a whole block."""
    size, told = kernel(node), geometry(node)
    channels = value(node.output[-1] if len(node.output) <= 2 else node.output[0])
    if size is None:
        return f"{channels}-d {node.op}" if node.family == "linear" else node.op
    words = [f"{size} {node.op}"] if node.family == "pool" else [size if node.op == "conv" else f"{size} {node.op}", channels]
    words += [f"{name}={told[name]}" for name in ("dilation", "groups") if name in told]
    if "stride" in told and not (inside and node.family != "pool"):
        words.append(f"stride {told['stride']}")
    return ", ".join(words)


def _repeated(texts: Iterable[str]) -> Iterator[str]:
    for text, run in groupby(texts):
        times = len(list(run))
        yield text if times == 1 else f"{text} ×{times}"
