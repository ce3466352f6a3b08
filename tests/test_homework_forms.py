"""The same answers in every form they can be handed in, and printouts of real tools, with the rates printed.

`pytest tests/test_homework_forms.py -rP` shows the rates.

tests/homework/printouts: printed by Keras 3.15.1, torchsummary 1.5.1 and torchinfo 1.8.0; those of Keras 1 and 2 are
Keras 3's numbers in the columns of these versions, with names and shapes cut off as they cut them.
"""

import csv
import io
import json
import re
from collections import Counter
from html import escape
from pathlib import Path
from time import process_time

import pytest
import yaml
from test_homework_judge import network

from archcalc.homework.forms import read_sheet
from archcalc.homework.judge import judge
from archcalc.homework.rebuild import rebuild
from archcalc.homework.verdict import FINE

FOLDER = Path(__file__).parent / "homework"
ANSWERS = yaml.safe_load((FOLDER / "answers.yaml").read_text(encoding="utf-8"))
PRINTOUTS = sorted((FOLDER / "printouts").glob("*.txt"))


def grid(table):
    return [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in table.strip().split("\n")]


def as_markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def as_latex(rows):
    body = [" & ".join(re.sub(r"([_#%])", r"\\\1", cell) for cell in row) + r" \\" for row in rows]
    return "\n".join([rf"\begin{{tabular}}{{{'l' * len(rows[0])}}}", *body, r"\end{tabular}"])


def as_html(rows):
    return "<table>" + "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)


def as_text(rows):
    widths = [max(len(row[at]) for row in rows) + 3 for at in range(len(rows[0]))]
    lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * sum(widths), *lines[1:]])


def as_json(rows):
    return json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]])


FORMS = (as_markdown, as_csv, as_latex, as_html, as_text, as_json)


def found_in(sheet, net):
    return {f"{cell.row} {cell.column}": cell for cell in judge(sheet, net).cells if cell.verdict not in FINE}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case["name"])
def test_every_form_is_judged_alike(case, form):
    bad = found_in(read_sheet(form(grid(case["table"]))), network(case["net"]))
    assert {place: cell.verdict for place, cell in bad.items()} == case.get("bad", {})
    for place, mistake in case.get("mistakes", {}).items():
        assert mistake in [part for each in bad[place].mistakes for part in each.id.split("+")]


def test_rates():
    rates = Counter()
    for case in ANSWERS:
        net = network(case["net"])
        kind = "wrong" if "bad" in case else "right"
        for form in FORMS:
            bad = found_in(read_sheet(form(grid(case["table"]))), net)
            rates[kind, "tables"] += 1
            rates[kind, "exact"] += {place: cell.verdict for place, cell in bad.items()} == case.get("bad", {})
            rates[kind, "cells"] += sum(cell.verdict == "wrong" for cell in bad.values())
            rates[kind, "named"] += sum(cell.verdict == "wrong" and bool(cell.mistakes) for cell in bad.values())
    for kind in ("right", "wrong"):
        print(f"{kind} tables: {rates[kind, 'exact']} of {rates[kind, 'tables']} exactly as expected")
    print(f"wrong cells with a named mistake: {rates['wrong', 'named']} of {rates['wrong', 'cells']}")
    assert rates["right", "exact"] == rates["right", "tables"]
    assert rates["wrong", "named"] >= 0.8 * rates["wrong", "cells"]


@pytest.mark.parametrize("path", PRINTOUTS, ids=lambda path: path.stem)
def test_a_printout_is_right_by_its_own_network(path):
    sheet = read_sheet(path.read_text(encoding="utf-8"))
    net = rebuild(sheet)
    assert net is not None
    assert found_in(sheet, net) == {}


# a row marked (recursive) has no number of its own, so that a rebuilt network counts it again
ONCE = [path for path in PRINTOUTS if "(recursive)" not in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", ONCE, ids=lambda path: path.stem)
def test_a_changed_number_in_a_printout_is_found(path):
    sheet = read_sheet(path.read_text(encoding="utf-8"))
    net = rebuild(sheet)
    (table,) = sheet.tables
    at = table.at("params")
    line = [line for line in table.lines if not line.is_total and re.fullmatch(r"[1-9][\d,]+", line.text(at))][-1]
    value = 3 * int(line.text(at).replace(",", "")) + 1
    cells = tuple(f"{value:,}" if place == at else cell for place, cell in enumerate(line.cells))
    lines = tuple(each._replace(cells=cells) if each == line else each for each in table.lines)
    bad = found_in(sheet._replace(tables=(table._replace(lines=lines),)), net)
    assert set(bad) == {f"{line.number} params"}


def test_a_long_printout_ends_soon():
    rows = "".join(f"conv2d_{at} (Conv2D)   (None, 32, 32, 32)   9248\n" for at in range(800))
    sheet = read_sheet(f"Layer (type)   Output Shape   Param #\n{rows}")
    start = process_time()
    assert found_in(sheet, rebuild(sheet)) == {}
    assert process_time() - start < 10
