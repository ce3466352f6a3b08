"""Document + chosen parameters → Graph: blocks called, loops run, shapes inferred, budgets kept.

Data flow: a flow of the syntax tree and the running value go in, the new running value comes out; nodes are
appended in order of execution. A layer is asked for its `output_shape` and for nothing else.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from archcalc.arithmetic import Number, check_at_least, check_divides, settled
from archcalc.errors import Place, Problem, ShapeError, SpecError, TargetError, did_you_mean, fault
from archcalc.expression import is_equal
from archcalc.graph import Graph, GraphNode, ItemExpectation, NetExpectation
from archcalc.layers.base import Layer, Merge, Weighted, show
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.layers.settings import is_number
from archcalc.limits import Limits
from archcalc.quantities import Shape
from archcalc.report import Folder, Mode
from archcalc.spec.arguments import block_arguments, use_arguments
from archcalc.spec.building import Builder, argument_of, build_merge
from archcalc.spec.calls import SPECIALS, Plan
from archcalc.spec.chains import parse_template
from archcalc.spec.document import Block, Document, Expected, Net
from archcalc.spec.expressions import Expr, evaluate_truth
from archcalc.spec.frame import Frame, Here, hashable, spoken, with_call
from archcalc.spec.library import Library
from archcalc.spec.loops import rounds
from archcalc.spec.parameters import Values, evaluate_parameters
from archcalc.spec.scope import Entry, Scope, Value, is_name
from archcalc.spec.syntax import (
    Arg,
    Call,
    Expectation,
    Flow,
    ForFlow,
    IfFlow,
    MergeFlow,
    Meta,
    Named,
    ResidualFlow,
    Run,
    Step,
    Template,
    given_names,
)
from archcalc.spec.target import choose, parse_target

_MERGE_FAULTS: Final = {
    "E071": "the branches have different ranks",
    "E072": "the branches differ outside the joined axis",
    "E073": "the branches have different shapes",
    "E074": "the inner sizes differ",
}


def expand(
    document: Document,
    net: Net,
    values: Values,
    *,
    target: str,
    library: Library,
    beside: Path | None = None,
    expected: Sequence[Expected] = (),
) -> Graph:
    """Return the graph of one network.

    Args:
        document: the spec.
        net: one of its networks.
        values: its parameters and input shapes.
        target: what the user asked for.
        library: where `use` finds other specs.
        beside: the folder of the spec's own file.
        expected: the totals that the spec states for this choice.

    Raises:
        SpecError: the spec cannot be expanded; the problem names the place and the block calls around it.
    """
    try:
        return _Expander(library, beside).graph(document, net, values, target, expected)
    except RecursionError:
        raise SpecError(
            [Problem("E091", "blocks, groups and structures are nested too deeply", document.tree.place)]
        ) from None


class _Rest(NamedTuple):
    """Rounds of a repeat that are one: their number `i`, and how many there are."""

    number: Any
    copies: Any


class _Stop(Exception):  # noqa: N818  (not an error: `use … until=` has reached its item)
    def __init__(self, value: Value) -> None:
        self.value = value


@dataclass(slots=True, eq=False, repr=False)
class _Expander:
    """The state of one expansion: nodes so far and what is left of the budgets."""

    library: Library
    beside: Path | None
    nodes: list[GraphNode] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)
    expectations: list[ItemExpectation] = field(default_factory=list)
    steps: int = 0
    made: int = 0
    merged_steps: Any = 0  # and nodes: of the rounds that another round stands for (`rest`)
    merged_nodes: Any = 0
    mode: Mode = "both"
    builder: Builder = field(default_factory=Builder)
    names: dict[int, frozenset[str]] = field(default_factory=dict)
    weights: dict[str, set[str]] = field(default_factory=dict)
    first_calls: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    shapes: dict[tuple[int, Shape], Shape] = field(default_factory=dict)
    documents: dict[Path, Document] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return self.library.limits

    def given(self, flow: Flow | None) -> frozenset[str]:
        """Return the names that a flow gives; a block's body is asked once, however often it is called."""
        names = self.names.get(id(flow))
        if names is None:
            names = self.names[id(flow)] = given_names(flow)
        return names

    # ── The network ──

    def graph(self, document: Document, net: Net, values: Values, target: str, expected: Sequence[Expected]) -> Graph:
        scope = Scope("", None, self.given(net.layers))
        first: Value | None = None
        for name, shape in values.inputs.items():
            self.nodes.append(GraphNode(name, "input", None, (), (), shape))
            value = Value(len(self.nodes) - 1, name, shape)
            first = first or value
            scope.entries[name] = Entry(value, None, given=True)
            scope.used.add(name)
        assert first is not None
        frame = Frame(document, values.params, scope, first, self.beside, {}, main=True, files=(document.text.name,))
        here = Here(values.params, scope, frame, first)
        last = self.flow(net.layers, first, here)
        outputs = self.outputs(net, last, here)
        self.mode = "train"
        for key, flow in net.aux:
            name = self.name(key.value, key.place)
            inner = Scope(scope.child_path(scope.claim(name)), scope, self.given(flow))
            result = self.flow(flow, last, here.inside(inner))
            self.define(name, Entry(result, inner, given=True), scope, key.place)
        check_at_least(self.limits.steps, self.steps + self.merged_steps, "too many steps")
        check_at_least(self.limits.nodes, self.made + self.merged_nodes, "too many layers and merges")
        return Graph(
            target=target,
            title=net.title or document.title,
            source=net.source or document.source,
            note=net.note or document.note,
            nodes=tuple(self.nodes),
            outputs=outputs,
            folders=self.folders,
            domain=(*values.meanings, *values.space.domain()),
            parameters=values.params,
            item_expectations=tuple(self.expectations),
            net_expectation=self.net_expectation(expected, here, len(outputs)) if expected else None,
        )

    def outputs(self, net: Net, last: Value, here: Here) -> dict[str, int]:
        if net.outputs is None:
            return {"out": last.node}
        found: dict[str, int] = {}
        for name in net.outputs:
            template = parse_template(name.value, name.at, self.limits)
            found[name.value] = here.tensor(template).value.node
        return found

    def net_expectation(self, expected: Sequence[Expected], here: Here, count: int) -> NetExpectation:
        outputs = [pair for held in expected for pair in held.outputs]
        for name, expr in outputs:
            if name is None and count > 1:
                raise fault("P001", f"there are {count} outputs: write 'outputs: {{name: shape}}'", expr.place)
        shapes = tuple((name, self.expected_shape(expr, here), expr.place) for name, expr in outputs)
        return NetExpectation(tuple(figure for held in expected for figure in held.figures), shapes)

    # ── Flows ──

    def flow(self, flow: Flow, value: Value, here: Here) -> Value:
        if isinstance(flow, Step):
            return self.step(flow, value, here, None)
        if isinstance(flow, Run):
            for item in flow.items:
                value = self.flow(item, value, here)
            return value
        if isinstance(flow, Named):
            return self.named(flow, value, here)
        if isinstance(flow, ForFlow):
            for inner in self.rounds(flow, here, value):
                value = self.flow(flow.body, value, inner)
            return value
        if isinstance(flow, IfFlow):
            here.running = value
            chosen = flow.then if evaluate_truth(flow.condition, here.env()) else flow.other
            return self.flow(chosen, value, here) if chosen is not None else value
        if isinstance(flow, MergeFlow):
            return self.merge_flow(flow, value, here, None)
        return self.residual(flow, value, here, None)

    def count(self, place: Place, steps: int = 1) -> None:
        self.steps += steps
        if self.steps > self.limits.steps:
            raise fault("E092", f"more than {self.limits.steps:,} steps", place)

    def rounds(self, flow: ForFlow, here: Here, value: Value) -> Iterable[Here]:
        here.running = value
        rows = rounds(flow, here, self.limits)
        for i, row in enumerate(rows):
            self.count(flow.place)
            variables = dict(zip(flow.variables, row, strict=True))
            variables.setdefault("i", i)
            yield here.having(variables)

    # ── Names ──

    def named(self, item: Named, value: Value, here: Here) -> Value:
        here.running = value
        start, expected = len(self.nodes), item.meta.expect
        folder: Scope | None = None
        if item.name is None:
            result = self.flow(item.flow, value, here)
        else:
            name = self.name(item.name.fill(here.env()), item.name.place)
            result, folder = self.under(name, item, value, here)
            self.define(name, Entry(result, folder, given=True), here.scope, item.name.place)
        if item.meta.note or item.meta.source or item.meta.device:
            self.annotate(item.meta, start, folder)
        if expected is not None and here.frame.main:
            path = here.scope.child_path(item.name.fill(here.env())) if item.name else "this item"
            here.running = result
            self.expectations.append(self.item_expectation(path, expected, result, here, start))
        if item.name is not None and here.frame.until == name and here.scope is here.frame.root:
            raise _Stop(result)
        return result

    def under(self, name: str, item: Named, value: Value, here: Here) -> tuple[Value, Scope | None]:
        """Run the flow of a named item; return its value and the folder that its names lie in."""
        flow = item.flow
        if isinstance(flow, Step) and isinstance(flow.body, Call):
            before = here.scope.entries.get(name)
            result = self.step(flow, value, here, name)
            made = here.scope.entries.get(name)
            return result, made.scope if made is not None and made is not before else None
        folder = self.folder(here.scope, name, "residual" if isinstance(flow, ResidualFlow) else "", flow=flow)
        if isinstance(flow, MergeFlow):
            return self.merge_flow(flow, value, here, folder), folder
        if isinstance(flow, ResidualFlow):
            return self.residual(flow, value, here, folder), folder
        return self.flow(flow, value, here.inside(folder)), folder

    def folder(self, scope: Scope, name: str | None, call: str, word: str = "", flow: Flow | None = None) -> Scope:
        """Return a new open folder: named by the spec, or automatically after a word."""
        part = scope.claim(name) if name is not None else scope.automatic(word)
        path = scope.child_path(part)
        self.folders[path] = Folder(path, call)
        return Scope(path, scope, self.given(flow))

    def name(self, text: str, place: Place) -> str:
        if not is_name(text, self.limits.name):
            shown = text if len(text) <= 80 else text[:77] + "…"
            message = f"'{shown}' is not a name: 1 to {self.limits.name} letters, digits and _"
            raise fault("E054", message, place)
        return text

    def define(self, name: str, entry: Entry, scope: Scope, place: Place) -> None:
        before = scope.entries.get(name)
        if before is not None and before.given:
            raise fault("E053", f"'{name}' is already the name of an earlier layer", place)
        scope.entries[name] = entry

    def annotate(self, meta: Meta, start: int, folder: Scope | None) -> None:
        """Attach a note to the first node of an item and to its folder; a device to all its nodes."""
        if folder is not None and folder.path in self.folders:
            held = self.folders[folder.path]
            self.folders[folder.path] = replace(held, note=meta.note or held.note)
        for at in range(start, len(self.nodes)):
            node = self.nodes[at]
            note = meta.note if at == start and node.note is None else node.note
            source = meta.source if at == start and node.source is None else node.source
            self.nodes[at] = node._replace(note=note, source=source, device=node.device or meta.device)

    def item_expectation(
        self, path: str, expected: Expectation, result: Value, here: Here, start: int
    ) -> ItemExpectation:
        shape = self.expected_shape(expected.shape, here) if expected.shape is not None else None
        end = len(self.nodes)
        names = frozenset(re.findall(r"[A-Za-z_]\w*", expected.shape.text)) if expected.shape else frozenset()
        figures = (expected.params, expected.macs)
        return ItemExpectation(path, expected.place, shape, result.shape, *figures, start, end, names)

    def expected_shape(self, expr: Expr, here: Here) -> Shape:
        value = expr(here.env())
        if isinstance(value, int) and not isinstance(value, bool):
            return (value,)
        if isinstance(value, (tuple, list)) and all(is_number(size) for size in value):
            return tuple(value)
        raise fault("E042", f"'{expr.text}' is not a shape; 256x6x6 or [classes, H, W] would be", expr.place)

    # ── Steps and calls ──

    def step(self, step: Step, value: Value, here: Here, name: str | None) -> Value:
        """Run a step; `name` is that of the item it is the whole of."""
        here.running = value
        if step.condition is not None and not evaluate_truth(step.condition, here.env()):
            self.count(step.place)
        elif step.repeat is None:
            value = self.body(step, value, here, name)
        else:
            times, rest = self.repeats(step.repeat, here)
            for i in range(times):
                inner = here.having({"i": i})
                value = self.body(step, value, inner, None if name is None else f"{name}_{i}")
                if name is not None:
                    made = here.scope.entries.get(f"{name}_{i}")
                    here.scope.entries[f"{name}_{i}"] = Entry(value, made.scope if made else None, given=True)
                    here.scope.entries[name] = Entry(value, made.scope if made else None, given=False)
            if rest is not None:
                value = self.rest(step, value, here, None if name is None else f"{name}_{times}", rest)
        if step.alias is not None:
            alias = self.name(step.alias.fill(here.env()), step.alias.place)
            self.define(alias, Entry(value, None, given=True), here.scope, step.alias.place)
        return value

    def repeats(self, expr: Expr, here: Here) -> tuple[int, "_Rest | None"]:
        """Return how often a step runs; on swept numbers, how often everywhere, and what the rest of the rounds is."""
        times, rest = expr(here.env()), None
        grid: Any = getattr(times, "arithmetic", None)
        if hasattr(grid, "rounds"):
            grid.check_at_least(self.limits.repeats, times, "")
            times, number, copies = grid.rounds(times)
            rest = _Rest(number, copies) if type(copies) is not int else None
        if not isinstance(times, int) or isinstance(times, bool) or times < 0:
            raise fault("E055", f"a repeat of {spoken(times)}; a whole number of at least 0 is needed", expr.place)
        if times > self.limits.repeats:
            raise fault("E065", f"{times} repeats, at most {self.limits.repeats}", expr.place)
        return times, rest

    def rest(self, step: Step, value: Value, here: Here, name: str | None, rest: "_Rest") -> Value:
        """Run one round that stands for several: it must leave the shape as it is, or the sizes are swept apart."""
        start, steps, nodes = len(self.nodes), self.steps + self.merged_steps, self.made + self.merged_nodes
        result = self.body(step, value, here.having({"i": rest.number}), name)
        if result.shape != value.shape or result.runs != value.runs:
            settled(rest.copies)
        for at in range(start, len(self.nodes)):
            node = self.nodes[at]
            self.nodes[at] = node._replace(copies=node.copies * rest.copies)
        self.merged_steps += (self.steps + self.merged_steps - steps) * (rest.copies - 1)
        self.merged_nodes += (self.made + self.merged_nodes - nodes) * (rest.copies - 1)
        return result

    def body(self, step: Step, value: Value, here: Here, name: str | None) -> Value:
        self.count(step.place)
        if not isinstance(step.body, Call):
            return self.flow(step.body, value, here)
        here.running = value
        call = step.body
        op = self.operation(call, here)
        block = here.frame.document.blocks.get(op)
        if block is not None:
            return self.block(block, call, value, here, name)
        if op in LAYERS:
            return self.layer(op, call, value, here, name)
        if op in MERGES:
            return self.merge_step(op, call, value, here, name)
        return self.special(op, call, value, here, name)

    def operation(self, call: Call, here: Here) -> str:
        if not call.dynamic:
            return ALIASES.get(call.op, call.op) if call.op not in here.frame.document.blocks else call.op
        value = here.values.get(call.op)
        known = [*LAYERS, *MERGES, *ALIASES, *here.frame.document.blocks, "id"]
        if call.op not in here.values:
            names = list(here.values)
            raise fault("E056", f"${call.op}: no parameter '{call.op}'{did_you_mean(call.op, names)}", call.place)
        if not isinstance(value, str) or value not in known:
            hint = did_you_mean(value, known) if isinstance(value, str) else ""
            shown = spoken(value)
            raise fault("E056", f"${call.op}: {shown} is not the name of a layer or block{hint}", call.place)
        return ALIASES.get(value, value) if value not in here.frame.document.blocks else value

    def special(self, op: str, call: Call, value: Value, here: Here, name: str | None) -> Value:
        if op == "use":
            return self.use(call, value, here, name)
        if op not in SPECIALS:
            known = [*LAYERS, *MERGES, *SPECIALS, *here.frame.document.blocks]
            raise fault("E058", f"unknown layer or block '{op}'{did_you_mean(op, known)}", call.place)
        takes = 1 if op in ("from", "times") else 0
        if len(call.args) > takes:
            raise fault("E082", f"{op} takes {takes or 'no'} value", call.args[takes].place)
        if len(call.args) < takes:
            what = "the name of a layer" if op == "from" else "a number"
            raise fault("E059", f"{op} needs {what}", call.place)
        if op == "from":
            return here.one_tensor(call.args[0]).value
        if op == "times":
            arg = call.args[0]
            times = arg.value(here.env())
            needs = f"times {spoken(times)}: a whole number of at least 1 is needed"
            if not is_number(times):
                raise fault("E080", needs, arg.place)
            try:
                check_divides(1, times, needs)
                check_at_least(times, 1, needs)
            except ShapeError as error:
                raise fault("E080", error.message, arg.place) from None
            return value._replace(runs=value.runs * times)
        return value if op == "id" else value._replace(runs=1)

    # ── Layers and merges ──

    def layer(self, op: str, call: Call, value: Value, here: Here, name: str | None) -> Value:
        plan = self.builder.plan(op, call)
        layer = self.builder.layer(plan, call, here)
        key = (id(layer), value.shape)
        output = self.shapes.get(key)
        if output is None:
            self.count(call.place, sum(len(held) // 64 for held in layer.lists()))
            output = self.shapes[key] = self.output(layer, value.shape, plan, call, name or op, here)
        runs = value.runs
        factor = layer.run_factor()
        if type(factor) is not int or factor != 1:
            runs = runs * factor
        inputs: tuple[int, ...] = (value.node,)
        shapes: tuple[Shape, ...] = (value.shape,)
        for setting in layer.data_inputs:
            given = getattr(layer, setting) is not None
            entries = here.tensors(plan.places[setting]) if given and setting in plan.places else []
            inputs += tuple(entry.value.node for entry in entries)
            shapes += tuple(entry.value.shape for entry in entries)
        if op == "unpool" and "indices" in plan.places:
            self.check_indices(plan.places["indices"], here)
        part = here.scope.claim(name) if name is not None else here.scope.automatic(op)
        key_ = self.weight_key(layer, here, part, plan)
        return self.add(part, op, layer, inputs, shapes, output, runs, here, call.place, key_)

    def check_indices(self, arg: Arg, here: Here) -> None:
        """Raise E080 unless an argument names a max-pool, which alone keeps the positions of what it took."""
        for entry in here.tensors(arg) if arg.text not in ("none", "null") else ():
            node = self.nodes[entry.value.node]
            if node.op != "maxpool":
                raise fault("E080", f"unpool: '{arg.text}' is {node.op}; only a maxpool has indices", arg.place)

    def output(self, layer: Layer, shape: Shape, plan: Plan, call: Call, label: str, here: Here) -> Shape:
        try:
            result = layer.output_shape(shape)
        except ShapeError as error:
            arg = argument_of(plan, error.setting, here) if error.setting else None
            place = arg.place if arg else call.place
            own = error.message.startswith((f"{label}:", f"{label} "))
            message = error.message if own else f"{label}: {error.message}"
            raise fault(error.code, message, place) from None
        self.check_dimensions(result, label, call.place)
        return result

    def check_dimensions(self, shape: Shape, label: str, place: Place) -> None:
        if len(shape) > self.limits.rank:
            raise fault("E080", f"{label}: an output of {len(shape)} axes, at most {self.limits.rank}", place)
        for size in shape:
            if type(size) is int and size > self.limits.dimension:
                message = f"{label}: the output {show(shape)} has a dimension above {self.limits.dimension:,}"
                raise fault("E080", message, place)

    def weight_key(self, layer: Any, here: Here, part: str, plan: Plan) -> str | None:
        if getattr(layer, "tie", None) is not None:
            owner = here.one_tensor(plan.places["tie"]).value.node
            node = self.nodes[owner]
            if node.op != plan.op:
                message = f"tie: '{node.path}' is {node.op}, not {plan.op}"
                raise fault("E080", message, plan.places["tie"].place)
            key = node.weight_key or f"={node.path}"
            self.nodes[owner] = node._replace(weight_key=key)
            return key
        shared = here.frame.shared
        if shared is None:
            return None
        key = f"{shared[0]}/{here.scope.child_path(part)[len(shared[1]) :]}"
        if isinstance(layer, Weighted):
            self.weights.setdefault(shared[0], set()).add(key)
        return key

    def check_shared(self, key: str, path: str, place: Place) -> None:
        """Raise E080 unless a call of a shared block has the layers with weights that its first call had (11.2)."""
        made = self.weights.pop(key)
        first, known = self.first_calls.setdefault(key, (path, made))
        if made != known:
            counts = f"{first} has {len(known)} layers with weights, {path} has {len(made)}"
            raise fault("E080", f"shared weights differ: {counts}", place)

    def merge_step(self, op: str, call: Call, value: Value, here: Here, name: str | None) -> Value:
        plan = self.builder.plan(op, call)
        values = [value]
        settings: dict[str, Any] = {}
        for setting, arg, tensor, _ in plan.arguments:
            if tensor:
                values += [entry.value for entry in here.tensors(arg)]
            elif setting is not None:
                settings[setting] = hashable(arg.value(here.env()))
        if len(values) == 1:
            raise fault("E057", f"{op} needs another layer to join, as '{op} c4'", call.place)
        path = here.scope.claim(name) if name is not None else here.scope.automatic(op)
        merge = build_merge(op, settings, plan.places, call.place)
        return self.join(op, merge, values, here, path, call.place)

    def merge_flow(self, flow: MergeFlow, value: Value, here: Here, folder: Scope | None) -> Value:
        if folder is None:
            folder = self.folder(here.scope, None, flow.op, word=flow.op)
            named: str | None = folder.path.rpartition(".")[2]
        else:
            named = None
            self.folders[folder.path] = replace(
                self.folders[folder.path], call=self.folders[folder.path].call or flow.op
            )
        start = len(self.nodes)
        inner = here.inside(folder)
        values = self.branches(flow.branches, value, inner, [0])
        if not values:
            raise fault("E070", f"{flow.op} of no branches", flow.place)
        if len(values) == 1 and flow.op in ("concat", "add"):
            result = values[0]
        else:
            settings: dict[str, Any] = {}
            places: dict[str, Arg] = {}
            if flow.axis is not None:
                settings["axis"], places["axis"] = hashable(flow.axis.value(here.env())), flow.axis
            merge = build_merge(flow.op, settings, places, flow.place)
            result = self.join(flow.op, merge, values, here, folder.path, flow.place, whole_path=True)
        if named is not None:
            here.scope.entries[named] = Entry(result, folder, given=False)
        if flow.meta.note or flow.meta.source or flow.meta.device:
            self.annotate(flow.meta, start, folder)
        return self.checked(flow.meta, folder.path, result, here, start)

    def checked(self, meta: Meta, path: str, result: Value, here: Here, start: int) -> Value:
        if meta.expect is not None and here.frame.main:
            here.running = result
            self.expectations.append(self.item_expectation(path, meta.expect, result, here, start))
        return result

    def branches(
        self, flows: Iterable[tuple[Template | None, Flow]], value: Value, here: Here, count: list[int]
    ) -> list[Value]:
        """Run branches, each from the same value; `count` numbers the unnamed ones."""
        values: list[Value] = []
        for template, flow in flows:
            here.running = value
            if template is None and isinstance(flow, ForFlow):
                for inner in self.rounds(flow, here, value):
                    values += self.branches(_as_branches(flow.body), value, inner, count)
                continue
            if template is None and isinstance(flow, IfFlow):
                chosen = flow.then if evaluate_truth(flow.condition, here.env()) else flow.other
                values += self.branches(_as_branches(chosen), value, here, count) if chosen is not None else []
                continue
            if self.skipped(flow.flow if isinstance(flow, Named) else flow, here):
                continue
            count[0] += 1
            if template is not None:
                flow = Named(template, flow, Meta(), template.place)
            if isinstance(flow, Named) and flow.name is not None:
                values.append(self.named(flow, value, here))
                continue
            part = f"b_{count[0]}"
            branch = Scope(here.scope.child_path(here.scope.claim(part)), here.scope, self.given(flow))
            result = self.flow(flow, value, here.inside(branch))
            here.scope.entries.setdefault(part, Entry(result, branch, given=False))
            values.append(result)
        return values

    def skipped(self, flow: Flow, here: Here) -> bool:
        """Tell whether a branch is a false `if` without `else`: it adds no branch (section 10.1)."""
        return isinstance(flow, IfFlow) and flow.other is None and not evaluate_truth(flow.condition, here.env())

    def join(
        self,
        op: str,
        merge: Merge,
        values: list[Value],
        here: Here,
        path: str,
        place: Place,
        *,
        whole_path: bool = False,
    ) -> Value:
        self.count(place, len(values))
        shapes = tuple(value.shape for value in values)
        full = path if whole_path else here.scope.child_path(path)
        try:
            output = merge.output_shape(shapes)
        except ShapeError as error:
            said = _MERGE_FAULTS.get(error.code)
            if said is None or error.message.startswith("cannot"):
                message = f"{op}: {error.message}"
            else:
                listed = ", ".join(f"{value.path} {show(value.shape)}" for value in values)
                message = f"{op}: {said}: {listed}"
            raise fault(error.code, message, place) from None
        runs = values[0].runs
        for value in values[1:]:
            if is_equal(value.runs, runs) is not True:
                message = f"{op}: the branches run {runs} and {value.runs} times; use 'times' or 'once'"
                raise fault("E073", message, place)
        self.check_dimensions(output, op, place)
        inputs = tuple(value.node for value in values)
        return self.add(full, op, merge, inputs, shapes, output, runs, here, place, None, whole_path=True)

    def add(
        self,
        part: str,
        op: str,
        layer: Layer | Merge,
        inputs: tuple[int, ...],
        shapes: tuple[Shape, ...],
        output: Shape,
        runs: Number,
        here: Here,
        place: Place,
        weight_key: str | None,
        *,
        whole_path: bool = False,
    ) -> Value:
        self.made += 1
        if self.made > self.limits.nodes:
            raise fault("E090", f"more than {self.limits.nodes:,} layers and merges", place)
        scope = here.scope
        path = part if whole_path else scope.child_path(part)
        node = GraphNode(path, op, layer, inputs, shapes, output, runs, self.mode, weight_key, place, here.frame.calls)
        self.nodes.append(node)
        value = Value(len(self.nodes) - 1, path, output, runs)
        if not whole_path and part not in scope.entries:
            scope.entries[part] = Entry(value, None, given=False)
        return value

    # ── Residuals ──

    def residual(self, flow: ResidualFlow, value: Value, here: Here, folder: Scope | None) -> Value:
        named = None
        if folder is None:
            folder = self.folder(here.scope, None, "residual", word="res")
            named = folder.path.rpartition(".")[2]
        start = len(self.nodes)
        inner = here.inside(folder)
        main = self.branch("main", flow.main, value, inner)
        same = self.same_shape(main, value, flow.place)
        if same:
            other: Value | None = value
        elif flow.shortcut is not None:
            other = self.branch("shortcut", flow.shortcut, value, inner)
        elif flow.none:
            other = None
        else:
            both = f"input {show(value.shape)} and output {show(main.shape)}"
            raise fault("E060", f"residual: {both} differ and there is no 'shortcut'", flow.place)
        if other is None:
            result = main
        else:
            if not same and not self.same_shape(main, other, flow.place):
                message = f"residual: main {show(main.shape)} and shortcut {show(other.shape)} differ"
                raise fault("E060", message, flow.place)
            merge = build_merge("add", {}, {}, flow.place)
            result = self.join("add", merge, [main, other], here, folder.path, flow.place, whole_path=True)
        if named is not None:
            here.scope.entries[named] = Entry(result, folder, given=False)
        if flow.meta.note or flow.meta.source or flow.meta.device:
            self.annotate(flow.meta, start, folder)
        return self.checked(flow.meta, folder.path, result, here, start)

    def branch(self, name: str, flow: Flow, value: Value, here: Here) -> Value:
        scope = Scope(here.scope.child_path(here.scope.claim(name)), here.scope, self.given(flow))
        result = self.flow(flow, value, here.inside(scope))
        here.scope.entries[name] = Entry(result, scope, given=False)
        return result

    def same_shape(self, a: Value, b: Value, place: Place) -> bool:
        if len(a.shape) != len(b.shape):
            return False
        grid: Any = next((size.arithmetic for size in (*a.shape, *b.shape) if hasattr(size, "arithmetic")), None)
        if hasattr(grid, "all_equal"):
            return bool(grid.all_equal(a.shape, b.shape))
        if a.shape == b.shape:
            return True
        pairs = list(zip(a.shape, b.shape, strict=True))
        answers = [is_equal(x, y) for x, y in pairs]
        if False in answers:
            return False
        undecided = [pair for pair, answer in zip(pairs, answers, strict=True) if answer is None]
        if undecided and not any(grid.grow_apart(x, y) for x, y in undecided):
            both = f"{show(a.shape)} and {show(b.shape)}"
            message = f"residual: cannot prove that {both} are equal; add require or a number"
            raise fault("E060", message, place)
        return not undecided

    # ── Blocks and use ──

    def block(self, block: Block, call: Call, value: Value, here: Here, name: str | None) -> Value:
        frame = here.frame
        if frame.depth >= self.limits.calls:
            raise fault("E091", f"blocks call each other more than {self.limits.calls} deep", call.place)
        values, tensors = block_arguments(block, call, value, here)
        shown = ", ".join(f"{parameter}={spoken(values[parameter])}" for parameter, _ in block.parameters)
        label = f"{block.name}({shown})" if block.parameters else block.name
        folder = self.folder(here.scope, name, label, word=block.name)
        closed = Scope(folder.path, None, self.given(block.body))
        shared = frame.shared
        if block.shared:
            shared = (f"{frame.home}:{block.name}", folder.path)
            self.weights[shared[0]] = set()
        inner_frame = Frame(
            frame.document, frame.params, closed, value, frame.beside, frame.defaults,
            shared=shared, depth=frame.depth + 1, call=(f"in block {label} called", call.place), outer=frame,
            files=frame.files, main=frame.main, home=frame.home,
        )  # fmt: skip
        for tensor, entry in zip(block.tensors, (Entry(value, None, given=True), *tensors), strict=False):
            closed.entries[tensor] = Entry(entry.value, entry.scope, given=True)
            closed.used.add(tensor)
        inner = Here({**frame.params, **values}, closed, inner_frame, value)
        try:
            if isinstance(block.body, MergeFlow):
                result = self.merge_flow(block.body, value, inner, closed)
            elif isinstance(block.body, ResidualFlow):
                result = self.residual(block.body, value, inner, closed)
            else:
                result = self.flow(block.body, value, inner)
        except SpecError as error:
            raise with_call(error, inner_frame.calls[0]) from None
        if block.shared and shared is not None:
            self.check_shared(shared[0], folder.path, call.place)
        part = folder.path.rpartition(".")[2]
        key = name if name is not None else part
        held = here.scope.entries.get(key)
        if held is None or not held.given:
            here.scope.entries[key] = Entry(result, closed, given=False)
        return result

    def use(self, call: Call, value: Value, here: Here, name: str | None) -> Value:
        frame = here.frame
        spec, until, net_name, wishes = use_arguments(call, here, self.limits)
        if frame.depth >= self.limits.calls:
            raise fault("E091", f"blocks and uses are more than {self.limits.calls} deep", call.place)
        try:
            target = parse_target(spec.fill(here.env()))
        except TargetError:
            raise fault("E085", f"'{spec.text}' is not the name of a spec", spec.place) from None
        path = self.library.find(target.name, frame.beside) if target.name else None
        if path is None:
            hint = did_you_mean(target.name or spec.text, self.library.names())
            raise fault("E085", f"no spec '{target.name or spec.text}'{hint}", spec.place)
        key = str(path.resolve())
        if key in frame.files:
            raise fault("E091", f"'{target.name}' uses itself", spec.place)
        document = self.documents.get(path)
        if document is None:
            document = self.documents[path] = self.library.load(path)
        try:
            choice = choose(document, net_name or target.net, target.options)
            values = evaluate_parameters(document, choice.net, choice.options, wishes, self.limits, called=True)
        except TargetError as error:
            raise SpecError([problem._replace(place=call.place) for problem in error.problems]) from None
        folder = self.folder(here.scope, name, spec.text, word=target.name or "use")
        closed = Scope(folder.path, None, self.given(choice.net.layers))
        home = folder.path if frame.shared is None else f"{frame.shared[0]}/{folder.path[len(frame.shared[1]) :]}"
        first = choice.net.inputs[0]
        closed.entries[first.name] = Entry(value, None, given=True)
        inner_frame = Frame(
            document, values.params, closed, value, path.parent, {},
            shared=frame.shared, depth=frame.depth + 1, call=(f"in {target.text} used", call.place), outer=frame,
            files=(*frame.files, key), until=until, home=home,
        )  # fmt: skip
        inner = Here(values.params, closed, inner_frame, value)
        try:
            result = self.flow(choice.net.layers, value, inner)
        except _Stop as stop:
            result = stop.value
        except SpecError as error:
            raise with_call(error, inner_frame.calls[0]) from None
        else:
            if until is not None:
                hint = did_you_mean(until, closed.names())
                raise fault("E086", f"{target.text} has no item '{until}'{hint}", call.place)
        part = name if name is not None else folder.path.rpartition(".")[2]
        here.scope.entries[part] = Entry(result, closed, given=False)
        return result


def _as_branches(flow: Flow) -> tuple[tuple[Template | None, Flow], ...]:
    """A loop body that is a list of named items makes each a branch; any other body is one branch."""
    if isinstance(flow, Run) and flow.items and all(isinstance(item, Named) for item in flow.items):
        return tuple((None, item) for item in flow.items)
    return ((None, flow),)
