"""A comparison as a figure: for every figure one group of bars, a bar a network."""

from typing import Final

from archcalc.comparison.present import Comparison
from archcalc.diagram.canvas import Canvas, Group, Mark, Path, Text, rectangle
from archcalc.diagram.metrics import room
from archcalc.diagram.themes import THEMES
from archcalc.render.text import short

_BAR: Final = 15.0
_GAP: Final = 14.0
_LONG: Final = 360.0
_TOP: Final = 48.0
_SHOWN: Final = ("params", "macs", "activations", "memory", "depth")
_FILLS: Final = ("conv", "pool", "linear", "norm", "activation", "recurrent", "attention")


def chart(held: Comparison, theme: str = "default") -> Canvas:
    """Return the figures of each network as bars; the longest of a group is as long as the space.

    Networks keep their colour in all groups. Figures that are formulas are left out.
    """
    look = THEMES[theme]
    names = [report.target for report in held.reports]
    left = max(room(word, 11) for word in (*_SHOWN, "x")) + 28
    marks: list[Mark] = [Text(left, 22, " · ".join(names), 12, look.ink, bold=True)]
    y = _TOP
    for name, values in held.figures.items():
        numbers = [value for value in values if isinstance(value, int)]
        if name in ("trainable", "buffers", "layers") or len(numbers) < len(values) or not any(numbers):
            continue
        marks.append(Text(left - 10, y + _BAR * len(values) / 2 + 4, name, 11, look.ink, "end"))
        for at, value in enumerate(numbers):
            length = max(_LONG * value / max(numbers), 1.0)
            fill = look.fill(_FILLS[at % len(_FILLS)])
            marks.append(Path(rectangle(left, y, length, _BAR - 3), fill, look.line, 0.7))
            marks.append(Text(left + length + 6, y + _BAR - 6, f"{names[at]}: {short(value)}", 9.5, look.faint))
            y += _BAR
        y += _GAP
    width = left + _LONG + max(room(name, 9.5) for name in names) + 90
    return Canvas(width, y + 10, look.paper, f"comparison of {', '.join(names)}", (Group(tuple(marks)),))
