"""Tree → syntax tree: lists, named items, merges, residuals, loops, conditions, the long form (section 5)."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final, NamedTuple

from archcalc.errors import Place, Problem, SpecError, did_you_mean
from archcalc.graph import Figure
from archcalc.layers.catalogue import MERGES
from archcalc.limits import Limits
from archcalc.spec.chains import Text, make_argument, parse_chain, parse_template
from archcalc.spec.expressions import Expr, bounded, compile_expression, fixed
from archcalc.spec.problems import Problems
from archcalc.spec.reader import Mapping, Scalar, Sequence, Tree, is_null
from archcalc.spec.syntax import (
    Arg,
    Call,
    Expectation,
    Flow,
    ForFlow,
    IfFlow,
    MergeFlow,
    Meta,
    Named,
    ResidualFlow,
    Run,
    Step,
    Template,
)
from archcalc.spec.words import is_identifier, is_whole

META: Final = ("note", "source", "expect", "device")
RESERVED: Final = (
    "for", "if", "residual", "seq", "op", "do", "then", "else", "shortcut", "axis", "in", "repeat", *META,
)  # fmt: skip
_IN = re.compile(r"\s*((?:[A-Za-z_]\w*\s+)+)in\s+(.*)\Z", re.DOTALL)
_FIGURE = re.compile(r"(\d[\d_]*)(?:\.(\d+))?\s*([KMGBT]?)\Z")
_UNITS: Final = {"K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}


class Parser(NamedTuple):
    """Reads trees; problems are collected in `problems`, so that all of a file are shown at once."""

    limits: Limits
    problems: Problems

    # ── Flows ──

    def flow(self, tree: Tree) -> Flow:
        """Return the flow that a tree describes; a flow that cannot be read is replaced by an empty one."""
        try:
            return self._flow(tree)
        except SpecError as error:
            self.problems.add(error.problems)
            return Run((), tree.place)

    def _flow(self, tree: Tree) -> Flow:
        if isinstance(tree, Scalar):
            return parse_chain(Text(tree.value, tree.at, tree.in_flow, self.limits))
        if isinstance(tree, Sequence):
            items = tuple(self.flow(item) for item in tree.items)
            return items[0] if len(items) == 1 else Run(items, tree.place)
        if tree.get("op") is not None:
            return self._long(tree)
        for word in MERGES:
            value = tree.get(word)
            if value is not None and not isinstance(value, Scalar):
                return self._merge(tree, word, value)
        for word, read in self._structures().items():
            if tree.get(word) is not None:
                return read(tree)
        return self._named(tree)

    def _structures(self) -> dict[str, Callable[[Mapping], Flow]]:
        return {"residual": self._residual, "seq": self._seq, "for": self._for, "if": self._if}

    def _keys(self, tree: Mapping, allowed: tuple[str, ...], what: str) -> None:
        for key, _ in tree.pairs:
            if key.value not in allowed:
                hint = did_you_mean(key.value, allowed)
                self._note("E020", f"{what} has no key '{key.value}'{hint}", key.place)

    def _note(self, code: str, message: str, place: Place) -> None:
        self.problems.note(code, message, place)

    def _merge(self, tree: Mapping, op: str, value: Tree) -> Flow:
        self._keys(tree, (op, "axis", *META), op)
        axis = tree.get("axis")
        argument = self.argument("axis", axis) if axis is not None else None
        branches: list[tuple[Template | None, Flow]] = []
        if isinstance(value, Sequence):
            branches = [(None, self.flow(item)) for item in value.items]
        elif isinstance(value, Mapping) and (value.get("for") is not None or value.get("if") is not None):
            branches = [(None, self.flow(value))]
        elif isinstance(value, Mapping):
            branches = [(self._name(key), self.flow(item)) for key, item in value.pairs]
        if not branches:
            raise SpecError([Problem("E022", f"{op} without branches", tree.key(op).place)])
        return MergeFlow(op, tuple(branches), argument, self.meta(tree), tree.key(op).place)

    def _residual(self, tree: Mapping) -> Flow:
        self._keys(tree, ("residual", "shortcut", *META), "residual")
        shortcut = tree.get("shortcut")
        none = isinstance(shortcut, Scalar) and shortcut.value in ("none", "null")
        main = tree.get("residual")
        assert main is not None
        other = self.flow(shortcut) if shortcut is not None and not none else None
        return ResidualFlow(self.flow(main), other, none, self.meta(tree), tree.key("residual").place)

    def _seq(self, tree: Mapping) -> Flow:
        self._keys(tree, ("seq", "repeat", "if", "as", *META), "seq")
        body = tree.get("seq")
        assert body is not None
        place = tree.key("seq").place
        step = Step(
            self.flow(body),
            place,
            self._optional(tree, "repeat"),
            self._optional(tree, "if"),
            self._alias(tree),
        )
        meta = self.meta(tree)
        return Named(None, step, meta, place) if _has_meta(tree) else step

    def _for(self, tree: Mapping) -> Flow:
        self._keys(tree, ("for", "do"), "for")
        place = tree.key("for").place
        body = tree.get("do")
        if body is None:
            raise SpecError([Problem("E021", "a 'for' without 'do'", place)])
        head = tree.get("for")
        if isinstance(head, Mapping):
            names = tuple(self._variable(key) for key, _ in head.pairs)
            if not names:
                raise SpecError([Problem("E061", "a 'for' without columns", place)])
            columns = tuple(self.expression(value) for _, value in head.pairs)
            return ForFlow(names, columns, None, self.flow(body), place)
        if not isinstance(head, Scalar) or not (found := _IN.match(head.value)):
            where = head.place if head is not None else place
            raise SpecError([Problem("E062", "a loop is written 'for: k in range(3)' or 'for: {w: [64, 128]}'", where)])
        start = found.start(2)
        rows = compile_expression(found[2].rstrip(), lambda at, width: head.at(start + at, width), self.limits)
        return ForFlow(tuple(found[1].split()), None, rows, self.flow(body), place)

    def _variable(self, key: Scalar) -> str:
        if not is_identifier(key.value):
            self._note("E054", f"'{key.value}' is not the name of a variable", key.place)
        return key.value

    def _if(self, tree: Mapping) -> Flow:
        self._keys(tree, ("if", "then", "else"), "if")
        then = tree.get("then")
        if then is None:
            raise SpecError([Problem("E021", "an 'if' without 'then'", tree.key("if").place)])
        condition = self._optional(tree, "if")
        assert condition is not None
        other = tree.get("else")
        return IfFlow(condition, self.flow(then), self.flow(other) if other is not None else None, tree.key("if").place)

    def _named(self, tree: Mapping) -> Flow:
        names = [(key, value) for key, value in tree.pairs if key.value not in META]
        if len(names) != 1:
            if not names:
                raise SpecError([Problem("E023", "an item without a name", tree.place)])
            raise SpecError(
                [Problem("E023", "one item has one name: forgot the '- ' before this one?", names[1][0].place)]
            )
        key, value = names[0]
        if key.value in RESERVED:
            raise SpecError([Problem("E054", f"an item cannot be called '{key.value}'", key.place)])
        return Named(self._name(key), self.flow(value), self.meta(tree), key.place)

    def _name(self, key: Scalar) -> Template:
        return parse_template(key.value, key.at, self.limits)

    # ── The long form ──

    def _long(self, tree: Mapping) -> Flow:
        op = tree.get("op")
        place = op.place if op is not None else tree.place
        if not isinstance(op, Scalar) or not is_identifier(op.value.removeprefix("$")):
            raise SpecError([Problem("E012", "'op' is the name of a layer or block", place)])
        args: list[Arg] = []
        for key, value in tree.pairs:
            if key.value in ("op", "name", "repeat", "if", "as", *META) or is_null(value):
                continue
            args.append(self.argument(key.value, value, key.place))
        call = Call(op.value.lstrip("$"), op.value.startswith("$"), tuple(args), place)
        step = Step(call, place, self._optional(tree, "repeat"), self._optional(tree, "if"), self._alias(tree))
        name = tree.get("name")
        if isinstance(name, Scalar):
            return Named(self._name(name), step, self.meta(tree), name.place)
        return Named(None, step, self.meta(tree), place) if _has_meta(tree) else step

    def _alias(self, tree: Mapping) -> Template | None:
        alias = tree.get("as")
        return self._name(alias) if isinstance(alias, Scalar) else None

    def _optional(self, tree: Mapping, key: str) -> Expr | None:
        value = tree.get(key)
        return None if value is None else self.expression(value)

    def argument(self, name: str, value: Tree, key_place: Place | None = None) -> Arg:
        """Return a value of the long form as an argument."""
        if isinstance(value, Scalar):
            text = value.value
            return make_argument(name, text, value.at, self.limits, key_place)
        locate = fixed(value.place)
        if isinstance(value, Sequence):
            items = [self.argument("", item) for item in value.items]
            broken = next((item.error for item in items if item.error), None)
            expr = None if broken else self.expression(value)
            return Arg(name, "[…]", locate, expr, broken, lambda: _each_name(items), key_place)
        return Arg(name, "{…}", locate, self.expression(value), None, tuple, key_place)

    # ── Values ──

    def expression(self, tree: Tree) -> Expr:
        """Return a value as an expression: text, or a list or mapping of expressions."""
        if isinstance(tree, Scalar):
            try:
                return compile_expression(tree.value, tree.at, self.limits)
            except SpecError as error:
                self.problems.add(error.problems)
                return Expr(tree.value, lambda env: None, tree.at)
        limits, place = self.limits, tree.place
        if isinstance(tree, Sequence):
            items = [self.expression(item) for item in tree.items]
            text = f"[{', '.join(item.text for item in items)}]" if len(items) <= 8 else "[…]"
            return Expr(text, lambda env: bounded([item(env) for item in items], limits, place), fixed(place))
        pairs = [(_key(key.value), self.expression(value)) for key, value in tree.pairs]
        work = lambda env: bounded({key: value(env) for key, value in pairs}, limits, place)  # noqa: E731
        return Expr("{…}", work, fixed(place))

    def meta(self, tree: Mapping) -> Meta:
        """Return what stands beside a name."""
        if not _has_meta(tree):
            return _NO_META
        expect = tree.get("expect")
        return Meta(
            self.text(tree, "note"),
            self.text(tree, "source"),
            self.text(tree, "device"),
            self.expectation(expect) if expect is not None else None,
        )

    def text(self, tree: Mapping, key: str) -> str | None:
        """Return a text, or None."""
        value = tree.get(key)
        if value is None:
            return None
        if isinstance(value, Scalar) and (key != "device" or len(value.value) <= self.limits.name):
            return value.value
        most = f" of at most {self.limits.name} characters" if key == "device" else ""
        self._note("P001", f"'{key}' is a text{most}", value.place)
        return None

    def expectation(self, tree: Tree) -> Expectation:
        """Return the expectation of an item: a shape, or shape, params and macs."""
        if not isinstance(tree, Mapping):
            return Expectation(tree.place, self.expression(tree))
        self._keys(tree, ("shape", "params", "macs"), "expect")
        shape, params, macs = tree.get("shape"), tree.get("params"), tree.get("macs")
        return Expectation(
            tree.place,
            self.expression(shape) if shape is not None else None,
            self.figure(params) if params is not None else None,
            self.figure(macs) if macs is not None else None,
        )

    def figure(self, tree: Tree) -> Figure | None:
        """Return an expected number, exact or rounded as printed."""
        found = _FIGURE.match(tree.value) if isinstance(tree, Scalar) else None
        if found is None or (found[2] and not found[3]):
            text = f"'{tree.value}'" if isinstance(tree, Scalar) else "this"
            message = f'{text} is not an expected number; 25557032, "25.6M" or 3.8G would fit'
            self._note("P001", message, tree.place)
            return None
        assert isinstance(tree, Scalar)
        whole, decimals, unit = found[1].replace("_", ""), found[2] or "", found[3]
        if len(whole) > 40 or len(decimals) > 40:
            self._note("P001", "an expected number of more than 40 digits", tree.place)
            return None
        if not unit:
            exact = int(whole)
            return Figure(tree.value, tree.place, lambda value: bool(value == exact))
        scale = _UNITS[unit]
        middle = Fraction(int(whole + decimals), 10 ** len(decimals)) * scale
        half = Fraction(scale, 2 * 10 ** len(decimals))
        return Figure(tree.value, tree.place, lambda value: isinstance(value, int) and abs(value - middle) <= half)


_NO_META: Final = Meta()


def _each_name(items: list[Arg]) -> tuple[Template, ...]:
    names = [item.tensors for item in items]
    return tuple(found[0] for found in names) if all(len(found) == 1 for found in names) else ()


def _has_meta(tree: Mapping) -> bool:
    return any(key.value in META for key, _ in tree.pairs)


def _key(text: str) -> Any:
    return int(text) if is_whole(text) and len(text) <= 15 else text
