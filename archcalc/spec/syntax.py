"""The syntax tree of a flow: what chains, YAML structure and the long form have in common.

Chain and long form give the same tree, so they give the same graph.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from archcalc.arithmetic import settled
from archcalc.errors import Place, SpecError
from archcalc.graph import Figure
from archcalc.spec.expressions import Env, Expr, Locate


class Template(NamedTuple):
    """A name with expressions in braces: `layer{i+1}`; `parts` are texts and expressions in turn."""

    text: str
    parts: tuple[str | Expr, ...]
    place: Place

    def fill(self, env: Env) -> str:
        """Return the name; the caller checks that it is one."""
        if len(self.parts) == 1 and isinstance(self.parts[0], str):
            return self.parts[0]
        return "".join(part if isinstance(part, str) else str(settled(part(env))) for part in self.parts)


class Arg(NamedTuple):
    """One argument of a call.

    name: the key, "stride" for `/n`, "" for a positional value.
    expr: the value as an expression; `error` says why there is none (it may still name a layer).
    read_names: reads the value as names of layers, when a call wants some.
    """

    name: str
    text: str
    locate: Locate
    expr: Expr | None
    error: SpecError | None
    read_names: Callable[[], tuple[Template, ...]]
    key_place: Place | None = None

    @property
    def place(self) -> Place:
        """Where the value stands."""
        return self.locate(0, max(1, len(self.text)))

    @property
    def tensors(self) -> tuple[Template, ...]:
        """The value as names of layers: one, or the items of `[a, b]`; () if it cannot be one."""
        return self.read_names()

    def value(self, env: Env) -> Any:
        """Return the value, or raise SpecError."""
        if self.expr is None:
            assert self.error is not None
            raise self.error
        return self.expr(env)


class Call(NamedTuple):
    """A layer, block or special step with its arguments; `dynamic` for `$name`."""

    op: str
    dynamic: bool
    args: tuple[Arg, ...]
    place: Place


class Step(NamedTuple):
    """A call or a group, with `*n`, `if=` and `as=`."""

    body: "Call | Flow"
    place: Place
    repeat: Expr | None = None
    condition: Expr | None = None
    alias: Template | None = None


class Run(NamedTuple):
    """Flows in a row: a chain, a list, a group."""

    items: "tuple[Flow, ...]"
    place: Place


class Expectation(NamedTuple):
    """What an item should have: its last shape, its parameters and its multiply-adds."""

    place: Place
    shape: Expr | None = None
    params: Figure | None = None
    macs: Figure | None = None


class Meta(NamedTuple):
    """What stands beside a name: note, source, device, expectation."""

    note: str | None = None
    source: str | None = None
    device: str | None = None
    expect: Expectation | None = None


class Named(NamedTuple):
    """An item with a name (None: an item in long form that has notes only)."""

    name: Template | None
    flow: "Flow"
    meta: Meta
    place: Place


class MergeFlow(NamedTuple):
    """Branches that start from the same value and are joined. Branches are (name or None, flow), or made by a loop."""

    op: str
    branches: "tuple[tuple[Template | None, Flow], ...]"
    axis: Arg | None
    meta: Meta
    place: Place


class ResidualFlow(NamedTuple):
    """main(x) + x, or + shortcut(x), or main(x) alone where `none` says so."""

    main: "Flow"
    shortcut: "Flow | None"
    none: bool
    meta: Meta
    place: Place


class ForFlow(NamedTuple):
    """A loop. columns: variable → list or scalar; or rows: variables in an expression."""

    variables: tuple[str, ...]
    columns: tuple[Expr, ...] | None
    rows: Expr | None
    body: "Flow"
    place: Place


class IfFlow(NamedTuple):
    """A condition."""

    condition: Expr
    then: "Flow"
    other: "Flow | None"
    place: Place


Flow: TypeAlias = Step | Run | Named | MergeFlow | ResidualFlow | ForFlow | IfFlow


def given_names(flow: Flow | None) -> frozenset[str]:
    """Return the names that a flow gives to its items, as far as they are written out (no templates)."""
    names: set[str] = set()
    stack = [flow]
    while stack:
        held = stack.pop()
        if isinstance(held, Named):
            if held.name is not None and len(held.name.parts) == 1 and isinstance(held.name.parts[0], str):
                names.add(held.name.text)
        elif isinstance(held, Run):
            stack.extend(held.items)
        elif isinstance(held, ForFlow):
            stack.append(held.body)
        elif isinstance(held, IfFlow):
            stack.extend((held.then, held.other))
        elif isinstance(held, Step) and not isinstance(held.body, Call):
            stack.append(held.body)
    return frozenset(names)
