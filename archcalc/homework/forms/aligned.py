"""Tables for a terminal: columns apart by blanks, a rule of dashes below the headings."""

import re
from collections.abc import Sequence
from typing import Final

from archcalc.homework.grid import has_meaning, table_of
from archcalc.homework.sheet import Table

_RULE: Final = re.compile(r"\s*[─━=\-]{8,}[─━=\-\s]*")


def read_aligned(text: str) -> tuple[Table, ...]:
    r"""Return the table between rules, or () if there is none.

    >>> text = "Layer  Output     Parameters\n----------------------------\nconv1  96x55x55       34,944\n"
    >>> read_aligned(text)[0].lines[0].cells
    ('conv1', '96x55x55', '34,944')
    """
    lines = text.split("\n")
    rules = [at for at, line in enumerate(lines) if _RULE.fullmatch(line)]
    head = next((at for at in rules if at and has_meaning(re.split(r"\s{2,}", lines[at - 1].strip()))), None)
    if head is None:
        return ()
    body: list[str] = []
    for at, line in enumerate(lines[head + 1 :], head + 1):
        if at in rules:
            continue
        if not line.strip():
            break
        body.append(line)
    block = [lines[head - 1], *body]
    starts = _columns(block)
    if len(starts) < 2 or not body:
        return ()
    rows = [_cut(line, starts) for line in block]
    return (table_of(rows[0], rows[1:]),)


def _columns(block: Sequence[str]) -> list[int]:
    """Return where columns start: after two blanks that all lines share."""
    width = max(map(len, block))
    empty = [all(at >= len(line) or line[at] == " " for line in block) for at in range(width)]
    return [at for at in range(width) if not empty[at] and (at == 0 or (empty[at - 1] and (at < 2 or empty[at - 2])))]


def _cut(line: str, starts: Sequence[int]) -> list[str]:
    return [line[start:end].strip() for start, end in zip(starts, [*starts[1:], len(line)], strict=True)]
