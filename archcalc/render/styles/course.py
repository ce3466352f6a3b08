"""What the tables of lecture notes share: which layers they show, how they call them, worked-out numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from archcalc.render.cells import Writer
from archcalc.render.rows import prefix
from archcalc.render.view import Cell
from archcalc.report import Node

_SOFTMAX: Final = ("softmax", "logsoftmax")


def counted(node: Node) -> bool:
    """Tell whether a layer has parameters, buffers or multiply-adds, of its own or shared."""
    return bool(node.weights or node.shares) or node.macs != 0


def split(nodes: Iterable[Node]) -> tuple[list[Node], list[str]]:
    """Return the layers that a lecture table shows, and the words of those it leaves out.

    Left out are layers that change neither shape nor any count: activations but softmax, dropout, lrn.
    """
    shown, left_out = [], {}
    for node in nodes:
        changes = node.output != node.input[0] or node.family in ("pool", "merge") or node.op in _SOFTMAX
        if changes or counted(node):
            shown.append(node)
        else:
            left_out[node.op] = True
    return shown, list(left_out)


def names(shown: Sequence[Node]) -> dict[str, str]:
    """Return what to call layers, by path: a folder's name for the only layer in it, beside softmax.

    `conv1.conv` of `conv1: conv … -> relu` is conv1; the one softmax of a network is softmax.
    """
    endings = [node.path for node in shown if node.op in _SOFTMAX]
    main = [node.path for node in shown if node.op not in _SOFTMAX]
    held = Counter(prefix(path, depth) for path in main for depth in range(1, path.count(".") + 1))
    found = {node.path: node.path for node in shown}
    for path in main:
        folder = path.rpartition(".")[0]
        if held[folder] == 1:
            found[path] = folder
    if len(endings) == 1:
        found[endings[0]] = endings[0].rpartition(".")[2]
    return found


def ends_in_softmax(nodes: Iterable[Node]) -> set[str]:
    """Return the paths of layers that a softmax reads."""
    return {node.inputs[0] for node in nodes if node.op in _SOFTMAX}


def worked(write: Writer, node: Node, quantity: str, notation: str, *, plain: bool = False) -> Cell:
    """Return a number with its derivation: `(11*11*3+1)*96 = 34,944`; alone if it is 0 or a formula."""
    count = node.params if quantity == "params" else write.scaled(node.macs)
    if quantity == "params" and node.shares:
        return Cell(write.say("shared"), 0)
    if not isinstance(count, int):
        return Cell(write.number(count), count)
    text = write.plain(count) if plain else write.number(count)
    if count == 0:
        return Cell(text, 0)
    formula = write.look.derivation(node, quantity, notation).values
    if quantity == "macs" and write.look.batch != 1:
        formula = f"{write.look.batch}*{bracketed(formula)}"
    return Cell(text if formula == str(int(count)) else f"{formula} = {text}", count)


def bracketed(formula: str) -> str:
    """Return a formula ready to be multiplied: a sum gets brackets.

    >>> bracketed("400*120 + 120"), bracketed("(5*5+1)*6")
    ('(400*120 + 120)', '(5*5+1)*6')
    """
    depth = 0
    for char in formula:
        depth += (char in "([⌊⌈") - (char in ")]⌋⌉")
        if depth == 0 and char in "+-−":
            return f"({formula})"
    return formula
