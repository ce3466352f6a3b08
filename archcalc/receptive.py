"""Receptive fields: what one output element sees of an input, or of any earlier layer, along each spatial axis.

A layer alone maps output o of an axis to the positions first(o) … last(o) of its input; a chain is the composition of
such maps. Where all layers are convolutions and pools this is the textbook rule

    r' = r + (k − 1)·d·j        j' = j·s        start' = start − p·j

of Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019), with r the size,
j the jump (the distance of neighbouring fields), and start the first position that output 0 sees, negative in padding.

Layers that enlarge a map give neighbouring outputs fields of different size, in a pattern that repeats. A transposed
convolution with kernel k, stride s and padding p is a convolution over the input with s − 1 zeros between its elements
(Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, section 4): output o sees
⌈(o + p − d(k − 1))/s⌉ … ⌊(o + p)/s⌋. Interpolation reads the neighbours of x = (o + 1/2)·n/m − 1/2, or of
x = o·(n − 1)/(m − 1) with aligned corners, of those the ones with a weight (Keys, "Cubic Convolution Interpolation",
1981); nearest reads ⌊o·n/m⌋. The size is then the largest of the pattern.

The field is theoretical: windows go on beyond the border. `Axis.clipped` is what lies inside. Positions between the
first and the last count as seen, as the holes of a dilated kernel do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest
from math import ceil, floor, gcd, lcm
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from archcalc.arithmetic import Number, extent, largest, smallest
from archcalc.errors import COMMAND_LINE, Problem, ShapeError, TargetError, did_you_mean
from archcalc.quantities import Shape
from archcalc.report import Node, Report

Span: TypeAlias = tuple[Number, Number]

MOST_PHASES: Final = 4_096  # a spec is untrusted, and patterns of odd sizes are long


@dataclass(frozen=True, slots=True)
class Axis:
    """What the outputs along one axis see of one axis of the source.

    size: positions from the first to the last that one output sees; the largest of the pattern.
    spans: first and last position of the outputs 0, 1, … of one pattern; None for an output that sees nothing.
    advance: how far the next pattern lies.
    bound: the size is an upper bound, since branches that move differently were joined.
    """

    size: Number
    advance: Number
    spans: tuple[Span | None, ...]
    bound: bool = False

    @property
    def jump(self) -> Number | Fraction:
        """Distance of neighbouring fields, on average; a fraction where a map is larger than the source."""
        return self.advance if len(self.spans) == 1 else _whole(Fraction(self.advance, len(self.spans)))

    @property
    def start(self) -> Number | None:
        """First position that output 0 sees, counted from 0; negative in padding."""
        return None if self.spans[0] is None else self.spans[0][0]

    @property
    def centre(self) -> Number | Fraction | None:
        """Middle of the field of output 0, as a position from 0; add 1/2 where pixel 0 reaches from 0 to 1."""
        return None if self.spans[0] is None else _whole(Fraction(sum(self.spans[0]), 2))

    def span(self, output: int) -> Span | None:
        """Return the first and last position that an output sees, also of an output in padding.

        >>> Axis(3, 2, ((-1, 1),)).span(10)
        (19, 21)
        """
        turn, phase = divmod(output, len(self.spans))
        span = self.spans[phase]
        return None if span is None else (span[0] + turn * self.advance, span[1] + turn * self.advance)

    def clipped(self, size: int, outputs: int) -> int:
        """Return how many positions one of `outputs` outputs sees at most of a source of `size` positions.

        >>> Axis(7, 2, ((-3, 3),)).clipped(4, 2)
        4
        """
        most = 0
        for phase, span in enumerate(self.spans[:outputs]):
            if span is None:
                continue
            # what lies inside grows towards the middle of the source and falls behind it
            turns = (outputs - 1 - phase) // len(self.spans)
            middle = Fraction(size - 1 - sum(span), 2 * self.advance) if self.advance else Fraction(0)
            for turn in {min(max(turn, 0), turns) for turn in (floor(middle), ceil(middle))}:
                shift = turn * self.advance
                most = max(most, min(span[1] + shift, size - 1) - max(span[0] + shift, 0) + 1)
        return most

    def over_the_edge(self, size: int, outputs: int) -> int:
        """Return how many of `outputs` outputs see positions outside a source of `size` positions, that is padding.

        >>> Axis(3, 1, ((-1, 1),)).over_the_edge(8, 8)
        2
        """
        inside = 0
        for phase, span in enumerate(self.spans[:outputs]):
            turns = (outputs - 1 - phase) // len(self.spans)
            if span is None or not self.advance:
                inside += (turns + 1) * (span is None or (span[0] >= 0 and span[1] < size))
            else:
                first = max(0, ceil(Fraction(-span[0], self.advance)))
                last = min(turns, floor(Fraction(size - 1 - span[1], self.advance)))
                inside += max(0, last - first + 1)
        return outputs - inside


@dataclass(frozen=True, slots=True)
class Field:
    """What one output sees, per spatial axis of the source.

    placed: False once elements were rearranged: each sees as much as before, but no longer along an axis.
    """

    axes: tuple[Axis, ...]
    placed: bool = True

    @property
    def size(self) -> tuple[Number, ...]:
        """Sizes per axis."""
        return tuple(axis.size for axis in self.axes)

    @property
    def jump(self) -> tuple[Number | Fraction, ...]:
        """Jumps per axis."""
        return tuple(axis.jump for axis in self.axes)


@dataclass(frozen=True, slots=True)
class Unclear:
    """A field that cannot be told, and why."""

    reason: str


# None: one output sees everything
Seen: TypeAlias = Field | Unclear | None

POINT: Final = Axis(1, 1, ((0, 0),))


def fields(
    report: Report, of: str | None = None, *, narrowest: bool = False, statistics: bool = False
) -> dict[str, Seen]:
    """Return the field of every row that depends on a source; None where one output sees everything.

    Args:
        report: of a network.
        of: the source, an input or a row; by default the first input.
        narrowest: follow the narrowest branch of every merge, not all of them (the shortcut of a residual).
        statistics: let norms that take statistics of the sample (`in`, `gn`) see everything, as they strictly do.
            The literature does not count them (a PatchGAN "of 70×70").

    Raises:
        TargetError: there is no such source.

    >>> from archcalc.api import analyze
    >>> seen = fields(analyze("vgg/16"))
    >>> seen["pool5"].size, seen["pool5"].jump, seen["fc6.fc"]
    ((212, 212), (32, 32), None)
    """
    source = next(iter(report.input)) if of is None else of
    shapes = {**report.input, **{row.path: row.output for row in report.rows}}
    if source not in shapes:
        hint = did_you_mean(source, shapes)
        raise TargetError([Problem("E052", f"no layer or input '{source}'{hint}", origin=COMMAND_LINE)])
    seen: dict[str, Seen] = {source: Field((POINT,) * len(_spatial(shapes[source])))}
    rows = {row.path: row for row in report.rows}
    for row in report.rows:
        before = [(seen[path], shape) for path, shape in zip(row.inputs, row.input, strict=True) if path in seen]
        if row.path == source or not before or row.op == "param":  # a learned value sees nothing
            continue
        try:
            if narrowest and len(before) > 1:
                before = [min(before, key=_extent)]
            joined = join([each for each, _ in before], row)
            seen[row.path] = through(joined, row, rows, statistics=statistics)
        except ShapeError as error:  # a free size that does not decide
            seen[row.path] = Unclear(error.message)
    if source in report.input:
        del seen[source]
    return seen


def through(seen: Seen, row: Node, rows: Mapping[str, Node], *, statistics: bool = False) -> Seen:
    """Return the field behind a layer from the one before it; `rows` finds the pool of an unpooling."""
    if seen is None or isinstance(seen, Unclear):
        return seen
    if row.op == "embed":
        # token numbers are a vector, their embeddings a sequence
        return Field((POINT,)) if not seen.axes and seen.placed else Unclear("tokens that were computed")
    if row.window is None and row.family == "norm" and not statistics:
        return seen
    if row.window is None or row.op in _MIXERS or (row.op in _DENSE and len(row.input[0]) == 1):
        return None
    layer = layer_axes(row, rows)
    pointwise = all(axis == POINT for axis in layer)
    if pointwise:
        return replace(seen, placed=seen.placed and not _rearranges(row))
    if not seen.placed or len(layer) != len(seen.axes):
        return Unclear("a window over rearranged elements")
    axes = tuple(composed(inner, outer) for inner, outer in zip(seen.axes, layer, strict=True))
    return Field(axes, placed=not _rearranges(row))


def join(seen: Sequence[Seen], row: Node) -> Seen:
    """Return the field of several inputs of one row: from the first to the last position that any of them sees."""
    if len(seen) == 1:
        return seen[0]
    if any(each is None for each in seen):
        return None
    unclear = next((each for each in seen if isinstance(each, Unclear)), None)
    if unclear:
        return unclear
    held = [each for each in seen if isinstance(each, Field)]
    if len({len(each.axes) for each in held}) != 1:
        return Unclear("branches with different axes")
    pairs = zip_longest(zip(*(each.axes for each in held), strict=True), _spatial(row.output)[: len(held[0].axes)])
    axes = tuple(united(axes, 1 if outputs is None else outputs) for axes, outputs in pairs)
    return Field(axes, placed=all(each.placed for each in held))


# ── One axis ──


def composed(inner: Axis, outer: Axis) -> Axis:
    """Return what the outputs of `outer` see through `inner`.

    A 3×3 convolution after fields of size 7 and jump 2:

    >>> composed(Axis(7, 2, ((-3, 3),)), window_axis(3, 1, 1, 1)).size
    11
    """
    bound = inner.bound or outer.bound
    if len(inner.spans) == len(outer.spans) == 1 and inner.spans[0] is not None and outer.spans[0] is not None:
        size = inner.size + (outer.size - 1) * inner.advance
        first = inner.spans[0][0] + outer.spans[0][0] * inner.advance
        return Axis(size, inner.advance * outer.advance, ((first, first + size - 1),), bound)
    turns = len(inner.spans) // gcd(len(inner.spans), outer.advance)
    _check_phases(len(outer.spans) * turns)
    spans = tuple(_through(inner, outer.span(output)) for output in range(len(outer.spans) * turns))
    return _patterned(spans, inner.advance * (outer.advance * turns // len(inner.spans)), bound=bound)


def united(axes: Sequence[Axis], outputs: Number) -> Axis:
    """Return from the first to the last position that any branch sees.

    Branches that move differently have no common pattern; the result has the jump with the shortest pattern, and a
    size that holds for all of `outputs` outputs: a bound.
    """
    if len({_key(axis.jump) for axis in axes}) > 1:
        axes = _aligned(axes, outputs)
    bound = any(axis.bound for axis in axes)
    if all(len(axis.spans) == 1 and axis.spans[0] is not None for axis in axes):
        spans = [axis.spans[0] or (0, 0) for axis in axes]
        first, last = spans[0]
        for other in spans[1:]:
            first, last = smallest(first, other[0]), largest(last, other[1])
        widest = next((axis for axis, span in zip(axes, spans, strict=True) if span == (first, last)), None)
        size = last - first + 1 if widest is None else widest.size
        return Axis(size, axes[0].advance, ((first, last),), bound)
    period = lcm(*(len(axis.spans) for axis in axes))
    _check_phases(period)
    spans_of = (tuple(filter(None, (axis.span(output) for axis in axes))) for output in range(period))
    joined = tuple((min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None for spans in spans_of)
    return _patterned(joined, axes[0].advance * (period // len(axes[0].spans)), bound=bound)


def window_axis(kernel: Number, stride: Number, dilation: Number, before: Number) -> Axis:
    """Return a window that slides: output o sees s·o − p … s·o − p + d(k − 1).

    >>> window_axis(3, 2, 1, 1)
    Axis(size=3, advance=2, spans=((-1, 1),), bound=False)
    """
    size = extent(kernel, dilation)
    return Axis(size, stride, ((0 - before, size - 1 - before),))


def spread_axis(kernel: int, stride: int, dilation: int, before: int) -> Axis:
    """Return a window that spreads: input i reaches s·i − p … s·i − p + d(k − 1), in steps of d.

    >>> spread_axis(4, 2, 1, 1).spans
    ((-1, 0), (0, 1))
    """
    _check_phases(stride)
    spans: list[Span | None] = []
    for output in range(stride):
        reached = range(-((dilation * (kernel - 1) - output - before) // stride), (output + before) // stride + 1)
        hit = [i for i in (*reached[:dilation], *reached[-dilation:]) if (output + before - i * stride) % dilation == 0]
        spans.append((min(hit), max(hit)) if hit else None)
    return _patterned(tuple(spans), 1)


def resized_axis(size: int, made: int, mode: str, step: Fraction | None) -> Axis:
    """Return an interpolation from `size` to `made` positions; `step` is that of aligned corners, else None.

    >>> resized_axis(4, 8, "bilinear", None).spans
    ((-1, 0), (0, 1))
    """
    ratio = Fraction(size, made) if step is None else step
    _check_phases(ratio.denominator)
    spans: list[Span] = []
    for output in range(ratio.denominator):
        if mode == "nearest":
            spans.append((floor(output * ratio),) * 2)
            continue
        x = output * ratio if step is not None else (output + Fraction(1, 2)) * ratio - Fraction(1, 2)
        more = 1 if mode == "bicubic" and x.denominator > 1 else 0
        spans.append((floor(x) - more, ceil(x) + more))
    return _patterned(tuple(spans), ratio.numerator)


def adaptive_axis(size: int, made: int) -> Axis:
    """Return an adaptive pool: output o of m sees ⌊o·n/m⌋ … ⌈(o + 1)·n/m⌉ − 1.

    >>> adaptive_axis(7, 3).spans
    ((0, 2), (2, 4), (4, 6))
    """
    ratio = Fraction(size, made)
    _check_phases(ratio.denominator)
    outputs = range(ratio.denominator)
    return _patterned(tuple((floor(o * ratio), ceil((o + 1) * ratio) - 1) for o in outputs), ratio.numerator)


# ── One layer ──


def layer_axes(row: Node, rows: Mapping[str, Node]) -> tuple[Axis, ...]:
    """Return the map of a layer alone on each spatial axis of its input; its window is not None."""
    special = _SPECIAL.get(row.op)
    if special is not None:
        return tuple(special(row, rows))
    window = row.window
    assert window is not None
    sides = zip(window.kernel, window.stride, window.dilation, window.before, strict=True)
    return tuple(window_axis(*side) for side in sides)


def _spread(row: Node, _rows: Mapping[str, Node]) -> Iterable[Axis]:
    window = row.window
    assert window is not None
    cut: Iterable[Number] = window.before
    if row.settings.get("pad") == "same":
        extents = (extent(k, d) for k, d in zip(window.kernel, window.dilation, strict=True))
        cut = (largest(0, e - s) // 2 for e, s in zip(extents, window.stride, strict=True))
    return map(_numbers(spread_axis), window.kernel, window.stride, window.dilation, cut)


def _resized(row: Node, _rows: Mapping[str, Node]) -> Iterable[Axis]:
    said = row.settings
    mode, align, zoom = said.get("mode", "nearest"), said.get("align", False), said.get("zoom")
    for at, (size, made) in enumerate(zip(_spatial(row.input[0]), _spatial(row.output), strict=True)):
        step: Fraction | None = None
        factor = said.get("factor")
        if zoom is not None:
            step = Fraction(1, _number(zoom, at))
        elif align and mode != "nearest":
            step = Fraction(_int(size) - 1, _int(made) - 1) if _int(made) > 1 else Fraction(1)
        if factor is not None and step is None:
            yield resized_axis(1, _number(factor, at), mode, None)
        else:
            yield resized_axis(*((1, 1) if step is not None else (_int(size), _int(made))), mode, step)


def _unpooled(row: Node, rows: Mapping[str, Node]) -> Iterable[Axis]:
    indices = row.settings.get("indices")
    pool = rows[indices.path].window if indices is not None and indices.path in rows else None
    if pool is not None:  # a value goes back to somewhere in the window it came from
        return map(_numbers(spread_axis), pool.kernel, pool.stride, pool.dilation, pool.before)
    factor = row.settings.get("factor")
    sizes = zip(_spatial(row.input[0]), _spatial(row.output), strict=True)
    steps = (-(-_int(m) // _int(n)) if factor is None else _number(factor, at) for at, (n, m) in enumerate(sizes))
    return (spread_axis(step, step, 1, 0) for step in steps)


def _shuffled(row: Node, _rows: Mapping[str, Node]) -> Iterable[Axis]:
    return (spread_axis(r, r, 1, 0) for r in (_int(row.settings["r"]),) * 2)


def _adaptive(row: Node, _rows: Mapping[str, Node]) -> Iterable[Axis]:
    return map(_numbers(adaptive_axis), _spatial(row.input[0]), _spatial(row.output))


# layers whose outputs are not windows of the input at a fixed stride
_SPECIAL: Final[Mapping[str, Callable[[Node, Mapping[str, Node]], Iterable[Axis]]]] = MappingProxyType(
    {
        "deconv": _spread,
        "upsample": _resized,
        "unpool": _unpooled,
        "pixelshuffle": _shuffled,
        "aavgpool": _adaptive,
        "amaxpool": _adaptive,
    }
)
_MIXERS: Final = frozenset({"dot", "bmm"})  # every output from all of both inputs
_DENSE: Final = frozenset({"fc", "rbf", "margin", "divenc"})  # on a vector
_REARRANGING: Final = frozenset({"flatten", "reshape", "transpose", "unsqueeze", "squeeze", "stack"})


def _rearranges(row: Node) -> bool:
    if row.op in _REARRANGING or len(row.output) != len(row.input[0]):
        return True
    if row.op != "concat":
        return False
    rank = len(row.output)
    channel = ("channel", rank - 1 if rank <= 2 else 0)
    return row.settings.get("axis", "channel") not in channel


# ── Small things ──


def _spatial(shape: Shape) -> Shape:
    return shape[:-1] if len(shape) <= 2 else shape[1:]


def _extent(held: tuple[Seen, Shape]) -> tuple[int, Any]:
    seen = held[0]
    return (0, seen.size) if isinstance(seen, Field) else (1, ())


def _through(inner: Axis, span: Span | None) -> Span | None:
    """Return what a span of `inner`'s outputs sees; outputs that see nothing at its ends do not count."""
    if span is None:
        return None
    firsts = range(span[0], min(span[1], span[0] + len(inner.spans)) + 1)
    lasts = range(span[1], max(span[0], span[1] - len(inner.spans)) - 1, -1)
    first = next(filter(None, map(inner.span, firsts)), None)
    last = next(filter(None, map(inner.span, lasts)), None)
    return None if first is None or last is None else (first[0], last[1])


def _patterned(spans: tuple[Span | None, ...], advance: Number, *, bound: bool = False) -> Axis:
    return Axis(max((last - first + 1 for first, last in filter(None, spans)), default=0), advance, spans, bound)


def _aligned(axes: Sequence[Axis], outputs: Number) -> list[Axis]:
    """Return axes with one jump whose spans hold those of the given ones for outputs 0 … n − 1."""
    jumps = [Fraction(axis.jump) for axis in axes]
    jump = min(jumps, key=lambda each: (each.denominator, each))
    far = _int(outputs) - 1
    aligned = []
    for axis, own in zip(axes, jumps, strict=True):
        placed = [(span[0] - own * at, span[1] - own * at) for at, span in enumerate(axis.spans) if span]
        drift = (own - jump) * far
        first = min(first for first, _ in placed) + min(drift, Fraction(0))
        last = max(last for _, last in placed) + max(drift, Fraction(0))
        spans = tuple((ceil(first + jump * at), floor(last + jump * at)) for at in range(jump.denominator))
        aligned.append(_patterned(spans, jump.numerator, bound=True))
    return aligned


def _key(jump: Number | Fraction) -> Any:
    return jump if isinstance(jump, (int, Fraction)) else str(jump)


def _whole(value: Fraction) -> Number | Fraction:
    return value.numerator if value.denominator == 1 else value


def _number(setting: Any, axis: int) -> int:
    return _int(setting[axis] if isinstance(setting, tuple) else setting)


def _numbers(rule: Callable[..., Axis]) -> Callable[..., Axis]:
    return lambda *sizes: rule(*map(_int, sizes))


def _int(size: Any) -> int:
    if not isinstance(size, int):
        raise ShapeError(f"the receptive field depends on {size}; it needs a number")
    return size


def _check_phases(count: int) -> None:
    if count > MOST_PHASES:
        raise ShapeError(f"the fields repeat after {count:,} positions only, at most {MOST_PHASES:,} are compared")
