"""Lines and titles of a spec as comments and docstrings that nothing in them can end."""

from typing import Final

from archcalc.errors import visible
from archcalc.graph import GraphNode

_LONGEST: Final = 84  # as long as fits a line at the depth of a method


def line_of(node: GraphNode) -> str:
    """Return the line of the spec that a layer comes from, as a comment; "" where there is none."""
    if node.place is None:
        return ""
    return cited(node.place.source.line(node.place.line))


def cited(line: str) -> str:
    """Return a line of a spec as a comment, without its list mark and its own comment."""
    return as_comment(line.strip().removeprefix("- ").partition(" #")[0].rstrip())


def safe(text: str) -> str:
    """Return a text of a spec that can end neither a comment nor a docstring."""
    return visible(text).replace("\\", "/").replace('"', "'")


def as_comment(text: str) -> str:
    """Return a text of a spec as one line of comment, cut where it is too long."""
    said = safe(text).rstrip(".")
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
