"""Mistakes in receptive fields and jumps; they start from the student's own row before, where there is one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from archcalc.homework.mistakes.kinds import Case, Example, Slip
from archcalc.homework.truth import Field, Value, grown
from archcalc.quantities import Window


def _steps(case: Case) -> Iterator[tuple[Field, Window]]:
    window = case.subject.node.window
    if window is None:
        return
    for before in dict.fromkeys(each for each in (case.student_field, case.field) if each is not None):
        if len(before.size) == len(window.kernel):
            yield before, window


def _whole_kernel(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        yield tuple(r + k * j for r, j, k in zip(before.size, before.jump, window.kernel, strict=True))


def _doubled(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        if case.subject.node.family == "pool" or set(window.stride) != {1}:
            yield tuple(s * r for r, s in zip(before.size, window.stride, strict=True))
            yield tuple(k * r for r, k in zip(before.size, window.kernel, strict=True))


def _ignored(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        if set(window.kernel) != {1}:
            yield before.size


def _jump_ignored(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        one = replace(before, jump=(1,) * len(before.jump))
        yield grown(one, window).size


def _jump_after(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        jump = grown(before, window).jump
        yield grown(replace(before, jump=jump), window).size


def _stride_for_jump(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        yield grown(replace(before, jump=window.stride), window).size


def _undilated(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        yield grown(before, replace(window, dilation=(1,) * len(window.kernel))).size


def _multiplied(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        yield tuple(r * k for r, k in zip(before.size, window.kernel, strict=True))
        yield tuple(r + k for r, k in zip(before.size, window.kernel, strict=True))


def _shifted(case: Case) -> Iterator[Value]:
    if case.field is not None:
        yield case.field.size
    if case.next_truth is not None:
        yield case.next_truth


def _jump_kept(case: Case) -> Iterator[Value]:
    for before, _ in _steps(case):
        yield before.jump


def _jump_doubled(case: Case) -> Iterator[Value]:
    for before, window in _steps(case):
        jump = grown(before, window).jump
        yield tuple(2 * j for j in jump)
        yield tuple(j * s for j, s in zip(jump, window.stride, strict=True))
        yield window.stride


SLIPS: Final = (
    Slip(
        "rf-kernel-not-minus-one",
        ("rf",),
        "K is used for K - 1: r + K*j",
        "用了 K 而不是 K - 1: r + K*j",
        _whole_kernel,
        Example("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "rf", "7 + 2*2", "7 + 3*2", 1),
    ),
    Slip(
        "rf-doubled-at-pool",
        ("rf",),
        "the field is multiplied by the stride or kernel; it grows by (k - 1)*j",
        "感受野乘了步长或核大小; 它只增加 (k - 1)*j",
        _doubled,
        Example("conv 8 5x5 -> maxpool 2", "1x28x28", "rf", "5 + 1", "10", 1),
    ),
    Slip(
        "rf-increment-missed",
        ("rf",),
        "the increment (k - 1)*j of this layer is missing",
        "漏了本层的增量 (k - 1)*j",
        _ignored,
        Example("conv 8 5x5 -> maxpool 2", "1x28x28", "rf", "5 + 1", "5", 1),
    ),
    Slip(
        "rf-jump-ignored",
        ("rf",),
        "k - 1 is added without the jump of the layers before",
        "只加了 k - 1, 没有乘前面各层的步长积",
        _jump_ignored,
        Example("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "rf", "7 + 2*2", "7 + 2", 1),
    ),
    Slip(
        "rf-jump-of-this-layer",
        ("rf",),
        "the jump after this layer is used, not the one before it",
        "用了本层之后的步长积, 应是本层之前的",
        _jump_after,
        Example("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "rf", "7 + 2*2", "7 + 2*4", 1),
    ),
    Slip(
        "rf-stride-for-jump",
        ("rf",),
        "the layer's own stride is used for the jump",
        "把本层步长当作步长积",
        _stride_for_jump,
        Example("conv 8 7x7 /2 -> maxpool 3 /2 -> conv 8 3x3 /3", "3x64x64", "rf", "11 + 2*4", "11 + 2*3", 2),
    ),
    Slip(
        "rf-dilation-ignored",
        ("rf",),
        "the dilation is ignored",
        "忽略了空洞",
        _undilated,
        Example("conv 8 3x3 -> conv 8 3x3 dilation=2", "3x64x64", "rf", "3 + 2*2", "3 + 2", 1),
    ),
    Slip(
        "rf-multiplied",
        ("rf",),
        "fields are multiplied or added whole",
        "感受野相乘或整个相加",
        _multiplied,
        Example("conv 8 3x3 -> conv 8 3x3", "3x64x64", "rf", "3 + 2", "9", 1),
    ),
    Slip(
        "rf-column-shifted",
        ("rf",),
        "the column is shifted by a row",
        "该列错了一行",
        _shifted,
        Example("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "rf", "7", "11", 0),
    ),
    Slip(
        "jump-kept",
        ("jump",),
        "the stride of this layer is missing in the product",
        "步长积漏乘了本层步长",
        _jump_kept,
        Example("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "jump", "4", "2", 1),
    ),
    Slip(
        "jump-product",
        ("jump",),
        "one stride too many in the product, or the layer's stride alone",
        "步长积多乘了一个, 或只是本层步长",
        _jump_doubled,
        Example("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "jump", "4", "8", 1),
    ),
)
