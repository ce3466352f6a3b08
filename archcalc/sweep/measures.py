"""What can be measured at every point of a sweep: totals, memory, and every counting convention."""

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Final, TypeAlias

from archcalc.arithmetic import Number
from archcalc.conventions.apply import count
from archcalc.conventions.catalogue import CONVENTIONS
from archcalc.conventions.catalogue import find as find_convention
from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean
from archcalc.memory import WIDTHS, at_inference
from archcalc.report import Report, Totals

Measure: TypeAlias = Callable[[Report], Number]


def _total(name: str) -> Measure:
    return lambda report: getattr(report.totals, name)


def _memory(report: Report) -> Number:
    """Bytes at inference in float32."""
    return at_inference(report) * WIDTHS["float32"]


# those that are sums over rows, so that equal rounds may be one row counted several times
TOTALS: Final = MappingProxyType({name: _total(name) for name in Totals.__slots__})
OTHERS: Final = MappingProxyType({"memory": _memory})


def find(name: str) -> Measure:
    """Return a measure: a total of the report, `memory`, or a counting convention.

    Raises:
        TargetError: there is none of that name.
    """
    if name in TOTALS:
        return TOTALS[name]
    if name in OTHERS:
        return OTHERS[name]
    word = name.partition("@")[0]
    if word not in CONVENTIONS:
        hint = did_you_mean(name, [*TOTALS, *OTHERS, *CONVENTIONS])
        hint = hint or f"; there are {', '.join([*TOTALS, *OTHERS])}, and what 'archcalc conventions' lists"
        raise TargetError([Problem("E033", f"nothing called '{name}' is counted{hint}", origin=COMMAND_LINE)])
    convention = find_convention(name)
    return lambda report: count(report, convention).total


def merges_rounds(names: Iterable[str]) -> bool:
    """Tell whether equal rounds of a repeat may be one row: whether all measures are sums over rows."""
    return all(name in TOTALS for name in names)
