"""Report → Picture: boxes, wires and frames without coordinates, which every drawing starts from."""

from collections.abc import Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from archcalc.arithmetic import Number, total
from archcalc.diagram.dense import as_chain
from archcalc.diagram.fold import FOLLOWERS, Folded, fold, is_automatic, is_structure, trail, unfolded, word_of
from archcalc.quantities import Shape
from archcalc.render.columns import geometry, has_kernel, value, window
from archcalc.render.rows import folded as table_rows
from archcalc.render.rows import prefix
from archcalc.render.text import number, safe, short
from archcalc.report import Folder, Mode, Node, Report

Kind: TypeAlias = Literal["input", "layer", "merge", "block", "output"]

_SIGNS: Final = MappingProxyType({"add": "+", "mul": "×", "sub": "−"})
_PLAIN: Final = frozenset({"res", "main", "shortcut"})  # names that archcalc gives the parts of a residual
_LABEL: Final = 44  # characters of a frame's label


class Part(NamedTuple):
    """One layer inside a box: its family and what is written."""

    family: str
    text: str


class Box(NamedTuple):
    """One box: a layer with what follows it, a join, a folded block, or an end of the network.

    id: n0, n1, …, the only name that a layout engine sees.
    title: the name that a person gave; parts: the layers in it, `main` the one that gives the box its colour.
    nodes: all layers behind it, over all `copies` equal ones; numbers are sums over these.
    shape: what leaves the box. shares: the layer whose weights it uses.
    """

    id: str
    kind: Kind
    family: str
    title: str
    parts: tuple[Part, ...]
    main: int
    shape: str
    nodes: tuple[Node, ...] = ()
    copies: int = 1
    cluster: str | None = None
    mode: Mode = "both"
    shares: str = ""
    runs: Number = 1
    path: str = ""

    def sum(self, fact: str) -> Number:
        """Return the sum of a number over the layers."""
        return total(getattr(node, fact) for node in self.nodes)


class Edge(NamedTuple):
    """A wire between two boxes; `skip` if it passes by the layers that its join waits for."""

    tail: str
    head: str
    skip: bool = False


class Cluster(NamedTuple):
    """A frame: a block, a branch, a named part; `copies` equal ones in a row."""

    id: str
    label: str
    parent: str | None
    copies: int = 1
    mode: Mode = "both"

    @property
    def text(self) -> str:
        """The label, with how many there are."""
        return f"{self.label} ×{self.copies}" if self.copies > 1 else self.label


class Picture(NamedTuple):
    """What is to be drawn."""

    title: str
    target: str
    totals: tuple[Number, Number]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    clusters: tuple[Cluster, ...]

    def nested(self) -> dict[str | None, tuple[list[Box], list[Cluster]]]:
        """Return the boxes and frames right inside each frame; None is the figure."""
        found: dict[str | None, tuple[list[Box], list[Cluster]]] = {None: ([], [])}
        found |= {cluster.id: ([], []) for cluster in self.clusters}
        for box in self.boxes:
            found[box.cluster][0].append(box)
        for cluster in self.clusters:
            found[cluster.parent][1].append(cluster)
        return found


def picture(report: Report, *, depth: int | None = None, folds: bool = True) -> Picture:
    """Return the boxes and wires of a network.

    Args:
        report: what to draw.
        depth: everything deeper than this many names becomes one box.
        folds: equal blocks in a row become one.
    """
    return _Drawing(report, depth, folds).picture()


def shape_text(shape: Shape) -> str:
    """Return a shape with a cross between sizes.

    >>> shape_text((96, 55, 55))
    '96×55×55'
    """
    return "×".join(number(size, group="") for size in shape)


def count_text(count: Number) -> str:
    """Return a number in short, or the formula of a free size."""
    return short(count) if isinstance(count, int) else number(count)


def describe(node: Node) -> str:
    """Return a layer with the settings that matter: conv 96 × 11×11 / 4."""
    if node.family == "merge":
        return _SIGNS.get(node.op, node.op)
    out = value(node.settings["out"]) if "out" in node.settings else ""
    words = [word if "[" not in word else f"{word.partition('=')[0]}=…" for word in window(node).split(" ")]
    if not has_kernel(node):
        said = [out, *(word for word in words if word and word != out)]
        return " ".join([node.op, *filter(None, said)])
    sizes = words[0].replace("x", "×")
    stride = f" / {geometry(node)['stride'].replace('x', '×')}" if "stride" in geometry(node) else ""
    rest = [word for word in words[1:] if not word.startswith("/")]
    return " ".join([node.op, *([out, "×"] if out else []), sizes + stride, *rest])


class _Group(NamedTuple):
    """Rows that share a box: `main` is the one that it is about."""

    rows: tuple[int, ...]
    main: int


class _Drawing:
    def __init__(self, report: Report, depth: int | None, folds: bool) -> None:
        self.report, self.depth = report, depth
        self.rows = report.rows
        self.folders = report.folders
        at = {row.path: index for index, row in enumerate(self.rows)}
        at |= {name: -1 - index for index, name in enumerate(report.input)}
        self.inputs = as_chain(self.rows, [[at[name] for name in row.inputs] for row in self.rows])
        self.folded: Folded = fold(self.rows, self.inputs, self.folders) if folds else unfolded(self.rows)
        # branches are no folders of the report; those that stand for several need a frame
        branches = {path: Folder(path, "branch") for path in self.folded.runs if path not in self.folders}
        self.folders = {**self.folders, **branches}
        twin = self.folded.twin
        self.members: dict[int, list[int]] = {}
        for index, other in enumerate(twin):
            self.members.setdefault(other, []).append(index)
        self.inside: dict[str, int] = {}  # folder → boxes
        self.inference = {folder for row in self.rows if row.mode == "both" for folder in trail(row.path, self.folders)}
        self.readers: dict[int, set[int]] = {}
        for index in self.members:
            for source in self.inputs[index]:
                self.readers.setdefault(self._twin(source), set()).add(index)

    def _twin(self, source: int) -> int:
        return self.folded.twin[source] if source >= 0 else source

    def picture(self) -> Picture:
        groups = self._at_depth(self._fused())
        paths = [self._path(group) for group in groups]
        frames = self._frames(paths)
        clusters = {path: f"c{index}" for index, path in enumerate(frames)}
        entries = [
            Box(f"n{index}", "input", "input", safe(name), (), 0, shape_text(shape), path=name)
            for index, (name, shape) in enumerate(self.report.input.items())
        ]
        first = len(entries)
        boxes = [
            self._box(f"n{first + index}", group, paths[index], frames, clusters) for index, group in enumerate(groups)
        ]
        edges, exits = self._edges(groups, boxes), self._exits(groups, boxes, first + len(boxes))
        return Picture(
            safe(self.report.title),
            safe(self.report.target),
            (self.report.totals.params, self.report.totals.macs),
            (*entries, *boxes, *(box for box, _ in exits)),
            (*edges, *(edge for _, edge in exits)),
            tuple(self._cluster(path, frames, clusters) for path in frames),
        )

    # ── which rows share a box ──

    def _fused(self) -> list[_Group]:
        """Return the rows in boxes: what follows a layer one by one is drawn in its box."""
        group_of: dict[int, int] = {}
        groups: list[list[int]] = []
        for at in self.members:
            before = self._fuses_with(at)
            if before is None or (
                self.rows[at].family not in FOLLOWERS and not self._is_prelude(groups[group_of[before]])
            ):
                group_of[at] = len(groups)
                groups.append([at])
            else:
                group_of[at] = group_of[before]
                groups[group_of[before]].append(at)
        return [_Group(tuple(group), self._main(group)) for group in groups]

    def _is_prelude(self, group: list[int]) -> bool:
        return all(self.rows[at].family in FOLLOWERS for at in group)

    def _main(self, group: list[int]) -> int:
        return next((at for at in group if self.rows[at].family not in FOLLOWERS), group[0])

    def _fuses_with(self, at: int) -> int | None:
        """Return the row in whose box a row may be drawn."""
        row, read = self.rows[at], self.inputs[at]
        if len(row.inputs) != 1 or read[0] < 0:
            return None
        source = self.folded.twin[read[0]]
        before = self.rows[source]
        follows = row.family in FOLLOWERS or row.op == "dropout"
        if follows:
            joins = row.output == before.output and _leaf(row).rstrip("0123456789").rstrip("_") == row.op
        else:
            # normalisation and activation that come first belong to the convolution after them
            joins = row.family in ("conv", "linear") and before.family in FOLLOWERS
        alone = self.readers[source] == {at}
        together = self._home(row) == self._home(before) and row.mode == before.mode and row.runs == before.runs
        return source if joins and alone and together else None

    def _home(self, row: Node) -> str:
        around = [path for path in trail(row.path, self.folders) if not self._is_structure(path)]
        return around[-1] if around else ""

    def _is_structure(self, path: str) -> bool:
        return is_structure(self.folders[path].call)

    def _at_depth(self, groups: list[_Group]) -> list[_Group]:
        if self.depth is None:
            return groups
        found: dict[str, list[_Group]] = {}
        for group in groups:
            found.setdefault(prefix(self.rows[group.main].path, self.depth), []).append(group)
        return [
            parts[0] if len(parts) == 1 else _Group(tuple(at for part in parts for at in part.rows), -1)
            for parts in found.values()
        ]

    def _path(self, group: _Group) -> str:
        if group.main >= 0:
            return self.rows[group.main].path
        return prefix(self.rows[group.rows[0]].path, self.depth or 1)

    # ── frames ──

    def _frames(self, paths: Sequence[str]) -> dict[str, str | None]:
        """Return the folders that are drawn, each with the drawn folder around it."""
        inside = self.inside
        for path in paths:
            for folder in self._trail(path):
                inside[folder] = inside.get(folder, 0) + 1
        frames: dict[str, str | None] = {}
        for path in inside:
            around = [folder for folder in self._trail(path)[:-1] if folder in frames]
            parent = around[-1] if around else None
            same = inside[path] == (inside[parent] if parent else len(paths))
            if inside[path] > 1 and (self.folded.count(path) > 1 or not (same or self._is_plain(path))):
                frames[path] = parent
        return frames

    def _trail(self, path: str) -> list[str]:
        found = trail(path, self.folders)
        if self.depth is None:
            return found
        return [folder for folder in found if folder.count(".") + 1 < self.depth or folder != path]

    def _is_plain(self, path: str) -> bool:
        """Tell whether a frame would say nothing: a merge, or a block that stands without a name in its branch."""
        if self._is_structure(path):
            return True
        around = trail(path, self.folders)[:-1]
        word = word_of(self.folders[path].call)
        return bool(around) and self._is_structure(around[-1]) and is_automatic(path.rpartition(".")[2], word)

    def _cluster(self, path: str, frames: Mapping[str, str | None], ids: Mapping[str, str]) -> Cluster:
        parent = frames[path]
        return Cluster(
            id=ids[path],
            label=_frame_label(self.folders[path], self.folded.runs.get(path, (path,))[-1]),
            parent=ids[parent] if parent else None,
            copies=self.folded.count(path),
            mode="both" if path in self.inference else "train",
        )

    # ── boxes and wires ──

    def _box(
        self, name: str, group: _Group, path: str, frames: Mapping[str, str | None], ids: Mapping[str, str]
    ) -> Box:
        around = [folder for folder in self._trail(path) if folder in frames]
        # names between the frame and the box: the folders that hold nothing but this box
        own = [folder for folder in self._trail(path) if self.inside[folder] == 1]
        nodes = tuple(self.rows[at] for part in group.rows for at in self.members[part])
        last = self.members[group.rows[-1]]
        made = Box(
            id=name,
            kind="block",
            family="block",
            title="",
            parts=(),
            main=0,
            shape=_span(self.rows[last[0]].output, self.rows[last[-1]].output),
            nodes=nodes,
            copies=prod(self.folded.count(folder) for folder in own),
            cluster=ids[around[-1]] if around else None,
            mode=nodes[0].mode,
            path=path,
        )
        if group.main < 0:
            title, text = self._block_text(group, path)
            return made._replace(title=title, parts=(Part("block", text),), copies=self.folded.count(path))
        main = self.rows[group.main]
        return made._replace(
            kind="merge" if main.family == "merge" else "layer",
            family=main.family,
            title=safe(self._title(main, own, frames)),
            parts=tuple(Part(self.rows[at].family, safe(describe(self.rows[at]))) for at in group.rows),
            main=group.rows.index(group.main),
            shares=safe(main.shares or ""),
            runs=main.runs,
        )

    def _block_text(self, group: _Group, path: str) -> tuple[str, str]:
        behind = sorted(at for part in group.rows for at in self.members[part])
        nodes = [self.rows[at] for at in behind if f"{self.rows[at].path}.".startswith(f"{path}.")]
        row = table_rows(nodes, path.count(".") + 1, self.folders)[0]
        name = path.rpartition(".")[2]
        call = self.folders[path].call if path in self.folders else ""
        text = call if call and len(call) <= _LABEL else _listed(row.type)
        return safe("" if is_automatic(name, word_of(call)) or is_automatic(name, "b") else name), safe(text)

    def _title(self, main: Node, own: Sequence[str], frames: Mapping[str, str | None]) -> str:
        """Return the name that a person gave a layer or the folder that holds nothing else."""
        for folder in own:
            name, call = folder.rpartition(".")[2], self.folders[folder].call
            if not is_automatic(name, word_of(call)) and not is_automatic(name, "b") and name not in _PLAIN:
                return name
        leaf = _leaf(main)
        if main.path in frames:  # the join of a block: its name stands on the frame
            return ""
        return "" if is_automatic(leaf, main.op) or leaf in _PLAIN else leaf

    def _edges(self, groups: Sequence[_Group], boxes: Sequence[Box]) -> tuple[Edge, ...]:
        owner = {at: boxes[index].id for index, group in enumerate(groups) for at in group.rows}
        found: dict[tuple[str, str], bool] = {}
        for at in self.members:
            for source in self.inputs[at]:
                tail = owner[self._twin(source)] if source >= 0 else f"n{-1 - source}"
                head = owner[at]
                if tail == head:
                    continue
                skips = self._passes_by(source, at)
                found[tail, head] = found.get((tail, head), True) and skips
        return tuple(Edge(tail, head, skip) for (tail, head), skip in found.items())

    def _passes_by(self, source: int, at: int) -> bool:
        """Tell whether a wire goes to a join that waits for layers after it; a crop on the way is no layer."""
        start = self._twin(source)
        join, entry = at, start
        if self.rows[at].family == "shape" and len(self.readers.get(at, ())) == 1:
            join, entry = next(iter(self.readers[at])), at
        if self.rows[join].family != "merge" or len(self.readers[start]) < 2:
            return False
        others = [self._twin(other) for other in self.inputs[join]]
        return any(other > start and other != entry for other in others)

    def _exits(self, groups: Sequence[_Group], boxes: Sequence[Box], start: int) -> list[tuple[Box, Edge]]:
        """Return the named outputs, each with its wire; the one end of a chain needs none."""
        names = [name for name in self.report.outputs if name != "out"]
        if not names:
            return []
        owner = {at: boxes[index] for index, group in enumerate(groups) for at in group.rows}
        found = []
        for index, name in enumerate(names):
            inside = [at for at, row in enumerate(self.rows) if row.path == name or row.path.startswith(f"{name}.")]
            if inside:
                box = owner[self.folded.twin[inside[-1]]]
                end = Box(f"n{start + index}", "output", "output", safe(name), (), 0, "", path=name)
                found.append((end, Edge(box.id, end.id)))
        return found


def _listed(words: str) -> str:
    """Return a list of layer types, cut after a word if it is long."""
    return words if len(words) <= _LABEL else f"{words[:_LABEL].rpartition(', ')[0]}, …"


def _leaf(node: Node) -> str:
    return node.path.rpartition(".")[2]


def _span(first: Shape, last: Shape) -> str:
    """Return a shape, with both ends of what grows over equal blocks."""
    sizes = zip(first, last, strict=True)
    return "×".join(
        number(one, group="") if one == other else f"{number(one, group='')}…{number(other, group='')}"
        for one, other in sizes
    )


def _frame_label(folder: Folder, last: str) -> str:
    """Return what stands on a frame: the name, with that of the last equal block, and the call."""
    name, word = folder.path.rpartition(".")[2], word_of(folder.call)
    automatic = is_automatic(name, word) or is_automatic(name, "b")
    if last != folder.path and not automatic:
        name = f"{name} … {last.rpartition('.')[2]}"
    call = folder.call if len(folder.call) <= _LABEL else word
    if not call or is_structure(folder.call):
        return safe(word if automatic else name)
    if automatic:
        return safe(call)
    return safe(name if call == word and name.rstrip("0123456789_") == word else f"{name} · {call}")
