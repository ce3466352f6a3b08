"""A graph → the text of a torch file that needs torch alone: blocks become classes, repeats become loops.

Blocks that are built alike are one class; what differs between them (channels, strides) becomes its parameters. The
layers are those that `verify --torch` runs, since both come from the same builders; torch is not needed to write them.
"""

import ast
import keyword
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from archcalc.errors import COMMAND_LINE, Problem, TargetError, visible
from archcalc.graph import Graph, GraphNode
from archcalc.layers.catalogue import MERGES
from archcalc.torch_backend.builders import Given, recipe
from archcalc.torch_backend.printing import (
    Hole,
    Text,
    construction,
    default_of,
    expression,
    filled,
    holes,
    literal,
    skeleton,
    unwrapped,
)
from archcalc.torch_backend.recipes import Call, Make, Recipe, UnbuildableError

_WIDTH: Final = 100
_SHORT: Final = 72  # an expression of several steps
_STRUCTURES: Final = frozenset({"", "residual", *MERGES})  # folders that are no blocks
_SILENT: Final = frozenset({"res", "main", "shortcut", *MERGES})  # folders whose names say nothing
_KEYWORDS: Final = frozenset({"stride", "padding", "dilation", "groups", "bias", "kernel_size", "repeats"})
# names that a module of torch already uses for itself
_TAKEN: Final = frozenset((
    "T", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu", "cuda",
    "double", "dump_patches", "eval", "extra_repr", "float", "forward", "get_buffer", "get_extra_state",
    "get_parameter", "get_submodule", "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers",
    "named_children", "named_modules", "named_parameters", "nn", "parameters", "register_backward_hook",
    "register_buffer", "register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook",
    "register_full_backward_pre_hook", "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook",
    "register_module", "register_parameter", "register_state_dict_post_hook", "register_state_dict_pre_hook",
    "requires_grad_", "self", "set_extra_state", "set_submodule", "share_memory", "state_dict", "to", "to_empty",
    "torch", "train", "training", "type", "xpu", "zero_grad", "F",
))  # fmt: skip
Value: TypeAlias = tuple[int, str]  # a node's number, and "" for its value or "indices" for where its maxima were


@dataclass(slots=True)
class _Made:
    """A line of __init__: `self.name = …`; `extra` lines follow it."""

    name: str
    step: Make | None
    text: Text = ()
    extra: tuple[str, ...] = ()


@dataclass(slots=True)
class _Statement:
    """A line of forward: what it reads and writes, and how it is computed."""

    reads: tuple[Value, ...]
    writes: tuple[Value, ...]
    steps: Recipe | None  # None for a call of a block
    modules: tuple[str, ...]
    training: bool = False
    label: str = ""
    comment: str = ""


@dataclass(slots=True)
class _Scope:
    """A block call, or the whole network: what will be a class."""

    path: str
    call: str
    parent: "_Scope | None"
    nodes: list[int] = field(default_factory=list)
    children: list["_Scope"] = field(default_factory=list)
    made: list[_Made] = field(default_factory=list)
    statements: list[_Statement] = field(default_factory=list)
    reads: tuple[Value, ...] = ()
    writes: tuple[Value, ...] = ()
    kind: "_Class | None" = None
    constants: tuple[Hole, ...] = ()

    @property
    def height(self) -> int:
        """How many levels of blocks lie in this one."""
        return 1 + max((child.height for child in self.children), default=-1)


@dataclass(slots=True)
class _Class:
    """A class that one or more scopes share; parameters: constant number → name."""

    name: str
    example: _Scope
    parameters: dict[int, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)  # one constant number for each parameter


def export(graph: Graph, params: int) -> str:
    """Return the file.

    Args:
        graph: the expanded network; its sizes are numbers.
        params: the number of parameters, with those of training heads; the file says it.

    Raises:
        TargetError: a layer that torch does not have, or sizes that are free.
    """
    return _Exporter(graph, params).text()


class _Exporter:
    def __init__(self, graph: Graph, params: int) -> None:
        self.graph, self.params = graph, params
        self.at = {node.path: at for at, node in enumerate(graph.nodes)}
        self.remembering: set[str] = set()
        self.read: dict[int, tuple[Value, ...]] = {}
        self.readers: dict[Value, list[int]] = defaultdict(list)
        self.sources = {node.place.source.name: node.place.source for node in graph.nodes if node.place}
        self.recipes: dict[int, Recipe] = {}
        self.used: set[str] = set()
        self.definitions = _own_definitions()
        self.classes: list[_Class] = []
        self.names: set[str] = set()
        self._plan()

    # ── Nodes ──

    def _plan(self) -> None:
        nodes = self.graph.nodes
        if any(type(size) is not int for node in nodes for size in node.output):
            raise _refused("sizes that are free have no torch module; choose numbers with --set or --input")
        settings = [node.layer.settings() if node.layer is not None else {} for node in nodes]
        self.remembering = {each["indices"].path for each in settings if "indices" in each}
        for at, node in enumerate(nodes):
            if node.layer is None:
                continue
            given = Given(node.op, settings[at], node.input, self._size, node.path in self.remembering)
            try:
                self.recipes[at] = recipe(given)
            except UnbuildableError as error:
                raise _refused(f"{node.path} ({node.op}): {error}", node) from None
            self.used |= {step.name for step in self.recipes[at] if isinstance(step, (Make, Call))}
            self.read[at] = self._reads(at)
            for value in self.read[at]:
                self.readers[value].append(at)

    def _size(self, path: str) -> tuple[int, ...]:
        sizes: tuple[Any, ...] = self.graph.nodes[self.at[path]].output
        return sizes

    # ── Scopes ──

    def text(self) -> str:
        root = self._scopes()
        for scope in sorted(_all(root), key=lambda scope: scope.height):
            self._fill(scope)
        by_height: dict[int, list[_Scope]] = defaultdict(list)
        for scope in _all(root):
            by_height[scope.height].append(scope)
        for height in sorted(by_height):
            for scope in by_height[height]:
                self._children(scope)
            self._group(by_height[height], root)
        return self._file(root)

    def _scopes(self) -> _Scope:
        root = _Scope("", self.graph.title, None)
        scopes = {"": root}
        inline = self._inline()
        for path, folder in self.graph.folders.items():
            if folder.call not in _STRUCTURES and path not in inline:
                parent = _nearest(path, scopes)
                scopes[path] = _Scope(path, folder.call, parent)
        for at, node in enumerate(self.graph.nodes):
            if node.layer is not None:
                home = scopes[node.path] if node.path in scopes else _nearest(node.path, scopes)
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
            for folder in {folder for path in paths for folder in _folders_of(path)}
            if sum(path == folder or path.startswith(f"{folder}.") for path in paths) < len(paths)
        }
        return folders - self._reused(folders)

    def _reused(self, folders: set[str]) -> set[str]:
        """Return those whose every use is the same module: the same weights, all of them shared, and equal layers."""
        members: dict[str, list[int]] = {folder: [] for folder in folders}
        for at, node in enumerate(self.graph.nodes):
            for folder in _folders_of(node.path):
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

    def _fill(self, scope: _Scope) -> None:
        """Give a scope its values from outside and to outside."""
        inside = set(_inside(scope))
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

    def _children(self, scope: _Scope) -> None:
        """Write the statements of a scope; the blocks in it have their classes."""
        names = _Names(scope, self.graph)
        owners: dict[str, tuple[tuple[str, ...], list[Make]]] = {}
        starts = {min(_inside(child)): child for child in scope.children}
        own = sorted([*((at, None) for at in scope.nodes), *starts.items()], key=lambda item: item[0])
        for at, child in own:
            node = self.graph.nodes[at]
            if child is not None:
                keys = tuple(key for key in map(self._key, _inside(child)) if key)
                unit = f"{child.kind.name if child.kind else ''} {keys}"
                if keys and unit in owners:
                    name = owners[unit][0][0]
                else:
                    name = names.attribute(child.path)
                    scope.made.append(_Made(name, None, _instance(child)))
                    owners[unit] = ((name,), [])
                statement = _Statement(child.reads, child.writes, None, (name,), node.mode == "train", child.path)
            else:
                steps = self.recipes[at]
                makes = [step for step in steps if isinstance(step, Make)]
                key = node.weight_key
                if key in owners and owners[key][1] == makes:
                    modules = owners[key][0]
                else:
                    modules = tuple(names.attribute(node.path) for _ in makes)
                    for each, step in zip(modules, makes, strict=True):
                        scope.made.append(_Made(each, step))
                    if key in owners:  # another module, the same weights
                        self._tie(scope, modules, owners[key][0], node)
                    elif key is not None:
                        owners[key] = (modules, makes)
                mode = node.mode == "train"
                statement = _Statement(self._reads(at), self._writes(at), steps, modules, mode, node.path)
            statement.comment = _line_of(node) if child is None else self._call_of(child, node)
            scope.statements.append(statement)
        if scope.parent is None:
            scope.statements.sort(key=lambda statement: statement.training)
        _loops(scope, names)

    def _call_of(self, child: _Scope, node: GraphNode) -> str:
        """Return the line of the spec that calls a block."""
        for said in node.calls:
            found = re.search(r"^in (?:block )?(.*?) (?:called|used) at (.*):(\d+):\d+$", said)
            if found and found[1] == child.call:
                source = self.sources.get(found[2])
                return _said(source.line(int(found[3]))) if source else ""
        return ""

    def _tie(self, scope: _Scope, modules: Sequence[str], owners: Sequence[str], node: GraphNode) -> None:
        layer: Any = node.layer
        stored = [weight.name for weight in layer.weights(node.input[0])]
        for mine, theirs in zip(modules, owners, strict=True):
            made = next(each for each in scope.made if each.name == mine)
            made.extra = tuple(f"self.{mine}.{name} = self.{theirs}.{name}" for name in stored)

    # ── Classes ──

    def _group(self, scopes: list[_Scope], root: _Scope) -> None:
        alike: dict[Any, list[_Scope]] = defaultdict(list)
        for scope in scopes:
            alike[_shape(scope)].append(scope)
        for members in alike.values():
            first = members[0]
            _write_out(members)
            kinds: dict[str, list[_Scope]] = defaultdict(list)
            for scope in members:
                kinds["\n".join(skeleton(text) for text in _texts(scope))].append(scope)
            for same in kinds.values():
                name = self._class_name(first.call.partition("(")[0] if first is not root else self.graph.target)
                made = _Class(name, same[0])
                _parameters(made, same)
                self.classes.append(made)
                for scope in same:
                    scope.kind = made
                    scope.constants = tuple(hole for text in _texts(scope) for hole in holes(text))

    def _class_name(self, word: str) -> str:
        stem = word.rpartition("/")[2] if "." in word.rpartition("/")[2] else word
        stem = re.sub(r"[^A-Za-z0-9]", " ", stem.removesuffix(".yaml"))
        name = "".join(part[:1].upper() + part[1:] for part in stem.split()) or "Network"
        name = name if name[0].isalpha() else f"Network{name}"
        unique, number = name, 2
        while unique in self.names or unique in self.definitions or keyword.iskeyword(unique):
            unique, number = f"{name}{number}", number + 1
        self.names.add(unique)
        return unique

    # ── The file ──

    def _file(self, root: _Scope) -> str:
        graph, main = self.graph, root.kind
        name = main.name if main else ""
        shapes = {each: "x".join(map(str, shape)) for each, shape in graph.inputs.items()}
        title, target = (_safe(text) for text in (graph.title or graph.target, graph.target))
        said = ", ".join(f"{each} {shape}" for each, shape in shapes.items())
        head = [
            f'"""{title}: {target}, written by archcalc.',
            "",
            f"Input without batch: {said}. {self.params:,} parameters, those of training heads with them.",
            '"""',
            "",
            "import torch",
            "import torch.nn.functional as F",
            "from torch import Tensor, nn" if self._needed() else "from torch import nn",
            "\n\n",
        ]
        zeros = ", ".join(f"torch.zeros(1, {', '.join(map(str, shape))})" for shape in graph.inputs.values())
        tail = [
            'if __name__ == "__main__":',
            f"    net = {name}().eval()",
            '    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")',
            "    with torch.no_grad():",
            f"        made = net({zeros})",
            "    for y in made if isinstance(made, tuple) else (made,):",
            "        print(tuple(y.shape))",
        ]
        parts = [*self._needed(), *(self._class(each, each is main) for each in self.classes)]
        text = "\n".join(head) + "\n\n\n".join(part.strip("\n") for part in parts) + "\n\n\n" + "\n".join(tail) + "\n"
        unused = not re.search(r"\bF\b", text.partition("functional as F")[2])
        return text.replace("import torch.nn.functional as F\n", "") if unused else text

    def _needed(self) -> list[str]:
        """Return the definitions of our own modules that the network uses, in their order."""
        return [text for name, text in self.definitions.items() if name in self.used]

    def _class(self, each: _Class, whole: bool) -> str:
        scope = each.example
        heads = [each.parameters[number] for number in each.order]
        lines = [f"class {each.name}(nn.Module):"]
        if not whole:
            lines += [f'    """{_comment(scope.call)}."""', ""]
        lines += [*_wrapped(f"def __init__({', '.join(['self', *heads])}):", 4), "        super().__init__()"]
        for line in _constructions(scope, each):
            lines += _wrapped(line, 8)
        lines += ["", *self._forward(scope, each, whole)]
        return "\n".join(lines)

    def _forward(self, scope: _Scope, kind: _Class, whole: bool) -> Iterator[str]:
        names = _variables(scope, self.graph)
        inputs = list(self.graph.inputs) if whole else ["x", *(f"x{i}" for i in range(2, len(scope.reads) + 1))]
        yield f"    def forward({', '.join(['self', *map(_identifier, inputs)])}):"
        outputs = [names[at, ""] for at in self.graph.outputs.values()] if whole else []
        result = ", ".join(outputs or [names[value] for value in scope.writes])
        lines = list(_computations(scope, kind, names))
        said, training = "", False
        for statement, targets, text in lines:
            if statement.training and whole and not training:
                training, said = True, ""
                yield "        if self.training:"
            deep = 12 if training else 8
            if statement.comment and statement.comment != said:
                yield f"{' ' * deep}# {statement.comment}"
            said = statement.comment or said
            last = statement is lines[-1][0] and targets == result
            yield from _wrapped(f"return {text}" if last else f"{targets} = {text}", deep)
        if training:
            heads = [names[value] for value in scope.writes if self.graph.nodes[value[0]].mode == "train"]
            yield f"            return {', '.join([result, *heads])}"
        if not lines or training or lines[-1][1] != result:
            yield f"        return {result}"


# ── Names ───────────────────────────────────────────────────────────────────────────────────────────────


def _identifier(text: str) -> str:
    name = "".join(char if char.isalnum() or char == "_" else "_" for char in text)
    name = name if not name[:1].isdigit() else f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name or "layer"


class _Names:
    """Names of the modules of one scope: those of the spec, without folders that say nothing where that is unique."""

    def __init__(self, scope: _Scope, graph: Graph) -> None:
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
        return _identifier("_".join([*kept, last]))

    def attribute(self, path: str) -> str:
        """Return a name that no other module of the scope has."""
        short = self._short(path)
        name = short if self.short[short] == 1 else _identifier("_".join(self._parts(path)))
        unique, number = name, 2
        while unique in self.taken:
            unique, number = f"{name}_{number}", number + 1
        self.taken.add(unique)
        return unique


def _variables(scope: _Scope, graph: Graph) -> dict[Value, str]:
    """Return the name of every value in `forward`: `x` for the running one, its own for one that is needed later."""
    whole = scope.parent is None
    found: dict[Value, str] = {}
    given = [(at, "") for at, node in enumerate(graph.nodes) if node.layer is None] if whole else list(scope.reads)
    for number, value in enumerate(given):
        inputs = list(graph.inputs)
        found[value] = _identifier(inputs[number]) if whole else "x" if number == 0 else f"x{number + 1}"
    taken = set(found.values())
    last_read: dict[Value, int] = {}
    for number, statement in enumerate(scope.statements):
        for value in statement.reads:
            last_read[value] = number
    for value in scope.writes:
        last_read[value] = len(scope.statements)
    kept_input = any(last_read.get(value, 0) > 0 for value, name in found.items() if name == "x")
    running = "y" if kept_input and "x" in taken else "x"
    taken.add(running)
    for number, statement in enumerate(scope.statements):
        for place, value in enumerate(statement.writes):
            if last_read.get(value, number + 1) <= number + 1 and place == 0 and value[1] == "":
                found[value] = running
                continue
            local = statement.label if len(statement.writes) == 1 else graph.nodes[value[0]].path
            stem = _identifier(local.rpartition(".")[2])
            stem = f"{stem}_{value[1]}" if value[1] else stem
            name, again = stem, 2
            while name in taken:
                name, again = f"{stem}_{again}", again + 1
            taken.add(name)
            found[value] = name
    return found


def _line_of(node: GraphNode) -> str:
    if node.place is None:
        return ""
    return _said(node.place.source.line(node.place.line))


def _said(line: str) -> str:
    """Return a line of a spec as a comment, without its list mark and its own comment."""
    return _comment(line.strip().removeprefix("- ").partition(" #")[0])


def _safe(text: str) -> str:
    """Return a text of a spec that can end neither a comment nor a docstring."""
    return visible(text).replace("\\", "/").replace('"', "'")


def _comment(text: str) -> str:
    said = _safe(text).rstrip(".")
    return said if len(said) <= _WIDTH - 16 else said[: _WIDTH - 17] + "…"


# ── Scopes ──────────────────────────────────────────────────────────────────────────────────────────────


def _folders_of(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in, and the path itself, since a merge may have its folder's."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _all(scope: _Scope) -> Iterator[_Scope]:
    yield scope
    for child in scope.children:
        yield from _all(child)


def _inside(scope: _Scope) -> list[int]:
    return [at for each in _all(scope) for at in each.nodes]


def _nearest(path: str, scopes: Mapping[str, _Scope]) -> _Scope:
    while path:
        path = path.rpartition(".")[0]
        if path in scopes:
            return scopes[path]
    return scopes[""]


def _instance(scope: _Scope) -> Text:
    """Return the text that makes a block: its class, and its own values of the class's parameters."""
    kind = scope.kind
    if kind is None:
        return ()
    parts: list[str | Hole] = [f"{kind.name}("]
    for place, number in enumerate(kind.order):
        name = kind.parameters[number]
        label = f"{name}=" if name.rstrip("_0123456789") in _KEYWORDS else ""
        if label == "" and any(isinstance(part, str) and part.endswith("=") for part in parts):
            label = f"{name}="  # no bare value after a named one
        parts += [*((", ",) if place else ()), *((label,) if label else ()), Hole(scope.constants[number].value, name)]
    return (*parts, ")")


def _belong(one: str, other: str, base: str) -> bool:
    """Tell whether two blocks are parts of one named item, or repeats of one call."""
    (folder, _, name), (other_folder, _, other_name) = one.rpartition("."), other.rpartition(".")
    repeats = re.sub(r"_\d+$", "", name) == re.sub(r"_\d+$", "", other_name)
    return folder == other_folder and (folder != base or repeats)


def _loops(scope: _Scope, names: _Names) -> None:
    """Join blocks that only feed each other into one nn.Sequential, and equal neighbours into a loop."""
    readers: dict[Value, int] = defaultdict(int)
    for statement in scope.statements:
        for value in statement.reads:
            readers[value] += 1
    for value in scope.writes:
        readers[value] += 1
    made = {each.name: each for each in scope.made}
    uses: dict[str, int] = defaultdict(int)
    for statement in scope.statements:
        for name in statement.modules:
            uses[name] += 1
    runs: list[list[_Statement]] = []
    for statement in scope.statements:
        simple = statement.steps is None and len(statement.reads) == 1 and len(statement.writes) == 1
        simple = simple and uses[statement.modules[0]] == 1
        before = runs[-1][-1] if runs else None
        joins = (
            simple
            and before is not None
            and before.steps is None
            and before.writes == statement.reads
            and len(before.reads) == 1
            and readers[before.writes[0]] == 1
            and before.training == statement.training
            and _belong(before.label, statement.label, scope.path)
            and uses[before.modules[0]] == 1
        )
        if joins:
            runs[-1].append(statement)
        else:
            runs.append([statement])
    statements: list[_Statement] = []
    for run in runs:
        if len(run) == 1:
            statements += run
            continue
        parts: list[Text] = []
        texts = [made[each.modules[0]].text for each in run]
        at = 0
        while at < len(texts):
            count = next((i for i, text in enumerate(texts[at:]) if text != texts[at]), len(texts) - at)
            loop: Text = ("*(", *texts[at], " for _ in range(", Hole(count, "repeats"), "))")
            parts.append(loop if count > 1 else texts[at])
            at += count
        text: list[str | Hole] = ["nn.Sequential("]
        for place, part in enumerate(parts):
            text += [*((", ",) if place else ()), *part]
        folder = run[0].label.rpartition(".")[0]
        gone = {each.modules[0] for each in run}
        names.taken -= gone
        label = folder if folder != scope.path else run[0].label
        owner = names.attribute(label)
        joined = _Made(owner, None, (*text, ")"))
        spot = scope.made.index(made[run[0].modules[0]])
        scope.made = [each for each in scope.made if each.name not in gone]
        scope.made.insert(spot, joined)
        first, last = run[0], run[-1]
        statements.append(_Statement(first.reads, last.writes, None, (owner,), first.training, label, first.comment))
    scope.statements = statements


# ── Classes ─────────────────────────────────────────────────────────────────────────────────────────────


def _shape(scope: _Scope) -> Any:
    """Return what scopes of one class have in common before their arguments are looked at."""
    number: dict[Value, int] = {value: at for at, value in enumerate(scope.reads)}
    lines: list[Any] = []
    for statement in scope.statements:
        kinds = tuple((type(step).__name__, getattr(step, "name", "")) for step in statement.steps or ())
        lines.append((kinds, statement.modules, tuple(number[value] for value in statement.reads)))
        for value in statement.writes:
            number[value] = len(number)
    made = tuple((each.name, each.step.name if each.step else skeleton(each.text), each.extra) for each in scope.made)
    whole = scope.path if scope.parent is None else ""
    ends = tuple(number[value] for value in scope.writes)
    return (scope.call.partition("(")[0], whole, tuple(lines), made, ends)


def _write_out(members: Sequence[_Scope]) -> None:
    """Write every module with the arguments that any member gives it, so that a stride of 1 and of 2 look alike."""
    for place, made in enumerate(members[0].made):
        if made.step is None:
            continue
        steps = [scope.made[place].step for scope in members]
        also = list(dict.fromkeys(name for step in steps if step is not None for name in step.kwargs))
        known = [name for name in also if default_of(made.step.name, name) is not None or name == "stride"]
        for scope, step in zip(members, steps, strict=True):
            if step is not None:
                scope.made[place].text = construction(step, known)


def _texts(scope: _Scope) -> list[Text]:
    """Return all lines of a scope: those of __init__, then those of forward."""
    return [*(made.text for made in scope.made), *(_computed(statement, None) for statement in scope.statements)]


def _computed(statement: _Statement, names: Mapping[Value, str] | None) -> Text:
    """Return the right side of a line of forward."""
    values: list[Text] = [(names[value] if names else "v",) for value in statement.reads]
    if statement.steps is not None:
        return unwrapped(expression(statement.steps, values, statement.modules))
    inner = tuple(part for place, text in enumerate(values) for part in ((", ", *text) if place else text))
    return (f"self.{statement.modules[0]}(", *inner, ")")


def _parameters(made: _Class, members: Sequence[_Scope]) -> None:
    """Turn the constants that differ between members into parameters; equal columns are one parameter."""
    rows = [[hole for text in _texts(scope) for hole in holes(text)] for scope in members]
    columns: dict[tuple[str, ...], str] = {}
    taken = {"self", "x", *(each.name for each in members[0].made)}
    for number, hole in enumerate(rows[0]):
        column = tuple(literal(row[number].value) for row in rows)
        if len(set(column)) == 1:
            continue
        if column not in columns:
            stem = _identifier(hole.hint.rstrip("_0123456789") or "size")
            name, again = stem, 2
            while name in taken:
                name, again = f"{stem}_{again}", again + 1
            taken.add(name)
            columns[column] = name
            made.order.append(number)
        made.parameters[number] = columns[column]


def _constructions(scope: _Scope, kind: _Class) -> Iterator[str]:
    """Yield the lines of __init__; what `forward` needs of the parameters is kept."""
    number = 0
    built = sum(len(holes(made.text)) for made in scope.made)
    for name in dict.fromkeys(name for at, name in kind.parameters.items() if at >= built):
        yield f"self.{name} = {name}"
    for made in scope.made:
        yield f"self.{made.name} = {filled(made.text, kind.parameters, number)}"
        yield from made.extra
        number += len(holes(made.text))


def _computations(scope: _Scope, kind: _Class, names: Mapping[Value, str]) -> Iterator[tuple[_Statement, str, str]]:
    """Yield (statement, targets, expression); what only the next line reads moves into it where that is short."""
    number = sum(len(holes(made.text)) for made in scope.made)
    kept = {at: f"self.{name}" for at, name in kind.parameters.items()}
    waiting: tuple[_Statement, str, str] | None = None
    for statement in scope.statements:
        marked = dict(names)
        inlined = False
        if waiting is not None:
            value = waiting[0].writes[0]
            once = statement.reads.count(value) == 1 and value not in scope.writes
            alone = len(waiting[0].writes) == 1 and waiting[0].training == statement.training
            inlined = once and alone and names[value] in ("x", "y") and statement.comment in ("", waiting[0].comment)
            if inlined:
                marked[value] = "\1"
        text = filled(_computed(statement, marked), kept, number)
        number += len(holes(_computed(statement, None)))
        if waiting is not None:
            inner = waiting[2]
            operand = f"({inner})" if " " in re.sub(r"\(.*\)", "", inner) else inner
            if inlined and len(text) + len(operand) <= _SHORT:
                text = text.replace("\1", operand)
                statement = replace(statement, comment=waiting[0].comment)
            else:
                text = text.replace("\1", names[waiting[0].writes[0]])
                yield waiting
        waiting = (statement, ", ".join(names[value] for value in statement.writes), text)
    if waiting is not None:
        yield waiting


def _wrapped(line: str, deep: int) -> list[str]:
    """Return a line of code; the arguments of its outermost call stand on lines of their own where it is too long."""
    parts = re.fullmatch(r"(.*?[^ ])\((.*)(\)[,:]?)", line)
    if deep + len(line) <= _WIDTH or parts is None:
        return [" " * deep + line]
    head, inner, end = parts.groups()
    if not _balances(inner):
        return [" " * deep + line]
    lines = [f"{' ' * deep}{head}("]
    if deep + 4 + len(inner) <= _WIDTH:
        lines.append(" " * (deep + 4) + inner)
    else:
        for item in _items(inner):
            lines += _wrapped(f"{item},", deep + 4)
    return [*lines, " " * deep + end]


def _items(text: str) -> Iterator[str]:
    """Yield the arguments that commas part."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            yield text[start:at].strip()
            start = at + 1
    if text[start:].strip():
        yield text[start:].strip()


def _balances(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def _own_definitions() -> dict[str, str]:
    """Return the text of every definition of our own modules, by name."""
    text = Path(__file__).with_name("modules.py").read_text(encoding="utf-8")
    lines = re.sub(r"  # type: ignore.*", "", text).split("\n")
    wanted = (ast.ClassDef, ast.FunctionDef)
    return {
        each.name: "\n".join(lines[each.lineno - 1 : each.end_lineno])
        for each in ast.parse(text).body
        if isinstance(each, wanted)
    }


def _refused(message: str, node: GraphNode | None = None) -> TargetError:
    place = node.place if node is not None else None
    return TargetError([Problem("E080", f"export: {message}", place, origin=COMMAND_LINE)])
