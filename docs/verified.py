"""Writes the table of explanation/how-counts-are-verified.md from a run: `python docs/verified.py`.

It takes minutes; `tests/test_torch_backend.py` checks that no built-in spec is missing from the table.
"""

import re
from collections import Counter
from pathlib import Path

import torch

from archcalc.analysis import analyze
from archcalc.api import load, open_document, variants
from archcalc.spec.library import Library, builtin_folder, spec_files
from archcalc.spec.target import parse_target
from archcalc.torch_backend.compare import compare

PAGE = Path(__file__).parent / "explanation" / "how-counts-are-verified.md"


def table() -> str:
    """Return the table, one row for each built-in spec, and its sums."""
    library = Library()
    rows, total = [], Counter[str]()
    for file in spec_files(builtin_folder()):
        name = file.stem
        document, _ = open_document(parse_target(name), library)
        sums = Counter[str]()
        for target, _, _ in variants(document, name):
            graph = load(target, library=library)
            report = analyze(graph)
            sums.update(compare(graph, report).outcomes)
            sums.update(networks=1, params=report.totals.params_train, macs=report.totals.macs_train)
        total += sums
        rows.append(_row(f"`{name}`", sums))
    head = ["spec", "networks", "layers verified", "differ", "not verifiable", "parameters", "multiply-adds"]
    lines = [f"| {' | '.join(head)} |", f"| --- |{' --: |' * (len(head) - 1)}", *rows, _row("all", total)]
    version = torch.__version__.partition("+")[0]
    note = (
        f"torch {version}. Parameters and multiply-adds are sums over the networks of a spec, training heads included."
    )
    return "\n".join([*lines, "", note])


def _row(name: str, sums: Counter[str]) -> str:
    kinds = ("networks", "verified", "differs", "not verifiable", "params", "macs")
    return f"| {' | '.join([name, *(f'{sums[kind]:,}' for kind in kinds)])} |"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    made = f"<!-- verified -->\n{table()}\n<!-- /verified -->"
    PAGE.write_text(re.sub(r"<!-- verified -->.*<!-- /verified -->", lambda _: made, text, flags=re.DOTALL), "utf-8")
