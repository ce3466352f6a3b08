"""`archcalc check`: exit codes, JSON against its schema, keys, grades, forms."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

from archcalc.api import analyze
from archcalc.cli.entry import run

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
    assert "forgot-input-channels: 1" in capsys.readouterr().out


def test_against_another_printout(answers, tmp_path):
    printout = answers(analyze("lenet/keras28").table(style="keras", format="terminal"), "summary.txt")
    good = "| layer | output | params |\n|---|---|---|\n| Conv2D | 28x28x6 | 156 |\n"
    assert run(["check", answers(good), "--against", printout]) == 0
    assert run(["check", answers(good.replace("156", "150")), "--against", printout]) == 1
