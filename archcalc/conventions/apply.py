"""Convention × Report → the number, row by row and term by term, and what it leaves out."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from archcalc.arithmetic import Number, total
from archcalc.conventions.calls import MODULES, Calls
from archcalc.conventions.convention import Call, Coefficient, Convention, Rule
from archcalc.conventions.facts import FACTS, Ledger, Subject
from archcalc.render.options import option_error
from archcalc.render.text import number
from archcalc.report import Node, Report

Parts = list[tuple[Coefficient, Number, str]]


class Term(NamedTuple):
    """What one rule adds: "4 × 11,113,984 elements of bn", 44,455,936."""

    text: str
    value: Number


class Count(NamedTuple):
    """What a convention makes of a report, for one sample.

    values: the number of every row that a rule names, by path, those of auxiliary heads too.
    terms: one for each rule that counts something; they add up to `total`.
    zero: layer types that do some arithmetic and are counted as 0. unknown: those that no rule names; they are not
    counted.
    left: softmaxes at the end, which code leaves to the loss.
    """

    convention: Convention
    calls: Calls
    values: Mapping[str, Number]
    terms: tuple[Term, ...]
    total: Number
    zero: tuple[str, ...]
    unknown: tuple[str, ...]
    left: tuple[str, ...] = ()


def count(report: Report | Ledger, convention: Convention, calls: Calls = MODULES) -> Count:
    """Return what a convention makes of a report; auxiliary heads are in the total if the convention has them.

    Raises:
        TargetError: a free size where the convention needs a number.
    """
    ledger = report if isinstance(report, Ledger) else Ledger(report)
    values: dict[str, Number] = {}
    sums: dict[int, dict[str, dict[str, Number]]] = {}  # rule → fact → layer type → its sum
    zero: dict[str, bool] = {}
    unknown: dict[str, bool] = {}
    left: list[str] = []
    choosy = {op for rule in convention.rules if rule.when is not None for op in rule.ops}
    chosen: dict[tuple[str, Call], int | None] = {}  # layer type and call → its rule; those that look at settings again
    for subject in ledger.subjects:
        for call, nodes in _called(subject, convention, calls, ledger, left):
            node = subject.node
            key = (node.op, call)
            if node.op in choosy or key not in chosen:
                chosen[key] = next((at for at, rule in enumerate(convention.rules) if rule.matches(node, call)), None)
            at = chosen[key]
            if at is None:
                if _works(node):
                    unknown[node.op] = True
                continue
            amounts = _amounts(convention.rules[at], subject, call, ledger)
            value = whole(total(_scaled(k, amounts[fact]) for fact, k in convention.rules[at].terms))
            values.update({each.path: value for each in nodes})
            if node.mode == "train" and not convention.heads:
                continue
            if node.op not in zero and _is_zero(value) and node.ops.nonzero():
                zero[node.op] = True
            held = sums.setdefault(at, {})
            for fact, amount in amounts.items():
                by_op = held.setdefault(fact, {})
                more = amount if len(nodes) == 1 else len(nodes) * amount
                by_op[node.op] = by_op[node.op] + more if node.op in by_op else more
    terms = tuple(filter(None, (_term(convention.rules[at], held) for at, held in sorted(sums.items()))))
    return Count(
        convention,
        calls,
        MappingProxyType(values),
        terms,
        whole(total(term.value for term in terms)),
        tuple(op for op in zero if op not in unknown),
        tuple(unknown),
        tuple(left),
    )


def whole(value: Any) -> Number:
    """Return a fraction that is a whole number as one."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    held: Number = value
    return held


def _called(
    subject: Subject, convention: Convention, calls: Calls, ledger: Ledger, left: list[str]
) -> Iterator[tuple[Call, list[Node]]]:
    """Yield the rows of a subject by how they are called; those that code leaves to the loss go to `left`."""
    groups: dict[Call, list[Node]] = {}
    for node in subject.nodes:
        if convention.traced and node.path in ledger.ends and not calls.names(node):
            left.append(node.path)
        else:
            groups.setdefault(calls.of(node), []).append(node)
    yield from groups.items()


def _works(node: Node) -> bool:
    """Tell whether a tool might count a row: it computes something, or a tool could think so."""
    return node.family not in ("shape", "value", "merge") or node.op == "upsample" or bool(node.ops.nonzero())


def _amounts(rule: Rule, subject: Subject, call: Call, ledger: Ledger) -> dict[str, Number]:
    again = rule.reuse == "first" and (call == "again" or subject.node.shares is not None)
    return {fact: 0 if again else ledger.read(fact, subject) for fact, _ in rule.terms}


def _scaled(coefficient: Coefficient, amount: Number) -> Any:
    if isinstance(coefficient, Fraction) and not hasattr(amount, "denominator"):  # a free size, which has no fractions
        raise option_error("this convention counts fractions of an element; it needs sizes that are numbers")
    return amount if coefficient == 1 else coefficient * amount


# ── A sum, written out ──


def _term(rule: Rule, sums: Mapping[str, Mapping[str, Number]]) -> Term | None:
    """Return what a rule adds in all; None for nothing."""
    amounts = {fact: total(by_op.values()) for fact, by_op in sums.items()}
    parts: Parts = [(k, amounts[fact], FACTS[fact].words) for fact, k in rule.terms if not _is_zero(amounts[fact])]
    if not parts:
        return None
    value = whole(total(_scaled(k, amount) for k, amount, _ in parts))
    ops = sorted({op for by_op in sums.values() for op, amount in by_op.items() if not _is_zero(amount)})
    return Term(f"{_sum(_joined(parts))} of {', '.join(ops)}", value)


def _joined(parts: Parts) -> Parts:
    """Return scaled and shifted outputs together with the outputs, if they are all that there are."""
    if len(parts) == 2 and {parts[0][2], parts[1][2]} == {FACTS["out"].words, FACTS["affine"].words}:
        (first, amount, _), (second, same, _) = parts
        if amount == same:
            return [(first + second, amount, "elements")]
    return parts


def _sum(parts: Parts) -> str:
    text = ""
    for k, amount, words in parts:
        size: Coefficient = k if k > 0 else -k
        factor = "" if size == 1 else f"{_coefficient(size)} × "
        sign = ("−" if k < 0 else "") if not text else (" − " if k < 0 else " + ")
        text += f"{sign}{factor}{number(amount)} {words}"
    return text


def _coefficient(k: Coefficient) -> str:
    return str(k) if isinstance(k, int) else f"{float(k):g}"


def _is_zero(amount: Number) -> bool:
    return isinstance(amount, int) and amount == 0
