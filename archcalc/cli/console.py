"""What goes to the terminal beside results: problems, warnings, progress; all on stderr."""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from archcalc.errors import Problem, visible

_T = TypeVar("_T")
_PATIENCE = 1.0  # seconds of silence before a bar appears


@dataclass(slots=True)
class Console:
    """How this run speaks; `errors` is text, github or json (language reference, section 17)."""

    errors: str = "text"

    @property
    def colour(self) -> bool:
        """Whether stdout is a terminal that shows colours (https://no-color.org)."""
        return (
            bool(sys.stdout and sys.stdout.isatty())
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )

    def problems(self, problems: Iterable[Problem], kind: str = "error") -> None:
        """Print problems to stderr."""
        for problem in problems:
            say(self.text(problem, kind))

    def text(self, problem: Problem, kind: str = "error") -> str:
        """Return a problem in the chosen form."""
        if self.errors == "json":
            return json.dumps(as_dict(problem, kind), ensure_ascii=False)
        if self.errors == "github":
            return _workflow_command(problem, kind)
        text = problem.text()
        if kind != "error":
            text = text.replace(": error[", f": {kind}[", 1)
        return _coloured(text, kind) if sys.stderr and sys.stderr.isatty() and not os.environ.get("NO_COLOR") else text

    def note(self, text: str) -> None:
        """Print a line of narration to stderr."""
        say(visible(text))

    def progress(self, items: Sequence[_T], label: str) -> Iterator[_T]:
        """Yield the items; on a terminal, show a bar once it takes longer than a second."""
        if not (sys.stderr and sys.stderr.isatty()):
            yield from items
            return
        with self.counter(label) as show:
            for number, item in enumerate(items, 1):
                yield item
                show(number, len(items))

    @contextlib.contextmanager
    def counter(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """Give a function of (done, all) that shows a bar on a terminal once it takes longer than a second."""
        terminal = bool(sys.stderr and sys.stderr.isatty())
        start, shown = monotonic(), False

        def show(done: int, all_: int) -> None:
            nonlocal shown
            if terminal and monotonic() - start > _PATIENCE:
                shown = True
                part = done * 30 // max(all_, 1)
                bar = "#" * part + "." * (30 - part)
                print(f"\r{label} [{bar}] {done:,}/{all_:,}", end="", file=sys.stderr, flush=True)

        try:
            yield show
        finally:
            if shown:
                print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Print to stderr, if there is one that can be written to: what is said there never changes how a command ends."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            print(text, file=sys.stderr)


def as_dict(problem: Problem, kind: str = "error") -> dict[str, Any]:
    """Return a problem as plain data."""
    place = problem.place
    return {
        "kind": kind,
        "code": problem.code,
        "message": problem.message,
        "file": place.source.name if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "context": list(problem.context),
    }


def _workflow_command(problem: Problem, kind: str) -> str:
    place = problem.place
    fields = [f"title={problem.code}"]
    if place:
        fields = [
            f"file={_property(place.source.name)}",
            f"line={place.line}",
            f"col={place.column}",
            *fields,
        ]
    message = "\n".join([visible(problem.message), *map(visible, problem.context)])
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{kind} {','.join(fields)}::{escaped}"


def _property(text: str) -> str:
    escapes = {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}
    return "".join(escapes.get(char, char) for char in visible(text))


def _coloured(text: str, kind: str) -> str:
    colour = "31" if kind == "error" else "33"
    head, separator, rest = text.partition("\n")
    return f"\x1b[{colour}m{head}\x1b[0m{separator}{rest}"
