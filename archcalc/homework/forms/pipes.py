"""Pipe tables: Markdown with or without outer pipes, reStructuredText-like grids and boxes."""

import re
from typing import Final

from archcalc.homework.grid import has_meaning, table_of
from archcalc.homework.sheet import Table

_RULE: Final = re.compile(r"\s*[|+]?\s*[:=+|\s-]*-[-:=+|\s]*\s*")
_SPLIT: Final = re.compile(r"(?<!\\)\|")


def read_pipes(text: str) -> tuple[Table, ...]:
    """Return the tables between pipes; a table ends where a line has none."""
    tables: list[Table] = []
    block: list[str] = []
    number = 1
    for line in [*text.split("\n"), ""]:
        if "|" in line or (block and _RULE.fullmatch(line) and "-" in line):
            block.append(line)
            continue
        table = _table(block, number)
        if table is not None:
            tables.append(table)
            number += len(table.lines)
        block = []
    return tuple(tables)


def cells(line: str) -> list[str]:
    r"""Return the cells of one line.

    >>> cells(r"| conv1 | a\|b | |")
    ['conv1', 'a|b', '']
    """
    inner = line.strip()
    inner = inner[1:] if inner.startswith("|") else inner
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().replace("\\|", "|") for cell in _SPLIT.split(inner)]


def _table(block: list[str], number: int) -> Table | None:
    rows = [cells(line) for line in block if "|" in line and not _RULE.fullmatch(line)]
    ruled = any(_RULE.fullmatch(line) and "-" in line for line in block)
    is_code = not ruled and any(re.search(r"#\s*\d|//\s*\d", row[0]) for row in rows)  # a comment with bars in it
    if len(rows) < 2 or is_code or not (ruled or has_meaning(rows[0])) or max(map(len, rows)) < 2:
        return None
    width = max(len(row) for row in rows)
    headings = rows[0] + [""] * (width - len(rows[0]))
    return table_of(headings, rows[1:], number)
