"""Two accounts of one network, row by row: archcalc's report, and what torch did."""

import os
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from archcalc.arithmetic import total, volume
from archcalc.errors import Problem
from archcalc.graph import Graph
from archcalc.quantities import Shape
from archcalc.report import Node, Report
from archcalc.torch_backend.count import Counter, unfused
from archcalc.torch_backend.network import Network, Ran, Refused

Outcome: TypeAlias = Literal["verified", "differs", "not verifiable"]
Stored: TypeAlias = Mapping[str, tuple[Shape, str]]  # name → shape, and trainable, frozen or buffer


@dataclass(frozen=True, slots=True)
class Row:
    """What the comparison of one layer or merge gave.

    problems: what differs (X001 a shape, X002 weights, X003 multiply-adds). reason: why it is not verifiable.
    """

    path: str
    op: str
    problems: tuple[Problem, ...] = ()
    reason: str | None = None

    @property
    def outcome(self) -> Outcome:
        """The answer in a word."""
        return "differs" if self.problems else "not verifiable" if self.reason else "verified"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One network on both sides.

    totals: what differs between the sums. peak: bytes of activations that were alive at once, where there were any.
    """

    target: str
    device: str
    rows: tuple[Row, ...]
    totals: tuple[Problem, ...] = ()
    peak: int = 0

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many rows came out how."""
        return Tally(row.outcome for row in self.rows)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that differs, in the order of execution."""
        return (*(problem for row in self.rows for problem in row.problems), *self.totals)

    def __str__(self) -> str:
        counted = self.outcomes
        said = [f"{counted[word]} {word}" for word in ("verified", "differs", "not verifiable") if counted.get(word)]
        memory = f"; peak of activations {self.peak:,} bytes" if self.peak else ""
        return f"{', '.join(said) or 'nothing to verify'} by torch on {self.device}{memory}"


def compare(graph: Graph, report: Report, device: str = "meta") -> Comparison:
    """Build the network, run it once, and compare every row and the totals.

    Args:
        graph: the expanded network; its sizes are numbers.
        report: the analysis of the same graph.
        device: "meta", "cpu" or "cuda".
    """
    if any(type(size) is not int for shape in graph.inputs.values() for size in shape):
        reason = "its sizes are free; torch needs numbers"
        return Comparison(report.target, device, tuple(Row(row.path, row.op, reason=reason) for row in report.rows))
    network, counter = Network(graph, device), Counter()
    rows: list[Row] = []
    known = {row.path: row for row in report.rows}
    owners: dict[int, str] = {}
    peak = 0
    with torch.no_grad(), unfused():
        for ran in network.run(*network.inputs(), watch=counter):
            macs = counter.take()
            peak = max(peak, ran.live)
            if ran.node.layer is not None:
                rows.append(_row(known[ran.node.path], ran, macs, owners))
    totals = () if any(row.outcome != "verified" for row in rows) else tuple(_totals(report, network))
    return Comparison(report.target, device, tuple(rows), totals, peak)


def measured_peak(graph: Graph, device: str = "cpu") -> int:
    """Run a network with real tensors and return the bytes of values that were alive at once, at most.

    Values live from the layer that makes them to the last that reads them, in the order of the spec; views share
    their memory, and weights do not count.
    """
    network, peak = Network(graph, device), 0
    with torch.no_grad(), unfused():
        for ran in network.run(*network.inputs()):
            if isinstance(ran.result, Refused):
                raise RuntimeError(f"{ran.node.path}: {ran.result.reason}")  # noqa: TRY004  (no matter of types)
            peak = max(peak, ran.live)
    return peak


def too_large(report: Report, device: str, share: int = 1) -> str | None:
    """Return why a network does not fit on a device, or None: its parameters and all activations, 4 bytes each.

    Args:
        report: the network.
        device: "meta" needs no memory.
        share: how many networks run at once; each may take that part of what is free.
    """
    if device == "meta":
        return None
    needed = 4 * total([report.totals.params_train, report.totals.buffers, *(volume(row.output) for row in report)])
    if device == "cuda":
        free = int(torch.cuda.mem_get_info()[0])
    else:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free //= share
    if type(needed) is not int or needed <= free:
        return None
    return f"not run on {device}: up to {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free"


def _row(row: Node, ran: Ran, macs: int, owners: dict[int, str]) -> Row:
    if isinstance(ran.result, Refused):
        if ran.result.by_torch:
            return Row(row.path, row.op, (_problem("X001", row, ran.result.reason),))
        return Row(row.path, row.op, reason=ran.result.reason)
    problems = list(_differences(row, ran, ran.result, macs, owners))
    reason = "the spec declares its shape and counts" if row.op == "opaque" else None
    return Row(row.path, row.op, tuple(problems), reason)


def _differences(row: Node, ran: Ran, result: Tensor, macs: int, owners: dict[int, str]) -> Iterator[Problem]:
    made = tuple(result.shape[1:])
    if made != row.output:
        yield _problem("X001", row, f"torch makes {_sizes(made)}, archcalc {_sizes(row.output)}")
    theirs = stored(ran.modules)
    owner = {owners.setdefault(id(tensor), row.path) for tensor in _tensors(ran.modules)} - {row.path}
    if row.shares is not None or owner:
        if owner != {row.shares}:
            yield _problem("X002", row, f"torch reads the weights of {_listed(owner)}, archcalc of {row.shares}")
    else:
        ours = {weight.name: (weight.shape, str(weight.kind)) for weight in row.weights}
        yield from (_problem("X002", row, said) for said in _weights(ours, theirs))
    if row.op != "opaque" and macs * row.runs != row.macs:
        times = f" × {row.runs} runs" if row.runs != 1 else ""
        yield _problem("X003", row, f"torch takes {macs:,}{times} multiply-adds, archcalc {row.macs:,}")


def _weights(ours: Stored, theirs: Stored) -> Iterator[str]:
    for name in dict.fromkeys((*ours, *theirs)):
        mine, torchs = ours.get(name), theirs.get(name)
        if mine != torchs:
            yield f"{name}: torch has {_described(torchs)}, archcalc {_described(mine)}"


def stored(built: tuple[nn.Module, ...]) -> dict[str, tuple[Shape, str]]:
    """Return the tensors that the modules of one layer keep, as archcalc names them.

    torch's attention keeps three projections in one matrix where their widths are equal; here they are three.
    A batch norm's count of batches is no statistic, and the vectors by which torch finds the largest singular value of
    a weight (spectral normalisation) are no part of the layer.
    """
    found: dict[str, tuple[Shape, str]] = {}
    for module in built:
        for stored_name, parameter in module.named_parameters():
            name = "weight" if stored_name == "parametrizations.weight.original" else stored_name
            kind = "trainable" if parameter.requires_grad else "frozen"
            if name == "in_proj_weight":
                rows, width = parameter.shape
                found |= {f"{each}_proj_weight": ((rows // 3, width), kind) for each in "qkv"}
            else:
                found[name] = (tuple(parameter.shape), kind)
        found |= {
            name: (tuple(buffer.shape), "buffer")
            for name, buffer in module.named_buffers()
            if name != "num_batches_tracked" and not name.startswith("parametrizations.")
        }
    return found


def _tensors(built: tuple[nn.Module, ...]) -> Iterator[Tensor]:
    for module in built:
        yield from module.parameters()


def _totals(report: Report, network: Network) -> Iterator[Problem]:
    parameters = list(network.parameters())  # each once, however often it is used
    theirs = {
        "params_train": sum(each.numel() for each in parameters),
        "frozen": sum(each.numel() for each in parameters if not each.requires_grad),
    }
    ours = {"params_train": report.totals.params_train, "frozen": total(row.params_frozen for row in report.rows)}
    for name, value in theirs.items():
        if value != ours[name]:
            yield Problem("X002", f"{name}: torch has {value:,}, archcalc {ours[name]:,}", origin=report.target)


def _problem(code: str, row: Node, message: str) -> Problem:
    return Problem(code, f"{row.path} ({row.op}): {message}", row.place, row.call)


def _sizes(shape: Shape) -> str:
    return "x".join(str(size) for size in shape)


def _described(tensor: tuple[Shape, str] | None) -> str:
    return f"{_sizes(tensor[0])} {tensor[1]}" if tensor else "none"


def _listed(owners: set[str]) -> str:
    return ", ".join(sorted(owners)) or "its own"
