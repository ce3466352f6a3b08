"""Worksheets: filled with its key a sheet passes `check`; filled with wrong choices, each is called what it is."""

import re

import pytest
from helpers import report
from hypothesis import given, settings
from hypothesis import strategies as st

from archcalc.api import analyze
from archcalc.cli.entry import run
from archcalc.errors import ArchcalcError, TargetError
from archcalc.homework.forms import read_sheet
from archcalc.homework.headings import SHEET_HEADINGS
from archcalc.homework.judge import judge
from archcalc.homework.worksheets.make import Wish, make
from archcalc.homework.worksheets.paper import Paper
from archcalc.homework.worksheets.sizes import Sizes, choose
from archcalc.homework.worksheets.writing import FORMATS, write_key, write_sheet

COLUMNS = tuple(SHEET_HEADINGS)
NETWORKS = ("lenet", "lenet/rgb", "alexnet", "dcgan:g", "unet")
SPECS = {
    "plain": """
input: 3x32x32
layers:
  - a: conv 8 5x5 -> relu
  - b: maxpool 2
  - c: conv 16 3x3 half -> bn
  - d: fc 10
""",
    "grouped": """
input: 4x17x23
layers:
  - a: conv 8 3x5 /2 groups=2
  - b: dwconv 3x3 pad=1
  - c: avgpool 3 /2
  - d: gap
""",
    "sequence": """
input: 20x16
layers:
  - a: lstm 32
  - b: gru 8 bi
  - c: mha 4
  - d: fc 4
""",
    "branches": """
input: 8x12x12
layers:
  - m:
      concat:
        - conv 4 1x1
        - conv 8 3x3 half
  - n:
      residual:
        - conv 12 3x3 half -> bn
  - o: conv 5 3x3 dilation=2
""",
    "transposed": """
input: 100x1x1
layers:
  - a: deconv 64 4x4
  - b: deconv 32 4x4 /2 pad=1 -> bn
  - c: deconv 3 4x4 /2 pad=1
""",
    "shared": """
shared:
  s: conv 8 5x5
input: 3x28x28
layers:
  - concat:
      - s
      - s
  - fc 10
""",
}


def network(name):
    return report(f"archcalc: 1{SPECS[name]}") if name in SPECS else analyze(name)


def sheet(paper, rows, format):
    """Return a sheet that is filled with some rows, as a student hands it in."""
    full = Paper(
        paper.report, paper.quantities, paper.fixed, tuple(map(tuple, rows)), (), paper.statements, paper.command,
        paper.seed, paper.lang,
    )  # fmt: skip
    return write_sheet(full, format)


def cells(text, net, lang="en"):
    found = judge(read_sheet(text), net, lang=lang).cells
    return {(cell.row - 1, cell.column): cell for cell in found if cell.column != "expression"}


def assert_key_is_right(paper, format):
    for text in (sheet(paper, paper.rows, format), write_key(paper, format)):
        found = judge(read_sheet(text), paper.report).cells
        bad = [cell for cell in found if cell.verdict not in ("right", "unanswered")]
        assert bad == []
        asked = {(question.row, question.quantity) for question in paper.questions}
        right = {(cell.row - 1, cell.column) for cell in found if cell.verdict == "right"}
        assert asked <= right


def assert_wrong_is_named(paper, turns, format):
    """Fill a sheet with wrong choices, which ones in turn, and ask what is said about them."""
    answers = {}
    for at, question in enumerate(paper.questions):
        wrong = [choice for choice in question.choices if choice.mistake]
        if wrong:
            answers[question.row, question.quantity] = wrong[turns[at % len(turns)] % len(wrong)]
    rows = paper.filled({place: choice.text for place, choice in answers.items()})
    found = cells(sheet(paper, rows, format), paper.report)
    for place, choice in answers.items():
        told = found[place]
        assert (told.verdict, choice.mistake.id in [each.id for each in told.mistakes]) == ("wrong", True), (
            place, choice, told,
        )  # fmt: skip


@pytest.mark.parametrize("name", [*SPECS, *NETWORKS])
def test_key_passes_and_wrong_choices_are_named(name):
    net = network(name)
    paper = make(net, Wish(COLUMNS, COLUMNS, choices=4), "archcalc check FILE")
    for at, format in enumerate(FORMATS):
        assert_key_is_right(paper, format)
        assert_wrong_is_named(paper, [at % 3], format)


@st.composite
def chains(draw):
    """Draw a network of convolutions, pools and a dense layer, on a map that is large enough."""
    layers = []
    for _ in range(draw(st.integers(1, 4))):
        kernel, stride = draw(st.sampled_from([1, 2, 3, 5])), draw(st.integers(1, 3))
        kind = draw(st.sampled_from(["conv", "conv", "maxpool", "avgpool", "dwconv"]))
        words = [kind, *([str(draw(st.integers(1, 40)))] if kind == "conv" else []), f"{kernel}x{kernel}", f"/{stride}"]
        words += [draw(st.sampled_from(["", "half", "pad=same"]))]
        words += [draw(st.sampled_from(["", "bias=false"]))] if "conv" in kind else []
        words += [draw(st.sampled_from(["", "-> relu", "-> bn -> relu"]))] if "conv" in kind else []
        layers.append(" ".join(word for word in words if word))
    layers += draw(st.sampled_from([[], ["fc 10"], ["gap", "fc 7"]]))
    channels, side = draw(st.integers(1, 12)), draw(st.integers(20, 70))
    return f"input: {channels}x{side}x{draw(st.sampled_from([side, side + 5]))}\nlayers:\n" + "".join(
        f"  - {layer}\n" for layer in layers
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_sheet(data):
    try:
        net = report(f"archcalc: 1\n{data.draw(chains())}")
    except ArchcalcError:
        return  # a window larger than its map
    columns = tuple(data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True)))
    wish = Wish(
        columns, columns, data.draw(st.sampled_from([40, 100])), data.draw(st.sampled_from([0, 2, 4, 6])),
        seed=data.draw(st.integers(0, 99)), lang=data.draw(st.sampled_from(["en", "zh"])),
    )  # fmt: skip
    try:
        paper = make(net, wish, "archcalc check FILE")
    except TargetError:
        return  # a column that none of these layers has a number for
    format = data.draw(st.sampled_from(list(FORMATS)))
    assert_key_is_right(paper, format)
    for question in paper.questions:
        texts = [choice.text for choice in question.choices]
        assert len(set(texts)) == len(texts)
        assert [choice.text for choice in question.choices if not choice.mistake] == texts[:0] + (
            [question.answer] if texts else []
        )
    # any mixture of wrong choices, not only those that were tried together
    turns = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=5))
    assert_wrong_is_named(paper, turns, format)


def test_a_wrong_choice_is_right_under_no_convention():
    paper = make(network("plain"), Wish(COLUMNS, COLUMNS, choices=6), "archcalc check FILE")
    offered = {(q.layer, q.quantity): {each.text for each in q.choices if each.mistake} for q in paper.questions}
    assert "600" not in offered["a.conv", "params"]  # 5·5·3·8, biases not counted
    assert "64" not in offered["c.bn", "params"]  # 4·16, running statistics counted
    assert "940,800" not in offered["a.conv", "macs"]  # 2·5·5·3·8·28·28
    # 3 input channels forgotten: (5·5 + 1)·8; a hand calculation
    assert "208" in offered["a.conv", "params"]


def test_one_seed_one_sheet():
    net = analyze("lenet")
    made = [write_key(make(net, Wish(choices=4, seed=seed, share=50), "c"), "markdown") for seed in (5, 5, 6)]
    assert made[0] == made[1] != made[2]


def test_a_share_of_the_cells_is_empty():
    net = network("plain")
    every = len(make(net, Wish(), "c").questions)
    assert len(make(net, Wish(share=50, seed=3), "c").questions) == -(-every // 2)
    assert {q.quantity for q in make(net, Wish(blank=("macs",)), "c").questions} == {"macs"}


# ── Sizes ──


def at(text, size):
    return report(f"archcalc: 1{text.replace('3x32x32', 'x'.join(map(str, size)))}")


def test_even_sizes():
    # (n - 11)/4 + 1, then three times (n - 3)/2 + 1: n = 3 mod 32, from the convolution arithmetic by hand
    sizes = Sizes(analyze("alexnet"))
    even = [size[1] for size in sizes.around() if sizes.is_even(size)]
    assert even
    assert {side % 32 for side in even} == {3}
    # resnet: 7x7 /2 pad 3, 3x3 /2 pad 1, ... : every size - 1 must halve five times
    sizes = Sizes(analyze("resnet/18"))
    assert {size[1] % 32 for size in sizes.around() if sizes.is_even(size)} == {1}
    assert not sizes.is_even((3, 224, 224))
    assert sizes.is_accepted((3, 224, 224))


def test_no_even_size():
    layers = ("conv 4 1x1 /2", "conv 4 2x2 pad=1 /3", "deconv 4 2x2 /2", "conv 4 3x3 /2")  # 2p - 3 is odd
    spec = "\ninput: 3x32x32\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers)
    net = at(spec, (3, 32, 32))
    assert choose(net, None, lambda size: at(spec, size), integer=True, fixed=False) is None
    assert choose(net, 7, lambda size: at(spec, size), integer=True, fixed=False) is None
    assert choose(net, 7, lambda size: at(spec, size), integer=False, fixed=False).report is not None


def test_a_seed_draws_a_size_that_keeps_divisions_even():
    net = network("plain")
    drawn_sizes = {choose(net, seed, lambda size: at(SPECS["plain"], size), integer=False, fixed=False).size
                   for seed in range(6)}  # fmt: skip
    assert len(drawn_sizes) == 6
    assert all((size[1] - 4) % 2 == 0 for size in drawn_sizes)


# ── The command ──


@pytest.mark.parametrize("ending", ["md", "tex", "html", "csv"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sheet_key_check(tmp_path, ending, lang):
    sheet_file, key_file = str(tmp_path / f"s.{ending}"), str(tmp_path / f"k.{ending}")
    asked = ["worksheet", "lenet/rgb", "--seed", "4", "--choices", "4", "--lang", lang, "-o", sheet_file]
    assert run([*asked, "--key", key_file]) == 0
    text = (tmp_path / f"k.{ending}").read_text(encoding="utf-8")
    (size,) = re.findall(r"input (\d+x\d+x\d+)", text)  # as the sheet says how it is checked
    for file in (sheet_file, key_file):
        assert run(["check", file, "--against", "lenet/rgb", "--input", size]) == 0
    assert run(["check", key_file, "--against", "lenet/rgb"]) == 1  # the key of another size


def test_variants(tmp_path, capsys):
    files = [str(tmp_path / name) for name in ("s.md", "k.csv")]
    assert run(["worksheet", "lenet", "--variants", "3", "--seed", "8", "-o", files[0], "--key", files[1]]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "k-08.csv", "k-09.csv", "k-10.csv", "s-08.md", "s-09.md", "s-10.md",
    ]  # fmt: skip
    alone = tmp_path / "alone.md"
    assert run(["worksheet", "lenet", "--seed", "9", "-o", str(alone)]) == 0
    assert alone.read_bytes() == (tmp_path / "s-09.md").read_bytes()
    assert capsys.readouterr().out == ""


def test_parameters_vary(tmp_path, capsys):
    spec = tmp_path / "net.yaml"
    spec.write_text("archcalc: 1\nparams:\n  w: 4\ninput: 3x32x32\nlayers:\n  - conv w 3x3\n  - fc 10\n", "utf-8")
    for seed in (0, 1):
        assert run(["worksheet", str(spec), "--seed", str(seed), "--vary", "w=8,16", "--input", "3x20x20"]) == 0
    first, second = capsys.readouterr().out.split("# Worksheet")[1:]
    assert {"w=8" in first, "w=8" in second} == {True, False}
    assert {"conv 8 3x3" in first, "conv 16 3x3" in first} == {True, False}
    assert "3x20x20" in first


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--columns", "size"], 2, "no column 'size'"),
        (["--columns", ","], 2, "names no column"),
        (["--blank", "rf"], 2, "add it to --columns"),
        (["--blank", "0%"], 2, "60%"),
        (["--blank", "paramz"], 2, "paramz"),
        (["--layers", "conw"], 2, "did you mean"),
        (["--choices", "1"], 2, "nothing to choose"),
        (["--key", "-"], 2, "-o FILE"),
        (["--variants", "2"], 2, "-o sheet.md"),
        (["--vary", "width"], 2, "width=8,16,32"),
        (["--format", "pdf"], 2, "markdown"),
        (["--lang", "de"], 2, "en, zh"),
    ],
)
def test_what_is_refused(options, code, words, capsys):
    assert run(["worksheet", "lenet", *options]) == code
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""


def test_a_size_that_leaves_a_remainder_is_a_finding(capsys):
    assert run(["worksheet", "alexnet", "--input", "3x224x224", "--integer"]) == 1
    told = capsys.readouterr()
    assert "conv1.conv leaves a remainder" in told.err
    assert told.out == ""


def test_ascii(capsys):
    assert run(["worksheet", "alexnet", "--choices", "3", "--ascii", "--lang", "zh"]) == 0
    assert capsys.readouterr().out.isascii()


def test_a_hostile_title_is_escaped(tmp_path, capsys):
    spec = tmp_path / "net.yaml"
    title = "<script>alert(1)</script> \\\\input{x} | =1+1 `x`"
    spec.write_text(f"archcalc: 1\ntitle: '{title}'\ninput: 3x8x8\nlayers:\n  - conv 4 3x3\n", "utf-8")
    outputs = {}
    for format in FORMATS:
        assert run(["worksheet", str(spec), "--format", format]) == 0
        outputs[format] = capsys.readouterr().out
    assert "<script>" not in outputs["html"]
    assert "<script>" not in outputs["markdown"]
    assert "\\input{x}" not in outputs["latex"]
    assert not [line for line in outputs["csv"].split("\n") if line.startswith(("=", "+", "@"))]


def test_a_row_says_what_it_gets_from_layers_that_are_not_shown(capsys):
    assert run(["worksheet", "lenet/rgb", "--layers", "conv"]) == 0
    out = capsys.readouterr().out
    assert "conv 16 5x5 (gets 8x14x14)" in out
    assert "Total" not in out.partition("Multiply-adds")[0]
    assert run(["worksheet", "lenet/rgb", "--layers", "conv,pool1"]) == 0
    assert "gets" not in capsys.readouterr().out


def test_a_layer_named_like_a_sum_stays_a_layer():
    net = report("input: 3x12x12\nlayers:\n  - sum: conv 8 3x3\n  - total: conv 4 3x3\n  - b2x: fc 10\n")
    paper = make(net, Wish(choices=3), "c")
    assert [row[0] for row in paper.rows] == ["x", "[sum]", "[total]", "[b2x]", "Total"]
    for format in FORMATS:
        assert_key_is_right(paper, format)
        assert_wrong_is_named(paper, [0], format)
