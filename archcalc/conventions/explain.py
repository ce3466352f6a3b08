"""A convention in words: what it counts, where that comes from, what it does not count."""

from collections.abc import Iterator
from typing import Any

from archcalc.conventions.convention import EVERYTHING, Convention, Rule
from archcalc.conventions.facts import FACTS
from archcalc.render.text import wrapped


def text(convention: Convention) -> str:
    """Return a convention as text, one rule a line; the first that matches a layer holds."""
    lines = [f"{convention.name}: {convention.title}", ""]
    if convention.tool:
        lines.append(f"Tool     {convention.tool} {convention.version}".rstrip())
    if convention.source:
        lines.append(f"Source   {convention.source}")
    lines += [f"Quantity {convention.quantity}", "", "Counts, by the first line that a layer matches:"]
    said = [_rule(rule, convention) for rule in convention.rules if rule.terms]
    width = min(40, max(len(who) for who, _ in said))
    lines += [f"  {who:<{width}}  {what}" for who, what in said]
    zeros = list(_zeros(convention))
    lines += [f"  {line}" for line in wrapped(f"0 for {', '.join(zeros)}", 96, indent="  ")] if zeros else []
    lines += ["  anything else is not counted, and listed"] if not _is_complete(convention) else []
    used = dict.fromkeys(fact for rule in convention.rules for fact, _ in rule.terms)
    lines += ["", "where", *(f"  {fact:<10} {FACTS[fact].meaning}" for fact in used)]
    lines += [f"\n{remark}" for remark in _remarks(convention)]
    return "\n".join(lines)


def summary(convention: Convention) -> str:
    """Return what a convention counts, in one line: "conv, fc: mac; bn: 2·out + 2·affine".

    >>> from archcalc.conventions.catalogue import find
    >>> summary(find("calflops"))
    'conv, dwconv, deconv, fc: mac'
    """
    said = ((_rule(rule, convention)[0], formula(rule)) for rule in convention.rules if rule.terms)
    return "; ".join(what if who == "everything" else f"{who}: {what}" for who, what in said)


def document(convention: Convention) -> dict[str, Any]:
    """Return a convention as plain data; coefficients as numbers, or as text where they are fractions."""
    return {
        "name": convention.name,
        "title": convention.title,
        "quantity": convention.quantity,
        "tool": convention.tool or None,
        "version": convention.version or None,
        "source": convention.source or None,
        "heads": convention.heads,
        "traced": convention.traced,
        "rules": [
            {
                "ops": list(rule.ops),
                "terms": {fact: k if isinstance(k, int) else str(k) for fact, k in rule.terms},
                "call": rule.call,
                "reuse": rule.reuse,
                "when": None if rule.when is None else dict([rule.when]),
            }
            for rule in convention.rules
        ],
        "remarks": list(convention.remarks),
    }


def formula(rule: Rule) -> str:
    """Return what a rule counts: "2·out + 2·affine"; "0" for nothing.

    >>> from archcalc.conventions.convention import rule
    >>> formula(rule("conv", mac=2, out=-1)), formula(rule("relu"))
    ('2·mac − out', '0')
    """
    said = ""
    for fact, k in rule.terms:
        size = k if k > 0 else -k
        number = "" if size == 1 else f"{size if isinstance(size, int) else float(size):g}·"
        sign = ("−" if k < 0 else "") if not said else (" − " if k < 0 else " + ")
        said += f"{sign}{number}{fact}"
    return said or "0"


def _rule(rule: Rule, convention: Convention) -> tuple[str, str]:
    who = "everything" if EVERYTHING in rule.ops else ", ".join(rule.ops)
    if rule.when is not None:
        name, value = rule.when
        who += f" {name}={('yes' if value else 'no') if isinstance(value, bool) else value}"
    if rule.call and not (rule.call == "module" and _sees_modules_only(convention)):
        who += f" [{rule.call}]"
    return who, formula(rule) + (", once for each module" if rule.reuse == "first" else "")


def _zeros(convention: Convention) -> Iterator[str]:
    """Yield the layer types that count 0; those that an earlier rule counts are not among them."""
    counted = {op for rule in convention.rules if rule.terms and rule.when is None for op in rule.ops}
    for rule in convention.rules:
        if rule.terms:
            continue
        if EVERYTHING in rule.ops:
            yield {"functional": "functions", "operator": "operators"}.get(rule.call or "", "the rest")
        else:
            tag = f" [{rule.call}]" if rule.call and not _sees_modules_only(convention) else ""
            yield from (op + tag for op in rule.ops if op not in counted or rule.call not in (None, "module"))


def _sees_modules_only(convention: Convention) -> bool:
    return all(rule.call in ("module", None) for rule in convention.rules if rule.terms)


def _is_complete(convention: Convention) -> bool:
    return any(EVERYTHING in rule.ops and rule.call is None and rule.when is None for rule in convention.rules)


def _remarks(convention: Convention) -> Iterator[str]:
    if convention.asks_how_called and _sees_modules_only(convention):
        yield "It sees modules; what code calls as a function or operator is not among them: see --calls."
    elif convention.asks_how_called:
        yield "It tells modules from functions and operators: see --calls."
    if convention.traced:
        yield "The softmax at the end of a network is left to the loss, as in code; --calls softmax=module counts it."
    if convention.heads:
        yield "Auxiliary heads, which run in training only, are counted."
    yield from convention.remarks
