"""The catalogue of mistakes, and the search for those that give exactly a printed number."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any, Final

from archcalc.errors import ArchcalcError
from archcalc.explain import explain
from archcalc.homework.mistakes import counts, field, layers, shapes
from archcalc.homework.mistakes.kinds import Case, Edit, Finding, Slip
from archcalc.homework.truth import Subject, Value, measure

CATALOGUE: Final = (*layers.EDITS, *counts.SLIPS, *shapes.SLIPS, *field.SLIPS)
MOST: Final = 4

Agrees = Callable[[Value], bool]


def explain_value(case: Case, agrees: Agrees) -> list[Finding]:
    """Return the mistakes that reproduce a value, most plausible first; two at a time only if one does not.

    Args:
        case: the layer and the right value.
        agrees: whether a value is the one printed, exactly or to its digits.
    """
    found: dict[str, Finding] = {}
    for mistake in CATALOGUE:
        if case.quantity in mistake.quantities and mistake.id not in found:
            for value, subject in _made(mistake, case):
                if value is not None and value != case.truth and agrees(value):
                    found[mistake.id] = _finding(mistake, case, value, subject)
                    break
    if len(found) > 1:  # what explains a factor 2 says more than the factor
        found.pop("factor-two", None)
    return list(found.values())[:MOST] or _pairs(case, agrees)


def produce(mistake: Edit | Slip, case: Case) -> Iterator[Value]:
    """Yield the values that a mistake gives in a case; nothing where it cannot be made."""
    for value, _ in _made(mistake, case):
        yield value


def _made(mistake: Edit | Slip, case: Case) -> Iterator[tuple[Value, Subject | None]]:
    """Yield values, each with the changed layer that gives it (None: another calculation)."""
    try:
        if isinstance(mistake, Slip):
            for value in mistake.values(case):
                yield value, None
            return
        for subject in mistake.subjects(case):
            if subject is not None:
                yield measure(subject, case.quantity), subject
    except (ArchcalcError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
        return


def _pairs(case: Case, agrees: Agrees) -> list[Finding]:
    edits = [edit for edit in layers.EDITS if edit.id in layers.COMBINED and case.quantity in edit.quantities]
    for chosen in combinations(edits, 2):
        for first, second in permutations(chosen):
            for value in _both(first, second, case):
                if value is not None and value != case.truth and agrees(value):
                    one, two = _finding(first, case, value, None), _finding(second, case, value, None)
                    both = Finding(f"{one.id}+{two.id}", f"{one.en}; and {two.en}", f"{one.zh}; 且{two.zh}", value)
                    return [both]
    return []


def _both(first: Edit, second: Edit, case: Case) -> Iterator[Value]:
    try:
        for subject in first.subjects(case):
            if subject is None:
                continue
            for changed in second.subjects(case._replace(subject=subject)):
                if changed is not None:
                    yield measure(changed, case.quantity)
    except (ArchcalcError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
        return


def _finding(mistake: Edit | Slip, case: Case, value: Value, subject: Subject | None) -> Finding:
    words: dict[str, Any] = {"channels": _channels(case.subject)}
    sum_ = _arithmetic(subject, case.quantity) if subject is not None else ""
    return Finding(mistake.id, mistake.en.format(**words) + sum_, mistake.zh.format(**words) + sum_, value)


def _arithmetic(subject: Subject, quantity: str) -> str:
    """Return the calculation that the changed layer makes, as `: 16·1·5·5 + 16 = 416`."""
    asked = {"params": "params", "weights": "weight:weight", "macs": "macs", "flops": "macs", "output": "output"}
    if quantity not in asked:
        return ""
    flattens = subject.inputs[0] if subject.op == "fc" and len(subject.inputs[0]) > 2 else None
    try:
        window = None if subject.is_merge else subject.layer.window(subject.inputs[0])
        changed = replace(
            subject.node, op=subject.op, settings=subject.settings, input=subject.inputs, output=subject.y,
            window=window, flattens=flattens,
        )  # fmt: skip
        told = explain(changed, asked[quantity])
    except (ArchcalcError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
        return ""
    return f": {told.values} = {told.value}" if told.values != str(told.value) else ""


def _channels(subject: Subject) -> int:
    x = subject.inputs[0]
    count: int = x[-1] if len(x) <= 2 else x[0]
    return count
