"""Rows of texts under headings → a table: which column names the layers, what the others mean, which rows are sums."""

import re
from collections.abc import Sequence
from typing import Final

from archcalc.homework.arithmetic import plain
from archcalc.homework.cell import is_blank, read_count, read_shape
from archcalc.homework.headings import JUDGED, meanings
from archcalc.homework.sheet import MOST_COLUMNS, MOST_LINES, Column, Line, SheetError, Table

_TOTAL: Final = re.compile(
    r"(?:(?:grand|sub)[- ]?)?(?:total|sum|summe|合计|总计|总和|overall|all layers)\b.*|.*\b(?:in total|altogether)",
    re.IGNORECASE,
)
_REPEAT: Final = re.compile(r"\s*(?:[x*×]\s*(\d{1,3})|\(\s*[x*×]\s*(\d{1,3})\s*\)|(?<![\dx*×])(\d{1,3})\s*[x×])\s*$")
# 3x3 at the end of a name is a size, and no layer three times
_SIZE: Final = re.compile(r"^\d+\s*[x×*]\s*\d+$|(?<!\d)(\d{1,3})\s*[x×*]\s*\1\s*$")
# a heading that says nothing: the column itself decides
ANY: Final = ("params", "output", "macs", "flops", "activations", "weights", "rf")


def table_of(headings: Sequence[str], body: Sequence[Sequence[str]], first: int = 1) -> Table:
    """Return the table; `first` is the number of its first row.

    >>> table = table_of(["Layer", "Output"], [["conv3-64 x 2", "224x224x64"], ["Total", ""]])
    >>> table.lines[0].name, table.lines[0].repeat, table.lines[1].is_total
    ('conv3-64', 2, True)
    """
    if len(body) > MOST_LINES or len(headings) > MOST_COLUMNS:
        raise SheetError(f"more than {MOST_LINES:,} rows or {MOST_COLUMNS} columns")
    if _is_sideways(headings, body):
        headings, body = _turned(headings, body)
    found = [meanings(heading) for heading in headings]
    texts = [[row[at] if at < len(row) else "" for row in body] for at in range(len(headings))]
    if ("name",) not in found and ("type",) not in found:
        _find_names(found, texts)
    named = [at for at, meaning in enumerate(found) if meaning == ("name",)]
    typed = [at for at, meaning in enumerate(found) if meaning == ("type",)]
    known = any(set(meaning) & set(JUDGED) for meaning in found)
    for at, meaning in enumerate(found):
        if not meaning and not known and _is_numeric(texts[at]):
            found[at] = ANY
        elif meaning[:1] == ("input",) and not _is_shaped(texts[at]):
            found[at] = ("connected",)
    columns = tuple(Column(plain(h), m) for h, m in zip(headings, found, strict=True))
    lines = []
    for number, row in enumerate(body, first):
        name = next((_text(row, at) for at in named if _text(row, at)), "")
        type_ = next((_text(row, at) for at in typed if _text(row, at)), "")
        name, type_ = _split_name(name, type_)
        label = name or type_
        if not label and all(
            is_blank(text) for text, meaning in zip(row, found, strict=False) if set(meaning) & set(JUDGED)
        ):
            continue  # a further input of the row above
        repeated = _REPEAT.search(name) if not _SIZE.search(name) else None
        repeat = next((int(times) for times in repeated.groups() if times), 1) if repeated else 1
        if repeated and repeat > 1 and name[: repeated.start()].strip(" -,;:"):
            name = name[: repeated.start()].strip(" ,;:")
        else:
            repeat = 1
        lines.append(Line(number, name, type_, tuple(row), bool(_TOTAL.fullmatch(label)), repeat))
    return Table(columns, tuple(lines))


def is_total(name: str) -> bool:
    """Tell whether a row of this name is a sum."""
    return bool(_TOTAL.fullmatch(name.strip()))


def has_meaning(headings: Sequence[str]) -> bool:
    """Tell whether a row of texts reads as headings."""
    return sum(bool(meanings(heading)) for heading in headings) >= 1


def _text(row: Sequence[str], at: int) -> str:
    return plain(row[at]).strip() if at < len(row) else ""


def _split_name(name: str, type_: str) -> tuple[str, str]:
    """Return `conv2d_24 (Conv2D)` as name and type."""
    match = re.fullmatch(r"([\w./-]+)\s*\(([A-Za-z]\w*)\)?", name)
    return (match[1], match[2]) if match and not type_ else (name, type_)


def _is_numeric(texts: Sequence[str]) -> bool:
    filled = [text for text in texts if not is_blank(text)]
    read = [text for text in filled if read_count(text).problem is None or read_shape(text).dims]
    return bool(filled) and 2 * len(read) >= len(filled)


def _is_shaped(texts: Sequence[str]) -> bool:
    filled = [text for text in texts if not is_blank(text)]
    return not filled or 2 * sum(read_shape(text).dims is not None for text in filled) >= len(filled)


def _find_names(found: list[tuple[str, ...]], texts: Sequence[Sequence[str]]) -> None:
    for at, meaning in enumerate(found):
        if not (set(meaning) & set(JUDGED)) and meaning != ("skip",) and not _is_numeric(texts[at]):
            found[at] = ("name",)
            return
    if found and len(found) > 1 and not found[0]:
        found[0] = ("name",)


def _is_sideways(headings: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Tell whether layers stand side by side and quantities below each other."""
    down = [meanings(row[0]) if row else () for row in body]
    return (
        len(body) > 0
        and all(meaning and meaning[0] in JUDGED for meaning in down)
        and not any(set(meanings(heading)) & set(JUDGED) for heading in headings[1:])
    )


def _turned(headings: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    turned = [[headings[at], *(row[at] if at < len(row) else "" for row in body)] for at in range(1, len(headings))]
    return ["layer", *(row[0] for row in body)], turned
