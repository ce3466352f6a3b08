"""The command line as a user meets it: results on stdout, narration on stderr, exit codes, files, pipes."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archcalc.cli.app import COMMANDS
from archcalc.cli.entry import run

NET = """archcalc: 1
title: Small
input: 3x32x32
layers:
  - conv1: conv 8 3x3 half -> relu
  - pool1: maxpool 2
  - fc: fc 10
expect: {params: 20714, macs: 241664, source: by hand}
"""
# 3*3*3*8 + 8 = 224; 8*16*16*10 + 10 = 20,490; 3*3*3*8*32*32 + 20,480 = 241,664


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Return a function that runs a command in an empty folder: arguments → (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")

    def execute(*arguments, stdin=None):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


def test_table_of_a_built_in_network(call):
    code, out, err = call("table", "alexnet")
    assert (code, err) == (0, "")
    assert out.startswith("AlexNet")
    assert "60,965,224" in out
    assert "724,406,816" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_table_of_a_file_and_of_a_pipe_agree(call):
    code, from_file, _ = call("table", "net.yaml", "--format", "json")
    assert code == 0
    code, from_pipe, _ = call("table", "-", "--format", "json", stdin=NET)
    assert code == 0
    file, pipe = json.loads(from_file), json.loads(from_pipe)
    assert file["totals"] == pipe["totals"]
    assert file["totals"]["params"] == 20714
    assert [row["path"] for row in pipe["rows"]] == ["conv1.conv", "conv1.relu", "pool1", "fc"]


@pytest.mark.parametrize(
    ("arguments", "params"),
    [
        (("resnet/101",), 44549160),
        (("resnet", "--set", "depth=101"), 44549160),
        (("resnet/50", "--set", "classes=10"), 23528522),
        (("dcgan:g",), 3576704),
        (("dcgan/g",), 3576704),
        (("vgg/16-bn",), 138365992),
    ],
)
def test_targets(call, arguments, params):
    code, out, _ = call("table", *arguments, "--format", "json")
    assert code == 0
    assert json.loads(out)["totals"]["params"] == params


def test_input_and_batch(call):
    _, out, _ = call("table", "net.yaml", "--input", "3x64x64", "--set", "x=1", "--format", "json")
    assert out == ""
    _, out, _ = call("table", "net.yaml", "--input", "3x64x64", "--batch", "4", "--format", "json")
    document = json.loads(out)
    assert document["batch"] == 4
    assert document["input"] == {"x": [3, 64, 64]}
    assert document["totals"]["macs"] == 216 * 64 * 64 + 8 * 32 * 32 * 10  # of one sample
    code, out, _ = call("table", "net.yaml", "--input", "x=3x64x64", "--batch", "4")
    assert code == 0
    assert f"{4 * (216 * 64 * 64 + 8 * 32 * 32 * 10):,}" in out


def test_symbols(call):
    code, out, _ = call("table", "net.yaml", "--sym", "H,W", "--columns", "layer,output,macs")
    assert code == 0
    assert "216·H·W" in out


@pytest.mark.parametrize("ending", ["txt", "md", "tex", "html", "csv", "tsv", "json"])
def test_the_ending_picks_the_format(call, ending):
    code, out, err = call("table", "net.yaml", "-o", f"out.{ending}")
    assert (code, out, err) == (0, "", "")
    text = Path(f"out.{ending}").read_text(encoding="utf-8")
    signs = {"txt": "──", "md": "| ", "tex": r"\toprule", "html": "<table", "csv": ",", "tsv": "\t", "json": '"schema"'}
    assert signs[ending] in text
    assert sorted(path.name for path in Path().iterdir()) == ["net.yaml", f"out.{ending}"]


def test_a_file_that_cannot_be_written_is_left_alone(call):
    Path("folder").mkdir()
    code, out, err = call("table", "net.yaml", "-o", "missing/out.txt")
    assert (code, out) == (2, "")
    assert "cannot write missing/out.txt: no such file or directory" in err
    code, _, err = call("table", "net.yaml", "-o", "out.pdf")
    assert code == 2
    assert "'out.pdf' ends in no known format" in err
    Path("old.txt").write_text("old", encoding="utf-8")
    code, _, _ = call("table", "nothing.yaml", "-o", "old.txt")
    assert code == 2
    assert Path("old.txt").read_text(encoding="utf-8") == "old"


def test_a_link_stays_a_link_and_a_device_a_device(call, tmp_path):
    (tmp_path / "real.txt").write_text("old", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to("real.txt")
    assert call("table", "net.yaml", "-o", "link.txt") == (0, "", "")
    assert (tmp_path / "link.txt").is_symlink()
    assert "20,714" in (tmp_path / "real.txt").read_text(encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.txt")
    with subprocess.Popen(["cat", "pipe.txt"], cwd=tmp_path, stdout=subprocess.PIPE) as reader:
        assert call("table", "net.yaml", "-o", "pipe.txt") == (0, "", "")
        assert b"20,714" in reader.communicate(timeout=20)[0]


@pytest.mark.parametrize(
    ("typed", "offered"), [("alexn", ["alexnet", "alexnet_2gpu"]), ("resnet/15", ["resnet/152"]), ("nothing/", [])]
)
def test_the_tab_key_completes_networks(typed, offered):
    code = "from archcalc.cli.entry import main; main([])"
    words = {"_ARCHCALC_COMPLETE": "complete_bash", "COMP_WORDS": f"archcalc table {typed}", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **words}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == offered


def test_csv_parses_back(call):
    _, out, _ = call("table", "net.yaml", "--format", "csv", "--columns", "layer,params,macs,flops")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["layer"] for row in rows][-1] == "fc"
    assert sum(int(row["params"] or 0) for row in rows) == 20714
    assert sum(int(row["flops"] or 0) for row in rows) == 2 * 241664


def test_ascii_and_chinese(call):
    _, out, _ = call("table", "net.yaml", "--ascii")
    assert out.isascii()
    _, out, _ = call("table", "net.yaml", "--lang", "zh")
    assert "参数量" in out


@pytest.mark.parametrize("style", ["summary", "lecture", "lenet", "ops", "keras", "stages"])
def test_styles(call, style):
    code, out, err = call("table", "net.yaml", "--style", style)
    assert (code, err) == (0, "")
    assert "conv1" in out or "conv" in out.lower()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("table", "alexnett"), "no spec 'alexnett' (did you mean 'alexnet'?)"),
        (("table", "lsh"), "'lsh' has no network: it hashes with q random projections"),
        (("table", "net"), "no built-in spec 'net' (did you mean ./net.yaml?)"),
        (("table", "net.yaml", "--style", "lectur"), "did you mean 'lecture'?"),
        (("table", "net.yaml", "--format", "pdf"), "pdf"),
        (("table", "net.yaml", "--columns", "layer,parms"), "did you mean 'params'?"),
        (("table", "net.yaml", "--sort", "macz"), "did you mean 'macs'?"),
        (("table", "net.yaml", "--set", "width"), "--set width: write --set depth=101"),
        (("table", "net.yaml", "--set", "width=2"), "net has no parameter 'width'"),
        (("table", "net.yaml", "--input", "3x32"), "E0"),
        (("table", "net.yaml", "--input", "big"), "'big' is no input size"),
        (("table", "net.yaml", "--batch", "0"), "must be at least 1"),
        (("table", "net.yaml", "--sym", "Q"), "no parameter 'Q' to free"),
        (("table", "net.yaml", "--limit", "nodes=2"), "more than 2 layers and merges"),
        (("table", "net.yaml", "--limit", "nodes=99999999"), "raising needs --unsafe-limits"),
        (("table", "net.yaml", "--path", "nowhere"), "no such folder"),
        (("table", "gone.yaml"), "cannot read gone.yaml: no such file or directory"),
        (("table", "."), "is not a target"),
        (("table",), "Missing argument"),
        (("tabel", "alexnet"), "No such command"),
        (("table", "net.yaml", "--colums", "x"), "No such option"),
        (("layers", "cnov"), "no layer type 'cnov' (did you mean 'conv'?)"),
        (("verify",), "nothing to verify"),
        (("show", "net.yaml", "--expand", "--json"), "--expand goes with neither"),
    ],
)
def test_wrong_input_is_said_and_exits_2(call, arguments, said):
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_errors_as_workflow_commands_and_as_json(call):
    Path("bad.yaml").write_text("archcalc: 1\ninput: 3x8x8\nlayers: rleu\n", encoding="utf-8")
    code, _, err = call("table", "bad.yaml", "--errors", "github")
    assert code == 2
    assert err.startswith("::error file=bad.yaml,line=3,col=9,title=E058::unknown layer or block 'rleu'")
    _, _, err = call("table", "bad.yaml", "--errors", "json")
    problem = json.loads(err)
    assert (problem["code"], problem["line"], problem["column"]) == ("E058", 3, 9)


def test_all_problems_of_a_file_at_once(call):
    Path("bad.yaml").write_text("archcalc: 1\ninptu: 3x8x8\nlayers: rleu\nexpct: {}\n", encoding="utf-8")
    _, _, err = call("table", "bad.yaml")
    assert [line.split("error[")[1][:4] for line in err.splitlines() if "error[" in line] == [
        "E041",
        "E002",
        "E058",
        "E002",
    ]


def test_verify(call):
    code, out, err = call("verify", "net.yaml")
    assert (code, err) == (0, "")
    assert "net.yaml  ok, 2 expectations" in out
    Path("net.yaml").write_text(NET.replace("20714", "20715"), encoding="utf-8")
    code, out, err = call("verify", "net.yaml")
    assert code == 1
    assert "net.yaml:8:18: error[X002]: expected params 20,715, computed 20,714 (-1)" in err
    assert "1 of 2 expectations fail" in out
    code, _, err = call("table", "net.yaml")
    assert code == 0  # an expectation never changes a result
    assert "warning[X002]" in err
    code, _, _ = call("verify", "gone.yaml")
    assert code == 2


def test_verify_says_where_the_difference_starts(call):
    text = NET.replace("half", "").replace("- pool1: maxpool 2", "- pool1: maxpool 2\n    expect: 8x16x16")
    Path("net.yaml").write_text(text, encoding="utf-8")
    code, _, err = call("verify", "net.yaml")
    assert code == 1
    assert "error[X001]: pool1: expected 8x16x16, computed 8x15x15" in err
    assert "= the first shape that differs is that of pool1" in err


def test_verify_a_folder(call):
    Path("specs").mkdir()
    Path("specs/a.yaml").write_text(NET, encoding="utf-8")
    Path("specs/b.yaml").write_text(NET.replace("241664", "1"), encoding="utf-8")
    Path("specs/readme.yaml").write_text("no: spec\n", encoding="utf-8")
    code, out, _ = call("verify", "specs")
    assert code == 1
    assert "1 of 2 networks as expected" in out
    assert "readme" not in out


def test_list(call):
    code, out, _ = call("list", "alexnet", "--format", "json")
    assert code == 0
    networks = {entry["target"]: entry for entry in json.loads(out)["networks"]}
    assert networks["alexnet"]["params"] == 60965224
    code, out, _ = call("list", "resnet")
    assert "resnet" in out
    code, _, err = call("list", "nosuchnetwork")
    assert code == 1
    assert "nothing matches" in err


def test_list_of_a_folder_of_ones_own(call):
    _, out, _ = call("list", "Small", "--path", ".", "--exact")
    assert "net" in out
    assert "20,714" in out


def test_show(call):
    assert call("show", "net.yaml")[1] == NET
    twin = json.loads(call("show", "net.yaml", "--json")[1])
    assert twin["layers"][0] == {"conv1": "conv 8 3x3 half -> relu"}
    assert twin["expect"]["params"] == 20714
    long = call("show", "net.yaml", "--long")[1]
    assert "{op: conv, out: 8, kernel: 3x3, pad: half}" in long
    flat = call("show", "net.yaml", "--expand")[1]
    assert flat.splitlines()[1].startswith("conv1.conv")
    assert "<- x" in flat
    for form in ("--json", "--long"):
        _, text, _ = call("show", "net.yaml", form)
        _, out, _ = call("table", "-", "--format", "json", stdin=text)
        assert json.loads(out)["totals"]["params"] == 20714


def test_layers(call):
    code, out, _ = call("layers")
    assert code == 0
    assert "dwconv" in out
    _, out, _ = call("layers", "conv")
    assert "+ 1 = 55" in out
    _, out, _ = call("layers", "swish", "--ascii")
    assert out.isascii()
    assert out.startswith("silu")


def test_schema(call):
    code, out, _ = call("schema")
    assert code == 0
    assert json.loads(out)["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_version_and_help(call):
    assert call("--version")[1].startswith("archcalc 0.")
    code, out, _ = call("--help")
    assert code == 0
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches_by_example(call, name):
    code, out, _ = call(name, "--help")
    assert code == 0
    assert f"archcalc {name}" in out.replace("Usage: archcalc", "")
    assert max(len(line) for line in out.splitlines()) <= 100


def execute(*arguments, **options):
    script = [sys.executable, "-m", "archcalc", *arguments]
    return subprocess.run(script, capture_output=True, text=True, check=False, **options)


def test_a_closed_pipe_is_no_error():
    command = f'"{sys.executable}" -m archcalc table resnet/152 | head -1'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("ResNet")


def test_an_ascii_terminal_gets_ascii():
    done = execute("table", "alexnet", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_a_pipe_gets_no_colours():
    assert "\x1b" not in execute("table", "alexnet").stdout
    assert "\x1b" not in execute("table", "alexnett").stderr


def test_a_bug_of_ours_exits_70(monkeypatch, capsys):
    def broken(arguments):
        raise ZeroDivisionError

    monkeypatch.setattr("archcalc.cli.app.build_app", broken)
    assert run(["table", "alexnet"]) == 70
    assert "this is a bug of archcalc" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["text", "terminal"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("table", "lenet"),
        ("list", "lenet"),
        ("explain", "lenet", "C1", "-w", "params"),
        ("compare", "vgg/16", "vgg/19"),
        ("memory", "lenet"),
        ("reconcile", "lenet", "60840"),
        ("solve", "conv 8 3x3 pad=?", "--input", "3x9x9", "--output", "9"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_plain_text_has_two_names(call, arguments, word):
    code, out, _ = call(*arguments, "--format", word)
    assert code == 0
    assert out == call(*arguments)[1]
