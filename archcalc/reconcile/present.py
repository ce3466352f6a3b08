"""Answer → text or JSON (docs/reference/reconcile.schema.json)."""

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from archcalc.conventions.apply import Term
from archcalc.layers.base import show
from archcalc.reconcile.search import Answer, Match
from archcalc.render.text import number, plain_ascii
from archcalc.report import plain

_FITS: Final = MappingProxyType({"exact": "exactly", "rounded": "rounded", "truncated": "cut off, not rounded"})


def text(answer: Answer, most: int = 10, *, ascii: bool = False) -> str:
    """Return an answer as people read it: each way with its sum written out, at most so many."""
    lines = [f"{answer.target}: {answer.number.text}"]
    groups = list(_groups(answer.matches))
    for at, group in enumerate(groups[:most], 1):
        lines += ["", *_match(at, group)]
    if len(groups) > most:
        more = len(groups) - most
        lines += ["", f"{more} more way{'s' if more > 1 else ''}, less likely; --most {len(groups)} shows all."]
    if not groups:
        lines += ["", "Nothing that archcalc knows gives this number. The nearest totals of the network itself:"]
        lines += [f"  {_total(match)}  {match.name}, {_percent(match, answer)}" for match in answer.nearest]
    made = "\n".join(lines)
    return plain_ascii(made) if ascii else made


def as_json(answer: Answer, most: int | None = None) -> str:
    """Return an answer as JSON, output format 1."""
    matches = answer.matches if most is None else answer.matches[:most]
    return json.dumps(
        {
            "schema": 1,
            "target": answer.target,
            "number": answer.number.text,
            "matches": [_document(match) for match in matches],
        },
        ensure_ascii=False,
        indent=2,
    )


def _document(match: Match) -> dict[str, Any]:
    return {
        "convention": match.name,
        "quantity": match.convention.quantity,
        "target": match.report.target,
        "input": plain(match.input),
        "total": plain(match.total),
        "exact": match.fit == "exact",
        "terms": [{"text": term.text, "value": plain(term.value)} for term in match.terms],
    }


def _groups(matches: tuple[Match, ...]) -> Iterator[list[Match]]:
    """Yield matches that come to the same total on the same network together, the likeliest first."""
    order: dict[Any, int] = {}
    for match in matches:
        order.setdefault(_place(match), len(order))
    together = sorted(matches, key=lambda match: order[_place(match)])
    yield from (list(group) for _, group in groupby(together, key=_place))


def _place(match: Match) -> Any:
    return match.report.target, tuple(match.input.items()), match.total


def _match(at: int, group: list[Match]) -> Iterator[str]:
    match = group[0]
    sizes = ", ".join(show(shape) for shape in match.input.values())
    unit = "; K, M, G as powers of 1024" if match.unit else ""
    yield f"{at}. {match.name}: {match.convention.title}, {match.report.target} at {sizes}"
    yield f"   {_total(match)}, {_FITS[match.fit]}{unit}"
    values = [_value(term) for term in match.terms]
    width = max(map(len, values))
    for first, term, value in zip([True, *[False] * len(values)], match.terms, values, strict=False):
        sign = "=" if first else "−" if _negative(term) else "+"
        said = term.text.removeprefix(f"{value} ")
        yield f"   {sign} {value:>{width}}  {said}"
    others = dict.fromkeys(other.name for other in group[1:] if other.name != match.name)
    if others:
        yield f"   also {', '.join(others)}"


def _total(match: Match) -> str:
    return _number(match.total)


def _value(term: Term) -> str:
    value: Any = term.value
    return _number(-value if _negative(term) else value)


def _negative(term: Term) -> bool:
    return isinstance(term.value, (int, Fraction)) and term.value < 0


def _number(value: Any) -> str:
    return f"{float(value):,g}" if isinstance(value, Fraction) else number(value)


def _percent(match: Match, answer: Answer) -> str:
    off = float((match.total - answer.number.value) / answer.number.value * 100)
    return f"{off:+.2f} %"
