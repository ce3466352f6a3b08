"""Points of a grid → their counts, by the same rules as a single network, many points at a time.

A box of the grid runs as one network whose parameters are swept numbers. Where the spec asks something that has
different answers in the box (a condition, a repeat, whether shapes are equal), the box is split along the answers and
each part runs again; in the end each part is one graph. Where a check fails at some points, these are dropped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import product
from math import prod
from time import monotonic
from typing import Any, Final, NamedTuple, TypeAlias

import numpy

from archcalc.analysis import analyze
from archcalc.api import load_choice, open_document
from archcalc.arithmetic import Number
from archcalc.errors import COMMAND_LINE, ArchcalcError, Problem, TargetError, did_you_mean
from archcalc.layers.axes import axis_index
from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.spec.document import Document
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes, evaluate_parameters
from archcalc.spec.target import Choice, choose, parse_target
from archcalc.sweep.number import Grid, Nowhere, Split, Swept
from archcalc.sweep.ranges import Axis

Array: TypeAlias = Any
Box: TypeAlias = tuple[Array, ...]  # for each axis, the positions of some of its points, ascending
Measures: TypeAlias = Mapping[str, Callable[[Report], Number]]

_PATIENCE: Final = 1.0  # seconds before other processors are asked to help
_MOST_RUNS: Final = 200_000


class Dropped(NamedTuple):
    """Points that are no network: how many, the first of them, and what is wrong there."""

    points: int
    first: tuple[Any, ...]
    problem: Problem


class Outcome(NamedTuple):
    """What a box gives: its counts and where they hold; or the boxes it falls into; or why nothing holds in it."""

    values: Mapping[str, Array] = {}
    good: Array = None
    dropped: tuple[Dropped, ...] = ()
    parts: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """All that the run of a box needs beside the box."""

    document: Document
    choice: Choice
    library: Library
    folder: Any
    target: str
    axes: tuple[Axis, ...]
    params: Mapping[str, Any]
    inputs: Mapping[str, Shape]
    measures: Measures
    merge_rounds: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each axis."""
        return tuple(len(axis.points) for axis in self.axes)


@dataclass(slots=True)
class Evaluated:
    """The counts at every point of the grid; `kept` says where they hold."""

    values: dict[str, Array] = field(default_factory=dict)
    kept: Array = None
    dropped: list[Dropped] = field(default_factory=list)


def prepare(
    target: str,
    axes: tuple[Axis, ...],
    params: Mapping[str, Any],
    inputs: Mapping[str, Shape],
    library: Library,
    measures: Measures,
    *,
    merge_rounds: bool,
) -> Job:
    """Return the job of a sweep.

    Raises:
        ArchcalcError: the target is wrong, or a name that is neither a parameter nor an axis of the input.
    """
    parsed = parse_target(target)
    document, folder = open_document(parsed, library)
    choice = choose(document, parsed.net, parsed.options)
    known = _parameters(document, choice)
    axes = tuple(_resolutions(axis, known) for axis in axes)
    for axis in axes:
        for name in axis.names:
            if name in params:
                raise _fault(f"'{name}' is swept and set; one of the two")
            if name not in known and name not in _LETTERS:
                hint = did_you_mean(name, known) or (f"; there are {', '.join(sorted(known))}" if known else "")
                raise _fault(f"{document.name} has no parameter '{name}'{hint}; H, W, T, C are axes of the input")
    letters = [name for axis in axes for name in axis.names if name not in known]
    if letters:  # an axis that the input lacks is refused at once, whatever else is swept
        first = Wishes({**params, **_first(axes, known)}, inputs)
        shapes = evaluate_parameters(document, choice.net, choice.options, first, library.limits).inputs
        _resized(shapes, dict.fromkeys(letters, 1))
    return Job(document, choice, library, folder, parsed.text, axes, params, inputs, measures, merge_rounds)


def _first(axes: tuple[Axis, ...], known: set[str]) -> dict[str, Any]:
    pairs = ((name, value) for axis in axes for name, value in zip(axis.names, axis.points[0], strict=True))
    return {name: value for name, value in pairs if name in known}


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
            raise _fault(f"the grid falls into more than {_MOST_RUNS:,} different graphs; a smaller one or a sample")
        if outcome.parts:
            continue
        result.dropped += outcome.dropped
        done += prod(len(part) for part in box)
        if outcome.good is not None:
            _scatter(result, job, box, outcome)
        if progress is not None:
            progress(done, points)
    result.dropped.sort(key=lambda dropped: dropped.first)
    return result


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
    # documents hold functions and do not travel: every process reads the spec itself
    recipe = (job.target, job.axes, job.params, job.inputs, job.library, tuple(job.measures), job.merge_rounds)
    with ProcessPoolExecutor(jobs) as pool:
        running: dict[Future[Outcome], Box] = {}
        while pending or running:
            while pending and len(running) < 4 * jobs:
                box = pending.pop()
                running[pool.submit(_run_elsewhere, recipe, box)] = box
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                outcome = future.result()
                pending += outcome.parts
                yield running.pop(future), outcome


def _run_elsewhere(recipe: Any, box: Box) -> Outcome:
    from archcalc.sweep.measures import find

    target, axes, params, inputs, library, names, merge_rounds = recipe
    measures = {name: find(name) for name in names}
    return run(prepare(target, axes, params, inputs, library, measures, merge_rounds=merge_rounds), box)


def _first_boxes(job: Job) -> list[Box]:
    """Return the grid as boxes in which every word is the same."""
    groups: list[list[Array]] = []
    for axis in job.axes:
        by_words: dict[tuple[Any, ...], list[int]] = {}
        for at, point in enumerate(axis.points):
            words = tuple(value if isinstance(value, str) else None for value in point)
            by_words.setdefault(words, []).append(at)
        groups.append([numpy.array(group) for group in by_words.values()])
    return [tuple(box) for box in product(*groups)][::-1]


def run(job: Job, box: Box) -> Outcome:
    """Return what a box gives."""
    grid = Grid([len(part) for part in box], merge_rounds=job.merge_rounds)
    axes = tuple(range(len(box)))
    try:
        report = analyze(_graph(job, box, grid), job.library.limits)
        values = {name: grid.spread(measure(report), axes) for name, measure in job.measures.items()}
        _check_limits(report, grid, job)
    except Split as split:
        return Outcome(parts=_parts(box, grid, split))
    except Nowhere:
        return _all_dropped(job, box, None)
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
            dropped.append(Dropped(int(fresh.sum()), _point(job, point), problem))
            good &= ~fresh
    return Outcome(values, good, tuple(dropped))


def _graph(job: Job, box: Box, grid: Grid) -> Any:
    """Return the network of a box; its swept sizes are numbers on the grid."""
    params: dict[str, Any] = dict(job.params)
    sizes: dict[str, Any] = {}
    known = _parameters(job.document, job.choice)
    for at, (axis, part) in enumerate(zip(job.axes, box, strict=True)):
        points = [axis.points[k] for k in part.tolist()]
        for column, name in enumerate(axis.names):
            values = [point[column] for point in points]
            same = len(values) == 1 or all(value == values[0] for value in values)
            number = values[0] if same else grid.axis(at, values)
            (params if name in known else sizes)[name] = number
    wishes = Wishes(params, job.inputs)
    if sizes:
        limits = job.library.limits
        shapes = evaluate_parameters(job.document, job.choice.net, job.choice.options, wishes, limits).inputs
        wishes = wishes._replace(inputs={**job.inputs, **_resized(shapes, sizes)})
    return load_choice(job.document, job.choice, wishes, job.target, job.library, job.folder)


_LETTERS: Final = ("C", "D", "H", "W", "T")


def _parameters(document: Document, choice: Choice) -> set[str]:
    """Return the names that `--set` takes."""
    options = (values for axis in document.variants.values() for values in axis.values())
    named = {dim.text for item in choice.net.inputs for dim in item.dims if dim.text.isidentifier()}
    return {*document.params, *document.variants, *named, *(name for values in options for name in values)}


def _resolutions(axis: Axis, known: set[str]) -> Axis:
    """Return an axis with H and W for `res`, the edge of a square input, unless the spec has a name like that."""
    if "res" not in axis.names or "res" in known:
        return axis
    at = axis.names.index("res")
    points = tuple((*point[:at], point[at], point[at], *point[at + 1 :]) for point in axis.points)
    return Axis((*axis.names[:at], "H", "W", *axis.names[at + 1 :]), points)


def _resized(shapes: Mapping[str, Shape], sizes: Mapping[str, Any]) -> dict[str, Shape]:
    name, shape = next(iter(shapes.items()))
    found = list(shape)
    for letter, size in sizes.items():
        at = axis_index(len(shape), letter)
        if at is None:
            shown = "x".join(str(n) for n in shape)
            raise _fault(f"the input '{name}' is {shown}; it has no axis {letter}")
        found[at] = size
    return {name: tuple(found)}


def _check_limits(report: Report, grid: Grid, job: Job) -> None:
    """Note the points with a size or total that a single network would be refused for."""
    limits = job.library.limits
    for row in report.rows:
        for size in row.output:
            if isinstance(size, Swept) and size.bound > limits.dimension:
                grid.check_at_least(limits.dimension, size, "")
    for value in (report.totals.params_train, report.totals.macs_train):
        if isinstance(value, Swept) and value.bound > limits.total:
            grid.check_at_least(limits.total, value, "")


# ── Boxes that are not of one kind ─────────────────────────────────────────────────────────────────────────────


def _parts(box: Box, grid: Grid, split: Split) -> tuple[Box, ...]:
    """Return the boxes that the answers to a question part a box into."""
    axes = split.axes
    hidden = [axis for axis in axes if axis in grid.stands_for]
    if hidden:
        axes, answers = grid.stands_for[hidden[0]], None
    else:
        answers = split.answers
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


def _all_dropped(job: Job, box: Box, problem: Problem | None) -> Outcome:
    """Return that nothing in a box is a network, if its corners say so too; else two boxes to look at closer."""
    corners = {
        tuple(int(part[k]) for part, k in zip(box, ends, strict=True)) for ends in product((0, -1), repeat=len(box))
    }
    found = {corner: _problem_at(job, corner) for corner in sorted(corners)}
    first = next(iter(found.values()))
    count = prod(len(part) for part in box)
    same = first is not None and all(
        held is not None and (held.code, held.place) == (first.code, first.place) for held in found.values()
    )
    agrees = problem is None or first is None or (problem.code, problem.place) == (first.code, first.place)
    if first is not None and (count == 1 or (same and agrees)):
        return Outcome(dropped=(Dropped(count, _point(job, next(iter(found))), first),))
    assert count > 1, "a single point runs as a single network"
    return Outcome(parts=_halves(box))


def _problem_at(job: Job, point: Sequence[int]) -> Problem | None:
    """Return what is wrong at one point, as a single network says it; None if nothing is."""
    try:
        report = analyze(_graph(job, tuple(numpy.array([at]) for at in point), Grid([])), job.library.limits)
        for measure in job.measures.values():
            measure(report)
    except ArchcalcError as error:
        return error.problems[0]
    return None


def _point(job: Job, at: Sequence[int]) -> tuple[Any, ...]:
    return tuple(value for axis, k in zip(job.axes, at, strict=True) for value in axis.points[k])


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


def _fault(message: str) -> TargetError:
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
