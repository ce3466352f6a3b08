"""One cell of an answer: what stands in it, as a number, as a shape, as a calculation with its result."""

import re
from fractions import Fraction
from math import prod
from typing import Any, Final, Literal, NamedTuple

from archcalc.homework.arithmetic import LONGEST, Polynomial, UnreadableError, evaluate, plain
from archcalc.homework.number import Printed, find_numbers, read_number

# None: not said (the length of a sequence)
Dims = tuple[int | None, ...]

_BLANK: Final = frozenset(
    {"", "-", "--", "---", "/", "n/a", "na", "none", "nil", "?", "…", "...", "无", "multiple", "shared", "(recursive)"}
)
_EQUALS: Final = re.compile(r"\s*(?:==?>?|≈=?|~=|≃|→|->|\bis\b)\s*")
_REMARK: Final = re.compile(r"\((?![^()]*\b(?:times|floor|ceil)\b)[^()\d]*[A-Za-z\u4e00-\u9fff]{3,}[^()]*\)")
_LABEL: Final = re.compile(r"^[^\d\[(⌊⌈{=~≈]*?[A-Za-z\u4e00-\u9fff)]\s*[::=]\s*(?=[\d\[(⌊⌈{~≈fc])")
_LIST: Final = re.compile(
    r"[\[(]\s*(?P<items>(?:None|[Bb]atch\w*|[NB?]|-?\d+)(?:\s*,\s*(?:None|\?|-?\d+|[A-Z]))*)\s*,?\s*[\])]"
)
_PRODUCT: Final = re.compile(
    r"(?<![\w.+/^-])[\[(]?\s*(?P<first>\d+(?:@\d+)?)(?P<rest>(?:\s*(?:[x*X×]|\bby\b|\btimes\b)\s*\d+)+)\s*[\])]?"
    r"(?P<times>\s*\(?\s*[x*×]\s*(?P<copies>\d+)_?\{?[A-Za-z]+\}?\)?)?(?![\w*+/^(]|\s*[-+*/^](?!\s*$))"
)
_UNIT_AFTER: Final = re.compile(r"(?<=[\d)\]])\s*(?:bytes?|params?|parameters?|weights?|biases|ops|FLOPs|MACs)\b.*$")
_MAPS: Final = r"(?:feature\s*|output\s*)?(?:maps?|channels?|filters?|kernels?|个?通道)(?![A-Za-z])"
_AXIS: Final = re.compile(r"(?<![A-Za-z])([DHWC])\s*=\s*(\d+)\s*,?")
_MARKED: Final = re.compile(r"[\[(]?\s*(?:None|-1|\?|N|B|batch)\s*[x*×]\s*(?=\d|None)")
_ROW: Final = re.compile(r"\d+(?:\s+\d+){1,3}")


class Problem(NamedTuple):
    """Why a cell cannot be read: the name of a sentence in `verdict.Words`, and the number in it."""

    id: Literal["no_number", "many_numbers", "too_long", "share"]
    number: int = 0


class Cell(NamedTuple):
    """What a cell says.

    number: the stated value. formula: the value of the calculation before it (or of all the cell), as a polynomial.
    dims: the numbers of a shape, in the order written, without a batch axis marked as such.
    batch: its size, 0 if it is marked but free. product: the stated product behind a shape. times: copies (×2).
    """

    text: str
    number: Printed | None = None
    formula: Polynomial | None = None
    formula_text: str = ""
    dims: Dims | None = None
    batch: int | None = None
    product: Printed | None = None
    times: int = 1
    problem: Problem | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing is answered."""
        return is_blank(self.text)

    @property
    def value(self) -> Any:
        """What was read, as JSON can hold it."""
        if self.dims is not None:
            return list(self.dims) if len(self.dims) != 1 else self.dims[0]
        if self.number is not None:
            return self.number.plain()
        return None

    @property
    def stated_formula(self) -> Fraction | None:
        """The value of the calculation, if it has no letters."""
        return self.formula.number if self.formula is not None else None

    @property
    def stated(self) -> Fraction:
        """The result that is written behind a calculation; of a shape, its last size."""
        return self.number.value if self.number is not None else Fraction((self.dims or (0,))[-1] or 0)


def is_blank(text: str) -> bool:
    """Tell whether a cell holds no answer.

    >>> is_blank(" -- "), is_blank("0")
    (True, False)
    """
    return plain(text).strip().lower().replace("—", "-").replace("–", "-") in _BLANK


def read_count(text: str) -> Cell:
    """Return a cell that states a count.

    >>> cell = read_count("(11*11*3+1)*96=35K")
    >>> cell.formula.number, cell.number.value, cell.number.fit(34944)
    (Fraction(34944, 1), Fraction(35000, 1), 'rounded')
    """
    words = plain(text[: 4 * LONGEST]).strip().strip('"').rstrip("。;；,*†‡")
    words = re.sub(r"(?<!\w)\d{1,3}(?:_\d{3})+(?!\w)", lambda grouped: grouped[0].replace("_", ""), words)
    if is_blank(words):
        return Cell(text)
    if len(words) > LONGEST:
        return Cell(text, problem=Problem("too_long", LONGEST))
    if words.endswith("%"):
        return Cell(text, problem=Problem("share"))
    direct = read_number(words)
    if direct is not None:
        return Cell(text, direct)
    words = _REMARK.sub("", _LABEL.sub("", words)).strip()
    parts = [part for part in _EQUALS.split(words) if part.strip()]
    values = [_count(part) for part in parts]
    read = [(part, *value) for part, value in zip(parts, values, strict=True) if value is not None]
    if not read:
        return _fallback(text, words)
    stated = read[-1][1]
    formulas = [(part, formula) for part, _, formula in read if formula is not None]
    if stated is None:  # a calculation without a result: its value is the answer
        return Cell(text, None, formulas[-1][1], formulas[-1][0])
    if not formulas:
        return Cell(text, stated)
    return Cell(text, stated, formulas[0][1], formulas[0][0])


def _count(part: str) -> tuple[Printed | None, Polynomial | None] | None:
    """Return (stated, calculated) of one side of an equation."""
    number = read_number(part)
    if number is not None:
        return number, None
    try:
        formula = evaluate(_UNIT_AFTER.sub("", part).strip())
    except UnreadableError:
        return None
    value = formula.number
    if value is None:
        return (None, formula) if re.search(r"[\d+*/^()\[]", part) else None
    return Printed(part, value, Fraction(1)), formula


def _fallback(text: str, words: str) -> Cell:
    numbers = find_numbers(words)
    if len(numbers) == 1:
        return Cell(text, numbers[0])
    if numbers and all(number.value == numbers[0].value for number in numbers):
        return Cell(text, numbers[0])
    return Cell(text, problem=Problem("many_numbers", len(numbers)) if numbers else Problem("no_number"))


def read_shape(text: str) -> Cell:
    r"""Return a cell that states a shape or a side of one.

    >>> read_shape("(None, 55, 55, 96)").dims, read_shape("[-1, 96, 55, 55]").dims, read_shape("6*6*256=9216").dims
    ((55, 55, 96), (96, 55, 55), (6, 6, 256))
    >>> read_shape("(227-11)/4+1 = 55").dims, read_shape("6@28x28").dims
    ((55,), (6, 28, 28))
    """
    words = plain(text[: 4 * LONGEST]).strip().strip('"').rstrip("。;；,")
    if is_blank(words):
        return Cell(text)
    if len(words) > LONGEST:
        return Cell(text, problem=Problem("too_long", LONGEST))
    words = _LABEL.sub("", _as_product(words))
    listed = _LIST.search(words)
    if listed and listed[0].count(",") and "=" not in words.split(listed[0])[0]:
        return _listed(text, listed["items"])
    marked = _MARKED.match(words)
    if marked:
        cell = read_shape(words[marked.end() :])
        return cell._replace(text=text, batch=0)
    parts = [part for part in _EQUALS.split(words) if part.strip()]
    shapes = [_product(part) for part in parts]
    shaped = [(at, shape) for at, shape in enumerate(shapes) if shape is not None]
    if shaped:
        at, (dims, times) = shaped[-1]
        after = next((number for part in parts[at + 1 :] if (number := read_number(part))), None)
        formula = _value(parts[0]) if at else None
        return Cell(text, None, formula, parts[0] if formula else "", dims, product=after, times=times)
    if len(parts) == 1 and _ROW.fullmatch(parts[0]):
        return Cell(text, dims=tuple(int(size) for size in parts[0].split()))
    count = read_count(words)
    value = count.number.value if count.number else count.stated_formula
    if value is not None and value.denominator == 1 and value > 0:
        return count._replace(text=text, dims=(int(value),))
    return count._replace(text=text)


def _as_product(words: str) -> str:
    """Return a shape that is written in words or otherwise as `HxWxC` or `C@HxW`.

    >>> _as_product("96 maps of 55x55"), _as_product("55x55, 96 channels"), _as_product("H=55, W=55, C=96")
    ('96@55x55', '55x55x96', '55x55x96')
    """
    axes = dict(_AXIS.findall(words))
    if len(axes) > 1 and not _AXIS.sub("", words).strip(" ,;()[]"):
        named = {name.upper(): size for name, size in axes.items()}
        return "x".join(named[axis] for axis in "DHWC" if axis in named)
    if words[:1] in "<{" and words[-1:] in ">}":
        words = f"({words[1:-1]})"
    words = re.sub(r"(?<![\w.^])(\d+)\^2\s*[x*]\s*(\d+)(?![\d^])", r"\1x\1x\2", words)
    words = re.sub(r"^(\d+(?:\s*[x*]\s*\d+){2,})\s*(?:\^\d|[*†‡])$", r"\1", words)  # the mark of a footnote
    words = re.sub(rf"(\d+)\s*(?:{_MAPS}\s*(?:of|,|@|x)?|@)\s*(\d+\s*[x*]\s*\d+)", r"\1@\2", words)
    return re.sub(
        rf"(\d+\s*[x*]\s*\d+)\s*(?:@\s*(\d+)|,\s*(\d+)$|[,(]?\s*(?:with\s*)?(\d+)\s*{_MAPS}\)?)",
        lambda found: f"{found[1]}x{found[2] or found[3] or found[4]}",
        words,
    )


def _listed(text: str, items: str) -> Cell:
    names = [item.strip() for item in items.split(",")]
    sizes = [int(name) if name.isdecimal() else None for name in names]
    first = names[0]
    marked = first == "None" or first == "-1" or first == "?" or first[0].isalpha()
    return Cell(text, dims=tuple(sizes[1:] if marked else sizes), batch=0 if marked else None)


def _product(part: str) -> tuple[Dims, int] | None:
    match = _PRODUCT.search(part)
    if match is None:
        return None
    if re.search(r"[-+/^]\s*$", part[: match.start()]) or re.search(r"[+*/^]\s*[(\[]?\s*$", part[: match.start()]):
        return None
    sizes = [int(size) for size in re.findall(r"\d+", match["first"] + match["rest"])]
    copies = int(match["copies"]) if match["copies"] else 1
    return tuple(sizes), copies


def _value(part: str) -> Polynomial | None:
    try:
        return evaluate(part)
    except UnreadableError:
        return None


class ShapeFit(NamedTuple):
    """How written numbers agree with a shape: in which layout, and with which batch (None: not written)."""

    layout: str
    batch: int | None = None


def fit_shape(cell: Cell, shape: tuple[Any, ...]) -> ShapeFit | None:
    """Return how a cell agrees with a shape (channels first), or None.

    >>> fit_shape(read_shape("27x27x96"), (96, 27, 27)).layout, fit_shape(read_shape("[7, 96, 27, 27]"), (96, 27, 27))
    ('HWC', ShapeFit(layout='CHW', batch=7))
    """
    if cell.dims is None:
        return None
    for dims in _copies(cell):
        for layout, sizes in _layouts(shape):
            if _same(dims, sizes):
                return ShapeFit(layout, cell.batch)
            full = layout in ("CHW", "HWC", "CDHW", "DHWC", "TC", "CT")
            if cell.batch is None and full and len(dims) == len(sizes) + 1 and _same(dims[1:], sizes):
                return ShapeFit(layout, dims[0])
            if cell.batch is None and len(sizes) == 1 and len(dims) == 2 and dims[0] == 1 and _same(dims[1:], sizes):
                return ShapeFit(layout, 1)
    return None


def _copies(cell: Cell) -> list[Dims]:
    dims = cell.dims or ()
    if cell.times == 1:
        return [dims]
    grown = [
        tuple(size * cell.times if at == place and size is not None else size for at, size in enumerate(dims))
        for place in (len(dims) - 1, 0)
    ]
    return [*grown, dims]


def _layouts(shape: tuple[Any, ...]) -> list[tuple[str, tuple[Any, ...]]]:
    rank = len(shape)
    if rank == 1:
        (c,) = shape
        return [("C", (c,)), ("C", (c, 1)), ("C", (1, c)), ("C", (1, 1, c)), ("C", (c, 1, 1))]
    if rank == 2:
        t, d = shape
        return [("TC", (t, d)), ("CT", (d, t)), ("T", (t,)), ("TC", (t, 1, d))]
    channels, *axes = shape
    names = "HW" if rank == 3 else "DHW"
    found = [("C" + names, shape), (names + "C", (*axes, channels))]
    if all(size == 1 for size in axes):
        found += [("C", (channels,))]
    found.append((names, tuple(axes)))
    if all(size == axes[0] for size in axes):
        found.append(("side", (axes[0],)))
    if all(isinstance(size, int) for size in shape):
        found.append(("flattened", (prod(shape),)))
        found += [("matrix", (channels, prod(axes))), ("matrix", (prod(axes), channels))]
    if len(axes) == 2 and channels == 1:
        found.append(("HW", (1, *axes)))
    return found


def _same(dims: Dims, sizes: tuple[Any, ...]) -> bool:
    if len(dims) != len(sizes):
        return False
    return all(a is None or (isinstance(b, int) and a == b) for a, b in zip(dims, sizes, strict=True))
