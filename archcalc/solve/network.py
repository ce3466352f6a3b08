"""A network with unknowns, run for given values: numbers in, what the network then is out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from archcalc.analysis import analyze
from archcalc.api import load_choice
from archcalc.arithmetic import Number, extent
from archcalc.conventions.apply import count
from archcalc.conventions.catalogue import CONVENTIONS
from archcalc.errors import ArchcalcError
from archcalc.graph import Graph
from archcalc.layers.axes import AXES
from archcalc.layers.base import Sliding, spatial
from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.solve.wanted import QUANTITIES
from archcalc.spec.document import Document
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import Choice


class Rest(NamedTuple):
    """What a layer leaves over along one axis: so many `lines` are never read; negative: read beyond the edge."""

    path: str
    axis: str
    lines: Number


class Facts(NamedTuple):
    """What the network is for one choice of values.

    rests: what sliding windows leave over. only_padding: a window lies in padding as a whole.
    """

    values: tuple[Any, ...]
    report: Report
    rests: tuple[Rest, ...] = ()
    only_padding: bool = False

    @property
    def output(self) -> Shape:
        """Shape of the first output."""
        return next(iter(self.report.outputs.values()))

    @property
    def input(self) -> Shape:
        """Shape of the first input."""
        return next(iter(self.report.input.values()))

    def measure(self, quantity: str) -> Number | None:
        """Return a count of the network, by a convention if it names one, or one size of its output (`output.1`).

        None where there is none.
        """
        if quantity.startswith("output."):
            return self.output[int(quantity[7:])]
        if quantity == "rf":
            return _receptive_field(self.report)
        if quantity == "memory":
            return _memory(self.report)
        if quantity not in QUANTITIES and quantity in CONVENTIONS:
            return count(self.report, CONVENTIONS[quantity]).total
        number: Number = getattr(self.report.totals, quantity)
        return number


class Refused(NamedTuple):
    """Why the network does not exist for one choice of values; `code` is that of the error (section 17)."""

    values: tuple[Any, ...]
    reason: str
    code: str = "E080"


@dataclass(frozen=True, slots=True)
class Unknown:
    """One unknown of a question.

    label: how it is called. names: the parameters, or axes of the first input, that take its value.
    kind: the setting it stands for, "input", "repeat" or "parameter".
    values: what is tried, smallest first. far: whole numbers up to here are searched where the wanted counts
    provably grow with it. given: the user said what to try.
    """

    label: str
    names: tuple[str, ...]
    kind: str
    values: tuple[Any, ...] | range
    far: int | None = None
    given: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """One network of a document, and what is fixed in it.

    axes: names that stand for an axis of the first input, with its position there; `input` is that input's shape.
    text: the question as it was asked. chain: it is a chain, not a spec.
    """

    document: Document
    choice: Choice
    library: Library
    folder: Path | None
    wishes: Wishes
    text: str
    chain: bool = False
    axes: Mapping[str, int] | None = None
    input: Shape = ()

    def run(self, unknowns: tuple[Unknown, ...], values: tuple[Any, ...]) -> Facts | Refused:
        """Return what the network is for one value of each unknown."""
        try:
            graph = self._graph(self._wishes(unknowns, values))
            report = analyze(graph, self.library.limits)
        except ArchcalcError as error:
            return Refused(values, error.problems[0].message, error.problems[0].code)
        if not all(isinstance(size, int) for shape in report.outputs.values() for size in shape):
            return Refused(values, "a size of the network is free; --set or --input gives it a value")
        return Facts(values, report, *(_leftovers(graph) if self.chain else ()))

    def given(self, unknowns: tuple[Unknown, ...], values: tuple[Any, ...]) -> "Network":
        """Return the network with values for some unknowns."""
        return replace(self, wishes=self._wishes(unknowns, values))

    def free(self, names: tuple[str, ...]) -> tuple[Facts, tuple[Any, ...]]:
        """Return the network with these names as free sizes, and the size that each name is.

        Raises:
            ArchcalcError: a rule needs a number there.
        """
        wishes = self.wishes._replace(symbols=names)
        graph = self._graph(wishes)
        report = analyze(graph, self.library.limits)
        first = next(iter(report.input.values()))
        sizes = tuple(first[self.axes[name]] if self.axes and name in self.axes else graph.parameters[name]
                      for name in names)  # fmt: skip
        return Facts((), report), sizes

    def _graph(self, wishes: Wishes) -> Graph:
        return load_choice(self.document, self.choice, wishes, self.text, self.library, self.folder)

    def _wishes(self, unknowns: tuple[Unknown, ...], values: tuple[Any, ...]) -> Wishes:
        assigned: dict[str, Any] = {}
        for unknown, value in zip(unknowns, values, strict=True):
            several = isinstance(value, tuple) and len(unknown.names) > 1
            assigned.update(zip(unknown.names, value if several else (value,) * len(unknown.names), strict=True))
        axes = self.axes or {}
        params = {**self.wishes.params, **{name: value for name, value in assigned.items() if name not in axes}}
        replaced = {axes[name]: value for name, value in assigned.items() if name in axes}
        inputs = self.wishes.inputs
        if replaced:
            first = inputs.get("", self.input)
            inputs = {**inputs, "": tuple(replaced.get(at, size) for at, size in enumerate(first))}
        return self.wishes._replace(params=params, inputs=inputs)


def _memory(report: Report) -> Number:
    """Return the bytes of a forward pass on one sample in float32: the values alive at its peak, and the weights."""
    from archcalc.memory import peak, width

    return (peak(report).elements + report.totals.params + report.totals.buffers) * width("float32")


def _receptive_field(report: Report) -> Number | None:
    from archcalc.receptive import Field, fields

    seen = fields(report)
    last = next((seen[row.path] for row in reversed(report.rows) if row.path in seen), None)
    return max(last.size) if isinstance(last, Field) and last.size else None


def _leftovers(graph: Graph) -> tuple[tuple[Rest, ...], bool]:
    """Return what sliding windows leave over, and whether one of them lies in padding as a whole."""
    rests: list[Rest] = []
    only_padding = False
    for node in graph.nodes:
        if not isinstance(node.layer, Sliding):
            continue
        window: Any = node.layer.window(node.input[0])
        sizes, outputs = spatial(node.input[0]), spatial(node.output)
        letters = [letter for letter in AXES[len(node.output)] if letter != "C"]
        for at, letter in enumerate(letters):
            before, after = window.before[at], window.after[at]
            reach = extent(window.kernel[at], window.dilation[at])
            read = (outputs[at] - 1) * window.stride[at] + reach
            if before + sizes[at] + after != read:
                rests.append(Rest(node.path, letter, before + sizes[at] + after - read))
            only_padding = only_padding or before >= reach or after >= reach
    return tuple(rests), only_padding
