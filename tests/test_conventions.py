"""Other tools' figures from facts: every cell of tests/cases/conventions.yaml, and what counting promises."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from helpers import report as report_of
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc.arithmetic import total
from archcalc.cli.entry import run
from archcalc.conventions import explain
from archcalc.conventions.apply import count
from archcalc.conventions.calls import FUNCTIONAL, read_calls
from archcalc.conventions.catalogue import CONVENTIONS, find
from archcalc.conventions.convention import Convention, rule
from archcalc.conventions.custom import read_count
from archcalc.conventions.facts import FACTS, Ledger, read
from archcalc.errors import TargetError
from archcalc.homework.number import read_number
from archcalc.layers.catalogue import LAYERS, MERGES

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "conventions.yaml").read_text(encoding="utf-8"))
CELLS = [
    (case, name, figure)
    for case in (*CASES["layers"], *CASES["networks"])
    for name, figure in (case.get("figures") or {}).items()
]


def report(case):
    if "target" in case:
        return archcalc.analyze(case["target"])
    if "spec" in case:
        return report_of(case["spec"])
    return report_of(f"archcalc: 1\ninput: {case['input']}\nlayers:\n  - {case['layer']}\n")


def counted(case, name):
    held = report(case)
    calls = case.get("calls_of", {}).get(name, case.get("calls"))
    return count(held, find(name), read_calls(calls, held))


@pytest.mark.parametrize(("case", "name", "figure"), CELLS, ids=lambda v: v["name"] if isinstance(v, dict) else str(v))
def test_figures_of_other_tools(case, name, figure):
    assert counted(case, name).total == figure


@pytest.mark.parametrize("case", [case for case in CASES["layers"] if "differs" in case], ids=lambda case: case["name"])
def test_what_differs_still_does(case):
    """A figure that a rule now gives must move to `figures`."""
    for name, held in case["differs"].items():
        assert held["reason"]
        assert counted(case, name).total != held["value"]


@pytest.mark.parametrize(
    "case", [case for case in CASES["networks"] if "printed" in case], ids=lambda case: case["name"]
)
def test_printed_figures(case):
    for name, printed in case["printed"].items():
        assert read_number(printed).fit(counted(case, name).total)


def test_cases_state_the_versions_that_are_counted():
    for name, version in CASES["versions"].items():
        assert find(name).version == str(version)


# ── The data ──


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=lambda held: held.name)
def test_rules_name_what_there_is(convention):
    for each in convention.rules:
        assert set(each.ops) <= {*LAYERS, *MERGES, "*"}
        assert {fact for fact, _ in each.terms} <= set(FACTS)
        assert all(isinstance(k, (int, Fraction)) and k for _, k in each.terms)
    assert bool(convention.tool) == bool(convention.version)
    assert convention.source or not convention.tool
    assert convention.title


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=lambda held: held.name)
def test_no_rule_is_out_of_reach(convention):
    """A layer type that an earlier rule takes unconditionally does not stand alone in a later one."""
    taken = set()
    for each in convention.rules:
        assert not set(each.ops) <= taken, each
        if each.call is None and each.when is None:
            taken |= set(each.ops)


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=lambda held: held.name)
def test_explanations(convention):
    text = explain.text(convention)
    assert convention.title in text
    assert all(remark in text for remark in convention.remarks)
    json.dumps(explain.document(convention))


# ── Counting ──


@pytest.mark.parametrize("target", ["googlenet", "mobilenet_v3", "vit", "lstm", "siamese", "detr", "yolov3"])
@pytest.mark.parametrize("calls", [None, "functional", "reused"])
def test_terms_and_rows_add_up(target, calls):
    held = archcalc.analyze(target)
    for convention in CONVENTIONS.values():
        made = count(held, convention, read_calls(calls, held))
        assert total(term.value for term in made.terms) == made.total
        mode = ("both", "train") if convention.heads else ("both",)
        assert total(made.values.get(row.path, 0) for row in held if row.mode in mode) == made.total


@pytest.mark.parametrize("target", ["alexnet", "googlenet", "resnet/18", "transformer", "siamese", "mask_rcnn"])
def test_own_conventions_are_the_totals(target):
    held = archcalc.analyze(target)
    totals = held.totals
    made = {name: count(held, find(name)).total for name in ("macs", "flops", "params", "trainable", "torch-params")}
    assert made == {
        "macs": totals.macs,
        "flops": 2 * totals.macs,
        "params": totals.params,
        "trainable": totals.params_trainable,
        "torch-params": totals.params_train,
    }


def test_nothing_is_silently_zero():
    made = count(report_of("layers:\n  - conv 8 3x3 -> silu -> lppool 2 -> relu\n"), find("fvcore"))
    assert (made.zero, made.unknown) == (("relu",), ("silu", "lppool"))
    assert "silu" not in made.values


def test_formulas():
    """Free sizes: the same rules; 2·8·n − 8·n = 8·n for n outputs of a convolution without bias."""
    held = report_of("layers:\n  - conv 8 1x1 nobias -> bn\n", symbols=("H", "W"))
    made = count(held, find("thop"))
    assert str(made.total.text("ascii")) == "56*H*W"  # 3·8 + 4·8 a position
    with pytest.raises(TargetError, match="needs sizes that are numbers"):
        count(report_of("layers:\n  - lrn\n", symbols=("H", "W")), find("deepspeed-flops"))
    with pytest.raises(TargetError, match="needs sizes that are numbers"):
        count(held, find("flax"))


def test_fractions_stay_exact():
    made = count(report_of("input: 5x1x1\nlayers:\n  - lrn\n"), find("deepspeed-flops"))
    assert made.total == Fraction(17 * 5, 4)


def test_runs_multiply_operations_but_not_parameters():
    held = report_of("input: 8x16x16\nlayers:\n  - roialign 7 rois=10\n  - head: fc 5\n")
    row = next(each for each in Ledger(held).subjects if each.node.op == "fc")
    assert (read("mac", row), read("out", row), read("params", row)) == (10 * 8 * 49 * 5, 50, 8 * 49 * 5 + 5)


def test_shared_weights_count_once_or_each_time():
    held = report_of("input: 16x20x20\nshared:\n  unit: conv 16 3x3 half\nlayers:\n  - a: unit\n  - b: unit\n")
    once = 16 * 16 * 9 * 400 + 16 * 400
    assert count(held, find("flopth")).total == once
    assert count(held, find("torchinfo")).total == 2 * once
    assert count(held, find("params")).total == 16 * 16 * 9 + 16


def test_the_softmax_at_the_end_is_left_to_the_loss():
    held = report_of("input: [16]\nlayers:\n  - fc 10 -> softmax\n")
    assert count(held, find("thop")).left == ("softmax",)
    assert count(held, find("thop")).total == 160
    assert count(held, find("thop"), read_calls("softmax=module", held)).total == 160 + 3 * 10 - 1
    assert count(held, find("netscope-exp")).total == 10  # a prototxt has it


def test_calls():
    held = report_of("layers:\n  - residual: relu -> maxpool 1\n  - gap\n")
    ops = {row.op: read_calls(None, held).of(row) for row in held}
    assert ops == {"relu": "module", "maxpool": "module", "add": "operator", "gap": "module"}
    assert {FUNCTIONAL.of(row) for row in held} == {"functional"}
    mixed = read_calls("functional,gap=module", held)
    assert [mixed.of(row) for row in held if row.op in ("relu", "gap")] == ["functional", "module"]
    with pytest.raises(TargetError, match="did you mean 'relu'"):
        read_calls("rleu", held)
    with pytest.raises(TargetError, match="not one of module, again, functional, operator"):
        read_calls("relu=method", held)


def test_a_custom_count():
    held = report_of("layers:\n  - conv 8 3x3 half -> bn -> relu\n")
    positions = 8 * 8
    assert count(held, read_count("mac=2,bias=1,bn.out=0.5")).total == positions * (2 * 3 * 8 * 9 + 8 + 4)
    assert count(held, read_count("params=1,buffers=1")).convention.is_stored


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mac", "write --count mac=2"),
        ("macs=2", "did you mean 'mac'"),
        ("nb.out=2", "no layer type 'nb'"),
        ("mac=2e9999", "a coefficient is a number"),
        ("mac=1/0", "a coefficient is a number"),
        ("mac=" + "9" * 99, "a coefficient is a number"),
        ("mac=", "a coefficient is a number"),
        ("", "write --count"),
    ],
)
def test_a_custom_count_that_means_nothing(text, message):
    with pytest.raises(TargetError, match=message):
        read_count(text)


def test_versions():
    assert find("ultralytics-thop@2") is find("ultralytics-thop@2.2.3") is find("ultralytics-thop")
    with pytest.raises(TargetError, match=r"'thop' is of version 0\.1\.1"):
        find("thop@9")
    with pytest.raises(TargetError, match="did you mean 'thop'"):
        find("htop")


# ── The fact that no shape gives: taps inside the image ──


@given(
    size=st.integers(1, 30),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    pad=st.integers(0, 6),
)
def test_taps_inside_are_those_that_a_loop_finds(size, kernel, stride, dilation, pad):
    reach = dilation * (kernel - 1) + 1
    if size + 2 * pad < reach:
        return
    held = report_of(
        f"input: [{size}, 2]\nlayers:\n  - conv 3 {kernel} /{stride} pad={pad} dilation={dilation} nobias\n"
    )
    outputs = (size + 2 * pad - reach) // stride + 1
    found = sum(
        0 <= at * stride - pad + tap * dilation < size for at in range(outputs) for tap in range(kernel)
    )  # fmt: skip
    (subject,) = Ledger(held).subjects
    assert read("mac_inside", subject) == found * 2 * 3


def test_a_long_kernel_is_refused():
    held = report_of("input: [30000, 1]\nlayers:\n  - conv 1 20001 pad=10000 nobias\n")
    with pytest.raises(TargetError, match="kernels of at most"):
        count(held, find("flax"))


# ── As a column ──


def printed(capsys, *arguments):
    code = run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_column_of_a_table(capsys):
    code, out, _ = printed(
        capsys, "table", "resnet/50", "--convention", "thop", "--convention", "fvcore", "--depth", "1"
    )
    assert code == 0
    (line,) = (line for line in out.splitlines() if line.startswith("Total"))
    assert line.split()[-2:] == ["4,133,742,592", "4,111,512,576"]
    assert "thop: MACs (thop 0.1.1); https://github.com/Lyken17/pytorch-OpCounter" in out
    assert "thop: counted as 0: relu, maxpool, add." in out
    assert "not counted, code leaves it to the loss: softmax" in out


def test_a_column_of_ones_own(capsys):
    _, out, _ = printed(
        capsys, "table", "lenet", "--count", "mac=2,bias=1", "--format", "csv", "--columns", "layer,macs,bias"
    )
    rows = [line.split(",") for line in out.splitlines()[1:]]
    assert all(int(own or 0) == 2 * int(macs or 0) + int(bias or 0) for _, macs, bias, own in rows)


def test_batches_multiply_operations_only(capsys):
    _, out, _ = printed(
        capsys, "table", "lenet", "--batch", "3", "--convention", "keras-params", "--format", "csv",
        "--columns", "layer,params",
    )  # fmt: skip
    for row in (line.split(",") for line in out.splitlines()[1:]):
        assert row[1] == row[2]


def test_json_carries_counts(capsys):
    import jsonschema

    schema = json.loads((Path(__file__).parent.parent / "docs/reference/table.schema.json").read_text(encoding="utf-8"))
    _, out, _ = printed(capsys, "table", "resnet/18", "--convention", "torchscan", "--calls", "gap", "--format", "json")
    document = json.loads(out)
    jsonschema.validate(document, schema)
    (held,) = document["counts"]
    assert held["convention"] == "torchscan"
    assert held["calls"] == "gap"
    assert held["not_counted"] == ["add", "gap", "softmax"]
    assert sum(term["value"] for term in held["terms"]) == held["total"] == sum(held["rows"].values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--calls", "functional"], "add --convention"),
        (["--convention", "nothing"], "no convention 'nothing'"),
        (["--convention", "thop", "--style", "lecture"], "no column for a count"),
    ],
)
def test_options_that_mean_nothing(capsys, arguments, message):
    code, out, err = printed(capsys, "table", "lenet", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_the_list_and_one_of_it(capsys):
    _, out, _ = printed(capsys, "conventions")
    assert all(name in out for name in CONVENTIONS)
    _, out, _ = printed(capsys, "conventions", "thop@0.1.1")
    assert "bn, in, ln" in out
    _, out, _ = printed(capsys, "conventions", "--format", "json")
    assert [held["name"] for held in json.loads(out)["conventions"]] == list(CONVENTIONS)
    code, _, err = printed(capsys, "conventions", "topinfo")
    assert code == 2
    assert "did you mean 'torchinfo'" in err


def test_a_convention_of_ones_own_needs_no_registration():
    own = Convention("bits", "bits", "bits", (rule("*", params=32),))
    held = archcalc.analyze("lenet")
    assert count(replace(held), own).total == 32 * held.totals.params
