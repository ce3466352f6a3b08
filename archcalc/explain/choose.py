"""Which layers a word means: a path, a folder, a last name, or a layer type."""

from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.report import Node, Report

_SHOWN = 12


def choose_layers(report: Report, word: str) -> tuple[Node, ...]:
    """Return the rows that a word means, in their order.

    In this order: a folder, or what a block, a merge and a named item are; a row; every row or folder with this last
    name; every row of this type.

    >>> from archcalc.api import analyze
    >>> net = analyze("alexnet")
    >>> [row.path for row in choose_layers(net, "conv1")], [row.path for row in choose_layers(net, "maxpool")]
    (['conv1.conv', 'conv1.relu', 'conv1.lrn'], ['pool1', 'pool2', 'pool5'])

    Raises:
        TargetError: nothing is called so; the message has the nearest name.
    """
    rows = report.rows
    op = ALIASES.get(word, word)
    inside = tuple(row for row in rows if _lies_in(row.path, word))
    named = tuple(row for row in rows if f".{row.path}.".find(f".{word}.") >= 0)
    typed = tuple(row for row in rows if row.op == op)
    found = inside or (named if word not in LAYERS and word not in MERGES else ()) or typed or named
    if found:
        return found
    if word in report.input:
        message = f"'{word}' is an input; there is nothing to explain"
    elif op in LAYERS or op in MERGES:
        message = f"{report.target} has no layer of type {op}"
    else:
        paths = [row.path for row in rows]
        tries = ([path.split(".")[0] for path in paths], paths, [name for path in paths for name in path.split(".")])
        types = [row.op for row in rows]
        hints = (did_you_mean(word, dict.fromkeys(known)) for known in (*tries, types))
        hint = next(filter(None, hints), f"; {tops(report)}")
        message = f"{report.target} has no layer '{word}'{hint}"
    raise TargetError([Problem("E052", message, origin=COMMAND_LINE)])


def tops(report: Report) -> str:
    """Return the names at the top of a network, the first dozen.

    >>> from archcalc.api import analyze
    >>> tops(analyze("lenet"))
    'there are C1, S2, C3, S4, C5, F6, output'
    """
    names = list(dict.fromkeys(row.path.split(".")[0] for row in report.rows))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"there are {', '.join(names[:_SHOWN])}{more}"


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}.")
