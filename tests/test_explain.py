"""Derivations: every text has the number, and comes from the layer's own rules."""

import ast
from fractions import Fraction
from math import ceil, floor
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import SAMPLES

from archcalc.api import analyze
from archcalc.arithmetic import ceil_div, extent
from archcalc.errors import ShapeError, TargetError
from archcalc.explain import STYLES, explain
from archcalc.explain.trace import trace_layer
from archcalc.layers import layer_class
from archcalc.layers.base import Layer, Merge
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.layers.conv import Conv
from archcalc.layers.settings import Count, Kernel, Symbol
from archcalc.quantities import Ops, Weight
from archcalc.report import Node
from archcalc.term import Leaf, Product, Quotient, Sum, Term, tree_of, value_of

# ── Reading a formula back ──

OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: Fraction,
}


def read(text: str, notation: str, names: dict[str, int] | None = None) -> Fraction:
    """The value of a formula, by an independent walk over its syntax; division is exact."""
    if notation == "ops":
        text = text.replace("x", "*")
    for char, plain in (("·", "*"), ("−", "-"), ("⌊", "floor("), ("⌋", ")"), ("⌈", "ceil("), ("⌉", ")")):
        text = text.replace(char, plain)

    def walk(node: ast.expr) -> Any:
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.UnaryOp):
            return -walk(node.operand)
        if isinstance(node, ast.Call):
            return {"floor": floor, "ceil": ceil}[node.func.id](walk(node.args[0]))
        return (names or {})[node.id] if isinstance(node, ast.Name) else node.value

    return Fraction(walk(ast.parse(text, mode="eval").body))


def leaves(tree: Any) -> dict[str, int]:
    if isinstance(tree, Leaf):
        return {tree.name: tree.value}
    parts: Any = ()
    if isinstance(tree, Sum):
        parts = [part for _, part in tree.parts]
    elif isinstance(tree, Product):
        parts = tree.factors
    elif isinstance(tree, Quotient):
        parts = (tree.top, tree.bottom)
    found: dict[str, int] = {}
    for part in parts:
        for name, value in leaves(part).items():
            assert found.setdefault(name, value) == value, f"{name} means two numbers"
    return found


def node_of(op: str, layer: Any, *inputs: tuple[int, ...]) -> Node:
    """A row as the analysis makes it."""
    xs: Any = inputs if isinstance(layer, Merge) else inputs[0]
    y = layer.output_shape(xs)
    return Node(
        path="node",
        op=op,
        family=layer.family,
        settings=layer.settings(),
        inputs=("x",) * len(inputs),
        input=tuple(inputs),
        output=y,
        weights=() if isinstance(layer, Merge) else layer.weights(xs),
        ops=layer.ops(xs, y),
        window=layer.window(xs),
        flattens=inputs[0] if op == "fc" and len(inputs[0]) > 2 else None,
    )


def quantities(node: Node) -> dict[str, int]:
    """All that can be asked about a row, with the numbers of the report."""
    letters = {0: "", 1: "c", 2: "tc", 3: "chw", 4: "cdhw"}.get(len(node.output), "")
    return {
        "params": node.params,
        "buffers": node.buffers,
        "macs": node.macs,
        **{f"weight:{weight.name}": weight.size for weight in node.weights},
        **{f"output.{letter}": size for letter, size in zip(letters, node.output, strict=False)},
    }


# ── Every type, every notation ──

SOME = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@pytest.mark.parametrize("op", [*LAYERS, *MERGES])
@given(st.data())
@settings(SOME, max_examples=25)
def test_the_text_has_the_number_of_the_report(op, data):
    sample = data.draw(SAMPLES[op])
    try:
        node = node_of(op, sample.layer(), *(sample.inputs if op in MERGES else sample.inputs[:1]))
    except (ShapeError, ValidationError):
        assume(False)
        raise
    for quantity, number in quantities(node).items():
        for notation in STYLES:
            derived = explain(node, quantity, notation)
            assert derived.value == number
            assert type(derived.value) is int
            assert read(derived.values, notation) == number
    derived = explain(node, "output")
    assert derived.value in node.output or not node.output


@pytest.mark.parametrize("op", [*LAYERS, *MERGES])
@given(st.data())
@settings(SOME, max_examples=10)
def test_the_names_stand_for_the_values(op, data):
    sample = data.draw(SAMPLES[op])
    try:
        node = node_of(op, sample.layer(), *(sample.inputs if op in MERGES else sample.inputs[:1]))
    except (ShapeError, ValidationError):
        assume(False)
        raise
    traced = trace_layer(node)
    names = leaves(tree_of(traced.macs()))
    assert read(explain(node, "macs").names, "math", names) == node.macs
    for weight in traced.weights():
        names = leaves(tree_of(weight.size))
        assert read(explain(node, f"weight:{weight.name}").names, "math", names) == weight.size


operands = st.integers(-3, 3) | st.sampled_from("abcd")


@given(st.recursive(operands, lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner)))
@settings(deadline=None)
def test_a_term_is_its_tree(program):
    values = {"a": Term.named("a", 7), "b": Term.named("b", 3)}
    values |= {"c": Term.named("c", 1, quiet=True), "d": Term.named("d", 0, quiet=True)}

    def run(part):
        if not isinstance(part, tuple):
            return values.get(part, part)
        left, operator, right = run(part[0]), part[1], run(part[2])
        if operator == "/":
            return left // right if right > 0 else left
        return {"+": left + right, "-": left - right, "*": left * right}[operator]

    result = run(program)
    assert value_of(tree_of(result)) == result


# ── As the lecture notes write ──


def values(target: str, path: str, quantity: str, notation: str, **wishes: Any) -> str:
    return explain(analyze(target, **wishes)[path], quantity, notation).values


# the LeNet table of the notes (32x32x3, 8 and 16 filters), spacing and all
@pytest.mark.parametrize(
    ("path", "formula", "number"),
    [
        ("conv1.conv", "(5*5*3 + 1) * 8", 608),
        ("conv2.conv", "(5*5*8 + 1) * 16", 3216),
        ("fc3.fc", "400*120 + 120", 48120),
        ("fc4.fc", "120*84 + 84", 10164),
        ("fc5.fc", "84*10 + 10", 850),
    ],
)
def test_the_lenet_table(path, formula, number):
    derived = explain(analyze("lenet/rgb")[path], "params", "lenet")
    assert (derived.values, derived.value) == (formula, number)


# the AlexNet table of the notes, one tower; 2*1 in conv3's size is written 1*2 there
@pytest.mark.parametrize(
    ("path", "quantity", "formula", "number"),
    [
        ("conv1.conv", "output", "(227-11)/4+1", 55),
        ("conv1.conv", "params", "(11*11*3+1)*96", 34944),
        ("conv1.conv", "macs", "(11*11*3)*96*55*55", 105415200),
        ("pool1", "output", "(55-3)/2+1", 27),
        ("conv2.conv", "output", "(27-5+2*2)/1+1", 27),
        ("conv2.conv", "params", "(5*5*96+1)*256", 614656),
        ("pool2", "output", "(27-3)/2+1", 13),
        ("conv3.conv", "output", "(13-3+2*1)/1+1", 13),
        ("conv3.conv", "params", "(3*3*256+1)*384", 885120),
        ("conv4.conv", "params", "(3*3*384+1)*384", 1327488),
        ("conv5.conv", "params", "(3*3*384+1)*256", 884992),
        ("pool5", "output", "(13-3)/2+1", 6),
        ("fc6.fc", "params", "(9216+1)*4096", 37752832),
        ("fc7.fc", "params", "(4096+1)*4096", 16781312),
        ("fc8.fc", "params", "(4096+1)*1000", 4097000),
    ],
)
def test_the_alexnet_table(path, quantity, formula, number):
    derived = explain(analyze("alexnet/single")[path], quantity, "lecture")
    assert (derived.values, derived.value) == (formula, number)


def test_the_two_gpus_of_alexnet():
    conv2 = analyze("alexnet/2012")["conv2.conv"]
    assert explain(conv2, "params", "lecture").values == "(5*5*48+1)*256"  # 307,456 in BVLC Caffe
    assert explain(conv2, "params").names == "c_out·(c_in/g)·k·k + c_out"
    assert explain(conv2, "params").values == "256·(96/2)·5·5 + 256"


# the Inception table of the notes, on 28x28x256
@pytest.mark.parametrize(
    ("out", "kernel", "formula", "number"),
    [
        (128, 1, "28x28x128x1x1x256", 25_690_112),
        (192, 3, "28x28x192x3x3x256", 346_816_512),
        (96, 5, "28x28x96x5x5x256", 481_689_600),
    ],
)
def test_the_inception_table(out, kernel, formula, number):
    node = node_of("conv", Conv(out=out, kernel=kernel, pad="half"), (256, 28, 28))
    derived = explain(node, "macs", "ops")
    assert (derived.values, derived.value) == (formula, number)


# ── Formulas and remarks ──


def conv(size: int, **given: Any) -> Node:
    return node_of("conv", Conv(**{"out": 96, "kernel": 11, "stride": 4} | given), (3, size, size))


def test_the_size_formula():
    plain = explain(conv(224, pad=2), "output")
    assert plain.names == "⌊(h_in − k + 2·p)/s⌋ + 1"
    assert plain.values == "⌊(224 − 11 + 2·2)/4⌋ + 1"
    dilated = explain(conv(224, pad=2, dilation=3), "output")
    assert dilated.names == "⌊(h_in + 2·p − d·(k − 1) − 1)/s⌋ + 1"
    assert dilated.values == "⌊(224 + 2·2 − 3·(11 − 1) − 1)/4⌋ + 1"
    assert explain(conv(224, pad=2), "output", "ascii").values == "floor((224-11+2*2)/4)+1"
    assert explain(conv(224, pad=2), "output", "lecture").values == "floor((224-11+2*2)/4)+1"
    assert explain(conv(227), "output", "lecture").values == "(227-11)/4+1"


def test_a_division_that_leaves_something():
    assert explain(conv(227), "output").remarks == ()
    assert explain(conv(224, pad=2), "output").remarks == (
        "the division leaves 0.25: one row and column of padding are never used",
    )
    two = explain(conv(229), "output")
    assert two.remarks == ("the division leaves 0.5: 2 rows and columns are never used",)
    assert explain(conv(228), "output.h").remarks == ("the division leaves 0.25: one row is never used",)
    # (228 + 2 - 11)/4 = 54.75: the padding of one row at the end, and two rows of the image
    part = explain(conv(228, pad=1), "output.h")
    assert part.remarks == ("the division leaves 0.75: 3 rows, 1 of them padding, are never used",)
    third = explain(conv(225, stride=3), "output")  # 214/3
    assert third.remarks == ("the division leaves 1/3: one row and column are never used",)
    assert explain(conv(224, pad=2), "output", lang="zh").remarks == ("除法余 0.25: 1 行和 1 列填充从未用到",)


def test_rounding_up():
    up = node_of("maxpool", layer_class("maxpool")(kernel=3, stride=2, ceil=True), (64, 112, 112))
    assert explain(up, "output").values == "⌈(112 − 3)/2⌉ + 1"
    assert explain(up, "output").remarks == (
        "the division leaves 0.5, rounded up: the last window reaches over the edge",
    )
    cut = node_of("maxpool", layer_class("maxpool")(kernel=1, stride=2, ceil=True), (64, 4, 4))
    assert explain(cut, "output").values == "⌊(4 − 1)/2⌋ + 1"
    assert explain(cut, "output").remarks[0].startswith("not rounded up: a further window would start beyond")


def test_half_padding_says_where_p_comes_from():
    node = conv(224, kernel=7, stride=2, pad="half")
    assert explain(node, "output").values == "⌊(224 − 7 + 2·3)/2⌋ + 1"
    assert explain(node, "output").remarks[0] == "half padding, p = ⌊(k − 1)/2⌋ = ⌊(7 − 1)/2⌋ = 3"


def test_axes_that_differ_are_told_apart():
    node = node_of("conv", Conv(out=8, kernel=(1, 7), pad=(0, 3)), (3, 17, 20))
    whole = explain(node, "output")
    assert (whole.names, whole.value) == ("⌊(h_in − k_h)/s⌋ + 1", 17)
    assert whole.remarks == ("w_out = ⌊(w_in − k_w + 2·p_w)/s⌋ + 1 = ⌊(20 − 7 + 2·3)/1⌋ + 1 = 20",)
    assert explain(node, "output.w").value == 20
    assert explain(node, "weight:weight").names == "c_out·c_in·k_h·k_w"


def test_what_a_merge_and_a_flattened_map_show():
    concat = node_of("concat", layer_class("concat")(), (64, 28, 28), (128, 28, 28), (32, 28, 28))
    assert explain(concat, "output").names == "c_1 + c_2 + c_3"
    fc6 = analyze("alexnet")["fc6.fc"]
    assert explain(fc6, "params").names == "c_out·n_in + c_out"
    assert explain(fc6, "params").remarks == ("n_in = 256·6·6 = 9216, flattened",)


def test_shared_weights_and_repeated_runs():
    shared = next(row for row in analyze("siamese").rows if row.shares)
    assert explain(shared, "params").value == 0
    assert shared.shares in explain(shared, "params").remarks[0]
    head = next(row for row in analyze("mask_rcnn").rows if row.runs != 1 and row.macs)
    assert explain(head, "macs").names.startswith("runs·")
    assert explain(head, "macs").value == head.macs


def test_the_whole_of_a_network():
    for row in analyze("inception_v3"):
        for quantity, number in quantities(row).items():
            derived = explain(row, quantity, "lecture")
            assert derived.value == number == read(derived.values, "lecture")


# ── Rules, not templates ──


class Gated(Layer):
    """A type that no catalogue has: two convolutions, one of them a gate, over blocks of `m` positions."""

    op: ClassVar[str] = "gated"
    family: ClassVar[Any] = "conv"

    width: Count
    reach: Kernel
    m: Count = 4

    def output_shape(self, x):
        return (self.width, *(ceil_div(n + extent(self.reach, 2), self.m) for n in x[1:]))

    def weights(self, x):
        return (Weight("both", (2 * self.width, x[0], self.reach)), Weight("temperature", (1,)))

    def ops(self, x, y):
        return Ops(mac=2 * self.weights(x)[0].size * y[1] * y[2])


class Wrong(Conv):
    """The mistake of leaving the 1 out."""

    def output_axes(self, x):
        return tuple(size - 1 for size in super().output_axes(x))


def knowing(monkeypatch: pytest.MonkeyPatch, op: str, cls: type) -> None:
    def known(word: str) -> Any:
        return cls if word == op else layer_class(word)

    monkeypatch.setattr("archcalc.explain.trace.layer_class", known)


def test_an_unknown_layer_class_is_explained(monkeypatch):
    knowing(monkeypatch, "gated", Gated)
    node = node_of("gated", Gated(width=10, reach=3), (6, 13, 13))
    size = explain(node, "output")
    assert (size.names, size.values) == ("⌈(h_in + 2·(k − 1) + 1)/m⌉", "⌈(13 + 2·(3 − 1) + 1)/4⌉")
    assert size.value == 5  # ⌈18/4⌉
    assert explain(node, "params").names == "2·width·c_in·k + 1"
    assert explain(node, "params").value == 2 * 10 * 6 * 3 + 1
    assert explain(node, "macs", "lecture").values == "4*(3*10*6)*5*5"
    assert explain(node, "macs", "lecture").value == 4 * 180 * 25


def test_another_rule_gives_another_text(monkeypatch):
    knowing(monkeypatch, "conv", Wrong)
    node = node_of("conv", Wrong(out=96, kernel=11, stride=4), (3, 227, 227))
    derived = explain(node, "output")
    assert (derived.values, derived.value) == ("⌊(227 − 11)/4⌋", 54)


def test_a_letter_that_two_settings_declare_is_given_once():
    class Twice(Layer):
        op: ClassVar[str] = "twice"
        family: ClassVar[Any] = "shape"
        first: Kernel
        second: Kernel

        def output_shape(self, x):
            return (x[0], x[1] * self.first + self.second)

    with pytest.MonkeyPatch.context() as patch:
        knowing(patch, "twice", Twice)
        derived = explain(node_of("twice", Twice(first=3, second=3), (4, 5)), "output.c")
    assert derived.names == "c_in·k + second"


# ── What cannot be asked ──


def test_faults():
    node = conv(227)
    with pytest.raises(TargetError, match=r"no 'weight:wight' \(did you mean 'weight:weight'\?\)"):
        explain(node, "weight:wight")
    with pytest.raises(TargetError, match="no axis 't'"):
        explain(node, "output.t")
    with pytest.raises(TargetError, match="no notation 'maths'"):
        explain(node, "output", "maths")


def test_symbols_declare_the_letters():
    assert Symbol("k") in Conv.model_fields["kernel"].metadata
