"""The graph view: a picture and its layout → a figure with title, totals and legend."""

from collections.abc import Sequence
from typing import Final

from archcalc.diagram.boxes import SMALL, Look, Size, draw, measure, pile
from archcalc.diagram.canvas import (
    Canvas,
    Group,
    Mark,
    Path,
    Point,
    Text,
    arrow,
    curve,
    line,
    moved,
    rectangle,
    rounded,
)
from archcalc.diagram.columns import columns
from archcalc.diagram.dot import dot
from archcalc.diagram.layout import Frame, Layout, layout
from archcalc.diagram.metrics import fit, room
from archcalc.diagram.picture import Box, Cluster, Edge, Picture, count_text
from archcalc.diagram.themes import FAMILIES, Theme
from archcalc.diagram.words import word

MARGIN: Final = 18.0
HEAD: Final = 44.0  # title and totals
_TITLE: Final = 14.0
_LABEL: Final = 9.5
_ARROW: Final = 5.5
_BEND: Final = 7.0
_STACK: Final = 3.0
_SWATCH: Final = 11.0
_LINE: Final = 17.0


def graph(made: Picture, look: Look, count: int = 1) -> Canvas:
    """Return the graph view of a picture, in at most `count` columns.

    Raises:
        TargetError: no engine computes its layout, or it cannot be cut into columns.
    """
    sizes = {box.id: measure(box, look) for box in made.boxes}
    places = columns(layout(dot(made, look, sizes)), sizes, count)
    head = header(made, look)
    across = max(places.width, widest(head), 240.0)
    keys = legend(_families(made), made, look, across)
    left, top = MARGIN + (across - places.width) / 2, MARGIN + HEAD
    below = top + places.height + 18
    levels = _levels(made.clusters)
    return Canvas(
        width=across + 2 * MARGIN,
        height=below + keys[1] + MARGIN,
        paper=look.theme.paper,
        title=made.title,
        groups=(
            moved(Group(tuple(head)), MARGIN, MARGIN),
            *(moved(_frame(cluster, look, places, levels[cluster.id]), left, top) for cluster in made.clusters),
            *(
                moved(pile(box, look, *_corner(box, look, places, sizes[box.id]), sizes[box.id]), left, top)
                for box in made.boxes
                if box.copies > 1
            ),
            *(moved(_wire(edge, look, places), left, top) for edge in made.edges),
            *(moved(_link(points, look), left, top) for points in places.links),
            *(moved(_label(cluster, look, places, levels[cluster.id]), left, top) for cluster in made.clusters),
            *(moved(_box(box, look, places, sizes[box.id]), left, top) for box in made.boxes),
            moved(Group(tuple(keys[0])), MARGIN, below),
        ),
    )


def header(made: Picture, look: Look) -> list[Mark]:
    """Return title, target and totals; the upper left corner is (0, 0)."""
    params, macs = (count_text(value) for value in made.totals)
    text = f"{made.target} · {params} {word('params', look.lang)} · {macs} {word('macs', look.lang)}"
    return [
        Text(0, _TITLE, fit(made.title, _TITLE, 640, bold=True), _TITLE, look.theme.ink, bold=True),
        Text(0, _TITLE + 16, fit(text, 10, 640), 10, look.theme.faint),
    ]


def widest(marks: Sequence[Mark]) -> float:
    """Return the width that left-aligned texts take."""
    return max(mark.x + room(mark.text, mark.size, bold=mark.bold) for mark in marks if isinstance(mark, Text))


def legend(families: Sequence[str], made: Picture, look: Look, width: float) -> tuple[list[Mark], float]:
    """Return what the colours mean, in lines of a width, and the height; the upper left corner is (0, 0)."""
    marks: list[Mark] = []
    x, y = 0.0, 0.0

    def place(own: float) -> None:
        nonlocal x, y
        if x and x + own > width:
            x, y = 0.0, y + _LINE

    for family in families:
        text = word(family, look.lang)
        own = _SWATCH + 5 + room(text, SMALL) + 14
        place(own)
        marks.append(Path(rectangle(x, y, _SWATCH, _SWATCH, (2,) * 4), look.theme.fill(family), look.theme.line, 0.7))
        marks.append(Text(x + _SWATCH + 5, y + _SWATCH - 2.2, text, SMALL, look.theme.faint))
        x += own
    for key, there in (
        ("skip", any(edge.skip for edge in made.edges)),
        ("training only", any(box.mode == "train" for box in made.boxes)),
        ("shared", any(box.shares for box in made.boxes)),
    ):
        if there:
            text = word(key, look.lang)
            own = 22 + 5 + room(text, SMALL) + 14
            place(own)
            marks.append(_key(key, x, y, look.theme))
            marks.append(Text(x + 27, y + _SWATCH - 2.2, text, SMALL, look.theme.faint))
            x += own
    if any(box.copies > 1 for box in made.boxes) or any(cluster.copies > 1 for cluster in made.clusters):
        x, y = 0.0, y + _LINE
        for key in ("folded", "sums"):
            own = room(word(key, look.lang), SMALL) + 4
            place(own)
            marks.append(Text(x, y + _SWATCH - 2.2, word(key, look.lang), SMALL, look.theme.faint))
            x += own
    return marks, y + _SWATCH


def _key(key: str, x: float, y: float, theme: Theme) -> Path:
    """Return what a line of the figure looks like, 22 points wide."""
    middle = line(((x, y + _SWATCH / 2), (x + 22, y + _SWATCH / 2)))
    if key == "skip":
        return Path(middle, stroke=theme.accent, width=1.4)
    if key == "shared":
        return Path(rectangle(x, y, 22, _SWATCH, (3,) * 4), stroke=theme.accent, width=1.6)
    return Path(middle, stroke=theme.line, width=1.2, dash=(4.0, 2.5))


def _families(made: Picture) -> list[str]:
    used = {part.family for box in made.boxes for part in box.parts}
    return [family for family in (*FAMILIES, "block") if family in used]


def _levels(clusters: Sequence[Cluster]) -> dict[str, int]:
    levels: dict[str, int] = {}
    for cluster in clusters:
        levels[cluster.id] = levels[cluster.parent] + 1 if cluster.parent else 0
    return levels


def _frame(cluster: Cluster, look: Look, places: Layout, level: int) -> Group:
    theme = look.theme
    frame: Frame = places.frames[cluster.id]
    width, height = frame.right - frame.left, frame.bottom - frame.top
    dash = (4.0, 2.5) if cluster.mode == "train" else ()
    marks: list[Mark] = []
    # a pile of frames stands for several equal blocks
    for card in (2, 1, 0) if cluster.copies > 1 else (0,):
        steps = rectangle(frame.left + card * _STACK / 2, frame.top - card * _STACK / 2, width, height, (6,) * 4)
        marks.append(Path(steps, theme.cluster[level % 2], theme.cluster_line, 0.9, dash))
    return Group(tuple(marks))


def _label(cluster: Cluster, look: Look, places: Layout, level: int) -> Group:
    """Return what stands on a frame, on a ground of its own: wires pass behind it."""
    theme = look.theme
    frame: Frame = places.frames[cluster.id]
    x, y = frame.left + 7, frame.top + _LABEL + 4
    texts = [Text(x, y, cluster.label, _LABEL, theme.faint)]
    if cluster.copies > 1:
        count = f"×{cluster.copies}"
        space = frame.right - x - 10 - room(count, _LABEL + 1, bold=True)
        texts[0] = texts[0]._replace(text=fit(cluster.label, _LABEL, space))
        after = x + room(texts[0].text, _LABEL) + 4
        texts.append(Text(after, y, count, _LABEL + 1, theme.accent, bold=True))
    ground = rectangle(frame.left + 4, frame.top + 3, widest(texts) - frame.left - 2, _LABEL + 5, (3,) * 4)
    return Group((Path(ground, theme.cluster[level % 2]), *texts))


def _wire(edge: Edge, look: Look, places: Layout) -> Group:
    wire = places.wires[edge.tail, edge.head]
    colour = look.theme.accent if edge.skip else look.theme.line
    width = 1.4 if edge.skip else 1.1
    return Group(
        (
            Path(curve(wire.points), stroke=colour, width=width),
            arrow(wire.tip, wire.points[-1], _ARROW, colour),
        )
    )


def _link(points: tuple[Point, ...], look: Look) -> Group:
    """Return a line to the next column; the wires that it leads to have arrows."""
    return Group((Path(rounded(points, _BEND), stroke=look.theme.line, width=1.1),))


def _corner(box: Box, look: Look, places: Layout, size: Size) -> Point:
    """Return the upper left corner of a box; the engine's box has room at the exit, too."""
    x, y = places.centres[box.id]
    across = look.direction == "LR"
    return x - (size.width + (size.exit if across else 0)) / 2, y - (size.height + (0 if across else size.exit)) / 2


def _box(box: Box, look: Look, places: Layout, size: Size) -> Group:
    """Return a box, and the piece of wire beside which its shape stands."""
    x, y = places.centres[box.id]
    left, top = _corner(box, look, places, size)
    across = look.direction == "LR"
    start: Point = (left + size.width, y) if across else (x, top + size.height)
    # a little longer than the gap, since engines round
    length = size.exit + 1.5
    end: Point = (start[0] + length, y) if across else (x, start[1] + length)
    drawn = draw(box, look, left, top, size)
    if box.kind == "output":
        return drawn
    stub = Path(line((start, end)), stroke=look.theme.line, width=1.1)
    return drawn._replace(marks=(stub, *drawn.marks))
