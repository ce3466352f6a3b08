"""Input sizes that a sheet may ask about: those a network accepts, and those at which no division leaves anything."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from archcalc.errors import ArchcalcError
from archcalc.explain.trace import trace_layer
from archcalc.homework.truth import Subject, subject_of
from archcalc.homework.worksheets.draw import shuffled
from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.term import Leaf, Product, Quotient, Sum, Tree, tree_of, value_of


class Chosen(NamedTuple):
    """The size of a network's first input, the report at this size, and whether every division comes out even.

    is_only: a seed has nothing to draw from, for the network takes no other size.
    """

    size: Shape
    report: Report
    is_even: bool
    is_only: bool = False


def choose(
    report: Report, seed: int | None, analyze: Callable[[Shape], Report], *, integer: bool, fixed: bool
) -> Chosen | None:
    """Return the network at the size that a sheet asks about, or None if there is none.

    Without a seed it is the network's own size or, with `integer`, the nearest at which every division comes out
    even. A seed draws one: of the even sizes if the own one is even or `integer` asks for it, else of all that the
    network accepts.

    Args:
        report: the network at its own size.
        seed: which sheet.
        analyze: makes the report at another size of the first input; it may refuse.
        integer: whether every division must come out even.
        fixed: whether the size is given and stays.
    """
    sizes = Sizes(report)
    own = Chosen(sizes.own, report, sizes.is_even(sizes.own))
    if fixed:
        return own if own.is_even or not integer else None
    if seed is None and (own.is_even or not integer):
        return own
    even = integer or own.is_even
    tried = [sizes.own, *sizes.around()]
    listed = [size for size in tried if sizes.is_even(size)] if even else tried
    if seed is not None and listed:
        listed = shuffled(listed, "size", report.target)
        start = seed % len(listed)
        listed = listed[start:] + listed[:start]

    def others() -> Iterator[Chosen]:
        for size in listed:
            if size != own.size and (even or sizes.is_accepted(size)):
                with suppress(ArchcalcError):  # the spec itself may have something against it
                    yield Chosen(size, analyze(size), even)

    drawn = own if listed[:1] == [own.size] else next(others(), None)
    if drawn is None:
        drawn = own if own.is_even or not integer else None
    return own._replace(is_only=seed is not None and next(others(), None) is None) if drawn is own else drawn


class _Step(NamedTuple):
    """A layer that refuses what it gets, or leaves a remainder of it."""

    path: str
    refused: bool


class Sizes:
    """The sizes of a network's first input, from half of its own to twice.

    The layers run on each of them, in order, until one refuses it or, where that is asked, leaves a remainder.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._name, self.own = next(iter(report.input.items()))
        self._subjects = {node.path: subject_of(node) for node in report.rows}
        self._divides = {path for path, subject in self._subjects.items() if any(_quotients(_traced(subject)))}

    def around(self) -> list[Shape]:
        """Return other sizes of the same form, the nearest first: another map, length or number of features."""
        own = self.own
        kept, sizes = (own[:1], own[1:]) if len(own) > 2 else ((), own[:1])
        least, most = -(min(sizes) // 2), min(sizes)
        found = []
        for more in sorted(range(least, most + 1), key=lambda more: (abs(more), -more)):
            changed = tuple(size + more for size in sizes)
            if more and min(changed) > 0:
                found.append((*kept, *changed, *(own[1:] if len(own) == 2 else ())))
        return found

    def is_accepted(self, size: Shape) -> bool:
        """Tell whether every layer takes what it then gets."""
        return not any(step.refused for step in self._run(size))

    def is_even(self, size: Shape) -> bool:
        """Tell whether every layer takes what it then gets, and no division leaves anything."""
        return next(self._run(size), None) is None

    def obstacle(self, size: Shape) -> str | None:
        """Return the first layer that refuses a size or leaves a remainder of it."""
        return next((step.path for step in self._run(size)), None)

    def _run(self, size: Shape) -> Iterator[_Step]:
        shapes: dict[str, Shape] = {**self._report.input, self._name: size}
        for node in self._report.rows:
            subject = self._subjects[node.path].reading(*(shapes[path] for path in node.inputs))
            try:
                shapes[node.path] = subject.y
                rests = node.path in self._divides and any(map(_leaves, _quotients(_traced(subject))))
            except (ArchcalcError, ValueError, LookupError, TypeError, ArithmeticError):
                yield _Step(node.path, refused=True)
                return
            if rests:
                yield _Step(node.path, refused=False)


def _traced(subject: Subject) -> tuple[Tree, ...]:
    """Return how the sizes of a layer's output come about."""
    node = subject.node
    if not subject.inputs:
        return ()
    flattens = subject.inputs[0] if node.flattens is not None else None
    window = None if subject.is_merge else subject.layer.window(subject.inputs[0])
    traced = trace_layer(replace(node, input=subject.inputs, output=subject.y, window=window, flattens=flattens))
    return tuple(tree_of(size) for size in traced.output)


def _quotients(trees: tuple[Tree, ...]) -> Iterator[Quotient]:
    for tree in trees:
        if isinstance(tree, Quotient):
            yield tree
            yield from _quotients((tree.top, tree.bottom))
        elif isinstance(tree, Sum):
            yield from _quotients(tuple(part for _, part in tree.parts))
        elif isinstance(tree, Product):
            yield from _quotients(tree.factors)
        elif isinstance(tree, Leaf):
            continue


def _leaves(quotient: Quotient) -> bool:
    return value_of(quotient.top) % value_of(quotient.bottom) != 0
