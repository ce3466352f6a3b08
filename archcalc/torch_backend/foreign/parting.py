"""Where two networks part: differences between calls that correspond, and calls without a counterpart."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

from archcalc.quantities import Shape
from archcalc.report import Report
from archcalc.torch_backend.foreign.align import Pair, align, squeezed
from archcalc.torch_backend.foreign.calls import Call, Recording, Stored
from archcalc.torch_backend.foreign.difference import Code, Difference, described, named, said, size_text
from archcalc.torch_backend.foreign.otherwise import fold, otherwise

_AT_THE_END: Final = ("softmax", "logsoftmax", "sigmoid")


@dataclass(frozen=True, slots=True)
class Parting:
    """A spec and a model, side by side.

    matched: pairs of layers, merges and activations that are the same; calls: how many the spec and the model have.
    params, trainable, macs: of the spec's network in inference, and of the model. differences: why they are not the
    same, in the order of execution. remarks: what is not the same and makes no difference.
    """

    target: str
    source: str
    device: str
    matched: int
    calls: tuple[int, int]
    params: tuple[int, int]
    trainable: tuple[int, int]
    macs: tuple[int, int]
    differences: tuple[Difference, ...]
    remarks: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether both are the same network."""
        return not self.differences


def part(report: Report, source: str, spec: Recording, model: Recording) -> Parting:
    """Compare what was recorded of a spec and of a model."""
    said_otherwise, folded = fold(spec.calls, model.calls)
    model = replace(model, calls=folded)
    pairs = align(spec.calls, model.calls)
    found: list[Difference] = []
    written, same = otherwise(pairs, spec.calls, model.calls)
    remarks = [*said_otherwise, *same]
    alone = _alone(pairs, written, spec.calls, model.calls)
    wires = _Wires(pairs, spec.calls, model.calls)
    matched = 0
    for at, pair in enumerate(pairs):
        if pair.spec is not None and pair.model is not None:
            unlike = list(_unlike(pair.spec, pair.model, spec.calls, model.calls, wires))
            matched += not unlike
            found += unlike
        elif at in alone:
            (remarks if alone[at].code == "end" else found).append(alone[at])
    differences = found
    heads = report.totals.params_train - report.totals.params
    unread = sum(model.unread.values())
    if unread:
        whole = Difference(
            "heads" if unread == heads else "unread", "", None, unread, 0, {"names": _short(model.unread)}
        )
        (remarks if unread == heads else differences).append(whole)
    if not _returns(spec.outputs, model.outputs) and not _explained(differences):
        facts = {"ours": _listed(spec.outputs), "theirs": _listed(model.outputs)}
        differences.append(Difference("outputs", "", "", 0, 0, facts))
    if any(row.runs != 1 for row in report.rows):
        remarks.append(Difference("runs", None, ""))
    declared = sum(row.params for row in report.rows if row.op == "opaque")
    if declared:
        remarks.append(Difference("opaque", None, "", -declared))
    ours = sum(call.params for call in spec.calls)
    frozen = report.totals.params_frozen
    return Parting(
        report.target,
        source,
        model.device,
        matched,
        (len(spec.calls), len(model.calls)),
        (ours, model.params),
        (ours - frozen, model.trainable),
        (spec.macs, model.macs),
        tuple(differences),
        tuple(remarks),
    )


def _returns(ours: Sequence[Shape], theirs: Sequence[Shape]) -> bool:
    """Tell whether all outputs of the spec are among the model's, in this order; a model may return states too."""
    left = iter([squeezed(each) for each in theirs])
    return all(squeezed(each) in left for each in ours)


def _explained(differences: Sequence[Difference]) -> bool:
    return any(each.code in ("output", "shape", "extra", "missing", "setting", "kind") for each in differences)


# ── Pairs ───────────────────────────────────────────────────────────────────────────────────────────────


class _Wires:
    """From which corresponding layers a call takes its input, past those without a counterpart."""

    def __init__(self, pairs: Sequence[Pair], spec: Sequence[Call], model: Sequence[Call]) -> None:
        self.model_of = {pair.spec: pair.model for pair in pairs if pair.spec is not None and pair.model is not None}
        self.spec, self.spec_merges = _resolved(spec, set(self.model_of))
        self.model, self.model_merges = _resolved(model, set(self.model_of.values()))
        self.grown: set[int] = set()  # calls of the spec whose output differs

    def same(self, spec: int, model: int) -> bool:
        """Tell whether both take corresponding values, as far as a merge without a counterpart is not the reason."""
        past = self.spec_merges[spec] or self.model_merges[model]
        return past or {self.model_of.get(read, read) for read in self.spec[spec]} == self.model[model]


def _resolved(calls: Sequence[Call], paired: set[int]) -> tuple[list[frozenset[int]], list[bool]]:
    """Return what each call reads, past those without a counterpart, and whether there is a merge among these."""
    found: list[frozenset[int]] = []
    merges: list[bool] = []
    for call in calls:
        past = [each for each in call.reads if each >= 0 and each not in paired]
        reads = [found[each] if each in past else frozenset([each]) for each in call.reads]
        found.append(frozenset().union(*reads))
        merges.append(any(len(calls[each].reads) > 1 or merges[each] for each in past))
    return found, merges


def _unlike(at: int, place: int, ours: Sequence[Call], theirs: Sequence[Call], wires: _Wires) -> Iterator[Difference]:
    spec, model = ours[at], theirs[place]
    names = (named(model), named(spec))
    grew = wires.spec[at] & wires.grown
    differs = squeezed(spec.output) != squeezed(model.output)
    if differs:
        wires.grown.add(at)
    if spec.kind != model.kind:
        yield Difference("kind", *names, model.params - spec.params, 0, {"ours": spec.kind, "theirs": model.kind})
        return
    yield from _weights(spec, model, names)
    weighed = [each.shape for each in spec.parameters] != [each.shape for each in model.parameters]
    for name in sorted({*spec.settings, *model.settings}):
        mine, other = spec.settings.get(name), model.settings.get(name)
        if mine == other or (name == "ceil" and not (differs and not grew)) or (name == "kernel" and weighed):
            continue
        yield Difference("setting", *names, 0, 0, {"name": name, "ours": said(mine), "theirs": said(other)})
    if differs and not grew:
        facts = {"ours": size_text(spec.output), "theirs": size_text(model.output)}
        yield Difference("output", *names, 0, model.macs - spec.macs, facts)
    elif spec.macs != model.macs and not differs and not weighed and spec.settings == model.settings:
        facts = {"ours": f"{spec.macs:,}", "theirs": f"{model.macs:,}"}
        yield Difference("macs", *names, 0, model.macs - spec.macs, facts)
    if not wires.same(at, place):
        facts = {"ours": _sources(wires.spec[at], ours), "theirs": _sources(wires.model[place], theirs)}
        yield Difference("wiring", *names, 0, 0, facts)


def _weights(spec: Call, model: Call, names: tuple[str, str]) -> Iterator[Difference]:
    if spec.stored and model.params and not model.stored:  # several steps that do what one layer does
        facts: dict[str, Any] = {"ours": f"{spec.params:,}", "theirs": f"{model.params:,}", "kind": spec.kind}
        yield Difference("amount", *names, model.params - spec.params, 0, facts)
        return
    ours, theirs = _by_role(spec, model)
    shared = spec.params == 0 and model.params > 0, model.params == 0 and spec.params > 0
    for role in dict.fromkeys((*ours, *theirs)):
        mine, other = ours.get(role), theirs.get(role)
        facts = {"role": role}
        if mine is None and other is not None:
            yield Difference("has", *names, _count(other), 0, facts | {"shape": size_text(other.shape)})
        elif other is None and mine is not None:
            yield Difference("lacks", *names, -_count(mine), 0, facts | {"shape": size_text(mine.shape)})
        elif mine is not None and other is not None:
            if _sized(mine, spec) != _sized(other, model):
                shapes = {"ours": size_text(mine.shape), "theirs": size_text(other.shape)}
                more = _count(other) * (model.params > 0) - _count(mine) * (spec.params > 0)
                yield Difference("shape", *names, more, 0, facts | shapes)
            if {mine.kind, other.kind} == {"trainable", "frozen"}:
                yield Difference("frozen" if other.kind == "frozen" else "trained", *names, 0, 0, facts)
    if any(shared) and ours and theirs:
        yield Difference("owns" if shared[0] else "shares", *names, model.params - spec.params)


def _sized(stored: Stored, call: Call) -> Shape:
    """Return a tensor's shape: a kernel's as it is, another's without axes of one (1x768 holds what 768 does)."""
    return stored.shape if "kernel" in call.settings else squeezed(stored.shape)


def _by_role(spec: Call, model: Call) -> tuple[dict[str, Stored], dict[str, Stored]]:
    """Return the stored tensors by name; where the names have nothing in common, by their order."""
    ours, theirs = ({each.name: each for each in call.stored} for call in (spec, model))
    if set(ours) & set(theirs) or not ours or not theirs:
        return ours, theirs
    renamed = dict(zip(theirs, ours, strict=False))
    return ours, {renamed.get(name, name): each for name, each in theirs.items()}


# ── Without a counterpart ───────────────────────────────────────────────────────────────────────────────


def _alone(
    pairs: Sequence[Pair], written: set[int], spec: Sequence[Call], model: Sequence[Call]
) -> dict[int, Difference]:
    """Return what has no counterpart, by the place of the pair: a part of which nothing has one is told as a whole."""
    found: dict[int, Difference] = {}
    for calls, side in ((spec, 0), (model, 1)):
        places = {
            number: at
            for at, pair in enumerate(pairs)
            if at not in written and pair[1 - side] is None and (number := pair[side]) is not None
        }
        for name_, numbers in _parts(list(places), calls).items():
            whole = [(name_, numbers)] if name_ and len(numbers) > 1 else [("", [number]) for number in numbers]
            for name, members in whole:
                found[places[members[0]]] = _without(name, members, calls, side)
    return found


def _parts(numbers: Iterable[int], calls: Sequence[Call]) -> dict[str, list[int]]:
    """Return the calls by the largest part of the network that they lie in and that is all among them; "" for none."""
    all_, here = (
        Tally(part for at in chosen for part in _within(calls[at])) for chosen in (range(len(calls)), numbers)
    )
    found: dict[str, list[int]] = {}
    for number in numbers:
        name = next((part for part in _within(calls[number]) if all_[part] == here[part]), "")
        found.setdefault(name, []).append(number)
    return found


def _within(call: Call) -> list[str]:
    """Return the parts of the network that a call lies in, the largest first."""
    steps = call.path.split(".")
    return [".".join(steps[:depth]) for depth in range(1, len(steps))]


def _without(name: str, members: Sequence[int], calls: Sequence[Call], side: int) -> Difference:
    call, sign = calls[members[0]], (-1, 1)[side]
    params, macs = (sign * sum(getattr(calls[at], key) for at in members) for key in ("params", "macs"))
    code: Code = "extra" if side else "missing"
    facts: dict[str, Any] = {"what": described(call), "kind": call.kind, "side": ("spec", "model")[side]}
    if name:
        code, facts = "extra_part" if side else "missing_part", {"count": len(members)}
    elif call.kind in _AT_THE_END and not any(members[0] in other.reads for other in calls):
        code = "end"  # losses bring it along
    path = name or named(call)
    return Difference(code, path if side else None, None if side else path, params, macs, facts)


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────────


def _sources(reads: frozenset[int], calls: Sequence[Call]) -> str:
    return ", ".join(named(calls[read]) if read >= 0 else f"input {-read}" for read in sorted(reads)) or "nothing"


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(size_text(shape) for shape in shapes)


def _count(stored: Stored) -> int:
    return 0 if stored.kind == "buffer" else prod(stored.shape)


def _short(names: Mapping[str, int]) -> str:
    modules = list(dict.fromkeys(name.rpartition(".")[0] or name for name in names))
    return ", ".join(modules[:3]) + (f" … ({len(modules)})" if len(modules) > 3 else "")
