"""Texts and numbers as people read them, their width on screen, and what each format must escape."""

import re
from collections.abc import Sequence
from typing import Any, Final
from unicodedata import category, combining, east_asian_width, normalize

from archcalc.errors import visible

UNITS: Final = ("", "K", "M", "G", "T", "P", "E", "Z")

_ASCII: Final = str.maketrans(
    {"×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "…": "..", "≥": ">=", "≤": "<=", "≠": "!=", "→": "->",
     "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "’": "'", "‘": "'", "“": '"', "”": '"'}
    | {sign: f"^{power}" for power, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
)  # fmt: skip


# ── Numbers ──


def number(value: Any, *, ascii: bool = False, group: str = ",") -> str:
    """Return a count in full: digits in groups of three, or the formula of a free size.

    >>> number(60965224)
    '60,965,224'
    """
    if isinstance(value, int):
        return int.__format__(value, group)
    return str(value.text("ascii" if ascii else "math"))


def short(value: int, gap: str = " ") -> str:
    """Return a count rounded to three digits, with K, M, G, T (powers of 1000); below 1000 exact.

    >>> short(60965224), short(999_999), short(96)
    ('61.0 M', '1.00 M', '96')
    """
    unit = max(0, (len(str(value)) - 1) // 3)
    if not unit:
        return str(value)
    decimals = 2 - (len(str(value)) - 1) % 3
    scaled = _rounded(value, 10 ** (3 * unit - decimals))
    if scaled >= 1000:  # 999.9 rounds to 1000: one digit or one unit more
        unit, decimals, scaled = (unit, decimals - 1, 100) if decimals else (unit + 1, 2, 100)
    return f"{_point(scaled, decimals)}{gap}{UNITS[unit]}"


def millions(value: int) -> str:
    """Return a count in millions, with three digits at least.

    >>> millions(854_196_224), millions(416_520), millions(15_470_264_320)
    ('854M', '0.417M', '15,470M')
    """
    decimals = max(0, min(3, 9 - len(str(value))))
    scaled = _rounded(value, 10 ** (6 - decimals))
    return f"{_point(scaled, decimals) if decimals else f'{scaled:,}'}M"


def percent(part: int, whole: int) -> str:
    """Return a share in percent, with one decimal; what rounds to nothing is named so.

    >>> percent(34944, 60965224), percent(1, 100_000), percent(1, 3)
    ('0.1', '<0.1', '33.3')
    """
    tenths = _rounded(1000 * part, whole)
    return _point(tenths, 1) if tenths or not part else "<0.1"


def decimal(value: Any) -> str:
    """Return an exact fraction as a decimal.

    >>> from fractions import Fraction
    >>> decimal(Fraction(7, 20))
    '0.35'
    """
    return f"{value.numerator / value.denominator:.10g}"


def _rounded(value: int, unit: int) -> int:
    return (2 * value + unit) // (2 * unit)


def _point(scaled: int, decimals: int) -> str:
    digits = str(scaled).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


# ── Texts ──


def plain_ascii(text: str) -> str:
    r"""Return a text in ASCII: signs by their usual spelling, letters without accents, the rest as escapes.

    >>> plain_ascii("⌊(224 − 11)/4⌋ × é 层")
    'floor((224 - 11)/4) x e \\u5c42'
    """
    if text.isascii():
        return text
    text = normalize("NFKD", text.translate(_ASCII))
    return "".join(
        char if char.isascii() else f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
        for char in text
        if category(char) != "Mn"
    )


def width(text: str) -> int:
    """Return the columns that a text takes on screen: two for a Chinese character, none for an accent.

    >>> width("conv1"), width("参数量")
    (5, 6)
    """
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def fitted(text: str, size: int, align: str) -> str:
    """Return a text filled with blanks to a width."""
    gap = max(0, size - width(text))
    left = {"left": 0, "right": gap, "center": gap // 2}[align]
    return " " * left + text + " " * (gap - left)


def clipped(texts: Sequence[str], size: int, ellipsis: str) -> tuple[list[str], str]:
    """Return texts cut at their end to a width; there is nothing to explain.

    >>> clipped(["conv+relu+lrn", "conv"], 10, "…")
    (['conv+relu…', 'conv'], '')
    """
    fitting = (text if width(text) <= size else _start(text, size - len(ellipsis)) + ellipsis for text in texts)
    return list(fitting), ""


def abbreviated(paths: Sequence[str], size: int, ellipsis: str) -> tuple[list[str], str]:
    """Return paths with their longest folder names shortened, alike in all, and what they mean.

    Numbers and last names stay. A path that still does not fit loses its beginning.

    >>> abbreviated(["layer3.bottleneck_6.res.main.conv_3", "layer3.bottleneck_6.relu"], 26, "…")
    (['layer3.b_6.res.main.conv_3', 'layer3.b_6.relu'], 'b: bottleneck')
    """
    names = {name for path in paths for name in path.split(".")[:-1]}
    parts = {name: _stem(name) for name in names}
    taken = {stem for stem, _ in parts.values()}
    short: dict[str, str] = {}

    def brief(path: str) -> str:
        *folders, last = path.split(".")
        stems = (parts[name] for name in folders)
        return ".".join([*(short.get(stem, stem) + number for stem, number in stems), last])

    long = [path for path in paths if len(path) > size]
    for stem in sorted(taken, key=lambda stem: (-len(stem), stem)):
        free = next((stem[:end] for end in range(1, len(stem) - 1) if stem[:end] not in taken), None)
        if free is None or not long:
            continue
        short[stem] = free
        taken.add(free)
        long = [path for path in long if len(brief(path)) > size]
    cut = len(ellipsis) - size
    texts = [text if len(text) <= size else ellipsis + text[cut:] for text in map(brief, paths)]
    return texts, ", ".join(f"{start}: {stem}" for stem, start in sorted(short.items()))


def _stem(name: str) -> tuple[str, str]:
    """Return a name without the numbers at its end, and these: bottleneck, _6; stage, 2_0."""
    stem = name.rstrip("0123456789_") or name
    return stem, name[len(stem) :]


def _start(text: str, size: int) -> str:
    while width(text) > size:
        text = text[:-1]
    return text


def pieces(text: str, after: str) -> list[str]:
    """Return a text cut after every separator, which stays but for its blank.

    >>> pieces("7x7, 64; 3x3 maxpool", "; ")
    ['7x7, 64;', '3x3 maxpool']
    """
    *first, last = text.split(after)
    return [*(piece + after.rstrip() for piece in first), last]


def wrapped(text: str, size: int, after: str = " ", indent: str = "") -> list[str]:
    """Return a text in lines of at most a width, broken after a separator where it has some.

    >>> wrapped("MACs: multiply-adds; biases not counted.", 24, indent="  ")
    ['MACs: multiply-adds;', '  biases not counted.']
    """
    lines: list[str] = []
    line = ""
    for piece in pieces(text, after):
        if line and width(line) + 1 + width(piece) > size:
            lines.append(line)
            line = indent + piece
        else:
            line = f"{line} {piece}" if line else piece
    return [*lines, line]


# ── Escapes ──

_MARKDOWN: Final = str.maketrans(
    {char: f"\\{char}" for char in "\\`*[]|$~#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_LATEX: Final = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
     ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
     "×": r"$\times$", "·": r"$\cdot$", "−": "$-$", "…": r"\ldots{}", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$",
     "⌈": r"$\lceil$", "⌉": r"$\rceil$", "≥": r"$\ge$", "≤": r"$\le$", "→": r"$\to$", "–": "--"}
    | {char: f"\\{char}" for char in "&%$#_{}"}
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_LOOSE_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


def markdown(text: str) -> str:
    """Return a text for a cell of a GitHub table; an underscore inside a word needs no escape."""
    return _LOOSE_UNDERSCORE.sub(r"\\_", text.translate(_MARKDOWN))


def html(text: str) -> str:
    """Return a text for HTML, in an element or an attribute."""
    return text.translate(_HTML)


def latex(text: str) -> str:
    """Return a text for LaTeX outside math."""
    return text.translate(_LATEX)


def spreadsheet(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def safe(text: str) -> str:
    """Return a text that may come from a spec on one line, control and direction characters as escapes."""
    return visible(" ".join(text.split()))
