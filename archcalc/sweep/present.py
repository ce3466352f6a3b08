"""A sweep as a table in every format, as JSON, as Parquet."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from archcalc.errors import COMMAND_LINE, Problem, TargetError
from archcalc.render import write
from archcalc.render.text import number, spreadsheet
from archcalc.render.view import Cell, Column, Lang, Look, Section, Table
from archcalc.report import plain
from archcalc.sweep.ranges import written
from archcalc.sweep.result import Sweep

READ: Final = 1_000  # rows that a person may want to read on a page
_SAID: Final = MappingProxyType(
    {
        "en": (
            "{target}: {rows} of {points} variants",
            "{rest} more; -o file.csv has all",
            "no network: {count}, first {point}: {why}",
        ),
        "zh": (
            "{target}：{points} 个变体中的 {rows} 个",
            "另有 {rest} 个；-o file.csv 可得全部",
            "不成网络的变体：{count} 个，首个 {point}：{why}",
        ),
    }
)


def text(sweep: Sweep, format: str = "terminal", *, lang: Lang = "en", ascii: bool = False, width: int = 100) -> str:
    """Return a sweep for people (terminal, markdown, latex, html), or all its rows for programs (csv, tsv, json)."""
    if format == "json":
        return json.dumps(as_dict(sweep), ensure_ascii=ascii, indent=None if len(sweep) > READ else 2)
    if format in ("csv", "tsv"):
        return _delimited(sweep, "," if format == "csv" else "\t")
    title, more, dropped = _SAID["en" if ascii else lang]
    shown = sweep.first(READ)
    counts = set(sweep.counts)
    columns = tuple(Column(name, name, "right") for name in sweep.columns)
    rows = tuple(
        tuple(_cell(row[name], counted=name in counts, ascii=ascii) for name in sweep.columns) for row in shown
    )
    notes = [more.format(rest=f"{len(sweep) - len(shown):,}")] if len(sweep) > len(shown) else []
    for held in sweep.dropped:
        point = ", ".join(f"{name}={written(value)}" for name, value in zip(sweep.names, held.first, strict=True))
        notes.append(dropped.format(count=f"{held.points:,}", point=point, why=held.problem.message))
    heading = title.format(target=sweep.target, rows=f"{len(sweep):,}", points=f"{sweep.points:,}")
    return write(
        Table(heading, columns, (Section(rows),), tuple(notes)), format, Look(ascii=ascii, lang=lang, width=width)
    )


def as_dict(sweep: Sweep) -> dict[str, Any]:
    """Return a sweep as plain data, JSON output format 1 (docs/reference/sweep.schema.json)."""
    return {
        "schema": 1,
        "target": sweep.target,
        "points": sweep.points,
        "swept": [
            {"names": list(axis.names), "values": [[plain(value) for value in point] for point in axis.points]}
            for axis in sweep.axes
        ],
        "measures": list(sweep.counts),
        "rows": [{name: plain(value) for name, value in row.items()} for row in sweep],
        "dropped": [
            {
                "count": held.points,
                "first": dict(zip(sweep.names, map(plain, held.first), strict=True)),
                "code": held.problem.code,
                "message": held.problem.message,
            }
            for held in sweep.dropped
        ],
    }


def parquet(sweep: Sweep) -> bytes:
    """Return a sweep as a Parquet file: integers of 64 bits, or texts where they do not suffice; decimals as such.

    Raises:
        TargetError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        message = "Parquet needs pyarrow: python -m pip install pyarrow"
        raise TargetError([Problem("E085", message, origin=COMMAND_LINE)]) from None
    columns: Mapping[str, Any] = {name: _arrow(sweep[name]) for name in sweep.columns}
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def _arrow(column: Any) -> Any:
    if column.dtype != object:
        return column
    values = column.tolist()
    if all(isinstance(value, (int, Fraction)) for value in values) and not all(isinstance(v, int) for v in values):
        return [float(value) for value in values]
    return [written(value) for value in values]


def _delimited(sweep: Sweep, delimiter: str) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(sweep.columns)
    writer.writerows(zip(*(_fields(sweep[name]) for name in sweep.columns), strict=True))
    return file.getvalue().removesuffix("\n")


def _fields(column: Any) -> Iterable[Any]:
    values = column.tolist()
    return values if column.dtype != object else [spreadsheet(written(value)) for value in values]


def _cell(value: Any, *, counted: bool, ascii: bool) -> Cell:
    return Cell(number(value, ascii=ascii) if counted else written(value))
