"""A sweep as a picture: two counts against each other, the variants that none beats in front."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor, log10
from typing import Any, Final

import numpy

from archcalc.diagram.canvas import Canvas, Group, Mark, Path, Text, line, rectangle
from archcalc.diagram.themes import THEMES, Theme
from archcalc.render.text import short
from archcalc.sweep.ranges import written, wrong
from archcalc.sweep.result import Sweep

_WIDE: Final = 560.0
_HIGH: Final = 380.0
_LEFT: Final = 64.0
_TOP: Final = 72.0
_RIGHT: Final = 150.0  # room for names
_DOT: Final = 2.6
_LABELS: Final = 9


def plot(sweep: Sweep, goals: Sequence[str], theme: str = "default") -> Canvas:
    """Return the variants as dots on logarithmic axes; the front of `goals` is joined by a line and named.

    Args:
        sweep: with at least two measures; the first two are drawn.
        goals: as for `Sweep.pareto`.
        theme: of `archcalc draw`.

    Raises:
        TargetError: fewer than two measures, or no variant.
    """
    if len(sweep.counts) < 2:
        raise wrong("a plot needs two counts, as --measure params,macs")
    if not len(sweep):
        raise wrong("no variant is left to plot")
    look = THEMES[theme]
    across, up = list(sweep.counts)[:2]
    frame = (_Scale(sweep[across], _LEFT, _LEFT + _WIDE), _Scale(sweep[up], _TOP + _HIGH, _TOP))
    front = sweep.pareto(*goals)
    marks: list[Mark] = [
        Text(_LEFT, 22, f"{sweep.target}: {len(sweep):,} variants", 13, look.ink, bold=True),
        Text(_LEFT, 40, f"in front: {len(front):,}, by {', '.join(goals)}", 10, look.faint),
    ]
    marks += _axes(frame, across, up, look)
    marks += [_dot(x, y, look.fill("conv"), look.line) for x, y in _spots(sweep, across, up, frame)]
    spots = _spots(front, across, up, frame)
    if len(spots) > 1:
        marks.append(Path(line(spots), stroke=look.accent, width=1.4))
    marks += [_dot(x, y, look.accent, look.accent) for x, y in spots]
    marks += _names(front, across, up, frame, look)
    title = f"{sweep.target}: {up} against {across}"
    return Canvas(_LEFT + _WIDE + _RIGHT, _TOP + _HIGH + 52, look.paper, title, (Group(tuple(marks)),))


class _Scale:
    """Counts → places along an axis, by their logarithm."""

    def __init__(self, values: Any, start: float, end: float) -> None:
        self.low, self.high = (log10(max(1, int(value))) for value in (values.min(), values.max()))
        margin = max((self.high - self.low) * 0.04, 0.02)
        self.low, self.high = self.low - margin, self.high + margin
        self.start, self.end = start, end

    def place(self, value: Any) -> float:
        share = (log10(max(1, int(value))) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[int]:
        """Return round numbers: 1, 2 and 5 of each power of ten, or powers alone, or equal steps in a short range."""
        powers = range(floor(self.low), ceil(self.high) + 1)
        fine = [digit * 10**power for power in powers if power >= 0 for digit in (1, 2, 5)]
        inside = [value for value in fine if self.low <= log10(value) <= self.high]
        if len(inside) > 9:
            inside = [value for value in inside if str(value)[0] == "1"]
        if len(inside) >= 2:
            return inside
        least, most = 10**self.low, 10**self.high
        step = 10 ** floor(log10(max(most - least, 1)))
        step = step if (most - least) / step >= 2 else max(1, step // 5)
        return [value for value in range(ceil(least / step) * step, int(most) + 1, step) if value > 0][:12]


def _axes(frame: tuple[_Scale, _Scale], across: str, up: str, look: Theme) -> list[Mark]:
    x, y = frame
    marks: list[Mark] = [Path(rectangle(_LEFT, _TOP, _WIDE, _HIGH), stroke=look.line, width=0.8)]
    for value in x.ticks():
        at = x.place(value)
        marks.append(Path(line(((at, _TOP), (at, _TOP + _HIGH))), stroke=look.cluster_line, width=0.5))
        marks.append(Text(at, _TOP + _HIGH + 15, short(value), 9.5, look.faint, "middle"))
    for value in y.ticks():
        at = y.place(value)
        marks.append(Path(line(((_LEFT, at), (_LEFT + _WIDE, at))), stroke=look.cluster_line, width=0.5))
        marks.append(Text(_LEFT - 6, at + 3.5, short(value), 9.5, look.faint, "end"))
    marks.append(Text(_LEFT + _WIDE / 2, _TOP + _HIGH + 36, across, 11, look.ink, "middle"))
    marks.append(Text(_LEFT, _TOP - 6, up, 11, look.ink))
    return marks


def _spots(sweep: Sweep, across: str, up: str, frame: tuple[_Scale, _Scale]) -> list[tuple[float, float]]:
    """Return where dots stand, from left to right; those within half a point of each other are one."""
    places = numpy.stack([_places(scale, sweep[name]) for scale, name in zip(frame, (across, up), strict=True)], axis=1)
    cells = numpy.unique(numpy.round(places * 2), axis=0) / 2
    return [(float(x), float(y)) for x, y in cells]


def _places(scale: _Scale, values: Any) -> Any:
    logs = numpy.log10(numpy.maximum(values.astype(float), 1.0))
    return scale.start + (logs - scale.low) / (scale.high - scale.low) * (scale.end - scale.start)


def _dot(x: float, y: float, fill: str, stroke: str) -> Path:
    half = _DOT / 2
    return Path(rectangle(x - half, y - half, _DOT, _DOT, (half,) * 4), fill, stroke, 0.4)


def _names(front: Sweep, across: str, up: str, frame: tuple[_Scale, _Scale], look: Theme) -> list[Mark]:
    """Return what some variants of the front are, far enough from each other to be read."""
    marks: list[Mark] = []
    taken: list[tuple[float, float]] = []
    for row in front.sorted(across):
        x, y = frame[0].place(row[across]), frame[1].place(row[up])
        if len(taken) >= _LABELS or any(abs(x - u) < _RIGHT and abs(y - v) < 14 for u, v in taken):
            continue
        taken.append((x, y))
        values: dict[Any, list[str]] = {}
        for name in front.names:
            values.setdefault(row[name], []).append(name)
        said = " ".join(f"{'='.join(names)}={_short(value)}" for value, names in values.items())
        marks.append(Text(x + 6, y + 11, said, 8.5, look.ink))
    return marks


def _short(value: Any) -> str:
    return f"{float(value):g}" if isinstance(value, Fraction) else written(value)
