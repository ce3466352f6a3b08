"""Judging a cell that states a receptive field or a jump."""

from archcalc.homework.cell import Cell, read_count, read_shape
from archcalc.homework.match import Match
from archcalc.homework.mistakes import explain_value
from archcalc.homework.mistakes.kinds import Case
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line
from archcalc.homework.truth import Field, Value, grown
from archcalc.homework.verdict import Judged
from archcalc.layers.base import spatial
from archcalc.report import Node


def judge_field(scene: Scene, line: Line, match: Match, text: str, quantity: str) -> Judged:
    """Return the verdict on a receptive field (`rf`) or a product of strides (`jump`)."""
    cell = read_shape(text)
    if cell.dims is None:
        cell = read_count(text)
    told = Judged(line.number, line.name, match.path, quantity, text, cell.value, "unanswered")
    if cell.is_blank:
        return told
    if match.main is None:
        axes = max(1, len(scene.report.input[match.input or ""]) - 1)
        right = _agrees(cell, (1,) * axes)
        return told._replace(verdict="right" if right else "undecided", expected=1)
    nodes = [match.main, *reversed(match.nodes)]
    known = [scene.fields[node.path] for node in nodes if node.path in scene.fields]
    if not known:
        return told._replace(verdict="undecided", derivation=scene.words.not_known)
    values = [_part(field, quantity) for field in known]
    expected = values[0][0] if len(set(values[0])) == 1 else list(values[0])
    told = told._replace(expected=expected, derivation=_derived(scene, match.main, quantity))
    if cell.value is None:
        return told._replace(verdict="unreadable", derivation=scene.words.problem(cell.problem))
    if any(_agrees(cell, value) for value in values):
        return told._replace(verdict="right")
    image = _image(scene)
    field = known[0]
    if quantity == "rf" and image:
        clipped = tuple(min(size, side) for size, side in zip(field.size, image, strict=False))
        if (field.whole and _agrees(cell, image)) or (clipped != field.size and _agrees(cell, clipped)):
            return told._replace(verdict="right-under", convention=scene.words.clipped)
    if field.whole and quantity == "rf":
        whole = _whole_map(scene, match.main)
        if whole is not None and _agrees(cell, whole):
            return told._replace(verdict="right")
        return told._replace(verdict="undecided", derivation=scene.words.clipped)
    return _otherwise(scene, line, match.main, cell, told, quantity)


def _otherwise(scene: Scene, line: Line, main: Node, cell: Cell, told: Judged, quantity: str) -> Judged:
    before = scene.followed_fields.get(main.path)
    window = main.window
    if before is not None and window is not None and len(window.kernel) == len(before.size):
        own = _part(grown(before, window), quantity)
        if _agrees(cell, own):
            return told._replace(verdict="follow-on")
    truth = _part(scene.fields[main.path], quantity)
    inputs = [scene.fields[path] for path in main.inputs if path in scene.fields]
    start = max(inputs, key=lambda each: each.size, default=None)
    if start is None:
        axes = len(truth)
        start = Field((1,) * axes, (1,) * axes)
    following = _next_value(scene, line, quantity)
    case = Case(quantity, scene.subjects[main.path], truth, field=start, student_field=before, next_truth=following)
    mistakes = explain_value(case, lambda value: _agrees(cell, value) if isinstance(value, tuple) else False)
    return told._replace(verdict="wrong", mistakes=tuple(mistakes))


def _next_value(scene: Scene, line: Line, quantity: str) -> Value:
    numbers = [each.number for each in scene.lines]
    at = numbers.index(line.number) if line.number in numbers else len(numbers)
    following = scene.matches.get(numbers[at + 1]) if at + 1 < len(numbers) else None
    if following is None or following.main is None or following.main.path not in scene.fields:
        return None
    return _part(scene.fields[following.main.path], quantity)


def _part(field: Field, quantity: str) -> tuple[int, ...]:
    return field.size if quantity == "rf" else field.jump


def _agrees(cell: Cell, value: tuple[int, ...]) -> bool:
    dims = cell.dims
    if dims is None:
        number = cell.number
        return number is not None and len(set(value)) == 1 and number.value == value[0]
    if len(dims) == 1:
        return len(set(value)) == 1 and dims[0] == value[0]
    return dims[: len(value)] == value or (cell.batch is None and dims[-len(value) :] == value)


def _image(scene: Scene) -> tuple[int, ...]:
    first = next(iter(scene.report.input.values()), ())
    return tuple(size for size in spatial(first) if isinstance(size, int))


def _whole_map(scene: Scene, node: Node) -> tuple[int, ...] | None:
    """Return the field of a layer that reads a whole map: r + (n − 1)·j."""
    field = next((scene.fields[path] for path in node.inputs if path in scene.fields), None)
    sizes = spatial(node.input[0]) if node.input else ()
    if field is None or field.whole or len(sizes) != len(field.size):
        return None
    return tuple(r + (n - 1) * j for r, j, n in zip(field.size, field.jump, sizes, strict=True))


def _derived(scene: Scene, node: Node, quantity: str) -> str | None:
    window = node.window
    inputs = [scene.fields[path] for path in node.inputs if path in scene.fields]
    if window is None:
        return None
    before = max(inputs, key=lambda each: each.size) if inputs else Field((1,), (1,))
    if before.whole or len(before.size) != len(window.kernel):
        return None
    r, j, k, s, d = (part[0] for part in (before.size, before.jump, window.kernel, window.stride, window.dilation))
    if quantity == "jump":
        return f"j·s = {j}·{s} = {j * s}"
    step = f"{d}·({k} − 1)" if d != 1 else f"({k} − 1)"
    return f"r + (k − 1)·j = {r} + {step}·{j} = {r + d * (k - 1) * j}"
