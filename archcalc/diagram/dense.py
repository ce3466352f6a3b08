"""Dense concatenation → a chain: a join that repeats an earlier one reads that join instead of all its parts.

DenseNet-201 as torch wires it has 2,112 edges and no layout engine ends with them; as a chain it has 407.
"""

from collections.abc import Sequence
from typing import Final

from archcalc.report import Node

_TRIES: Final = 8  # a spec is untrusted, and may have thousands of joins


def as_chain(rows: Sequence[Node], inputs: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the rows that each row reads, with the inputs of an earlier `concat` replaced by that `concat`.

    Args:
        rows: the layers in order of execution.
        inputs: for each row, the rows it reads; negative for a network input.
    """
    by_first: dict[int, list[int]] = {}
    by_last: dict[int, list[int]] = {}
    found = []
    for at, (row, read) in enumerate(zip(rows, inputs, strict=True)):
        if row.op != "concat" or not read:
            found.append(list(read))
            continue
        found.append(_shorter(read, inputs, by_first.get(read[0], []), by_last.get(read[-1], [])))
        by_first.setdefault(read[0], []).append(at)
        by_last.setdefault(read[-1], []).append(at)
    return found


def _shorter(
    whole: Sequence[int], inputs: Sequence[Sequence[int]], before: Sequence[int], after: Sequence[int]
) -> list[int]:
    """Return the inputs of a join; of the joins with the same beginning or end, the latest are the longest."""
    for joins, leads in ((before, True), (after, False)):
        for join in reversed(joins[-_TRIES:]):
            part = inputs[join]
            size = len(part)
            if 1 < size < len(whole) and part == (whole[:size] if leads else whole[-size:]):
                return [join, *whole[size:]] if leads else [*whole[:-size], join]
    return list(whole)
