"""The networks that somebody may have meant: the one that was named, its variants, and other sizes of its input."""

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import Any, Final, NamedTuple

from archcalc.analysis import analyze
from archcalc.api import load_choice, open_document, parse_inputs, variant_options
from archcalc.errors import ArchcalcError
from archcalc.report import Report
from archcalc.spec.document import Document
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes, evaluate_parameters
from archcalc.spec.target import Choice, Target, choose, parse_target

# sides of the square images that papers and tools use
SIDES: Final = (
    28, 32, 64, 96, 128, 160, 192, 224, 227, 240, 256, 288, 299, 300, 320, 321, 331, 352, 384, 416, 448, 473, 480,
    512, 513, 544, 600, 608, 640, 713, 800, 1024,
)  # fmt: skip
_MOST_VARIANTS: Final = 60
_MARGIN: Final = 7  # a side is tried if it is within a seventh of where multiply-adds ∝ area puts it


class Candidate(NamedTuple):
    """One network, with how far it is from the one that was named: 0 for itself."""

    report: Report
    distance: Fraction


class Named(NamedTuple):
    """What the user named: a network of a document, and what `--set` and `--input` add."""

    document: Document
    folder: Path | None
    library: Library
    target: Target
    choice: Choice
    wishes: Wishes
    options: dict[str, str]

    def report(self, options: dict[str, str], wishes: Wishes, target: str) -> Report:
        """Return one network of the document.

        Raises:
            ArchcalcError: there is no such network.
        """
        choice = Choice(self.choice.net, options)
        graph = load_choice(self.document, choice, wishes, target, self.library, self.folder)
        return analyze(graph, self.library.limits)


def named(target: str, params: dict[str, Any], input: Any, library: Library) -> Named:
    """Return what a target names.

    Raises:
        ArchcalcError: nothing that can be read.
    """
    parsed = parse_target(target)
    document, folder = open_document(parsed, library)
    choice = choose(document, parsed.net, parsed.options)
    wishes = Wishes(params, parse_inputs(input))
    options = evaluate_parameters(document, choice.net, choice.options, wishes, library.limits).options
    return Named(document, folder, library, parsed, choice, wishes, options)


def itself(held: Named) -> Candidate:
    """Return the network that was named."""
    return Candidate(held.report(held.choice.options, held.wishes, held.target.text), Fraction(0))


def variants(held: Named, base: Report) -> Iterator[Candidate]:
    """Yield the networks that differ in one option, then those of the spec's expectations that differ in two.

    One with the same parameters is nearer: it is the same network with, say, another stride.
    """
    seen = [held.options]
    choices = [{**held.options, axis: option} for axis, options in held.document.variants.items() for option in options]
    known = (variant_options(held.document, held.choice.net, expected) for expected in held.choice.net.expect)
    choices += [each for each in known if each is not None and _differences(each, held.options) == 2]
    for options in choices[:_MOST_VARIANTS]:
        if options in seen:
            continue
        seen.append(options)
        wishes = held.wishes._replace(
            params={name: value for name, value in held.wishes.params.items() if name not in held.document.variants}
        )
        try:
            report = held.report(options, wishes, _target(held, options))
        except ArchcalcError:  # options that do not go together
            continue
        near = Fraction(3, 4) if report.totals.params == base.totals.params else Fraction(1)
        yield Candidate(report, near * _differences(options, held.options))


def sizes(held: Named, base: Report, ratios: tuple[Fraction, Fraction]) -> Iterator[Candidate]:
    """Yield the network on other square images, where multiply-adds ∝ area makes the number possible.

    Args:
        held: what was named.
        base: its report.
        ratios: the smallest and the largest factor between the number and a total of the base.
    """
    name, shape = next(iter(base.input.items()))
    if len(shape) != 3 or not all(isinstance(size, int) for size in shape):
        return
    area = shape[1] * shape[2]
    low, high = (isqrt(int(area * ratio)) for ratio in ratios)
    for side in SIDES:
        inside = low - low // _MARGIN <= side <= high + high // _MARGIN
        if not inside or (side, side) == shape[1:]:
            continue
        wishes = held.wishes._replace(inputs={**held.wishes.inputs, name: (shape[0], side, side)})
        try:
            yield Candidate(held.report(held.choice.options, wishes, held.target.text), Fraction(5, 4))
        except ArchcalcError:  # the network needs another size
            continue


def _differences(one: dict[str, str], other: dict[str, str]) -> int:
    return sum(one[axis] != other[axis] for axis in one)


def _target(held: Named, options: dict[str, str]) -> str:
    """Return how a variant is asked for: what was named, and what is different from it."""
    said = {
        axis: options[axis]
        for axis in held.document.variants
        if axis in held.choice.options or options[axis] != held.options[axis]
    }
    target = held.target
    head = str(target.path) if target.path else target.name or ""
    if target.net:
        head += f":{target.net}"
    return f"{head}/{'-'.join(said.values())}" if said else head
