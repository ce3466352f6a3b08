"""The bars view: where parameters, multiply-adds and activations go, layer by layer."""

from typing import Final

from archcalc.diagram.boxes import SMALL, Look
from archcalc.diagram.canvas import Canvas, Group, Mark, Path, Text, line, moved, rectangle
from archcalc.diagram.fold import is_automatic
from archcalc.diagram.graph import HEAD, MARGIN, header, legend, widest
from archcalc.diagram.metrics import fit, room
from archcalc.diagram.picture import Box, Picture, count_text
from archcalc.diagram.themes import FAMILIES
from archcalc.diagram.words import word
from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.render.text import percent

_ROW: Final = 15.0
_BAR: Final = 150.0
_NAME: Final = 9.0
_FACTS: Final = ("params", "macs", "activations")


def bars(made: Picture, look: Look) -> Canvas:
    """Return one line a box with three bars; the bars of a column add up to its total.

    Raises:
        TargetError: a size is free.
    """
    boxes = [box for box in made.boxes if box.nodes]
    values = {fact: [_number(box, fact) for box in boxes] for fact in _FACTS}
    names = [_name(box) for box in boxes]
    indent = max((room(name, _NAME) for name in names), default=0) + 10
    # heads for training are shown, but are no part of the totals
    totals = {fact: sum(_number(box, fact) for box in boxes if box.mode == "both") for fact in _FACTS}
    number = max(room(_text(value, totals[fact]), SMALL) for fact in _FACTS for value in (*values[fact], 0)) + 12
    pitch = _BAR + number + 14
    head = header(made, look)
    width = max(indent + 3 * pitch - 14, widest(head))
    top = MARGIN + HEAD + 20
    floor = top + _ROW * len(boxes)
    marks: list[Mark] = []
    groups = []
    for column, fact in enumerate(_FACTS):
        x = indent + column * pitch
        title = f"{word(fact, look.lang)}: {count_text(totals[fact])}"
        marks.append(Text(x, top - 8, title, _NAME + 0.5, look.theme.ink, bold=True))
        marks.append(Path(line(((x, top - 3), (x, floor))), stroke=look.theme.line, width=0.7))
    for index, (box, name) in enumerate(zip(boxes, names, strict=True)):
        y = top + index * _ROW
        ink = look.theme.faint if box.mode == "train" else look.theme.ink
        own: list[Mark] = [Text(indent - 8, y + _ROW * 0.68, name, _NAME, ink, "end")]
        for column, fact in enumerate(_FACTS):
            x, value = indent + column * pitch, values[fact][index]
            length = _BAR * value / max(*values[fact], 1)
            if value:
                bar = rectangle(x, y + 2, max(length, 0.8), _ROW - 4)
                dash = (3.0, 2.0) if box.mode == "train" else ()
                own.append(Path(bar, look.theme.fill(box.family), look.theme.line, 0.6, dash))
                text = _text(value, totals[fact] if box.mode == "both" else 0)
                own.append(Text(x + length + 4, y + _ROW * 0.66, text, SMALL, look.theme.faint))
        groups.append(Group(tuple(own), box.id, box.path))
    used = {box.family for box in boxes}
    families = [family for family in (*FAMILIES, "block") if family in used]
    keys = legend(families, made._replace(edges=(), clusters=()), look, width)
    return Canvas(
        width=width + 2 * MARGIN,
        height=floor + 18 + keys[1] + MARGIN,
        paper=look.theme.paper,
        title=made.title,
        groups=(
            moved(Group(tuple(head)), MARGIN, MARGIN),
            *(moved(group, MARGIN, 0) for group in (Group(tuple(marks)), *groups)),
            moved(Group(tuple(keys[0])), MARGIN, floor + 18),
        ),
    )


def _name(box: Box) -> str:
    """Return the path without what archcalc calls the parts of a residual, and the layer."""
    text = box.parts[box.main].text
    word = text.partition(" ")[0].partition("(")[0]
    names = [name for name in box.path.split(".") if name not in ("res", "main", "shortcut")]
    if len(names) > 1 and is_automatic(names[-1], word):
        names.pop()
    where = ".".join(names)
    times = f" ×{box.copies}" if box.copies > 1 else ""
    return fit((where if where == text else f"{where}: {text}") + times, _NAME, 280)


def _number(box: Box, fact: str) -> int:
    value = box.sum(fact)
    if not isinstance(value, int):
        raise TargetError([Problem("E033", "the view bars needs numbers for all sizes", origin=COMMAND_LINE)])
    return int(value)


def _text(value: int, whole: int) -> str:
    return f"{count_text(value)} ({percent(value, whole)} %)" if value and whole else count_text(value)
