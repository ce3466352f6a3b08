"""What people leave out or count twice, as changes of a total: a text and what it adds or takes away."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final, NamedTuple

from archcalc.arithmetic import Number
from archcalc.conventions.apply import Count, Term, count
from archcalc.conventions.convention import Convention
from archcalc.errors import ShapeError
from archcalc.layers import layer_class
from archcalc.quantities import Ops, Shape, Window
from archcalc.report import Node, Report

_OWN: Final = ("macs", "flops", "params", "keras-params")  # whose totals people make slips with
_BATCHES: Final = (2, 4, 8, 16, 32, 64, 128, 256, 512)
_CLASSIFIER: Final = Fraction(1)
_RARE: Final = Fraction(3, 2)


class Slip(NamedTuple):
    """One change of a total; `distance` says how unlikely it is."""

    term: Term
    distance: Fraction


def slips(report: Report, counted: Count) -> Iterator[Slip]:
    """Yield the changes that make sense for a count."""
    convention = counted.convention
    if not convention.is_stored:
        yield from _pool_before_classifier(report, counted)
        yield from _heads(report, counted)
    if convention.name not in _OWN:
        return
    yield from _parts(report, counted)
    if convention.is_stored:
        yield from _stored(report)
    yield from _rebuilt(report, counted)
    if convention.name == "macs":
        yield from _batches(counted)


def _slip(text: str, value: Number, distance: Fraction = _RARE) -> Iterator[Slip]:
    if isinstance(value, int) and value != 0:
        yield Slip(Term(text, value), distance)


# ── What another piece of code has, or leaves out ──


def _pool_before_classifier(report: Report, counted: Count) -> Iterator[Slip]:
    """VGG in torchvision averages the map to its own size before the first linear layer, which changes no shape."""
    first = next((row for row in report.rows if row.flattens is not None), None)
    if first is None or first.flattens is None or any(row.op == "aavgpool" for row in report.rows):
        return
    pool = _pool(first.path + ".pool", first.flattens)
    alone = replace(report, rows=(pool,))
    value = count(alone, counted.convention, counted.calls).total
    yield from _slip("an adaptive pool to the same size before the classifier, as torchvision has", value, _CLASSIFIER)


def _pool(path: str, shape: Shape) -> Node:
    one, zero = (1,) * (len(shape) - 1), (0,) * (len(shape) - 1)
    return Node(
        path=path,
        op="aavgpool",
        family="pool",
        settings={"size": shape[1:]},
        inputs=("x",),
        input=(shape,),
        output=shape,
        ops=Ops(),
        window=Window(one, one, one, zero, zero),
    )


def _heads(report: Report, counted: Count) -> Iterator[Slip]:
    heads = [counted.values.get(row.path, 0) for row in report.rows if row.mode == "train"]
    if heads and not counted.convention.heads:
        yield from _slip("the auxiliary heads, which run in training only", sum(heads), Fraction(1))


def _parts(report: Report, counted: Count) -> Iterator[Slip]:
    """Only the convolutions, or all but the last layer with weights."""
    weighted = [row for row in report.rows if row.mode == "both" and row.weights]
    dense = sum(counted.values.get(row.path, 0) for row in weighted if row.family == "linear")
    yield from _slip("without the fully connected layers", -dense, _CLASSIFIER)
    if weighted and weighted[-1].family == "linear":
        last = counted.values.get(weighted[-1].path, 0)
        if last != dense:
            yield from _slip(f"without the classifier {weighted[-1].path}", -last, _CLASSIFIER)


def _batches(counted: Count) -> Iterator[Slip]:
    for batch in _BATCHES:
        yield from _slip(f"a batch of {batch}: {batch - 1} more samples", (batch - 1) * counted.total, Fraction(2))


# ── What is stored ──


def _stored(report: Report) -> Iterator[Slip]:
    rows = [row for row in report.rows if row.mode == "both"]
    matrices = [row for row in rows if row.family in ("conv", "linear")]
    biases = sum(weight.size for row in matrices for weight in row.weights if weight.name == "bias")
    yield from _slip("without the biases of convolutions and fully connected layers", -biases)
    norms = sum(row.params for row in rows if row.op == "bn")
    yield from _slip("without the batch norms, folded into the layers before", -norms)
    yield from _slip("without frozen parameters", -sum(row.params_frozen for row in rows), Fraction(1))
    others = sum(row.params for row in rows if row.family not in ("conv", "linear", "norm"))
    yield from _slip("without parameters of recurrent, attention, activation and other layers", -others)


# ── Layers with another setting: asked again by their own rules ──


def _rebuilt(report: Report, counted: Count) -> Iterator[Slip]:
    for text, ops, settings in (
        ("a bias in every convolution", ("conv", "dwconv", "deconv"), {"bias": True}),
        ("groups ignored", ("conv", "deconv"), {"groups": 1}),
        ("one bias a gate, the textbook form", ("rnn", "gru", "lstm"), {"biases": 1}),
        ("two biases a gate, as torch has them", ("rnn", "gru", "lstm"), {"biases": 2}),
        ("batch norms without scale", ("bn",), {"scale": False}),
    ):
        difference = _difference(report, counted.convention, ops, settings)
        yield from _slip(text, difference, Fraction(1) if "biases" in settings else _RARE)


def _difference(report: Report, convention: Convention, ops: tuple[str, ...], settings: dict[str, Any]) -> Number:
    """Return how much more a convention counts if layers of some types have another setting."""
    rows = [row for row in report.rows if row.op in ops and row.mode == "both"]
    changed = [_changed(row, settings) for row in rows]
    if changed == rows:
        return 0
    before = count(replace(report, rows=tuple(rows)), convention).total if _owns(rows) else 0
    after = count(replace(report, rows=tuple(changed)), convention).total if _owns(rows) else 0
    return after - before


def _owns(rows: list[Node]) -> bool:
    """Tell whether every row has its weights among the rows, so that they can be counted by themselves."""
    paths = {row.path for row in rows}
    return all(row.shares is None or row.shares in paths for row in rows)


def _changed(row: Node, settings: dict[str, Any]) -> Node:
    if all(row.settings.get(name) == value for name, value in settings.items()):
        return row
    try:
        layer = layer_class(row.op)(**{**row.settings, **settings})
        shape = row.input[0]
        weights: Any = layer.weights(shape)
        ops: Any = layer.ops(shape, row.output)
    except (ShapeError, ValueError):
        return row
    return replace(row, settings={**row.settings, **settings}, weights=() if row.shares else weights,
                   ops=ops.times(row.runs))  # fmt: skip
