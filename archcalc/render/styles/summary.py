"""The summary: one line a layer, with shape, parameters, multiply-adds and shares; or the columns asked for."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from archcalc.arithmetic import Number, total
from archcalc.render.cells import EMPTY, Writer
from archcalc.render.columns import COLUMNS, Fact, geometry
from archcalc.render.headings import heading
from archcalc.render.options import check
from archcalc.render.rows import Row, inputs
from archcalc.render.styles.arrange import arranged
from archcalc.render.text import clipped, clipped_path, safe
from archcalc.render.view import Cell, Column, Line, Look, Section, Table
from archcalc.report import Report

DEFAULT: Final = ("layer", "type", "window", "output", "params", "params_share", "macs", "macs_share")
_SHORTEN: Final = {"path": clipped_path, "text": clipped}


def summary(report: Report, look: Look) -> Table:
    """Return the table; `look.columns` replaces the default columns."""
    keys = look.columns or _default(report)
    for key in keys:
        check("column", key, COLUMNS)
    facts = [COLUMNS[key] for key in keys]
    write = Writer(look)
    network, heads = arranged(report, look, "both"), arranged(report, look, "train")
    sheet = _Sheet(write, keys, facts, {fact: total(map(fact.read, network)) for fact in facts if fact.adds})
    first = Section(
        tuple(sheet.line(row) for row in (*inputs(report.input), *network)),
        (sheet.totals("total", network),),
    )
    sections = [first]
    if heads:
        totals = (sheet.totals("totals_of_heads", heads), sheet.totals("total_in_training", [*network, *heads]))
        sections.append(Section(tuple(sheet.line(row) for row in heads), totals, write.say("heads")))
    columns = tuple(_column(key, fact, look) for key, fact in zip(keys, facts, strict=True))
    notes = (*sheet.formulas(network), *_notes(report, write, keys, [*network, *heads]))
    return Table(title(report), columns, tuple(sections), notes)


def title(report: Report) -> str:
    """Return what stands above a table: the network's title and the target."""
    name, target = safe(report.title), safe(report.target)
    return f"{name} ({target})" if name and name != target else target


def _default(report: Report) -> tuple[str, ...]:
    return (*DEFAULT, "device") if any(row.device for row in report.rows) else DEFAULT


def _column(key: str, fact: Fact, look: Look) -> Column:
    right = fact.kind in ("count", "share")
    return Column(key, heading(key, look.lang), "right" if right else "left", _SHORTEN.get(fact.kind))


class _Sheet:
    """Writes the lines of one table; `sums` are the totals that shares refer to."""

    __slots__ = ("facts", "keys", "sums", "write")

    def __init__(self, write: Writer, keys: Sequence[str], facts: Sequence[Fact], sums: dict[Fact, Number]) -> None:
        self.write = write
        self.keys = keys
        self.facts = facts
        self.sums = sums

    def line(self, row: Row) -> Line:
        return tuple(self.cell(fact, row) for fact in self.facts)

    def cell(self, fact: Fact, row: Row) -> Cell:
        held = fact.read(row)
        if fact.kind == "shapes":
            return Cell(" ".join(self.write.shape(shape).text for shape in held or ()))
        if fact is COLUMNS["params"] and row.nodes and row.nodes[0].shares and row.layer:
            return Cell(self.write.say("shared"), 0)
        if fact is COLUMNS["type"] and not row.nodes:
            return Cell(self.write.say("input"))
        return self.value(fact, held)

    def value(self, fact: Fact, held: Any) -> Cell:
        write = self.write
        if fact.kind == "count":
            return write.count(held if held is None or not fact.scales else write.scaled(held))
        if fact.kind == "share":
            return write.share(held, self.sums[fact])
        return write.shape(held) if fact.kind == "shape" else write.text(held)

    def totals(self, name: str, rows: Sequence[Row]) -> Line:
        cells = [self.total(fact, rows) for fact in self.facts]
        if not self.facts[0].adds:
            cells[0] = Cell(self.write.say(name))
        return tuple(cells)

    def total(self, fact: Fact, rows: Sequence[Row]) -> Cell:
        if not fact.adds:
            return EMPTY
        held = total(fact.read(row) for row in rows)
        return self.value(fact, held) if isinstance(held, int) else EMPTY

    def formulas(self, network: Sequence[Row]) -> Iterator[str]:
        """Yield the totals that depend on free sizes: too long for a column."""
        for key, fact in zip(self.keys, self.facts, strict=True):
            held = self.sums.get(fact, 0)
            if not isinstance(held, int) and fact.kind == "count":
                formula = self.value(fact, held).text
                yield self.write.say("sum", name=heading(key, self.write.look.lang), formula=formula)


def _notes(report: Report, write: Writer, keys: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    totals, look = report.totals, write.look
    if report.domain:
        yield write.say("domain", conditions=", ".join(map(safe, report.domain)))
    if {"macs", "macs_share", "flops"} & set(keys):
        yield write.say("macs")
    if "flops" in keys:
        yield write.say("flops")
    if look.batch != 1:
        yield write.say("batch", count=str(look.batch))
    if not _is_zero(totals.params_frozen):
        yield write.say(
            "frozen", frozen=write.number(totals.params_frozen), trainable=write.number(totals.params_trainable)
        )
    if not _is_zero(totals.buffers):
        yield write.say("buffers", count=write.number(totals.buffers))
    if "params" in keys and any(row.layer and row.layer.shares for row in rows):
        yield write.say("sharing")
    if any(row.count > 1 for row in rows):
        yield write.say("folded")
    if "window" in keys:
        letters = _letters(rows)
        if letters:
            yield f"{heading('window', look.lang)}: {', '.join(map(write.say, letters))}."
    yield from remarks(report, write)


def remarks(report: Report, write: Writer) -> Iterator[str]:
    """Yield the notes and sources that the spec gives: of the network, then of its parts."""
    if report.source:
        yield write.say("source", text=safe(report.source))
    if report.note:
        yield safe(report.note)
    told = {path: folder.note for path, folder in report.folders.items() if folder.note}
    inside = {note for note in told.values()}
    for row in report.rows:
        if row.note and row.note not in inside:
            told[row.path] = row.note
    yield from (f"{path}: {safe(note)}" for path, note in told.items())
    yield from (f"{row.path}: {write.say('source', text=safe(row.source))}" for row in report.rows if row.source)


def _letters(rows: Sequence[Row]) -> list[str]:
    used = {name for row in rows if row.layer for name in geometry(row.layer)}
    return [name for name in ("pad", "dilation", "groups") if name in used]


def _is_zero(count: Number) -> bool:
    return isinstance(count, int) and count == 0
