"""The same computation written in another way: attention as one layer and as five steps.

A part of the model stands for a layer of the spec if it holds as many parameters, takes as many multiply-adds and
gives as many values. Modules are tried before the alignment, stretches without counterparts after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Final

from archcalc.torch_backend.foreign.align import Pair
from archcalc.torch_backend.foreign.calls import Call
from archcalc.torch_backend.foreign.difference import Difference, described, named

# layers of many steps, which people write by hand
_OF_STEPS: Final = ("mha", "rnn", "gru", "lstm", "local", "table", "divenc", "rbf")


def fold(spec: Sequence[Call], model: Sequence[Call]) -> tuple[list[Difference], tuple[Call, ...]]:
    """Return the model's calls with modules that stand for one layer of the spec as one call, and what to say of it."""
    wanted = [call for call in reversed(spec) if call.kind in _OF_STEPS and call.params and call.macs]
    same = {_sums([call]): call for call in wanted}
    similar = {_sums([call])[1:]: call for call in wanted}  # a bias more or less takes no multiply-adds
    remarks: list[Difference] = []
    groups: dict[int, tuple[list[int], Call]] = {}  # the first call of a module → all of them, and what it stands for
    inside: set[int] = set()
    for members in _modules(model) if wanted else ():
        steps = [model[at] for at in members]
        sums = _sums(steps)
        like = same.get(sums) or similar.get(sums[1:])
        if like is None or inside & set(members):
            continue
        if sums == _sums([like]):
            remarks.append(_remark([like], steps))
        else:
            like = replace(like, params=sums[0], stored=())
        groups[members[0]] = members, like
        inside.update(members)
    number: dict[int, int] = {}
    calls: list[Call] = []
    for at, call in enumerate(model):
        if at in inside and at not in groups:
            continue
        members, like = groups.get(at, ([at], call))
        number |= dict.fromkeys(members, len(calls))
        reads = frozenset().union(*(model[each].reads for each in members)) - set(members)
        path = _common([model[each].path for each in members])
        reads = frozenset(number.get(read, read) for read in reads)
        calls.append(replace(like, path=path, reads=reads))
    return remarks, tuple(calls)


def otherwise(pairs: Sequence[Pair], spec: Sequence[Call], model: Sequence[Call]) -> tuple[set[int], list[Difference]]:
    """Return the places of stretches without counterparts that are the same on both sides, and what to say of them."""
    places: set[int] = set()
    remarks = []
    for stretch in _stretches(pairs):
        ours = [spec[pair.spec] for pair in (pairs[at] for at in stretch) if pair.spec is not None]
        theirs = [model[pair.model] for pair in (pairs[at] for at in stretch) if pair.model is not None]
        if ours and theirs and any(call.params for call in ours) and _sums(ours) == _sums(theirs):
            places |= set(stretch)
            remarks.append(_remark(ours, theirs))
    return places, remarks


def _sums(calls: Sequence[Call]) -> tuple[int, int, int]:
    return sum(call.params for call in calls), sum(call.macs for call in calls), prod(calls[-1].output)


def _remark(ours: Sequence[Call], theirs: Sequence[Call]) -> Difference:
    facts = {"what": described(ours[0]), "count": len(theirs)}
    return Difference("otherwise", named(theirs[0]), named(ours[0]), 0, 0, facts)


def _modules(calls: Sequence[Call]) -> Iterator[list[int]]:
    """Yield the calls of every module of the model that makes several, the largest modules first."""
    found: dict[tuple[str, ...], list[int]] = {}
    for at, call in enumerate(calls):
        steps = tuple(call.path.split("."))
        for depth in range(1, len(steps) + 1):
            found.setdefault(steps[:depth], []).append(at)
    for steps in sorted(found, key=len):
        members = found[steps]
        if len(members) > 1 and members == list(range(members[0], members[-1] + 1)):
            yield members


def _common(paths: Sequence[str]) -> str:
    steps = [path.split(".") for path in paths]
    same = []
    for names in zip(*steps, strict=False):
        if len(set(names)) > 1:
            break
        same.append(names[0])
    return ".".join(same)


def _stretches(pairs: Sequence[Pair]) -> Iterator[list[int]]:
    held: list[int] = []
    for at, pair in enumerate((*pairs, Pair(0, 0))):
        if pair.spec is None or pair.model is None:
            held.append(at)
        elif held:
            yield held
            held = []
