"""Names and paths (section 6): open and closed scopes, folders, automatic names, dimensions."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archcalc.arithmetic import Number, volume
from archcalc.layers.axes import axis_index
from archcalc.quantities import Shape
from archcalc.spec.words import is_word


class Value(NamedTuple):
    """What flows: the node it comes from, its shape, and how often it is run for one sample."""

    node: int
    path: str
    shape: Shape
    runs: Number = 1


@dataclass(slots=True, eq=False)
class Entry:
    """A name in a scope: its value, the folder behind it, and whether the spec gave the name itself."""

    value: Value
    scope: "Scope | None"
    given: bool


@dataclass(slots=True, eq=False)
class Scope:
    """A folder of the network while it is expanded.

    Loops, conditions, lists and groups have no scope of their own. A scope without `parent` is closed: a
    network, or the body of a block. `reserved` are names that the spec gives somewhere in it; automatic names
    keep off them.
    """

    path: str
    parent: "Scope | None"
    reserved: frozenset[str] = frozenset()
    entries: dict[str, Entry] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def child_path(self, name: str) -> str:
        """Return the full path of a name here."""
        return f"{self.path}.{name}" if self.path else name

    def automatic(self, word: str) -> str:
        """Return a fresh name made from a word: conv, then conv_2, conv_3 and so on."""
        count = self.counts.get(word, 0) + 1
        name = word if count == 1 else f"{word}_{count}"
        while name in self.used or name in self.reserved:
            count += 1
            name = f"{word}_{count}"
        self.counts[word] = count
        self.used.add(name)
        return name

    def claim(self, name: str) -> str:
        """Return the path component for a name given in the spec; a template may give one that is taken already."""
        if name in self.used:
            return self.automatic(name)
        self.used.add(name)
        return name

    def find(self, name: str) -> Entry | None:
        """Return the entry of a name, looking outward through open scopes."""
        scope: Scope | None = self
        while scope is not None:
            entry = scope.entries.get(name)
            if entry is not None:
                return entry
            scope = scope.parent
        return None

    def names(self) -> list[str]:
        """Return the names that the spec gave, in reach from here."""
        found: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            found = [name for name, entry in scope.entries.items() if entry.given and name not in found] + found
            scope = scope.parent
        return found


def is_name(text: str, most: int) -> bool:
    """Tell whether a text is a name: 1 to `most` characters of [A-Za-z0-9_]."""
    return 0 < len(text) <= most and is_word(text)


def dimension(shape: Shape, name: str, axis: str) -> Any:
    """Return a dimension of a value, or raise LookupError.

    >>> dimension((96, 55, 55), "x", "N")
    290400
    """
    if axis == "N":
        return volume(shape)
    at = axis_index(len(shape), axis)
    if at is None:
        raise LookupError(f"'{name}' is {'x'.join(str(size) for size in shape)}; it has no {axis}")
    return shape[at]
