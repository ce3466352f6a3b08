"""Writes the pages of docs/reference that follow from the code: `python docs/generate.py`.

`tests/test_reference_pages.py` fails where a page on disk is not what this writes.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

from archcalc import listing, reference
from archcalc.cli.app import COMMANDS, build_app
from archcalc.codes import CODES
from archcalc.layers import layer_class
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.limits import Limits
from archcalc.spec.schema import spec_schema

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
        "spec.schema.json": schema,
    }
)

if __name__ == "__main__":
    for page, make in PAGES.items():
        (FOLDER / page).write_text(make(), encoding="utf-8", newline="\n")
        print(FOLDER / page)
