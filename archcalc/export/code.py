"""The lines of a class: what `__init__` makes and what `forward` computes."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from archcalc.export.classes import computed
from archcalc.export.scopes import Class, Scope, Statement, Value
from archcalc.torch_backend.printing import filled, holes

_SHORT: Final = 72  # an expression of several steps
_HERE: Final = "\0"  # where an expression may move in


def constructions(scope: Scope, kind: Class) -> Iterator[str]:
    """Yield the lines of __init__; what `forward` needs of the parameters is kept."""
    number = 0
    built = sum(len(holes(made.text)) for made in scope.made)
    for name in dict.fromkeys(name for at, name in kind.parameters.items() if at >= built):
        yield f"self.{name} = {name}"
    for made in scope.made:
        yield f"self.{made.name} = {filled(made.text, kind.parameters, number)}"
        yield from made.extra
        number += len(holes(made.text))


def computations(scope: Scope, kind: Class, names: Mapping[Value, str]) -> Iterator[tuple[Statement, str, str]]:
    """Yield (statement, targets, expression); what only the next line reads moves into it where that is short."""
    number = sum(len(holes(made.text)) for made in scope.made)
    readers = Counter(value for statement in scope.statements for value in statement.reads)
    kept = {at: f"self.{name}" for at, name in kind.parameters.items()}
    waiting: tuple[Statement, str, str] | None = None
    for statement in scope.statements:
        marked = dict(names)
        inlined = False
        if waiting is not None:
            value = waiting[0].writes[0]
            once = statement.reads.count(value) == 1 == readers[value] and value not in scope.writes
            alone = len(waiting[0].writes) == 1 and waiting[0].training == statement.training
            inlined = once and alone and statement.comment in ("", waiting[0].comment)
            if inlined:
                marked[value] = _HERE
        text = filled(computed(statement, marked), kept, number)
        number += len(holes(computed(statement, None)))
        if waiting is not None:
            inner = waiting[2]
            short = _placed(inner, text)
            if inlined and len(short) < _SHORT:
                text = short
                statement = replace(statement, comment=waiting[0].comment)
            else:
                text = text.replace(_HERE, names[waiting[0].writes[0]])
                yield waiting
        waiting = (statement, ", ".join(names[value] for value in statement.writes), text)
    if waiting is not None:
        yield waiting


def _placed(inner: str, text: str) -> str:
    """Return a text with an expression moved in; it needs no brackets where it is an argument of its own."""
    operand = f"({inner})" if " " in re.sub(r"\(.*\)", "", inner) else inner
    before, _, after = text.partition(_HERE)
    alone = before.endswith(("(", "[", ", ")) and after.startswith((")", "]", ", "))
    return f"{before}{inner if alone else operand}{after}"
