"""Canvas → SVG, without links, scripts, style sheets or fonts of its own."""

from typing import Final

from archcalc.diagram.canvas import Canvas, Group, Mark, Path, Point, Text
from archcalc.render.text import html

FONT: Final = (
    "Helvetica, Arial, Liberation Sans, Arimo, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, DejaVu Sans, sans-serif"
)


class Svg(str):
    """The text of an SVG document, which a notebook shows as the figure."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


def svg(canvas: Canvas) -> Svg:
    """Return a figure as an SVG document."""
    return Svg(f'<?xml version="1.0" encoding="UTF-8"?>\n{element(canvas)}\n')


def element(canvas: Canvas) -> str:
    """Return a figure as an `svg` element for an HTML page."""
    width, height = figure(canvas.width), figure(canvas.height)
    body = "\n".join(_group(group) for group in canvas.groups)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{FONT}" role="img">\n'
        f"<title>{html(canvas.title)}</title>\n"
        f'<rect width="{width}" height="{height}" fill="{canvas.paper}"/>\n{body}\n</svg>'
    )


def figure(value: float) -> str:
    """Return a length with at most two decimals.

    >>> figure(12.0), figure(0.125), figure(-0.001)
    ('12', '0.12', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _group(group: Group) -> str:
    marks = "\n".join(_mark(mark) for mark in group.marks)
    if not group.id:
        return marks
    tip = f"<title>{html(group.tip)}</title>\n" if group.tip else ""
    return f'<g id="{group.id}">\n{tip}{marks}\n</g>'


def _mark(mark: Mark) -> str:
    if isinstance(mark, Text):
        anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
        bold = ' font-weight="bold"' if mark.bold else ""
        return (
            f'<text x="{figure(mark.x)}" y="{figure(mark.y)}" font-size="{figure(mark.size)}"'
            f'{anchor}{bold} fill="{mark.fill}">{html(mark.text)}</text>'
        )
    return f'<path d="{_steps(mark)}" {_paint(mark)}/>'


def _steps(path: Path) -> str:
    return " ".join(letter + " ".join(_point(point) for point in points) for letter, points in path.steps)


def _point(point: Point) -> str:
    return f"{figure(point[0])},{figure(point[1])}"


def _paint(path: Path) -> str:
    dash = f' stroke-dasharray="{" ".join(figure(part) for part in path.dash)}"' if path.dash else ""
    if not path.stroke:
        return f'fill="{path.fill}"'
    return f'fill="{path.fill or "none"}" stroke="{path.stroke}" stroke-width="{figure(path.width)}"{dash}'
