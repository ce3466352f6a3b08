"""Why nothing fits, and what comes closest: for the reason that an answer gives."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from archcalc.arithmetic import Number
from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.solve.network import Facts, Refused
from archcalc.solve.wanted import Condition, Wanted

_FEW: Final = 12  # so few values are all shown
_TEXT_FAULTS: Final = ("E050", "E052", "E059", "E081", "E082", "E083", "E084", "E088", "P001")


class Why(NamedTuple):
    """Why there is no answer: a key for a sentence and what it is about."""

    key: Literal["refused", "constant", "between", "never", "together", "rank", "nothing"]
    condition: str = ""
    detail: str = ""


def fits(facts: Facts | Refused, wanted: Wanted) -> bool:
    """Tell whether everything that is wanted holds."""
    return isinstance(facts, Facts) and wanted.conditions(facts.output) is not None and not unmet(facts, wanted)


def unmet(facts: Facts, wanted: Wanted) -> list[tuple[Condition, Number | None]]:
    """Return the conditions that do not hold, with what the network has instead."""
    conditions = wanted.conditions(facts.output) or ()
    measured = ((condition, facts.measure(condition.quantity)) for condition in conditions)
    return [(condition, value) for condition, value in measured if value is None or not condition.holds(value)]


def beside(runs: Sequence[Facts | Refused], best: tuple[Facts, ...], wanted: Wanted) -> tuple[Facts | Refused, ...]:
    """Return all other runs where there are few, else what comes closest without fitting."""
    if len(runs) <= _FEW:
        return tuple(run for run in runs if run not in best)
    failing = [(failed[0], run) for run in runs if isinstance(run, Facts) and (failed := unmet(run, wanted))]
    near = [(condition.distance(value), at) for at, ((condition, value), _) in enumerate(failing) if value is not None]
    return (failing[min(near)[1]][1],) if near else ()


def nearest(runs: Sequence[Facts | Refused], wanted: Wanted) -> tuple[Facts | Refused, ...]:
    """Return what comes closest from below and from above to the first condition that never holds."""
    real = [run for run in runs if isinstance(run, Facts)]
    for condition in _conditions(real, wanted):
        pairs = [(value, run) for run in real if (value := run.measure(condition.quantity)) is not None]
        if any(condition.holds(value) for value, _ in pairs) or len({value for value, _ in pairs}) < 2:
            continue
        below = [pair for pair in pairs if condition.low is not None and pair[0] < condition.low]
        above = [pair for pair in pairs if condition.high is not None and pair[0] > condition.high]
        near = [max(below, key=_first)] if below else []
        near += [min(above, key=_first)] if above else []
        return tuple(run for _, run in near)
    return ()


def _first(pair: tuple[Number, Facts]) -> Number:
    return pair[0]


def _conditions(real: Sequence[Facts], wanted: Wanted) -> tuple[Condition, ...]:
    return next((found for run in real if (found := wanted.conditions(run.output)) is not None), ())


def why_not(runs: Sequence[Facts | Refused], wanted: Wanted) -> Why:
    """Return why none of these runs fits."""
    real = [run for run in runs if isinstance(run, Facts)]
    if not real:
        _check_readable(runs)
        reasons = Counter(run.reason for run in runs if isinstance(run, Refused))
        first = next(run.reason for run in runs if isinstance(run, Refused))
        return Why("refused", detail=first if reasons[first] > 1 or len(runs) == 1 else reasons.most_common(1)[0][0])
    conditions = _conditions(real, wanted)
    if not conditions:
        return Why("rank", wanted.texts[0], "x".join(map(str, real[0].output)))
    for condition in conditions:
        values = {run.measure(condition.quantity) for run in real}
        if any(value is not None and condition.holds(value) for value in values):
            continue
        known = sorted(value for value in values if value is not None)
        if not known:
            return Why("nothing", condition.text)
        if len(known) == 1:
            return Why("constant", condition.text, str(known[0]))
        inside = condition.low is not None and known[0] < condition.low <= known[-1]
        detail = f"{known[0]} … {known[-1]}"
        return Why("between" if inside else "never", condition.text, detail)
    return Why("together")


def _check_readable(runs: Sequence[Facts | Refused]) -> None:
    """Raise TargetError where every value meets the same fault of the text: an unknown setting, a missing value."""
    faults = {(run.code, run.reason) for run in runs if isinstance(run, Refused)}
    if len(faults) == 1:
        code, reason = faults.pop()
        if code in _TEXT_FAULTS:
            raise TargetError([Problem(code, reason, origin=COMMAND_LINE)])
