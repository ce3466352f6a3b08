"""Printouts of tools: Keras, torchsummary, torchinfo, torchsummaryX, torchstat.

A row is found by its shape in brackets, not by the columns, which are cut, shifted and wrapped in many ways.
"""

import re
from collections.abc import Sequence
from typing import Final

from archcalc.homework.arithmetic import plain
from archcalc.homework.headings import meanings
from archcalc.homework.sheet import Column, Line, Sheet, Table

_SIZES: Final = r"[\[(]\[?\(?\s*(?:None|\?|-?\d+)(?:,\s*(?:None|\?|-?\d+))*"
_SHAPE: Final = rf"{_SIZES},?\s*[…)]?\]?[\])](?:,\s*[\[(][^\])]*[\])])*"
_COUNT: Final = r"(?:\d[\d,]*(?:\.\d+)?[KMGkmg]?|--|-|\(recursive\)|N/A)"
_HEADER: Final = re.compile(
    r"Layer\s*\(type(?::depth-idx)?[^)]*\)|Kernel\s*Shape\s+Output\s*Shape|module\s+name\s+input\s+shape"
)
_ROWS: Final = tuple(
    re.compile(rf"^(?P<name>.*?\S)\s+(?P<shape>{shape})\s{rest}$")
    for shape, rest in (
        (rf"{_SHAPE}|--|multiple|\?", rf"+(?P<rest>{_COUNT}.*)?"),
        (_SHAPE, "*"),
        (_SIZES, rf"+(?P<rest>{_COUNT}.*)"),  # cut off by the column
    )
)
_TOTALS: Final = (
    (re.compile(r"Non-trainable params:\s*(\S+)"), "nontrainable"),
    (re.compile(r"(?<!Non-)Trainable params:\s*(\S+)"), "trainable"),
    (re.compile(r"Total params:\s*(\S+)"), "params"),
    (re.compile(r"Total mult-adds(?:\s*\((?P<unit>\w)\w*\))?:\s*([\d.,]+)\s*([KMGkmg])?"), "macs"),
    (re.compile(r"Total M[Aa]dd:\s*([\d.,]+[KMG]?)MAdd"), "flops"),
    (re.compile(r"^Total params\s+([\d.,]+[KMGkmg]?)\s*$", re.MULTILINE), "params"),
    (re.compile(r"^Mult-Adds\s+([\d.,]+[KMGkmg]?)\s*$", re.MULTILINE), "macs"),
    (re.compile(r"Total Flops:\s*([\d.,]+[KMG]?)Flops", re.IGNORECASE), "macs"),
)  # fmt: skip
_LONGEST: Final = 500
_TREE: Final = re.compile(r"^[\s│├└─|+-]+")
_NAME: Final = re.compile(r"(?P<name>[\w./:-]+…?)\s*\((?P<type>\w[\w.]*)[…)]?\s*$")
_BOX: Final = re.compile(r"[│┃|]")


def read_printout(text: str) -> Sheet | None:
    """Return the sheet of a tool's printout, or None if it is none."""
    lines = text.split("\n")
    head = next((at for at, line in enumerate(lines) if _HEADER.search(line)), None)
    if head is None or lines[head].count("|") > 1 or "&" in lines[head]:
        return None
    header = lines[head]
    if "module" in header:
        return _torchstat(lines, head)
    if "Kernel Shape" in header:
        return _torchsummary_x(lines, head)
    boxed = _unboxed(lines[head + 1 :])
    is_tree = "depth-idx" in header or "var_name" in header
    framework = "torch" if is_tree or re.search(r"\[-1, ", text) else "keras"
    return Sheet((_rows(boxed, header, text),), framework, _version(framework, text))


def _version(framework: str, text: str) -> str:
    """Return `keras1` for a printout of Keras 1, which counts no running statistics and no trainable total."""
    if framework == "keras" and "Total params" in text and "rainable params" not in text:
        return "keras1"
    return framework


def _unboxed(lines: Sequence[str]) -> list[str]:
    """Return the rows of a box with its walls gone and their wrapped cells joined; other lines as they are.

    │ conv2d (Conv2D) │ (None, 26, 26, │ 320 │
    │                 │ 32)            │     │   →   conv2d (Conv2D)   (None, 26, 26, 32)   320
    """
    found: list[str] = []
    open_row: list[str] = []
    for line in lines:
        is_row = line.count("│") + line.count("┃") >= 3
        cells = [cell.strip() for cell in _BOX.split(line.strip())][1:-1] if is_row else []
        if is_row and open_row and len(cells) == len(open_row):
            open_row = [f"{a} {b}".strip() for a, b in zip(open_row, cells, strict=True)]
            continue
        if open_row:
            found.append("   ".join(open_row))
        open_row = cells
        if not is_row:
            found.append(line)
    return [*found, "   ".join(open_row)] if open_row else found


def _rows(body: list[str], header: str, text: str) -> Table:
    extra = ["macs"] if "Mult-Adds" in header else []
    has_input = re.search(r"Input Shape", header) and header.index("Input Shape") < header.index("Output Shape")
    has_connected = "Connected to" in header
    found: list[list[str]] = []  # name, type, input, output, params, macs, connected
    depths: list[int] = []
    for line in body:
        bare = line.strip()[:_LONGEST]
        total = next((True for pattern, _ in _TOTALS if pattern.search(bare)), False)
        if not bare or total or re.fullmatch(r"[=_\-─━┌┐└┘├┤┬┴┼┏┓┗┛┡┩╇╈│┃+\s]+", bare):
            continue
        row = _row(bare, has_input=bool(has_input), has_macs=bool(extra), types_first="var_name" in header)
        if row is not None:
            found.append(row)
            depths.append(len(tree[0]) if (tree := _TREE.match(line)) and tree[0].strip() else 0)
        elif found and re.match(r"(?:Input size|Forward|Params size|Estimated|Optimizer params)", bare):
            continue
        elif found:
            _continue(found[-1], bare, has_connected)
    if "depth-idx" in header or "var_name" in header:  # a module with deeper rows below it is a folder
        inner = [deeper > depth for depth, deeper in zip(depths, [*depths[1:], -1], strict=True)]
        found = [row for row, is_folder in zip(found, inner, strict=True) if not is_folder]
    used = [any(row[at] for row in found) for at in range(7)]  # what a printout does not have is not left out by anyone
    lines = [
        Line(n, row[0], row[1], tuple(cell if has else None for cell, has in zip(row, used, strict=True)))
        for n, row in enumerate(found, 1)
    ]
    columns = [Column("Layer", ("name",)), Column("Type", ("type",)), Column("Input Shape", ("input",)),
               Column("Output Shape", ("output",)), Column("Param #", ("params",)), Column("Mult-Adds", ("macs",)),
               Column("Connected to", ("connected",))]  # fmt: skip
    return _with_totals(columns, lines, text)


def _row(bare: str, *, has_input: bool, has_macs: bool, types_first: bool) -> list[str] | None:
    bare = re.sub(r"\s+", " ", bare) if "  " not in bare else bare
    match = next((match for pattern in _ROWS if (match := pattern.match(bare))), None)
    if match is None:
        return None
    name, shape, rest = match["name"].strip(), match["shape"], (match.groupdict().get("rest") or "").strip()
    given = ""
    if has_input:
        second = re.match(rf"({_SHAPE}|--)\s+(.*)$", rest) if rest else None
        before = re.match(rf"^(.*\S)\s+({_SHAPE}|--)$", name)
        if before:
            name, given = before[1], before[2]
        elif second:
            given, shape, rest = shape, second[1], second[2]
    words = rest.split()
    params = words[0] if words else ""
    macs = words[-1] if has_macs and len(words) > 1 else ""
    if params in ("(recursive)", "--", "N/A"):
        params = "--"
    tree = _TREE.match(name)
    label = name[tree.end() :].strip() if tree else name
    depth = re.fullmatch(r"(?P<type>\w+)(?:\s*\((?P<var>[\w.]+)\))?:\s*(?P<at>[\d-]+)", label)
    if depth:
        return [depth["var"] or depth["at"], depth["type"], given, _first(shape), params, macs, ""]
    typed = re.fullmatch(r"(?P<type>[A-Z]\w*)\s*\((?P<var>[\w.]+)\)", label)
    if typed and types_first:
        return [typed["var"], typed["type"], given, _first(shape), params, macs, ""]
    named = _NAME.fullmatch(label)
    if named:
        return [named["name"], named["type"], given, _first(shape), params, macs, " ".join(words[1:])]
    numbered = re.fullmatch(r"(?P<type>[A-Za-z]\w*?)-(?P<at>\d+)", label)
    if numbered:
        return [label, numbered["type"], given, _first(shape), params, macs, ""]
    return [label, label if re.fullmatch(r"[A-Za-z]\w+", label) else "", given, _first(shape), params, macs, ""]


def _first(shape: str) -> str:
    """Return the first shape of several outputs; one that the column cut off is closed where it ends."""
    match = re.search(r"[\[(]\s*(?:None|\?|-?\d+)(?:\s*,\s*(?:None|\?|-?\d+))*,?\s*[\])]", shape)
    if match:
        return match[0]
    is_cut = re.fullmatch(r"\[?[\[(]\s*(?:None|\?|-?\d+)(?:\s*,\s*(?:None|\?|-?\d+))*", shape)
    return f"{shape})" if is_cut else shape


def _continue(row: list[str], bare: str, has_connected: bool) -> None:
    """Add a wrapped piece: the rest of a name or type, or one more layer that is read."""
    piece = re.fullmatch(r"\(?([A-Za-z]\w*)\)?", bare.split("   ")[0].strip())
    if piece and bare.strip().endswith(")") and not row[1]:
        row[1] = piece[1]
    elif has_connected and re.search(r"\[\d+\]", bare):
        row[6] = f"{row[6]} {bare}".strip()


def _with_totals(columns: list[Column], lines: list[Line], text: str) -> Table:
    for pattern, quantity in _TOTALS:
        match = pattern.search(text)
        if match is None:
            continue
        groups = [group for group in match.groups() if group]
        value = groups[-1]
        if quantity == "macs" and "mult-adds" in match[0]:
            letter, figure = match["unit"], next(g for g in groups if g[0].isdigit())
            value = figure + (letter or (groups[-1] if groups[-1].isalpha() else "") or "")
        value = re.sub(r"\s*\(.*", "", value)
        at = next((at for at, column in enumerate(columns) if column.meanings == (quantity,)), len(columns))
        if at == len(columns):
            columns.append(Column(match[0].split(":")[0], (quantity,)))
        lines.append(Line(len(lines) + 1, "total", "", (*[None] * at, value), is_total=True))
    return Table(tuple(columns), tuple(lines))


def _torchsummary_x(lines: list[str], head: int) -> Sheet:
    names = re.findall(r"(?:Kernel|Output|Input) Shape|Params(?: \(M\))?|Mult-Adds(?: \(M\))?", lines[head])
    columns = [Column("Layer", ("name",)), Column("Type", ("type",))]
    columns += [Column(name, () if name.startswith("Kernel") else meanings(name)[:1]) for name in names]
    rows: list[Line] = []
    for line in lines[head + 1 :]:
        parts = re.split(r"\s{2,}", line.strip())
        if len(parts) >= 4 and _TREE.sub("", parts[0]) and "[" in line:
            typed = re.sub(r"^\d+_", "", parts[0])
            rows.append(Line(len(rows) + 1, parts[0], typed, (parts[0], "", *parts[1:])))
    return Sheet((_with_totals(columns, rows, "\n".join(lines)),), "torchsummaryX", "torch")


def _torchstat(lines: list[str], head: int) -> Sheet:
    """Return torchstat's table; its "Flops" are multiply-adds plus bias and its "MAdd" is twice that."""
    rows: list[Line] = []
    columns = [Column("module name", ("name",)), Column("type", ("type",)), Column("input shape", ("input",)),
               Column("output shape", ("output",)), Column("params", ("params",)), Column("memory(MB)", ()),
               Column("MAdd", ("flops", "macs")), Column("Flops", ("macs", "flops"))]  # fmt: skip
    row = re.compile(
        r"^\s*(?:\d+\s+)?(?P<name>[A-Za-z][\w.]*)\s+(?P<input>\d+(?:\s+\d+)*?)\s+(?P<output>\d+(?:\s+\d+)*?)"
        r"\s+(?P<params>\d+(?:\.0)?)\s+(?P<memory>\d+\.\d\d)\s+(?P<madd>[\d,]+(?:\.\d+)?)\s+(?P<flops>[\d,]+(?:\.\d+)?)\b"
    )
    for line in lines[head + 1 :]:
        match = row.match(plain(line)) or row.match(line)
        if match:
            sizes = f"{match['input']} {match['output']}".split()
            half = len(sizes) // 2
            cells = (match["name"], "", " ".join(sizes[:half]), " ".join(sizes[half:]), match["params"],
                     match["memory"], match["madd"], match["flops"])  # fmt: skip
            rows.append(Line(len(rows) + 1, match["name"], match["name"], cells))
    return Sheet((_with_totals(columns, rows, "\n".join(lines)),), "torchstat", "torch")
