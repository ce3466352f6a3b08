"""From a network to a worksheet: which rows and columns, which cells are empty, what may be chosen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.explain.steps import call
from archcalc.homework.grid import table_of
from archcalc.homework.headings import COUNTS, SHEET_HEADINGS
from archcalc.homework.judge import judge_table
from archcalc.homework.scene import Scene
from archcalc.homework.sheet import Table
from archcalc.homework.worksheets.answers import answer, counts, written
from archcalc.homework.worksheets.choices import Cell, Distractor, Place, candidates, settle
from archcalc.homework.worksheets.draw import shuffled
from archcalc.homework.worksheets.paper import Choice, Paper, Question
from archcalc.homework.worksheets.words import say
from archcalc.report import Node, Report

MOST_ROWS: Final = 1_000
_SUMMED: Final = ("params", "weights", "biases", "macs", "flops")
NOTHING: Final = "–"  # the cell of a number that the network does not have


@dataclass(frozen=True)
class Wish:
    """What a worksheet should be.

    columns: quantities, in order. blank: those of them whose cells may be empty. share: of these cells, in percent.
    choices: numbers to choose from in a cell, the right one included; 0 for none. layers: rows to show, None for all
    that change something. seed: None for the network as it is, with one fixed order of everything drawn.
    even: whether the sheet may say that no division leaves anything.
    """

    columns: tuple[str, ...] = ("output", "params", "macs")
    blank: tuple[str, ...] = ("output", "params", "macs")
    share: int = 100
    choices: int = 0
    layers: tuple[Node, ...] | None = None
    seed: int | None = None
    even: bool = False
    lang: str = "en"


def make(report: Report, wish: Wish, command: str) -> Paper:
    """Return the worksheet of a network.

    Args:
        report: the network, with numbers for sizes.
        wish: what the sheet should be.
        command: how the sheet is checked; FILE stands for the answers.

    Raises:
        TargetError: there is nothing to ask, or too much.
    """
    nodes = wish.layers if wish.layers is not None else tuple(filter(tells, report.rows))
    if not nodes:
        raise _wrong(f"{report.target} has no layer to ask about")
    if len(nodes) > MOST_ROWS:
        raise _wrong(f"{len(nodes):,} layers are more than {MOST_ROWS:,} on a sheet; choose some with --layers")
    layers = dict(enumerate(nodes, len(report.input)))  # row on the sheet → layer
    truths = _truths(Scene(report, Table((), ()), None, wish.lang), layers, wish)
    fixed, names = _fixed(report, nodes, wish.lang)
    if any(row not in layers for row, _ in truths if row >= len(report.input)):
        names.append([say("total", wish.lang), *[""] * (len(fixed) - 1)])
    headings = [*fixed, *(SHEET_HEADINGS[each][wish.lang == "zh"] for each in wish.columns)]
    rows = [[*cells, *([NOTHING] * len(wish.columns))] for cells in names]
    for (row, quantity), right in truths.items():
        rows[row][len(fixed) + wish.columns.index(quantity)] = right
    scene = Scene(report, table_of(headings, rows), None, wish.lang)
    asked = _asked(scene, truths, layers, wish)
    if not asked:
        raise _wrong(f"nothing to ask: these layers of {report.target} have no {', '.join(wish.blank)} to be asked for")
    paper = Paper(
        report, wish.columns, tuple(fixed), tuple(map(tuple, rows)), (), tuple(_statements(report, nodes, wish)),
        command, wish.seed, wish.lang,
    )  # fmt: skip
    chosen = _choices(scene, paper, headings, [place for place in asked if place[0] in layers], wish)
    questions = []
    for row, quantity in asked:
        right, wrong = truths[row, quantity], chosen.get((row, quantity), ())
        layer = layers[row].path if row in layers else None
        questions.append(Question(row, layer, quantity, right, _offered(right, wrong, wish, (row, quantity))))
    return replace(paper, questions=tuple(questions))


def tells(node: Node) -> bool:
    """Tell whether a layer changes a size, stores something or computes; a relu and a dropout do not."""
    return node.mode == "both" and (bool(node.weights) or bool(node.macs) or node.input != (node.output,))


# ── Rows ──


def _fixed(report: Report, nodes: Sequence[Node], lang: str) -> tuple[list[str], list[list[str]]]:
    """Return the headings and cells that say which input or layer a row is about."""
    shown = {node.path for node in nodes} | set(report.input)
    reads = [_shown_inputs(report, node, shown) for node in nodes]
    last = [*report.input][-1:]
    chain = True
    for node, read in zip(nodes, reads, strict=True):
        chain = chain and read == last
        last = [node.path]
    rows = [[name, "input", ""] for name in report.input]
    rows += [
        [_label(node.path), _settings(report, node, read, lang), ", ".join(read)]
        for node, read in zip(nodes, reads, strict=True)
    ]
    headings = [say(word, lang) for word in ("layer", "settings", "reads")]
    width = 2 if chain else 3
    return headings[:width], [row[:width] for row in rows]


def _label(path: str) -> str:
    """Return a path so that a sheet's reader takes it for a name: in brackets if it would read as a sum or as ×2."""
    (line,) = table_of(["Layer", "Parameters"], [[path, "0"]]).lines
    return path if (line.name, line.is_total) == (path, False) else f"[{path}]"


def _shown_inputs(report: Report, node: Node, shown: set[str]) -> list[str]:
    """Return what a layer reads, through layers that are not on the sheet."""
    at = {row.path: row for row in report.rows}
    found: list[str] = []
    waiting = list(node.inputs)
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        if path in shown or path not in at:
            found.append(path)
        else:
            waiting[:0] = at[path].inputs
    return found


def _settings(report: Report, node: Node, read: Sequence[str], lang: str) -> str:
    """Return a layer as a spec writes it, and what else must be known: what it gets from layers not on the sheet."""
    shapes = {**report.input, **{row.path: row.output for row in report.rows}}
    got, shown = [shapes[path] for path in node.inputs], [shapes[path] for path in read]
    more = [] if got == shown else [say("gets", lang, sizes=", ".join("x".join(map(str, shape)) for shape in got))]
    more += [say("shares", lang, path=node.shares)] if node.shares else []
    more += [say("runs", lang, times=node.runs)] if node.runs != 1 else []
    return f"{call(node)} ({', '.join(more)})" if more else call(node)


# ── Cells ──


def _truths(scene: Scene, layers: Mapping[int, Node], wish: Wish) -> dict[Place, str]:
    """Return every cell that has an answer: of inputs the shape, of layers what they have, of the total the sums."""
    report = scene.report
    found: dict[Place, str] = {}
    for row, shape in enumerate(report.input.values()):
        if "output" in wish.columns:
            found[row, "output"] = written("output", shape)
    for row, node in layers.items():
        for quantity in wish.columns:
            right = answer(scene, node, quantity)
            if right is not None:
                found[row, quantity] = right
    shown = {node.path for node in layers.values()}
    rest = [each for each in report.rows if each.mode == "both" and each.path not in shown]
    for quantity in (each for each in wish.columns if each in _SUMMED):
        if all(answer(scene, each, quantity) == "0" for each in rest):
            found[len(report.input) + len(layers), quantity] = written(quantity, sum(counts(report, quantity)))
    return found


def _asked(scene: Scene, truths: Mapping[Place, str], layers: Mapping[int, Node], wish: Wish) -> list[Place]:
    """Return the cells that are empty: of those that the judge finds right in the key, a share, drawn by the seed."""
    right = {(cell.row - 1, cell.column) for cell in judge_table(scene) if cell.verdict == "right"}
    rows = {row for row, node in layers.items() if _is_found(scene, row, node)}
    rows.add(len(scene.report.input) + len(layers))  # the total, if there is one
    able = [place for place in truths if place in right and place[0] in rows and place[1] in wish.blank]
    kept = ceil(len(able) * wish.share / 100)
    drawn = set(shuffled(able, wish.seed or 0, "cells", scene.report.target)[:kept])
    return [place for place in able if place in drawn]


def _is_found(scene: Scene, row: int, node: Node) -> bool:
    """Tell whether the judge takes a row for the layer that it is about."""
    match = scene.matches.get(row + 1)
    return match is not None and match.main is not None and match.main.path == node.path


def _choices(
    scene: Scene, paper: Paper, headings: Sequence[str], asked: Sequence[Place], wish: Wish
) -> dict[Place, list[Distractor]]:
    """Return the wrong numbers that cells offer; a total has none, for its mistakes are those of its rows."""
    if wish.choices < 2:
        return {}
    found = {(row, quantity): candidates(scene, Cell(scene.table.lines[row], quantity)) for row, quantity in asked}

    def with_answers(answers: Mapping[Place, str]) -> Scene:
        return Scene(scene.report, table_of(headings, paper.filled(answers)), None, wish.lang)

    return settle(found, wish.choices - 1, with_answers)


def _offered(right: str, wrong: Sequence[Distractor], wish: Wish, place: Place) -> tuple[Choice, ...]:
    if not wrong:
        return ()
    every = [Choice(right), *(Choice(each.text, each.mistake) for each in wrong)]
    return tuple(shuffled(every, wish.seed or 0, "choices", *place))


# ── Conventions ──


def _statements(report: Report, nodes: Sequence[Node], wish: Wish) -> Iterator[str]:
    """Yield what a sheet must say so that every cell has one right answer."""
    columns = wish.columns
    pads = {node.settings.get("pad") for node in nodes}
    words = ["stride"]
    if "output" in columns or "input" in columns:
        words += ["shape", *(["even"] if wish.even else ["floor"] if any(node.window for node in nodes) else [])]
    words += ["half"] if "half" in pads else []
    words += ["same"] if pads & {"same", "same_lower"} else []
    words += ["params"] if "params" in columns else []
    biased = bool({"params", "biases"} & set(columns))
    words += ["biased"] if biased else []
    words += ["recurrent"] if biased and any(node.family == "recurrent" for node in nodes) else []
    words += [each for each in ("weights", "macs", "flops", "activations", "memory", "rf", "jump") if each in columns]
    words += ["totals"] if any(node.mode == "train" for node in report.rows) and set(columns) & set(COUNTS) else []
    yield from (say(word, wish.lang) for word in words)


def _wrong(message: str) -> TargetError:
    return TargetError([Problem("E085", message, origin=COMMAND_LINE)])
