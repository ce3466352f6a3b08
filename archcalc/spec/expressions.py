"""Expressions: a whitelisted piece of Python, read with `ast` and interpreted by our own walk (section 7).

Python never evaluates the text. `compile_expression` turns it into a tree of closures once; evaluation needs an
`Env` only. Numbers are exact: ints, fractions, and free sizes.
"""

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from archcalc.arithmetic import check_within, largest, settled, smallest
from archcalc.errors import Place, Problem, ShapeError, SpecError, did_you_mean
from archcalc.expression import Expression, is_equal, is_less
from archcalc.limits import Limits
from archcalc.spec.words import is_digits, is_identifier, is_size, is_whole

Locate: TypeAlias = Callable[[int, int], Place]


class Dimensions(Protocol):
    """Who knows the shapes behind NAME.C in an expression."""

    def dimension(self, name: str, axis: str) -> Any:
        """Return a dimension of a named value; raise LookupError with a message if there is none."""

    def names(self) -> list[str]:
        """Return the names in reach, for suggestions."""


class Env(NamedTuple):
    """What names mean: parameters and loop variables, and the shapes in reach."""

    values: Mapping[str, Any]
    shapes: Dimensions | None = None


Evaluate: TypeAlias = Callable[[Env], Any]

CONSTANTS: Final = MappingProxyType(
    {
        **dict.fromkeys(("yes", "true", "True"), True),
        **dict.fromkeys(("no", "false", "False"), False),
        **dict.fromkeys(("none", "null", "None")),
    }
)
DIMENSIONS: Final = ("C", "D", "H", "W", "T", "N")
_MISSING: Final = object()


class Expr:
    """One compiled expression: its text, where it stands, and how to evaluate it."""

    __slots__ = ("evaluate", "locate", "text")

    def __init__(self, text: str, evaluate: Evaluate, locate: Locate) -> None:
        self.text = text
        self.evaluate = evaluate
        self.locate = locate

    def __call__(self, env: Env) -> Any:
        """Return the value, or raise SpecError at the place of the fault."""
        return self.evaluate(env)

    @property
    def place(self) -> Place:
        """The place of the whole expression."""
        return self.locate(0, len(self.text))


def compile_expression(text: str, locate: Locate, limits: Limits) -> Expr:
    """Return the expression `text`.

    Args:
        text: as it stands in the spec.
        locate: (offset, width) → place of a part of it.
        limits: bounds on length, nodes and numbers.

    Raises:
        SpecError: E050, not an expression of the language.
    """
    if is_whole(text) and len(text) <= 15:
        number = int(text)
        if number <= limits.number:
            return Expr(text, lambda env: number, locate)
    if is_identifier(text):
        return Expr(text, _lone_name(text), locate)
    if is_size(text):
        size = tuple(int(part) for part in text.split("x") if len(part) <= 16)
        if len(size) != text.count("x") + 1 or max(size) > limits.number:
            raise _fault("E050", f"a number above {limits.number:,}", locate(0, len(text)))
        return Expr(text, lambda env: size, locate)
    return Expr(text, _Compiler(text, locate, limits).compile(), locate)


def bounded(value: Any, limits: Limits, place: Place) -> Any:
    """Return a list or mapping that YAML spells out, or raise SpecError E050 if it holds too much."""
    try:
        return _checked(value, limits)
    except ValueError as error:
        raise _fault("E050", str(error), place) from None


def fixed(place: Place) -> Locate:
    """Return the place of every part of a text that has only one place as a whole."""
    return lambda at, width: place


def evaluate_truth(expression: Expr, env: Env) -> bool:
    """Return the truth value of a condition, or raise SpecError E050."""
    value = expression(env)
    if isinstance(value, str):
        place = expression.place
        hint = did_you_mean(value, _known(env))
        raise _fault("E050", f"unknown name '{value}'{hint}; a condition is a truth value or a number", place)
    try:
        return _truth(value)
    except ValueError as error:
        raise _fault("E050", str(error), expression.place) from None


def _fault(code: str, message: str, place: Place | None) -> SpecError:
    return SpecError([Problem(code, message, place)])


def _lone_name(name: str) -> Evaluate:
    if name in CONSTANTS:
        value = CONSTANTS[name]
        return lambda env: value

    def evaluate(env: Env) -> Any:
        return env.values.get(name, name)

    return evaluate


def _known(env: Env) -> list[str]:
    return [*env.values, *(env.shapes.names() if env.shapes else [])]


class _Compiler:
    """Walks the syntax tree of one expression and returns closures."""

    def __init__(self, text: str, locate: Locate, limits: Limits) -> None:
        self.text = text
        self.locate = locate
        self.limits = limits
        self.nodes = 0
        self.body = text.replace("\n", " ").strip()  # one line, so that columns are offsets
        self.lead = len(text) - len(text.lstrip())

    def compile(self) -> Evaluate:
        if len(self.text) > self.limits.expression_length:
            raise self.fault(f"an expression of {len(self.text)} characters, at most {self.limits.expression_length}")
        if not self.text.isascii():
            at = next(k for k, char in enumerate(self.text) if not char.isascii())
            raise self.fault(f"the character '{self.text[at]}' (U+{ord(self.text[at]):04X}) in an expression", at, 1)
        if not self.body:
            raise self.fault("an empty expression")
        if "#" in self.body:
            raise self.fault("'#' in an expression", self.text.index("#"), 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # `1if x else 2`, which Python only warns about
                tree = ast.parse(self.body, mode="eval")
        except SyntaxError as error:
            at = self.lead + max(0, (error.offset or 1) - 1)
            digit = re.search(r"\b\d\w*[A-Za-z_]\w*\.", self.body)
            hint = "; a name that starts with a digit has no dimensions, call it otherwise" if digit else ""
            raise self.fault(f"'{self.text}' is not an expression{hint}", min(at, len(self.text) - 1), 1) from None
        except (ValueError, MemoryError, RecursionError):
            raise self.fault("an expression that is nested too deeply or holds too long a number") from None
        try:
            return self.lone(tree.body)
        except RecursionError:
            raise self.fault("an expression that is nested too deeply") from None

    def fault(self, message: str, at: int = 0, width: int | None = None) -> SpecError:
        return _fault("E050", message, self.locate(at, width or len(self.text)))

    def place(self, node: ast.expr) -> Place:
        return self.locate(self.lead + node.col_offset, (node.end_col_offset or node.col_offset + 1) - node.col_offset)

    def refuse(self, node: ast.expr, what: str) -> SpecError:
        return _fault("E050", f"{what} is not part of the expression language", self.place(node))

    def lone(self, node: ast.expr) -> Evaluate:
        """Compile a place where an unknown name is a word."""
        if isinstance(node, ast.Name):
            self.count(node)
            return _lone_name(node.id)
        return self.expr(node)

    def count(self, node: ast.expr) -> None:
        self.nodes += 1
        if self.nodes > self.limits.expression_nodes:
            raise _fault("E050", f"an expression of more than {self.limits.expression_nodes} parts", self.place(node))

    def expr(self, node: ast.expr) -> Evaluate:
        self.count(node)
        method = getattr(self, "on_" + type(node).__name__, None)
        if method is None:
            raise self.refuse(node, _SPOKEN.get(type(node).__name__, type(node).__name__))
        compiled: Evaluate = method(node)
        return compiled

    def guarded(self, node: ast.expr, work: Callable[[Env], Any]) -> Evaluate:
        """Return `work` with its faults placed at the node and its result normalised and bounded."""
        place: Place | None = None
        limits = self.limits

        def evaluate(env: Env) -> Any:
            nonlocal place
            try:
                return _checked(work(env), limits)
            except (ArithmeticError, ValueError, TypeError, LookupError, ShapeError) as error:
                place = place or self.place(node)
                message = (
                    error.message if isinstance(error, ShapeError) else str(error.args[0] if error.args else error)
                )
                raise _fault("E050", message, place) from None

        return evaluate

    def on_Constant(self, node: ast.Constant) -> Evaluate:
        value: Any = node.value
        if isinstance(value, bool) or value is None or isinstance(value, str):
            return lambda env: value
        if isinstance(value, (int, float)):
            number = self.number(node)
            return lambda env: number
        raise self.refuse(node, f"{value!r}")

    def number(self, node: ast.Constant) -> Any:
        text = (ast.get_source_segment(self.body, node) or "").replace("_", "")
        if isinstance(node.value, int):
            if not is_digits(text):
                raise self.refuse(node, f"the number {text}")
            value: Any = node.value
        else:
            exponent = re.search(r"[eE]([+-]?\d+)\Z", text)
            if exponent and abs(int(exponent[1][:6])) > self.limits.exponent:
                raise _fault("E050", f"an exponent beyond {self.limits.exponent}", self.place(node))
            value = Fraction(text)
        if abs(value) > self.limits.number:
            raise _fault("E050", f"a number above {self.limits.number:,}", self.place(node))
        return _whole(value)

    def on_Name(self, node: ast.Name) -> Evaluate:
        name = node.id
        if name in CONSTANTS:
            value = CONSTANTS[name]
            return lambda env: value
        place: Place | None = None

        def evaluate(env: Env) -> Any:
            found = env.values.get(name, _MISSING)
            if found is _MISSING:
                nonlocal place
                place = place or self.place(node)
                raise _fault("E050", f"unknown name '{name}'{did_you_mean(name, _known(env))}", place)
            return found

        return evaluate

    def on_Attribute(self, node: ast.Attribute) -> Evaluate:
        parts: list[str] = [node.attr]
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self.refuse(node, f"the attribute .{node.attr}")
        if node.attr not in DIMENSIONS:
            message = f"'.{node.attr}': a value has the dimensions {', '.join(DIMENSIONS)} only"
            raise _fault("E050", message, self.place(node))
        axis, name = parts[0], ".".join([inner.id, *reversed(parts[1:])])

        def work(env: Env) -> Any:
            if env.shapes is None:
                raise LookupError(f"'{name}.{axis}': there are no layers here")
            return env.shapes.dimension(name, axis)

        return self.guarded(node, work)

    def on_BinOp(self, node: ast.BinOp) -> Evaluate:
        operate = _BINARY.get(type(node.op).__name__)
        if operate is None:
            raise self.refuse(node, f"the operator {type(node.op).__name__}")
        left, right = self.expr(node.left), self.expr(node.right)
        limits = self.limits
        return self.guarded(node, lambda env: operate(left(env), right(env), limits))

    def on_UnaryOp(self, node: ast.UnaryOp) -> Evaluate:
        operand = self.expr(node.operand)
        if isinstance(node.op, ast.USub):
            return self.guarded(node, lambda env: -_number(operand(env)))
        if isinstance(node.op, ast.Not):
            return self.guarded(node, lambda env: not _truth(operand(env)))
        if isinstance(node.op, ast.UAdd):
            return operand
        raise self.refuse(node, "the operator ~")

    def on_Compare(self, node: ast.Compare) -> Evaluate:
        operands = [self.lone(item) for item in (node.left, *node.comparators)]
        names = [type(op).__name__ for op in node.ops]
        for name in names:
            if name not in _COMPARE:
                raise self.refuse(node, f"the comparison {name}")
        tests = [_COMPARE[name] for name in names]

        def work(env: Env) -> bool:
            left = operands[0](env)
            for test, operand in zip(tests, operands[1:], strict=True):
                right = operand(env)
                if not test(left, right):
                    return False
                left = right
            return True

        return self.guarded(node, work)

    def on_BoolOp(self, node: ast.BoolOp) -> Evaluate:
        parts = [self.expr(value) for value in node.values]
        stop = isinstance(node.op, ast.Or)

        def work(env: Env) -> Any:
            value: Any = None
            for part in parts:
                value = part(env)
                if _truth(value) is stop:
                    return value
            return value

        return self.guarded(node, work)

    def on_IfExp(self, node: ast.IfExp) -> Evaluate:
        test, then, other = self.expr(node.test), self.lone(node.body), self.lone(node.orelse)
        return self.guarded(node, lambda env: then(env) if _truth(test(env)) else other(env))

    def on_List(self, node: ast.List) -> Evaluate:
        items = [self.lone(item) for item in node.elts]
        return self.guarded(node, lambda env: [item(env) for item in items])

    def on_Tuple(self, node: ast.Tuple) -> Evaluate:
        items = [self.lone(item) for item in node.elts]
        return self.guarded(node, lambda env: tuple(item(env) for item in items))

    def on_Dict(self, node: ast.Dict) -> Evaluate:
        if any(key is None for key in node.keys):
            raise self.refuse(node, "**")
        keys = [self.lone(key) for key in node.keys if key is not None]
        values = [self.lone(value) for value in node.values]

        def work(env: Env) -> Any:
            return {_key(key(env)): value(env) for key, value in zip(keys, values, strict=True)}

        return self.guarded(node, work)

    def on_Subscript(self, node: ast.Subscript) -> Evaluate:
        value = self.expr(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                self.expr(part) if part else None for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]

            def cut(env: Env) -> Any:
                held = _list(value(env))
                return held[slice(*(None if bound is None else _index(bound(env)) for bound in bounds))]

            return self.guarded(node, cut)
        key = self.lone(node.slice)

        def pick(env: Env) -> Any:
            held, at = value(env), key(env)
            if isinstance(held, dict):
                if _key(at) not in held:
                    raise LookupError(f"no entry '{at}' among {', '.join(str(name) for name in held)}")
                return held[_key(at)]
            items, index = _list(held), _index(at)
            if not -len(items) <= index < len(items):
                raise LookupError(f"index {index} of a list of {len(items)}")
            return items[index]

        return self.guarded(node, pick)

    def on_Call(self, node: ast.Call) -> Evaluate:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name is None or name not in _FUNCTIONS:
            shown = name or ast.unparse(node.func)
            hint = did_you_mean(shown, _FUNCTIONS)
            raise _fault("E050", f"no function '{shown}'{hint} in the expression language", self.place(node))
        if node.keywords:
            raise self.refuse(node, f"a keyword argument of {name}()")
        if any(isinstance(item, ast.Starred) for item in node.args):
            raise self.refuse(node, "a star argument")
        function, (least, most) = _FUNCTIONS[name]
        if not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}" if most < 99 else f"at least {least}"
            raise _fault("E050", f"{name}() takes {wanted} values, not {len(node.args)}", self.place(node))
        arguments = [
            self.lone(item) if name in ("len", "reversed", "enumerate", "zip") else self.expr(item)
            for item in node.args
        ]
        limits = self.limits
        return self.guarded(node, lambda env: function(limits, *(argument(env) for argument in arguments)))


_SPOKEN: Final = {
    "Lambda": "lambda", "ListComp": "a comprehension", "GeneratorExp": "a comprehension", "SetComp": "a comprehension",
    "DictComp": "a comprehension", "JoinedStr": "an f-string", "NamedExpr": "':='", "Starred": "'*'", "Set": "a set",
    "Await": "await", "Yield": "yield", "Slice": "a slice",
}  # fmt: skip


# ── Values ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _whole(value: Any) -> Any:
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def _checked(value: Any, limits: Limits) -> Any:
    """Return a result with whole fractions as ints, or raise ValueError if it is out of bounds."""
    if isinstance(value, (int, Fraction)):
        if not isinstance(value, bool) and not -limits.number <= value <= limits.number:
            raise ValueError(f"a number beyond ±{limits.number:,}")
        if isinstance(value, Fraction) and value.denominator > limits.number:
            raise ValueError(f"a fraction finer than 1/{limits.number:,}")
        return _whole(value)
    if isinstance(value, (list, tuple, dict)) and _has_more_items(value, limits.list_items):
        raise ValueError(f"a list of more than {limits.list_items:,} items")
    check_within(value, limits.number)
    return value


def _has_more_items(value: Any, most: int) -> bool:
    """Tell whether a list holds more items than `most`, counting lists in lists; it stops as soon as it knows."""
    stack, count = [value], 0
    while stack and count <= most:
        held = stack.pop()
        items = held.values() if isinstance(held, dict) else held
        count += len(items)
        stack.extend(item for item in items if isinstance(item, (list, tuple, dict)))
    return count > most


def _is_number(value: object) -> bool:
    return (isinstance(value, (int, Fraction)) and not isinstance(value, bool)) or hasattr(value, "arithmetic")


def _number(value: Any) -> Any:
    if _is_number(value):
        return value
    raise TypeError(f"{_spoken(value)} where a number is needed")


def _spoken(value: object) -> str:
    if isinstance(value, str):
        return f"the word '{value}'"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return "a list" if isinstance(value, (list, tuple)) else "a mapping" if isinstance(value, dict) else str(value)


def _truth(value: Any) -> bool:
    if isinstance(value, (bool, int, Fraction)):
        return bool(value)
    if hasattr(value, "arithmetic"):
        answer = is_equal(value, 0)
        if answer is None:
            raise ValueError(f"cannot decide whether {value} is 0; add require or a number")
        return not answer
    raise ValueError(f"{_spoken(value)} is not a truth value")


def _list(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return value
    raise TypeError(f"{_spoken(value)} where a list is needed")


def _index(value: Any) -> int:
    value = settled(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"{_spoken(value)} where a whole number is needed")


def _key(value: Any) -> Any:
    value = settled(value)
    if isinstance(value, (str, int, Fraction, bool)):
        return value
    raise TypeError(f"{_spoken(value)} as a key")


def _add(a: Any, b: Any, limits: Limits) -> Any:
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        _room(len(a) + len(b), limits)
        return [*a, *b]
    return _number(a) + _number(b)


def _multiply(a: Any, b: Any, limits: Limits) -> Any:
    if isinstance(b, (list, tuple)):
        a, b = b, a
    if isinstance(a, (list, tuple)):
        _room(len(a) * max(0, _index(b)), limits)
        return a * _index(b)
    return _number(a) * _number(b)


def _room(items: int, limits: Limits) -> None:
    if items > limits.list_items:
        raise ValueError(f"a list of {items:,} items, at most {limits.list_items:,}")


def _divide(a: Any, b: Any, limits: Limits) -> Any:
    _nonzero(b)
    if hasattr(a, "arithmetic") or hasattr(b, "arithmetic"):
        return (getattr(a, "arithmetic", None) or b.arithmetic).divide(a, b)
    return Fraction(_number(a)) / _number(b)


def _floor_divide(a: Any, b: Any, limits: Limits) -> Any:
    _nonzero(b)
    return _number(a) // _number(b)


def _modulo(a: Any, b: Any, limits: Limits) -> Any:
    _nonzero(b)
    return _number(a) % _number(b)


def _nonzero(b: Any) -> None:
    if isinstance(_number(b), (int, Fraction)) and b == 0:
        raise ZeroDivisionError("division by 0")


def _power(a: Any, b: Any, limits: Limits) -> Any:
    exponent = _index(b)
    if not 0 <= exponent <= limits.exponent:
        raise ValueError(f"the exponent {exponent} is not in 0 … {limits.exponent}")
    result: Any = 1
    base = _number(a)
    for _ in range(exponent):
        result = _checked(result * base, limits)
    return result


_BINARY: Final[Mapping[str, Callable[[Any, Any, Limits], Any]]] = {
    "Add": _add,
    "Sub": lambda a, b, limits: _number(a) - _number(b),
    "Mult": _multiply,
    "Div": _divide,
    "FloorDiv": _floor_divide,
    "Mod": _modulo,
    "Pow": _power,
}


def _equal(a: Any, b: Any) -> bool:
    if hasattr(a, "arithmetic") or hasattr(b, "arithmetic"):
        if not (_is_number(a) and _is_number(b)):
            return False
        answer = is_equal(a, b)
        if answer is None:
            raise ValueError(f"cannot decide whether {a} = {b}; add require or a number")
        return answer
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _less(a: Any, b: Any) -> bool:
    answer = is_less(a, b) if hasattr(a, "arithmetic") or hasattr(b, "arithmetic") else _number(a) < _number(b)
    if answer is None:
        raise ValueError(f"cannot decide whether {a} < {b}; add require or a number")
    return bool(answer)


def _contains(a: Any, b: Any) -> bool:
    return any(_equal(a, item) for item in (b if isinstance(b, dict) else _list(b)))


_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Eq": _equal,
    "NotEq": lambda a, b: not _equal(a, b),
    "Lt": lambda a, b: _less(_number(a), _number(b)),
    "GtE": lambda a, b: not _less(_number(a), _number(b)),
    "Gt": lambda a, b: _less(_number(b), _number(a)),
    "LtE": lambda a, b: not _less(_number(b), _number(a)),
    "In": _contains,
    "NotIn": lambda a, b: not _contains(a, b),
}


# ── Functions ──────────────────────────────────────────────────────────────────────────────────────────────────


def _reduce(pick: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def apply(limits: Limits, *values: Any) -> Any:
        items = list(_list(values[0])) if len(values) == 1 else list(values)
        if not items:
            raise ValueError("the smallest or largest of nothing")
        result = _number(items[0])
        for item in items[1:]:
            result = pick(result, _number(item))
        return result

    return apply


def _smaller(a: Any, b: Any) -> Any:
    return smallest(a, b) if hasattr(a, "arithmetic") or hasattr(b, "arithmetic") else min(a, b)


def _larger(a: Any, b: Any) -> Any:
    return largest(a, b) if hasattr(a, "arithmetic") or hasattr(b, "arithmetic") else max(a, b)


def _rounding(name: str, work: Callable[[Any], Any]) -> Callable[..., Any]:
    def apply(limits: Limits, value: Any) -> Any:
        # a free size is whole already; other numbers say how fine they are
        return value if getattr(_number(value), "denominator", 1) == 1 else work(value)

    return apply


def _sum(limits: Limits, values: Any) -> Any:
    result: Any = 0
    for value in _list(values):
        result = result + _number(value)
    return result


def _range(limits: Limits, *bounds: Any) -> Any:
    numbers = range(*(_index(bound) for bound in bounds))
    _room(len(numbers), limits)
    return list(numbers)


def _zip(limits: Limits, *lists: Any) -> Any:
    lengths = {len(_list(items)) for items in lists}
    if len(lengths) > 1:
        raise ValueError(f"zip() of lists of different lengths: {', '.join(str(n) for n in sorted(lengths))}")
    return [tuple(items) for items in zip(*lists, strict=True)]


def _log2(limits: Limits, value: Any) -> int:
    number = _index(value)
    if number < 1:
        raise ValueError(f"log2({number}): a whole number of at least 1 is needed")
    return number.bit_length() - 1


def round_to(value: Any, multiple: Any = 8, low: Any = Fraction(9, 10)) -> Any:
    """Return `value` rounded to a multiple, and one step up where that would lose more than `1 − low` of it.

    >>> round_to(Fraction(3, 4) * 32)
    24
    """
    rounded = _larger(multiple, (value + multiple * Fraction(1, 2)) // multiple * multiple)
    lost = low * value - rounded  # above 0: too much; so one step up, where ⌈lost⌉ is at least 1
    return _whole(rounded + multiple * _smaller(1, _larger(0, -(-lost // 1))))


def _round_to(limits: Limits, value: Any, multiple: Any = 8, low: Any = Fraction(9, 10)) -> Any:
    for number in (value, multiple, low):
        if isinstance(_number(number), Expression):
            raise TypeError(f"cannot round the free size {number} to multiples of {multiple}")
    if multiple <= 0:
        raise ValueError(f"multiples of {multiple}")
    return round_to(value, multiple, low)


_FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], tuple[int, int]]]] = {
    "min": (_reduce(_smaller), (1, 99)),
    "max": (_reduce(_larger), (1, 99)),
    "abs": (lambda limits, value: abs(_number(value)), (1, 1)),
    "floor": (_rounding("floor", lambda value: value // 1), (1, 1)),
    "ceil": (_rounding("ceil", lambda value: -(-value // 1)), (1, 1)),
    "round": (_rounding("round", lambda value: (value + Fraction(1, 2)) // 1), (1, 1)),
    "int": (_rounding("int", lambda value: value // 1 if value >= 0 else -(-value // 1)), (1, 1)),
    "len": (lambda limits, items: len(items if isinstance(items, dict) else _list(items)), (1, 1)),
    "sum": (_sum, (1, 1)),
    "range": (_range, (1, 3)),
    "zip": (_zip, (1, 99)),
    "enumerate": (lambda limits, items: list(enumerate(_list(items))), (1, 1)),
    "reversed": (lambda limits, items: list(reversed(_list(items))), (1, 1)),
    "log2": (_log2, (1, 1)),
    "round8": (lambda limits, value: _round_to(limits, value), (1, 1)),
    "round_to": (_round_to, (1, 3)),
}
