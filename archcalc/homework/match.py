"""Rows of an answer ↔ layers of a network: by name, by kind, by order and by what the row says.

Rows may be missing, merged, repeated (×3) or additional. The order is kept where names do not say otherwise.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from archcalc.homework.cell import Cell, fit_shape, read_count, read_shape
from archcalc.homework.layertext import LayerText, read_layer
from archcalc.homework.sheet import Line, Table
from archcalc.homework.truth import Field, fields
from archcalc.layers.base import channels
from archcalc.report import Node, Report

MOST_PAIRS: Final = 2_000_000
_EXTRA_ROW: Final = 3.0  # what it costs to take a row for no layer
# names that say nothing
_GENERIC: Final = frozenset(
    {"count", "value", "answer", "result", "number", "layer", "size", "x", "y", "n", "答案", "结果"}
)


class Match(NamedTuple):
    """The layers that one row is about: `main` is the one that computes; `nodes` are all that the row stands for.

    An input row has no layer but a shape. folder: the row names a part of the network, and sums over it.
    """

    main: Node | None
    nodes: tuple[Node, ...] = ()
    input: str | None = None
    folder: bool = False

    @property
    def path(self) -> str | None:
        """What the result calls it."""
        return self.main.path if self.main else self.input


def match_table(table: Table, report: Report) -> dict[int, Match]:
    """Return the match of each row, by its number; totals and rows that belong to nothing are not in it."""
    lines = [line for line in table.lines if not line.is_total]
    found = _by_name(lines, report)
    for line in lines:  # a row called by the activation may be about the layer before it
        match = found.get(line.number)
        if (
            match is not None
            and match.main is not None
            and not match.main.weights
            and _view(line, table).text.ops == ("fc",)
            and (line.type or line.name != match.main.path)
        ):
            del found[line.number]
    rest = [line for line in lines if line.number not in found]
    taken = {node.path for match in found.values() for node in match.nodes}
    anchored = len(found) * 5 >= len(lines) * 4
    nodes = [node for node in report.rows if node.path not in taken or not anchored]
    if rest:
        rows = rest if anchored else lines
        for number, match in _in_order(rows, nodes, report, table).items():
            found.setdefault(number, match)
    return _widened(found, lines, report)


# ── By name ──


def _by_name(lines: Sequence[Line], report: Report) -> dict[int, Match]:
    paths = {node.path: node for node in report.rows}
    folders: dict[str, list[Node]] = {}
    for node in report.rows:
        parts = node.path.split(".")
        for depth in range(1, len(parts)):
            folders.setdefault(".".join(parts[:depth]), []).append(node)
    for folder, inside in folders.items():
        if folder in paths:  # the merge that ends a folder has the folder's name
            inside.append(paths[folder])
    names = sorted(bare(name) for name in {line.name for line in lines})
    plain_names: dict[str, set[str]] = {}
    for known in (*paths, *folders):
        plain_names.setdefault(bare(known), set()).add(known)
    found: dict[int, Match] = {}
    used: dict[str, int] = {}
    for line in lines:
        path = line.name if line.name in paths or line.name in folders else None
        label = re.sub(r"\s*\([^()]*=[^()]*\)$", "", line.name)
        same = plain_names.get(bare(label), set())
        if path is None and len(same) == 1 and not re.fullmatch(r"\d*", line.name):
            path = next(iter(same))
        if path is None:
            path = _by_setting(line.name, report.rows)
        if path is None and (span := _span(line.name, paths, folders)):
            found[line.number] = Match(_main(span), tuple(span), folder=True)
            continue
        if path is None:
            if line.name in report.input:
                found[line.number] = Match(None, input=line.name)
            continue
        if path in used:  # two rows of one name: neither is found by its name
            found.pop(used[path], None)
            continue
        used[path] = line.number
        own = bare(path)
        after = bisect_left(names, own) + 1  # its own name stands before; names that go on follow it
        alone = path in paths and after < len(names) and names[after].startswith(own)
        nodes = [paths[path]] if alone or path not in folders else folders[path]
        found[line.number] = Match(_main(nodes), tuple(nodes), folder=len(nodes) > 1)
    return found


def _by_setting(name: str, rows: Sequence[Node]) -> str | None:
    """Return the only layer that has the setting which a name states: `stride2`, `dilation 3`, `groups=2`."""
    stated = re.fullmatch(r"(stride|dilation|groups?|kernel|pad)(?:ding)?[\s_=]*(\d{1,4})", name.strip().lower())
    if stated is None:
        return None
    setting = "groups" if stated[1] == "group" else stated[1]
    value = int(stated[2])
    found = [node.path for node in rows if node.settings.get(setting) in (value, (value,), (value, value))]
    return found[0] if len(found) == 1 else None


def _span(name: str, paths: Mapping[str, Node], folders: Mapping[str, list[Node]]) -> list[Node]:
    """Return the layers of `pool1, conv2` or of `pool2 … conv5`."""
    ends = re.split(r"\s*(?:…|\.\.\.?)\s*", name)
    nodes = [node for path, node in paths.items() if path]
    if len(ends) == 2:
        groups = [folders.get(end) or ([paths[end]] if end in paths else []) for end in ends]
        if all(groups):
            first, last = nodes.index(groups[0][0]), nodes.index(groups[1][-1])
            return nodes[first : last + 1]
        return []
    listed = [part.strip() for part in name.split(",")]
    if len(listed) < 2:
        return []
    groups = [folders.get(part) or ([paths[part]] if part in paths else []) for part in listed]
    return [node for group in groups for node in group] if all(groups) else []


def bare(name: str) -> str:
    """Return a name as it is compared: lower case, letters and digits only.

    >>> bare("Conv2_1.conv")
    'conv21conv'
    """
    return re.sub(r"[^a-z0-9\u4e00-\u9fff]", "", name.lower())


def _main(nodes: Sequence[Node]) -> Node:
    """Return the layer that a group is about: the last with weights, else with a window, else the first."""
    weighted = [node for node in nodes if node.family in ("conv", "linear", "recurrent", "attention", "value")]
    pools = [node for node in nodes if node.family == "pool"]
    return (weighted or pools or list(nodes))[-1 if weighted else 0]


# ── In order ──


def _in_order(lines: Sequence[Line], nodes: Sequence[Node], report: Report, table: Table) -> dict[int, Match]:
    """Return the best match that keeps the order, by dynamic programming; then what is left, by likeness."""
    views = [_view(line, table) for line in lines]
    placed = _by_place(lines, views, nodes)
    if placed:
        return placed
    if len(lines) == 1 and _is_only_named(lines[0], views[0], nodes):
        return {}
    found: dict[int, Match] = {}
    start = 0
    if views and _is_input(views[0], lines[0], report, nodes):
        found[lines[0].number] = Match(None, input=next(iter(report.input)))
        start = 1
    rows, sought = list(lines[start:]), views[start:]
    placed = _by_place(rows, sought, nodes)
    if placed:
        return found | placed
    if len(rows) * len(nodes) > MOST_PAIRS:
        return found
    layers = _known(nodes, fields(report) if any(view.field.number for view in views) else {})
    alike = [[_likeness(view, known) for known in layers] for view in sought]
    taken: set[int] = set()
    for row, at in _aligned(alike, [_skipped(node) for node in nodes]):
        if not _contradicts(sought[row], nodes[at]) and _has_evidence(
            sought[row], rows[row], nodes[at], alike[row][at]
        ):
            found[rows[row].number] = Match(nodes[at], (nodes[at],))
            taken.add(at)
    free = [at for at in range(len(nodes)) if at not in taken]
    for row, (view, line) in enumerate(zip(sought, rows, strict=True)):
        if line.number in found or not view.text.ops:
            continue
        likely = max(free, key=lambda at: alike[row][at], default=None)
        if likely is not None and alike[row][likely] > 5 and not _contradicts(view, nodes[likely]):
            free.remove(likely)
            found[line.number] = Match(nodes[likely], (nodes[likely],))
    return found


def _is_only_named(line: Line, view: "_View", nodes: Sequence[Node]) -> bool:
    """Tell whether a single row has only a kind to go by, of which the network has several layers.

    The number that it states is what is judged, so that it cannot say which of them is meant.
    """
    text = view.text
    if not text.ops or text.kernel or text.out is not None or sum(bool(cell) for cell in line.cells) > 1:
        return False
    return sum(_kind_of(text, node) == 1 for node in nodes) > 1


def _aligned(alike: Sequence[Sequence[float]], costs: Sequence[float]) -> list[tuple[int, int]]:
    """Return the pairs of rows and layers, in order, of the largest likeness; what is left out costs."""
    count, width = len(alike), len(costs)
    best = [[0.0] * (width + 1) for _ in range(count + 1)]
    move = [[1] * (width + 1) for _ in range(count + 1)]
    for j, cost in enumerate(costs, 1):
        best[0][j] = best[0][j - 1] - cost
    for i, row in enumerate(alike, 1):
        above, here, moves = best[i - 1], best[i], move[i]
        here[0], moves[0] = above[0] - _EXTRA_ROW, 0
        for j, cost in enumerate(costs, 1):
            both, layer, line = above[j - 1] + row[j - 1], here[j - 1] - cost, above[j] - _EXTRA_ROW
            here[j] = max(both, layer, line)
            moves[j] = 2 if here[j] == both else 1 if here[j] == layer else 0
    pairs: list[tuple[int, int]] = []
    i, j = count, width
    while i and j:
        step = move[i][j]
        if step == 2:
            pairs.append((i - 1, j - 1))
        i, j = i - (step != 1), j - (step != 0)
    return pairs[::-1]


def _by_place(rows: Sequence[Line], views: "Sequence[_View]", nodes: Sequence[Node]) -> dict[int, Match]:
    """Return rows that say nothing about their layers, one by one beside the layers, where the numbers are equal."""
    if not rows or any(view.text.ops for view in views) or any(_named(line, nodes) for line in rows):
        return {}
    if len(rows) == 1 and rows[0].name and rows[0].name.lower() not in _GENERIC:
        return {}
    running = [node for node in nodes if node.mode == "both"]
    choices = (
        running,
        [node for node in running if node.family not in ("activation", "norm") and node.op != "dropout"],
        [node for node in running if node.family in ("conv", "pool", "linear", "recurrent", "attention")],
        [node for node in running if node.weights and node.family != "norm"],
    )
    fitting = next((choice for choice in choices if len(choice) == len(rows)), None)
    if fitting is None:
        return {}
    return {line.number: Match(node, (node,)) for line, node in zip(rows, fitting, strict=True)}


def _named(line: Line, nodes: Sequence[Node]) -> bool:
    name = bare(line.name)
    return bool(name) and any(name in (bare(part) for part in node.path.split(".")) for node in nodes)


def _has_evidence(view: "_View", line: Line, node: Node, likeness: float) -> bool:
    """Tell whether more than its place speaks for a row: a row that is called something unknown may be anything."""
    if (not line.name and not line.type) or line.name.lower() in _GENERIC:
        return True
    return likeness > 2 or _kind_of(view.text, node) == 1


class _View(NamedTuple):
    """What the matching looks at in a row, read once."""

    text: LayerText
    named: LayerText
    name: str
    output: Cell
    input: Cell
    params: Cell
    has_params: bool
    field: Cell


def _view(line: Line, table: Table) -> _View:
    words = [line.type, line.name]
    words += [line.text(at) for at, c in enumerate(table.columns) if c.meanings[:1] in (("structure",), ("kernel",))]
    typed = read_layer(line.type) if line.type else LayerText()
    named = read_layer(line.name)
    text = read_layer(" ".join(words))
    text = text._replace(ops=typed.ops or named.ops or text.ops)

    def under(*meanings: str) -> str:
        at = table.at(*meanings)
        return line.text(at) if at is not None else ""

    params = read_count(under("params", "weights"))
    has_params = bool(params.number and params.number.value > 0) or params.stated_formula not in (None, 0)
    if text.ops[:1] == ("softmax",) and has_params:  # the last layer is often called by its activation
        text = text._replace(ops=("fc",))
    shapes = read_shape(under("output")), read_shape(under("input"))
    return _View(text, named, bare(line.name), *shapes, params, has_params, read_count(under("rf")))


class _Known(NamedTuple):
    """What the matching looks at in a layer, asked once. names: its path, its own name, the folder it lies in."""

    node: Node
    names: tuple[str, str, str]
    params: int | None
    field: int | None


def _known(nodes: Sequence[Node], reach: Mapping[str, Field]) -> list[_Known]:
    found = []
    for node in nodes:
        first, *_, last = (node.path, *node.path.split("."))
        names = (bare(node.path), bare(last), bare(first.split(".")[0]))
        params = node.params
        field = reach.get(node.path)
        found.append(_Known(node, names, params if isinstance(params, int) else None, field.size[0] if field else None))
    return found


def _is_input(view: _View, line: Line, report: Report, nodes: Sequence[Node]) -> bool:
    if view.has_params or not report.input:
        return False
    shape = next(iter(report.input.values()))
    named = view.text.ops == ("input",)
    fits = fit_shape(view.output, shape) is not None
    first = bool(nodes) and bool(_kind_of(view.text, nodes[0]) == 1)
    return named or (fits and not view.text.ops and not first and not re.search(r"\w", line.name))


def _kind_of(text: LayerText, node: Node) -> int:
    """Return 1 if the kinds agree, −1 if they do not, 0 if the row says nothing."""
    if not text.ops:
        return 0
    if "activation" in text.ops:
        return 1 if node.family == "activation" else -1
    if "separable" in text.ops and node.op in ("dwconv", "conv"):
        return 1
    if "fc" in text.ops and node.op == "conv" and all(size == 1 for size in node.output[1:]):
        return 1  # a fully connected layer written as a convolution
    if "conv" in text.ops and node.op == "fc" and text.kernel:
        return -1
    return 1 if node.op in text.ops else -1


def _likeness(view: _View, known: _Known) -> float:
    text, node = view.text, known.node
    kind = _kind_of(text, node)
    score = {1: 6.0, 0: 0.0, -1: -8.0}[kind] - (2.0 if node.mode == "train" else 0.0)
    if view.name and view.name in known.names:
        is_folder = view.name == known.names[2] and not node.weights and view.has_params
        score += 3.0 if is_folder else 8.0
    if text.kernel and node.window is not None:
        same = node.window.kernel == text.kernel or set(node.window.kernel) == set(text.kernel)
        score += 3.0 if same else -3.0
    if text.out is not None:
        score += 3.0 if _out(node) == text.out else -2.0
    if view.output.dims:
        score += 4.0 if fit_shape(view.output, node.output) else -0.5
    if view.input.dims and node.input:
        score += 3.0 if any(fit_shape(view.input, shape) for shape in node.input) else -0.5
    if view.has_params:
        number = view.params.number
        fits = number is not None and known.params and number.fit(known.params) is not None
        score += 4.0 if fits else 1.0 if node.weights else -6.0
    elif view.field.number is not None and known.field is not None and not text.ops:
        score += 5.0 if view.field.number.value == known.field else -0.5
    elif not text.ops:
        score += 0.5 if node.family in ("conv", "linear", "pool", "recurrent") else -1.0
    return score


def _out(node: Node) -> Any:
    """Return the channels or units that a layer gives."""
    return node.settings.get("out") or node.settings.get("hidden") or channels(node.output)


def _contradicts(view: _View, node: Node) -> bool:
    """Tell whether a row cannot be about a layer: another kind, or `[3x3 conv, 192]` for other kernels."""
    if _kind_of(view.text, node) == -1:
        return True
    named, window = view.named, node.window
    if not named.kernel or named.out is None or window is None or node.family != "conv":
        return False
    return _out(node) != named.out or set(window.kernel) != set(named.kernel)


def _skipped(node: Node) -> float:
    if node.mode == "train":
        return 0.1
    if node.family in ("activation", "norm", "merge", "shape"):
        return 0.2
    return 1.0 if node.family == "pool" else 3.0


# ── What else belongs to a row ──


def _widened(found: dict[int, Match], lines: Sequence[Line], report: Report) -> dict[int, Match]:
    """Give each row the layers after its own that no row is about, and repeated rows all their layers."""
    at = {node.path: place for place, node in enumerate(report.rows)}
    taken = {node.path for match in found.values() for node in match.nodes}
    for line in lines:
        match = found.get(line.number)
        if match is None or match.main is None or match.folder:
            continue
        group = [match.main]
        copies = line.repeat - 1
        for node in report.rows[at[match.main.path] + 1 :]:
            if node.path in taken and not (copies and node.op == match.main.op):
                break
            if node.op == match.main.op and copies:
                copies -= 1
            elif node.family not in ("activation", "norm") and node.op not in ("dropout", "flatten"):
                break
            group.append(node)
        for node in reversed(report.rows[: at[match.main.path]]):
            if not copies or node.path in taken or node.family not in ("activation", "norm", match.main.family):
                break
            if node.op == match.main.op:
                copies -= 1
                group.insert(0, node)
        found[line.number] = match._replace(nodes=tuple(group), folder=line.repeat > 1 and copies == 0)
    return found
