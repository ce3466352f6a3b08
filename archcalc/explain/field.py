"""Receptive fields, derived: the composition rule of `archcalc.receptive`, run on traced numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from archcalc.arithmetic import Number
from archcalc.explain import Derived, Wording, derivation, written
from archcalc.explain.trace import axes_of, trace_layer
from archcalc.explain.words import say
from archcalc.quantities import Shape
from archcalc.receptive import Axis, Field, Seen, Unclear, fields, join, through
from archcalc.report import Node, Report
from archcalc.term import Term


class Fields(NamedTuple):
    """The fields of a report, of all branches and of the narrowest ones, by the input that they lie in."""

    report: Report
    seen: Mapping[str, Mapping[str, Seen]]
    narrow: Mapping[str, Mapping[str, Seen]]


def fields_of(report: Report) -> Fields:
    """Return the fields in every input of a report."""
    return Fields(
        report,
        {name: fields(report, name) for name in report.input},
        {name: fields(report, name, narrowest=True) for name in report.input},
    )


def explain_field(held: Fields, node: Node, wording: Wording) -> dict[str, Derived | None]:
    """Return how the receptive field of a row came about, by axis; equal axes are one ("hw").

    The value is None where one output sees everything, where it sees nothing, and where the field is not along an
    axis; `reasons` says which.

    Raises:
        TargetError: there is no such notation, or a size is free.
    """
    source = _source(held, node)
    seen = held.seen[source].get(node.path) if source else None
    if source is None or not isinstance(seen, Field):
        return {"": None}
    whole = held.report.input[source]
    start = Field(_points(_spatial(whole)))
    before = [held.seen[source].get(path, start) for path in node.inputs if _sees(held, source, path)]
    shape = _spatial(whole) or whole  # of tokens, which are a vector
    axes = axes_of(whole).replace("c", "") or "t"
    found: dict[str, Derived | None] = {}
    traced = _traced(before, node, {row.path: row for row in held.report.rows})
    for at, axis in enumerate(seen.axes):
        size = axis.size if traced is None else traced.axes[at].size
        if not isinstance(size, Term):
            first, last = _widest(axis)
            size = Term.named("last", last) - Term.named("first", first) + 1
        more = (say("pattern", wording.lang),) if len(axis.spans) > 1 else ()
        jump = _jump(node, axis, None if traced is None else traced.axes[at], wording)
        inside = _inside(axis, shape[at], node, at, wording)
        narrow = _narrow(held.narrow[source].get(node.path), axis, at, wording)
        bound = (say("bound", wording.lang, jumps=_jumps(before, at)),) if axis.bound else ()
        derived = derivation(node, "rf", size, wording)
        remarks = (jump, *bound, *more, *narrow, *inside, *_lost(seen, node, wording))
        derived = replace(derived, remarks=remarks)
        twin = next((letters for letters, other in found.items() if other == derived), None)
        if twin is not None:
            found[twin + axes[at]] = found.pop(twin)
        else:
            found[axes[at]] = derived
    return found


def reasons(held: Fields, node: Node, wording: Wording) -> tuple[str, ...]:
    """Return why a row has no receptive field that is a number."""
    source = _source(held, node)
    if source is None:
        return (say("nothing", wording.lang),)
    seen = held.seen[source][node.path]
    if isinstance(seen, Unclear):
        return (say("unclear", wording.lang, reason=seen.reason),)
    return (say("everything", wording.lang),)


def _source(held: Fields, node: Node) -> str | None:
    return next((name for name, seen in held.seen.items() if node.path in seen), None)


def _sees(held: Fields, source: str, path: str) -> bool:
    return path == source or path in held.seen[source]


def _traced(before: Sequence[Seen], node: Node, rows: Mapping[str, Node]) -> Field | None:
    """Return the field of a row with its rule run on terms; None where no closed rule holds."""
    held = [each for each in before if isinstance(each, Field)]
    if any(len(axis.spans) != 1 for each in held for axis in each.axes):
        return None
    named = [
        Field(tuple(_named(axis, f"_{at}" if len(held) > 1 else "_in") for axis in each.axes), each.placed)
        for at, each in enumerate(held, 1)
    ]
    window = trace_layer(node).window()
    after = through(join(named, node), replace(node, window=window), rows)
    return after if isinstance(after, Field) and all(len(axis.spans) == 1 for axis in after.axes) else None


def _named(axis: Axis, place: str) -> Axis:
    return replace(axis, size=Term.named(f"r{place}", axis.size), advance=Term.named(f"j{place}", axis.advance))


def _widest(axis: Axis) -> tuple[Number, Number]:
    return max(filter(None, axis.spans), key=lambda span: span[1] - span[0], default=(0, -1))


def _jump(node: Node, axis: Axis, traced: Axis | None, wording: Wording) -> str:
    if traced is not None and isinstance(traced.advance, Term):
        text = written(derivation(node, "jump", traced.advance, wording._replace(latex=False)))
        return say("jump", wording.lang, jump=f"j_out = {text}")
    return say("jump", wording.lang, jump=f"j_out = {axis.jump}")


def _jumps(before: Sequence[Seen], at: int) -> str:
    held = (each.axes[at].jump for each in before if isinstance(each, Field))
    return ", ".join(dict.fromkeys(map(str, held)))


def _inside(axis: Axis, size: Number, node: Node, at: int, wording: Wording) -> Iterator[str]:
    start = axis.span(0)
    if start is not None and all(isinstance(end, (int, Fraction)) for end in start):
        first, last = start
        yield say("padding" if first < 0 else "start", wording.lang, first=_signed(first), last=_signed(last))
    sizes = _spatial(node.output)
    if at >= len(sizes) or not all(isinstance(held, int) for held in (size, sizes[at], axis.size)):
        return  # nothing, or it depends on a free size
    outputs = int(sizes[at])
    if axis.size > size:
        yield say("larger", wording.lang, n=size, seen=axis.clipped(int(size), outputs))
    elif over := axis.over_the_edge(int(size), outputs):
        yield say("over_edge", wording.lang, count=over, outputs=outputs)


def _narrow(narrow: Seen, axis: Axis, at: int, wording: Wording) -> Iterator[str]:
    if isinstance(narrow, Field) and narrow.axes[at].size != axis.size:
        yield say("widest", wording.lang, size=narrow.axes[at].size)


def _lost(seen: Field, node: Node, wording: Wording) -> Iterator[str]:
    if node.window is None and node.family == "norm":
        yield say("statistics", wording.lang)
    if not seen.placed:
        yield say("rearranged", wording.lang)


def _signed(value: Number) -> str:
    return str(Fraction(value)).replace("-", "−")


def _spatial(shape: Shape) -> Shape:
    return shape[:-1] if len(shape) <= 2 else shape[1:]


def _points(shape: Shape) -> tuple[Axis, ...]:
    return (Axis(1, 1, ((0, 0),)),) * len(shape)
