"""COLUMNS: every fact of a row by name: how it is read, and what kind of value it is."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from archcalc.arithmetic import total
from archcalc.quantities import OP_KINDS, Shape
from archcalc.render.rows import Row
from archcalc.render.text import decimal, number
from archcalc.report import Node

# count: an exact number; share: a number shown as a part of its total
Kind: TypeAlias = Literal["path", "text", "shape", "shapes", "count", "share"]

_MOST_AXES: Final = 4


class Fact(NamedTuple):
    """One column: kind, how to read a row (None: nothing to say), if rows add up, if the batch scales it."""

    kind: Kind
    read: Callable[[Row], Any]
    adds: bool = False
    scales: bool = False


def axes(sizes: Shape) -> str:
    """Return one size per axis as the language writes it.

    >>> axes((3, 3)), axes((1, 7)), axes((5,))
    ('3x3', '1x7', '5')
    """
    return "x".join(value(size) for size in sizes)


def value(setting: Any) -> str:
    """Return a setting as text, as the language writes it.

    >>> value(True), value((11, 11)), value((3, 3, 3, 4, 4, 6))
    ('yes', '11x11', '[3,3,3,4,4,6]')
    """
    if isinstance(setting, bool):
        return "yes" if setting else "no"
    if isinstance(setting, int):
        return number(setting, group="")
    if isinstance(setting, str):
        return setting
    if isinstance(setting, (tuple, list)):
        sizes = len(setting) <= _MOST_AXES and not any(hasattr(item, "path") for item in setting)
        return "x".join(map(value, setting)) if sizes else f"[{','.join(map(value, setting))}]"
    if hasattr(setting, "denominator"):
        return decimal(setting)
    if hasattr(setting, "path"):
        return str(setting.path)
    return str(setting)


def window(node: Node) -> str:
    """Return the settings of a layer in short: 11x11 /4 p2 d2 g2, or its first number; then what is not the default."""
    if not has_kernel(node):
        first = next((name for name, setting in node.settings.items() if not isinstance(setting, (bool, str))), "")
        main = _main_argument(node)
        return " ".join([*([main] if main else []), *_changed(node, (first,))])
    letters = {"stride": "/", "pad": "p", "dilation": "d", "groups": "g"}
    said = (letters[name] + text for name, text in geometry(node).items())
    return " ".join([kernel(node) or "", *said, *_changed(node, ("out", "kernel", *letters))])


def _changed(node: Node, shown: tuple[str, ...]) -> list[str]:
    # a bias is said by the parameters; a reference stands among the inputs or changes no number
    names = (name for name in node.changed if name not in (*shown, "bias", "like", "indices", "levels", "kv", "tie"))
    return [name if node.settings[name] is True else f"{name}={value(node.settings[name])}" for name in names]


def geometry(node: Node) -> dict[str, str]:
    """Return stride, pad, dilation and groups as text where they are not neutral: not 1, 0, 1, 1."""
    seen = node.window
    if seen is None or not has_kernel(node):
        return {}
    groups = node.settings.get("groups", 1)
    found = (
        ("stride", seen.stride, 1, _stride(node)),
        ("pad", (*seen.before, *seen.after), 0, _pad(node)),
        ("dilation", seen.dilation, 1, _dilation(node)),
        ("groups", (groups,), 1, value(groups)),
    )
    return {
        name: text or ""
        for name, sizes, neutral, text in found
        if not all(isinstance(size, int) and size == neutral for size in sizes)
    }


def has_kernel(node: Node) -> bool:
    """Tell whether a layer slides a kernel over its input."""
    return node.window is not None and "kernel" in node.settings


def settings(node: Node) -> str:
    """Return all settings of a layer: `out=96 kernel=11 stride=4 …`."""
    return " ".join(f"{name}={value(setting)}" for name, setting in node.settings.items())


def _main_argument(node: Node) -> str:
    # settings stand in the order of the language: the first is what a bare value means
    name, first = next(iter(node.settings.items()), ("out", None))
    said = name == "out" or first == node.output[-len(node.output[1:]) :]
    return "" if said or isinstance(first, (bool, str)) or hasattr(first, "path") else value(first)


def _same(sizes: Shape) -> str:
    return value(sizes[0]) if len(set(sizes)) == 1 else axes(sizes)


def kernel(node: Node) -> str | None:
    """Return the kernel's size, or None for a layer without one."""
    return axes(node.window.kernel) if node.window and has_kernel(node) else None


def _stride(node: Node) -> str | None:
    return _same(node.window.stride) if node.window and has_kernel(node) else None


def _dilation(node: Node) -> str | None:
    return _same(node.window.dilation) if node.window and has_kernel(node) else None


def _pad(node: Node) -> str | None:
    if node.window is None or not has_kernel(node):
        return None
    before, after = node.window.before, node.window.after
    if before == after:
        return _same(before)
    sides = (value(side) for pair in zip(before, after, strict=True) for side in pair)
    return f"({','.join(sides)})"


def _groups(node: Node) -> str | None:
    return value(node.settings["groups"]) if "groups" in node.settings else None


def _weights(node: Node) -> str:
    return ", ".join(f"{weight.name} {axes(weight.shape)}" for weight in node.weights)


def _ops(node: Node) -> str:
    return ", ".join(f"{kind} {number(count)}" for kind, count in node.ops.nonzero().items())


def _of_layer(read: Callable[[Node], Any]) -> Callable[[Row], Any]:
    return lambda row: None if row.layer is None else read(row.layer)


def _of_first(name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row.nodes[0], name) if row.nodes else None


def _sum(name: str, factor: int = 1) -> Callable[[Row], Any]:
    return lambda row: row.sum(name) * factor if row.nodes else None


def _op_sum(kind: str) -> Callable[[Row], Any]:
    return lambda row: total(getattr(node.ops, kind) for node in row.nodes) if row.nodes else None


def _output(row: Row) -> Shape | None:
    return row.nodes[-1].output if row.nodes else row.shape


def _arguments(row: Row) -> str | None:
    if row.layer is not None:
        return window(row.layer)
    return row.call.partition("(")[2].removesuffix(")").replace(", ", " ")


COLUMNS: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "layer": Fact("path", lambda row: row.label),
        "type": Fact("text", lambda row: row.type),
        "family": Fact("text", _of_layer(lambda node: node.family)),
        "settings": Fact("text", _arguments),
        "all_settings": Fact("text", _of_layer(settings)),
        "kernel": Fact("text", _of_layer(kernel)),
        "stride": Fact("text", _of_layer(_stride)),
        "pad": Fact("text", _of_layer(_pad)),
        "dilation": Fact("text", _of_layer(_dilation)),
        "groups": Fact("text", _of_layer(_groups)),
        "inputs": Fact("text", _of_layer(lambda node: ", ".join(node.inputs))),
        "input": Fact("shapes", lambda row: row.nodes[0].input if row.nodes else None),
        "output": Fact("shape", _output),
        "flattens": Fact("shape", _of_layer(lambda node: node.flattens)),
        "weights": Fact("text", _of_layer(_weights)),
        "params": Fact("count", _sum("params"), adds=True),
        "params_share": Fact("share", _sum("params"), adds=True),
        "trainable": Fact("count", _sum("params_trainable"), adds=True),
        "frozen": Fact("count", _sum("params_frozen"), adds=True),
        "buffers": Fact("count", _sum("buffers"), adds=True),
        "macs": Fact("count", _sum("macs"), adds=True, scales=True),
        "macs_share": Fact("share", _sum("macs"), adds=True),
        "flops": Fact("count", _sum("macs", 2), adds=True, scales=True),
        "activations": Fact("count", _sum("activations"), adds=True, scales=True),
        "memory": Fact("count", _sum("activations", 4), adds=True, scales=True),
        "ops": Fact("text", _of_layer(_ops)),
        **{kind: Fact("count", _op_sum(kind), adds=True, scales=True) for kind in OP_KINDS if kind != "mac"},
        "runs": Fact("count", _of_layer(lambda node: node.runs)),
        "mode": Fact("text", _of_first("mode")),
        "shares": Fact("text", _of_layer(lambda node: node.shares)),
        "note": Fact("text", _of_first("note")),
        "source": Fact("text", _of_first("source")),
        "device": Fact("text", _of_first("device")),
        "place": Fact("text", _of_layer(lambda node: str(node.place) if node.place else None)),
        "call": Fact("text", lambda row: row.call if row.nodes else None),
        "group": Fact("path", lambda row: row.path),
        "layers": Fact("count", lambda row: len(row.nodes) if row.nodes else None, adds=True),
    }
)  # fmt: skip
