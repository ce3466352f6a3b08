"""reconcile(target, number): every convention on every network that may be meant; what fits, likeliest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from archcalc.arithmetic import Number
from archcalc.conventions.apply import Count, Term, count
from archcalc.conventions.calls import FUNCTIONAL, MODULES, Calls, functional, reused
from archcalc.conventions.catalogue import CONVENTIONS
from archcalc.conventions.convention import Convention
from archcalc.conventions.facts import Ledger
from archcalc.errors import TargetError
from archcalc.homework.number import Fit, Printed, binary, read_number
from archcalc.quantities import Shape
from archcalc.reconcile.candidates import Candidate, itself, named, sizes, variants
from archcalc.reconcile.slips import slips
from archcalc.render.options import option_error
from archcalc.report import Report
from archcalc.spec.library import Library

_BYTES: Final = 4  # of a float32
_FITS: Final[Mapping[Fit, Fraction]] = MappingProxyType(
    {"exact": Fraction(0), "rounded": Fraction(1, 8), "truncated": Fraction(1, 4)}
)
# how far a convention is from what a number without a name is likely to be; others are 1/2
_FAMILIAR: Final = ("macs", "params")
_UNFAMILIAR: Final = MappingProxyType(
    {"macs": Fraction(0), "params": Fraction(0), "flops": Fraction(1, 4)}
    | dict.fromkeys(("paper", "trainable", "mmengine"), Fraction(3, 2))
    | {f"netscope-{kind}": Fraction(3, 2) for kind in ("comp", "add", "div", "exp")}
)

Progress = Callable[[Any], Iterable[Any]]


class Match(NamedTuple):
    """One way to the number: a convention, a network, and what is added to its total.

    terms add up to total. fit: exact, rounded, truncated. distance: how far-fetched it is; matches stand in its order.
    """

    convention: Convention
    calls: Calls
    report: Report
    total: Number
    terms: tuple[Term, ...]
    fit: Fit
    distance: Fraction
    unit: str = ""

    @property
    def name(self) -> str:
        """The convention, with how operations are called if that matters."""
        return f"{self.convention.name} --calls {self.calls.text}" if self.calls.text else self.convention.name

    @property
    def input(self) -> Mapping[str, Shape]:
        """Shapes of the network's inputs."""
        return self.report.input


class Answer(NamedTuple):
    """What a number may be: the matches, or, where there is none, the nearest totals of the network itself."""

    target: str
    number: Printed
    matches: tuple[Match, ...]
    nearest: tuple[Match, ...]


def reconcile(
    target: str,
    number: str,
    params: Mapping[str, Any] | None = None,
    input: Any = None,
    *,
    library: Library | None = None,
    progress: Progress = iter,
) -> Answer:
    """Return what gives a number.

    Args:
        target: the network that the number is said to be of.
        number: as printed: "4.1337G", "25,636,712", "3.8 billion", "97.8 MB".
        params: as for `archcalc.load`.
        input: as for `archcalc.load`.
        library: where specs are found.
        progress: wraps the loop over networks.

    Raises:
        ArchcalcError: the target or the number cannot be read.
    """
    printed = read_number(number)
    if printed is None or printed.value <= 0:
        raise option_error(f"'{number[:60]}' is no number; 4.1337G, 25,636,712 or 3.8 billion would be")
    held = named(target, dict(params or {}), input, library or Library())
    base = itself(held)
    own = list(_counts(base.report))
    matches = [match for counted in own for match in _matches(base, counted, printed)]
    others = [*variants(held, base.report), *sizes(held, base.report, _ratios(own, printed))]
    for other in progress(others):
        matches += [match for counted in _counts(other.report) for match in _matches(other, counted, printed)]
    found = tuple(_ranked(matches, printed))
    return Answer(target, printed, found, () if found else tuple(_nearest(base, own, printed)))


def _counts(report: Report) -> Iterator[Count]:
    """Yield what every convention makes of a report, in every way that its operations may be called."""
    ledger = Ledger(report)
    readings = tuple(_readings(report))
    for convention in CONVENTIONS.values():
        seen: list[Number] = []
        for calls in readings if convention.asks_how_called else readings[:2] if convention.traced else (MODULES,):
            try:
                counted = count(ledger, convention, calls)
            except TargetError:  # a free size, or a kernel too long to walk through
                break
            if counted.total not in seen:
                seen.append(counted.total)
                yield counted


def _readings(report: Report) -> Iterator[Calls]:
    """Yield how code may call operations: as torchvision's models do, and all as modules or functions."""
    yield MODULES
    ops = {row.op for row in report.rows}
    if "softmax" in ops:
        yield Calls(named=MappingProxyType({"softmax": "module"}), text="softmax=module")
    yield FUNCTIONAL
    yield reused(report)
    if "gap" in ops:
        yield functional("gap")
    if "relu" in ops:
        yield functional("relu")
    head = _head(report)
    if head:
        yield functional(*head)
    inside = _pools_of_blocks(report)
    if inside and "relu" in ops:
        yield functional("relu", *inside)
    if "gap" in ops:
        yield Calls(named=MappingProxyType({"gap": "operator"}), text="gap=operator")  # x.mean((2, 3))


def _head(report: Report) -> list[str]:
    """Return what stands between the last normalisation or convolution and the classifier, as in DenseNet's code."""
    names: list[str] = []
    for row in report.rows:
        if row.family in ("conv", "norm"):
            names = []
        elif row.op in ("relu", "gap"):
            names.append(row.path)
    return names if len(names) > 1 else []


def _pools_of_blocks(report: Report) -> list[str]:
    """Return the pools that lie in blocks, as in Inception v3's code: by type if all of a type do, else by path."""
    pools = [row for row in report.rows if row.op in ("maxpool", "avgpool") and row.mode == "both"]
    outside = {row.op for row in pools if "." not in row.path}
    inside = (row for row in pools if "." in row.path)
    return list(dict.fromkeys(row.path if row.op in outside else row.op for row in inside))


def _matches(candidate: Candidate, counted: Count, printed: Printed) -> Iterator[Match]:
    """Yield the ways from a count to the number: as it is, as bytes, or with a slip."""
    distance = candidate.distance + _unfamiliar(counted)
    yield from _fitting(candidate, counted, counted.total, counted.terms, printed, distance)
    if counted.convention.name == "params" and printed.is_bytes:
        more = Term(f"{_BYTES} bytes a number: {_BYTES - 1} more for each", (_BYTES - 1) * counted.total)
        yield from _fitting(
            candidate, counted, _BYTES * counted.total, (*counted.terms, more), printed, candidate.distance
        )
    if candidate.distance > 1 or (counted.calls.text and counted.convention.name not in _FAMILIAR):
        return
    for slip in slips(candidate.report, counted):
        total = counted.total + slip.term.value
        yield from _fitting(candidate, counted, total, (*counted.terms, slip.term), printed, distance + slip.distance)


def _fitting(
    candidate: Candidate,
    counted: Count,
    total: Number,
    terms: tuple[Term, ...],
    printed: Printed,
    distance: Fraction,
) -> Iterator[Match]:
    if not isinstance(total, (int, Fraction)) or not total:
        return
    fit, unit = printed.fit(total), ""
    if fit is None:
        scaled = binary(printed)
        fit = scaled.fit(total) if scaled else None
        if fit is None:
            return
        unit, distance = "1024", distance + (0 if printed.is_bytes else 1)
    yield Match(counted.convention, counted.calls, candidate.report, total, terms, fit, distance + _FITS[fit], unit)


def _unfamiliar(counted: Count) -> Fraction:
    return _UNFAMILIAR.get(counted.convention.name, Fraction(1, 2)) + (Fraction(1, 4) if counted.calls.text else 0)


def _ranked(matches: Iterable[Match], printed: Printed) -> Iterator[Match]:
    """Yield the matches, the likeliest first; of equal sums on several variants the nearest one."""
    order = {name: at for at, name in enumerate(CONVENTIONS)}
    seen: set[Any] = set()
    for match in sorted(
        matches,
        key=lambda match: (match.distance, abs(match.total - printed.value), order[match.convention.name]),
    ):
        key = (match.convention.name, match.terms, tuple(match.input.items()))
        if key not in seen:
            seen.add(key)
            yield match


def _ratios(counts: list[Count], printed: Printed) -> tuple[Fraction, Fraction]:
    totals = [
        counted.total
        for counted in counts
        if counted.convention.quantity in ("macs", "flops") and isinstance(counted.total, int) and counted.total
    ]
    if not totals:
        return Fraction(0), Fraction(0)
    return printed.value / max(totals), printed.value / min(totals)


def _nearest(base: Candidate, counts: list[Count], printed: Printed) -> list[Match]:
    """Return the three totals of the network itself that are nearest."""
    found = [
        Match(counted.convention, counted.calls, base.report, counted.total, counted.terms, "rounded", Fraction(0))
        for counted in counts
        if isinstance(counted.total, (int, Fraction)) and counted.total
    ]
    unlike = {match.total: match for match in reversed(found)}.values()
    return sorted(unlike, key=lambda match: max(match.total / printed.value, printed.value / match.total))[:3]
