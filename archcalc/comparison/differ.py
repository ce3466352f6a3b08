"""Pairs of rows → differences, each as one record: what is different, in which layers, and what it costs."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from archcalc.arithmetic import Number, total
from archcalc.comparison.align import Pair
from archcalc.layers.settings import is_number
from archcalc.render.columns import value
from archcalc.report import Node

# settings: the layer is written otherwise; size: it is the same layer on another size; only: it has no partner
Kind: TypeAlias = Literal["settings", "size", "first", "second"]


class Change(NamedTuple):
    """One setting that two layers have differently, as text."""

    setting: str
    first: str
    second: str


class Difference(NamedTuple):
    """What some pairs of rows have in common that makes them differ.

    op: the layer type. changes: settings that differ. pairs: the rows. params, macs: second minus first.
    """

    kind: Kind
    op: str
    changes: tuple[Change, ...]
    pairs: tuple[Pair, ...]
    params: Number
    macs: Number


def differences(pairs: Iterable[Pair]) -> list[Difference]:
    """Return the differences of two aligned networks, those of one kind as one, in order of first appearance.

    >>> from archcalc.api import analyze
    >>> from archcalc.comparison.align import align
    >>> for held in differences(align(analyze("vgg/16").rows, analyze("vgg/16", {"classes": 10}).rows)):
    ...     print(held.kind, held.op, held.changes, held.params)
    settings fc (Change(setting='out', first='1000', second='10'),) -4056030
    size softmax () 0
    """
    groups: dict[tuple[Kind, str, tuple[Change, ...]], list[Pair]] = {}
    for pair in pairs:
        found = _kind(pair)
        if found is not None:
            groups.setdefault(found, []).append(pair)
    return [Difference(*key, tuple(held), _sum(held, "params"), _sum(held, "macs")) for key, held in groups.items()]


def _kind(pair: Pair) -> tuple[Kind, str, tuple[Change, ...]] | None:
    a, b = pair
    if a is None or b is None:
        held = a or b
        assert held is not None
        return ("first" if b is None else "second"), held.op, ()
    changes = changed(a, b)
    if changes:
        return "settings", a.op, changes
    if a.output == b.output and a.input == b.input and a.params == b.params and a.macs == b.macs:
        return None
    return "size", a.op, ()


def changed(a: Node, b: Node) -> tuple[Change, ...]:
    """Return the settings that two rows of one type have differently, names of other layers aside.

    A number is the same as itself on every axis: `conv 8 3` is `conv 8 3x3`.
    """
    names = dict.fromkeys((*a.settings, *b.settings))
    pairs = ((name, _on_axes(a.settings.get(name), b.settings.get(name))) for name in names)
    texts = ((name, *map(_text, pair)) for name, pair in pairs)
    return tuple(Change(name, first, second) for name, first, second in texts if first != second)


def _on_axes(first: Any, second: Any) -> tuple[Any, Any]:
    """Return two settings, with a number that meets a size repeated on its axes."""
    if isinstance(first, tuple) and is_number(second):
        return first, (second,) * len(first)
    if isinstance(second, tuple) and is_number(first):
        return (first,) * len(second), second
    return first, second


def _text(setting: Any) -> str:
    items = setting if isinstance(setting, (tuple, list)) else (setting,)
    return "…" if any(hasattr(item, "path") for item in items) else "none" if setting is None else value(setting)


def _sum(pairs: Sequence[Pair], count: str) -> Number:
    parts: list[Number] = []
    for a, b in pairs:
        parts += [getattr(b, count)] if b is not None else []
        parts += [-1 * getattr(a, count)] if a is not None else []
    return total(parts)
