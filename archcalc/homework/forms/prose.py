"""Plain text and comments in code: a name, and after known words their values."""

import re
from collections.abc import Iterator
from typing import Final

from archcalc.homework.arithmetic import plain
from archcalc.homework.cell import read_count, read_shape
from archcalc.homework.grid import is_total
from archcalc.homework.headings import meanings
from archcalc.homework.sheet import Column, Line, Table

_KEYS: Final = re.compile(
    r"(?<![A-Za-z_.])(?P<key>re[cs]eptive[\s_]*field|rf\b|jump|mult-adds|macs?\b|flops?\b|memory"
    r"|(?:num(?:ber of)?\s+)?param(?:eter)?s?\b|weights?\b|bias(?:es)?\b|(?:output|input)(?:[\s_]*(?:size|shape))?"
    r"|out(?=\s*[:=-])"
    r"|in(?=\s*[:=]\s*\d)|shape\b|size\b|感受野|参数(?:量|个数|数)?|输出|输入|计算量)(?P<sep>[\s:=为是-]*)",
    re.IGNORECASE,
)  # fmt: skip
_LABEL: Final = re.compile(r"^\s*(?:[-*•+]\s+|\d+[.)]\s+)?(?P<name>[^:：=]{1,60}?)\s*[:：=]\s*(?P<value>.+)$")
_FIGURE: Final = re.compile(
    r"^(?:[-*•+]\s+|\d+[.)]\s+)?(?P<name>[^\W\d][\w.]{0,40}(?: \w{1,20}){0,2})\s*[:：=]\s*(?P<value>[^=].*)$"
)
_CODE: Final = re.compile(
    r"(?:self\.)?(?P<name>\w+)\s*=\s*(?:nn\.|layers\.|tf\.keras\.layers\.)?(?P<type>[A-Z]\w+)\s*\("
)
_CALL: Final = re.compile(r"(?:nn\.|layers\.)(?P<type>[A-Z]\w+)\s*\(|\.add\(\s*(?:layers\.)?(?P<added>[A-Z]\w+)\s*\(")
# the quantity after its number: 456 parameters; (5*5*3+1)*6 = 456 weights
_AFTER: Final = re.compile(
    r"(?P<value>(?:[(\[]?\d[\d\s.,()\[\]+*/×·x^-]*[=≈]\s*)?[~≈]?\d[\d.,]*\s*(?:[KMGkm]|million|万|亿)?)\s+"
    r"(?P<key>(?:learnable |trainable )?param(?:eter)?s|weights|bias(?:es)?|MACs|FLOPs|multiply-adds|参数)(?![\w-])"
)
_BULLET: Final = re.compile(r"^(?:[-*•+]\s+|\(?[a-z]\)\s+|\d{1,2}[.)]\s+)")
_LONGEST: Final = 1_000
_UNKNOWN: Final = ("output", "params", "rf", "macs", "flops", "activations", "weights")


def read_prose(text: str) -> tuple[Table, ...]:
    """Return one table of the lines that answer something.

    >>> table = read_prose("x = conv(x)  #input -28x28 Output-26x26 RF-3")[0]
    >>> [(c.heading, table.lines[0].text(at)) for at, c in enumerate(table.columns)]
    [('input', '28x28'), ('output', '26x26'), ('rf', '3')]
    """
    columns: dict[tuple[str, ...], int] = {}
    headings: list[str] = []
    lines: list[Line] = []
    for line in _steps(text):
        name, type_, pairs = _line(line)
        if not pairs:
            continue
        cells: dict[int, str] = {}
        for key, meaning, value in pairs:
            at = columns.setdefault(meaning, len(columns))
            if at == len(headings):
                headings.append(key)
            cells.setdefault(at, value)
        row = tuple(cells.get(at) for at in range(max(cells) + 1))
        lines.append(Line(len(lines) + 1, name, type_, row, is_total(name)))
    if not lines:
        return ()
    return (Table(tuple(Column(h, m) for h, m in zip(headings, columns, strict=True)), tuple(lines)),)


def _steps(text: str) -> Iterator[str]:
    """Yield the lines of a text; the steps of `28x28x6 -> 14x14x6` one by one."""
    for line in text.split("\n"):
        parts = re.split(r"\s*(?:->|→|=>|⟶)\s*", plain(line)) if not re.search(r"[#=]|//", line) else []
        sizes = [part for part in parts if re.fullmatch(r"[\[(]?\d+(?:\s*[x*×,@]\s*\d+){0,3}[\])]?", part)]
        yield from sizes if len(sizes) > 1 else [line]


def read_figures(text: str) -> dict[str, str]:
    r"""Return the figures of a text that has nothing but lines of `name: value`, else nothing.

    >>> read_figures("size: 42\nconv1.params = 34,944")
    {'size': '42', 'conv1.params': '34,944'}
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        words = line.strip()[:_LONGEST]
        if not words:
            continue
        label = _FIGURE.match(words)
        asks = label is None or _KEYS.search(plain(label["value"])) or _AFTER.search(plain(label["value"]))
        if label is None or asks or label["name"] in found:
            return {}
        found[label["name"]] = label["value"].strip()
    return found


def _line(line: str) -> tuple[str, str, list[tuple[str, tuple[str, ...], str]]]:
    """Return name, type and (key, quantities, value) of one line."""
    name, type_, words = "", "", line.strip()[:_LONGEST]
    code = _CODE.search(words) or _CALL.search(words)
    comment = re.search(r"(?:#|//)\s*(.*)$", words)
    if code:
        groups = code.groupdict()
        name, type_ = groups.get("name") or "", groups.get("type") or groups.get("added") or ""
        if not comment:
            return name, type_, []
    if comment:
        if not code and comment.start():
            name = words[: comment.start()].strip(" ,")
        words = comment[1].strip()
    if set(words) <= set("-=_* "):
        return "", "", []
    words = plain(words)
    headed = re.match(r"(?P<name>[\w.*-]+(?:\s*\([^)]*\))?)\s*:\s*(?P<shape>\[[\d\s,x*×]+\])(?P<rest>.*)$", words)
    pairs: list[tuple[str, tuple[str, ...], str]] = []
    if headed:
        name, words = headed["name"], headed["rest"]
        pairs.append(("output", ("output", "activations"), headed["shape"]))
    found = list(_KEYS.finditer(words))
    found = [match for match in found if _answers(words[match.end() :])]
    if found:
        before = words[: found[0].start()].strip(" :：-*•,;|的")
        if comment and read_shape(before).dims and re.fullmatch(r"[\d\sxX*×,()\[\]]+", before):
            pairs.append(("output", ("output", "activations"), before))  # "# 26 | RF 3"
        name = name or before
        for match, after in zip(found, [*found[1:], None], strict=True):
            value = words[match.end() : after.start() if after else len(words)].strip(" ,;|、，")
            pairs.append((match["key"].lower(), meanings(match["key"]) or _UNKNOWN, value))
        return name, type_, pairs
    if pairs:
        return name, type_, pairs
    counted = [match for match in _AFTER.finditer(words) if _is_answer(match["value"])]
    if counted:
        before = words[: counted[0].start()]
        shape = re.search(r"[\[(]?\d+(?:\s*[x*×]\s*\d+){1,3}[\])]?", before)
        if shape and read_shape(shape[0]).dims:
            pairs.append(("output", ("output",), shape[0]))
        pairs += [(match["key"], meanings(match["key"]), match["value"].strip()) for match in counted]
        return name or re.split(r"[:：,]", before)[0].strip(" -*•"), type_, pairs
    if comment and (read_shape(words).dims or read_count(words).number):
        return name, type_, [("", _UNKNOWN, words)]
    label = _LABEL.match(words)
    bare = _BULLET.sub("", words)
    if re.fullmatch(r"[\d\s.,xX*×@()\[\]KMk~≈-]*\d[\d\s.,xX*×@()\[\]KMk-]*", bare) and _is_answer(bare):
        return "", "", [("", _UNKNOWN, bare)]  # a number or a shape alone
    if label and not re.search(r"\d\s*[x*×+/-]\s*\d", label["name"]) and _is_answer(label["value"]):
        return label["name"].strip(), type_, [("", _UNKNOWN, label["value"])]
    return "", "", []


def _answers(text: str) -> bool:
    return bool(re.match(r"[\s:=]*[~≈]?\s*[\[(⌊⌈{]*\s*(?:\d|None|-1|floor|ceil|[a-zA-Z]\w*\s*[*×])", text))


def _is_answer(value: str) -> bool:
    return read_count(value).problem is None or read_shape(value).dims is not None
