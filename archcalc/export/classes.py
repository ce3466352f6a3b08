"""Blocks that are built alike become one class; the constants that differ between them are its parameters."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from archcalc.export.names import identifier
from archcalc.export.scopes import Class, Scope, Statement, Value
from archcalc.torch_backend.printing import (
    Text,
    construction,
    default_of,
    expression,
    holes,
    literal,
    skeleton,
    unwrapped,
)


def likeness(scope: Scope) -> Any:
    """Return what scopes of one class have in common before their arguments are looked at."""
    number: dict[Value, int] = {value: at for at, value in enumerate(scope.reads)}
    lines: list[Any] = []
    for statement in scope.statements:
        kinds = tuple((type(step).__name__, getattr(step, "name", "")) for step in statement.steps or ())
        lines.append((kinds, statement.modules, tuple(number[value] for value in statement.reads)))
        for value in statement.writes:
            number[value] = len(number)
    made = tuple((each.name, each.step.name if each.step else skeleton(each.text), each.extra) for each in scope.made)
    whole = scope.path if scope.parent is None else ""
    ends = tuple(number[value] for value in scope.writes)
    return (scope.call.partition("(")[0], whole, tuple(lines), made, ends)


def write_out(members: Sequence[Scope]) -> None:
    """Write every module with the arguments that any member gives it, so that a stride of 1 and of 2 look alike."""
    for place, made in enumerate(members[0].made):
        if made.step is None:
            continue
        steps = [scope.made[place].step for scope in members]
        also = list(dict.fromkeys(name for step in steps if step is not None for name in step.kwargs))
        known = [name for name in also if default_of(made.step.name, name) is not None or name == "stride"]
        for scope, step in zip(members, steps, strict=True):
            if step is not None:
                scope.made[place].text = construction(step, known)


def texts(scope: Scope) -> list[Text]:
    """Return all lines of a scope: those of __init__, then those of forward."""
    return [*(made.text for made in scope.made), *(computed(statement, None) for statement in scope.statements)]


def computed(statement: Statement, names: Mapping[Value, str] | None) -> Text:
    """Return the right side of a line of forward."""
    values: list[Text] = [(names[value] if names else "v",) for value in statement.reads]
    if statement.steps is not None:
        return unwrapped(expression(statement.steps, values, statement.modules))
    inner = tuple(part for place, text in enumerate(values) for part in ((", ", *text) if place else text))
    return (f"self.{statement.modules[0]}(", *inner, ")")


def parametrize(made: Class, members: Sequence[Scope], reserved: Container[str]) -> None:
    """Turn the constants that differ between members into parameters; equal columns are one parameter."""
    rows = [[hole for text in texts(scope) for hole in holes(text)] for scope in members]
    columns: dict[tuple[str, ...], str] = {}
    taken = {"self", "x", *(each.name for each in members[0].made)}
    for number, hole in enumerate(rows[0]):
        column = tuple(literal(row[number].value) for row in rows)
        if len(set(column)) == 1:
            continue
        if column not in columns:
            stem = identifier(hole.hint.rstrip("_0123456789") or "size", reserved)
            name, again = stem, 2
            while name in taken:
                name, again = f"{stem}_{again}", again + 1
            taken.add(name)
            columns[column] = name
            made.order.append(number)
        made.parameters[number] = columns[column]
