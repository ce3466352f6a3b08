"""Trees of terms → text: for reading, for plain terminals, and as the tables of lecture notes write."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

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


_WEIGHT_FIRST: Final[tuple[Role, ...]] = ("number", "kernel", "other", "out", "position")
_MAP_FIRST: Final[tuple[Role, ...]] = ("number", "position", "out", "kernel", "other")

STYLES: Final = MappingProxyType(
    {
        "math": Style("·", " + ", " − ", "⌊{n}/{k}⌋", "⌈{n}/{k}⌉"),
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


def text(tree: Tree, notation: str, *, names: bool = False) -> str:
    """Return a tree as text, with the names of its leaves or with their values.

    >>> c, k, f = Leaf("c_in", 3), Leaf("k", 11), Leaf("c_out", 96)
    >>> params = Sum(((1, Product((f, c, k, k))), (1, f)))
    >>> text(params, "math", names=True), text(params, "lecture")
    ('c_out·c_in·k·k + c_out', '(11*11*3+1)*96')
    """
    style = STYLES[notation]
    return _Writer(style, names).text(_arranged(tree, style))


@dataclass(frozen=True, slots=True)
class _Writer:
    style: Style
    names: bool

    def text(self, tree: Tree) -> str:
        if isinstance(tree, Leaf):
            return tree.name if self.names else str(tree.value)
        if isinstance(tree, Sum):
            return self.sum(tree)
        if isinstance(tree, Product):
            return self.product(tree)
        return self.quotient(tree) if isinstance(tree, Quotient) else str(tree)

    def sum(self, tree: Sum) -> str:
        style, written = self.style, ""
        for sign, part in tree.parts:
            joint = style.plus if sign > 0 else style.minus
            written += (joint if written else joint.strip() if sign < 0 else "") + self.factor(part, Sum)
        return written

    def product(self, tree: Product) -> str:
        style, factors = self.style, tree.factors
        texts = [self.factor(factor, Sum, Quotient) for factor in factors]
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
        top, bottom = self.factor(tree.top, Sum), self.factor(tree.bottom, Sum, Product, Quotient)
        if self.is_fraction(tree):
            return str(value_of(tree)) if self.is_number(tree) else f"{top}/{bottom}"
        return (self.style.ceil if tree.kind == "ceil" else self.style.floor).format(n=top, k=bottom)

    def factor(self, tree: Tree, *bracketed: type) -> str:
        """Return the text of a part of something, in brackets if it is of one of these kinds."""
        text = self.text(tree)
        bare = isinstance(tree, Quotient) and (self.is_number(tree) or not self.is_fraction(tree))
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
    parts: list[list[Tree]] = [
        list(part.factors) if isinstance(part, Product) else [part] for _, part in tree.parts
    ]
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
