"""What there is to say about layers: every quantity with its derivation, and the sums over a group of layers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from archcalc.arithmetic import Number, total
from archcalc.conventions.apply import Count, count
from archcalc.conventions.convention import Convention
from archcalc.conventions.explain import formula
from archcalc.explain import Derived, Letter, Wording, explain
from archcalc.explain.field import Fields, explain_field, fields_of, reasons
from archcalc.explain.notation import STYLES, style_of, text
from archcalc.explain.trace import axes_of, trace_layer
from archcalc.explain.words import say
from archcalc.expression import is_equal
from archcalc.layers import layer_class
from archcalc.memory import held, size_text
from archcalc.quantities import Shape
from archcalc.render.columns import value
from archcalc.render.options import check
from archcalc.render.text import number
from archcalc.report import Node, Report
from archcalc.term import Leaf, Term, tree_of

What: TypeAlias = Literal["shape", "params", "macs", "memory", "rf", "count"]

# what can be asked, and in which unit it is
UNITS: Final = MappingProxyType(
    {"shape": "positions", "params": "parameters", "macs": "multiply-adds", "memory": "bytes", "rf": "positions"}
)
_MOST_ADDENDS: Final = 12  # a longer sum tells nobody anything


@dataclass(frozen=True, slots=True)
class Step:
    """One number: what it is, its symbol ("h_out = w_out"), the formula in letters and in numbers, the value.

    formula and value are None where there is no number: one output sees everything.
    """

    what: What
    symbol: str
    formula: str | None
    numbers: str | None
    value: Number | None
    letters: tuple[Letter, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """One layer: as it is written in a spec, its shapes, and its numbers."""

    path: str
    type: str
    call: str
    inputs: tuple[Shape, ...]
    output: Shape
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Layers of one network, and sums over them if they are several."""

    target: str
    layer: str | None
    wording: Wording
    layers: tuple[Explained, ...]
    sums: tuple[Step, ...]


def explain_layers(
    report: Report,
    rows: Sequence[Node],
    whats: Sequence[str] = tuple(UNITS),
    wording: Wording | None = None,
    *,
    layer: str | None = None,
    conventions: Sequence[Convention] = (),
) -> Explanation:
    """Return what there is to say about some rows of a report.

    Args:
        report: of a network; its free sizes stay in the formulas.
        rows: which layers.
        whats: of shape, params, macs, memory, rf.
        wording: notation, language, LaTeX or text.
        layer: the word by which the rows were asked for.
        conventions: what the rows count by these, too.

    Raises:
        TargetError: a quantity or notation that there is none of.
    """  # fmt: skip
    wording = wording or Wording()
    for what in whats:
        check("quantity", what, UNITS)
    check("notation", wording.notation, STYLES)
    fields = fields_of(report) if "rf" in whats else None
    counts = [count(report, convention) for convention in conventions]

    def steps(row: Node) -> tuple[Step, ...]:
        return (*_steps(row, whats, wording, fields), *(_counted(row, held) for held in counts))

    layers = tuple(Explained(row.path, row.op, call(row), row.input, row.output, steps(row)) for row in rows)
    sums = tuple(_sums(rows, whats, wording)) if len(rows) > 1 else ()
    return Explanation(report.target, layer, wording, layers, sums)


def call(row: Node) -> str:
    """Return a layer as a spec writes it: conv 96 11x11 /4 pad=2.

    >>> from archcalc.api import analyze
    >>> call(analyze("alexnet/owt")["conv1.conv"])
    'conv 64 11x11 /4 pad=2'
    """
    positional = layer_class(row.op).positional
    words = [row.op]
    for name in (*positional, *(name for name in row.changed if name not in positional)):
        if name not in row.changed:
            continue
        setting = value(row.settings[name])
        stride = name == "stride" and "x" not in setting
        words.append(setting if name in positional else f"/{setting}" if stride else f"{name}={setting}")
    return " ".join(words)


def _steps(row: Node, whats: Sequence[str], wording: Wording, fields: Fields | None) -> Iterator[Step]:
    for what in whats:
        if what == "shape":
            yield from _shape(row, wording)
        elif what == "rf" and fields is not None:
            yield from _field(row, wording, fields)
        elif what == "params":
            derived = _explained(row, "params", wording)
            yield _step("params", "params", derived, _of_weights(row, wording))
        elif what == "macs":
            yield _step("macs", "macs", _explained(row, "macs", wording))
        elif what == "memory":
            yield _step("memory", "memory", _explained(row, "memory", wording), _of_memory(row, wording))


def _explained(row: Node, quantity: str, wording: Wording) -> Derived:
    return explain(row, quantity, wording.notation, lang=wording.lang, latex=wording.latex)


def _step(what: What, symbol: str, derived: Derived, more: Iterator[str] | tuple[str, ...] = ()) -> Step:
    return Step(what, symbol, derived.names, derived.values, derived.value, derived.letters, (*derived.remarks, *more))


def _counted(row: Node, held: Count) -> Step:
    """Return what a convention counts of a row, with its rule; no number where no rule names the row."""
    name, title = held.convention.name, held.convention.title
    how = held.calls.of(row)
    rule = next((each for each in held.convention.rules if each.matches(row, how)), None)
    counted = held.values.get(row.path)
    return Step("count", name, None if rule is None else formula(rule), None, counted, (), (title,))


def _shape(row: Node, wording: Wording) -> Iterator[Step]:
    """Yield a step for each computed axis; height and width that came about alike are one."""
    traced = trace_layer(row)
    axes = axes_of(traced.output)
    computed = [at for at, size in enumerate(traced.output) if not isinstance(tree_of(size), (int, Leaf))]
    spatial = [axes[at] for at in computed if axes[at] != "c"]
    style = style_of(wording.notation, latex=wording.latex)
    for at in computed:
        if axes[at] == "c" or len(set(axes)) < len(axes):  # more axes than there are letters for
            derived = _explained(row, f"output.{axes[at]}", wording)
            yield _step("shape", style.letter(f"{axes[at]}_out"), derived)
    if not spatial or len(set(axes)) < len(axes):
        if not computed:
            yield Step("shape", "", None, None, None, (), (say("kept" if _kept(row) else "given", wording.lang),))
        return
    together = _explained(row, "output", wording)
    alone = [_explained(row, f"output.{axis}", wording) for axis in spatial]
    if len({(each.values, each.value) for each in alone}) == 1:
        symbol = style.letter(f"{style.size}_out") if style.size else " = ".join(_sides(spatial, wording))
        yield _step("shape", symbol, together)
        return
    for name, derived in zip(_sides(spatial, wording), alone, strict=True):
        yield _step("shape", name, derived)


def _sides(axes: Sequence[str], wording: Wording) -> list[str]:
    style = style_of(wording.notation, latex=wording.latex)
    return [style.letter(f"{axis}_out") for axis in axes]


def _kept(row: Node) -> bool:
    return row.output in row.input


def _field(row: Node, wording: Wording, fields: Fields) -> Iterator[Step]:
    style = style_of(wording.notation, latex=wording.latex)
    found = explain_field(fields, row, wording)
    for axes, derived in found.items():
        if derived is None:
            yield Step("rf", style.letter("r_out"), None, None, None, (), reasons(fields, row, wording))
        else:
            symbol = style.letter("r_out") if len(found) == 1 else style.letter(f"r_{axes}")
            yield _step("rf", symbol, derived)


def _of_weights(row: Node, wording: Wording) -> Iterator[str]:
    if row.buffers:
        names = ", ".join(weight.name for weight in row.weights if weight.kind == "buffer")
        yield say("buffers", wording.lang, count=row.buffers, names=names)
    if row.params_frozen:
        yield say("frozen", wording.lang)


def _of_memory(row: Node, wording: Wording) -> Iterator[str]:
    has = held(row)
    yield say("inputs_held", wording.lang, count=number(has.inputs), size=_size(4 * has.inputs))
    if is_equal(has.params, 0) is not True:
        yield say("weights_held", wording.lang, count=number(4 * has.params), size=_size(4 * has.params))


def _size(count: Number) -> str:
    return size_text(count) if isinstance(count, int) else f"{number(count)} bytes"


def _sums(rows: Sequence[Node], whats: Sequence[str], wording: Wording) -> Iterator[Step]:
    numbers: dict[What, list[Number]] = {
        "params": [row.params for row in rows],
        "macs": [row.macs for row in rows],
        "memory": [4 * row.activations for row in rows],
    }
    common = _common_folder([row.path for row in rows])
    style = style_of(wording.notation, latex=wording.latex)
    for what, counts in numbers.items():
        if what not in whats:
            continue
        named = zip((row.path.removeprefix(common) for row in rows), counts, strict=True)
        parts = [(name, count) for name, count in named if is_equal(count, 0) is not True]
        summed = total(count for _, count in parts)
        none = len(rows) - len(parts)
        remarks = [say("sum_of_some" if none else "sum", wording.lang, count=len(rows), none=none)]
        if what == "memory":
            remarks.append(_size(summed))
        step = Step(what, what, None, None, summed, (), tuple(remarks))
        if 0 < len(parts) <= _MOST_ADDENDS:
            tree = tree_of(total(Term.named(name, count) for name, count in parts))
            step = replace(step, formula=text(tree, style, names=True), numbers=text(tree, style))
        yield step


def _common_folder(paths: Sequence[str]) -> str:
    """Return the folder that all paths lie in, with its dot.

    >>> _common_folder(["a.b.c", "a.b.d"]), _common_folder(["a", "a.b"])
    ('a.b.', '')
    """
    folders = [path.split(".")[:-1] for path in paths]
    common = []
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    return "".join(f"{name}." for name in common)
