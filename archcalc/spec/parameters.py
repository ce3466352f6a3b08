"""Chosen options, `--set`, `--input` and `--sym` → the values of a file's parameters and the input shapes."""

import ast
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import gcd, isfinite
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from archcalc.arithmetic import check_at_least, check_divides, check_within, settled
from archcalc.errors import COMMAND_LINE, Place, Problem, ShapeError, Source, SpecError, TargetError, did_you_mean
from archcalc.expression import Space
from archcalc.layers.axes import axis_index
from archcalc.limits import Limits
from archcalc.quantities import Shape
from archcalc.spec.document import Document, Input, Net
from archcalc.spec.expressions import CONSTANTS, Env, Expr, compile_expression, evaluate_truth, fixed
from archcalc.spec.words import is_digits, is_identifier, is_whole

_AXES: Final = ("C", "D", "H", "W", "T")
_DEEPEST: Final = 64  # a chain of parameters that refer to each other


class Wishes(NamedTuple):
    """What the user asks for beside the target: parameters, input shapes by name ("" for the first), free sizes."""

    params: Mapping[str, Any] = MappingProxyType({})
    inputs: Mapping[str, Shape] = MappingProxyType({})
    symbols: tuple[str, ...] = ()


class Values(NamedTuple):
    """The values of the parameters and the input shapes of one network.

    space: the free sizes. meanings: what a parameter is in terms of them ("H = 32*h").
    """

    params: dict[str, Any]
    inputs: dict[str, Shape]
    options: dict[str, str]
    space: Space
    meanings: tuple[str, ...] = ()


class _Lazy(Mapping[str, Any]):
    """Parameters that may refer to each other, evaluated when first asked for."""

    def __init__(self, exprs: Mapping[str, Expr], values: dict[str, Any]) -> None:
        self.exprs = exprs
        self.values_ = values
        self.open: list[str] = []
        self.env = Env(self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a parameter, or `default` if there is none."""
        if name in self.values_:
            return self.values_[name]
        expr = self.exprs.get(name)
        if expr is None:
            return default
        if name in self.open:
            ring = " -> ".join([*self.open[self.open.index(name) :], name])
            raise SpecError([Problem("E035", f"parameters refer to each other in a circle: {ring}", expr.place)])
        if len(self.open) >= _DEEPEST:
            message = f"parameters refer to each other more than {_DEEPEST} deep, from {self.open[0]} to {name}"
            raise SpecError([Problem("E035", message, expr.place)])
        self.open.append(name)
        try:
            self.values_[name] = expr(self.env)
        finally:
            self.open.pop()
        return self.values_[name]

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self.values_ or name in self.exprs

    def __iter__(self) -> Iterator[str]:
        return iter({**self.exprs, **self.values_})

    def __len__(self) -> int:
        return len({**self.exprs, **self.values_})


def evaluate_parameters(
    document: Document,
    net: Net,
    options: Mapping[str, str],
    wishes: Wishes,
    limits: Limits,
    *,
    called: bool = False,
) -> Values:
    """Return the values that a choice of options and the user's wishes give.

    With `called`, another spec uses this one: its own input and `require` do not matter, and the wishes are values
    that the calling spec has worked out, not text.

    Raises:
        TargetError: E032, E033, E042, E043 about the choice.
        SpecError: a fault in the file's expressions.
    """
    for name in (_read_symbol(symbol)[0] for symbol in wishes.symbols):
        if name in wishes.params:
            message = f"'{name}' is given by --set and left free by --sym; one of the two"
            raise TargetError([Problem("E033", message, origin=COMMAND_LINE)])
    chosen = chosen_options(document, options, wishes.params)
    exprs: dict[str, Expr] = dict(document.params)
    for axis, option in chosen.items():
        exprs.pop(axis, None)
        exprs.update(document.variants[axis][option])
    given: dict[str, Any] = {axis: _option_value(option) for axis, option in chosen.items()}
    known = _known(document)
    free = _free_names(net, known)
    _check_names(wishes, known.union(free), document)
    for name, value in wishes.params.items():
        if name not in document.variants:
            exprs.pop(name, None)
            if isinstance(value, str) and not called:
                exprs[name] = _command_line_expression(name, value, limits)
            else:
                given[name] = value if called else _plain_value(name, value, limits)
    direct = _apply_inputs(net, wishes, known.union(free), exprs, given)
    space = Space()
    unbound = () if called else tuple(name for name in free if name not in given and name not in exprs)
    symbols = (*wishes.symbols, *unbound)
    axes, meanings = _apply_symbols(document, symbols, known.union(free), exprs, given, space)
    lazy = _Lazy(exprs, given)
    params = {name: lazy.get(name) for name in lazy}
    if called:
        return Values(params, {}, chosen, space)
    inputs = {item.name: _shape(item, direct, Env(params), limits) for item in net.inputs}
    if axes and net.inputs:
        first = net.inputs[0].name
        inputs[first], more = _free_axes(inputs[first], axes, space)
        meanings += more
    _check_require(document, params, _Inputs(inputs), limits)
    return Values(params, inputs, chosen, space, meanings)


def chosen_options(document: Document, options: Mapping[str, str], params: Mapping[str, Any]) -> dict[str, str]:
    """Return the option on each axis: `--set`, then the path, then `params[axis]`, then the first (section 3.1).

    Raises:
        TargetError: E032, not an option of the axis.
    """
    chosen: dict[str, str] = {}
    for axis, known in document.variants.items():
        if axis in params:
            option = str(settled(params[axis])).strip()
        elif axis in options:
            option = options[axis]
        elif axis in document.params:
            option = document.params[axis].text
        else:
            option = next(iter(known))
        if option not in known:
            message = f"{axis}={option}: not one of {', '.join(known)}{did_you_mean(option, known)}"
            place = None if axis in params else document.params[axis].place
            raise TargetError([Problem("E032", message, place)])
        chosen[axis] = option
    return chosen


def _option_value(option: str) -> Any:
    whole, dot, decimals = option.partition(".")
    if not is_digits(whole) or (dot and not is_digits(decimals)) or len(option) > 31 or not (dot or is_whole(whole)):
        return CONSTANTS.get(option, option)
    value = Fraction(option)
    return value.numerator if value.denominator == 1 else value


def _known(document: Document) -> set[str]:
    options = (values for axis in document.variants.values() for values in axis.values())
    return {*document.params, *document.variants, *(name for values in options for name in values)}


def _free_names(net: Net, known: set[str]) -> tuple[str, ...]:
    """Return the names in the input's size that nothing gives a value, in the order of the file."""
    names = dict.fromkeys(dim.text for item in net.inputs for dim in item.dims)
    return tuple(name for name in names if is_identifier(name) and name not in known and name not in CONSTANTS)


def _check_names(wishes: Wishes, known: set[str], document: Document) -> None:
    for name in wishes.params:
        if name not in known:
            listed = f"; it has {', '.join(sorted(known))}" if known else "; it has none"
            hint = did_you_mean(name, known) or listed
            raise TargetError([Problem("E033", f"{document.name} has no parameter '{name}'{hint}")])


def _command_line_expression(name: str, value: str, limits: Limits) -> Expr:
    source = Source(COMMAND_LINE, value)
    try:
        return compile_expression(value.strip(), lambda at, width: Place(source, 1, at + 1, width), limits)
    except SpecError as error:
        message = f"{name}={value}: {error.problems[0].message}"
        raise TargetError([Problem("E034", message, origin=COMMAND_LINE)]) from None


def _plain_value(name: str, value: Any, limits: Limits) -> Any:
    """Return a value from Python as the expressions have it: decimals exact, numbers within the limits."""
    if hasattr(value, "arithmetic"):
        check_within(value, limits.number)
        return value
    if isinstance(value, float):
        value = Fraction(repr(value)) if isfinite(value) else None
        value = value.numerator if value is not None and value.denominator == 1 else value
    number = isinstance(value, (int, Fraction)) and not isinstance(value, bool)
    if (
        value is None
        or (number and abs(value) > limits.number)
        or not isinstance(value, (int, Fraction, str, list, tuple))
    ):
        message = f"{name}: a number up to {limits.number:,}, a truth value, a text or a list of these is needed"
        raise TargetError([Problem("E034", message, origin=COMMAND_LINE)])
    return [_plain_value(name, item, limits) for item in value] if isinstance(value, (list, tuple)) else value


# ── Inputs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _apply_inputs(
    net: Net, wishes: Wishes, known: set[str], exprs: dict[str, Expr], given: dict[str, Any]
) -> dict[str, Shape]:
    """Turn `--input` into values of the parameters that the dimensions name; return what is replaced as it is."""
    direct: dict[str, Shape] = {}
    for name, shape in wishes.inputs.items():
        item = next((held for held in net.inputs if held.name == name), None)
        if item is None and name == "" and net.inputs:
            item = net.inputs[0]
        if item is None:
            names = [held.name for held in net.inputs]
            message = f"no input '{name}'{did_you_mean(name, names)}; there are {', '.join(names)}"
            raise TargetError([Problem("E042", message, origin=COMMAND_LINE)])
        if item.dims and len(item.dims) != len(shape):
            message = f"the input '{item.name}' has {len(item.dims)} dimensions, not {len(shape)}"
            raise TargetError([Problem("E042", message, origin=COMMAND_LINE)])
        for dim, size in zip(item.dims, shape, strict=False):
            if dim.text in known:
                _check_once(dim.text, wishes)
                exprs.pop(dim.text, None)
                given[dim.text] = size
        if item.whole is not None and item.whole.text in known:
            _check_once(item.whole.text, wishes)
            exprs.pop(item.whole.text, None)
            given[item.whole.text] = shape
        direct[item.name] = shape
    return direct


def _check_once(name: str, wishes: Wishes) -> None:
    """Raise E033 where the input gives a parameter that `--set` or `--sym` gives as well."""
    for option, names in (("--set", wishes.params), ("--sym", [_read_symbol(symbol)[0] for symbol in wishes.symbols])):
        if name in names:
            message = f"'{name}' is given by the input and by {option}; one of the two"
            raise TargetError([Problem("E033", message, origin=COMMAND_LINE)])


def _shape(item: Input, direct: Mapping[str, Shape], env: Env, limits: Limits) -> Shape:
    wanted = direct.get(item.name)
    if item.whole is not None:
        value = wanted if wanted is not None else item.whole(env)
        values = [value] if isinstance(value, int) else list(value) if isinstance(value, (tuple, list)) else None
        if values is None:
            raise SpecError([Problem("E042", f"'{item.whole.text}' is no input size; 3x224x224 would be", item.place)])
        places = [item.whole.place] * len(values)
    else:
        values, places = [], []
        for k, dim in enumerate(item.dims):
            own = dim(env)
            if wanted is not None and own != wanted[k]:
                if not dim.text.isdigit():
                    message = f"the input is {dim.text} = {own} there, not {wanted[k]}; set its parameters instead"
                    raise TargetError([Problem("E042", message, origin=COMMAND_LINE)])
                own = wanted[k]
            values.append(own)
            places.append(dim.place)
    if len(values) > limits.rank:
        raise SpecError([Problem("E042", f"an input of {len(values)} axes, at most {limits.rank}", item.place)])
    for value, place in zip(values, places, strict=True):
        _check_size(value, place, limits)
    return tuple(values)


def _check_size(value: Any, place: Place, limits: Limits) -> None:
    if hasattr(value, "arithmetic"):
        message = f"{value} is no size; a whole number of at least 1 would be"
        try:
            check_divides(1, value, message)
            check_at_least(value, 1, message)
        except ShapeError as error:
            raise SpecError([Problem("E042", error.message, place)]) from None
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SpecError([Problem("E042", f"{value} is no size; a whole number of at least 1 would be", place)])
    if value > limits.dimension:
        raise SpecError([Problem("E080", f"the size {value:,} is above {limits.dimension:,}", place)])


class _Inputs(NamedTuple):
    """The dimensions of the inputs, for `require`."""

    shapes: Mapping[str, Shape]

    def dimension(self, name: str, axis: str) -> Any:
        from archcalc.spec.scope import dimension

        if name == "x" and self.shapes:
            return dimension(next(iter(self.shapes.values())), name, axis)
        if name not in self.shapes:
            raise LookupError(f"no input '{name}'")
        return dimension(self.shapes[name], name, axis)

    def names(self) -> list[str]:
        return list(self.shapes)


def _check_require(document: Document, params: Mapping[str, Any], inputs: _Inputs, limits: Limits) -> None:
    env = Env(params, inputs)
    for condition in document.require:
        if not _holds(condition, env, limits):
            names = sorted(set(re.findall(r"[A-Za-z_]\w*", condition.text)) & set(params))
            here = ", ".join(f"{name} = {params[name]}" for name in names)
            message = f"this network requires {condition.text}" + (f"; here {here}" if here else "")
            raise SpecError([Problem("E043", message, condition.place)])


def _holds(condition: Expr, env: Env, limits: Limits) -> bool:
    """Tell whether a condition holds; on free sizes, `a <= b` and the like become bounds of the domain (section 14)."""
    try:
        return evaluate_truth(condition, env)
    except SpecError:
        parts = _comparisons(condition)
        if not parts:
            raise
    return all(_part_holds(part, condition, env, limits) for part in parts)


def _part_holds(part: ast.Compare, condition: Expr, env: Env, limits: Limits) -> bool:
    text = ast.unparse(part)
    try:
        return evaluate_truth(compile_expression(text, fixed(condition.place), limits), env)
    except SpecError:
        bound = _bound(part, condition, env, limits)
        if bound is None:
            raise
    least, most = bound
    try:
        check_at_least(most, least, f"{text} holds for no size")
    except ShapeError as error:
        raise SpecError([Problem("E043", error.message, condition.place)]) from None
    return True


def _comparisons(condition: Expr) -> list[ast.Compare]:
    """Return the comparisons of two sides that must all hold, as in `a <= b < c and d == 0`; [] for anything else."""
    try:
        trees: list[ast.expr] = [ast.parse(condition.text.strip(), mode="eval").body]
    except SyntaxError:  # a list or mapping of YAML, a size: no comparison
        return []
    found: list[ast.Compare] = []
    while trees:
        tree = trees.pop(0)
        if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
            trees = [*tree.values, *trees]
        elif isinstance(tree, ast.Compare):
            sides = [tree.left, *tree.comparators]
            pairs = zip(sides, tree.ops, sides[1:], strict=False)
            found += [ast.Compare(left, [op], [right]) for left, op, right in pairs]
        else:
            return []
    return found


def _bound(part: ast.Compare, condition: Expr, env: Env, limits: Limits) -> tuple[Any, Any] | None:
    """Return (least, most) of a comparison of two sides, or None."""
    texts = (ast.unparse(side) for side in (part.left, part.comparators[0]))
    left, right = (compile_expression(text, fixed(condition.place), limits)(env) for text in texts)
    match part.ops[0]:
        case ast.LtE():
            return left, right
        case ast.Lt():
            return left + 1, right
        case ast.GtE():
            return right, left
        case ast.Gt():
            return right + 1, left
    return None


# ── Free sizes ─────────────────────────────────────────────────────────────────────────────────────────────────


def _apply_symbols(
    document: Document,
    symbols: tuple[str, ...],
    known: set[str],
    exprs: dict[str, Expr],
    given: dict[str, Any],
    space: Space,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make the named parameters free.

    Return the names that free an axis of the first input instead, and what the others mean ("H = 32*h").
    """
    axes: list[str] = []
    meanings: list[str] = []
    for symbol in symbols:
        name, steps = _read_symbol(symbol)
        if name not in known:
            if name not in _AXES:
                hint = f"{did_you_mean(name, known)}; C, D, H, W, T free an axis of the input"
                message = f"no parameter '{name}' to free{hint}"
                raise TargetError([Problem("E033", message, origin=COMMAND_LINE)])
            axes.append(symbol)
            continue
        if name in document.variants:
            raise TargetError(
                [Problem("E033", f"'{name}' is an axis of variants; it cannot be free", origin=COMMAND_LINE)]
            )
        exprs.pop(name, None)
        modulus, rest, least = _congruence(document, name, _Lazy(exprs, dict(given)))
        if steps is not None:
            given[name] = steps.of(space, least)
            meanings.append(f"{name} = {steps}")
            continue
        if modulus == 1:
            given[name] = space.symbol(name, least=least)
            continue
        small = name.lower()
        if small == name or small in known or small in given:
            small = f"{name.lower()}_{name}"
        found = _Steps(modulus, small, rest)
        given[name] = found.of(space, least)
        meanings.append(f"{name} = {found}")
    return tuple(axes), tuple(meanings)


class _Steps(NamedTuple):
    """Every size modulus·unit + rest."""

    modulus: int
    unit: str
    rest: int

    def __str__(self) -> str:
        return f"{self.modulus}*{self.unit}" + (f" + {self.rest}" if self.rest else "")

    def of(self, space: Space, least: int) -> Any:
        """Return the size, at least `least`, in terms of its unit."""
        unit = space.symbol(self.unit, least=max(1, -(-(least - self.rest) // self.modulus)))
        return unit * self.modulus + self.rest


_SYMBOL: Final = re.compile(
    r"([A-Za-z_]\w{0,63})(?:\s*=\s*(\d{1,6})\s*\*?\s*([A-Za-z_]\w{0,63})(?:\s*\+\s*(\d{1,6}))?)?"
)


def _read_symbol(text: str) -> tuple[str, _Steps | None]:
    """Return the name that is free, and the steps that it goes in: `H`, or `H=32*h`, `H=32*h+3`."""
    found = _SYMBOL.fullmatch(text)
    if found is None or (found[2] is not None and int(found[2]) < 1):
        message = f"'{text}' is no free size; H would be, or H=32*h for multiples of 32"
        raise TargetError([Problem("E033", message, origin=COMMAND_LINE)])
    if found[2] is None:
        return found[1], None
    if found[3] == found[1]:
        raise TargetError([Problem("E033", f"'{text}': the steps need a name of their own", origin=COMMAND_LINE)])
    return found[1], _Steps(int(found[2]), found[3], int(found[4] or 0))


def _congruence(document: Document, name: str, params: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return (m, r, least) such that `require` says name % m == r and name ≥ least."""
    modulus, rest, least = 1, 0, 1
    for condition in document.require:
        for part in map(_name_first, _comparisons(condition)):
            found = _modulo(part, name, params)
            if found:
                m, r = found
                if (rest - r) % gcd(modulus, m):
                    message = f"{condition.text} contradicts an earlier condition"
                    raise SpecError([Problem("E043", message, condition.place)])
                while rest % m != r:
                    rest += modulus
                modulus = modulus * m // gcd(modulus, m)
            else:
                least = max(least, _least(part, name, params))
    return modulus, rest, least


_MIRRORED: Final = MappingProxyType({ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE})


def _name_first(part: ast.Compare) -> ast.Compare:
    """Return `H >= 32` for `32 <= H`: what is not a plain number stands on the left."""
    if not isinstance(part.left, ast.Constant):
        return part
    op = part.ops[0]
    return ast.Compare(part.comparators[0], [_MIRRORED.get(type(op), type(op))()], [part.left])


def _modulo(part: ast.Compare, name: str, params: Mapping[str, Any]) -> tuple[int, int] | None:
    left, right = part.left, part.comparators[0]
    if not isinstance(part.ops[0], ast.Eq):
        return None
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod) and isinstance(left.left, ast.Name):
        m, r = _integer(left.right, params), _integer(right, params)
        if left.left.id == name and m is not None and r is not None and 0 < m <= 10**6 and 0 <= r < m:
            return m, r
    return None


def _least(part: ast.Compare, name: str, params: Mapping[str, Any]) -> int:
    if isinstance(part.left, ast.Name) and part.left.id == name:
        bound = _integer(part.comparators[0], params)
        if bound is not None and isinstance(part.ops[0], (ast.Gt, ast.GtE)):
            return bound + isinstance(part.ops[0], ast.Gt)
    return 1


def _integer(tree: ast.expr, params: Mapping[str, Any]) -> int | None:
    """Return a number, or a parameter that is one."""
    value = tree.value if isinstance(tree, ast.Constant) else None
    if isinstance(tree, ast.Name):
        value = params.get(tree.id)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _free_axes(shape: Shape, symbols: tuple[str, ...], space: Space) -> tuple[Shape, tuple[str, ...]]:
    """Return a shape with free axes, and what they are in terms of their units."""
    sizes: list[Any] = list(shape)
    meanings: list[str] = []
    for symbol in symbols:
        name, steps = _read_symbol(symbol)
        at = axis_index(len(shape), name)
        if at is None:
            message = f"the input {'x'.join(str(n) for n in shape)} has no axis {name}"
            raise TargetError([Problem("E033", message, origin=COMMAND_LINE)])
        sizes[at] = space.symbol(name, least=1) if steps is None else steps.of(space, 1)
        meanings += [f"{name} = {steps}"] if steps is not None else []
    return tuple(sizes), tuple(meanings)
