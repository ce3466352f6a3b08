"""Which rows of two networks belong together.

Rows of the same name and type are anchors. Between two anchors, equal rows are found as `diff` finds equal lines;
what is left is paired by type, in order. Whatever has no partner stands alone.
"""

from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from archcalc.report import Node

_MOST_CELLS: Final = 250_000  # of a table of all pairs; beyond, rows are paired greedily


class Pair(NamedTuple):
    """A row of the first network and its partner in the second; None where one has no partner."""

    a: Node | None
    b: Node | None


def align(a: Sequence[Node], b: Sequence[Node]) -> list[Pair]:
    """Return every row of both networks once, in order of execution.

    >>> from archcalc.api import analyze
    >>> pairs = align(analyze("vgg/16").rows, analyze("vgg/19").rows)
    >>> [pair.b.path for pair in pairs if pair.a is None]
    ['conv3_4.conv', 'conv3_4.relu', 'conv4_4.conv', 'conv4_4.relu', 'conv5_4.conv', 'conv5_4.relu']
    """
    pairs: list[Pair] = []
    start_a = start_b = 0
    for at_a, at_b in [*_anchors(a, b), (len(a), len(b))]:
        pairs += _gap(a[start_a:at_a], b[start_b:at_b])
        if at_a < len(a):
            pairs.append(Pair(a[at_a], b[at_b]))
        start_a, start_b = at_a + 1, at_b + 1
    return pairs


def _anchors(a: Sequence[Node], b: Sequence[Node]) -> list[tuple[int, int]]:
    """Return positions of rows with the same name and type, as many as keep their order."""
    places = {(row.path, row.op): at for at, row in enumerate(b)}
    found = [(at, places[row.path, row.op]) for at, row in enumerate(a) if (row.path, row.op) in places]
    return _increasing(found)


def _increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest part of the pairs whose second numbers grow, too."""
    from bisect import bisect_left

    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        length = bisect_left(tails, place)
        before.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(place)
            ends.append(at)
        else:
            tails[length], ends[length] = place, at
    chain: list[tuple[int, int]] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _gap(a: Sequence[Node], b: Sequence[Node]) -> Iterator[Pair]:
    """Pair what stands between two anchors."""
    if not a or not b:
        yield from (Pair(row, None) for row in a)
        yield from (Pair(None, row) for row in b)
        return
    matcher = SequenceMatcher(None, [_signature(row) for row in a], [_signature(row) for row in b], autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            yield from (Pair(x, y) for x, y in zip(a[a1:a2], b[b1:b2], strict=True))
        else:
            yield from _similar(a[a1:a2], b[b1:b2])


def _signature(row: Node) -> Hashable:
    return row.op, tuple((name, str(value)) for name, value in row.settings.items()), row.input, row.output


def _similar(a: Sequence[Node], b: Sequence[Node]) -> Iterator[Pair]:
    """Pair rows of one type in order, those with most in common; only rows of the same type are partners."""
    if len(a) * len(b) > _MOST_CELLS:
        yield from _greedy(a, b)
        return
    # best[i][j]: what a[i:] and b[j:] have in common at most
    best = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + _likeness(a[i], b[j]))
    i = j = 0
    while i < len(a) and j < len(b):
        likeness = _likeness(a[i], b[j])
        if likeness and best[i][j] == best[i + 1][j + 1] + likeness:
            yield Pair(a[i], b[j])
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield Pair(a[i], None)
            i += 1
        else:
            yield Pair(None, b[j])
            j += 1
    yield from (Pair(row, None) for row in a[i:])
    yield from (Pair(None, row) for row in b[j:])


def _likeness(a: Node, b: Node) -> int:
    """Return 0 for rows that are no partners, else how much they have in common."""
    if a.op != b.op:
        return 0
    same = sum(str(value) == str(b.settings.get(name)) for name, value in a.settings.items())
    return 4 + same + 2 * (a.output == b.output) + (a.path.rpartition(".")[2] == b.path.rpartition(".")[2])


def _greedy(a: Sequence[Node], b: Sequence[Node]) -> Iterator[Pair]:
    at = 0
    for row in a:
        found = next((k for k in range(at, min(len(b), at + 50)) if b[k].op == row.op), None)
        if found is None:
            yield Pair(row, None)
            continue
        yield from (Pair(None, held) for held in b[at:found])
        yield Pair(row, b[found])
        at = found + 1
    yield from (Pair(None, held) for held in b[at:])
