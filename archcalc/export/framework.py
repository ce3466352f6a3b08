"""What sets the files of two frameworks apart; everything else about a file is the same."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from archcalc.quantities import Shape
from archcalc.torch_backend.builders import Given
from archcalc.torch_backend.recipes import Recipe

# (title and target, what goes in and how many parameters, whether definitions of ours follow) → the first lines
Head: TypeAlias = Callable[[str, str, bool], list[str]]
# (name of the network's class, shapes of its inputs) → the last lines
Tail: TypeAlias = Callable[[str, Mapping[str, Shape]], list[str]]


class Framework(NamedTuple):
    """A framework that networks are written for.

    build: a layer → its recipe. definitions: the file of our own modules, copied as they are needed.
    block, network: what classes derive from. run: the method that computes. arguments: its last ones.
    training: the condition under which heads for training run. sequence: what stands around blocks in a row.
    taken: names that a layer must not have. tidy: the last change to the whole text.
    """

    name: str
    build: Callable[[Given], Recipe]
    definitions: Path
    block: str
    network: str
    run: str
    arguments: tuple[str, ...]
    training: str
    sequence: tuple[str, str]
    taken: frozenset[str]
    head: Head
    tail: Tail
    tidy: Callable[[str], str]
