"""Judging a text that stands alone: an equation, a number, a shape, without a network."""

import re
from fractions import Fraction

from archcalc.homework.arithmetic import LONGEST, UnreadableError, evaluate, plain
from archcalc.homework.cell import Cell, read_count, read_shape
from archcalc.homework.figures import agreement
from archcalc.homework.forms.prose import read_prose
from archcalc.homework.mistakes.kinds import Finding
from archcalc.homework.verdict import Judged, Words, plain_value, shown, words


def contradiction(cell: Cell) -> Fraction | None:
    """Return the value of a calculation if the stated result is another, else None."""
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
        return told._replace(verdict="unreadable", derivation=said.problem(cell.problem))
    refused = _refused(text)
    if refused is not None:
        return told._replace(verdict="unreadable", derivation=said.refused.format(part=refused))
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
        return told._replace(verdict="unreadable", derivation=said.problem(cell.problem))
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


def _refused(text: str) -> str | None:
    """Return the side of an equation that is a calculation and has no value, or None."""
    for side in re.split(r"==?", plain(text)):
        if re.search(r"\d\s*(?:\*\*|[-+*/^])\s*[(\d]", side) and not re.search(r"[^\W\d_]{2,}|\d[xX×]\d", side):
            try:
                evaluate(side)
            except UnreadableError:
                return side.strip()[:40]
    return None


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
        return list(dims), said.layout.format(a=a, b=b, c=c)
    product = 1
    for size in dims:
        product *= size or 1
    return list(dims), said.shape.format(product=product)
