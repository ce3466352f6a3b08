"""A question as people ask it → a network with unknowns: a chain with `?` in it, or names of a spec's parameters."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final, NamedTuple

from archcalc.api import load_choice, open_document, parse_inputs
from archcalc.errors import COMMAND_LINE, ArchcalcError, Place, Problem, Source, TargetError, did_you_mean
from archcalc.layers.axes import AXES, axis_index
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.quantities import Shape
from archcalc.solve.network import Network, Unknown
from archcalc.solve.wanted import wrong
from archcalc.spec.calls import plan_call
from archcalc.spec.document import Document
from archcalc.spec.expressions import Env, compile_expression
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.syntax import Call, Flow, Run, Step
from archcalc.spec.target import choose, parse_target

FAR: Final = 10**9  # the largest size that a network may have (language reference, section 16)
MOST_RUNS: Final = 20_000  # networks tried for one answer
_MOST_UNKNOWNS: Final = 6
_PAD: Final = 64  # rows on both sides together
_SQUARE: Final = re.compile(r"(\(?)((?:\?|\d+)(?:[x×](?:\?|\d+))+)(\)?)")
_TRIED: Final = 200  # values of a spec's parameter without a stated range


class Question(NamedTuple):
    """A network and its unknowns."""

    network: Network
    unknowns: tuple[Unknown, ...]


# ── Chains ──


def of_chain(chain: str, input: str | None, ranges: Mapping[str, str], library: Library) -> Question:
    """Return the question that a chain with `?` asks: "conv 96 11x11 /4 pad=?".

    Args:
        chain: layers as a spec writes them, `?` for what is unknown.
        input: the shape that goes in, which may have `?` too: "3x?x?", the same for all of them.
        ranges: what to try, by label: "1..32", "0.1..2:0.05", "1,3,5".
        library: limits on what the chain may cost.

    Raises:
        TargetError: nothing is unknown, or the chain or the input cannot be read.
    """
    if input is None:
        raise wrong("a chain needs the shape that goes in: --input 3x224x224")
    dims, names = _input(input)
    if chain.count("?") > 4 * _MOST_UNKNOWNS:  # a padding may have four
        raise wrong(f"{chain.count('?')} unknowns, at most {_MOST_UNKNOWNS}")
    text, holes = _named(chain, set(names))
    known = ", ".join(f"{name}: 1" for name in (*names, *holes))
    lines = ["archcalc: 1", f"params: {{{known}}}", f"input: [{', '.join(dims)}]", f"layers: {json.dumps(text)}"]
    try:
        document = library.parse(Source(COMMAND_LINE, "\n".join(lines) + "\n"), "chain")
    except ArchcalcError as error:
        raise _without_place(error, holes) from None
    sizes = [int(dim) for dim in dims if dim.isdigit()]
    single = len(holes) + bool(names) == 1
    unknowns = [_input_unknown(names, len(dims))] if names else []
    found = dict(_settings(document.first_net.layers))
    for label, name in _labels(holes, found):
        unknowns.append(_setting_unknown(label, name, found[name], sizes, len(dims), single=single))
    if not unknowns:
        raise wrong("nothing is unknown: put a ? where the answer belongs, as in pad=? or --input 3x?x?")
    network = Network(document, choose(document, None, ()), library, None, Wishes(), f"{chain} on {input}", chain=True)
    return Question(network, _ranged(unknowns, ranges, library))


def _input(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the dimensions, letters for those that are unknown, and these letters."""
    parts = re.split(r"\s*[x×]\s*", text.strip())
    if not all(part == "?" for part in parts):
        try:
            parse_inputs("x".join(part.replace("?", "1") for part in parts))
        except TargetError:
            raise wrong(f"'{text}' is no input size; 3x224x224 or 3x?x? would be") from None
    if len(parts) not in AXES:
        raise wrong(f"an input of {len(parts)} axes; 1 to 4 would be")
    letters = AXES[len(parts)]
    names = tuple(f"in_{letter}" for letter, part in zip(letters, parts, strict=True) if part == "?")
    return [f"in_{letter}" if part == "?" else part for letter, part in zip(letters, parts, strict=True)], names


def _named(chain: str, taken: set[str]) -> tuple[str, list[str]]:
    """Return a chain with a name for every unknown: `?`, and one for all in `?x?`; `3x?` becomes `(3,q1)`."""
    words = set(re.findall(r"[A-Za-z_]\w*", chain)) | taken
    fresh = (name for number in range(1, 10_000) if (name := f"q{number}") not in words)
    holes: list[str] = []

    def hole() -> str:
        holes.append(next(fresh))
        return holes[-1]

    def size(found: re.Match[str]) -> str:
        parts = re.split("[x×]", found[2])
        if "?" not in parts:
            return found[0]
        name = hole()
        if set(parts) == {"?"}:
            return name
        return "(" + ",".join(name if part == "?" else part for part in parts) + ")"

    text = re.sub(r"\?", lambda _: hole(), _SQUARE.sub(size, chain))
    return text, holes


def _settings(flow: Flow) -> Iterator[tuple[str, str]]:
    """Yield (name, the setting that it fills) of every unknown in a chain."""
    if isinstance(flow, Run):
        for item in flow.items:
            yield from _settings(item)
    elif isinstance(flow, Step):
        if flow.repeat is not None:
            yield from ((name, "repeat") for name in _holes(flow.repeat.text))
        if isinstance(flow.body, Call):
            yield from _call_settings(flow.body)
        else:
            yield from _settings(flow.body)


def _call_settings(call: Call) -> Iterator[tuple[str, str]]:
    op = ALIASES.get(call.op, call.op)
    if op not in LAYERS and op not in MERGES:
        yield from ((name, arg.name or "value") for arg in call.args for name in _holes(arg.text))
        return
    plan = plan_call(op, call.args)
    positional = iter(plan.layer.positional)
    last = "value"
    for setting, arg, _, flag in plan.arguments:
        if setting is None and flag is None:  # a variadic setting takes all that is left
            setting = last = next(positional, last)
        yield from ((name, setting or "value") for name in _holes(arg.text))


def _holes(text: str) -> list[str]:
    return re.findall(r"\bq\d+\b", text)


def _labels(holes: Iterable[str], settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (label, name): the setting, numbered where it is unknown twice."""
    used: dict[str, int] = {}
    for name in holes:
        setting = settings.get(name)
        if setting is None:
            raise wrong("a ? stands where no number can: it fills a setting, a size or a repeat")
        used[setting] = used.get(setting, 0) + 1
        yield (setting if used[setting] == 1 else f"{setting}_{used[setting]}"), name


def _input_unknown(names: tuple[str, ...], rank: int) -> Unknown:
    channel = all(name == "in_C" for name in names) and rank > 1
    return Unknown("channels" if channel else "input", names, "input", range(1, 1025), far=FAR)


def _setting_unknown(label: str, name: str, setting: str, sizes: list[int], rank: int, *, single: bool) -> Unknown:
    largest = max([*sizes[1:], *sizes[:1]][: max(1, rank - 1)], default=512)
    values: Any
    far = None
    match setting:
        case "pad":
            values = paddings(rank - 1) if single else range(17)
        case "kernel":
            values = range(1, (min(largest + _PAD, 2048) if single else min(largest, 32)) + 1)
        case "stride":
            values = range(1, (min(largest, 1024) if single else min(largest, 8)) + 1)
        case "dilation":
            values = range(1, (64 if single else 8) + 1)
        case "outpad":
            values = range(32 if single else 8)
        case "repeat":
            values = range(257 if single else 17)
        case "groups":
            values = range(1, 4097 if single else 65)
        case _:
            values, far = range(1, 4097 if single else 129), FAR
    return Unknown(label, (name,), setting, values, far)


def paddings(axes: int) -> tuple[Any, ...]:
    """Return the paddings to try: 0, one row after, 1 on each side, …; an odd total puts the larger part after.

    >>> paddings(2)[:4]
    (0, (0, 1, 0, 1), 1, (1, 2, 1, 2))
    """
    return tuple(
        total // 2 if total % 2 == 0 else (total // 2, total // 2 + 1) * max(1, axes) for total in range(2 * _PAD + 1)
    )


def _without_place(error: ArchcalcError, holes: list[str]) -> TargetError:
    def shown(message: str) -> str:
        return re.sub(r"\bq\d+\b", lambda found: "?" if found[0] in holes else found[0], message)

    return TargetError([Problem(p.code, shown(p.message), origin=COMMAND_LINE) for p in error.problems])


# ── Specs ──


def of_target(
    target: str,
    names: Sequence[str],
    ranges: Mapping[str, str],
    library: Library,
    params: Mapping[str, Any] | None = None,
    input: Any = None,
) -> Question:
    """Return the question about a spec: which values its parameters, variants or input axes may have.

    Args:
        target: a built-in network or a file.
        names: what is unknown; names joined by a comma ("H,W") take the same value.
        ranges: what to try, by name: "0.1..2:0.05", "18,34,50".
        library: where specs are found.
        params: what is fixed, as `--set` says.
        input: the input shape, as `--input` says.

    Raises:
        TargetError: a name that is nothing of the spec, or that has no values to try.
    """
    if not names:
        raise wrong("what is unknown? --for NAME says it: a parameter, a variant axis, or H, W … of the input")
    parsed = parse_target(target)
    document, folder = open_document(parsed, library)
    choice = choose(document, parsed.net, parsed.options)
    wishes = Wishes(dict(params or {}), parse_inputs(input))
    network = Network(document, choice, library, folder, wishes, parsed.text)
    known = _known(document, network)
    first: Shape = ()
    axes: dict[str, int] = {}
    for name in (part for group in names for part in _parts(group)):
        if name in known:
            continue
        if not first:
            graph = load_choice(document, choice, wishes, parsed.text, library, folder)
            first = next(iter(graph.inputs.values()))
        at = axis_index(len(first), name)
        if at is None:
            hint = did_you_mean(name, known) or f"; it has {', '.join(sorted(known))}"
            raise wrong(f"{document.name} has no parameter '{name}'{hint}; C, D, H, W, T are axes of its input")
        axes[name] = at
    network = Network(document, choice, library, folder, wishes, parsed.text, axes=axes, input=first)
    unknowns = [_parameter(network, _parts(group), ranges) for group in names]
    return Question(network, _ranged(unknowns, ranges, library))


def _parts(group: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in re.split("[,=]", group))
    if not all(parts):
        raise wrong(f"--for {group}: names joined by a comma, as H,W")
    return parts


def _known(document: Document, network: Network) -> set[str]:
    options = (values for axis in document.variants.values() for values in axis.values())
    dims = (dim.text for item in network.choice.net.inputs for dim in item.dims)
    free = {text for text in dims if text.isidentifier()}
    return {*document.params, *document.variants, *(name for values in options for name in values), *free}


def _parameter(network: Network, parts: tuple[str, ...], ranges: Mapping[str, str]) -> Unknown:
    document = network.document
    label = ",".join(parts)
    name = parts[0]
    axis = next((part for part in parts if part in document.variants), None)
    if axis is not None and len(parts) > 1:
        raise wrong(f"--for {label}: '{axis}' is a variant axis, which stands alone: --for {axis}")
    if axis is not None:
        options = document.variants[name]
        sets = {parameter for values in options.values() for parameter in values}
        if label not in ranges or _chosen(ranges[label], options):
            return Unknown(label, parts, "variant", tuple(options))
        if len(sets) == 1:  # the axis is a scale of one parameter, which may have values between
            parameter = sets.pop()
            return Unknown(f"{label} ({parameter})", (parameter,), "parameter", ())
        raise wrong(f"--range {label}: '{name}' is one of {', '.join(options)}, and no number")
    axes = network.axes or {}
    values = [network.input[axes[name]]] if name in axes else _numbers(document, name)
    if label not in ranges and any(isinstance(value, Fraction) for value in values):
        top = max(2, *values)
        return Unknown(label, parts, "parameter", tuple(Fraction(k, 20) for k in range(1, int(top * 20) + 1)))
    if label not in ranges and document.params.get(name) is not None and not values:
        raise wrong(f"'{name}' is no number; --range {label}=A,B,C says what to try")
    usual = max(values, default=256)
    step = max(1, 2 * int(usual) // _TRIED)
    return Unknown(label, parts, "parameter", range(step, 2 * int(usual) + 1, step), FAR)


def _chosen(text: str, options: Mapping[str, object]) -> bool:
    return all(part.strip() in options for part in text.split(","))


def _numbers(document: Document, name: str) -> list[Any]:
    """Return the numbers that a spec gives a parameter, in its defaults and variants."""
    exprs = [document.params.get(name)]
    exprs += [values.get(name) for axis in document.variants.values() for values in axis.values()]
    found = []
    for expr in exprs:
        try:
            value = expr(Env({})) if expr is not None else None
        except ArchcalcError:
            continue
        if isinstance(value, (int, Fraction)) and not isinstance(value, bool) and value > 0:
            found.append(value)
    return found


# ── Ranges ──


def _ranged(unknowns: list[Unknown], ranges: Mapping[str, str], library: Library) -> tuple[Unknown, ...]:
    """Return the unknowns with the ranges that the user states."""
    if len(unknowns) > _MOST_UNKNOWNS:
        raise wrong(f"{len(unknowns)} unknowns, at most {_MOST_UNKNOWNS}")
    labels = [unknown.label.partition(" ")[0] for unknown in unknowns]
    for label in ranges:
        if label not in labels:
            raise wrong(f"--range {label}: unknown here {'is' if len(labels) == 1 else 'are'} {', '.join(labels)}")
    made = []
    for label, unknown in zip(labels, unknowns, strict=True):
        if label not in ranges:
            made.append(unknown)
            continue
        if unknown.kind == "variant":
            values: Any = tuple(part.strip() for part in ranges[label].split(","))
        else:
            values = read_range(ranges[label], library)
        far = values[-1] if isinstance(values, range) and values.step == 1 and unknown.far else None
        made.append(replace(unknown, values=values, far=far, given=True))
    return tuple(made)


def read_range(text: str, library: Library | None = None) -> tuple[Any, ...] | range:
    """Return the values of "1..32", "32..512:32", "0.1..2:0.05" or "1,3,5".

    >>> read_range("32..96:32"), read_range("0.5..1:0.25")
    (range(32, 97, 32), (Fraction(1, 2), Fraction(3, 4), 1))

    Raises:
        TargetError: no range, or an empty one.
    """
    found = re.fullmatch(r"\s*([\d.]{1,12}?)\s*\.\.\s*([\d.]{1,12}?)\s*(?::\s*([\d.]{1,12})\s*)?", text)
    if found is None:
        limits = (library or Library()).limits
        items = [part.strip() for part in text.split(",")]
        if "" in items or ".." in text:
            raise wrong(f"--range: '{text}' is no range; 1..32, 0.1..2:0.05 or 1,3,5 would be")
        source = Source(COMMAND_LINE, text)
        return tuple(
            compile_expression(item, lambda at, width: Place(source, 1, at + 1, width), limits)(Env({}))
            for item in items
        )
    try:
        first, last = Fraction(found[1]), Fraction(found[2])
        step = Fraction(found[3]) if found[3] else Fraction(1)
    except (ValueError, ZeroDivisionError):
        raise wrong(f"--range: '{text}' is no range; 1..32 or 0.1..2:0.05 would be") from None
    if not step or last < first:
        raise wrong(f"--range: '{text}' is empty")
    if all(number.denominator == 1 for number in (first, last, step)):
        return range(int(first), int(last) + 1, int(step))
    count = (last - first) // step + 1
    if count > MOST_RUNS:
        raise wrong(f"--range: '{text}' has {count:,} values, at most {MOST_RUNS:,}")
    values = [first + k * step for k in range(count)]
    return tuple(value.numerator if value.denominator == 1 else value for value in values)
