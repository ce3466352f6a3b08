"""One difference between a spec and a model, and the words for what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from archcalc.quantities import Shape
from archcalc.torch_backend.foreign.calls import Call

Code: TypeAlias = Literal[
    "extra", "missing", "extra_part", "missing_part", "kind", "has", "lacks", "shape", "amount", "frozen", "trained",
    "shares", "owns", "setting", "output", "wiring", "macs", "unread", "outputs", "otherwise", "end", "heads", "runs",
    "opaque",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same.

    model, spec: the layer's name on either side; "" for the network itself, None where there is no such layer.
    params, macs: how many more the model has because of it. facts: what a sentence needs beside the names.
    """

    code: Code
    model: str | None
    spec: str | None
    params: int = 0
    macs: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


def named(call: Call) -> str:
    """Return how a call is called: by its module or node, or by what it does."""
    return call.path or call.kind


def described(call: Call) -> str:
    """Return a call in the words of the spec language: "conv 256x128x3x3", "maxpool 3x3"."""
    weight = next((each for each in call.stored if each.kind != "buffer"), None)
    size = size_text(weight.shape) if weight else size_text(call.settings.get("kernel", ()))
    return f"{call.kind} {size}".strip()


def said(value: Any) -> str:
    """Return a setting as people write it: equal sides and axes once.

    >>> said(((1, 1), (1, 1))), said((2, 1)), said(((0, 1), (0, 1)))
    ('1', '2x1', '0+1')
    """
    if isinstance(value, tuple):
        parts = [f"{each[0]}" if len(set(each)) == 1 else f"{each[0]}+{each[1]}" if isinstance(each, tuple) else each
                 for each in (part if isinstance(part, tuple) else (part,) for part in value)]  # fmt: skip
        return str(parts[0]) if len(set(parts)) == 1 else "x".join(map(str, parts))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return str(value)


def size_text(shape: Shape) -> str:
    """Return a shape in words: "64x3x7x7"."""
    return "x".join(str(size) for size in shape)
