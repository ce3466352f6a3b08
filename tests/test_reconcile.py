"""Where a number comes from: published figures and figures of tools, traced to what gives them."""

import json
from pathlib import Path

import jsonschema
import pytest

from archcalc.cli.entry import run
from archcalc.errors import ArchcalcError, TargetError
from archcalc.reconcile.present import as_json, text
from archcalc.reconcile.search import reconcile
from archcalc.spec.library import Library

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "docs" / "reference" / "reconcile.schema.json").read_text(encoding="utf-8")
)

# target, number, convention, network, total: the first match. Sources: what the tools print for torchvision's models
# (tests/cases/conventions.yaml), and papers.
FIRST = [
    ("resnet/50", "4.1337G", "thop", "resnet/50", 4_133_742_592),
    ("resnet/50", "4089184256", "macs", "resnet/50", 4_089_184_256),
    ("resnet/50", "8.178G", "flops", "resnet/50", 8_178_368_512),
    ("resnet/50", "3.8G", "macs", "resnet/50-v1", 3_857_973_248),  # He et al., table 1: cut
    ("resnet/50", "3.8 billion", "macs", "resnet/50-v1", 3_857_973_248),
    ("resnet/50", "25,636,712", "keras-params", "resnet/50-convbias", 25_636_712),
    ("resnet/50", "25.6M", "params", "resnet/50", 25_557_032),
    ("resnet/50", "4,089,238,376", "torchinfo", "resnet/50", 4_089_238_376),
    ("resnet/50", "4.118638G", "flopth --calls reused", "resnet/50", 4_118_637_568),
    ("resnet/50", "7.8G", "macs", "resnet/101", 7_801_405_440),
    ("resnet/50", "102.2 MB", "params", "resnet/50", 102_228_128),  # torchvision's checkpoint in MB of 10⁶
    ("mobilenet_v2", "300M", "macs", "mobilenet_v2", 300_774_272),  # Sandler et al.: cut or rounded
    ("mobilenet_v2", "327,486,720", "thop --calls functional", "mobilenet_v2", 327_486_720),
    ("densenet/121", "2,899,843,048", "ptflops-pytorch --calls norm5.relu,gap", "densenet/121", 2_899_843_048),
    ("alexnet", "62.4M", "params", "alexnet/single", 62_378_344),  # lecture notes without the two towers
    ("alexnet", "60965228", "netscope-params", "alexnet", 60_965_228),
    (
        "inception_v3",
        "5,747,660,552",
        "ptflops-pytorch --calls relu,avgpool,6a.pool,7a.pool",
        "inception_v3",
        5_747_660_552,
    ),
    ("yolov3", "140.69G", "flops", "yolov3", 140_691_900_416),  # darknet at 608
]


@pytest.mark.parametrize(("target", "number", "convention", "network", "total"), FIRST)
def test_the_first_match(target, number, convention, network, total):
    match = reconcile(target, number).matches[0]
    assert (match.name, match.report.target, match.total) == (convention, network, total)


def test_the_sum_is_written_out():
    """The worked example: torchvision's ResNet-50 in thop 0.1.1."""
    answer = reconcile("resnet/50", "4.1337G")
    assert [term.value for term in answer.matches[0].terms] == [4_089_184_256, 4 * 11_113_984, 102_400]
    shown = text(answer)
    assert "4 × 11,113,984 elements of bn" in shown
    assert "100,352 inputs + 2,048 outputs of gap" in shown
    assert "also ultralytics-thop" in shown


def test_cut_and_not_rounded():
    answer = reconcile("resnet/50", "3.8G")
    assert answer.matches[0].fit == "truncated"
    assert "3,857,973,248, cut off, not rounded" in text(answer)


# target, number, a part of a term: slips that another match may precede
SLIPS = [
    ("vgg/16", "15470314496", "as torchvision has"),
    ("vgg/16", "14714688", "without the fully connected layers"),  # Keras VGG16(include_top=False)
    ("resnet/50-v1-convbias", "23587712", "without the fully connected layers"),  # Keras ResNet50(include_top=False)
    ("mobilenet_v2", "2257984", "without the fully connected layers"),  # Keras MobileNetV2(include_top=False)
    ("alexnet", "62378344", "groups ignored"),
    ("lstm", "25088", "two biases a gate"),
    ("shufflenet_v1/1x-g1", "142.50M", "without the fully connected layers"),  # table 2 prints 143M, its code 142.5M
    ("alexnet", "720310816", "without the classifier fc8"),  # 724,406,816 − 4096·1000
    # heads of torchvision's GoogLeNet: 512·128·16 + 528·128·16 + 2·(2048·1024 + 1024·1000)
    ("googlenet/torchvision", "1506748416", "auxiliary heads"),
    ("resnet/50", "32713474048", "a batch of 8"),
]


@pytest.mark.parametrize(("target", "number", "said"), SLIPS)
def test_slips(target, number, said, tmp_path):
    if target == "lstm":
        target = str(tmp_path / "net.yaml")
        Path(target).write_text("archcalc: 1\ninput: [10, 32]\nlayers:\n  - lstm 64\n", encoding="utf-8")
    assert any(said in match.terms[-1].text for match in reconcile(target, number).matches)


def test_another_input_size():
    """MobileNet v1 at 192, 160 and 128 pixels: Howard et al., table 7."""
    for number, side in (("418M", 192), ("290M", 160), ("186M", 128)):
        found = [match for match in reconcile("mobilenet_v1", number).matches if match.convention.name == "macs"]
        assert any(match.input["x"] == (3, side, side) for match in found)


def test_a_users_own_spec(tmp_path, monkeypatch):
    """Counted by hand: conv 3·8·9·64, batch norm 8·64 elements."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text("archcalc: 1\ninput: 3x8x8\nlayers:\n  - conv 8 3x3 half nobias -> bn -> relu\n")
    (match, *_) = reconcile("./net.yaml", str(3 * 8 * 9 * 64 + 4 * 8 * 64)).matches
    assert (match.convention.name, match.report.target) == ("thop", "./net.yaml")


def test_a_network_with_its_own_wishes():
    """Ten classes instead of a thousand: 25,557,032 − 990·2049."""
    answer = reconcile("resnet/50", "23,528,522", {"classes": "10"})
    assert answer.matches[0].convention.name == "params"
    assert answer.matches[0].total == 23_528_522


def test_nothing_gives_it():
    answer = reconcile("lenet", "123456789")
    assert not answer.matches
    assert len(answer.nearest) == 3
    assert "Nothing that archcalc knows gives this number" in text(answer)


def test_every_match_adds_up_and_is_in_order():
    for target, number in (("googlenet", "1.5G"), ("alexnet", "60.9M"), ("lenet", "0.4M")):
        matches = reconcile(target, number).matches
        assert matches
        assert all(sum(term.value for term in match.terms) == match.total for match in matches)
        assert [match.distance for match in matches] == sorted(match.distance for match in matches)


def test_json():
    for target, number in (("resnet/18", "1.8G"), ("lenet", "123456789"), ("alexnet", "60965224")):
        document = json.loads(as_json(reconcile(target, number)))
        jsonschema.validate(document, SCHEMA)
        for match in document["matches"]:
            assert sum(term["value"] for term in match["terms"]) == match["total"]


def test_schema_is_strict():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    document = json.loads(as_json(reconcile("alexnet", "60965224")))
    document["matches"][0]["more"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize("number", ["", "many", "0", "-5", "1" * 100, "4.1.2G"])
def test_what_is_no_number(number):
    with pytest.raises(TargetError):
        reconcile("lenet", number)


def test_what_is_no_network():
    with pytest.raises(ArchcalcError, match="no spec 'resnot'"):
        reconcile("resnot", "1G")


def test_limits_hold_for_every_network_that_is_tried(tmp_path):
    """A spec whose variants are too large is still read; those variants are left out."""
    (tmp_path / "net.yaml").write_text(
        "archcalc: 1\nvariants: {size: {small: {n: 2}, large: {n: 5000}}}\ninput: 3x8x8\n"
        "layers:\n  - conv 3 1x1 nobias *n\n"
    )
    answer = reconcile("net", str(2 * 9 * 64), library=Library((tmp_path,)))
    assert answer.matches[0].total == 2 * 9 * 64


def test_a_convention_that_cannot_count_is_left_out(tmp_path):
    (tmp_path / "net.yaml").write_text("archcalc: 1\ninput: [30000, 1]\nlayers:\n  - conv 1 20001 pad=10000 nobias\n")
    assert reconcile("net", str(20_001 * 30_000), library=Library((tmp_path,))).matches[0].convention.name == "macs"


def test_the_command(capsys):
    assert run(["reconcile", "resnet/18", "1.824G", "--most", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("resnet/18: 1.824G\n\n1. thop: MACs (thop 0.1.1), resnet/18 at 3x224x224\n")
    assert "more ways, less likely" in out
    assert run(["reconcile", "lenet", "123456789"]) == 1
    assert run(["reconcile", "lenet", "much"]) == 2
    capsys.readouterr()
    assert run(["reconcile", "resnet/18", "1.82G", "--format", "json"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)
    assert run(["reconcile", "resnet/18", "1.82G", "--ascii"]) == 0
    assert capsys.readouterr().out.isascii()
