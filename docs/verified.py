"""Writes the table of explanation/how-counts-are-verified.md from a run: `python docs/verified.py`.

It takes a minute or two. `tests/test_torch_backend.py` runs the same networks, and compares the row of every spec.
"""

import re
from collections import Counter
from pathlib import Path

import torch

from archcalc.analysis import analyze
from archcalc.api import load, open_document, variants
from archcalc.report import Report
from archcalc.spec.library import Library, builtin_folder, spec_files
from archcalc.spec.target import parse_target
from archcalc.torch_backend.compare import Comparison, compare

PAGE = Path(__file__).parent / "explanation" / "how-counts-are-verified.md"


def table() -> str:
    """Return the table, one row for each built-in spec, and its sums."""
    library = Library()
    rows, total = [], Counter[str]()
    for file in spec_files(builtin_folder()):
        document, _ = open_document(parse_target(file.stem), library)
        sums = Counter[str]()
        for target, _, _ in variants(document, file.stem):
            graph = load(target, library=library)
            report = analyze(graph)
            sums += account(report, compare(graph, report))
        total += sums
        rows.append(row(f"`{file.stem}`", sums))
    head = ["spec", "networks", "layers verified", "differ", "not verifiable", "parameters", "multiply-adds"]
    lines = [f"| {' | '.join(head)} |", f"| --- |{' --: |' * (len(head) - 1)}", *rows, row("all", total)]
    version = torch.__version__.partition("+")[0]
    note = (
        f"torch {version}. Parameters and multiply-adds are sums over the networks of a spec, training heads included."
    )
    return "\n".join([*lines, "", note])


def account(report: Report, comparison: Comparison) -> Counter[str]:
    """Return what one network adds to the row of its spec."""
    outcomes = Counter[str](comparison.outcomes)
    return outcomes + Counter(networks=1, params=report.totals.params_train, macs=report.totals.macs_train)


def row(name: str, sums: Counter[str]) -> str:
    """Return a row of the table."""
    kinds = ("networks", "verified", "differs", "not verifiable", "params", "macs")
    return f"| {' | '.join([name, *(f'{sums[kind]:,}' for kind in kinds)])} |"


if __name__ == "__main__":
    made = f"<!-- verified -->\n{table()}\n<!-- /verified -->"
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"<!-- verified -->.*<!-- /verified -->", lambda _: made, text, flags=re.DOTALL), "utf-8")
