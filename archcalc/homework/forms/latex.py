"""Tables in LaTeX: tabular and its relatives."""

import re
from typing import Final

from archcalc.homework.grid import table_of
from archcalc.homework.sheet import Table

_TABULAR: Final = re.compile(
    r"\\begin\s*\{(?P<kind>tabular\*?|tabularx|longtable|array|tblr)\}(?P<body>.*?)\\end\s*\{(?P=kind)\}", re.DOTALL
)
_RULES: Final = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot|centering"
    r"|(?:cline|cmidrule)(?:\([a-z]*\))?\s*\{[^}]*\}|addlinespace(?:\[[^\]]*\])?|noalign\s*\{[^}]*\})"
)
_SPAN: Final = re.compile(r"\\multi(?:column|row)\s*\{([^}]*)\}\s*\{[^}]*\}\s*\{")
_STYLE: Final = re.compile(r"\\(?:textbf|textit|texttt|emph|textrm|mathrm|mathbf)\s*\{([^{}]*)\}")


def read_latex(text: str) -> tuple[Table, ...]:
    """Return the tables of a LaTeX text."""
    text = re.sub(r"(?<!\\)%.*", "", text)
    tables: list[Table] = []
    number = 1
    for match in _TABULAR.finditer(text):
        body = _RULES.sub("", _without_preamble(match["body"]))
        rows = [_cells(line) for line in re.split(r"\\\\(?:\s*\[[^\]]*\])?|\\tabularnewline", body) if line.strip()]
        # captions and notes take a whole line
        rows = [row for row in rows if any(row) and not _is_note(row)]
        if len(rows) >= 2:
            width = max(map(len, rows))
            table = table_of(rows[0] + [""] * (width - len(rows[0])), rows[1:], number)
            tables.append(table)
            number += len(table.lines)
    return tuple(tables)


def _is_note(row: list[str]) -> bool:
    return (
        len(row) > 1
        and sum(map(bool, row)) == 1
        and bool(row[0])
        and (len(row[0]) > 40 or row[0][0] == "\\" or "(" in row[0])
    )


def _without_preamble(body: str) -> str:
    """Return what follows the column specification, whose braces may nest."""
    at = 0
    while at < len(body) and body[at] in "[{ \t\n":
        if body[at].isspace():
            at += 1
            continue
        closing = {"[": "]", "{": "}"}[body[at]]
        opening, depth, start = body[at], 0, at
        for place in range(at, len(body)):
            depth += (body[place] == opening) - (body[place] == closing)
            if depth == 0:
                at = place + 1
                break
        if at == start:
            return body
        if opening == "{" and re.fullmatch(r"\{[lcrpmbXS|@!>\s\d.{}\\\w*-]*\}", body[start:at]):
            return body[at:]
    return body[at:]


def _cells(line: str) -> list[str]:
    cells: list[str] = []
    for part in re.split(r"(?<!\\)&", line):
        text = part.strip().removeprefix("{}")
        span = _SPAN.match(text)
        if span:
            text = text[span.end() :].rstrip().removesuffix("}")
        text = _STYLE.sub(r"\1", _STYLE.sub(r"\1", text))
        text = text.replace(r"\&", "&").replace(r"\textbackslash{}", "\\").replace(r"\textasciicircum{}", "^")
        text = re.sub(r"\\ldots(\{\})?", "…", text).replace(r"\to", "→")
        cells.append(text.strip())
        wide = span and span[0].startswith(r"\multicolumn") and span[1].strip().isdecimal()
        cells += [""] * (min(int(span[1]), 60) - 1 if span and wide else 0)
    return cells
