"""A table in LaTeX, ruled by the package booktabs."""

from typing import Final

from archcalc.render.text import latex as escape
from archcalc.render.view import Line, Look, Table

_SIDES: Final = {"left": "l", "right": "r", "center": "c"}


def latex(table: Table, _look: Look) -> str:
    r"""Return a tabular, its title and notes as lines over all columns; it needs \usepackage{booktabs}."""
    count = len(table.columns)
    sides = "".join(_SIDES[column.align] for column in table.columns)
    lines = [rf"\begin{{tabular}}{{{sides}}}", _wide(table.title, count, "textbf"), r"\toprule"]
    lines += [_row(tuple(column.heading for column in table.columns)), r"\midrule"]
    for at, section in enumerate(table.sections):
        if at:
            lines.append(r"\midrule")
        if section.title:
            lines.append(_wide(section.title, count, "textit"))
        lines += (_row(_texts(line)) for line in section.rows)
        if section.totals:
            lines += [r"\midrule", *(_row(_texts(line)) for line in section.totals)]
    lines.append(r"\bottomrule")
    lines += (_wide(note, count, "footnotesize") for note in table.notes)
    return "\n".join([*lines, r"\end{tabular}"])


def _texts(line: Line) -> tuple[str, ...]:
    return tuple(cell.text for cell in line)


def _row(texts: tuple[str, ...]) -> str:
    line = " & ".join(map(escape, texts)) + r" \\"
    # after \\ LaTeX takes [ and * for arguments
    return "{}" + line if line.startswith(("[", "*")) else line


def _wide(text: str, count: int, command: str) -> str:
    styled = rf"\footnotesize {escape(text)}" if command == "footnotesize" else rf"\{command}{{{escape(text)}}}"
    return rf"\multicolumn{{{count}}}{{l}}{{{styled}}} \\"
