"""What a cell should be: the layer's own rules, on the network's sizes or on those of the student's previous row.

A `Subject` is one layer with its inputs; `measure` asks its rules for a quantity. Everything else in this room,
conventions and mistakes alike, changes a subject and measures again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from archcalc import receptive
from archcalc.arithmetic import total, volume
from archcalc.errors import ArchcalcError
from archcalc.layers import build
from archcalc.quantities import Shape, Window
from archcalc.report import Node, Report

Value: TypeAlias = Any  # a whole number, a fraction (bytes), or a shape


@dataclass(frozen=True, eq=False)
class Subject:
    """One layer with its settings and the shapes it reads; `node` is the row of the report it comes from."""

    node: Node
    op: str
    settings: Mapping[str, Any]
    inputs: tuple[Shape, ...]

    @cached_property
    def layer(self) -> Any:
        """The layer, built from the settings."""
        return build(self.op, self.settings)

    @property
    def is_merge(self) -> bool:
        """Whether several values are joined."""
        return self.node.family == "merge"

    @property
    def x(self) -> Any:
        """What the rules take: one shape, or several."""
        return self.inputs if self.is_merge else self.inputs[0]

    @cached_property
    def y(self) -> Shape:
        """The output's shape."""
        return tuple(self.layer.output_shape(self.x))

    def changed(self, **settings: Any) -> "Subject":
        """Return the layer with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def other(self, op: str, **settings: Any) -> "Subject":
        """Return a layer of another type on the same inputs."""
        return replace(self, op=op, settings=settings)

    def reading(self, *inputs: Shape) -> "Subject":
        """Return the layer with other inputs."""
        return replace(self, inputs=tuple(inputs))


def subject_of(node: Node) -> Subject:
    """Return the layer of a row, as it is."""
    return Subject(node, node.op, node.settings, node.input)


def measure(subject: Subject, quantity: str) -> Value:
    """Return a quantity by the layer's rules; None where the layer refuses or has no such quantity.

    params: with biases, without running statistics. weights, biases: the parts of it. macs: multiply-adds; flops:
    twice that. activations: elements of the output. memory: their bytes, four each.
    """
    rule = _RULES.get(quantity)
    if rule is None:
        return None
    try:
        # the layer must accept its input, or a count would be one of a layer that cannot be
        return rule(subject) if subject.y else None
    except (ArchcalcError, ValueError, ArithmeticError, LookupError, TypeError):
        return None


def _weights(subject: Subject) -> list[tuple[str, int, str]]:
    """Return name, size and kind of what a layer owns: nothing, where it shares the weights of another."""
    if subject.is_merge or subject.node.shares:
        return []
    return [(weight.name, weight.size, weight.kind) for weight in subject.layer.weights(subject.x)]


def _is_bias(name: str) -> bool:
    return "bias" in name


def _params(subject: Subject) -> int:
    return total(size for _, size, kind in _weights(subject) if kind != "buffer")


def _only(subject: Subject, *, biases: bool) -> int:
    return total(size for name, size, kind in _weights(subject) if kind != "buffer" and _is_bias(name) == biases)


def _macs(subject: Subject) -> int:
    mac: int = subject.layer.ops(subject.x, subject.y).mac
    return mac * subject.node.runs


_RULES: Final[Mapping[str, Callable[[Subject], Value]]] = MappingProxyType(
    {
        "output": lambda s: s.y,
        "input": lambda s: s.inputs[0],
        "params": _params,
        "weights": lambda s: _only(s, biases=False),
        "biases": lambda s: _only(s, biases=True),
        "trainable": lambda s: total(size for _, size, kind in _weights(s) if kind == "trainable"),
        "nontrainable": lambda s: total(size for _, size, kind in _weights(s) if kind != "trainable"),
        "buffers": lambda s: total(size for _, size, kind in _weights(s) if kind == "buffer"),
        "macs": _macs,
        "flops": lambda s: 2 * _macs(s),
        "bias_additions": lambda s: s.layer.ops(s.x, s.y).bias * s.node.runs,
        "activations": lambda s: volume(s.y) * s.node.runs,
        "memory": lambda s: 4 * volume(s.y) * s.node.runs,
    }
)


# ── Receptive fields ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Field:
    """What one output sees of the input, per axis: its size and the distance of neighbours (jump).

    whole: it sees everything, from a fully connected or global layer on.
    """

    size: tuple[int, ...]
    jump: tuple[int, ...]
    whole: bool = False


def grown(before: Field, window: Window) -> Field:
    """Return the field after a layer: r + d·(k − 1)·j and j·s.

    >>> window = Window((3, 3), (2, 2), (1, 1), (0, 0), (0, 0))
    >>> grown(Field((7, 7), (2, 2)), window)
    Field(size=(11, 11), jump=(4, 4), whole=False)
    """
    axes = zip(before.size, before.jump, window.kernel, window.dilation, strict=True)
    size = tuple(r + d * (k - 1) * j for r, j, k, d in axes)
    return replace(before, size=size, jump=tuple(j * s for j, s in zip(before.jump, window.stride, strict=True)))


def fields(report: Report) -> dict[str, Field]:
    """Return the field of every row and input by path; where branches join, of all of them together."""
    known: dict[str, Field] = {name: _start(shape) for name, shape in report.input.items()}
    seen = receptive.fields(report)
    for node in report.rows:
        before = [known[path] for path in node.inputs if path in known]
        if not before:
            continue
        widest = max(before, key=lambda each: (each.whole, each.size))
        told = seen.get(node.path)
        if isinstance(told, receptive.Field) and told.placed and told.axes:
            known[node.path] = Field(tuple(map(int, told.size)), tuple(map(int, told.jump)))
        elif told is None:
            known[node.path] = replace(widest, whole=True)
        else:
            known[node.path] = widest
    return known


def _start(shape: Shape) -> Field:
    axes = max(1, len(shape) - 1)
    return Field((1,) * axes, (1,) * axes)
