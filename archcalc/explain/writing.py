"""An explanation as text, Markdown, LaTeX, HTML or plain data (docs/reference/explain.schema.json)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from archcalc.arithmetic import Number
from archcalc.explain import Letter
from archcalc.explain.steps import UNITS, Explained, Explanation, Step
from archcalc.quantities import Shape
from archcalc.render.text import html, latex, markdown, number, plain_ascii, safe
from archcalc.report import plain

_WORDS: Final = MappingProxyType(
    {
        "shape": ("Shape", "形状"),
        "params": ("Parameters", "参数量"),
        "macs": ("Multiply-adds", "乘加"),
        "memory": ("Memory of the output, bytes", "输出的内存, 字节"),
        "rf": ("Receptive field", "感受野"),
        "count": ("By another convention", "按另一约定"),
        "input": ("input", "输入"),
        "output": ("output", "输出"),
        "sums": ("Sums", "合计"),
    }
)


def write(explanation: Explanation, format: str, *, ascii: bool = False) -> str:
    """Return an explanation in a format of `FORMATS`.

    Formulas are LaTeX where `explanation.wording` says so; the format `latex` needs that.
    """
    if format == "json":
        return json.dumps(to_dict(explanation), ensure_ascii=ascii, indent=2)
    text = "\n".join(FORMATS[format](explanation)).strip("\n")
    return plain_ascii(text) if ascii else text


def to_dict(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain data, format 1."""
    return {
        "schema": 1,
        "target": explanation.target,
        "layer": explanation.layer,
        "notation": explanation.wording.notation,
        "lang": explanation.wording.lang,
        "layers": [
            {
                "path": layer.path,
                "type": layer.type,
                "call": layer.call,
                "input": plain(layer.inputs),
                "output": plain(layer.output),
                "quantities": [_quantity(step) for step in layer.steps],
            }
            for layer in explanation.layers
        ],
        "sums": [_quantity(step) for step in explanation.sums],
    }


def _quantity(step: Step) -> dict[str, Any]:
    return {
        "what": step.what,
        "symbol": step.symbol,
        "unit": UNITS.get(step.what, "operations"),
        "formula": step.formula,
        "numbers": step.numbers,
        "value": plain(step.value),
        "letters": [
            {"letter": each.letter, "meaning": each.meaning, "value": plain(each.value)} for each in step.letters
        ],
        "remarks": list(step.remarks),
    }


# ── For people ──


def _parts(explanation: Explanation) -> Iterator[tuple[str, str, tuple[Step, ...]]]:
    """Yield title, subtitle and steps of every layer, then of the sums.

    A letter is told once a layer. Of several layers, those that have none of what was asked for are left out.
    """
    say = _Say(explanation.wording.lang)
    for layer in explanation.layers:
        told: set[Letter] = set()
        steps = []
        for step in layer.steps:
            if explanation.sums and step.value == 0:
                continue
            steps.append(replace(step, letters=tuple(each for each in step.letters if each not in told)))
            told.update(step.letters)
        if steps:
            yield f"{layer.path}: {layer.call}", say.shapes(layer), tuple(steps)
    if explanation.sums:
        yield say("sums"), "", explanation.sums


class _Say:
    def __init__(self, lang: str) -> None:
        self.at = int(lang == "zh")

    def __call__(self, word: str) -> str:
        return str(_WORDS[word][self.at])

    def shapes(self, layer: Explained) -> str:
        inputs = ", ".join(map(_shape, layer.inputs))
        return f"{self('input')} {inputs}, {self('output')} {_shape(layer.output)}"

    def letters(self, step: Step) -> list[str]:
        return [f"{each.letter} = {_value(each.value)}: {each.meaning}" for each in step.letters]


def _shape(shape: Shape) -> str:
    return "x".join(str(size) for size in shape)


def _lines(step: Step, *, typeset: bool = False) -> list[str]:
    """Return formula, numbers and value, each once."""
    plainly = None if step.value is None else _value(step.value, typeset=typeset)
    grouped = number(step.value) if isinstance(step.value, int) else plainly
    same = (step.formula, step.numbers, plainly)
    shown = dict(zip(same, (step.formula, step.numbers, grouped), strict=True))
    return [text for text in shown.values() if text is not None]


def _value(value: Number, *, typeset: bool = False) -> str:
    """Return a number, or the formula of a free size."""
    return str(value) if isinstance(value, int) else value.text("latex" if typeset else "math")


def _text(explanation: Explanation) -> Iterator[str]:
    say = _Say(explanation.wording.lang)
    for title, subtitle, steps in _parts(explanation):
        yield safe(title)
        if subtitle:
            yield f"  {subtitle}"
        for step in steps:
            yield ""
            head = f"  {say(step.what)}"
            lines = _lines(step)
            named = step.symbol not in ("", step.what)
            yield f"{head}: {step.symbol}" if named and lines else head
            yield from (f"    = {line}" for line in lines)
            yield from (f"      {line}" for line in say.letters(step))
            yield from (f"    ({safe(remark)})" for remark in step.remarks)
        yield ""


def _markdown(explanation: Explanation) -> Iterator[str]:
    say = _Say(explanation.wording.lang)
    for title, subtitle, steps in _parts(explanation):
        yield f"### {markdown(safe(title))}"
        yield ""
        if subtitle:
            yield from (subtitle, "")
        for step in steps:
            named = f" `{step.symbol}`" if step.symbol not in ("", step.what) and step.value is not None else ""
            yield f"**{say(step.what)}**{named}"
            yield ""
            yield from (f"- = `{line}`" for line in _lines(step))
            if step.letters:
                yield "- " + "; ".join(
                    f"`{each.letter}` = {_value(each.value)}: {each.meaning}" for each in step.letters
                )
            yield from (f"- {markdown(safe(remark))}" for remark in step.remarks)
            yield ""


def _latex(explanation: Explanation) -> Iterator[str]:
    say = _Say(explanation.wording.lang)
    yield r"% needs \usepackage{amsmath}"
    for title, subtitle, steps in _parts(explanation):
        yield rf"\subsection*{{{latex(safe(title))}}}"
        if subtitle:
            yield f"{latex(subtitle)}\n"
        for step in steps:
            yield rf"\paragraph{{{latex(say(step.what))}}}"
            if lines := _lines(step, typeset=True):
                symbol = step.symbol if step.symbol not in ("", step.what) else rf"\text{{{step.what}}}"
                lines[-1] = lines[-1].replace(",", "{,}")
                yield r"\begin{align*}"
                yield f"{symbol} &= " + " \\\\\n&= ".join(lines)
                yield r"\end{align*}"
            if step.letters:
                told = (
                    f"${each.letter} = {_value(each.value, typeset=True)}$ {latex(each.meaning)}"
                    for each in step.letters
                )
                yield f"{'; '.join(told)}.\n"
            yield from (f"{latex(safe(remark))}.\n" for remark in step.remarks)


def _html(explanation: Explanation) -> Iterator[str]:
    say = _Say(explanation.wording.lang)
    lang = explanation.wording.lang
    yield f'<div class="archcalc" lang="{lang}">'
    for title, subtitle, steps in _parts(explanation):
        yield f"<h3>{html(safe(title))}</h3>"
        if subtitle:
            yield f"<p>{html(subtitle)}</p>"
        yield "<dl>"
        for step in steps:
            symbol = step.symbol if step.symbol != step.what and step.value is not None else ""
            yield (
                f"<dt>{html(say(step.what))} <code>{html(symbol)}</code></dt>"
                if symbol
                else (f"<dt>{html(say(step.what))}</dt>")
            )
            yield from (f"<dd>= <code>{html(line)}</code></dd>" for line in _lines(step))
            for each in step.letters:
                said = f"{html(_value(each.value))}: {html(each.meaning)}"
                yield f"<dd><small><code>{html(each.letter)}</code> = {said}</small></dd>"
            yield from (f"<dd><em>{html(safe(remark))}</em></dd>" for remark in step.remarks)
        yield "</dl>"
    yield "</div>"


FORMATS: Final[MappingProxyType[str, Callable[[Explanation], Iterator[str]]]] = MappingProxyType(
    {"text": _text, "markdown": _markdown, "latex": _latex, "html": _html}
)
