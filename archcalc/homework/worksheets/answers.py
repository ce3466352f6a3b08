"""The right answer of a cell as text, and how it comes about."""

from typing import Final, NamedTuple

from archcalc.explain import Derived, Wording, explain
from archcalc.explain.notation import style_of
from archcalc.explain.steps import Step, explain_layers
from archcalc.homework.figures import primary
from archcalc.homework.headings import FIELDS
from archcalc.homework.scene import Scene
from archcalc.homework.truth import Value, measure, subject_of
from archcalc.report import Node, Report

_STEPS: Final = {"output": "shape", "rf": "rf"}
_EXPLAINED: Final = ("params", "macs", "memory")
_MOST_ADDENDS: Final = 24  # a longer sum tells nobody anything


class Line(NamedTuple):
    """One step of a derivation: the symbol, the sides of the equation, remarks."""

    symbol: str
    sides: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def answer(scene: Scene, node: Node, quantity: str) -> str | None:
    """Return the right answer as a key writes it, or None where the network has no such number."""
    if quantity == "output":
        return written(quantity, node.output)
    if quantity == "input":
        return written(quantity, node.input[0]) if len(node.input) == 1 else None
    if quantity in FIELDS:
        field = scene.fields.get(node.path)
        if field is None or field.whole:
            return None
        return written(quantity, field.size if quantity == "rf" else field.jump)
    return written(quantity, primary(scene, [scene.subjects[node.path]], quantity))


def written(quantity: str, value: Value) -> str:
    """Return a value as a sheet writes it; a receptive field that is alike on all axes is one number.

    >>> written("output", (96, 55, 55)), written("params", 34944), written("rf", (11, 11))
    ('96x55x55', '34,944', '11')
    """
    if quantity in FIELDS and len(set(value)) == 1:
        value = value[:1]
    return "x".join(map(str, value)) if isinstance(value, tuple) else f"{value:,}"


def counts(report: Report, quantity: str) -> list[int]:
    """Return what every layer of the running network has of a quantity; auxiliary heads do not run."""
    running = (subject_of(node) for node in report.rows if node.mode == "both")
    return [int(measure(subject, quantity) or 0) for subject in running]


def derivation(report: Report, node: Node, quantity: str, wording: Wording) -> list[Line]:
    """Return how a right answer comes about, by the layer's own rules on traced numbers."""
    times = style_of(wording.notation, latex=wording.latex).times
    if quantity in _STEPS:
        (layer,) = explain_layers(report, [node], [_STEPS[quantity]], wording).layers
        return [_line(step) for step in layer.steps]
    if quantity in _EXPLAINED:
        return [_derived(explain(node, quantity, wording.notation, lang=wording.lang, latex=wording.latex))]
    if quantity == "flops":
        macs = explain(node, "macs", wording.notation, lang=wording.lang, latex=wording.latex)
        sides = (f"2{times}({macs.values})", f"{2 * macs.value:,}") if macs.value else ("0",)
        return [Line("", sides, macs.remarks)]
    if quantity in ("weights", "biases"):
        return [_parts(node, quantity == "biases", wording)]
    if quantity == "activations":
        sizes = (node.runs, *node.output) if node.runs != 1 else node.output
        return [Line("", tuple(dict.fromkeys((times.join(map(str, sizes)), f"{node.activations:,}"))))]
    return []


def sum_of(report: Report, quantity: str) -> list[Line]:
    """Return a total as a sum of what the layers have."""
    found = counts(report, quantity)
    parts = [f"{count:,}" for count in found if count]
    whole = f"{sum(found):,}"
    return [Line("", (" + ".join(parts), whole) if 1 < len(parts) <= _MOST_ADDENDS else (whole,))]


def _parts(node: Node, biases: bool, wording: Wording) -> Line:
    if node.shares is not None:
        told = explain(node, "params", wording.notation, lang=wording.lang, latex=wording.latex)
        return Line("", ("0",), told.remarks)
    chosen = [weight for weight in node.weights if weight.kind != "buffer" and ("bias" in weight.name) == biases]
    found = [explain(node, f"weight:{weight.name}", wording.notation, latex=wording.latex) for weight in chosen]
    whole = f"{sum(int(each.value) for each in found):,}"
    sides = (" + ".join(each.names for each in found), " + ".join(each.values for each in found), whole)
    return Line("", tuple(dict.fromkeys(side for side in sides if side)))


def _line(step: Step) -> Line:
    sides = () if step.value is None else (step.formula or "", step.numbers or "", f"{step.value:,}")
    return Line(step.symbol, _once(sides), step.remarks)


def _derived(derived: Derived) -> Line:
    return Line("", _once((derived.names, derived.values, f"{derived.value:,}")), derived.remarks)


def _once(sides: tuple[str, ...]) -> tuple[str, ...]:
    """Return sides without those that only repeat the value."""
    kept = {side.replace(",", ""): side for side in sides if side}
    return tuple(kept.values())
