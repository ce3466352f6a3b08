"""Rule, Convention: one way of counting, as data; and who calls an operation how."""

from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

from archcalc.report import Node

# Weighted layers are always modules; how the others are called is a question of the code, not of the network.
# again: a module that a later layer calls once more, as the one ReLU of a residual block
Call: TypeAlias = Literal["module", "again", "functional", "operator"]
Coefficient: TypeAlias = int | Fraction
EVERYTHING: Final = "*"


class Rule(NamedTuple):
    """What is counted for some layer types: Σ coefficient × fact. Without terms: the tool counts 0 for them.

    ops: layer types and merges, or "*" for all.
    call: only those that are called so; None: however they are called.
    reuse: "first": a module is counted once, however often it is called.
    when: a setting and the value that it must have.
    """

    ops: tuple[str, ...]
    terms: tuple[tuple[str, Coefficient], ...] = ()
    call: Call | None = None
    reuse: Literal["every", "first"] = "every"
    when: tuple[str, object] | None = None

    def matches(self, node: Node, call: Call) -> bool:
        """Tell whether the rule is about a row."""
        return (
            (node.op in self.ops or EVERYTHING in self.ops)
            and self.call in (None, call if call != "again" else "module")
            and (self.when is None or node.settings.get(self.when[0]) == self.when[1])
        )


class Convention(NamedTuple):
    """One way of counting. The first rule that matches a row holds; what no rule names is not counted, and said so.

    name, title: how it is asked for, and what a column says: "MACs (thop 0.1.1)".
    quantity: what the tool calls its number: macs, flops, params, comparisons …
    tool, version, source: whose it is; empty for archcalc's own.
    heads: whether auxiliary heads, which run in training only, are counted.
    traced: whether the tool watches code, which leaves the softmax at the end of a network to the loss.
    remarks: what no rule can say: known faults of the tool, cells that differ.
    """

    name: str
    title: str
    quantity: str
    rules: tuple[Rule, ...]
    tool: str = ""
    version: str = ""
    source: str = ""
    heads: bool = False
    traced: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def is_stored(self) -> bool:
        """Whether it counts what is stored, which a batch does not multiply."""
        return self.quantity == "params"

    @property
    def asks_how_called(self) -> bool:
        """Whether the number depends on how operations are called."""
        return any(rule.call is not None for rule in self.rules)


def rule(
    *ops: str,
    call: Call | None = None,
    reuse: Literal["every", "first"] = "every",
    when: tuple[str, object] | None = None,
    **terms: Coefficient,
) -> Rule:
    """Return a rule, its terms by the names of facts.

    >>> rule("bn", out=2, affine=2).terms
    (('out', 2), ('affine', 2))
    """
    return Rule(ops, tuple(terms.items()), call, reuse, when)


def of_modules(*rules: Rule) -> tuple[Rule, ...]:
    """Return rules for modules only: the tool hooks modules and sees nothing else."""
    return tuple(each if each.call else each._replace(call="module") for each in rules)


def times(factor: int, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return rules that count `factor` times as much."""
    return tuple(each._replace(terms=tuple((fact, factor * k) for fact, k in each.terms)) for each in rules)
