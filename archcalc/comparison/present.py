"""A comparison as text in every format, and as plain data (docs/reference/compare.schema.json)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from archcalc.comparison.align import Pair, align
from archcalc.comparison.differ import Difference, differences
from archcalc.comparison.totals import FIGURES
from archcalc.conventions.apply import count
from archcalc.conventions.convention import Convention
from archcalc.render import write
from archcalc.render.text import number, percent
from archcalc.render.view import Cell, Column, Lang, Line, Look, Section, Table
from archcalc.report import Report, plain

_NAMED: Final = 3  # layers that a line names
_WORDS: Final = MappingProxyType(
    {
        "title": ("{targets}", "{targets}"),
        "parting": ("Where they part", "不同之处"),
        "figure": ("", ""),
        "formula": ("see below", "见下"),
        "difference": ("Difference", "差"),
        "percent": ("%", "%"),
        "layers": ("Layers", "层"),
        "what": ("What", "不同"),
        "params": ("Parameters", "参数量"),
        "trainable": ("trainable", "可训练"),
        "buffers": ("Buffers", "缓冲量"),
        "macs": ("MACs", "乘加"),
        "activations": ("Activations", "激活量"),
        "memory": ("Memory, bytes", "内存, 字节"),
        "depth": ("Depth", "深度"),
        "count": ("Layers", "层数"),
        "rf": ("Receptive field", "感受野"),
        "output": ("Output", "输出"),
        "first": ("only in {first}", "仅 {first} 有"),
        "second": ("only in {second}", "仅 {second} 有"),
        "size": ("the same layer on another size", "同样的层, 尺寸不同"),
        "summary": ("{second} against {first}: {parts}.", "{second} 与 {first} 相比: {parts}。"),
        "comma": (", ", ", "),
        "of_params": ("parameters", "参数"),
        "of_macs": ("multiply-adds", "乘加"),
        "greater": ("{share} % more {what}", "{what}多 {share} %"),
        "fewer": ("{share} % fewer {what}", "{what}少 {share} %"),
        "as_many_params": ("as many parameters", "参数一样多"),
        "as_many_macs": ("as many multiply-adds", "乘加一样多"),
        "same_field": ("the same receptive field", "感受野相同"),
        "other_field": ("a receptive field of {second} for {first}", "感受野由 {first} 变为 {second}"),
        "undecided": ("{what}: not decided for free sizes.", "{what}: 尺寸未定时无法确定。"),
        "same": ("The networks are equal, layer by layer.", "两个网络逐层相同。"),
        "more": ("and {count} more", "等 {count} 个"),
        "depth_note": (
            "Depth: layers with weights on the longest path. Memory: weights and live values at inference, float32.",
            "深度: 最长路径上带权重的层数。内存: 推理时的权重与存活值, float32。",
        ),
        "rf_note": (
            "Receptive field: the largest that still is a part of the input.",
            "感受野: 尚为输入一部分的最大者。",
        ),
    }
)


class Comparison(NamedTuple):
    """Reports side by side; of two, also where they part.

    figures: name of a figure, or of a convention → its value for each network; None where it has none.
    """

    reports: tuple[Report, ...]
    figures: Mapping[str, tuple[Any, ...]]
    pairs: tuple[Pair, ...]
    differences: tuple[Difference, ...]


def compare(reports: Sequence[Report], conventions: Sequence[Convention] = ()) -> Comparison:
    """Return reports side by side, and the differences of two of them; heads for training are no part of either."""
    figures = {name: tuple(read(report) for report in reports) for name, read in FIGURES.items()}
    for convention in conventions:
        figures[convention.name] = tuple(count(report, convention).total for report in reports)
    rows = [[row for row in report.rows if row.mode == "both"] for report in reports]
    pairs = tuple(align(*rows)) if len(rows) == 2 else ()
    return Comparison(tuple(reports), figures, pairs, tuple(differences(pairs)))


def text(
    held: Comparison, format: str = "terminal", *, lang: Lang = "en", ascii: bool = False, every: bool = False
) -> str:
    """Return a comparison in a format; with `every`, each layer that differs has a line of its own.

    csv and tsv have the figures, or with `every` the layers.
    """
    if format == "json":
        return json.dumps(to_dict(held), ensure_ascii=ascii, indent=2)
    say = _Say(lang if not ascii else "en", held, ascii=ascii, spelled=format in ("csv", "tsv"))
    look = Look(ascii=ascii, lang=lang)
    if format in ("csv", "tsv"):
        return write(_parting(held, say, every=True) if every else _figures(held, say), format, look)
    tables = [write(_figures(held, say), format, look)]
    if held.differences:
        tables.append(write(_parting(held, say, every=every), format, look))
    elif len(held.reports) == 2:
        tables.append(say("same"))
    return "\n\n".join(tables)


def to_dict(held: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data, format 1."""
    say = _Say("en", held, ascii=False)
    return {
        "schema": 1,
        "targets": [report.target for report in held.reports],
        "figures": [{"name": name, "values": plain(values)} for name, values in held.figures.items()],
        "domains": [list(report.domain) for report in held.reports],
        "differences": [
            {
                "kind": each.kind,
                "type": each.op,
                "text": say.what(each),
                "changes": [change._asdict() for change in each.changes],
                "layers": [[None if row is None else row.path for row in pair] for pair in each.pairs],
                "params": plain(each.params),
                "macs": plain(each.macs),
            }
            for each in held.differences
        ],
    }


class _Say:
    """Words in a language; formulas are too long for a table that people read, and `spelled` in one for programs."""

    def __init__(self, lang: str, held: Comparison, *, ascii: bool, spelled: bool = False) -> None:
        self.at = int(lang == "zh")
        self.ascii = ascii
        self.spelled = spelled
        self.names = dict(zip(("first", "second"), _titles(held.reports), strict=False))

    def __call__(self, word: str, **values: object) -> str:
        return _WORDS[word][self.at].format(**values)

    def formula(self, value: Any) -> str:
        return number(value, ascii=self.ascii) if self.spelled else _WORDS["formula"][self.at]

    def what(self, held: Difference) -> str:
        if held.kind != "settings":
            return f"{held.op}: {self(held.kind, **self.names)}"
        return f"{held.op}: " + ", ".join(f"{each.setting} {each.first} → {each.second}" for each in held.changes)

    def layers(self, pairs: Sequence[Pair]) -> str:
        named = [_path(pair) for pair in pairs[:_NAMED]]
        more = len(pairs) - len(named)
        return ", ".join(named) + (f" {self('more', count=more)}" if more else "")


def _path(pair: Pair) -> str:
    paths = dict.fromkeys(row.path for row in pair if row is not None)
    return " / ".join(paths)


def _titles(reports: Sequence[Report]) -> list[str]:
    """Return the targets, told apart where two are written alike."""
    names = [report.target for report in reports]
    return [f"{name} ({at})" if names.count(name) > 1 else name for at, name in enumerate(names, 1)]


def _figures(held: Comparison, say: _Say) -> Table:
    two = len(held.reports) == 2
    undecided: list[str] = []
    titles = _titles(held.reports)
    columns = [Column("figure", say("figure")), *(Column(name, name, "right") for name in titles)]
    if two:
        columns += [Column("difference", say("difference"), "right"), Column("percent", say("percent"), "right")]
    lines: list[Line] = []
    for name, values in held.figures.items():
        word = say("count" if name == "layers" else name) if name in FIGURES else name
        if all(value is None for value in values):
            undecided += [say("undecided", what=word)] if name == "memory" else []
            continue
        line = [Cell(word), *(_cell(value, say) for value in values)]
        lines.append((*line, *_change(values, say)) if two else tuple(line))
    formulas = (*_summary(held, titles, say), *_formulas(held, titles, say))
    domain = [f"{report.target}: {', '.join(report.domain)}" for report in held.reports if report.domain]
    notes = (*formulas, *undecided, *dict.fromkeys(domain), say("depth_note"), say("rf_note"))
    return Table(say("title", targets=", ".join(titles)), tuple(columns), (Section(tuple(lines)),), notes)


def _summary(held: Comparison, titles: Sequence[str], say: _Say) -> Iterator[str]:
    """Yield the second of two networks against the first, in a sentence."""
    if len(titles) != 2:
        return
    figures, parts = held.figures, []
    for name in ("params", "macs"):
        first, second = figures[name]
        if isinstance(first, int) and isinstance(second, int) and first:
            key = "as_many" if first == second else "greater" if second > first else "fewer"
            share = percent(abs(second - first), first)
            parts.append(say(f"{key}_{name}" if key == "as_many" else key, share=share, what=say(f"of_{name}")))
    if figures["rf"][0] is not None and figures["rf"][1] is not None:
        same = figures["rf"][0] == figures["rf"][1]
        parts.append(say("same_field" if same else "other_field", first=figures["rf"][0], second=figures["rf"][1]))
    if parts:
        yield say("summary", second=titles[1], first=titles[0], parts=say("comma").join(parts))


def _formulas(held: Comparison, titles: Sequence[str], say: _Say) -> Iterator[str]:
    """Yield the formulas of free sizes, which are too long for a table."""
    for name, values in held.figures.items():
        word = say("count" if name == "layers" else name) if name in FIGURES else name
        pairs = list(zip(titles, values, strict=True))
        if len(values) == 2 and not any(value is None or isinstance(value, str) for value in values):
            pairs.append((say("difference"), values[1] - values[0]))
        if any(_is_formula(value) for value in values):
            yield from (f"{word}, {title} = {number(value, ascii=say.ascii)}" for title, value in pairs)


def _is_formula(value: Any) -> bool:
    return value is not None and not isinstance(value, (int, str))


def _cell(value: Any, say: _Say) -> Cell:
    if value is None or _is_formula(value):
        return Cell("" if value is None else say.formula(value))
    return Cell(value) if isinstance(value, str) else Cell(number(value, ascii=say.ascii), value)


def _change(values: Sequence[Any], say: _Say) -> Line:
    first, second = values
    if first is None or second is None or isinstance(first, str):
        return Cell("="[first != second :], 0 if first == second else None), Cell("")
    change = second - first
    if not isinstance(first, int) or not isinstance(change, int):
        return Cell("" if _is_formula(change) else f"{change:+,}".replace("-", "−")), Cell("")
    if not (change and first):
        return _signed(change, say), Cell("")
    share = f"{'+' if change > 0 else '−'}{percent(abs(change), first)}"
    return _signed(change, say), Cell(share, round(100 * change / first, 4))


def _signed(value: Any, say: _Say) -> Cell:
    if not isinstance(value, int):
        return Cell(number(value, ascii=say.ascii))
    return Cell(f"{'+' if value > 0 else '−' if value < 0 else ''}{abs(value):,}", value)


def _parting(held: Comparison, say: _Say, *, every: bool) -> Table:
    columns = (
        Column("what", say("what"), flows=" "),
        Column("layers", say("layers"), flows=" "),
        Column("params", say("params"), "right"),
        Column("macs", say("macs"), "right"),
    )
    rows = tuple(_parts(held.differences, every=every))
    lines = tuple(
        (Cell(say.what(each)), Cell(say.layers(each.pairs)), *(_cost(cost, say) for cost in (each.params, each.macs)))
        for each in rows
    )
    return Table(say("parting"), columns, (Section(lines),), tuple(_costs(rows, say)))


def _cost(cost: Any, say: _Say) -> Cell:
    return Cell(say.formula(cost)) if _is_formula(cost) else _signed(cost, say)


def _costs(rows: Sequence[Difference], say: _Say) -> Iterator[str]:
    """Yield the differences that are formulas, which are too long for a table."""
    for each in rows:
        costs = ((say(name), cost) for name, cost in (("params", each.params), ("macs", each.macs)))
        said = [f"{word} {number(cost, ascii=say.ascii)}" for word, cost in costs if _is_formula(cost)]
        if said:
            where = _path(each.pairs[0]) + (" …" if len(each.pairs) > 1 else "")
            yield f"{say.what(each)}, {where}: {'; '.join(said)}"


def _parts(held: Sequence[Difference], *, every: bool) -> Iterator[Difference]:
    for each in held:
        if every:
            yield from (part for pair in each.pairs for part in differences([pair]))
        else:
            yield each
