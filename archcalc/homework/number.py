"""One printed number: its value, what its last digit is worth, and whether a count agrees with what is printed.

People group digits by comma, blank, apostrophe or the Indian way, write a decimal comma, cut or round, and add K,
M, G, Mil, 万, MB, GFLOPs. A printed number therefore stands for a range, and this file says which.
"""

import re
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

Fit: TypeAlias = Literal["exact", "rounded", "truncated"]

LONGEST: Final = 60

_SCALES: Final = MappingProxyType(
    {
        "": 1,
        "k": 10**3, "thousand": 10**3, "千": 10**3,
        "万": 10**4, "亿": 10**8,
        "m": 10**6, "mil": 10**6, "mio": 10**6, "mln": 10**6, "million": 10**6, "millions": 10**6, "百万": 10**6,
        "g": 10**9, "b": 10**9, "bn": 10**9, "billion": 10**9, "十亿": 10**9,
        "t": 10**12, "trillion": 10**12,
    }
)  # fmt: skip
_WORDS: Final = (
    r"params?|parameters?|weights?|mult[- ]?adds?|madds?|maccs?|macs?|flops?|flop/s|ops|operations|connections|values?"
    r"|neurons?|pixels?|px|units?|个|次|参数"
)
_GROUPED: Final = (
    r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?!\d)"  # 1,234,567.0
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)"  # 1,28,800
    r"|\d{1,3}(?:[ \u00a0\u2009\u202f']\d{3})+(?!\d)"  # 4 800
    r"|\d{1,3}(?:\.\d{3}){2,}(?!\d)"  # 1.234.567
)
_PLAIN: Final = r"0,\d+|\d+,\d{1,2}(?!\d)|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|\.\d+"
_NUMBER: Final = re.compile(
    rf"""(?P<about>[~≈∼]|about|approx\.?|approximately|ca\.?|around|大约|约)?\s*
    (?P<sign>[-−])?(?P<digits>{_GROUPED}|{_PLAIN})
    (?:\s*(?:[x×*·]|\\times|\\cdot)\s*10\s*\^\s*\{{?(?P<power>\d{{1,2}})\}}?)?
    \s*(?P<unit>(?:[KMGTkmgt]i?|)(?:[Bb]ytes?|B)\b|[KMGT]i\b
       |(?i:thousand|millions?|mil\b\.?|mio\b\.?|mln\b\.?|billion|bn\b|trillion)|百万|十亿|[千万亿]|[KkMGBTmgb](?=\s|$|\b|(?i:{_WORDS})))?
    \s*(?P<word>(?i:{_WORDS})\b\.?|x|×|倍)?
    \s*(?:(?:/|per)\s*(?:image|sample|img|batch|layer|s)\b)?
    \s*(?:\((?:only\s+)?(?:forward|fwd)[^)]*\))?\s*[.;。]?""",
    re.VERBOSE,
)


class Printed(NamedTuple):
    """A number as printed.

    value: with its unit. step: what one of the last printed digit is worth. unit: as written ("K", "MB", "").
    is_rounded: whether a unit, decimals or "about" say that the number may be rounded. is_bytes: memory.
    """

    text: str
    value: Fraction
    step: Fraction
    unit: str = ""
    is_rounded: bool = False
    is_bytes: bool = False

    def fit(self, true: int | Fraction) -> Fit | None:
        """Return how a true count agrees with the print: exactly, rounded, cut off; or None.

        >>> read_number("37M").fit(37_752_832), read_number("0.59M").fit(589_824), read_number("307").fit(308)
        ('truncated', 'rounded', None)
        """
        if self.value == true:
            return "exact"
        if not self.is_rounded:
            return None
        if abs(self.value - true) * 2 <= self.step:
            return "rounded"
        missing = abs(Fraction(true)) - abs(self.value)
        if abs(missing) * 2 <= self._coarse_step and abs(missing) * 100 <= abs(self.value):
            return "rounded"
        return "truncated" if 0 < missing < self.step else None

    @property
    def _coarse_step(self) -> Fraction:
        """What the last digit before trailing zeros is worth: 800K may be rounded to hundreds of thousands."""
        digits = self.value / self.step
        step = self.step
        while self.unit and digits and digits.denominator == 1 and digits % 10 == 0:
            digits, step = digits / 10, step * 10
        return step

    def scaled(self, factor: Fraction) -> "Printed":
        """Return the number in another unit: K as 1024 is K times 1.024."""
        return self._replace(value=self.value * factor, step=self.step * factor)

    def plain(self) -> int | float:
        """Return the value as JSON can hold it."""
        return int(self.value) if self.value.denominator == 1 else float(self.value)


def read_number(text: str) -> Printed | None:
    """Return the number that a whole text prints, or None.

    >>> read_number("1,28,800").value, int(read_number("12,4 M").value), int(read_number("120 Mil").value)
    (Fraction(128800, 1), 12400000, 120000000)
    >>> int(read_number("93MB / image").value), read_number("Conv2D")
    (93000000, None)
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    match = _NUMBER.fullmatch(text)
    return _printed(match) if match else None


def find_numbers(text: str) -> list[Printed]:
    """Return the numbers in a text, in order.

    >>> [int(number.value) for number in find_numbers("output 12, RF 6")]
    [12, 6]
    """
    return [_printed(match) for match in re.finditer(_NUMBER, text[:2_000])]


def binary(printed: Printed) -> Printed | None:
    """Return the number with K, M, G as powers of 1024, or None if it has no such unit."""
    letter = printed.unit[:1].upper()
    power = " KMGT".find(letter)
    if power < 1 or "i" in printed.unit:
        return None
    return printed.scaled(Fraction(1024, 1000) ** power)


def _printed(match: "re.Match[str]") -> Printed:
    digits, decimals = _digits(match["digits"])
    unit, word = match["unit"] or "", (match["word"] or "").lower()
    scale = Fraction(10) ** int(match["power"] or 0) * _scale(unit)
    exponent = re.search(r"[eE]([+-]?\d+)$", match["digits"])
    if exponent:
        scale *= Fraction(10) ** int(exponent[1])
    value = digits * scale * (-1 if match["sign"] else 1)
    step = scale / Fraction(10) ** decimals
    about = bool(match["about"])
    if about and not decimals and scale == 1:
        zeros = len(str(int(digits))) - len(str(int(digits)).rstrip("0"))
        step = Fraction(10) ** zeros
    is_bytes = bool(re.fullmatch(r"(?:[KMGTkmgt]i?)?(?:B|[Bb]ytes?)", unit)) and unit != "B"
    rounded = about or scale != 1 or decimals > 0
    return Printed(match[0].strip(), value, step, unit if word != "x" else "x", rounded, is_bytes)


def _digits(text: str) -> tuple[Fraction, int]:
    """Return the value of digits with separators, and the number of decimals."""
    mantissa = re.split("[eE]", text)[0]
    if re.fullmatch(r"\d+,\d{1,2}|0,\d+", mantissa):
        mantissa = mantissa.replace(",", ".")
    elif mantissa.count(".") > 1:
        mantissa = mantissa.replace(".", "")
    mantissa = re.sub(r"[,'\s\u00a0\u2009\u202f]", "", mantissa)
    whole, _, decimals = mantissa.partition(".")
    return Fraction(int((whole or "0") + decimals), 10 ** len(decimals)), len(decimals)


def _scale(unit: str) -> Fraction:
    if re.fullmatch(r"[KMGTkmgt]i(?:B|[Bb]ytes?)?", unit):
        return Fraction(1024) ** " KMGT".index(unit[0].upper())
    word = unit.lower().rstrip(".")
    if len(word) > 1 and word[0] in "kmgt" and word[1:] in ("b", "byte", "bytes"):
        word = word[0]
    elif word in ("byte", "bytes"):
        word = ""
    return Fraction(_SCALES[word])
