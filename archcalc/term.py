"""Term: an int that remembers how it was computed, for derivations.

A layer's rules run on terms as they do on ints (see `archcalc.arithmetic`). What comes out carries a small
tree: sums, products and quotients of named leaves. Trees are kept tidy while they grow, so a formula reads as
one would write it: p + p is 2·p, (k − 1) + 1 is k, settings left at a neutral default (d = 1, p = 0) vanish.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Literal, TypeAlias

from archcalc.arithmetic import Arithmetic, Message, Number, ceil_div, say, total
from archcalc.errors import ShapeError
from archcalc.expression import Expression


@dataclass(frozen=True, slots=True)
class Leaf:
    """A named number, or a named free size. A quiet one is not shown where it changes nothing."""

    name: str
    value: Any
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """Σ ± part; signs are 1 and −1."""

    parts: "tuple[tuple[int, Tree], ...]"


@dataclass(frozen=True, slots=True)
class Product:
    """Π factor; a whole number comes first."""

    factors: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Quotient:
    """⌊top/bottom⌋, ⌈top/bottom⌉, or top/bottom where it is known to be whole."""

    kind: Literal["floor", "ceil", "exact"]
    top: "Tree"
    bottom: "Tree"


Tree: TypeAlias = int | Leaf | Sum | Product | Quotient


class Term(int):
    """An int with the tree it came from; what has no tree (a result of `%`, say) is a plain number in it.

    >>> n, k, s = Term.named("n", 227), Term.named("k", 11), Term.named("s", 4)
    >>> int((n - k) // s + 1)
    55
    """

    tree: Tree
    arithmetic: ClassVar[Arithmetic]

    @classmethod
    def of(cls, value: int, tree: Tree) -> "Term":
        """Return the term with this value and tree."""
        term = cls(value)
        term.tree = tree
        return term

    @classmethod
    def named(cls, name: str, value: Any, *, quiet: bool = False) -> "Term":
        """Return a leaf; for a free size, one that is traced with a value of its domain and shown as it is."""
        value = value_of(value.tree) if isinstance(value, Term) else value
        if isinstance(value, Expression):
            return cls.of(value.evaluate(value.space.sample()), Leaf(name, value, quiet))
        return cls.of(int(value), Leaf(name, int(value), quiet))

    def __add__(self, other: int) -> "Term":
        return Term.of(int(self) + int(other), added(tree_of(self), tree_of(other)))

    def __radd__(self, other: int) -> "Term":
        return Term.of(int(other) + int(self), added(tree_of(other), tree_of(self)))

    def __sub__(self, other: int) -> "Term":
        return Term.of(int(self) - int(other), added(tree_of(self), tree_of(other), -1))

    def __rsub__(self, other: int) -> "Term":
        return Term.of(int(other) - int(self), added(tree_of(other), tree_of(self), -1))

    def __mul__(self, other: int) -> "Term":
        return Term.of(int(self) * int(other), multiplied((tree_of(self), tree_of(other))))

    def __rmul__(self, other: int) -> "Term":
        return Term.of(int(other) * int(self), multiplied((tree_of(other), tree_of(self))))

    def __floordiv__(self, other: int) -> "Term":
        return Term.of(int(self) // int(other), divided("floor", tree_of(self), tree_of(other)))

    def __rfloordiv__(self, other: int) -> "Term":
        return Term.of(int(other) // int(self), divided("floor", tree_of(other), tree_of(self)))


class _TermArithmetic:
    """The named functions on terms: quotients are shown, a choice keeps the text of what was chosen."""

    def ceil_div(self, a: int, b: int) -> Term:
        return Term.of(-(-int(a) // int(b)), divided("ceil", tree_of(a), tree_of(b)))

    def exact_div(self, a: int, b: int) -> Term:
        return Term.of(int(a) // int(b), divided("exact", tree_of(a), tree_of(b)))

    def divide(self, a: int, b: int) -> Term:
        self.check_divides(b, a, f"{a} is not divisible by {b}")
        return self.exact_div(a, b)

    def largest(self, a: int, b: int) -> int:
        return a if a >= b else b

    def smallest(self, a: int, b: int) -> int:
        return a if a <= b else b

    def check_at_least(self, value: int, least: int, message: Message) -> None:
        if value < least:
            raise ShapeError(say(message))

    def check_divides(self, divisor: int, value: int, message: Message) -> None:
        if value % divisor:
            raise ShapeError(say(message))

    def check_equal(self, a: int, b: int, message: Message, code: str) -> None:
        if a != b:
            raise ShapeError(say(message), code)


Term.arithmetic = _TermArithmetic()


# ── Trees ─────────────────────────────────────────────────────────────────────────────────────────


def tree_of(number: Any) -> Tree:
    """Return the tree of a number; that of a plain int is itself."""
    return number.tree if isinstance(number, Term) else int(number)


def value_of(tree: Tree) -> Number:
    """Return the number that a tree stands for, or the formula of its free sizes.

    >>> value_of(Quotient("ceil", Sum(((1, Leaf("n", 8)), (-1, 1))), 2))
    4
    """
    if isinstance(tree, int):
        return tree
    if isinstance(tree, Leaf):
        value: Number = tree.value
        return value
    if isinstance(tree, Sum):
        return total(sign * value_of(part) for sign, part in tree.parts)
    if isinstance(tree, Product):
        return prod(map(value_of, tree.factors))
    top, bottom = value_of(tree.top), value_of(tree.bottom)
    return ceil_div(top, bottom) if tree.kind == "ceil" else top // bottom


def added(a: Tree, b: Tree, sign: int = 1) -> Tree:
    """Return a + b, or a − b with sign −1: like parts as one, bare leaves first, the whole number last."""
    counts: dict[Tree, int] = {}
    constant = 0
    for factor, part in (*_parts(a), *((sign * factor, part) for factor, part in _parts(b))):
        if isinstance(part, int):
            constant += factor * part
        elif not _vanishes(part, 0):
            count, rest = _counted(part)
            counts[rest] = counts.get(rest, 0) + factor * count
    shown = [(rest, count) for rest, count in counts.items() if count]
    bare = [isinstance(rest, Leaf) and abs(count) == 1 for rest, count in shown]
    order = sorted(range(len(shown)), key=lambda at: at > 0 and not bare[at])
    ordered = (shown[at] for at in order)
    parts = [(1 if count > 0 else -1, multiplied((abs(count), rest))) for rest, count in ordered]
    if constant:
        at = 0 if constant > 0 and parts and parts[0][0] < 0 else len(parts)
        parts.insert(at, (1 if constant > 0 else -1, abs(constant)))
    if not parts:
        return 0
    first_sign, first = parts[0]
    return first if len(parts) == 1 and first_sign > 0 else Sum(tuple(parts))


def multiplied(trees: Iterable[Tree]) -> Tree:
    """Return the product, with whole numbers made one."""
    number = 1
    factors: list[Tree] = []
    for tree in trees:
        for factor in tree.factors if isinstance(tree, Product) else (tree,):
            if isinstance(factor, int):
                number *= factor
            elif not _vanishes(factor, 1):
                factors.append(factor)
    if number == 0 or not factors:
        return number
    if number != 1:
        factors.insert(0, number)
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def divided(kind: Literal["floor", "ceil", "exact"], top: Tree, bottom: Tree) -> Tree:
    """Return a quotient; a floor over a stride of 1 is shown, for it is the rule."""
    if bottom == 1 or (kind == "exact" and _vanishes(bottom, 1)):
        return top
    if isinstance(top, int) and isinstance(bottom, int):
        return value_of(Quotient(kind, top, bottom))
    return Quotient(kind, top, bottom)


def _vanishes(tree: Tree, neutral: int) -> bool:
    return isinstance(tree, Leaf) and tree.quiet and tree.value == neutral


def _parts(tree: Tree) -> Iterator[tuple[int, Tree]]:
    if isinstance(tree, Sum):
        yield from tree.parts
    else:
        yield 1, tree


def _counted(tree: Tree) -> tuple[int, Tree]:
    """Return a product as its whole number and the rest."""
    if isinstance(tree, Product) and isinstance(tree.factors[0], int):
        return tree.factors[0], multiplied(tree.factors[1:])
    return 1, tree
