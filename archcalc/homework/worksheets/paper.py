"""A worksheet before it has a format: what is given, what is asked, what may be chosen, and what is right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from archcalc.homework.mistakes.kinds import Finding
from archcalc.report import Report


class Choice(NamedTuple):
    """One number to choose from; `mistake` says how one gets there, None for the right one."""

    text: str
    mistake: Finding | None = None


class Question(NamedTuple):
    """One empty cell.

    row: its number on the sheet, from 0. layer: the path in the network, None for a total. answer: as the key has it.
    choices: in the order shown; () leaves the cell open.
    """

    row: int
    layer: str | None
    quantity: str
    answer: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Paper:
    """A worksheet with its key.

    quantities: the columns that can be asked. fixed: headings before them (layer, settings). rows: every cell as
    the key has it, the fixed ones first. statements: the conventions that the sheet asks under. command: how the
    sheet is checked; FILE stands for the answers. seed: None for the network as it is.
    """

    report: Report
    quantities: tuple[str, ...]
    fixed: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    questions: tuple[Question, ...]
    statements: tuple[str, ...]
    command: str
    seed: int | None = None
    lang: str = "en"

    def blank(self) -> list[list[str]]:
        """Return the rows as the sheet shows them: the cells that are asked are empty."""
        rows = [list(row) for row in self.rows]
        for question in self.questions:
            rows[question.row][self.column(question)] = ""
        return rows

    def filled(self, answers: Mapping[tuple[int, str], str]) -> list[list[str]]:
        """Return the rows with some answers, by row and quantity, in the place of the right ones."""
        rows = [list(row) for row in self.rows]
        for (row, quantity), text in answers.items():
            rows[row][len(self.fixed) + self.quantities.index(quantity)] = text
        return rows

    def column(self, question: Question) -> int:
        """Return the place of a question's column."""
        return len(self.fixed) + self.quantities.index(question.quantity)
