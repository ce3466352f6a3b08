"""Recurrent layers over a sequence T×D: plain, gated (GRU), long short-term memory (LSTM)."""

from typing import Annotated, ClassVar, Final

from pydantic import PlainValidator, WithJsonSchema

from archcalc.arithmetic import Number, settled, total
from archcalc.errors import ShapeError
from archcalc.layers.activation import Sigmoid, Tanh
from archcalc.layers.base import Family, Weighted, check_rank, show
from archcalc.layers.settings import Count, Flag, Symbol, choice_schema, describe, is_number, word
from archcalc.quantities import Ops, Shape, Weight, Window

_MOST_LAYERS: Final = 64  # each has weights of its own to list; nobody stacks more


def _layers(value: object) -> int:
    value = settled(value)
    if not isinstance(value, int) or not is_number(value) or not 1 <= value <= _MOST_LAYERS:
        raise ValueError(f"{describe(value)} is not a whole number from 1 to {_MOST_LAYERS}")
    return value


def _biases(value: object) -> int:
    value = settled(value)
    if not isinstance(value, int) or not is_number(value) or value not in (0, 1, 2):
        raise ValueError(f"{describe(value)} is not one of 0, 1, 2")
    return value


Layers = Annotated[int, PlainValidator(_layers), WithJsonSchema({"type": ["integer", "string"]})]
_BIASES_SCHEMA = WithJsonSchema({"anyOf": [{"enum": [0, 1, 2]}, {"type": "string"}]})
Biases = Annotated[int, PlainValidator(_biases), _BIASES_SCHEMA]
Returned = Annotated[str, PlainValidator(word("seq", "last")), choice_schema("seq", "last")]


def _cell(sigmoids: int, tanhs: int, *, add: int = 0, mul: int = 0) -> Ops:
    """Return what one unit computes in one step beside its products and biases."""
    sigmoid, tanh = Sigmoid.cost, Tanh.cost
    return Ops(
        add=sigmoids * sigmoid.add + tanhs * tanh.add + add,
        mul=mul,
        div=sigmoids * sigmoid.div + tanhs * tanh.div,
        exp=sigmoids * sigmoid.exp + tanhs * tanh.exp,
    )


class Recurrent(Weighted):
    """What the three types share; a type states its number of gates g and its cell.

    Per layer and direction there are g·h·in input weights (in = D, then h·dirs), g·h·h recurrent weights, and
    `biases` times g·h biases: 0 none; 1 one per gate, the textbook form; 2 two per gate, as torch keeps them.
    Names are torch's; with one bias per gate there is no `bias_hh`.

    A sequence T×D makes T steps. A vector of D numbers makes `steps` steps: it is the first input, and what
    the network makes of each output (D numbers again) is the next one. `unroll` draws the steps one by one
    and changes no number.

    Operations: one multiply-add per weight and step (they include the sum of the two products), one addition
    per bias and step, and per unit and step the activations and element-wise arithmetic of the cell.
    """

    family: ClassVar[Family] = "recurrent"
    positional: ClassVar[tuple[str, ...]] = ("hidden",)
    gates: ClassVar[int]
    cell: ClassVar[Ops]

    hidden: Annotated[Count, Symbol("h")]
    layers: Layers = 1
    bi: Flag = False
    biases: Biases = 1
    ret: Returned = "seq"
    steps: Annotated[Count, Symbol("t")] | None = None
    unroll: Flag = False

    def output_shape(self, x: Shape) -> Shape:
        """Return T×h·dirs, or h·dirs of the last step."""
        self._check_input(x)
        width = self.hidden * self._directions
        return (width,) if self.ret == "last" else (self._steps(x), width)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return, per layer and direction, weight_ih (g·h, in), weight_hh (g·h, h) and the biases (g·h)."""
        rows, h = self.gates * self.hidden, self.hidden
        stored: list[Weight] = []
        for layer in range(self.layers):
            inputs = x[-1] if layer == 0 else h * self._directions
            for suffix in (f"_l{layer}", f"_l{layer}_reverse")[: self._directions]:
                stored.append(self.parameter(f"weight_ih{suffix}", rows, inputs))
                stored.append(self.parameter(f"weight_hh{suffix}", rows, h))
                for bias in ("bias_ih", "bias_hh")[: self.biases]:
                    stored.append(self.parameter(f"{bias}{suffix}", rows))
        return tuple(stored)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the products, the biases and the cell's arithmetic of all steps."""
        steps, weights = self._steps(x), self.weights(x)
        units = steps * self.hidden * (self.layers * self._directions)
        biases = total(weight.size for weight in weights if len(weight.shape) == 1)
        return Ops(
            mac=steps * total(weight.size for weight in weights if len(weight.shape) == 2),
            bias=steps * biases if self.biases else 0,
            **{kind: times * units for kind, times in self.cell.nonzero().items()},
        )

    def window(self, x: Shape) -> Window | None:
        """Return None: an output depends on all steps before it."""
        return None

    @property
    def _directions(self) -> int:
        return 2 if self.bi else 1

    def _steps(self, x: Shape) -> Number:
        return x[0] if self.steps is None else self.steps

    def _check_input(self, x: Shape) -> None:
        check_rank(x, (1, 2), self.op, "a sequence TxD, or a vector with steps=T")
        if len(x) == 2:
            if self.steps is not None:
                raise ShapeError(f"steps is for a vector; {show(x)} has {x[0]} steps", setting="steps")
        elif self.steps is None:
            raise ShapeError(f"{self.op} needs a sequence TxD; for a vector of {x[0]} say steps=T")
        elif self.bi:
            raise ShapeError("a cell that runs on its own output has one direction", setting="bi")


class Rnn(Recurrent):
    """Plain recurrent layer: h' = tanh(W·x + U·h + b).

    >>> Rnn(hidden=256).output_shape((50, 96))
    (50, 256)
    """

    op: ClassVar[str] = "rnn"
    gates: ClassVar[int] = 1
    cell: ClassVar[Ops] = _cell(0, 1)


class Gru(Recurrent):
    """Gated recurrent unit: gates r and z, candidate n = tanh(W·x + r⊙(U·h)), h' = (1 − z)⊙n + z⊙h.

    >>> Gru(hidden=256, bi=True, ret="last").output_shape((50, 96))
    (512,)
    """

    op: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    cell: ClassVar[Ops] = _cell(2, 1, add=2, mul=3)


class Lstm(Recurrent):
    """Long short-term memory: gates i, f, o, candidate g; c' = f⊙c + i⊙g, h' = o⊙tanh(c').

    >>> Lstm(hidden=512).output_shape((20, 512))
    (20, 512)
    """

    op: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    cell: ClassVar[Ops] = _cell(3, 2, add=1, mul=3)
