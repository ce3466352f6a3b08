"""Judging rows that are no layer of the network, and figures whose name says nothing."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from archcalc.arithmetic import volume
from archcalc.homework.alone import contradiction
from archcalc.homework.cell import fit_shape, read_count, read_shape
from archcalc.homework.figures import agreement, judge_count, primary
from archcalc.homework.headings import FIELDS, SHAPES
from archcalc.homework.layertext import kinds
from archcalc.homework.match import Match, bare
from archcalc.homework.mistakes.calculation import misplaced
from archcalc.homework.mistakes.kinds import Finding
from archcalc.homework.reach import judge_field
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Line
from archcalc.homework.sizes import judge_shape
from archcalc.homework.verdict import Judged, plain_value
from archcalc.quantities import Shape
from archcalc.report import Node

# how a setting is called in an answer → the fields of layers that it may be
_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    dict.fromkeys(("layers", "n_layers", "num_layers", "number_of_layers", "depth", "层数"), ("layers",))
    | dict.fromkeys(("filters", "n_filters", "out_channels", "units", "hidden", "neurons"), ("out", "hidden"))
    | dict.fromkeys(("kernel", "kernel_size", "filter_size", "F", "K", "k", "f"), ("kernel",))
    | dict.fromkeys(("stride", "strides", "S", "s"), ("stride",))
    | dict.fromkeys(("padding", "pad", "P", "p"), ("pad",))
    | {"dilation": ("dilation",), "groups": ("groups",), "heads": ("heads",)}
)

_MOST_NAMES: Final = 4  # layers that a reason lists


def judge_unmatched(scene: Scene, line: Line, text: str, quantity: str, heading: str) -> Judged:
    """Return the verdict on a row that is no layer: zero is right, a sum of consecutive layers too."""
    cell = read_shape(text) if quantity in SHAPES else read_count(text)
    reason = _reason(scene, line.name)
    told = Judged(line.number, line.name, None, quantity, text, cell.value, "undecided", derivation=reason)
    wrong = contradiction(cell)
    if wrong is not None:
        said = scene.words.arithmetic.format(value=f"{plain_value(wrong):,}")
        found: tuple[Finding, ...] = (Finding("arithmetic-slip", said, said, plain_value(wrong)),)
        subjects = list(scene.subjects.values())
        if len(subjects) == 1 and (better := misplaced(cell.formula_text, cell.stated, subjects[0])):
            found = (better, *found)  # of a single layer it is clear which one is meant
        return told._replace(
            column="expression", verdict="wrong", expected=plain_value(wrong), derivation=None, mistakes=found
        )
    if quantity in SHAPES:
        shapes = _shapes_beside(scene, line, quantity)
        fits = any(fit_shape(cell, shape) for shape in shapes)
        return told._replace(verdict="right", derivation=None) if fits else told
    if cell.problem is not None:
        return told._replace(verdict="unreadable", derivation=scene.words.problem(cell.problem))
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


def _reason(scene: Scene, name: str) -> str:
    """Return why a row is undecided: the layers whose names go on where the row's ends (`conv2`: `conv2_1`)."""
    asked = bare(name)
    alike = [node.path for node in scene.report.rows if node.weights and bare(node.path).startswith(asked)]
    if not asked or not alike:
        return scene.words.no_layer
    names = ", ".join(alike[:_MOST_NAMES]) + (" …" if len(alike) > _MOST_NAMES else "")
    return scene.words.which.format(name=name, names=names)


def judge_setting(scene: Scene, line: Line, text: str) -> Judged | None:
    """Return the verdict on a figure that is called like a setting, or like the number of layers; None if it is not.

    Another value than the network's may do the same, so that it is not wrong.
    """
    name = line.name.strip()
    fields = _SETTINGS.get(name) or _SETTINGS.get(name.lower())
    number = read_count(text).number
    parts = {part for node in scene.report.rows for part in node.path.split(".")}
    if fields is None or number is None or name in parts:
        return None
    told = Judged(line.number, line.name, None, "expression", text, number.plain(), "undecided")
    nodes = [node for node in scene.report.rows if node.family not in ("activation", "norm", "merge", "shape")]
    expected: int | None
    if fields == ("layers",):
        counts = {len(nodes), sum(bool(node.weights) for node in nodes)}
        counts |= {sum(node.family == "conv" for node in nodes), len(scene.report.rows)}
        expected = sum(bool(node.weights) for node in nodes)
    else:
        values = [node.settings[field] for node in nodes for field in fields if field in node.settings]
        sides = [value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value for value in values]
        counts = {value for value in sides if type(value) is int}
        expected = counts.copy().pop() if len(counts) == 1 else None
    if number.value in counts:
        return told._replace(verdict="right", expected=number.plain())
    reason = scene.words.setting.format(value=expected) if expected is not None else scene.words.no_layer
    return told._replace(expected=expected, derivation=reason)


def judge_by_value(scene: Scene, line: Line, told: Judged, text: str, quantity: str, heading: str) -> Judged:
    """Return the verdict on a figure whose name says nothing: right if it is that of some layer, else as it was."""
    cell = read_count(text)
    number = cell.number
    small = number.value < 10 if number is not None else cell.formula is None
    if told.verdict != "undecided" or len(scene.report.rows) > 60:
        return told
    found = told
    for node in scene.report.rows if not small else ():
        match = Match(node, (node,))
        if quantity in SHAPES:
            judged = judge_shape(scene, line, match, text, quantity)
        elif quantity in FIELDS:
            judged = judge_field(scene, line, match, text, quantity)
        else:
            judged = judge_count(scene, line, match, text, quantity, heading)
        if judged.verdict == "right":
            return judged
        # a convention may fit by chance, the likelier the smaller the number
        if judged.verdict == "right-under" and found is told and (number is None or number.value >= 1_000):
            found = judged
    return found if found is not told else _by_fact(scene, told, text)


def _by_fact(scene: Scene, told: Judged, text: str) -> Judged:
    """Return the verdict on a figure that a layer has beside what its columns say: what one output reads, im2col."""
    cell = read_shape(text)
    for node in scene.report.rows:
        for dims, names in _facts(scene, node):
            if cell.dims == dims and volume(dims) >= 10:
                return told._replace(
                    verdict="right", layer=node.path, expected=plain_value(cell.dims), derivation=names
                )
    return told


def _facts(scene: Scene, node: Node) -> Iterator[tuple[Shape, str]]:
    """Yield sizes of a convolution as a matrix product: kernels × what one output reads × positions."""
    window = node.window
    if node.op != "conv" or window is None:
        return
    out, *axes = node.output
    count = node.input[0][0] // int(node.settings.get("groups") or 1)
    reads, positions = volume(window.kernel) * count, volume(axes)
    yield (reads,), f"{'·'.join(map(str, (*window.kernel, count)))} = {reads}: {scene.words.reads}"
    for dims in (
        (reads, positions),
        (positions, reads),
        (out, reads),
        (reads, out),
        (out, positions),
        (positions, out),
    ):
        yield dims, scene.words.matrix.format(out=out, reads=reads, positions=positions)


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
