"""Equal blocks in a row, and equal branches → the first of them, with how many there are."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from archcalc.quantities import Shape
from archcalc.report import Folder, Node

# what is drawn as part of a box rather than as a box
FOLLOWERS: Final = frozenset({"norm", "activation"})
_BRANCHES: Final = 3
_STRUCTURES: Final = frozenset(
    {"residual", "concat", "add", "mul", "sub", "maximum", "average", "stack", "dot", "absdiff", "bmm"}
)


class Folded(NamedTuple):
    """twin: row → the row that stands for it; runs: folder → the equal folders it stands for, with itself."""

    twin: tuple[int, ...]
    runs: Mapping[str, tuple[str, ...]]

    def count(self, folder: str) -> int:
        """Return how many equal folders one stands for."""
        return len(self.runs.get(folder, (folder,)))


def unfolded(rows: Sequence[Node]) -> Folded:
    """Return the network as it is."""
    return Folded(tuple(range(len(rows))), {})


def fold(rows: Sequence[Node], inputs: Sequence[Sequence[int]], folders: Mapping[str, Folder]) -> Folded:
    """Return which rows stand for others: those of equal folders that follow and feed each other, and of branches.

    Equal are the layers, their settings, the wiring inside and the sizes of maps. Channels of inputs may grow, so
    the layers of a dense block are equal, too. Results that are read from afar, as by the decoder of a U-Net, keep
    their blocks apart. Branches without names that read the same are equal, too: heads of attention, paths of ResNeXt.

    Args:
        rows: the layers in order of execution.
        inputs: for each row, the rows it reads; negative for a network input.
        folders: the named parts.
    """
    return _Folding(rows, inputs, folders).result()


def word_of(call: str) -> str:
    """Return the block or structure of a call: "bottleneck(w=64, s=1)" → "bottleneck"."""
    return call.partition("(")[0]


def is_automatic(name: str, word: str) -> bool:
    """Tell whether archcalc made a name from what it names.

    >>> is_automatic("conv_2", "conv"), is_automatic("conv", "conv"), is_automatic("conv2", "conv")
    (True, True, False)
    """
    stem, _, number = name.rpartition("_")
    return name == word or (stem == word and number.isdecimal())


def is_structure(call: str) -> bool:
    """Tell whether a folder is a merge and not a block."""
    return word_of(call) in _STRUCTURES


class _Span(NamedTuple):
    path: str
    start: int
    end: int


class _Folding:
    def __init__(self, rows: Sequence[Node], inputs: Sequence[Sequence[int]], folders: Mapping[str, Folder]) -> None:
        self.rows, self.inputs, self.folders = rows, inputs, folders
        self.keys = [_key(row) for row in rows]
        self.last_reader = [-1] * len(rows)
        for at, read in enumerate(inputs):
            for source in read:
                if source >= 0:
                    self.last_reader[source] = at
        self.twin = list(range(len(rows)))
        self.runs: dict[str, tuple[str, ...]] = {}
        self.inside = self._tree()

    def result(self) -> Folded:
        self._join_branches()
        waiting = [""]
        while waiting:
            siblings = self.inside.get(waiting.pop(), [])
            while siblings:
                run = self._run(siblings)
                first, siblings = siblings[0], siblings[len(run) :]
                waiting.append(first.path)
                if len(run) > 1:
                    self.runs[first.path] = tuple(span.path for span in run)
                    self._join(run)
        return Folded(tuple(self._first(at) for at in range(len(self.rows))), self.runs)

    def _first(self, at: int) -> int:
        """Return the row that stands for a row, and for its twin inside the first block, and so on."""
        while self.twin[at] != at:
            at = self.twin[at]
        return at

    def _join_branches(self) -> None:
        for path, spans in self._branches().items():
            marks = [self._branch_mark(span) for span in spans]
            if len(spans) >= _BRANCHES and all(mark == marks[0] for mark in marks):
                self.runs[f"{path}.b_1"] = tuple(span.path for span in spans)
                self._join(spans)

    def _branches(self) -> dict[str, list[_Span]]:
        """Return the branches without names of each merge, as runs of rows."""
        found: dict[str, dict[str, list[int]]] = {}
        for at, row in enumerate(self.rows):
            for path in trail(row.path, self.folders):
                name = row.path[len(path) + 1 :].partition(".")[0]
                if is_structure(self.folders[path].call) and name != "b" and is_automatic(name, "b"):
                    found.setdefault(path, {}).setdefault(f"{path}.{name}", []).append(at)
        return {
            path: [_Span(branch, rows[0], rows[-1] + 1) for branch, rows in branches.items()]
            for path, branches in found.items()
            if all(len(rows) == rows[-1] + 1 - rows[0] for rows in branches.values())
        }

    def _branch_mark(self, span: _Span) -> Any:
        return [
            (
                self.keys[at],
                self.rows[at].params,
                [source - span.start if source >= span.start else ("outside", source) for source in self.inputs[at]],
            )
            for at in range(span.start, span.end)
        ]

    def _tree(self) -> dict[str, list[_Span]]:
        """Return the folders inside each folder ("" for the network), as runs of rows."""
        spans: dict[str, list[int]] = {}
        parents: dict[str, str] = {}
        for at, row in enumerate(self.rows):
            parent = ""
            for path in trail(row.path, self.folders):
                if path not in spans:
                    spans[path], parents[path] = [at, at, 0], parent
                spans[path][1:] = [at, spans[path][2] + 1]
                parent = path
        found: dict[str, list[_Span]] = {}
        for path, (start, last, size) in spans.items():
            if size == last - start + 1:
                found.setdefault(parents[path], []).append(_Span(path, start, last + 1))
        return found

    def _run(self, siblings: list[_Span]) -> list[_Span]:
        """Return the equal folders at the beginning of a list."""
        run = siblings[:1]
        if not self._may_fold(run[0]):
            return run
        mark = self._mark(run[0])
        for before, after in pairwise(siblings):
            if before.end != after.start or self._mark(after) != mark or not self._feeds(before, after):
                break
            run.append(after)
        while len(run) > 1 and self._is_read_from_afar(run, siblings[len(run) :]):
            run.pop()
        return run

    def _is_read_from_afar(self, run: list[_Span], rest: list[_Span]) -> bool:
        """Tell whether anything but the last of a run is read beyond the folder or layer that comes next."""
        end = run[-1].end
        beyond = rest[0].end if rest and rest[0].start == end else end + 1
        return any(self.last_reader[at] >= beyond for at in range(run[0].start, run[-1].start))

    def _may_fold(self, span: _Span) -> bool:
        folder = self.folders[span.path]
        heavy = sum(self.rows[at].family not in FOLLOWERS for at in range(span.start, span.end))
        return bool(folder.call) and (heavy > 1 or is_automatic(span.path.rpartition(".")[2], word_of(folder.call)))

    def _mark(self, span: _Span) -> Any:
        call = self.folders[span.path].call
        return call, [
            (
                self.keys[at],
                [source - span.start if source >= span.start else None for source in self.inputs[at]],
                # the calls of a block may see more and more channels; other folders are equal only as a whole
                self.rows[at].params if is_structure(call) else None,
            )
            for at in range(span.start, span.end)
        ]

    def _feeds(self, before: _Span, after: _Span) -> bool:
        return any(
            before.start <= source < before.end for at in range(after.start, after.end) for source in self.inputs[at]
        )

    def _join(self, run: list[_Span]) -> None:
        start = run[0].start
        for span in run[1:]:
            for at in range(span.start, span.end):
                self.twin[at] = start + at - span.start


def trail(path: str, folders: Mapping[str, Folder]) -> list[str]:
    """Return the folders that a layer lies in, from the outside in; a merge lies in the folder of its name."""
    names = path.split(".")
    prefixes = (".".join(names[:length]) for length in range(1, len(names) + 1))
    return [prefix for prefix in prefixes if prefix in folders]


def _key(row: Node) -> Any:
    # which part of a split is taken is what tells one head from the next
    settings = {name: value for name, value in row.settings.items() if (row.op, name) != ("part", "k")}
    return row.op, str(settings), row.mode, row.device, row.shares is None, row.runs, _extent(row.output)


def _extent(shape: Shape) -> Shape:
    return shape[1:] if len(shape) > 2 else shape
