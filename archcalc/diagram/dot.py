"""Picture → DOT, by the package graphviz. Ids are our own, every text is escaped, sizes of boxes are ours.

Boxes carry the space for the shape at their exit, so an engine that knows nothing of it leaves it free.
"""

from collections.abc import Mapping
from typing import Any

from archcalc.diagram.boxes import Look, Size, plain_lines
from archcalc.diagram.picture import Picture

_POINTS = 72  # an inch


def dot(made: Picture, look: Look, sizes: Mapping[str, Size]) -> str:
    """Return the DOT source of a picture."""
    import graphviz

    across = look.direction == "LR"
    graph = graphviz.Digraph("network", graph_attr={
        "rankdir": look.direction, "nodesep": "0.28", "ranksep": "0.22", "fontname": "Helvetica", "fontsize": "11",
        "labeljust": "l", "style": "rounded", "color": look.theme.cluster_line, "bgcolor": look.theme.paper,
        "fontcolor": look.theme.ink,
    }, node_attr={
        "shape": "box", "style": "rounded,filled", "fixedsize": "true", "fontname": "Helvetica", "fontsize": "10",
        "color": look.theme.line, "fontcolor": look.theme.ink,
    }, edge_attr={"arrowsize": "0.6", "color": look.theme.line, "tailport": "e" if across else "s"})  # fmt: skip
    nested = made.nested()

    def place(scope: Any, frame: str | None) -> None:
        boxes, clusters = nested[frame]
        for box in boxes:
            size = sizes[box.id]
            texts = [*plain_lines(box, look), *([box.shape] if box.shape and "shape" in look.show else [])]
            scope.node(
                box.id,
                label=r"\n".join(graphviz.escape(text) for text in texts),
                width=f"{(size.width + (size.exit if across else 0)) / _POINTS:.4f}",
                height=f"{(size.height + (0 if across else size.exit)) / _POINTS:.4f}",
                fillcolor=look.theme.fill(box.family),
            )
        for cluster in clusters:
            with scope.subgraph(name=f"cluster_{cluster.id}") as inner:
                inner.attr(label=graphviz.escape(cluster.text))
                place(inner, cluster.id)

    place(graph, None)
    for edge in made.edges:
        # what passes by must not bend the line of the layers
        graph.edge(edge.tail, edge.head, **({"color": look.theme.accent} if edge.skip else {"weight": "3"}))
    return str(graph.source)
