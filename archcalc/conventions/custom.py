"""A user's own convention: "mac=2,bias=1,bn.out=4" → Convention."""

import re
from fractions import Fraction
from typing import Final

from archcalc.conventions.convention import EVERYTHING, Coefficient, Convention, Rule
from archcalc.conventions.facts import FACTS
from archcalc.errors import did_you_mean
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.render.options import option_error

_LONGEST: Final = 12  # characters of a coefficient
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+|/[1-9][0-9]*)?")
_STORED: Final = frozenset({"params", "trainable", "buffers", "layer"})


def read_count(text: str) -> Convention:
    """Return the convention that a text describes: facts with coefficients, of all layers or of one type.

    What is said of one type comes on top of what is said of all.

    >>> [(rule.ops, rule.terms) for rule in read_count("mac=2,bias=1,bn.out=4").rules]
    [(('bn',), (('mac', 2), ('bias', 1), ('out', 4))), (('*',), (('mac', 2), ('bias', 1)))]

    Raises:
        TargetError: no such fact or layer type, or a coefficient that is no number.
    """
    terms: dict[str, dict[str, Coefficient]] = {EVERYTHING: {}}
    for item in text.split(","):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise option_error(f"--count {item.strip()}: write --count mac=2,bias=1 or bn.out=4")
        op, _, fact = name.rpartition(".")
        terms.setdefault(_known_op(op) if op else EVERYTHING, {})[_known_fact(fact)] = _coefficient(name, value)
    general = terms.pop(EVERYTHING)
    rules = [Rule((op,), tuple({**general, **own}.items())) for op, own in terms.items()]
    rules.append(Rule((EVERYTHING,), tuple(general.items())))
    facts = {fact for rule in rules for fact, _ in rule.terms}
    quantity = "params" if facts <= _STORED else "count"
    return Convention("count", text, quantity, tuple(rule for rule in rules if rule.terms))


def _known_op(op: str) -> str:
    word = ALIASES.get(op, op)
    if word not in LAYERS and word not in MERGES:
        raise option_error(f"--count: no layer type '{op}'{did_you_mean(op, (*LAYERS, *MERGES))}")
    return word


def _known_fact(fact: str) -> str:
    if fact not in FACTS:
        raise option_error(f"--count: no fact '{fact}'{did_you_mean(fact, FACTS)}; there are {', '.join(FACTS)}")
    return fact


def _coefficient(name: str, text: str) -> Coefficient:
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        raise option_error(f"--count {name}={text[:_LONGEST]}: a coefficient is a number as 2, 0.5, 17/4 or -1")
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value
