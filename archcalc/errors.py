"""What can go wrong, and how it is said: *place: what is wrong, with which numbers; what would fit*.

A fact is raised where it is known (a layer's rule), completed where its place is known (the expansion) and
printed in one place (the command line). Codes are those of the language reference, section 17.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Final, NamedTuple
from unicodedata import category

COMMAND_LINE: Final = "<command line>"  # where a problem comes from that is in no file
_SHOWN: Final = 120  # characters of a source line in a message


@dataclass(frozen=True, eq=False)
class Source:
    """One text that was read: its name as the user knows it, and its lines."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        """The lines, split once."""
        return self.text.split("\n")

    def line(self, number: int) -> str:
        """Return line `number`, counted from 1; "" where there is none."""
        return self.lines[number - 1].rstrip("\r") if 0 < number <= len(self.lines) else ""


class Place(NamedTuple):
    """A place in a source: line and column from 1, columns in characters, and how far the mark reaches."""

    source: Source
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def moved(self, columns: int, width: int = 1) -> "Place":
        """Return the place `columns` further on the same line."""
        return Place(self.source, self.line, self.column + columns, width)


class Problem(NamedTuple):
    """One thing that is wrong.

    `place` is None where there is no file (a target, an option); `origin` then says where it comes from.
    `context` are the lines printed below, the calls from the inside out first.
    """

    code: str
    message: str
    place: Place | None = None
    context: tuple[str, ...] = ()
    origin: str = "<spec>"

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Return the problem as the command line prints it: the place, the source line, a mark, the context."""
        where = str(self.place) if self.place else self.origin
        lines = [visible(f"{where}: error[{self.code}]: {self.message}")]
        if self.place:
            lines += _excerpt(self.place)
        lines += [f"      = {visible(line)}" for line in self.context]
        return "\n".join(lines)


class ArchcalcError(Exception):
    """Everything archcalc refuses: one or more problems, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text() for problem in self.problems))


class SpecError(ArchcalcError):
    """A spec that cannot be read or expanded."""


def fault(code: str, message: str, place: Place | None) -> SpecError:
    """Return an error with one problem."""
    return SpecError([Problem(code, message, place)])


class TargetError(ArchcalcError):
    """A target, an option of the command line or an argument of `analyze` that means nothing."""


class ShapeError(ArchcalcError):
    """A shape or a setting that a layer's rule refuses; raised without a place, which the caller adds."""

    def __init__(self, message: str, code: str = "E080", setting: str | None = None) -> None:
        self.message = message
        self.code = code
        self.setting = setting
        super().__init__([Problem(code, message)])


def visible(text: str) -> str:
    r"""Return `text` with control and direction characters written as escapes.

    >>> visible("a\u202eb")
    'a\\u202eb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char == " " or category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else _escape(char)
        for char in text
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the nearest known name, or "".

    >>> did_you_mean("rleu", ["relu", "conv"])
    " (did you mean 'relu'?)"
    """
    names = [name for name in known if name != word]
    same = [name for name in names if name.lower() == word.lower()]
    near = same or get_close_matches(word, names, n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _excerpt(place: Place) -> list[str]:
    line = place.source.line(place.line)
    if not line:
        return []
    start = 0 if len(line) <= _SHOWN else max(0, place.column - 1 - _SHOWN // 2)
    stop = start + _SHOWN
    lead = "…" if start else ""
    shown, before = line[start:stop] + ("…" if stop < len(line) else ""), line[start : place.column - 1]
    mark = " " * len(visible(lead + before)) + "^" * max(1, min(place.width, len(shown) - len(before)))
    return [f"{place.line:>5} | {visible(lead + shown)}", f"      | {mark}"]
