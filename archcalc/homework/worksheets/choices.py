"""Multiple choice: for a cell, the numbers that the catalogue of mistakes makes of it.

Every one of them is put before the judge. It stays only if it is called wrong by the mistake it was made from, alone
among right answers and among wrong ones, and if it is right under no convention.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from archcalc.homework.conventions import of
from archcalc.homework.figures import counted, judge_count
from archcalc.homework.headings import FIELDS, SHAPES
from archcalc.homework.mistakes import CATALOGUE, produce
from archcalc.homework.mistakes.kinds import Case, Finding
from archcalc.homework.reach import judge_field
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line
from archcalc.homework.sizes import judge_shape, neighbours, safely, shape_case
from archcalc.homework.truth import Field, Value, measure
from archcalc.homework.verdict import Judged
from archcalc.homework.worksheets.answers import written

Place: TypeAlias = tuple[int, str]  # row on the sheet from 0, quantity

_MOST_TRIED: Final = 24  # candidates of one cell that the judge is asked about


class Cell(NamedTuple):
    """A cell of a sheet: the row as the judge reads it, and what it is about."""

    line: Line
    quantity: str


class Distractor(NamedTuple):
    """A wrong answer and the mistake that gives it."""

    text: str
    mistake: Finding


def verdict(scene: Scene, cell: Cell, answer: str) -> Judged:
    """Return what the judge says about an answer."""
    match = scene.matches[cell.line.number]
    if cell.quantity in SHAPES:
        return judge_shape(scene, cell.line, match, answer, cell.quantity)
    if cell.quantity in FIELDS:
        return judge_field(scene, cell.line, match, answer, cell.quantity)
    return judge_count(scene, cell.line, match, answer, cell.quantity)


def candidates(scene: Scene, cell: Cell) -> list[Distractor]:
    """Return the wrong answers of a cell, the most plausible first; the first of every mistake before further ones."""
    found: list[list[Distractor]] = []
    seen: set[str] = set()
    excluded = set(_conventional(scene, cell))
    tried = 0
    case = _case(scene, cell)
    for mistake in CATALOGUE:
        if cell.quantity not in mistake.quantities:
            continue
        own: list[Distractor] = []
        for value in produce(mistake, case):
            answer = written(cell.quantity, value) if _is_plausible(value) else ""
            if not answer or answer in seen or answer in excluded:
                continue
            seen.add(answer)
            tried += 1
            told = verdict(scene, cell, answer)
            if told.verdict == "wrong" and told.mistakes and "+" not in told.mistakes[0].id:
                own.append(Distractor(answer, told.mistakes[0]))
        found.append(own)
        if tried > _MOST_TRIED:
            break
    ranked = [(rank, at, each) for at, own in enumerate(found) for rank, each in enumerate(own)]
    return _by_mistake([each for _, _, each in sorted(ranked, key=lambda item: item[:2])])


def _by_mistake(distractors: list[Distractor]) -> list[Distractor]:
    """Return the first of every mistake, then the others: two slips of one kind teach less than two kinds."""
    first = {each.mistake.id: each for each in reversed(distractors)}
    heads = [each for each in distractors if first[each.mistake.id] is each]
    return heads + [each for each in distractors if first[each.mistake.id] is not each]


def settle(
    candidates: Mapping[Place, Sequence[Distractor]], wanted: int, with_answers: Callable[[Mapping[Place, str]], Scene]
) -> dict[Place, list[Distractor]]:
    """Return what is chosen of the candidates: up to `wanted` a cell, that hold beside each other, too.

    A wrong answer may be what follows from the wrong answer of the row before, or spoil what that explains. So every
    one is judged on sheets whose other cells hold wrong answers, until all of them hold.

    Args:
        candidates: by row and quantity.
        wanted: wrong answers a cell.
        with_answers: makes the sheet with some answers in the place of the right ones.
    """
    left = {place: list(each) for place, each in candidates.items()}
    holds: dict[tuple[Place, str, object], bool] = {}  # every answer is judged once beside each reading of its input
    while True:
        chosen = {place: each[:wanted] for place, each in left.items()}
        spoilt: set[tuple[Place, str]] = set()
        for turn in range(wanted):
            answers = {place: each[turn % len(each)].text for place, each in chosen.items() if each}
            among = with_answers(answers)
            for place, each in chosen.items():
                cell = Cell(among.table.lines[place[0]], place[1])
                read = _read(among, cell)
                for distractor in each:
                    known = (place, distractor.text, read)
                    if known not in holds:
                        holds[known] = _is_named(verdict(among, cell, distractor.text), distractor)
                    if not holds[known]:
                        spoilt.add((place, distractor.text))
        if not spoilt:
            return chosen
        left = {place: [each for each in listed if (place, each.text) not in spoilt] for place, listed in left.items()}


def _is_named(told: Judged, distractor: Distractor) -> bool:
    return told.verdict == "wrong" and distractor.mistake.id in {each.id for each in told.mistakes}


def _read(scene: Scene, cell: Cell) -> object:
    """Return what a layer reads as the sheet has it: all that a verdict on its cell takes from other cells."""
    node = scene.matches[cell.line.number].main
    assert node is not None
    if cell.quantity in FIELDS:
        return scene.followed_fields.get(node.path)
    return scene.followed[node.path].inputs


def _case(scene: Scene, cell: Cell) -> Case:
    """Return what a mistake may start from."""
    node = scene.matches[cell.line.number].main
    assert node is not None
    subject = scene.subjects[node.path]
    if cell.quantity in SHAPES:
        return shape_case(scene, cell.line, subject)
    before, after = neighbours(scene, cell.line, subject)
    if cell.quantity not in FIELDS:
        return Case(cell.quantity, subject, measure(subject, cell.quantity), before, after)
    fields = [scene.fields[path] for path in node.inputs if path in scene.fields]
    start = max(fields, key=lambda each: each.size, default=None)
    own = scene.fields[node.path]
    truth = own.size if cell.quantity == "rf" else own.jump
    start = start or Field((1,) * len(truth), (1,) * len(truth))
    return Case(cell.quantity, subject, truth, before, after, field=start)


def _conventional(scene: Scene, cell: Cell) -> Iterator[str]:
    """Yield what would be right under a convention, also under one that needs the support of other rows."""
    node = scene.matches[cell.line.number].main
    assert node is not None
    subject = scene.subjects[node.path]
    for convention in of(cell.quantity):
        value = safely(convention.counts, subject) if cell.quantity in SHAPES else counted(convention, [subject])
        if value is not None:
            yield written(cell.quantity, value)


def _is_plausible(value: Value) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(size, int) and size > 0 for size in value)
    return isinstance(value, int) and value > 0
