"""Judging a cell that states a count: parameters, weights, biases, operations, activations, memory."""

import re
from collections.abc import Iterable
from fractions import Fraction
from itertools import product
from typing import Final, NamedTuple

from archcalc.arithmetic import volume
from archcalc.errors import ArchcalcError
from archcalc.explain import explain
from archcalc.homework.arithmetic import Polynomial
from archcalc.homework.cell import Cell, read_count
from archcalc.homework.conventions import Convention, of
from archcalc.homework.match import Match
from archcalc.homework.mistakes import explain_value
from archcalc.homework.mistakes.digits import slips
from archcalc.homework.mistakes.kinds import Case, Finding
from archcalc.homework.number import Fit, Printed, binary
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line
from archcalc.homework.sizes import neighbours
from archcalc.homework.truth import Subject, Value, measure
from archcalc.homework.verdict import Judged, plain_value
from archcalc.layers.base import channels, spatial

_HEADED: Final = re.compile(
    r"[\[(]\s*(?:in\s+)?(K|M|G|k|B|KB|MB|GB|KiB|MiB|millions?|thousands?)\s*[\])]|\bin (millions?)\b|[_ ]([KMG]i?B)\b"
)
_OPERATIONS: Final = ("macs", "flops")
MOST_LETTERS: Final = 5


class Agreement(NamedTuple):
    """How a cell agrees with a count: exactly, rounded or cut, and whether its unit is a power of 1024."""

    fit: Fit
    is_binary: bool = False


def agreement(cell: Cell, value: Value, heading: str = "", *, loose: bool = False) -> Agreement | None:
    """Return how a cell agrees with a count, or None.

    K, M and G may be powers of 1024 in bytes; in other counts only with `loose`.

    >>> agreement(read_count("37M"), 37_752_832), agreement(read_count("784 KB"), 802_816)
    (Agreement(fit='truncated', is_binary=False), Agreement(fit='exact', is_binary=True))
    """
    if not isinstance(value, (int, Fraction)):
        return None
    for printed, is_binary in _readings(cell, heading):
        if is_binary and not (loose or printed.is_bytes):
            continue
        fit = printed.fit(value)
        if fit is not None:
            return Agreement(fit, is_binary)
    if cell.number is None and cell.stated_formula == value:
        return Agreement("exact")
    return None


def stated(cell: Cell, heading: str) -> list[Printed]:
    """Return what a cell may state in plain units: as written, and with K, M, G as powers of 1024."""
    return [printed for printed, _ in _readings(cell, heading)]


def _readings(cell: Cell, heading: str) -> Iterable[tuple[Printed, bool]]:
    number = cell.number
    if number is None:
        return
    if re.fullmatch(r"(?:total[ _])?bits", heading.strip(), re.IGNORECASE):
        yield number.scaled(Fraction(1, 8)), False
        return
    headed = _HEADED.search(heading)
    if headed and not number.unit:
        letter = (headed[1] or headed[2] or headed[3])[0].upper().replace("T", "K")
        scale = {"K": 10**3, "M": 10**6, "G": 10**9, "B": 1}[letter]
        scaled = number.scaled(Fraction(scale))._replace(unit=letter, is_rounded=True, is_bytes="B" in headed[0])
        yield scaled, False
        larger = binary(scaled)
        if larger is not None:
            yield larger, True
    yield number, False
    larger = binary(number)
    if larger is not None:
        yield larger, True


def primary(scene: Scene, subjects: Iterable[Subject], quantity: str) -> int:
    """Return a count of some layers as this sheet's tool counts it: Keras prints running statistics too."""
    quantities = [quantity]
    if quantity == "params" and scene.framework == "keras":
        quantities.append("buffers")
    counts = (measure(subject, each) for subject in subjects for each in quantities)
    return sum(int(count) for count in counts if count is not None)


def judge_count(scene: Scene, line: Line, match: Match, text: str, quantity: str, heading: str = "") -> Judged:
    """Return the verdict on a count; conventions that need the support of other rows are left to the column."""
    cell = read_count(text)
    told = Judged(line.number, line.name, match.path, quantity, text, cell.value, "unanswered")
    if match.main is None:
        return _judge_input(scene, told, match, cell, quantity, heading)
    subjects = [scene.subjects[node.path] for node in match.nodes]
    main = scene.subjects[match.main.path]
    own = subjects if match.folder else [main]
    truth = primary(scene, own, quantity)
    told = told._replace(expected=truth, derivation=derived(match, quantity))
    if cell.is_blank:
        return told._replace(verdict="right" if truth == 0 else "unanswered")
    if cell.problem is not None:
        return told._replace(verdict="unreadable", derivation=scene.words.problem(cell.problem))
    if cell.number is None and cell.stated_formula is None:
        return _judge_letters(scene, told, cell, main, truth)
    if cell.number is None:
        told = told._replace(value=plain_value(cell.stated_formula))
    best = agreement(cell, truth, heading, loose=True)
    if best is not None and best.fit != "truncated" and (not best.is_binary or quantity == "memory"):
        return right(scene, told, best)
    for value, why in _variants(scene, line, match, main, subjects, quantity):
        other = agreement(cell, value, heading)
        if other is not None and other.fit != "truncated":
            return told._replace(verdict="right-under", convention=why) if why else right(scene, told, other)
    if best is not None:
        return right(scene, told, best)
    return _otherwise(scene, line, told, cell, main, own, quantity, heading)


def right(scene: Scene, told: Judged, agreed: Agreement) -> Judged:
    """Return the verdict on a number that agrees with the right one in some way."""
    if agreed.is_binary:
        return told._replace(verdict="right-under", convention=scene.words.binary)
    if agreed.fit == "truncated":
        return told._replace(verdict="right-under", convention=scene.words.truncated)
    return told._replace(verdict="right")


def _judge_input(scene: Scene, told: Judged, match: Match, cell: Cell, quantity: str, heading: str) -> Judged:
    truth = 0
    if quantity in ("activations", "memory"):
        size = volume(scene.report.input[match.input or ""])
        truth = size if quantity == "activations" or not (cell.number and cell.number.is_bytes) else 4 * size
    told = told._replace(expected=truth)
    if cell.is_blank:
        return told._replace(verdict="right" if truth == 0 else "unanswered")
    agreed = agreement(cell, truth, heading)
    if agreed is None:
        wrong = cell.number is not None or cell.stated_formula is not None
        return told._replace(verdict="wrong" if wrong else "unreadable", derivation=scene.words.problem(cell.problem))
    return right(scene, told, agreed)


def _variants(
    scene: Scene, line: Line, match: Match, main: Subject, subjects: list[Subject], quantity: str
) -> Iterable[tuple[Value, str | None]]:
    """Yield other right values, each with the convention that makes it right (None: nothing to be said)."""
    if match.folder and line.repeat > 1:
        yield primary(scene, [main], quantity), scene.words.each.format(count=line.repeat)
    if not match.folder and len(subjects) > 1:
        yield primary(scene, subjects, quantity), scene.words.merged
    if match.folder:
        yield primary(scene, [main], quantity), None
    chosen = subjects if match.folder else [main]
    truth = primary(scene, chosen, quantity)
    values: list[tuple[int, str]] = []
    for convention in of(quantity):
        if not convention.support:
            value = under(convention, chosen, quantity, truth)
            if value is not None:
                values.append((value, convention.zh if scene.lang == "zh" else convention.en))
    if quantity in _OPERATIONS:
        for title, counts in scene.tool_counts:
            values.append((sum(counts.get(subject.node.path, 0) for subject in chosen), title))
    yield from values
    yield from batched(scene, truth, values, quantity)


def batched(scene: Scene, truth: int, values: Iterable[tuple[int, str]], quantity: str) -> Iterable[tuple[int, str]]:
    """Yield counts of a whole batch, where the shapes of the sheet have one: what a tool prints that ran on it."""
    if scene.batch is None or quantity not in (*_OPERATIONS, "activations", "memory"):
        return
    words = scene.words.batch.format(count=scene.batch)
    yield scene.batch * truth, words
    for value, why in values:
        yield scene.batch * value, f"{why}; {words}"


def under(convention: Convention, subjects: list[Subject], quantity: str, truth: int) -> int | None:
    """Return the count of some layers under a convention, None where it changes nothing.

    What it changes is added to what this sheet's tool prints, which may count more than the rules do.
    """
    value = counted(convention, subjects)
    if not isinstance(value, int):
        return None
    plain = sum(int(measure(subject, quantity) or 0) for subject in subjects)
    if convention.id == "running-statistics":
        return value if value != truth else None
    return truth + value - plain if value != plain else None


def counted(convention: Convention, subjects: Iterable[Subject]) -> Value:
    """Return the sum of some layers under a convention, None where it says nothing about one of them."""
    result: Value = 0
    for subject in subjects:
        try:
            value = convention.counts(subject)
        except (ArchcalcError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
            return None
        if value is None:
            return None
        result += value
    return result


def _otherwise(
    scene: Scene, line: Line, told: Judged, cell: Cell, main: Subject, own: list[Subject], quantity: str, heading: str
) -> Judged:
    followed = [scene.followed[subject.node.path] for subject in own]
    if any(a.inputs != b.inputs for a, b in zip(followed, own, strict=True)):
        value = primary(scene, followed, quantity)
        if value != told.expected and agreement(cell, value, heading) is not None:
            return told._replace(verdict="follow-on")
    mistakes = mistakes_in(scene, line, cell, main, told.expected, quantity, heading)
    undecided = None if mistakes else unsettled(scene, cell, int(told.expected), quantity, own)
    if undecided is not None:
        return told._replace(verdict="undecided", derivation=undecided)
    return told._replace(verdict="wrong", mistakes=mistakes)


def mistakes_in(
    scene: Scene, line: Line, cell: Cell, main: Subject, truth: int, quantity: str, heading: str
) -> tuple[Finding, ...]:
    """Return the mistakes that give the number of a cell."""
    before, after = neighbours(scene, line, main)
    found: list[Finding] = []
    calculated = cell.stated_formula
    if cell.number is not None and calculated is not None and cell.number.fit(calculated) is None:
        text = scene.words.arithmetic.format(value=f"{plain_value(calculated):,}")
        found.append(Finding("arithmetic-slip", text, text, plain_value(cell.number.value)))
    followed = scene.followed.get(main.node.path, main)
    for base in (followed, main) if followed.inputs != main.inputs else (main,):
        case = Case(quantity, base, truth, before, after)
        for finding in explain_value(case, lambda value: agreement(cell, value, heading) is not None):
            if finding.id not in {each.id for each in found}:
                found.append(finding)
    if cell.number is not None:
        column = scene.given_counts(quantity)
        previous = tuple(value for number, value in column if number < line.number)
        found += slips(cell.number, truth, previous)
    return tuple(found)


def unsettled(scene: Scene, cell: Cell, truth: int, quantity: str, subjects: list[Subject]) -> str | None:
    """Return why nothing is decided about an operation count that no convention gives, or None."""
    number = cell.number
    if number is None or truth <= 0 or quantity not in (*_OPERATIONS, "memory", "activations"):
        return None
    bases = [truth]
    if quantity in _OPERATIONS:
        bases += [int(value) for each in of(quantity) if isinstance(value := counted(each, subjects), int)]
        bases.append(2 * truth)
    if number.is_rounded and quantity in _OPERATIONS:
        near = next((base for base in bases if base and abs(number.value - base) * 100 <= 4 * base), None)
        if near is not None:
            return scene.words.near.format(count=near)
    if not number.is_rounded or number.step * 10_000 < number.value:
        for base in dict.fromkeys(bases):
            times = number.value / base if base else Fraction(0)
            if times.denominator == 1 and 2 < times <= 4096 and str(times).strip("0") != "1":
                return scene.words.multiple.format(times=times, count=base)
    return None


# ── Answers with letters ──


def _judge_letters(scene: Scene, told: Judged, cell: Cell, main: Subject, truth: int) -> Judged:
    formula = cell.formula
    if formula is None:
        return told._replace(verdict="unreadable", derivation=scene.words.problem(cell.problem))
    told = told._replace(value=cell.formula_text)
    letters = _assignment(formula, main, truth)
    if letters is None:
        reason = scene.words.letters.format(letters=", ".join(formula.letters))
        return told._replace(verdict="undecided", derivation=reason)
    listed = ", ".join(f"{letter} = {value}" for letter, value in letters.items())
    return told._replace(verdict="right-under", convention=scene.words.symbols.format(letters=listed))


def _assignment(formula: Polynomial, subject: Subject, truth: int) -> dict[str, int] | None:
    """Return sizes of the layer that, put in for the letters, give the right number."""
    letters = formula.letters
    if not letters or len(letters) > MOST_LETTERS:
        return None
    sizes = [value for value in dict.fromkeys(_sizes(subject)) if isinstance(value, int)]
    if len(sizes) ** len(letters) > 60_000:
        return None
    for values in product(sizes, repeat=len(letters)):
        chosen = dict(zip(letters, values, strict=True))
        if formula.at(chosen) == truth:
            return chosen
    return None


def _sizes(subject: Subject) -> Iterable[Value]:
    window = subject.node.window
    if window is not None:
        yield from window.kernel
    x = subject.inputs[0]
    yield from (channels(x), channels(subject.y), *spatial(subject.y), *spatial(x))
    yield from (value for value in subject.settings.values() if type(value) is int and value > 1)


# ── Derivations ──


def derived(match: Match, quantity: str) -> str | None:
    """Return how the right value of a row comes about, by the layer's own rule."""
    if match.main is None or (match.folder and sum(bool(node.weights or node.macs) for node in match.nodes) > 1):
        return None
    asked = {"params": "params", "weights": "weight:weight", "biases": "weight:bias", "macs": "macs", "flops": "macs"}
    if quantity not in asked:
        if quantity in ("activations", "memory"):
            return "·".join(map(str, match.main.output)) + f" = {volume(match.main.output)}"
        return None
    try:
        told = explain(match.main, asked[quantity], "math")
    except ArchcalcError:
        return None
    chain = " = ".join(dict.fromkeys((told.names, told.values, str(told.value))))
    return f"2·({told.values}) = {2 * told.value}" if quantity == "flops" else chain
