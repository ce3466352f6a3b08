"""What specs there are, with the totals of their default variants: the rows of `archcalc list`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archcalc.analysis import analyze as analyze_graph
from archcalc.api import load_choice, variants
from archcalc.arithmetic import Number
from archcalc.errors import ArchcalcError, Problem
from archcalc.quantities import Shape
from archcalc.spec.document import Document, Net
from archcalc.spec.library import Library, builtin_folder, spec_files
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import Choice, choose


@dataclass(frozen=True, slots=True)
class Entry:
    """One network of one spec: how it is called, what it is, and what its default variant has.

    variants: the options on each axis; the first one is the default unless `params` says otherwise.
    """

    target: str
    title: str
    task: str
    year: int | None
    variants: tuple[tuple[str, tuple[str, ...]], ...]
    params: Number
    macs: Number


def entries(
    library: Library,
    words: Sequence[str] = (),
    progress: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> tuple[list[Entry], list[Problem]]:
    """Return the networks that match every word, by task and name, and what could not be read.

    Args:
        library: where specs are found.
        words: each must stand in the name, title, task, year or variants of a network.
        progress: wraps the loop over the names.
    """
    found: list[Entry] = []
    problems: list[Problem] = []
    for name in progress(library.names()):
        path = library.find(name)
        if path is None:
            continue
        try:
            document = library.load(path)
            for net in document.nets.values():
                if _matches(document, net, name, words):
                    found.append(_entry(document, net, name, library, path.parent))
        except ArchcalcError as error:
            problems += error.problems
    return sorted(found, key=lambda entry: (entry.task, entry.target)), problems


def _entry(document: Document, net: Net, name: str, library: Library, folder: Path) -> Entry:
    target = _target(name, net)
    graph = load_choice(document, Choice(net, {}), Wishes(), target, library, folder)
    totals = analyze_graph(graph, library.limits).totals
    return Entry(
        target,
        net.title or document.title,
        document.task or "",
        document.year,
        tuple((axis, tuple(options)) for axis, options in document.variants.items()),
        totals.params,
        totals.macs,
    )


def _matches(document: Document, net: Net, name: str, words: Sequence[str]) -> bool:
    options = [option for axis in document.variants.values() for option in axis]
    said = " ".join(
        [
            _target(name, net),
            net.title or "",
            document.title,
            document.task or "",
            str(document.year or ""),
            *options,
        ]
    ).lower()
    return all(word.lower() in said for word in words)


def _target(name: str, net: Net) -> str:
    return f"{name}:{net.name}" if net.name else name


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant of a built-in spec that states its totals."""

    target: str
    file: str
    task: str
    source: str
    inputs: tuple[Shape, ...]
    params: Number
    macs: Number


def variants_of_all() -> list[Variant]:
    """Return every variant of the built-in specs that states its totals, by name."""
    library = Library()
    found: list[Variant] = []
    for path in spec_files(builtin_folder()):
        document = library.load(path)
        for target, net, expected in variants(document, path.stem):
            if expected is None:
                continue
            options = tuple(expected.variant.split("-")) if expected.variant else ()
            choice = choose(document, net.name, options)
            report = analyze_graph(
                load_choice(document, choice, Wishes(), target, library, path.parent), library.limits
            )
            source = expected.source or net.source or document.source
            inputs = tuple(report.input.values())
            totals = report.totals
            task = document.task or ""
            found.append(Variant(target, path.name, task, source, inputs, totals.params, totals.macs))
    return found
