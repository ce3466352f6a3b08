"""One row of a table that describes its own network → the layers it stands for, solved from its size and parameters.

What is written (kind, kernel, stride, padding) is taken; the rest is tried: the first setting that gives the size and
the parameters of the row, else the first that gives its size.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from archcalc.errors import ArchcalcError
from archcalc.homework.layertext import LayerText
from archcalc.layers import build
from archcalc.quantities import Shape

_PADS: Final = (0, "same", "half", 1, 2, 3)
_TORCH_PADS: Final = (0, "half", 1, 2, 3)


class Row(NamedTuple):
    """What one row says: its name in the spec, its type, its layer, its shape (channels first), parameters, inputs.

    output: None for a size that is not said. side: the only size that is written. inputs: the rows it reads, by name.
    reads: the shape it reads, where a column says so.
    """

    name: str
    type: str
    text: LayerText
    output: tuple[int | None, ...] | None
    side: int | None
    params: int | None
    inputs: tuple[str, ...]
    reads: Shape | None = None


class Step(NamedTuple):
    """One layer as it will stand in the spec."""

    op: str
    settings: dict[str, Any]


def solved(row: Row, inputs: list[Shape], framework: str | None) -> list[Step] | None:
    """Return the layers of a row: the first candidates that give its size and parameters, else only its size."""
    x = inputs[0]
    best: list[Step] | None = None
    for steps in _candidates(row, x, framework):
        shape: Shape | None = x
        counted = 0
        for step in steps:
            given = [shape] if len(inputs) == 1 and shape is not None else inputs
            shape, counted = output_of(step, given), counted + _params(step, given, framework)
            if shape is None:
                break
        if shape is None:
            continue
        best = best or steps
        if _fits(row, shape) and _reads(row, steps, inputs):
            if row.params is None or row.params == counted:
                return steps
            best = steps if best is None or not _fits(row, _through(best, inputs)) else best
    return best


def explains(row: Row, steps: Sequence[Step], inputs: list[Shape], framework: str | None) -> bool:
    """Tell whether layers give the size of a row and its parameters, as far as it states them."""
    shape: Shape | None = inputs[0]
    counted = 0
    for step in steps:
        given = [shape] if len(inputs) == 1 and shape is not None else inputs
        shape, counted = output_of(step, given), counted + _params(step, given, framework)
    return _fits(row, shape) and row.params in (None, counted) and _reads(row, steps, inputs)


def _reads(row: Row, steps: Sequence[Step], inputs: list[Shape]) -> bool:
    """Tell whether the last of some layers reads the shape that the row says it reads, flattened or not."""
    before = _through(steps[:-1], inputs)
    if row.reads is None or before is None or len(inputs) > 1:
        return True
    return prod(before) == prod(row.reads)


def _fits(row: Row, shape: Shape | None) -> bool:
    if shape is None:
        return False
    if row.side is not None and len(shape) > 1:
        return all(size == row.side for size in shape[1:])
    if row.output is None:
        return row.side is None or row.side in shape or row.side == prod(shape)
    same = len(shape) == len(row.output) and all(a in (None, b) for a, b in zip(row.output, shape, strict=True))
    return same or (row.side is not None and row.side == prod(shape))


def _through(steps: Iterable[Step], inputs: list[Shape]) -> Shape | None:
    shape: Shape | None = inputs[0]
    for step in steps:
        shape = output_of(step, inputs if len(inputs) > 1 else [shape] if shape else inputs)
    return shape


def _candidates(row: Row, x: Shape, framework: str | None) -> Iterator[list[Step]]:
    text = row.text
    kind = text.ops[0] if text.ops else "dropout"  # what is not known, without parameters, passes its input on
    sizes = tuple(size for size in row.output[1:] if size is not None) if row.output is not None else ()
    out = text.out or (row.output[0] if row.output is not None and len(row.output) > 2 else None)
    if row.output is not None and len(row.output) <= 2:
        out = text.out or row.output[-1]
    if kind == "separable" and out:
        for kernel, stride, pad in _windows(text, _kernels(row, x, 0), conv=True):
            depth = {"kernel": kernel, "stride": stride, "pad": pad, "bias": False}
            yield [Step("dwconv", depth), Step("conv", {"out": out, "kernel": 1})]
    elif kind == "deconv" and framework in ("keras", "keras1"):
        yield from _transposed(row, x, out or x[0])
    elif kind in ("conv", "dwconv", "deconv", "local"):
        count = out or x[0]
        pads = _TORCH_PADS if framework == "torch" else _PADS
        for kernel, stride, pad in _windows(text, _kernels(row, x, count), conv=True, pads=pads):
            for bias in (True, False):
                named = {} if kind == "dwconv" else {"out": count}
                extra = {"dilation": text.dilation} if text.dilation else {}
                extra |= {"groups": text.groups} if text.groups and kind == "conv" else {}
                settings = {**named, "kernel": kernel, "stride": stride, "pad": pad, "bias": bias, **extra}
                yield [Step(kind, settings)]
        if framework == "torch" and kind == "conv" and row.params:
            for kernel, stride, pad in _windows(text, (3, 1, 5, 7, 2, 4), conv=True, pads=pads):
                side = kernel if isinstance(kernel, int) else kernel[0]
                for biases in (count, 0):
                    groups, rest = divmod(side ** max(1, len(x) - 1) * x[0] * count, max(1, row.params - biases))
                    if not rest and groups > 1 and x[0] % groups == 0 == count % groups:
                        window = {"kernel": kernel, "stride": stride, "pad": pad}
                        yield [Step("conv", {"out": count, **window, "groups": groups, "bias": biases > 0})]
        if framework == "torch":  # pools called as functions are in no printout
            for kernel, _, pad in _windows(text, _kernels(row, x, count), conv=True, pads=pads):
                plain = (
                    {"kernel": kernel, "pad": pad} if kind == "dwconv" else {"out": count, "kernel": kernel, "pad": pad}
                )
                yield [Step("maxpool", {"kernel": 2}), Step(kind, plain)]
        if framework == "torch" and kind == "conv" and row.params:
            for kernel, dilation, pad in product(_kernels(row, x, count), (2, 4, 3), (0, 1, 2, 4, 3)):
                for bias in (True, False):
                    dilated = {"kernel": kernel, "dilation": dilation, "pad": pad, "bias": bias}
                    yield [Step("conv", {"out": count, **dilated})]
    elif kind in ("maxpool", "avgpool"):
        op = "avgpool" if kind == "avgpool" else "maxpool"
        for kernel, stride, pad in _windows(text, (2, 3, 4, 5, 6, 7, 8), conv=False):
            yield [Step(op, {"kernel": kernel, "stride": stride, "pad": pad})]
        if len(sizes) == 2:
            yield [Step("aavgpool", {"size": sizes})]
    elif kind == "fc" and out:
        for bias in (True, False):
            yield [Step("fc", {"out": out, "bias": bias})]
        if framework == "torch" and len(x) > 2:
            yield [Step("gap", {}), Step("fc", {"out": out})]
            for kernel in range(2, 8):
                yield [Step("maxpool", {"kernel": kernel}), Step("fc", {"out": out})]
    elif kind == "embed" and out and row.params:
        yield [Step("embed", {"vocab": row.params // out, "dim": out})]
    elif kind == "mha":
        for dim in (x[-1], *(x[-1] * times // 8 for times in range(1, 33))):
            yield [Step("mha", {"heads": 1, "dim": dim})]
    elif kind in ("lstm", "gru", "rnn") and row.output is not None and out:
        for op in text.ops:
            for hidden, bi in ((out, False), (out // 2, True)):
                for biases in (2, 1, 0) if framework == "torch" or op == "gru" else (1, 2, 0):
                    ret = "seq" if len(row.output) == 2 else "last"
                    yield [Step(op, {"hidden": hidden, "biases": biases, "bi": bi, "ret": ret})]
    elif kind == "pad":
        for amount in (1, 2, 3, 4):
            yield [Step("pad", {"amount": amount})]
    elif kind in ("aavgpool", "amaxpool") and len(sizes) == 2:
        yield [Step(kind, {"size": sizes})]
    elif kind in ("gap", "gmp", "aavgpool", "amaxpool"):
        kind = {"aavgpool": "gap", "amaxpool": "gmp"}.get(kind, kind)
        yield [Step(kind, {"keep": row.output is not None and len(row.output) > 1})]
    elif kind == "reshape" and row.output is not None and None not in row.output:
        yield [Step("reshape", {"size": row.output})]
    elif kind == "upsample":
        for factor in (2, 4, 8):
            yield [Step("upsample", {"factor": factor})]
    elif kind in ("add", "concat", "mul"):
        yield [Step(kind, {})]
    elif kind == "activation":
        yield [Step("relu", {})]
    elif kind in ("bn", "ln", "lrn", "dropout", "flatten", "softmax"):
        yield [Step(kind, {})]


def _transposed(row: Row, x: Shape, out: int) -> Iterator[list[Step]]:
    """Yield transposed convolutions as Keras pads them: n·s for `same`, (n − 1)·s + max(k, s) for `valid`."""
    for kernel, stride, pad in _windows(row.text, _kernels(row, x, out), conv=True, pads=("same", 0)):
        over = (kernel if isinstance(kernel, int) else kernel[0]) - stride
        cut = (over + 1) // 2 if pad == "same" and over > 0 else 0
        more = 2 * cut - over if pad == "same" or over < 0 else 0
        for bias in (True, False):
            named = {"out": out, "kernel": kernel, "stride": stride, "bias": bias}
            yield [Step("deconv", {**named, "pad": cut, "outpad": more})]


def _kernels(row: Row, x: Shape, out: int) -> tuple[Any, ...]:
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


def output_of(step: Step, inputs: list[Shape]) -> Shape | None:
    """Return the output of a layer, None where it refuses its input."""
    try:
        layer = build(step.op, step.settings)
        return tuple(layer.output_shape(inputs if len(inputs) > 1 else inputs[0]))
    except (ArchcalcError, ValueError, TypeError, LookupError):
        return None


def _params(step: Step, inputs: list[Shape], framework: str | None) -> int:
    try:
        layer = build(step.op, step.settings)
        weights = layer.weights(inputs[0]) if len(inputs) == 1 else ()
    except (ArchcalcError, ValueError, TypeError, LookupError, AttributeError):
        return -1
    return sum(weight.size for weight in weights if weight.kind != "buffer" or framework == "keras")


def written(step: Step, others: list[str]) -> str:
    """Return a layer as a link of a chain; `others`: what else a merge reads."""

    def value(given: Any) -> str:
        if isinstance(given, bool):
            return "yes" if given else "no"
        return f"({','.join(map(str, given))})" if isinstance(given, tuple) else str(given)

    if step.op in ("add", "concat", "mul"):
        return " ".join([step.op, *others])
    if step.op == "reshape":
        return " ".join(["reshape", *map(str, step.settings["size"])])
    return " ".join([step.op, *(f"{name}={value(given)}" for name, given in step.settings.items())])
