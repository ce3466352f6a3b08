"""Points: partial credit per cell, follow-on errors marked once; and what a class gets wrong."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from archcalc.homework.judge import Result
from archcalc.homework.present import counts
from archcalc.homework.verdict import Judged
from archcalc.render import write
from archcalc.render.view import Cell, Column, Look, Section, Table

# what a cell earns of its share; a follow-on error was marked where it began
CREDIT: Final = MappingProxyType(
    {
        "right": Fraction(1),
        "right-under": Fraction(1),
        "follow-on": Fraction(1),
        "wrong": Fraction(0),
        "undecided": Fraction(1),
        "unanswered": Fraction(0),
        "unreadable": Fraction(0),
    }
)
# a wrong value beside a calculation that is right, or that leads to it
PARTIAL: Final = Fraction(1, 2)


class Grade(NamedTuple):
    """Points earned of those to be had; undecided: cells that a person should look at."""

    earned: Fraction
    points: int
    undecided: int

    def text(self, lang: str = "en") -> str:
        """Return the grade in a sentence."""
        value = f"{float(self.earned):g}"
        if lang == "zh":
            return f"得分 {value} / {self.points}" + (
                f", {self.undecided} 个单元格需人工查看" if self.undecided else ""
            )
        look = f"; {self.undecided} cells need a look, counted as right" if self.undecided else ""
        return f"{value} of {self.points} points{look}"


def grade(result: Result, points: int) -> Grade:
    """Return the points of an answer: equal shares for all cells, rounded to quarters.

    Half a share is for a wrong result beside a right calculation, and for a right result beside a wrong one.
    """
    cells = [cell for cell in result.cells if cell.column != "expression" or cell.layer is None]
    spoiled = {
        (cell.row, cell.given) for cell in result.cells if cell.column == "expression" and cell.verdict == "wrong"
    }
    if not cells:
        return Grade(Fraction(0), points, 0)
    earned = sum((_credit(cell, spoiled) for cell in cells), Fraction(0)) * points / len(cells)
    quarters = Fraction(round(earned * 4), 4)
    return Grade(quarters, points, sum(cell.verdict == "undecided" for cell in cells))


def _credit(cell: Judged, spoiled: set[tuple[int, str]]) -> Fraction:
    if cell.verdict == "wrong" and any(mistake.id == "arithmetic-slip" for mistake in cell.mistakes):
        return PARTIAL
    credit = CREDIT[cell.verdict]
    return PARTIAL if credit and (cell.row, cell.given) in spoiled and cell.column != "expression" else credit


def with_key(result: Result, key: Result) -> Result:
    """Return a result as a key has it: what agrees with a right key is right as it stands.

    Cells that the key answers and the sheet does not have are unanswered, so that all sheets have the same cells.
    """
    good = {(cell.layer, cell.column): cell for cell in key.cells if cell.verdict in ("right", "right-under")}
    cells = tuple(
        cell._replace(verdict="right", convention=None)
        if cell.verdict == "right-under" and _is_as_in(good, cell)
        else cell
        for cell in result.cells
    )
    given = {(cell.layer, cell.column) for cell in cells}
    missing = tuple(
        cell._replace(row=0, given="", value=None, verdict="unanswered", convention=None, mistakes=())
        for place, cell in good.items()
        if place not in given
    )
    return result._replace(cells=(*cells, *missing))


def _is_as_in(key: Mapping[tuple[str | None, str], Judged], cell: Judged) -> bool:
    own = key.get((cell.layer, cell.column))
    return own is not None and own.value == cell.value


class HandIn(NamedTuple):
    """One answer of a class."""

    name: str
    result: Result
    grade: Grade


_HEADS: Final = MappingProxyType({
    "en": ("File", "Points", "Right", "By convention", "Wrong", "Follow-on", "Unanswered", "Undecided", "Unreadable"),
    "zh": ("文件", "得分", "正确", "按约定正确", "错误", "后续错误", "未答", "无法判定", "无法读取"),
})  # fmt: skip


def class_table(
    answers: Sequence[HandIn], unread: Sequence[tuple[str, str]], format: str, lang: str = "en", *, ascii: bool = False
) -> str:
    """Return the points of every hand-in and the mistakes of the class, the most frequent first.

    Args:
        answers: the hand-ins that could be read.
        unread: the names of the others, each with the reason.
        format: of a table, or json.
        lang: en or zh.
        ascii: no other characters than ASCII.
    """
    lang = "zh" if lang == "zh" and not ascii else "en"
    look = Look(ascii=ascii, lang="zh" if lang == "zh" else "en", width=100)
    first: dict[str, tuple[str, str]] = {}  # of each mistake: where it was met first, and its words there
    made: Counter[str] = Counter()
    for name, result, _ in answers:
        for cell in result.cells:
            if cell.verdict == "wrong" and cell.mistakes:
                made[cell.mistakes[0].id] += 1
                first.setdefault(cell.mistakes[0].id, (name, cell.mistakes[0].text(lang)))
    if format == "json":
        document = {
            "schema": 1,
            "answers": [
                {"file": name, "points": float(each.earned), "of": each.points, "counts": counts(result)}
                for name, result, each in answers
            ],
            "unread": [name for name, _ in unread],
            "mistakes": dict(made.most_common()),
        }
        return json.dumps(document, ensure_ascii=ascii, indent=2)
    columns = tuple(Column(name, name, "left" if at == 0 else "right") for at, name in enumerate(_HEADS[lang]))
    rows = []
    for name, result, each in answers:
        texts = (name, f"{float(each.earned):g}", *counts(result).values())
        right, under, follow_on, wrong, undecided, unanswered, unreadable = texts[2:]
        ordered = (*texts[:2], right, under, wrong, follow_on, unanswered, undecided, unreadable)
        rows.append(tuple(Cell(str(text)) for text in ordered))
    table = Table("班级" if lang == "zh" else "Class", columns, (Section(tuple(rows)),) if rows else ())
    if format in ("csv", "tsv"):  # a table of numbers for a spreadsheet: no sentences below it
        return write(table, format, look)
    notes = [_mean(answers, lang)] if answers else []
    notes += [f"{number} x {id_} ({first[id_][0]}: {first[id_][1]})" for id_, number in made.most_common(10)]
    notes += [f"{name}: {reason}" for name, reason in unread]
    return write(table._replace(notes=tuple(notes)), format, look)


def _mean(answers: Sequence[HandIn], lang: str) -> str:
    mean = float(sum((each.grade.earned for each in answers), Fraction(0)) / len(answers))
    points = answers[0].grade.points
    if lang == "zh":
        return f"{len(answers)} 份, 平均 {mean:.4g} / {points} 分"
    return f"{len(answers)} hand-in{'s' if len(answers) > 1 else ''}, on average {mean:.4g} of {points} points"
