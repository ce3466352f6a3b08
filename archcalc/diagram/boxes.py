"""One box of the graph view: how large it is, and how it is drawn.

A box holds, from the top: what comes before its layer (normalisation and activation of pre-activated networks), name
and layer, the facts asked for, and what follows. A join is one row with round ends.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

from archcalc.diagram.canvas import Group, Mark, Path, Text, line, rectangle
from archcalc.diagram.metrics import fit, room
from archcalc.diagram.picture import Box, Part, count_text
from archcalc.diagram.themes import Theme
from archcalc.diagram.words import word
from archcalc.render.text import number

Direction: TypeAlias = Literal["TB", "LR"]

NAME: Final = 10.5
LAYER: Final = 10.0
SMALL: Final = 8.5
STRIP_TEXT: Final = 9.0
_LINE: Final = 1.32  # height of a line, in font sizes
_STRIP: Final = 14.0
_PAD: Final = 9.0
_RADIUS: Final = 4.0
_WIDEST: Final = 300.0
_STACK: Final = 3.0  # how far a card of a pile shows
WIRE: Final = 14.0  # what a shape beside a wire needs


class Look(NamedTuple):
    """How boxes are wanted."""

    show: frozenset[str]
    theme: Theme
    lang: str
    direction: Direction
    fields: dict[str, str]


class Size(NamedTuple):
    """A box, and the space at its exit where the shape stands beside the wire."""

    width: float
    height: float
    exit: float


def lines(box: Box, look: Look) -> list[tuple[str, float, bool]]:
    """Return the texts in the middle of a box: text, size, bold."""
    if box.kind in ("input", "output"):
        return [(box.title, NAME, True)]
    found: list[tuple[str, float, bool]] = []
    if box.title:
        found.append((box.title, NAME, True))
    text = box.parts[box.main].text
    if box.kind != "layer" or "kernel" in look.show or not box.title:
        found.append((text, LAYER, not box.title))
    if box.shares:
        found.append((f"{word('weights of', look.lang)} {box.shares}", SMALL, False))
    if not (isinstance(box.runs, int) and box.runs == 1):
        found.append((f"{number(box.runs)} {word('runs', look.lang)}", SMALL, False))
    found += [(text, SMALL, False) for text in facts(box, look)]
    return [(fit(text, size, _WIDEST, bold=bold), size, bold) for text, size, bold in found]


def plain_lines(box: Box, look: Look) -> list[str]:
    """Return all texts of a box from top to bottom, for sources that draw it in their own way."""
    if box.kind == "merge":
        return [" · ".join(part.text for part in box.parts), *([box.title] if box.title else [])]
    first, *rest = (text for text, _, _ in lines(box, look))
    before, after = (" · ".join(part.text for part in strip) for strip in _strips(box))
    times = f" ×{box.copies}" if box.copies > 1 else ""
    return [*filter(None, [before]), first + times, *rest, *filter(None, [after])]


def facts(box: Box, look: Look) -> list[str]:
    """Return the numbers of a box that are wanted, on as few lines as they need."""
    texts = [
        f"{count_text(box.sum(fact))} {word(fact, look.lang)}"
        for fact in ("params", "macs")
        if fact in look.show and not _is_zero(box.sum(fact))
    ]
    joined = [" · ".join(texts)] if texts else []
    field = look.fields.get(box.nodes[-1].path) if box.nodes and "rf" in look.show else None
    return [*joined, f"{word('field', look.lang)} {field}"] if field else joined


def measure(box: Box, look: Look) -> Size:
    """Return how large a box is."""
    before, after = _strips(box)
    if box.kind == "merge":
        width = sum(_segment(part) for part in box.parts) + 6
        width = max(width, *(room(text, size, bold=bold) + 2 * _PAD for text, size, bold in _captions(box, look)))
        height = 18.0 + sum(size * _LINE for _, size, _ in _captions(box, look))
    else:
        middle = lines(box, look)
        widths = [room(text, size, bold=bold) for text, size, bold in middle]
        extra = room(f"×{box.copies}", NAME, bold=True) + 6 if box.copies > 1 else 0
        widths[0] += 2 * extra
        width = max(*widths, 30.0) + 2 * _PAD
        width = max(width, *(sum(_segment(part) for part in strip) for strip in (before, after)))
        height = sum(size * _LINE for _, size, _ in middle) + 8 + _STRIP * (bool(before) + bool(after))
    shape = room(box.shape, SMALL) + 8 if box.shape and "shape" in look.show else 0.0
    if look.direction == "LR":
        return Size(width, max(height, 2 * SMALL + 6), shape + 4 if shape else 4.0)
    # the text stands on the right of the wire, which leaves from the middle
    return Size(max(width, 2 * shape), height, WIRE if shape else 4.0)


def draw(box: Box, look: Look, x: float, y: float, size: Size) -> Group:
    """Return a box whose upper left corner is at (x, y)."""
    theme = look.theme
    dash = (4.0, 2.5) if box.mode == "train" else ()
    edge = theme.accent if box.shares else theme.line
    marks: list[Mark] = []
    if box.kind == "merge":
        marks += _join(box, look, x, y, size, edge, dash)
    else:
        marks += _card(box, look, x, y, size, edge, dash)
    if box.shape and "shape" in look.show:
        if look.direction == "LR":
            marks.append(Text(x + size.width + 5, y + size.height / 2 - 4, box.shape, SMALL, theme.faint))
        else:
            marks.append(Text(x + size.width / 2 + 4, y + size.height + SMALL + 1.5, box.shape, SMALL, theme.faint))
    return Group(tuple(marks), box.id, box.path)


def pile(box: Box, look: Look, x: float, y: float, size: Size) -> Group:
    """Return the cards behind a box that stands for several equal ones; wires pass over them."""
    cards = (2, 1) if box.copies > 1 else ()
    corners = ((x + card * _STACK, y - card * _STACK) for card in cards)
    steps = (rectangle(left, top, size.width, size.height, (_RADIUS,) * 4) for left, top in corners)
    return Group(tuple(Path(step, look.theme.fill(box.family), look.theme.line, 0.8) for step in steps))


def _card(box: Box, look: Look, x: float, y: float, size: Size, edge: str, dash: tuple[float, ...]) -> list[Mark]:
    theme = look.theme
    round_end = box.kind in ("input", "output")
    radius = size.height / 2 if round_end else _RADIUS
    marks: list[Mark] = [Path(rectangle(x, y, size.width, size.height, (radius,) * 4), theme.fill(box.family))]
    before, after = _strips(box)
    top = y
    if before:
        marks += _strip(before, theme, (x, y, size.width), (radius, radius, 0, 0))
        top += _STRIP
    if after:
        marks += _strip(after, theme, (x, y + size.height - _STRIP, size.width), (0, 0, radius, radius))
    baseline = top + 4
    for index, (text, points, bold) in enumerate(lines(box, look)):
        baseline += points * _LINE
        marks.append(Text(x + size.width / 2, baseline - points * 0.28, text, points, theme.ink, "middle", bold))
        if index == 0 and box.copies > 1:
            end = x + size.width - _PAD
            marks.append(Text(end, baseline - points * 0.28, f"×{box.copies}", NAME, theme.accent, "end", bold=True))
    steps = rectangle(x, y, size.width, size.height, (radius,) * 4)
    marks.append(Path(steps, stroke=edge, width=1.6 if box.shares else 1.0, dash=dash))
    return marks


def _join(box: Box, look: Look, x: float, y: float, size: Size, edge: str, dash: tuple[float, ...]) -> list[Mark]:
    theme = look.theme
    captions = _captions(box, look)
    height = size.height - sum(points * _LINE for _, points, _ in captions)
    radius = height / 2
    spare = (size.width - sum(_segment(part) for part in box.parts)) / len(box.parts)
    below = y + height
    marks: list[Mark] = []
    at = x
    for index, part in enumerate(box.parts):
        own = _segment(part) + spare
        left, right = radius * (index == 0), radius * (index == len(box.parts) - 1)
        marks.append(Path(rectangle(at, y, own, height, (left, right, right, left)), theme.fill(part.family)))
        size_of = NAME + 1 if len(part.text) == 1 else LAYER
        middle, baseline = at + own / 2, y + height / 2 + size_of * 0.34
        marks.append(Text(middle, baseline, part.text, size_of, theme.ink, "middle", bold=index == box.main))
        if index:
            marks.append(Path(line(((at, y), (at, y + height))), stroke=theme.line, width=0.5))
        at += own
    marks.append(Path(rectangle(x, y, size.width, height, (radius,) * 4), stroke=edge, dash=dash))
    for text, points, bold in captions:
        below += points * _LINE
        marks.append(Text(x + size.width / 2, below - points * 0.28, text, points, theme.ink, "middle", bold))
    return marks


def _captions(box: Box, look: Look) -> list[tuple[str, float, bool]]:
    name = [(fit(box.title, SMALL, _WIDEST), SMALL, True)] if box.title else []
    return [*name, *((text, SMALL, False) for text in facts(box, look))] or [("", 0, False)]


def _strips(box: Box) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    if box.kind == "merge":
        return (), ()
    return box.parts[: box.main], box.parts[box.main + 1 :]


def _segment(part: Part) -> float:
    return max(room(part.text, LAYER) + 12, 20.0)


def _strip(
    parts: tuple[Part, ...], theme: Theme, place: tuple[float, float, float], radii: tuple[float, float, float, float]
) -> list[Mark]:
    """Return a row of layers at (x, y, width); the corners at its ends follow the box."""
    x, y, width = place
    marks: list[Mark] = []
    spare = (width - sum(_segment(part) for part in parts)) / len(parts)
    at = x
    for index, part in enumerate(parts):
        own = _segment(part) + spare
        upper_left, upper_right, lower_right, lower_left = radii
        first, last = index == 0, index == len(parts) - 1
        corners = (upper_left * first, upper_right * last, lower_right * last, lower_left * first)
        marks.append(Path(rectangle(at, y, own, _STRIP, corners), fill=theme.fill(part.family)))
        marks.append(Text(at + own / 2, y + _STRIP / 2 + STRIP_TEXT * 0.34, part.text, STRIP_TEXT, theme.ink, "middle"))
        if index:
            marks.append(Path(line(((at, y), (at, y + _STRIP))), stroke=theme.line, width=0.5))
        at += own
    rule = y + _STRIP if radii[0] else y
    marks.append(Path(line(((x, rule), (x + width, rule))), stroke=theme.line, width=0.5))
    return marks


def _is_zero(value: object) -> bool:
    return isinstance(value, int) and value == 0
