"""Answer → text, Markdown or JSON."""

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from archcalc.conventions.catalogue import CONVENTIONS
from archcalc.errors import ArchcalcError
from archcalc.explain import explain
from archcalc.layers.base import show
from archcalc.render import write
from archcalc.render.text import number
from archcalc.render.view import Cell, Column, Lang, Line, Look, Section, Table
from archcalc.report import plain
from archcalc.solve.near import fits, unmet
from archcalc.solve.network import Facts, Refused, Rest, Unknown
from archcalc.solve.question import FAR
from archcalc.solve.search import Answer, Searched
from archcalc.solve.wanted import QUANTITIES
from archcalc.solve.words import say

FORMATS: Final = ("text", "markdown", "json")
_LINES: Final = (("H", "row"), ("W", "column"), ("D", "slice"), ("T", "step"))


def text(answer: Answer, format: str = "text", *, lang: str = "en", ascii: bool = False) -> str:
    """Return an answer as people read it.

    Args:
        answer: what was found.
        format: text or markdown.
        lang: en or zh.
        ascii: no other characters than ASCII.
    """
    lang = "en" if ascii else lang
    unknowns = answer.question.unknowns
    extra = _extra(answer)
    columns = [Column(unknown.label, unknown.label) for unknown in unknowns]
    columns += [
        Column(key, key, "right")
        if key in CONVENTIONS and key not in QUANTITIES
        else Column(key, say(key, lang), "right" if key in QUANTITIES else "left")
        for key in extra
    ]
    columns.append(Column("remark", say("remark", lang), flows=" "))

    def lines(runs: Iterable[Facts | Refused]) -> tuple[Line, ...]:
        return tuple(_line(run, answer, extra, lang, ascii=ascii) for run in runs)

    sections = [Section(lines(answer.solutions))] if answer.solutions else []
    if answer.others:
        good = any(fits(run, answer.wanted) for run in answer.others)
        heading = "" if not answer.solutions else say("compared" if good else "beside", lang)
        sections.append(Section(lines(answer.others), title=heading))
    table = Table(_title(answer, lang), tuple(columns), tuple(sections), tuple(_notes(answer, lang)))
    if not any(row[-1].text for section in sections for row in section.rows):
        table = table._replace(
            columns=table.columns[:-1],
            sections=tuple(section._replace(rows=tuple(row[:-1] for row in section.rows)) for section in sections),
        )
    if not sections:
        return "\n\n".join([table.title, "\n".join(table.notes)])
    return write(table, "terminal" if format == "text" else format, Look(ascii=ascii, lang=_look(lang)))


def _look(lang: str) -> Lang:
    return "zh" if lang == "zh" else "en"


def _title(answer: Answer, lang: str) -> str:
    wanted = ", ".join(answer.wanted.texts)
    network = answer.question.network
    if network.chain:
        chain, _, size = network.text.rpartition(" on ")
        return say("title", lang, say("on", lang, chain, size), wanted)
    names = ", ".join(unknown.label for unknown in answer.question.unknowns)
    return say("title_for", lang, network.text, names, wanted)


def _extra(answer: Answer) -> list[str]:
    """Return the columns beside the unknowns and the remark."""
    real = _real(answer)
    changing = not answer.question.network.chain and len({run.input for run in real}) > 1
    quantities = dict.fromkeys(condition.quantity for condition in answer.wanted.counts)
    derived = ["derivation"] if _derived(answer) else []
    return [*(["input"] if changing else []), "output", *quantities, *derived]


def _line(run: Facts | Refused, answer: Answer, extra: Sequence[str], lang: str, *, ascii: bool) -> Line:
    cells = [Cell(_value(unknown, at, run)) for at, unknown in enumerate(answer.question.unknowns)]
    if isinstance(run, Refused):
        return (*cells, *(Cell("") for _ in extra), Cell(run.reason))
    cells += [_cell(run, key, answer, ascii=ascii) for key in extra]
    return (*cells, Cell("; ".join(_remarks(run, answer, lang))))


def _cell(run: Facts, key: str, answer: Answer, *, ascii: bool) -> Cell:
    if key in ("input", "output"):
        return Cell(show(getattr(run, key)))
    if key == "derivation":
        return Cell(_derivation(run, _derived(answer), ascii=ascii))
    value = run.measure(key)
    return Cell("" if value is None else number(value, ascii=ascii), value)


def _value(unknown: Unknown, at: int, run: Facts | Refused) -> str:
    if unknown.kind == "input" and isinstance(run, Facts):
        return show(run.input)
    return sized(run.values[at])


def sized(value: Any) -> str:
    """Return a value as a spec writes it: a fraction as a decimal, a list in parentheses.

    >>> sized((1, 2)), sized(Fraction(3, 4)), sized(True)
    ('(1,2)', '0.75', 'yes')
    """
    if isinstance(value, tuple):
        return "(" + ",".join(map(sized, value)) + ")"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return f"{value.numerator / value.denominator:.10g}"
    return "none" if value is None else str(value)


def _remarks(run: Facts, answer: Answer, lang: str) -> Iterable[str]:
    failed = unmet(run, answer.wanted)
    for condition, value in failed:
        name = condition.quantity if not condition.quantity.startswith("output.") else ""
        if value is None:
            yield say("has_no", lang, condition.quantity)
        elif name:
            much = condition.high is not None and value > condition.high
            yield say("too_many" if much else "too_few", lang, name, f"{value:,}")
    if not failed and answer.goal != "all":
        best = answer.solutions and run is answer.solutions[0]
        yield say(("best" if answer.goal == "largest" else "least") if best else "fits", lang)
    if answer.question.network.chain and answer.wanted.form and not failed:
        yield from _rests(run, lang)


def _rests(run: Facts, lang: str) -> Iterable[str]:
    unread = [rest for rest in run.rests if rest.lines > 0]
    over = [rest for rest in run.rests if rest.lines < 0]
    several = len({rest.path for rest in run.rests}) > 1
    for key, rests in (("unread", unread), ("over", over)):
        for path in dict.fromkeys(rest.path for rest in rests):
            lines = say("and", lang).join(_lines(rest, lang) for rest in rests if rest.path == path)
            yield (f"{path}: " if several else "") + say(key, lang, lines)
    if not run.rests:
        yield say("exact", lang)
    if run.only_padding:
        yield say("padding", lang)


def _lines(rest: Rest, lang: str) -> str:
    word = dict(_LINES)[rest.axis]
    count = abs(rest.lines)
    return say(word if count == 1 else f"{word}s", lang, count)


def _derived(answer: Answer) -> str:
    """Return the quantity to derive: that of a chain of one layer, if one is wanted."""
    if not answer.question.network.chain or any(len(facts.report.rows) != 1 for facts in _real(answer)):
        return ""
    if answer.wanted.form:
        return "output"
    return next((c.quantity for c in answer.wanted.counts if c.quantity in ("params", "macs")), "")


def _real(answer: Answer) -> list[Facts]:
    return [run for run in (*answer.solutions, *answer.others) if isinstance(run, Facts)]


def _derivation(run: Facts, quantity: str, *, ascii: bool) -> str:
    try:
        derived = explain(run.report.rows[0], quantity, "ascii" if ascii else "math")
    except ArchcalcError:
        return ""
    return f"{derived.values} = {derived.value:,}"


# ── What was searched, and why nothing was found ──


def _notes(answer: Answer, lang: str) -> list[str]:
    notes = []
    if answer.reason:
        notes.append(say("none", lang, _why(answer, lang)))
    hidden = answer.count - len(answer.solutions)
    if answer.goal == "all" and hidden > 0:
        notes.append(say("more", lang, f"{hidden:,}"))
    for at, unknown in enumerate(answer.question.unknowns):
        uneven = [facts for facts in answer.solutions if isinstance(facts.values[at], tuple)]
        if unknown.kind == "pad" and any(facts.values[at] in unknown.values for facts in uneven):
            notes.append(say("sides", lang))
    if any(condition.quantity == "memory" for condition in answer.wanted.counts):
        notes.append(say("memory_note", lang))
    for proved in (False, True):
        said = [_searched(each, lang) for each in answer.searched if each.proved is proved]
        if said:
            notes.append(say("proved" if proved else "tried", lang, ", ".join(said)))
    return notes


def _why(answer: Answer, lang: str) -> str:
    why = answer.reason
    assert why is not None
    sentence = say(why.key, lang, why.condition, _grouped(why.detail)) if why.key != "refused" else ""
    if why.key == "refused":
        sentence = say("refused", lang, why.detail)
    elif why.key == "never" and why.detail:
        sentence = say("never_of", lang, why.condition, _grouped(why.detail))
    if why.key in ("rank", "constant", "never") and (form := answer.wanted.form) and None not in form.sizes:
        *rest, last = form.sizes
        turned = (last, *rest)
        if len(turned) > 2 and any(run.output[0] == last for run in _real(answer)):
            sentence += "; " + say("first", lang, show(tuple(size or 0 for size in turned)))
    return sentence


def _grouped(detail: str) -> str:
    return " … ".join(f"{int(part):,}" if part.isdecimal() else part for part in detail.split(" … "))


def _searched(each: Searched, lang: str) -> str:
    values = each.values
    if isinstance(values, range) and values[-1] >= FAR // 2:
        return say("up", lang, each.label, f"{values[0]:,}")
    if isinstance(values, range):
        step = say("steps_of", lang, values.step) if values.step > 1 else ""
        return f"{each.label} {values[0]:,} … {values[-1]:,}{step}"
    words = [sized(value) for value in values]
    if each.label.startswith("pad"):
        numbers = [value for value in values if isinstance(value, int)]
        return f"{each.label} {numbers[0]} … {numbers[-1]}"
    if len(words) <= 12:
        return f"{each.label} {', '.join(words)}"
    if all(isinstance(value, (int, Fraction)) for value in values):
        return f"{each.label} {words[0]} … {words[-1]}" + say("steps_of", lang, sized(values[1] - values[0]))
    return f"{each.label} {words[0]} … {words[-1]}"


# ── JSON ──


def document(answer: Answer) -> dict[str, Any]:
    """Return an answer as plain data (docs/reference/solve.schema.json)."""
    why = answer.reason
    return {
        "schema": 1,
        "question": answer.question.network.text,
        "unknowns": [unknown.label for unknown in answer.question.unknowns],
        "wanted": list(answer.wanted.texts),
        "goal": answer.goal,
        "searched": [_searched_document(each) for each in answer.searched],
        "count": answer.count,
        "solutions": [_run_document(run, answer) for run in answer.solutions],
        "others": [_run_document(run, answer) for run in answer.others],
        "reason": None if why is None else _why(answer, "en"),
    }


def as_json(answer: Answer) -> str:
    """Return an answer as JSON text."""
    return json.dumps(document(answer), ensure_ascii=False, indent=2)


def _searched_document(each: Searched) -> dict[str, Any]:
    values = each.values
    whole = isinstance(values, range)
    return {
        "unknown": each.label,
        "first": _plain(values[0]) if values else None,
        "last": _plain(values[-1]) if values else None,
        "step": values.step if isinstance(values, range) else None,
        "values": None if whole or len(values) > 200 else [_plain(value) for value in values],
        "method": "bisection" if each.proved else "trial",
    }


def _run_document(run: Facts | Refused, answer: Answer) -> dict[str, Any]:
    unknowns = answer.question.unknowns
    held: dict[str, Any] = {
        "values": {unknown.label: _plain(value) for unknown, value in zip(unknowns, run.values, strict=True)},
        "fits": fits(run, answer.wanted),
    }
    if isinstance(run, Refused):
        return {**held, "refused": run.reason}
    totals = run.report.totals
    return {
        **held,
        "input": plain(run.input),
        "output": plain(run.output),
        "params": plain(totals.params),
        "macs": plain(totals.macs),
        "wanted": {c.quantity: plain(run.measure(c.quantity)) for c in answer.wanted.counts},
        "unread": [{"layer": rest.path, "axis": rest.axis, "lines": plain(rest.lines)} for rest in run.rests],
        "padding_only": run.only_padding,
    }


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else plain(value)
