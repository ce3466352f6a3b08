"""Windows counted one by one, the oracle that knows no formula.

A line is a list of cells: numbers are input positions, None is padding. Windows are laid on it from the left,
one stride after the other, and counted; padding words add cells until their promise comes true; transposed
convolutions write cells. Weights are a set of what is distinct, multiply-adds are counted one by one.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, TypeAlias

import pytest

from archcalc.errors import ShapeError
from archcalc.layers import build

Line: TypeAlias = list[int | None]
Cells: TypeAlias = list[tuple[int | None, ...]]

SIZES = range(1, 13)
KERNELS = range(1, 6)
STRIDES = range(1, 5)
DILATIONS = range(1, 4)
PADS: tuple[Any, ...] = (0, 1, 2, (0, 1), (2, 1), "valid", "half", "same", "same_lower", "darknet")


# ── One axis ──


def laid(line: Line, k: int, s: int, d: int) -> Cells:
    """The windows that fit on a line: k taps, d cells apart; the next window starts s cells further."""
    windows, start = [], 0
    while True:
        taps = [start + d * tap for tap in range(k)]
        if taps[-1] >= len(line):
            return windows
        windows.append(tuple(line[at] for at in taps))
        start += s


def padded(n: int, k: int, s: int, d: int, pad: Any) -> Line:
    """The n cells with the padding that `pad` means (language reference, section 8.2)."""
    cells: Line = list(range(n))
    if isinstance(pad, int):
        return [None] * pad + cells + [None] * pad
    if isinstance(pad, tuple):
        return [None] * pad[0] + cells + [None] * pad[1]
    if pad == "half":
        # fold the window from both ends: as many cells as lie before its middle
        window, side = list(range(d * (k - 1) + 1)), 0
        while len(window) > 2:
            window, side = window[1:-1], side + 1
        return [None] * side + cells + [None] * side
    if pad == "darknet":
        return dealt(cells, k - 1, last_first=True)
    if pad in ("same", "same_lower"):
        wanted = len(cells[::s])
        added = 0
        while len(laid(dealt(cells, added, last_first=pad == "same"), k, s, d)) < wanted:
            added += 1
        return dealt(cells, added, last_first=pad == "same")
    return cells


def dealt(cells: Line, added: int, *, last_first: bool) -> Line:
    """The line with cells added at the end and at the beginning in turn."""
    line = list(cells)
    for turn in range(added):
        line = [*line, None] if (turn % 2 == 0) == last_first else [None, *line]
    return line


def before(line: Line) -> int:
    return line.index(0)


def after(line: Line) -> int:
    return line[::-1].index(max(cell for cell in line if cell is not None))


def laid_ceil(line: Line, k: int, s: int, d: int) -> Cells:
    """One window more if cells are left over at the end; none that starts behind the input (section 8.2)."""
    starts = range(0, s * len(laid(line, k, s, d)), s)
    if not starts:
        return []
    last_cell = starts[-1] + d * (k - 1)
    if last_cell < len(line) - 1:
        starts = range(0, starts[-1] + s + 1, s)
    behind = len(line) - after(line)
    longer = line + [None] * (s + d * k)
    return [tuple(longer[start + d * tap] for tap in range(k)) for start in starts if start < behind]


def scattered(n: int, k: int, s: int, d: int, cut: tuple[int, int], outpad: int) -> list[set[int]]:
    """What each output cell of a transposed convolution is made of: each input cell writes k cells."""
    written: dict[int, set[int]] = {}
    for cell in range(n):
        for tap in range(k):
            written.setdefault(s * cell + d * tap, set()).add(cell)
    line = [written.get(at, set()) for at in range(max(written) + 1)] + [set() for _ in range(outpad)]
    return line[cut[0] : len(line) - cut[1]]


def seen(window: Any, outputs: int, n: int) -> Cells:
    """The input cells that a rule's Window says each output sees, None for padding."""
    found = []
    for at in range(outputs):
        start = at * window.stride[0] - window.before[0]
        taps = [start + tap * window.dilation[0] for tap in range(window.kernel[0])]
        found.append(tuple(tap if 0 <= tap < n else None for tap in taps))
    return found


def told(layer: Any, n: int) -> int | str:
    """How many outputs a rule says there are on n cells, or why there are none."""
    try:
        return layer.output_shape((n, 2))[0]
    except ShapeError as error:
        return error.message


SLIDING = {
    "conv": {"out": 3},
    "dwconv": {"mult": 2},
    "local": {"out": 3},
    "maxpool": {},
    "avgpool": {},
    "lppool": {},
}
CEIL = ("conv", "dwconv", "maxpool", "avgpool", "lppool")
DILATED = ("conv", "dwconv", "local", "maxpool")


@pytest.mark.parametrize("pad", PADS, ids=str)
@pytest.mark.parametrize("op", SLIDING)
def test_windows_on_a_line(op: str, pad: Any) -> None:
    wrong = []
    for k, s, d in product(KERNELS, STRIDES, DILATIONS if op in DILATED else (1,)):
        dilation = {"dilation": d} if op in DILATED else {}
        layer = build(op, {"kernel": k, "stride": s, "pad": pad, **dilation, **SLIDING[op]})
        for n in SIZES:
            line = padded(n, k, s, d, pad)
            windows = laid(line, k, s, d)
            outputs = told(layer, n)
            if not windows:
                expected = f"window {len(range(0, d * (k - 1) + 1))} is larger than the padded input {len(line)}"
                if outputs != expected:
                    wrong.append((n, k, s, d, outputs, expected))
            elif outputs != len(windows) or seen(layer.window((n, 2)), len(windows), n) != windows:
                wrong.append((n, k, s, d, outputs, len(windows)))
    assert wrong == []


@pytest.mark.parametrize("pad", PADS, ids=str)
@pytest.mark.parametrize("op", CEIL)
def test_windows_that_may_reach_over_the_end(op: str, pad: Any) -> None:
    wrong = []
    for k, s, d in product(KERNELS, STRIDES, DILATIONS if op in DILATED else (1,)):
        dilation = {"dilation": d} if op in DILATED else {}
        layer = build(op, {"kernel": k, "stride": s, "pad": pad, "ceil": True, **dilation, **SLIDING[op]})
        # "With same, same_lower or darknet the result has ceil ignored" (section 8.2)
        lay = laid if pad in ("same", "same_lower", "darknet") else laid_ceil
        for n in SIZES:
            windows = lay(padded(n, k, s, d, pad), k, s, d)
            outputs = told(layer, n)
            if windows and (outputs != len(windows) or seen(layer.window((n, 2)), len(windows), n) != windows):
                wrong.append((n, k, s, d, outputs, len(windows)))
            if not windows and isinstance(outputs, int):
                wrong.append((n, k, s, d, outputs, 0))
    assert wrong == []


@pytest.mark.parametrize("op", ["maxpool", "avgpool", "lppool"])
def test_a_pool_without_a_stride_steps_by_its_kernel(op: str) -> None:
    for k, n in product(KERNELS, SIZES):
        windows = laid(list(range(n)), k, k, 1)
        if windows:
            assert told(build(op, {"kernel": k}), n) == len(windows)


@pytest.mark.parametrize("pad", [0, 1, 2, (0, 1), (2, 1), "valid", "half"], ids=str)
def test_cells_that_a_transposed_convolution_writes(pad: Any) -> None:
    wrong = []
    for k, s, d in product(KERNELS, STRIDES, DILATIONS):
        settings = {"out": 3, "kernel": k, "stride": s, "dilation": d, "pad": pad}
        for outpad in range(max(s, d)):
            layer = build("deconv", {**settings, "outpad": outpad})
            for n in SIZES:
                sides = padded(n, k, s, d, pad)
                cut = (before(sides), after(sides))
                full = len(scattered(n, k, s, d, (0, 0), outpad))
                outputs = told(layer, n)
                if sum(cut) >= full:
                    if isinstance(outputs, int):
                        wrong.append((n, k, s, d, outpad, outputs, "nothing left"))
                elif outputs != len(scattered(n, k, s, d, cut, outpad)):
                    wrong.append((n, k, s, d, outpad, outputs))
    assert wrong == []


def test_a_transposed_convolution_with_same_padding_gives_a_block_for_each_cell() -> None:
    for n, k, s in product(SIZES, KERNELS, STRIDES):
        blocks = [block for cell in range(n) for block in [cell] * s]
        assert told(build("deconv", {"out": 3, "kernel": k, "stride": s, "pad": "same"}), n) == len(blocks)


# ── Maps: weights as a set, multiply-adds one by one ──


def grid(shape: tuple[int, int], settings: dict[str, Any]) -> Iterator[tuple[tuple[int, int], tuple[Any, ...]]]:
    """Every window of a map: its place and its taps, for two numbers a setting and four of padding."""
    (kh, kw), (sh, sw), (dh, dw) = settings["kernel"], settings["stride"], settings["dilation"]
    top, bottom, left, right = settings["pad"]
    rows = laid(padded(shape[0], kh, sh, dh, (top, bottom)), kh, sh, dh)
    columns = laid(padded(shape[1], kw, sw, dw, (left, right)), kw, sw, dw)
    for (i, down), (j, across) in product(enumerate(rows), enumerate(columns)):
        yield (i, j), tuple(product(range(len(down)), range(len(across))))


def grouped(channels: int, groups: int) -> list[set[int]]:
    """Channels in `groups` runs of equal length."""
    runs: list[set[int]] = [set() for _ in range(groups)]
    for channel in range(channels):
        runs[channel * groups // channels].add(channel)
    return runs


GEOMETRIES = [
    {"kernel": (1, 1), "stride": (1, 1), "dilation": (1, 1), "pad": (0, 0, 0, 0)},
    {"kernel": (3, 3), "stride": (1, 1), "dilation": (1, 1), "pad": (1, 1, 1, 1)},
    {"kernel": (3, 2), "stride": (2, 1), "dilation": (1, 2), "pad": (0, 1, 2, 0)},
    {"kernel": (1, 4), "stride": (1, 3), "dilation": (1, 1), "pad": (0, 0, 0, 2)},
]
MAPS = [(5, 5), (4, 7), (6, 5)]


def counted(layer: Any, x: tuple[int, ...]) -> tuple[Any, int, int]:
    y = layer.output_shape(x)
    return y, layer.weights(x)[0].size, layer.ops(x, y).mac


@pytest.mark.parametrize("settings", GEOMETRIES, ids=lambda s: "x".join(map(str, s["kernel"])))
@pytest.mark.parametrize("shape", MAPS, ids=str)
@pytest.mark.parametrize(("channels", "out", "groups"), [(1, 1, 1), (3, 4, 1), (4, 6, 2), (6, 3, 3), (4, 4, 4)])
def test_products_of_a_convolution(
    shape: tuple[int, int], settings: dict[str, Any], channels: int, out: int, groups: int
) -> None:
    weights, macs, places = set(), 0, set()
    for place, taps in grid(shape, settings):
        places.add(place)
        for readers, sources in zip(grouped(out, groups), grouped(channels, groups), strict=True):
            for product_ in product(readers, sources, taps):
                weights.add(product_)
                macs += 1
    y, size, mac = counted(build("conv", {"out": out, "groups": groups, **settings}), (channels, *shape))
    assert (y[0], y[1] * y[2], size, mac) == (out, len(places), len(weights), macs)


@pytest.mark.parametrize("settings", GEOMETRIES, ids=lambda s: "x".join(map(str, s["kernel"])))
@pytest.mark.parametrize("mult", [1, 3])
def test_products_of_a_depthwise_convolution(settings: dict[str, Any], mult: int) -> None:
    channels, shape = 4, (6, 5)
    weights, macs = set(), 0
    for _, taps in grid(shape, settings):
        for product_ in product(range(channels), range(mult), taps):
            weights.add(product_)
            macs += 1
    y, size, mac = counted(build("dwconv", {"mult": mult, **settings}), (channels, *shape))
    assert (y[0], size, mac) == (channels * mult, len(weights), macs)


@pytest.mark.parametrize("settings", GEOMETRIES, ids=lambda s: "x".join(map(str, s["kernel"])))
@pytest.mark.parametrize("share", [1, 2, (2, 3)], ids=str)
def test_products_of_a_locally_connected_layer(settings: dict[str, Any], share: Any) -> None:
    channels, out, shape = 2, 3, (6, 5)
    blocks = share if isinstance(share, tuple) else (share, share)
    weights, biases, macs = set(), set(), 0
    for (i, j), taps in grid(shape, settings):
        bank = (i // blocks[0], j // blocks[1])
        biases |= set(product([bank], range(out)))
        for product_ in product([bank], range(out), range(channels), taps):
            weights.add(product_)
            macs += 1
    layer = build("local", {"out": out, "share": share, **settings})
    _, size, mac = counted(layer, (channels, *shape))
    assert (size, layer.weights((channels, *shape))[1].size, mac) == (len(weights), len(biases), macs)


@pytest.mark.parametrize("kernel", [(1, 1), (2, 3), (4, 4)], ids=str)
@pytest.mark.parametrize(("channels", "out", "groups"), [(3, 4, 1), (4, 6, 2), (6, 3, 3)])
def test_products_of_a_transposed_convolution(kernel: tuple[int, int], channels: int, out: int, groups: int) -> None:
    shape = (3, 4)
    weights, macs = set(), 0
    for _ in product(range(shape[0]), range(shape[1])):
        for writers, targets in zip(grouped(channels, groups), grouped(out, groups), strict=True):
            for product_ in product(writers, targets, range(kernel[0]), range(kernel[1])):
                weights.add(product_)
                macs += 1
    layer = build("deconv", {"out": out, "kernel": kernel, "stride": 2, "groups": groups})
    y, size, mac = counted(layer, (channels, *shape))
    rows, columns = (scattered(n, k, 2, 1, (0, 0), 0) for n, k in zip(shape, kernel, strict=True))
    assert (y, size, mac) == ((out, len(rows), len(columns)), len(weights), macs)
