"""The house: who may import whom, checked from the contract in pyproject.toml with ast."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "archcalc"
FILES = sorted(PACKAGE.rglob("*.py"))
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS = CONFIG["tool"]["importlinter"]["contracts"][0]["layers"]
RANK = {room.strip(): rank for rank, layer in enumerate(reversed(LAYERS)) for room in layer.split("|")}
# package → the only rooms that may import it
HOMES = {
    "yaml": {"spec/reader.py", "spec/writer.py"},
    "typer": {"cli"},
    "tabulate": {"render/formats"},
    "graphviz": {"diagram/dot.py"},
    "pydantic": {"layers", "spec/building.py"},
    "keras": {"export/keras_modules.py"},
    "numpy": {"sweep"},
    "pyarrow": {"sweep/present.py"},
    "sympy": set(),
    "torch": {"torch_backend"},
    "click": set(),
}


def room(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield f"{node.module}.{node.names[0].name}" if node.module == "archcalc" else node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_what_stands_below(path):
    here = room(path)
    if here in ("__init__", "__main__"):
        return
    assert here in RANK, f"{here} is in no layer of the contract"
    for name in imports(path):
        if not name.startswith("archcalc."):
            continue
        there = name.split(".")[1]
        if there in ("__version__", here):
            continue
        assert RANK[there] < RANK[here], f"{path}: {here} must not import {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_packages_stay_in_their_rooms(path):
    place = str(path.relative_to(PACKAGE))
    for name in imports(path):
        package = name.split(".")[0]
        if package in HOMES:
            assert any(place == home or place.startswith(f"{home}/") for home in HOMES[package]), (place, package)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_state(path):
    """What stands at module level is a constant, a type or a definition; a table that could change is read-only."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        assert not isinstance(node, (ast.For, ast.While, ast.With, ast.Global, ast.AugAssign))
        value = getattr(node, "value", None)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and not is_all(node):
            changeable = (ast.List, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
            assert not isinstance(value, changeable), ast.unparse(node)


def is_all(node):
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"


def test_nothing_evaluates_code():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), path
