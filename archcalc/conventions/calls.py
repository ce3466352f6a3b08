"""How the operations of a network are called in code: as modules (nn.ReLU), functions (F.relu) or operators (x + y)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, get_args

from archcalc.conventions.convention import Call
from archcalc.errors import did_you_mean
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.render.options import option_error
from archcalc.report import Node, Report

_HOW: Final[Mapping[str, Call]] = MappingProxyType({call: call for call in get_args(Call)})
_NOTHING: Final[Mapping[str, Call]] = MappingProxyType({})


class Calls(NamedTuple):
    """How operations are called: `otherwise`, but for the layer types and paths in `named`.

    What has weights of its own is a module, whatever is said here. A merge is an operator unless it is functional.
    text: how it is asked for; empty for the usual reading.
    """

    otherwise: Call = "module"
    named: Mapping[str, Call] = _NOTHING
    text: str = ""

    def of(self, node: Node) -> Call:
        """Return how a row is called."""
        if node.weights or node.shares:
            return "module"
        said = self.named.get(node.path) or self.named.get(node.op) or self.otherwise
        return "operator" if node.family == "merge" and said == "module" else said

    def names(self, node: Node) -> bool:
        """Tell whether something is said about a row, or about its type."""
        return node.path in self.named or node.op in self.named


MODULES: Final = Calls()
FUNCTIONAL: Final = Calls("functional", text="functional")


def functional(*names: str) -> Calls:
    """Return the reading in which these layer types and paths are functions."""
    return Calls(named=MappingProxyType(dict.fromkeys(names, "functional")), text=",".join(names))


def reused(report: Report) -> Calls:
    """Return the reading in which the ReLUs of a block are one module, which is counted with its last call.

    torchvision's ResNets are written so. A block is the outermost block call that a row lies in.
    """
    blocks: dict[str, list[str]] = {}
    for row in report.rows:
        parts = row.path.split(".")
        folders = (".".join(parts[:end]) for end in range(1, len(parts)))
        outermost = next(
            (path for path in folders if path in report.folders and "(" in report.folders[path].call), None
        )
        if row.op == "relu" and outermost:
            blocks.setdefault(outermost, []).append(row.path)
    earlier = [path for paths in blocks.values() for path in paths[:-1]]
    return Calls(named=MappingProxyType(dict.fromkeys(earlier, "again")), text="reused")


def read_calls(text: str | None, report: Report) -> Calls:
    """Return what `--calls` says: modules, functional, reused, and names, functional unless they say how.

    >>> from archcalc import analyze
    >>> calls = read_calls("functional,relu6=module", analyze("mobilenet_v2"))
    >>> calls.otherwise, dict(calls.named)
    ('functional', {'relu6': 'module'})

    Raises:
        TargetError: a name that is neither a layer type nor a layer of the report.
    """
    otherwise: Call = "module"
    named: dict[str, Call] = {}
    known = {*LAYERS, *MERGES, *(row.path for row in report.rows)}
    for item in filter(None, (part.strip() for part in (text or "").split(","))):
        name, equals, how = item.partition("=")
        if item == "reused":
            named.update(reused(report).named)
        elif item in ("modules", "functional"):
            otherwise = "functional" if item == "functional" else "module"
        elif equals and how not in _HOW:
            raise option_error(f"--calls {item}: '{how}' is not one of {', '.join(_HOW)}")
        elif name not in known:
            hint = did_you_mean(name, known)
            raise option_error(f"--calls {name}: neither a layer type nor a layer{hint}; as functional, or gap,relu")
        else:
            named[name] = _HOW.get(how, "functional")
    return Calls(otherwise, MappingProxyType(named), text or "")
