"""The catalogue of mistakes: every example, worked out by hand, is the right value, is produced, and is named."""

import pytest
from helpers import report

from archcalc.analysis import analyze
from archcalc.api import load
from archcalc.explain.chain import load_chain
from archcalc.homework.conventions import CONVENTIONS
from archcalc.homework.forms import read_sheet
from archcalc.homework.grid import table_of
from archcalc.homework.headings import SHEET_HEADINGS
from archcalc.homework.judge import judge, judge_table
from archcalc.homework.mistakes import CATALOGUE
from archcalc.homework.mistakes.signatures import SIGNATURES
from archcalc.homework.scene import Scene
from archcalc.homework.worksheets.answers import answer
from archcalc.spec.library import Library


def network(example):
    """Return the network of an example: a spec, a chain with its input, or a target."""
    if not example.input and "\n" not in example.network:
        return analyze(load(example.network))
    if "\n" in example.network:
        return report(f"archcalc: 1\n{example.network}")
    return analyze(load_chain(example.network, {"": example.input}, Library()))


def judged(example, given):
    """Return the verdict on the example's cell with an answer, among right cells of the same column."""
    net = network(example)
    rows = list(net.rows)
    scene = Scene(net, table_of(["Layer", "Output shape"], [[row.path, ""] for row in rows]))
    cells = [[row.path, answer(scene, row, example.quantity) or "-"] for row in rows]
    cells[example.at % len(rows)][1] = given
    inputs = [[name, "x".join(map(str, shape)) if example.quantity == "output" else "-"]
              for name, shape in net.input.items()]  # fmt: skip
    table = table_of(["Layer", SHEET_HEADINGS[example.quantity][0]], [*inputs, *cells])
    number = len(inputs) + 1 + example.at % len(rows)
    return next(cell for cell in judge_table(Scene(net, table)) if cell.row == number and cell.column != "expression")


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_example(mistake):
    example = mistake.example
    assert judged(example, example.right).verdict == "right"
    told = judged(example, example.wrong)
    if told.verdict != "right-under":  # a convention comes before a mistake
        assert told.verdict == "wrong"
        assert mistake.id in [each.id for each in told.mistakes]


HANDED = [(signature.number, handed) for signature in SIGNATURES for handed in signature.handed]


def wrong_cell(handed, text, marked):
    """Return the verdict on the marked cell; where several cells say the same, the mark has the layer before it."""
    layer, _, given = marked.rpartition(",")
    found = [cell for cell in judge(read_sheet(text), network(handed)).cells if cell.column != "expression"]
    (cell,) = [cell for cell in found if cell.given == given and layer in ("", cell.name)]
    return cell


@pytest.mark.parametrize("handed", [pytest.param(each, id=f"{at} {each.told} {each.wrong}") for at, each in HANDED])
def test_signature(handed):
    assert wrong_cell(handed, handed.sheet.replace(handed.wrong, handed.right), handed.right).verdict == "right"
    told = wrong_cell(handed, handed.sheet, handed.wrong)
    under, _, convention = handed.told.partition("under ")
    if convention and not under:
        (meant,) = [each for each in CONVENTIONS if each.id == convention]
        assert (told.verdict, told.convention) == ("right-under", meant.en)
    else:
        assert told.verdict == "wrong"
        assert handed.told in [each.id for each in told.mistakes]


def test_the_list_is_complete():
    assert [signature.number for signature in SIGNATURES] == list(range(1, 35))
    assert all(signature.handed and signature.zh != signature.en for signature in SIGNATURES)
