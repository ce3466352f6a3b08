"""load(target) → Graph, analyze(target) → Report: the order of the steps, written once."""

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from archcalc.analysis import analyze as analyze_graph
from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean
from archcalc.graph import Graph
from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.spec.document import Document, Expected, Net
from archcalc.spec.expand import expand
from archcalc.spec.library import SUFFIXES, Library
from archcalc.spec.parameters import Wishes, chosen_options, evaluate_parameters
from archcalc.spec.reader import decode
from archcalc.spec.target import Choice, Target, choose, parse_target
from archcalc.spec.words import is_digits

Input = str | Sequence[int] | Mapping[str, "str | Sequence[int]"]


def load(
    target: str | Path,
    params: Mapping[str, Any] | None = None,
    input: Input | None = None,
    *,
    symbols: Sequence[str] = (),
    library: Library | None = None,
) -> Graph:
    """Return the expanded network of a target.

    Args:
        target: a built-in name with its variant ("resnet/50"), or a file ("net.yaml", "net.yaml:g/50").
        params: values that replace those of the spec's parameters and variant axes; text is an expression.
        input: the shape of the first input ("3x256x256" or (3, 256, 256)), or a mapping of names to shapes.
        symbols: parameters, or axes C D H W T of the first input, that become free sizes.
        library: where specs are found; by default the built-in ones.

    Raises:
        ArchcalcError: the target or the spec is wrong.
    """
    library = library or Library()
    parsed = parse_target(str(target))
    with _collector_paused():
        document, folder = open_document(parsed, library)
        choice = choose(document, parsed.net, parsed.options)
        free = symbols.split(",") if isinstance(symbols, str) else symbols
        wishes = Wishes(dict(params or {}), parse_inputs(input), tuple(name.strip() for name in free))
        return load_choice(document, choice, wishes, parsed.text, library, folder)


def analyze(
    target: str | Path,
    params: Mapping[str, Any] | None = None,
    input: Input | None = None,
    batch: int = 1,
    *,
    symbols: Sequence[str] = (),
    library: Library | None = None,
) -> Report:
    """Return the report of a target; arguments as `load`, and the batch that views multiply by.

    >>> analyze("resnet/50", params={"classes": 10}).totals.params
    23528522
    """
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
        raise TargetError([Problem("E080", f"batch={batch} must be at least 1", origin=COMMAND_LINE)])
    with _collector_paused():
        graph = load(target, params, input, symbols=symbols, library=library)
        return analyze_graph(graph, (library or Library()).limits, batch)


def load_choice(
    document: Document, choice: Choice, wishes: Wishes, target: str, library: Library, folder: Path | None
) -> Graph:
    """Return the graph of one network of a document that is already read."""
    values = evaluate_parameters(document, choice.net, choice.options, wishes, library.limits)
    expected = _expected(document, choice.net, values.options, wishes)
    graph = expand(document, choice.net, values, target=target, library=library, beside=folder, expected=expected)
    if _is_as_written(document, wishes):
        return graph
    changed = {*wishes.params, *wishes.symbols, *(dim.text for item in choice.net.inputs for dim in item.dims)}
    kept = tuple(item for item in graph.item_expectations if item.names & changed)
    return replace(graph, item_expectations=kept)


def open_document(target: Target, library: Library) -> tuple[Document, Path | None]:
    """Return the document of a target, and the folder of its file."""
    if target.is_stdin:
        limits = library.limits
        if sys.stdin is None:
            raise TargetError([Problem("E085", "there is no standard input to read", origin=COMMAND_LINE)])
        source = decode(sys.stdin.buffer.read(limits.file_bytes + 1), "<stdin>", limits)
        return library.parse(source, "stdin"), None
    path = target.path or library.find(target.name or "")
    if path is None:
        raise TargetError([Problem("E085", _no_spec(target, library), origin=COMMAND_LINE)])
    return library.load(path), path.parent


@contextmanager
def _collector_paused() -> Iterator[None]:
    # What a spec makes is bounded by the limits, has few cycles and stays alive: walking through it over and over
    # took more than half of the time of a long network.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def parse_inputs(input: Input | None) -> dict[str, Shape]:
    """Return input shapes by name; "" stands for the first input.

    >>> parse_inputs("3x224x224")
    {'': (3, 224, 224)}
    """
    if input is None:
        return {}
    if isinstance(input, Mapping):
        return {str(name): _sizes(shape) for name, shape in input.items()}
    return {"": _sizes(input)}


def _sizes(shape: str | Sequence[int]) -> Shape:
    if not isinstance(shape, (str, Sequence)):
        raise TargetError([Problem("E042", f"'{shape}' is no input size; 3x224x224 would be", origin=COMMAND_LINE)])
    parts: Sequence[Any] = shape.lower().replace("×", "x").split("x") if isinstance(shape, str) else list(shape)
    texts = [part.strip() if isinstance(part, str) else str(part) for part in parts if not isinstance(part, bool)]
    sizes = tuple(int(text) for text in texts if is_digits(text) and len(text) < 20)
    if len(sizes) != len(parts) or not sizes or min(sizes) < 1:
        raise TargetError([Problem("E042", f"'{shape}' is no input size; 3x224x224 would be", origin=COMMAND_LINE)])
    return sizes


def _no_spec(target: Target, library: Library) -> str:
    name = target.name or target.text
    for suffix in SUFFIXES:
        if Path(name + suffix).is_file():
            return f"no built-in spec '{name}' (did you mean ./{name}{suffix}?)"
    if reason := library.why_not(name):
        return f"'{name}' has no network: {reason}"
    hint = did_you_mean(name, library.names())
    return f"no spec '{name}'{hint}; 'archcalc list' shows all"


def _is_as_written(document: Document, wishes: Wishes) -> bool:
    """Tell whether the user asks for a network of the file as it is: no other input, free size or parameter."""
    changed = any(name not in document.variants for name in wishes.params)
    return not (wishes.inputs or wishes.symbols or changed)


def _expected(document: Document, net: Net, options: Mapping[str, str], wishes: Wishes) -> tuple[Expected, ...]:
    """Return the expectations that hold for this choice: those of variants whose options are the chosen ones.

    Whoever changes the input, a size or a parameter asks for another network than the one they describe.
    """
    if not _is_as_written(document, wishes):
        return ()
    return tuple(held for held in net.expect if variant_options(document, net, held) == options)


def variants(document: Document, name: str) -> list[tuple[str, Net, Expected | None]]:
    """Return (target, network, expectation) of every variant that states totals, else of the default one.

    Args:
        document: the spec.
        name: how its targets begin: a built-in name or a file.
    """
    found: list[tuple[str, Net, Expected | None]] = []
    for net in document.nets.values():
        base = f"{name}:{net.name}" if net.name else name
        for expected in net.expect or (None,):
            variant = expected.variant if expected else None
            found.append((f"{base}/{variant}" if variant else base, net, expected))
    return found


def variant_options(document: Document, net: Net, expected: Expected) -> dict[str, str] | None:
    """Return the option on each axis that an expectation's variant means, or None if it means no variant."""
    if expected.variant is None:
        return chosen_options(document, {}, {})
    try:
        chosen = choose(document, net.name, tuple(expected.variant.split("-")))
    except TargetError:
        return None
    return chosen_options(document, chosen.options, {})
