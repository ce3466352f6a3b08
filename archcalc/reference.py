"""What a layer type is, from its class alone: for `archcalc layers` and the generated reference page."""

from dataclasses import dataclass
from inspect import getdoc
from itertools import groupby
from typing import Any

from archcalc.analysis import analyze
from archcalc.api import load_choice
from archcalc.errors import Source
from archcalc.explain import explain
from archcalc.layers import layer_class
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.layers.examples import EXAMPLES
from archcalc.quantities import Shape
from archcalc.render.text import plain_ascii
from archcalc.report import Derivation, Node, plain
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import choose


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a layer type; `default` is None where it must be given."""

    name: str
    positional: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One layer type: its words, what it is, its settings, and an example worked out."""

    op: str
    aliases: tuple[str, ...]
    family: str
    summary: str
    text: str
    settings: tuple[Setting, ...]
    input: str
    chain: str
    node: Node
    formulas: tuple[Derivation, ...]

    @property
    def usage(self) -> str:
        """The type as it is written: `conv OUT KERNEL [stride=1 …]`."""
        given = [s.name.upper() for s in self.settings if s.positional and s.default is None]
        given += [f"[{s.name.upper()}]" for s in self.settings if s.positional and s.default is not None]
        return " ".join([self.op, *given, *(f"{s.name}={s.default}" for s in self.settings if not s.positional)])


def entry(op: str, *, ascii: bool = False) -> Entry:
    """Return everything there is to say about a layer type.

    The formulas come from running the type's own rules on traced numbers (see `archcalc.explain`).
    """
    cls = layer_class(op)
    size, chain = EXAMPLES[op]
    node = _run(size, chain)
    doc = (getdoc(cls) or "").split("\n>>>")[0].rstrip()
    notation = "ascii" if ascii else "math"
    formulas = tuple(
        explain(node, quantity, notation) for quantity in ("output", "params", "macs") if _tells(node, quantity)
    )
    return Entry(
        op,
        tuple(alias for alias, full in ALIASES.items() if full == op),
        cls.family,
        doc.split("\n")[0],
        doc,
        tuple(Setting(name, name in cls.positional, _default(field)) for name, field in _fields(cls)),
        size,
        chain,
        node,
        formulas,
    )


def overview(*, ascii: bool = False) -> str:
    """Return the catalogue as text, one line a type, by family."""
    lines: list[str] = []
    classes = [(op, layer_class(op)) for op in (*LAYERS, *MERGES)]
    for family, members in groupby(sorted(classes, key=lambda pair: pair[1].family), key=lambda pair: pair[1].family):
        lines += ["", family.capitalize()]
        for op, cls in members:
            words = ", ".join([op, *(alias for alias, full in ALIASES.items() if full == op)])
            lines.append(f"  {words:<16} {(getdoc(cls) or '').split(chr(10))[0]}")
    lines += ["", "'archcalc layers conv' shows the settings and formulas of one type."]
    text = "\n".join(lines).lstrip()
    return plain_ascii(text) if ascii else text


def layer(op: str, *, ascii: bool = False) -> str:
    """Return one layer type as text."""
    found = entry(op, ascii=ascii)
    lines = [found.usage, "", found.text, ""]
    if found.aliases:
        lines += [f"Also written {', '.join(found.aliases)}.", ""]
    if found.settings:
        lines.append("Settings")
        width = max(len(setting.name) for setting in found.settings)
        for setting in found.settings:
            place = "by position or as " if setting.positional else ""
            default = "required" if setting.default is None else f"default {setting.default}"
            lines.append(f"  {setting.name:<{width}}  {place}{setting.name}=…, {default}")
        lines.append("")
    text = "\n".join([*lines, example(found)])
    return plain_ascii(text) if ascii else text


def example(found: Entry) -> str:
    """Return the worked example of a layer type: shapes, weights, formulas, other operations."""
    node = found.node
    lines = [f"Example: {found.chain}    on {found.input}", f"  output = {_size(node.output)}"]
    lines += [f"  {weight.name} = {_size(weight.shape)} ({weight.kind})" for weight in node.weights]
    for formula in found.formulas:
        # the size is that of one axis; a square map has the same on both
        name = "side" if formula.quantity == "output" else formula.quantity
        value = f"{plain(formula.value):,}"
        values = value if formula.values == str(plain(formula.value)) else formula.values
        steps = dict.fromkeys((formula.names, values, value))
        lines.append(f"  {name} = {formula.names}")
        if len(steps) > 1:
            lines.append(f"  {' ' * len(name)} = {' = '.join(list(steps)[1:])}")
        lines += [f"    ({remark})" for remark in formula.remarks]
    others = ", ".join(f"{kind} {value:,}" for kind, value in node.ops.nonzero().items() if kind != "mac")
    if others:
        lines.append(f"  other operations: {others}")
    return "\n".join(lines)


def _size(shape: Shape) -> str:
    return "x".join(str(size) for size in shape)


def _run(size: str, chain: str) -> Node:
    library = Library()
    source = Source("<example>", f"archcalc: 1\ninput: {size}\nlayers: {chain}\n")
    document = library.parse(source, "example")
    graph = load_choice(document, choose(document, None, ()), Wishes(), "example", library, None)
    return analyze(graph).rows[-1]


def _tells(node: Node, quantity: str) -> bool:
    return quantity == "output" or bool(getattr(node, quantity))


def _fields(cls: Any) -> list[tuple[str, Any]]:
    """Return the settings in the order of the class, what all weighted layers share at the end."""
    shared = ("frozen", "tie")
    fields = cls.model_fields.items()
    return sorted(fields, key=lambda item: item[0] in shared)


def _default(field: object) -> str | None:
    required = getattr(field, "is_required", None)
    if required is not None and required():
        return None
    value = plain(getattr(field, "default", None))
    words = {True: "yes", False: "no", None: "none"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
