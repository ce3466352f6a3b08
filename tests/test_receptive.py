"""Receptive fields: published values, a brute-force oracle on short chains, gradients of torch."""

from fractions import Fraction
from itertools import chain

import pytest
from helpers import report
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archcalc.api import analyze
from archcalc.errors import TargetError
from archcalc.expression import Space
from archcalc.receptive import MOST_PHASES, POINT, Axis, Field, Unclear, composed, fields, window_axis
from archcalc.term import Term

# ── Published values ──


# https://github.com/google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md: size and effective stride at the last
# convolution or pool; the effective padding where the padding is the same there (slim's ResNets pad otherwise)
@pytest.mark.parametrize(
    ("target", "path", "size", "jump", "padding"),
    [
        ("alexnet/single", "conv1.conv", 11, 4, 0),
        ("alexnet/single", "pool1", 19, 8, 0),
        ("alexnet/single", "conv2.conv", 51, 8, 16),
        ("alexnet/single", "conv3.conv", 99, 16, 32),
        ("alexnet/single", "conv4.conv", 131, 16, 48),
        ("alexnet/single", "conv5.conv", 163, 16, 64),
        ("alexnet/single", "pool5", 195, 32, 64),
        ("vgg/16", "pool5", 212, 32, 90),
        ("mobilenet_v1", "conv14.pw.relu", 315, 32, 126),
        ("resnet/50-v1", "layer4.block_3.relu", 483, 32, None),
        ("resnet/101-v1", "layer4.block_3.relu", 1027, 32, None),
        ("resnet/152-v1", "layer4.block_3.relu", 1507, 32, None),
        ("bn_inception", "5b", 699, 32, None),
        ("inception_v3", "7c", 1311, 32, None),
        ("inception_v4", "C_2", 2071, 32, 998),
        ("inception_resnet", "conv_7b.relu", 3039, 32, 1482),
    ],
)
def test_published_values(target, path, size, jump, padding):
    seen = fields(analyze(target))[path]
    assert seen.size == (size, size)
    assert seen.jump == (jump, jump)
    if padding is not None:
        assert [axis.start for axis in seen.axes] == [-padding, -padding]


# https://gist.github.com/samson-wang/a6073c18f2adf16e0ab5fb95b53db3e6: ResNet-50 with the stride on the 3x3
def test_resnet_with_the_stride_on_the_3x3():
    seen = fields(analyze("resnet/50"))
    paths = ["conv1.relu", "pool1", *(f"layer{i}.block_{n}.relu" for i, n in ((1, 3), (2, 4), (3, 6), (4, 3)))]
    assert [seen[path].size[0] for path in paths] == [7, 11, 35, 91, 267, 427]


# Dumoulin and Visin's rule by hand on LeNet-5: 5, 6, 14, 16
def test_lenet():
    seen = fields(analyze("lenet/keras32"))
    found = [seen[path] for path in ("conv1.conv", "pool1", "conv2.conv", "pool2")]
    assert [field.size[0] for field in found] == [5, 6, 14, 16]
    assert [field.jump[0] for field in found] == [1, 2, 2, 4]
    assert seen["fc3.fc"] is None


# Fangyh09/pytorch-receptive-field, README: conv 3x3x3 p1, pool 2 s2 p1 on a volume; jump 2, field 4
def test_a_volume():
    net = report("input: 3x16x16x16\nlayers: conv 6 3x3x3 pad=1 -> bn -> relu -> maxpool 2 pad=1")
    seen = fields(net)
    assert seen["conv"].size == (3, 3, 3)
    assert (seen["maxpool"].size, seen["maxpool"].jump) == ((4, 4, 4), (2, 2, 2))
    # the first pool window lies at -1 and 0 of the convolution, that at -2 ... 1 of the image
    assert [axis.start for axis in seen["maxpool"].axes] == [-2, -2, -2]
    assert seen["maxpool"].axes[0].centre == Fraction(-1, 2)


# Chen et al., DeepLab, arXiv:1412.7062, section 3: VGG-16's fc6 as a convolution sees 404 pixels
def test_a_fully_connected_layer_as_a_convolution():
    assert fields(analyze("vgg/16-dense"))["fc6.conv"].size == (404, 404)


# Isola et al., arXiv:1611.07004, appendix 6.1.2: C64-C128-C256-C512, 4x4, the last two convolutions with stride 1
def test_patchgan():
    cb = "conv {} 4x4 /{} pad=1 -> instnorm -> leaky 0.2"
    first = " -> ".join(cb.format(*each) for each in ((64, 2), (128, 2), (256, 2), (512, 1)))
    net = report(f"input: 6x256x256\nlayers: {first} -> conv 1 4x4 pad=1")
    assert fields(net)["conv_5"].size == (70, 70)
    assert fields(net, statistics=True)["conv_5"] is None


# Yu and Koltun, arXiv:1511.07122, section 3: F_i+1 is (2^(i+2) - 1)² with dilations 1, 2, 4 ...
def test_dilations_that_double():
    net = report("input: 1x64x64\nlayers:\n  - for: d in [1, 2, 4, 8]\n    do: conv 1 3x3 half dilation=d")
    assert [seen.size[0] for seen in fields(net).values()] == [3, 7, 15, 31]


# ── The oracle: sets of positions on an endless line ──


def taps(kernel, stride, dilation, before):
    return lambda o: {o * stride - before + dilation * t for t in range(kernel)}


def spread(kernel, stride, dilation, before):
    def reached(o):
        near = range((o + before) // stride - dilation * kernel, (o + before) // stride + 2)
        return {i for i in near if (o + before - i * stride) in range(0, dilation * (kernel - 1) + 1, dilation)}

    return reached


def repeated(factor):
    return lambda o: {o // factor}


def bilinear(factor):
    def neighbours(o):
        x = Fraction(2 * o + 1, 2 * factor) - Fraction(1, 2)
        low = x.numerator // x.denominator
        return {low} if x == low else {low, low + 1}

    return neighbours


small = st.integers(1, 4)


@st.composite
def steps(draw):
    """A layer on a sequence as text, and what an output of it reads."""
    kind = draw(st.sampled_from(["conv", "conv", "maxpool", "deconv", "upsample", "bilinear", "unpool", "pad"]))
    k, s, d, p = draw(small), draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
    if kind == "conv":
        return f"conv 1 {k} /{s} pad={p} dilation={d}", taps(k, s, d, p)
    if kind == "maxpool":
        return f"maxpool {k} /{s} pad=({p},0)", taps(k, s, 1, p)
    if kind == "deconv":  # a stride above the kernel would leave holes that a later dilation may meet
        k = max(k, s)
        p = min(p, k - 1)
        return f"deconv 1 {k} /{s} pad={p}", spread(k, s, 1, p)
    if kind == "pad":
        return f"pad ({p},1)", lambda o: {o - p}
    return {
        "upsample": (f"upsample {s}", repeated(s)),
        "bilinear": (f"upsample {s} mode=bilinear", bilinear(s)),
        "unpool": (f"unpool {s}", repeated(s)),
    }[kind]


def seen_by(layers, output):
    positions = {output}
    for _, reads in reversed(layers):
        positions = set().union(*(reads(each) for each in positions)) if positions else positions
    return positions


def chained(layers, input_size=40):
    try:
        return report(f"input: [{input_size}, 1]\nlayers: '{' -> '.join(text for text, _ in layers)}'")
    except Exception:
        assume(False)
        raise


@given(st.lists(steps(), min_size=1, max_size=4))
@settings(deadline=None, max_examples=150)
def test_a_chain_sees_what_its_layers_read(layers):
    net = chained(layers)
    axis = list(fields(net).values())[-1].axes[0]
    period = len(axis.spans)
    for output in range(-period, 2 * period):
        read = seen_by(layers, output)
        assert axis.span(output) == ((min(read), max(read)) if read else None)
    assert axis.size == max(
        last - first + 1 for first, last in filter(None, (axis.span(output) for output in range(period)))
    )
    assert axis.jump == Fraction(axis.advance, period)


@given(st.lists(steps(), min_size=1, max_size=3))
@settings(deadline=None, max_examples=60)
def test_what_lies_inside(layers):
    net = chained(layers, 12)
    axis = list(fields(net).values())[-1].axes[0]
    outputs = net.rows[-1].output[0]
    spans = [axis.span(output) for output in range(outputs)]
    inside = [max(0, min(last, 11) - max(first, 0) + 1) for first, last in filter(None, spans)]
    assert axis.clipped(12, outputs) == max(inside, default=0)
    over = sum(span is not None and (span[0] < 0 or span[1] > 11) for span in spans)
    assert axis.over_the_edge(12, outputs) == over


def aligned(size, made):
    def neighbours(o):
        x = Fraction(o * (size - 1), made - 1)
        return {x.numerator // x.denominator, -(-x.numerator // x.denominator)}

    return neighbours


# layers that keep the length 24, so that branches fit together
KEEPING = st.sampled_from(
    [
        [("conv 1 3 half", taps(3, 1, 1, 1))],
        [("conv 1 5 half dilation=2", taps(5, 1, 2, 4))],
        [("conv 1 2 pad=(1,0)", taps(2, 1, 1, 1))],
        [("avgpool 2", taps(2, 2, 1, 0)), ("upsample 2", repeated(2))],
        [("maxpool 3", taps(3, 3, 1, 0)), ("upsample 3 mode=bilinear", bilinear(3))],
        [("conv 1 4 /2 pad=1", taps(4, 2, 1, 1)), ("deconv 1 4 /2 pad=1", spread(4, 2, 1, 1))],
        [("upsample 2", repeated(2)), ("conv 1 3 /2 pad=1", taps(3, 2, 1, 1))],
        [("maxpool 2", taps(2, 2, 1, 0)), ("upsample 2 mode=bilinear align=yes", aligned(12, 24))],
    ]
)


@given(*[st.lists(KEEPING, min_size=1, max_size=3).map(lambda parts: list(chain.from_iterable(parts)))] * 2)
@settings(deadline=None, max_examples=100)
def test_a_merge_sees_what_its_branches_see(left, right):
    branches = ", ".join(f"'{' -> '.join(text for text, _ in branch)}'" for branch in (left, right))
    seen = fields(report(f"input: [24, 1]\nlayers:\n  - add: [{branches}]"))["add"]
    assume(isinstance(seen, Field))  # three times aligned corners: a pattern of 23³
    (axis,) = seen.axes
    for output in range(24):
        read = seen_by(left, output) | seen_by(right, output)
        span = axis.span(output)
        if axis.bound:  # the branches move differently
            assert span[0] <= min(read)
            assert max(read) <= span[1]
        else:
            assert span == (min(read), max(read))


def test_an_output_that_sees_nothing():
    net = report("input: [8, 1]\nlayers: deconv 1 1 /2")
    axis = fields(net)["deconv"].axes[0]
    assert axis.spans == ((0, 0), None)
    assert (axis.size, axis.jump) == (1, Fraction(1, 2))


# ── torch: where the gradient is not zero ──

CHAINS = {
    "down and up": "conv 1 3 /2 pad=1 -> conv 1 3 pad=1 -> deconv 1 4 /2 pad=1 -> conv 1 3 pad=1",
    "dilated": "conv 1 3 dilation=2 -> avgpool 2 -> conv 1 3 dilation=3 pad=3",
    "resized": "conv 1 3 /2 -> upsample 3 mode=bilinear -> conv 1 5 pad=2 -> avgpool 3 /2",
    "repeated": "avgpool 2 -> conv 1 3 -> upsample 2 -> conv 1 2 /3",
    "to a size": "avgpool 4 -> upsample size=70 mode=bilinear -> conv 1 3",
    "to a size by repetition": "avgpool 4 -> upsample size=70 -> conv 1 3",
    "aligned corners": "avgpool 4 -> upsample 2 mode=bilinear align=yes -> conv 1 3",
    "adaptive": "conv 1 3 pad=1 -> aavgpool 7 -> conv 1 2",
}


def in_torch(torch, row, x):
    said, window = row.settings, row.window
    f = torch.nn.functional
    if row.op == "conv":
        weight = torch.ones(1, 1, *window.kernel, dtype=x.dtype)
        return f.conv1d(x, weight, stride=window.stride, padding=window.before, dilation=window.dilation)
    if row.op == "deconv":
        weight = torch.ones(1, 1, *window.kernel, dtype=x.dtype)
        return f.conv_transpose1d(x, weight, stride=window.stride, padding=window.before, dilation=window.dilation)
    if row.op == "avgpool":
        return f.avg_pool1d(x, window.kernel, window.stride, window.before)
    if row.op == "aavgpool":
        return f.adaptive_avg_pool1d(x, row.output[0])
    mode = "linear" if said["mode"] == "bilinear" else "nearest"
    corners = {"align_corners": said["align"]} if mode == "linear" else {}
    return f.interpolate(x, size=row.output[0], mode=mode, **corners)


@pytest.mark.parametrize("layers", CHAINS.values(), ids=CHAINS)
def test_gradients_of_torch(layers):
    torch = pytest.importorskip("torch")
    net = report(f"input: [120, 1]\nlayers: {layers}")
    axis = list(fields(net).values())[-1].axes[0]
    x = torch.rand(1, 1, 120, dtype=torch.float64, requires_grad=True)
    y = x
    for row in net.rows:
        y = in_torch(torch, row, y)
    outputs = y.shape[-1]
    assert outputs == net.rows[-1].output[0]
    # the middle third: no window there reaches over a border
    for output in range(outputs // 3, 2 * outputs // 3):
        (slope,) = torch.autograd.grad(y[0, 0, output], x, retain_graph=True)
        read = slope[0, 0].nonzero()[:, 0].tolist()
        assert axis.span(output) == (read[0], read[-1])


# ── Branches, sources, ends ──


def test_the_narrowest_branch():
    net = analyze("googlenet")
    # the 1x1 convolution of every module, beside the 5x5 (and the pool 3x3)
    wide, narrow = fields(net)["3a"], fields(net, narrowest=True)["3a"]
    assert (wide.size, narrow.size) == ((59, 59), (27, 27))
    assert narrow.jump == wide.jump == (8, 8)


def test_a_field_of_another_layer():
    seen = fields(analyze("vgg/16"), of="pool4")
    assert seen["conv5_3.conv"].size == (7, 7)
    assert "conv4_3.conv" not in seen
    with pytest.raises(TargetError, match=r"no layer or input 'pool44' \(did you mean 'pool4'\?\)"):
        fields(analyze("vgg/16"), of="pool44")


def test_two_inputs():
    branches = "  - l: from a -> conv 1 3x3\n  - r: from b -> conv 1 3x3\n  - add l"
    net = report(f"input: {{a: 1x16x16, b: 1x16x16}}\nlayers:\n{branches}")
    assert set(fields(net)) == {"l.conv", "add"}
    assert set(fields(net, of="b")) == {"r.conv", "add"}


def test_what_sees_everything():
    net = report("layers:\n  - a: conv 4 3x3 half\n  - g: gap keep=yes -> conv 4 1x1 -> sigmoid\n  - mul a")
    seen = fields(net)
    assert seen["a"].size == (3, 3)
    assert [seen[path] for path in ("g.gap", "g.conv", "g.sigmoid", "mul")] == [None] * 4


def test_rearranged_elements():
    net = report("layers: conv 4 3x3 -> flatten -> dropout -> fc 2")
    seen = fields(net)
    assert (seen["flatten"].size, seen["flatten"].placed) == ((3, 3), False)
    assert seen["dropout"] == seen["flatten"]
    assert seen["fc"] is None
    again = fields(report("layers: conv 4 3x3 -> transpose 1 2 0 -> conv 4 3x3 half"))
    assert isinstance(again["conv_2"], Unclear)


def test_tokens():
    net = report("input: [20]\nlayers: embed 100 8 -> conv 16 3 -> conv 16 3 /2 -> lstm 4")
    seen = fields(net)
    assert [seen[path].size for path in ("embed", "conv", "conv_2")] == [(1,), (3,), (5,)]
    assert seen["lstm"] is None


def test_unpooling_goes_back_to_the_window():
    net = report("input: 1x12x12\nlayers: maxpool 3 /2 as=p -> unpool 2 indices=p size=12x12")
    axis = fields(net)["unpool"].axes[0]
    # position 4 may be the maximum of the windows 2-4 and 4-6, so it depends on 2 ... 6
    assert axis.span(4) == (2, 6)


def test_transposed_convolution_to_the_same_size():
    net = report("input: [8, 1]\nlayers: deconv 1 4 /2 pad=same")
    assert net.rows[-1].output == (16, 1)
    assert fields(net)["deconv"].axes[0].spans == ((-1, 0), (0, 1))


def test_branches_that_move_differently_give_a_bound():
    net = report("input: [8, 1]\nlayers:\n  - add: [conv 1 1, 'maxpool 2 -> upsample 2 mode=bilinear align=yes']")
    seen = fields(net)["add"]
    assert seen.axes[0].bound
    assert seen.jump == (1,)


def test_patterns_that_are_too_long():
    net = report(f"input: [{MOST_PHASES + 2}, 1]\nlayers: upsample size={MOST_PHASES + 3} mode=bilinear -> conv 1 3")
    seen = fields(net)
    assert isinstance(seen["upsample"], Unclear)
    assert isinstance(seen["conv"], Unclear)


def test_free_sizes():
    seen = fields(analyze("resnet/18", symbols=("H", "W")))
    assert seen["layer4.block_2.relu"].size == (435, 435)  # 11 + 4*2*4 + 2*8 ... by hand: 43, 99, 211, 435
    odd = report("input: [T, 8]\nlayers: conv 1 3 pad=same /2 -> upsample size=9")
    assert isinstance(fields(odd)["upsample"], Unclear)


def test_the_rule_runs_on_terms():
    before = Axis(Term.named("r", 19), Term.named("j", 8), ((0, 18),))
    after = composed(before, window_axis(Term.named("k", 5), Term.named("s", 2), Term.named("d", 1, quiet=True), 0))
    assert (after.size, after.advance) == (51, 16)
    assert type(after.size) is Term


def test_points_change_nothing():
    assert composed(POINT, window_axis(3, 2, 1, 1)) == window_axis(3, 2, 1, 1)
    assert composed(window_axis(3, 2, 1, 1), POINT) == window_axis(3, 2, 1, 1)
    free = Space().symbol("p")
    assert composed(POINT, window_axis(3, 1, 1, free)).size == 3
    assert Field((POINT,)).size == (1,)
