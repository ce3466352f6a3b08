"""Question → Answer: by bisection where a count provably grows, else by trying every value of a stated range."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from archcalc.layers.base import spatial
from archcalc.solve.growth import Found, find
from archcalc.solve.near import Why, beside, fits, nearest, why_not
from archcalc.solve.network import Facts, Network, Refused, Unknown
from archcalc.solve.question import MOST_RUNS, Question
from archcalc.solve.wanted import Wanted, wrong

MOST_LISTED: Final = 20
_DEAD: Final = 8  # repeats that are refused one after the other: more of them will be, too

Progress: TypeAlias = Callable[[Sequence[tuple[Any, ...]]], Iterable[tuple[Any, ...]]]
Goal: TypeAlias = Literal["all", "largest", "smallest"]


class Searched(NamedTuple):
    """What was searched for one unknown, and how."""

    label: str
    values: tuple[Any, ...] | range
    proved: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What fits.

    solutions: those that are listed, smallest first; with a goal other than "all", the best one.
    count: how many there are. others: what lies beside, or nearly fits, for comparison.
    reason: why there is none.
    """

    question: Question
    wanted: Wanted
    goal: Goal
    searched: tuple[Searched, ...]
    solutions: tuple[Facts, ...]
    count: int
    others: tuple[Facts | Refused, ...] = ()
    reason: Why | None = None


def solve(question: Question, wanted: Wanted, progress: Progress = iter, most: int = MOST_LISTED) -> Answer:
    """Return what fits: all values for sizes and equal counts, the best one for a bound.

    Args:
        question: a network with unknowns.
        wanted: what must hold.
        progress: wraps the loop over the values that are tried.
        most: how many solutions are listed.

    Raises:
        TargetError: nothing is wanted, or there are too many values to try.
    """
    if not wanted.texts:
        raise wrong('what is wanted? --output 55x55, --params 35K, or a condition as "macs <= 300M"')
    goal = _goal(wanted)
    if len(question.unknowns) == 1:
        found = find(question.network, question.unknowns[0], wanted)
        if found is not None:
            answer = _from_ranges(question, wanted, goal, found, most)
            if answer is not None:
                return answer
    elif any(unknown.far for unknown in question.unknowns):
        return _mixed(question, wanted, goal, progress, most)
    answer = _from_trials(question, wanted, goal, progress, most)
    if answer.solutions and goal != "all":
        return _refined(answer, progress, most)
    if answer.solutions or len(question.unknowns) > 1:
        return answer
    return _axis_by_axis(question, wanted, progress, most) or answer


def _goal(wanted: Wanted) -> Goal:
    bounds = {(condition.low is None, condition.high is None) for condition in wanted.counts}
    if wanted.form is None and bounds == {(True, False)}:
        return "largest"
    if wanted.form is None and bounds == {(False, True)}:
        return "smallest"
    return "all"


# ── Bisection ──


def _from_ranges(question: Question, wanted: Wanted, goal: Goal, found: Found, most: int) -> Answer | None:
    """Return the answer that ranges give; every number in it comes from a run of its own."""
    (unknown,) = question.unknowns
    bounds = unknown.values
    if unknown.given and isinstance(bounds, range):
        found = found._replace(
            ranges=tuple(values[_at(values, bounds[0]) : _at(values, bounds[-1] + 1)] for values in found.ranges),
            least=max(found.least, bounds[0]),
        )
    first = found.least
    searched = (Searched(unknown.label, range(first, found.most + 1), proved=True),)
    run = question.network.run
    if found.constant:
        condition, value = found.constant
        return Answer(question, wanted, goal, searched, (), 0, reason=Why("constant", condition.text, str(value)))
    start, last = max(values.start for values in found.ranges), min(values.stop for values in found.ranges) - 1
    step = found.ranges[0].step
    same = range(start, last + 1, step)
    choices: Iterable[Any] = same
    count = len(same)
    if not same and found.separate:
        choices, count = product(*found.ranges), _volume(found.ranges)
    if goal != "all" and same:
        choices = (same[-1] if goal == "largest" else same[0],)
    solutions = tuple(run((unknown,), (value,)) for value in islice(choices, most))
    kept = tuple(facts for facts in solutions if isinstance(facts, Facts) and fits(facts, wanted))
    if len(kept) != len(solutions):
        return None  # numbers say no where the formula said yes: try them one by one
    if not kept:  # the largest that has too little, the smallest that has too much
        edges: tuple[int, ...] = (last, start)
    elif goal == "all":
        edges = ()
    else:
        edges = (same[-1] + step,) if goal == "largest" else (same[0] - step,)
    others = tuple(run((unknown,), (value,)) for value in edges if first <= value <= found.most)
    reason = None
    if not kept and found.unmet:
        reason = Why("between" if len(others) > 1 else "never", found.unmet.text)
    elif not kept:
        reason = Why("together")
    return Answer(question, wanted, goal, searched, kept, count, others, reason)


def _at(values: range, bound: int) -> int:
    """Return how many of the values lie below a bound."""
    return max(0, min(len(values), -(-(bound - values.start) // values.step)))


def _volume(ranges: Iterable[range]) -> int:
    result = 1
    for values in ranges:
        result *= len(values)
    return result


# ── Trials ──


def _from_trials(question: Question, wanted: Wanted, goal: Goal, progress: Progress, most: int) -> Answer:
    unknowns = question.unknowns
    runs = _tried(question.network, unknowns, [unknown.values for unknown in unknowns], progress)
    solutions = [facts for facts in runs if isinstance(facts, Facts) and fits(facts, wanted)]
    searched = tuple(Searched(unknown.label, unknown.values, proved=False) for unknown in unknowns)
    if goal == "all":
        listed = tuple(solutions[:most])
        others = () if listed else (*nearest(runs, wanted), *_ending(runs, unknowns))
    else:
        listed = (_best(solutions, wanted, goal),) if solutions else ()
        others = beside(runs, listed, wanted)
    reason = None if solutions else why_not(runs, wanted)
    return Answer(question, wanted, goal, searched, listed, len(solutions), others, reason)


def _ending(runs: list[Facts | Refused], unknowns: tuple[Unknown, ...]) -> tuple[Refused, ...]:
    """Return the first number of repeats that is too many."""
    if unknowns[0].kind != "repeat" or isinstance(runs[-1], Facts):
        return ()
    last = max((at for at, run in enumerate(runs) if isinstance(run, Facts)), default=-1)
    return tuple(run for run in runs[last + 1 : last + 2] if isinstance(run, Refused))


def _tried(
    network: Network, unknowns: tuple[Unknown, ...], values: Sequence[Sequence[Any]], progress: Progress
) -> list[Facts | Refused]:
    runs: list[Facts | Refused] = []
    for combination in progress(_combinations(unknowns, values)):
        runs.append(network.run(unknowns, combination))
        if unknowns[0].kind == "repeat" and len(runs) > _DEAD and _dead(runs):
            break
    return runs


def _combinations(unknowns: tuple[Unknown, ...], values: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    total = 1
    for each in values:
        total *= len(each)
    if total > MOST_RUNS:
        labels = ", ".join(unknown.label for unknown in unknowns)
        raise wrong(f"{total:,} values of {labels} to try, at most {MOST_RUNS:,}; --range narrows them")
    return list(product(*values))


def _dead(runs: Sequence[Facts | Refused]) -> bool:
    # what is refused after n repeats is refused after n + 1
    return all(isinstance(run, Refused) for run in runs[-_DEAD:]) and any(isinstance(run, Facts) for run in runs)


def _refined(answer: Answer, progress: Progress, most: int) -> Answer:
    """Return the answer with the numbers between the best one and its neighbours tried, too."""
    (unknown, *more), best = answer.question.unknowns, answer.solutions[0].values[0]
    if more or unknown.given or not isinstance(unknown.values, range) or unknown.values.step == 1:
        return answer
    step = unknown.values.step
    between = replace(unknown, values=range(max(1, best - step + 1), best + step + 1))
    finer = Question(answer.question.network, (between,))
    found = _from_trials(finer, answer.wanted, answer.goal, progress, most)
    return replace(found, question=answer.question, searched=(*answer.searched, *found.searched))


def _best(solutions: list[Facts], wanted: Wanted, goal: Goal) -> Facts:
    """Return the solution that uses most of a bound, of equal ones the largest value; or the reverse."""
    quantity = wanted.counts[0].quantity
    keys = [(facts.measure(quantity) or 0, at) for at, facts in enumerate(solutions)]
    return solutions[(max(keys) if goal == "largest" else min(keys))[1]]


# ── One by bisection, the others by trial ──


def _mixed(question: Question, wanted: Wanted, goal: Goal, progress: Progress, most: int) -> Answer:
    """Return what fits where one of several unknowns can be bisected for every choice of the others."""
    unknowns = question.unknowns
    at = next(at for at, unknown in enumerate(unknowns) if unknown.far)
    main, others = unknowns[at], unknowns[:at] + unknowns[at + 1 :]
    parts: list[Answer] = []
    for combination in progress(_combinations(others, [unknown.values for unknown in others])):
        part = Question(question.network.given(others, combination), (main,))
        answer = _one(part, wanted, goal, most)
        whole = [run._replace(values=_inserted(combination, at, run.values[0])) for run in answer.solutions]
        parts.append(replace(answer, solutions=tuple(whole)))
    solutions = sorted((facts for part in parts for facts in part.solutions), key=_order(unknowns))
    listed: tuple[Facts, ...] = tuple(solutions[:most])
    rest: tuple[Facts, ...] = ()
    if solutions and goal != "all":
        best = _best(solutions, wanted, goal)
        listed, rest = (best,), tuple(facts for facts in solutions if facts is not best)[:most]
    searched = [Searched(unknown.label, unknown.values, proved=False) for unknown in others]
    searched.insert(at, next((p.searched[0] for p in parts if p.solutions), parts[0].searched[0]))
    reason = None if solutions else next((p.reason for p in parts if p.reason and p.reason.key != "refused"), None)
    reason = reason or (None if solutions else parts[0].reason)
    return Answer(question, wanted, goal, tuple(searched), listed, sum(p.count for p in parts), rest, reason)


def _order(unknowns: tuple[Unknown, ...]) -> Callable[[Facts], list[Any]]:
    """Return the key that sorts by the first unknown first: numbers by size, all else as it was tried."""

    def key(facts: Facts) -> list[Any]:
        return [
            unknown.values.index(value) if unknown.kind == "variant" else value
            for unknown, value in zip(unknowns, facts.values, strict=True)
        ]

    return key


def _one(question: Question, wanted: Wanted, goal: Goal, most: int) -> Answer:
    (unknown,) = question.unknowns
    found = find(question.network, unknown, wanted)
    answer = _from_ranges(question, wanted, goal, found, most) if found else None
    if answer is not None:
        return answer
    ends = [question.network.run((unknown,), (unknown.values[end],)) for end in (0, -1)]
    if isinstance(ends[0], Refused) and isinstance(ends[1], Refused) and ends[0].reason == ends[1].reason:
        searched = (Searched(unknown.label, unknown.values, proved=False),)
        return Answer(question, wanted, goal, searched, (), 0, reason=why_not(ends, wanted))
    return _from_trials(question, wanted, goal, iter, most)


def _inserted(values: tuple[Any, ...], at: int, value: object) -> tuple[Any, ...]:
    return (*values[:at], value, *values[at:])


# ── A value for each axis ──


def _axis_by_axis(question: Question, wanted: Wanted, progress: Progress, most: int) -> Answer | None:
    """Return solutions in which each spatial axis has a value of its own: a kernel 1x7, a padding (0,3)."""
    (unknown,) = question.unknowns
    if unknown.kind not in ("kernel", "stride", "pad", "dilation") or wanted.form is None or not question.network.chain:
        return None
    runs = (question.network.run((unknown,), (value,)) for value in unknown.values)
    axes = next((len(spatial(run.input)) for run in runs if isinstance(run, Facts)), 0)
    if axes < 2:
        return None
    ways = unknown.values[: int(MOST_RUNS ** (1 / axes) / 2)]
    if unknown.kind == "pad":  # totals, from which each axis takes its share
        ways = range(len(ways))
    values = [tuple(choice) for choice in product(ways, repeat=axes) if len(set(choice)) > 1]
    tried = tuple(_padding(totals) for totals in values) if unknown.kind == "pad" else tuple(values)
    apart = Question(question.network, (replace(unknown, values=tried),))
    answer = _from_trials(apart, wanted, "all", progress, most)
    if not answer.solutions:
        return None
    searched = Searched(unknown.label, unknown.values[: len(ways)], proved=False)
    return replace(answer, question=question, searched=(searched,))


def _padding(totals: tuple[int, ...]) -> tuple[int, ...]:
    """Return a padding from the total on each axis; an odd one puts the larger part after.

    >>> _padding((2, 6)), _padding((1, 2))
    ((1, 3), (0, 1, 1, 1))
    """
    if all(total % 2 == 0 for total in totals):
        return tuple(total // 2 for total in totals)
    return tuple(part for total in totals for part in (total // 2, total - total // 2))
