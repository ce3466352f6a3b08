"""Mistakes in sizes: the depth of another layer, a +1 left out, axes exchanged."""

from collections.abc import Iterator
from typing import Final

from archcalc.homework.mistakes.kinds import Case, Example, Slip
from archcalc.homework.truth import Value
from archcalc.layers.base import channels, spatial, with_axes


def _depth_kept(case: Case) -> Iterator[Value]:
    s = case.subject
    if not s.is_merge and len(s.inputs[0]) == len(s.y):
        yield with_axes(s.y, channels(s.inputs[0]), spatial(s.y))


def _depth_of_next(case: Case) -> Iterator[Value]:
    if case.after is not None and len(case.after.y) == len(case.subject.y):
        yield with_axes(case.subject.y, channels(case.after.y), spatial(case.subject.y))


def _depth_multiplied(case: Case) -> Iterator[Value]:
    s = case.subject
    if not s.is_merge and len(s.y) > 1:
        yield with_axes(s.y, channels(s.y) * channels(s.inputs[0]), spatial(s.y))
        yield with_axes(s.y, 1, spatial(s.y))


def _copied(case: Case) -> Iterator[Value]:
    s = case.subject
    if not s.is_merge:
        yield s.inputs[0]
        if len(s.inputs[0]) == len(s.y):
            yield with_axes(s.y, channels(s.y), spatial(s.inputs[0]))
    if case.next_truth is not None:
        yield case.next_truth


def _one_off(case: Case) -> Iterator[Value]:
    y = case.subject.y
    if len(y) >= 2:
        for more in (-1, 1):
            yield with_axes(y, channels(y), tuple(size + more for size in spatial(y)))


def _kernel_for_less_one(case: Case) -> Iterator[Value]:
    """Yield ⌊(n + 2p − k)/s⌋ without its + 1 … ⌊(n + 2p − k + 1)/s⌋, ⌊n/s⌋."""
    s = case.subject
    window = s.node.window
    if window is None or s.is_merge or len(s.inputs[0]) != len(s.y):
        return
    axes = list(zip(spatial(s.inputs[0]), window.kernel, window.stride, strict=False))
    yield with_axes(s.y, channels(s.y), tuple(n // step for n, _, step in axes))
    yield with_axes(s.y, channels(s.y), tuple(-(-n // step) for n, _, step in axes))
    yield with_axes(s.y, channels(s.y), tuple(n // k for n, k, _ in axes))
    yield with_axes(s.y, channels(s.y), tuple(n - k for n, k, _ in axes))


def _axes_exchanged(case: Case) -> Iterator[Value]:
    y = case.subject.y
    if len(y) == 3 and y[1] != y[2]:
        yield (y[0], y[2], y[1])


SLIPS: Final = (
    Slip(
        "depth-of-next-layer",
        ("output",),
        "the depth of the next layer; this one keeps or makes another",
        "用了下一层的深度; 本层保持深度或另有深度",
        _depth_of_next,
        Example("maxpool 3 /2 -> conv 256 5x5 half", "96x55x55", "output", "96x27x27", "256x27x27", 0),
    ),
    Slip(
        "depth-kept",
        ("output",),
        "the depth of the input; this layer makes another",
        "用了输入的深度; 本层改变深度",
        _depth_kept,
        Example("conv 8 3x3", "3x10x10", "output", "8x8x8", "3x8x8"),
    ),
    Slip(
        "depth-multiplied",
        ("output",),
        "input and output channels are multiplied, or the depth is taken as one",
        "输入输出通道相乘, 或深度取一",
        _depth_multiplied,
        Example("conv 8 3x3", "3x10x10", "output", "8x8x8", "24x8x8"),
    ),
    Slip(
        "copied-cell",
        ("output",),
        "the size of the row before or after",
        "抄了上一行或下一行的尺寸",
        _copied,
        Example("conv 8 3x3", "3x10x10", "output", "8x8x8", "3x10x10"),
    ),
    Slip(
        "size-formula",
        ("output",),
        "another formula for the size: n/s, n/k or n-k",
        "用了别的尺寸公式: n/s、n/k 或 n-k",
        _kernel_for_less_one,
        Example("conv 8 3x3 /2", "3x11x11", "output", "8x5x5", "8x8x8"),
    ),
    Slip(
        "axes-exchanged",
        ("output",),
        "height and width are exchanged",
        "高与宽互换",
        _axes_exchanged,
        Example("conv 5 3x3", "3x10x20", "output", "5x8x18", "5x18x8"),
    ),
    Slip(
        "one-off",
        ("output",),
        "one too many or too few: the + 1 of the formula",
        "多一或少一: 公式中的 + 1",
        _one_off,
        Example("maxpool 2", "8x10x10", "output", "8x5x5", "8x4x4"),
    ),
)
