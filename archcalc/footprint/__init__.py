"""How many bytes a network takes: at inference in an order of its layers, and in a training step.

report ─ schedule ─▶ order ─ memory ─▶ peak, training ─ footprint ─▶ bytes ─ present ─▶ table, JSON …
"""

from typing import Final, NamedTuple

from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.memory import Peak, Training, peak, training, width
from archcalc.render.options import check
from archcalc.report import Report
from archcalc.schedule import best_order

SCHEDULES: Final = ("spec", "best")


class Footprint(NamedTuple):
    """What a network holds, in elements of one sample, with what turns them into bytes.

    dtype: of values, weights and gradients; state_dtype: of the optimizer's numbers.
    peak: of inference. proved: whether no order of the layers has a lower one; None where none was looked for.
    """

    report: Report
    dtype: str
    state_dtype: str
    batch: int
    optimizer: str
    in_place: bool
    schedule: str
    peak: Peak
    proved: bool | None
    training: Training

    def bytes(self, elements: int) -> int:
        """Return the bytes of values, weights or gradients."""
        return elements * width(self.dtype)

    @property
    def inference(self) -> int:
        """Bytes at inference: weights, buffers, and the values of all samples at the peak."""
        totals = self.report.totals
        return self.bytes(totals.params + totals.buffers + self.peak.elements * self.batch)

    @property
    def step(self) -> int:
        """Bytes of a training step: weights, gradients, optimizer, buffers, and all values of all samples."""
        held = self.training
        elements = held.params + held.gradients + held.buffers + held.activations * self.batch
        return self.bytes(elements) + held.states * width(self.state_dtype)


def footprint(
    report: Report,
    *,
    dtype: str = "float32",
    state_dtype: str | None = None,
    batch: int = 1,
    optimizer: str = "adam",
    in_place: bool = False,
    schedule: str = "spec",
) -> Footprint:
    """Return what a network holds.

    Args:
        report: of a network with numbers for sizes.
        dtype: float64, float32, bfloat16, float16, float8 or int8.
        state_dtype: of the optimizer's numbers, where it is another one.
        batch: samples at once.
        optimizer: sgd, momentum or adam.
        in_place: activations write over their input, and views are no new value.
        schedule: spec, the order of the spec, or best, the order with the least peak that is found.

    Raises:
        TargetError: a word that means nothing, or a free size.

    >>> from archcalc.api import analyze
    >>> held = footprint(analyze("vgg/16"), optimizer="sgd")
    >>> held.peak.path, held.inference  # 4·(138,357,544 + 2·64·224·224)
    ('conv1_1.relu', 579120288)
    """
    check("schedule", schedule, SCHEDULES)
    for kind in (dtype, state_dtype or dtype):
        width(kind)
    sizes = [size for shape in report.input.values() for size in shape]
    counts = (report.totals.params, report.totals.buffers, report.totals.activations, *sizes)
    if not all(isinstance(count, int) for count in counts):
        message = "memory needs numbers for all sizes; a column of formulas is 'table --columns layer,memory'"
        raise TargetError([Problem("E080", message, origin=COMMAND_LINE)])
    order = best_order(report, in_place=in_place) if schedule == "best" else None
    return Footprint(
        report,
        dtype,
        state_dtype or dtype,
        batch,
        optimizer,
        in_place,
        schedule,
        peak(report, in_place=in_place, order=None if order is None else order.rows),
        None if order is None else order.proved,
        training(report, optimizer, in_place=in_place),
    )
