"""Blocks that only feed each other become one sequence, and equal neighbours in it a loop."""

import re
from collections import defaultdict
from typing import Final

from archcalc.export.names import Names
from archcalc.export.scopes import Made, Scope, Statement, Value
from archcalc.torch_backend.printing import Hole, Text

_KEYWORDS: Final = frozenset({"stride", "strides", "padding", "dilation", "groups", "bias", "kernel_size", "repeats"})


def instance(scope: Scope) -> Text:
    """Return the text that makes a block: its class, and its own values of the class's parameters."""
    kind = scope.kind
    if kind is None:
        return ()
    parts: list[str | Hole] = [f"{kind.name}("]
    for place, number in enumerate(kind.order):
        name = kind.parameters[number]
        label = f"{name}=" if name.rstrip("_0123456789") in _KEYWORDS else ""
        if label == "" and any(isinstance(part, str) and part.endswith("=") for part in parts):
            label = f"{name}="  # no bare value after a named one
        parts += [*((", ",) if place else ()), *((label,) if label else ()), Hole(scope.constants[number].value, name)]
    return (*parts, ")")


def _belong(one: str, other: str, base: str) -> bool:
    """Tell whether two blocks are parts of one named item, or repeats of one call."""
    (folder, _, name), (other_folder, _, other_name) = one.rpartition("."), other.rpartition(".")
    repeats = re.sub(r"_\d+$", "", name) == re.sub(r"_\d+$", "", other_name)
    return folder == other_folder and (folder != base or repeats)


def join(scope: Scope, names: Names, sequence: tuple[str, str]) -> None:
    """Join blocks that only feed each other into one sequence, and equal neighbours into a loop.

    sequence: what stands before and behind the blocks, as "nn.Sequential(" and ")".
    """
    readers: dict[Value, int] = defaultdict(int)
    for statement in scope.statements:
        for value in statement.reads:
            readers[value] += 1
    for value in scope.writes:
        readers[value] += 1
    made = {each.name: each for each in scope.made}
    uses: dict[str, int] = defaultdict(int)
    for statement in scope.statements:
        for name in statement.modules:
            uses[name] += 1
    runs: list[list[Statement]] = []
    for statement in scope.statements:
        simple = statement.steps is None and len(statement.reads) == 1 and len(statement.writes) == 1
        simple = simple and uses[statement.modules[0]] == 1
        before = runs[-1][-1] if runs else None
        joins = (
            simple
            and before is not None
            and before.steps is None
            and before.writes == statement.reads
            and len(before.reads) == 1
            and readers[before.writes[0]] == 1
            and before.training == statement.training
            and _belong(before.label, statement.label, scope.path)
            and uses[before.modules[0]] == 1
        )
        if joins:
            runs[-1].append(statement)
        else:
            runs.append([statement])
    statements: list[Statement] = []
    for run in runs:
        if len(run) == 1:
            statements += run
            continue
        parts: list[Text] = []
        texts = [made[each.modules[0]].text for each in run]
        at = 0
        while at < len(texts):
            count = next((i for i, text in enumerate(texts[at:]) if text != texts[at]), len(texts) - at)
            loop: Text = ("*(", *texts[at], " for _ in range(", Hole(count, "repeats"), "))")
            parts.append(loop if count > 1 else texts[at])
            at += count
        text: list[str | Hole] = [sequence[0]]
        for place, part in enumerate(parts):
            text += [*((", ",) if place else ()), *part]
        folder = run[0].label.rpartition(".")[0]
        gone = {each.modules[0] for each in run}
        names.taken -= gone
        label = folder if folder != scope.path else run[0].label
        owner = names.attribute(label)
        joined = Made(owner, None, (*text, sequence[1]))
        spot = scope.made.index(made[run[0].modules[0]])
        scope.made = [each for each in scope.made if each.name not in gone]
        scope.made.insert(spot, joined)
        first, last = run[0], run[-1]
        statements.append(Statement(first.reads, last.writes, None, (owner,), first.training, label, first.comment))
    scope.statements = statements
