"""`archcalc compare TARGET MODULE:FACTORY --trust-code`: models as people write them, against specs.

The models are hand-written in `examples/torch_models.py`; the numbers are those of the change that was made to them.
"""

import json
import re
import sys
from pathlib import Path

import pytest
from helpers import document, graph_of

from archcalc import api
from archcalc.analysis import analyze
from archcalc.cli.entry import run
from archcalc.errors import TargetError

pytest.importorskip("torch")

from archcalc.export import export
from archcalc.torch_backend.foreign import compare_module
from archcalc.torch_backend.foreign.present import as_dict, sentences, text

MODELS = Path(__file__).parent / "examples" / "torch_models.py"
TAGS = "input: [7]\nlayers: embed 100 16 -> lstm 32 layers=2 biases=2 -> fc 5"
ENCODER = "input: [7]\nlayers:\n  - embed 100 16\n  - residual: mha 2\n  - ln\n"
TWINS = (
    "shared: {half: fc 4}\ninput: {left: [8], right: [8]}\nlayers:\n  - l: from left -> half\n"
    "  - r: from right -> half\n  - absdiff l\n"
)


def against(target, factory):
    """Return how a model of the examples compares with a target, or with a spec that is given as text."""
    spec = "\n" in target
    graph = graph_of(document(f"archcalc: 1\n{target}")) if spec else api.load(target)
    return compare_module(graph, analyze(graph), f"{MODELS}:{factory}")


def said(parting):
    return list(sentences(parting.differences))


@pytest.mark.parametrize(
    ("target", "factory"),
    [
        ("resnet/50", "resnet50"),
        ("resnet/50", "instance"),
        ("lenet/caffe", "Functional"),
        (ENCODER, "Encoder"),
        (TAGS, "Tagger"),
        (TWINS, "Twins"),
        ("input: 3x8x8\nlayers: conv 8 3x3 half", "Peeking"),
        ("input: 3x8x8\nlayers: conv 8 3x3 same", "Peeking"),
    ],
)
def test_a_model_that_is_the_spec_s_network(target, factory):
    parting = against(target, factory)
    assert parting.same, said(parting)
    assert parting.params[0] == parting.params[1]
    assert parting.macs[0] == parting.macs[1]
    assert parting.device == ("cpu" if factory in ("Peeking", "instance") else "meta")


def test_a_bias_too_many():
    parting = against("resnet/50", "biased")
    assert not parting.same
    assert said(parting) == [
        (
            "your layer3.0.downsample.0 has a bias (1024); "
            "the spec's layer3.block.res.shortcut.projection.conv has none",
            1024,
        )
    ]


def test_a_block_that_is_missing():
    # of 1x1 256, 3x3 256, 1x1 1024 with their norms
    block = 1024 * 256 + 256 * 256 * 9 + 256 * 1024 + 2 * (256 + 256 + 1024)
    [(sentence, params)] = said(against("resnet/50", "short"))
    assert re.fullmatch(r"the spec's layer3\.block_\d \(10 layers, .*\) is missing from your network", sentence)
    assert params == -block


def test_layers_that_the_spec_has_not():
    parting = against("input: 3x8x8\nlayers: relu", "Peeking")
    assert said(parting) == [
        ("your conv (conv 8x3x3x3) is not in the spec", 8 * 27 + 8),
        ("the spec's relu (relu) is missing from your network", 0),
    ]


def test_another_padding_is_told_where_it_happens_and_not_everywhere_after():
    sentences_ = [sentence for sentence, _ in said(against("resnet/50", "badly_padded"))]
    assert sentences_ == [
        "your conv1 has padding 2; the spec's conv1.conv has 3",
        "your conv1 gives 64x111x111; the spec's conv1.conv gives 64x112x112",
    ]


def test_a_shortcut_that_is_missing_changes_no_count_but_is_found():
    parting = against("resnet/50", "no_shortcut")
    assert parting.params[0] == parting.params[1]
    assert parting.macs[0] == parting.macs[1]
    [(sentence, _)] = said(parting)
    assert re.fullmatch(r"the spec's layer4\.block_3\.res \(add\) is missing from your network", sentence)


def test_frozen_weights():
    [(sentence, params)] = said(against("resnet/50", "frozen"))
    assert sentence == "the weight of your conv1 is frozen; that of the spec's conv1.conv is trained"
    assert params == 0


def test_a_layer_that_nothing_calls():
    parting = against(TAGS, "with_unused")
    assert said(parting) == [("your network has parameters that the forward pass never uses: unused", 12)]


def test_attention_by_hand_without_a_bias():
    [(sentence, params)] = said(against(ENCODER, "no_bias"))
    assert sentence.startswith("your attn does what the spec's")
    assert params == -3 * 16


def test_shared_weights():
    [(sentence, params)] = said(against(TWINS, "unlike_twins"))
    assert "has weights of its own; the spec's r.half.fc uses earlier ones" in sentence
    assert params == 8 * 4 + 4


def test_another_activation_and_another_stride():
    spec = "input: 3x8x8\nlayers: conv 8 3x3 /2 half"
    codes = {difference.code for difference in against(spec, "Peeking").differences}
    assert codes == {"setting", "output"}


def test_what_is_missing_or_too_much_adds_up():
    for target, factory in (("resnet/101", "short"), ("resnet/18", "resnet50"), ("vgg/16", "resnet50")):
        parting = against(target, factory)
        ours, theirs = parting.params
        assert sum(each.params for each in parting.differences) == theirs - ours, target


@pytest.mark.parametrize(
    "target", ["alexnet", "googlenet", "densenet/121", "lenet", "deepface", "gru", "segnet", "vit"]
)
def test_an_exported_file_is_the_spec_s_network(target, tmp_path):
    graph = api.load(target)
    report = analyze(graph)
    file = tmp_path / "net.py"
    file.write_text(export(graph, report.totals.params_train), encoding="utf-8")
    name = re.findall(r"^class (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)[-1]
    parting = compare_module(graph, report, f"{file}:{name}")
    assert parting.same, said(parting)


# ── The user's code ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (f"{MODELS}:resnet51", "has no 'resnet51' (did you mean 'resnet50'?)"),
        (f"{MODELS}:needs", "needs needs arguments (width)"),
        (f"{MODELS}:fails", "calling fails(): your code raised ValueError: no weights here"),
        (f"{MODELS}:leaves", "your code raised SystemExit: 3"),
        (f"{MODELS}:a_number", "a_number() returned 'int', not a torch.nn.Module"),
        (f"{MODELS}:narrow", "your code raised RuntimeError: Given groups=1, weight of size [8, 4, 3, 3]"),
        ("no_such_module_:net", "no module 'no_such_module_'"),
        ("missing.py:net", "no file missing.py"),
        ("resnet50", "'resnet50' is no MODULE:FACTORY"),
        ("math:pi", "math:pi is no function, class or torch module but 'float'"),
    ],
)
def test_what_cannot_be_used_is_told_as_theirs(source, message):
    graph = graph_of(document("archcalc: 1\ninput: 3x8x8\nlayers: conv 8 3x3"))
    with pytest.raises(TargetError) as caught:
        compare_module(graph, analyze(graph), source)
    assert message in str(caught.value)


def test_the_traceback_shows_their_lines_only():
    graph = graph_of(document("archcalc: 1\ninput: 3x8x8\nlayers: conv 8 3x3"))
    with pytest.raises(TargetError) as caught:
        compare_module(graph, analyze(graph), f"{MODELS}:fails")
    [line] = caught.value.problems[0].context
    assert line.startswith(f"{MODELS}:")
    assert "in fails" in line


def test_nothing_of_theirs_stays_behind():
    path, before = list(sys.path), set(sys.modules)
    against(TAGS, "Tagger")
    assert sys.path == path
    assert not {name for name in set(sys.modules) - before if "model" in name and "archcalc" not in name}


def test_free_sizes_are_refused():
    graph = graph_of(document("archcalc: 1\ninput: [3, H, W]\nlayers: conv 8 3x3"))
    with pytest.raises(TargetError, match="its sizes are free"):
        compare_module(graph, analyze(graph), f"{MODELS}:Peeking")


# ── The command ─────────────────────────────────────────────────────────────────────────────────────────


def test_command(capsys):
    assert run(["compare", "resnet/50", f"{MODELS}:resnet50", "--trust-code"]) == 0
    shown = capsys.readouterr()
    assert "no difference" in shown.out
    assert "this goes to stderr" in shown.err
    assert run(["compare", "resnet/50", f"{MODELS}:biased", "--trust-code", "--lang", "zh"]) == 1
    assert "你的 layer3.0.downsample.0 有 bias（1024）" in capsys.readouterr().out.replace("\n", "")


def test_json_follows_its_schema():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(__file__).parent.parent / "docs/reference/compare-module.schema.json").read_text("utf-8"))
    for target, factory in (("resnet/50", "biased"), (ENCODER, "Encoder"), ("vgg/16", "resnet50")):
        parting = against(target, factory)
        found = as_dict(parting)
        jsonschema.validate(found, schema)
        assert json.loads(text(parting, "json")) == found


@pytest.mark.parametrize("format", ["terminal", "markdown", "latex", "html", "csv", "tsv"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_formats(format, lang):
    shown = text(against("resnet/50", "biased"), format, lang=lang)
    assert "1,024" in shown or "1024" in shown
    assert text(against("resnet/50", "biased"), format, ascii=True).isascii()


def test_without_torch_the_command_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(["compare", "alexnet", f"{MODELS}:resnet50", "--trust-code"]) == 2
    assert "pip install 'archcalc[torch]'" in capsys.readouterr().err


def test_a_file_that_is_no_python(tmp_path, capsys):
    (tmp_path / "net.py").write_text("def net(:\n", encoding="utf-8")
    assert run(["compare", "alexnet", f"{tmp_path / 'net.py'}:net", "--trust-code"]) == 2
    assert "your code raised SyntaxError: invalid syntax (net.py, line 1)" in capsys.readouterr().err


def test_a_chain_of_layers_is_a_target_too(capsys):
    command = ["compare", "conv 8 3x3 half", f"{MODELS}:Peeking", "--input", "3x8x8", "--trust-code"]
    assert run(command) == 0
    assert "no difference" in capsys.readouterr().out


def test_code_is_not_imported_without_consent(tmp_path, capsys):
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n", encoding="utf-8")
    assert run(["compare", "alexnet", f"{trap}:net"]) == 2
    assert not (tmp_path / "sprung").exists()
