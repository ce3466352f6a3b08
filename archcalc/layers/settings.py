"""Field types of layers. Each validates one kind of setting and says what would fit.

A count may be an `int` or a free size (`Expression`); pydantic runs these validators and nobody else checks a
setting again. What depends on the input's shape is checked by the rule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from archcalc.arithmetic import Number
from archcalc.quantities import Shape

PADDING_WORDS = ("valid", "half", "same", "same_lower", "darknet")


class Symbol(NamedTuple):
    """The letter of a setting in formulas: `Symbol("k")`."""

    letter: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Another value that a layer names (`like=`, `indices=`, `kv=`): its path and its shape."""

    path: str
    shape: Shape


def is_number(value: object) -> bool:
    """Tell whether `value` can stand for a count: an int (no bool), a traced int, a free size."""
    return (isinstance(value, int) and not isinstance(value, bool)) or hasattr(value, "arithmetic")


def whole(least: int) -> Callable[[object], Any]:
    """Return a validator of whole numbers ≥ `least`."""

    def check(value: object) -> Any:
        if type(value) is not int:
            if isinstance(value, Fraction):
                raise ValueError(f"{value} is not a whole number; use // or round8()")
            if not is_number(value):
                raise ValueError(f"{describe(value)} is not a whole number")
            if not isinstance(value, int):  # a free size gets a bound, or the layer is refused
                free: Any = value
                message = f"{free} is not a whole number; use // or round8()"
                free.arithmetic.check_divides(1, free, message)
                free.arithmetic.check_at_least(free, least, f"{free} must be at least {least}")
                return free
        if value < least:
            raise ValueError(f"{value} must be at least {least}")
        return value

    return check


def sizes(least: int) -> Callable[[object], Any]:
    """Return a validator of a whole number or one number per axis."""
    one = whole(least)

    def check(value: object) -> Any:
        if isinstance(value, (tuple, list)):
            if not value:
                raise ValueError("an empty size")
            return tuple(one(item) for item in value)
        return one(value)

    return check


def several(least: int) -> Callable[[object], Any]:
    """Return a validator of a list of whole numbers, at least one."""
    one = whole(least)

    def check(value: object) -> Any:
        items = value if isinstance(value, (tuple, list)) else (value,)
        flat = [part for item in items for part in (item if isinstance(item, (tuple, list)) else (item,))]
        if not flat:
            raise ValueError("needs at least one number")
        return tuple(one(item) for item in flat)

    return check


def padding(value: object) -> Any:
    """Validate `pad=`: a number, one per axis, two per axis, or a word."""
    if isinstance(value, str):
        if value not in PADDING_WORDS:
            raise ValueError(f"'{value}' is no padding; a number, a tuple or one of {', '.join(PADDING_WORDS)}")
        return str(value)
    try:
        return sizes(0)(value)
    except ValueError as error:
        if "at least 0" in str(error):
            raise ValueError(f"{error}; to remove rows use crop") from None
        raise


def flag(value: object) -> bool:
    """Validate yes or no."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"{describe(value)} is neither yes nor no")


def real(value: object) -> Any:
    """Validate a decimal, kept exact."""
    if (isinstance(value, (int, Fraction)) and not isinstance(value, bool)) or hasattr(value, "arithmetic"):
        return value
    if isinstance(value, float):
        return Fraction(repr(value))
    raise ValueError(f"{describe(value)} is not a number")


def word(*choices: str) -> Callable[[object], str]:
    """Return a validator of one of `choices`."""

    def check(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return str(value)
        raise ValueError(f"{describe(value)} is not one of {', '.join(choices)}")

    return check


def reference(value: object) -> Reference:
    """Validate a reference; the expansion makes it from a name."""
    if isinstance(value, Reference):
        return value
    raise ValueError(f"{describe(value)} is not the name of a layer")


def references(value: object) -> tuple[Reference, ...]:
    """Validate a list of references."""
    items = value if isinstance(value, (tuple, list)) else (value,)
    return tuple(reference(item) for item in items)


def text(value: object) -> str:
    """Validate a text."""
    if isinstance(value, str):
        return str(value)
    raise ValueError(f"{describe(value)} is not a text")


def describe(value: object) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(describe(item) for item in value[:8]) + (", …]" if len(value) > 8 else "]")
    text = str(value) if len(str(value)) <= 60 else str(value)[:59] + "…"
    return f"'{text}'" if isinstance(value, str) else text


def _schema(*kinds: dict[str, Any]) -> WithJsonSchema:
    # every number may also be written as an expression, which is text
    return WithJsonSchema({"anyOf": [*kinds, {"type": "string"}]})


_INTEGER = {"type": "integer"}
_NUMBER = {"type": "number"}
_LIST = {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}}
_BOOLEAN = {"type": "boolean"}


def choice_schema(*choices: str) -> WithJsonSchema:
    """Return the JSON Schema of a word setting: its choices, or an expression."""
    return WithJsonSchema({"anyOf": [{"enum": list(choices)}, {"type": "string"}]})


Count: TypeAlias = Annotated[Number, PlainValidator(whole(1)), _schema(_INTEGER)]
Natural: TypeAlias = Annotated[Number, PlainValidator(whole(0)), _schema(_INTEGER)]
Whole: TypeAlias = Annotated[Number, PlainValidator(whole(-(10**9))), _schema(_INTEGER)]
Kernel: TypeAlias = Annotated[Number | Shape, PlainValidator(sizes(1)), _schema(_INTEGER, _LIST), Symbol("k")]
Stride: TypeAlias = Annotated[Number | Shape, PlainValidator(sizes(1)), _schema(_INTEGER, _LIST), Symbol("s")]
Dilation: TypeAlias = Annotated[Number | Shape, PlainValidator(sizes(1)), _schema(_INTEGER, _LIST), Symbol("d")]
Size: TypeAlias = Annotated[Number | Shape, PlainValidator(sizes(1)), _schema(_INTEGER, _LIST)]
Amount: TypeAlias = Annotated[Number | Shape, PlainValidator(sizes(0)), _schema(_INTEGER, _LIST), Symbol("p")]
Sizes: TypeAlias = Annotated[Shape, PlainValidator(several(1)), _schema(_INTEGER, _LIST)]
AnySizes: TypeAlias = Annotated[Shape, PlainValidator(several(-1)), _schema(_INTEGER, _LIST)]
Padding: TypeAlias = Annotated[Number | Shape | str, PlainValidator(padding), _schema(_INTEGER, _LIST), Symbol("p")]
Flag: TypeAlias = Annotated[bool, PlainValidator(flag), _schema(_BOOLEAN)]
Real: TypeAlias = Annotated[Number | Fraction, PlainValidator(real), _schema(_NUMBER)]
Ref: TypeAlias = Annotated[Reference, PlainValidator(reference), WithJsonSchema({"type": "string"})]
Refs: TypeAlias = Annotated[tuple[Reference, ...], PlainValidator(references), _schema(_LIST)]
Text: TypeAlias = Annotated[str, PlainValidator(text), WithJsonSchema({"type": "string"})]
