"""Two recordings paired: an alignment with the least difference, then what only stands in another order.

Equal beginnings and ends are paired at once; between them the pairing of least cost is found by dynamic programming
(Needleman and Wunsch 1970) over kinds, weights, settings and sizes. Names decide only between equals.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import Any, Final, NamedTuple

from archcalc.quantities import Shape
from archcalc.torch_backend.foreign.calls import Call
from archcalc.torch_backend.foreign.functions import ACTIVATIONS

_CELLS: Final = 3_000_000  # of the table; a few seconds
_LEAVE: Final = 1_000  # cost of a layer without a counterpart
_LEAVE_PLAIN: Final = 600  # of one without weights
_GROUPS: Final = (frozenset(ACTIVATIONS.values()), frozenset({"bn", "gn", "in", "ln"}),
                  frozenset({"maxpool", "avgpool", "lppool"}), frozenset({"gap", "gmp"}),
                  frozenset({"rnn", "gru", "lstm"}), frozenset({"add", "concat", "mul", "maximum"}))  # fmt: skip


class Pair(NamedTuple):
    """A call of the spec and one of the model that correspond, by number; None where there is no counterpart."""

    spec: int | None
    model: int | None


def squeezed(shape: Shape) -> Shape:
    """Return a shape without axes of one: 512x1x1 and 512 hold the same."""
    return tuple(size for size in shape if size != 1)


def align(spec: Sequence[Call], model: Sequence[Call]) -> list[Pair]:
    """Return the pairs in order: every call of both sides once."""
    order, order_model = _order(spec), _order(model)
    pairs = _aligned([spec[at] for at in order], [model[at] for at in order_model])
    return [
        Pair(None if at is None else order[at], None if place is None else order_model[place]) for at, place in pairs
    ]


def _order(calls: Sequence[Call]) -> list[int]:
    """Return the calls in an order that does not depend on which branch of a merge was written first.

    What a call reads stands before it, the longest way from the input first.
    """
    length: list[int] = []
    for call in calls:
        length.append(1 + max((length[read] for read in call.reads if read >= 0), default=0))
    read = frozenset().union(*(call.reads for call in calls))
    order: list[int] = []
    placed: set[int] = set()
    for end in (at for at in range(len(calls)) if at not in read):
        waiting = [(end, False)]
        while waiting:
            at, ready = waiting.pop()
            if ready:
                order.append(at)
            elif at not in placed:
                placed.add(at)
                waiting.append((at, True))
                before = sorted((each for each in calls[at].reads if each >= 0), key=lambda each: (-length[each], each))
                waiting += [(each, False) for each in reversed(before)]
    return order


def _aligned(spec: Sequence[Call], model: Sequence[Call]) -> list[Pair]:
    ours, theirs = [_key(call) for call in spec], [_key(call) for call in model]
    head = _common(ours, theirs)
    tail = min(_common(ours[::-1], theirs[::-1]), len(ours) - head, len(theirs) - head)
    pairs = [Pair(at, at) for at in range(head)]
    pairs += _between(spec, model, ours, theirs, head, len(ours) - tail, len(theirs) - tail)
    pairs += [Pair(len(ours) - at, len(theirs) - at) for at in range(tail, 0, -1)]
    return _reordered(pairs, ours, theirs)


def _key(call: Call) -> Hashable:
    """Return what must be equal for two calls to be the same layer."""
    settings = tuple(sorted((name, value) for name, value in call.settings.items() if name != "ceil"))
    return call.kind, settings, tuple(sorted(each[1:] for each in call.stored)), squeezed(call.output)


def _common(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> int:
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        count += 1
    return count


def _between(
    spec: Sequence[Call],
    model: Sequence[Call],
    ours: Sequence[Hashable],
    theirs: Sequence[Hashable],
    start: int,
    stop: int,
    stop_model: int,
) -> list[Pair]:
    rows, columns = stop - start, stop_model - start
    if rows * columns <= _CELLS:
        return _cheapest(spec[start:stop], model[start:stop_model], ours[start:stop], theirs[start:stop_model], start)
    pairs: list[Pair] = []  # too many: what is equal first, the rest between it
    at, at_model = start, start
    matcher = SequenceMatcher(None, ours[start:stop], theirs[start:stop_model], autojunk=False)
    for first, second, size in matcher.get_matching_blocks():
        pairs += [Pair(each, None) for each in range(at, start + first)]
        pairs += [Pair(None, each) for each in range(at_model, start + second)]
        pairs += [Pair(start + first + each, start + second + each) for each in range(size)]
        at, at_model = start + first + size, start + second + size
    return pairs


def _cheapest(
    spec: Sequence[Call], model: Sequence[Call], ours: Sequence[Hashable], theirs: Sequence[Hashable], start: int
) -> list[Pair]:
    first_of = {key: at for at, key in reversed(list(enumerate(ours)))}
    first_of_theirs = {key: at for at, key in reversed(list(enumerate(theirs)))}

    @cache
    def cost(one: int, other: int) -> int:
        return _cost(spec[one], model[other])

    kinds, kinds_theirs = [first_of[key] for key in ours], [first_of_theirs[key] for key in theirs]
    leave, leave_theirs = [_leaving(call) for call in spec], [_leaving(call) for call in model]
    table = [[0]]
    for other in leave_theirs:
        table[0].append(table[0][-1] + other)
    for at, one in enumerate(kinds):
        above, row = table[-1], [table[-1][0] + leave[at]]
        path = spec[at].path
        for place, other in enumerate(kinds_theirs):
            pair = above[place] + cost(one, other) + (path != model[place].path)
            row.append(min(pair, above[place + 1] + leave[at], row[place] + leave_theirs[place]))
        table.append(row)
    pairs: list[Pair] = []
    at, place = len(spec), len(model)
    while at or place:
        if at and table[at][place] == table[at - 1][place] + leave[at - 1]:
            at -= 1
            pairs.append(Pair(start + at, None))
        elif place and table[at][place] == table[at][place - 1] + leave_theirs[place - 1]:
            place -= 1
            pairs.append(Pair(None, start + place))
        else:
            at, place = at - 1, place - 1
            pairs.append(Pair(start + at, start + place))
    return pairs[::-1]


def _leaving(call: Call) -> int:
    return _LEAVE if call.stored else _LEAVE_PLAIN


def _cost(one: Call, other: Call) -> int:
    """Return how unlike two calls are: 0 if they are the same, more than leaving both out if they cannot be."""
    if one.kind != other.kind:
        alike = any(one.kind in group and other.kind in group for group in _GROUPS)
        return 700 if alike and bool(one.stored) == bool(other.stored) else 3 * _LEAVE
    weights, weights_theirs = _shapes(one), _shapes(other)
    unlike = [
        (300 if weights[:1] != weights_theirs[:1] else 0) + (100 if weights[1:] != weights_theirs[1:] else 0),
        100
        * sum(
            one.settings.get(name) != other.settings.get(name) for name in {*one.settings, *other.settings} - {"ceil"}
        ),
        200 if squeezed(one.output) != squeezed(other.output) else 0,
    ]
    return min(sum(unlike), _LEAVE + _LEAVE_PLAIN)


def _shapes(call: Call) -> list[Any]:
    return [squeezed(each.shape) for each in call.stored]


def _reordered(pairs: list[Pair], ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> list[Pair]:
    """Pair what is left over on both sides and the same: branches may be computed in another order."""
    left: dict[Hashable, list[int]] = defaultdict(list)
    for pair in pairs:
        if pair.spec is None and pair.model is not None:
            left[theirs[pair.model]].append(pair.model)
    found: dict[int, int] = {}
    for pair in pairs:
        if pair.model is None and pair.spec is not None and left[ours[pair.spec]]:
            found[pair.spec] = left[ours[pair.spec]].pop(0)
    taken = set(found.values())
    return [
        Pair(pair.spec, found[pair.spec]) if pair.model is None and pair.spec in found else pair
        for pair in pairs
        if pair.spec is not None or pair.model not in taken
    ]
