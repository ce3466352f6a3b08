"""Columns of receptive fields, which the rows of a table cannot tell by themselves: rf, rf_min, jump, start, centre."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from archcalc.receptive import Axis, Field, Seen, fields
from archcalc.render.columns import Fact, value
from archcalc.render.rows import Row
from archcalc.report import Report

_READ: Final[Mapping[str, Callable[[Axis], Any]]] = MappingProxyType(
    {
        "rf": lambda axis: axis.size,
        "rf_min": lambda axis: axis.size,
        "jump": lambda axis: axis.jump,
        "start": lambda axis: axis.start,
        "centre": lambda axis: axis.centre,
    }
)
_EVERYTHING: Final = "all"
_UNCLEAR: Final = "?"


def sights(report: Report) -> dict[str, Fact]:
    """Return columns in the first input: what one output sees, along every axis.

    rf: the size over all branches; rf_min: over the narrowest branch of each merge (the shortcut of a residual).
    jump: how far neighbouring fields lie apart. start: the first position that the first output sees, below 0 in
    padding. centre: the middle of that field. "all" stands for a layer whose outputs see the whole input.
    """
    widest = fields(report)
    narrowest = fields(report, narrowest=True)
    return {name: Fact("text", _reader(name, narrowest if name == "rf_min" else widest)) for name in _READ}


def _reader(name: str, seen: Mapping[str, Seen]) -> Callable[[Row], Any]:
    def read(row: Row) -> str | None:
        held = seen.get(row.nodes[-1].path, ...) if row.nodes else ...
        if held is ...:
            return None  # it does not depend on this input
        if not isinstance(held, Field):
            return _EVERYTHING if held is None and name in ("rf", "rf_min") else None if held is None else _UNCLEAR
        if not held.placed and name in ("start", "centre"):
            return _UNCLEAR
        return _joined([_READ[name](axis) for axis in held.axes])

    return read


def _joined(values: list[Any]) -> str:
    texts = ["" if each is None else value(each).replace("-", "−") for each in values]
    return "x".join(texts) if all(text.isdecimal() for text in texts) else ", ".join(texts)
