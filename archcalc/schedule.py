"""In which order the rows of a network need the least memory.

Where every path leads through one row, what comes before and after are problems of their own. Each is searched for an
order with the least peak; the search is exact within a budget of states. Beyond it the better of the spec's order
and a greedy one is taken, and the result says that it is not proved to be the least.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from archcalc.arithmetic import volume
from archcalc.memory import last_reads, overwrites
from archcalc.report import Node, Report

BUDGET: Final = 20_000  # states of all searches of one network


class Schedule(NamedTuple):
    """Rows in an order in which they can run; `proved` tells whether no order has a lower peak."""

    rows: tuple[Node, ...]
    proved: bool


def best_order(report: Report, *, in_place: bool = False, budget: int = BUDGET) -> Schedule:
    """Return the rows of the inference network in an order with a low peak of live values.

    Args:
        report: of a network with numbers for sizes.
        in_place: as for `archcalc.memory.peak`.
        budget: how many states of exact searches may be looked at.

    >>> from archcalc.api import analyze
    >>> best_order(analyze("alexnet")).proved
    True
    """
    rows = tuple(row for row in report.rows if row.mode == "both")
    values = _values(report, rows)
    segments: list[_Segment] = []
    carried: list[_Value] = [value for value in values if value.made < 0]
    for start, end in _segments(values, len(rows)):
        carried += values[len(report.input) + start : len(report.input) + end]
        segments.append(_Segment(rows, carried, start, end, in_place=in_place))
        carried = [value for value in carried if value.kept or value.last >= end]
    # no order is better than what some row needs, so that nothing below it is worth a search
    enough = max((segment.least() for segment in segments), default=0)
    order: list[int] = []
    proved = True
    for segment in segments:
        found = segment.solve(budget, enough)
        order += found.order
        budget -= found.states
        proved = proved and found.proved
    return Schedule(tuple(rows[at] for at in order), proved)


class _Value(NamedTuple):
    """What a network input (made: −1) or a row gives: how much, which rows read it, whether it stays to the end."""

    made: int
    size: int
    readers: tuple[int, ...]
    kept: bool

    @property
    def last(self) -> int:
        return max(self.readers, default=-1)


def _values(report: Report, rows: Sequence[Node]) -> list[_Value]:
    """Return the values of the inputs, then of the rows."""
    readers: dict[str, dict[int, None]] = {}
    for at, row in enumerate(rows):
        for path in row.inputs:
            readers.setdefault(path, {})[at] = None
    last = last_reads(rows, report)
    found = [_Value(-1, volume(shape), tuple(readers.get(name, ())), False) for name, shape in report.input.items()]
    for at, row in enumerate(rows):
        kept = last[row.path] >= len(rows)
        found.append(_Value(at, row.activations, tuple(readers.get(row.path, ())), kept))
    return found


def _segments(values: Sequence[_Value], count: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of rows that must run one after the other: each ends with a row that all paths lead through."""
    first_reader = [count] * count
    last_read = [-1] * count
    for value in values:
        if value.made >= 0 and not value.kept:
            first_reader[value.made] = min(value.readers, default=count)
        for reader in value.readers:
            last_read[reader] = max(last_read[reader], value.made)
    earliest = [count] * (count + 1)  # the least of what the rows from k on read last
    for k in range(count - 1, -1, -1):
        earliest[k] = min(earliest[k + 1], last_read[k])
    start, latest = 0, -1  # latest: where the values of earlier rows find their first reader
    for k in range(count):
        if k == count - 1 or (latest <= k and earliest[k + 1] >= k):
            yield start, k + 1
            start = k + 1
        latest = max(latest, first_reader[k])


class _Found(NamedTuple):
    order: list[int]
    proved: bool
    states: int


class _Segment:
    """Rows start … end − 1 after all rows before them, as bits 0, 1, … of a mask of what has run."""

    def __init__(self, rows: Sequence[Node], values: Sequence[_Value], start: int, end: int, *, in_place: bool) -> None:
        self.start, self.count = start, end - start
        self.needs = [0] * self.count  # rows that must run before
        self.makes = [0] * self.count
        self.reads: list[list[int]] = [[] for _ in range(self.count)]  # numbers of values that die in the segment
        self.sizes: list[int] = []
        self.readers: list[int] = []  # of these values, as masks
        self.first = 0  # elements alive before the first row
        self.pinned = 0  # those of them that are needed behind the segment
        self.holds = [0] * self.count  # elements of what a row reads and makes, beside these
        self.over: list[int | None] = [None] * self.count  # the value that a row writes over
        for value in values:
            self._take(value, rows, end, in_place=in_place)

    def _take(self, value: _Value, rows: Sequence[Node], end: int, *, in_place: bool) -> None:
        inside = [reader - self.start for reader in value.readers if self.start <= reader < end]
        made = value.made - self.start
        stays = value.kept or value.last >= end
        for row in inside if made >= 0 or not stays else ():
            self.holds[row] += value.size
        if made < 0:
            self.first += value.size if inside or stays else 0
            self.pinned += value.size if stays else 0
        else:
            self.makes[made] = value.size
            self.holds[made] += value.size
            for reader in inside:
                self.needs[reader] |= 1 << made
        if stays or not inside:
            return
        number = len(self.sizes)
        self.sizes.append(value.size)
        self.readers.append(sum(1 << reader for reader in inside))
        for reader in inside:
            self.reads[reader].append(number)
            node = rows[reader + self.start]
            source = rows[value.made].path if value.made >= 0 else None
            if in_place and overwrites(node) and node.inputs[0] == source:
                self.over[reader] = number

    def least(self) -> int:
        """Return what some row of the segment needs in every order: what it reads and makes, and what is pinned."""
        written = (0 if over is None else self.sizes[over] for over in self.over)
        return self.pinned + max(held - saved for held, saved in zip(self.holds, written, strict=True))

    def step(self, done: int, live: int, row: int) -> tuple[int, int]:
        """Return the elements alive while a row runs, and behind it."""
        after = done | 1 << row
        freed = sum(self.sizes[value] for value in self.reads[row] if not self.readers[value] & ~after)
        over = self.over[row]
        taken = self.sizes[over] if over is not None and not self.readers[over] & ~after else 0
        running = live + self.makes[row]
        return running - taken, running - freed

    def ready(self, done: int) -> list[int]:
        """Return the rows that can run next."""
        return [row for row in range(self.count) if not done >> row & 1 and not self.needs[row] & ~done]

    def peak(self, order: Sequence[int]) -> int:
        """Return the most that is alive at once in an order."""
        done, live = 0, self.first
        most = live
        for row in order:
            running, live = self.step(done, live, row)
            most = max(most, running)
            done |= 1 << row
        return most

    def greedy(self) -> list[int]:
        """Return an order that always takes the row behind which least is alive."""
        done, live = 0, self.first
        order: list[int] = []
        while len(order) < self.count:
            options = [(*self.step(done, live, row)[::-1], row) for row in self.ready(done)]
            live, _, row = min(options)
            order.append(row)
            done |= 1 << row
        return order

    def solve(self, budget: int, enough: int) -> _Found:
        """Return the best order that the budget finds; one whose peak is at most `enough` is good enough."""
        spec = list(range(self.count))
        if self.count == 1 or self.peak(spec) <= enough:
            return _Found([row + self.start for row in spec], True, 0)
        order = min(spec, self.greedy(), key=self.peak)
        peak = self.peak(order)
        better, states, proved = (None, 0, True) if peak <= enough else self.search(peak, budget)
        return _Found([row + self.start for row in better or order], proved, states)

    def search(self, best: int, budget: int) -> tuple[list[int] | None, int, bool]:
        """Return an order with a lower peak than `best`, or None; the states looked at; whether nothing is better."""
        everything = (1 << self.count) - 1
        came: dict[int, tuple[int, int]] = {}
        known = {0: self.first}
        queue = [(self.first, 0, 0, self.first)]
        states = 0
        while queue:
            if states >= budget:
                return None, states, False
            peak, _, done, live = heapq.heappop(queue)
            if peak > known[done]:
                continue
            states += 1
            if done == everything:
                order: list[int] = []
                while done:
                    done, row = came[done]
                    order.append(row)
                return order[::-1], states, True
            options = [(row, *self.step(done, live, row)) for row in self.ready(done)]
            # what needs no more than there is already, and leaves no more, is never wrong
            free = next((option for option in options if option[1] <= peak and option[2] <= live), None)
            for row, running, left in [free] if free else options:
                after, reached = done | 1 << row, max(peak, running)
                if reached < best and reached < known.get(after, best):
                    known[after] = reached
                    came[after] = (done, row)
                    heapq.heappush(queue, (reached, -after.bit_count(), after, left))
        return None, states, True
