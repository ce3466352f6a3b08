"""Sweeps: every point is as a single network has it, whatever the grid is; ranges, choices, forms, refusals."""

import csv
import io
import json
import subprocess
import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import validate

from archcalc import analyze
from archcalc.cli.entry import run
from archcalc.errors import ArchcalcError, TargetError
from archcalc.spec.library import Library, builtin_folder, spec_files
from archcalc.spec.words import is_whole

numpy = pytest.importorskip("numpy")

from archcalc.sweep import sweep  # noqa: E402
from archcalc.sweep.number import Grid, Nowhere, Split, Swept  # noqa: E402
from archcalc.sweep.ranges import read_axes, read_values, written  # noqa: E402

SPECS = [path.stem for path in spec_files(builtin_folder())]
MEASURES = ("params", "params_trainable", "buffers", "macs", "macs_train", "activations", "nodes")


# ── Every point is as a single network has it ──


def same_as_single_networks(target, over, measures=MEASURES):
    """Compare all points of a grid with single runs; return how many are networks."""
    found = sweep(target, over, measures=measures)
    rows = {tuple(row[name] for name in found.names): row for row in found}
    axes = read_axes(over)
    points = [()]
    for axis in axes:
        points = [(*point, *values) for point in points for values in axis.points]
    for point in points:
        values = {
            name: written(value) if isinstance(value, Fraction) else value
            for name, value in zip(found.names, point, strict=True)
        }
        edge = values.pop("H") if set(values) == {"H", "W"} and target == "alexnet" else None
        given = {"input": (3, edge, edge)} if edge is not None else {"params": values}
        try:
            totals = analyze(target, **given).totals
        except ArchcalcError:
            assert point not in rows, f"{target} {given} is no network"
            continue
        assert {name: rows[point][name] for name in measures} == {name: getattr(totals, name) for name in measures}
    dropped = len(points) - len(rows)
    assert sum(held.points for held in found.dropped) == dropped
    return len(rows)


def numbers_of(spec):
    """Return the parameters of a spec that are plain numbers, with values near them."""
    library = Library()
    document = library.load(library.find(spec))
    found = {}
    for name, expr in document.params.items():
        if is_whole(expr.text) and name not in document.variants and 0 < int(expr.text) < 5000:
            size = int(expr.text)
            found[name] = sorted({max(1, size - 1), size, size + 1, size // 2 + 1, 2 * size})
    return found


@pytest.mark.parametrize("spec", SPECS)
def test_every_built_in_spec_gives_the_same_swept_and_single(spec):
    over = dict(list(numbers_of(spec).items())[:2])
    if not over:
        pytest.skip("it has no parameter that is a plain number")
    same_as_single_networks(spec, over)


@pytest.mark.parametrize(
    ("target", "over"),
    [
        ("mobilenet_v2", {"alpha": "0.1..1.4:0.13", "H,W": "1,31..225:97", "depth": "0.3..2.3:0.5"}),
        ("efficientnet", {"width": "0.4..2:0.8", "depth": "0.2..2.2:1", "H,W": "32,97,224"}),
        ("resnet", {"depth": "18,50,101", "H": "1,33,224", "W": "1,224"}),
        ("vgg/16", {"H": "16..226:70", "W": "32,223"}),
        ("densenet", {"k": "8..48:20", "theta": "0.3..1:0.35", "H,W": "32,224"}),
        ("alexnet", {"H,W": "10..300:29"}),
        ("vit", {"H,W": "200..240:8"}),
        ("bert", {"T": "1,7,128,512"}),
    ],
)
def test_families_of_networks_give_the_same_swept_and_single(target, over):
    assert same_as_single_networks(target, over) >= 3


HOSTILE = {
    # what a plain number decides, and what one network is refused for: name: (spec, what is swept, valid points)
    "key": ("params: {k: 64}\ninput: 3x8x8\nlayers: ['conv {64: 1, 128: 2}[k] 1x1']", {"k": "1..200"}, 2),
    "layers": ("params: {n: 1}\ninput: 7x8\nlayers: ['lstm 8 layers=n']", {"n": "0..70"}, 64),
    "axis": ("params: {n: 1}\ninput: 3x8x8\nlayers: ['mean axis=n']", {"n": "0..9"}, 3),
    "item": ("params: {n: 1}\ninput: 3x8x8\nlayers: ['conv [4,5,6][n] 1x1']", {"n": "-9..9"}, 6),
    "left": ("params: {n: 1}\ninput: 3x8x8\nlayers: [reshape n -1]", {"n": "-2..9"}, 6),
    "one": ("params: {n: 1}\ninput: 1x8x8\nlayers: [{mul: ['conv 6 1x1', 'conv n 8x8']}]", {"n": "1..9"}, 2),
    "divide": ("params: {n: 1}\ninput: 3x8x8\nlayers: ['conv max(1,round(12/(n-3))) 1x1']", {"n": "0..9"}, 9),
    "rate": ("params: {p: 0.5}\ninput: 3x8x8\nlayers: [dropout p]", {"p": "-1..2:0.25"}, 5),
    "edge": ("params: {n: 4}\ninput: [3, n, n]\nlayers: [conv 4 1x1]", {"n": "0.5..3:0.5"}, 3),
    "times": ("params: {n: 2}\ninput: 3x8x8\nlayers: [times n/2, 'conv 4 1x1', once]", {"n": "-1..9"}, 4),
    "fine": ("params: {n: 1}\ninput: 3x8x8\nlayers: [conv round(8*n) 1x1]", {"n": "0.1234567890123,1"}, 2),
    "large": ("params: {n: 1}\ninput: 3x8x8\nlayers: [conv n*n//10**9 1x1]", {"n": [1, 40_000, 10**8, 10**15]}, 1),
    "repeats": ("params: {n: 1}\ninput: 3x8x8\nlayers: [conv 3 1x1 *n]", {"n": "1,1999..2002"}, 3),
    "nodes": (
        "params: {n: 1}\nblocks: {b: bn -> bn -> bn -> bn -> bn -> bn -> bn -> bn -> bn -> bn -> bn -> bn}\n"
        "input: 3x8x8\nlayers: [b *n]",
        {"n": "1,1665..1668"},  # 12 · 1,666 = 19,992 layers
        3,
    ),
    "middle": (
        "params: {d: 1}\ninput: 3x32x32\nlayers: ['conv 8 1x1', 'conv 8 1x1 groups=[1,3][i] *max(1,abs(d-5))']",
        {"d": "0..10"},
        3,
    ),
    "options": (
        "params: {n: 1}\nvariants: {d: {18: {n: 2}, 0.5: {n: 3}, 50: {n: 5}}}\ninput: 3x8x8\nlayers: [conv n 1x1]",
        {"d": "0..60:0.5"},
        3,
    ),
    "yes": ("params: {f: yes}\ninput: 3x8x8\nlayers: [{if: f == yes, then: conv 4 1x1}]", {"f": [True, False]}, 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_decides_one_network_decides_every_point(tmp_path, name):
    text, over, valid = HOSTILE[name]
    spec = tmp_path / "net.yaml"
    spec.write_text(f"archcalc: 1\n{text}\n", encoding="utf-8")
    assert same_as_single_networks(str(spec), over) == valid


def test_memory_and_conventions_are_the_same_too():
    from archcalc.conventions.apply import count
    from archcalc.conventions.catalogue import find
    from archcalc.memory import peak

    names = ("memory", "thop", "fvcore")
    found = sweep("mobilenet_v2", {"alpha": "0.25..1.25:0.5", "res": "64,224"}, measures=names)
    assert len(found) == 6
    for row in found:
        report = analyze("mobilenet_v2", {"alpha": str(float(row["alpha"])), "H": row["H"], "W": row["W"]})
        held = report.totals.params + report.totals.buffers + peak(report).elements
        assert row["memory"] == 4 * held
        assert row["thop"] == count(report, find("thop")).total
        assert row["fvcore"] == count(report, find("fvcore")).total


def test_sums_beyond_64_bits_are_exact(tmp_path):
    spec = tmp_path / "wide.yaml"
    spec.write_text("archcalc: 1\nparams: {w: 1}\ninput: 4\nlayers: [fc w, fc w, fc w, fc w]\n", encoding="utf-8")
    found = sweep(str(spec), {"w": [1, 10**8, 3 * 10**8, 5 * 10**8]}, measures=("params",))
    # 4w + w + 3(w² + w) = 3w² + 8w; a network above 10^18 parameters is refused
    assert [row["params"] for row in found] == [3 * w * w + 8 * w for w in (1, 10**8, 3 * 10**8, 5 * 10**8)]
    beyond = sweep(str(spec), {"w": [10, 6 * 10**8]}, measures=("params",))
    assert [row["w"] for row in beyond] == [10]
    assert "at most" in beyond.dropped[0].problem.message


# ── Numbers on a grid ──

LENGTHS = (3, 2, 4)


@st.composite
def numbers(draw):
    """Return (number on a grid, function of a point that gives its value)."""
    grid = Grid(list(LENGTHS))
    values = [draw(st.lists(st.integers(-9, 9), min_size=n, max_size=n)) for n in LENGTHS]
    scale = draw(st.sampled_from([1, 1, 7, 10**12]))
    leaves = [(grid.axis(at, [scale * v for v in held]), held) for at, held in enumerate(values)]

    def leaf():
        if draw(st.booleans()):
            at = draw(st.integers(0, 2))
            return leaves[at][0], lambda point: scale * values[at][point[at]]
        value = draw(st.one_of(st.integers(-20, 20), st.fractions(-3, 3, max_denominator=8)))
        return value, lambda point: value

    number, of = leaf()
    for _ in range(draw(st.integers(1, 7))):
        other, of_other = leaf()
        kind = draw(st.sampled_from(["+", "-", "*", "//", "max", "min", "r-"]))
        if kind == "//":
            divisor = draw(st.sampled_from([1, 2, 3, -4, 7, Fraction(1, 2)]))
            number, of = number // divisor, (lambda before, d: lambda point: before(point) // d)(of, divisor)
            continue
        work = {
            "+": lambda a, b: a + b,
            "-": lambda a, b: a - b,
            "r-": lambda a, b: b - a,
            "*": lambda a, b: a * b,
            "max": max,
            "min": min,
        }[kind]
        if kind in ("max", "min"):
            pick = grid.largest if kind == "max" else grid.smallest
            number = pick(number, other)
        else:
            number = work(number, other)
        of = (lambda f, g, w: lambda point: w(f(point), g(point)))(of, of_other, work)
    return grid, number, of


@settings(max_examples=400, deadline=None)
@given(numbers())
def test_a_number_has_the_value_of_plain_arithmetic_at_every_point(made):
    grid, number, of = made
    points = [(i, j, k) for i in range(3) for j in range(2) for k in range(4)]
    expected = [Fraction(of(point)) for point in points]
    if not isinstance(number, Swept):
        # a constant is a plain number, exactly
        assert all(value == number for value in expected)
        return
    spread = grid.spread(number * number.denominator, (0, 1, 2))
    assert [Fraction(int(spread[point]), number.denominator) for point in points] == expected
    assert number.bound >= max(map(abs, expected))
    answers = {value < 5 for value in expected}
    if len(answers) == 1:
        assert (number < 5) in answers
        return
    with pytest.raises(Split) as split:
        bool(number < 5)
    assert set(split.value.answers.flat) == {True, False}


def test_checks_note_where_they_fail():
    grid = Grid([4])
    size = grid.axis(0, [3, 4, 5, 6])
    grid.check_at_least(size, 5, "")
    grid.check_divides(2, size, "")
    (first, second) = grid.failed
    assert first[1].tolist() == [True, True, False, False]
    assert second[1].tolist() == [True, False, True, False]
    with pytest.raises(Nowhere):
        grid.check_at_least(size, 7, "")


def test_a_condition_parts_the_grid_and_nothing_more(tmp_path, monkeypatch):
    spec = tmp_path / "net.yaml"
    text = "archcalc: 1\nparams: {w: 8}\ninput: 3x32x32\nlayers: [conv w 3x3, {if: w > 50, then: bn}]\n"
    spec.write_text(text, encoding="utf-8")
    room = import_module("archcalc.sweep.evaluate")

    boxes = []
    original = room.run
    monkeypatch.setattr(room, "run", lambda job, box: boxes.append(box) or original(job, box))
    found = sweep(str(spec), {"w": "1..100"}, measures=("buffers",))
    assert [row["buffers"] for row in found] == [0] * 50 + [2 * w for w in range(51, 101)]
    assert len(boxes) == 3  # the whole grid, then what is up to 50 and what is above


# ── What is swept ──


def test_ranges_have_both_ends_and_exact_decimals():
    assert read_values("w", "0.25..1.4:0.05")[-1] == Fraction(7, 5)
    assert len(read_values("w", "0.25..1.4:0.05")) == 24
    assert read_values("w", "1..3, 10") == [1, 2, 3, 10]
    assert read_values("s", "[1,2],[2,2]") == ["[1,2]", "[2,2]"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("3..1", "upwards"),
        ("1..2:0", "step above 0"),
        ("1..a", "from number to number"),
        ("1,,2", "a value is missing"),
        ("1..1e9", "from number to number"),
        ("1..900000000", "at most 10,000,000"),
    ],
)
def test_values_that_mean_nothing_are_refused(values, said):
    with pytest.raises(TargetError, match=said):
        read_values("w", values)


def test_a_grid_that_is_too_large_points_to_a_sample():
    with pytest.raises(TargetError, match=r"4,001 x 4,001 = 16,008,001 points, at most 10,000,000; --sample"):
        sweep("mobilenet_v2", {"classes": "1..4001", "res": "100..4100"})
    found = sweep("mobilenet_v2", {"classes": "1..4001", "H": "100..4100"}, sample=50, seed=3)
    again = sweep("mobilenet_v2", {"classes": "1..4001", "H": "100..4100"}, sample=50, seed=3)
    assert len(found) == 50
    assert [dict(row) for row in found] == [dict(row) for row in again]
    assert [row["H"] for row in found] != [
        row["H"] for row in sweep("mobilenet_v2", {"classes": "1..4001", "H": "100..4100"}, sample=50)
    ]


def test_a_sample_takes_no_point_twice_and_a_small_grid_whole():
    over = {"alpha": "0.5,1", "res": "32..320:32"}
    rows = [(row["alpha"], row["H"]) for row in sweep("mobilenet_v2", over, sample=15)]
    assert len(set(rows)) == 15
    assert rows == sorted(rows)
    assert len(sweep("mobilenet_v2", over, sample=1000)) == 20


def test_res_is_the_edge_of_the_input_whatever_is_called_h():
    # Tiny YOLO v1 has 3x448x448 written in numbers, and H is a parameter of its other networks
    found = sweep("yolo_tiny", {"res": [224, 448]})
    assert [row["macs"] for row in found] == [
        analyze("yolo_tiny", input=(3, edge, edge)).totals.macs for edge in (224, 448)
    ]
    for over in ({"res": [96, 128], "H": [64, 96]}, {"H,res": [96, 128]}):
        with pytest.raises(TargetError, match="H is swept twice; res stands for H and W"):
            sweep("mobilenet_v2", over)


def test_a_column_has_one_meaning(tmp_path):
    spec = tmp_path / "net.yaml"
    spec.write_text("archcalc: 1\nparams: {macs: 8}\ninput: 3x8x8\nlayers: [conv macs 1x1]\n", encoding="utf-8")
    with pytest.raises(TargetError, match="'macs' is swept and counted"):
        sweep(str(spec), {"macs": "1..3"})
    assert [row["params"] for row in sweep(str(spec), {"macs": "1..3"}, measures=("params",))] == [4, 8, 12]
    with pytest.raises(TargetError, match="nothing to count"):
        sweep(str(spec), {"macs": "1..3"}, measures=())


def test_points_without_a_network_are_told_by_reason():
    found = sweep("resnet", {"depth": "17..51,abc"})
    assert [row["depth"] for row in found] == [18, 34, 50]
    assert [(held.points, held.first) for held in found.dropped] == [(32, (17,)), (1, ("abc",))]
    # an option is a word, and 1.0 the number 1
    assert len(sweep("squeezenet", {"version": "1.0,1.1"})) == 2


def test_names_that_are_nothing_are_refused_with_what_there_is():
    with pytest.raises(TargetError, match=r"no parameter 'alfa'.*did you mean 'alpha'"):
        sweep("mobilenet_v2", {"alfa": "1,2"})
    with pytest.raises(TargetError, match="has no axis T"):
        sweep("mobilenet_v2", {"T": "1,2"})
    with pytest.raises(TargetError, match=r"nothing called 'mac'.*did you mean"):
        sweep("mobilenet_v2", {"res": "64,96"}, measures=("mac",))


# ── Choosing rows ──


def test_where_sort_first_and_pareto():
    found = sweep("mobilenet_v2", {"alpha": [0.5, 1, 1.4], "res": [96, 224]})
    small = found.where("macs <= 100M", "alpha >= 1")
    assert [(row["alpha"], row["H"]) for row in small] == [(1, 96)]
    assert [row["macs"] for row in found.sorted("-macs").first(2)] == [582195824, 300774272]
    # 582,195,824 and 300,774,272: torchvision's and the paper's networks of width 1.4 and 1.0
    front = found.pareto("macs", "+params")
    assert {(row["alpha"], row["H"]) for row in front} == {(Fraction(1, 2), 96), (1, 96), (Fraction(7, 5), 96)}
    assert len(found.where("macs<=0.1G")) == len(found.where("macs <= 100m")) == 3
    memory = sweep("mobilenet_v2", {"alpha": [1, 1.4]}, measures=("memory",))["memory"].tolist()
    for unit, size in (("MB", 10**6), ("MiB", 2**20)):
        held = sweep("mobilenet_v2", {"alpha": [1, 1.4]}, measures=("memory",)).where(f"memory < 20{unit}")
        assert len(held) == sum(count < 20 * size for count in memory)
    for text in ("macs", "macs < params", "macs <", "macs < 1e9"):
        with pytest.raises(TargetError, match="is no condition"):
            found.where(text)
    with pytest.raises(TargetError, match="no column 'mcs'"):
        found.where("mcs < 3")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30))
def test_a_front_is_what_no_other_row_beats(rows):
    from archcalc.sweep.result import _front

    front = set(_front(list(numpy.array(rows).T)).tolist())
    for at, row in enumerate(rows):
        beaten = any(all(x <= y for x, y in zip(other, row, strict=True)) and other != row for other in rows)
        assert (at in front) != beaten


def test_processes_give_the_same(monkeypatch):
    room = import_module("archcalc.sweep.evaluate")

    monkeypatch.setattr(room, "_PATIENCE", 0.0)
    over = {"depth": "18,34,50,101,152", "res": "64,224"}
    alone, together = sweep("resnet", over), sweep("resnet", over, jobs=2)
    assert [dict(row) for row in alone] == [dict(row) for row in together]


def test_processes_read_a_spec_from_standard_input_too(monkeypatch):
    room = import_module("archcalc.sweep.evaluate")
    text = b"archcalc: 1\nparams: {n: 1}\ninput: 3x8x8\nlayers: [{for: i in range(n), do: conv i+1 1x1}]\n"

    monkeypatch.setattr(room, "_PATIENCE", 0.0)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    found = sweep("-", {"n": "1..12"}, jobs=2)
    # a convolution from i to i + 1 channels has i·(i + 1) weights and i + 1 biases; the first reads 3
    assert [row["params"] for row in found] == [4 + sum((i + 1) ** 2 for i in range(1, n)) for n in range(1, 13)]


# ── The command ──


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def execute(*arguments):
        code = run(["sweep", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


SMALL = ("mobilenet_v2", "--set", "alpha=0.5,1", "--set", "res=192,224")


def test_the_table_reads_well(call):
    code, out, err = call(*SMALL)
    assert (code, err) == (0, "")
    assert "mobilenet_v2: 4 of 4 variants" in out
    assert "300,774,272" in out
    assert max(map(len, out.splitlines())) <= 100
    code, out, err = call("mobilenet_v2", "--set", "res=32..320:8", "--lang", "zh")
    assert "37 个变体中的 20 个" in out
    assert "17 more; --top N shows more" in err


def test_csv_has_every_row(call):
    _, out, _ = call("mobilenet_v2", "--set", "res=32..320:8", "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 37
    assert {"H": "224", "W": "224", "params": "3504872", "macs": "300774272"} in rows


def test_json_follows_its_schema(call):
    _, out, _ = call("alexnet", "--set", "res=20,227", "-f", "json")
    document = json.loads(out)
    schema = json.loads(Path(__file__).parent.parent.joinpath("docs/reference/sweep.schema.json").read_text())
    validate(document, schema)
    assert [row["H"] for row in document["rows"]] == [227]
    assert document["dropped"][0]["first"] == {"H": 20, "W": 20}


def test_a_picture_names_the_front(call):
    code, _, _ = call(*SMALL, "--pareto", "macs,+params", "-o", "front.svg")
    assert code == 0
    drawn = Path("front.svg").read_text()
    assert "alpha=0.5 H=W=192" in drawn
    assert "alpha=1 H=W=224" not in drawn
    code, _, err = call(*SMALL, "-m", "macs", "-o", "front.svg")
    assert (code, "needs two counts" in err) == (2, True)


def test_nothing_left_is_a_finding(call):
    code, _, err = call(*SMALL, "--where", "macs < 1K", "-o", "front.svg")
    assert (code, err.strip(), Path("front.svg").exists()) == (1, "no variant is left to plot", False)
    code, out, _ = call(*SMALL, "--where", "macs < 1K")
    assert code == 1
    assert "0 of 4" in out


def test_wrong_input_is_refused(call):
    for arguments in (
        (),
        ("--set", "alpha"),
        ("--set", "alpha=1", "--set", "alpha=2"),
        ("--set", "alpha=1", "-f", "x"),
    ):
        code, out, err = call("mobilenet_v2", *arguments)
        assert (code, out) == (2, ""), arguments
        assert err


def test_without_numpy_the_command_says_how_to_get_it(tmp_path):
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'numpy' else find(name, *a)\n"
        "from archcalc.cli.entry import run; sys.exit(run(['sweep', 'lenet', '--set', 'classes=2,3']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'archcalc[sweep]'" in done.stderr
