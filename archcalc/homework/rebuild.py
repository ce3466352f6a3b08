"""A table that describes its own network → that network, so that it can be checked against itself.

Kinds, kernels and strides are read where they are written. What is not written (a Keras printout has no kernels) is
solved from the sizes and parameters of the row: the first setting that fits both, else that fits the size.
"""

import re
from collections.abc import Iterable, Iterator
from math import isqrt, prod
from typing import Any, Final, NamedTuple

from archcalc.analysis import analyze
from archcalc.api import load_choice
from archcalc.errors import ArchcalcError, Source
from archcalc.homework.cell import read_count, read_shape
from archcalc.homework.layertext import LayerText, read_layer
from archcalc.homework.sheet import Line, Sheet, Table
from archcalc.layers import build
from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import choose

_PADS: Final = (0, "same", "half", 1, 2, 3)
_TORCH_PADS: Final = (0, "half", 1, 2, 3)
_WIDE: Final = 1_000_000  # an image large enough for any receptive field
_USUAL: Final = frozenset({28, 32, 64, 96, 128, 150, 200, 224, 227, 256, 299, 384, 416, 512})  # sides of images
_LONG: Final = 64  # the steps of a sequence whose length is free


class _Row(NamedTuple):
    """What one row says: its name in the spec, its layer, its shape (channels first), its parameters, its inputs."""

    name: str
    text: LayerText
    output: Shape | None
    side: int | None
    params: int | None
    inputs: tuple[str, ...]


class _Step(NamedTuple):
    """One layer as it will stand in the spec."""

    op: str
    settings: dict[str, Any]


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
    rows = [row for line in table.lines if not line.is_total if (row := _row(line, table, framework)) is not None]
    named = _distinct([row for row in rows if row.text.ops])
    if not named or len(named) * 5 < len(rows) * 4:
        return None
    is_walk = table.at("kernel") is not None and table.at("rf", "jump") is not None
    shaped = sum(row.output is not None or row.side is not None for row in named)
    if not is_walk and shaped * 2 < len(named):
        return None
    start = _input(table, named, framework)
    if start is None:
        return None
    shapes: dict[str, Shape] = {"x": start}
    current, lines = "x", []
    for row in named:
        if row.text.ops == ("input",):
            shapes[row.name] = start
            continue
        before = [name if name in shapes else current for name in row.inputs] or [current]
        inputs = [shapes[name] for name in before]
        steps = _solved(row, inputs, framework)
        if steps is None:
            return None
        shape = inputs[0]
        for step in steps:
            shape = _output(step, [shape] if len(inputs) == 1 else inputs) or row.output or shape
        shapes[row.name] = shape
        source = [f"from {_known(before[0], named)}"] if before[0] != current else []
        others = [_known(name, named) for name in before[1:]]
        chain = " -> ".join([*source, *(_written(step, others) for step in steps)])
        lines.append(f"  - {row.name}: {chain}")
        current = row.name
    size = ", ".join(map(str, start))
    return "\n".join(["archcalc: 1", f"input: [{size}]", "layers:", *lines, ""]) if lines else None


def _known(name: str, rows: list[_Row]) -> str:
    first = rows[0]
    return "x" if first.text.ops == ("input",) and name == first.name else name


# ── Reading rows ──


def _row(line: Line, table: Table, framework: str | None) -> _Row | None:
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
    dims = tuple(_LONG if size is None else size for size in cell.dims or ())
    shape = _channels_first(dims, framework, table) if dims else None
    side = cell.dims[0] if cell.dims and len(cell.dims) == 1 else None
    if shape is not None and len(shape) == 2:
        if set(text.ops) & {"fc", "softmax", "flatten"} and 1 in shape:
            shape = (max(shape),)
        elif set(text.ops) & {"conv", "maxpool"} and not re.search(r"1d", line.type, re.IGNORECASE):
            shape = None
    params_at = table.at("params")
    read = read_count(line.text(params_at)).number if params_at is not None else None
    params = int(read.value) if read is not None and not read.is_rounded and read.value.denominator == 1 else None
    if text.ops[:1] == ("softmax",) and params:  # the last layer is often called by its activation
        text = text._replace(ops=("fc",))
    connected = table.at("connected")
    sources = re.findall(r"([\w/.-]+)(?:\[\d+\])+", line.text(connected)) if connected is not None else []
    label = line.name or line.type
    if not label and not text.ops:
        return None
    return _Row(_word(label), text, shape, side, params, tuple(_word(name) for name in sources))


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII).strip("_")[:56] or "layer"


def _distinct(rows: list[_Row]) -> list[_Row]:
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


def _channels_first(dims: tuple[Any, ...], framework: str | None, table: Table) -> Shape:
    if len(dims) < 3 or framework == "torch":
        return dims
    return (dims[-1], *dims[:-1]) if _is_channels_last(table) else dims


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


def _input(table: Table, rows: list[_Row], framework: str | None) -> Shape | None:
    first = rows[0]
    if first.text.ops == ("input",) and first.output is not None:
        is_side = len(first.output) == 1 and any(row.text.kernel for row in rows)
        return (1, *first.output, *first.output) if is_side else first.output
    at = table.at("input")
    if at is not None:
        cell = read_shape(table.lines[0].text(at))
        if cell.dims and None not in cell.dims:
            shape = _channels_first(tuple(cell.dims), framework, table)
            return shape if len(shape) > 1 else (1, *shape, *shape) if first.text.kernel else shape
    return _guessed(first, rows)


def _guessed(first: _Row, rows: list[_Row]) -> Shape | None:
    """Return the input that the first layer must have had."""
    text, out, params = first.text, first.output, first.params
    if text.kernel and all(row.text.kernel for row in rows if row.text.ops != ("input",)) and out is None:
        side = first.side
        if side is None:
            return (1, _WIDE, _WIDE)
        n = (side - 1) * (text.stride or 1) + text.kernel[0] - 2 * (text.pad if isinstance(text.pad, int) else 0)
        return (1, n, n)
    if "embed" in text.ops and out is not None and len(out) == 2:
        return (int(out[0]),)
    if "fc" in text.ops and out is not None and params and (params - out[-1]) % out[-1] == 0:
        return ((params - out[-1]) // out[-1],)
    if "flatten" in text.ops and out is not None:
        return out
    if "conv" in text.ops and out is not None and len(out) == 3 and params:
        for channels in (3, 1, 4, 2):
            for bias in (out[0], 0):
                area, rest = divmod(params - bias, out[0] * channels)
                side = isqrt(max(area, 0))
                if not rest and area > 0 and side * side == area:
                    stride = text.stride or 1
                    same = text.pad in ("same", "half") or (text.pad is None and set(out[1:]) <= _USUAL)
                    return (channels, *(o * stride if same else (o - 1) * stride + side for o in out[1:]))
        return None
    if out is not None and params and first.text.ops[0] in ("lstm", "gru", "rnn"):
        gates, h = {"lstm": 4, "gru": 3, "rnn": 1}[first.text.ops[0]], out[-1]
        for biases in (2, 1, 0) if "gru" in first.text.ops else (1, 2, 0):
            inputs, rest = divmod(params - gates * h * (h + biases), gates * h)
            if not rest and inputs > 0:
                return (out[0] if len(out) == 2 else _LONG, inputs)
        return None
    if out is not None and first.text.ops[0] in ("activation", "bn", "dropout", "ln"):
        return out
    return None


# ── Solving a row ──


def _solved(row: _Row, inputs: list[Shape], framework: str | None) -> list[_Step] | None:
    """Return the layers of a row: the first candidates that give its size and parameters, else only its size."""
    x = inputs[0]
    best: list[_Step] | None = None
    for steps in _candidates(row, x, framework):
        shape: Shape | None = x
        counted = 0
        for step in steps:
            given = [shape] if len(inputs) == 1 and shape is not None else inputs
            shape, counted = _output(step, given), counted + _params(step, given, framework)
            if shape is None:
                break
        if shape is None:
            continue
        best = best or steps
        if _fits(row, shape):
            if row.params is None or row.params == counted:
                return steps
            best = steps if best is None or not _fits(row, _through(best, inputs)) else best
    return best


def _fits(row: _Row, shape: Shape | None) -> bool:
    if shape is None:
        return False
    if row.side is not None and len(shape) > 1:
        return all(size == row.side for size in shape[1:])
    if row.output is None:
        return row.side is None or row.side in shape or row.side == prod(shape)
    return shape == row.output or (row.side is not None and row.side == prod(shape))


def _through(steps: Iterable[_Step], inputs: list[Shape]) -> Shape | None:
    shape: Shape | None = inputs[0]
    for step in steps:
        shape = _output(step, inputs if len(inputs) > 1 else [shape] if shape else inputs)
    return shape


def _candidates(row: _Row, x: Shape, framework: str | None) -> Iterator[list[_Step]]:
    text = row.text
    kind = text.ops[0]
    out = text.out or (row.output[0] if row.output is not None and len(row.output) > 2 else None)
    if row.output is not None and len(row.output) <= 2:
        out = text.out or row.output[-1]
    if kind == "separable" and out:
        for kernel, stride, pad in _windows(text, _kernels(row, x, 0), conv=True):
            depth = {"kernel": kernel, "stride": stride, "pad": pad, "bias": False}
            yield [_Step("dwconv", depth), _Step("conv", {"out": out, "kernel": 1})]
    elif kind in ("conv", "dwconv", "deconv", "local"):
        count = out or x[0]
        pads = _TORCH_PADS if framework == "torch" else _PADS
        for kernel, stride, pad in _windows(text, _kernels(row, x, count), conv=True, pads=pads):
            for bias in (True, False):
                named = {} if kind == "dwconv" else {"out": count}
                extra = {"dilation": text.dilation} if text.dilation else {}
                extra |= {"groups": text.groups} if text.groups and kind == "conv" else {}
                settings = {**named, "kernel": kernel, "stride": stride, "pad": pad, "bias": bias, **extra}
                yield [_Step(kind, settings)]
        if framework == "torch":  # pools called as functions are in no printout
            for kernel, _, pad in _windows(text, _kernels(row, x, count), conv=True, pads=pads):
                plain = (
                    {"kernel": kernel, "pad": pad} if kind == "dwconv" else {"out": count, "kernel": kernel, "pad": pad}
                )
                yield [_Step("maxpool", {"kernel": 2}), _Step(kind, plain)]
    elif kind in ("maxpool", "avgpool"):
        op = "avgpool" if kind == "avgpool" else "maxpool"
        for kernel, stride, pad in _windows(text, (2, 3, 4, 5, 6, 7, 8), conv=False):
            yield [_Step(op, {"kernel": kernel, "stride": stride, "pad": pad})]
        if row.output is not None and len(row.output) == 3:
            yield [_Step("aavgpool", {"size": row.output[1:]})]
    elif kind == "fc" and out:
        for bias in (True, False):
            yield [_Step("fc", {"out": out, "bias": bias})]
        if framework == "torch" and len(x) > 2:
            yield [_Step("gap", {}), _Step("fc", {"out": out})]
            for kernel in range(2, 8):
                yield [_Step("maxpool", {"kernel": kernel}), _Step("fc", {"out": out})]
    elif kind == "embed" and row.output is not None and row.params:
        yield [_Step("embed", {"vocab": row.params // row.output[-1], "dim": row.output[-1]})]
    elif kind in ("lstm", "gru", "rnn") and row.output is not None:
        for op in text.ops:
            for hidden, bi in ((row.output[-1], False), (row.output[-1] // 2, True)):
                for biases in (2, 1, 0) if framework == "torch" or op == "gru" else (1, 2, 0):
                    ret = "seq" if len(row.output) == 2 else "last"
                    yield [_Step(op, {"hidden": hidden, "biases": biases, "bi": bi, "ret": ret})]
    elif kind == "pad":
        for amount in (1, 2, 3, 4):
            yield [_Step("pad", {"amount": amount})]
    elif kind in ("aavgpool", "amaxpool") and row.output is not None and len(row.output) == 3:
        yield [_Step(kind, {"size": row.output[1:]})]
    elif kind in ("gap", "gmp", "aavgpool", "amaxpool"):
        kind = {"aavgpool": "gap", "amaxpool": "gmp"}.get(kind, kind)
        yield [_Step(kind, {"keep": row.output is not None and len(row.output) == 3})]
    elif kind == "reshape" and row.output is not None:
        yield [_Step("reshape", {"size": row.output})]
    elif kind == "upsample":
        for factor in (2, 4, 8):
            yield [_Step("upsample", {"factor": factor})]
    elif kind in ("add", "concat", "mul"):
        yield [_Step(kind, {})]
    elif kind == "activation":
        yield [_Step("relu", {})]
    elif kind in ("bn", "ln", "lrn", "dropout", "flatten", "softmax"):
        yield [_Step(kind, {})]


def _kernels(row: _Row, x: Shape, out: int) -> tuple[Any, ...]:
    """Return kernels: as written, else those that give the parameters, else the usual ones."""
    channels = x[0] if len(x) > 2 else x[-1]
    axes = max(1, len(x) - 1)
    if row.params is None:
        return (3, 5, 1, 7, 11)
    found: list[Any] = []
    factor = channels * out if out and row.text.ops[0] != "dwconv" else channels
    for bias in (out or channels, 0):
        area, rest = divmod(row.params - bias, factor)
        if rest or area <= 0 or area > 10_000:
            continue
        side = round(area ** (1 / axes))
        if side**axes == area:
            found.append(side)
        elif axes == 2:
            found += [(area, 1), (1, area)]
    return (*found, 3, 5, 1, 7, 11)


def _windows(
    text: LayerText, kernels: Iterable[Any], *, conv: bool, pads: tuple[Any, ...] = _PADS
) -> Iterator[tuple[Any, int, Any]]:
    written = (text.kernel if len(text.kernel) > 1 else text.kernel[0],) if text.kernel else tuple(kernels)
    for kernel in written:
        side = kernel if isinstance(kernel, int) else kernel[0]
        usual = (1, 2, 4, 3) if conv else tuple(dict.fromkeys((side, 2, 1, 3)))
        for pad in (text.pad,) if text.pad is not None else pads:
            for stride in (text.stride,) if text.stride is not None else usual:
                yield kernel, stride, 0 if pad == "valid" else pad


def _output(step: _Step, inputs: list[Shape]) -> Shape | None:
    try:
        layer = build(step.op, step.settings)
        return tuple(layer.output_shape(inputs if len(inputs) > 1 else inputs[0]))
    except (ArchcalcError, ValueError, TypeError, LookupError):
        return None


def _params(step: _Step, inputs: list[Shape], framework: str | None) -> int:
    try:
        layer = build(step.op, step.settings)
        weights = layer.weights(inputs[0]) if len(inputs) == 1 else ()
    except (ArchcalcError, ValueError, TypeError, LookupError, AttributeError):
        return -1
    return sum(weight.size for weight in weights if weight.kind != "buffer" or framework == "keras")


def _written(step: _Step, others: list[str]) -> str:
    def value(given: Any) -> str:
        if isinstance(given, bool):
            return "yes" if given else "no"
        return f"({','.join(map(str, given))})" if isinstance(given, tuple) else str(given)

    if step.op in ("add", "concat", "mul"):
        return " ".join([step.op, *others])
    if step.op == "reshape":
        return " ".join(["reshape", *map(str, step.settings["size"])])
    return " ".join([step.op, *(f"{name}={value(given)}" for name, given in step.settings.items())])
