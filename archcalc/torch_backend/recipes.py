"""What a builder answers: how a layer is written in torch, as data that can be run and printed.

A recipe is a few steps, each fed with the value of the one before; the first gets all inputs of the node. Names are
those of a torch file: `nn.Conv2d`, `F.relu`, `torch.cat`, `x.flatten`; a bare name is one of our own `modules`. Values
carry a batch axis in front and are otherwise laid out as in a spec: N×C | N×T×D | N×C×H×W | N×C×D×H×W.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Make:
    """A module with state or settings of its own, made once and called: `nn.Conv2d(3, 96, 11, stride=4)`."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the values: `F.relu(x)`; with `listed` they come as one list: `torch.cat([x, y], 1)`."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the value: `x.flatten(1)`."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator between all values: `x + y + z`."""

    symbol: str


@dataclass(frozen=True, slots=True)
class Pick:
    """One of several results: `self.lstm(x)[0]`."""

    index: int


Step: TypeAlias = Make | Call | Method | Operator | Pick
Recipe: TypeAlias = tuple[Step, ...]


class UnbuildableError(Exception):
    """torch has no such thing and none can be put together; the message says why."""


def make(name: str, *args: Any, **kwargs: Any) -> Make:
    """Return a module step.

    >>> make("nn.Linear", 9216, 4096, bias=False).kwargs
    {'bias': False}
    """
    return Make(name, args, kwargs)


def call(name: str, *args: Any, **kwargs: Any) -> Call:
    """Return a step that calls a function with every value."""
    return Call(name, args, kwargs)


def call_with_list(name: str, **kwargs: Any) -> Call:
    """Return a step that calls a function with the list of all values."""
    return Call(name, (), kwargs, listed=True)


def method(name: str, *args: Any, **kwargs: Any) -> Method:
    """Return a method step."""
    return Method(name, args, kwargs)
