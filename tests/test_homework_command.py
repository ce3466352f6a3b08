"""`archcalc check`: exit codes, JSON against its schema, keys, grades, forms."""

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml

from archcalc.api import analyze
from archcalc.cli.entry import run
from archcalc.homework.conventions import CONVENTIONS
from archcalc.homework.mistakes import CATALOGUE
from archcalc.homework.verdict import words

FOLDER = Path(__file__).parent / "homework"
SCHEMA = json.loads((Path(__file__).parent.parent / "docs/reference/check.schema.json").read_text(encoding="utf-8"))
RIGHT = "| layer | output | params |\n|---|---|---|\n| conv1 | 28x28x8 | 608 |\n| conv2 | 10x10x16 | 3216 |\n"
WRONG = RIGHT.replace("3216", "416")


@pytest.fixture
def answers(tmp_path):
    def write(text, name="answers.md"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(("text", "code"), [(RIGHT, 0), (WRONG, 1), ("nothing here", 2), ("", 2)])
def test_exit_codes(answers, text, code):
    assert run(["check", answers(text), "--against", "lenet/rgb"]) == code


def test_a_missing_file_is_bad_input(tmp_path, capsys):
    assert run(["check", str(tmp_path / "none.md")]) == 2
    assert run(["check"]) == 2
    assert "E085" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["{wrong}", "--against", "lenet/rgb"],
        ["{printout}"],
        ["--expr", "(5*5*3+1)*8 = 608", "--expr", "5+(2-1)*2=6", "--expr", "4.5", "--expr", "words"],
        ["--expr", "output_size = 12 ,Reseptive Field 6"],
        ["--claim", "conv2.params = 307K", "--claim", "params = (k*n+1)*m", "--against", "alexnet/single"],
        ["{totals}", "--against", "resnet/18"],
    ],
)
def test_json_is_as_its_schema_says(answers, capsys, arguments):
    printout = analyze("lenet/keras28").table(style="keras", format="terminal")
    totals = analyze("resnet/18").table(format="latex")
    files = {
        "wrong": answers(WRONG),
        "printout": answers(printout, "printout.txt"),
        "totals": answers(totals, "table.tex"),
    }
    run(["check", *(argument.format(**files) for argument in arguments), "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    assert sum(document["counts"].values()) == len(document["cells"]) > 0


def test_the_mistake_is_named(answers, capsys):
    run(["check", answers(WRONG), "--against", "lenet/rgb", "--format", "json"])
    (cell,) = [cell for cell in json.loads(capsys.readouterr().out)["cells"] if cell["verdict"] == "wrong"]
    assert (cell["layer"], cell["column"], cell["expected"]) == ("conv2.conv", "params", 3216)
    assert cell["mistakes"][0]["id"] == "forgot-input-channels"


@pytest.mark.parametrize("form", ["text", "markdown", "html", "csv", "tsv", "latex"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_format_says_it(answers, capsys, form, lang):
    assert run(["check", answers(WRONG), "--against", "lenet/rgb", "-f", form, "--lang", lang]) == 1
    out = capsys.readouterr().out
    assert "416" in out
    assert ("错误" if lang == "zh" else "wrong") in out


def test_a_pipe(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(RIGHT.encode())))
    assert run(["check", "-", "--against", "lenet/rgb"]) == 0


def test_the_key_is_checked_first(answers, capsys):
    key = answers(WRONG, "key.md")
    assert run(["check", answers(RIGHT), "--key", key, "--against", "lenet/rgb"]) == 0
    assert "416 is wrong" in capsys.readouterr().err


def test_points(answers, capsys):
    run(["check", answers(WRONG), "--against", "lenet/rgb", "--points", "8"])
    assert "6 of 8 points" in capsys.readouterr().out


def test_a_class(tmp_path, capsys):
    folder = tmp_path / "class"
    folder.mkdir()
    for name, text in (("a.md", RIGHT), ("b.md", WRONG), ("c.md", "nothing")):
        (folder / name).write_text(text, encoding="utf-8")
    arguments = ["check", "--class", str(folder), "--against", "lenet/rgb", "--points", "8"]
    assert run([*arguments, "-f", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [answer["points"] for answer in document["answers"]] == [8, 6]
    assert document["mistakes"] == {"forgot-input-channels": 1}
    assert document["unread"] == ["c.md"]
    assert run(arguments) == 1
    assert "1 x forgot-input-channels" in capsys.readouterr().out


def test_a_class_with_a_key(tmp_path, capsys):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "short.csv").write_text("layer,params\nconv1,608\n", encoding="utf-8")
    (folder / "utf16.md").write_bytes(RIGHT.encode("utf-16"))  # as Windows shells write
    (folder / ".hidden").write_bytes(b"\xff\x00")
    key = tmp_path / "key.md"
    key.write_text(RIGHT, encoding="utf-8")
    arguments = ["check", "--class", str(folder), "--against", "lenet/rgb", "--points", "8", "--key", str(key)]
    assert run([*arguments, "-f", "csv"]) == 0
    rows = capsys.readouterr().out.splitlines()
    # of the four cells of the key, one is answered: two of eight points
    assert [row.split(",")[:2] for row in rows] == [["File", "Points"], ["short.csv", "2"], ["utf16.md", "8"]]


@pytest.mark.parametrize(
    ("text", "part"),
    [('{"rows": [{"name": "conv1"', "JSON"), ("[" * 5_000 + "]" * 5_000, "JSON"), ("| a |\n" * 300_000, "larger"),
     ("| layer | params |\n|---|---|\n" + "| conv1 | 5 |\n" * 6_000, "5,000 rows")],
)  # fmt: skip
def test_what_cannot_be_read_says_why(answers, capsys, text, part):
    assert run(["check", answers(text), "--against", "lenet/rgb"]) == 2
    assert part in capsys.readouterr().err


@pytest.mark.parametrize("text", ["9**9**9 = 1", "1/0 = 3", "(3+4 = 7"])
def test_what_cannot_be_calculated_says_so(capsys, text):
    assert run(["check", "--expr", text]) == 1
    assert "cannot be calculated" in capsys.readouterr().out


SEVERAL_WORDS = re.compile(r"[a-z]{3,}(?: [a-z]{2,}){2,}")  # an English sentence; names of things are single words


def test_every_sentence_has_chinese():
    english, chinese = words("en"), words("zh")
    for name, text in chinese._asdict().items():
        assert text != getattr(english, name), name
        assert not SEVERAL_WORDS.search(re.sub(r"\{\w+\}", "", text)), name
        assert set(re.findall(r"\{(\w+)", text)) == set(re.findall(r"\{(\w+)", getattr(english, name))), name
    for convention in CONVENTIONS:
        assert re.search("[\u4e00-\u9fff]", convention.zh), convention.id
    for mistake in CATALOGUE:
        assert re.search("[\u4e00-\u9fff]", mistake.zh), mistake.id


def test_chinese_has_no_english_sentences(answers, capsys):
    sheets = [case["text"] for case in yaml.safe_load((FOLDER / "tables.yaml").read_text(encoding="utf-8"))]
    for target in ("lenet/rgb", "alexnet/single-p3", None):
        for text in sheets:
            against = ["--against", target] if target else []
            run(["check", answers(text), *against, "--lang", "zh", "--points", "10", "-f", "json"])
            for cell in json.loads(capsys.readouterr().out)["cells"]:
                texts = [cell["convention"], cell["derivation"], *(mistake["text"] for mistake in cell["mistakes"])]
                assert not any(SEVERAL_WORDS.search(text) for text in texts if text)


def test_against_another_printout(answers, tmp_path):
    printout = answers(analyze("lenet/keras28").table(style="keras", format="terminal"), "summary.txt")
    good = "| layer | output | params |\n|---|---|---|\n| Conv2D | 28x28x6 | 156 |\n"
    assert run(["check", answers(good), "--against", printout]) == 0
    assert run(["check", answers(good.replace("156", "150")), "--against", printout]) == 1
