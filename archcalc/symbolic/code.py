"""A report with free sizes → a Python file: functions of whole numbers, or expressions of sympy."""

import keyword
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from archcalc.arithmetic import Number
from archcalc.errors import COMMAND_LINE, Problem, TargetError, visible
from archcalc.expression import Expression
from archcalc.quantities import Shape
from archcalc.report import Node, Report, Totals

FORMATS: Final = ("python", "sympy")
# columns of a layer: name → how it is read from a row
_FACTS: Final[Mapping[str, Callable[[Node], Any]]] = MappingProxyType(
    {
        "output": lambda row: row.output,
        "params": lambda row: row.params,
        "buffers": lambda row: row.buffers,
        "macs": lambda row: row.macs,
        "activations": lambda row: row.activations,
        "memory": lambda row: 4 * row.activations,
    }
)
# names that the files themselves use
_USED: Final = frozenset(
    {"totals", "layers", "_check", "ValueError", "ceiling", "floor", "symbols", "True", "TOTALS", "LAYERS"}
)


def code(report: Report, form: str) -> str:
    """Return the formulas of a report as a file of its own.

    Args:
        report: with free sizes.
        form: `python`: functions `totals` and `layers` of whole numbers, which refuse what lies outside of the domain
            and give what archcalc gives; `sympy`: the same as dictionaries of expressions in positive integers.

    Raises:
        TargetError: no size is free.
    """
    names = free_names(report)
    if not names:
        message = f"the format {form} is for formulas; --sym H,W leaves height and width free"
        raise TargetError([Problem("E033", message, origin=COMMAND_LINE)])
    safe = _identifiers(names)
    head = [
        f"# {visible(report.title)} ({visible(report.target)}): sizes and counts of one sample, by archcalc.",
        "# memory: bytes of a layer's output at 4 a number; macs: multiply-adds.",
    ]
    meanings = [condition for condition in report.domain if "=" in condition.replace(">=", "").replace("<=", "")]
    head += [f"# {visible(meaning)}" for meaning in meanings]
    bounds = [condition for condition in report.domain if condition not in meanings]
    body = _python(report, safe, bounds) if form == "python" else _sympy(report, safe, bounds)
    return "\n".join([*head, "", *([""] if form == "python" else []), *body])


def free_names(report: Report) -> tuple[str, ...]:
    """Return the free sizes that something in a report depends on, sorted.

    >>> from archcalc.api import analyze
    >>> free_names(analyze("vgg/16", symbols=("H", "W")))
    ('H', 'W')
    """
    found: set[str] = set()
    for shape in report.input.values():
        found.update(_names(shape))
    for row in report.rows:
        found.update(_names((*row.output, row.params, row.buffers, row.macs, row.runs)))
    return tuple(sorted(found))


def _names(values: Shape) -> Iterator[str]:
    for value in values:
        if isinstance(value, Expression):
            yield from value.symbols


def _python(report: Report, names: Mapping[str, str], bounds: list[str]) -> Iterator[str]:
    arguments = ", ".join(names.values())
    checks = [_renamed(condition, names) for condition in bounds]
    bounded = {check.partition(" >= ")[0] for check in checks}
    checks += [f"{name} >= 1" for name in names.values() if name not in bounded]
    condition = " and ".join(checks)
    yield f"def _check({arguments}):"
    yield f"    if not ({condition}):"
    yield f"        raise ValueError({f'the formulas hold for {condition}'!r})"
    yield ""
    yield ""
    yield f"def totals({arguments}):"
    yield '    """Return the counts of the whole network."""'
    yield f"    _check({arguments})"
    yield "    return {"
    yield from (f"        {line}" for line in _totals(report, "python", names))
    yield "    }"
    yield ""
    yield ""
    yield f"def layers({arguments}):"
    yield '    """Return output shape and counts of every layer, by path."""'
    yield f"    _check({arguments})"
    yield "    return {"
    yield from (f"        {line}" for line in _layers(report, "python", names))
    yield "    }"


def _sympy(report: Report, names: Mapping[str, str], bounds: list[str]) -> Iterator[str]:
    yield "from sympy import ceiling, floor, symbols"
    yield ""
    listed, words = ", ".join(names.values()), " ".join(names)
    yield f"({listed},) = symbols({words!r}, integer=True, positive=True, seq=True)"
    if bounds:
        yield f"# holds for {visible(', '.join(bounds))}"
    yield "TOTALS = {"
    yield from (f"    {line}" for line in _totals(report, "sympy", names))
    yield "}"
    yield "LAYERS = {"
    yield from (f"    {line}" for line in _layers(report, "sympy", names))
    yield "}"


def _totals(report: Report, notation: str, names: Mapping[str, str]) -> Iterator[str]:
    for name in Totals.__slots__:
        yield f"{name!r}: {_text(getattr(report.totals, name), notation, names)},"
    yield f"'memory': {_text(4 * report.totals.activations, notation, names)},"


def _layers(report: Report, notation: str, names: Mapping[str, str]) -> Iterator[str]:
    for row in report.rows:
        facts = (f"{name!r}: {_text(read(row), notation, names)}" for name, read in _FACTS.items())
        yield f"{row.path!r}: {{{', '.join(facts)}}},"


def _text(value: "Number | Shape", notation: str, names: Mapping[str, str]) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_text(size, notation, names) for size in value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, Expression):
        return _renamed(value.text(notation), names)
    return str(value)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    changed = {name: to for name, to in names.items() if name != to}
    return re.sub(r"[A-Za-z_]\w*\b(?!\()", lambda found: changed.get(found[0], found[0]), text) if changed else text


def _identifiers(names: Sequence[str]) -> dict[str, str]:
    """Return names that neither Python nor the file itself uses for something else, each different.

    >>> _identifiers(["H", "lambda", "lambda_"])
    {'H': 'H', 'lambda': 'lambda__', 'lambda_': 'lambda_'}
    """
    safe = {name: name for name in names if not _is_taken(name)}
    for name in names:
        if name not in safe:
            other = f"{name.strip('_') or 'n'}_"
            while other in safe.values() or _is_taken(other):
                other += "_"
            safe[name] = other
    return {name: safe[name] for name in names}


def _is_taken(name: str) -> bool:
    return name in _USED or name.startswith("__") or keyword.iskeyword(name) or keyword.issoftkeyword(name)
