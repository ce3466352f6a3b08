"""What is said when an option of a table means nothing."""

from collections.abc import Iterable

from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean


def check(option: str, word: str, known: Iterable[str]) -> None:
    """Raise TargetError unless a word is one of the known ones."""
    names = list(known)
    if word not in names:
        raise option_error(f"no {option} '{word}'{did_you_mean(word, names)}; there are {', '.join(names)}")


def option_error(message: str) -> TargetError:
    """Return the error of an option that means nothing."""
    return TargetError([Problem("E080", message, origin=COMMAND_LINE)])
