"""A written calculation whose result is another one: one setting of the layer stands where another is meant."""

import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final, NamedTuple

from archcalc.homework.arithmetic import UnreadableError, evaluate
from archcalc.homework.mistakes.kinds import Finding
from archcalc.homework.truth import Subject
from archcalc.homework.verdict import plain_value
from archcalc.quantities import channels

_WORDS: Final = (
    ("kernel", "the kernel", "卷积核"),
    ("stride", "the stride", "步长"),
    ("pad", "the padding", "填充"),
    ("dilation", "the dilation", "膨胀率"),
    ("groups", "the groups", "分组数"),
    ("in", "the input channels", "输入通道数"),
    ("out", "the output channels", "输出通道数"),
)

_NUMBER: Final = re.compile(r"(?<![\w.,])\d{1,9}(?![\w.,])")


class _Setting(NamedTuple):
    """A setting of a layer: what it is called, and its value."""

    id: str
    en: str
    zh: str
    value: int


def misplaced(text: str, stated: Fraction, subject: Subject) -> Finding | None:
    """Return which setting stands for which other in a calculation; None if no single exchange gives the stated result.

    Args:
        text: the calculation as written, without its result: `ceil(11/3)`.
        stated: the result as written: 6.
        subject: the layer: kernel 3, stride 2.
    """
    known = _settings(subject)
    for wrong in known:
        places = [at for at in _NUMBER.finditer(text) if int(at[0]) == wrong.value]
        for right in known if places else ():
            if right.value != wrong.value and stated in _exchanged(text, places, right.value):
                en = f"{wrong.en}, {wrong.value}, stands where {right.en}, {right.value}, gives {stated}"
                zh = f"写的是{wrong.zh} {wrong.value}, 换成{right.zh} {right.value} 才得 {stated}"
                return Finding(f"{wrong.id}-for-{right.id}", en, zh, plain_value(stated))
    return None


def _exchanged(text: str, places: "list[re.Match[str]]", value: int) -> Iterator[Fraction]:
    """Yield the value of a calculation with another number in all of some places, then in one of them."""
    for chosen in (places, *([place] for place in places if len(places) > 1)):
        changed = text
        for place in reversed(chosen):
            changed = f"{changed[: place.start()]}{value}{changed[place.end() :]}"
        with suppress(UnreadableError):
            number = evaluate(changed).number
            if number is not None:
                yield number


def _settings(subject: Subject) -> list[_Setting]:
    """Return the settings of a layer that are whole numbers above 1: a factor 1 may be exchanged for anything."""
    window = subject.node.window
    numbers: dict[str, Any] = {"groups": subject.settings.get("groups")}
    if window is not None:
        numbers |= {"kernel": window.kernel[0], "stride": window.stride[0], "dilation": window.dilation[0]}
        numbers["pad"] = window.before[0]
    if subject.inputs and len(subject.inputs[0]) > 1:
        numbers |= {"in": channels(subject.inputs[0]), "out": channels(subject.node.output)}
    return [
        _Setting(name, en, zh, numbers[name])
        for name, en, zh in _WORDS
        if type(numbers.get(name)) is int and numbers[name] > 1
    ]
