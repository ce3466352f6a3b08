"""Free sizes on the commands: formulas explained, and as files for Python and sympy; what `require` says of them."""

import random
import re

import pytest

from archcalc import analyze
from archcalc.cli.entry import run
from archcalc.errors import TargetError
from archcalc.explain.steps import explain_layers
from archcalc.expression import Expression
from archcalc.symbolic.code import code

TARGETS = [
    ("vgg/16", ("H", "W")),
    ("resnet/50", ("H", "W")),
    ("mobilenet_v3", ("H", "W")),
    ("googlenet", ("H", "W")),
    ("densenet", ("H", "W")),
    ("alexnet", ("H", "W", "classes")),
    ("charrnn", ("T",)),
    ("bert", ("T",)),
    ("yolov3", ("H", "W")),
    ("unet", ("H", "W")),
]


def points(report, names, count=4):
    """Return values of the sizes in the domain: its edge, and beyond."""
    chance = random.Random(1)
    least = dict.fromkeys(names, 1)
    for condition in report.domain:
        name, sign, number = condition.partition(" >= ")
        if sign:
            least[name] = int(number)
    yield least
    for _ in range(count):
        yield {name: low + chance.randrange(400) for name, low in least.items()}


def free(report):
    found = {
        name
        for shape in report.input.values()
        for size in shape
        if isinstance(size, Expression)
        for name in size.symbols
    }
    for row in report.rows:
        found |= {name for value in (row.params, row.macs) if isinstance(value, Expression) for name in value.symbols}
    return sorted(found)


def single(target, names, report, values):
    """Return the report of one network with these values of the free sizes."""
    sizes = dict(values)
    for condition in report.domain:
        name, sign, meaning = condition.partition(" = ")
        if sign:  # "H = 32*h + 1"
            factor, unit, rest = re.fullmatch(r"(\d+)\*(\w+)(?: \+ (\d+))?", meaning).groups(default="0")
            sizes[name] = int(factor) * sizes.pop(unit, values[unit]) + int(rest)
    try:
        return analyze(target, params=sizes)
    except TargetError:  # the size is fixed in the spec and has no name
        height, width = sizes.pop("H"), sizes.pop("W")
        return analyze(target, params=sizes, input=(3, height, width))


@pytest.mark.parametrize(("target", "names"), TARGETS)
def test_the_python_file_gives_what_the_engine_gives(target, names):
    report = analyze(target, symbols=names)
    module = {}
    exec(compile(code(report, "python"), "formulas", "exec"), module)  # our own output
    for values in points(report, free(report)):
        one = single(target, names, report, values)
        totals, layers = module["totals"](**values), module["layers"](**values)
        assert {name: totals[name] for name in ("params", "buffers", "macs", "activations")} == {
            name: getattr(one.totals, name) for name in ("params", "buffers", "macs", "activations")
        }
        assert [(path, row["output"], row["params"], row["macs"]) for path, row in layers.items()] == [
            (row.path, row.output, row.params, row.macs) for row in one.rows
        ]


@pytest.mark.parametrize(("target", "names"), TARGETS[:6])
def test_sympy_reads_the_same_formulas(target, names):
    pytest.importorskip("sympy")
    report = analyze(target, symbols=names)
    module = {}
    exec(compile(code(report, "sympy"), "formulas", "exec"), module)
    for values in points(report, free(report), 2):
        one = single(target, names, report, values)
        put_in = {module[name]: value for name, value in values.items()}
        for name in ("params", "macs"):
            formula = module["TOTALS"][name]
            assert formula == getattr(one.totals, name) or formula.subs(put_in) == getattr(one.totals, name)


@pytest.mark.parametrize(("target", "names"), TARGETS)
def test_explanations_with_free_sizes_end_in_the_engines_formula(target, names):
    report = analyze(target, symbols=names)
    explained = explain_layers(report, report.rows, ("shape", "params", "macs", "memory"))
    for row, layer in zip(report.rows, explained.layers, strict=True):
        found = {step.what: step.value for step in layer.steps}
        if row.shares is None:
            assert found["params"] == row.params
        assert found["macs"] == row.macs
        assert found["memory"] == 4 * row.activations


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def execute(*arguments):
        code = run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


def test_explain_shows_the_formula_with_the_symbol_put_in(call):
    code, out, _ = call(
        "explain", "conv 96 11x11 /4", "--input", "3x227x227", "--sym", "H,W", "-w", "shape", "-w", "macs"
    )
    assert code == 0
    assert "= ⌊(h_in − k)/s⌋ + 1\n    = ⌊(H − 11)/4⌋ + 1\n    = ⌊(H − 7)/4⌋" in out
    assert "= 96·3·11·11·⌊(H − 7)/4⌋·⌊(W − 7)/4⌋" in out.replace("(⌊(H−7)/4⌋)", "⌊(H − 7)/4⌋").replace(
        "⌊(H−7)/4⌋", "⌊(H − 7)/4⌋"
    ).replace("⌊(W−7)/4⌋", "⌊(W − 7)/4⌋")
    code, out, _ = call("explain", "conv 8 3x3 half", "--input", "3x32x32", "--sym", "H", "-f", "json")
    assert code == 0
    assert '"value": "H"' in out


def test_sizes_in_steps(call):
    code, out, _ = call("table", "hourglass", "--sym", "H=64*h,W=64w", "--depth", "1")
    assert code == 0
    assert "Holds for H = 64*h, W = 64*w." in out
    code, _, err = call("table", "hourglass", "--sym", "H=64*H")
    assert (code, "a name of their own" in err) == (2, True)
    code, _, err = call("table", "hourglass", "--sym", "H=x")
    assert (code, "H=32*h for multiples of 32" in err) == (2, True)


def test_a_size_that_nothing_depends_on_is_said(call, tmp_path):
    spec = "archcalc: 1\nparams: {w: 8, spare: 3}\ninput: 3x8x8\nlayers: [conv w 3x3]\n"
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    code, _, err = call("table", "net.yaml", "--sym", "w,spare")
    assert (code, err.strip()) == (0, "nothing depends on spare")
    code, _, err = call("table", "net.yaml", "-f", "python")
    assert (code, "--sym H,W leaves height and width free" in err) == (2, True)


def test_require_with_and_chains_and_mirrored_forms(call, tmp_path):
    spec = (
        "archcalc: 1\nparams: {H: 64, W: 64}\ninput: [3, H, W]\nlayers: [conv 8 3x3 half /2, maxpool 2]\n"
        "require: [32 <= H <= 512 and 0 == W % 8, W > 15 and W < 100]\n"
    )
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    code, out, _ = call("table", "net.yaml", "--sym", "H,W")
    assert code == 0
    # W = 8w, 15 < 8w < 100: 2 <= w <= 12
    assert "Holds for W = 8*w, H >= 32, w >= 2, H <= 512, w <= 12." in out
    assert call("table", "net.yaml", "--set", "H=16")[0] == 2


def test_names_that_python_needs_are_changed(call, tmp_path):
    spec = "archcalc: 1\nparams: {lambda: 3, floor: 8}\ninput: [lambda, 9, 9]\nlayers: [conv floor 3x3 /2]\n"
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    _, out, _ = call("table", "net.yaml", "--sym", "lambda,floor", "-f", "python")
    module = {}
    exec(compile(out, "formulas", "exec"), module)
    # 3·3·3·8 + 8
    assert module["totals"](floor_=8, lambda_=3)["params"] == 224


TAKEN = ("_check", "ValueError", "totals", "layers", "TOTALS", "LAYERS", "symbols", "ceiling", "match", "_", "def_")


@pytest.mark.parametrize(("height", "width"), [*zip(TAKEN, (*TAKEN[1:], "def"), strict=True)])
def test_names_that_a_file_uses_itself_are_changed(tmp_path, height, width):
    spec = tmp_path / "net.yaml"
    spec.write_text(f"archcalc: 1\ninput: [3, {height}, {width}]\nlayers: [conv 8 3x3 /2]\n", encoding="utf-8")
    report = analyze(str(spec))
    functions, expressions = {}, {}
    exec(compile(code(report, "python"), "formulas", "exec"), functions)
    sizes = dict(zip(sorted((height, width)), (9, 12), strict=True))
    # 3·3·3 weights for each of 8 maps, on ⌊(n − 3)/2⌋ + 1 positions an axis: 4 and 5
    assert functions["totals"](*sizes.values())["macs"] == 27 * 8 * 4 * 5
    pytest.importorskip("sympy")
    exec(compile(code(report, "sympy"), "formulas", "exec"), expressions)
    macs = expressions["TOTALS"]["macs"]
    assert macs.subs({symbol: sizes[symbol.name] for symbol in macs.free_symbols}) == 27 * 8 * 4 * 5


def test_formulas_of_groups_fit_a_page(call):
    code, out, _ = call("table", "vgg/16", "--sym", "H,W", "--group", "type")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100
    code, _, err = call("table", "vgg/16", "--group", "type", "--columns", "group,rf")
    assert (code, "a group has no rf" in err) == (2, True)
    code, _, err = call("table", "vgg/16", "--sym", ",")
    assert (code, "--sym H,W" in err) == (2, True)
