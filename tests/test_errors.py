"""Every error code of the language, as a user sees it: place, message, source line, mark, context."""

import time
from pathlib import Path

import pytest
import yaml

from archcalc import api, codes
from archcalc.analysis import analyze
from archcalc.errors import ArchcalcError
from archcalc.expectations import check

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "errors.yaml").read_text(encoding="utf-8"))
# language reference, section 17
CODES = [
    "Y001", "Y002", "Y003", "Y010", "Y011", "Y012", "Y013", "Y014", "Y018", "Y020", "Y022", "Y026",
    "E001", "E002", "E003", "E004", "E005", "E010", "E011", "E012", "E013", "E014", "E020", "E021",
    "E022", "E023", "E030", "E031", "E032", "E033", "E034", "E035", "E040", "E041", "E042", "E043",
    "E050", "E051", "E052", "E053", "E054", "E055", "E056", "E057", "E058", "E059", "E060", "E061",
    "E062", "E063", "E064", "E065", "E070", "E071", "E072", "E073", "E074", "E080", "E081", "E082",
    "E083", "E084", "E085", "E086", "E087", "E088", "E090", "E091", "E092", "X001", "X002", "X003",
    "P001",
]  # fmt: skip


def data(case):
    if "bytes" in case:
        return b"#" * case["bytes"]
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    text = case["spec"]
    if "many" in case:
        piece, count, *closing = case["many"]
        middle = text.partition("{many}")
        tail = middle[2]
        if closing:
            tail = tail.replace('"', closing[0] * count + '"')
        text = middle[0] + piece * count + tail
    return text.encode()


def said(case, folder, monkeypatch):
    monkeypatch.chdir(folder)
    target = case.get("target", "net.yaml")
    if "target" not in case:
        Path("net.yaml").write_bytes(data(case))
    try:
        graph = api.load(target, case.get("set"), case.get("input"))
    except ArchcalcError as error:
        return [problem.text() for problem in error.problems], [problem.code for problem in error.problems]
    problems = check(graph, analyze(graph))
    return [problem.text() for problem in problems], [problem.code for problem in problems]


@pytest.mark.parametrize("case", CASES, ids=[f"{k}-{case['code']}" for k, case in enumerate(CASES)])
def test_error(case, tmp_path, monkeypatch):
    start = time.process_time()
    texts, codes = said(case, tmp_path, monkeypatch)
    assert case["code"] in codes, texts
    text = texts[codes.index(case["code"])]
    for line in case["text"]:
        assert line in text
    assert time.process_time() - start < 3  # a hostile file ends within a second on an idle machine


def test_every_code_has_a_case():
    assert {case["code"] for case in CASES} == set(CODES)
    assert list(codes.CODES) == CODES
