"""JSON: a list of rows, a mapping with `rows` and totals, columns as lists, or single figures by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from archcalc.homework.cell import read_shape
from archcalc.homework.grid import ANY, is_total, table_of
from archcalc.homework.headings import COUNTS, JUDGED, meanings
from archcalc.homework.sheet import MOST_LINES, Column, Line, Table

_NAMES: Final = ("name", "layer", "path", "layer_name")
_SETTINGS: Final = (("kernel",), ("stride",), ("pad",), ("dilation",), ("setting",))
_TOTAL_PREFIXES: Final = ("total_", "sum_")


def read_document(document: Any) -> tuple[Table, ...]:
    """Return the tables in plain data.

    >>> table = read_document({"rows": [{"name": "conv1", "params": 156}], "total_params": 156})[0]
    >>> [(line.name, line.is_total) for line in table.lines]
    [('conv1', False), ('total', True)]
    """
    if isinstance(document, Sequence) and not isinstance(document, str):
        rows = [row for row in document if isinstance(row, Mapping)]
        return (_rows(rows, {}),) if rows else ()
    if not isinstance(document, Mapping):
        return ()
    listed = next((document[key] for key in ("rows", "layers", "cells", "table") if _is_rows(document.get(key))), None)
    figures = {str(key): value for key, value in document.items() if _is_figure(value)}
    nested = [{"name": str(key), **value} for key, value in document.items() if _is_layer(value)]
    if listed is None and nested:  # {"conv1": {"output": …, "params": …}}
        others = {key: value for key, value in figures.items() if _named(key)[1] == () and key != "total"}
        rows = nested + [{"name": key, "output": value} for key, value in others.items() if _is_shape(value)]
        order = list(document)
        rows.sort(key=lambda row: order.index(row["name"]) if row["name"] in order else len(order))
        return (_rows(rows, {key: value for key, value in figures.items() if key not in {r["name"] for r in rows}}),)
    if isinstance(document.get("totals"), Mapping):
        figures |= {f"total_{key}": value for key, value in document["totals"].items() if _is_figure(value)}
        figures = {key: value for key, value in figures.items() if key.startswith(_TOTAL_PREFIXES)}
    if listed is not None:
        return (_rows(listed, figures),)
    columns = {str(key): value for key, value in document.items() if _is_column(key, value)}
    tables: list[Table] = []
    lengths = {len(column) for column in columns.values()}
    columns |= {
        key: value for key, value in figures.items() if isinstance(value, list) and len(value) in lengths and lengths
    }
    if columns:
        longest = max(len(column) for column in columns.values())
        body = [[_text(column[at]) if at < len(column) else "" for column in columns.values()] for at in range(longest)]
        tables.append(table_of(list(columns), body[:MOST_LINES]))
    figures = {key: value for key, value in figures.items() if key not in columns}
    if figures:
        tables.append(_figures(figures, 1 + sum(len(table.lines) for table in tables)))
    return tuple(tables)


def _is_layer(value: Any) -> bool:
    """Tell whether a value holds the figures of one layer by the names of quantities."""
    return isinstance(value, Mapping) and any(set(meanings(str(key))) & set(JUDGED) for key in value)


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, str) and len(read_shape(value).dims or ()) > 1)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _is_figure(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, int) or item is None for item in value)
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def _is_column(key: str, value: Any) -> bool:
    """Tell whether a list has one entry a layer, and is not one shape."""
    if not isinstance(value, list) or len(value) < 2:
        return False
    if any(isinstance(item, (list, str)) for item in value):
        return True
    meaning = meanings(key)
    return bool(meaning) and (meaning[0] != "output" or key.lower() in ("sizes", "n", "outputs", "widths"))


def _text(value: Any) -> str:
    if isinstance(value, list):
        inner = value[0] if len(value) == 1 and isinstance(value[0], list) else value
        if any(isinstance(size, (str, list, dict)) for size in inner):
            return ""
        return "(" + ", ".join("None" if size is None else str(size) for size in inner) + ")" if inner else ""
    return "" if value is None or isinstance(value, (Mapping, bool)) else str(value)


def _rows(rows: Sequence[Mapping[str, Any]], figures: Mapping[str, Any]) -> Table:
    keys = list(dict.fromkeys(str(key) for row in rows for key in row))
    named = next((key for key in _NAMES if key in keys), None)
    headings = ["layer" if key == named else key for key in keys]
    table = table_of(headings, [[_text(row.get(key)) for key in keys] for row in rows[:MOST_LINES]])
    if not figures:
        return table
    columns = list(table.columns)
    totals: list[Line] = []
    for key, value in figures.items():
        bare = key.lower()
        for prefix in _TOTAL_PREFIXES:
            bare = bare.removeprefix(prefix)
        meaning = meanings(bare.removesuffix("_params") if bare.startswith(("trainable", "non")) else bare)
        if not meaning and is_total(key):  # a bare total is one of the only column that can be added up
            added = [c.meanings[:1] for c in columns if c.meanings and c.meanings[0] in COUNTS]
            meaning = added[0] if len(set(added)) == 1 else ("params",)
        same = [at for at, c in enumerate(columns) if meaning and c.meanings[:1] == meaning[:1]]
        alike = [at for at, c in enumerate(columns) if set(c.meanings) & set(meaning) & set(JUDGED)]
        alike.sort(key=lambda at: -len(set(columns[at].meanings) & set(meaning)))
        at = next(iter((*same, *alike)), len(columns))
        if at == len(columns):
            columns.append(Column(key, meaning))
        number = len(table.lines) + len(totals) + 1
        totals.append(Line(number, "total", "", (*[None] * at, _text(value)), is_total=True))
    return Table(tuple(columns), (*table.lines, *totals))


def _figures(figures: Mapping[str, Any], first: int) -> Table:
    """Return one row a figure: of the network (`params`), or of a layer by its name (`conv1`, `fc_in`)."""
    columns: dict[tuple[str, ...], int] = {}
    headings: list[str] = []
    lines: list[Line] = []
    for number, (key, value) in enumerate(figures.items(), first):
        name, meaning = _named(key)
        known = meaning or ANY
        at = columns.setdefault(known, len(columns))
        if at == len(headings):
            headings.append(key)
        label = name or ("total" if meaning else key)
        whole = is_total(label) or (not name and bool(meaning))
        lines.append(Line(number, label, "", (*[None] * at, _text(value)), whole))
    return Table(tuple(Column(h, m) for h, m in zip(headings, columns, strict=True)), tuple(lines))


def _named(key: str) -> tuple[str, tuple[str, ...]]:
    """Return the layer and the quantities of a key: `conv1.params`, `fc_in`, `total_params`, `gru`."""
    name, dot, quantity = key.rpartition(".")
    if dot:
        return name, meanings(quantity)
    bare = key.lower()
    for prefix in _TOTAL_PREFIXES:
        bare = bare.removeprefix(prefix)
    meaning = meanings(bare)
    if meaning and set(meaning) & set(JUDGED):
        return "", meaning
    if meaning[:1] in _SETTINGS:
        return "", ()
    name, underscore, quantity = key.rpartition("_")
    suffix = meanings({"in": "input", "out": "output"}.get(quantity, quantity)) if underscore else ()
    return (name, suffix) if set(suffix) & set(JUDGED) else ("", ())


def read_claim(text: str) -> tuple[Table, ...]:
    """Return the table of one claim.

    >>> table = read_claim("conv2.params = 307K")[0]
    >>> table.lines[0].name, table.columns[0].meanings[0], table.lines[0].cells
    ('conv2', 'params', ('307K',))
    """
    name, equals, value = text.partition("=")
    if not equals:
        name, _, value = text.partition(":")
    return read_document({name.strip(): value.strip()})
