"""Canvas → PNG, by the package resvg_py (3 MB, an extra)."""

from typing import Final

from archcalc.diagram.canvas import Canvas
from archcalc.diagram.svg import FONT, svg
from archcalc.errors import COMMAND_LINE, Problem, TargetError

_ZOOM: Final = 2.0  # 144 dots per inch
_MOST_PIXELS: Final = 120_000_000


def png(canvas: Canvas) -> bytes:
    """Return a figure as a PNG image, twice as large as it is in points; less if it would be huge.

    Raises:
        TargetError: resvg_py is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        raise TargetError(
            [
                Problem(
                    "E085",
                    "PNG needs the package resvg_py: `pip install 'archcalc[png]'`; svg and pdf need nothing",
                    origin=COMMAND_LINE,
                )
            ]
        ) from None
    zoom = min(_ZOOM, (_MOST_PIXELS / (canvas.width * canvas.height)) ** 0.5)
    size = max(1, round(canvas.width * zoom))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg(canvas), width=size, font_family=FONT.split(",")[0]))
