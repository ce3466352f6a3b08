"""Properties of layer types: what must hold between settings, and between one type and another.

Each is a fact of the field or a sentence of the language reference, sections 8 to 10; none needs a number.
"""

from math import ceil, prod
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import AXES, COUNT, FLAG, SAMPLES, SIZE, Sample, Shape, every, shape_of, shapes, windowed

import archcalc
from archcalc.errors import ShapeError
from archcalc.layers import build
from archcalc.layers.base import Merge, Weighted, spatial
from archcalc.layers.catalogue import LAYERS
from archcalc.quantities import OP_KINDS, Ops, Weight
from archcalc.report import Node

every_type = pytest.mark.parametrize("op", SAMPLES)
examples = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

MAC_TYPES = {  # language reference, sections 9 and 10.3: all others have 0 multiply-adds
    *("conv", "dwconv", "deconv", "local", "fc", "divenc", "rbf", "margin"),
    *("rnn", "gru", "lstm", "mha", "opaque", "dot", "bmm"),
}
WINDOW = {"kernel": 3, "stride": 2, "pad": 1, "dilation": 1}


def account(op: str, x: Shape, **chosen: Any) -> tuple[Shape, int, int]:
    """Return output, size of all weights and multiply-adds of a layer."""
    layer = build(op, chosen)
    y = layer.output_shape(x)
    return y, sum(weight.size for weight in layer.weights(x)), layer.ops(x, y).mac


def fitting(sample: Sample) -> tuple[Any, Any, Shape]:
    """Return layer, input and output of a sample that fits; others are not for this test."""
    try:
        layer = sample.layer()
        x: Any = sample.inputs if isinstance(layer, Merge) else sample.x
        return layer, x, layer.output_shape(x)
    except (ShapeError, ValidationError):
        assume(False)
        raise


def windows(op: str, **own: Any) -> st.SearchStrategy[Sample]:
    """Return samples of a layer with a window whose stride is written out."""
    samples: st.SearchStrategy[Sample] = windowed(op, {"stride": st.integers(1, 4), **own})
    return samples


# ── Every type ─────────────────────────────────────────────────────────────────────────────────────────


@every_type
@examples
@given(data=st.data())
def test_sizes_and_counts_are_whole_and_never_negative(op: str, data: st.DataObject) -> None:
    layer, x, y = fitting(data.draw(SAMPLES[op]))
    assert all(type(size) is int and size >= 1 for size in y)
    ops = layer.ops(x, y)
    assert all(type(count) is int and count >= 0 for count in (getattr(ops, kind) for kind in OP_KINDS))
    assert op in MAC_TYPES or ops.mac == 0


@every_type
@examples
@given(data=st.data())
def test_settings_build_the_layer_again(op: str, data: st.DataObject) -> None:
    layer, _, _ = fitting(data.draw(SAMPLES[op]))
    assert build(op, layer.settings()) == layer


@pytest.mark.parametrize("op", LAYERS)
@examples
@given(data=st.data())
def test_parameters_are_the_weights_that_are_no_buffers(op: str, data: st.DataObject) -> None:
    sample: Sample = data.draw(SAMPLES[op])
    layer, x, y = fitting(sample)
    weights: tuple[Weight, ...] = layer.weights(x)
    node = Node("a", op, layer.family, layer.settings(), (), sample.inputs, y, weights)
    assert len({weight.name for weight in weights}) == len(weights)
    assert node.params + node.buffers == sum(prod(weight.shape) for weight in weights)
    assert node.params == node.params_trainable + node.params_frozen


@pytest.mark.parametrize("op", LAYERS)
@examples
@given(data=st.data())
def test_frozen_changes_the_kind_of_parameters_and_nothing_else(op: str, data: st.DataObject) -> None:
    sample: Sample = data.draw(SAMPLES[op])
    layer, x, y = fitting(sample)
    if not isinstance(layer, Weighted):
        return
    free, frozen = (build(op, {**sample.settings, "frozen": freeze}) for freeze in (False, True))
    assert all(weight.kind != "trainable" for weight in frozen.weights(x))
    assert all(weight.kind != "frozen" for weight in free.weights(x))
    assert [(w.name, w.shape) for w in frozen.weights(x)] == [(w.name, w.shape) for w in free.weights(x)]
    assert frozen.output_shape(x) == free.output_shape(x) == y
    assert frozen.ops(x, y) == free.ops(x, y)


@given(counts=st.tuples(*[COUNT] * len(OP_KINDS)), runs=COUNT)
def test_operations_of_several_runs_add_up(counts: tuple[int, ...], runs: int) -> None:
    ops = Ops(*counts)
    assert [getattr(ops.times(runs), kind) for kind in OP_KINDS] == [count * runs for count in counts]


# ── Convolutions ───────────────────────────────────────────────────────────────────────────────────────


@examples
@given(x=shapes(1), out=COUNT, bias=FLAG)
def test_convolution_over_the_whole_input_is_fully_connected(x: Shape, out: int, bias: bool) -> None:
    y, params, macs = account("conv", x, out=out, kernel=spatial(x), bias=bias)
    assert (prod(y), params, macs) == (out, *account("fc", (prod(x),), out=out, bias=bias)[1:])


@examples
@given(x=shapes(1), out=COUNT, bias=FLAG)
def test_pointwise_convolution_is_fully_connected_at_each_position(x: Shape, out: int, bias: bool) -> None:
    channels = prod(x) // prod(spatial(x))
    _, params, macs = account("fc", (channels,), out=out, bias=bias)
    assert account("conv", x, out=out, kernel=1, bias=bias)[1:] == (params, macs * prod(spatial(x)))


@examples
@given(sample=windows("dwconv", bias=FLAG, ceil=FLAG, mult=COUNT))
def test_depthwise_convolution_is_one_with_a_group_per_channel(sample: Sample) -> None:
    layer, x, _ = fitting(sample)
    channels = prod(x) // prod(spatial(x))
    rest = {name: value for name, value in sample.settings.items() if name != "mult"}
    assert account("dwconv", x, **sample.settings) == account(
        "conv", x, out=channels * layer.mult, groups=channels, **rest
    )


@pytest.mark.parametrize("op", ["conv", "deconv"])
@examples
@given(data=st.data(), groups=COUNT, out=COUNT, c=COUNT)
def test_groups_divide_weights_and_macs(op: str, data: st.DataObject, groups: int, out: int, c: int) -> None:
    x = data.draw(shapes(1, channels=st.just(c * groups), size=st.integers(5, 9)))
    chosen = {"out": out * groups, "bias": False, **WINDOW}
    y, params, macs = account(op, x, **chosen)
    assert account(op, x, groups=groups, **chosen) == (y, params // groups, macs // groups)
    assert params % groups == macs % groups == 0


@pytest.mark.parametrize("op", ["conv", "dwconv", "deconv", "local"])
@examples
@given(data=st.data())
def test_biases_add_once_to_each_output(op: str, data: st.DataObject) -> None:
    sample: Sample = data.draw(SAMPLES[op])
    _, x, y = fitting(sample)
    plain = build(op, {**sample.settings, "bias": False})
    biased = build(op, {**sample.settings, "bias": True})
    assert (plain.ops(x, y).bias, biased.ops(x, y).bias) == (0, prod(y))
    assert biased.ops(x, y).mac == plain.ops(x, y).mac
    assert biased.weights(x)[: len(plain.weights(x))] == plain.weights(x)
    assert [weight.name for weight in biased.weights(x)] == ["weight", "bias"]


@examples
@given(sample=windows("local", out=COUNT, bias=st.just(False), share=st.just(1)))
def test_local_weights_are_those_of_a_convolution_at_each_position(sample: Sample) -> None:
    _, x, y = fitting(sample)
    shared = {name: value for name, value in sample.settings.items() if name != "share"}
    _, params, macs = account("conv", x, **shared)
    assert account("local", x, **sample.settings) == (y, params * prod(spatial(y)), macs)


@examples
@given(x=shapes(1), out=COUNT, kernel=st.integers(1, 4), stride=st.integers(1, 4), d=st.integers(1, 3))
def test_transposed_convolution_gives_the_input_of_a_convolution_back(
    x: Shape, out: int, kernel: int, stride: int, d: int
) -> None:
    extent = d * (kernel - 1) + 1
    assume(all(n >= extent for n in spatial(x)))
    rest = tuple((n - extent) % stride for n in spatial(x))  # rows that no window of the convolution reaches
    y, params, macs = account("conv", x, out=out, kernel=kernel, stride=stride, dilation=d, bias=False)
    channels = prod(x) // prod(spatial(x))
    again = account("deconv", y, out=channels, kernel=kernel, stride=stride, dilation=d, outpad=rest, bias=False)
    assert again == (x, params, macs)


@examples
@given(sample=windows("conv", out=COUNT, bias=FLAG))
def test_spectral_norm_changes_no_count(sample: Sample) -> None:
    _, x, _ = fitting(sample)
    assert account("conv", x, **sample.settings, spectral=True) == account("conv", x, **sample.settings)


# ── Windows ────────────────────────────────────────────────────────────────────────────────────────────


@examples
@given(sample=windows("maxpool", ceil=FLAG))
def test_all_windows_slide_alike(sample: Sample) -> None:
    _, x, y = fitting(sample)
    chosen = sample.settings
    assert spatial(build("conv", {"out": 2, **chosen}).output_shape(x)) == spatial(y)
    assert build("dwconv", chosen).output_shape(x) == y
    undilated = {name: value for name, value in chosen.items() if name != "dilation"}
    pooled = {build(op, undilated).output_shape(x) for op in ("avgpool", "lppool") if "dilation" not in chosen}
    assert pooled <= {y}
    if not chosen["ceil"]:
        floored = {name: value for name, value in chosen.items() if name != "ceil"}
        assert spatial(build("local", {"out": 2, **floored}).output_shape(x)) == spatial(y)


@examples
@given(sample=windows("maxpool", ceil=st.just(False)))
def test_rounding_up_adds_at_most_one_window(sample: Sample) -> None:
    _, x, y = fitting(sample)
    up = build("maxpool", {**sample.settings, "ceil": True}).output_shape(x)
    unpadded = "pad" not in sample.settings  # clipping may take a window that floor has in the padding
    assume(unpadded or sample.settings["pad"] in ("same", "same_lower", "darknet"))
    assert all(n <= more <= n + 1 for n, more in zip(spatial(y), spatial(up), strict=True))


@examples
@given(x=shapes(1), k=st.integers(1, 7), d=st.integers(1, 3))
def test_half_keeps_the_size_at_stride_1(x: Shape, k: int, d: int) -> None:
    assume(d * (k - 1) % 2 == 0)
    assert build("dwconv", {"kernel": k, "dilation": d, "pad": "half"}).output_shape(x) == x


@pytest.mark.parametrize("pad", ["same", "same_lower"])
@examples
@given(x=shapes(1), k=st.integers(1, 7), s=st.integers(1, 5), d=st.integers(1, 3))
def test_same_gives_one_window_for_each_stride(pad: str, x: Shape, k: int, s: int, d: int) -> None:
    layer = build("conv", {"out": 2, "kernel": k, "stride": s, "dilation": d, "pad": pad})
    y = layer.output_shape(x)
    assert spatial(y) == tuple(ceil(n / s) for n in spatial(x))
    seen = layer.window(x)  # its padding, written out, gives the same size
    sides = tuple(side for pair in zip(seen.before, seen.after, strict=True) for side in pair)
    assert build("conv", {"out": 2, "kernel": k, "stride": s, "dilation": d, "pad": sides}).output_shape(x) == y


@examples
@given(x=shapes(1), k=st.integers(1, 7), s=st.integers(1, 5), d=st.integers(1, 3))
def test_transposed_same_multiplies_the_size(x: Shape, k: int, s: int, d: int) -> None:
    layer = build("deconv", {"out": 2, "kernel": k, "stride": s, "dilation": d, "pad": "same"})
    assert spatial(layer.output_shape(x)) == tuple(n * s for n in spatial(x))


@examples
@given(x=shapes(1), k=st.integers(1, 7), s=st.integers(1, 5))
def test_darknet_pads_one_window_for_each_stride(x: Shape, k: int, s: int) -> None:
    y = build("maxpool", {"kernel": k, "stride": s, "pad": "darknet"}).output_shape(x)
    assert spatial(y) == tuple((n - 1) // s + 1 for n in spatial(x))


@examples
@given(x=shapes(1), keep=FLAG)
def test_global_pools_are_adaptive_pools_to_one(x: Shape, keep: bool) -> None:
    for whole, adaptive in (("gap", "aavgpool"), ("gmp", "amaxpool")):
        y = build(whole, {"keep": keep}).output_shape(x)
        assert prod(y) == prod(build(adaptive, {"size": 1}).output_shape(x))
        assert len(y) == (len(x) if keep else 1)


# ── Linear and recurrent layers, attention ─────────────────────────────────────────────────────────────


@examples
@given(t=SIZE, d=COUNT, out=COUNT, bias=FLAG)
def test_linear_layer_on_a_sequence_runs_on_each_row(t: int, d: int, out: int, bias: bool) -> None:
    y, params, macs = account("fc", (d,), out=out, bias=bias)
    assert account("fc", (t, d), out=out, bias=bias) == ((t, *y), params, t * macs)


@examples
@given(x=shapes(2), out=COUNT)
def test_linear_layer_flattens_by_itself(x: Shape, out: int) -> None:
    assert account("fc", x, out=out) == account("fc", build("flatten", {}).output_shape(x), out=out)


@pytest.mark.parametrize("op", ["rnn", "gru", "lstm"])
@examples
@given(t=SIZE, d=COUNT, hidden=COUNT, biases=st.integers(0, 2))
def test_both_directions_double_a_layer(op: str, t: int, d: int, hidden: int, biases: int) -> None:
    _, params, macs = account(op, (t, d), hidden=hidden, biases=biases)
    assert account(op, (t, d), hidden=hidden, biases=biases, bi=True) == (
        (t, 2 * hidden),
        2 * params,
        2 * macs,
    )


@examples
@given(t=SIZE, d=COUNT, hidden=COUNT, layers=st.integers(1, 3), bi=FLAG, biases=st.integers(0, 2))
def test_gates_multiply_a_plain_cell(t: int, d: int, hidden: int, layers: int, bi: bool, biases: int) -> None:
    chosen = {"hidden": hidden, "layers": layers, "bi": bi, "biases": biases}
    y, params, macs = account("rnn", (t, d), **chosen)
    assert account("gru", (t, d), **chosen) == (y, 3 * params, 3 * macs)
    assert account("lstm", (t, d), **chosen) == (y, 4 * params, 4 * macs)


@pytest.mark.parametrize("op", ["rnn", "gru", "lstm"])
@examples
@given(t=SIZE, d=COUNT, hidden=COUNT, bi=FLAG, layers=st.integers(1, 3))
def test_layers_are_layers_one_after_another(op: str, t: int, d: int, hidden: int, bi: bool, layers: int) -> None:
    x: Shape = (t, d)
    params = macs = 0
    for _ in range(layers):
        x, more_params, more_macs = account(op, x, hidden=hidden, bi=bi)
        params, macs = params + more_params, macs + more_macs
    assert account(op, (t, d), hidden=hidden, bi=bi, layers=layers) == (x, params, macs)
    last = build(op, {"hidden": hidden, "bi": bi, "layers": layers, "ret": "last"})
    assert last.output_shape((t, d)) == x[1:]
    unrolled = account(op, (t, d), hidden=hidden, bi=bi, layers=layers, unroll=True)
    assert unrolled == (x, params, macs)


@examples
@given(t=SIZE, heads=COUNT, each=COUNT, more=COUNT, bias=FLAG)
def test_heads_split_attention_and_change_no_count(t: int, heads: int, each: int, more: int, bias: bool) -> None:
    x = (t, more)
    one = account("mha", x, heads=1, dim=heads * each, bias=bias)
    assert account("mha", x, heads=heads, dim=heads * each, bias=bias) == one
    assert one[0] == x


# ── Shapes there and back ──────────────────────────────────────────────────────────────────────────────


def there_and_back(x: Shape, *steps: tuple[str, dict[str, Any]]) -> None:
    """Assert that layers, one after another, give the shape back."""
    y = x
    for op, chosen in steps:
        y = build(op, chosen).output_shape(y)
    assert y == x


@examples
@given(c=COUNT, h=COUNT, w=COUNT, r=st.integers(1, 4))
def test_pixel_shuffle_and_reorg_are_inverse(c: int, h: int, w: int, r: int) -> None:
    there_and_back((c * r * r, h, w), ("pixelshuffle", {"r": r}), ("reorg", {"r": r}))
    there_and_back((c, h * r, w * r), ("reorg", {"r": r}), ("pixelshuffle", {"r": r}))


@examples
@given(data=st.data(), axes=AXES)
def test_other_pairs_are_inverse(data: st.DataObject, axes: int) -> None:
    x = data.draw(shapes(axes, axes))
    order = data.draw(st.permutations(range(len(x))))
    back = [order.index(at) for at in range(len(x))]
    there_and_back(x, ("transpose", {"axis": order}), ("transpose", {"axis": back}))
    there_and_back(x, ("transpose", {}), ("transpose", {}))
    there_and_back(x, ("flatten", {}), ("reshape", {"size": list(x)}))
    amount = data.draw(every(axes, st.integers(0, 3)))
    there_and_back(x, ("pad", {"amount": amount}), ("crop", {"size": spatial(x)}))
    factor = data.draw(every(axes, st.integers(1, 4)))
    there_and_back(x, ("upsample", {"factor": factor}), ("maxpool", {"kernel": factor}))
    there_and_back(x, ("unpool", {"factor": factor}), ("avgpool", {"kernel": factor}))
    if axes < 3:
        axis = data.draw(st.integers(0, len(x)))
        there_and_back(x, ("unsqueeze", {"axis": axis}), ("squeeze", {"axis": axis}))


@examples
@given(sizes=st.lists(SIZE, max_size=3), parts=st.integers(2, 4), each=COUNT)
def test_equal_parts_join_to_the_whole(sizes: list[int], parts: int, each: int) -> None:
    x = shape_of(parts * each, tuple(sizes))
    pieces = [build("part", {"parts": parts, "k": k}).output_shape(x) for k in range(parts)]
    taken = [build("take", {"start": k * each, "stop": (k + 1) * each}).output_shape(x) for k in range(parts)]
    assert pieces == taken
    assert build("concat", {}).output_shape(pieces) == x
    assert build("shuffle", {"groups": parts}).output_shape(x) == x
    assert build("maxout", {"pieces": parts}).output_shape(x) == pieces[0]


@examples
@given(x=shapes(), count=st.integers(2, 4))
def test_merges_of_equal_shapes(x: Shape, count: int) -> None:
    for op in ("add", "maximum", "average", "mul"):
        assert build(op, {}).output_shape([x] * count) == x
    if len(x) < 4:
        assert build("stack", {}).output_shape([x] * count) == (count, *x)


@examples
@given(a=SIZE, b=SIZE, c=SIZE)
def test_matrix_product_is_a_linear_layer_without_bias(a: int, b: int, c: int) -> None:
    merge, pair = build("bmm", {}), [(a, b), (b, c)]
    y = merge.output_shape(pair)
    linear, _, macs = account("fc", (a, b), out=c, bias=False)
    assert (y, merge.ops(pair, y).mac) == (linear, macs)


def test_a_report_cannot_be_changed():
    report = archcalc.analyze("alexnet")
    row = report.rows[0]
    with pytest.raises(AttributeError):
        report.batch = 2
    with pytest.raises(AttributeError):
        row.output = (1,)
    with pytest.raises(AttributeError):
        report.totals.params = 0
    for mapping in (report.input, report.outputs, report.folders, row.settings):
        with pytest.raises(TypeError):
            mapping["x"] = 1
    with pytest.raises(TypeError):
        report.rows[0] = row


def test_totals_are_sums_of_rows():
    for target in ("googlenet", "siamese", "mask_rcnn", "fcn/8s", "dcgan/g"):
        report = archcalc.analyze(target)
        inference = [row for row in report if row.mode == "both"]
        totals = report.totals
        assert totals.params == sum(row.params for row in inference)
        assert totals.macs == sum(row.macs for row in inference)
        assert totals.buffers == sum(row.buffers for row in inference)
        assert totals.params == totals.params_trainable + totals.params_frozen
        assert totals.params_train == sum(row.params for row in report)
        assert totals.macs_train == sum(row.macs for row in report)
        assert totals.nodes == len(report.rows) + len(report.input)
