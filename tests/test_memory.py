"""Memory: hand calculations, published tables, and the peak of branches."""

import pytest
from helpers import report

from archcalc import memory
from archcalc.api import analyze
from archcalc.errors import TargetError


# CS231n, "Convolutional networks", the VGG-16 table: 224*224*3 = 150K, 224*224*64 = 3.2M, ... The rows add up to
# 15,237,608; the page prints "24M * 4 bytes ~= 93MB", which its own rows do not give.
def test_the_vgg_table_of_cs231n():
    held = memory.values(analyze("vgg/16"), in_place=True)
    assert held["x"] == 150_528
    assert held["conv1_1.conv"] == 3_211_264
    assert held["pool5"] == 25_088
    assert held["fc7.fc"] == 4096
    assert sum(held.values()) == 15_237_608
    assert memory.size_text(4 * 15_237_608) == "61.0 MB (58.1 MiB)"


# Géron, Hands-On Machine Learning, chapter 14, exercise 2: a map of 200x300 RGB, three layers of 3x3 with stride 2 and
# SAME padding, 100, 200 and 400 maps, 32-bit floats
def test_the_exercise_of_geron():
    layers = " -> ".join(f"conv {c} 3x3 /2 same" for c in (100, 200, 400))
    net = report(f"input: 3x200x300\nlayers: {layers}")
    held = memory.values(net)
    assert [held[path] * 4 for path in ("conv", "conv_2", "conv_3")] == [6_000_000, 3_000_000, 1_520_000]
    # one layer is released when the next is done: conv and conv_2, 9 million bytes; 903,400 parameters
    at = memory.peak(net)
    assert (at.path, 4 * at.elements) == ("conv_2", 9_000_000)
    assert net.totals.params == 903_400
    # training keeps all of them, and the input: 10.52 million bytes and 200*300*3*4 = 720,000 an image
    assert 4 * memory.training(net, "sgd").activations == 10_520_000 + 720_000


def test_a_layer():
    row = report("input: 3x8x8\nlayers: conv 4 3x3 -> bn -> relu").rows
    assert memory.held(row[0]) == memory.Held(inputs=192, outputs=144, params=112, buffers=0)
    assert memory.held(row[1]) == memory.Held(inputs=144, outputs=144, params=8, buffers=8)


def test_a_shortcut_waits():
    net = report("input: 4x8x8\nlayers:\n  - a: conv 8 1x1\n  - residual: conv 8 1x1 -> conv 8 1x1\n  - gap")
    at = memory.peak(net)
    # at the second convolution of the block: its input, its output, and `a` for the sum, 512 each
    assert at.elements == 3 * 512
    assert dict(at.values) == {"a": 512, "res.main.conv": 512, "res.main.conv_2": 512}


def test_branches_are_alive_together():
    net = report("input: 4x8x8\nlayers:\n  - concat: [conv 1 1x1, conv 2 1x1, conv 3 1x1]")
    at = memory.peak(net)
    # the input was read by the third branch for the last time; the concatenation is as large as all three
    assert (at.path, at.elements) == ("concat", 64 * (1 + 2 + 3) * 2)
    wide = memory.peak(report("input: 9x8x8\nlayers:\n  - concat: [conv 1 1x1, conv 2 1x1, conv 3 1x1]"))
    assert (wide.path, wide.elements) == ("concat.b_3.conv", 64 * (9 + 1 + 2 + 3))


def test_in_place():
    net = report("input: 4x8x8\nlayers: conv 16 1x1 -> relu -> flatten -> fc 2")
    assert memory.peak(net).elements == 2 * 1024
    assert memory.peak(net, in_place=True).elements == 256 + 1024
    # the relu may not write over a value that is read again
    kept = report("input: 4x8x8\nlayers:\n  - a: conv 16 1x1\n  - relu\n  - add a")
    assert memory.peak(kept, in_place=True).elements == 3 * 1024


def test_outputs_stay():
    spec = "input: 4x8x8\nlayers:\n  - a: conv 16 1x1\n  - b: conv 1 1x1\n  - c: conv 16 1x1\n"
    assert memory.peak(report(spec)).elements == 1280
    assert memory.peak(report(spec + "outputs: [a, c]")).elements == 1024 + 64 + 1024


def test_heads_are_kept_in_training_only():
    net = report("layers:\n  - a: conv 4 3x3 half\n  - gap\naux: {h: from a -> conv 8 1x1}")
    assert set(memory.values(net)) == {"x", "a", "gap"}
    # 3*8*8 + 4*8*8 + 4 + 8*8*8 values; 3*9*4 + 4 and 4*8 + 8 parameters
    assert memory.training(net, "adam") == memory.Training(152, 152, 304, 0, 192 + 256 + 4 + 512)
    assert memory.training(net, "sgd").elements == 152 + 152 + 964


def test_frozen_weights_have_no_gradient():
    net = report("layers: conv 4 1x1 frozen=yes -> bn -> fc 2")
    step = memory.training(net, "momentum")
    trainable = 2 * 4 + (256 * 2 + 2)
    assert (step.params, step.gradients, step.states, step.buffers) == (16 + trainable, trainable, trainable, 8)


def test_regions_count_each():
    net = report("input: 4x16x16\nlayers: roialign 2x2 rois=10 -> fc 3")
    assert memory.held(net.rows[1]) == memory.Held(160, 30, 16 * 3 + 3, 0)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (999, "999 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KB (1.0 KiB)"),
        (1_000_000, "1.0 MB (976.6 KiB)"),
        (999_960, "1.0 MB (976.5 KiB)"),
        (1 << 20, "1.0 MB (1.0 MiB)"),
        (1_048_550, "1.0 MB (1.0 MiB)"),
        (3 * 10**9, "3.0 GB (2.8 GiB)"),
    ],
)
def test_both_megabytes(count, text):
    assert memory.size_text(count) == text


def test_number_types():
    assert [memory.width(each) for each in ("float16", "float64", "int8")] == [2, 8, 1]
    with pytest.raises(TargetError, match=r"no number type 'float23' \(did you mean 'float32'\?\)"):
        memory.width("float23")
    with pytest.raises(TargetError, match="no optimizer 'rms'; there are sgd, momentum, adam"):
        memory.training(report("layers: gap"), "rms")


def test_free_sizes():
    net = analyze("alexnet", symbols=("H",), input="3x227x227")
    held = memory.values(net)
    assert str(held["x"]) == "681H"
