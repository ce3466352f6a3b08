"""Every cell of a sheet, judged: the order in which things are tried, and what a column is about."""

import re
from collections.abc import Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from archcalc.arithmetic import volume
from archcalc.homework.arithmetic import LONGEST, UnreadableError, evaluate, plain
from archcalc.homework.cell import Cell, fit_shape, is_blank, read_count, read_shape
from archcalc.homework.conventions import Convention, of
from archcalc.homework.figures import agreement, judge_count, primary, under
from archcalc.homework.forms.prose import read_prose
from archcalc.homework.grid import ANY
from archcalc.homework.headings import COLUMNS, FIELDS, JUDGED, SHAPES
from archcalc.homework.layertext import kinds, read_layer
from archcalc.homework.match import Match
from archcalc.homework.mistakes.kinds import Finding
from archcalc.homework.reach import judge_field
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line, Sheet, Table
from archcalc.homework.sizes import judge_shape, safely
from archcalc.homework.sums import Addend, judge_own_sum, judge_total
from archcalc.homework.verdict import FINE, Judged, Words, plain_value, shown, words
from archcalc.quantities import Shape
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
    found += _expressions(scene.words, found)
    order = {line.number: place for place, line in enumerate(scene.table.lines)}
    return sorted(found, key=lambda cell: order.get(cell.row, 0))


def _told_apart(scene: Scene, at: int, candidates: list[str]) -> list[str]:
    """Return the likely quantities: beside a column of biases there are weights; beside parameters, weights only."""
    firsts = [column.meanings[0] for place, column in enumerate(scene.table.columns) if column.meanings and place != at]
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
            judged = _row(scene, line, text, quantity, heading)
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


def _row(scene: Scene, line: Line, text: str, quantity: str, heading: str) -> Judged | None:
    match = scene.matches.get(line.number)
    if match is None:
        if is_blank(text):
            return None
        told = _unmatched(scene, line, text, quantity, heading)
        unknown = any(column.meanings == ANY and line.text(at) for at, column in enumerate(scene.table.columns))
        return _by_value(scene, line, told, text, quantity, heading) if unknown else told
    if quantity in SHAPES:
        told = judge_shape(scene, line, match, text, quantity)
        return None if told.verdict == "unanswered" and match.main is None else told
    if quantity in FIELDS:
        return judge_field(scene, line, match, text, quantity)
    return judge_count(scene, line, match, text, quantity, heading)


def _unmatched(scene: Scene, line: Line, text: str, quantity: str, heading: str) -> Judged:
    """Return the verdict on a row that is no layer: zero is right, a sum of consecutive layers too."""
    cell = read_shape(text) if quantity in SHAPES else read_count(text)
    told = Judged(
        line.number, line.name, None, quantity, text, cell.value, "undecided", derivation=scene.words.no_layer
    )
    wrong = _contradiction(cell)
    if wrong is not None:
        said = scene.words.arithmetic.format(value=f"{plain_value(wrong):,}")
        finding = Finding("arithmetic-slip", said, said, plain_value(wrong))
        return told._replace(column="expression", verdict="wrong", expected=plain_value(wrong), mistakes=(finding,))
    if quantity in SHAPES:
        shapes = _shapes_beside(scene, line, quantity)
        fits = any(fit_shape(cell, shape) for shape in shapes)
        return told._replace(verdict="right", derivation=None) if fits else told
    if cell.problem is not None:
        return told._replace(verdict="unreadable", derivation=cell.problem)
    if cell.number is not None and cell.number.value == 0:
        return told._replace(verdict="right", derivation=None)
    nodes = list(scene.report.rows)
    if quantity in FIELDS or len(nodes) > 200:
        return told
    counts = [primary(scene, [scene.subjects[node.path]], quantity) for node in nodes]
    for first in range(len(nodes)):
        total = 0
        for end in range(first, len(nodes)):
            total += counts[end]
            if end > first and counts[end] and agreement(cell, total, heading) is not None:
                parts = " + ".join(str(count) for count in counts[first : end + 1] if count)
                if total != counts[end]:
                    return told._replace(verdict="right", expected=total, derivation=f"{parts} = {total}")
    return told


def _by_value(scene: Scene, line: Line, told: Judged, text: str, quantity: str, heading: str) -> Judged:
    """Return the verdict on a figure whose name says nothing: right if it is exactly that of some layer."""
    number = read_count(text).number
    if told.verdict != "undecided" or number is None or number.value < 10 or len(scene.report.rows) > 60:
        return told
    rule = judge_shape if quantity in SHAPES else judge_field if quantity in FIELDS else None
    for node in scene.report.rows:
        match = Match(node, (node,))
        found = (
            rule(scene, line, match, text, quantity)
            if rule
            else judge_count(scene, line, match, text, quantity, heading)
        )
        if found.verdict == "right":
            return found
    return told


def _shapes_beside(scene: Scene, line: Line, quantity: str) -> list[Shape]:
    """Return what the size of a row can be that is no layer of the network: flatten, softmax, activations."""
    kind = kinds(line.type) or kinds(line.name)
    if quantity == "input" and "fc" in kind:
        return [scene.report.rows[-1].output]
    if not {"flatten", "softmax", "activation", "dropout", "bn", "lrn"} & set(kind):
        return []
    before = [scene.matches.get(each.number) for each in scene.lines if each.number < line.number]
    main = next((match.main for match in reversed(before) if match is not None and match.main is not None), None)
    shape = main.output if main is not None else next(iter(scene.report.input.values()), ())
    return [shape, (volume(shape),)] if "flatten" in kind else [shape]


def _addends(rows: Sequence[Judged]) -> list[Addend]:
    found = []
    for cell in rows:
        read = read_count(cell.given)
        value = read.number.value if read.number else read.stated_formula
        if value is not None:
            step = read.number.step if read.number and read.number.is_rounded else Fraction(1)
            found.append(Addend(cell.name, value, step, cell.verdict in FINE))
    return found


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
        loose = False
        for place, told in enumerate(cells):
            match = scene.matches.get(told.row)
            if match is None or match.main is None or told.expected is None:
                continue
            under = _fits_under(scene, convention, match, told, heading)
            if under is None:
                continue
            rounds_up = convention.id == "ceil" and match.main.family != "pool"  # only pools do
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


def _expressions(said: Words, cells: Sequence[Judged]) -> list[Judged]:
    """Return the verdicts on calculations whose stated result is right: they may still be wrong."""
    found = []
    for told in cells:
        if told.verdict not in FINE or told.column == "expression":
            continue
        cell = read_shape(told.given) if told.column in (*SHAPES, *FIELDS) else read_count(told.given)
        wrong = _contradiction(cell)
        if wrong is not None:
            text = said.arithmetic.format(value=f"{plain_value(wrong):,}")
            finding = Finding("wrong-derivation", text, text, plain_value(wrong))
            found.append(
                told._replace(
                    column="expression", verdict="wrong", convention=None, expected=plain_value(wrong),
                    derivation=None, mistakes=(finding,),
                )
            )  # fmt: skip
    return found


def _contradiction(cell: Cell) -> Fraction | None:
    """Return the value of a calculation if the stated result is another."""
    value = cell.stated_formula
    if value is None:
        return None
    if cell.dims is not None and cell.number is None:
        known = [size for size in cell.dims if size is not None]
        product = 1
        for size in known:
            product *= size
        stated = {Fraction(product), Fraction(product * cell.times), *map(Fraction, known)}
        stated |= {Fraction(int(value))} if value.denominator > 1 and int(value) in known else set()
        return None if value in stated else value
    if cell.number is None or cell.number.fit(value) is not None or agreement(cell, value, loose=True) is not None:
        return None
    if value.denominator > 1 and cell.number.value == int(value):
        return None  # a floor that is not written
    return value


def _equations(scene: Scene, line: Line, text: str) -> list[Judged]:
    """Return the verdicts on equations in a column of settings: `(27-5+2*2)/1+1=27`."""
    found = []
    match = scene.matches.get(line.number)
    for equation in _EQUATION.findall(plain(text)):
        told = judge_expression(equation, lang=scene.lang, row=line.number)
        if told.verdict in ("right", "right-under", "wrong"):
            found.append(told._replace(layer=match.path if match else None, name=line.name))
    return found


def judge_text(text: str, *, lang: str = "en") -> list[Judged]:
    """Return the verdicts on a text that stands alone; several, if it gives several quantities by name."""
    if len(text) > LONGEST:
        return [judge_expression(text[: LONGEST + 1], lang=lang)._replace(given=text)]
    pairs = [(column, line.text(at)) for table in read_prose(text) for line in table.lines[:1]
             for at, column in enumerate(table.columns) if column.heading]  # fmt: skip
    if len(pairs) < 2:
        return [judge_expression(text, lang=lang)]
    told = (judge_expression(value, lang=lang)._replace(given=value) for _, value in pairs)
    return [each._replace(column=column.meanings[0]) for (column, _), each in zip(pairs, told, strict=True)]


def judge_expression(text: str, *, lang: str = "en", row: int = 0) -> Judged:
    """Return the verdict on an equation, a number or a shape that stands alone.

    >>> judge_expression("(5*5*3+1)*8 = 608").verdict, judge_expression("5+(2-1)*2=6").expected
    ('right', 7)
    >>> judge_expression("(n*m+1)*k = nmk + k").verdict, judge_expression("[1, 512, 7, 7]").value
    ('right', [512, 7, 7])
    """
    said = words(lang)
    told = Judged(row, "", None, "expression", text, None, "undecided", derivation=said.no_comparison)
    cell = read_count(text)
    if len(text) > LONGEST:
        return told._replace(verdict="unreadable", derivation=cell.problem)
    equal = _same_letters(text)
    if equal is not None:
        reason = said.equal if equal else said.not_equal
        return told._replace(
            value=text.split("=")[-1].strip(), verdict="right" if equal else "wrong", derivation=reason
        )
    shape = _lone_shape(text, said)
    if shape is not None:
        return told._replace(value=shape[0], derivation=shape[1])
    value = cell.stated_formula
    if cell.number is None and value is None:
        if cell.formula is not None:
            return told._replace(value=cell.formula_text)
        return told._replace(verdict="unreadable", derivation=cell.problem)
    if cell.number is None or value is None:
        return told._replace(value=cell.value if cell.number else plain_value(value))
    if cell.formula_text == cell.number.text:
        return told._replace(value=plain_value(value), derivation=f"{cell.formula_text} = {shown(value)}")
    told = told._replace(value=cell.value, expected=plain_value(value))
    told = told._replace(derivation=f"{cell.formula_text} = {shown(value)}")
    agreed = agreement(cell, value)
    if agreed is not None:
        cut = agreed.fit == "truncated"
        return told._replace(verdict="right-under" if cut else "right", convention=said.truncated if cut else None)
    if value.denominator > 1 and cell.number.value == int(value):
        return told._replace(verdict="right-under", convention=said.strict.format(floor=int(value)))
    reason = said.arithmetic.format(value=shown(value))
    return told._replace(verdict="wrong", mistakes=(Finding("arithmetic-slip", reason, reason, plain_value(value)),))


def _same_letters(text: str) -> bool | None:
    """Tell whether the sides of an equation with letters are the same polynomial; None if it is none."""
    sides = [side for side in re.split(r"\s*==?\s*", plain(text)) if side]
    if len(sides) < 2:
        return None
    try:
        values = [evaluate(side) for side in sides]
    except UnreadableError:
        return None
    if not any(value.letters for value in values) or (
        values[0].letters and len(sides[0]) < 12 and not values[-1].letters
    ):
        return None  # a name for a number: H = 28
    return all(value == values[0] for value in values)


def _lone_shape(text: str, said: Words) -> tuple[list[int | None] | int, str] | None:
    """Return a shape that stands alone, with what is ambiguous about it."""
    bare = plain(text)
    multiplied = re.fullmatch(r"\W*\d+(\s*(?:[x×]|\bby\b|@)\s*\d+){1,3}\W*", bare)
    listed = re.fullmatch(r"\W*(?:None|\?|-?\d+|[A-Z])(?:\s*,\s*(?:None|\?|-?\d+)){1,4}\W*", bare) and "," in bare
    copies = re.search(r"\(\s*[*x×]\s*\d+_?\{?[A-Za-z]", bare)
    if not multiplied and not copies and not (listed and bare[:1] in "[("):
        return None
    cell = read_shape(text)
    if cell.dims is None:
        return None
    dims = cell.dims
    if listed and cell.batch is None and len(dims) >= 4 and dims[0] == 1:
        return list(dims[1:]), said.batch.format(count=1)
    if len(dims) == 2 and 1 in dims and dims != (1, 1):
        return next(size or 0 for size in dims if size != 1), said.vector
    if len(dims) == 3 and cell.batch is None and None not in dims:
        a, b, c = dims
        return list(dims), said.layout.format(a=f"{a} maps of {b}x{c}", b=f"{c} maps of {a}x{b}")
    product = 1
    for size in dims:
        product *= size or 1
    return list(dims), said.shape.format(product=product)


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
        return told._replace(verdict="unreadable", derivation=cell.problem)
    if value is None:
        return told
    told = told._replace(expected=plain_value(value), derivation=f"{cell.formula_text} = {plain_value(value):,}")
    if cell.number is None and cell.dims is None:
        told = told._replace(value=plain_value(value))
        layer = read_layer(line.name)
        factors = {int(number) for number in re.findall(r"\d+", cell.formula_text)}
        named = {*layer.kernel, *((layer.out,) if layer.out else ())}
        return told._replace(verdict="right") if named and named <= factors else told
    if _contradiction(cell) is None:
        return told._replace(verdict="right")
    text_ = said.arithmetic.format(value=f"{plain_value(value):,}")
    return told._replace(verdict="wrong", mistakes=(Finding("arithmetic-slip", text_, text_, plain_value(value)),))
