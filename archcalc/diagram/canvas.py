"""A figure as paths and texts with places and colours: all that the writers of SVG, PDF and TikZ need to know.

Lengths are points; x grows to the right and y downwards.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

Point: TypeAlias = tuple[float, float]
Anchor: TypeAlias = Literal["start", "middle", "end"]
# ("M", p), ("L", p), ("C", p, p, p), ("Z",) as in SVG, with absolute points
Step: TypeAlias = tuple[str, tuple[Point, ...]]

_ARC = 0.5523  # how far the handles of a Bézier curve reach that draws a quarter of a circle


class Path(NamedTuple):
    """A line or an area; "" for no fill or no stroke."""

    steps: tuple[Step, ...]
    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()


class Text(NamedTuple):
    """One line of text on its baseline."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: Anchor = "start"
    bold: bool = False


Mark: TypeAlias = Path | Text


class Group(NamedTuple):
    """Marks that belong together; `id` is a name of our own for the layer they show, `tip` says it in words."""

    marks: tuple[Mark, ...]
    id: str = ""
    tip: str = ""


class Canvas(NamedTuple):
    """A whole figure."""

    width: float
    height: float
    paper: str
    title: str
    groups: tuple[Group, ...]


def line(points: Iterable[Point]) -> tuple[Step, ...]:
    """Return the steps of an open line."""
    first, *rest = points
    return (("M", (first,)), *(("L", (point,)) for point in rest))


def polygon(points: Iterable[Point]) -> tuple[Step, ...]:
    """Return the steps of an area with straight sides."""
    return (*line(points), ("Z", ()))


def rectangle(
    x: float, y: float, width: float, height: float, radii: Sequence[float] = (0, 0, 0, 0)
) -> tuple[Step, ...]:
    """Return the steps of a rectangle; radii of its corners clockwise from the upper left."""
    right, floor = x + width, y + height
    corners = ((x, y), (right, y), (right, floor), (x, floor))
    towards = ((1, 0), (0, 1), (-1, 0), (0, -1))  # along the side after each corner
    steps: list[Step] = []
    for corner, radius, (dx, dy), (ex, ey) in zip(corners, radii, towards[3:] + towards[:3], towards, strict=True):
        start = (corner[0] - dx * radius, corner[1] - dy * radius)
        end = (corner[0] + ex * radius, corner[1] + ey * radius)
        steps.append(("L" if steps else "M", (start,)))
        if radius:
            steps.append(("C", (_towards(start, corner), _towards(end, corner), end)))
    return (*steps, ("Z", ()))


def curve(points: Iterable[Point]) -> tuple[Step, ...]:
    """Return the steps of a chain of Bézier curves: a start, then three points each."""
    first, *rest = points
    return (("M", (first,)), *(("C", tuple(rest[at : at + 3])) for at in range(0, len(rest) - 2, 3)))


def rounded(points: Sequence[Point], radius: float) -> tuple[Step, ...]:
    """Return the steps of an open line whose corners are round, where its pieces are long enough."""
    steps: list[Step] = [("M", (points[0],))]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = _near(corner, before, radius), _near(corner, after, radius)
        steps += [("L", (start,)), ("C", (_towards(start, corner), _towards(end, corner), end))]
    return (*steps, ("L", (points[-1],)))


def arrow(tip: Point, before: Point, size: float, colour: str) -> Path:
    """Return the head of an arrow that comes from `before`."""
    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1
    dx, dy = dx / length * size, dy / length * size
    base = (tip[0] - dx, tip[1] - dy)
    half = (-dy * 0.42, dx * 0.42)
    corners = (tip, (base[0] + half[0], base[1] + half[1]), (base[0] - half[0], base[1] - half[1]))
    return Path(polygon(corners), fill=colour)


def moved(group: Group, dx: float, dy: float) -> Group:
    """Return a group in another place."""
    return group._replace(marks=tuple(_moved(mark, dx, dy) for mark in group.marks))


def _moved(mark: Mark, dx: float, dy: float) -> Mark:
    if isinstance(mark, Text):
        return mark._replace(x=mark.x + dx, y=mark.y + dy)
    steps = ((letter, tuple((x + dx, y + dy) for x, y in points)) for letter, points in mark.steps)
    return mark._replace(steps=tuple(steps))


def _near(corner: Point, other: Point, radius: float) -> Point:
    """Return the point on the way from a corner to another that is as far as the radius, or half of the way."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5
    part = min(radius / length, 0.5) if length else 0.0
    return corner[0] + dx * part, corner[1] + dy * part


def _towards(end: Point, corner: Point) -> Point:
    return end[0] + (corner[0] - end[0]) * _ARC, end[1] + (corner[1] - end[1]) * _ARC
