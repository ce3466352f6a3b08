"""Our own modules as text: a file that uses one brings its definition along."""

import ast
import re
from collections.abc import Collection, Mapping
from pathlib import Path


def own_definitions(path: Path) -> dict[str, str]:
    """Return the text of every definition in a file of our own modules, by name."""
    text = path.read_text(encoding="utf-8")
    lines = re.sub(r"  # type: ignore.*", "", text).split("\n")
    wanted = (ast.ClassDef, ast.FunctionDef)
    return {
        each.name: "\n".join(lines[each.lineno - 1 : each.end_lineno])
        for each in ast.parse(text).body
        if isinstance(each, wanted)
    }


def with_what_they_need(names: Collection[str], definitions: Mapping[str, str]) -> set[str]:
    """Return the names of definitions, and of all that these use in turn."""
    found = {name for name in names if name in definitions}
    fresh = set(found)
    while fresh:
        words = {word for name in fresh for word in re.findall(r"\w+", definitions[name])}
        fresh = {word for word in words if word in definitions} - found
        found |= fresh
    return found
