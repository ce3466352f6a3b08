"""One table beside a network: which row is which layer, what the student says, and what follows from that.

Follow-on errors are judged from the student's own previous row. `followed` therefore runs the layers' rules from
the shapes and fields that the student gives, through the layers that the table leaves out.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from archcalc.conventions.apply import count
from archcalc.conventions.catalogue import CONVENTIONS
from archcalc.homework.cell import Cell, fit_shape, read_count, read_shape
from archcalc.homework.match import Match, match_table
from archcalc.homework.sheet import Line, Table
from archcalc.homework.truth import Field, Subject, fields, grown, measure, subject_of
from archcalc.homework.verdict import Words, words
from archcalc.quantities import Shape
from archcalc.report import Node, Report


@dataclass(frozen=True)
class Scene:
    """A table and a network; `framework` decides what its printouts count."""

    report: Report
    table: Table
    framework: str | None = None
    lang: str = "en"

    @property
    def words(self) -> Words:
        """The sentences of the language."""
        return words(self.lang)

    @cached_property
    def matches(self) -> dict[int, Match]:
        """The layers of each row, by its number."""
        return match_table(self.table, self.report)

    @cached_property
    def subjects(self) -> dict[str, Subject]:
        """Every layer as it is, by path."""
        return {node.path: subject_of(node) for node in self.report.rows}

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The true receptive fields, by path."""
        return fields(self.report)

    @cached_property
    def lines(self) -> list[Line]:
        """The rows of layers, without sums."""
        return [line for line in self.table.lines if not line.is_total]

    @cached_property
    def layout(self) -> str:
        """The order of axes that the shapes of this table are written in: chw or hwc."""
        votes = {"chw": 0, "hwc": 0}
        at = self._column("output")
        if at is None:
            return "hwc" if self.framework in ("keras", "keras1") else "chw"
        for line in self.lines:
            match = self.matches.get(line.number)
            if match is None:
                continue
            shape = match.main.output if match.main is not None else self.report.input.get(match.input or "", ())
            fit = fit_shape(read_shape(line.text(at)), shape) if len(shape) > 2 else None
            if fit and fit.layout in ("CHW", "CDHW") and shape[0] != shape[-1]:
                votes["chw"] += 1
            elif fit and fit.layout in ("HWC", "DHWC") and shape[0] != shape[-1]:
                votes["hwc"] += 1
        if votes["chw"] == votes["hwc"]:
            return "chw" if self.framework == "torch" else "hwc"
        return max(votes, key=lambda name: votes[name])

    @cached_property
    def batch(self) -> int | None:
        """The batch that stands before most shapes of this table, if there is one of more than one sample."""
        at = self._column("output")
        found: Counter[int] = Counter()
        for line in self.lines if at is not None else ():
            match = self.matches.get(line.number)
            cell = read_shape(line.text(at or 0))
            if match is None or match.main is None or not cell.dims:
                continue
            first, rest = cell.dims[0], cell._replace(dims=cell.dims[1:])
            shape = match.main.output
            stands_before = cell.batch is None and len(cell.dims) == len(shape) + 1 and fit_shape(rest, shape)
            found[(first or 0) if stands_before else 0] += 1
        batch = found.most_common(1)[0][0] if found else 0
        return batch if batch > 1 else None

    @cached_property
    def tool_counts(self) -> list[tuple[str, Mapping[str, int]]]:
        """What tools count as operations of each layer, by the title of the tool's convention."""
        tools = [tool for tool in CONVENTIONS.values() if tool.tool and tool.quantity in ("macs", "flops")]
        counts = [(tool.title, count(self.report, tool).values) for tool in tools]
        return [(title, {path: int(value) for path, value in values.items()}) for title, values in counts]

    def _column(self, *names: str) -> int | None:
        found = self.table.at(*names)
        if found is not None:
            return found
        return next((at for at, c in enumerate(self.table.columns) if set(names) & set(c.meanings)), None)

    def arranged(self, shape: Shape) -> Shape:
        """Return a shape (channels first) in the order of axes of this table."""
        if len(shape) < 3 or self.layout == "chw":
            return shape
        return (*shape[1:], shape[0])

    # ── What the student gives ──

    @cached_property
    def given_shapes(self) -> dict[str, Shape]:
        """The student's output shapes, channels first, by path of the layer or input."""
        at = self._column("output")
        found: dict[str, Shape] = {}
        if at is None:
            return found
        for line in self.lines:
            match = self.matches.get(line.number)
            if match is None or match.path is None:
                continue
            cell = read_shape(line.text(at))
            if cell.dims is None:
                continue
            nodes = match.nodes or ()
            outputs = [(node.path, node.output) for node in nodes]
            outputs = outputs or [(match.path, self.report.input.get(match.path, ()))]
            fitting = next(((path, shape) for path, shape in outputs if shape and fit_shape(cell, shape)), None)
            if fitting:
                found[fitting[0]] = fitting[1]
                continue
            path, shape = next(((p, s) for p, s in outputs if p == match.path), outputs[0])
            turned = self.turned(cell, shape)
            if turned is not None:
                found[path] = turned
        return found

    def turned(self, cell: Cell, truth: Shape) -> Shape | None:
        """Return a wrong shape as it must be meant, channels first; None if that cannot be said."""
        dims = cell.dims or ()
        if any(size is None or size < 1 for size in dims) or not truth:
            return None
        sizes: tuple[Any, ...] = dims
        rank = len(truth)
        if len(sizes) == rank + 1 and sizes[0] == 1:
            sizes = sizes[1:]
        if len(sizes) == rank:
            if rank < 3:
                return sizes
            return sizes if self.layout == "chw" else (sizes[-1], *sizes[:-1])
        if rank >= 3 and len(sizes) == rank - 1:
            return (truth[0], *sizes)
        if rank >= 3 and len(sizes) == 1:
            return (truth[0], *sizes * (rank - 1))
        return None

    # ── What follows from it ──

    @cached_property
    def followed(self) -> dict[str, Subject]:
        """Every layer on the student's shapes before it, by path."""
        outputs: dict[str, Shape] = dict(self.report.input)
        outputs.update({path: shape for path, shape in self.given_shapes.items() if path in outputs})
        found: dict[str, Subject] = {}
        for node in self.report.rows:
            inputs = tuple(outputs.get(path, true) for path, true in zip(node.inputs, node.input, strict=True))
            subject = self.subjects[node.path].reading(*inputs) if inputs else self.subjects[node.path]
            found[node.path] = subject
            outputs[node.path] = self.given_shapes.get(node.path) or measure(subject, "output") or node.output
        return found

    def given_counts(self, quantity: str) -> list[tuple[int, int]]:
        """Return the numbers that the student gives for a quantity, each with the number of its row."""
        at = self._column(quantity)
        return self._counts[at] if at is not None else []

    @cached_property
    def _counts(self) -> list[list[tuple[int, int]]]:
        columns = []
        for at in range(len(self.table.columns)):
            read = ((line.number, read_count(line.text(at)).number) for line in self.lines)
            columns.append([(row, int(number.value)) for row, number in read if number is not None])
        return columns

    @cached_property
    def given_fields(self) -> dict[str, dict[str, int]]:
        """The student's receptive field and jump, by path."""
        found: dict[str, dict[str, int]] = {}
        for quantity in ("rf", "jump"):
            at = self._column(quantity)
            for line in self.lines if at is not None else ():
                match = self.matches.get(line.number)
                size = _single(line.text(at or 0))
                if match is not None and match.path is not None and size is not None:
                    found.setdefault(match.path, {})[quantity] = size
        return found

    @cached_property
    def followed_fields(self) -> dict[str, Field]:
        """The student's field before each layer, by path."""
        known: dict[str, Field] = {
            name: Field((1,) * max(1, len(shape) - 1), (1,) * max(1, len(shape) - 1))
            for name, shape in self.report.input.items()
        }
        known = {name: self._as_given(name, own) for name, own in known.items()}
        before: dict[str, Field] = {}
        for node in self.report.rows:
            inputs = [known[path] for path in node.inputs if path in known]
            if not inputs:
                continue
            widest = max(inputs, key=lambda each: (each.whole, each.size))
            before[node.path] = widest
            known[node.path] = self._as_given(node.path, _after(widest, node))
        return before

    def _as_given(self, path: str, own: Field) -> Field:
        given = self.given_fields.get(path, {})
        size = (given["rf"],) * len(own.size) if "rf" in given else own.size
        jump = (given["jump"],) * len(own.jump) if "jump" in given else own.jump
        return Field(size, jump, own.whole)


def _after(before: Field, node: Node) -> Field:
    window = node.window
    if window is None or before.whole:
        return Field(before.size, before.jump, whole=True)
    if node.op == "deconv" or len(window.kernel) != len(before.size):
        return before
    return grown(before, window)


def _single(text: str) -> int | None:
    cell = read_shape(text)
    if cell.dims and all(size == cell.dims[0] for size in cell.dims):
        return cell.dims[0]
    number = read_count(text).number
    return int(number.value) if number is not None and number.value.denominator == 1 else None
