"""Recipes as the text of a torch file, with its constants kept apart so that like pieces can share a class."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from archcalc.torch_backend.recipes import Call, Make, Method, Operator, Pick, Recipe

# what a positional argument is called, by the beginning of a module's name or the name of a method
_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "nn.Conv": ("in_channels", "out_channels", "kernel_size"),
        "nn.Linear": ("in_features", "out_features"),
        "nn.GroupNorm": ("groups", "channels"),
        "nn.LayerNorm": ("width",),
        "nn.Embedding": ("vocabulary", "width"),
        "nn.RNN": ("width", "hidden"),
        "nn.GRU": ("width", "hidden"),
        "nn.LSTM": ("width", "hidden"),
        "OneBiasRecurrent": ("kind", "width", "hidden"),
        "Attention": ("width", "heads"),
        "WideAttention": ("width", "heads", "dim"),
        "nn.Dropout": ("p",),
        "DropPath": ("p",),
        "nn.LPPool": ("power", "kernel_size"),
        "nn.MaxPool": ("kernel_size",),
        "nn.AvgPool": ("kernel_size",),
        "layers.Conv": ("filters", "kernel_size"),
        "layers.Dense": ("units",),
        "layers.Embedding": ("vocabulary", "width"),
        "layers.Dropout": ("p",),
        "layers.MaxPooling": ("pool_size",),
        "layers.AveragePooling": ("pool_size",),
        "narrow": ("axis", "start", "length"),
    }
)
# what an argument is where it is not written; None leaves a pool's stride to its kernel
_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True, "ceil_mode": False, "output_padding": 0}
    | {"strides": 1, "dilation_rate": 1, "use_bias": True}
)


@dataclass(frozen=True, slots=True)
class Hole:
    """A constant, and what it is called where it becomes a parameter of a class."""

    value: Any
    hint: str


Text: TypeAlias = tuple[str | Hole, ...]  # text with constants in between


def literal(value: Any) -> str:
    """Return a constant as Python writes it.

    >>> literal((1, 2.5, "max")), literal(float("-inf"))
    ('(1, 2.5, "max")', 'float("-inf")')
    """
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (tuple, list)):
        inner = ", ".join(literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return repr(value)


def default_of(module: str, name: str) -> Any:
    """Return what an argument of a module is where it is not written."""
    if name in ("stride", "strides") and "Pool" in module:
        return None
    return "valid" if name == "padding" and module.startswith("layers.") else _DEFAULTS.get(name)


def construction(step: Make, also: Sequence[str] = ()) -> Text:
    """Return the text that makes a module; `also` are arguments to write though they have their default."""
    names = next((found for begin, found in _ARGUMENTS.items() if step.name.startswith(begin)), ())
    hints = [*names, *["size"] * len(step.args)]
    if "Norm" in step.name and not names:
        hints = ["channels"] * len(step.args)
    items: list[Text] = [(Hole(value, hint),) for value, hint in zip(step.args, hints, strict=False)]
    written = {
        name: step.kwargs.get(name, default_of(step.name, name)) for name in dict.fromkeys((*also, *step.kwargs))
    }
    items += [(f"{name}=", Hole(value, name)) for name, value in written.items()]
    return (f"{step.name}(", *_joined(items), ")", *((".requires_grad_(False)",) if step.frozen else ()))


def expression(steps: Recipe, values: Sequence[Text], modules: Sequence[str]) -> Text:
    """Return the text that computes a node from the texts of its inputs; `modules` are the names of its own."""
    own = iter(modules)
    for step in steps:
        whole = _joined([unwrapped(value) for value in values])
        match step:
            case Make():
                made: Text = (f"self.{next(own)}(", *whole, ")")
            case Call(name, args, kwargs, listed):
                first: Text = ("[", *whole, "]") if listed else whole
                made = (f"{name}(", *first, *_arguments(name, args, kwargs), ")")
            case Method(name, args, kwargs):
                made = (*values[0], f".{name}(", *_arguments(name, args, kwargs)[1:], ")")
            case Operator(symbol):
                made = ("(", *_joined(values, f" {symbol} "), ")")
            case Pick(index):
                made = (*values[0], "[", Hole(index, "index"), "]")
        values = [made]
    return values[0]


def _arguments(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Text:
    """Return ", a, b=c", each behind a comma."""
    parts: list[str | Hole] = []
    hints = [*_ARGUMENTS.get(name, ()), *["size"] * len(args)]
    for value, hint in zip(args, hints, strict=False):
        parts += [", ", Hole(value, hint)]
    for key, value in kwargs.items():
        parts += [", ", f"{key}=", Hole(value, key)]
    return tuple(parts)


def _joined(texts: Sequence[Text], by: str = ", ") -> Text:
    parts: list[str | Hole] = []
    for at, text in enumerate(texts):
        parts += [*((by,) if at else ()), *text]
    return tuple(parts)


def unwrapped(text: Text) -> Text:
    """Return a text without the brackets that enclose it as a whole (an operator writes them).

    >>> unwrapped(("(", "x", " + ", "y", ")"))
    ('x', ' + ', 'y')
    """
    return text[1:-1] if text and text[0] == "(" and text[-1] == ")" and _balanced(text[1:-1]) else text


def _balanced(text: Text) -> bool:
    depth = 0
    for part in text:
        for char in part if isinstance(part, str) else "":
            depth += (char == "(") - (char == ")")
            if depth < 0:
                return False
    return depth == 0


def skeleton(text: Text) -> str:
    """Return a text with its constants blotted out."""
    return "".join(part if isinstance(part, str) else "\0" for part in text)


def filled(text: Text, names: Mapping[int, str], start: int = 0) -> str:
    """Return a text with its constants: literals, or the names of parameters by the constant's number.

    Args:
        text: the text.
        names: number of a constant in its class → the parameter that stands for it.
        start: the number of the text's first constant.
    """
    parts: list[str] = []
    number = start
    for part in text:
        if isinstance(part, str):
            parts.append(part)
        else:
            parts.append(names.get(number) or literal(part.value))
            number += 1
    return "".join(parts)


def holes(text: Text) -> list[Hole]:
    """Return the constants of a text, in order."""
    return [part for part in text if isinstance(part, Hole)]
