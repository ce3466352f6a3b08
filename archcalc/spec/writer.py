"""Tree → canonical YAML or JSON, chains → long form, graph → flat list: the way back (section 15)."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias
from unicodedata import category

from archcalc.graph import Graph
from archcalc.layers import layer_class
from archcalc.layers.base import show
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.limits import Limits
from archcalc.spec import reader
from archcalc.spec.calls import flag_of
from archcalc.spec.chains import Text, parse_chain
from archcalc.spec.document import Document
from archcalc.spec.expressions import Expr
from archcalc.spec.flow import META
from archcalc.spec.syntax import Arg, Call, Flow, Run, Step
from archcalc.spec.words import is_whole

# what a spec is made of: text, lists, mappings, and None for "not given"
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"


def plain(tree: reader.Tree) -> Plain:
    """Return a tree without its places."""
    if isinstance(tree, reader.Scalar):
        return None if reader.is_null(tree) else tree.value
    if isinstance(tree, reader.Sequence):
        return [plain(item) for item in tree.items]
    return {key.value: plain(value) for key, value in tree.pairs}


def to_json(document: Plain) -> str:
    """Return the JSON twin: whole numbers as numbers, everything else as text."""
    text = json.dumps(_numbers(document), ensure_ascii=False, indent=2)
    # characters that steer the terminal are escaped; others stand for themselves
    return "".join(f"\\u{ord(char):04x}" if category(char) == "Cf" and ord(char) < 0x10000 else char for char in text)


def to_yaml(document: Plain) -> str:
    """Return canonical YAML: block style, with mappings and lists of scalars on one line."""
    import yaml

    class Dumper(yaml.SafeDumper):
        # scalars are text in a spec, so nothing needs quotes for looking like a number or a truth value
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, indentless=False)

    def node(value: Plain, depth: int) -> yaml.Node:
        if value is None or isinstance(value, str):
            style = '"' if value in ("null", "~") else None
            return yaml.ScalarNode("tag:yaml.org,2002:str", "null" if value is None else value, style=style)
        if isinstance(value, list):
            leaf = depth > 0 and all(item is None or isinstance(item, str) for item in value)
            return yaml.SequenceNode(
                "tag:yaml.org,2002:seq", [node(item, depth + 1) for item in value], flow_style=leaf
            )
        leaf = depth > 1 and all(item is None or isinstance(item, str) for item in value.values())
        pairs = [(node(key, depth), node(item, depth + 1)) for key, item in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=leaf)

    text: str = yaml.serialize(node(document, 0), Dumper=Dumper, allow_unicode=True, width=110)
    return text


def long_form(document: Document, limits: Limits) -> Plain:
    """Return a spec with every chain written as mappings; what cannot be (`$name` with positional values) stays."""
    return _LongForm(document, limits).document()


def flat(graph: Graph) -> str:
    """Return the expanded network, one line a node: path, layer with settings, inputs, output."""
    lines = []
    for node in graph.nodes:
        settings = node.layer.settings() if node.layer is not None else {}
        said = " ".join([node.op, *(f"{name}={_setting(value)}" for name, value in settings.items())])
        inputs = ", ".join(graph.nodes[at].path for at in node.inputs)
        lines.append((node.path, said, inputs and f"<- {inputs}", show(node.output)))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    rows = (
        "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[3]]) for line in lines
    )
    return "\n".join(row.rstrip() for row in rows)


def _numbers(value: Plain) -> Any:
    if isinstance(value, str):
        return int(value) if len(value) < 16 and is_whole(value.removeprefix("-")) else value
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return value


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "x".join(_setting(item) for item in value)
    if isinstance(value, Fraction):
        return str(float(value))
    return str(getattr(value, "path", value))


class _LongForm:
    """Rewrites the flows of one document."""

    def __init__(self, document: Document, limits: Limits) -> None:
        self.spec = document
        self.limits = limits
        options = (values for axis in document.variants.values() for values in axis.values())
        self.names = {*document.params, *document.variants, *(name for values in options for name in values)}

    def document(self) -> Plain:
        tree = self.spec.tree
        rewrite: Mapping[str, Callable[[reader.Tree], Plain]] = {
            "layers": self.flow,
            "aux": self.named_flows,
            "blocks": self.blocks,
            "shared": self.blocks,
            "nets": self.nets,
        }
        return {key.value: rewrite.get(key.value, plain)(value) for key, value in tree.pairs}

    def named_flows(self, tree: reader.Tree) -> Plain:
        if not isinstance(tree, reader.Mapping):
            return plain(tree)
        return {key.value: self.flow(value) for key, value in tree.pairs}

    def blocks(self, tree: reader.Tree) -> Plain:
        if not isinstance(tree, reader.Mapping):
            return plain(tree)
        found: dict[str, Plain] = {}
        outside = self.names
        for key, value in tree.pairs:
            block = next((block for block in self.spec.blocks.values() if block.signature == key.value), None)
            self.names = {*outside, *(name for name, _ in (block.parameters if block else ()))}
            found[key.value] = self.flow(value)
        self.names = outside
        return found

    def nets(self, tree: reader.Tree) -> Plain:
        if not isinstance(tree, reader.Mapping):
            return plain(tree)
        return {key.value: self.net(value) for key, value in tree.pairs}

    def net(self, tree: reader.Tree) -> Plain:
        if not isinstance(tree, reader.Mapping):
            return plain(tree)
        rewrite: Mapping[str, Callable[[reader.Tree], Plain]] = {"layers": self.flow, "aux": self.named_flows}
        return {key.value: rewrite.get(key.value, plain)(value) for key, value in tree.pairs}

    # ── Flows ──

    def flow(self, tree: reader.Tree) -> Plain:
        if isinstance(tree, reader.Scalar):
            return self.chain(tree)
        if isinstance(tree, reader.Sequence):
            return [self.flow(item) for item in tree.items]
        if tree.get("op") is not None:
            return plain(tree)
        merge = next(
            (word for word in MERGES if tree.get(word) is not None and not isinstance(tree.get(word), reader.Scalar)),
            None,
        )
        if merge is not None:
            return {
                key.value: self.branches(value) if key.value == merge else plain(value) for key, value in tree.pairs
            }
        flows = {
            "residual": ("residual", "shortcut"),
            "seq": ("seq",),
            "for": ("do",),
            "if": ("then", "else"),
        }
        for word, keys in flows.items():
            if tree.get(word) is not None:
                outside = self.names
                self.names = outside | _variables(tree)
                found = {
                    key.value: self.part(value) if key.value in keys else plain(value) for key, value in tree.pairs
                }
                self.names = outside
                return found
        return self.named(tree)

    def part(self, tree: reader.Tree) -> Plain:
        word = isinstance(tree, reader.Scalar) and tree.value in ("none", "null", "~", "")
        return plain(tree) if word else self.flow(tree)

    def branches(self, tree: reader.Tree) -> Plain:
        if isinstance(tree, reader.Sequence):
            return [self.flow(item) for item in tree.items]
        if isinstance(tree, reader.Mapping) and tree.get("for") is None and tree.get("if") is None:
            return {key.value: self.flow(value) for key, value in tree.pairs}
        return self.flow(tree)

    def named(self, tree: reader.Mapping) -> Plain:
        found: dict[str, Plain] = {}
        for key, value in tree.pairs:
            if key.value in META:
                found[key.value] = plain(value)
                continue
            flow = self.flow(value)
            if isinstance(flow, dict) and "op" in flow and "name" not in flow and not set(flow) & set(META):
                found.update({"op": flow["op"], "name": key.value, **flow})
            else:
                found[key.value] = flow
        return found

    def chain(self, scalar: reader.Scalar) -> Plain:
        return self.steps(parse_chain(Text(scalar.value, scalar.at, scalar.in_flow, self.limits)))

    def steps(self, flow: Flow | Call) -> Plain:
        if isinstance(flow, Run):
            return [self.steps(item) for item in flow.items]
        assert isinstance(flow, Step)
        extra: dict[str, Plain] = {}
        if flow.repeat is not None:
            extra["repeat"] = flow.repeat.text
        if flow.condition is not None:
            extra["if"] = flow.condition.text
        if flow.alias is not None:
            extra["as"] = flow.alias.text
        if not isinstance(flow.body, Call):
            return {"seq": self.steps(flow.body), **extra}
        arguments = self.arguments(flow.body)
        if arguments is None:
            return _chain_text(flow.body, flow.repeat, flow.condition, flow.alias.text if flow.alias else None)
        word = f"${flow.body.op}" if flow.body.dynamic else flow.body.op
        return {"op": word, **arguments, **extra}

    # ── Arguments ──

    def arguments(self, call: Call) -> dict[str, Plain] | None:
        """Return the arguments by name, or None where names are not known before the network is chosen."""
        if not call.args:
            return {}
        if call.dynamic:
            return None if any(not arg.name for arg in call.args) else {arg.name: arg.text for arg in call.args}
        block = self.spec.blocks.get(call.op)
        if block is not None:
            names = [name for name, _ in block.parameters]
            stride = "s" if "stride" not in names and "s" in names else "stride"
            return _named(call.args, names, {"stride": stride})
        op = ALIASES.get(call.op, call.op)
        if op in MERGES:
            return {
                **(
                    {"with": [arg.text for arg in call.args if not arg.name]}
                    if any(not arg.name for arg in call.args)
                    else {}
                ),
                **{arg.name: arg.text for arg in call.args if arg.name},
            }
        if op in LAYERS:
            return self.settings(layer_class(op), call.args)
        return _named(call.args, {"from": ["layer"], "use": ["spec"], "times": ["n"]}.get(op, []), {})

    def settings(self, cls: Any, args: tuple[Arg, ...]) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        positional: list[str] = []
        for arg in args:
            # a parameter of the same name wins over a flag
            flag = flag_of(cls, arg.text) if not arg.name and arg.text not in self.names else None
            if arg.name:
                found[arg.name] = arg.text
            elif flag is not None:
                found[flag[0]] = flag[1] if isinstance(flag[1], str) else "yes" if flag[1] else "no"
            else:
                positional.append(arg.text)
        names = cls.positional
        if cls.variadic and len(positional) >= len(names):
            last: list[Plain] = list(positional[len(names) - 1 :])
            values: list[Plain] = [*positional[: len(names) - 1], last if len(last) > 1 else last[0]]
        else:
            values = list(positional)
        return {**dict(zip(names, values, strict=False)), **found}


def _variables(tree: reader.Mapping) -> set[str]:
    """Return the variables of a loop."""
    head = tree.get("for")
    if isinstance(head, reader.Mapping):
        return {key.value for key, _ in head.pairs}
    return set(head.value.split(" in ")[0].split()) if isinstance(head, reader.Scalar) else set()


def _named(args: tuple[Arg, ...], names: list[str], renamed: Mapping[str, str]) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    position = 0
    for arg in args:
        if arg.name:
            found[renamed.get(arg.name, arg.name)] = arg.text
        else:
            found[names[position]] = arg.text
            position += 1
    return found


def _chain_text(call: Call, repeat: Expr | None, condition: Expr | None, alias: str | None) -> str:
    words = [f"${call.op}" if call.dynamic else call.op]
    for arg in call.args:
        value = f"({arg.text})" if " " in arg.text and arg.text[0] not in "([{\"'" else arg.text
        words.append(value if not arg.name else f"/{value}" if arg.name == "stride" else f"{arg.name}={value}")
    words += [f"*({repeat.text})"] if repeat else []
    words += [f"if=({condition.text})"] if condition else []
    words += [f"as={alias}"] if alias else []
    return " ".join(words)
