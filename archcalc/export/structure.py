"""A graph → the blocks of a file: which layers lie in which, what goes in and out, which are one class."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.export.classes import likeness, parametrize, texts, write_out
from archcalc.export.comments import cited, line_of
from archcalc.export.definitions import own_definitions
from archcalc.export.framework import Framework
from archcalc.export.loops import instance, join
from archcalc.export.names import Names, class_name
from archcalc.export.scopes import (
    Class,
    Made,
    Scope,
    Statement,
    Value,
    every,
    folders_of,
    nearest,
    nodes_in,
)
from archcalc.graph import Graph, GraphNode
from archcalc.layers.catalogue import MERGES
from archcalc.torch_backend.builders import Given
from archcalc.torch_backend.printing import holes, skeleton
from archcalc.torch_backend.recipes import Call, Make, Recipe, UnbuildableError

_STRUCTURES: Final = frozenset({"", "residual", *MERGES})  # folders that are no blocks


class Program:
    """The classes that a network is written as, from the innermost to the whole.

    Raises:
        TargetError: a layer that the framework does not have, or sizes that are free.
    """

    def __init__(self, graph: Graph, framework: Framework) -> None:
        self.graph = graph
        self.framework = framework
        self.at = {node.path: at for at, node in enumerate(graph.nodes)}
        self.remembering: set[str] = set()
        self.read: dict[int, tuple[Value, ...]] = {}
        self.readers: dict[Value, list[int]] = defaultdict(list)
        self.sources = {node.place.source.name: node.place.source for node in graph.nodes if node.place}
        self.recipes: dict[int, Recipe] = {}
        self.used: set[str] = set()
        self.definitions = own_definitions(framework.definitions)
        self.classes: list[Class] = []
        self.names: set[str] = set()
        self._plan()
        self.root = self._scopes()
        self._build()

    def _plan(self) -> None:
        nodes = self.graph.nodes
        if any(type(size) is not int for node in nodes for size in node.output):
            raise _refused("a file needs numbers for all sizes; choose them with --set or --input")
        settings = [node.layer.settings() if node.layer is not None else {} for node in nodes]
        self.remembering = {each["indices"].path for each in settings if "indices" in each}
        for at, node in enumerate(nodes):
            if node.layer is None:
                continue
            given = Given(node.op, settings[at], node.input, self._size, node.path in self.remembering)
            try:
                self.recipes[at] = self.framework.build(given)
            except UnbuildableError as error:
                raise _refused(f"{node.path} ({node.op}): {error}", node) from None
            self.used |= {step.name for step in self.recipes[at] if isinstance(step, (Make, Call))}
            self.read[at] = self._reads(at)
            for value in self.read[at]:
                self.readers[value].append(at)

    def _size(self, path: str) -> tuple[int, ...]:
        sizes: tuple[Any, ...] = self.graph.nodes[self.at[path]].output
        return sizes

    def _scopes(self) -> Scope:
        root = Scope("", self.graph.title, None)
        scopes = {"": root}
        inline = self._inline()
        for path, folder in self.graph.folders.items():
            if folder.call not in _STRUCTURES and path not in inline:
                parent = nearest(path, scopes)
                scopes[path] = Scope(path, folder.call, parent)
        for at, node in enumerate(self.graph.nodes):
            if node.layer is not None:
                home = scopes[node.path] if node.path in scopes else nearest(node.path, scopes)
                home.nodes.append(at)
        for scope in reversed(list(scopes.values())):  # a block without layers is no class
            if scope.parent is not None and (scope.nodes or scope.children):
                scope.parent.children.insert(0, scope)
        return root

    def _inline(self) -> set[str]:
        """Return the folders that hold only some of the uses of a shared weight."""
        uses: dict[str, list[str]] = defaultdict(list)
        for node in self.graph.nodes:
            if node.weight_key is not None:
                uses[node.weight_key].append(node.path)
        shared = [paths for paths in uses.values() if len(paths) > 1]
        folders = {
            folder
            for paths in shared
            for folder in {folder for path in paths for folder in folders_of(path)}
            if sum(path == folder or path.startswith(f"{folder}.") for path in paths) < len(paths)
        }
        return folders - self._reused(folders)

    def _reused(self, folders: set[str]) -> set[str]:
        """Return those whose every use is the same module: the same weights, all of them shared, and equal layers."""
        members: dict[str, list[int]] = {folder: [] for folder in folders}
        for at, node in enumerate(self.graph.nodes):
            for folder in folders_of(node.path):
                if folder in members:
                    members[folder].append(at)
        alike: dict[Any, list[str]] = defaultdict(list)
        for folder, inside in members.items():
            alike[tuple(key for key in map(self._key, inside) if key is not None)].append(folder)
        return {
            folder
            for keys, same in alike.items()
            if "" not in keys and len({repr([self.recipes[at] for at in members[each]]) for each in same}) == 1
            for folder in same
        }

    def _key(self, at: int) -> str | None:
        """Return what names a node's weights: "" if they are its own, None if it can have none."""
        node = self.graph.nodes[at]
        own = None if node.layer is None or "tie" not in type(node.layer).model_fields else ""
        return node.weight_key or own

    def _fill(self, scope: Scope) -> None:
        """Give a scope its values from outside and to outside."""
        inside = set(nodes_in(scope))
        order = sorted(inside)
        scope.reads = tuple(dict.fromkeys(value for at in order for value in self.read[at] if value[0] not in inside))
        outputs = set(self.graph.outputs.values())
        used: list[Value] = []
        for value in (value for at in order for value in self._writes(at)):
            readers = self.readers.get(value, [])
            is_output = value[1] == "" and value[0] in outputs
            if is_output or not readers or any(reader not in inside for reader in readers):
                used.append(value)
        scope.writes = tuple(used)

    def _reads(self, at: int) -> tuple[Value, ...]:
        node = self.graph.nodes[at]
        values: tuple[Value, ...] = tuple((each, "") for each in node.inputs)
        settings = node.layer.settings() if node.layer is not None else {}
        return (*values, (self.at[settings["indices"].path], "indices")) if "indices" in settings else values

    def _writes(self, at: int) -> tuple[Value, ...]:
        remembers = self.graph.nodes[at].path in self.remembering
        return ((at, ""), (at, "indices")) if remembers else ((at, ""),)

    def _children(self, scope: Scope) -> None:
        """Write the statements of a scope; the blocks in it have their classes."""
        names = Names(scope, self.graph, self.framework.taken)
        owners: dict[str, tuple[tuple[str, ...], list[Make]]] = {}
        starts = {min(nodes_in(child)): child for child in scope.children}
        own = sorted([*((at, None) for at in scope.nodes), *starts.items()], key=lambda item: item[0])
        for at, child in own:
            node = self.graph.nodes[at]
            if child is not None:
                keys = tuple(key for key in map(self._key, nodes_in(child)) if key)
                unit = f"{child.kind.name if child.kind else ''} {keys}"
                if keys and unit in owners:
                    name = owners[unit][0][0]
                else:
                    name = names.attribute(child.path)
                    scope.made.append(Made(name, None, instance(child)))
                    owners[unit] = ((name,), [])
                statement = Statement(child.reads, child.writes, None, (name,), node.mode == "train", child.path)
            else:
                steps = self.recipes[at]
                makes = [step for step in steps if isinstance(step, Make)]
                key = node.weight_key
                if key in owners and owners[key][1] == makes:
                    modules = owners[key][0]
                else:
                    modules = tuple(names.attribute(node.path) for _ in makes)
                    for each, step in zip(modules, makes, strict=True):
                        scope.made.append(Made(each, step))
                    if key in owners:  # another module, the same weights
                        self._tie(scope, modules, owners[key][0], node)
                    elif key is not None:
                        owners[key] = (modules, makes)
                mode = node.mode == "train"
                statement = Statement(self._reads(at), self._writes(at), steps, modules, mode, node.path)
            statement.comment = line_of(node) if child is None else self._call_of(child, node)
            scope.statements.append(statement)
        if scope.parent is None:
            scope.statements.sort(key=lambda statement: statement.training)
        join(scope, names, self.framework.sequence)

    def _call_of(self, child: Scope, node: GraphNode) -> str:
        """Return the line of the spec that calls a block."""
        for said in node.calls:
            found = re.search(r"^in (?:block )?(.*?) (?:called|used) at (.*):(\d+):\d+$", said)
            if found and found[1] == child.call:
                source = self.sources.get(found[2])
                return cited(source.line(int(found[3]))) if source else ""
        return ""

    def _tie(self, scope: Scope, modules: Sequence[str], owners: Sequence[str], node: GraphNode) -> None:
        layer: Any = node.layer
        stored = [weight.name for weight in layer.weights(node.input[0])]
        for mine, theirs in zip(modules, owners, strict=True):
            made = next(each for each in scope.made if each.name == mine)
            made.extra = tuple(f"self.{mine}.{name} = self.{theirs}.{name}" for name in stored)

    def _group(self, scopes: list[Scope], root: Scope) -> None:
        alike: dict[Any, list[Scope]] = defaultdict(list)
        for scope in scopes:
            alike[likeness(scope)].append(scope)
        for members in alike.values():
            first = members[0]
            write_out(members)
            kinds: dict[str, list[Scope]] = defaultdict(list)
            for scope in members:
                kinds["\n".join(skeleton(text) for text in texts(scope))].append(scope)
            for same in kinds.values():
                word = first.call.partition("(")[0] if first is not root else self.graph.target
                name = class_name(word, {*self.names, *self.definitions})
                self.names.add(name)
                made = Class(name, same[0])
                parametrize(made, same, self.framework.taken)
                self.classes.append(made)
                for scope in same:
                    scope.kind = made
                    scope.constants = tuple(hole for text in texts(scope) for hole in holes(text))

    def _build(self) -> None:
        """Go from the inner blocks to the outer ones: a block is written when those in it have their classes."""
        root = self.root
        for scope in sorted(every(root), key=lambda scope: scope.height):
            self._fill(scope)
        by_height: dict[int, list[Scope]] = defaultdict(list)
        for scope in every(root):
            by_height[scope.height].append(scope)
        for height in sorted(by_height):
            for scope in by_height[height]:
                self._children(scope)
            self._group(by_height[height], root)


def _refused(message: str, node: GraphNode | None = None) -> TargetError:
    place = node.place if node is not None else None
    return TargetError([Problem("E080", f"export: {message}", place, origin=COMMAND_LINE)])
