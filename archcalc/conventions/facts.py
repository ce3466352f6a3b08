"""FACTS: what a row of a report can be counted by. Each is exact; a convention is a sum of some of them.

A fact is read from a row as it stands: its operations, shapes, window, weights and settings. Those of shared weights
are those of the layer that owns them; whether a tool counts them again is up to the convention.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from archcalc.arithmetic import Number, ceil_div, exact_div, largest, smallest, total, volume
from archcalc.layers.axes import find_axis
from archcalc.layers.base import channels, spatial
from archcalc.quantities import Shape, Weight
from archcalc.render.options import option_error
from archcalc.report import Node, Report

# A kernel may be as long as the limits allow; counting what lies inside takes a step for each of its positions.
_LONGEST_KERNEL: Final = 10_000


class Subject(NamedTuple):
    """A row, with the weights it works with: its own, or those it shares; `nodes` are all the rows that are like it."""

    node: Node
    weights: tuple[Weight, ...]
    nodes: tuple[Node, ...]


class Fact(NamedTuple):
    """One fact: what it counts in words, and how it is read; `per_run` facts are multiplied by the runs of a row."""

    words: str
    meaning: str
    read: Callable[[Subject], Number]
    per_run: bool = True


class Ledger:
    """The rows of a report, equal ones together, with their facts, each asked once.

    subjects: in order of their first rows. ends: paths of softmaxes that nothing follows; one that is the whole
    network is not among them.
    """

    __slots__ = ("_known", "ends", "report", "subjects")

    def __init__(self, report: Report) -> None:
        owned = {row.path: row.weights for row in report.rows}
        alike: dict[Any, list[Node]] = {}
        for row in report.rows:
            shape = (id(row.settings), row.input, row.output, row.runs)
            alike.setdefault((row.op, *shape, row.mode, row.shares is None), []).append(row)
        self.report = report
        self.subjects = tuple(
            Subject(rows[0], owned[rows[0].shares] if rows[0].shares else rows[0].weights, tuple(rows))
            for rows in alike.values()
        )
        followed = {path for row in report.rows for path in row.inputs}
        self.ends = frozenset(
            row.path
            for row in report.rows
            if row.op in ("softmax", "logsoftmax") and row.path not in followed and owned.keys() & set(row.inputs)
        )
        self._known: dict[tuple[str, int], Number] = {}

    def read(self, name: str, subject: Subject) -> Number:
        """Return a fact of one row of a subject."""
        key = (name, id(subject))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = read(name, subject)
        return known


def read(name: str, subject: Subject) -> Number:
    """Return a fact of a row, over all its runs.

    >>> from archcalc import analyze
    >>> rows = {row.path: subject for subject in Ledger(analyze("resnet/50")).subjects for row in subject.nodes}
    >>> read("taps", rows["pool1"]), read("params", rows["conv1.bn"]), read("mac_inside", rows["conv1.conv"])
    (1806336, 128, 116214528)

    Raises:
        TargetError: a free size where the fact needs a number.
    """
    fact = FACTS[name]
    value = fact.read(subject)
    runs = subject.node.runs
    return value if not fact.per_run or (isinstance(runs, int) and runs == 1) else value * runs


# ── Multiply-adds other than the exact ones ──


def _mac(subject: Subject) -> Number:
    """Return the multiply-adds of one run."""
    node = subject.node
    if isinstance(node.runs, int) and node.runs == 1:
        return node.ops.mac
    return exact_div(node.ops.mac, node.runs)


def _mac_out(subject: Subject) -> Number:
    """Return weights × output positions: a transposed convolution counted as if it were a convolution."""
    node = subject.node
    if node.op != "deconv":
        return _mac(subject)
    return subject.weights[0].size * volume(spatial(node.output))


def _mac_inside(subject: Subject) -> Number:
    """Return the multiply-adds without those on padding (or, transposed, on what is cut off)."""
    node = subject.node
    if node.family != "conv" or node.window is None:
        return _mac(subject)
    moving, still = (node.output, node.input[0]) if node.op != "deconv" else (node.input[0], node.output)
    seen = node.window
    pairs = volume(
        _inside(*axis)
        for axis in zip(
            spatial(moving), spatial(still), seen.kernel, seen.stride, seen.dilation, seen.before, strict=True
        )
    )
    each = volume(seen.kernel) * volume(spatial(moving))
    return exact_div(_mac(subject) * pairs, each)


def _inside(windows: Any, size: Any, kernel: Any, stride: Any, dilation: Any, before: Any) -> int:
    """Return how many (window, tap) pairs of one axis lie inside: 0 ≤ i·stride − before + t·dilation < size.

    >>> _inside(20, 20, 3, 1, 1, 1)
    58
    """
    sizes = (windows, size, kernel, stride, dilation, before)
    if not all(type(value) is int for value in sizes) or kernel > _LONGEST_KERNEL:
        raise option_error(f"mac_inside needs sizes that are numbers, and kernels of at most {_LONGEST_KERNEL}")
    found = 0
    for tap in range(kernel):
        offset = before - tap * dilation
        first = largest(0, ceil_div(offset, stride))
        last = smallest(windows - 1, (size - 1 + offset) // stride)
        found += largest(0, last - first + 1)
    return found


def _steps(node: Node) -> Number:
    given: Number | None = node.settings.get("steps")
    return node.input[0][0] if given is None else given


def _mac_step(subject: Subject) -> Number:
    """Return the multiply-adds of one step of a recurrent layer: of a loop's body, once."""
    node = subject.node
    return exact_div(_mac(subject), _steps(node)) if node.family == "recurrent" else _mac(subject)


# ── Elements, windows, weights ──


def _inputs(subject: Subject) -> Number:
    return total(volume(shape) for shape in subject.node.input)


def _outputs(subject: Subject) -> Number:
    return volume(subject.node.output)


def _taps(subject: Subject) -> Number:
    node = subject.node
    if node.op == "lrn" and node.settings["across"]:
        summands: Number = node.settings["size"]
        return summands * volume(node.output)
    return _inputs(subject) if node.window is None else volume(node.window.kernel) * volume(node.output)


def _side(subject: Subject) -> Number:
    node = subject.node
    kernel: Shape = node.window.kernel if node.window is not None else spatial(node.input[0])
    return (kernel[0] if kernel else 1) * volume(node.output)


def _affine(subject: Subject) -> Number:
    names = {weight.name for weight in subject.weights}
    return _outputs(subject) if {"weight", "bias"} <= names else 0


def _rows(subject: Subject) -> Number:
    node = subject.node
    shape = node.input[0]
    at = find_axis(node.settings.get("axis", "channel"), shape)
    return volume((*shape[:at], *shape[at + 1 :]))


def _units(subject: Subject) -> Number:
    node = subject.node
    if node.family != "recurrent":
        return 0
    said = node.settings
    width: Number = said["hidden"] * (said["layers"] * (2 if said["bi"] else 1))
    return _steps(node) * width


def _filters(subject: Subject) -> Number:
    return channels(subject.node.output)


def _stored(kind: str) -> Callable[[Subject], Number]:
    return lambda subject: total(w.size for w in subject.weights if (w.kind == "buffer") == (kind == "buffer"))


def _trainable(subject: Subject) -> Number:
    return total(weight.size for weight in subject.weights if weight.kind == "trainable")


def _one_run(kind: str) -> Callable[[Subject], Number]:
    def reads(subject: Subject) -> Number:
        node = subject.node
        value: Number = getattr(node.ops, kind)
        return value if isinstance(node.runs, int) and node.runs == 1 else exact_div(value, node.runs)

    return reads


FACTS: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "mac": Fact("multiply-adds", "multiply-adds, exact; transposed: weights × input positions", _mac),
        "mac_out": Fact("weights × outputs", "weights × output positions, also of a transposed convolution", _mac_out),
        "mac_inside": Fact("multiply-adds inside", "multiply-adds on taps inside the image only", _mac_inside),
        "mac_step": Fact("multiply-adds of a step", "multiply-adds of one step of a loop", _mac_step),
        "bias": Fact("bias additions", "additions of a bias", _one_run("bias")),
        "add": Fact("additions", "additions and subtractions, by the textbook", _one_run("add")),
        "mul": Fact("products", "products, by the textbook", _one_run("mul")),
        "div": Fact("divisions", "divisions, by the textbook", _one_run("div")),
        "cmp": Fact("comparisons", "comparisons, by the textbook", _one_run("cmp")),
        "exp": Fact("exponentials", "exponentials, logarithms and roots, by the textbook", _one_run("exp")),
        "inp": Fact("inputs", "elements read, of all inputs", _inputs),
        "out": Fact("outputs", "elements written", _outputs),
        "taps": Fact("window taps", "window × outputs; without a window, elements read; lrn: n per output", _taps),
        "side": Fact("window sides", "side of the window × outputs", _side),
        "affine": Fact("scaled and shifted outputs", "outputs, if a scale and a shift are stored; else 0", _affine),
        "rows": Fact("rows", "rows of a softmax or of a normalisation over the channels", _rows),
        "units": Fact("units", "recurrent units: steps × width × layers × directions", _units),
        "filters": Fact("channels", "channels of the output", _filters),
        "params": Fact("parameters", "stored parameters, frozen or not", _stored("parameter"), per_run=False),
        "trainable": Fact("trainable parameters", "those that training changes", _trainable, per_run=False),
        "buffers": Fact("running statistics", "stored elements of statistics", _stored("buffer"), per_run=False),
        "layer": Fact("layers", "1 for each layer", lambda subject: 1, per_run=False),
    }
)  # fmt: skip
