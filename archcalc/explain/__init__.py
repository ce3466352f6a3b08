"""Where a number comes from: a layer's own rules, run on traced numbers and printed.

There is no second set of formulas. `explain` builds the layer of a row again with every number replaced by a
named term, calls the rules, and prints the tree that comes out: a derivation cannot disagree with its number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from archcalc.arithmetic import Number, total, volume
from archcalc.errors import Problem, TargetError, did_you_mean
from archcalc.explain.notation import STYLES, text
from archcalc.explain.trace import Traced, axes_of, trace_layer
from archcalc.quantities import Shape
from archcalc.report import Derivation, Node
from archcalc.term import Leaf, Quotient, Sum, Tree, tree_of, value_of


def explain(node: Node, quantity: str, notation: str = "math") -> Derivation:
    """Return how a number of one row came about.

    Args:
        node: a row of a report with numbers for sizes.
        quantity: `output`, the size that the layer makes, or one axis of it (`output.h`; c, t, d, w);
            `params`, `buffers`, `macs`; `weight:NAME`, the elements of a stored tensor.
        notation: `math`, `ascii`, or as the tables of lecture notes write: `lecture` ((11*11*3+1)*96, the
            AlexNet table), `lenet` (the LeNet table), `ops` (28x28x192x3x3x256, the Inception module).

    Raises:
        TargetError: the row has no such quantity, there is no such notation, or a size is free.

    >>> from archcalc.api import analyze
    >>> conv1 = analyze("alexnet")["conv1.conv"]
    >>> size = explain(conv1, "output")
    >>> size.names, size.values, size.value
    ('⌊(h_in − k)/s⌋ + 1', '⌊(227 − 11)/4⌋ + 1', 55)
    >>> explain(conv1, "params", "lecture").values
    '(11*11*3+1)*96'
    """
    if notation not in STYLES:
        raise _unknown(node, f"no notation '{notation}'", notation, STYLES)
    if node.shares is not None and quantity in ("params", "buffers"):
        remark = f"the weights are those of {node.shares} and counted there"
        return Derivation(quantity, "0", "0", 0, (remark,))
    traced = trace_layer(node)
    if quantity.partition(".")[0] == "output":
        return _output(node, traced, quantity, notation)
    remarks: tuple[str, ...] = ()
    if node.flattens is not None:
        sizes = STYLES[notation].times.join(map(str, node.flattens))
        remarks = (f"n_in = {sizes} = {volume(node.flattens)}, flattened",)
    return _derivation(quantity, _count(node, traced, quantity), notation, remarks)


def _derivation(quantity: str, number: Number, notation: str, remarks: tuple[str, ...]) -> Derivation:
    tree = tree_of(number)
    return Derivation(quantity, text(tree, notation, names=True), text(tree, notation), int(number), remarks)


def _count(node: Node, traced: Traced, quantity: str) -> Number:
    if quantity == "macs":
        return traced.macs()
    weights = traced.weights()
    known = {f"weight:{weight.name}": weight.size for weight in weights}
    known["params"] = total(weight.size for weight in weights if weight.kind != "buffer")
    known["buffers"] = total(weight.size for weight in weights if weight.kind == "buffer")
    if quantity not in known:
        raise _unknown(node, f"{node.op} has no '{quantity}'", quantity, ["output", "macs", *known])
    return known[quantity]


def _unknown(node: Node, message: str, word: str, known: Iterable[str]) -> TargetError:
    known = list(known)
    hint = did_you_mean(word, known) or f"; there are {', '.join(known)}"
    return TargetError([Problem("E083", f"{message}{hint}", origin=node.path)])


# ── The size formula ──────────────────────────────────────────────────────────────────────────────


def _output(node: Node, traced: Traced, quantity: str, notation: str) -> Derivation:
    axes = axes_of(traced.output)
    asked = quantity.partition(".")[2]
    if asked and asked not in axes:
        known = [f"output.{axis}" for axis in axes]
        raise _unknown(node, f"the output of {node.op} has no axis '{asked}'", quantity, known)
    shown = [at for at, axis in enumerate(axes) if axis == asked] or _telling(traced.output, axes)
    if not shown:
        return Derivation(quantity, "1", "1", 1)
    first, *others = (_derivation(quantity, traced.output[at], notation, ()) for at in shown)
    alike = [axes[shown[0]]]
    remarks = []
    for at, other in zip(shown[1:], others, strict=True):
        if (other.values, other.value) == (first.values, first.value):
            alike.append(axes[at])
        else:
            remarks.append(f"{axes[at]}_out = {_chain(other)}")
    if any(traced.padding):
        padding = dict.fromkeys(_chain(_derivation("p", p, notation, ())) for p in traced.padding)
        remarks.append(f"half padding, p = {', '.join(padding)}")
    remarks += _divisions(node, tree_of(traced.output[shown[0]]), alike)
    return replace(first, remarks=tuple(remarks))


def _chain(derived: Derivation) -> str:
    return " = ".join(dict.fromkeys((derived.names, derived.values, str(derived.value))))


def _telling(output: Shape, axes: str) -> list[int]:
    """Return the spatial axes, or the channel axis if only it is computed."""
    spatial = [at for at, axis in enumerate(axes) if axis != "c"]
    channel = [at for at, axis in enumerate(axes) if axis == "c"]
    groups = [group for group in (spatial, channel) if group]
    plain = [isinstance(tree_of(size), (int, Leaf)) for size in output]
    computed = (group for group in groups if not all(plain[at] for at in group))
    return next(computed, groups[0] if groups else [])


_LINES: Final = MappingProxyType({"h": "row", "w": "column", "t": "step", "d": "slice"})


def _divisions(node: Node, tree: Tree, axes: Sequence[str]) -> list[str]:
    """Return what there is to say about divisions that leave something, and about rounding up."""
    window = node.window
    if window is None or node.family not in ("conv", "pool"):
        return []
    remarks = []
    for part in (part for _, part in tree.parts) if isinstance(tree, Sum) else (tree,):
        if not isinstance(part, Quotient):
            continue
        rest = value_of(part.top) % value_of(part.bottom)
        if part.kind == "ceil" and rest and node.settings.get("ceil"):
            remarks.append(f"the division leaves {rest}, rounded up: the last window reaches over the edge")
        elif part.kind == "floor" and node.settings.get("ceil"):
            remarks.append("not rounded up: a further window would start beyond the input")
        elif part.kind == "floor" and rest:
            lines = " and ".join(_LINES.get(axis, "line") + ("s" if rest > 1 else "") for axis in axes)
            padded = " of the padded input" if any((*window.before, *window.after)) else ""
            verb = "is" if rest == 1 and len(axes) == 1 else "are"
            count = "one" if rest == 1 else rest
            remarks.append(f"the division leaves {rest}: {count} {lines}{padded} {verb} never used")
    return remarks
