"""A report as a figure: graph, volumes, bars or receptive fields, in every format.

report ─ picture ─▶ boxes, wires ─┬─ dot ─ layout ─ graph ─┬─▶ canvas ─▶ SVG, PDF, TikZ, PNG, HTML
                                  ├─ volumes, bars, sight ─┘
                                  └─ dot, mermaid ─────────▶ source
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from archcalc.diagram.bars import bars
from archcalc.diagram.boxes import Direction, Look, measure
from archcalc.diagram.canvas import Canvas
from archcalc.diagram.dot import dot
from archcalc.diagram.graph import graph
from archcalc.diagram.picture import Picture, picture, shape_text
from archcalc.diagram.sight import sight
from archcalc.diagram.themes import THEMES
from archcalc.diagram.volumes import NO_CHAIN, is_chain, volumes
from archcalc.lazy import resolve
from archcalc.render.options import check, option_error
from archcalc.report import Derive, Report

VIEWS: Final = ("graph", "volumes", "bars", "field")
FORMATS: Final = ("svg", "pdf", "png", "dot", "mmd", "tex", "html")
SHOWN: Final = ("shape", "params", "macs", "kernel", "rf")
DIRECTIONS: Final = ("TB", "LR")
_FIGURE: Final = 4  # layers and blocks that are worth a figure
# canvas → document; imported when wanted
_WRITERS: Final = MappingProxyType(
    {
        "svg": "archcalc.diagram.svg:svg",
        "pdf": "archcalc.diagram.pdf:pdf",
        "png": "archcalc.diagram.png:png",
        "tex": "archcalc.diagram.tikz:tikz",
    }
)


def diagram(
    report: Report,
    *,
    view: str = "graph",
    format: str = "svg",
    depth: int | None = None,
    folds: bool = True,
    show: Sequence[str] = ("shape", "kernel"),
    direction: Direction = "TB",
    columns: int = 1,
    theme: str = "default",
    lang: str = "en",
    derive: Derive | None = None,
) -> str | bytes:
    """Return a network as a figure: bytes for pdf and png, else text; a notebook shows svg as the figure.

    Args:
        report: what to draw.
        view: graph (boxes and wires), volumes (maps in perspective; chains only), bars (where the numbers go) or
            field (what one output of each layer sees of the input).
        format: svg, pdf, png, tex (TikZ), html (a page with details and a table); for graph also dot and mmd (Mermaid).
        depth: everything deeper than this many names becomes one box. The view volumes folds by itself where it must.
        folds: equal blocks in a row become one, marked ×N.
        show: what boxes say: shape, kernel (the settings of a layer), params, macs, rf (what one output sees).
        direction: TB (downwards) or LR.
        columns: a graph that grows downwards is cut into at most so many columns, beside each other.
        theme: default, mono, dark or safe (for all kinds of colour vision).
        lang: en or zh, for legend and totals.
        derive: how a number came about, for html; by default `archcalc.explain.explain`.

    Raises:
        TargetError: an option that means nothing, a network that a view cannot draw, or no program for a layout.
    """
    check("view", view, VIEWS)
    check("format", format, FORMATS)
    check("theme", theme, THEMES)
    check("direction", direction, DIRECTIONS)
    check("lang", lang, ("en", "zh"))
    for name in show:
        check("fact to show", name, SHOWN)
    if depth is not None and depth < 1:
        raise option_error(f"depth={depth} must be at least 1")
    if columns < 1:
        raise option_error(f"columns={columns} must be at least 1")
    if columns > 1 and (view != "graph" or direction != "TB" or format in ("dot", "mmd")):
        raise option_error(f"columns={columns} is for the view graph with direction TB, and not for dot and mmd")
    fields = _fields(report) if "rf" in show else {}
    look = Look(frozenset(show), THEMES[theme], lang, direction, fields)
    if format in ("dot", "mmd"):
        if view != "graph":
            raise option_error(f"format {format} draws the view graph only")
        made = picture(report, depth=depth, folds=folds)
        if format == "mmd":
            return str(resolve("archcalc.diagram.mermaid:mermaid")(made, look))
        return dot(made, look, {box.id: measure(box, look) for box in made.boxes})
    made, canvas = _canvas(report, view, depth, folds, look, columns)
    if format == "html":
        return str(resolve("archcalc.diagram.page:page")(report, made, canvas, look, derive))
    return document(canvas, format)


def document(canvas: Canvas, format: str) -> str | bytes:
    """Return a figure as svg or tex, or as the bytes of a pdf or png."""
    written: str | bytes = resolve(_WRITERS[format])(canvas)
    return written


def _canvas(
    report: Report, view: str, depth: int | None, folds: bool, look: Look, columns: int = 1
) -> tuple[Picture, Canvas]:
    if view == "field":
        made = picture(report, folds=False)
        return made, sight(report, made, look)
    if view != "volumes":
        made = picture(report, depth=depth, folds=folds)
        return made, graph(made, look, columns) if view == "graph" else bars(made, look)
    made = picture(report, depth=depth, folds=False)
    if depth is None and not is_chain(made):
        tries = (picture(report, depth=deep, folds=folds) for deep in (1, 2, 3))
        figures = [found for found in tries if is_chain(found) and _layers(found) >= _FIGURE]
        if not figures:
            raise option_error(NO_CHAIN)
        made = figures[0]
    shapes = {box.id: box.nodes[-1].output if box.nodes else report.input.get(box.path, ()) for box in made.boxes}
    return made, volumes(made, look, shapes)


def _layers(made: Picture) -> int:
    return sum(bool(box.nodes) for box in made.boxes)


def _fields(report: Report) -> dict[str, str]:
    from archcalc.receptive import Field, fields

    return {path: shape_text(seen.size) for path, seen in fields(report).items() if isinstance(seen, Field)}
