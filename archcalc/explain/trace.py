"""Run a layer's own rules on terms: every number of its settings and inputs gets its letter.

Settings have the letter that their field declares (`Symbol("k")`), else their name; where the axes have
different numbers the axis is added (k_h, k_w). Sizes are named by axis: c_in, h_in, w_in; in merges c_1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from archcalc.arithmetic import Number, volume
from archcalc.layers import layer_class
from archcalc.layers.axes import AXES
from archcalc.layers.settings import Reference, Symbol
from archcalc.quantities import Shape, Weight, Window
from archcalc.report import Node
from archcalc.term import Leaf, Term, tree_of


@dataclass(frozen=True, slots=True)
class Traced:
    """The layer or merge of one row on traced numbers; `output` is what its rule makes of `inputs`.

    padding: with `pad=half`, how p came about on each spatial axis.
    """

    layer: Any
    inputs: Any
    output: Shape
    runs: Number
    padding: Shape = ()

    def weights(self) -> tuple[Weight, ...]:
        """Return the stored tensors; a merge has none."""
        return tuple(self.layer.weights(self.inputs)) if hasattr(self.layer, "weights") else ()

    def macs(self) -> Number:
        """Return the multiply-adds of all runs, with names (h_out) for the sizes of the output."""
        mac: Number = self.layer.ops(self.inputs, self._named_output()).mac
        return self._times_runs(mac)

    def bytes(self, width: int) -> Number:
        """Return the memory of the output of all runs, `width` bytes a number."""
        return self._times_runs(Term.named("b", width) * volume(self._named_output()))

    def window(self) -> Window | None:
        """Return what one output sees of the input."""
        window: Window | None = self.layer.window(self.inputs)
        return window

    def _named_output(self) -> Shape:
        return tuple(
            size if isinstance(tree_of(size), (int, Leaf)) else Term.named(f"{axis}_out", size)
            for size, axis in zip(self.output, axes_of(self.output), strict=True)
        )

    def _times_runs(self, count: Number) -> Number:
        return count if self.runs == 1 else Term.named("runs", self.runs) * count


def trace_layer(node: Node) -> Traced:
    """Return the layer of a row, built again on terms.

    A free size is traced with a value of its domain: rules make the same formula for all of these, or are refused when
    the network is analysed.
    """
    inputs: Any
    if node.family == "merge":
        inputs = tuple(_sizes(shape, str(at)) for at, shape in enumerate(node.input, 1))
    elif node.flattens is not None:
        inputs = (Term.named("n_in", volume(node.flattens)),)
    else:
        inputs = _sizes(node.input[0], "in")
    settings = dict(node.settings)
    padding: Shape = ()
    if settings.get("pad") == "half" and node.window is not None:
        padding = _traced_layer(node, settings).window(inputs).before
        settings["pad"] = node.window.before  # p reads better than ⌊d·(k − 1)/2⌋
    layer = _traced_layer(node, settings)
    return Traced(layer, inputs, tuple(layer.output_shape(inputs)), node.runs, padding)


def setting_letters(op: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the letter of each setting in formulas: that which its field declares, else its name.

    >>> setting_letters("conv", {"out": 96, "kernel": 11})
    {'out': 'c_out', 'kernel': 'k'}
    """
    declared = layer_class(op).model_fields
    letters: dict[str, str] = {}
    for name in settings:
        field = declared[name]
        letter = next(_symbols((*field.metadata, field.annotation)), name)
        letters[name] = name if letter in letters.values() else letter
    return letters


def axes_of(shape: Shape) -> str:
    """Return the letters of the axes of a shape.

    >>> axes_of((256, 6, 6)), axes_of((20, 512))
    ('chw', 'tc')
    """
    return AXES.get(len(shape), "n" * len(shape)).lower()


def _sizes(shape: Shape, place: str) -> Shape:
    named = zip(axes_of(shape), shape, strict=True)
    return tuple(Term.named(f"{axis}_{place}", size) for axis, size in named)


def _traced_layer(node: Node, settings: Mapping[str, Any]) -> Any:
    cls = layer_class(node.op)
    spatial = axes_of(node.input[0]).replace("c", "")
    letters = setting_letters(node.op, settings)
    traced: dict[str, Any] = {}
    for name, value in settings.items():
        places: list[str] = []
        if isinstance(value, tuple):
            listed = cls.variadic and name == cls.positional[-1]
            places = _places(value, "" if listed else spatial)
        traced[name] = _traced(value, letters[name], places, cls.model_fields[name].default)
    return cls(**traced)


def _symbols(parts: tuple[Any, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Symbol):
            yield part.letter
        else:
            yield from _symbols(get_args(part))


def _traced(value: Any, name: str, places: list[str], default: Any) -> Any:
    if isinstance(value, Reference):
        return Reference(value.path, _sizes(value.shape, name))
    if isinstance(value, tuple):
        named = zip(value, places, strict=True)
        return tuple(_traced(each, name + place, [], default) for each, place in named)
    if type(value) is int or hasattr(value, "arithmetic"):
        return Term.named(name, value, quiet=value == default)
    return value


def _places(values: tuple[Any, ...], spatial: str) -> list[str]:
    """Return what tells the numbers of a setting apart: nothing, the axis, axis and side, or a count."""
    if spatial and len(values) == len(spatial):
        return [""] * len(values) if len(set(values)) == 1 else [f"_{axis}" for axis in spatial]
    if spatial and len(values) == 2 * len(spatial):
        return [f"_{axis}{side}" for axis in spatial for side in (0, 1)]
    return [f"_{at}" for at in range(1, len(values) + 1)]
