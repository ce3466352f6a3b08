"""Judging a cell that states a shape."""

from collections.abc import Callable
from fractions import Fraction

from archcalc.errors import ArchcalcError
from archcalc.explain import explain
from archcalc.homework.cell import Cell, fit_shape, read_shape
from archcalc.homework.match import Match
from archcalc.homework.mistakes import explain_value
from archcalc.homework.mistakes.kinds import Case, Finding
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line
from archcalc.homework.truth import Subject, Value
from archcalc.homework.verdict import Judged
from archcalc.layers.base import channels, spatial
from archcalc.quantities import Shape


def judge_shape(scene: Scene, line: Line, match: Match, text: str, quantity: str) -> Judged:
    """Return the verdict on an input or output shape."""
    cell = read_shape(text)
    told = Judged(line.number, line.name, match.path, quantity, text, cell.value, "unanswered")
    if cell.is_blank:
        return told
    truths = _truths(scene, match, quantity)
    expected = list(scene.arranged(truths[0]))
    told = told._replace(expected=expected, derivation=_derived(match, quantity))
    if match.main is not None and quantity == "output" and _is_uneven(cell, scene.subjects[match.main.path], text):
        floor = spatial(truths[0])[0]
        return told._replace(verdict="right-under", convention=scene.words.strict.format(floor=floor))
    if cell.dims is None:
        return told._replace(verdict="unreadable", derivation=scene.words.problem(cell.problem))
    batch = scene.batch
    if batch is not None and cell.dims[0] == batch:
        rest = cell._replace(dims=cell.dims[1:])
        if any(fit_shape(rest, truth) for truth in truths):
            return told._replace(verdict="right-under", convention=scene.words.batch.format(count=batch))
    for truth in truths:
        fit = fit_shape(cell, truth)
        if fit is not None:
            told = told._replace(verdict="right", expected=_like(cell, expected))
            if fit.batch is not None and fit.batch > 1 and len(truth) >= 3:
                return told._replace(verdict="right-under", convention=scene.words.batch.format(count=fit.batch))
            return told
    if match.main is None or quantity == "input":
        follow = _followed_input(scene, match, cell) if match.main is not None else False
        return told._replace(verdict="follow-on" if follow else "wrong")
    return _otherwise(scene, line, match, cell, told)


def _otherwise(scene: Scene, line: Line, match: Match, cell: Cell, told: Judged) -> Judged:
    main = match.main
    assert main is not None
    subject = scene.subjects[main.path]
    followed = scene.followed[main.path]
    if followed.inputs != subject.inputs:
        own = safely(lambda each: each.y, followed)
        if own is not None and fit_shape(cell, own):
            return told._replace(verdict="follow-on")
    mistakes = []
    for base in (followed, subject) if followed.inputs != subject.inputs else (subject,):
        case = shape_case(scene, line, base)
        mistakes = explain_value(
            case, lambda value: bool(fit_shape(cell, value)) if isinstance(value, tuple) else False
        )
        if mistakes:
            break
    if not mistakes and _is_depth_changed(cell, subject):
        text = scene.words.depth.format(channels=subject.y[0])
        mistakes = [Finding("depth-changed", text, text, told.value)]
    return told._replace(verdict="wrong", mistakes=tuple(mistakes))


def _is_depth_changed(cell: Cell, subject: Subject) -> bool:
    """Tell whether a pool, which keeps the channels, has the right sizes and other channels."""
    if subject.node.family != "pool" or len(subject.y) < 3 or cell.dims is None or len(cell.dims) != len(subject.y):
        return False
    kept = cell.dims[:-1], cell.dims[1:]
    return channels(subject.inputs[0]) == channels(subject.y) and spatial(subject.y) in kept


def shape_case(scene: Scene, line: Line, subject: Subject) -> Case:
    """Return what a mistake in a shape may start from."""
    before, after = neighbours(scene, line, subject)
    truth = safely(lambda each: each.y, subject)
    following = after.node.output if after is not None else None
    return Case("output", subject, truth, before, after, next_truth=following)


def neighbours(scene: Scene, line: Line, subject: Subject) -> tuple[Subject | None, Subject | None]:
    """Return the layers of the rows before and after a row; where it stands alone, those of the network."""
    numbers = [each.number for each in scene.lines]
    mains = [scene.matches.get(number) for number in numbers]
    at = numbers.index(line.number) if line.number in numbers else len(numbers)
    before = next((m.main for m in reversed(mains[:at]) if m is not None and m.main is not None), None)
    after = next((m.main for m in mains[at + 1 :] if m is not None and m.main is not None), None)
    rows = scene.report.rows
    place = rows.index(subject.node)
    if before is None and place and subject.node.inputs[:1] == (rows[place - 1].path,):
        before = rows[place - 1]
    if after is None:
        after = next((node for node in rows[place + 1 :] if node.family in ("conv", "pool", "linear")), None)
    return (
        scene.subjects[before.path] if before is not None else None,
        scene.subjects[after.path] if after is not None else None,
    )


def _truths(scene: Scene, match: Match, quantity: str) -> list[Shape]:
    if match.main is None:
        return [scene.report.input[match.input or ""]]
    if quantity == "input":
        found = [*match.main.input, match.nodes[0].input[0] if match.nodes and match.nodes[0].input else ()]
        return [shape for shape in dict.fromkeys(found) if shape]
    outputs = [match.main.output, *(node.output for node in reversed(match.nodes))]
    if match.folder:
        outputs = [match.nodes[-1].output, *outputs]
    return list(dict.fromkeys(outputs))


def _like(cell: Cell, expected: list[int]) -> list[int] | int:
    return expected[0] if len(expected) == 1 and cell.dims is not None and len(cell.dims) == 1 else expected


def _followed_input(scene: Scene, match: Match, cell: Cell) -> bool:
    assert match.main is not None
    return any(fit_shape(cell, shape) is not None for shape in scene.followed[match.main.path].inputs)


def _derived(match: Match, quantity: str) -> str | None:
    if match.main is None or quantity != "output":
        return None
    try:
        told = explain(match.main, "output")
    except ArchcalcError:
        return None
    return " = ".join(dict.fromkeys((told.names, told.values, str(told.value))))


def _is_uneven(cell: Cell, subject: Subject, text: str) -> bool:
    """Tell whether the cell says that the size is no whole number, and it is none."""
    window = subject.node.window
    if window is None or subject.is_merge or not spatial(subject.inputs[0]):
        return False
    n, k, s = spatial(subject.inputs[0])[0], window.kernel[0], window.stride[0]
    if not isinstance(n, int):
        return False
    exact = Fraction(n + window.before[0] + window.after[0] - window.dilation[0] * (k - 1) - 1, s) + 1
    if exact.denominator == 1:
        return False
    value = cell.number.value if cell.number else cell.stated_formula
    if value is not None and cell.dims is None:
        return cell.number.fit(exact) is not None if cell.number else value == exact
    lower = text.lower()
    return any(word in lower for word in ("invalid", "not an integer", "not whole", "不整除", "无效", "false", "no"))


def safely(rule: Callable[[Subject], Value], subject: Subject) -> Value:
    """Return what a rule gives, None where it refuses."""
    try:
        return rule(subject)
    except (ArchcalcError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
        return None
