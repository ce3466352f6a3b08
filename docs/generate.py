"""Writes the pages of docs/reference that follow from the code: `python docs/generate.py`.

`tests/test_reference_pages.py` fails where a page on disk is not what this writes.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from archcalc import listing, reference
from archcalc.cli.app import COMMANDS, build_app
from archcalc.codes import CODES
from archcalc.conventions.catalogue import CONVENTIONS
from archcalc.conventions.explain import text
from archcalc.homework.arithmetic import evaluate
from archcalc.homework.mistakes import CATALOGUE
from archcalc.homework.mistakes.layers import COMBINED
from archcalc.homework.mistakes.signatures import SIGNATURES
from archcalc.layers import layer_class
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.limits import Limits
from archcalc.spec.schema import spec_schema

CASES = Path(__file__).parent.parent / "tests" / "cases" / "conventions.yaml"
FOLDER = Path(__file__).parent / "reference"

# limit → what it bounds, the error it raises
LIMITS = MappingProxyType(
    {
        "file_bytes": ("size of a file, bytes", "Y001"),
        "yaml_nodes": ("YAML nodes in a file", "Y002"),
        "yaml_depth": ("depth of YAML nesting", "Y003"),
        "expression_length": ("characters of an expression", "E050"),
        "expression_nodes": ("nodes of an expression's tree", "E050"),
        "number": ("absolute value of a number in an expression", "E050"),
        "list_items": ("items of a list in an expression", "E050"),
        "exponent": ("exponent of a power", "E050"),
        "repeats": ("repeats of a step, rounds of a loop", "E065"),
        "groups": ("depth of groups in a chain", "E014"),
        "calls": ("depth of block calls and `use`", "E091"),
        "nodes": ("layers and merges of the expanded network", "E090"),
        "steps": ("expansion steps: runs of steps, rounds, block calls", "E092"),
        "rank": ("axes of a shape", "E080"),
        "dimension": ("size of one axis", "E080"),
        "total": ("parameters or multiply-adds, of a layer and in total", "E080"),
        "name": ("characters of a name", "E054"),
        "params": ("parameters of a file", "P001"),
    }
)


def layers() -> str:
    """Return layers.md."""
    lines = ["# Layer types", "", "Each type with its settings, its formulas and an example worked out.", ""]
    lines += ["Formulas are what the type's own rules say when they run on named numbers.", ""]
    ops = [*LAYERS, *MERGES]
    families = sorted({layer_class(op).family for op in ops})
    for family in families:
        lines += [f"## {family.capitalize()}", ""]
        for op in ops:
            if layer_class(op).family == family:
                lines += _layer(op)
    return "\n".join(lines).rstrip() + "\n"


def _layer(op: str) -> Iterator[str]:
    entry = reference.entry(op)
    yield from (f"### {op}", "", f"`{entry.usage}`", "", entry.text, "")
    if entry.aliases:
        yield from (f"Also written {', '.join(f'`{alias}`' for alias in entry.aliases)}.", "")
    if entry.settings:
        yield from ("| setting | by position | default |", "| --- | --- | --- |")
        for setting in entry.settings:
            default = "required" if setting.default is None else f"`{setting.default}`"
            yield f"| `{setting.name}` | {'yes' if setting.positional else ''} | {default} |"
        yield ""
    yield from ("```text", *reference.example(entry).splitlines(), "```", "")


def commands() -> str:
    """Return cli.md."""
    lines = ["# Commands", "", "Exit codes: 0 fine, 1 a finding, 2 bad input or usage, 70 a bug of archcalc.", ""]
    lines += ["Results go to stdout, everything else to stderr.", ""]
    for name in COMMANDS:
        lines += [f"## archcalc {name}", "", "```text", help_of(name).rstrip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def help_of(name: str) -> str:
    """Return the help of a command, 100 columns wide."""
    from typer.testing import CliRunner

    result = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"}).invoke(build_app([name]), [name, "--help"])
    return result.output.replace("Usage: root ", "Usage: archcalc ")


def errors() -> str:
    """Return errors.md."""
    lines = [
        "# Errors",
        "",
        "`file:line:column: error[CODE]: message`, the source line with a mark, the calls around.",
        "",
    ]
    lines += ["| code | meaning |", "| --- | --- |", *(f"| {code} | {text} |" for code, text in CODES.items())]
    return "\n".join(lines) + "\n"


def limits() -> str:
    """Return limits.md."""
    held = Limits()
    lines = ["# Limits", "", "A spec is untrusted input; reading one always ends within these bounds.", ""]
    lines += ["`--limit name=value` lowers one; raising one needs `--unsafe-limits` as well.", ""]
    lines += ["| limit | bounds | value | error |", "| --- | --- | --: | --- |"]
    lines += [f"| `{name}` | {what} | {getattr(held, name):,} | {code} |" for name, (what, code) in LIMITS.items()]
    return "\n".join(lines) + "\n"


def zoo() -> str:
    """Return zoo.md."""
    lines = ["# Networks", "", "Every variant of the built-in specs whose totals are stated, for one sample.", ""]
    found = listing.variants_of_all()
    for task in sorted({row.task for row in found}):
        lines += [f"## {task.replace('_', ' ').capitalize()}", ""]
        lines += ["| target | parameters | MACs | input | source |", "| --- | --: | --: | --- | --- |"]
        for row in found:
            if row.task == task:
                shapes = ", ".join("x".join(str(size) for size in shape) for shape in row.inputs)
                link = f"[`{row.target}`](../../specs/{row.file})"
                source = " ".join(row.source.replace("|", "\\|").split())
                lines.append(f"| {link} | {row.params:,} | {row.macs:,} | {shapes} | {source} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def conventions() -> str:
    """Return conventions.md."""
    lines = [
        "# Conventions",
        "",
        "Ways of counting, as data: the first line that a layer matches says what is counted of",
    ]
    lines += ["it. `archcalc conventions NAME` prints one, `--convention NAME` counts by it.", ""]
    lines += ["| convention | of | counts |", "| --- | --- | --- |"]
    for held in CONVENTIONS.values():
        tool = f"{held.tool} {held.version}".strip() or "archcalc"
        lines.append(f"| [`{held.name}`](#{held.name}) | {tool} | {held.quantity} |")
    lines.append("")
    for held in CONVENTIONS.values():
        lines += [
            f"## {held.name}",
            "",
            "```text",
            *(line.rstrip() for line in text(held).rstrip().splitlines()),
            "```",
            "",
        ]
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    figures = [len(case.get("figures", {})) for part in ("layers", "networks") for case in cases[part]]
    lines += [
        "## What the tools print",
        "",
        f"{sum(figures):,} figures that the tools print for {len(cases['layers'])} layers and",
    ]
    lines += [
        f"{len(cases['networks'])} networks are reproduced to the last digit by the test suite. These are not, since no"
    ]
    lines += ["rule gives them:", "", "| layer | input | tool | prints | why |", "| --- | --- | --- | --: | --- |"]
    for case in cases["layers"]:
        for tool, figure in case.get("differs", {}).items():
            what = " ".join(str(case["layer"]).split())
            lines.append(f"| `{what}` | {case['input']} | {tool} | {figure['value']:,} | {figure['reason']} |")
    return "\n".join(lines) + "\n"


def mistakes() -> str:
    """Return mistakes.md."""
    lines = ["# Mistakes", "", "What `archcalc check` can say about a wrong number, and what `archcalc worksheet`"]
    lines += ["offers as choices. A mistake is named only if it gives exactly the number that stands there.", ""]
    lines += ["## In published answers", "", "The 34 mistakes of answers that people have published. Some are right"]
    lines += ["under a convention; that is said before any mistake.", ""]
    lines += ["| | mistake | network | wrong | right | said |", "| --: | --- | --- | --: | --: | --- |"]
    for each in SIGNATURES:
        for at, handed in enumerate(each.handed):
            head = f"| {each.number} | {each.en} |" if at == 0 else "| | |"
            told = f"right under `{handed.told[6:]}`" if handed.told.startswith("under ") else f"`{handed.told}`"
            wrong, right = (_figure(text.rpartition(",")[2]) for text in (handed.wrong, handed.right))
            lines.append(f"{head} {_network(handed)} | {wrong} | {right} | {told} |")
    lines += ["", "## The catalogue", "", "Each is tried on the layer of the cell, most plausible first.", ""]
    lines += ["| id | what it is | 中文 | in | example | wrong | right |"]
    lines += ["| --- | --- | --- | --- | --- | --: | --: |"]
    for mistake in CATALOGUE:
        example = mistake.example
        what, zh = (text.replace("{channels}", "n").replace("*", "\\*") for text in (mistake.en, mistake.zh))
        cells = (f"`{mistake.id}`", what, zh, ", ".join(mistake.quantities), _network(example),
                 _worked(example.wrong), _worked(example.right))  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "Two of these may come together in one cell: " + ", ".join(f"`{each}`" for each in COMBINED) + "."]
    return "\n".join(lines) + "\n"


def _network(example: Any) -> str:
    given = f" on {example.input}" if example.input else ""
    return f"`{' '.join(example.network.split())}`{given}"


def _worked(text: str) -> str:
    """Return a calculation with its value; a number or a shape as it is."""
    if "x" in text or text.isdecimal():
        return _figure(text)
    return f"`{text}` = {_figure(str(evaluate(text).number))}"


def _figure(text: str) -> str:
    return f"{int(text):,}" if text.isdecimal() else text


def schema() -> str:
    """Return spec.schema.json."""
    return json.dumps(spec_schema(), ensure_ascii=False, indent=2) + "\n"


PAGES: MappingProxyType[str, Callable[[], Any]] = MappingProxyType(
    {
        "layers.md": layers,
        "cli.md": commands,
        "errors.md": errors,
        "limits.md": limits,
        "zoo.md": zoo,
        "conventions.md": conventions,
        "mistakes.md": mistakes,
        "spec.schema.json": schema,
    }
)

if __name__ == "__main__":
    for page, make in PAGES.items():
        (FOLDER / page).write_text(make(), encoding="utf-8", newline="\n")
        print(FOLDER / page)
