"""Slips of the pen: a factor 10, a digit changed, lost or exchanged, a number copied from a neighbour."""

from fractions import Fraction
from typing import Final

from archcalc.homework.mistakes.kinds import Finding
from archcalc.homework.number import Printed

_TENS: Final = (10, 100, 1000)


def slips(printed: Printed, truth: int, previous: tuple[int, ...]) -> list[Finding]:
    """Return the slips that turn the right number into the printed one.

    >>> from archcalc.homework.number import read_number
    >>> [slip.id for slip in slips(read_number("77,760"), 7776, ())]
    ['factor-ten']
    """
    value = printed.value
    if value.denominator != 1 or truth < 10:
        return []
    found = []
    for factor in _TENS:
        if value == truth * factor or (value * factor == truth) or _near(printed, truth, factor):
            found.append(_finding("factor-ten", f"a factor {factor}", f"差 {factor} 倍", int(value)))
            break
    given, right = str(int(value)), str(truth)
    if not printed.is_rounded:
        if len(given) == len(right):
            differ = [at for at, (a, b) in enumerate(zip(given, right, strict=True)) if a != b]
            if len(differ) == 2 and differ[1] == differ[0] + 1 and given[differ[0]] == right[differ[1]]:
                if given[differ[1]] == right[differ[0]]:
                    found.append(_finding("digits-exchanged", "two digits are exchanged", "两位数字互换", int(value)))
            elif len(differ) == 1 and len(right) >= 3:
                found.append(
                    _finding("digit-changed", f"one digit differs from {truth:,}", "有一位数字不同", int(value))
                )
        elif abs(len(given) - len(right)) == 1 and not found:
            longer, shorter = sorted((given, right), key=len, reverse=True)
            if any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))):
                found.append(
                    _finding("digit-lost", "a digit is lost or written twice", "少写或多写了一位数字", int(value))
                )
    if int(value) in previous and int(value) > 9:
        found.append(_finding("copied-cell", "the number of another row", "抄了别的行的数", int(value)))
    return found


def _near(printed: Printed, truth: int, factor: int) -> bool:
    if not printed.is_rounded:
        return False
    return any(printed.scaled(Fraction(scale)).fit(truth) for scale in (factor, Fraction(1, factor)))


def _finding(id_: str, en: str, zh: str, value: int) -> Finding:
    return Finding(id_, en, zh, value)
