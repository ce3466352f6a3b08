"""Points: partial credit per cell, follow-on errors marked once; and what a class gets wrong."""

import json
from collections import Counter
from collections.abc import Sequence
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
    """Return a result in which a cell that agrees with a right key is right as it stands."""
    good = {(cell.layer, cell.column): cell.value for cell in key.cells if cell.verdict in ("right", "right-under")}
    cells = tuple(
        cell._replace(verdict="right", convention=None)
        if cell.verdict == "right-under" and good.get((cell.layer, cell.column), object()) == cell.value
        else cell
        for cell in result.cells
    )
    return result._replace(cells=cells)


def class_table(
    grades: Sequence[tuple[str, Result, Grade]], unread: Sequence[str], format: str, lang: str = "en"
) -> str:
    """Return the points of every hand-in and the mistakes of the class, the most frequent first."""
    made = Counter(
        cell.mistakes[0].id
        for _, result, _ in grades
        for cell in result.cells
        if cell.verdict == "wrong" and cell.mistakes
    )
    if format == "json":
        document = {
            "schema": 1,
            "answers": [
                {"file": name, "points": float(each.earned), "of": each.points, "counts": counts(result)}
                for name, result, each in grades
            ],
            "unread": list(unread),
            "mistakes": dict(made.most_common()),
        }
        return json.dumps(document, ensure_ascii=False, indent=2)
    zh = lang == "zh"
    names = ("文件", "得分", "正确", "错误", "后续", "未答", "其他") if zh else (
        "File", "Points", "Right", "Wrong", "Follow-on", "Unanswered", "Other"
    )  # fmt: skip
    columns = tuple(Column(name, name, "left" if at == 0 else "right") for at, name in enumerate(names))
    rows = []
    for name, result, each in grades:
        found = counts(result)
        right = found["right"] + found["right-under"]
        other = found["undecided"] + found["unreadable"]
        texts = (name, f"{float(each.earned):g}", right, found["wrong"], found["follow-on"], found["unanswered"], other)
        rows.append(tuple(Cell(str(text)) for text in texts))
    notes = [f"{id_}: {number}" for id_, number in made.most_common(10)]
    notes += [f"{name}: {'无法读取' if zh else 'cannot be read'}" for name in unread]
    title = "班级" if zh else "Class"
    return write(Table(title, columns, (Section(tuple(rows)),), tuple(notes)), format, Look(lang="zh" if zh else "en"))
