r"""Arithmetic as people write it in cells, read by a parser of its own and never by Python.

×, *, ·, x, \times, `times`; fractions, floors and ceilings in every spelling; brackets of all kinds; implicit
products; letters. The value is a polynomial with exact fractions: a number where there are no letters, so that symbolic
answers are compared as polynomials and not as texts.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias
from unicodedata import normalize

LONGEST: Final = 400
DEEPEST: Final = 40
MOST_TERMS: Final = 200
MOST_DIGITS: Final = 60
LARGEST_EXPONENT: Final = 64

Monomial: TypeAlias = tuple[str, ...]


class UnreadableError(ValueError):
    """A text that is no arithmetic, or more of it than the bounds allow."""


class Polynomial(NamedTuple):
    """Σ coefficient · letters; a number if it has no letters."""

    terms: Mapping[Monomial, Fraction]

    @property
    def number(self) -> Fraction | None:
        """The value, or None if letters are left."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters, sorted."""
        return tuple(sorted({letter for monomial in self.terms for letter in monomial}))

    def at(self, values: Mapping[str, int]) -> Fraction:
        """Return the value with numbers for the letters.

        >>> evaluate("(n*m*l+1)*k").at({"n": 5, "m": 5, "l": 3, "k": 8})
        Fraction(608, 1)
        """
        result = Fraction(0)
        for monomial, coefficient in self.terms.items():
            product = coefficient
            for letter in monomial:
                product *= values[letter]
            result += product
        return result


def evaluate(text: str) -> Polynomial:
    r"""Return the value of one arithmetic text.

    >>> evaluate(r"$(5\times5\times1+1)\times6$").number
    Fraction(156, 1)
    >>> evaluate("floor[(28+2*0-7)/3]+1").number
    Fraction(8, 1)
    >>> evaluate("25C^2HW") == evaluate("25*H*W*C*C")
    True

    Raises:
        UnreadableError: no arithmetic, or beyond the bounds.
    """
    if len(text) > LONGEST:
        raise UnreadableError(f"longer than {LONGEST} characters")
    tokens = _tokens(plain(text))
    if not tokens:
        raise UnreadableError("nothing to calculate")
    parser = _Parser(tokens)
    value = parser.sum(0)
    if parser.at < len(tokens):
        raise UnreadableError(f"'{tokens[parser.at]}' does not fit there")
    return value


_SUPER: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SIGNS: Final = str.maketrans(
    {"×": "*", "✕": "*", "⨯": "*", "✖": "*", "·": "*", "∙": "*", "⋅": "*", "•": "*", "∗": "*", "−": "-", "–": "-",
     "—": "-", "÷": "/", "∕": "/", "【": "[", "】": "]", "“": "", "”": "", "\u00a0": " ", "\u2009": " ", "\u202f": " "}
)  # fmt: skip
_LATEX: Final = (
    (re.compile(r"\\(?:text|mathrm|mathbf|mathit|operatorname|boxed|bf|textbf|textit|texttt|mathsf|emph)\s*\{([^{}]*)\}"),
     r"\1"),
    (re.compile(r"\\(?:d|t)?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"((\1)/(\2))"),
    (re.compile(r"\\(?:left|right|bigl?|bigr?|Bigl?|Bigr?|displaystyle|,|;|!|:|quad|qquad)(?![A-Za-z])"), ""),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\(?:times|cdot|ast)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"\\lfloor(?![A-Za-z])"), "⌊"),
    (re.compile(r"\\rfloor(?![A-Za-z])"), "⌋"),
    (re.compile(r"\\lceil(?![A-Za-z])"), "⌈"),
    (re.compile(r"\\rceil(?![A-Za-z])"), "⌉"),
    (re.compile(r"\\(?:approx|simeq|sim)(?![A-Za-z])"), "≈"),
    (re.compile(r"\\([%$#&_*|<>~-])"), r"\1"),
    (re.compile(r"\\([{}\[\]()])"), r"\1"),
)  # fmt: skip


def plain(text: str) -> str:
    r"""Return a text without markup, with one spelling per sign.

    >>> plain(r"$(5\times5\times1+1)\times6$"), plain("9*9*3*32=**7,776**")
    ('(5*5*1+1)*6', '9*9*3*32=7,776')
    """
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: "^" + power[0].translate(_SUPER), text[:4_000])
    text = normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    text = text.replace("{,}", ",")
    if "\\" in text:
        for _ in range(3):  # nested markup unwraps from the inside
            for pattern, by in _LATEX:
                text = pattern.sub(by, text)
    text = re.sub(r"\b(?:math|np|numpy)\.(?=(?:floor|ceil|sqrt)\b)", "", text)
    text = text.replace("$", "").replace("`", "")
    # bold is marked on both sides of a word; between operands ** is a power
    text = re.sub(r"\*\*(?=\S)([^*]+?)(?<=\S)\*\*(?![\w(])", r"\1", text)
    text = re.sub(r"(?<![\w)\]])__([^_]+)__(?!\w)", r"\1", text)
    return " ".join(text.split())


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2}(?![\d.]))?|\.\d+)"
    r"(?P<unit>[KMG](?![A-Za-z0-9]))?"
    r"|(?P<name>[A-Za-zα-ω](?:[A-Za-z]*(?:_(?:\{\w{1,12}\}|\w{1,12}))?'*))"
    r"|(?P<sign>\*\*|//|[-+*/^()\[\]{}⌊⌋⌈⌉,×]))"
)
_UNITS: Final = MappingProxyType({"K": 10**3, "M": 10**6, "G": 10**9})
_FUNCTIONS: Final = frozenset({"floor", "ceil", "ceiling", "int", "round", "roundup", "rounddown", "sqrt"})
_CLOSING: Final = MappingProxyType({"(": ")", "[": "]", "{": "}", "⌊": "⌋", "⌈": "⌉"})


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.strip().rstrip(".;")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at:].strip():
                raise UnreadableError(f"'{text[at:].strip()[:12]}' is no arithmetic")
            break
        at = match.end()
        if match["number"]:
            value = Fraction(match["number"].replace(",", "")) * _UNITS.get(match["unit"] or "", 1)
            if value > 10**MOST_DIGITS:
                raise UnreadableError(f"a number of more than {MOST_DIGITS} digits")
            tokens.append(str(value))
        elif match["name"]:
            tokens += _words(match["name"], tokens)
        else:
            tokens.append({"**": "^", "×": "*"}.get(match["sign"], match["sign"]))
    return tokens


def _words(name: str, before: list[str]) -> list[str]:
    """Return a name as tokens: an operator, a function, a word, or letters side by side."""
    lower = name.lower()
    if lower in ("times", "by"):
        return ["*"]
    if lower == "plus":
        return ["+"]
    if lower == "minus":
        return ["-"]
    if lower in _FUNCTIONS:
        return [lower]
    after_value = bool(before) and (before[-1] not in ("+", "-", "*", "/", "//", "^", "(", "[", "{", ","))
    if lower == "x" and after_value:
        return ["*"]  # 3 x 3; as a letter x stands first
    if lower.startswith("x") and after_value and len(name) > 1 and "_" not in name:
        return ["*", *_words(name[1:], [*before, "*"])]
    is_word = len(name) > 3 and any(letter in "aeiouAEIOU" for letter in name)
    if "_" in name or len(name) == 1 or is_word:
        return [name.replace("{", "").replace("}", "")]
    return list(name)


class _Parser:
    """Sum, product, power, unit; every method returns a polynomial and stops where its part ends."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def sum(self, depth: int) -> Polynomial:
        if depth > DEEPEST:
            raise UnreadableError(f"brackets deeper than {DEEPEST}")
        sign = 1
        while self.peek() in ("+", "-"):
            sign = -sign if self.take() == "-" else sign
        value = _times(self.product(depth), _number(sign))
        while self.peek() in ("+", "-"):
            factor = -1 if self.take() == "-" else 1
            value = _plus(value, _times(self.product(depth), _number(factor)))
        return value

    def product(self, depth: int) -> Polynomial:
        value = self.power(depth)
        while True:
            token = self.peek()
            if token in ("*", "/", "//"):
                self.take()
                value = _combined(token, value, self.signed_power(depth))
            elif token and (token in _CLOSING or token[0].isalpha()):
                value = _times(value, self.power(depth))  # 3(4+1), 12d, (k-1)(n-1)
            else:
                return value

    def signed_power(self, depth: int) -> Polynomial:
        if self.peek() == "-":
            self.take()
            return _times(self.power(depth), _number(-1))
        return self.power(depth)

    def power(self, depth: int) -> Polynomial:
        base = self.unit(depth)
        if self.peek() != "^":
            return base
        self.take()
        exponent = self.signed_power(depth).number
        if exponent is None or exponent.denominator != 1 or not 0 <= exponent <= LARGEST_EXPONENT:
            raise UnreadableError(f"an exponent is a whole number up to {LARGEST_EXPONENT}")
        result = _number(1)
        for _ in range(int(exponent)):
            result = _times(result, base)
        return result

    def unit(self, depth: int) -> Polynomial:
        token = self.take()
        if not token:
            raise UnreadableError("something is missing at the end")
        if token in _FUNCTIONS:
            opening = self.take()
            if opening not in ("(", "[", "{"):
                raise UnreadableError(f"{token} needs brackets")
            return _rounded(token, self.inside(opening, depth))
        if token in _CLOSING:
            value = self.inside(token, depth)
            return _rounded({"⌊": "floor", "⌈": "ceil"}.get(token, ""), value)
        if token[0].isdigit():
            return _number(Fraction(token))
        if token[0].isalpha():
            return Polynomial({(token,): Fraction(1)})
        raise UnreadableError(f"'{token}' does not fit there")

    def inside(self, opening: str, depth: int) -> Polynomial:
        value = self.sum(depth + 1)
        if self.take() != _CLOSING[opening]:
            raise UnreadableError(f"'{opening}' is not closed")
        return value


def _number(value: int | Fraction) -> Polynomial:
    return Polynomial({(): Fraction(value)} if value else {})


def _plus(a: Polynomial, b: Polynomial) -> Polynomial:
    terms = dict(a.terms)
    for monomial, coefficient in b.terms.items():
        terms[monomial] = terms.get(monomial, Fraction(0)) + coefficient
    return _checked(terms)


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    terms: dict[Monomial, Fraction] = {}
    for left, x in a.terms.items():
        for right, y in b.terms.items():
            monomial = tuple(sorted(left + right))
            terms[monomial] = terms.get(monomial, Fraction(0)) + x * y
    return _checked(terms)


def _checked(terms: dict[Monomial, Fraction]) -> Polynomial:
    terms = {monomial: value for monomial, value in terms.items() if value}
    if len(terms) > MOST_TERMS or any(len(monomial) > LARGEST_EXPONENT for monomial in terms):
        raise UnreadableError(f"more than {MOST_TERMS} terms")
    if any(max(abs(value.numerator), value.denominator) > 10**MOST_DIGITS for value in terms.values()):
        raise UnreadableError(f"a number of more than {MOST_DIGITS} digits")
    return Polynomial(terms)


def _combined(sign: str, a: Polynomial, b: Polynomial) -> Polynomial:
    if sign == "*":
        return _times(a, b)
    divisor = b.number
    if divisor is None:
        return _divided(a, b)
    if divisor == 0:
        raise UnreadableError("a division by 0")
    quotient = _times(a, _number(1 / divisor))
    return _rounded("floor", quotient) if sign == "//" else quotient


def _divided(a: Polynomial, b: Polynomial) -> Polynomial:
    """Return a/b where b is one product of letters that divides every term."""
    if len(b.terms) != 1:
        raise UnreadableError("a division by a sum with letters")
    ((factors, coefficient),) = b.terms.items()
    terms: dict[Monomial, Fraction] = {}
    for monomial, value in a.terms.items():
        rest = list(monomial)
        for letter in factors:
            if letter not in rest:
                raise UnreadableError(f"{letter} does not divide every term")
            rest.remove(letter)
        terms[tuple(rest)] = value / coefficient
    return _checked(terms)


def _rounded(how: str, value: Polynomial) -> Polynomial:
    if not how:
        return value
    number = value.number
    if number is None:
        raise UnreadableError("a floor or ceiling of letters")
    if how == "sqrt":
        root = round(float(number) ** 0.5)
        if root * root != number:
            raise UnreadableError("a root that is not whole")
        return _number(root)
    up = how in ("ceil", "ceiling", "roundup")
    return _number(floor(number + Fraction(1, 2)) if how == "round" else ceil(number) if up else floor(number))
