"""Tree → Document: the outer keys of a spec, all problems at once."""

from collections.abc import Mapping as Map
from typing import Final, NamedTuple

from archcalc.errors import Place, Problem, Source, SpecError, did_you_mean
from archcalc.graph import Figure
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.limits import Limits
from archcalc.spec.calls import SPECIALS, check_calls, check_defaults
from archcalc.spec.chains import Text, parse_arguments
from archcalc.spec.expressions import Expr, Locate, compile_expression
from archcalc.spec.flow import Parser
from archcalc.spec.problems import Enough, Problems
from archcalc.spec.reader import Mapping, Scalar, Sequence, Tree
from archcalc.spec.syntax import Arg, Flow, Run
from archcalc.spec.words import is_identifier, is_whole, is_word

VERSION: Final = 1
TOTALS: Final = (
    "params",
    "params_trainable",
    "params_frozen",
    "params_train",
    "buffers",
    "macs",
    "macs_train",
    "nodes",
)
EXPECTED_KEYS: Final = (*TOTALS, "outputs", "source", "note")
TOP_KEYS: Final = (
    "archcalc", "name", "title", "source", "note", "task", "year", "params", "variants", "input", "require", "defaults",
    "blocks", "shared", "layers", "aux", "outputs", "expect", "nets",
)  # fmt: skip
NET_KEYS: Final = ("input", "layers", "aux", "outputs", "expect", "title", "note", "source")
_BUILT_IN: Final = frozenset((*LAYERS, *MERGES, *ALIASES, *SPECIALS, "for", "if", "residual", "seq", "op"))


class Block(NamedTuple):
    """A template: its tensors (the first is the running value), its parameters with defaults, its body."""

    name: str
    tensors: tuple[str, ...]
    parameters: tuple[tuple[str, Expr | None], ...]
    body: Flow
    shared: bool
    place: Place
    signature: str


class Input(NamedTuple):
    """One input: its name and its shape, as one expression or one a dimension."""

    name: str
    whole: Expr | None
    dims: tuple[Expr, ...]
    place: Place


class Expected(NamedTuple):
    """Expected totals of one variant; `variant` is None where the mapping stands for the network itself."""

    variant: str | None
    figures: tuple[tuple[str, Figure], ...]
    outputs: tuple[tuple[str | None, Expr], ...]
    place: Place
    source: str | None = None


class Net(NamedTuple):
    """One network of a file; `name` is None where the file has no `nets`."""

    name: str | None
    title: str | None
    source: str | None
    note: str | None
    inputs: tuple[Input, ...]
    layers: Flow
    aux: tuple[tuple[Scalar, Flow], ...]
    outputs: tuple[Scalar, ...] | None
    expect: tuple[Expected, ...]
    place: Place


class Document(NamedTuple):
    """A spec as written, with nothing chosen yet."""

    text: Source
    tree: Mapping
    name: str
    title: str
    source: str
    note: str | None
    task: str | None
    year: int | None
    params: Map[str, Expr]
    variants: Map[str, Map[str, Map[str, Expr]]]
    require: tuple[Expr, ...]
    defaults: Map[str, tuple[Arg, ...]]
    blocks: Map[str, Block]
    nets: Map[str | None, Net]

    @property
    def first_net(self) -> Net:
        """The network that a target without a net's name means."""
        return next(iter(self.nets.values()))


def parse_document(tree: Tree, text: Source, name: str, limits: Limits) -> Document:
    """Return the document that a tree describes.

    Args:
        tree: of the whole file.
        text: the source, for messages.
        name: the spec's name where the file gives none.
        limits: bounds on expressions.

    Raises:
        SpecError: every problem of the file's form, in the order of the file.
    """
    reader = _Reader(tree, text, limits)
    try:
        document = reader.document(name)
    except Enough:
        raise reader.problems.error() from None
    if reader.problems.found:
        raise reader.problems.error()
    return document


class _Reader:
    """Reads the outer keys; collects problems and raises them together."""

    def __init__(self, tree: Tree, text: Source, limits: Limits) -> None:
        self.problems = Problems()
        self.text = text
        self.limits = limits
        self.parser = Parser(limits, self.problems)
        if not isinstance(tree, Mapping):
            raise SpecError(
                [Problem("E001", "a spec is a mapping with the keys archcalc, input, layers …", tree.place)]
            )
        self.tree = tree

    def document(self, name: str) -> Document:
        tree = self.tree
        self.keys(tree, TOP_KEYS)
        self.version()
        blocks = {**self.blocks("blocks", shared=False), **self.blocks("shared", shared=True)}
        variants = self.variants()
        params = {key.value: self.param(key, value, variants) for key, value in self.mapping(tree, "params")}
        self.count_params(params, variants)
        nets = self.nets(variants)
        document = Document(
            text=self.text,
            tree=tree,
            name=self.parser.text(tree, "name") or name,
            title=self.parser.text(tree, "title") or self.parser.text(tree, "name") or name,
            source=self.parser.text(tree, "source") or "",
            note=self.parser.text(tree, "note"),
            task=self.parser.text(tree, "task"),
            year=self.year(),
            params=params,
            variants=variants,
            require=self.require(),
            defaults=self.defaults(),
            blocks=blocks,
            nets=nets,
        )
        flows: list[Flow] = [block.body for block in blocks.values()]
        for net in nets.values():
            flows += [net.layers, *(flow for _, flow in net.aux)]
        check_calls(flows, blocks, self.problems)
        return document

    def note(self, code: str, message: str, place: Place) -> None:
        self.problems.note(code, message, place)

    def keys(self, tree: Mapping, known: tuple[str, ...]) -> None:
        for key, _ in tree.pairs:
            if key.value not in known:
                self.note("E002", f"unknown key '{key.value}'{did_you_mean(key.value, known)}", key.place)

    def version(self) -> None:
        value = self.tree.get("archcalc")
        if value is None:
            message = "the first key of a spec is 'archcalc: 1', the version of the format"
            raise SpecError([Problem("E003", message, self.tree.place)])
        if not isinstance(value, Scalar) or value.value != str(VERSION):
            shown = value.value if isinstance(value, Scalar) else "this"
            message = f"format version {shown} is not known; this archcalc reads version {VERSION}"
            raise SpecError([Problem("E003", message, value.place)])
        if self.tree.pairs[0][0].value != "archcalc":
            self.note("E003", "'archcalc: 1' is the first key of a spec", self.tree.key("archcalc").place)

    def year(self) -> int | None:
        value = self.tree.get("year")
        if value is None:
            return None
        if isinstance(value, Scalar) and is_whole(value.value) and len(value.value) == 4:
            return int(value.value)
        self.note("P001", "'year' is a year, as 2015", value.place)
        return None

    def mapping(self, tree: Mapping, key: str) -> tuple[tuple[Scalar, Tree], ...]:
        value = tree.get(key)
        if value is None or (isinstance(value, Scalar) and value.value == ""):
            return ()
        if isinstance(value, Mapping):
            return value.pairs
        self.note("P001", f"'{key}' is a mapping", value.place)
        return ()

    def ident(self, key: Scalar, what: str) -> None:
        if not is_identifier(key.value) or len(key.value) > self.limits.name:
            self.note(
                "E054",
                f"'{key.value}' is not the name of a {what}; letters, digits and _ would fit",
                key.place,
            )

    def count_params(self, params: Map[str, Expr], variants: Map[str, Map[str, Map[str, Expr]]]) -> None:
        options = (values for axis in variants.values() for values in axis.values())
        names = {*params, *variants, *(name for values in options for name in values)}
        if len(names) > self.limits.params:
            self.note("P001", f"{len(names):,} parameters, at most {self.limits.params:,}", self.tree.place)

    def param(self, key: Scalar, value: Tree, variants: Map[str, object]) -> Expr:
        self.ident(key, "parameter")
        if key.value in variants and isinstance(value, Scalar):
            option = value.value  # an axis names an option, which need not be an expression: x1.0
            return Expr(option, lambda env: option, value.at)
        return self.parser.expression(value)

    def variants(self) -> dict[str, dict[str, dict[str, Expr]]]:
        axes: dict[str, dict[str, dict[str, Expr]]] = {}
        seen: dict[str, str] = {}
        for axis, options in self.mapping(self.tree, "variants"):
            self.ident(axis, "variant axis")
            if not isinstance(options, Mapping) or not options.pairs:
                self.note("P001", f"the axis '{axis.value}' is a mapping of options", options.place)
                continue
            axes[axis.value] = {}
            for option, values in options.pairs:
                self.option(option)
                if option.value in seen:
                    message = f"option '{option.value}' stands on the axes '{seen[option.value]}' and '{axis.value}'"
                    self.note("P001", message, option.place)
                seen[option.value] = axis.value
                pairs = values.pairs if isinstance(values, Mapping) else ()
                if not isinstance(values, Mapping) and not (
                    isinstance(values, Scalar) and values.value in ("", "null")
                ):
                    self.note("P001", f"option '{option.value}' is a mapping of parameters", values.place)
                for key, _ in pairs:
                    if key.value == axis.value:
                        message = f"option '{option.value}' sets '{key.value}', which is its axis and so its own name"
                        self.note("P001", message, key.place)
                axes[axis.value][option.value] = {key.value: self.parser.expression(value) for key, value in pairs}
        return axes

    def option(self, option: Scalar) -> None:
        if not is_word(option.value.replace(".", "_")) or option.value in EXPECTED_KEYS:
            message = f"'{option.value}' cannot be an option: letters, digits, _ and '.', and not a key of expect"
            self.note("E054", message, option.place)

    def require(self) -> tuple[Expr, ...]:
        value = self.tree.get("require")
        if value is None:
            return ()
        items = value.items if isinstance(value, Sequence) else (value,)
        return tuple(self.parser.expression(item) for item in items)

    def defaults(self) -> dict[str, tuple[Arg, ...]]:
        found: dict[str, tuple[Arg, ...]] = {}
        for key, value in self.mapping(self.tree, "defaults"):
            op = ALIASES.get(key.value, key.value)
            if op not in LAYERS:
                self.note("E040", f"no layer type '{key.value}'{did_you_mean(key.value, LAYERS)}", key.place)
                continue
            if op in found:
                self.note("P001", f"defaults of {op} stand twice", key.place)
            try:
                found[op] = self.default_arguments(value)
                check_defaults(op, found[op])
            except SpecError as error:
                self.problems.add(error.problems)
        return found

    def default_arguments(self, value: Tree) -> tuple[Arg, ...]:
        if isinstance(value, Scalar):
            return parse_arguments(Text(value.value, value.at, value.in_flow, self.limits))
        if isinstance(value, Mapping):
            return tuple(self.parser.argument(name.value, item, name.place) for name, item in value.pairs)
        raise SpecError([Problem("P001", "defaults are arguments, as 'half bias=no'", value.place)])

    def blocks(self, where: str, *, shared: bool) -> dict[str, Block]:
        found: dict[str, Block] = {}
        for key, value in self.mapping(self.tree, where):
            try:
                block = self.block(key, value, shared=shared)
            except SpecError as error:
                self.problems.add(error.problems)
                continue
            if block.name in _BUILT_IN:
                self.note("E005", f"'{block.name}' is the name of a layer type or a word of the language", key.place)
            if block.name in found:
                self.note("E053", f"block '{block.name}' is defined twice", key.place)
            found[block.name] = block
        return found

    def block(self, key: Scalar, value: Tree, *, shared: bool) -> Block:
        called, paren, inside = key.value.partition("(")
        if not is_identifier(called.strip()) or (paren and not inside.rstrip().endswith(")")):
            message = f"'{key.value}' is not a signature, as f, f(a, b=1) or f(x, skip; w)"
            raise SpecError([Problem("E004", message, key.place)])
        inside, start = inside.rstrip()[:-1], len(called) + 1
        pieces = _pieces(inside)
        tensors: list[str] = []
        parameters: list[tuple[str, Expr | None]] = []
        semicolons = inside.count(";")
        if semicolons > 1:
            raise SpecError([Problem("E004", "one ';' parts tensors from parameters", key.place)])
        for text, at, before in pieces:
            name, equals, default = text.partition("=")
            tensor = semicolons == 1 and before
            place = key.at(start + at + len(text) - len(text.lstrip()), max(1, len(text.strip())))
            if not text.strip():
                if sum(side is before for _, _, side in pieces) > 1:
                    raise SpecError([Problem("E004", f"an empty name in '{key.value}'", place)])
                continue
            if not is_identifier(name.strip()) or (tensor and equals):
                raise SpecError([Problem("E004", f"'{text.strip()}' is not a parameter, as s or s=1", place)])
            if name.strip() in (*tensors, *(known for known, _ in parameters)):
                raise SpecError([Problem("E004", f"'{name.strip()}' stands twice in '{key.value}'", place)])
            if tensor:
                tensors.append(name.strip())
                continue
            expr = None
            if equals:
                shift = start + at + len(name) + 1 + len(default) - len(default.lstrip())
                expr = compile_expression(default.strip(), _locator(key, shift), self.limits)
            elif parameters and parameters[-1][1] is not None:
                raise SpecError([Problem("E004", f"'{name.strip()}' has no default but follows one that has", place)])
            parameters.append((name.strip(), expr))
        flow = self.parser.flow(value)
        return Block(called.strip(), tuple(tensors), tuple(parameters), flow, shared, key.place, key.value)

    # ── Networks ──

    def nets(self, variants: Map[str, Map[str, object]]) -> dict[str | None, Net]:
        value = self.tree.get("nets")
        if value is None:
            return {None: self.net(None, self.tree, self.tree.place)}
        for key in ("input", "layers", "aux", "outputs", "expect"):
            if self.tree.get(key) is not None:
                self.note("E002", f"with 'nets', '{key}' stands in each net", self.tree.key(key).place)
        options = {option for axis in variants.values() for option in axis}
        found: dict[str | None, Net] = {}
        for key_, net in self.mapping(self.tree, "nets"):
            self.option(key_)
            if key_.value in options:
                self.note(
                    "P001",
                    f"'{key_.value}' is a net and an option; one of the two needs another name",
                    key_.place,
                )
            if isinstance(net, Mapping):
                self.keys(net, NET_KEYS)
                found[key_.value] = self.net(key_.value, net, key_.place)
            else:
                self.note("P001", "a net is a mapping with input and layers", net.place)
        if not found:
            self.note("E041", "'nets' without a network", value.place)
            return {None: Net(None, None, None, None, (), Run((), value.place), (), None, (), value.place)}
        return found

    def net(self, name: str | None, tree: Mapping, place: Place) -> Net:
        layers = tree.get("layers")
        if layers is None:
            self.note("E041", "no 'layers'", place)
        flow: Flow = self.parser.flow(layers) if layers is not None else Run((), place)
        aux = tuple((key, self.parser.flow(value)) for key, value in self.mapping(tree, "aux"))
        own = name is not None
        return Net(
            name=name,
            title=self.parser.text(tree, "title") if own else None,
            source=self.parser.text(tree, "source") if own else None,
            note=self.parser.text(tree, "note") if own else None,
            inputs=self.inputs(tree, place),
            layers=flow,
            aux=aux,
            outputs=self.outputs(tree),
            expect=self.expected(tree),
            place=place,
        )

    def inputs(self, tree: Mapping, place: Place) -> tuple[Input, ...]:
        value = tree.get("input")
        if value is None:
            self.note("E041", "no 'input'", place)
            return ()
        if not isinstance(value, Mapping):
            return (self.input("x", value),)
        if not value.pairs:
            self.note("E041", "'input' without an input", value.place)
        for key, _ in value.pairs:
            self.ident(key, "input")
        return tuple(self.input(key.value, item) for key, item in value.pairs)

    def input(self, name: str, value: Tree) -> Input:
        if isinstance(value, Sequence):
            dims = tuple(self.parser.expression(item) for item in value.items)
            if not dims:
                self.note("E042", "an input without dimensions", value.place)
            return Input(name, None, dims, value.place)
        return Input(name, self.parser.expression(value), (), value.place)

    def outputs(self, tree: Mapping) -> tuple[Scalar, ...] | None:
        value = tree.get("outputs")
        if value is None:
            return None
        items = value.items if isinstance(value, Sequence) else (value,)
        names = tuple(item for item in items if isinstance(item, Scalar))
        if len(names) != len(items) or not names:
            self.note("P001", "'outputs' is a name or a list of names", value.place)
        return names

    def expected(self, tree: Mapping) -> tuple[Expected, ...]:
        pairs = self.mapping(tree, "expect")
        if not pairs:
            return ()
        value = tree.get("expect")
        assert isinstance(value, Mapping)
        if any(key.value in EXPECTED_KEYS for key, _ in pairs):
            return (self.totals(None, value, value.place),)
        found = []
        for key, item in pairs:
            if isinstance(item, Mapping):
                found.append(self.totals(key.value, item, key.place))
            else:
                self.note("P001", f"'{key.value}' is a variant with a mapping of totals", item.place)
        return tuple(found)

    def totals(self, variant: str | None, tree: Mapping, place: Place) -> Expected:
        figures: list[tuple[str, Figure]] = []
        outputs: list[tuple[str | None, Expr]] = []
        for key, value in tree.pairs:
            if key.value in TOTALS:
                figure = self.parser.figure(value)
                if figure:
                    figures.append((key.value, figure))
            elif key.value == "outputs" and isinstance(value, Mapping):
                outputs += [(name.value, self.parser.expression(item)) for name, item in value.pairs]
            elif key.value == "outputs":
                outputs.append((None, self.parser.expression(value)))
            elif key.value not in EXPECTED_KEYS:
                self.note("E002", f"unknown total '{key.value}'{did_you_mean(key.value, EXPECTED_KEYS)}", key.place)
        return Expected(variant, tuple(figures), tuple(outputs), place, self.parser.text(tree, "source"))


def _locator(key: Scalar, shift: int) -> Locate:
    return lambda at, width: key.at(shift + at, width)


def _pieces(text: str) -> list[tuple[str, int, bool]]:
    """Return (piece, offset, whether before the ';') of a signature's inside."""
    found: list[tuple[str, int, bool]] = []
    depth = begin = 0
    before = True
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and char in ",;":
            found.append((text[begin:at], begin, before))
            begin = at + 1
            before = before and char == ","
    if text[begin:].strip() or found:
        found.append((text[begin:], begin, before))
    return found
