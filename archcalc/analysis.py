"""Graph → Report: weights, operations and windows of every node; nothing about how they are shown."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from archcalc.arithmetic import Number, total
from archcalc.errors import Problem, ShapeError, SpecError
from archcalc.graph import Graph, GraphNode
from archcalc.layers.base import Layer, Merge, show
from archcalc.limits import Limits
from archcalc.quantities import Ops, Shape, Weight, Window
from archcalc.report import Frozen, Node, Report


def analyze(graph: Graph, limits: Limits | None = None, batch: int = 1) -> Report:
    """Return the report of a graph.

    Equal layers on equal inputs are asked once; shared weights belong to their first use.

    Raises:
        SpecError: a count above the limits, or shared weights that differ.
    """
    limits = limits or Limits()
    facts: dict[tuple[int, tuple[Shape, ...]], _Facts] = {}
    owners: dict[str, tuple[GraphNode, tuple[Weight, ...]]] = {}
    rows: list[Node] = []
    paths = [node.path for node in graph.nodes]
    for node in graph.nodes:
        layer = node.layer
        if layer is None:
            continue
        key = (id(layer), node.input)
        known = facts.get(key)
        if known is None:
            known = facts[key] = _facts(layer, node, limits)
        weights, shares = known.weights, None
        if node.weight_key is not None and weights:
            owner, owned = owners.setdefault(node.weight_key, (node, weights))
            if owner is not node:
                _check_shared(node, weights, owner, owned)
                weights, shares = (), owner.path
        rows.append(
            Node(
                path=node.path,
                op=node.op,
                family=layer.family,
                settings=known.settings,
                inputs=tuple(paths[at] for at in node.inputs),
                input=node.input,
                output=node.output,
                weights=weights,
                shares=shares,
                ops=known.ops.times(node.runs).times(node.copies),
                window=known.window,
                runs=node.runs,
                mode=node.mode,
                flattens=known.flattens,
                changed=known.changed,
                note=node.note,
                source=node.source,
                device=node.device,
                copies=node.copies,
                place=node.place,
                call=node.calls,
            )
        )
    report = Report(
        target=graph.target,
        title=graph.title,
        source=graph.source,
        input=Frozen(graph.inputs),
        outputs=Frozen({name: graph.nodes[at].output for name, at in graph.outputs.items()}),
        rows=tuple(rows),
        folders=Frozen(graph.folders),
        note=graph.note,
        domain=graph.domain,
        batch=batch,
    )
    _check_totals(report, limits)
    return report


class _Facts(NamedTuple):
    """What a layer says about one input, asked once."""

    weights: tuple[Weight, ...]
    ops: Ops
    window: Window | None
    flattens: Shape | None
    settings: Mapping[str, Any]
    changed: tuple[str, ...]


def _facts(layer: Layer | Merge, node: GraphNode, limits: Limits) -> _Facts:
    said = (Frozen(layer.settings()), layer.changed())
    try:
        if isinstance(layer, Merge):
            facts = _Facts((), layer.ops(node.input, node.output), layer.window(node.input), None, *said)
        else:
            x = node.input[0]
            flattens = x if node.op == "fc" and len(x) > 2 else None
            facts = _Facts(layer.weights(x), layer.ops(x, node.output), layer.window(x), flattens, *said)
    except ShapeError as error:
        raise _fault(node, error.code, f"{node.op}: {error.message}") from None
    _check_count(total(weight.size for weight in facts.weights), "parameters", node, limits)
    _check_count(facts.ops.mac, "multiply-adds", node, limits)
    return facts


def _check_count(value: Number, what: str, node: GraphNode, limits: Limits) -> None:
    if type(value) is int and value > limits.total:
        raise _fault(node, "E080", f"{node.op}: {value:,} {what}, at most {limits.total:,}")


def _check_totals(report: Report, limits: Limits) -> None:
    totals = report.totals
    for what in ("params_train", "macs_train"):
        value = getattr(totals, what)
        if type(value) is int and value > limits.total:
            raise SpecError([Problem("E080", f"{what} = {value:,}, at most {limits.total:,}")])


def _check_shared(node: GraphNode, weights: tuple[Weight, ...], owner: GraphNode, owned: tuple[Weight, ...]) -> None:
    if node.op != owner.op or [weight.shape for weight in weights] != [weight.shape for weight in owned]:
        both = (f"{held.path} has {_spoken(held, own)}" for held, own in ((owner, owned), (node, weights)))
        message = f"shared weights differ: {', '.join(both)}"
        raise _fault(node, "E080", message)


def _spoken(node: GraphNode, weights: tuple[Weight, ...]) -> str:
    shapes = ", ".join(f"{weight.name} {show(weight.shape)}" for weight in weights)
    return f"{node.op} {shapes} ({total(weight.size for weight in weights)} in all)"


def _fault(node: GraphNode, code: str, message: str) -> SpecError:
    return SpecError([Problem(code, message, node.place, node.calls)])
