"""The arithmetic of layer rules.

A rule is written once and runs on four kinds of number: `int`, `Term` (an int that remembers how it was
computed), numpy integer arrays (many sizes at once) and `Expression` (free sizes). So a rule uses `+ - * //`
and the functions of this module only: no `%`, `min`, `max`, `if size < …`, `math.*` or `int()`.

Each function asks the value first: a number that is not a plain int may carry `arithmetic`, an object with
the functions of `Arithmetic`. This module therefore imports neither terms, numpy nor expressions.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from archcalc.errors import ShapeError

# To the type checker a rule works on ints; at run time on anything with + - * // and `arithmetic`.
Number: TypeAlias = int
Message: TypeAlias = "str | Callable[[], str]"


class Arithmetic(Protocol):
    """What a kind of number answers for itself, where int arithmetic would not do."""

    def ceil_div(self, a: Any, b: Any) -> Any:
        """⌈a/b⌉."""

    def exact_div(self, a: Any, b: Any) -> Any:
        """a/b where b is known to divide a."""

    def largest(self, a: Any, b: Any) -> Any:
        """max(a, b)."""

    def smallest(self, a: Any, b: Any) -> Any:
        """min(a, b)."""

    def check_at_least(self, value: Any, least: Any, message: Message) -> None:
        """Raise ShapeError unless value ≥ least."""

    def check_divides(self, divisor: Any, value: Any, message: Message) -> None:
        """Raise ShapeError unless divisor divides value."""

    def check_equal(self, a: Any, b: Any, message: Message, code: str) -> None:
        """Raise ShapeError unless a = b."""

    def divide(self, a: Any, b: Any) -> Any:
        """a/b, a fraction where this kind of number has fractions; else b must divide a."""


def ceil_div(a: Number, b: Number) -> Number:
    """Return ⌈a/b⌉.

    >>> ceil_div(7, 2)
    4
    """
    own = _own(a, b)
    return own.ceil_div(a, b) if own else (a + b - 1) // b


def exact_div(a: Number, b: Number) -> Number:
    """Return a/b where b divides a; `check_divides` comes before.

    >>> exact_div(96, 2)
    48
    """
    own = _own(a, b)
    return own.exact_div(a, b) if own else a // b


def largest(a: Number, b: Number) -> Number:
    """Return the larger of two numbers, elementwise on arrays.

    >>> largest(3, 5)
    5
    """
    if type(a) is int and type(b) is int:
        return a if a > b else b
    own = _own(a, b)
    return own.largest(a, b) if own else (a + b + abs(a - b)) // 2


def smallest(a: Number, b: Number) -> Number:
    """Return the smaller of two numbers, elementwise on arrays.

    >>> smallest(3, 5)
    3
    """
    if type(a) is int and type(b) is int:
        return a if a < b else b
    own = _own(a, b)
    return own.smallest(a, b) if own else (a + b - abs(a - b)) // 2


def total(values: Iterable[Number]) -> Number:
    """Return the sum, without a leading 0 that a derivation would show.

    >>> total([1, 2, 3])
    6
    """
    result: Number | None = None
    for value in values:
        result = value if result is None else result + value
    return 0 if result is None else result


def volume(sizes: Iterable[Number]) -> Number:
    """Return the product, without a leading 1 that a derivation would show.

    >>> volume((3, 224, 224))
    150528
    """
    result: Number | None = None
    for size in sizes:
        result = size if result is None else result * size
    return 1 if result is None else result


def extent(kernel: Number, dilation: Number) -> Number:
    """Return e = d·(k − 1) + 1, the number of input positions a window spans.

    >>> extent(3, 6)
    13
    """
    return dilation * (kernel - 1) + 1


def out_size(
    size: Number,
    kernel: Number,
    stride: Number,
    dilation: Number,
    before: Number,
    after: Number,
    *,
    ceil: bool = False,
) -> Number:
    """Return how many windows fit on one axis (language reference, section 8.2).

    o = ⌊(n + p₀ + p₁ − e)/s⌋ + 1; with `ceil` the division rounds up and the last window must still start
    inside the input or its leading padding (Caffe, torch).

    >>> out_size(227, 11, 4, 1, 0, 0)
    55
    >>> out_size(112, 3, 2, 1, 0, 0, ceil=True)
    56
    """
    window = extent(kernel, dilation)
    padded = size + before + after
    check_at_least(padded, window, lambda: f"window {window} is larger than the padded input {padded}")
    if not ceil:
        return (padded - window) // stride + 1
    windows = ceil_div(padded - window, stride) + 1
    return smallest(windows, (size + before - 1) // stride + 1)


def transposed_size(
    size: Number,
    kernel: Number,
    stride: Number,
    dilation: Number,
    before: Number,
    after: Number,
    extra: Number,
) -> Number:
    """Return o = (n − 1)·s − p₀ − p₁ + e + outpad, the size a transposed convolution makes (section 8.3).

    >>> transposed_size(4, 4, 2, 1, 1, 1, 0)
    8
    """
    result = (size - 1) * stride - before - after + extent(kernel, dilation) + extra
    check_at_least(result, 1, lambda: f"the output would have size {result}; less padding would fit")
    return result


def check_at_least(value: Number, least: Number, message: Message) -> None:
    """Raise ShapeError with `message` unless value ≥ least."""
    own = _own(value, least)
    if own:
        own.check_at_least(value, least, message)
    elif _any(value < least):
        raise ShapeError(say(message))


def check_divides(divisor: Number, value: Number, message: Message) -> None:
    """Raise ShapeError with `message` unless `divisor` divides `value`."""
    own = _own(value, divisor)
    if own:
        own.check_divides(divisor, value, message)
    elif _any(value // divisor * divisor != value):
        raise ShapeError(say(message))


def check_equal(a: Number, b: Number, message: Message, code: str = "E080") -> None:
    """Raise ShapeError with `message` unless a = b."""
    own = _own(a, b)
    if own:
        own.check_equal(a, b, message, code)
    elif _any(a != b):
        raise ShapeError(say(message), code)


def settled(value: Any) -> Any:
    """Return a value where one number is needed, as for the count of a list; a swept number has no single one."""
    settle = getattr(getattr(value, "arithmetic", None), "settle", None)
    return value if settle is None else settle(value)


def equals(size: Number, number: int) -> bool:
    """Tell whether a size is this number; of numbers on a grid the points part where only some are. No array is.

    >>> equals(1, 1)
    True
    """
    return bool(size == number) if isinstance(size, int) or hasattr(size, "arithmetic") else False


def check_within(value: Any, most: int) -> None:
    """Note the points of a grid where a swept number lies beyond ±`most`; other kinds of number are left alone."""
    check = getattr(getattr(value, "arithmetic", None), "check_within", None)
    if check is not None:
        check(value, most)


def say(message: Message) -> str:
    """Return the text of a message that may be made only when it is needed."""
    return message if isinstance(message, str) else message()


def _own(a: object, b: object) -> Arithmetic | None:
    if type(a) is int and type(b) is int:
        return None
    own: Arithmetic | None = getattr(a, "arithmetic", None) or getattr(b, "arithmetic", None)
    return own


def _any(failed: Any) -> bool:
    # a comparison of arrays is an array: one bad element is enough
    return failed if isinstance(failed, bool) else bool(failed.any())
