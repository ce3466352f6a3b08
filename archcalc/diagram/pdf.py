"""Canvas → PDF 1.4 in pure Python: paths, and text in the standard fonts that every reader has.

Letters outside Latin-1 are set in the standard Chinese font, which readers bring themselves.
"""

import zlib
from collections.abc import Iterable
from itertools import groupby
from types import MappingProxyType
from typing import Final

from archcalc.diagram.canvas import Canvas, Mark, Path, Text
from archcalc.diagram.metrics import text_width
from archcalc.diagram.svg import figure

_OPERATORS: Final = MappingProxyType({"M": "m", "L": "l", "C": "c"})
_FONTS: Final = (
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts ["
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light "
    b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /DW 1000 "
    b"/FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] "
    b"/ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >>] >>",
)


def pdf(canvas: Canvas) -> bytes:
    """Return a figure as a PDF document of one page."""
    marks = (mark for group in canvas.groups for mark in group.marks)
    paper = f"{_colour(canvas.paper, 'rg')} 0 0 {figure(canvas.width)} {figure(canvas.height)} re f"
    # the page counts upwards
    turned = f"1 0 0 -1 0 {figure(canvas.height)} cm"
    content = "\n".join([paper, turned, *(_mark(mark) for mark in marks)]).encode("latin-1")
    packed = zlib.compress(content, 9)
    box = f"[0 0 {figure(canvas.width)} {figure(canvas.height)}]"
    return _document(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R "
            "/Resources << /Font << /F1 5 0 R /F2 6 0 R /F3 7 0 R >> >> >>".encode(),
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(packed), packed),
            *_FONTS,
            b"<< /Title <FEFF%b> /Creator (archcalc) >>" % canvas.title.encode("utf-16-be").hex().upper().encode(),
        ]
    )


def _document(objects: list[bytes]) -> bytes:
    parts, offsets = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"], []
    for number, held in enumerate(objects, 1):
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, held))
    start = sum(map(len, parts))
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, entries))
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    parts.append(trailer % (len(objects) + 1, len(objects), start))
    return b"".join(parts)


def _mark(mark: Mark) -> str:
    return _text(mark) if isinstance(mark, Text) else _path(mark)


def _path(path: Path) -> str:
    steps = " ".join(
        "h" if letter == "Z" else " ".join(f"{figure(x)} {figure(y)}" for x, y in points) + f" {_OPERATORS[letter]}"
        for letter, points in path.steps
    )
    paint = []
    if path.fill:
        paint.append(_colour(path.fill, "rg"))
    if path.stroke:
        dash = " ".join(figure(part) for part in path.dash)
        paint.append(f"{_colour(path.stroke, 'RG')} {figure(path.width)} w [{dash}] 0 d")
    end = "B" if path.fill and path.stroke else "f" if path.fill else "S"
    return f"{' '.join(paint)} {steps} {end}"


def _text(text: Text) -> str:
    width = text_width(text.text, text.size, bold=text.bold)
    x = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
    parts = []
    for latin, run in groupby(text.text.replace("−", "–"), key=_is_latin):
        letters = "".join(run)
        font = ("F2" if text.bold else "F1") if latin else "F3"
        code = letters.encode("cp1252" if latin else "utf-16-be", "replace").hex().upper()
        parts.append(f"/{font} {figure(text.size)} Tf <{code}> Tj")
    # text must stand upright on a page that was turned
    return f"BT {_colour(text.fill, 'rg')} 1 0 0 -1 {figure(x)} {figure(text.y)} Tm {' '.join(parts)} ET"


def _is_latin(char: str) -> bool:
    try:
        char.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _colour(colour: str, operator: str) -> str:
    parts: Iterable[int] = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return " ".join(f"{part / 255:.3f}" for part in parts) + f" {operator}"
