"""Trees of terms → text: for reading, for plain terminals, and as the tables of lecture notes write."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from archcalc.term import Leaf, Product, Quotient, Sum, Tree, multiplied, value_of

# what a factor is: a whole number, a kernel size, another number, an output channel count, a size of a map
Role: TypeAlias = Literal["number", "kernel", "other", "out", "position"]


@dataclass(frozen=True, slots=True)
class Style:
    """One way of writing formulas.

    floor, ceil: of {n} and {k}. order: the roles of the factors of a weight or multiply-add count, as they
    are read; () keeps the order of the rule. common: whether a common factor of a sum is taken out (products:
    where products remain).
    plain: a division that leaves nothing is a fraction, and a known fraction such as c_in/g is its number.
    bracket: the factors of one weight stand in a bracket of their own. beside: `times` beside a bracket.
    letters: other letters for the rule's names; `size`, one letter for the input's size on alike axes.
    tight: 2P for 2·P. positive: what is added comes before what is subtracted.
    fraction: of {n} and {k}; with `barred` its line groups, and brackets are not needed. typeset: names in LaTeX.
    """

    times: str
    plus: str
    minus: str
    floor: str
    ceil: str
    order: tuple[Role, ...] = ()
    common: Literal["never", "always", "products"] = "never"
    plain: bool = False
    bracket: bool = False
    beside: str | None = None
    letters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    size: str | None = None
    tight: bool = False
    positive: bool = False
    fraction: str = "{n}/{k}"
    barred: bool = False
    typeset: bool = False

    def letter(self, name: str) -> str:
        """Return how a name of the rule is written: k_h as K_h, c_out as F."""
        if name not in self.letters:
            base, _, place = name.partition("_")
            name = f"{self.letters[base]}_{place}" if place and base in self.letters else name
        written = self.letters.get(name, name)
        return _typeset(written) if self.typeset else written

    def in_latex(self) -> "Style":
        """Return the style in LaTeX, for math mode."""
        times = r" \times " if self.times == "x" else r" \cdot "
        return replace(
            self,
            times=times,
            plus=" + ",
            minus=" - ",
            floor=r"\left\lfloor \frac{{{n}}}{{{k}}} \right\rfloor",
            ceil=r"\left\lceil \frac{{{n}}}{{{k}}} \right\rceil",
            beside=times if self.beside else None,
            fraction=r"\frac{{{n}}}{{{k}}}",
            barred=True,
            typeset=True,
        )


_WEIGHT_FIRST: Final[tuple[Role, ...]] = ("number", "kernel", "other", "out", "position")
_MAP_FIRST: Final[tuple[Role, ...]] = ("number", "position", "out", "kernel", "other")

# W − K + 2P, with F filters, as many lecture notes write
_CLASSIC: Final = MappingProxyType(
    {"h_in": "H", "w_in": "W", "c_in": "C", "c_out": "F", "h_out": "H_out", "w_out": "W_out"}
    | {"k": "K", "s": "S", "p": "P", "d": "D", "g": "G"}
)
# Stanford's CS231n: W − F + 2P, K filters on a depth of D
_CS231N: Final = MappingProxyType(
    {"h_in": "H", "w_in": "W", "c_in": "D", "c_out": "K", "h_out": "H'", "w_out": "W'", "k": "F", "s": "S", "p": "P"}
)
# Ng's Deep Learning Specialization: n + 2p − f
_NG: Final = MappingProxyType(
    {"h_in": "n_H", "w_in": "n_W", "c_in": "n_C", "c_out": "n_C'", "h_out": "n_H'", "w_out": "n_W'", "k": "f"}
)

_SIGNS: Final = ("·", " + ", " − ", "⌊{n}/{k}⌋", "⌈{n}/{k}⌉")

STYLES: Final = MappingProxyType(
    {
        "math": Style(*_SIGNS),
        "classic": Style(*_SIGNS, letters=_CLASSIC, size="W", tight=True),
        "cs231n": Style(*_SIGNS, letters=_CS231N, size="W", tight=True),
        "n+2p-f": Style(*_SIGNS, letters=_NG, size="n", tight=True, positive=True),
        "ascii": Style("*", "+", "-", "floor({n}/{k})", "ceil({n}/{k})"),
        "lecture": Style(
            "*", "+", "-", "floor({n}/{k})", "ceil({n}/{k})",
            order=_WEIGHT_FIRST, common="always", plain=True, bracket=True,
        ),
        "lenet": Style(
            "*", " + ", " - ", "floor({n}/{k})", "ceil({n}/{k})",
            order=_WEIGHT_FIRST, common="products", plain=True, beside=" * ",
        ),
        "ops": Style(
            "x", "+", "-", "floor({n}/{k})", "ceil({n}/{k})",
            order=_MAP_FIRST, common="always", plain=True,
        ),
    }
)  # fmt: skip


def style_of(notation: str, *, latex: bool = False, alike: str | None = None) -> Style:
    """Return a style, in LaTeX if wanted; `alike` is a name (h_in) that then stands for the size on all axes."""
    style = STYLES[notation]
    if alike is not None and style.size is not None:
        style = replace(style, letters=MappingProxyType({**style.letters, alike: style.size}))
    return style.in_latex() if latex else style


def text(tree: Tree, notation: str | Style, *, names: bool = False) -> str:
    r"""Return a tree as text, with the names of its leaves or with their values.

    >>> c, k, f = Leaf("c_in", 3), Leaf("k", 11), Leaf("c_out", 96)
    >>> params = Sum(((1, Product((f, c, k, k))), (1, f)))
    >>> text(params, "math", names=True), text(params, "classic", names=True), text(params, "lecture")
    ('c_out·c_in·k·k + c_out', 'F·C·K·K + F', '(11*11*3+1)*96')
    >>> text(params, style_of("math", latex=True))
    '96 \\cdot 3 \\cdot 11 \\cdot 11 + 96'
    """
    style = STYLES[notation] if isinstance(notation, str) else notation
    return _Writer(style, names).text(_arranged(tree, style))


def leaves(tree: Tree, style: Style) -> Iterator[Leaf]:
    """Yield the named numbers of a tree in the order in which a style writes them, each once."""
    yield from dict.fromkeys(_leaves(_arranged(tree, style), style))


def _leaves(tree: Tree, style: Style) -> Iterator[Leaf]:
    parts: Iterable[Tree] = ()
    if isinstance(tree, Leaf):
        yield tree
    elif isinstance(tree, Sum):
        parts = (part for _, part in _ordered(tree, style))
    elif isinstance(tree, Product):
        parts = tree.factors
    elif isinstance(tree, Quotient):
        parts = (tree.top, tree.bottom)
    for part in parts:
        yield from _leaves(part, style)


def _ordered(tree: Sum, style: Style) -> Iterable[tuple[int, Tree]]:
    return sorted(tree.parts, key=lambda part: -part[0]) if style.positive else tree.parts


_LETTER: Final = re.compile(r"([A-Za-z])(?:_(\w+))?('?)")


def _typeset(name: str) -> str:
    found = _LETTER.fullmatch(name)
    if found is None:
        return rf"\mathtt{{{name.replace('_', chr(92) + '_')}}}"
    letter, place, prime = found.groups(default="")
    if len(place) > 1:
        place = f"{{{place}}}" if place.isdecimal() else rf"{{\mathrm{{{place}}}}}".replace("_", r"\_")
    return f"{letter}{'_' if place else ''}{place}{prime}"


@dataclass(frozen=True, slots=True)
class _Writer:
    style: Style
    names: bool

    def text(self, tree: Tree) -> str:
        if isinstance(tree, Leaf):
            return self.style.letter(tree.name) if self.names else self.value(tree.value)
        if isinstance(tree, Sum):
            return self.sum(tree)
        if isinstance(tree, Product):
            return self.product(tree)
        return self.quotient(tree) if isinstance(tree, Quotient) else str(tree)

    def value(self, value: Any) -> str:
        """Return a number, or the formula of a free size, in brackets if it is a sum."""
        if isinstance(value, int):
            return str(value)
        text = value.text("latex" if self.style.typeset else "ascii" if self.style.floor.isascii() else "compact")
        return f"({text})" if re.search(r" [+-] |.[+−]", text) and not re.fullmatch(r"[⌊⌈][^⌊⌈⌋⌉]*[⌋⌉]", text) else text

    def sum(self, tree: Sum) -> str:
        style, written = self.style, ""
        for sign, part in _ordered(tree, style):
            joint = style.plus if sign > 0 else style.minus
            written += (joint if written else joint.strip() if sign < 0 else "") + self.factor(part, Sum)
        return written

    def product(self, tree: Product) -> str:
        style, factors = self.style, tree.factors
        texts = [self.factor(factor, Sum, Quotient) for factor in factors]
        if style.tight and self.names and isinstance(factors[0], int) and isinstance(factors[1], Leaf):
            texts[:2] = [texts[0] + texts[1]]
        if style.bracket:
            texts = self.bracketed(factors, texts)
        beside = any(isinstance(factor, Sum) for factor in factors)
        return (style.beside if style.beside and beside else style.times).join(texts)

    def bracketed(self, factors: tuple[Tree, ...], texts: list[str]) -> list[str]:
        """Put the factors of one output's weights, `11*11*3`, in a bracket."""
        roles = [_role(factor) for factor in factors]
        weight = [at for at, role in enumerate(roles) if role in ("kernel", "other")]
        if "kernel" not in roles or not 1 < len(weight) < len(factors):
            return texts
        first, last = weight[0], weight[-1] + 1
        return [*texts[:first], f"({self.style.times.join(texts[first:last])})", *texts[last:]]

    def quotient(self, tree: Quotient) -> str:
        if self.is_number(tree):
            return str(value_of(tree))
        if self.style.barred:
            top, bottom = self.text(tree.top), self.text(tree.bottom)
        else:
            top, bottom = self.factor(tree.top, Sum), self.factor(tree.bottom, Sum, Product, Quotient)
        if self.is_fraction(tree):
            return self.style.fraction.format(n=top, k=bottom)
        return (self.style.ceil if tree.kind == "ceil" else self.style.floor).format(n=top, k=bottom)

    def factor(self, tree: Tree, *bracketed: type) -> str:
        """Return the text of a part of something, in brackets if it is of one of these kinds."""
        text = self.text(tree)
        bare = isinstance(tree, Quotient) and (self.style.barred or self.is_number(tree) or not self.is_fraction(tree))
        return f"({text})" if text.startswith("-") or (isinstance(tree, bracketed) and not bare) else text

    def is_fraction(self, tree: Quotient) -> bool:
        return tree.kind == "exact" or (self.style.plain and value_of(tree.top) % value_of(tree.bottom) == 0)

    def is_number(self, tree: Quotient) -> bool:
        return tree.kind == "exact" and self.style.plain and not self.names


def _arranged(tree: Tree, style: Style) -> Tree:
    """Return the tree with common factors taken out and factors in the style's order."""
    if not style.order or isinstance(tree, (int, Leaf)):
        return tree
    if isinstance(tree, Quotient):
        return Quotient(tree.kind, _arranged(tree.top, style), _arranged(tree.bottom, style))
    if isinstance(tree, Product):
        factors = [_arranged(factor, style) for factor in tree.factors]
        if any(_role(factor) in ("kernel", "out") for factor in factors):
            factors.sort(key=lambda factor: style.order.index(_role(factor)))
        return Product(tuple(factors))
    outside, inside = _common(tree)
    products = any(isinstance(part, Product) for _, part in inside.parts)
    if not outside or style.common == "never" or (style.common == "products" and not products):
        return Sum(tuple((sign, _arranged(part, style)) for sign, part in tree.parts))
    return _arranged(Product((*outside, inside)), style)


def _common(tree: Sum) -> tuple[list[Tree], Sum]:
    """Return the factors that all parts of a sum share, and the sum without them."""
    parts: list[list[Tree]] = [list(part.factors) if isinstance(part, Product) else [part] for _, part in tree.parts]
    outside: list[Tree] = []
    for factor in list(parts[0]):
        if factor != 1 and all(factor in factors for factors in parts):
            outside.append(factor)
            for factors in parts:
                factors.remove(factor)
    rest = zip((sign for sign, _ in tree.parts), map(multiplied, parts), strict=True)
    return outside, Sum(tuple(rest))


def _role(tree: Tree) -> Role:
    if isinstance(tree, int):
        return "number"
    if isinstance(tree, Leaf):
        return _role_of(tree.name)
    if isinstance(tree, Quotient):
        return _role(tree.top)
    parts = tree.factors if isinstance(tree, Product) else [part for _, part in tree.parts]
    roles = {_role(part) for part in parts}
    return next((role for role in ("position", "kernel", "other", "out") if role in roles), "number")


def _role_of(name: str) -> Role:
    letter, _, place = name.partition("_")
    if letter == "k":
        return "kernel"
    if letter == "c" and place == "out":
        return "out"
    return "position" if letter in ("t", "d", "h", "w") and place else "other"
