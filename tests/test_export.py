"""Exported files: names of a spec never get in the way of Python or torch, and the text is formatted."""

import json
import shutil
import subprocess

import pytest
from test_torch_backend import check_export, document, graph_of

from archcalc import api
from archcalc.analysis import analyze
from archcalc.cli.entry import run
from archcalc.export import export


@pytest.mark.parametrize(
    "name",
    [
        "_modules",
        "_buffers",
        "__init__",
        "__class__",
        "__dict__",
        "__import__",
        "class",
        "None",
        "self",
        "super",
        "forward",
        "training",
        "range",
        "print",
        "torch",
        "nn",
        "F",
        "y",
        "x2",
        "spread",
        "conv_2",
    ],
)
def test_a_name_of_a_spec_is_only_a_name(name):
    layers = [{name: "conv 3 3x3 half"}, {"residual": ["conv 3 1x1"]}, "fc 3"]  # the value is read twice
    graph = graph_of(document(json.dumps({"archcalc": 1, "input": "3x8x8", "layers": layers})))
    check_export("net", graph, analyze(graph))


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
@pytest.mark.parametrize(
    "target", ["resnet/50", "googlenet", "densenet/121", "unet", "faster_rcnn", "detr", "gpt2", "dssd"]
)
def test_a_file_is_formatted_and_clean(target, tmp_path):
    graph = api.load(target)
    file = tmp_path / "net.py"
    file.write_text(export(graph, analyze(graph).totals.params_train), encoding="utf-8")
    for command in (["format", "--check", "--line-length", "120"], ["check"]):
        done = subprocess.run(["ruff", *command, "--isolated", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_a_wrong_form_is_corrected(capsys):
    assert run(["export", "lenet", "--to", "pytorch"]) == 2
    assert "did you mean 'torch'?" in capsys.readouterr().err
