"""Verdicts: claims by hand, published tables, and tables that archcalc renders itself."""

import re
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest
import yaml
from helpers import report
from hypothesis import given, settings
from hypothesis import strategies as st

from archcalc.api import analyze
from archcalc.homework.alone import judge_text
from archcalc.homework.forms import read_sheet
from archcalc.homework.forms.document import read_claim
from archcalc.homework.grade import grade
from archcalc.homework.judge import judge
from archcalc.homework.mistakes import CATALOGUE
from archcalc.homework.rebuild import rebuild
from archcalc.homework.sheet import Sheet, SheetError
from archcalc.homework.verdict import FINE

FOLDER = Path(__file__).parent / "homework"
CLAIMS = yaml.safe_load((FOLDER / "claims.yaml").read_text(encoding="utf-8"))
TABLES = yaml.safe_load((FOLDER / "tables.yaml").read_text(encoding="utf-8"))


def network(text):
    if "|" not in text:
        return analyze(text)
    size, layers = text.split("|")
    size = size.strip()
    items = "".join(f"  - {item.strip()}\n" for item in layers.split(";"))
    return report(f"archcalc: 1\ninput: {size}\nlayers:\n{items}")


@pytest.mark.parametrize("case", CLAIMS, ids=[f"{at} {case['claim']}" for at, case in enumerate(CLAIMS)])
def test_claim(case):
    found = judge(Sheet(read_claim(case["claim"]), "claim"), network(case["net"]), framework=case.get("framework"))
    (cell,) = [cell for cell in found.cells if cell.column != "expression"]
    assert cell.verdict == case["verdict"]
    names = [part for mistake in cell.mistakes for part in mistake.id.split("+")]
    if "mistake" in case:
        assert case["mistake"] in names
    if case.get("mistakes") == "none":
        assert not names
    if cell.verdict == "right-under":
        assert cell.convention
    assert case.get("says", "") in (cell.derivation or "")
    calculated = [each.mistakes[0].id for each in found.cells if each.column == "expression"]
    if "calculation" in case:
        assert calculated == [case["calculation"]]


@pytest.mark.parametrize("case", TABLES, ids=lambda case: case["name"])
def test_table(case):
    net = network(case["net"]) if "net" in case else None
    sheet = read_sheet(case["text"])
    net = net or rebuild(sheet)
    found = judge(sheet, net)
    bad = {f"{cell.row} {cell.column}": cell for cell in found.cells if cell.verdict not in FINE}
    assert {place: cell.verdict for place, cell in bad.items()} == case.get("bad", {})
    for place, mistake in case.get("mistakes", {}).items():
        assert mistake in [each.id for each in bad[place].mistakes]
    assert len(found.cells) >= case.get("cells", 1)


STYLES = ("summary", "lecture", "lenet", "ops", "keras", "stages")
FORMATS = ("markdown", "csv", "html", "latex", "terminal")


@pytest.mark.parametrize("target", ["alexnet", "lenet/keras28", "vgg/16", "resnet/18"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("format", FORMATS)
def test_own_tables_are_right(target, style, format):
    net = analyze(target)
    found = judge(read_sheet(net.table(style=style, format=format, width=200)), net)
    assert found.cells
    assert [cell for cell in found.cells if cell.verdict not in FINE] == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_changed_cell_is_found(data):
    net = analyze("alexnet")
    lines = net.table(style="summary", format="csv").split("\n")
    rows = [at for at, line in enumerate(lines) if re.search(r",(conv|fc),", line)]
    at = data.draw(st.sampled_from(rows))
    cells = lines[at].split(",")
    column = data.draw(st.sampled_from(["params", "macs"]))
    place = lines[0].split(",").index(column)
    factor = data.draw(st.sampled_from([3, 7, 10, 13]))
    cells[place] = str(int(cells[place]) * factor + data.draw(st.integers(1, 5)))
    lines[at] = ",".join(cells)
    bad = [cell for cell in judge(read_sheet("\n".join(lines)), net).cells if cell.verdict not in FINE]
    assert [(cell.row, cell.column) for cell in bad] == [(at, column)]


def test_a_printout_describes_its_own_network():
    text = analyze("lenet/keras28").table(style="keras", format="terminal")
    sheet = read_sheet(text)
    rebuilt = rebuild(sheet)
    assert rebuilt.totals.params == 61706  # Keras model.summary() of this network
    wrong = judge(read_sheet(text.replace("2416", "1516")), rebuilt)
    assert [(cell.column, cell.given) for cell in wrong.cells if cell.verdict == "wrong"] == [
        ("params", "1516")
    ] or any(cell.convention for cell in wrong.cells if cell.given == "1516")


def test_grade():
    net = network("3x300x300 | c: conv 100 5x5; d: conv 10 3x3")
    text = "| layer | params |\n|---|---|\n| c | 7600 |\n| d | 900 |\n"
    assert grade(judge(read_sheet(text), net), 10).earned == 5
    assert grade(judge(read_sheet(text.replace("900", "9010")), net), 10).earned == 10


def test_identifiers_are_unique():
    ids = [mistake.id for mistake in CATALOGUE]
    assert len(ids) == len(set(ids)) >= 34
    assert all(mistake.en and mistake.zh for mistake in CATALOGUE)


@pytest.mark.parametrize("text", ["", "   ", "no answer at all", "# heading\n\nwords only"])
def test_what_is_no_answer(text):
    with pytest.raises(SheetError):
        read_sheet(text)


@pytest.mark.parametrize(
    "text",
    ["1x" * 20_000, "1" * 40_000, "9." + "9" * 40_000, "(" * 20_000, "memory: " + "1*" * 20_000, "rf 3 " * 5_000,
     "| a | " + "1x" * 20_000 + " |\n|---|---|\n|c|" + "(" * 20_000 + "|", "[" * 20_000 + "]" * 20_000,
     "Layer (type)   Output Shape   Param #\n" + "[(" * 20_000, "<table>" + "<tr><td>" * 9_000,
     "\\begin{tabular}{" + "{" * 20_000 + "}\\end{tabular}"],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_hostile_text_ends_soon(text):
    start = process_time()
    with suppress(SheetError):
        judge(read_sheet(text), network("3x8x8 | c: conv 4 3x3"))
    judge_text(text)
    assert process_time() - start < 5


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="|-x0123456789conv \n:=,.()[]", max_size=200))
def test_any_sheet_is_judged_or_refused(text):
    try:
        sheet = read_sheet(text)
    except SheetError:
        return
    judge(sheet, network("3x300x300 | c: conv 100 5x5; d: conv 10 3x3"))
    rebuild(sheet)
