"""Problems of one file, collected so that all are shown at once; a file that is wrong all over ends early."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from archcalc.errors import Place, Problem, SpecError

_MOST: Final = 20


class Enough(Exception):  # noqa: N818  (not an error: it ends the reading of a hopeless file)
    """There are so many problems that looking for more helps nobody."""


@dataclass(slots=True, eq=False)
class Problems:
    """A list that grows up to a bound and then raises Enough."""

    found: list[Problem] = field(default_factory=list)

    def note(self, code: str, message: str, place: Place) -> None:
        """Add one problem."""
        self.add([Problem(code, message, place)])

    def add(self, problems: Iterable[Problem]) -> None:
        """Add several problems."""
        self.found.extend(problems)
        if len(self.found) >= _MOST:
            raise Enough

    def error(self) -> SpecError:
        """Return the error that shows them, each once, in the order of the file."""
        kept = list({(problem.code, problem.message, str(problem.place)): problem for problem in self.found}.values())
        kept.sort(key=lambda problem: (problem.place.line, problem.place.column) if problem.place else (0, 0))
        if len(self.found) >= _MOST:
            name = next((problem.place.source.name for problem in kept if problem.place), "<spec>")
            kept = kept[:_MOST]
            kept.append(Problem("P001", f"only the first {len(kept)} problems are shown", origin=name))
        return SpecError(kept)
