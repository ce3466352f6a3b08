"""Long lines of code, broken where `ruff format` breaks them."""

import re
from collections.abc import Iterator
from typing import Final

_WIDTH: Final = 120
_OPENING, _CLOSING = "([{", ")]}"


def wrapped(line: str, deep: int) -> list[str]:
    """Return a line of code; what is too long stands in the brackets of its last call, or in new ones.

    Args:
        line: a statement, or an item with its comma.
        deep: the number of blanks before it.
    """
    if deep + len(line) <= _WIDTH:
        return [" " * deep + line]
    head, inner, end = _opened(line)
    if not end:
        return [" " * deep + line]
    lines = [f"{' ' * deep}{head}"]
    terms = list(_parted(inner, " + "))
    items = list(_parted(inner, ", "))
    if deep + 4 + len(inner) <= _WIDTH and head != "return (":
        lines.append(" " * (deep + 4) + inner)
    elif len(items) == 1 and len(terms) > 1:
        lines += [f"{' ' * (deep + 4)}{'+ ' if at else ''}{term}" for at, term in enumerate(terms)]
    else:
        for item in items:
            lines += wrapped(f"{item},", deep + 4)
    return [*lines, " " * deep + end]


def _opened(line: str) -> tuple[str, str, str]:
    """Return what stands before, in and after the brackets to break at; nothing after where there are none."""
    for pattern in (r"(.*?[^ ]\()(.*)(\)[,:]?)", r"(.*?\[)(.*)(\],?)"):
        parts = re.fullmatch(pattern, line)
        if parts is not None and _balances(parts[2]):
            return parts[1], parts[2], parts[3]
    value = re.fullmatch(r"(return |[\w, ]+ = )(.*)", line)
    return (f"{value[1]}(", value[2], ")") if value is not None else (line, "", "")


def _parted(text: str, mark: str) -> Iterator[str]:
    """Yield the parts between marks that stand in no brackets."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth == 0 and text.startswith(mark, at):
            yield text[start:at]
            start = at + len(mark)
    yield text[start:]


def _balances(text: str) -> bool:
    """Tell whether every bracket of a text is closed in it."""
    depth = 0
    for char in text:
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth < 0:
            return False
    return depth == 0
