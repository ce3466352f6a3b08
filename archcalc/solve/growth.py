"""Where a count grows with its unknown: proved on free sizes, then found by bisection.

The network is built once with the unknown as a free size, so that every count is a formula. f grows where
f(n + 1) − f(n) ≥ 0 for all n, which the ranges of `archcalc.expression` prove or do not.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from archcalc.errors import ArchcalcError, ShapeError
from archcalc.expression import Expression
from archcalc.solve.network import Network, Unknown
from archcalc.solve.wanted import Condition, Wanted


class Found(NamedTuple):
    """The values of an unknown that fit, one range for each of its names.

    least, most: the smallest and the largest value that is possible. separate: each name may have a value of its
    own, since no wanted count depends on two of them.
    constant: a wanted count that does not depend on the unknown, with its value. unmet: the first condition that no
    value meets, whatever the others ask for.
    """

    ranges: tuple[range, ...]
    least: int
    most: int
    separate: bool = False
    constant: tuple[Condition, int] | None = None
    unmet: Condition | None = None


class _Size(NamedTuple):
    """A name as a free size: step·symbol + rest."""

    symbol: str
    step: int
    rest: int


def find(network: Network, unknown: Unknown, wanted: Wanted) -> Found | None:
    """Return what fits, or None where nothing is proved and the values must be tried one by one."""
    if unknown.far is None or any(condition.quantity == "rf" for condition in wanted.counts):
        return None
    try:
        return _find(network, unknown, wanted, unknown.far)
    except ArchcalcError:  # a rule needs a number there, or cannot decide
        return None


def _find(network: Network, unknown: Unknown, wanted: Wanted, far: int) -> Found | None:
    facts, values = network.free(unknown.names)
    conditions = wanted.conditions(facts.output)
    sizes = [_size(value) for value in values]
    if conditions is None or len({size[1:] for size in sizes if size}) != 1 or None in sizes:
        return None
    known = [size for size in sizes if size]
    step, rest = known[0].step, known[0].rest
    bounds = [value.space.bounds(value) for value in values]
    least = max(low for low, _ in bounds if low is not None)
    most = min([far, *(high for _, high in bounds if high is not None)])
    most -= (most - rest) % step
    within = {size.symbol: (least, most) for size in known}
    separate, unmet = len(known) > 1, None
    for condition in conditions:
        measured: Any = facts.measure(condition.quantity)
        if not isinstance(measured, Expression):
            if not condition.holds(measured):
                return Found((), least, most, constant=(condition, measured))
            continue
        if not all(symbol in within and _grows(measured, symbol) for symbol in measured.symbols):
            return None
        separate = separate and len(measured.symbols) == 1
        low, high = _between(_values(measured, known), condition, least, most, step)
        unmet = unmet or (condition if low > high else None)
        for symbol in measured.symbols:
            within[symbol] = max(low, within[symbol][0]), min(high, within[symbol][1])
    ranges = tuple(range(low, high + 1, step) for low, high in (within[size.symbol] for size in known))
    return Found(ranges, least, most, separate, unmet=unmet)


def _size(value: Any) -> _Size | None:
    if not isinstance(value, Expression) or len(value.symbols) != 1:
        return None
    symbol = value.symbols[0]
    rest = value.evaluate({symbol: 0})
    return _Size(symbol, value.evaluate({symbol: 1}) - rest, rest)


def _values(measured: Expression, sizes: list[_Size]) -> Callable[[int], int]:
    """Return the function: value of the unknown, the same for all its names → count."""
    return lambda value: measured.evaluate({size.symbol: (value - size.rest) // size.step for size in sizes})


def _grows(measured: Expression, symbol: str) -> bool:
    try:
        difference = _moved(measured, symbol) - measured
    except ShapeError:
        return False
    low = measured.space.bounds(difference)[0]
    return low is not None and low >= 0


def _moved(value: Expression, symbol: str) -> Any:
    """Return a formula with `symbol` + 1 in the place of `symbol`."""
    result: Any = 0
    for monomial, coefficient in value.terms.items():
        product: Any = coefficient
        for atom in monomial:
            if atom.divisor:
                product = product * (_moved(Expression(value.space, atom.numerator), symbol) // atom.divisor)
            else:
                product = product * (value.space.symbol(str(atom)) + (1 if atom == symbol else 0))
        result = result + product
    return result


def _between(count: Callable[[int], int], condition: Condition, low: int, high: int, step: int) -> tuple[int, int]:
    """Return the first and the last value in low, low + step … high for which a growing count fits."""
    first, last = low, high
    wanted, bound = condition.low, condition.high
    if wanted is not None:
        first = _first(lambda value: count(value) >= wanted, low, high, step)
    if bound is not None:
        last = _first(lambda value: count(value) > bound, low, high, step) - step
    return first, last


def _first(holds: Callable[[int], bool], low: int, high: int, step: int) -> int:
    """Return the first value for which a condition holds that stays true, or the one after `high`."""
    width = 1
    while low + width * step <= high and not holds(low + width * step):
        width *= 2
    start, stop = 0, min(width, (high - low) // step + 1)
    while start < stop:
        middle = (start + stop) // 2
        if holds(low + middle * step):
            stop = middle
        else:
            start = middle + 1
    return low + start * step
