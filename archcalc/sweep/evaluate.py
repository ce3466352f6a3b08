"""Points of a grid → their counts, by the same rules as a single network, many points at a time.

A box of the grid runs as one network whose parameters are swept numbers. Where the spec asks something that has
different answers in the box (a condition, a repeat, whether shapes are equal), the box is split along the answers and
each part runs again; in the end each part is one graph. Where a check fails at some points, these are dropped.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import product
from math import prod
from time import monotonic
from typing import Any, Final, NamedTuple, TypeAlias

import numpy

from archcalc.analysis import analyze
from archcalc.errors import ArchcalcError, Problem
from archcalc.report import Report
from archcalc.sweep.job import Job
from archcalc.sweep.measures import merges_rounds
from archcalc.sweep.number import Grid, Nowhere, Split, Swept
from archcalc.sweep.ranges import wrong

Array: TypeAlias = Any
Box: TypeAlias = tuple[Array, ...]  # for each axis, the positions of some of its points, ascending

_PATIENCE: Final = 1.0  # seconds before other processors are asked to help
_AT_ONCE: Final = 32  # boxes that travel to another process together
_MOST_RUNS: Final = 200_000
_FIGURE: Final = re.compile(r"-?\d[\d,./]*")


class Dropped(NamedTuple):
    """Points that are no network: how many; of the first its place in the grid, its values, and what is wrong."""

    points: int
    at: int
    first: tuple[Any, ...]
    problem: Problem


class Outcome(NamedTuple):
    """What a box gives: its counts and where they hold; or the boxes it falls into; or why nothing holds in it."""

    values: Mapping[str, Array] = {}
    good: Array = None
    dropped: tuple[Dropped, ...] = ()
    parts: tuple[Box, ...] = ()


@dataclass(slots=True)
class Evaluated:
    """The counts at every point of the grid; `kept` says where they hold."""

    values: dict[str, Array] = field(default_factory=dict)
    kept: Array = None
    dropped: list[Dropped] = field(default_factory=list)


def evaluate(job: Job, jobs: int = 1, progress: Callable[[int, int], None] | None = None) -> Evaluated:
    """Return the counts at every point.

    Args:
        job: what is swept.
        jobs: processors to use where the grid falls into many graphs.
        progress: called with the points that are done, and all points.
    """
    result = Evaluated(kept=numpy.zeros(job.shape, dtype=bool))
    points, done, runs = prod(job.shape), 0, 0
    for box, outcome in _outcomes(job, jobs):
        runs += 1
        if runs > _MOST_RUNS:
            raise wrong(f"the grid falls into more than {_MOST_RUNS:,} different graphs; a smaller one or a sample")
        if outcome.parts:
            continue
        result.dropped += outcome.dropped
        done += prod(len(part) for part in box)
        if outcome.good is not None:
            _scatter(result, job, box, outcome)
        if progress is not None:
            progress(done, points)
    result.dropped = _by_reason(result.dropped)
    return result


def _by_reason(dropped: Iterable[Dropped]) -> list[Dropped]:
    """Return what was dropped with one entry for all points with the same message, whatever its numbers are."""
    reasons: dict[tuple[Any, ...], Dropped] = {}
    for held in dropped:
        problem = held.problem
        reason = (problem.code, problem.place, _FIGURE.sub("", problem.message))
        known = reasons.get(reason, held)
        count = held.points if known is held else held.points + known.points
        reasons[reason] = min(known, held, key=lambda each: each.at)._replace(points=count)
    return sorted(reasons.values(), key=lambda each: each.at)


def _outcomes(job: Job, jobs: int) -> Iterator[tuple[Box, Outcome]]:
    """Run boxes and the boxes that they fall into, until none is left; in parallel once it takes long."""
    pending = _first_boxes(job)
    start = monotonic()
    while pending and not (jobs > 1 and len(pending) > jobs and monotonic() - start > _PATIENCE):
        box = pending.pop()
        outcome = run(job, box)
        pending += outcome.parts
        yield box, outcome
    if not pending:
        return
    with ProcessPoolExecutor(jobs) as pool:
        running: dict[Future[list[Outcome]], list[Box]] = {}
        while pending or running:
            while pending and len(running) < 2 * jobs:
                few = max(1, min(_AT_ONCE, len(pending) // (2 * jobs)))
                boxes, pending = pending[-few:], pending[:-few]
                running[pool.submit(_run_all, job, boxes)] = boxes
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                for box, outcome in zip(running.pop(future), future.result(), strict=True):
                    pending += outcome.parts
                    yield box, outcome


def _run_all(job: Job, boxes: Sequence[Box]) -> list[Outcome]:
    return [run(job, box) for box in boxes]


def _first_boxes(job: Job) -> list[Box]:
    """Return the grid as boxes in which every word, and every option of a variant, is the same."""
    groups: list[list[Array]] = []
    for axis in job.axes:
        options = [name in job.document.variants for name in axis.names]
        if not any(options) and not any(isinstance(value, str) for point in axis.points for value in point):
            groups.append([numpy.arange(len(axis.points))])
            continue
        by_words: dict[tuple[Any, ...], list[int]] = {}
        for at, point in enumerate(axis.points):
            pairs = zip(point, options, strict=True)
            words = tuple(value if option or isinstance(value, str) else None for value, option in pairs)
            by_words.setdefault(words, []).append(at)
        groups.append([numpy.array(group) for group in by_words.values()])
    return [tuple(box) for box in product(*groups)][::-1]


def run(job: Job, box: Box) -> Outcome:
    """Return what a box gives."""
    grid = Grid([len(part) for part in box], merge_rounds=merges_rounds(job.measures))
    axes = tuple(range(len(box)))
    try:
        report = analyze(job.graph(_point(job, box, grid)), job.library.limits)
        values = {name: grid.spread(measure(report), axes) for name, measure in job.measures.items()}
        _check_limits(report, grid, job)
    except Split as split:
        return Outcome(parts=_parts(box, grid, split))
    except Nowhere:
        return _all_dropped(job, box)
    except ArchcalcError as error:
        return _all_dropped(job, box, error.problems[0])
    good = numpy.ones(grid.lengths[: len(box)], dtype=bool)
    dropped: list[Dropped] = []
    for failing, mask in grid.failed:
        hidden = [axis for axis in failing if axis in grid.stands_for]
        if hidden:
            return Outcome(parts=_parts(box, grid, Split(grid.stands_for[hidden[0]])))
        fresh = good & numpy.broadcast_to(_along(mask, failing, axes), good.shape)
        if fresh.any():
            at = numpy.unravel_index(int(fresh.argmax()), fresh.shape)
            point = tuple(int(part[k]) for part, k in zip(box, at, strict=True))
            problem = _problem_at(job, point)
            if problem is None:  # a check that was in doubt: look closer
                return Outcome(parts=_halves(box))
            dropped.append(_dropped(job, int(fresh.sum()), point, problem))
            good &= ~fresh
    return Outcome(values, good, tuple(dropped))


def _point(job: Job, box: Box, grid: Grid) -> list[tuple[Any, ...]]:
    """Return a box as a point: for each axis, the numbers on the grid that its names are."""
    return [
        tuple(
            column[0] if all(value == column[0] for value in column) else grid.axis(at, column)
            for column in zip(*(axis.points[k] for k in part.tolist()), strict=True)
        )
        for at, (axis, part) in enumerate(zip(job.axes, box, strict=True))
    ]


def _check_limits(report: Report, grid: Grid, job: Job) -> None:
    """Note the points with a size or total that a single network would be refused for."""
    limits = job.library.limits
    totals = report.totals
    sizes = (size for shape in (*report.input.values(), *(row.output for row in report.rows)) for size in shape)
    for values, most in ((sizes, limits.dimension), ((totals.params_train, totals.macs_train), limits.total)):
        for value in values:
            if isinstance(value, Swept) and value.bound > most:
                grid.check_at_least(most, value, "")


# ── Boxes that are not of one kind ─────────────────────────────────────────────────────────────────────────────


def _parts(box: Box, grid: Grid, split: Split) -> tuple[Box, ...]:
    """Return the boxes that the answers to a question part a box into."""
    axes, answers = split.axes, split.answers
    while hidden := [axis for axis in axes if axis in grid.stands_for]:  # rounds of a repeat inside a repeat
        axes, answers = grid.stands_for[hidden[0]], None
    if answers is None:
        return _singles(box, min(axes, key=lambda axis: len(box[axis])))
    # along each axis, points with the same answers whatever the other axes are
    groups: dict[int, Array] = {}
    for k, axis in enumerate(axes):
        rows = numpy.moveaxis(answers, k, 0).reshape(answers.shape[k], -1)
        labels: dict[Any, int] = {}
        groups[axis] = numpy.array([labels.setdefault(tuple(row.tolist()), len(labels)) for row in rows])
    several = [axis for axis in axes if groups[axis].max() > 0]
    axis = min(several, key=lambda axis: int(groups[axis].max()))
    kinds = range(int(groups[axis].max()) + 1)
    return tuple((*box[:axis], box[axis][groups[axis] == kind], *box[axis + 1 :]) for kind in kinds)


def _singles(box: Box, axis: int) -> tuple[Box, ...]:
    return tuple((*box[:axis], box[axis][k : k + 1], *box[axis + 1 :]) for k in range(len(box[axis])))


def _halves(box: Box) -> tuple[Box, ...]:
    axis = max(range(len(box)), key=lambda at: len(box[at]))
    middle = len(box[axis]) // 2
    return tuple((*box[:axis], part, *box[axis + 1 :]) for part in (box[axis][:middle], box[axis][middle:]))


def _all_dropped(job: Job, box: Box, problem: Problem | None = None) -> Outcome:
    """Return that nothing in a box is a network, or two boxes to look at closer.

    A check that fails at every point is proof. A `problem` of the box is one of each of its points if it speaks of no
    value that differs between them, so if the corners say it in the same words; else it may only be that a swept number
    stands where the spec needs a plain one.
    """
    ends = product((0, -1), repeat=len(box)) if problem is not None else [(0,) * len(box)]
    corners = sorted({tuple(int(part[k]) for part, k in zip(box, end, strict=True)) for end in ends})
    found = [_problem_at(job, corner) for corner in corners]
    first, count = found[0], prod(len(part) for part in box)
    if first is not None and (count == 1 or problem is None or all(held == problem for held in found)):
        return Outcome(dropped=(_dropped(job, count, corners[0], first),))
    assert count > 1, "a single point runs as a single network"
    return Outcome(parts=_halves(box))


def _problem_at(job: Job, point: Sequence[int]) -> Problem | None:
    """Return what is wrong at one point, as a single network says it; None if nothing is."""
    try:
        values = [axis.points[k] for axis, k in zip(job.axes, point, strict=True)]
        report = analyze(job.graph(values), job.library.limits)
        for measure in job.measures.values():
            measure(report)
    except ArchcalcError as error:
        return error.problems[0]
    return None


def _dropped(job: Job, points: int, first: Sequence[int], problem: Problem) -> Dropped:
    values = tuple(value for axis, k in zip(job.axes, first, strict=True) for value in axis.points[k])
    return Dropped(points, int(numpy.ravel_multi_index(first, job.shape)), values, problem)


def _along(values: Array, axes: Sequence[int], all_axes: Sequence[int]) -> Array:
    lengths = dict(zip(axes, values.shape, strict=True))
    return values.reshape([lengths.get(axis, 1) for axis in all_axes])


def _scatter(result: Evaluated, job: Job, box: Box, outcome: Outcome) -> None:
    whole = all(len(part) == length for part, length in zip(box, job.shape, strict=True))
    at = numpy.ix_(*box)
    for name, values in outcome.values.items():
        if whole:
            result.values[name] = values
            continue
        held = result.values.get(name)
        if held is None:
            held = numpy.zeros(job.shape, dtype=values.dtype)
        elif values.dtype == object:
            held = held.astype(object)
        held[at] = values
        result.values[name] = held
    result.kept[at] = outcome.good
