"""Judging totals: against the network, and against the sheet's own rows."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from archcalc import memory
from archcalc.homework.cell import Cell, read_count
from archcalc.homework.conventions import of, one_by_one_strides
from archcalc.homework.figures import agreement, batched, judge_count, primary, right, stated, under, unsettled
from archcalc.homework.match import Match
from archcalc.homework.mistakes import CATALOGUE, produce
from archcalc.homework.mistakes.digits import slips
from archcalc.homework.mistakes.kinds import Case, Edit, Finding, Slip
from archcalc.homework.number import Printed
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line
from archcalc.homework.truth import Subject, measure
from archcalc.homework.verdict import Judged, Words, plain_value

MOST_SUMS: Final = 20_000  # of layers that may be frozen


class Addend(NamedTuple):
    """One number above a total."""

    name: str
    value: Fraction
    step: Fraction
    is_fine: bool


def judge_total(
    scene: Scene, line: Line, text: str, quantity: str, addends: Sequence[Addend], heading: str = ""
) -> Judged:
    """Return the verdict on the total of a column."""
    cell = read_count(text)
    told = Judged(line.number, line.name, None, quantity, text, cell.value, "unanswered")
    if cell.is_blank:
        return told
    if cell.number is None and cell.stated_formula is None:
        return told._replace(verdict="unreadable", derivation=scene.words.problem(cell.problem))
    if cell.number is None:
        told = told._replace(value=plain_value(cell.stated_formula))
    running = [scene.subjects[node.path] for node in scene.report.rows if node.mode == "both"]
    if quantity in ("trainable", "nontrainable"):
        return _judge_part(scene, told, cell, running, quantity)
    busy = [subject for subject in running if subject.node.shares or primary(scene, [subject], quantity)]
    if len(busy) == 1 and not addends:  # the network is one layer: its figure is the total
        match = Match(busy[0].node, (busy[0].node,))
        return judge_count(scene, line, match, text, quantity, heading)
    truth = primary(scene, running, quantity)
    told = told._replace(expected=truth, derivation=_as_sum(scene, running, quantity, truth))
    best = agreement(cell, truth, heading, loose=True)
    if best is not None and best.fit != "truncated" and (not best.is_binary or quantity == "memory"):
        return right(scene, told, best)
    own = sum((addend.value for addend in addends), Fraction(0))
    adds_up = len(addends) > 1 and _adds_up(cell, own, addends)
    if adds_up and all(addend.is_fine for addend in addends):
        return told._replace(verdict="right-under", convention=scene.words.of_rows)
    if adds_up:
        return told._replace(verdict="follow-on", convention=scene.words.of_rows)
    others = list(_other_totals(scene, running, quantity))
    for cut in (False, True):
        if cut and best is not None and not best.is_binary:
            return right(scene, told, best)
        for value, why in others:
            agreed = agreement(cell, value, heading)
            if agreed is not None and (agreed.fit == "truncated") is cut:
                return told._replace(verdict="right-under", convention=why)
    if best is not None:
        return right(scene, told, best)
    values = _own_values(scene, cell, heading) if quantity in ("memory", "activations") else None
    if values is not None:
        return told._replace(verdict="follow-on", convention=scene.words.own_values.format(count=plain_value(values)))
    undecided = unsettled(scene, cell, truth, quantity, running) if len(addends) < 2 else None
    if undecided is not None:
        return told._replace(verdict="undecided", derivation=undecided)
    found = _not_a_sum(cell, own, addends, scene.words) if len(addends) > 1 else []
    if not found or found[0].id == "wrong-sum":
        found = [*_in_layers(scene, cell, running, quantity, truth, heading), *found]
    if cell.number is not None:
        found += slips(cell.number, truth, tuple(int(addend.value) for addend in addends))
    return told._replace(verdict="wrong", mistakes=tuple(found[:4]))


def _own_values(scene: Scene, cell: Cell, heading: str) -> Fraction | None:
    """Return the total of values that the student states and that a total in bytes is four times of, or None."""
    for at, column in enumerate(scene.table.columns):
        if "activations" not in column.meanings:
            continue
        for line in scene.table.lines:
            own = read_count(line.text(at)).number if line.is_total else None
            if own is None or own.is_bytes or own.value < 1:
                continue
            for printed in stated(cell, heading):
                slack = 4 * (own.step if own.is_rounded else Fraction(0)) / 2 + printed.step / 2
                if abs(printed.value - 4 * own.value) <= slack and slack * 20 < printed.value:
                    return own.value
    return None


def judge_own_sum(line: Line, text: str, quantity: str, addends: Sequence[Addend], words: Words) -> Judged:
    """Return the verdict on a total where there is no network: only the sheet's own rows."""
    cell = read_count(text)
    told = Judged(line.number, line.name, None, quantity, text, cell.value, "unanswered")
    if cell.is_blank:
        return told
    if cell.number is None:
        return told._replace(verdict="unreadable", derivation=words.problem(cell.problem))
    if len(addends) < 2:
        return told._replace(verdict="undecided", derivation=words.no_network)
    own = sum((addend.value for addend in addends), Fraction(0))
    total = " + ".join(f"{plain_value(addend.value):,}" for addend in addends[:12])
    told = told._replace(expected=plain_value(own), derivation=f"{total} = {plain_value(own):,}")
    if _adds_up(cell, own, addends):
        return told._replace(verdict="right")
    return told._replace(verdict="wrong", mistakes=tuple(_not_a_sum(cell, own, addends, words)))


def _judge_part(scene: Scene, told: Judged, cell: Cell, running: list[Subject], quantity: str) -> Judged:
    """Judge trainable and non-trainable totals; running statistics belong to the second where a tool prints them."""
    trainable = sum(int(measure(subject, "trainable") or 0) for subject in running)
    everything = primary(scene, running, "params")
    frozen = everything - trainable
    truth = trainable if quantity == "trainable" else frozen
    told = told._replace(expected=truth, column="params")
    if agreement(cell, truth) is not None:
        return told._replace(verdict="right")
    number = cell.number
    if number is not None and number.value <= everything:
        counts = [primary(scene, [subject], "params") for subject in running]
        left_out = number.value if quantity == "nontrainable" else everything - number.value
        if left_out and _is_part(int(left_out), [count for count in counts if count]):
            return told._replace(verdict="right-under", convention=scene.words.frozen.format(count=int(left_out)))
    statistics = sum(int(measure(subject, "buffers") or 0) for subject in running)
    allowed = {everything, frozen + statistics} if quantity == "trainable" else {frozen + statistics, 0}
    if any(agreement(cell, value) is not None for value in allowed if value != truth):
        return told._replace(verdict="undecided", derivation=scene.words.not_known)
    return told._replace(verdict="wrong")


def _is_part(wanted: int, counts: Sequence[int]) -> bool:
    """Tell whether some of the counts add up to a number: the parameters of layers that are frozen."""
    sums = {0}
    for own in counts:
        sums |= {each + own for each in sums if each + own <= wanted}
        if wanted in sums:
            return True
        if len(sums) > MOST_SUMS:
            return False
    return False


def _adds_up(cell: Cell, own: Fraction, addends: Sequence[Addend]) -> bool:
    printed = cell.number or Printed("", cell.stated_formula or Fraction(0), Fraction(1))
    if printed.fit(own) is not None:
        return True
    rounded = [addend.step for addend in addends if addend.step > 1]
    slack = (sum(rounded, Fraction(0)) + printed.step) / 2
    return bool(rounded) and abs(printed.value - own) <= slack and slack * 20 < max(own, Fraction(1))


def _not_a_sum(cell: Cell, own: Fraction, addends: Sequence[Addend], words: Words) -> list[Finding]:
    printed = cell.number
    if printed is None:
        return []
    value = plain_value(printed.value)
    found = []
    for addend in addends:
        if addend.value <= 0:
            continue
        if printed.fit(own + addend.value) is not None:
            found.append(_said("row-twice", words.twice.format(name=addend.name), value))
        if printed.fit(own - addend.value) is not None:
            found.append(_said("row-left-out", words.left_out.format(name=addend.name), value))
    distinct = list({(each.id, each.en): each for each in found}.values())
    return distinct or [_said("wrong-sum", words.not_sum.format(sum=plain_value(own)), value)]


def _said(id_: str, text: str, value: object) -> Finding:
    return Finding(id_, text, text, value)


def _other_totals(scene: Scene, running: list[Subject], quantity: str) -> "list[tuple[int, str]]":
    found: list[tuple[int, str]] = []
    truth = primary(scene, running, quantity)
    for convention in of(quantity):
        value = under(convention, running, quantity, truth)
        if value is not None:
            found.append((value, convention.zh if scene.lang == "zh" else convention.en))
    trainable = sum(int(measure(subject, "trainable") or 0) for subject in running)
    if quantity == "params" and trainable != truth:
        found.append((trainable, scene.words.trainable))
    if quantity == "params":
        found += _hidden_norms(scene, running, truth)
    everything = list(scene.subjects.values())
    if len(everything) > len(running):
        found.append((primary(scene, everything, quantity), scene.words.training))
        heads = [subject for subject in everything if subject.node.mode == "train"]
        found.append((primary(scene, heads, quantity), scene.words.heads))
    if quantity in ("activations", "memory"):
        working = [
            s for s in running if s.node.family not in ("activation", "norm") and s.op not in ("dropout", "flatten")
        ]
        found.append((primary(scene, working, quantity), scene.words.working))
        inputs = sum(_volume(shape) for shape in scene.report.input.values())
        held = [(primary(scene, working, "activations") + inputs, scene.words.working), *_held(scene)]
        found += [(factor * elements, why) for factor in (1, 4) for elements, why in held]
    if quantity in ("macs", "flops"):
        modes = {node.path for node in scene.report.rows if node.mode == "both"}
        for title, counts in scene.tool_counts:
            found.append((sum(value for path, value in counts.items() if path in modes), title))
        moved = one_by_one_strides(running)
        if moved:
            macs = primary(scene, running, "macs")
            first = macs + sum(value - int(measure(scene.subjects[path], "macs")) for path, value in moved.items())
            found += [(first, scene.words.first_stride), (2 * first, scene.words.first_stride)]
    return [*found, *batched(scene, truth, found, quantity)]


def _held(scene: Scene) -> list[tuple[int, str]]:
    """Return how many numbers a network holds, by the ways in which one can count them."""
    report, said = scene.report, scene.words
    weights = int(sum(subject.node.params for subject in scene.subjects.values()))
    found = []
    for in_place, kept in ((False, said.with_input), (True, said.in_place)):
        values = int(sum(memory.values(report, in_place=in_place).values()))
        most = int(memory.peak(report, in_place=in_place).elements)
        found += [(values, kept), (values + weights, f"{kept}; {said.with_weights}")]
        found += [(2 * values, f"{kept}; {said.backward}")]
        found += [(most, said.peak), (most + weights, f"{said.peak}; {said.with_weights}")]
    return found


def _hidden_norms(scene: Scene, running: list[Subject], truth: int) -> list[tuple[int, str]]:
    """Return totals with batch normalisation after every convolution, or all but the last, that no row shows."""
    if any(subject.node.family == "norm" for subject in running):
        return []
    channels = [subject.y[0] for subject in running if subject.op in ("conv", "dwconv", "deconv")]
    per_channel = 4 if scene.framework == "keras" else 2
    chosen = [each for each in (channels, channels[:-1]) if len(each) > 1]
    return [(truth + per_channel * sum(each), scene.words.hidden_norms.format(count=len(each))) for each in chosen]


def _volume(shape: Sequence[int]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


def _as_sum(scene: Scene, running: list[Subject], quantity: str, truth: int) -> str | None:
    parts = [count for subject in running if (count := primary(scene, [subject], quantity))]
    if not 1 < len(parts) <= 24:
        return None
    return " + ".join(map(str, parts)) + f" = {truth}"


def _in_layers(
    scene: Scene, cell: Cell, running: list[Subject], quantity: str, truth: int, heading: str
) -> list[Finding]:
    """Return a mistake made in every layer, or in one, that gives the total."""
    busy = [subject for subject in running if subject.node.shares or primary(scene, [subject], quantity)]
    number = cell.number
    if len(busy) > 60 or (number is not None and number.is_rounded and number.step * 200 > number.value):
        return []
    found: list[Finding] = []
    single: list[Finding] = []
    for mistake in CATALOGUE:
        if quantity not in mistake.quantities:
            continue
        made: list[tuple[int, list[int]]] = []  # per layer: the right figure, the mistaken ones
        for before, subject in zip([None, *busy], busy, strict=False):
            own = primary(scene, [subject], quantity)
            case = Case(quantity, subject, own, before)
            values = [value for value in produce(mistake, case) if isinstance(value, int) and value != own]
            made.append((own, values))
            for value in values:
                if len(busy) > 1 and agreement(cell, truth - own + value, heading) is not None:
                    text = scene.words.at_layer.format(layer=subject.node.path, what=_told(mistake, case, scene.lang))
                    single.append(Finding(mistake.id, text, text, truth - own + value))
        for way in range(max((len(values) for _, values in made), default=0)):
            whole = sum(values[way] if way < len(values) else own for own, values in made)
            if agreement(cell, whole, heading) is not None:
                what = _told(mistake, Case(quantity, busy[-1], 0), scene.lang)
                text = scene.words.everywhere.format(what=what)
                found.append(Finding(mistake.id, text, text, whole))
                break
    return [*found, *single]


def _told(mistake: Edit | Slip, case: Case, lang: str) -> str:
    x = case.subject.inputs[0]
    text = mistake.zh if lang == "zh" else mistake.en
    return text.format(channels=x[-1] if len(x) <= 2 else x[0])
