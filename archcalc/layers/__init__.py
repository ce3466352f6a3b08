"""Layer types: one class each, found by the word of the language."""

from collections.abc import Mapping
from typing import Any

from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.lazy import resolve


def layer_class(op: str) -> Any:
    """Return the class of a layer or merge type, by its word or an alias.

    Raises:
        KeyError: there is no such type.
    """
    op = ALIASES.get(op, op)
    return resolve(LAYERS[op] if op in LAYERS else MERGES[op])


def build(op: str, settings: Mapping[str, Any]) -> Any:
    """Return the layer or merge `op` with these settings.

    >>> build("conv", {"out": 96, "kernel": 11, "stride": 4}).output_shape((3, 227, 227))
    (96, 55, 55)
    """
    return layer_class(op)(**settings)
