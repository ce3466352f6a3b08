"""Which packages a command imports: cold start is what a user waits for."""

import subprocess
import sys

import pytest

WATCHED = ("torch", "sympy", "numpy", "graphviz", "tabulate", "pydantic", "typer", "yaml", "rich", "click")
TEXT_TABLE = {"pydantic", "typer", "yaml"}


def loaded(code):
    script = f"{code}\nimport sys\nprint(*sorted(set(sys.modules) & {set(WATCHED)!r}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def command(*arguments):
    return f"from archcalc.cli.entry import run\nassert run({list(arguments)!r}) == 0"


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import archcalc", set()),
        ("import archcalc.report, archcalc.render, archcalc.arithmetic, archcalc.quantities", set()),
        (command("table", "alexnet"), TEXT_TABLE),
        (command("table", "alexnet", "--format", "json"), TEXT_TABLE),
        (command("table", "alexnet", "--style", "lecture"), TEXT_TABLE),
        (command("table", "alexnet", "--format", "markdown"), TEXT_TABLE | {"tabulate"}),
        (command("table", "resnet/18", "--sym", "H,W"), TEXT_TABLE),
        (command("show", "alexnet"), TEXT_TABLE),
        (command("verify", "alexnet"), TEXT_TABLE),
        (command("explain", "alexnet", "conv1"), TEXT_TABLE),
        (command("worksheet", "lenet"), TEXT_TABLE),
        (command("draw", "alexnet"), TEXT_TABLE | {"graphviz"}),
        (command("draw", "alexnet", "--view", "volumes"), TEXT_TABLE),
        (command("layers"), TEXT_TABLE),
        (command("schema"), TEXT_TABLE),
        (command("--version"), {"typer", "pydantic"}),
    ],
    ids=lambda value: value[-60:] if isinstance(value, str) else "",
)
def test_imports(code, allowed):
    assert loaded(code) <= allowed
