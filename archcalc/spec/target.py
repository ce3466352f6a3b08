"""net.yaml:generator/50-32x4d → file, net, options (section 3.1)."""

import re
from pathlib import Path
from typing import NamedTuple

from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean
from archcalc.spec.document import Document, Net

_FILE = re.compile(r"(.+\.(?:yaml|yml|json))(?=$|[:/])(.*)\Z", re.DOTALL)
_NAME = re.compile(r"([A-Za-z0-9_]+|-|<stdin>)(.*)\Z", re.DOTALL)
_REST = re.compile(r"(?::([A-Za-z0-9_.]+))?(?:/([A-Za-z0-9_.]+(?:-[A-Za-z0-9_.]+)*))?\Z")


class Target(NamedTuple):
    """A parsed target: a spec's name, a file or `-` (standard input); the net; the options."""

    text: str
    name: str | None
    path: Path | None
    net: str | None
    options: tuple[str, ...]

    @property
    def is_stdin(self) -> bool:
        """Whether the spec comes through a pipe."""
        return self.name in ("-", "<stdin>")


def parse_target(text: str) -> Target:
    """Return the parts of a target.

    >>> parse_target("dcgan:g/upsample").options
    ('upsample',)

    Raises:
        TargetError: E085, not a target.
    """
    file = _FILE.match(text)
    named = None if file else _NAME.match(text)
    rest = _REST.match(file[2] if file else named[2] if named else "?")
    if rest is None:
        message = f"'{text}' is not a target; resnet/50, dcgan:g or ./net.yaml/50 would be"
        raise TargetError([Problem("E085", message, origin=COMMAND_LINE)])
    options = tuple(rest[2].split("-")) if rest[2] else ()
    if file:
        return Target(text, None, Path(file[1]), rest[1], options)
    assert named is not None
    return Target(text, named[1], None, rest[1], options)


class Choice(NamedTuple):
    """The network of a document and the option chosen on each axis, as its path says."""

    net: Net
    options: dict[str, str]


def choose(document: Document, net: str | None, options: tuple[str, ...]) -> Choice:
    """Return the net and the options that a target's path names.

    Raises:
        TargetError: E087 no such net, E030 no such option, E031 two options of one axis.
    """
    nets = {name: held for name, held in document.nets.items() if name is not None}
    chosen: dict[str, str] = {}
    for option in options:
        axis = next((axis for axis, known in document.variants.items() if option in known), None)
        if axis is None and option in nets and net in (None, option):
            net = option
            continue
        if axis is None:
            known_options = [name for held in document.variants.values() for name in held] + list(nets)
            raise _error("E030", f"{document.name} has no variant '{option}'{_listed(option, known_options)}")
        if axis in chosen:
            raise _error("E031", f"variants '{chosen[axis]}' and '{option}' are both of axis '{axis}'")
        chosen[axis] = option
    if net is None:
        return Choice(document.first_net, chosen)
    if net not in nets:
        raise _error("E087", f"{document.name} has no net '{net}'{_listed(net, list(nets))}")
    return Choice(nets[net], chosen)


def _listed(word: str, known: list[str]) -> str:
    if not known:
        return "; it has none"
    return did_you_mean(word, known) + f"; there are {', '.join(known[:20])}{' …' if len(known) > 20 else ''}"


def _error(code: str, message: str) -> TargetError:
    return TargetError([Problem(code, message)])
