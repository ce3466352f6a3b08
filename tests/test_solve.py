"""`archcalc solve`: every unknown of a layer, inverse questions, budgets of whole networks.

Expected numbers come from the formulas of the language reference (sections 8.2, 8.3, 9), from published tables and
notes, named beside them, and from a search of its own in the test.
"""

import json
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archcalc import analyze
from archcalc.cli.entry import run
from archcalc.errors import TargetError
from archcalc.solve.growth import find
from archcalc.solve.question import of_chain, of_target, read_range
from archcalc.solve.search import solve
from archcalc.solve.show import document, text
from archcalc.solve.wanted import Wanted, count, read_condition, read_form
from archcalc.spec.library import Library

LIBRARY = Library()
SCHEMA = json.loads((Path(__file__).parent.parent / "docs/reference/solve.schema.json").read_text(encoding="utf-8"))


def wanted(output=None, *conditions):
    return Wanted(tuple(map(read_condition, conditions)), None if output is None else read_form(output))


def chain(layers, input, output=None, *conditions, ranges=None, most=1000):
    question = of_chain(layers, input, ranges or {}, LIBRARY)
    return solve(question, wanted(output, *conditions), most=most)


def spec(target, names, *conditions, output=None, ranges=None, params=None, library=LIBRARY, most=1000):
    question = of_target(target, names, ranges or {}, library, params)
    return solve(question, wanted(output, *conditions), most=most)


def values(answer):
    """Return the solutions, without the tuple where one thing is unknown."""
    found = [facts.values for facts in answer.solutions]
    return [each[0] for each in found] if len(answer.question.unknowns) == 1 else found


# ── One layer ──


def test_padding_of_alexnet_at_224():
    """⌊(224 + P − 11)/4⌋ + 1 = 55 for a total padding P of 3 to 6; only 3 leaves nothing over."""
    answer = chain("conv 96 11x11 /4 pad=?", "3x224x224", "55x55")
    assert values(answer) == [(1, 2, 1, 2), 2, (2, 3, 2, 3), 3]
    assert [[rest.lines for rest in facts.rests] for facts in answer.solutions] == [[], [1, 1], [2, 2], [3, 3]]


@pytest.mark.parametrize(
    ("layers", "input", "output", "solutions"),
    [
        ("conv 96 ? /4", "3x227x227", "55x55", [8, 9, 10, 11]),
        ("conv 96 ?x? /4", "3x227x227", "96x55x55", [8, 9, 10, 11]),
        ("conv 96 11x11 /?", "3x227x227", "55x55", [4]),
        ("conv 96 11x11 stride=?", "3x227x227", "55", [4]),
        ("conv 64 3x3 pad=2 dilation=?", "3x65x65", "65", [2]),  # 65 + 4 − 2d = 65
        ("conv ? 3x3 half", "3x32x32", "16x32x32", [16]),
        ("dwconv 3x3 half mult=?", "32x14x14", "64x14x14", [2]),
        ("deconv 64 3x3 /2 pad=1 outpad=?", "8x28x28", "56x56", [1]),  # 27·2 − 2 + 3 + 1
        ("deconv 64 4x4 /? pad=1", "8x4x4", "8", [2]),  # DCGAN: 4, 8, 16, …
        ("maxpool ?", "6x28x28", "6x14x14", [2]),
        ("conv 8 3 /1 pad=?", "20x4", "20", [1]),
        ("upsample ?", "8x7x7", "14", [2]),
        ("fc ?", "784", "10", [10]),
        ("take 0 ?", "8x4x4", "5x4x4", [5]),
    ],
)
def test_unknown_setting(layers, input, output, solutions):
    assert values(chain(layers, input, output)) == solutions


def test_groups():
    """64·(96/g)·3·3 + 64 parameters: 27,712 for g = 2; only divisors of both 96 and 64 are possible."""
    assert values(chain("conv 64 3x3 groups=?", "96x28x28", None, "params == 27712")) == [2]
    possible = chain("conv 64 3x3 groups=?", "96x28x28", None, "params == 1..99999")
    assert values(possible) == [1, 2, 4, 8, 16, 32]


def test_input_size_and_what_it_leaves_over():
    answer = chain("conv 96 11x11 /4", "3x?x?", "55x55")
    assert [facts.input for facts in answer.solutions] == [(3, n, n) for n in (227, 228, 229, 230)]
    assert [sum(rest.lines for rest in facts.rests) for facts in answer.solutions] == [0, 2, 4, 6]
    assert answer.searched[0].proved


def test_each_axis_has_a_value_of_its_own():
    assert values(chain("conv 8 1x7 pad=?", "3x28x28", "28x28")) == [(0, 3)]
    assert values(chain("conv 8 2x3 pad=?", "3x28x28", "28x28")) == [(0, 1, 1, 1)]
    assert values(chain("conv 8 ?", "3x28x28", "26x22")) == [(3, 7)]
    answer = chain("conv 8 3x7", "3x?x?", "28x28")
    assert [facts.input for facts in answer.solutions] == [(3, 30, 34)]


def test_unknown_channels_of_the_input():
    answer = chain("conv 16 5x5", "?x32x32", None, "params == 2416")  # LeNet C3: (25·6 + 1)·16
    assert [facts.input for facts in answer.solutions] == [(6, 32, 32)]
    assert answer.question.unknowns[0].label == "channels"


def test_ceil_reads_over_the_edge():
    """GoogLeNet's pool: 112 with 3/2 and ceil gives 56, the last window one row over the edge."""
    answer = chain("maxpool 3x3 /? ceil", "64x112x112", "56")
    assert values(answer) == [2]
    assert {rest.lines for rest in answer.solutions[0].rests} == {-1}


def test_stride_is_never_0():
    answer = chain("conv 8 5x5 /?", "3x5x5", "1")
    assert values(answer) == [1, 2, 3, 4, 5]


def test_windows_in_padding_are_marked():
    marked = [facts.only_padding for facts in chain("conv 8 2x2 pad=?", "3x4x4", "7").solutions]
    assert marked == [True]  # 4 + 2·2 − 2 + 1 = 7: the first window reads rows −2 and −1


@given(
    size=st.integers(1, 40),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 4),
    pad=st.integers(0, 3),
    dilation=st.integers(1, 3),
    unknown=st.sampled_from(["kernel", "stride", "pad", "dilation", "input"]),
)
@settings(max_examples=40, deadline=None)
def test_all_solutions_and_no_others(size, kernel, stride, pad, dilation, unknown):
    """Section 8.2: o = ⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1, searched by the test itself."""

    def out(n, k, s, p, d):
        rest = n + 2 * p - d * (k - 1) - 1
        return rest // s + 1 if rest >= 0 else None

    goal = out(size, kernel, stride, pad, dilation)
    assume(goal is not None)
    at = ["input", "kernel", "stride", "pad", "dilation"].index(unknown)
    known = [size, kernel, stride, pad, dilation]
    n, k, s, p, d = ("?" if place == at else value for place, value in enumerate(known))
    ranges = {unknown: "0..30" if unknown == "pad" else "1..60"}
    answer = chain(f"conv 1 {k} /{s} pad={p} dilation={d}", f"{n}x1", str(goal), ranges=ranges)
    tried = range(31) if unknown == "pad" else range(1, 61)
    assert values(answer) == [v for v in tried if out(*known[:at], v, *known[at + 1 :]) == goal]


# ── Inverse questions ──


def test_kernel_stride_and_padding_together():
    """227 − F + 2P = 221 with S = 1; no other stride makes 222 from 227 with little padding."""
    answer = chain("conv 6 ? /? pad=?", "3x227x227", "222")
    assert values(answer)[:4] == [(6, 1, 0), (8, 1, 1), (10, 1, 2), (12, 1, 3)]
    assert all((227 - f + 2 * p) // s + 1 == 222 and s > 0 for f, s, p in values(answer))


def test_what_turns_6_channels_into_34():
    """28x28x6 into 28x28x34: 34 filters, and F = 2P + 1 at stride 1."""
    found = values(chain("conv ? ? pad=?", "6x28x28", "34x28x28"))
    assert found[:3] == [(34, 1, 0), (34, 3, 1), (34, 5, 2)]
    assert all(out == 34 and f == 2 * p + 1 for out, f, p in found)


def test_number_of_layers():
    """Each 3x3 layer without padding takes 2 rows: 99 from 199 to 1; its receptive field is 1 + 2n."""
    assert values(chain("conv 64 3x3 *?", "3x199x199", "1")) == [99]
    assert values(chain("conv 64 3x3 *?", "3x199x199", None, "rf == 199")) == [99]
    assert values(chain("conv 64 3x3 *?", "3x64x64", None, "rf == 7")) == [3]  # three 3x3 see as much as one 7x7
    assert values(chain("(conv 8 3x3 -> conv 8 3x3) *?", "3x64x64", None, "rf == 9")) == [2]
    assert values(chain("conv 16 3x3 *? -> maxpool 2", "1x28x28", "12")) == [2]


@pytest.mark.parametrize(
    ("layers", "input", "params", "units"),
    [
        ("lstm ?", "20x128", 131_584, 128),  # 4(u(n + u) + u), Keras
        ("gru ? bi", "10x16", 9_408, 32),  # 2·3(u·n + u·u + u), Keras with reset_after=False
        ("gru ? bi biases=2", "10x16", 9_600, 32),  # with reset_after=True
        ("rnn ?", "10x3", 60, 6),  # 6·3 + 6·6 + 6
        ("fc ?", "784", 7_850, 10),
        ("fc ? -> relu -> fc 10", "784", 101_770, 128),  # 784·128 + 128 + 128·10 + 10, the Keras MNIST tutorial
        ("embed 1000 ?", "20", 64_000, 64),
        ("conv ? 11x11 /4", "3x227x227", 34_944, 96),  # AlexNet conv1
    ],
)
def test_units_for_a_parameter_count(layers, input, params, units):
    answer = chain(layers, input, None, f"params == {params}")
    assert values(answer) == [units]
    assert answer.searched[0].proved


def test_rounded_counts_and_ranges():
    """(11·11·3 + 1)·c is 35K, rounded, for 95, 96 and 97 filters."""
    assert values(chain("conv ? 11x11 /4", "3x227x227", None, "params == 35K")) == [95, 96, 97]
    assert values(chain("fc ?", "99", None, "params == 1000..1200")) == [10, 11, 12]


def test_both_layers_of_a_perceptron():
    """(4 + 1)·a + (a + 1)·b = 13: a = 1, b = 4 and a = 2, b = 1."""
    assert values(chain("fc ? -> fc ?", "4", None, "params == 13")) == [(1, 4), (2, 1)]


# ── Whole networks ──


def test_width_under_a_budget():
    """MACs by width as MobileNetV2's spec expects them, from torchvision and Keras."""
    answer = spec("mobilenet_v2", ["width"], "macs <= 300M")
    assert values(answer) == ["w075"]
    assert answer.solutions[0].measure("macs") == 209_069_792
    assert [run.measure("macs") for run in answer.others] == [300_774_272, 582_195_824, 97_131_840, 59_285_808]


def test_width_between_the_variants():
    answer = spec("mobilenet_v2", ["width"], "macs <= 300M", ranges={"width": "0.1..2:0.05"})
    (best,) = values(answer)
    assert best == Fraction(19, 20)
    assert analyze("mobilenet_v2", {"alpha": best}).totals.macs <= 300_000_000
    assert analyze("mobilenet_v2", {"alpha": 1}).totals.macs > 300_000_000


def test_depth_under_a_budget():
    """11.7M, 21.8M, 25.6M, 44.5M, 60.2M parameters (torchvision)."""
    answer = spec("resnet", ["depth"], "params <= 30M")
    assert values(answer) == ["50"]
    assert values(spec("resnet", ["depth"], "params >= 30M")) == ["101"]
    assert values(spec("resnet", ["depth"], "params == 25.6M")) == ["50"]


def test_largest_input_of_yolov3():
    """194,864,128·h·w with H = 32h, W = 32w (language reference, section 14): h = 7 is the last below 10^10."""
    answer = spec("yolov3", ["H,W"], "macs <= 10G")
    assert values(answer) == [224]
    assert answer.solutions[0].measure("macs") == 194_864_128 * 49
    assert answer.others[0].measure("macs") == 194_864_128 * 64


def test_largest_input_of_unet():
    """The MACs of section 14 are no sum of positive terms; that they grow must be proved from their differences."""

    def macs(h):
        return 187_875_328 * h * h - 2 * 1_314_256_896 * h + 12_279_130_368

    largest = max(h for h in range(11, 200) if macs(h) <= 100 * 10**9)
    answer = spec("unet", ["H,W"], "macs <= 100G")
    assert answer.searched[0].proved
    assert values(answer) == [16 * largest + 12]


def test_smallest_input_that_reaches_a_count():
    (size,) = values(spec("resnet/50", ["H,W"], "macs >= 10G"))
    assert analyze("resnet/50", input=(3, size, size)).totals.macs >= 10 * 10**9
    assert analyze("resnet/50", input=(3, size - 1, size - 1)).totals.macs < 10 * 10**9


def test_equality_lists_all_inputs():
    answer = spec("mobilenet_v2", ["H,W"], "macs == 300774272")
    assert 224 in values(answer)
    assert all(facts.measure("macs") == 300_774_272 for facts in answer.solutions)
    low, high = min(values(answer)), max(values(answer))
    assert analyze("mobilenet_v2", {"H": low - 1, "W": low - 1}).totals.macs < 300_774_272
    assert analyze("mobilenet_v2", {"H": high + 1, "W": high + 1}).totals.macs > 300_774_272


def test_output_size_of_a_network():
    """pool5 of VGG halves five times and rounds down: 7x7 for 224 … 255."""
    (size, *others) = values(spec("vgg/16", ["H,W"], output="1000"))
    assert (size, others[:1]) == (32, [33])  # the smallest that leaves 1x1 after five halvings
    assert values(spec("mobilenet_v2", ["classes"], output="10")) == [10]


def test_two_unknowns_of_a_network():
    answer = spec("mobilenet_v1", ["width", "H,W"], "macs <= 100M")
    assert all(run.measure("macs") <= 100_000_000 for run in (*answer.solutions, *answer.others))
    assert answer.solutions[0].measure("macs") == max(
        run.measure("macs") for run in (*answer.solutions, *answer.others)
    )


def test_two_conditions():
    answer = spec("mobilenet_v2", ["width"], "macs <= 300M", "params <= 2M")
    assert values(answer) == ["w050"]  # 97,131,840 and 1,968,680


def test_memory_is_tried_where_nothing_is_proved():
    answer = spec("mobilenet_v2", ["H,W"], "memory <= 20MB")
    (size,) = values(answer)
    assert not answer.searched[0].proved
    assert answer.solutions[0].measure("memory") <= 20 * 10**6
    runs = answer.question.network.run(answer.question.unknowns, (size + 1,))
    assert runs.measure("memory") > 20 * 10**6


@given(
    target=st.sampled_from(["lenet/rgb", "alexnet", "nin", "squeezenet"]),
    low=st.integers(100, 10**9),
    width=st.integers(0, 10**8),
)
@settings(max_examples=15, deadline=None)
def test_bisection_finds_what_trials_find(target, low, width):
    condition = f"macs == {low}..{low + width}"
    sizes = "20..50" if target == "lenet/rgb" else "90..120"
    question = of_target(target, ["H,W"], {"H,W": sizes}, LIBRARY)
    found = find(question.network, question.unknowns[0], wanted(None, condition))
    assert found is not None
    runs = [question.network.run(question.unknowns, (n,)) for n in question.unknowns[0].values]
    good = [run.values[0] for run in runs if low <= run.measure("macs") <= low + width]
    assert values(solve(question, wanted(None, condition), most=100)) == good


# ── What cannot be ──


@pytest.mark.parametrize(
    ("layers", "input", "output", "conditions", "key"),
    [
        ("conv 96 3x3 /?", "3x10x10", "5", (), "between"),  # 8 or 4
        ("conv 96 3x3 /2 pad=?", "3x224x224", "300", (), "never"),
        ("conv 96 3x3 pad=?", "3x224x224", "64x224x224", (), "constant"),
        ("conv 64 300x300 /?", "3x224x224", "55", (), "refused"),
        ("conv 64 3x3 pad=?", "3x8x8", "64x8x8x8", (), "rank"),
        ("conv 64 3x3 pad=?", "3x8x8", None, ("params == 5",), "constant"),
        ("fc ?", "784", None, ("params == 7851",), "between"),
        ("fc ?", "784", None, ("params <= 100",), "never"),
        ("conv 8 3x3 pad=? -> gap", "3x8x8", None, ("rf == 3",), "nothing"),
        ("conv ? 3x3", "3x8x8", "16x6x6", ("params == 280",), "together"),  # 16 filters, or 280/28 = 10
    ],
)
def test_impossible(layers, input, output, conditions, key):
    answer = chain(layers, input, output, *conditions)
    assert not answer.solutions
    assert answer.reason is not None
    assert answer.reason.key == key
    assert text(answer)


def test_nearest_values_are_shown():
    answer = chain("conv 96 3x3 /?", "3x10x10", "5")
    assert [(run.values, run.output) for run in answer.others] == [((2,), (96, 4, 4)), ((1,), (96, 8, 8))]


def test_channels_last_is_pointed_out():
    assert "96x55x55" in text(chain("conv 96 11x11 /4 pad=?", "3x224x224", "55x55x96"))


@pytest.mark.parametrize(
    ("layers", "input", "message"),
    [
        ("conv 8 3x3", "3x8x8", "nothing is unknown"),
        ("conv 8 ?", None, "--input 3x224x224"),
        ("conv 8 ?", "3x0x8", "no input size"),
        ("conv 8 ?", "3x8x8x8x8", "an input of 5 axes"),
        ("conv 8 ? rleu", "3x8x8", "no 'rleu'"),
        ("konv 8 ?", "3x8x8", "did you mean 'conv'"),
        ("conv 8 ? strid=2", "3x8x8", "did you mean 'stride'"),
        ("conv 8 (?", "3x8x8", "unclosed"),
        ("conv ? ? pad=? dilation=? /?", "3x99x99", "--range narrows"),
        ("conv ? ? -> conv ? ? -> conv ? ? -> conv ? ?", "3x99x99", "8 unknowns, at most 6"),
        ("conv ? " * 10_000, "3x99x99", "at most 6"),
        ("conv ? \u202e", "3x99x99", "E0|."),
    ],
)
def test_questions_that_cannot_be_read(layers, input, message):
    with pytest.raises(TargetError, match=message.replace("(", r"\(")):
        chain(layers, input, "8")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("macs", "no condition"),
        ("macks <= 3", "did you mean 'macs'"),
        ("macs <= 3.5", "is no number"),
        ("macs <= -3", "is no number"),
        ("macs == 5..3", "empty"),
        ("macs <= " + "9" * 400, "is no number"),
    ],
)
def test_conditions_that_cannot_be_read(condition, message):
    with pytest.raises(TargetError, match=message):
        read_condition(condition)


@pytest.mark.parametrize(
    ("text_", "low", "high"),
    [
        ("34,944", 34_944, 34_944),
        ("35K", 34_500, 35_500),
        ("0.59M", 585_000, 595_000),
        ("<= 300M", None, 300_000_000),
        ("< 300M", None, 299_999_999),
        (">= 1.5K", 1_500, None),
        ("> 1.5K", 1_501, None),
        ("≤ 7", None, 7),
        ("30K..40K", 30_000, 40_000),
        ("3.8G", 3_750_000_000, 3_850_000_000),
    ],
)
def test_counts(text_, low, high):
    assert count("params", text_)[1:3] == (low, high)


def test_bytes():
    assert count("memory", "<= 64MB").high == 64 * 10**6
    assert count("memory", "<= 64MiB").high == 64 * 2**20
    assert count("memory", "<= 1GiB").high == 2**30
    assert count("memory", "<= 4096").high == 4096


@pytest.mark.parametrize(
    "range_", ["", "5..1", "1..2:0", "a..b", "1..2..3", "1...2", "0.1..1e9:0.0001", "1,,2", f"1..{'9' * 5000}"]
)
def test_ranges_that_cannot_be_read(range_):
    with pytest.raises(TargetError):
        read_range(range_)


# ── The command ──


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def execute(*arguments):
        code = run(["solve", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


QUESTIONS = [
    ("conv 96 11x11 /4 pad=?", "--input", "3x224x224", "--output", "55x55"),
    ("conv 96 11x11 /4", "--input", "3x?x?", "--output", "55x55"),
    ("conv 96 3x3 /?", "--input", "3x10x10", "--output", "5"),
    ("conv 16 3x3 *?", "--input", "1x28x28", "--rf", "99"),
    ("lstm ?", "--input", "20x128", "--params", "131584"),
    ("fc ? -> fc ?", "--input", "4", "--params", "13"),
    ("mobilenet_v2", "--for", "width", "macs <= 300M"),
    ("mobilenet_v2", "--for", "width", "--range", "width=0.5..1:0.25", "macs <= 300M"),
    ("mobilenet_v2", "--for", "H,W", "macs <= 300M"),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=[" ".join(question) for question in QUESTIONS])
def test_json_fits_its_schema(call, question):
    code, out, err = call(*question, "--format", "json")
    found = json.loads(out)
    jsonschema.Draft7Validator(SCHEMA).validate(found)
    assert code == (0 if found["solutions"] else 1)
    assert (found["reason"] is None) == bool(found["solutions"])
    assert err == ""


@pytest.mark.parametrize("question", QUESTIONS, ids=[" ".join(question) for question in QUESTIONS])
def test_text_and_markdown_and_chinese_hold_the_same_values(call, question):
    _, plain, _ = call(*question)
    _, markdown, _ = call(*question, "--format", "markdown")
    _, chinese, _ = call(*question, "--lang", "zh")
    _, ascii_, _ = call(*question, "--ascii")
    assert ascii_.isascii()
    _, held, _ = call(*question, "--format", "json")
    for row in json.loads(held)["solutions"]:
        shape = "x".join(map(str, row["output"]))
        assert all(shape in form for form in (plain, markdown, chinese, ascii_))
    assert "Tried" not in chinese
    assert "Searched" not in chinese


def test_exit_codes(call):
    assert call(*QUESTIONS[0])[0] == 0
    assert call(*QUESTIONS[2])[0] == 1
    for bad in (
        ("mobilenet_v2", "macs <= 300M"),
        ("mobilenet_v2", "--for", "width"),
        ("mobilenet_v2", "--for", "wdth", "macs <= 300M"),
        ("mobilenet_v3x", "--for", "width", "macs <= 300M"),
        ("resnet", "--for", "depth,W", "macs <= 300M"),
        ("resnet", "--for", "version", "--range", "version=1..3", "macs <= 300M"),
        ("conv 8 ?", "--input", "3x8x8", "--output", "0"),
        ("conv 8 ?", "--input", "3x8x8", "--output", "6", "--range", "stride=1..3"),
        ("conv 8 ?", "--input", "3x8x8", "--output", "6", "--for", "H"),
        ("conv 8 ?", "--input", "3x8x8", "--output", "6", "--format", "pdf"),
        ("conv 8 ?", "--input", "3x8x8", "--output", "6", "--lang", "fr"),
    ):
        code, out, err = call(*bad)
        assert (code, out) == (2, ""), bad
        assert "error[" in err


def test_a_file_and_its_ending(call, tmp_path):
    assert call(*QUESTIONS[0], "-o", "answer.json")[:2] == (0, "")
    assert json.loads((tmp_path / "answer.json").read_text())["count"] == 4


def test_a_file_of_ones_own(call, tmp_path):
    (tmp_path / "net.yaml").write_text(
        "archcalc: 1\nparams: {w: 8}\ninput: 3x32x32\nlayers: conv w 3x3 half -> gap -> fc 10\n", encoding="utf-8"
    )
    # 28w + 10w + 10 parameters
    code, out, _ = call("net.yaml", "--for", "w", "params <= 1000", "--format", "json")
    assert code == 0
    assert json.loads(out)["solutions"][0]["values"] == {"w": 26}


def test_many_solutions_are_cut(call):
    code, out, _ = call("conv 1 1x1 /2", "--input", "3x?x?", "--output", "50", "--most", "1")
    assert code == 0
    assert "1 more" in out
    found = document(chain("fc ?", "9", None, "params == 10..10000", most=5))
    assert len(found["solutions"]) == 5
    assert found["count"] == 1000


def test_a_budget_in_another_convention(capsys):
    assert run(["solve", "resnet/50", "--for", "H,W", "thop <= 4133742592", "-f", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    # thop 0.1.1 prints 4,133,742,592 for torchvision's resnet50 at 224
    assert document["solutions"][0]["values"] == {"H,W": 224}
    assert run(["solve", "resnet/50", "--for", "H,W", "thopp <= 4G"]) == 2
    assert "did you mean 'thop'" in capsys.readouterr().err
