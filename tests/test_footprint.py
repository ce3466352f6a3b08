"""Memory of a network: the best order against all orders, torch's own peak, hand calculations, the command."""

import json
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import validate

from archcalc import analyze, load
from archcalc.analysis import analyze as analyze_graph
from archcalc.api import load_choice
from archcalc.cli.entry import run
from archcalc.errors import Source, TargetError
from archcalc.footprint import footprint
from archcalc.memory import peak
from archcalc.schedule import best_order
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import choose


def report_of(text):
    library = Library()
    document = library.parse(Source("net", text), "net")
    return analyze_graph(load_choice(document, choose(document, None, ()), Wishes(), "net", library, None))


@st.composite
def networks(draw):
    """Return a small network whose layers read any earlier layers."""
    lines = ["archcalc: 1", "input: 3x4x4", "layers:", "  - n0: conv 4 1x1"]
    count = draw(st.integers(2, 6))
    for at in range(1, count + 1):
        read = draw(st.integers(0, at - 1))
        kind = draw(st.sampled_from(["conv 1 1x1", "conv 4 1x1", "conv 9 1x1", "relu", "relu", "concat"]))
        other = draw(st.integers(0, at - 1))
        if kind == "concat" and other != read:
            lines.append(f"  - n{at}: from n{read} -> concat n{other}")
        else:
            lines.append(f"  - n{at}: from n{read} -> {'relu' if kind == 'concat' else kind}")
    return "\n".join(lines) + "\n"


def can_run(rows):
    seen = {"x"}
    for row in rows:
        if not set(row.inputs) <= seen:
            return False
        seen.add(row.path)
    return True


@settings(max_examples=120, deadline=None)
@given(networks(), st.booleans())
def test_no_order_is_better_than_the_best(text, in_place):
    report = report_of(text)
    best = best_order(report, in_place=in_place)
    assert sorted(row.path for row in best.rows) == sorted(row.path for row in report.rows)
    assert can_run(best.rows)
    reached = peak(report, in_place=in_place, order=best.rows).elements
    orders = [order for order in permutations(report.rows) if can_run(order)]
    least = min(peak(report, in_place=in_place, order=order).elements for order in orders)
    assert best.proved
    assert reached == least


def test_branches_in_the_other_order():
    branches = "[conv 8 1x1, conv 2 1x1 -> conv 16 1x1 -> conv 1 1x1]"
    report = report_of(f"archcalc: 1\ninput: 1x8x8\nlayers:\n  - concat: {branches}\n")
    best = best_order(report)
    # in the spec's order 8 channels wait while 2 become 16; the other way round the input waits, one channel
    assert peak(report).elements == 64 * (8 + 2 + 16)
    assert peak(report, order=best.rows).elements == 64 * (1 + 2 + 16)
    assert best.proved


def test_a_budget_that_ends_is_said():
    best = best_order(analyze("nasnet"), budget=3)
    assert not best.proved
    assert can_run_from(analyze("nasnet"), best.rows)


def can_run_from(report, rows):
    seen = set(report.input)
    return all(set(row.inputs) <= seen and not seen.add(row.path) for row in rows)


@pytest.mark.parametrize("target", ["vgg/11", "resnet/18", "googlenet", "densenet", "mobilenet_v2", "unet"])
def test_torch_needs_as_much(target):
    pytest.importorskip("torch")
    from archcalc.torch_backend.compare import measured_peak

    graph = load(target, input=(1, 188, 188) if target == "unet" else (3, 128, 128))
    assert measured_peak(graph) == 4 * peak(analyze_graph(graph)).elements


def test_vgg_by_hand():
    held = footprint(analyze("vgg/16"), optimizer="adam")
    # conv1_1 and its relu: 2·64·224·224 values; 138,357,544 parameters
    assert held.inference == 4 * (138_357_544 + 2 * 64 * 224 * 224)
    assert held.training.states == 2 * 138_357_544
    half = footprint(analyze("vgg/16"), dtype="float16", state_dtype="float32", batch=8)
    assert half.inference == 2 * (138_357_544 + 8 * 2 * 64 * 224 * 224)
    assert half.step == 2 * (2 * 138_357_544 + 8 * half.training.activations) + 4 * 2 * 138_357_544


def test_words_that_mean_nothing():
    report = analyze("lenet")
    for wrong in ({"schedule": "beste"}, {"dtype": "float31"}, {"optimizer": "adm"}, {"state_dtype": "x"}):
        with pytest.raises(TargetError):
            footprint(report, **wrong)
    with pytest.raises(TargetError, match="numbers for all sizes"):
        footprint(analyze("vgg/16", symbols=("H",)))


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def execute(*arguments):
        code = run(["memory", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


def test_the_command(call):
    code, out, err = call("vgg/16", "--schedule", "best")
    assert (code, err) == (0, "")
    assert "579,120,288  579.1 MB (552.3 MiB)" in out
    assert "no other order has a lower one" in out
    assert max(map(len, out.splitlines())) <= 100
    assert "推理" in call("vgg/16", "--lang", "zh")[1]
    assert call("vgg/16", "--ascii")[1].isascii()
    for form in ("markdown", "latex", "html", "csv", "tsv"):
        assert "553" in call("vgg/16", "-f", form)[1]  # 4·138,357,544
    code, _, err = call("vgg/16", "--dtype", "float33")
    assert (code, "did you mean 'float32'" in err) == (2, True)
    code, _, err = call("vgg/16", "--batch", "0")
    assert code == 2


def test_json_follows_its_schema(call):
    document = json.loads(call("nasnet", "--schedule", "best", "-f", "json")[1])
    schema = json.loads(Path(__file__).parent.parent.joinpath("docs/reference/memory.schema.json").read_text())
    validate(document, schema)
    assert document["least"] is True
    assert sum(document["inference"]["alive"].values()) == document["inference"]["peak"]
