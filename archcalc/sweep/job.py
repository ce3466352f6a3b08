"""What a sweep runs: a network of a document, the names that are swept and what they are, what is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from archcalc.api import load_choice, open_document
from archcalc.errors import ArchcalcError, Source, did_you_mean
from archcalc.graph import Graph
from archcalc.layers.axes import axis_index
from archcalc.quantities import Shape
from archcalc.spec.document import Document
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes, evaluate_parameters
from archcalc.spec.target import Choice, choose, parse_target
from archcalc.spec.words import is_whole
from archcalc.sweep.measures import Measure, find
from archcalc.sweep.ranges import Axis, read_value, written, wrong

_LETTERS: Final = ("C", "D", "H", "W", "T")


@dataclass(frozen=True, slots=True)
class Job:
    """A network and what is swept of it.

    sizes: those of the swept names that are axes of the first input; the others are parameters.
    params, inputs: what is the same at every point.
    """

    document: Document
    choice: Choice
    library: Library
    folder: Path | None
    target: str
    axes: tuple[Axis, ...]
    sizes: frozenset[str]
    params: Mapping[str, Any]
    inputs: Mapping[str, Shape]
    measures: Mapping[str, Measure]

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each axis."""
        return tuple(len(axis.points) for axis in self.axes)

    def graph(self, point: Sequence[Sequence[Any]]) -> Graph:
        """Return the network of a point: for each axis, the values of its names.

        Raises:
            ArchcalcError: it is no network.
        """
        params, sizes = self._chosen(point)
        inputs = {**self.inputs, **_resized(self._inputs(params), sizes)} if sizes else self.inputs
        return load_choice(self.document, self.choice, Wishes(params, inputs), self.target, self.library, self.folder)

    def check_sizes(self) -> None:
        """Refuse an axis that the input lacks at once, whatever else is swept.

        Raises:
            TargetError: there is none.
        """
        params, sizes = self._chosen([axis.points[0] for axis in self.axes])
        try:
            shapes = self._inputs(params)
        except ArchcalcError:  # the first point is no network; others may be
            return
        _resized(shapes, sizes)

    def _chosen(self, point: Sequence[Sequence[Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the parameters, and the sizes of the first input, that the values of all axes give."""
        params, sizes = dict(self.params), {}
        for axis, values in zip(self.axes, point, strict=True):
            for name, value in zip(axis.names, values, strict=True):
                if name in self.sizes:
                    sizes[name] = value
                elif name in self.document.variants:  # 1 and 1.0 are the same number, but options are words
                    options = {read_value(option): option for option in self.document.variants[name]}
                    params[name] = options.get(value, written(value))
                else:
                    params[name] = value
        return params, sizes

    def _inputs(self, params: Mapping[str, Any]) -> Mapping[str, Shape]:
        wishes, limits = Wishes(params, self.inputs), self.library.limits
        return evaluate_parameters(self.document, self.choice.net, self.choice.options, wishes, limits).inputs

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as text: what is made of a text holds functions, and these do not travel."""
        swept = (self.axes, self.sizes, self.params, self.inputs, tuple(self.measures))
        return _read_again, (self.document.text, self.document.name, self.library, self.folder, self.target, *swept)


def _read_again(text: Source, name: str, library: Library, folder: Path | None, target: str, *swept: Any) -> Job:
    axes, sizes, params, inputs, measures = swept
    document, parsed = library.parse(text, name), parse_target(target)
    choice = choose(document, parsed.net, parsed.options)
    counted = {name: find(name) for name in measures}
    return Job(document, choice, library, folder, target, axes, sizes, params, inputs, counted)


def prepare(
    target: str,
    axes: Sequence[Axis],
    params: Mapping[str, Any],
    inputs: Mapping[str, Shape],
    library: Library,
    measures: Mapping[str, Measure],
) -> Job:
    """Return the job of a sweep.

    Raises:
        ArchcalcError: the target is wrong, or a name: it is neither a parameter nor an axis of the input, or it is
            swept twice, or both swept and set, or both swept and counted.
    """
    parsed = parse_target(target)
    document, folder = open_document(parsed, library)
    choice = choose(document, parsed.net, parsed.options)
    known = _parameters(document, choice)
    edges = frozenset(letter for letter in "HW" if letter not in known or _is_number(choice, letter))
    by_edge = any("res" in axis.names for axis in axes) and "res" not in known
    axes = tuple(_resolutions(axis) for axis in axes) if by_edge else tuple(axes)
    names = [name for axis in axes for name in axis.names]
    for name in names:
        if names.count(name) > 1:
            raise wrong(f"{name} is swept twice" + ("; res stands for H and W" if by_edge else ""))
        if name in params:
            raise wrong(f"'{name}' is swept and set; one of the two")
        if name in measures:
            raise wrong(f"'{name}' is swept and counted, and a column has one meaning; -m counts something else")
        if name not in known and name not in _LETTERS:
            hint = did_you_mean(name, known) or (f"; there are {', '.join(sorted(known))}" if known else "")
            raise wrong(f"{document.name} has no parameter '{name}'{hint}; H, W, T, C are axes of the input")
    sizes = frozenset(name for name in names if name not in known or (by_edge and name in edges))
    job = Job(document, choice, library, folder, parsed.text, axes, sizes, params, inputs, measures)
    if sizes:
        job.check_sizes()
    return job


def _parameters(document: Document, choice: Choice) -> set[str]:
    """Return the names that `--set` takes."""
    options = (values for axis in document.variants.values() for values in axis.values())
    named = {dim.text for item in choice.net.inputs for dim in item.dims if dim.text.isidentifier()}
    return {*document.params, *document.variants, *named, *(name for values in options for name in values)}


def _is_number(choice: Choice, letter: str) -> bool:
    """Tell whether the first input has a plain number on an axis, even if a parameter is called like the axis."""
    if not choice.net.inputs:
        return False
    first = choice.net.inputs[0]
    texts = first.whole.text.split("x") if first.whole is not None else [dim.text for dim in first.dims]
    at = axis_index(len(texts), letter)
    return at is not None and is_whole(texts[at])


def _resolutions(axis: Axis) -> Axis:
    """Return an axis with H and W in place of `res`, the edge of a square input."""
    if "res" not in axis.names:
        return axis
    at = axis.names.index("res")
    points = tuple((*point[:at], point[at], point[at], *point[at + 1 :]) for point in axis.points)
    return Axis((*axis.names[:at], "H", "W", *axis.names[at + 1 :]), points)


def _resized(shapes: Mapping[str, Shape], sizes: Mapping[str, Any]) -> dict[str, Shape]:
    name, shape = next(iter(shapes.items()))
    found = list(shape)
    for letter, size in sizes.items():
        at = axis_index(len(shape), letter)
        if at is None:
            shown = "x".join(str(n) for n in shape)
            raise wrong(f"the input '{name}' is {shown}; it has no axis {letter}")
        found[at] = size
    return {name: tuple(found)}
