"""One harness for the layer types: every case of tests/cases/<op>.yaml, as data.

A case is a mapping: what goes in, `settings` and `input` (`inputs` of a merge), and what must come out:

    name      what the case shows; unique in its file
    output    the output's shape
    weights   {name: shape}, exactly these; buffers: the same for running statistics
    params    the number of parameters; frozen: the part of them that is frozen
    ops       {kind: number}, all other kinds 0
    window    {kernel, stride, dilation, before, after: one number an axis}, those given; null: all is seen
    runs      the factor on the runs
    source    where the numbers come from, never archcalc; required
    error     instead of all these: a part of the message of the refusal

A setting that names another layer is `{path: pool5, shape: [512, 14, 14]}`.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from archcalc.arithmetic import total
from archcalc.errors import ShapeError
from archcalc.layers import build
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.layers.settings import Reference

FOLDER = Path(__file__).parent / "cases"
EXPECTED = {"output", "weights", "buffers", "params", "frozen", "ops", "window", "runs"}
KEYS = EXPECTED | {"name", "settings", "input", "inputs", "source", "error"}


def cases(op: str) -> list[dict[str, Any]]:
    return yaml.safe_load((FOLDER / f"{op}.yaml").read_text(encoding="utf-8"))


def value(written: Any) -> Any:
    """A setting as the expansion would hand it over: tuples for lists, a Reference for a named layer."""
    if isinstance(written, list):
        return tuple(value(item) for item in written)
    if isinstance(written, dict):
        return Reference(written["path"], tuple(written["shape"]))
    return written


def facts(op: str, case: dict[str, Any]) -> dict[str, Any]:
    """Everything that a layer or merge says, in the form of a case."""
    layer = build(op, {name: value(written) for name, written in case.get("settings", {}).items()})
    x = tuple(map(tuple, case["inputs"])) if "inputs" in case else tuple(case["input"])
    y = layer.output_shape(x)
    window = layer.window(x)
    told = {
        "output": list(y),
        "ops": layer.ops(x, y).nonzero(),
        "window": {name: list(getattr(window, name)) for name in window.__slots__} if window else None,
    }
    if "inputs" in case:
        return told
    weights = layer.weights(x)
    stored = [weight for weight in weights if weight.kind != "buffer"]
    return told | {
        "weights": {weight.name: list(weight.shape) for weight in stored},
        "buffers": {weight.name: list(weight.shape) for weight in weights if weight.kind == "buffer"},
        "params": total(weight.size for weight in stored),
        "frozen": total(weight.size for weight in stored if weight.kind == "frozen"),
        "runs": layer.run_factor(),
    }


def check_form(case: dict[str, Any]) -> None:
    assert set(case) <= KEYS, f"unknown keys {sorted(set(case) - KEYS)}"
    assert case.get("name"), "a case needs a name"
    assert ("input" in case) != ("inputs" in case), "a case has an input, or inputs of a merge"
    given = EXPECTED & set(case)
    assert given if "error" not in case else not given, "a case expects numbers or an error"
    assert "error" in case or case.get("source"), "the numbers of a case need a source"


ALL = [(op, case) for op in (*LAYERS, *MERGES) if (FOLDER / f"{op}.yaml").exists() for case in cases(op)]


@pytest.mark.parametrize(("op", "case"), ALL, ids=[f"{op}: {case.get('name')}" for op, case in ALL])
def test_case(op: str, case: dict[str, Any]) -> None:
    check_form(case)
    if "error" in case:
        with pytest.raises((ShapeError, ValidationError)) as refusal:
            facts(op, case)
        assert case["error"] in str(refusal.value)
        return
    told = facts(op, case)
    for key in sorted(EXPECTED & set(case)):
        wanted, found = case[key], told[key]
        if key == "ops":
            wanted = {kind: number for kind, number in wanted.items() if number}
        if key == "window" and wanted is not None and found is not None:
            found = {name: found[name] for name in wanted}
        assert found == wanted, key


@pytest.mark.parametrize("wrong", [{"outputs": [1]}, {"error": "no"}, {"source": ""}, {"inputs": [[1]]}])
def test_a_malformed_case_is_refused(wrong: dict[str, Any]) -> None:
    good = {"name": "a", "settings": {}, "input": [1], "output": [1], "source": "by hand"}
    check_form(good)
    with pytest.raises(AssertionError):
        check_form(good | wrong)
