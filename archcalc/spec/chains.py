"""Chains: "conv 96 11x11 /4 -> relu" → steps (section 5).

A chain is cut at blanks and at `->`, outside brackets and quotes.
"""

from functools import cache
from typing import Final, NamedTuple

from archcalc.errors import Place, Problem, SpecError
from archcalc.limits import Limits
from archcalc.spec.expressions import Expr, Locate, compile_expression
from archcalc.spec.syntax import Arg, Call, Flow, Run, Step, Template
from archcalc.spec.words import is_identifier, is_word

_OPEN: Final = {"(": ")", "[": "]", "{": "}"}


class Text(NamedTuple):
    """A piece of a spec that is read as a chain: where its characters stand, and whether YAML may have cut it."""

    value: str
    locate: Locate
    in_flow: bool
    limits: Limits

    def fault(self, code: str, message: str, at: int, width: int = 1) -> SpecError:
        """Return an error at a piece of the text."""
        return SpecError([Problem(code, message, self.locate(at, width))])


def parse_chain(text: Text) -> Flow:
    """Return the steps of a chain.

    Raises:
        SpecError: E010 … E014, and E050 for an expression that can be nothing else.
    """
    return _chain(text, 0, len(text.value), 0)


def parse_arguments(text: Text) -> tuple[Arg, ...]:
    """Return the arguments in `half bias=no`: what `defaults` gives for a layer type."""
    return tuple(_argument(text, start, stop) for start, stop in _tokens(text, 0, len(text.value)))


def parse_template(value: str, locate: Locate, limits: Limits) -> Template:
    """Return a name with its expressions in braces.

    Raises:
        SpecError: E051, braces that do not match; E050, a bad expression in them.
    """
    place = locate(0, len(value))
    if "{" not in value and "}" not in value:
        return Template(value, (value,), place)
    parts: list[str | Expr] = []
    at = 0
    while at < len(value):
        start = value.find("{", at)
        if start < 0:
            parts.append(value[at:])
            break
        if start > at:
            parts.append(value[at:start])
        stop = value.find("}", start)
        if stop < 0:
            raise SpecError([Problem("E051", f"'{value}': '{{' without '}}'", locate(start, 1))])
        parts.append(compile_expression(value[start + 1 : stop], _shifted(locate, start + 1), limits))
        at = stop + 1
    if any(isinstance(part, str) and "}" in part for part in parts):
        raise SpecError([Problem("E051", f"'{value}': '}}' without '{{'", place)])
    return Template(value, tuple(parts), place)


def _shifted(locate: Locate, by: int) -> Locate:
    return lambda offset, width: locate(by + offset, width)


def _chain(text: Text, start: int, stop: int, depth: int) -> Flow:
    steps: list[Flow] = []
    for first, last in _cut(text, start, stop):
        steps.append(_step(text, first, last, depth))
    return steps[0] if len(steps) == 1 else Run(tuple(steps), text.locate(start, 1))


def _cut(text: Text, start: int, stop: int) -> list[tuple[int, int]]:
    """Return the spans between the arrows."""
    value = text.value
    spans: list[tuple[int, int]] = []
    at = begin = start
    while at < stop:
        char = value[at]
        if char in "([{\"'":
            at = _skip(text, at, stop)
        elif char in ")]}":
            raise text.fault("E013", f"unexpected '{char}'", at)
        elif char == "-" and value[at : at + 2] == "->":
            spans.append((begin, at))
            at += 2
            begin = at
        else:
            at += 1
    spans.append((begin, stop))
    for first, last in spans:
        if not value[first:last].strip():
            if len(spans) == 1:
                raise text.fault("E011", "an empty chain; write id for a step that does nothing", start)
            arrow = first - 2 if first > start else last
            raise text.fault("E011", "'->' with nothing beside it", min(arrow, max(0, len(value) - 2)), 2)
    return spans


def _skip(text: Text, at: int, stop: int) -> int:
    """Return the position after the bracket or quote that opens at `at`."""
    value = text.value
    if value[at] in "\"'":
        end = value.find(value[at], at + 1, stop)
        if end < 0:
            raise text.fault("E010", f"unclosed quote {value[at]}", at)
        return end + 1
    waiting = [(value[at], at)]
    k = at + 1
    while k < stop:
        char = value[k]
        if char in "\"'":
            k = _skip(text, k, stop)
            continue
        if char in _OPEN:
            waiting.append((char, k))
        elif char in ")]}":
            opener, _ = waiting[-1]
            if _OPEN[opener] != char:
                raise text.fault("E013", f"'{char}' does not close '{opener}'", k)
            waiting.pop()
            if not waiting:
                return k + 1
        k += 1
    opener, where = waiting[0]
    hint = "; inside [ ] or { } YAML ends a plain value at a comma - quote it" if text.in_flow else ""
    raise text.fault("E010", f"unclosed '{opener}'{hint}", where)


def _tokens(text: Text, start: int, stop: int) -> list[tuple[int, int]]:
    """Return the spans between blanks."""
    value = text.value
    spans: list[tuple[int, int]] = []
    at = start
    begin = -1
    while at < stop:
        char = value[at]
        if char in " \t\n":
            if begin >= 0:
                spans.append((begin, at))
                begin = -1
            at += 1
            continue
        if begin < 0:
            begin = at
        at = _skip(text, at, stop) if char in "([{\"'" else at + 1
        if char in ")]}":
            raise text.fault("E013", f"unexpected '{char}'", at - 1)
    if begin >= 0:
        spans.append((begin, stop))
    return spans


def _step(text: Text, start: int, stop: int, depth: int) -> Flow:
    value = text.value
    spans = _tokens(text, start, stop)
    first, last = spans[0]
    place = text.locate(first, last - first)
    body: Call | Flow
    rest = spans[1:]
    if value[first] == "(":
        if depth >= text.limits.groups:
            raise text.fault("E014", f"groups nested deeper than {text.limits.groups}", first)
        end = _skip(text, first, stop)
        if end < last:  # `(...)*2` without a blank
            rest = [(end, last), *rest]
        body = _chain(text, first + 1, end - 1, depth + 1)
    else:
        op = value[first:last]
        if not is_identifier(op.removeprefix("$")):
            bad = next((k for k, char in enumerate(op) if not (is_word(char) or char == "$")), 0)
            code = "E013" if bad and not op[0].isdigit() else "E012"
            raise text.fault(code, f"'{op}' is not the name of a layer or block", first, last - first)
        body = Call(op.lstrip("$"), op.startswith("$"), (), place)
    repeat = condition = alias = None
    args: list[Arg] = []
    for begin, end in rest:
        token = value[begin:end]
        if token.startswith("*") or token.startswith("repeat="):
            _once(repeat, text, "a repeat", begin, end)
            repeat = _expression(text, begin + (1 if token[0] == "*" else 7), end)
        elif token.startswith("if=") and not token.startswith("if=="):
            _once(condition, text, "if=", begin, end)
            condition = _expression(text, begin + 3, end)
        elif token.startswith("as=") and not token.startswith("as=="):
            _once(alias, text, "as=", begin, end)
            alias = parse_template(value[begin + 3 : end], _shifted(text.locate, begin + 3), text.limits)
        elif isinstance(body, Call):
            args.append(_argument(text, begin, end))
        else:
            raise text.fault("E013", f"'{token}' after a group; only *n, if= and as= may follow", begin, end - begin)
    if isinstance(body, Call):
        body = Call(body.op, body.dynamic, tuple(args), body.place)
    return Step(body, place, repeat, condition, alias)


def _once(given: object, text: Text, what: str, begin: int, end: int) -> None:
    if given is not None:
        raise text.fault("E084", f"{what} is given twice", begin, end - begin)


def _expression(text: Text, start: int, stop: int) -> Expr:
    return compile_expression(text.value[start:stop], _shifted(text.locate, start), text.limits)


def _argument(text: Text, start: int, stop: int) -> Arg:
    token = text.value[start:stop]
    if token.startswith("/"):
        return make_argument("stride", token[1:], _shifted(text.locate, start + 1), text.limits, text.locate(start, 1))
    key, equals, value = token.partition("=")
    if equals and not value.startswith("=") and is_identifier(key):
        locate = _shifted(text.locate, start + len(key) + 1)
        return make_argument(key, value, locate, text.limits, text.locate(start, len(key)))
    return make_argument("", token, _shifted(text.locate, start), text.limits, None)


def make_argument(name: str, value: str, locate: Locate, limits: Limits, key_place: Place | None) -> Arg:
    """Return an argument, read both as an expression and, where it can be one, as names of layers."""
    expr: Expr | None = None
    error: SpecError | None = None
    try:
        expr = compile_expression(value, locate, limits)
    except SpecError as fault:
        error = fault
    return Arg(name, value, locate, expr, error, cache(lambda: _tensors(value, locate, limits)), key_place)


def _tensors(value: str, locate: Locate, limits: Limits) -> tuple[Template, ...]:
    inside, shift = value, 0
    if value.startswith("[") and value.endswith("]"):
        inside, shift = value[1:-1], 1
    found: list[Template] = []
    for item in _split(inside, ","):
        start = item.start + len(item.text) - len(item.text.lstrip())
        name = item.text.strip()
        if not name or not (is_word(name[0]) or name[0] in ".{"):
            return ()
        try:
            template = parse_template(name, _shifted(locate, shift + start), limits)
        except SpecError:
            return ()
        words = [part for part in template.parts if isinstance(part, str)]
        if not all(is_word(piece) for part in words for piece in part.split(".") if piece):
            return ()
        found.append(template)
    return tuple(found) if len(found) == 1 or shift else ()


class _Piece(NamedTuple):
    text: str
    start: int


def _split(text: str, separator: str) -> list[_Piece]:
    """Return the pieces of a text between separators outside brackets."""
    pieces: list[_Piece] = []
    depth = begin = 0
    for at, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == separator and depth == 0:
            pieces.append(_Piece(text[begin:at], begin))
            begin = at + 1
    pieces.append(_Piece(text[begin:], begin))
    return pieces
