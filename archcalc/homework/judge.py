"""Every cell of a sheet, judged: the order in which things are tried, and what a column is about."""

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from archcalc.homework.alone import contradiction, judge_expression
from archcalc.homework.arithmetic import plain
from archcalc.homework.cell import fit_shape, is_blank, read_count, read_shape
from archcalc.homework.conventions import Convention, of
from archcalc.homework.figures import agreement, judge_count, under
from archcalc.homework.grid import ANY
from archcalc.homework.headings import COLUMNS, FIELDS, JUDGED, SHAPES
from archcalc.homework.layertext import read_layer
from archcalc.homework.match import Match
from archcalc.homework.mistakes import CATALOGUE, produce
from archcalc.homework.mistakes.calculation import misplaced
from archcalc.homework.mistakes.kinds import Case, Finding
from archcalc.homework.number import Printed
from archcalc.homework.reach import judge_field
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line, Sheet, Table
from archcalc.homework.sizes import judge_shape, safely
from archcalc.homework.sums import Addend, judge_own_sum, judge_total
from archcalc.homework.unmatched import judge_by_value, judge_setting, judge_unmatched
from archcalc.homework.verdict import FINE, Judged, Words, plain_value, words
from archcalc.report import Report

_SCORES: Final = MappingProxyType(
    {"right": 1.0, "right-under": 0.8, "follow-on": 0.4, "unanswered": 0.0, "undecided": -0.1, "unreadable": -1.2}
)
_EQUATION: Final = re.compile(
    r"(?<![\w.*/+x-])[(\[⌊⌈\d][\d\s.()\[\]⌊⌋⌈⌉+*/x×^-]*[+*/×x^-][\d\s.()\[\]⌊⌋⌈⌉+*/x×^-]*=\s*\d+(?:\.\d+)?"
)


class Result(NamedTuple):
    """What is said about a whole answer. target: the network it was compared with, None if there is none."""

    target: str | None
    cells: tuple[Judged, ...]
    form: str
    remarks: tuple[str, ...] = ()


def judge(sheet: Sheet, report: Report | None, *, framework: str | None = None, lang: str = "en") -> Result:
    """Return the verdict on every cell of a sheet; without a network only on what the sheet says by itself."""
    framework = framework or sheet.framework
    cells: list[Judged] = []
    for table in sheet.tables:
        if report is None:
            cells += _without_network(table, words(lang))
        else:
            cells += judge_table(Scene(report, table, framework, lang))
    return Result(report.target if report else None, tuple(cells), sheet.form)


def judge_table(scene: Scene) -> list[Judged]:
    """Return the verdicts on one table, row by row."""
    found: list[Judged] = []
    for at, column in enumerate(scene.table.columns):
        candidates = [meaning for meaning in column.meanings if meaning in JUDGED]
        candidates = _told_apart(scene, at, candidates)
        if candidates:
            tries = [_column(scene, at, meaning) for meaning in candidates]
            scores = [_score(cells) for cells in tries]
            found += tries[scores.index(max(scores))]
        elif column.meanings[:1] == ("structure",):
            for line in scene.lines:
                found += _equations(scene, line, line.text(at))
    found = [_as_elsewhere(scene, cell, found) for cell in found]
    found += _expressions(scene, found)
    order = {line.number: place for place, line in enumerate(scene.table.lines)}
    return sorted(found, key=lambda cell: order.get(cell.row, 0))


def _told_apart(scene: Scene, at: int, candidates: list[str]) -> list[str]:
    """Return the likely quantities: beside a column of biases there are weights; beside parameters, weights only."""
    firsts = [column.meanings[0] for place, column in enumerate(scene.table.columns) if column.meanings and place != at]
    if candidates[:1] and candidates[0] in SHAPES:
        shapes = [read_shape(line.text(at)).dims for line in scene.lines if not is_blank(line.text(at))]
        if sum(dims is not None and len(dims) > 1 for dims in shapes) * 2 > len(shapes):
            return candidates[:1]
    if candidates[:1] == ["weights"] and "biases" in firsts:
        return ["weights"]
    if len(candidates) > 1 and candidates[0] in ("params", "weights") and {"params", "weights"} & set(firsts):
        return candidates[:1]
    return candidates


def _score(cells: Sequence[Judged]) -> tuple[int, float]:
    """Return how well a column reads as a quantity: the cells that are right as they stand, then the rest."""
    rights = sum(cell.verdict == "right" and bool(cell.value) for cell in cells)
    return rights, sum((_SCORES.get(cell.verdict, -0.8 if cell.mistakes else -1.0) for cell in cells), 0.0)


def _column(scene: Scene, at: int, quantity: str) -> list[Judged]:
    heading = scene.table.columns[at].heading
    cells: list[Judged] = []
    addends: list[Addend] = []
    rows: list[Judged] = []
    for line in scene.table.lines:
        text = line.text(at)
        if not line.has(at):
            continue
        if line.is_total:
            if is_blank(text):
                continue
            addends = _addends(rows) if rows else addends
            told = _of_network(scene, line, text, quantity, addends, heading)
        else:
            judged = _row(scene, line, at, quantity)
            if judged is None:
                continue
            told = judged
            rows.append(told)
        cells.append(told._replace(column=COLUMNS.get(told.column, told.column)))
    return _supported(scene, cells, at, quantity)


def _of_network(scene: Scene, line: Line, text: str, quantity: str, addends: Sequence[Addend], heading: str) -> Judged:
    """Return the verdict on a figure of the whole network: a sum, or what its last layer gives."""
    if quantity not in SHAPES and quantity not in FIELDS:
        return judge_total(scene, line, text, quantity, addends, heading)
    if quantity == "input":
        return judge_shape(scene, line, Match(None, input=next(iter(scene.report.input))), text, quantity)
    rule = judge_field if quantity in FIELDS else judge_shape
    nodes = scene.report.rows
    spatial = [node for node in nodes if len(node.output) > 2]
    last = nodes[-1]
    cell = read_shape(text)
    alone = cell.dims is not None and len(cell.dims) == 1
    if spatial and (quantity in FIELDS or (alone and len(last.output) == 1)):
        told = rule(scene, line, Match(last, (last,)), text, quantity)
        tried = (rule(scene, line, Match(node, (node,)), text, quantity) for node in reversed(spatial))
        fitting = told if told.verdict == "right" else next((each for each in tried if each.verdict == "right"), None)
        if fitting is not None:
            return fitting
        last = spatial[-1]
    return rule(scene, line, Match(last, (last,)), text, quantity)


def _row(scene: Scene, line: Line, at: int, quantity: str) -> Judged | None:
    text, heading = line.text(at), scene.table.columns[at].heading
    match = scene.matches.get(line.number)
    if scene.table.columns[at].meanings == ANY:
        setting = judge_setting(scene, line, text)
        if setting is not None:
            return setting
    if match is None:
        if is_blank(text):
            return None
        told = judge_unmatched(scene, line, text, quantity, heading)
        unknown = any(column.meanings == ANY and line.text(at) for at, column in enumerate(scene.table.columns))
        return judge_by_value(scene, line, told, text, quantity, heading) if unknown else told
    if quantity in SHAPES:
        told = judge_shape(scene, line, match, text, quantity)
        return None if told.verdict == "unanswered" and match.main is None else told
    if quantity in FIELDS:
        return judge_field(scene, line, match, text, quantity)
    return judge_count(scene, line, match, text, quantity, heading)


def _addends(rows: Sequence[Judged]) -> list[Addend]:
    found = []
    for cell in rows:
        read = read_count(cell.given)
        value = read.number.value if read.number else read.stated_formula
        if value is not None:
            step = read.number.step if read.number and read.number.is_rounded else Fraction(1)
            found.append(Addend(cell.name, value, step, cell.verdict in FINE))
    return found


# ── A mistake of the sheet with a slip of the pen ──


def _as_elsewhere(scene: Scene, told: Judged, cells: Sequence[Judged]) -> Judged:
    """Explain a number by a mistake that the sheet makes in other rows too, with one digit written wrong.

    Only where nothing else explains it: one row alone would be a guess.
    """
    if told.verdict != "wrong" or told.mistakes or told.layer not in scene.subjects:
        return told
    number = read_count(told.given).number
    if number is None:
        return told
    made = Counter(finding.id for cell in cells if cell.verdict == "wrong" for finding in cell.mistakes)
    subject = scene.subjects[told.layer]
    case = Case(told.column, subject, told.expected)
    for mistake in CATALOGUE:
        if made[mistake.id] < 2 or told.column not in mistake.quantities:
            continue
        for value in produce(mistake, case):
            if isinstance(value, int) and value != told.expected and _is_a_digit_off(number, value):
                en, zh = (words(lang).digit for lang in ("en", "zh"))
                found = Finding(
                    f"{mistake.id}+digit-changed", en.format(what=mistake.en), zh.format(what=mistake.zh), value
                )
                return told._replace(mistakes=(found,))
    return told


def _is_a_digit_off(number: Printed, value: int) -> bool:
    """Tell whether a count, printed to the same digits (rounded or cut), differs in one digit."""
    printed = str(number.value / number.step)
    rounded = {str(int(value / number.step)), str(round(value / number.step))}
    return len(printed) > 2 and any(
        len(printed) == len(other) and sum(a != b for a, b in zip(printed, other, strict=True)) == 1
        for other in rounded
    )


# ── Conventions that need support ──


def _supported(scene: Scene, cells: list[Judged], at: int, quantity: str) -> list[Judged]:
    """Let a convention hold for a column if enough cells say so and none says the opposite.

    One cell without biases among cells with them is a mistake; a whole column without them is a convention.
    """
    heading = scene.table.columns[at].heading
    for convention in of(quantity):
        if not convention.support:
            continue
        support: list[int] = []
        against = 0
        is_spoiled = False  # a row above is wrong under this convention too: what follows from it is no convention
        loose = False
        for place, told in enumerate(cells):
            match = scene.matches.get(told.row)
            if match is None or match.main is None or told.expected is None or told.column == "expression":
                continue
            under = _fits_under(scene, convention, match, told, heading)
            if under is None:
                continue
            rounds_up = convention.id == "ceil" and match.main.family != "pool"  # only pools do
            if told.verdict == "follow-on" and is_spoiled:
                continue
            is_spoiled = is_spoiled or (told.verdict == "wrong" and (not under or rounds_up))
            if under and not rounds_up and told.verdict in ("wrong", "undecided", "follow-on"):
                support.append(place)
                loose = loose or bool(quantity not in SHAPES and _is_rounded(told.given))
            elif not under and told.verdict == "right":
                against += 1
        if support and not against and (len(support) >= convention.support or loose):
            name = convention.zh if scene.lang == "zh" else convention.en
            for place in support:
                cells[place] = cells[place]._replace(verdict="right-under", convention=name, mistakes=())
    return cells


def _fits_under(scene: Scene, convention: Convention, match: Match, told: Judged, heading: str) -> bool | None:
    """Tell whether a cell is as the convention has it; None if the convention changes nothing there."""
    assert match.main is not None
    if told.column in SHAPES:
        shape = safely(convention.counts, scene.subjects[match.main.path])
        if shape is None or shape == match.main.output:
            return None
        return fit_shape(read_shape(told.given), shape) is not None
    chosen = match.nodes if match.folder else (match.main,)
    subjects = [scene.subjects[node.path] for node in chosen]
    value = under(convention, subjects, told.column, told.expected)
    return None if value is None else agreement(read_count(told.given), value, heading) is not None


def _is_rounded(text: str) -> bool:
    number = read_count(text).number
    return number is not None and number.is_rounded


# ── Calculations in cells ──


def _expressions(scene: Scene, cells: Sequence[Judged]) -> list[Judged]:
    """Return the verdicts on calculations whose stated result is right: they may still be wrong."""
    found = []
    for told in cells:
        if told.verdict not in FINE or told.column == "expression":
            continue
        cell = read_shape(told.given) if told.column in (*SHAPES, *FIELDS) else read_count(told.given)
        wrong = contradiction(cell)
        if wrong is not None:
            text = scene.words.arithmetic.format(value=f"{plain_value(wrong):,}")
            slip = Finding("wrong-derivation", text, text, plain_value(wrong))
            subject = scene.subjects.get(told.layer or "")
            better = misplaced(cell.formula_text, cell.stated, subject) if subject else None
            found.append(
                told._replace(
                    column="expression", verdict="wrong", convention=None, expected=plain_value(wrong),
                    derivation=None, mistakes=(better, slip) if better else (slip,),
                )
            )  # fmt: skip
    return found


def _equations(scene: Scene, line: Line, text: str) -> list[Judged]:
    """Return the verdicts on equations in a column of settings: `(27-5+2*2)/1+1=27`."""
    found = []
    match = scene.matches.get(line.number)
    for equation in _EQUATION.findall(plain(text)):
        told = judge_expression(equation, lang=scene.lang, row=line.number)
        if told.verdict in ("right", "right-under", "wrong"):
            found.append(told._replace(layer=match.path if match else None, name=line.name))
    return found


# ── No network ──


def _without_network(table: Table, said: Words) -> list[Judged]:
    found: list[Judged] = []
    for at, column in enumerate(table.columns):
        quantity = next((meaning for meaning in column.meanings if meaning in JUDGED), None)
        if quantity is None:
            continue
        if column.meanings == ANY and any(re.search(r"\b(?:fl)?ops\b", line.text(at), re.I) for line in table.lines):
            quantity = "macs"
        rows: list[Judged] = []
        for line in table.lines:
            text = line.text(at)
            if is_blank(text):
                continue
            if line.is_total:
                found.append(judge_own_sum(line, text, quantity, _addends(rows), said))
                continue
            told = _alone(line, text, quantity, said)
            rows.append(told)
            found.append(told)
    order = {line.number: place for place, line in enumerate(table.lines)}
    return sorted(found, key=lambda cell: order.get(cell.row, 0))


def _alone(line: Line, text: str, quantity: str, said: Words) -> Judged:
    """Return the verdict on a cell by itself: a calculation and its result, or the factors that the row names."""
    cell = read_shape(text) if quantity in (*SHAPES, *FIELDS) else read_count(text)
    told = Judged(line.number, line.name, None, quantity, text, cell.value, "undecided", derivation=said.no_network)
    value = cell.stated_formula
    if cell.problem is not None and cell.value is None:
        return told._replace(verdict="unreadable", derivation=said.problem(cell.problem))
    if value is None:
        return told
    told = told._replace(expected=plain_value(value), derivation=f"{cell.formula_text} = {plain_value(value):,}")
    if cell.number is None and cell.dims is None:
        told = told._replace(value=plain_value(value))
        layer = read_layer(line.name)
        factors = {int(number) for number in re.findall(r"\d+", cell.formula_text)}
        named = {*layer.kernel, *((layer.out,) if layer.out else ())}
        return told._replace(verdict="right") if named and named <= factors else told
    if contradiction(cell) is None:
        return told._replace(verdict="right")
    text_ = said.arithmetic.format(value=f"{plain_value(value):,}")
    return told._replace(verdict="wrong", mistakes=(Finding("arithmetic-slip", text_, text_, plain_value(value)),))
