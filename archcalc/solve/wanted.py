"""What is wanted of a network: bounds on its counts, and the sizes of its output."""

import re
from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType
from typing import Final, NamedTuple

from archcalc.arithmetic import Number
from archcalc.conventions.catalogue import CONVENTIONS
from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean
from archcalc.layers.axes import AXES
from archcalc.layers.base import spatial
from archcalc.quantities import Shape

QUANTITIES: Final = ("params", "params_trainable", "macs", "activations", "buffers", "memory", "rf")

_UNITS: Final = MappingProxyType({"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12})
_NUMBER: Final = re.compile(r"(\d[\d,_]{0,30})(?:\.(\d{1,20}))?\s*([KMGBT]?)", re.IGNORECASE)
_BYTES: Final = re.compile(r"(.*?\d\s*(?:[KMGT]i?)?)B", re.IGNORECASE)
_RANGE: Final = re.compile(r"(.+?)\s*(?:\.\.|…)\s*(.+)")
_SIGN: Final = re.compile(r"\s*(<=|>=|==|<|>|=|≤|≥)?\s*(.+?)\s*")
_CONDITION: Final = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*((?:<|>|=|≤|≥).*)")


class Condition(NamedTuple):
    """A count that must lie between two whole numbers, both included; None where there is no bound."""

    quantity: str
    low: int | None
    high: int | None
    text: str

    def holds(self, value: Number) -> bool:
        """Tell whether a count fits."""
        return self.distance(value) == 0

    def distance(self, value: Number) -> Number:
        """Return by how much a count misses.

        >>> read_condition("params == 30K..40K").distance(41_000)
        1000
        """
        if self.low is not None and value < self.low:
            return self.low - value
        return value - self.high if self.high is not None and value > self.high else 0


class Form(NamedTuple):
    """The sizes of an output: all axes, or the spatial ones; None for a size that may be any."""

    sizes: tuple[int | None, ...]
    text: str

    def conditions(self, shape: Shape) -> tuple[Condition, ...] | None:
        """Return what the form asks of an output with the rank of `shape`, or None if its rank does not fit.

        A single size is that of every spatial axis.

        >>> [c.text for c in read_form("55x55").conditions((96, 54, 54))]
        ['output H == 55', 'output W == 55']
        """
        axes = spatial(shape)
        if len(self.sizes) == len(shape):
            at: Iterable[int] = range(len(shape))
        elif axes and len(self.sizes) in (1, len(axes)):
            at = range(len(axes)) if len(shape) <= 2 else range(1, len(shape))
        else:
            return None
        at = tuple(at)
        sizes = self.sizes if len(self.sizes) == len(at) else self.sizes * len(at)
        return tuple(
            Condition(f"output.{axis}", size, size, f"output {_letter(len(shape), axis)} == {size}")
            for axis, size in zip(at, sizes, strict=True)
            if size is not None
        )


def _letter(rank: int, axis: int) -> str:
    return AXES[rank][axis] if rank in AXES else f"axis {axis}"


class Wanted(NamedTuple):
    """Everything that must hold at once."""

    counts: tuple[Condition, ...] = ()
    form: Form | None = None

    def conditions(self, output: Shape) -> tuple[Condition, ...] | None:
        """Return all conditions for an output with the rank of `output`, or None if its rank does not fit."""
        sizes = self.form.conditions(output) if self.form else ()
        return None if sizes is None else (*sizes, *self.counts)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is wanted, in words."""
        sizes = (f"output {self.form.text}",) if self.form else ()
        return (*sizes, *(condition.text for condition in self.counts))


def read_condition(text: str) -> Condition:
    """Return the condition that a text states.

    A bound is exact; a number that is asked for equals all that it may be rounded from, as in `expect`
    (language reference, section 13).

    >>> read_condition("macs <= 300M")[:3], read_condition("params == 35K")[:3]
    (('macs', None, 300000000), ('params', 34500, 35500))
    >>> read_condition("rf > 7")[:3], read_condition("params == 30K..40K")[:3]
    (('rf', 8, None), ('params', 30000, 40000))

    Raises:
        TargetError: not a condition, or about something that is no count.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise wrong(f"'{text}' is no condition; \"macs <= 300M\" would be")
    quantity = found[1].lower()
    if quantity not in QUANTITIES and quantity not in CONVENTIONS:
        known = [*QUANTITIES, *CONVENTIONS]
        hint = did_you_mean(quantity, known) or f"; there are {', '.join(QUANTITIES)}, and the conventions"
        raise wrong(f"no count '{found[1]}'{hint}")
    return count(quantity, found[2])


def count(quantity: str, text: str) -> Condition:
    """Return the condition on one quantity: "34944", "35K", "<= 5M", "30K..40K".

    >>> count("params", "34,944")
    Condition(quantity='params', low=34944, high=34944, text='params == 34944')

    Raises:
        TargetError: not a number, a bound or a range.
    """
    parts = _SIGN.fullmatch(text)
    sign, value = (parts[1] or "==", parts[2]) if parts else ("==", "")
    sign = {"=": "==", "≤": "<=", "≥": ">="}.get(sign, sign)
    low, high = _bounds(sign, _elements(value) if quantity == "memory" else value, text)
    if low is not None and high is not None and low > high:
        raise wrong(f"{quantity} {text}: the range is empty")
    return Condition(quantity, low, high, f"{quantity} {sign} {value.replace(',', '')}")


def _elements(value: str) -> str:
    """Return a number of bytes without its unit: 64MB is 64M, 1KiB is 1024."""
    parts = _BYTES.fullmatch(value)
    if parts is None:
        return value
    number = parts[1]
    if number[-1:] not in "iI":
        return number
    power = 1 + "KMGT".index(number[-2].upper())
    whole = re.fullmatch(r"\s*(\d{1,12})\s*..", number)
    return str(int(whole[1]) << (10 * power)) if whole else value


def _bounds(sign: str, value: str, text: str) -> tuple[int | None, int | None]:
    between = _RANGE.fullmatch(value)
    if between and sign == "==":
        return ceil(_number(between[1], text)[0]), floor(_number(between[2], text)[0])
    middle, half = _number(value, text)
    if sign == "==":
        return ceil(middle - half), floor(middle + half)
    if sign in ("<=", "<"):
        return None, floor(middle) if sign == "<=" else ceil(middle) - 1
    return ceil(middle) if sign == ">=" else floor(middle) + 1, None


def _number(value: str, text: str) -> tuple[Fraction, Fraction]:
    """Return a number and half of what its last digit is worth; a whole number without a unit is exact."""
    found = _NUMBER.fullmatch(value.strip())
    if found is None or (found[2] and not found[3]):
        raise wrong(f"'{text.strip()}' is no number; 34944, 35K, 1.5M, \"<= 300M\" or 30K..40K would be")
    whole, decimals, unit = re.sub(r"[,_]", "", found[1]), found[2] or "", _UNITS[found[3].upper()]
    last = Fraction(unit, 10 ** len(decimals))
    return Fraction(int(whole + decimals)) * last, last / 2 if unit > 1 else Fraction(0)


def read_form(text: str) -> Form:
    """Return the output that a text asks for: `96x55x55`, `55x55`, `55`, `?x7x7`.

    Raises:
        TargetError: no size.
    """
    parts = re.split(r"\s*[x×*]\s*", text.strip().strip("[]()"))
    if not all(part == "?" or (part.isascii() and part.isdecimal() and len(part) <= 10) for part in parts):
        raise wrong(f"'{text}' is no output size; 96x55x55, 55x55 or 55 would be")
    sizes = tuple(None if part == "?" else int(part) for part in parts)
    if any(size == 0 for size in sizes):
        raise wrong(f"'{text}': a size is at least 1")
    return Form(sizes, "x".join(parts))


def wrong(message: str) -> TargetError:
    """Return the error of a question that means nothing."""
    return TargetError([Problem("E033", message, origin=COMMAND_LINE)])
