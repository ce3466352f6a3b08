"""Picture → Mermaid, which GitHub draws in Markdown."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from archcalc.diagram.boxes import Look, plain_lines
from archcalc.diagram.picture import Box, Cluster, Picture
from archcalc.diagram.themes import FAMILIES
from archcalc.errors import TargetError
from archcalc.render.options import option_error

# what Mermaid draws unless a page says otherwise, which GitHub does not: its maxEdges and maxTextSize
_MOST_WIRES: Final = 500
_MOST_LETTERS: Final = 50_000
# no + and -, which begin a list of Markdown
_HARMLESS: Final = frozenset(" .,:/_=×·…−")

_Inside: TypeAlias = tuple[list[Box], list[Cluster]]


def mermaid(made: Picture, look: Look) -> str:
    """Return the source of a flowchart; ids are our own, and every character that could mean something is escaped.

    Raises:
        TargetError: more than Mermaid draws.
    """
    if len(made.edges) > _MOST_WIRES:
        raise _too_much(f"{_MOST_WIRES} wires, and this figure has {len(made.edges)}")
    text = [f"flowchart {look.direction}"]
    text += _inside(None, made.nested(), look, 1)
    shapes = {box.id: box.shape for box in made.boxes}
    for edge in made.edges:
        label = f'|"{escape(shapes[edge.tail])}"|' if "shape" in look.show and shapes[edge.tail] else ""
        text.append(f"  {edge.tail} {'==>' if edge.skip else '-->'}{label} {edge.head}")
    used = {box.family for box in made.boxes}
    theme = look.theme
    for family in (*FAMILIES, "input", "output", "block"):
        if family in used:
            text.append(f"  classDef {family}_ fill:{theme.fill(family)},stroke:{theme.line},color:{theme.ink}")
            text.append(f"  class {','.join(box.id for box in made.boxes if box.family == family)} {family}_")
    trained = [box.id for box in made.boxes if box.mode == "train"]
    if trained:
        text.append("  classDef train_ stroke-dasharray:4 3")
        text.append(f"  class {','.join(trained)} train_")
    source = "\n".join([*text, ""])
    if len(source) > _MOST_LETTERS:
        raise _too_much(f"{_MOST_LETTERS:,} characters, and this figure has {len(source):,}")
    return source


def escape(text: str) -> str:
    """Return a text for a quoted label.

    >>> escape('a "b" <c>')
    'a #34;b#34; #60;c#62;'
    """
    return "".join(char if char.isalnum() or char in _HARMLESS else f"#{ord(char)};" for char in text)


def _too_much(what: str) -> TargetError:
    return option_error(f"Mermaid draws at most {what}; fold more, as with depth 1")


def _inside(frame: str | None, nested: Mapping[str | None, _Inside], look: Look, level: int) -> list[str]:
    indent = "  " * level
    boxes, clusters = nested[frame]
    found = [indent + _node(box, look) for box in boxes]
    for cluster in clusters:
        found.append(f'{indent}subgraph {cluster.id}["{escape(cluster.text) or " "}"]')
        found += _inside(cluster.id, nested, look, level + 1)
        found.append(f"{indent}end")
    return found


def _node(box: Box, look: Look) -> str:
    label = "<br/>".join(escape(text) for text in plain_lines(box, look))
    opening, closing = ("[", "]") if box.kind in ("layer", "block") else ("([", "])")
    return f'{box.id}{opening}"{label}"{closing}'
