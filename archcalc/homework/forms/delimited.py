"""Comma, semicolon and tab separated values."""

import csv
import io
import re

from archcalc.homework.grid import has_meaning, table_of
from archcalc.homework.sheet import Table


def read_delimited(text: str) -> tuple[Table, ...]:
    r"""Return the table, or () if no delimiter makes at least two columns under headings.

    >>> read_delimited("layer,params\nconv1,\"34,944\"\n")[0].lines[0].cells
    ('conv1', '34,944')
    """
    for delimiter in ("\t", ";", ","):
        if delimiter not in text.strip().split("\n")[0]:
            continue
        read = csv.reader(io.StringIO(text.strip("\n")), delimiter=delimiter)
        rows = [row for row in read if any(row) and not _is_comment(row)]
        width = len(rows[0]) if rows else 0
        known = has_meaning([cell.strip().lstrip("#") for cell in rows[0]]) if rows else False
        even = sum(len(row) == width for row in rows) * 4 >= len(rows) * 3
        if width >= 2 and len(rows) >= 2 and known and even and len(rows[0][0]) < 60 and not _is_prose(rows):
            headings = [cell.strip() for cell in rows[0]]
            return (table_of(headings, [[_bare(cell) for cell in row] for row in rows[1:]]),)
    return ()


def _is_comment(row: list[str]) -> bool:
    return row[0].startswith("# ") and not any(row[1:])


def _is_prose(rows: list[list[str]]) -> bool:
    """Tell whether lines only have commas: `conv1: output 28x28x6, params 156` says in each line what it is about."""
    for at, heading in enumerate(rows[0]):
        word = re.search(r"[^\W\d]{3,}", heading.split(":")[-1])
        below = [row[at] for row in rows[1:] if at < len(row)]
        if word and below and all(word[0] in cell for cell in below):
            return True
    return False


def _bare(cell: str) -> str:
    # a quote keeps spreadsheets from reading a formula; a leading = is one
    return cell.strip().removeprefix("'").removeprefix("=").strip()
