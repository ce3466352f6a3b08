"""The figures of a network that are set side by side: counts, depth, memory, receptive field."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from archcalc.errors import ArchcalcError
from archcalc.memory import WIDTHS, at_inference
from archcalc.receptive import Field, fields
from archcalc.report import Report

# families whose layers count for the depth of a network, as "ResNet-50" counts them
_WEIGHTED: Final = frozenset({"conv", "linear", "recurrent", "attention"})


def depth(report: Report) -> int:
    """Return the layers with weights on the longest path from an input: convolutions, linear, recurrent, attention.

    >>> from archcalc.api import analyze
    >>> [depth(analyze(name)) for name in ("alexnet", "vgg/16", "googlenet", "resnet/50")]
    [8, 16, 22, 50]
    """
    deep: dict[str, int] = dict.fromkeys(report.input, 0)
    for row in report.rows:
        own = row.family in _WEIGHTED and (bool(row.weights) or row.shares is not None)
        deep[row.path] = max((deep[path] for path in row.inputs), default=0) + own
    return max((deep[row.path] for row in report.rows if row.mode == "both"), default=0)


def memory(report: Report) -> int | None:
    """Return the bytes of float32 that inference holds at most: weights, buffers, and values in the spec's order."""
    sizes = (*report.totals.__slots__,)
    if not all(isinstance(getattr(report.totals, name), int) for name in sizes):
        return None
    return at_inference(report) * WIDTHS["float32"]


def field(report: Report) -> str | None:
    """Return what one position sees at most, where positions still see a part of the input only: "212x212"."""
    try:
        seen = [each for each in fields(report).values() if isinstance(each, Field) and each.size]
    except ArchcalcError:
        return None
    sizes = [each.size for each in seen if all(isinstance(size, int) for size in each.size)]
    return "x".join(map(str, max(sizes))) if sizes else None


FIGURES: Final[Mapping[str, Callable[[Report], Any]]] = MappingProxyType(
    {
        "params": lambda report: report.totals.params,
        "trainable": lambda report: report.totals.params_trainable,
        "buffers": lambda report: report.totals.buffers,
        "macs": lambda report: report.totals.macs,
        "activations": lambda report: report.totals.activations,
        "memory": memory,
        "depth": depth,
        "layers": lambda report: sum(row.mode == "both" for row in report.rows),
        "rf": field,
        "output": lambda report: ", ".join("x".join(map(str, shape)) for shape in report.outputs.values()),
    }
)
