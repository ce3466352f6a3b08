"""What a spec says it should have, against what it has: findings, never errors (language reference, section 13)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archcalc.analysis import analyze as analyze_graph
from archcalc.api import load_choice, variants
from archcalc.arithmetic import total
from archcalc.errors import ArchcalcError, Problem, TargetError
from archcalc.expression import is_equal
from archcalc.graph import Figure, Graph, ItemExpectation
from archcalc.layers.base import show
from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.spec.calls import FLAGS
from archcalc.spec.document import Document
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import Choice, Target, choose


def check(graph: Graph, report: Report) -> tuple[Problem, ...]:
    """Return a finding for every expectation that the report does not meet.

    X001: a shape, X002: parameters, X003: any other total. Where shapes are expected along the network, the
    first that fails is where the difference starts; later totals say so.
    """
    findings: list[Problem] = []
    start: str | None = None
    for item in graph.item_expectations:
        wrong = _item(item, report)
        if start is None and any(problem.code == "X001" for problem in wrong):
            start = item.path
        findings += wrong
    context = (f"the first shape that differs is that of {start}",) if start else ()
    expected = graph.net_expectation
    if expected is None:
        return tuple(findings)
    for name, shape, place in expected.outputs:
        actual = report.outputs.get(name) if name is not None else next(iter(report.outputs.values()))
        if actual is None:
            message = f"expected an output '{name}'; there are {', '.join(report.outputs)}"
            findings.append(Problem("X001", message, place, context))
        elif wrong_shape := _compare(shape, actual):
            findings.append(Problem("X001", wrong_shape, place, context))
    for name, figure in expected.figures:
        actual_total = getattr(report.totals, name)
        if not figure.accepts(actual_total):
            code = "X002" if name.startswith("params") else "X003"
            findings.append(Problem(code, _figure(name, figure, actual_total), figure.place, context))
    return tuple(findings)


def _item(item: ItemExpectation, report: Report) -> list[Problem]:
    findings: list[Problem] = []
    if item.shape is not None and (wrong := _compare(item.shape, item.actual)):
        findings.append(Problem("X001", f"{item.path}: {wrong}", item.place))
    inputs = len(report.input)  # the rows are the nodes without the inputs, which come first
    rows = report.rows[max(0, item.first - inputs) : item.last - inputs]
    for name, figure in (("params", item.params), ("macs", item.macs)):
        value = total(getattr(row, name) for row in rows)
        if figure is not None and not figure.accepts(value):
            code = "X002" if name == "params" else "X003"
            findings.append(Problem(code, f"{item.path}: {_figure(name, figure, value)}", figure.place))
    return findings


def _compare(expected: Shape, actual: Shape) -> str | None:
    answers = [is_equal(a, b) for a, b in zip(expected, actual, strict=False)]
    if len(expected) != len(actual) or False in answers:
        return f"expected {show(expected)}, computed {show(actual)}"
    if None in answers:
        return f"cannot prove that {show(expected)} and {show(actual)} are equal"
    return None


def _figure(name: str, figure: Figure, value: object) -> str:
    shown = f"{value:,}" if isinstance(value, int) else str(value)
    exact = figure.text.replace("_", "")
    if exact.isdigit() and isinstance(value, int):
        return f"expected {name} {int(exact):,}, computed {shown} ({value - int(exact):+,})"
    return f"expected {name} {figure.text}, computed {shown}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One variant of one network, expanded and compared.

    findings: expectations that do not hold. errors: why the network could not be expanded.
    expected: how many totals, outputs and items were compared.
    """

    target: str
    findings: tuple[Problem, ...] = ()
    errors: tuple[Problem, ...] = ()
    expected: int = 0


def verify(document: Document, target: Target, library: Library, folder: Path | None) -> Iterator[Verdict]:
    """Yield a verdict for every variant with an expectation, or for the one that the target names."""
    name = target.name or str(target.path)
    if target.options or target.net:
        choice = choose(document, target.net, target.options)
        yield _verdict(target.text, document, choice, library, folder)
        return
    for text, net, expected in variants(document, name):
        options = tuple(expected.variant.split("-")) if expected and expected.variant else ()
        try:
            choice = choose(document, net.name, options)
        except TargetError as error:
            place = expected.place if expected else None
            yield Verdict(text, errors=tuple(problem._replace(place=place) for problem in error.problems))
            continue
        yield _verdict(text, document, choice, library, folder)


def _verdict(text: str, document: Document, choice: Choice, library: Library, folder: Path | None) -> Verdict:
    try:
        graph = load_choice(document, choice, Wishes(), text, library, folder)
        report = analyze_graph(graph, library.limits)
    except ArchcalcError as error:
        return Verdict(text, errors=error.problems)
    net = graph.net_expectation
    items = ((item.shape, item.params, item.macs) for item in graph.item_expectations)
    expected = sum(value is not None for item in items for value in item)
    expected += len(net.figures) + len(net.outputs) if net else 0
    return Verdict(text, check(graph, report), expected=expected)


def shadowed_flags(document: Document) -> tuple[Problem, ...]:
    """Return a warning for every parameter that is called like a flag: the parameter wins (section 5)."""
    places = [(name, expr.place) for name, expr in document.params.items()]
    places += [(name, block.place) for block in document.blocks.values() for name, _ in block.parameters]
    message = "'{}' is a flag and a parameter; here it means the parameter"
    return tuple(Problem("E081", message.format(name), place) for name, place in places if name in FLAGS)
