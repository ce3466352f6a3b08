"""The volume view: the figure of LeNet and AlexNet. Maps are solids in perspective, with kernels; vectors are bars.

For chains: what leaves a layer stands to the right of what it reads. Parallel towers stand below each other.
Lengths grow with the square root of sizes, or a 6×6 map would vanish beside one of 227×227.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from archcalc.diagram.boxes import LAYER, NAME, SMALL, Look
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
    polygon,
    rectangle,
)
from archcalc.diagram.graph import HEAD, MARGIN, header, legend, widest
from archcalc.diagram.metrics import fit, room
from archcalc.diagram.picture import Box, Picture
from archcalc.diagram.themes import FAMILIES, Theme
from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.quantities import Shape

NO_CHAIN: Final = (
    "the view volumes draws chains, with up to three towers; --depth 1 folds blocks, "
    "and the view graph draws every network"
)
_LANES: Final = 3
_COLUMNS: Final = 26
_TALLEST: Final = 150.0
_THICKEST: Final = 36.0
_SLANT: Final = (0.42, 0.30)  # where the third axis points, per unit of length
_GAP: Final = 24.0
_BETWEEN: Final = 26.0  # lanes
_LINE: Final = 11.5


class _Place(NamedTuple):
    """A column, and one of so many lanes; `lane` is None in the middle."""

    column: int
    lane: int | None
    lanes: int


class _Solid(NamedTuple):
    """Thickness, height and depth in points; (x, y) is the lower left corner in front."""

    width: float
    height: float
    depth: float
    x: float = 0.0
    y: float = 0.0

    @property
    def slant(self) -> Point:
        return self.depth * _SLANT[0], self.depth * _SLANT[1]

    @property
    def reach(self) -> float:
        """The height of the drawing, with the roof."""
        return self.height + self.slant[1]

    @property
    def middle(self) -> float:
        return self.x + (self.width + self.slant[0]) / 2


_Caption = list[tuple[str, float, bool]]


def volumes(made: Picture, look: Look, shapes: Mapping[str, Shape]) -> Canvas:
    """Return the volume view of a picture.

    Args:
        made: boxes and wires.
        look: theme and language.
        shapes: the output of each box.

    Raises:
        TargetError: the network is no chain, or a size is free.
    """
    places = _places(made)
    if places is None:
        raise _refused(NO_CHAIN)
    sizes = {name: _numbers(shapes[name]) for name in places}
    boxes = sorted((box for box in made.boxes if box.id in places), key=lambda box: places[box.id].column)
    captions = {box.id: _caption(box, look) for box in boxes}
    solids, across, tall = _stood(boxes, places, _scaled(boxes, sizes), captions)
    read = {name: [source for source in sources if source in places] for name, sources in _read(made).items()}
    arcs = [arc for box in boxes for arc in _arcs(box.id, read, places, solids, look)]
    over = max((-_top(arc) for arc in arcs), default=0.0)
    head = header(made, look)
    width = max(across, widest(head), 240.0)
    used = {box.family for box in boxes}
    families = [family for family in (*FAMILIES, "block") if family in used]
    keys = legend(families, made._replace(boxes=tuple(boxes), clusters=()), look, width)
    top, left = MARGIN + HEAD + max(over, 0), MARGIN + (width - across) / 2
    below = top + tall + 22
    wires = [wire for box in boxes for wire in _wires(box, read[box.id], places, solids, sizes, look)]
    drawn = [
        Group((*_faces(solids[box.id], look.theme.fill(box.family), look.theme),
               *_texts(solids[box.id], captions[box.id], look)), box.id, box.path)
        for box in boxes
    ]  # fmt: skip
    # wires between towers pass behind everything, kernels lie on the solids
    far = [group for group, foreign in wires if foreign]
    near = [group for group, foreign in wires if not foreign]
    return Canvas(
        width=width + 2 * MARGIN,
        height=below + keys[1] + MARGIN,
        paper=look.theme.paper,
        title=made.title,
        groups=(
            moved(Group(tuple(head)), MARGIN, MARGIN),
            *(moved(group, left, top) for group in (*arcs, *far, *drawn, *near)),
            moved(Group(tuple(keys[0])), MARGIN, below),
        ),
    )


def is_chain(made: Picture) -> bool:
    """Tell whether the volume view makes a good figure of a picture: no joins but those of towers, and not too long."""
    places = _places(made) or {}
    plain = all(box.kind != "merge" or _is_join(box) for box in made.boxes)
    return plain and 0 < len({place.column for place in places.values()}) <= _COLUMNS


def _refused(message: str) -> TargetError:
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])


# ── where ──


def _places(made: Picture) -> dict[str, _Place] | None:
    """Return columns and lanes, or None if the network is no chain; joins of towers take no place."""
    boxes = {box.id: box for box in made.boxes if box.mode == "both" and box.kind != "output"}
    read = _read(made)
    columns: dict[str, int] = {}
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, box in boxes.items():
        if _is_join(box):
            continue
        columns[name] = 1 + max((columns[source] for source in read[name]), default=-1)
        groups.setdefault(_main_sources(read[name], columns), []).append(name)
    found: dict[str, _Place] = {}
    for sources, names in groups.items():
        if len(names) > _LANES:
            return None
        for index, name in enumerate(names):
            alone = len(names) == 1
            before = found[sources[0]] if alone and len(sources) == 1 else None
            lane, lanes = (before.lane, before.lanes) if before else (None, 1) if alone else (index, len(names))
            found[name] = _Place(columns[name], lane, lanes)
    # each place once, and as many towers as any other box of the column sees
    distinct = {(place.column, place.lane) for place in found.values()}
    towers = {(place.column, place.lanes) for place in found.values()}
    clear = len(distinct) == len(found) and len(towers) == len({column for column, _ in towers})
    return found if found and clear else None


def _main_sources(sources: Sequence[str], columns: Mapping[str, int]) -> tuple[str, ...]:
    """Return the sources in the last column; what comes from further back passes by."""
    last = max((columns[source] for source in sources), default=0)
    return tuple(source for source in sources if columns[source] == last)


def _is_join(box: Box) -> bool:
    return box.kind == "merge" and box.parts[box.main].text == "concat"


def _read(made: Picture) -> dict[str, list[str]]:
    """Return what each box reads, looking through the joins of towers."""
    boxes = {box.id: box for box in made.boxes}
    found: dict[str, list[str]] = {box.id: [] for box in made.boxes}
    direct: dict[str, list[str]] = {box.id: [] for box in made.boxes}
    for edge in made.edges:
        direct[edge.head].append(edge.tail)
    for name, sources in direct.items():
        for source in sources:
            found[name] += found[source] if _is_join(boxes[source]) else [source]
    return found


def _stood(
    boxes: Sequence[Box], places: Mapping[str, _Place], solids: Mapping[str, _Solid], captions: Mapping[str, _Caption]
) -> tuple[dict[str, _Solid], float, float]:
    """Return the solids in their places, and the width and height of all with their captions."""
    columns = max(place.column for place in places.values()) + 1
    own, need = [0.0] * columns, [0.0] * columns
    for box in boxes:
        column, solid = places[box.id].column, solids[box.id]
        own[column] = max(own[column], solid.width + solid.slant[0])
        texts = (room(text, size, bold=bold) for text, size, bold in captions[box.id])
        need[column] = max(need[column], own[column], *texts, 0.0)
    starts = [sum(need[:column]) + column * _GAP for column in range(columns)]
    lanes = max(place.lanes for place in places.values())
    below = {box.id: len(captions[box.id]) * _LINE for box in boxes}
    pitch = _BETWEEN + max(
        (solids[name].reach + below[name] for name, place in places.items() if place.lane is not None), default=0.0
    )
    stood = {}
    for box in boxes:
        place, solid = places[box.id], solids[box.id]
        lane = 0.0 if place.lane is None else place.lane - (place.lanes - 1) / 2
        x = starts[place.column] + (need[place.column] - solid.width - solid.slant[0]) / 2
        stood[box.id] = solid._replace(x=x, y=lane * pitch + solid.reach / 2)
    highest = min(solid.y - solid.reach for solid in stood.values())
    lowest = max(solid.y + below[name] for name, solid in stood.items())
    shifted = {name: solid._replace(y=solid.y - highest) for name, solid in stood.items()}
    return shifted, starts[-1] + need[-1], lowest - highest + 6 * (lanes > 0)


# ── how large ──


def _scaled(boxes: Sequence[Box], sizes: Mapping[str, tuple[int, ...]]) -> dict[str, _Solid]:
    maps = [sizes[box.id] for box in boxes if len(sizes[box.id]) > 2]
    side = max((max(shape[-2:]) for shape in maps), default=1)
    channels = max((shape[0] for shape in maps), default=1)
    units = max((shape[-1] for shape in sizes.values() if len(shape) <= 2), default=1)

    def length(size: int) -> float:
        return 4 + (_TALLEST - 4) * float((size / side) ** 0.5)

    found = {}
    for box in boxes:
        shape = sizes[box.id]
        if len(shape) > 2:
            thick = 2.5 + (_THICKEST - 2.5) * float((shape[0] / channels) ** 0.5)
            found[box.id] = _Solid(thick, length(shape[-2]), length(shape[-1]))
        else:
            steps = 8 + 24 * (1 - 1 / shape[0]) if len(shape) == 2 else 8.0
            found[box.id] = _Solid(steps, 12 + (_TALLEST * 0.75 - 12) * (shape[-1] / units) ** 0.5, 8)
    return found


def _numbers(shape: Shape) -> tuple[int, ...]:
    if not all(isinstance(size, int) for size in shape):
        raise _refused("the view volumes needs numbers for all sizes")
    return tuple(int(size) for size in shape) or (1,)


# ── how drawn ──


def _faces(solid: _Solid, fill: str, theme: Theme) -> list[Mark]:
    x, y, width, height = solid.x, solid.y, solid.width, solid.height
    dx, dy = solid.slant
    front = polygon(((x, y), (x + width, y), (x + width, y - height), (x, y - height)))
    side = polygon(
        ((x + width, y), (x + width + dx, y - dy), (x + width + dx, y - dy - height), (x + width, y - height))
    )
    roof = polygon(
        ((x, y - height), (x + width, y - height), (x + width + dx, y - height - dy), (x + dx, y - height - dy))
    )
    return [
        Path(side, shade(fill, 0.88), theme.line, 0.8),
        Path(roof, shade(fill, 1.08), theme.line, 0.8),
        Path(front, fill, theme.line, 0.8),
    ]


def shade(colour: str, factor: float) -> str:
    """Return a colour, darker for a factor below 1, lighter above.

    >>> shade("#808080", 0.5), shade("#808080", 1.5)
    ('#404040', '#c0c0c0')
    """
    parts = (min(255, round(int(colour[at : at + 2], 16) * factor)) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _texts(solid: _Solid, caption: _Caption, look: Look) -> list[Mark]:
    """Return what stands below a solid, on a ground that keeps wires away."""
    marks: list[Mark] = []
    for index, (text, size, bold) in enumerate(caption, 1):
        ink = look.theme.ink if size > SMALL else look.theme.faint
        marks.append(Text(solid.middle, solid.y + 4 + index * _LINE, text, size, ink, "middle", bold))
    width = max((room(text, size, bold=bold) for text, size, bold in caption), default=0.0)
    ground = rectangle(solid.middle - width / 2 - 2, solid.y + 5, width + 4, len(caption) * _LINE + 2)
    return [Path(ground, look.theme.paper), *marks]


def _caption(box: Box, look: Look) -> _Caption:
    found = [(box.title, NAME, True)] if box.title else []
    if box.kind != "input":
        found.append((box.parts[box.main].text, LAYER - 0.5, False))
    if box.copies > 1:
        found.append((f"×{box.copies}", LAYER - 0.5, True))
    after = " · ".join(part.text for part in box.parts if part is not box.parts[box.main])
    found += [(after, SMALL, False)] if after and box.kind != "merge" else []
    found += [(box.shape, SMALL, False)] if "shape" in look.show else []
    return [(fit(text, size, 170, bold=bold), size, bold) for text, size, bold in found]


def _wires(
    box: Box,
    sources: Sequence[str],
    places: Mapping[str, _Place],
    solids: Mapping[str, _Solid],
    sizes: Mapping[str, tuple[int, ...]],
    look: Look,
) -> list[tuple[Group, bool]]:
    """Return how a box sees what it reads, by its kernel or an arrow, and whether from another tower."""
    found = []
    columns = {name: place.column for name, place in places.items()}
    for source in _main_sources(sources, columns):
        solid, goal, shape = solids[source], solids[box.id], sizes[source]
        foreign = None not in (places[source].lane, places[box.id].lane) and places[source].lane != places[box.id].lane
        dash = (3.0, 2.5) if foreign else ()
        window = _window(box)
        if window is None or len(shape) < 3 or box.family not in ("conv", "pool"):
            marks = _arrow(solid, goal, look, dash)
        else:
            marks = _rays(solid, goal, (window[0] / shape[-2], window[1] / shape[-1]), look, dash)
        found.append((Group(marks), foreign))
    return found


def _window(box: Box) -> tuple[float, float] | None:
    if not box.nodes or box.kind != "layer":
        return None
    main = next((node for node in box.nodes if node.family == box.family), box.nodes[0])
    seen = main.window
    # what one output of a transposed convolution sees is not its kernel
    if seen is None or main.op == "deconv" or "kernel" not in main.settings:
        return None
    kernel = [float(size) for size in seen.kernel]
    return (kernel[-2], kernel[-1]) if len(kernel) > 1 else (kernel[0], kernel[0])


def _arrow(solid: _Solid, goal: _Solid, look: Look, dash: tuple[float, ...]) -> tuple[Mark, ...]:
    dx, dy = solid.slant
    start = (solid.x + solid.width + dx * 0.5 + 2, solid.y - dy * 0.5 - solid.height / 2)
    tip = (goal.x - 2, goal.y - goal.height / 2)
    return (
        Path(line((start, tip)), stroke=look.theme.line, width=0.9, dash=dash),
        arrow(tip, start, 4.5, look.theme.line),
    )


def _rays(
    solid: _Solid, goal: _Solid, share: tuple[float, float], look: Look, dash: tuple[float, ...]
) -> tuple[Mark, ...]:
    """Return a window on the far side of a solid, and lines from its corners to a point of the next one."""
    high = max(min(share[0], 1.0) * solid.height, 3.0)
    deep = max(min(share[1], 1.0), 3.0 / max(solid.depth, 3.0))
    x, y = solid.x + solid.width, solid.y
    dx, dy = solid.slant
    # the window lies a little off the middle, so that it does not hide behind the frame of a small map
    along = (1 - deep) * 0.55
    floor = (solid.height - high) * 0.5
    corners = [
        (x + dx * at, y - dy * at - floor - up)
        for at, up in ((along, 0.0), (along + deep, 0.0), (along + deep, high), (along, high))
    ]
    tip = (goal.x, goal.y - goal.height * 0.55)
    rays = [Path(line((corner, tip)), stroke=look.theme.accent, width=0.7, dash=dash) for corner in corners]
    return (*rays, Path(polygon(corners), stroke=look.theme.accent, width=1.0))


def _arcs(
    name: str,
    read: Mapping[str, Sequence[str]],
    places: Mapping[str, _Place],
    solids: Mapping[str, _Solid],
    look: Look,
) -> list[Group]:
    """Return the wires to a box that pass over columns, as arcs above."""
    found = []
    last = max((places[source].column for source in read[name]), default=0)
    for source in read[name]:
        if places[source].column == last:
            continue
        start, goal = solids[source], solids[name]
        one = (start.middle + 4, start.y - start.reach - 3)
        two = (goal.middle, goal.y - goal.reach - 4)
        rise = min(one[1], two[1]) - 14 - 0.05 * (two[0] - one[0])
        path = Path(curve((one, (one[0], rise), (two[0], rise), two)), stroke=look.theme.accent, width=1.1)
        found.append(Group((path, arrow(two, (two[0], rise), 5, look.theme.accent))))
    return found


def _top(group: Group) -> float:
    """Return the highest point of the curves of a group."""
    found = []
    for mark in group.marks:
        for letter, points in mark.steps if isinstance(mark, Path) else ():
            # a Bézier curve between level ends rises to three quarters of its handles
            found += [points[2][1] + 0.75 * (points[0][1] - points[2][1])] if letter == "C" else [y for _, y in points]
    return min(found)
