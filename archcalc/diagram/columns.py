"""A tall layout in several columns, as a page wants it: cut where one wire alone goes on, and joined by a link."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from archcalc.diagram.boxes import Size
from archcalc.diagram.canvas import Point
from archcalc.diagram.layout import Frame, Layout, Wire
from archcalc.render.options import option_error

_GUTTER: Final = 44.0  # between columns
_TURN: Final = 12.0  # how far a link goes on before it turns
_MARGIN: Final = 12.0  # the most that a frame leaves free below what it holds
_TALLER: Final = 1.1
_SLACK: Final = 1.5  # engines round


class _Cut(NamedTuple):
    """A height where a layout may be cut, and the point a little above it where wires leave the box that is read."""

    y: float
    port: Point


def columns(places: Layout, sizes: Mapping[str, Size], count: int) -> Layout:
    """Return a layout from top to bottom in at most `count` columns of like height.

    A cut runs below a box which alone is read by what comes after it, and through no frame. So no wire changes; a
    link leads from the box to the place where its wires go on, on top of the next column.

    Args:
        places: the layout.
        sizes: of the boxes; ids as in the layout.
        count: the most columns.

    Raises:
        TargetError: there is no place to cut.
    """
    if count == 1:
        return places
    found = list(_cuts(places, sizes))
    if not found:
        raise option_error(f"columns={count}: no layer of this figure alone leads on to all that follow; fold more")
    chosen = _chosen(found, places.height, count)
    starts = [0.0, *(cut.y for cut in chosen)]
    ends = [*(cut.y for cut in chosen), places.height]
    extents = [_extent(places, sizes, *span) for span in zip(starts, ends, strict=True)]
    shifts, left = [], 0.0
    for (first, last), cut in zip(extents, [None, *chosen], strict=True):
        # what comes from another column enters from above
        shifts.append((left - first, 2 * _TURN - cut.port[1] if cut else 0.0))
        left += last - first + _GUTTER
    links = []
    for index, cut in enumerate(chosen):
        x, y = _moved(cut.port, shifts[index])
        floor = cut.y + shifts[index][1] + _TURN
        goal, top = _moved(cut.port, shifts[index + 1])
        middle = extents[index + 1][0] + shifts[index + 1][0] - _GUTTER / 2
        over = top - _TURN
        links.append(((x, y), (x, floor), (middle, floor), (middle, over), (goal, over), (goal, top)))

    def shift(y: float) -> Point:
        return shifts[bisect_left(starts, y, lo=1) - 1]

    return Layout(
        width=left - _GUTTER,
        height=max(end + dy for end, (_, dy) in zip(ends, shifts, strict=True)) + _TURN,
        centres={id: _moved(centre, shift(centre[1])) for id, centre in places.centres.items()},
        # a wire is part of the column where it ends
        wires={
            key: Wire(
                tuple(_moved(point, shift(wire.tip[1])) for point in wire.points), _moved(wire.tip, shift(wire.tip[1]))
            )
            for key, wire in places.wires.items()
        },
        frames={
            id: Frame(*_moved(frame[:2], shift(frame.bottom)), *_moved(frame[2:], shift(frame.bottom)))
            for id, frame in places.frames.items()
        },
        links=tuple(links),
    )


def _cuts(places: Layout, sizes: Mapping[str, Size]) -> Iterator[_Cut]:
    """Yield the heights where a layout may be cut, from the top."""
    tops, bottoms = {}, {}
    for id, (_, y) in places.centres.items():
        half = (sizes[id].height + sizes[id].exit) / 2
        tops[id], bottoms[id] = y - half, y + half
    last = max(bottoms.values())
    for id, (x, middle) in sorted(places.centres.items(), key=lambda item: bottoms[item[0]]):
        if bottoms[id] > last - _SLACK:
            return
        around = [frame.bottom for frame in places.frames.values() if _holds(frame, x, middle)]
        # below the frames that end here; wires start within them
        y = max([end for end in around if end < bottoms[id] + _MARGIN * len(around)], default=bottoms[id])
        if any(tops[other] < y - _SLACK and bottoms[other] > y + _SLACK for other in tops):
            continue
        if any(frame.top < y - _SLACK and frame.bottom > y + _SLACK for frame in places.frames.values()):
            continue
        readers = {tail for tail, head in places.wires if bottoms[tail] <= y + _SLACK and tops[head] >= y - _SLACK}
        if readers == {id}:
            yield _Cut(y, (x, bottoms[id]))


def _holds(frame: Frame, x: float, y: float) -> bool:
    return frame.left < x < frame.right and frame.top < y < frame.bottom


def _chosen(cuts: Sequence[_Cut], height: float, count: int) -> list[_Cut]:
    """Return the cuts that give at most `count` columns, the tallest of them as low as can be."""
    low, high = height / count, height
    best: list[_Cut] = []
    while high - low > 1:
        limit = (low + high) / 2
        packed = _packed(cuts, height, limit)
        if packed is None or len(packed) >= count:
            low = limit
        else:
            high, best = limit, packed
    # one column less is worth a little height
    fewer = _packed(cuts, height, high * _TALLER)
    return fewer if fewer is not None and len(fewer) < len(best) else best


def _packed(cuts: Sequence[_Cut], height: float, limit: float) -> list[_Cut] | None:
    """Return the fewest cuts that leave no column higher than a limit, or None where the cuts lie too far apart."""
    taken: list[_Cut] = []
    start = 0.0
    while height - start > limit:
        fitting = [cut for cut in cuts if start < cut.y <= start + limit]
        if not fitting:
            return None
        taken.append(fitting[-1])
        start = fitting[-1].y
    return taken


def _extent(places: Layout, sizes: Mapping[str, Size], start: float, end: float) -> tuple[float, float]:
    """Return from where to where on the x axis what lies between two heights reaches."""
    lefts, rights = [], []
    for id, (x, y) in places.centres.items():
        if start <= y < end:
            lefts.append(x - sizes[id].width / 2)
            rights.append(x + sizes[id].width / 2)
    for wire in places.wires.values():
        if start <= wire.tip[1] < end:
            lefts += [x for x, _ in wire.points]
            rights += [x for x, _ in wire.points]
    for frame in places.frames.values():
        if start <= frame.top < end:
            lefts.append(frame.left)
            rights.append(frame.right)
    return min(lefts), max(rights)


def _wire(wire: Wire, by: Point) -> Wire:
    return Wire(tuple(_moved(point, by) for point in wire.points), _moved(wire.tip, by))


def _moved(point: Sequence[float], by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]
