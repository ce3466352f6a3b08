"""What a file is made of before it is text: blocks, the lines of their code, and the classes that they share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from archcalc.torch_backend.printing import Hole, Text
from archcalc.torch_backend.recipes import Make, Recipe

Value: TypeAlias = tuple[int, str]  # a node's number, and "" for its value or "indices" for where its maxima were


@dataclass(slots=True)
class Made:
    """A line of __init__: `self.name = …`; `extra` lines follow it."""

    name: str
    step: Make | None
    text: Text = ()
    extra: tuple[str, ...] = ()


@dataclass(slots=True)
class Statement:
    """A line of forward: what it reads and writes, and how it is computed."""

    reads: tuple[Value, ...]
    writes: tuple[Value, ...]
    steps: Recipe | None  # None for a call of a block
    modules: tuple[str, ...]
    training: bool = False
    label: str = ""
    comment: str = ""


@dataclass(slots=True)
class Scope:
    """A block call, or the whole network: what will be a class."""

    path: str
    call: str
    parent: "Scope | None"
    nodes: list[int] = field(default_factory=list)
    children: list["Scope"] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    reads: tuple[Value, ...] = ()
    writes: tuple[Value, ...] = ()
    kind: "Class | None" = None
    constants: tuple[Hole, ...] = ()

    @property
    def height(self) -> int:
        """How many levels of blocks lie in this one."""
        return 1 + max((child.height for child in self.children), default=-1)


@dataclass(slots=True)
class Class:
    """A class that one or more scopes share; parameters: constant number → name."""

    name: str
    example: Scope
    parameters: dict[int, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)  # one constant number for each parameter


def every(scope: Scope) -> Iterator[Scope]:
    """Yield a block and all that lie in it, the outer ones first."""
    yield scope
    for child in scope.children:
        yield from every(child)


def nodes_in(scope: Scope) -> list[int]:
    """Return the numbers of all nodes in a block, with those of the blocks in it."""
    return [at for each in every(scope) for at in each.nodes]


def nearest(path: str, scopes: Mapping[str, Scope]) -> Scope:
    """Return the innermost block that holds a path."""
    while path:
        path = path.rpartition(".")[0]
        if path in scopes:
            return scopes[path]
    return scopes[""]


def folders_of(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in, and the path itself, since a merge may have its folder's."""
    while path:
        yield path
        path = path.rpartition(".")[0]
