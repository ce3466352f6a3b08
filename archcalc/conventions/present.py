"""A Count as a column of a table, with what must stand below it; and as plain data."""

from collections.abc import Iterator
from typing import Any

from archcalc.conventions.apply import Count
from archcalc.render.view import Counted, Lang
from archcalc.report import plain


def column(count: Count, lang: Lang = "en") -> Counted:
    """Return the column of a table that shows a count, with its notes in a language."""
    convention = count.convention
    return Counted(
        convention.name,
        count.values,
        not convention.is_stored,
        tuple(notes(count, lang)),
        document(count),
    )


def notes(count: Count, lang: Lang = "en") -> Iterator[str]:
    """Yield what a number must say about itself: whose it is, and what it leaves out."""
    zh = lang == "zh"
    convention = count.convention
    source = f"; {convention.source}" if convention.source else ""
    calls = f", --calls {count.calls.text}" if count.calls.text else ""
    yield f"{convention.name}{calls}: {convention.title}{source}."
    if count.zero:
        ops = ", ".join(count.zero)
        yield f"{convention.name}: 计为 0 的层: {ops}。" if zh else f"{convention.name}: counted as 0: {ops}."
    if count.unknown:
        ops = ", ".join(count.unknown)
        yield (
            f"{convention.name}: 没有规则、未计入: {ops}。"
            if zh
            else f"{convention.name}: not counted, no rule is known: {ops}."
        )
    if count.left:
        paths = ", ".join(count.left)
        yield (
            f"{convention.name}: 末端的 {paths} 归于损失函数，未计入。"
            if zh
            else f"{convention.name}: not counted, code leaves it to the loss: {paths}."
        )


def document(count: Count) -> dict[str, Any]:
    """Return a count as plain data, as `archcalc table --format json` has it in `counts`."""
    return {
        "convention": count.convention.name,
        "title": count.convention.title,
        "quantity": count.convention.quantity,
        "calls": count.calls.text or "modules",
        "total": plain(count.total),
        "terms": [{"text": term.text, "value": plain(term.value)} for term in count.terms],
        "counted_as_zero": list(count.zero),
        "not_counted": [*count.unknown, *count.left],
        "rows": {path: plain(value) for path, value in count.values.items()},
    }
