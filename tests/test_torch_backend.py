"""The torch backend: every layer has a builder, real torch agrees with the rules, and a wrong rule is found.

What is expected here is torch itself: shapes, state and multiply-adds of networks that it ran.
"""

import importlib.util
import re
import subprocess
import sys
from collections import Counter as Tally
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import document, graph_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import SAMPLES

from archcalc import api
from archcalc.analysis import analyze
from archcalc.cli.entry import run
from archcalc.errors import ArchcalcError, ShapeError
from archcalc.export import export
from archcalc.graph import Graph, GraphNode
from archcalc.layers import build
from archcalc.layers.base import Merge
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.layers.conv import Conv
from archcalc.layers.norm import BatchNorm
from archcalc.quantities import Ops, Weight
from archcalc.spec.library import Library, builtin_folder, spec_files
from archcalc.spec.target import parse_target
from archcalc.torch_backend.builders import BUILDERS

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from torch import nn

from archcalc.torch_backend.compare import compare, measured_peak, too_large
from archcalc.torch_backend.count import Counter, unfused, unfused_recurrence
from archcalc.torch_backend.network import Network

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "explanation" / "how-counts-are-verified.md"
SCRIPT = importlib.util.spec_from_file_location("verified", DOCS / "verified.py")
verified = importlib.util.module_from_spec(SCRIPT)
SCRIPT.loader.exec_module(verified)
OPS = [*LAYERS, *MERGES]
NO_FRAMEWORK = "no framework rounds up where whole windows lie in the padding"


def test_every_layer_has_a_builder():
    assert set(BUILDERS) == set(OPS)


@pytest.mark.parametrize("name", ["builders", "recipes", "modules"])
def test_torch_s_side_knows_no_rule(name):
    """What builds the network for torch takes nothing from archcalc's layers, windows or arithmetic."""
    text = Path(importlib.util.find_spec(f"archcalc.torch_backend.{name}").origin).read_text(encoding="utf-8")
    imported = set(re.findall(r"^\s*(?:from|import) (archcalc[\w.]*)", text, re.MULTILINE))
    assert imported <= {"archcalc.torch_backend.recipes"}


def both(spec, device="meta", **options):
    graph = graph_of(document(f"archcalc: 1\n{spec}"), **options)
    return compare(graph, analyze(graph), device)


# ── Single layers ───────────────────────────────────────────────────────────────────────────────────────


def graph_of_sample(sample):
    """Return a graph of one layer, with the values that it names."""
    layer = sample.layer()
    shapes = sample.inputs if isinstance(layer, Merge) else sample.x
    output = layer.output_shape(shapes)
    inputs = [GraphNode(f"x{at}", "input", None, (), (), shape) for at, shape in enumerate(sample.inputs)]
    named = []
    if "like" in sample.settings:
        named = [GraphNode("like", "input", None, (), (), sample.settings["like"].shape)]
    if "indices" in sample.settings:
        pool = build("maxpool", {"kernel": 1})
        named = [GraphNode("pool", "maxpool", pool, (0,), (sample.x,), sample.x)]
    node = GraphNode("it", sample.op, layer, tuple(range(len(inputs))), sample.inputs, output)
    nodes = (*inputs, *named, node)
    return Graph("sample", "", "", nodes, {"out": len(nodes) - 1})


@pytest.mark.parametrize("op", OPS)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_layers_agree(op, data):
    sample = data.draw(SAMPLES[op])
    try:
        graph = graph_of_sample(sample)
        report = analyze(graph)
    except (ShapeError, ValidationError):
        assume(False)
    for device in ("meta", "cpu"):
        compared = compare(graph, report, device)
        assert compared.problems == ()
        assume(compared.rows[-1].reason != NO_FRAMEWORK)
        assert [row.outcome for row in compared.rows][-1] == ("not verifiable" if op == "opaque" else "verified")


# ── Values: what the modules of our own compute, against plain arithmetic or torch's own layers ─────────


def values(spec, *inputs):
    """Return the output of a network on these inputs, and the network."""
    graph = graph_of(document(f"archcalc: 1\n{spec}"))
    network = Network(graph, "cpu")
    with torch.no_grad():
        network(*inputs)  # builds it
        return network(*inputs)["out"], network


def random(*shape):
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        ("maxpool 3x3 /2 same", lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-1e9), 3, 2)),
        ("maxpool 2x2 /1 darknet", lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-1e9), 2, 1)),
        ("avgpool 3x3 /2 pad=1 countpad=no", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
        ("avgpool 3x3 /1 same countpad=no", lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)),
        ("avgpool 3x3 /1 pad=(1,1,1,1) countpad=no", lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)),
        ("maxpool 3x3 /2 ceil", lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)),
        ("maxpool 3x3 /2 pad=(1,0,1,0) ceil", lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True)[:, :, :4, :4]),
        ("lrn 3 across=no alpha=1 beta=1", lambda x: x / (1 + F.avg_pool2d(x * x, 3, 1, 1))),
        ("maxout 2", lambda x: torch.maximum(x[:, ::2], x[:, 1::2])),
        ("unpool 2", lambda x: torch.kron(x, torch.tensor([[1.0, 0], [0, 0]]))),
        ("part 2 1", lambda x: x[:, 2:]),
        ("crop 4", lambda x: x[:, :, 2:6, 2:6]),
        ("l2norm", lambda x: x / x.norm(dim=1, keepdim=True)),
        ("spp 2 1", lambda x: torch.cat([F.max_pool2d(x, 4).flatten(1), x.amax((2, 3))], 1)),
        ("roipool 2", lambda x: F.max_pool2d(x, 4)),
        ("padchannels 6", lambda x: torch.cat([x, torch.zeros(1, 2, 8, 8)], 1)),
        ("reorg 2 -> pixelshuffle 2", lambda x: x),
        ("upsample 2 mode=bicubic", lambda x: F.interpolate(x, scale_factor=2, mode="bicubic")),
    ],
)
def test_values(layer, want):
    x = random(4, 8, 8)
    made, _ = values(f"input: 4x8x8\nlayers: {layer}", x)
    torch.testing.assert_close(made, want(x))


@pytest.mark.parametrize("align", [False, True])
def test_cubic_interpolation_is_torch_s_axis_by_axis(align):
    from archcalc.torch_backend.modules import bicubic

    x = random(3, 5, 7)
    want = F.interpolate(x, size=(8, 11), mode="bicubic", align_corners=align)
    torch.testing.assert_close(bicubic(x, (8, 11), align_corners=align), want)
    torch.testing.assert_close(bicubic(x, scale_factor=2), F.interpolate(x, scale_factor=2, mode="bicubic"))


def test_spectral_normalisation_divides_by_the_largest_singular_value():
    x = random(2, 5, 5)
    made, network = values("input: 2x5x5\nlayers: conv 3 2x2 spectral=yes nobias", x)
    [weight] = network.parameters()
    largest = torch.linalg.matrix_norm(weight.flatten(1), 2)
    torch.testing.assert_close(made, F.conv2d(x, weight / largest), rtol=1e-2, atol=1e-2)  # a few rounds of iteration


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_spectral_normalisation_changes_no_count(device):
    compared = both(
        "shared: {t: conv 8 3x3 half spectral=yes}\ninput: 8x8x8\n"
        "layers: t -> t -> deconv 4 4x4 /2 spectral=yes frozen=yes",
        device,
    )
    assert [row.outcome for row in compared.rows] == ["verified"] * 3


def test_unpool_puts_maxima_back():
    x = random(2, 6, 6)
    made, _ = values("input: 2x6x6\nlayers: [p: maxpool 2x2, 'unpool 2 indices=p']", x)
    torch.testing.assert_close(made, F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2))


def test_local_with_one_bank_is_a_convolution():
    x = random(2, 5, 5)
    made, network = values("input: 2x5x5\nlayers: local 3 2x2 share=4 pad=(1,0,0,1)", x)
    weight, bias = network.parameters()
    same = F.conv2d(F.pad(x, (0, 1, 1, 0)), weight[0, 0], bias[0, 0])
    banks = (4, 4)  # 5 positions in blocks of 4: the first 4x4 share one bank
    torch.testing.assert_close(made[..., : banks[0], : banks[1]], same[..., : banks[0], : banks[1]])


def test_full_table_is_a_convolution():
    x = random(1, 5, 5)
    made, network = values("input: 1x5x5\nlayers: conv 3 2x2 table=[1,1,1]", x)
    weight, bias = network.parameters()
    torch.testing.assert_close(made, F.conv2d(x, weight.unsqueeze(1), bias))


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("ret", ["seq", "last"])
def test_one_bias_is_two_with_one_of_them_zero(kind, ret):
    x = random(5, 3)
    own, ours = values(f"input: [5, 3]\nlayers: {kind} 4 layers=2 bi=yes ret={ret}", x)
    theirs = getattr(nn, kind.upper())(3, 4, 2, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for name, stored in theirs.named_parameters():
            one = dict(next(ours.children()).named_parameters()).get(name)
            stored.copy_(torch.zeros_like(stored) if one is None else one)
        sequence, last = theirs(x)
    last = last[0] if kind == "lstm" else last
    want = sequence if ret == "seq" else torch.cat([last[-2], last[-1]], 1)
    torch.testing.assert_close(own, want)


def test_wide_attention_of_the_input_s_own_width_is_torch_s():
    from archcalc.torch_backend.modules import Attention, WideAttention

    x, source = random(5, 6), random(7, 4)
    theirs, ours = Attention(6, 2, batch_first=True, kdim=4, vdim=4), WideAttention(6, 2, 6, 4)
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(x, source), theirs(x, source))


# ── Counting ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize(
    ("module", "shape", "macs"),
    [  # the exact multiply-adds of docs on counting conventions: W·P, W·P_in, in·out, T·g·h·(in + h), …
        (lambda: nn.Conv2d(16, 32, 3, padding=1), (1, 16, 20, 20), 1_843_200),
        (lambda: nn.Conv2d(16, 16, 3, padding=1, groups=16), (1, 16, 20, 20), 57_600),
        (lambda: nn.ConvTranspose2d(16, 8, 4, 2, 1), (1, 16, 10, 10), 204_800),
        (lambda: nn.Linear(100, 50), (1, 100), 5_000),
        (lambda: nn.Linear(100, 50, bias=False), (1, 7, 100), 35_000),
        (lambda: nn.LSTM(32, 64, batch_first=True), (1, 10, 32), 245_760),
        (lambda: nn.LSTM(32, 64, 2, batch_first=True, bidirectional=True), (1, 10, 32), 1_474_560),
        (lambda: nn.GRU(32, 64, batch_first=True), (1, 10, 32), 184_320),
        (lambda: nn.RNN(32, 64, batch_first=True), (1, 10, 32), 61_440),
        (lambda: nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), (1, 10, 64), 176_640 + 2 * 10 * 64 * 128),
        (lambda: nn.BatchNorm2d(16), (1, 16, 20, 20), 0),
        (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (1, 16, 20, 20), 0),
    ],
    ids=[
        "conv",
        "depthwise",
        "transposed",
        "linear",
        "rows",
        "lstm",
        "deep_lstm",
        "gru",
        "rnn",
        "encoder",
        "bn",
        "upsample",
    ],
)
def test_counter(module, shape, macs, device):
    counter = Counter()
    with torch.device(device), torch.no_grad(), unfused(), unfused_recurrence():
        built, x = module().eval(), torch.zeros(shape)
        with counter:
            built(x)
    assert counter.take() == macs
    assert counter.take() == 0


def test_a_product_that_the_counter_does_not_know_is_an_error():
    from archcalc.torch_backend.count import UncountedError

    with Counter(), pytest.raises(UncountedError, match="hides how many products"):
        torch.ops.aten.addr(torch.zeros(2, 3), torch.zeros(2), torch.zeros(3))


# ── A rule that is wrong is found ───────────────────────────────────────────────────────────────────────


class MacsOfTheKernelOnly(Conv):
    def ops(self, x, y):
        return Ops(mac=self.weights(x)[0].size)


class OneTooWide(Conv):
    def output_shape(self, x):
        c, h, w = super().output_shape(x)
        return (c, h, w + 1)


class ForgetsTheBias(Conv):
    def weights(self, x):
        return super().weights(x)[:1]


class FrozenByMistake(Conv):
    def weights(self, x):
        return tuple(replace(weight, kind="frozen") for weight in super().weights(x))


class StatisticsAsParameters(BatchNorm):
    def weights(self, x):
        return tuple(Weight(weight.name, weight.shape) for weight in super().weights(x))


@pytest.mark.parametrize(
    ("op", "wrong", "code", "message"),
    [
        ("conv", MacsOfTheKernelOnly, "X003", "torch takes 7,776 multiply-adds, archcalc 216"),
        ("conv", OneTooWide, "X001", "torch makes 8x6x6, archcalc 8x6x7"),
        ("conv", ForgetsTheBias, "X002", "bias: torch has 8 trainable, archcalc none"),
        ("conv", FrozenByMistake, "X002", "weight: torch has 8x3x3x3 trainable, archcalc 8x3x3x3 frozen"),
        ("bn", StatisticsAsParameters, "X002", "running_mean: torch has 8 buffer, archcalc 8 trainable"),
    ],
)
def test_a_wrong_rule_is_found(op, wrong, code, message):
    graph = graph_of(document("archcalc: 1\ninput: 3x8x8\nlayers: conv 8 3x3 -> bn"))
    nodes = list(graph.nodes)
    at = next(at for at, node in enumerate(nodes) if node.op == op)
    layer = wrong(**nodes[at].layer.settings())
    nodes[at] = nodes[at]._replace(layer=layer, output=layer.output_shape(nodes[at].input[0]))
    graph = replace(graph, nodes=tuple(nodes))
    compared = compare(graph, analyze(graph))
    assert [row.outcome for row in compared.rows].count("differs") == 1
    first = compared.problems[0]
    assert (first.code, first.message) == (code, f"{nodes[at].path} ({op}): {message}")
    assert first.place == nodes[at].place


def test_what_torch_refuses_is_a_difference_and_the_rest_is_not_verifiable():
    graph = graph_of(document("archcalc: 1\ninput: 3x8x8\nlayers: conv 8 3x3 -> relu"))
    nodes = list(graph.nodes)
    settings_ = {**nodes[1].layer.settings(), "kernel": 9}
    nodes[1] = nodes[1]._replace(layer=build("conv", settings_))
    report = analyze(graph)
    compared = compare(replace(graph, nodes=tuple(nodes)), report)
    assert [row.outcome for row in compared.rows] == ["differs", "not verifiable"]
    assert "torch refuses" in compared.problems[0].message
    assert "torch did not make" in compared.rows[1].reason


# ── Whole networks ──────────────────────────────────────────────────────────────────────────────────────


def test_shared_weights_are_one_tensor():
    compared = both(
        "shared: {tower: conv 8 3x3 -> bn}\n"
        "input: {a: 3x8x8, b: 3x8x8}\nlayers:\n  - left: from a -> tower\n  - right: from b -> tower\n"
        "  - absdiff left\n"
    )
    assert {row.outcome for row in compared.rows} == {"verified"}


def test_shared_recurrent_weights_are_the_ones_that_run():
    compared = both(
        "shared: {reads: lstm 4 biases=2}\ninput: {a: [5, 3], b: [5, 3]}\n"
        "layers:\n  - left: from a -> reads\n  - right: from b -> reads\n  - add left\n",
        device="cpu",
    )
    assert {row.outcome for row in compared.rows} == {"verified"}


def test_runs_are_scaled():
    compared = both("input: 4x8x8\nlayers: conv 4 3x3 -> roialign 2 rois=10 -> conv 8 1x1 -> times 3 -> fc 5")
    assert {row.outcome for row in compared.rows} == {"verified"}


def test_free_sizes_are_not_verifiable():
    compared = both("input: [3, H, W]\nlayers: conv 8 3x3")
    assert [(row.outcome, row.reason) for row in compared.rows] == [
        ("not verifiable", "its sizes are free; torch needs numbers")
    ]


def test_peak_memory_is_measured_with_real_tensors():
    compared = both("input: 4x8x8\nlayers: conv 8 3x3 pad=1 -> relu -> flatten -> fc 5", device="cpu")
    # the convolution's output and relu's, 8·8·8 numbers each; flatten is a view
    assert compared.peak == 2 * 8 * 8 * 8 * 4
    assert both("input: 4x8x8\nlayers: conv 8 3x3").peak == 0
    graph = graph_of(document("archcalc: 1\ninput: 4x8x8\nlayers: conv 8 3x3 pad=1 -> relu -> flatten -> fc 5"))
    assert measured_peak(graph) == compared.peak


def test_a_shortcut_is_held_while_its_branch_runs():
    graph = graph_of(document("archcalc: 1\ninput: 4x8x8\nlayers: {residual: [conv 4 3x3 half, conv 4 3x3 half]}"))
    # the input, what both convolutions made: 4·8·8 numbers each; then the sum in place of the first
    assert measured_peak(graph) == 3 * 4 * 8 * 8 * 4


SPECS = [file.stem for file in spec_files(builtin_folder())]
FEW = ("alexnet", "fcn", "lstm", "mask_rcnn", "mobilenet_v2", "segnet", "siamese", "transformer", "yolov4")
FEW_ON_CPU = ("charrnn", "deepid", "dh", "lenet", "lstm", "mlp", "rnn", "siamese")
SMALL = {"macs": 300_000_000, "params": 30_000_000, "activations": 50_000_000}


def check(target, graph, report, device):
    compared = compare(graph, report, device)
    assert compared.problems == (), target
    assert {row.op for row in compared.rows if row.outcome == "not verifiable"} <= {"opaque"}, target
    return compared


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in FEW else pytest.mark.slow) for name in SPECS])
def test_the_zoo_on_meta(name):
    """Every variant with totals: each row by torch, the exported file's own count, and the row of the docs."""
    library, sums = Library(), Tally()
    spec, _ = api.open_document(parse_target(name), library)
    for target, _, _ in api.variants(spec, name):
        graph = api.load(target, library=library)
        report = analyze(graph)
        sums += verified.account(report, check(target, graph, report, "meta"))
        check_export(target, graph, report)
    assert verified.row(f"`{name}`", sums) in PAGE.read_text(encoding="utf-8"), "run: python docs/verified.py"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in FEW_ON_CPU else pytest.mark.slow) for name in SPECS]
)
def test_small_networks_on_real_tensors(name):
    """Every variant that takes no more than a second and some hundred megabytes."""
    library = Library()
    spec, _ = api.open_document(parse_target(name), library)
    checked = 0
    for target, _, _ in api.variants(spec, name):
        graph = api.load(target, library=library)
        report = analyze(graph)
        if all(getattr(report.totals, fact) <= most for fact, most in SMALL.items()):
            check(target, graph, report, "cpu")
            checked += 1
    if not checked:
        pytest.skip(f"no network of {name} is small")


# ── Random networks ─────────────────────────────────────────────────────────────────────────────────────

CHANNELS = st.sampled_from([4, 8, 12])
SHAPED = st.one_of(
    st.builds(
        "conv {} {}x{} /{} {} groups={} {}".format,
        CHANNELS,
        st.integers(1, 3),
        st.integers(1, 3),
        st.integers(1, 2),
        st.sampled_from(["half", "same", "valid", "pad=1", "pad=(1,0,0,1)", "same_lower", "darknet"]),
        st.sampled_from([1, 1, 2, 4]),
        st.sampled_from(["", "ceil", "nobias", "dilation=2", "frozen=yes"]),
    ),
    st.builds("dwconv 3x3 half /{} mult={}".format, st.integers(1, 2), st.integers(1, 2)),
    st.builds(
        "deconv {} {}x{} /2 {}".format,
        CHANNELS,
        st.integers(2, 4),
        st.integers(2, 4),
        st.sampled_from(["", "pad=same", "pad=1", "pad=half", "outpad=1", "pad=(1,0,0,1)", "groups=2", "spectral=yes"]),
    ),
    st.builds(
        "local {} {}x{} /{} {}".format, CHANNELS, *[st.integers(1, 3)] * 3, st.sampled_from(["", "same", "share=2"])
    ),
    st.builds(
        "{}pool {}x{} /{} {}".format,
        st.sampled_from(["max", "avg", "lp"]),
        *[st.integers(1, 3)] * 3,
        st.sampled_from(["", "ceil", "same", "same_lower", "pad=1", "pad=(0,1,1,0)", "half"]),
    ),
    st.builds(
        "upsample {} mode={}".format,
        st.sampled_from(["2", "factor=(1,3)", "size=(7,9)", "zoom=2"]),
        st.sampled_from(["nearest", "bilinear", "bicubic"]),
    ),
    st.builds(
        "pad {} mode={}".format,
        st.sampled_from(["1", "amount=(1,0,2,1)"]),
        st.sampled_from(["zero", "reflect", "replicate"]),
    ),
    st.builds("spread {} {}".format, CHANNELS, st.integers(1, 3)),
    st.sampled_from(
        [
            "aavgpool 4",
            "amaxpool 3x2",
            "reorg 2",
            "pixelshuffle 2",
            "cell 8",
            "cell 4 3",
            "block",
            "(block) *2",
            "crop 4",
            "unpool 2",
            "maxout 2",
            "part 2 1",
            "padchannels 12",
            "take 1 3 axis=height",
            "roialign 3",
            "roipool 2 rois=4",
            "conv 8 3x3 half spectral=yes",
            "conv 4 1x3 dilation=(1,2) pad=(0,0,2,1)",
            "transpose axis=[channel,width,height]",
        ]
    ),
)
SAME = st.sampled_from(
    [
        "conv x.C 3x3 half",
        "conv x.C 1x1 -> bn -> relu",
        "dwconv 3x3 half nobias -> gn 2",
        "lrn 3",
        "in affine=no",
        "prelu",
        "shuffle 2",
        "(conv x.C 3x3 same -> relu6) *2",
        "ln",
        "ln over=all shift=no",
        "bn scale=no",
        "bn stats=no",
        "affine shift=no",
        "l2norm scale=20",
        "leaky 0.2 -> dropout 0.5",
        "gelu -> scale 2",
        "droppath 0.2",
        "maxpool 3x3 /1 same",
        "avgpool 3x3 /1 half countpad=no",
        "softmax",
    ]
)
TAILS = st.sampled_from(
    [
        "gap -> margin 7",
        "gmp keep=yes -> conv 5 1x1 -> flatten",
        "spp 1 2 -> fc 4 nobias",
        "flatten -> reshape 2 -1 -> gru 3 layers=2 biases=2",
        "flatten -> reshape 2 -1 -> rnn 5 biases=0 ret=last -> fc 2",
        "flatten -> reshape 4 -1 -> transpose -> conv 6 3 half groups=2 -> bn -> maxpool 2 -> lstm 3 biases=2 ret=last",
        "flatten -> reshape 4 -1 -> mha 2 -> ln -> mean 0",
        "flatten -> reshape 4 -1 -> upsample 3 mode=bicubic -> avgpool 3 same",
        "gap -> fc 5",
        "fc 6 -> softmax",
        "flatten -> reshape 2 -1 -> lstm 3 bi=yes",
        "flatten -> reshape 4 -1 -> mha 2 dim=4",
    ]
)


FORMS = ["step"] * 4 + [
    "named",
    "residual",
    "projected",
    "branches",
    "grid",
    "gate",
    "for",
    "if",
    "indices",
    "like",
    "shared",
]


@st.composite
def networks(draw):
    """A spec with blocks, branches, repeats, loops, conditions, residuals, wires to earlier items and shared parts."""
    import json

    items = []
    for at in range(draw(st.integers(1, 5))):
        form = draw(st.sampled_from(FORMS))
        if form == "step":
            items.append(draw(SHAPED | SAME))
        elif form == "named":
            items.append({f"part{at}": [draw(SHAPED), draw(SAME)]})
        elif form == "residual":
            items.append({"residual": [draw(SAME), draw(SAME)]})
        elif form == "projected":
            width = draw(CHANNELS)
            items.append(
                {"residual": [draw(SAME), f"conv {width} 3x3 half /2"], "shortcut": f"conv {width} 1x1 /2 -> bn"}
            )
        elif form == "branches":
            merge = draw(st.sampled_from(["concat", "add", "maximum", "average", "stack"]))
            items.append({merge: draw(st.lists(SAME, min_size=2, max_size=3))})
            if merge == "stack":
                items.append("mean 0")
        elif form == "grid":
            items.append({"concat": [draw(SAME), {f"deep{at}": [draw(SAME), draw(SAME)]}, "id"]})
        elif form == "for":
            items.append({"for": f"i in range({draw(st.integers(1, 3))})", "do": ["conv 4*(i+1) 3x3 half", draw(SAME)]})
        elif form == "if":
            items.append(
                {"if": draw(st.sampled_from(["x.C > 6", "x.H < x.W"])), "then": draw(SHAPED), "else": draw(SAME)}
            )
        elif form == "indices":
            items += [{f"pool{at}": "maxpool 2x2"}, draw(SAME), f"unpool 2 indices=pool{at}"]
        elif form == "like":
            items += [{f"before{at}": draw(SAME)}, "conv x.C 3x3 /2 half", f"upsample like=before{at} mode=bilinear"]
            items.append({"add": ["id", f"from before{at}"]})
        elif form == "shared":
            items += ["padchannels 24 -> conv 8 1x1", "tower", "tower"]
        else:
            items.append({"mul": ["id", "gap keep=yes -> conv x.C 1x1 -> sigmoid"]})
    items += [draw(TAILS)] if draw(st.booleans()) else []
    spec = {
        "archcalc": 1,
        "input": f"{draw(CHANNELS)}x{draw(st.integers(5, 12))}x{draw(st.integers(5, 12))}",
        "blocks": {
            "cell(c, k=1)": "conv c k half -> bn -> relu",
            "block": {"residual": ["cell x.C 3", "conv x.C 1x1"]},
            "spread(c, k)": {"concat": ["conv c k half", "dwconv k half -> cell c k", "maxpool k /1 same"]},
        },
        "shared": {"tower": "conv 8 3x3 half -> bn"},
        "layers": items,
    }
    return json.dumps(spec)


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(spec=networks())
def test_random_networks_agree(spec):
    try:
        graph = graph_of(document(spec))
    except ArchcalcError:
        assume(False)
    report = analyze(graph)
    for device in ("meta", "cpu"):
        compared = compare(graph, report, device)
        assert compared.problems == ()
        assert {row.outcome for row in compared.rows if row.reason != NO_FRAMEWORK} <= {"verified"}
    if all(row.outcome == "verified" for row in compared.rows):
        check_export("net", graph, report)


# ── Export ──────────────────────────────────────────────────────────────────────────────────────────────


def exported(graph, report, device="meta"):
    """Return the text of a file, and the network that it defines."""
    text = export(graph, report.totals.params_train)
    assert "archcalc." not in text.partition('"""')[2].partition('"""')[2]
    space = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), space)
    made = [value for value in space.values() if isinstance(value, type) and value.__module__ == "exported"]
    with torch.device(device):
        return text, made[-1]().eval()


def check_export(target, graph, report):
    _, network = exported(graph, report)
    assert sum(each.numel() for each in network.parameters()) == report.totals.params_train, target
    with torch.no_grad():
        made = network(*(torch.zeros(1, *shape, device="meta") for shape in graph.inputs.values()))
    made = made if isinstance(made, tuple) else (made,)
    assert [tuple(each.shape[1:]) for each in made] == list(report.outputs.values()), target


@pytest.mark.parametrize("target", ["alexnet", "lenet", "squeezenet", "resnet_cifar/20", "siamese", "lstm"])
def test_an_exported_file_computes_what_was_verified(target):
    graph = api.load(target)
    _, network = exported(graph, analyze(graph), "cpu")
    verified = Network(graph, "cpu")
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.randn(1, *shape, generator=generator) for shape in graph.inputs.values()]
    with torch.no_grad():
        verified(*inputs)  # builds it
        for each in (*network.parameters(), *verified.parameters()):
            each.copy_(torch.linspace(-0.05, 0.07, each.numel()).view(each.shape))
        want = tuple(verified(*inputs).values())
        made = network(*inputs)
    torch.testing.assert_close(made if isinstance(made, tuple) else (made,), want)


def test_blocks_become_classes_and_repeats_loops():
    graph = api.load("resnet/50")
    text, _ = exported(graph, analyze(graph))
    assert "class Bottleneck(nn.Module):" in text
    assert "for _ in range(5)" in text  # layer3: the first block, then five alike
    assert "self.fc = nn.Linear(2048, 1000)" in text
    assert "# conv1: conv 64 7x7 /2" in text


def test_shared_parts_are_one_module():
    graph = api.load("retinanet")
    text, _ = exported(graph, analyze(graph))
    assert text.count("= ClassSubnet()") == 1
    assert text.count("self.cls3_class_subnet(") == 5


def test_ties_between_different_layers():
    graph = graph_of(document("archcalc: 1\ninput: 4x8x8\nlayers: [a: conv 4 3x3, 'conv 4 3x3 /2 tie=a']"))
    check_export("net", graph, analyze(graph))


def test_what_a_spec_says_cannot_leave_its_comment():
    spec = 'archcalc: 1\ntitle: \'x""" \\ """\'\ninput: 3x8x8\nlayers: [print: conv 8 3x3, half: relu, train: fc 3]\n'
    graph = graph_of(document(spec))
    check_export("net", graph, analyze(graph))


def test_an_exported_file_is_a_program(tmp_path, capsys):
    assert run(["export", "lenet", "--to", "torch", "-o", str(tmp_path / "lenet.py")]) == 0
    done = subprocess.run([sys.executable, tmp_path / "lenet.py"], capture_output=True, text=True, check=True)
    assert done.stdout == "60,840 parameters\n(1, 10)\n"  # 60,000 trainable, 84·10 of the RBF layer


def test_export_needs_no_torch():
    code = "import sys; from archcalc.cli.entry import run; run(['export', 'lenet', '--to', 'torch'])"
    code += "; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet", "--to", "kera"], "did you mean 'keras'"),
        (["resnet", "--to", "torch", "--limit", "nodes=9"], "more than 9 layers"),
    ],
)
def test_export_refuses(arguments, message, capsys):
    assert run(["export", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_table_of_the_docs_names_every_spec():
    rows = re.findall(r"^\| `(\w+)` \| \d+ \| [\d,]+ \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == SPECS, "run: python docs/verified.py"
    assert {differ for _, differ in rows} == {"0"}


# ── The command ─────────────────────────────────────────────────────────────────────────────────────────


def test_command(capsys):
    assert run(["verify", "alexnet/2012", "--torch"]) == 0
    assert "23 verified by torch on meta" in capsys.readouterr().out


def test_processes_say_what_one_says(capsys):
    targets = ["lenet", "mlp", "rnn", "no_such_net", "gru"]
    assert run(["verify", *targets, "--torch", "--jobs", "1"]) == 2
    alone = capsys.readouterr()
    assert run(["verify", *targets, "--torch", "--jobs", "2"]) == 2
    assert capsys.readouterr() == alone
    assert "no_such_net" in alone.err


def test_quiet_says_nothing_where_nothing_is_wrong(capsys):
    assert run(["verify", "lenet", "--torch", "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""


def test_a_wrong_builder_is_found_at_the_layer_s_place(capsys, monkeypatch):
    """The other way round: a builder that forgets the groups of a depthwise convolution."""
    from archcalc.torch_backend import builders

    def careless(given):
        return tuple(
            replace(step, kwargs={name: value for name, value in step.kwargs.items() if name != "groups"})
            for step in BUILDERS["dwconv"](given)
        )

    monkeypatch.setattr(builders, "BUILDERS", {**BUILDERS, "dwconv": careless})
    assert run(["verify", "mobilenet_v1/w025", "--torch", "--errors", "github"]) == 1
    shown = capsys.readouterr()
    assert " differs" in shown.out
    first = shown.err.splitlines()[0]  # 8 channels, one kernel each: torch is asked for 8 kernels each
    assert re.match(r"::error file=.*mobilenet_v1\.yaml,line=\d+,col=\d+,title=X002::", first)
    assert "weight: torch has 8x8x3x3 trainable, archcalc 8x1x3x3 trainable" in first
    assert run(["verify", "mobilenet_v1/w025", "--torch", "--errors", "json", "--quiet"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert '"code": "X003"' in shown.err


def test_cuda_where_there_is_none(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run(["verify", "lenet", "--torch", "--device", "cuda"]) == 2
    assert "torch finds no CUDA device here; meta and cpu always work" in capsys.readouterr().err


def test_what_does_not_fit_is_left_out(monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_AVPHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}[name])
    report = analyze(api.load("lenet"))
    assert "are needed" in too_large(report, "cpu")
    assert too_large(report, "meta") is None


def test_command_finds_what_does_not_agree(capsys, monkeypatch):
    monkeypatch.setattr(Conv, "ops", MacsOfTheKernelOnly.ops)
    assert run(["verify", "lenet/caffe", "--torch"]) == 1
    assert " (conv): torch takes 1,600,000 multiply-adds, archcalc 25,000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--torch", "--device", "tpu"], "'tpu' is not one of meta, cpu, cuda"),
        (["--device", "cpu"], "--device: it needs --torch"),
    ],
)
def test_command_refuses(arguments, message, capsys):
    assert run(["verify", "alexnet", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_without_torch_the_command_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(["verify", "alexnet", "--torch"]) == 2
    assert "pip install 'archcalc[torch]'" in capsys.readouterr().err
