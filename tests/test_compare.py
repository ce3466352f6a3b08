"""Networks side by side: figures of outside sources, differences that add up, alignment, forms, refusals."""

import csv
import io
import json
from pathlib import Path

import pytest
from jsonschema import validate

from archcalc import analyze
from archcalc.cli.entry import run
from archcalc.comparison.align import align
from archcalc.comparison.present import compare
from archcalc.comparison.totals import depth


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def execute(*arguments):
        code = run(["compare", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


PAIRS = [
    ("googlenet/2014", "googlenet/torchvision"),
    ("alexnet", "alexnet/owt"),
    ("resnet/50", "resnet/101"),
    ("resnet/152", "densenet"),
    ("nasnet/large", "resnet/152"),
    ("vgg/16", "mobilenet_v2"),
    ("bert", "gpt2"),
    ("lenet", "lenet/caffe"),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_differences_add_up_to_those_of_the_totals(first, second):
    a, b = analyze(first), analyze(second)
    held = compare([a, b])
    assert sum(each.params for each in held.differences) == b.totals.params - a.totals.params
    assert sum(each.macs for each in held.differences) == b.totals.macs - a.totals.macs


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_row_is_paired_once_and_in_order(first, second):
    a, b = analyze(first).rows, analyze(second).rows
    pairs = align(a, b)
    assert [pair.a for pair in pairs if pair.a is not None] == list(a)
    assert [pair.b for pair in pairs if pair.b is not None] == list(b)
    assert all(pair.a is None or pair.b is None or pair.a.op == pair.b.op for pair in pairs)


def test_equal_networks_have_no_difference(call):
    code, out, _ = call("vgg/16", "vgg/16")
    assert code == 0
    assert "The networks are equal, layer by layer." in out


def test_longer_networks_have_the_same_layers_and_more():
    pairs = align(analyze("resnet/50").rows, analyze("resnet/101").rows)
    alone = [pair.b.path for pair in pairs if pair.a is None]
    # ResNet-101 has 23 blocks in its third stage where ResNet-50 has 6
    assert {path.split(".")[0] for path in alone} == {"layer3"}
    assert len({path.split(".")[1] for path in alone}) == 23 - 6
    assert not any(pair.b is None for pair in pairs)


@pytest.mark.parametrize(
    ("target", "layers"),
    [("alexnet", 8), ("vgg/16", 16), ("vgg/19", 19), ("googlenet", 22), ("resnet/18", 18), ("resnet/34", 34),
     ("resnet/50", 50), ("resnet/101", 101), ("resnet/152", 152), ("densenet", 121)],
)  # fmt: skip
def test_depth_is_the_number_in_the_name(target, layers):
    # the papers' own names; GoogLeNet's says 22 layers with parameters
    assert depth(analyze(target)) == layers


def test_two_small_kernels_against_a_large_one(call):
    code, out, _ = call("conv 64 5x5", "conv 64 3x3 -> conv 64 3x3", "--input", "64x56x56")
    assert code == 0
    lines = {line.partition("  ")[0]: line for line in out.splitlines()}
    # 64·64·25 + 64 = 102,464 and 2·(64·64·9 + 64) = 73,856: −27.9 %
    assert lines["Parameters"].split()[1:] == ["102,464", "73,856", "−28,608", "−27.9"]
    assert lines["Receptive field"].split()[2:] == ["5x5", "5x5", "="]


def test_googlenet_of_the_paper_and_of_torchvision(call):
    code, out, _ = call("googlenet/2014", "googlenet/torchvision", "-f", "json")
    assert code == 0
    document = json.loads(out)
    schema = json.loads(Path(__file__).parent.parent.joinpath("docs/reference/compare.schema.json").read_text())
    validate(document, schema)
    texts = {each["text"]: len(each["layers"]) for each in document["differences"]}
    # torchvision: batch norm behind all 57 convolutions, no biases, 3x3 in the place of 5x5 in nine modules, no LRN
    assert texts["bn: only in googlenet/torchvision"] == 57
    assert texts["conv: kernel 5x5 → 3x3, bias yes → no"] == 9
    assert texts["conv: bias yes → no"] == 48
    assert texts["lrn: only in googlenet/2014"] == 2
    figures = {each["name"]: each["values"] for each in document["figures"]}
    assert figures["params"] == [6998552, 6624904]


def test_several_networks_and_conventions(call):
    code, out, _ = call("vgg/16", "resnet/50", "mobilenet_v2", "--convention", "thop")
    assert code == 0
    assert "25,557,032" in out
    assert "4,133,742,592" in out  # thop 0.1.1 on torchvision's resnet50
    assert "Where they part" not in out


def test_formulas(call):
    code, out, _ = call("vgg/16", "vgg/19", "--sym", "H,W")
    assert code == 0
    # three more convolutions: 256·256·9 on a quarter, 512·512·9 on an eighth and on a sixteenth of the edges
    said = " ".join(out.split())
    assert "MACs, Difference = 589824·⌊H/4⌋·⌊W/4⌋ + 2359296·(⌊H/8⌋·⌊W/8⌋ + ⌊H/16⌋·⌊W/16⌋)" in said


def test_formulas_are_spelled_for_programs_and_below_the_table_for_people(call):
    code, out, _ = call("vgg/16", "vgg/19", "--sym", "H,W")
    assert code == 0
    assert "Memory, bytes: not decided for free sizes." in out
    assert max(map(len, out.splitlines())) <= 100
    # one more convolution of 256 channels on a quarter of the edges: 256·256·9 multiply-adds a position
    assert "conv: only in vgg/19, conv3_4.conv" in " ".join(out.split())
    assert "589824·⌊H/4⌋·⌊W/4⌋" in out.partition("Where they part")[2]
    _, out, _ = call("vgg/16", "vgg/19", "--sym", "H,W", "-f", "csv", "--layers")
    assert ",589824·⌊H/4⌋·⌊W/4⌋" in out
    _, out, _ = call("vgg/16", "vgg/19", "-f", "csv")
    shares = {row["figure"]: row["percent"] for row in csv.DictReader(io.StringIO(out))}
    assert float(shares["Parameters"]) == round(100 * (143667240 - 138357544) / 138357544, 4)  # torchvision's counts


def test_a_number_on_every_axis_is_the_same_as_the_number(call):
    _, out, _ = call("conv 8 3 /2 pad=1", "conv 8 3x3 /2x2 pad=1x1", "--input", "3x9x9")
    assert "The networks are equal, layer by layer." in out
    _, out, _ = call("conv 8 3", "conv 8 3x5", "--input", "3x9x9")
    assert "conv: kernel 3x3 → 3x5" in out


@pytest.mark.parametrize("form", ["markdown", "latex", "html", "csv", "tsv"])
def test_forms(call, form):
    code, out, _ = call("vgg/16", "vgg/19", "-f", form)
    assert code == 0
    assert "138" in out
    code, out, _ = call("vgg/16", "vgg/19", "-f", form, "--layers")
    assert code == 0
    assert "conv5_4" in out.replace(r"\_", "_").replace("<wbr>", "")


def test_chinese_and_ascii(call):
    _, out, _ = call("vgg/16", "vgg/19", "--lang", "zh")
    assert "仅 vgg/19 有" in out
    _, out, _ = call("googlenet/2014", "googlenet/torchvision", "--ascii")
    assert out.isascii()


def test_a_chart(call):
    code, _, _ = call("vgg/16", "resnet/50", "-o", "sizes.svg")
    assert code == 0
    drawn = Path("sizes.svg").read_text()
    assert "vgg/16: 138 M" in drawn.replace("\u2009", " ").replace("\u00a0", " ")


def test_wrong_input(call):
    code, _, err = call("vgg/16", "vgg/19", "vgg/11", "--layers")
    assert (code, "--layers is for two networks" in err) == (2, True)
    assert call("vgg/16", "vgg/17")[0] == 2
    assert call("vgg/16", "vgg/19", "-f", "nothing")[0] == 2
    code, _, err = call("vgg/16", "json:loads")
    assert (code, "add --trust-code" in err) == (2, True)
    code, _, err = call("vgg/16", "vgg/19", "vgg/11", "--trust-code")
    assert (code, "one torch model" in err) == (2, True)
    code, _, err = call("conv 8 3x3", "relu -> relu")
    assert (code, "say what goes in" in err) == (2, True)
