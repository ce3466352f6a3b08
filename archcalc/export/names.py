"""Names of a spec → names of a Python file that are free, mean nothing else there, and say what they hold."""

import keyword
import re
from collections import defaultdict
from collections.abc import Collection, Container
from typing import Final

from archcalc.export.scopes import Scope, Value
from archcalc.graph import Graph
from archcalc.layers.catalogue import MERGES

_SILENT: Final = frozenset({"res", "main", "shortcut", *MERGES})  # folders whose names say nothing


def identifier(text: str, taken: Container[str] = ()) -> str:
    """Return a name of a spec as one that the language and a framework leave free.

    >>> identifier("conv1"), identifier("class"), identifier("7x7"), identifier("__init__")
    ('conv1', 'class_', 'n7x7', 'n__init__')
    """
    name = "".join(char if char.isalnum() or char == "_" else "_" for char in text)
    name = f"n{name}" if name[:1].isdigit() or name[:1] == "_" else name
    return f"{name}_" if keyword.iskeyword(name) or name in taken else name or "layer"


class Names:
    """Names of the modules of one scope: those of the spec, without folders that say nothing where that is unique."""

    def __init__(self, scope: Scope, graph: Graph, reserved: Container[str]) -> None:
        self.reserved = reserved
        self.base = f"{scope.path}." if scope.path else ""
        self.taken: set[str] = set()
        paths = [*(graph.nodes[at].path for at in scope.nodes), *(child.path for child in scope.children)]
        self.short: dict[str, int] = defaultdict(int)
        for path in paths:
            self.short[self._short(path)] += 1

    def _parts(self, path: str) -> list[str]:
        return path.removeprefix(self.base).split(".")

    def _short(self, path: str) -> str:
        *folders, last = self._parts(path)
        kept = [part for part in folders if part.partition("_")[0] not in _SILENT and not part.startswith("b_")]
        return identifier("_".join([*kept, last]), self.reserved)

    def attribute(self, path: str) -> str:
        """Return a name that no other module of the scope has."""
        short = self._short(path)
        name = short if self.short[short] == 1 else identifier("_".join(self._parts(path)), self.reserved)
        unique = _free(name, self.taken)
        self.taken.add(unique)
        return unique


def variables(scope: Scope, graph: Graph, reserved: Collection[str]) -> dict[Value, str]:
    """Return the name of every value in `forward`: `x` for the running one, its own for one that is needed later."""
    whole = scope.parent is None
    found: dict[Value, str] = {}
    given = [(at, "") for at, node in enumerate(graph.nodes) if node.layer is None] if whole else list(scope.reads)
    inputs = input_names(graph, reserved)
    for number, value in enumerate(given):
        found[value] = inputs[number] if whole else "x" if number == 0 else f"x{number + 1}"
    taken = {*reserved, *found.values()}
    last_read: dict[Value, int] = {}
    for number, statement in enumerate(scope.statements):
        for value in statement.reads:
            last_read[value] = number
    read = set(last_read)
    for value in scope.writes:
        last_read[value] = len(scope.statements)
    kept_input = any(last_read.get(value, 0) > 0 for value, name in found.items() if name == "x")
    running = "y" if kept_input and "x" in found.values() else "x"
    taken.add(running)
    outputs = set(graph.outputs.values())
    for number, statement in enumerate(scope.statements):
        for place, value in enumerate(statement.writes):
            if last_read.get(value, number + 1) <= number + 1 and place == 0 and value[1] == "":
                found[value] = running
                continue
            local = statement.label if len(statement.writes) == 1 else graph.nodes[value[0]].path
            stem = identifier(local.rpartition(".")[2], reserved)
            stem = f"{stem}_{value[1]}" if value[1] else stem
            unread = whole and value not in read and value[0] not in outputs and not statement.training
            name = _free(f"_{stem}" if unread else stem, taken)
            taken.add(name)
            found[value] = name
    return found


def class_name(word: str, taken: Container[str]) -> str:
    """Return a free name for a class from the name of a block or network.

    >>> class_name("resnet/50", {"Resnet50"}), class_name("nets/2-layer.yaml", ())
    ('Resnet502', 'Network2Layer')
    """
    stem = word.rpartition("/")[2] if "." in word.rpartition("/")[2] else word
    stem = re.sub(r"[^A-Za-z0-9]", " ", stem.removesuffix(".yaml"))
    name = "".join(part[:1].upper() + part[1:] for part in stem.split()) or "Network"
    name = name if name[0].isalpha() else f"Network{name}"
    unique, number = name, 2
    while unique in taken or keyword.iskeyword(unique):
        unique, number = f"{name}{number}", number + 1
    return unique


def input_names(graph: Graph, taken: Collection[str]) -> list[str]:
    """Return the arguments of the whole network's `forward`, all different."""
    names: list[str] = []
    for each in graph.inputs:
        names.append(_free(identifier(each, taken), {*taken, *names}))
    return names


def _free(stem: str, taken: Container[str]) -> str:
    name, again = stem, 2
    while name in taken:
        name, again = f"{stem}_{again}", again + 1
    return name
