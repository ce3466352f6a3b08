"""Where a number comes from: a layer's own rules, run on traced numbers and printed.

There is no second set of formulas. `explain` builds the layer of a row again with every number replaced by a
named term, calls the rules, and prints the tree that comes out: a derivation cannot disagree with its number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from archcalc.arithmetic import Number, total, volume
from archcalc.errors import Problem, TargetError, did_you_mean
from archcalc.explain.notation import STYLES, leaves, style_of, text
from archcalc.explain.trace import Traced, axes_of, setting_letters, trace_layer
from archcalc.explain.words import fraction, meaning, say, unused
from archcalc.memory import size_text, width
from archcalc.quantities import Shape
from archcalc.report import Derivation, Node
from archcalc.term import Leaf, Quotient, Sum, Tree, tree_of, value_of


class Letter(NamedTuple):
    """A letter of a formula as it is written, what it stands for, and its number."""

    letter: str
    meaning: str
    value: Number


class Wording(NamedTuple):
    """How a derivation is written: the notation, the language of remarks, whether formulas are LaTeX."""

    notation: str = "math"
    lang: str = "en"
    latex: bool = False


@dataclass(frozen=True, slots=True)
class Derived(Derivation):
    """A derivation with its letters, in the order of the formula."""

    letters: tuple[Letter, ...] = ()


def explain(node: Node, quantity: str, notation: str = "math", *, lang: str = "en", latex: bool = False) -> Derived:
    """Return how a number of one row came about.

    Args:
        node: a row of a report; a free size stays in the formula as it is.
        quantity: `output`, the size that the layer makes, or one axis of it (`output.h`; c, t, d, w);
            `params`, `buffers`, `macs`; `weight:NAME`, the elements of a stored tensor; `memory`, the bytes of the
            output at four a number.
        notation: `math`, `ascii`; with the letters of a course, `classic` (W − K + 2P), `cs231n` (W − F + 2P) or
            `n+2p-f`; or as the tables of lecture notes write: `lecture` ((11*11*3+1)*96, the AlexNet table), `lenet`
            (the LeNet table), `ops` (28x28x192x3x3x256, the Inception module).
        lang: of remarks and meanings, en or zh.
        latex: formulas in LaTeX, for math mode.

    Raises:
        TargetError: the row has no such quantity, or there is no such notation.

    >>> from archcalc.api import analyze
    >>> conv1 = analyze("alexnet")["conv1.conv"]
    >>> size = explain(conv1, "output")
    >>> size.names, size.values, size.value
    ('⌊(h_in − k)/s⌋ + 1', '⌊(227 − 11)/4⌋ + 1', 55)
    >>> explain(conv1, "output", "n+2p-f").names
    '⌊(n − f)/s⌋ + 1'
    >>> explain(conv1, "params", "lecture").values
    '(11*11*3+1)*96'
    """
    if notation not in STYLES:
        raise _unknown(node, f"no notation '{notation}'", notation, STYLES)
    wording = Wording(notation, lang, latex)
    if node.shares is not None and quantity in ("params", "buffers"):
        return Derived(quantity, "0", "0", 0, (say("shares", lang, path=node.shares),))
    traced = trace_layer(node)
    if quantity.partition(".")[0] == "output":
        return _output(node, traced, quantity, wording)
    derived = derivation(node, quantity, _count(node, traced, quantity), wording)
    return replace(derived, remarks=(*_remarks(node, quantity, wording),))


def derivation(node: Node, quantity: str, number: Number, wording: Wording, alike: str | None = None) -> Derived:
    """Return a traced number as a derivation, without remarks; `alike`: see `style_of`."""
    tree = tree_of(number)
    style = style_of(wording.notation, latex=wording.latex, alike=alike)
    settings = {letter: name for name, letter in setting_letters(node.op, node.settings).items()}

    def meant(name: str) -> str:
        return "size" if name == alike and style.size is not None else name

    letters = tuple(
        Letter(style.letter(leaf.name), meaning(meant(leaf.name), settings, wording.lang), leaf.value)
        for leaf in leaves(tree, style)
    )
    return Derived(quantity, text(tree, style, names=True), text(tree, style), value_of(tree), (), letters)


def written(derived: Derivation) -> str:
    """Return a derivation on one line: the formula, the numbers put in, the value, each once."""
    return " = ".join(dict.fromkeys((derived.names, derived.values, str(derived.value))))


def _count(node: Node, traced: Traced, quantity: str) -> Number:
    if quantity == "macs":
        return traced.macs()
    if quantity == "memory":
        return traced.bytes(width("float32"))
    weights = traced.weights()
    known = {f"weight:{weight.name}": weight.size for weight in weights}
    known["params"] = total(weight.size for weight in weights if weight.kind != "buffer")
    known["buffers"] = total(weight.size for weight in weights if weight.kind == "buffer")
    if quantity not in known:
        raise _unknown(node, f"{node.op} has no '{quantity}'", quantity, ["output", "macs", "memory", *known])
    return known[quantity]


def _remarks(node: Node, quantity: str, wording: Wording) -> Iterable[str]:
    lang = wording.lang
    if quantity == "memory":
        if isinstance(node.activations, int):
            yield say("bytes", lang, size=size_text(4 * int(node.activations)), width=4)
        return
    if node.flattens is not None:
        style = style_of(wording.notation)
        sizes = style.times.join(map(str, node.flattens))
        yield say("flattened", lang, n=style.letter("n_in"), sizes=sizes, value=volume(node.flattens))


def _unknown(node: Node, message: str, word: str, known: Iterable[str]) -> TargetError:
    known = list(known)
    hint = did_you_mean(word, known) or f"; there are {', '.join(known)}"
    return TargetError([Problem("E083", f"{message}{hint}", origin=node.path)])


# ── The size formula ──────────────────────────────────────────────────────────────────────────────


def _output(node: Node, traced: Traced, quantity: str, wording: Wording) -> Derived:
    axes = axes_of(traced.output)
    asked = quantity.partition(".")[2]
    if asked and asked not in axes:
        known = [f"output.{axis}" for axis in axes]
        raise _unknown(node, f"the output of {node.op} has no axis '{asked}'", quantity, known)
    shown = [at for at, axis in enumerate(axes) if axis == asked] or _telling(traced.output, axes)
    if not shown:
        return Derived(quantity, "1", "1", 1)
    first, *others = (derivation(node, quantity, traced.output[at], wording) for at in shown)
    alike = [axes[shown[0]]]
    remarks = []
    for at, other in zip(shown[1:], others, strict=True):
        if (other.values, other.value) == (first.values, first.value):
            alike.append(axes[at])
        else:
            name = style_of(wording.notation).letter(f"{axes[at]}_out")
            plain = derivation(node, quantity, traced.output[at], wording._replace(latex=False))
            remarks.append(f"{name} = {written(plain)}")
    if len(alike) == len(shown) and not asked and alike != ["c"]:
        first = derivation(node, quantity, traced.output[shown[0]], wording, f"{alike[0]}_in")
    if any(traced.padding):
        plainly = (derivation(node, "p", p, wording._replace(latex=False)) for p in traced.padding)
        remarks.append(say("half", wording.lang, p=", ".join(dict.fromkeys(map(written, plainly)))))
    remarks += _divisions(node, tree_of(traced.output[shown[0]]), alike, wording.lang)
    return replace(first, remarks=tuple(remarks))


def _telling(output: Shape, axes: str) -> list[int]:
    """Return the spatial axes, or the channel axis if only it is computed."""
    spatial = [at for at, axis in enumerate(axes) if axis != "c"]
    channel = [at for at, axis in enumerate(axes) if axis == "c"]
    groups = [group for group in (spatial, channel) if group]
    plain = [isinstance(tree_of(size), (int, Leaf)) for size in output]
    computed = (group for group in groups if not all(plain[at] for at in group))
    return next(computed, groups[0] if groups else [])


def _divisions(node: Node, tree: Tree, axes: Sequence[str], lang: str) -> list[str]:
    """Return what there is to say about divisions that leave something, and about rounding up."""
    window = node.window
    if window is None or node.family not in ("conv", "pool"):
        return []
    remarks = []
    at = axes_of(node.input[0]).replace("c", "").find(axes[0])
    for part in (part for _, part in tree.parts) if isinstance(tree, Sum) else (tree,):
        if not isinstance(part, Quotient):
            continue
        rest, divisor = value_of(part.top) % value_of(part.bottom), value_of(part.bottom)
        if not (isinstance(rest, int) and isinstance(divisor, int)):
            continue  # what is left depends on a free size
        left = fraction(Fraction(rest, divisor))
        if part.kind == "ceil" and rest and node.settings.get("ceil"):
            remarks.append(say("rounded_up", lang, rest=left))
        elif part.kind == "floor" and node.settings.get("ceil"):
            remarks.append(say("not_rounded_up", lang))
        elif part.kind == "floor" and rest:
            padding = window.after[at] if 0 <= at < len(window.after) else 0
            remarks.append(say("unused", lang, rest=left, lines=unused(rest, axes, padding, lang)))
    return remarks
