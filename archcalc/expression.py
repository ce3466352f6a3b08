"""Free sizes: integer polynomials over symbols and floors, with the domain in which they hold.

`Space().symbol("H")` is a positive integer that is not known yet. Rules compute with it as with a number (see
`archcalc.arithmetic`) and the result is an `Expression`, kept canonical by three identities that hold on all
integers, so that equal chains of layers have identical sizes:

    ⌊(k·y + z)/k⌋ = y + ⌊z/k⌋     ⌊(⌊y/j⌋ + z)/k⌋ = ⌊(y + j·z)/(j·k)⌋     ⌊(g·y + c)/(g·k)⌋ = ⌊(y + ⌊c/g⌋)/k⌋

A comparison is decided from the ranges of the symbols: first from the least and greatest value of every term,
then on each residue class H = L·q + r, where all floors vanish. What is neither true nor false everywhere
becomes a bound on the symbol ("H >= 63", a part of the answer) or is refused: nothing is guessed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, floor, gcd, lcm, prod
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from archcalc.arithmetic import Message, say
from archcalc.errors import ShapeError

# A spec is untrusted: without these bounds a few lines could square a size until memory ends.
MOST_TERMS: Final = 1_000
MOST_FACTORS: Final = 24
MOST_DIGITS: Final = 60
MOST_TEXT: Final = 400
MOST_CLASSES: Final = 4_096  # of one comparison
MOST_WORK: Final = 100_000  # classes of one analysis
FAR: Final = 10**9


class Atom(str):
    """A symbol, or ⌊numerator/divisor⌋ of a canonical numerator; equal and ordered by its text.

    The coefficients of a numerator are at least 0, so every atom grows with every symbol in it.
    """

    __slots__ = ("divisor", "numerator")
    numerator: "Terms"
    divisor: int

    @classmethod
    def floor(cls, numerator: "Terms", divisor: int) -> "Atom":
        """Return the atom ⌊numerator/divisor⌋."""
        parts = []
        for monomial in sorted(numerator, key=lambda factors: (not factors, factors)):
            factors = (f"({atom})" if atom.divisor else atom for atom in monomial)
            parts.append("*".join((*factors, str(numerator[monomial]))))
        atom = cls(f"{'+'.join(parts)}//{divisor}")
        atom.numerator, atom.divisor = numerator, divisor
        _check(len(atom) <= MOST_TEXT and divisor < FAR**4, "nested floors that are too long")
        return atom

    @classmethod
    def symbol(cls, name: str) -> "Atom":
        """Return the atom of a symbol; its divisor is 0."""
        atom = cls(name)
        atom.numerator, atom.divisor = {}, 0
        return atom


Monomial: TypeAlias = tuple[Atom, ...]  # sorted, an atom as often as its power says; () is the constant
Terms: TypeAlias = dict[Monomial, int]  # without zeros; never changed once made
Range: TypeAlias = tuple[int | None, int | None]  # least and greatest value, None without bound
Ranges: TypeAlias = dict[str, tuple[int, int | None]]  # of symbols
Number: TypeAlias = "int | Expression"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Expression:
    """A size that depends on symbols; never a constant, for a constant is an `int`.

    `==` compares canonical forms. `<` and the like give what holds in the whole domain, or raise ShapeError.

    >>> H = Space().symbol("H")
    >>> (H + 6 - 7) // 2 + 1 == (H + 1) // 2, H - H
    (True, 0)
    """

    space: "Space"
    terms: Terms

    @property
    def arithmetic(self) -> "Space":
        """The functions that rules call instead of `max`, `%` and comparisons."""
        return self.space

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols, sorted."""
        return tuple(sorted(set(_symbols(self.terms))))

    def evaluate(self, values: Mapping[str, int]) -> int:
        """Return the number for these values of the symbols.

        >>> ((Space().symbol("H") - 11) // 4 + 1).evaluate({"H": 227})
        55
        """
        return _evaluate(self.terms, values)

    def text(self, notation: str = "math") -> str:
        """Return the shortest form with this notation: math, ascii, latex, python, sympy or compact.

        >>> size = (Space().symbol("H") + 3) // 4
        >>> size.text(), (64 * size - 1).text("ascii")
        ('⌈H/4⌉', '64*ceil(H/4) - 1')
        """
        return _sum(_fewest(self.terms), NOTATIONS[notation])

    def __str__(self) -> str:
        text = self.text("compact")
        return f"({text})" if len(_fewest(self.terms)) > 1 else text

    def __repr__(self) -> str:
        return f"Expression({self.text('ascii')})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __bool__(self) -> bool:
        return not _decided(is_equal(self, 0), f"whether {self} is 0")

    def __lt__(self, other: Number) -> bool:
        return _decided(is_less(self, other), f"whether {self} < {other}")

    def __gt__(self, other: Number) -> bool:
        return _decided(is_less(other, self), f"whether {self} > {other}")

    def __le__(self, other: Number) -> bool:
        return not self > other

    def __ge__(self, other: Number) -> bool:
        return not self < other

    def __add__(self, other: object) -> Any:
        return self._with(_sum_of(self.terms, _terms(other))) if _fits(other) else NotImplemented

    def __sub__(self, other: object) -> Any:
        return self._with(_sum_of(self.terms, _terms(other), -1)) if _fits(other) else NotImplemented

    def __rsub__(self, other: object) -> Any:
        return self._with(_sum_of(_terms(other), self.terms, -1)) if _fits(other) else NotImplemented

    def __neg__(self) -> Any:
        return self * -1

    def __mul__(self, other: object) -> Any:
        if isinstance(other, Fraction):
            scaled = self * other.numerator
            self.space.check_divides(other.denominator, scaled, f"{other}·{self} is not a whole number")
            return self.space.exact_div(scaled, other.denominator)
        return self._with(_product_of(self.terms, _terms(other))) if _fits(other) else NotImplemented

    def __floordiv__(self, other: object) -> Any:
        return self.space.quotient(self, other) if _fits(other) else NotImplemented

    def __rfloordiv__(self, other: object) -> Any:
        return self.space.quotient(other, self) if _fits(other) else NotImplemented

    def __mod__(self, other: object) -> Any:
        return self - self // other * other if _fits(other) else NotImplemented

    def __rmod__(self, other: object) -> Any:
        return other - other // self * self if isinstance(other, int) else NotImplemented

    def __pow__(self, exponent: object) -> Any:
        if not isinstance(exponent, int) or exponent < 0:
            return NotImplemented
        result: Number = 1
        for _ in range(min(exponent, MOST_FACTORS + 1)):
            result = result * self
        return result

    def __abs__(self) -> Any:
        return self.space.largest(self, -self)

    __radd__ = __add__
    __rmul__ = __mul__

    def _with(self, terms: Terms) -> Number:
        return _number(self.space, terms)


class Space:
    """The symbols of one analysis and the range of each; the arithmetic of their expressions.

    The ranges only shrink: a check that does not hold everywhere is turned into a bound. What was computed
    holds in the whole of `domain()`.

    >>> space = Space()
    >>> H = space.symbol("H")
    >>> space.check_at_least((H - 3) // 2 + 1, 3, "too small")
    >>> space.domain()
    ('H >= 7',)
    """

    __slots__ = ("_ranges", "_work")

    def __init__(self) -> None:
        self._ranges: Ranges = {}
        self._work = 0

    def symbol(self, name: str, *, least: int = 1) -> Expression:
        """Return the free size `name`, a whole number of at least `least`."""
        known, most = self._ranges.get(name, (least, None))
        self._ranges[name] = (max(known, least), most)
        return Expression(self, {(Atom.symbol(name),): 1})

    def sample(self) -> dict[str, int]:
        """Return a value of every symbol, in the middle of the domain rather than at its edge."""
        return {
            name: least + 999 if most is None else (least + most) // 2 for name, (least, most) in self._ranges.items()
        }

    def domain(self) -> tuple[str, ...]:
        """Return the conditions, beside being positive, under which all results hold."""
        ranges = self._ranges.items()
        lower = (f"{name} >= {least}" for name, (least, _) in ranges if least > 1)
        return (*lower, *(f"{name} <= {most}" for name, (_, most) in ranges if most is not None))

    # ── What rules call ──

    def quotient(self, a: Any, b: Any) -> Any:
        """Return ⌊a/b⌋ for a whole b > 0, or where b divides a."""
        exact = _quotient(_terms(a), _terms(b))
        if exact is not None:
            return _number(self, exact)
        if isinstance(b, int) and b > 0:
            return _number(self, _floor_of(_terms(a), b))
        raise ShapeError(f"cannot prove that {b} divides {a}; add require or a number")

    def ceil_div(self, a: Any, b: Any) -> Any:
        """Return ⌈a/b⌉."""
        return (a + b - 1) // b if isinstance(b, int) else self.quotient(a, b)

    def exact_div(self, a: Any, b: Any) -> Any:
        """Return a/b; `check_divides` comes before."""
        return self.quotient(a, b)

    def divide(self, a: Any, b: Any) -> Any:
        """a/b; b must divide a, for a free size is no fraction."""
        self.check_divides(b, a, lambda: f"{a} is not divisible by {b}; use //")
        return self.exact_div(a, b)

    def largest(self, a: Any, b: Any) -> Any:
        """Return max(a, b) if it is the same one in the whole domain, else raise ShapeError."""
        low, high = self.bounds(a - b)
        if low is not None and low >= 0:
            return a
        if high is not None and high <= 0:
            return b
        raise ShapeError(f"cannot prove which is larger, {a} or {b}; add require or a number")

    def smallest(self, a: Any, b: Any) -> Any:
        """Return min(a, b) if it is the same one in the whole domain, else raise ShapeError."""
        return b if self.largest(a, b) is a else a

    def check_at_least(self, value: Any, least: Any, message: Message) -> None:
        """Raise ShapeError if value < least everywhere; bound a symbol if it is so in places."""
        low, high = self.bounds(value - least)
        if low is not None and low >= 0:
            return
        if high is not None and high < 0:
            raise ShapeError(say(message))
        if not self._bound(_terms(value - least)):
            raise ShapeError(f"cannot prove that {value} is at least {least}; add require or a number")

    def check_divides(self, divisor: Any, value: Any, message: Message) -> None:
        """Raise ShapeError unless `divisor` divides `value` in the whole domain."""
        if isinstance(divisor, int):
            self.check_equal(value % divisor, 0, message, "E080", f"that {divisor} divides {value}")
        else:
            self.quotient(value, divisor)

    def check_equal(self, a: Any, b: Any, message: Message, code: str, claim: str | None = None) -> None:
        """Raise ShapeError unless a = b in the whole domain."""
        equal = is_equal(a, b)
        if equal is None:
            raise ShapeError(f"cannot prove {claim or f'that {a} = {b}'}; add require or a number", code)
        if not equal:
            raise ShapeError(say(message), code)

    def grow_apart(self, a: Any, b: Any) -> bool:
        """Tell whether a ≠ b for all large enough sizes, and if so make that the domain."""
        return any(self._bound(_terms(left), from_above=False) for left in (a - b - 1, b - a - 1))

    # ── Ranges ──

    def bounds(self, value: Number) -> Range:
        """Return numbers between which `value` lies in the whole domain; exact where `value` is linear."""
        return (value, value) if isinstance(value, int) else self._bounds(value.terms, self._ranges)

    def _bound(self, terms: Terms, *, from_above: bool = True) -> bool:
        """Make `terms` ≥ 0 by the weakest bound on its only symbol, from below or above; tell whether there is one."""
        names = set(_symbols(terms))
        if len(names) != 1:
            return False
        name = names.pop()
        least, most = self._ranges[name]
        far = FAR if most is None else most

        def holds(least: int, most: int | None) -> bool:
            low = self._bounds(terms, {name: (least, most)})[0]
            return low is not None and low >= 0

        if holds(far, most):
            self._ranges[name] = (_search(least, far, lambda size: holds(size, most)), most)
        elif from_above and holds(least, least):
            self._ranges[name] = (least, -_search(-far, -least, lambda size: holds(least, -size)))
        else:
            return False
        return True

    def _bounds(self, terms: Terms, ranges: Ranges) -> Range:
        low, high, mixed = _simple_bounds(terms, ranges)
        if not mixed:
            return low, high
        # the parts with different symbols are independent, so their bounds add up
        parts: dict[frozenset[str], Terms] = {}
        for monomial, value in terms.items():
            parts.setdefault(frozenset(_symbols({monomial: 1})), {})[monomial] = value
        for names in sorted(parts, key=len):
            for larger in [other for other in parts if names and names < other][:1]:
                parts[larger].update(parts.pop(names))
        pairs = [self._class_bounds(part, ranges) for part in parts.values()]
        lows, highs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return _total(lows), _total(highs)

    def _class_bounds(self, terms: Terms, ranges: Ranges) -> Range:
        """Return bounds from all residue classes; H = L·q + r makes every floor a polynomial in q."""
        periods = _periods(terms)
        classes = prod(periods.values())
        if classes > MOST_CLASSES or self._work + classes > MOST_WORK:
            return _simple_bounds(terms, ranges)[:2]
        self._work += classes
        lows: list[int | None] = []
        highs: list[int | None] = []
        for rests in product(*(range(period) for period in periods.values())):
            inside: Ranges = {}
            values: dict[str, Terms] = {}
            for (name, period), rest in zip(periods.items(), rests, strict=True):
                least, most = ranges[name]
                last = None if most is None else (most - rest) // period
                inside[name] = (ceil(Fraction(least - rest, period)), last)
                values[name] = _sum_of({(Atom.symbol(name),): period}, _terms(rest))
            if any(most is not None and most < least for least, most in inside.values()):
                continue
            low, high, _ = _simple_bounds(_replaced(terms, values), inside)
            lows.append(low)
            highs.append(high)
        return _extreme(min, lows), _extreme(max, highs)


def is_equal(a: Any, b: Any) -> bool | None:
    """Tell whether a = b in the whole domain (True), nowhere (False), or neither is proved (None).

    >>> H = Space().symbol("H")
    >>> is_equal(H // 2 + (H + 1) // 2, H), is_equal(2 * H, 7), is_equal(H, 7)
    (True, False, None)
    """
    difference = a - b if _fits(a) and _fits(b) else None
    if not isinstance(difference, Expression):
        return bool(a == b) if difference is None else difference == 0
    low, high = difference.space.bounds(difference)
    if low == high == 0:
        return True
    if (low is not None and low > 0) or (high is not None and high < 0):
        return False
    common = gcd(*(number for monomial, number in difference.terms.items() if monomial))
    return False if difference.terms.get((), 0) % common else None


def is_less(a: Any, b: Any) -> bool | None:
    """Tell whether a < b in the whole domain (True), nowhere (False), or neither is proved (None).

    >>> H = Space().symbol("H", least=8)
    >>> is_less(7, H), is_less(H // 2, 4), is_less(H, 9)
    (True, False, None)
    """
    if not isinstance(a, Expression) and not isinstance(b, Expression):
        return bool(a < b)
    # to a whole number, a fraction compares as its floor below and as its ceiling above
    difference = (ceil(b) if isinstance(b, Fraction) else b) - (floor(a) if isinstance(a, Fraction) else a)
    if isinstance(difference, int):
        return difference > 0
    low, high = difference.space.bounds(difference)
    if low is not None and low > 0:
        return True
    return False if high is not None and high <= 0 else None


def _decided(answer: bool | None, question: str) -> bool:
    if answer is None:
        raise ShapeError(f"cannot decide {question}; add require or a number")
    return answer


def _check(fits: bool, what: str) -> None:
    if not fits:
        raise ShapeError(f"a free size has {what}")


# ── Polynomials ───────────────────────────────────────────────────────────────────────────────────


def _fits(value: object) -> bool:
    return isinstance(value, (int, Expression))


def _terms(value: Any) -> Terms:
    return value.terms if isinstance(value, Expression) else {(): value} if value else {}


def _number(space: Space, terms: Terms) -> Number:
    if not terms:
        return 0
    if len(terms) == 1 and () in terms:
        return terms[()]
    return Expression(space, terms)


def _sum_of(a: Terms, b: Terms, factor: int = 1) -> Terms:
    result = dict(a)
    for monomial, coefficient in b.items():
        value = result.get(monomial, 0) + factor * coefficient
        if value:
            result[monomial] = value
        else:
            del result[monomial]
    _check(len(result) <= MOST_TERMS, f"more than {MOST_TERMS:,} terms")
    return result


def _product_of(a: Terms, b: Terms) -> Terms:
    _check(len(a) * len(b) <= MOST_TERMS, f"more than {MOST_TERMS:,} terms")
    result: Terms = {}
    for left, x in a.items():
        for right, y in b.items():
            monomial = tuple(sorted(left + right)) if left and right else left + right
            _check(len(monomial) <= MOST_FACTORS, f"more than {MOST_FACTORS} factors")
            value = result.get(monomial, 0) + x * y
            _check(abs(value) < 10**MOST_DIGITS, f"a number of more than {MOST_DIGITS} digits")
            result[monomial] = value
    return {monomial: value for monomial, value in result.items() if value}


def _floor_of(terms: Terms, k: int) -> Terms:
    """Return ⌊terms/k⌋ in canonical form."""
    whole = {monomial: value // k for monomial, value in terms.items() if value // k}
    rest = {monomial: value % k for monomial, value in terms.items() if value % k}
    if not any(rest):
        return whole
    common = gcd(k, *(value for monomial, value in rest.items() if monomial))
    if common > 1:
        reduced = {monomial: value // common for monomial, value in rest.items() if value >= common}
        return _sum_of(whole, _floor_of(reduced, k // common))
    floors = (m[0] for m, value in rest.items() if value == 1 and len(m) == 1 and m[0].divisor)
    inner = min(floors, default=None)
    if inner is not None:
        others = {m: value * inner.divisor for m, value in rest.items() if m != (inner,)}
        return _sum_of(whole, _floor_of(_sum_of(inner.numerator, others), k * inner.divisor))
    return _sum_of(whole, {(Atom.floor(rest, k),): 1})


def _quotient(a: Terms, b: Terms) -> Terms | None:
    """Return a/b if b divides a as a polynomial, else None."""
    if not b:
        return None
    if len(b) == 1 and () in b:
        k = b[()]
        return None if any(value % k for value in a.values()) else {m: value // k for m, value in a.items()}
    lead = max(b, key=_degree_first)
    result: Terms = {}
    rest = a
    while rest:
        top = max(rest, key=_degree_first)
        monomial = _without(top, lead)
        if monomial is None or rest[top] % b[lead]:
            return None
        result[monomial] = rest[top] // b[lead]
        rest = _sum_of(rest, _product_of({monomial: result[monomial]}, b), -1)
    return result


def _degree_first(monomial: Monomial) -> tuple[int, Monomial]:
    return len(monomial), monomial


def _without(monomial: Monomial, factors: Monomial) -> Monomial | None:
    rest = list(monomial)
    for atom in factors:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


def _atoms(terms: Terms) -> set[Atom]:
    return {atom for monomial in terms for atom in monomial}


def _symbols(terms: Terms) -> Iterator[str]:
    for atom in _atoms(terms):
        if atom.divisor:
            yield from _symbols(atom.numerator)
        else:
            yield str(atom)


def _evaluate(terms: Terms, values: Mapping[str, int]) -> int:
    sizes = {
        atom: _evaluate(atom.numerator, values) // atom.divisor if atom.divisor else values[str(atom)]
        for atom in _atoms(terms)
    }
    return sum(value * prod(sizes[atom] for atom in monomial) for monomial, value in terms.items())


def _replaced(terms: Terms, values: Mapping[str, Terms]) -> Terms:
    """Return `terms` with polynomials in the place of symbols, and of floors named in `values`."""
    known: dict[Atom, Terms] = {}
    for atom in _atoms(terms):
        if atom in values or not atom.divisor:
            known[atom] = values.get(atom, {(atom,): 1})
        else:
            known[atom] = _floor_of(_replaced(atom.numerator, values), atom.divisor)
    result: Terms = {}
    for monomial, value in terms.items():
        piece: Terms = {(): value}
        for atom in monomial:
            piece = _product_of(piece, known[atom])
        result = _sum_of(result, piece)
    return result


# ── Bounds ────────────────────────────────────────────────────────────────────────────────────────


def _total(values: list[int | None]) -> int | None:
    return _extreme(sum, values)


def _simple_bounds(terms: Terms, ranges: Ranges) -> tuple[int | None, int | None, bool]:
    """Return bounds, and whether terms of both signs make them loose.

    With a = low(a) + a' for every atom all factors are at least 0: each term is largest where the atoms are.
    """
    lows: dict[str, Terms] = {}
    room: dict[Atom, int | None] = {}
    least = {name: low for name, (low, _) in ranges.items()}
    for atom in _atoms(terms):
        names = set(_symbols({(atom,): 1}))
        low = _evaluate({(atom,): 1}, least)
        lows[atom] = _sum_of({(atom,): 1}, _terms(low))
        most = {name: high for name in names if (high := ranges[name][1]) is not None}
        room[atom] = _evaluate({(atom,): 1}, most) - low if len(most) == len(names) else None
    shifted = _replaced(terms, lows)
    start = shifted.pop((), 0)
    down: list[int | None] = []
    up: list[int | None] = []
    for monomial, value in shifted.items():
        rooms = [room[atom] for atom in monomial]
        reach = None if None in rooms else value * prod(size for size in rooms if size is not None)
        (up if value > 0 else down).append(reach)
    return _total([start, *down]), _total([start, *up]), bool(up and down)


def _extreme(pick: Callable[[list[int]], int], values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return pick(known) if len(known) == len(values) else None


def _periods(terms: Terms) -> dict[str, int]:
    periods: dict[str, int] = {}
    for atom in _atoms(terms):
        inner = _periods(atom.numerator) if atom.divisor else {str(atom): 1}
        for name, period in inner.items():
            periods[name] = lcm(periods.get(name, 1), period * (atom.divisor or 1))
    return periods


def _search(fails: int, holds: int, test: Callable[[int], bool]) -> int:
    """Return the smallest number that passes a monotone test, between one that fails and one that passes."""
    while holds - fails > 1:
        middle = (fails + holds) // 2
        if test(middle):
            holds = middle
        else:
            fails = middle
    return holds


# ── Text ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Notation:
    """How expressions are written.

    scale stands between a coefficient and a factor, times between factors; in floor, ceil and power n is the
    numerator, k the divisor, a the base and p the exponent, which is written in `digits`.
    """

    scale: str
    times: str
    plus: str
    minus: str
    floor: str
    ceil: str
    power: str
    digits: str = "0123456789"
    underscore: str = "_"


NOTATIONS: Final = MappingProxyType(
    {
        "math": Notation("·", "·", " + ", " − ", "⌊{n}/{k}⌋", "⌈{n}/{k}⌉", "{a}{p}", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
        "compact": Notation("", "·", "+", "−", "⌊{n}/{k}⌋", "⌈{n}/{k}⌉", "{a}{p}", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
        "ascii": Notation("*", "*", " + ", " - ", "floor({n}/{k})", "ceil({n}/{k})", "{a}^{p}"),
        "python": Notation("*", "*", " + ", " - ", "({n}//{k})", "(-(-{n}//{k}))", "{a}**{p}"),
        "sympy": Notation("*", "*", " + ", " - ", "floor({n}/{k})", "ceiling({n}/{k})", "{a}**{p}"),
        "latex": Notation(
            r" \cdot ", r" \cdot ", " + ", " - ", r"\lfloor {n}/{k} \rfloor", r"\lceil {n}/{k} \rceil",
            "{a}^{{{p}}}", underscore=r"\_",
        ),
    }
)  # fmt: skip


def _fewest(terms: Terms) -> Terms:
    """Return the same polynomial in the fewest terms: a floor takes in a constant, ⌊x/k⌋ + 1 = ⌊(x + k)/k⌋.

    >>> H, W = Space().symbol("H"), Space().symbol("W")
    >>> ((H // 2 - 3) * (W // 2 - 1)).text()
    '⌊(H − 6)/2⌋·⌊(W − 2)/2⌋'
    """
    for atom in sorted(_atoms(terms)):
        if atom.divisor:
            terms = min((_shifted(terms, atom, shift) for shift in _shifts(terms, atom)), key=len)
    return terms


def _shifts(terms: Terms, atom: Atom) -> list[int]:
    """Return the constants c for which `terms` may hold (atom + c) as a factor, 0 first."""
    found = {0}
    for monomial, value in terms.items():
        rest = _without(monomial, (atom,))
        if rest is not None and rest in terms and terms[rest] % value == 0:
            found.add(terms[rest] // value)
    return sorted(found, key=abs)


def _shifted(terms: Terms, atom: Atom, shift: int) -> Terms:
    if not shift:
        return terms
    other = Atom.floor(_sum_of(atom.numerator, {(): shift * atom.divisor}), atom.divisor)
    return _replaced(terms, {**{a: {(a,): 1} for a in _atoms(terms)}, atom: {(other,): 1, (): -shift}})


def _sum(terms: Terms, notation: Notation) -> str:
    """Return a sum: high powers first, terms with the same coefficient in one parenthesis."""
    groups: dict[object, list[Monomial]] = {}
    for monomial in sorted(terms, key=_reading_order):
        value = terms[monomial]
        alike = (len(monomial), value) if monomial and abs(value) > 1 else monomial
        groups.setdefault(alike, []).append(monomial)
    text = ""
    for monomials in groups.values():
        value = terms[monomials[0]]
        factors = notation.plus.join(_product(monomial, notation) for monomial in monomials)
        if len(monomials) > 1:
            factors = f"({factors})"
        if not factors:
            factors = str(abs(value))
        elif abs(value) != 1:
            factors = f"{abs(value)}{notation.scale}{factors}"
        sign = notation.minus if value < 0 else notation.plus
        text += f"{sign if text else sign.strip() if value < 0 else ''}{factors}"
    return text


def _reading_order(monomial: Monomial) -> tuple[object, ...]:
    return -len(monomial), [(min(_symbols({(atom,): 1})), atom.divisor) for atom in monomial], monomial


def _product(monomial: Monomial, notation: Notation) -> str:
    powers = {_atom(atom, notation): monomial.count(atom) for atom in monomial}
    return notation.times.join(_power(atom, power, notation) for atom, power in powers.items())


def _power(base: str, power: int, notation: Notation) -> str:
    digits = "".join(notation.digits[int(digit)] for digit in str(power))
    return base if power == 1 else notation.power.format(a=base, p=digits)


def _atom(atom: Atom, notation: Notation) -> str:
    if not atom.divisor:
        return atom.replace("_", notation.underscore)
    upper = _sum_of(atom.numerator, {(): 1 - atom.divisor})
    # ⌈H/4⌉ rather than ⌊(H + 3)/4⌋, else a floor
    form, numerator = (notation.ceil, upper) if () not in upper else (notation.floor, atom.numerator)
    return form.format(n=_numerator(numerator, notation), k=atom.divisor)


def _numerator(terms: Terms, notation: Notation) -> str:
    terms = _fewest(terms)
    text = _sum(terms, notation)
    return f"({text})" if len(terms) > 1 else text
