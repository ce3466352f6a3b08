"""Where an expansion stands: variables, names in reach, the running value, the calls around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from archcalc.errors import Place, Problem, SpecError, did_you_mean, fault
from archcalc.spec.document import Document
from archcalc.spec.expressions import Env
from archcalc.spec.scope import Entry, Scope, Value, dimension
from archcalc.spec.syntax import Arg, Template

_CALLS_SHOWN: Final = 4


@dataclass(slots=True, eq=False, repr=False)
class Frame:
    """One network or block call: what its expressions see, and where its names live.

    document: the file it belongs to. params: that file's parameters. x: the value it was called on.
    shared: the key of the shared block around it, if any, and the path that the key stands for.
    depth: calls around it. call: what this one is, as text and place; outer: the frame that called.
    until: the item where a `use` stops.
    main: whether it is (a block of) the file asked for. home: what keys of the file's shared blocks begin with.
    """

    document: Document
    params: Mapping[str, Any]
    root: Scope
    x: Value
    beside: Path | None
    defaults: dict[str, dict[str, Any]]
    shared: tuple[str, str] | None = None
    depth: int = 0
    call: tuple[str, Place] | None = None
    outer: "Frame | None" = None
    files: tuple[str, ...] = ()
    until: str | None = None
    main: bool = False
    home: str = ""
    _calls: tuple[str, ...] | None = None

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls around this place as text, the inmost first; made when a node or a message needs them."""
        if self._calls is None:
            own = () if self.call is None else (f"{self.call[0]} at {self.call[1]}",)
            self._calls = (*own, *(self.outer.calls if self.outer else ()))[:_CALLS_SHOWN]
        return self._calls


@dataclass(slots=True, eq=False, repr=False)
class Here:
    """Where the expansion stands: variables, scope, frame and the running value; answers `x.C`."""

    values: Mapping[str, Any]
    scope: Scope
    frame: Frame
    running: Value

    def dimension(self, name: str, axis: str) -> Any:
        """Return a dimension of a value in reach; `x` is the running value (section 6)."""
        if name == "x":
            return dimension(self.running.shape, name, axis)
        first, *rest = name.split(".")
        entry = self.scope.find(first)
        for part in rest:
            entry = entry.scope.entries.get(part) if entry and entry.scope else None
        if entry is None:
            known = _known(self.scope)
            raise LookupError(f"no earlier layer named '{name}'{did_you_mean(name, known)}")
        return dimension(entry.value.shape, name, axis)

    def names(self) -> list[str]:
        """Return the names in reach."""
        return self.scope.names()

    def env(self) -> Env:
        """Return what expressions see here."""
        return Env(self.values, self)

    def inside(self, scope: Scope) -> "Here":
        """Return the same place in a folder."""
        return Here(self.values, scope, self.frame, self.running)

    def having(self, values: dict[str, Any]) -> "Here":
        """Return the same place with more variables."""
        return Here({**self.values, **values}, self.scope, self.frame, self.running)

    def tensor(self, template: Template) -> Entry:
        """Return the value behind a name like `c4` or `res.layer3`, or raise E052."""
        text = template.fill(self.env())
        first, *rest = text.split(".")
        entry = Entry(self.frame.x, None, given=True) if first == "x" and not rest else self.scope.find(first)
        inside: Scope | None = None
        for part in rest:
            inside = (entry.scope if entry is not None else None) or inside
            entry = entry.scope.entries.get(part) if entry is not None and entry.scope is not None else None
        if entry is None:
            missing = rest[-1] if rest else first
            known = _known(self.scope)
            if inside is not None:
                known = [name for name, held in inside.entries.items() if held.given] or list(inside.entries)
            message = f"no earlier layer named '{text}'{did_you_mean(missing, known)}"
            shown = ", ".join(known[-20:])
            raise SpecError([Problem("E052", message, template.place, (f"names in reach: {shown}",))])
        return entry

    def one_tensor(self, arg: Arg) -> Entry:
        """Return the value that an argument names."""
        if len(arg.tensors) != 1:
            raise fault("E052", f"'{arg.text}' is not the name of a layer", arg.place)
        return self.tensor(arg.tensors[0])

    def tensors(self, arg: Arg) -> list[Entry]:
        """Return the values that an argument names: `c4` or `[p3, p4]`."""
        if not arg.tensors:
            raise fault("E052", f"'{arg.text}' is not the name of a layer", arg.place)
        return [self.tensor(template) for template in arg.tensors]


def with_call(error: SpecError, call: str) -> SpecError:
    """Return an error with one more call around it."""
    problems = (
        problem._replace(context=(*problem.context, call)) if len(problem.context) < _CALLS_SHOWN else problem
        for problem in error.problems
    )
    return SpecError(problems)


def hashable(value: Any) -> Any:
    """Return a value with its lists as tuples."""
    return tuple(hashable(item) for item in value) if isinstance(value, list) else value


def spoken(value: Any) -> str:
    """Return a value as messages write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "x".join(spoken(item) for item in value[:8]) + ("x…" if len(value) > 8 else "")
    if isinstance(value, list):
        return "[" + ", ".join(spoken(item) for item in value[:8]) + (", …]" if len(value) > 8 else "]")
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _known(scope: Scope) -> list[str]:
    return list(dict.fromkeys(["x", *scope.names()]))
