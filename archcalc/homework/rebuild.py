"""A table that describes its own network → that network, so that it can be checked against itself.

Kinds, kernels and strides are read where they are written. What is not written (a Keras printout has no kernels) is
solved from the sizes and parameters of the row: the first setting that fits both, else that fits the size.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any, Final, NamedTuple

from archcalc.analysis import analyze
from archcalc.api import load_choice
from archcalc.errors import ArchcalcError, Source
from archcalc.homework.cell import Dims, read_count, read_shape
from archcalc.homework.layertext import read_layer
from archcalc.homework.sheet import Line, Sheet, Table
from archcalc.homework.solving import Row, Step, explains, output_of, solved, written
from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import choose

_WIDE: Final = 1_000_000  # an image large enough for any receptive field
_USUAL: Final = frozenset({28, 32, 64, 96, 128, 150, 200, 224, 227, 256, 299, 384, 416, 512})  # sides of images
# a layer in "Connected to", which may be cut off: conv2d[0][0], max_pooling2…
_SOURCE: Final = re.compile(r"(?<![\w\[])([A-Za-z_][\w/.-]*)(?:\[\d[^\s,]*|…)")
_NEAR: Final = 40  # how many layers back a branch may start
_LONG: Final = 64  # the steps of a sequence whose length is free


def rebuild(sheet: Sheet) -> Report | None:
    """Return the network that the tables of a sheet describe, or None if they do not say enough."""
    for table in sheet.tables:
        text = describe(table, sheet.framework)
        if text is None:
            continue
        library = Library()
        try:
            document = library.parse(Source("the answer", text), "answer")
            graph = load_choice(document, choose(document, None, ()), Wishes(), "the answer itself", library, None)
            return analyze(graph, library.limits)
        except ArchcalcError:
            continue
    return None


def describe(table: Table, framework: str | None = None) -> str | None:
    """Return the spec that a table describes, or None."""
    style = _style(table, framework)
    body = [line for line in table.lines if not line.is_total]
    rows = [row for line in body if (row := _row(line, table, style)) is not None]
    named = _distinct([row for row in rows if row.text.ops or _keeps(row)])
    start = _input(table, named, style) if _says_enough(table, rows, named) else None
    if start is None:
        return None
    entries = [row for row in named if row.text.ops == ("input",)]
    inputs = {row.name: _sized(row.output) for row in entries if row.output is not None} if len(entries) > 1 else {}
    shapes: dict[str, Shape] = dict(inputs) or {"x": start}
    known = {entries[0].name: "x"} if len(entries) == 1 else {}
    current, lines, unexplained = next(iter(shapes)), [], 0
    for row in named:
        if row.text.ops == ("input",):
            known.setdefault(row.name, row.name)
            continue
        before = _sources(row.inputs, known) or [current]
        steps = solved(row, [shapes[name] for name in before], framework)
        if framework == "torch" and not _explained(row, steps, [shapes[name] for name in before]):
            branch = _branch(row, shapes)
            unexplained += branch is None
            if unexplained > 1:  # one number may be wrong; two are a network that is not understood
                return None
            before, steps = branch or (before, steps)
        if steps is None:
            return None
        given = [shapes[name] for name in before]
        shape = given[0]
        for step in steps:
            shape = output_of(step, [shape] if len(given) == 1 else given) or shape
        shapes[row.name], known[row.name] = shape, row.name
        source = [f"from {before[0]}"] if before[0] != current else []
        chain = " -> ".join([*source, *(written(step, before[1:]) for step in steps)])
        lines.append(f"  - {row.name}: {chain}")
        current = row.name
    sizes = {name: f"[{', '.join(map(str, shape))}]" for name, shape in inputs.items()}
    size = "{" + ", ".join(f"{name}: {text}" for name, text in sizes.items()) + "}" if sizes else list(start)
    return "\n".join(["archcalc: 1", f"input: {size}", "layers:", *lines, ""]) if lines else None


def _says_enough(table: Table, rows: list[Row], named: list[Row]) -> bool:
    """Tell whether nearly all rows have a kind, and half of them a size, or all that a receptive field needs."""
    if any(row.params and not row.text.ops for row in rows):
        return False
    kinds = sum(bool(row.text.ops) for row in named)
    if not kinds or len(named) * 5 < len(rows) * 4 or kinds * 2 < len(named):
        return False
    is_walk = table.at("kernel") is not None and table.at("rf", "jump") is not None
    shaped = sum(row.output is not None or row.side is not None for row in named)
    return is_walk or shaped * 2 >= len(named)


def _explained(row: Row, steps: list[Step] | None, inputs: list[Shape]) -> bool:
    return steps is not None and explains(row, steps, inputs, "torch")


def _branch(row: Row, shapes: dict[str, Shape]) -> tuple[list[str], list[Step]] | None:
    """Return what a row of a torch printout reads, which is not said: the latest layer from which it follows."""
    for name, shape in islice(reversed(shapes.items()), _NEAR):
        steps = solved(row, [shape], "torch")
        if steps is not None and explains(row, steps, [shape], "torch"):
            return [name], steps
    return None


def _sources(names: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Return the layers that a row reads; a name that is cut off is one of the latest that start with it."""
    found: list[str] = []
    for name, times in Counter(names).items():
        if name in known:
            found.append(known[name])
            continue
        alike = [own for row, own in known.items() if row.startswith(name) or (len(row) > 8 and name.startswith(row))]
        found += alike[-times:]
    return found


def _keeps(row: Row) -> bool:
    """Tell whether a row of an unknown kind is one of the layers that only pass their input on."""
    return row.params == 0 and row.output is not None and bool(row.type)


def _sized(shape: Sequence[int | None]) -> Shape:
    """Return a shape with a length for each size that is free."""
    return tuple(_LONG if size is None else size for size in shape)


# ── Reading rows ──


class _Style(NamedTuple):
    """How a table writes shapes. batch: what stands before them; is_sequence: channels, then steps (torch's 1d)."""

    batch: int | None
    is_channels_last: bool
    is_sequence: bool


def _style(table: Table, framework: str | None) -> _Style:
    is_torch = framework == "torch"
    steps = any(re.search(r"(?:Conv|Pool|Transpose)1d$", line.type) for line in table.lines)
    return _Style(_batch(table) if is_torch else None, not is_torch and _is_channels_last(table), is_torch and steps)


def _batch(table: Table) -> int | None:
    """Return the number that stands before all shapes of a printout, if there is one."""
    at = table.at("output")
    shapes = [read_shape(line.text(at)) for line in table.lines if at is not None and not line.is_total]
    firsts = {cell.dims[0] for cell in shapes if cell.dims and cell.batch is None and len(cell.dims) > 1}
    shaped = sum(bool(cell.dims) for cell in shapes)
    whole = sum(bool(cell.dims) and cell.batch is None and len(cell.dims or ()) > 1 for cell in shapes)
    return firsts.pop() if len(firsts) == 1 and whole == shaped > 1 else None


def _row(line: Line, table: Table, style: _Style) -> Row | None:
    words = [line.type, line.name]
    words += [line.text(at) for at, c in enumerate(table.columns) if c.meanings[:1] == ("structure",)]
    typed, named = read_layer(line.type), read_layer(line.name)
    text = read_layer(" ".join(words))
    text = text._replace(ops=typed.ops or named.ops or text.ops)
    settings: dict[str, Any] = {}
    for field, quantity in (("kernel", "kernel"), ("stride", "stride"), ("pad", "pad"), ("dilation", "dilation")):
        at = table.at(quantity)
        cell = read_shape(line.text(at)) if at is not None else None
        if cell is not None and cell.dims:
            settings[field] = cell.dims if field == "kernel" else cell.dims[0]
        elif at is not None and quantity == "pad" and line.text(at).strip().lower() in ("0", "same", "valid", "half"):
            written = line.text(at).strip().lower()
            settings[field] = 0 if written == "0" else written
    if "kernel" in settings and not text.ops:
        text = text._replace(ops=("conv",))
    text = text._replace(**settings)
    output = table.at("output")
    cell = read_shape(line.text(output)) if output is not None else read_shape("")
    shape = _channels_first(cell.dims, style) if cell.dims else None
    side = shape[0] if shape is not None and len(shape) == 1 else None
    if shape is not None and len(shape) == 2:
        if set(text.ops) & {"fc", "softmax", "flatten"} and 1 in shape:
            shape = (max(size or 1 for size in shape),)
        elif set(text.ops) & {"conv", "maxpool"} and not re.search(r"1d", line.type, re.IGNORECASE):
            shape = None
    params_at = table.at("params")
    read = read_count(line.text(params_at)).number if params_at is not None else None
    params = int(read.value) if read is not None and not read.is_rounded and read.value.denominator == 1 else None
    if text.ops[:1] == ("softmax",) and params:  # the last layer is often called by its activation
        text = text._replace(ops=("fc",))
    connected = table.at("connected")
    sources = _SOURCE.findall(line.text(connected)) if connected is not None else []
    label = line.name or line.type
    if not label and not text.ops:
        return None
    reads = table.at("input")
    read_dims = read_shape(line.text(reads)).dims if reads is not None else None
    before = _sized(_channels_first(read_dims, style)) if read_dims else None
    return Row(_word(label), line.type, text, shape, side, params, tuple(_word(name) for name in sources), before)


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII).strip("_")[:56] or "layer"


def _distinct(rows: list[Row]) -> list[Row]:
    """Return the rows with names that differ."""
    taken: set[str] = set()
    found = []
    for row in rows:
        name, count = row.name, 2
        while name in taken:
            name, count = f"{row.name}_again{count}", count + 1
        taken.add(name)
        found.append(row._replace(name=name))
    return found


def _channels_first(dims: Dims, style: _Style) -> Dims:
    """Return a shape as it is written without its batch, channels first; T×C for a sequence."""
    dims = dims[1:] if style.batch is not None else dims
    if len(dims) == 2 and style.is_sequence:
        return dims[::-1]
    return (dims[-1], *dims[:-1]) if len(dims) > 2 and style.is_channels_last else dims


def _is_channels_last(table: Table) -> bool:
    at = table.at("output") or 0
    shapes = [cell.dims for line in table.lines if (cell := read_shape(line.text(at))).dims and len(cell.dims) == 3]
    last = sum(shape[0] == shape[1] != shape[2] for shape in shapes)
    first = sum(shape[1] == shape[2] != shape[0] for shape in shapes)
    params = table.at("params")
    for line in table.lines:  # a batch normalisation has 2 or 4 numbers per channel
        dims = read_shape(line.text(at)).dims
        number = read_count(line.text(params)).number if params is not None else None
        if dims and len(dims) == 3 and number is not None and "bn" in read_layer(line.type or line.name).ops:
            first += number.value in (2 * (dims[0] or 0), 4 * (dims[0] or 0))
            last += number.value in (2 * (dims[2] or 0), 4 * (dims[2] or 0))
    return last >= first


# ── The input ──


def _input(table: Table, rows: list[Row], style: _Style) -> Shape | None:
    first = rows[0]
    if first.text.ops == ("input",) and first.output is not None:
        is_side = len(first.output) == 1 and any(row.text.kernel for row in rows)
        start = _sized(first.output)
        return (1, *start, *start) if is_side else start
    at = table.at("input")
    if at is not None:
        cell = read_shape(table.lines[0].text(at))
        if cell.dims and None not in cell.dims:
            shape = _sized(_channels_first(cell.dims, style))
            return shape if len(shape) > 1 else (1, *shape, *shape) if first.text.kernel else shape
    known = next((row for row in rows if row.text.ops and not (row.params == 0 and _keeps_shape(row))), first)
    return _guessed(known, rows)


def _keeps_shape(row: Row) -> bool:
    return row.text.ops[0] in ("activation", "dropout")


def _guessed(first: Row, rows: list[Row]) -> Shape | None:
    """Return the input that the first layer must have had."""
    text, params = first.text, first.params
    out = _sized(first.output) if first.output is not None else None
    if text.kernel and all(row.text.kernel for row in rows if row.text.ops != ("input",)) and out is None:
        side = first.side
        if side is None:
            return (1, _WIDE, _WIDE)
        n = (side - 1) * (text.stride or 1) + text.kernel[0] - 2 * (text.pad if isinstance(text.pad, int) else 0)
        return (1, n, n)
    if out is None or not text.ops:
        return None
    kind = text.ops[0]
    if kind == "embed" and len(out) == 2:
        return (int(out[0]),)
    if "fc" in text.ops and params:
        rows_of = out[:-1]
        return next(((*rows_of, (params - b) // out[-1]) for b in (out[-1], 0) if (params - b) % out[-1] == 0), None)
    if kind in ("flatten", "activation", "bn", "dropout", "ln"):
        return out
    if kind in ("conv", "separable") and params and len(out) > 1:
        return _before_conv(first, out, params)
    if kind == "deconv" and params and len(out) == 3:
        return _before_deconv(out, params)
    if params and kind in ("lstm", "gru", "rnn"):
        return _before_recurrent(first, out, params)
    return None


def _before_conv(first: Row, out: Shape, params: int) -> Shape | None:
    """Return the input of a convolution whose parameters are known: the first usual number of channels that fits."""
    text, axes = first.text, max(1, len(out) - 1)
    count, sizes = (out[-1], out[:-1]) if len(out) == 2 else (out[0], out[1:])
    for channels, bias in product((3, 1, 4, 2, *range(5, 65)), (count, 0)):
        if text.ops[0] == "separable":  # k·k·c + c·out + bias
            area, rest = divmod(params - bias - channels * count, channels)
        else:
            area, rest = divmod(params - bias, count * channels)
        side = round(max(area, 0) ** (1 / axes))
        if rest or area <= 0 or side**axes != area or side > 16:
            continue
        stride = text.stride or 1
        same = text.pad in ("same", "half") or (text.pad is None and set(sizes) <= _USUAL and axes > 1)
        before = tuple(o * stride if same else (o - 1) * stride + side for o in sizes)
        return (*before, channels) if len(out) == 2 else (channels, *before)
    return None


def _before_deconv(out: Shape, params: int) -> Shape | None:
    """Return the input of a transposed convolution: one position that becomes a kernel, or half the size."""
    count, *sizes = out
    for kernel, bias in product((sizes[0], 4, 3, 2, 5), (0, count)):
        channels, rest = divmod(params - bias, count * kernel * kernel)
        if not rest and channels > 0:
            return (channels, *(1 if size == kernel else size // 2 for size in sizes))
    return None


def _before_recurrent(first: Row, out: Shape, params: int) -> Shape | None:
    kind, h = first.text.ops[0], out[-1]
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[kind]
    for biases in (2, 1, 0) if kind == "gru" else (1, 2, 0):
        inputs, rest = divmod(params - gates * h * (h + biases), gates * h)
        if not rest and inputs > 0:
            return (out[0] if len(out) == 2 else _LONG, inputs)
    return None
