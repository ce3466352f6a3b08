"""Free sizes: canonical forms, bounds and printing, against the int engine, brute force and sympy."""

from fractions import Fraction

import pytest
from helpers import EXAMPLE_LIBRARY
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archcalc.arithmetic as rules
from archcalc.api import analyze
from archcalc.errors import ShapeError
from archcalc.expression import Expression, Space, is_equal, is_less
from archcalc.layers import build

small = st.integers(1, 7)
numbers = st.integers(-9, 9)


def step(name, *arguments):
    return st.tuples(st.just(name), st.tuples(*arguments))


ONE, NONE, PAD = st.just(1), st.just(0), st.integers(0, 4)
STRIDE = st.integers(1, 4)
windows = step("window", small, STRIDE, st.integers(1, 3), PAD, PAD)
steps = st.one_of(
    windows,
    step("ceil", small, STRIDE, ONE, PAD, PAD),
    step("same", STRIDE),
    step("transposed", small, STRIDE, ONE, PAD, PAD, NONE),
    step("times", STRIDE),
    step("crop", small),
)


def run(chain, size):
    for name, arguments in chain:
        if name in ("window", "ceil"):
            size = rules.out_size(size, *arguments, ceil=name == "ceil")
        elif name == "same":
            size = rules.ceil_div(size, *arguments)
        elif name == "transposed":
            size = rules.transposed_size(size, *arguments)
        elif name == "times":
            size = size * arguments[0]
        else:
            rules.check_at_least(size, arguments[0] + 1, "nothing left")
            size = size - arguments[0]
    return size


def numbers_of(sizes, values):
    return tuple(size if isinstance(size, int) else size.evaluate(values) for size in sizes)


def least_of(space, name="H"):
    found = [int(line.split(" >= ")[1]) for line in space.domain() if line.startswith(f"{name} >= ")]
    return found[0] if found else 1


@given(st.lists(steps, min_size=1, max_size=6))
@settings(deadline=None)
def test_a_chain_on_a_free_size_is_the_int_engine_on_the_whole_domain(chain):
    space = Space()
    try:
        size = run(chain, space.symbol("H"))
    except ShapeError as error:
        assume("cannot prove" not in str(error))
        for number in range(1, 60):
            with pytest.raises(ShapeError):
                run(chain, number)
        return
    least = least_of(space)
    assert not any("<=" in line for line in space.domain())
    for number in [*range(least, least + 70), 10**6, 10**6 + 1]:
        expected = run(chain, number)
        assert expected == (size if isinstance(size, int) else size.evaluate({"H": number}))


@given(st.lists(windows, min_size=1, max_size=6))
@settings(deadline=None)
def test_the_bound_of_a_chain_of_windows_is_the_weakest_one(chain):
    space = Space()
    run(chain, space.symbol("H"))
    for number in range(1, least_of(space)):
        with pytest.raises(ShapeError):
            run(chain, number)


@given(st.lists(windows, min_size=1, max_size=5))
@settings(deadline=None)
def test_a_chain_of_windows_stays_one_atom(chain):
    size = run(chain, Space().symbol("H"))
    assert isinstance(size, Expression)
    text = size.text("math")
    assert text.count("⌊") + text.count("⌈") <= 1


def linear(symbols):
    """Sums of floors of one symbol each, with what Python computes for numbers."""
    leaf = st.sampled_from(symbols).map(lambda name: lambda values: values[name])
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, numbers).map(lambda p: lambda values: p[0](values) + p[1]),
            st.tuples(inner, numbers).map(lambda p: lambda values: p[0](values) * p[1]),
            st.tuples(inner, small).map(lambda p: lambda values: p[0](values) // p[1]),
            st.tuples(inner, inner).map(lambda p: lambda values: p[0](values) + p[1](values)),
            st.tuples(inner, inner).map(lambda p: lambda values: p[0](values) - p[1](values)),
        ),
        max_leaves=4,
    )


@given(linear(["H"]), linear(["H"]))
@settings(deadline=None)
def test_comparisons_agree_with_brute_force(left, right):
    space = Space()
    a, b = left({"H": space.symbol("H")}), right({"H": space.symbol("H")})
    pairs = [(left({"H": number}), right({"H": number})) for number in range(1, 400)]
    less = {x < y for x, y in pairs}
    equal = {x == y for x, y in pairs}
    assert is_less(a, b) in (None, *(less if len(less) == 1 else ()))
    assert is_equal(a, b) in (None, *(equal if len(equal) == 1 else ()))


@given(linear(["H"]), linear(["W"]), st.integers(1, 300), st.integers(1, 300))
@settings(deadline=None)
def test_evaluation_commutes_with_arithmetic(left, right, height, width):
    space = Space()
    free = {"H": space.symbol("H"), "W": space.symbol("W")}
    held = {"H": height, "W": width}

    def work(values):
        a, b = left(values), right(values)
        return a * b + a, (a * b) // 3, (a + b) % 4, a**2 - b

    assert numbers_of(work(free), held) == work(held)


@given(linear(["H", "W"]), st.integers(1, 300), st.integers(1, 300))
@settings(deadline=None)
def test_every_text_has_the_value(build, height, width):
    space = Space()
    value = build({"H": space.symbol("H"), "W": space.symbol("W")})
    assume(isinstance(value, Expression))
    names = {"H": height, "W": width}
    assert eval(value.text("python"), {"__builtins__": {}}, names) == value.evaluate(names)
    for notation in ("math", "compact", "ascii", "latex"):
        assert value.text(notation)


@given(linear(["H", "W"]))
@settings(deadline=None)
def test_bounds_hold(build):
    space = Space()
    value = build({"H": space.symbol("H", least=3), "W": space.symbol("W")})
    low, high = space.bounds(value)
    for height in range(3, 30):
        for width in range(1, 30):
            number = build({"H": height, "W": width})
            assert low is None or low <= number
            assert high is None or number <= high


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_polynomials_are_identical_exactly_if_sympy_expands_them_to_the_same(data):
    sympy = pytest.importorskip("sympy")
    space = Space()
    ours = {name: space.symbol(name) for name in "CHW"}
    theirs = {name: sympy.Symbol(name) for name in "CHW"}

    def build(draw, values):
        total = draw[0]
        for coefficient, first, second, more in draw[1]:
            total = (total + coefficient * values[first]) * (values[second] - more)
        return total

    piece = st.tuples(numbers, st.sampled_from("CHW"), st.sampled_from("CHW"), numbers)
    one, two = (data.draw(st.tuples(numbers, st.lists(piece, max_size=3))) for _ in range(2))
    same = sympy.expand(build(one, theirs) - build(two, theirs)) == 0
    assert (build(one, ours) == build(two, ours)) is same
    poly = build(one, ours)
    if isinstance(poly, Expression):
        assert sympy.expand(sympy.sympify(poly.text("python")) - build(one, theirs)) == 0


@given(numbers, st.integers(1, 6), st.integers(1, 6), numbers)
def test_the_identities(c, j, k, z):
    H = Space().symbol("H")
    assert (k * H + z) // k == H + z // k
    assert (H // j + c) // k == (H + c * j) // (j * k)
    assert H // k + c == (H + c * k) // k


def test_the_sizes_of_resnet():
    # conv1 7x7 /2 pad 3, pool 3x3 /2 pad 1, then three 3x3 /2 pad 1: halved five times, rounding up
    sizes = [Space().symbol("H")]
    for kernel, pad in ((7, 3), (3, 1), (3, 1), (3, 1), (3, 1)):
        sizes.append(rules.out_size(sizes[-1], kernel, 2, 1, pad, pad))
    assert [size.text() for size in sizes[1:]] == ["⌈H/2⌉", "⌈H/4⌉", "⌈H/8⌉", "⌈H/16⌉", "⌈H/32⌉"]
    # the 1x1 /2 shortcut makes the same size: ⌊(n − 1)/2⌋ + 1
    assert rules.out_size(sizes[2], 1, 2, 1, 0, 0) == sizes[3]


def test_the_macs_of_resnet_152():
    report = analyze("resnet/152", symbols=("C", "H", "W"))
    macs = report.totals.macs
    # conv1 has 64·49·C weights; the classifier 2048·1000; the other factors are checked by the total
    assert macs.text().startswith("3136·C·⌈H/2⌉·⌈W/2⌉ + 245760·⌈H/4⌉·⌈W/4⌉ + ")
    assert macs.text().endswith(" + 2048000")
    assert macs.text().count(" + ") == 5
    # the totals of the language reference's examples; torchvision prints 11.51 GFLOPS
    assert macs.evaluate({"C": 3, "H": 224, "W": 224}) == 11_513_626_624
    assert report.domain == ()


# language reference, section 14
@pytest.mark.parametrize(
    ("target", "outputs", "macs"),
    [
        ("yolov3", ["255xhxw", "255x2hx2w", "255x4hx4w"], "194864128·h·w"),
        ("unet", ["2x(16h−172)x(16w−172)"], "187875328·h·w − 1314256896·(h + w) + 12279130368"),
        ("fcn", ["21xHxW"], None),
        ("segnet", ["12xHxW"], None),
        ("deeplab_v3", ["21xHxW"], None),
    ],
)
def test_the_table_of_free_sizes(target, outputs, macs):
    report = analyze(target, symbols=("H", "W"), library=EXAMPLE_LIBRARY)
    assert ["x".join(str(size) for size in shape) for shape in report.outputs.values()] == outputs
    assert macs in (None, report.totals.macs.text())


SIZES = {"vgg/16": (32, 63, 224), "googlenet": (79, 224, 331), "fcn": (1, 8, 500)}


@pytest.mark.parametrize("target", SIZES)
def test_a_network_with_free_sizes_is_the_network_with_numbers(target):
    free = analyze(target, symbols=("H", "W"))
    for height, width in zip(SIZES[target], reversed(SIZES[target]), strict=True):
        values = {"H": height, "W": width}
        fixed = analyze(target, input=(3, height, width))
        for row, other in zip(free.rows, fixed.rows, strict=True):
            assert numbers_of(row.output, values) == other.output
            assert numbers_of((row.macs, row.params), values) == (other.macs, other.params)


def test_conditions_become_bounds():
    space = Space()
    H, C = space.symbol("H"), space.symbol("C")
    rules.check_at_least((H - 3) // 2 + 1, 3, "too small")
    assert space.domain() == ("H >= 7",)
    rules.check_at_least(64, C, "too many channels")
    assert space.domain() == ("H >= 7", "C <= 64")
    with pytest.raises(ShapeError, match="never"):
        rules.check_at_least(C, 65, "never")
    assert rules.largest(H, 7) is H
    assert rules.smallest(C, 64) is C


def test_a_free_setting_gets_the_bound_of_its_field():
    space = Space()
    build("conv", {"out": space.symbol("C") - 5, "kernel": 3, "pad": space.symbol("P") - 2})
    assert space.domain() == ("C >= 6", "P >= 2")


def test_what_is_not_proved_is_refused():
    space = Space()
    H, W = space.symbol("H"), space.symbol("W")
    with pytest.raises(ShapeError, match="cannot prove"):
        rules.check_at_least(H + W, 5, "too small")
    with pytest.raises(ShapeError, match="cannot prove which is larger"):
        rules.largest(H, 7)
    with pytest.raises(ShapeError, match="cannot prove that 2 divides H"):
        rules.check_divides(2, H, "odd")
    with pytest.raises(ShapeError, match="odd"):
        rules.check_divides(2, 2 * H + 1, "odd")
    with pytest.raises(ShapeError, match="cannot prove that H divides 96"):
        rules.check_divides(H, 96, "no")
    with pytest.raises(ShapeError, match="cannot prove that H = W"):
        rules.check_equal(H, W, "differ")
    with pytest.raises(ShapeError, match="differ"):
        rules.check_equal(2 * H, 2 * W + 1, "differ")
    with pytest.raises(ShapeError, match="cannot decide whether H < 7"):
        sorted([7, H])
    with pytest.raises(ShapeError, match="cannot decide"):
        bool(H - W)


def test_division_is_exact_where_it_can_be():
    space = Space()
    H, W = space.symbol("H"), space.symbol("W")
    assert (H * W + 3 * W) // W == H + 3
    assert rules.exact_div(6 * H * H, 2 * H) == 3 * H
    assert H * (H + 1) % 2 != 0
    rules.check_divides(2, H * (H + 1), "a product of neighbours is even")
    assert Fraction(1, 2) * (4 * H) == 2 * H
    with pytest.raises(ShapeError, match="cannot prove"):
        H // W


def test_fractions_compare_as_numbers():
    H = Space().symbol("H", least=3)
    assert is_less(Fraction(5, 2), H) is True
    assert is_less(H, Fraction(5, 2)) is False
    assert is_less(H, Fraction(7, 2)) is None
    assert is_equal(H, Fraction(7, 2)) is False
    assert is_equal(Fraction(1, 2), Fraction(1, 2)) is True


def test_a_constant_is_an_int():
    H = Space().symbol("H")
    assert type(H - H + 7) is int
    assert type(H * 0) is int
    assert type((2 * H + 1) // 2 - H) is int


GROWTH = {
    "squares": lambda x: x * x,
    "multiples": lambda x: x * 10**9,
    "nested floors": lambda x: (3 * x + 1) // 2 * 3 + x,
    "powers of sums": lambda x: (x + Space().symbol("W")) ** 20,
}


@pytest.mark.parametrize("kind", GROWTH)
def test_hostile_growth_ends(kind):
    def grow():
        size = Space().symbol("H")
        for _ in range(500):
            size = GROWTH[kind](size)

    with pytest.raises(ShapeError, match="a free size has"):
        grow()


def test_notations():
    space = Space()
    H, C = space.symbol("H"), space.symbol("c_H")
    size = 3 * C * ((H + 3) // 4) ** 2 - H // 2
    assert size.text() == "3·⌈H/4⌉²·c_H − ⌊H/2⌋"
    assert size.text("ascii") == "3*ceil(H/4)^2*c_H - floor(H/2)"
    assert size.text("python") == "3*(-(-H//4))**2*c_H - (H//2)"
    assert size.text("latex") == r"3 \cdot \lceil H/4 \rceil^{2} \cdot c\_H - \lfloor H/2 \rfloor"
    assert str(16 * H - 172) == "(16H−172)"
    assert str((H - 1) // 2) == "⌊(H−1)/2⌋"
