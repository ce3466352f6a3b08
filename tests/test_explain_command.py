"""`archcalc explain`: in every format and notation the text gives the number, and it comes from the rules."""

import html
import json
import re
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import SAMPLES
from test_explain import SOME, Gated, knowing, node_of, read

from archcalc.analysis import analyze
from archcalc.api import analyze as analyze_target
from archcalc.cli.entry import run
from archcalc.errors import ShapeError
from archcalc.explain import Wording
from archcalc.explain.chain import is_chain, load_chain
from archcalc.explain.choose import choose_layers
from archcalc.explain.notation import STYLES
from archcalc.explain.steps import UNITS, call, explain_layers
from archcalc.explain.words import REMARKS
from archcalc.explain.writing import FORMATS, write
from archcalc.layers import layer_class
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.layers.conv import Conv
from archcalc.layers.examples import EXAMPLES
from archcalc.quantities import Window
from archcalc.report import Report
from archcalc.spec.library import Library

SCHEMA = json.loads((Path(__file__).parent.parent / "docs/reference/explain.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


# ── Reading the formats back ──


def plain_of(latex):
    """A formula in LaTeX as one in ASCII."""
    rules = (
        (r"\\left\\lfloor \\frac\{([^{}]*)\}\{([^{}]*)\} \\right\\rfloor", r"floor((\1)/(\2))"),
        (r"\\left\\lceil \\frac\{([^{}]*)\}\{([^{}]*)\} \\right\\rceil", r"ceil((\1)/(\2))"),
        (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))"),
    )
    text = latex.replace(r"\cdot", "*").replace(r"\times", "*")
    while found := next((rule for rule in rules if re.search(rule[0], text)), None):
        text = re.sub(*found, text, count=1)
    return text


def blocks(text, format):
    """The lines of every derivation in a format: formula, numbers, value."""
    if format == "latex":
        for found in re.findall(r"\\begin\{align\*\}\n(.*?)\\end\{align\*\}", text, re.DOTALL):
            lines = [line.partition("&=")[2].strip().removesuffix(r"\\").strip() for line in found.strip().split("\n")]
            yield [plain_of(line.replace("{,}", ",")) for line in lines]
        return
    pattern = {
        "text": r"^    = (.*)$",
        "markdown": r"^- = `(.*)`$",
        "html": r"^<dd>= <code>(.*)</code></dd>$",
    }[format]
    block = []
    for line in [*text.splitlines(), ""]:
        found = re.match(pattern, line)
        if found:
            block.append(html.unescape(found[1]))
        elif block:
            yield block
            block = []


def is_numeric(text):
    return not re.search(r"[A-Za-z]", re.sub(r"floor|ceil|(?<=[\d)])x", "", text))


def check(explanation, format, notation):
    """Every value of an explanation stands in the text, and the line before it gives it."""
    values = [step.value for layer in explanation.layers for step in layer.steps if step.value is not None]
    found = list(blocks(write(explanation, format), format))
    assert [int(block[-1].replace(",", "")) for block in found] == values
    for block, value in zip(found, values, strict=True):
        for line in block[:-1]:
            if is_numeric(line):
                notation_read = "math" if format == "latex" else notation
                assert read(line, notation_read) == value
        assert len(block) < 3 or is_numeric(block[1])


def named(formula):
    """A formula whose letters Python can read: n_C' is a name, 2p a product."""
    return re.sub(r"(?<![\w'])(\d+)([A-Za-z])", r"\1*\2", formula).replace("'", "_prime")


def example(op):
    size, chain = EXAMPLES[op]
    return analyze(load_chain(chain, {"": size}, Library()))


def report_of(node):
    return Report("net", "net", "", {"x": node.input[0]}, {"out": node.output}, (node,))


@pytest.mark.parametrize("op", [*LAYERS, *MERGES])
def test_every_format_and_notation_gives_the_number(op):
    report = example(op)
    for notation in STYLES:
        for format in FORMATS:
            wording = Wording(notation, "zh" if format == "html" else "en", latex=format == "latex")
            check(explain_layers(report, report.rows[-1:], wording=wording), format, notation)


@pytest.mark.parametrize("op", [*LAYERS, *MERGES])
@given(st.data())
@settings(SOME, max_examples=15)
def test_any_layer_can_be_explained(op, data):
    sample = data.draw(SAMPLES[op])
    try:
        node = node_of(op, sample.layer(), *(sample.inputs if op in MERGES else sample.inputs[:1]))
    except (ShapeError, ValidationError):
        assume(False)
        raise
    notation = data.draw(st.sampled_from([*STYLES]))
    explanation = explain_layers(report_of(node), [node], wording=Wording(notation))
    document = json.loads(write(explanation, "json"))
    VALIDATOR.validate(document)
    (layer,) = document["layers"]
    by_what = {}
    for quantity in layer["quantities"]:
        by_what.setdefault(quantity["what"], []).append(quantity)
        if quantity["value"] is None:
            assert quantity["formula"] is None
            assert quantity["remarks"]
            continue
        assert read(quantity["numbers"], notation) == quantity["value"]
        if notation in ("math", "classic", "cs231n", "n+2p-f"):
            letters = {each["letter"].replace("'", "_prime"): each["value"] for each in quantity["letters"]}
            assert read(named(quantity["formula"]), notation, letters) == quantity["value"]
    assert by_what["params"][0]["value"] == node.params
    assert by_what["macs"][0]["value"] == node.macs
    assert by_what["memory"][0]["value"] == 4 * node.activations
    for quantity in by_what["shape"]:
        assert quantity["value"] is None or quantity["value"] in node.output
    check(explain_layers(report_of(node), [node], wording=Wording(notation)), "text", notation)


# ── The notations of courses ──


@pytest.mark.parametrize(
    ("notation", "formula"),
    [
        ("math", "⌊(h_in − k + 2·p)/s⌋ + 1"),
        ("classic", "⌊(W − K + 2P)/S⌋ + 1"),
        ("cs231n", "⌊(W − F + 2P)/S⌋ + 1"),
        ("n+2p-f", "⌊(n + 2p − f)/s⌋ + 1"),
    ],
)
def test_the_size_formula_of_a_course(notation, formula):
    report = analyze(load_chain("conv 96 11x11 /4 pad=2", {"": "3x224x224"}, Library()))
    (step,) = explain_layers(report, report.rows, ["shape"], Wording(notation)).layers[0].steps
    assert (step.formula, step.value) == (formula, 55)
    assert {each.value for each in step.letters} == {224, 11, 2, 4}


def test_axes_that_differ_have_steps_of_their_own():
    report = analyze(load_chain("conv 8 1x7 pad=(0,3)", {"": "3x17x20"}, Library()))
    steps = explain_layers(report, report.rows, ["shape"], Wording("n+2p-f")).layers[0].steps
    assert [(step.symbol, step.formula, step.value) for step in steps] == [
        ("n_H'", "⌊(n_H − f_h)/s⌋ + 1", 17),
        ("n_W'", "⌊(n_W + 2p_w − f_w)/s⌋ + 1", 20),
    ]
    assert [each.meaning for each in steps[1].letters][:3] == [
        "width of the input",
        "padding on one side (width)",
        "kernel size (width)",
    ]


def test_latex():
    report = analyze(load_chain("conv 96 11x11 /4 pad=2", {"": "3x224x224"}, Library()))
    text = write(explain_layers(report, report.rows, ["shape"], Wording("classic", latex=True)), "latex")
    assert r"\left\lfloor \frac{W - K + 2P}{S} \right\rfloor + 1" in text
    assert r"\left\lfloor \frac{224 - 11 + 2 \cdot 2}{4} \right\rfloor + 1" in text


# ── Receptive fields and memory ──


def field(target, path, lang="en"):
    report = analyze_target(target)
    explanation = explain_layers(report, [report[path]], ["rf"], Wording(lang=lang))
    return explanation.layers[0].steps


def test_the_field_of_a_pool():
    (step,) = field("vgg/16", "pool5")
    assert (step.formula, step.numbers, step.value) == ("r_in + (k − 1)·j_in", "196 + (2 − 1)·16", 212)
    assert step.remarks[0] == "jump j_out = j_in·s = 16·2 = 32"


def test_the_field_of_a_dilated_convolution():
    report = analyze(load_chain("conv 4 3x3 /2 -> conv 4 3x3 dilation=5", {"": "3x64x64"}, Library()))
    step = explain_layers(report, report.rows, ["rf"]).layers[1].steps[0]
    assert (step.formula, step.numbers, step.value) == ("r_in + d·(k − 1)·j_in", "3 + 5·(3 − 1)·2", 23)


def test_a_field_larger_than_the_image():
    # 483 on 224: no output is far enough from the borders to see 483, but the middle sees all of the image
    (step,) = field("resnet/50-v1", "layer4.block_3.relu")
    assert "larger than the input of 224: one output sees at most 224 of it" in step.remarks


def test_a_field_with_branches():
    (step,) = field("googlenet", "3a")
    assert (step.formula, step.value) == ("r_3", 59)
    assert "the widest path; the narrowest sees 27" in step.remarks


def test_a_field_behind_an_enlargement():
    report = analyze(load_chain("maxpool 4 -> deconv 1 4x4 /2 pad=1 -> conv 1 3x3", {"": "1x32x32"}, Library()))
    steps = [layer.steps[0] for layer in explain_layers(report, report.rows, ["rf"]).layers]
    # two neighbours of 4 pixels, jump 4: 8; three deconvolved positions read 2 or 3 of them: 12
    assert [step.value for step in steps] == [4, 8, 12]
    assert steps[1].formula == "last − first + 1"
    assert "neighbours see fields of different size; this is the largest" in steps[1].remarks
    assert "jump j_out = 2" in steps[1].remarks


def test_what_has_no_field():
    (step,) = field("vgg/16", "fc6.fc")
    assert (step.value, step.remarks) == (None, ("one output sees everything",))
    report = analyze(load_chain("param 4", {"": "3x8x8"}, Library()))
    assert explain_layers(report, report.rows, ["rf"]).layers[0].steps[0].remarks[0].startswith("a learned value")
    report = analyze(load_chain("conv 4 3x3 -> transpose 1 2 0 -> conv 4 3x3", {"": "3x8x8"}, Library()))
    assert explain_layers(report, report.rows, ["rf"]).layers[2].steps[0].remarks[0].startswith("not along an axis")


def test_memory():
    report = analyze_target("alexnet")
    (step,) = explain_layers(report, [report["conv1.conv"]], ["memory"]).layers[0].steps
    assert (step.formula, step.numbers) == ("b·c_out·h_out·w_out", "4·96·55·55")
    assert step.remarks == (
        "1.2 MB (1.1 MiB), 4 bytes a number",
        "the input has 154,587 numbers: 618.3 KB (603.9 KiB)",  # 3*227*227
        "the parameters hold 139,776 bytes: 139.8 KB (136.5 KiB)",  # 4*34,944
    )


# ── Rules, not templates ──


def test_an_unseen_layer_class_is_explained(monkeypatch):
    knowing(monkeypatch, "gated", Gated)
    monkeypatch.setattr("archcalc.explain.steps.layer_class", lambda op: Gated if op == "gated" else layer_class(op))
    node = node_of("gated", Gated(width=10, reach=3), (6, 13, 13))
    for notation in STYLES:
        explanation = explain_layers(report_of(node), [node], wording=Wording(notation))
        check(explanation, "text", notation)
    document = json.loads(write(explain_layers(report_of(node), [node]), "json"))
    VALIDATOR.validate(document)
    meanings = {each["letter"]: each["meaning"] for q in document["layers"][0]["quantities"] for each in q["letters"]}
    assert meanings["width"] == "width"


class Narrow(Conv):
    """A convolution whose window starts one position later, with a weight less."""

    def window(self, x):
        seen = super().window(x)
        return Window(tuple(k - 1 for k in seen.kernel), seen.stride, seen.dilation, seen.before, seen.after)


def test_a_changed_rule_changes_the_text(monkeypatch):
    for cls, formula, value in ((Conv, "r_in + (k − 1)·j_in", 11), (Narrow, "r_in + (k − 2)·j_in", 10)):
        knowing(monkeypatch, "conv", cls)
        node = node_of("conv", cls(out=96, kernel=11, stride=4), (3, 227, 227))
        (step,) = explain_layers(report_of(node), [node], ["rf"]).layers[0].steps
        assert (step.formula, step.value) == (formula, value)


# ── Which layers ──


def paths(target, word):
    return [row.path for row in choose_layers(analyze_target(target), word)]


def test_words_for_layers():
    assert paths("alexnet", "conv1.conv") == ["conv1.conv"]
    assert paths("alexnet", "conv1") == ["conv1.conv", "conv1.relu", "conv1.lrn"]
    assert paths("alexnet", "fc") == ["fc6.fc", "fc7.fc", "fc8.fc"]
    assert paths("resnet/18", "pool1") == ["pool1"]
    assert len(paths("googlenet", "3a")) > 8
    assert paths("googlenet", "3a")[-1] == "3a"
    assert all(".block_2" in path for path in paths("resnet/18", "block_2"))


def test_sums_of_a_folder():
    report = analyze_target("resnet/18")
    explanation = explain_layers(report, choose_layers(report, "conv1"), ["params", "macs"], layer="conv1")
    params, macs = explanation.sums
    # 64*3*49 and 2*64
    assert (params.formula, params.numbers, params.value) == ("conv + bn", "9408 + 128", 9536)
    assert (macs.formula, macs.value) == ("conv", 118_013_952)
    whole = explain_layers(report, report.rows, ["params"]).sums[0]
    assert (whole.formula, whole.value) == (None, 11_689_512)


def test_how_a_layer_is_written():
    report = analyze_target("resnet/50")
    assert call(report["conv1.conv"]) == "conv 64 7x7 /2 pad=half bias=no"
    assert call(report["pool1"]) == "maxpool 3x3 /2 pad=1"


def test_what_is_a_chain():
    assert is_chain("conv 8 3x3", has_input=False)
    assert is_chain("relu->relu", has_input=False)
    assert is_chain("instnorm", has_input=True)
    assert not is_chain("gru", has_input=False)  # the built-in network
    assert not is_chain("my nets/a b.yaml/50", has_input=True)
    assert not is_chain("resnet/50", has_input=True)


# ── Both languages ──


def test_remarks_have_both_languages():
    for english, chinese in REMARKS.values():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese))
        assert english.isascii()
        assert re.search(r"[\u4e00-\u9fff]", chinese) or not re.search(r"[a-z]{3}", re.sub(r"\{\w+\}", "", chinese))


def test_chinese():
    report = analyze(load_chain("conv 96 11x11 /4 pad=2", {"": "3x224x224"}, Library()))
    text = write(explain_layers(report, report.rows, wording=Wording(lang="zh")), "text")
    assert "除法余 0.25: 1 行和 1 列填充从未用到" in text
    assert "h_in = 224: 输入的高" in text
    assert "感受野: r_out" in text


# ── The command ──


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def execute(*arguments, stdin=None):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin.encode())))
        code = run(["explain", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


def test_one_layer(command):
    code, out, err = command("alexnet/2012-p2", "conv1.conv", "--what", "shape")
    assert (code, err) == (0, "")
    assert "= ⌊(224 − 11 + 2·2)/4⌋ + 1" in out
    assert "the division leaves 0.25: one row and column of padding are never used" in out
    assert "Parameters" not in out


def test_a_chain(command):
    code, out, _ = command("conv 96 11x11 /4 pad=2", "--input", "3x224x224", "-w", "shape", "-n", "W-K+2P")
    assert code == 0
    assert "W_out\n    = ⌊(W − K + 2P)/S⌋ + 1" in out
    code, out, _ = command("conv 8 3x3 -> maxpool 2 -> fc 10", "fc", "--input", "3x32x32", "-w", "params")
    assert code == 0
    assert "18,010" in out  # 8*15*15*10 + 10
    code, out, _ = command("lstm 4", "--input", "5x3", "-w", "params", "--ascii")
    assert code == 0
    assert out.isascii()
    assert "= 128" in out  # 4*4*(3 + 4 + 1)


def test_a_spec_through_a_pipe(command):
    code, out, _ = command("-", "conv", "-w", "rf", stdin="archcalc: 1\ninput: 3x8x8\nlayers: conv 4 3x3 -> relu\n")
    assert code == 0
    assert "= 1 + (3 − 1)·1" in out


def test_two_inputs_of_a_chain(command):
    code, out, _ = command("conv 8 3x3 -> add b", "add", "--input", "a=3x8x8", "--input", "b=8x6x6", "-w", "memory")
    assert code == 0
    assert "1,152" in out  # 4*8*6*6


@pytest.mark.parametrize("format", [*FORMATS, "json"])
def test_files(command, tmp_path, format):
    ending = {"text": "txt", "markdown": "md", "latex": "tex", "html": "html", "json": "json"}[format]
    assert command("alexnet", "conv1", "-o", f"out.{ending}") == (0, "", "")
    _, out, _ = command("alexnet", "conv1", "--format", format)
    assert (tmp_path / f"out.{ending}").read_text(encoding="utf-8") == out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["alexnet"], "which layer of alexnet? there are conv1, pool1"),
        (["alexnet", "conv11"], "alexnet has no layer 'conv11' (did you mean 'conv1'?)"),
        (["alexnet", "x"], "'x' is an input"),
        (["alexnet", "lstm"], "alexnet has no layer of type lstm"),
        (["alexnet", "conv1", "--what", "parms"], "no quantity 'parms' (did you mean 'params'?)"),
        (["alexnet", "conv1", "--notation", "clasic"], "no notation 'clasic' (did you mean 'classic'?)"),
        (["alexnet", "conv1", "--format", "csv"], "no format 'csv'"),
        (["alexnet", "conv1", "-o", "a.csv"], "no format 'csv'"),
        (["alexnet", "conv1", "--lang", "de"], "no lang 'de'"),
        (["alexnett", "conv1"], "no spec 'alexnett' (did you mean 'alexnet'?)"),
        (["conv 8 3x3"], "say what goes in: --input 3x224x224"),
        (["conv 8 3x3", "--input", "3x8"], "kernel has 2 numbers, but the input has 1 spatial axis"),
        (["conv 8 3x3", "--input", "3xHxW"], "'3xHxW' is no input size"),
        (["conv 8 3x3", "--input", "3x8x8", "--set", "k=1"], "a chain has none"),
        (["conv 8 3x3 pda=1", "--input", "3x8x8"], "conv has no 'pda' (did you mean 'pad'?)"),
        (["conv 8 3x3 -> rleu", "--input", "3x8x8"], "unknown layer or block 'rleu' (did you mean 'relu'?)"),
        (["conv 8\n3x3: {a: b}", "--input", "3x8x8"], "error["),
    ],
)
def test_faults(command, arguments, message):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_the_place_of_a_fault_in_a_chain(command):
    _, _, err = command("conv 8 3x3 -> rleu", "--input", "3x8x8")
    assert "\n      |                 ^^^^" in err
    assert err.splitlines()[1].endswith("  conv 8 3x3 -> rleu")


# ── JSON ──


def document(command, *arguments):
    code, out, _ = command(*arguments, "--format", "json")
    assert code == 0
    return json.loads(out)


def test_schema_is_draft_07():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["notation"]["enum"] == list(STYLES)
    quantity = SCHEMA["definitions"]["quantity"]["properties"]
    assert quantity["what"]["enum"] == [*UNITS, "count"]
    assert set(quantity["unit"]["enum"]) == {*UNITS.values(), "operations"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["alexnet", "conv1.conv"],
        ["alexnet", "conv1", "--lang", "zh"],
        ["vgg/16", "fc6", "--notation", "classic"],
        ["googlenet", "3a", "--what", "rf"],
        ["resnet/50", "layer4", "--what", "params", "--what", "macs"],
        ["conv 96 11x11 /4 pad=2", "--input", "3x224x224"],
        ["siamese", "conv"],
        ["mask_rcnn", "detector"],
        ["captioner", "lstm"],
    ],
)
def test_documents_are_valid(command, arguments):
    made = document(command, *arguments)
    VALIDATOR.validate(made)
    assert list(made) == list(SCHEMA["properties"])
    for layer in made["layers"]:
        assert list(layer) == list(SCHEMA["definitions"]["layer"]["properties"])
        for quantity in layer["quantities"]:
            assert list(quantity) == list(SCHEMA["definitions"]["quantity"]["properties"])


def test_a_changed_document_is_refused(command):
    made = document(command, "alexnet", "conv1")
    layer = made["layers"][0]
    for part in (made, layer, layer["quantities"][0], layer["quantities"][0]["letters"][0]):
        for key in list(part):
            held = part.pop(key)
            assert not VALIDATOR.is_valid(made), key
            part[key] = held
            part[f"{key}_2"] = held
            assert not VALIDATOR.is_valid(made), key
            del part[f"{key}_2"]
    assert VALIDATOR.is_valid(made)


def test_ascii_json(command):
    code, out, _ = command("alexnet", "conv1.conv", "--format", "json", "--ascii", "--lang", "zh")
    assert code == 0
    assert out.isascii()
    assert json.loads(out)["layers"][0]["quantities"][0]["formula"] == "⌊(h_in − k)/s⌋ + 1"


def test_what_a_convention_counts_stands_beside(capsys):
    arguments = [
        "explain",
        "resnet/50",
        "conv1.bn",
        "--what",
        "macs",
        "--convention",
        "thop",
        "--convention",
        "torchinfo",
    ]
    assert run(arguments) == 0
    out = capsys.readouterr().out
    # thop counts 2 + 2 for each of 64·112·112 elements, torchinfo the 2·64 parameters
    assert "thop\n    = 2·out + 2·affine\n    = 3,211,264" in out
    assert "torchinfo\n    = params\n    = 128" in out
    assert run([*arguments[:-1], "torchinfi"]) == 2
    assert "did you mean 'torchinfo'" in capsys.readouterr().err
