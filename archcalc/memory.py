"""What a layer and a network hold: elements of values and weights, bytes of a number type, the peak of a forward pass.

A value is what an input or a row gives. In the order of the spec it lives from the row that makes it to the last row
that reads it, outputs and what nothing reads to the end; a row holds its inputs, its output, and whatever waits for a
later row (the shortcut of a residual). Weights are there all the time. Scratch space is not counted.

Everything is for one sample at inference; auxiliary heads count in `training` only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from archcalc.arithmetic import Number, largest, total, volume
from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean
from archcalc.report import Node, Report

# bytes of one number
WIDTHS: Final = MappingProxyType({"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2, "float8": 1, "int8": 1})
# extra numbers that an optimizer keeps for every trainable parameter
STATES: Final = MappingProxyType({"sgd": 0, "momentum": 1, "adam": 2})

_VIEWS: Final = frozenset({"flatten", "reshape", "unsqueeze", "squeeze"})
_UNITS: Final = ("", "K", "M", "G", "T", "P")


@dataclass(frozen=True, slots=True)
class Held:
    """Elements of one row: of the values it reads and makes, over all runs, and of the weights it owns."""

    inputs: Number
    outputs: Number
    params: Number
    buffers: Number


@dataclass(frozen=True, slots=True)
class Peak:
    """The row at which most values are alive.

    elements: of all of them. values: each by the path that made it, oldest first.
    """

    path: str
    elements: Number
    values: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Training:
    """Elements that one training step holds: weights, their gradients, the optimizer's states, and activations."""

    params: Number
    gradients: Number
    states: Number
    buffers: Number
    activations: Number

    @property
    def elements(self) -> Number:
        """All of them."""
        return self.params + self.gradients + self.states + self.buffers + self.activations


def held(row: Node) -> Held:
    """Return what a row holds.

    >>> from archcalc.api import analyze
    >>> held(analyze("alexnet")["conv1.conv"])
    Held(inputs=154587, outputs=290400, params=34944, buffers=0)
    """
    inputs = total(volume(shape) for shape in row.input) * row.runs
    return Held(inputs, row.activations, row.params, row.buffers)


def values(report: Report, *, in_place: bool = False, heads: bool = False) -> dict[str, Number]:
    """Return the elements of every value by the path that makes it, inputs first.

    Args:
        report: of a network.
        in_place: activations write over their input and views (`flatten`, `reshape`) are no new value, as tables of
            lecture notes and most frameworks have it.
        heads: with the values of auxiliary heads.

    >>> from archcalc.api import analyze
    >>> sum(values(analyze("vgg/16"), in_place=True).values())  # "15.2 million"
    15237608
    """
    found = {name: volume(shape) for name, shape in report.input.items()}
    for row in _rows(report, heads=heads):
        if not (in_place and overwrites(row)):
            found[row.path] = row.activations
    return found


def peak(report: Report, *, in_place: bool = False, order: Sequence[Node] | None = None) -> Peak:
    """Return the most that is alive at once when the rows run one after the other.

    Args:
        report: of a network with numbers for sizes.
        in_place: as for `values`; a row writes over its input only if nothing reads that later.
        order: the rows in another order than the spec's, as `archcalc.schedule.best_order` finds one.

    >>> from archcalc.api import analyze
    >>> at = peak(analyze("alexnet"))
    >>> at.path, at.elements, dict(at.values)
    ('conv1.relu', 580800, {'conv1.conv': 290400, 'conv1.relu': 290400})
    """
    most = Peak("", 0, {})
    for path, living in _living(report, _rows(report) if order is None else order, in_place=in_place):
        elements = total(living.values())
        if elements > most.elements:
            most = Peak(path, elements, MappingProxyType(dict(living)))
    return most


def at_inference(report: Report) -> Number:
    """Return the elements that inference holds at most: weights, buffers, and the values alive at once; on a grid, too.

    >>> from archcalc.api import analyze
    >>> at_inference(analyze("alexnet")) - analyze("alexnet").totals.params
    580800
    """
    most: Number = 0
    for _, living in _living(report, _rows(report), in_place=False):
        most = largest(most, total(living.values()))
    return report.totals.params + report.totals.buffers + most


def _living(report: Report, rows: Sequence[Node], *, in_place: bool) -> Iterator[tuple[str, dict[str, Number]]]:
    """Yield each row's path with the values that are alive while it runs, by the path that made them."""
    last = last_reads(rows, report)
    living = {name: volume(shape) for name, shape in report.input.items() if name in last}
    for at, row in enumerate(rows):
        if in_place and overwrites(row) and last[row.inputs[0]] == at:
            living.pop(row.inputs[0], None)
        living[row.path] = row.activations
        yield row.path, living
        living = {path: size for path, size in living.items() if last.get(path, at) > at}


def training(report: Report, optimizer: str = "momentum", *, in_place: bool = False) -> Training:
    """Return what one training step holds: every value is kept for the backward pass.

    Args:
        report: of a network, for one sample; multiply `activations` by the batch.
        optimizer: sgd, momentum or adam; they keep 0, 1 or 2 numbers for every trainable parameter.
        in_place: as for `values`.

    Raises:
        TargetError: there is no such optimizer.
    """
    states = _choice(optimizer, STATES, "optimizer")
    trainable = total(row.params_trainable for row in report.rows)
    return Training(
        params=total(row.params for row in report.rows),
        gradients=trainable,
        states=trainable * states,
        buffers=total(row.buffers for row in report.rows),
        activations=total(values(report, in_place=in_place, heads=True).values()),
    )


def width(dtype: str) -> int:
    """Return the bytes of one number of a type.

    >>> width("float32")
    4
    """
    return _choice(dtype, WIDTHS, "number type")


def size_text(count: int) -> str:
    """Return bytes in powers of 1000 and, since both are called MB, in powers of 1024.

    >>> size_text(60_950_432), size_text(512)
    ('61.0 MB (58.1 MiB)', '512 bytes')
    """
    if count < 1024:
        return f"{count} bytes"
    return f"{_scaled(count, 1000, 'B')} ({_scaled(count, 1024, 'iB')})"


def _scaled(count: int, base: int, unit: str) -> str:
    power = 0
    # 999.96 is written as 1.0 of the next unit
    while power + 1 < len(_UNITS) and 20 * count >= (20 * base - 1) * base**power:
        power += 1
    tenths = (20 * count + base**power) // (2 * base**power)
    return f"{tenths // 10}.{tenths % 10} {_UNITS[power]}{unit}"


def _rows(report: Report, *, heads: bool = False) -> Sequence[Node]:
    return [row for row in report.rows if heads or row.mode == "both"]


def last_reads(rows: Sequence[Node], report: Report) -> dict[str, int]:
    """Return at which row each value is read last; outputs, and what nothing reads, stay."""
    last: dict[str, int] = {}
    kept: dict[str, str] = {}
    for at, row in enumerate(rows):
        last.update(dict.fromkeys(row.inputs, at))
        # an output is named by a row or by the folder whose last value it is
        kept.update((name, row.path) for name in report.outputs if f"{row.path}.".startswith(f"{name}."))
    unread = {row.path for row in report.rows} - set(last)
    return last | dict.fromkeys((*unread, *kept.values()), len(report.rows))


def overwrites(row: Node) -> bool:
    """Tell whether a row may write over its input, or is another view of it."""
    if row.op in _VIEWS:
        return True
    return row.family == "activation" and row.input[0] == row.output


def _choice(word: str, known: Mapping[str, int], what: str) -> int:
    if word not in known:
        hint = did_you_mean(word, known) or f"; there are {', '.join(known)}"
        raise TargetError([Problem("E033", f"no {what} '{word}'{hint}", origin=COMMAND_LINE)])
    return known[word]
