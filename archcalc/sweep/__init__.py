"""Many variants of one network at once: a grid or a sample of parameters and input sizes.

names and ranges ─ ranges ─▶ axes ─ evaluate ─▶ counts at every point ─ result ─▶ rows ─┬─ present ─▶ table, CSV, JSON …
                     target ─ job ─┘ │ boxes, each one graph, on numbers that           └─ plot ────▶ SVG
                                     └ have a value at every point (number)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from archcalc.api import Input, parse_inputs
from archcalc.spec.library import Library
from archcalc.sweep.evaluate import evaluate
from archcalc.sweep.job import prepare
from archcalc.sweep.measures import find
from archcalc.sweep.ranges import Values, read_axes, sample_axes, wrong
from archcalc.sweep.result import Sweep


def sweep(
    target: str,
    over: Mapping[str, Values],
    *,
    measures: Sequence[str] = ("params", "macs"),
    params: Mapping[str, Any] | None = None,
    input: Input | None = None,
    sample: int | None = None,
    seed: int = 0,
    library: Library | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Return the counts of many variants of a network, each as exact as that of a single one.

    Args:
        target: a built-in name with its variant, or a file.
        over: names to their values: "0.25..1.4:0.05" (both ends are tried), "64,96,128", a list of numbers. A name is a
            parameter, an axis of variants, H, W, D, T or C of the first input, or `res` for H and W alike; "H,W"
            stands for two names that stay equal.
        measures: what is counted: totals of a report (params, macs, …), memory, conventions (thop, fvcore, …).
        params: as for `archcalc.analyze`; the same at every point.
        input: as for `archcalc.analyze`; the same at every point.
        sample: take so many points of the grid by chance, each at most once.
        seed: which ones; the same seed gives the same points.
        library: where specs are found.
        jobs: processors to use where the variants are many different graphs.
        progress: called with the points that are done, and all points.

    Raises:
        ArchcalcError: the target, a name or a value is wrong, or the grid has more than 10,000,000 points.

    >>> found = sweep("mobilenet_v2", {"alpha": [0.5, 1], "res": "192..224:32"})
    >>> [(row["alpha"], row["H"], row["macs"]) for row in found.where("macs > 200M")]
    [(1, 192, 221316608), (1, 224, 300774272)]
    """
    if not over:
        raise wrong("nothing to sweep over; alpha=0.25..1.4:0.05 would be")
    if not measures:
        raise wrong("nothing to count; params,macs would be")
    axes = read_axes(over) if sample is None else sample_axes(over, sample, seed)
    counted = {name: find(name) for name in dict.fromkeys(measures)}
    job = prepare(target, axes, dict(params or {}), parse_inputs(input), library or Library(), counted)
    found = evaluate(job, jobs, progress)
    empty = numpy.zeros(job.shape, dtype=numpy.int64)
    counts = {name: found.values.get(name, empty) for name in counted}
    return Sweep(job.target, job.axes, counts, numpy.flatnonzero(found.kept), tuple(found.dropped))
