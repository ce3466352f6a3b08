"""The printout of Keras' `model.summary()`, column for column; numbering starts with each printout."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple

from archcalc.arithmetic import Number, total, volume
from archcalc.quantities import Shape
from archcalc.render.cells import EMPTY, Writer
from archcalc.render.styles.around import heads_left_out
from archcalc.render.styles.arrange import ordered_nodes
from archcalc.render.view import Cell, Column, Frame, Line, Look, Section, Table
from archcalc.report import Node, Report

# {n}: the number of spatial axes
CLASSES: Final = MappingProxyType(
    {
        "conv": "Conv{n}D",
        "dwconv": "DepthwiseConv{n}D",
        "deconv": "Conv{n}DTranspose",
        "local": "LocallyConnected{n}D",
        "fc": "Dense",
        "embed": "Embedding",
        "maxpool": "MaxPooling{n}D",
        "avgpool": "AveragePooling{n}D",
        "gap": "GlobalAveragePooling{n}D",
        "gmp": "GlobalMaxPooling{n}D",
        "bn": "BatchNormalization",
        "gn": "GroupNormalization",
        "ln": "LayerNormalization",
        "leaky": "LeakyReLU",
        "prelu": "PReLU",
        "elu": "ELU",
        "softmax": "Softmax",
        "dropout": "Dropout",
        "flatten": "Flatten",
        "reshape": "Reshape",
        "transpose": "Permute",
        "upsample": "UpSampling{n}D",
        "pad": "ZeroPadding{n}D",
        "crop": "Cropping{n}D",
        "rnn": "SimpleRNN",
        "gru": "GRU",
        "lstm": "LSTM",
        "mha": "MultiHeadAttention",
        "concat": "Concatenate",
        "add": "Add",
        "mul": "Multiply",
        "sub": "Subtract",
        "maximum": "Maximum",
        "average": "Average",
        "dot": "Dot",
    }
)
_ACTIVATIONS: Final = frozenset(
    {
        *("relu", "relu6", "elu", "selu", "gelu", "silu", "mish", "hswish"),
        *("sigmoid", "hsigmoid", "tanh", "softplus", "softmax", "logsoftmax"),
    }
)
_TAKES_ACTIVATION: Final = frozenset(("conv", "dwconv", "deconv", "local", "fc"))
_COLUMNS: Final = (
    Column("layer", "Layer (type)"),
    Column("output", "Output Shape"),
    Column("params", "Param #"),
    Column("inputs", "Connected to"),
)
_ENDS: Final = (29, 55, 65)
_ENDS_CONNECTED: Final = (32, 54, 65, 98)


def keras(report: Report, look: Look) -> Table:
    """Return the printout: `Layer (type)`, `Output Shape` with the batch as None, `Param #`.

    An activation right after a convolution or dense layer is that layer's argument and has no line; a dense
    layer on a map gets a Flatten line before it. Running statistics count as non-trainable parameters, as in
    Keras. A network that is no chain also shows what each layer is connected to.
    """
    write = Writer(look, "hwc")
    layers = _layers(ordered_nodes(report, look), report)
    chain = all(len(layer.inputs) == 1 for layer in layers) and len(report.input) == 1 and _is_chain(layers)
    if not chain:
        layers = [_Layer(path, "InputLayer", shape, 0, ()) for path, shape in report.input.items()] + layers
    names = _names(layers)
    rows = [line for layer in layers for line in _lines(layer, names, write, chain)]
    columns = _COLUMNS[:3] if chain else _COLUMNS
    frame = Frame(_ENDS if chain else _ENDS_CONNECTED, "_", "=")
    notes = [f"{what}: {write.number(count)}" for what, count in _totals(report)]
    model = f'Model: "{report.target}"'
    return Table(model, columns, (Section(tuple(rows)),), (*notes, *heads_left_out(report, write)), frame)


class _Layer(NamedTuple):
    """One line: the layer's path, Keras' class, output, parameters with running statistics, paths read."""

    path: str
    name: str
    output: Shape
    params: Number
    inputs: tuple[str, ...]


def _layers(nodes: Sequence[Node], report: Report) -> list[_Layer]:
    ops = {node.path: node.op for node in report.rows}
    readers = Counter(path for node in report.rows for path in node.inputs)
    # a node without a line of its own → the node that stands for it
    instead: dict[str, str] = {}
    found = []
    for node in nodes:
        reads = node.inputs[0]
        if node.op in _ACTIVATIONS and ops.get(reads) in _TAKES_ACTIVATION and readers[reads] == 1:
            instead[node.path] = reads
            continue
        if node.flattens is not None:
            found.append(_Layer(f"{node.path} flatten", "Flatten", (volume(node.flattens),), 0, node.inputs))
        inputs = (f"{node.path} flatten",) if node.flattens is not None else node.inputs
        params = total([node.params, node.buffers])
        found.append(_Layer(node.path, _class(node), node.output, params, inputs))
    return [layer._replace(inputs=tuple(instead.get(path, path) for path in layer.inputs)) for layer in found]


def _class(node: Node) -> str:
    if node.op in _ACTIVATIONS and node.op not in CLASSES:
        return "Activation"
    axes = max(1, len(node.input[0]) - 1)
    return CLASSES.get(node.op, node.op.capitalize()).format(n=axes)


def _is_chain(layers: Sequence[_Layer]) -> bool:
    return all(layer.inputs == (before.path,) for before, layer in pairwise(layers))


def _names(layers: Sequence[_Layer]) -> dict[str, str]:
    """Return Keras' automatic names: conv2d, conv2d_1, …."""
    made: Counter[str] = Counter()
    names = {}
    for layer in layers:
        word = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", layer.name).lower()
        if layer.name == "InputLayer":
            word, made["input"] = f"input_{made['input'] + 1}", made["input"] + 1
        else:
            made[word] += 1
            word = word if made[word] == 1 else f"{word}_{made[word] - 1}"
        names[layer.path] = word
    return names


def _lines(layer: _Layer, names: dict[str, str], write: Writer, chain: bool) -> Iterator[Line]:
    shape = _shape(layer.output, write)
    cells = (
        Cell(f"{names[layer.path]} ({layer.name})"),
        Cell(f"[{shape}]" if layer.name == "InputLayer" else shape),
        Cell(write.plain(layer.params), layer.params),
    )
    if chain:
        yield cells
        return
    connected = [Cell(f"{names[path]}[0][0]") for path in layer.inputs] or [EMPTY]
    yield (*cells, connected[0])
    yield from ((EMPTY, EMPTY, EMPTY, more) for more in connected[1:])


def _shape(shape: Shape, write: Writer) -> str:
    batch = "None" if write.look.batch == 1 else str(write.look.batch)
    return f"({', '.join([batch, *map(write.size, write.ordered(shape))])})"


def _totals(report: Report) -> tuple[tuple[str, Number], ...]:
    sums = report.totals
    fixed = total([sums.params_frozen, sums.buffers])
    return (
        ("Total params", total([sums.params, sums.buffers])),
        ("Trainable params", sums.params_trainable),
        ("Non-trainable params", fixed),
    )
