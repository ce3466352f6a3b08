"""How wide a text is: in Helvetica, whose widths Arial and Liberation Sans share, or in what stands in for it."""

from typing import Final
from unicodedata import combining, east_asian_width

# thousandths of the font size, for the characters from blank to ~ (Adobe's metrics of the standard fonts)
_REGULAR: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
    556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
    556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
    500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_OTHER: Final = 600
_WIDE: Final = 1000
_BOLD: Final = 1.07  # bold letters on average

# DejaVu Sans, which many Linux systems have instead, is wider by this much: boxes leave room for it
_ROOM: Final = 1.14
_ROOM_BOLD: Final = 1.24


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text in points, if set in Helvetica.

    >>> round(text_width("conv1", 10), 2)
    26.68
    """
    units = sum(_units(char) for char in text)
    return units * size / 1000 * (_BOLD if bold else 1)


def room(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width that a line of text may take in whatever font stands in for Helvetica."""
    return text_width(text, size, bold=bold) * (_ROOM_BOLD if bold else _ROOM)


def fit(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return a text cut at its end, with an ellipsis, to a width in points.

    >>> fit("a_very_long_name_of_a_layer", 10, 80)
    'a_very_long_…'
    """
    if room(text, size, bold=bold) <= width:
        return text
    while text and room(text + "…", size, bold=bold) > width:
        text = text[:-1]
    return text + "…"


def _units(char: str) -> int:
    code = ord(char) - 32
    if 0 <= code < len(_REGULAR):
        return _REGULAR[code]
    if combining(char):
        return 0
    return _WIDE if east_asian_width(char) in "WF" or char == "…" else _OTHER
