"""The field view: what the middle output of each layer sees of the input, as nested frames over it."""

from math import ceil
from typing import Any, Final, NamedTuple, TypeAlias

from archcalc.diagram.boxes import SMALL, Look
from archcalc.diagram.canvas import Canvas, Group, Mark, Path, Step, Text, line, moved, rectangle
from archcalc.diagram.graph import HEAD, MARGIN, header, widest
from archcalc.diagram.metrics import room
from archcalc.diagram.picture import Picture, shape_text
from archcalc.diagram.words import word
from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.receptive import Field, fields
from archcalc.render.columns import value
from archcalc.report import Node, Report

_Area: TypeAlias = tuple[float, float, float, float]  # x, y, width, height

_EDGE: Final = 330.0  # of the input's longer side, at most
_ROW: Final = 15.0
_NAME: Final = 9.0
_MOST: Final = 26  # frames that can be told apart
_HATCH: Final = 7.0  # between lines that mark padding
_WIDER: Final = 0.55  # how much of the input's size is shown around it


class _Frame(NamedTuple):
    """What the middle output of a layer sees: size and jump, and first and last position, on each axis."""

    row: Node
    size: tuple[Any, ...]
    jump: tuple[Any, ...]
    spans: tuple[tuple[float, float], ...]


def sight(report: Report, made: Picture, look: Look) -> Canvas:
    """Return the input with a frame for every layer that sees more than the layers before it.

    Frames are those of the output in the middle of the layer's map; what lies outside of the input is padding.

    Raises:
        TargetError: the first input is no sequence or map, a size is free, or no layer sees a part of the input.
    """
    name, shape = next(iter(report.input.items()))
    extent = shape[:-1] if len(shape) == 2 else shape[1:]
    if len(shape) not in (2, 3) or not all(isinstance(size, int) for size in extent):
        raise _error("the view field needs an input that is a sequence or a map, with numbers for its sizes")
    frames = _frames(report)
    if not frames:
        raise _error(f"no layer of {report.target} sees a part of its input; there is nothing to frame")
    left_out = max(0, len(frames) - _MOST)
    frames = frames[:_MOST]
    height, width = (1, extent[0]) if len(extent) == 1 else extent
    scale = _EDGE / max(height, width)
    band = 40.0 if len(extent) == 1 else height * scale  # a sequence is drawn as a band
    around = _around(frames, (height, width), flat=len(extent) == 1)
    pad_x, pad_y = around * width * scale, 0.0 if len(extent) == 1 else around * height * scale
    x0, y0 = pad_x, HEAD + pad_y + 10
    ink, faint = look.theme.ink, look.theme.faint
    marks: list[Mark] = [*header(made, look)]
    right = x0 + width * scale + pad_x
    clip = (0.0, HEAD + 10.0, right, y0 + band + pad_y)
    # along a sequence, a frame within another one is also lower
    ordered = frames[::-1]  # the largest is drawn first, and its name stands on top
    insets = [(at + 1) * band / 2 / (len(frames) + 1) if len(extent) == 1 else None for at in range(len(frames))]
    areas = [_box(frame, (x0, y0), scale, band, clip, inset) for frame, inset in zip(ordered, insets, strict=True)]
    source = (x0, y0, width * scale, band)
    outside = _hatch(areas[0], source)
    if outside:
        marks.append(Path(outside, stroke=look.theme.cluster_line, width=0.7))
    marks.append(Path(rectangle(*source), look.theme.cluster[1], look.theme.accent, 1.6))
    groups: list[Group] = []
    ids = {node.path: box.id for box in made.boxes for node in box.nodes}
    # of two layers in one box, the larger frame has its id
    owners = {ids[frame.row.path]: frame.row.path for frame in frames}
    text_x = right + 46
    for at, (frame, box) in enumerate(zip(ordered, areas, strict=True)):
        y = HEAD + 22 + at * _ROW
        fill = look.theme.fill(frame.row.family)
        own: list[Mark] = [Path(rectangle(*box), fill if frame is frames[0] else "", ink, 0.9)]
        corner = (box[0] + box[2], box[1] + min(1.0, box[3]))
        own.append(Path(line((corner, (right + 14, y), (text_x - 6, y))), stroke=faint, width=0.5))
        own.append(Path(rectangle(text_x, y - 5, 10, 10, (2,) * 4), fill, look.theme.line, 0.7))
        jump = f"{word('jump', look.lang)} {'×'.join(map(value, frame.jump))}"
        said = f"{frame.row.path}: {shape_text(frame.size)}, {jump}"
        own.append(Text(text_x + 15, y + 3.2, said, _NAME, ink))
        path = frame.row.path
        groups.append(Group(tuple(own), ids[path] if owners[ids[path]] == path else "", said))
    keys = _keys(f"{word('input', look.lang)} {name} {shape_text(shape)}", look, padding=bool(outside))
    for at, key in enumerate(keys, len(ordered)):
        marks += moved(key, text_x, HEAD + 22 + at * _ROW).marks
    foot = max(clip[3], HEAD + 22 + (len(ordered) + len(keys)) * _ROW) + 16
    notes = [
        word("field_note", look.lang),
        *([word("field_more", look.lang).format(count=left_out)] if left_out else []),
    ]
    marks += [Text(0, foot + at * 13, note, SMALL, faint) for at, note in enumerate(notes)]
    longest = max(room(group.tip, _NAME) for group in (*groups, *keys))
    total = max(text_x + 15 + longest, widest(marks[:2]), *(room(note, SMALL) for note in notes))
    everything = (Group(tuple(marks)), *groups)
    placed = tuple(moved(group, MARGIN, MARGIN) for group in everything)
    return Canvas(total + 2 * MARGIN, foot + 13 * len(notes) + 2 * MARGIN, look.theme.paper, made.title, placed)


def _keys(source: str, look: Look, *, padding: bool) -> list[Group]:
    """Return the lines of the legend that are no layers; the middle of a line starts at (0, 0)."""
    swatch = (0.0, -5.0, 10.0, 10.0)
    drawn = [(source, Path(rectangle(*swatch), look.theme.cluster[1], look.theme.accent, 1.6))]
    if padding:
        drawn.append((word("padding", look.lang), Path(_hatch(swatch, None, 3.3), stroke=look.theme.faint, width=0.7)))
    return [Group((path, Text(15, 3.2, text, _NAME, look.theme.faint)), tip=text) for text, path in drawn]


def _frames(report: Report) -> list[_Frame]:
    """Return the layers that see more than all before them, or further apart, from the narrowest to the widest."""
    seen = fields(report)
    found: list[_Frame] = []
    for row in report.rows:
        held = seen.get(row.path)
        if row.mode == "train" or not isinstance(held, Field) or not held.placed or not held.axes:
            continue
        sizes = row.output[:-1] if len(row.output) == 2 else row.output[1:]
        if len(sizes) != len(held.axes) or not all(isinstance(each, int) for each in (*sizes, *held.size)):
            continue
        if found and not any(new > old for new, old in zip(held.size, found[-1].size, strict=True)):
            continue
        spans = tuple(axis.span((size - 1) // 2) for axis, size in zip(held.axes, sizes, strict=True))
        if all(span is not None and all(isinstance(end, int) for end in span) for span in spans):
            ends = tuple((float(span[0]), float(span[1])) for span in spans if span is not None)
            found.append(_Frame(row, held.size, held.jump, ends))
    return found


def _around(frames: list[_Frame], extent: tuple[int, int], *, flat: bool) -> float:
    """Return how much is shown around the input, in parts of its size: as far as frames reach, within reason."""
    sizes = extent[1:] if flat else extent
    over = [
        max(-first, last + 1 - size, 0) / size
        for frame in frames
        for (first, last), size in zip(frame.spans, sizes, strict=True)
    ]
    return min(max(over, default=0.0), _WIDER) + 0.02


def _box(
    frame: _Frame,
    start: tuple[float, float],
    scale: float,
    band: float,
    clip: _Area,
    inset: float | None,
) -> _Area:
    """Return x, y, width and height of a frame; what is too large for the figure ends at its edge.

    inset: how far a frame on a sequence stays within its band.
    """
    (first_x, last_x) = frame.spans[-1]
    left = max(start[0] + first_x * scale, clip[0])
    right = min(start[0] + (last_x + 1) * scale, clip[2])
    if inset is not None:
        return left, start[1] + inset, right - left, band - 2 * inset
    (first_y, last_y) = frame.spans[0]
    top = max(start[1] + first_y * scale, clip[1])
    floor = min(start[1] + (last_y + 1) * scale, clip[3])
    return left, top, right - left, floor - top


def _hatch(area: _Area, hole: _Area | None, step: float = _HATCH) -> tuple[Step, ...]:
    """Return slanted lines over an area, but not over a hole in it."""
    x, y, width, height = area
    steps: list[Step] = []
    for at in range(1, ceil((width + height) / step)):
        total = x + y + at * step  # x + y is the same all along a line
        pieces = _spans(area, total)
        if hole and (inner := _spans(hole, total)):
            (start, end), (first, last) = pieces[0], inner[0]
            pieces = [(start, min(first, end)), (max(last, start), end)]
        steps += [step for a, b in pieces if b - a > 0.5 for step in line(((a, total - a), (b, total - b)))]
    return tuple(steps)


def _spans(area: _Area, total: float) -> list[tuple[float, float]]:
    """Return from where to where on the x axis a line x + y = total crosses an area, if it does."""
    x, y, width, height = area
    start, end = max(x, total - y - height), min(x + width, total - y)
    return [(start, end)] if start < end else []


def _error(message: str) -> TargetError:
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
