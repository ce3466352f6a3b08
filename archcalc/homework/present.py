"""A result for people and for programs: a table of findings, and JSON in a fixed form."""

from collections import Counter
from types import MappingProxyType
from typing import Any, Final

from archcalc.homework.judge import Result
from archcalc.homework.verdict import VERDICTS, Judged, Verdict, plain_value, shown
from archcalc.render import write
from archcalc.render.view import Cell, Column, Look, Section, Table

_HEADINGS: Final = MappingProxyType({
    "en": ("Row", "Layer", "Column", "Given", "Verdict", "Expected", "Why"),
    "zh": ("行", "层", "列", "所给", "判定", "应为", "原因"),
})  # fmt: skip
_VERDICTS_ZH: Final = MappingProxyType({
    "right": "正确", "right-under": "按约定正确", "follow-on": "后续错误", "wrong": "错误", "undecided": "无法判定",
    "unanswered": "未答", "unreadable": "无法读取",
})  # fmt: skip


def verdict_name(verdict: Verdict, lang: str = "en") -> str:
    """Return how a verdict is called.

    >>> verdict_name("follow-on", "zh")
    '后续错误'
    """
    return _VERDICTS_ZH[verdict] if lang == "zh" else verdict


def counts(result: Result) -> dict[Verdict, int]:
    """Return how many cells have each verdict."""
    found = Counter(cell.verdict for cell in result.cells)
    return {verdict: found[verdict] for verdict in VERDICTS}


def as_document(result: Result, lang: str = "en") -> dict[str, Any]:
    """Return a result as plain data, format 1 (docs/reference/check.schema.json)."""
    return {
        "schema": 1,
        "target": result.target,
        "counts": counts(result),
        "cells": [_cell(cell, lang) for cell in result.cells],
    }


def _cell(cell: Judged, lang: str) -> dict[str, Any]:
    return {
        "row": cell.row,
        "layer": cell.layer,
        "column": cell.column,
        "given": cell.given,
        "value": plain_value(cell.value),
        "verdict": cell.verdict,
        "convention": cell.convention,
        "expected": plain_value(cell.expected),
        "derivation": cell.derivation,
        "mistakes": [
            {"id": each.id, "text": each.text(lang), "value": plain_value(each.value)} for each in cell.mistakes
        ],
    }


def as_table(
    result: Result, format: str, *, lang: str = "en", everything: bool = False, ascii: bool = False, width: int = 100
) -> str:
    """Return the findings as a table, or every cell of the answer."""
    cells = [cell for cell in result.cells if everything or cell.verdict not in ("right", "unanswered")]
    headings = _HEADINGS["zh" if lang == "zh" and not ascii else "en"]
    columns = tuple(
        Column(key, heading, "left", flows=" " if key in ("given", "why") else "")
        for key, heading in zip(
            ("row", "layer", "column", "given", "verdict", "expected", "why"), headings, strict=True
        )
    )
    rows = tuple(_line(cell, lang) for cell in cells)
    notes = (summary(result, lang), *result.remarks)
    table = Table(result.target or "", columns, (Section(rows),) if rows else (), notes)
    if not rows and format in ("terminal", "markdown"):
        return "\n".join(notes)
    text = write(table, format, Look(ascii=ascii, lang="zh" if lang == "zh" else "en", width=width))
    return text.lstrip("\n")


def summary(result: Result, lang: str = "en") -> str:
    """Return one line: how many cells, and how they are."""
    found = counts(result)
    parts = [f"{many} {verdict_name(name, lang)}" for name, many in found.items() if many]
    number = len(result.cells)
    cells = f"{number} 个单元格" if lang == "zh" else f"{number} cell{'s' if number != 1 else ''}"
    return f"{cells}: {', '.join(parts)}" if parts else cells


def why(cell: Judged, lang: str = "en") -> str:
    """Return the reason of a verdict in words: the convention, the mistakes with their numbers, the derivation."""
    if cell.convention:
        return cell.convention
    parts = [each.text(lang) for each in cell.mistakes]
    if cell.derivation and cell.verdict in ("wrong", "follow-on"):
        parts.append(f"{'正确' if lang == 'zh' else 'right'}: {cell.derivation}")
    elif cell.derivation:
        parts.append(cell.derivation)
    return "; ".join(parts)


def _line(cell: Judged, lang: str) -> tuple[Cell, ...]:
    expected = "" if cell.expected is None or cell.verdict in ("undecided", "unreadable") else shown(cell.expected)
    texts = (
        str(cell.row) if cell.row else "",
        cell.name or cell.layer or "",
        cell.column,
        cell.given,
        verdict_name(cell.verdict, lang),
        expected,
    )
    return (*map(Cell, texts), Cell(why(cell, lang)))
