"""The summary: a line a layer, with shape, parameters, multiply-adds and shares; or the columns asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from archcalc.arithmetic import Number, total
from archcalc.lazy import resolve
from archcalc.render.cells import EMPTY, Writer
from archcalc.render.columns import COLUMNS, Fact, geometry
from archcalc.render.headings import heading
from archcalc.render.options import check, option_error
from archcalc.render.rows import Row, inputs
from archcalc.render.styles.around import domain, remarks, title
from archcalc.render.styles.arrange import arranged
from archcalc.render.text import abbreviated, clipped, percent
from archcalc.render.view import Cell, Column, Counted, Line, Look, Section, Table
from archcalc.report import Report

_GROUPED: Final = ("group", "layers", "params", "params_share", "macs", "macs_share", "activations")
_OF_GROUPS: Final = ("group", "layers")
DEFAULT: Final = ("layer", "type", "settings", "output", "params", "params_share", "macs", "macs_share")
# columns that archcalc.render.sight reads, which a plain table need not load
SIGHTS: Final = ("rf", "rf_min", "jump", "start", "centre")
_SHORTEN: Final = {"path": abbreviated, "text": clipped}


def summary(report: Report, look: Look) -> Table:
    """Return the table; `look.columns` replaces the default columns.

    The network's inputs come first; training heads stand apart, with their own totals and without shares. A
    total that depends on free sizes is written below the table.
    """
    facts = {**COLUMNS, **{held.key: _counted(held) for held in look.counts}}
    own = look.columns or tuple(_default(report, _GROUPED if look.group else DEFAULT))
    keys = (*own, *(held.key for held in look.counts if held.key not in own))
    if set(SIGHTS) & set(keys):
        facts |= resolve("archcalc.render.sight:sights")(report)
    for key in keys:
        check("column", key, [*facts, *SIGHTS])
        if look.group and (key in SIGHTS or not (facts[key].adds or facts[key].kind == "share" or key in _OF_GROUPS)):
            raise option_error(f"a group has no {key}; columns that add up have a sum, as params, macs, activations")
    write = Writer(look)
    network, heads = arranged(report, look, "both"), arranged(report, look, "train")
    sheet = _Sheet(write, facts, keys, {key: _sum(facts[key], network) for key in keys if facts[key].adds})
    rows = tuple(network) if look.group else (*inputs(report.input), *network)
    sections = [Section(tuple(map(sheet.line, rows)), (sheet.total_line("total", network),))]
    if heads:
        apart = _Sheet(write, facts, keys, {})
        totals = (
            apart.total_line("totals_of_heads", heads),
            apart.total_line("total_in_training", [*network, *heads]),
        )
        sections.append(Section(tuple(map(apart.line, heads)), totals, write.say("heads")))
    columns = tuple(_column(key, facts[key], look) for key in keys)
    notes = (*sheet.formulas(), *domain(report, write), *_notes(report, write, keys, [*network, *heads]))
    notes = (*notes, *(note for held in look.counts for note in held.notes))
    told = _shares(network, write) if look.group else remarks(report, write)
    return Table(title(report), columns, tuple(sections), (*notes, *told))


def _default(report: Report, keys: Sequence[str]) -> Iterator[str]:
    """Yield the usual columns: no share of a total with free sizes; runs and devices where there are some."""
    sums = report.totals
    for key in keys:
        if COLUMNS[key].kind != "share" or isinstance(getattr(sums, key.removesuffix("_share")), int):
            yield key
    if keys is _GROUPED:
        return
    if not all(_is(node.runs, 1) for node in report.rows):
        yield "runs"
    if any(node.device for node in report.rows):
        yield "device"


def _column(key: str, fact: Fact, look: Look) -> Column:
    right = fact.kind in ("count", "share")
    said = heading(key, look.lang) if key in COLUMNS or key in SIGHTS else key
    # the formulas of a group are sums, as long as the group has sizes
    flows = " " if look.group and fact.kind == "count" else ""
    return Column(key, said, "right" if right else "left", _SHORTEN.get(fact.kind), flows)


def _counted(held: Counted) -> Fact:
    def read(row: Row) -> Any:
        values = [held.values[node.path] for node in row.nodes if node.path in held.values]
        return total(values) if values else None

    return Fact("count", read, adds=True, scales=held.scales)


def _sum(fact: Fact, rows: Sequence[Row]) -> Number:
    return total(value for value in map(fact.read, rows) if value is not None)


class _Sheet(NamedTuple):
    """Writes the lines of one section. facts: the columns there are. wholes: what shares are parts of, by column."""

    write: Writer
    facts: Mapping[str, Fact]
    keys: Sequence[str]
    wholes: dict[str, Number]

    def line(self, row: Row) -> Line:
        return tuple(self.cell(key, row) for key in self.keys)

    def cell(self, key: str, row: Row) -> Cell:
        if key == "type" and not row.nodes:
            return Cell(self.write.say("input"))
        if key == "params" and row.layer is not None and row.layer.shares:
            return Cell(self.write.say("shared"), 0)
        return self.value(key, self.facts[key].read(row))

    def value(self, key: str, held: Any) -> Cell:
        fact, write = self.facts[key], self.write
        if held is None:
            return EMPTY
        match fact.kind:
            case "count":
                return write.count(write.scaled(held) if fact.scales else held)
            case "share":
                return write.share(held, self.wholes.get(key, 0))
            case "shape":
                return write.shape(held)
            case "shapes":
                return Cell(" ".join(write.shape(shape).text for shape in held))
        return Cell(held)

    def total_line(self, name: str, rows: Sequence[Row]) -> Line:
        first, *rest = (self.total(key, rows) for key in self.keys)
        return (first if self.facts[self.keys[0]].adds else Cell(self.write.say(name)), *rest)

    def total(self, key: str, rows: Sequence[Row]) -> Cell:
        if not self.facts[key].adds:
            return EMPTY
        held = _sum(self.facts[key], rows)
        return self.value(key, held) if isinstance(held, int) else EMPTY

    def formulas(self) -> Iterator[str]:
        """Yield the totals that depend on free sizes; they are too long for a column."""
        for key, held in self.wholes.items():
            if not isinstance(held, int) and self.facts[key].kind == "count":
                said = heading(key, self.write.look.lang) if key in COLUMNS else key
                yield f"{said} = {self.value(key, held).text}"


def _notes(report: Report, write: Writer, keys: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    totals = report.totals
    if {"macs", "macs_share", "flops"} & set(keys):
        yield write.say("macs")
    if "flops" in keys:
        yield write.say("flops")
    if write.look.batch != 1:
        yield write.say("batch", count=str(write.look.batch))
    if not _is(totals.params_frozen, 0):
        frozen, trainable = write.number(totals.params_frozen), write.number(totals.params_trainable)
        yield write.say("frozen", frozen=frozen, trainable=trainable)
    if not _is(totals.buffers, 0):
        yield write.say("buffers", count=write.number(totals.buffers))
    if "params" in keys and any(row.layer is not None and row.layer.shares for row in rows):
        yield write.say("sharing")
    if any(row.count > 1 for row in rows):
        yield write.say("folded")
    used = {name for row in rows if row.layer is not None for name in geometry(row.layer)}
    if set(SIGHTS) & set(keys):
        yield write.say("sight")
    if "settings" in keys and used:
        told = ("stride", *(name for name in ("pad", "dilation", "groups") if name in used))
        yield write.say("letters", letters=", ".join(map(write.say, told)))


def _shares(groups: Sequence[Row], write: Writer) -> Iterator[str]:
    """Yield which group holds most of the parameters, and which of the multiply-adds."""
    for key in ("params", "macs"):
        held = [(COLUMNS[key].read(row), row.path) for row in groups]
        whole = total(value for value, _ in held)
        if isinstance(whole, int) and whole:
            most, name = max(held, key=lambda pair: pair[0])
            yield write.say(f"most_{key}", group=name, share=percent(most, whole))


def _is(count: Number, value: int) -> bool:
    return isinstance(count, int) and count == value
