"""One arithmetic, four kinds of number: rules on ints, arrays, traced numbers and free sizes say the same.

Each rule of each layer type runs four times. The int run is the measure: arrays must equal it element by
element, traced numbers must equal it, and free sizes must equal it wherever their domain holds.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from itertools import product
from math import ceil, prod
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import SAMPLES, Sample

from archcalc import arithmetic
from archcalc.errors import ShapeError
from archcalc.expression import Expression, Space
from archcalc.layers.base import Merge
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.layers.settings import Reference
from archcalc.quantities import OP_KINDS
from archcalc.term import Term, tree_of, value_of

REFUSALS = (ShapeError, ValidationError)
STEPS = 5
NUMBERS_ONLY = {"layers", "biases", "axis", "steps", "parts", "k", "p"}
GRID = (1, 2, 3, 4, 5, 7, 12, 30)

Facts: TypeAlias = dict[str, tuple[Any, ...]]
every_type = pytest.mark.parametrize("op", SAMPLES)
examples = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def facts(sample: Sample) -> Facts:
    """Return everything that the rules of a layer say, as tuples of numbers."""
    layer = sample.layer()
    merges = isinstance(layer, Merge)
    x: Any = sample.inputs if merges else sample.x
    y = layer.output_shape(x)
    ops, window = layer.ops(x, y), layer.window(x)
    said: Facts = {"output": y, **{kind: (getattr(ops, kind),) for kind in OP_KINDS}}
    if not merges:
        said |= {f"{weight.kind} {weight.name}": weight.shape for weight in layer.weights(x)}
        said["runs"] = (layer.run_factor(),)
    if window is not None:
        sides = ("kernel", "stride", "dilation", "before", "after")
        said |= {f"window {side}": getattr(window, side) for side in sides}
    return said


def attempt(sample: Sample) -> Facts | ShapeError | ValidationError:
    """Return what the rules say, or why they refuse."""
    try:
        return facts(sample)
    except REFUSALS as refusal:
        return refusal


def replaced(value: Any, change: Callable[[int], Any]) -> Any:
    """Return a setting or shape with every number changed; words, flags and the −1 of reshape stay."""
    if isinstance(value, Reference):
        return Reference(value.path, replaced(value.shape, change))
    if isinstance(value, (tuple, list)):
        return type(value)(replaced(item, change) for item in value)
    if isinstance(value, Mapping):
        return {name: replaced(item, change) for name, item in value.items()}
    return change(value) if type(value) is int and value >= 0 else value


def resized(sample: Sample, change: Callable[[int], Any]) -> Sample:
    """Return the sample with the sizes of its inputs and referenced layers changed, equal ones alike."""
    chosen = {name: replaced(value, change) if _refers(value) else value for name, value in sample.settings.items()}
    return Sample(sample.op, chosen, replaced(sample.inputs, change))


def _refers(value: Any) -> bool:
    return isinstance(value, Reference) or (isinstance(value, tuple) and any(map(_refers, value)))


def sizes(sample: Sample) -> list[int]:
    """Return the different sizes of the inputs."""
    return sorted({size for x in sample.inputs for size in x})


def test_every_type_of_the_catalogue_has_samples() -> None:
    assert set(SAMPLES) == {*LAYERS, *MERGES}


# ── Arrays ─────────────────────────────────────────────────────────────────────────────────────────────


@every_type
@examples
@given(data=st.data())
def test_arrays_equal_ints_element_by_element(op: str, data: st.DataObject) -> None:
    numpy = pytest.importorskip("numpy")
    sample: Sample = data.draw(SAMPLES[op])
    growth = {size: data.draw(st.integers(0, 2), label=f"growth of {size}") for size in sizes(sample)}

    def grown(step: Any) -> Sample:
        return resized(sample, lambda size: size + growth[size] * step if growth.get(size) else size)

    each = [attempt(grown(step)) for step in range(STEPS)]
    together = attempt(grown(numpy.arange(STEPS)))
    if any(isinstance(one, REFUSALS) for one in each):
        assert isinstance(together, REFUSALS)
        return
    assert isinstance(together, dict), f"{together} on arrays, but not on ints"
    for step, one in enumerate(each):
        assert isinstance(one, dict)
        at = {name: tuple(_at(number, step) for number in numbers) for name, numbers in together.items()}
        assert at == one


def _at(number: Any, step: int) -> int:
    return number if isinstance(number, int) else int(number[step])


# ── Traced numbers ─────────────────────────────────────────────────────────────────────────────────────


@every_type
@examples
@given(data=st.data())
def test_traced_numbers_equal_ints(op: str, data: st.DataObject) -> None:
    sample: Sample = data.draw(SAMPLES[op])
    plain = attempt(sample)
    traced = attempt(Sample(op, replaced(sample.settings, _named), replaced(sample.inputs, _named)))
    if isinstance(plain, REFUSALS):
        assert isinstance(traced, REFUSALS)
        return
    assert traced == plain
    for numbers in traced.values():  # the text of a number is computed apart from the number
        assert [value_of(tree_of(number)) for number in numbers] == list(numbers)


def _named(number: int) -> Term:
    return Term.named(f"n{number}", number)


# ── Free sizes ─────────────────────────────────────────────────────────────────────────────────────────


def undecided(said: object) -> bool:
    """Tell whether free sizes are refused because the answer is not the same for all sizes."""
    return isinstance(said, ShapeError) and said.message.startswith(("cannot prove", "cannot decide"))


def in_domain(space: Space, values: Mapping[str, int]) -> bool:
    """Tell whether these sizes satisfy all conditions of a domain, as they are printed."""
    holds = {">=": int.__ge__, "<=": int.__le__}
    conditions = (condition.split() for condition in space.domain())
    return all(holds[relation](values[name], int(bound)) for name, relation, bound in conditions)


def compare_on_domain(
    said: Facts | ShapeError,
    space: Space,
    at: Callable[[Mapping[str, int]], Sample],
    names: list[str],
    data: st.DataObject,
) -> None:
    """Compare what free sizes say with what ints say, on points of the domain."""
    for _ in range(STEPS):
        values = {name: data.draw(st.integers(1, 40), label=name) for name in names}
        plain = attempt(at(values))
        if isinstance(said, ShapeError):
            assert isinstance(plain, REFUSALS), f"{said}, but not with {values}"
        elif in_domain(space, values):
            assert isinstance(plain, dict), f"{plain} with {values}, in the domain {space.domain()}"
            evaluated = {name: tuple(_value(number, values) for number in row) for name, row in said.items()}
            assert evaluated == plain


def _value(number: Any, values: Mapping[str, int]) -> Any:
    return number.evaluate(values) if isinstance(number, Expression) else number


@every_type
@examples
@given(data=st.data())
def test_free_sizes_equal_ints_on_their_domain(op: str, data: st.DataObject) -> None:
    sample: Sample = data.draw(SAMPLES[op])
    space = Space()
    chosen = data.draw(st.sets(st.sampled_from(sizes(sample)), min_size=1, max_size=3), label="free")
    symbols = {size: space.symbol(f"n{size}") for size in chosen}
    names = [f"n{size}" for size in chosen]

    def at(values: Mapping[str, int]) -> Sample:
        return resized(sample, lambda size: values[f"n{size}"] if size in chosen else size)

    said = attempt(resized(sample, lambda size: symbols.get(size, size)))
    assert not isinstance(said, ValidationError) or isinstance(attempt(sample), ValidationError)
    if isinstance(said, ValidationError):
        return
    if not undecided(said):
        compare_on_domain(said, space, at, names, data)
    elif "which is larger" not in str(said):  # that may change from size to size; a refusal must be met
        grid = (dict(zip(names, point, strict=True)) for point in product(GRID, repeat=len(names)))
        assert any(in_domain(space, values) and isinstance(attempt(at(values)), REFUSALS) for values in grid), said


@every_type
@examples
@given(data=st.data())
def test_free_settings_equal_ints_on_their_domain(op: str, data: st.DataObject) -> None:
    sample: Sample = data.draw(SAMPLES[op])
    numbers = [name for name, value in sample.settings.items() if _is_free(value)]
    if not numbers:
        return
    space = Space()
    chosen = data.draw(st.sets(st.sampled_from(numbers), min_size=1, max_size=2), label="free")

    def at(values: Mapping[str, Any]) -> Sample:
        freed = {name: replaced(sample.settings[name], partial(_instead, to)) for name, to in values.items()}
        return Sample(op, {**sample.settings, **freed}, sample.inputs)

    said = attempt(at({name: space.symbol(name) for name in chosen}))
    if isinstance(said, ValidationError):  # repeats, axes and ranks are numbers (language reference, section 14)
        assert chosen & NUMBERS_ONLY
    elif not undecided(said):
        compare_on_domain(said, space, at, sorted(chosen), data)


def _instead(of_all: Any, _: int) -> Any:
    return of_all


def _is_free(value: Any) -> bool:
    return value != 0 and not _refers(value) and replaced(value, str) != value


# ── The functions by themselves ────────────────────────────────────────────────────────────────────────

WHOLE = st.integers(-50, 50)
DIVISOR = st.integers(1, 9)
quick = settings(max_examples=300, deadline=None, derandomize=True)


@quick
@given(a=WHOLE, b=WHOLE, d=DIVISOR)
def test_functions_equal_their_definitions(a: int, b: int, d: int) -> None:
    assert arithmetic.largest(a, b) == max(a, b)
    assert arithmetic.smallest(a, b) == min(a, b)
    assert arithmetic.ceil_div(a, d) == ceil(Fraction(a, d))
    assert arithmetic.exact_div(a * d, d) == a


@quick
@given(values=st.lists(WHOLE))
def test_sums_and_products_start_from_nothing(values: list[int]) -> None:
    assert arithmetic.total(values) == sum(values)
    assert arithmetic.volume(values) == prod(values)


@quick
@given(rows=st.lists(st.tuples(WHOLE, WHOLE, DIVISOR), min_size=1))
def test_functions_work_element_by_element(rows: list[tuple[int, int, int]]) -> None:
    numpy = pytest.importorskip("numpy")
    functions: Any = arithmetic
    a, b, d = (numpy.array(column) for column in zip(*rows, strict=True))
    assert [*functions.largest(a, b)] == [max(x, y) for x, y, _ in rows]
    assert [*functions.smallest(a, b)] == [min(x, y) for x, y, _ in rows]
    assert [*functions.ceil_div(a, d)] == [ceil(Fraction(x, z)) for x, _, z in rows]
    assert [*functions.exact_div(a * d, d)] == [*a]


@quick
@given(rows=st.lists(st.tuples(WHOLE, WHOLE, DIVISOR), min_size=1))
def test_one_bad_element_is_enough(rows: list[tuple[int, int, int]]) -> None:
    numpy = pytest.importorskip("numpy")
    a, b, d = (numpy.array(column) for column in zip(*rows, strict=True))
    assert refuses(arithmetic.check_at_least, a, b) == any(x < y for x, y, _ in rows)
    assert refuses(arithmetic.check_equal, a, b) == any(x != y for x, y, _ in rows)
    assert refuses(arithmetic.check_divides, d, a) == any(x % z for x, _, z in rows)
    for x, y, z in rows:
        assert refuses(arithmetic.check_at_least, x, y) == (x < y)
        assert refuses(arithmetic.check_equal, x, y) == (x != y)
        assert refuses(arithmetic.check_divides, z, x) == (x % z != 0)


def refuses(check: Callable[[Any, Any, str], None], a: Any, b: Any) -> bool:
    """Tell whether a check raises, with the message it was given."""
    try:
        check(a, b, "so it is")
    except ShapeError as refusal:
        return refusal.message == "so it is"
    return False


AXIS = {"n": st.integers(1, 15), "k": st.integers(1, 5), "s": st.integers(1, 6), "d": st.integers(1, 3)}
PADS = {"p": st.integers(0, 4), "q": st.integers(0, 4)}


@quick
@given(**AXIS, **PADS)
def test_windows_are_those_that_fit(n: int, k: int, s: int, d: int, p: int, q: int) -> None:
    assume(q <= (k - 1) * d)  # else floor, too, has windows that see the far padding only
    line = range(n + p + q)
    starts = [start for start in line[::s] if all(start + tap * d in line for tap in range(k))]
    if not starts:
        with pytest.raises(ShapeError, match="larger than the padded input"):
            arithmetic.out_size(n, k, s, d, p, q)
        return
    assert arithmetic.out_size(n, k, s, d, p, q) == len(starts)
    if starts[-1] + (k - 1) * d < line[-1]:  # something is left over: a last window that hangs over sees it
        starts.append(starts[-1] + s)
    if starts[-1] >= n + p:  # it must not start in the far padding
        starts.pop()
    assert arithmetic.out_size(n, k, s, d, p, q, ceil=True) == len(starts)


@quick
@given(**AXIS, **PADS, extra=st.integers(0, 3))
def test_transposed_windows_cover_the_output(n: int, k: int, s: int, d: int, p: int, q: int, extra: int) -> None:
    reached = {at * s + tap * d for at in range(n) for tap in range(k)}
    size = max(reached) + 1 - p - q + extra
    if size < 1:
        with pytest.raises(ShapeError, match="less padding"):
            arithmetic.transposed_size(n, k, s, d, p, q, extra)
    else:
        assert arithmetic.transposed_size(n, k, s, d, p, q, extra) == size
