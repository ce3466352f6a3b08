"""The one result: an immutable Report of plain values, one Node a layer or merge.

Everything that is shown, compared or exported starts from here. Totals are sums of rows, so rows always add up.
A report describes one sample; `batch` multiplies what a view shows, never a rule.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NoReturn, TypeAlias

from archcalc.arithmetic import Number, total, volume
from archcalc.errors import Place
from archcalc.lazy import resolve
from archcalc.quantities import OP_KINDS, Ops, Shape, Weight, WeightKind, Window

Mode: TypeAlias = Literal["both", "train"]

# (node, quantity, notation) → how the number came about; handed to the views that print it, which stand below `explain`
Derive: TypeAlias = Callable[["Node", str, str], "Derivation"]


@dataclass(frozen=True, slots=True)
class Derivation:
    """How one number came about: a formula in names, the same in values, the number, and remarks."""

    quantity: str
    names: str
    values: str
    value: Number
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One layer or merge, as executed.

    path: the name, with the folders it lies in, joined by dots; unique.
    op, family: the language's word (`conv`, `concat`) and its kind (`conv`, `pool`, `merge`, …).
    settings: the layer's fields as written, enough to build the layer again.
    changed: those of them that are not the layer type's default.
    inputs: paths of the nodes or network inputs read; `input`: their shapes, in the same order.
    weights: stored tensors that this node owns; () if it has none or `shares` those of an earlier node.
    ops: operations times `runs`.
    window: what one output sees on each spatial axis; None if it sees everything.
    runs: how often the node runs for one sample (regions of interest).
    copies: how many equal nodes this one stands for (rounds of a swept repeat); all counts include them.
    mode: "train" for auxiliary heads.
    flattens: the shape that a fully connected layer flattened by itself.
    """

    path: str
    op: str
    family: str
    settings: Mapping[str, Any]
    inputs: tuple[str, ...]
    input: tuple[Shape, ...]
    output: Shape
    weights: tuple[Weight, ...] = ()
    shares: str | None = None
    ops: Ops = Ops()  # noqa: RUF009  (frozen)
    window: Window | None = None
    runs: Number = 1
    mode: Mode = "both"
    flattens: Shape | None = None
    changed: tuple[str, ...] = ()
    note: str | None = None
    source: str | None = None
    device: str | None = None
    copies: Number = 1
    place: Place | None = field(default=None, compare=False)
    call: tuple[str, ...] = field(default=(), compare=False)

    @property
    def params(self) -> Number:
        """Parameters, frozen or not, without buffers."""
        return self._elements(("trainable", "frozen"))

    @property
    def params_trainable(self) -> Number:
        """Parameters that training changes."""
        return self._elements(("trainable",))

    @property
    def params_frozen(self) -> Number:
        """Parameters that training does not change."""
        return self._elements(("frozen",))

    @property
    def buffers(self) -> Number:
        """Elements of running statistics."""
        return self._elements(("buffer",))

    @property
    def macs(self) -> Number:
        """Multiply-adds of one sample, over all runs."""
        return self.ops.mac

    @property
    def activations(self) -> Number:
        """Elements of the output, over all runs."""
        return _times(volume(self.output) * self.runs, self.copies)

    def _elements(self, kinds: tuple[WeightKind, ...]) -> Number:
        return _times(total(weight.size for weight in self.weights if weight.kind in kinds), self.copies)


def _times(value: Number, copies: Number) -> Number:
    return value if type(copies) is int and copies == 1 else value * copies


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the nodes, for one sample (language reference, section 12).

    params … buffers, macs and activations are those of the inference network; params_train and macs_train add
    the auxiliary heads; nodes counts inputs, layers and merges, with those of the heads.
    """

    params: Number
    params_trainable: Number
    params_frozen: Number
    params_train: Number
    buffers: Number
    macs: Number
    macs_train: Number
    nodes: int
    activations: Number


@dataclass(frozen=True, slots=True)
class Folder:
    """A named part of the network: a block call, a named item, a merge, a repeat.

    call: the block as it was called ("bottleneck(w=64, s=1)"), or the word of the structure ("concat").
    """

    path: str
    call: str
    note: str | None = None


@dataclass(frozen=True, repr=False)
class Report:
    """The result of an analysis.

    input, outputs: shapes by name, channels first, without batch.
    domain: with free sizes, the conditions under which everything here holds ("H >= 63").
    """

    target: str
    title: str
    source: str
    input: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    rows: tuple[Node, ...]
    folders: Mapping[str, Folder] = field(default_factory=dict)
    note: str | None = None
    domain: tuple[str, ...] = ()
    batch: int = 1

    def __repr__(self) -> str:
        totals = self.totals
        return f"<Report {self.target}: {len(self.rows)} layers, {totals.params} parameters, {totals.macs} MACs>"

    def __iter__(self) -> Iterator[Node]:
        return iter(self.rows)

    def __contains__(self, path: object) -> bool:
        return any(row.path == path for row in self.rows)

    def __getitem__(self, path: str) -> Node:
        for row in self.rows:
            if row.path == path:
                return row
        raise KeyError(path)

    @cached_property
    def totals(self) -> Totals:
        """The sums of the rows."""
        inference = [row for row in self.rows if row.mode == "both"]
        weighted = [row for row in inference if row.weights]
        params = total(row.params for row in weighted)
        frozen = total(row.params_frozen for row in weighted)
        macs = total(row.ops.mac for row in inference)
        heads = [row for row in self.rows if row.mode == "train"]
        return Totals(
            params=params,
            params_trainable=params - frozen,
            params_frozen=frozen,
            params_train=total([params, *(row.params for row in heads)]),
            buffers=total(row.buffers for row in weighted),
            macs=macs,
            macs_train=total([macs, *(row.ops.mac for row in heads)]),
            nodes=total([len(self.input), *(row.copies for row in self.rows)]),
            activations=total(row.activations for row in inference),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, JSON output format 1 (docs/reference/json.md)."""
        totals = self.totals
        return {
            "schema": 1,
            "target": self.target,
            "title": self.title,
            "source": self.source,
            "batch": self.batch,
            "input": {name: plain(shape) for name, shape in self.input.items()},
            "outputs": {name: plain(shape) for name, shape in self.outputs.items()},
            "totals": {name: plain(getattr(totals, name)) for name in Totals.__slots__},
            "domain": list(self.domain),
            "rows": [_row(row) for row in self.rows],
        }

    def table(self, style: str = "summary", format: str = "terminal", **options: Any) -> str:
        """Return the report as text; see `archcalc.render.table` for the options."""
        return str(resolve("archcalc.render:table")(self, style=style, format=format, **options))

    def draw(self, view: str = "graph", format: str = "svg", **options: Any) -> str | bytes:
        """Return the report as a figure, bytes for pdf and png; see `archcalc.diagram.diagram` for the options.

        In a notebook, an svg shows as the figure.
        """
        figure: str | bytes = resolve("archcalc.diagram:diagram")(self, view=view, format=format, **options)
        return figure

    def _repr_html_(self) -> str:
        return self.table(format="html")


class Frozen(dict[str, Any]):
    """A mapping that cannot be changed; it can be hashed, copied and sent to another process."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a report cannot be changed")

    __setitem__ = __delitem__ = clear = pop = _refuse
    popitem = setdefault = update = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type["Frozen"], tuple[dict[str, Any]]]:
        return Frozen, (dict(self),)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: lists for tuples, a decimal for a fraction, Python text for a formula.

    >>> plain((3, 224, 224))
    [3, 224, 224]
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "path"):  # a reference to another layer
        return value.path
    if hasattr(value, "numerator"):
        return value.numerator / value.denominator
    return str(value.text("python")) if hasattr(value, "text") else str(value)


def _row(row: Node) -> dict[str, Any]:
    document: dict[str, Any] = {
        "path": row.path,
        "type": row.op,
        "family": row.family,
        "settings": plain(row.settings),
        "inputs": list(row.inputs),
        "input": plain(row.input),
        "output": plain(row.output),
        "weights": {weight.name: plain(weight.shape) for weight in row.weights if weight.kind != "buffer"},
        "buffer_shapes": {weight.name: plain(weight.shape) for weight in row.weights if weight.kind == "buffer"},
        "params": plain(row.params),
        "params_trainable": plain(row.params_trainable),
        "buffers": plain(row.buffers),
        "macs": plain(row.macs),
        "runs": plain(row.runs),
        "mode": row.mode,
        "ops": {kind: plain(getattr(row.ops, kind)) for kind in OP_KINDS},
        "activations": plain(row.activations),
    }
    optional = {
        "shares": row.shares,
        "flattens": plain(row.flattens),
        "note": row.note,
        "source": row.source,
        "device": row.device,
        "place": str(row.place) if row.place else None,
        "call": list(row.call) or None,
    }
    document.update({name: value for name, value in optional.items() if value is not None})
    return document
