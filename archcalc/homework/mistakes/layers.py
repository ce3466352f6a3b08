"""Mistakes about one layer: its biases, its channels, its groups, its padding and rounding, what it reads."""

from collections.abc import Iterator
from typing import Any, Final

from archcalc.homework.mistakes.kinds import COUNTS, OPERATIONS, Case, Edit, Example
from archcalc.homework.truth import Subject
from archcalc.layers.base import channels, with_axes

_ALL: Final = ("params", "weights", "macs", "flops")
_SIZES: Final = ("output", "activations", "memory", "macs", "flops")


def _takes(subject: Subject, name: str) -> bool:
    return name in type(subject.layer).model_fields


def _without_bias(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.settings.get("bias"):
        yield s.changed(bias=False)
    if s.settings.get("biases"):
        yield s.changed(biases=0)


def _with_bias(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.settings.get("bias") is False:
        yield s.changed(bias=True)


def _one_channel(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.op in ("conv", "deconv", "local"):
        yield s.changed(**({"groups": 1} if _takes(s, "groups") else {})).reading(_channels(s, 1))


def _channels(s: Subject, count: int) -> Any:
    x = s.inputs[0]
    return with_axes(x, count, x[:-1] if len(x) <= 2 else x[1:])


def _output_channels(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.op in ("conv", "deconv", "local"):
        yield s.changed(**({"groups": 1} if _takes(s, "groups") else {})).reading(_channels(s, s.settings["out"]))


def _swapped_channels(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.op == "conv" and s.settings.get("groups", 1) == 1:
        yield s.changed(out=channels(s.inputs[0])).reading(_channels(s, s.settings["out"]))


def _groups_ignored(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.settings.get("groups", 1) > 1:
        yield s.changed(groups=1)
    if s.op == "dwconv":
        keep = {name: value for name, value in s.settings.items() if name not in ("mult",)}
        yield s.other("conv", out=channels(s.inputs[0]) * s.settings.get("mult", 1), **keep)


def _groups_added(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.op == "conv" and s.settings.get("groups", 1) == 1:
        yield s.changed(groups=2)
    elif s.settings.get("groups", 1) > 1:
        yield s.changed(groups=2 * s.settings["groups"])


def _before_channels(case: Case) -> Iterator[Subject]:
    """Yield the layer reading the channels that its predecessor reads."""
    s, before = case.subject, case.before
    if before is not None and s.op in ("conv", "deconv") and len(before.inputs[0]) == len(s.inputs[0]):
        yield s.reading(_channels(s, channels(before.inputs[0])))


def _no_padding(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.node.window is not None and any((*s.node.window.before, *s.node.window.after)) and _takes(s, "pad"):
        yield s.changed(pad=0)


def _padding_once(case: Case) -> Iterator[Subject]:
    s = case.subject
    window = s.node.window
    if window is not None and any(window.before) and _takes(s, "pad"):
        yield s.changed(pad=tuple(side for p in window.before for side in (p, 0)))


def _padding_both(case: Case) -> Iterator[Subject]:
    """Yield the layer with a padding that the task does not have: it keeps the size."""
    s = case.subject
    window = s.node.window
    if window is not None and _takes(s, "pad") and not any((*window.before, *window.after)):
        yield s.changed(pad="same")
        yield s.changed(pad="half")


def _one_more_pad(case: Case) -> Iterator[Subject]:
    s = case.subject
    window = s.node.window
    if window is not None and _takes(s, "pad") and s.op in ("conv", "maxpool", "avgpool"):
        yield s.changed(pad=tuple(p + 1 for p in window.before))
        if any(window.before):
            yield s.changed(pad=tuple(2 * p for p in window.before))
            yield s.changed(pad=tuple(max(0, p - 1) for p in window.before))


def _valid_for_same(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.settings.get("pad") in ("same", "half", "same_lower") and _takes(s, "pad"):
        yield s.changed(pad=0)


def _other_rounding(case: Case) -> Iterator[Subject]:
    s = case.subject
    if _takes(s, "ceil"):
        pad = s.settings.get("pad")
        base = s.changed(pad="half") if pad in ("same", "same_lower") else s
        yield base.changed(ceil=not s.settings.get("ceil"))


def _same_floored(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.settings.get("pad") in ("same", "same_lower"):
        yield s.changed(pad=0)
        window = s.node.window
        if window is not None:  # ⌊n/s⌋: windows of the stride's size, side by side
            yield (
                s.changed(kernel=window.stride, pad=0, dilation=1)
                if _takes(s, "dilation")
                else s.changed(kernel=window.stride, pad=0)
            )


def _no_stride(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.node.window is not None and _takes(s, "stride") and set(s.node.window.stride) != {1}:
        yield s.changed(stride=1)


def _pool_stride(case: Case) -> Iterator[Subject]:
    s = case.subject
    window = s.node.window
    if window is not None and _takes(s, "stride") and window.stride != window.kernel:
        yield s.changed(stride=window.kernel)


def _no_dilation(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.node.window is not None and _takes(s, "dilation") and set(s.node.window.dilation) != {1}:
        yield s.changed(dilation=1)


def _other_image(case: Case) -> Iterator[Subject]:
    """Yield the layer on AlexNet's other image: 224 for 227, 227 for 224."""
    s = case.subject
    x = s.inputs[0]
    if case.before is None and len(x) == 3 and x[1] == x[2] and x[1] in (224, 227):
        other = 451 - x[1]
        yield s.reading((x[0], other, other))


def _layer_forgotten(case: Case) -> Iterator[Subject]:
    """Yield the layer on what its predecessor reads."""
    s, before = case.subject, case.before
    if (
        before is not None
        and not s.is_merge
        and len(before.inputs[0]) == len(s.inputs[0])
        and before.inputs != s.inputs
    ):
        yield s.reading(before.inputs[0])


def _inconsistent(case: Case) -> Iterator[Subject]:
    """Yield the layer on a neighbouring size: the row comes from another branch of the story."""
    s = case.subject
    x = s.inputs[0]
    if len(x) >= 3 and not s.is_merge:
        for more in (1, -1):
            if all(size + more > 0 for size in x[1:]):
                yield s.reading((x[0], *(size + more for size in x[1:])))


def _not_flattened(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.op == "fc" and len(s.inputs[0]) >= 3:
        yield s.reading((s.inputs[0][0],))
    before = case.before
    if s.op == "fc" and before is not None and len(before.inputs[0]) >= 3:
        yield s.reading((before.inputs[0][0],))


def _unpooled(case: Case) -> Iterator[Subject]:
    """Yield a dense layer on the map before the last pool."""
    before = case.before
    if case.subject.op == "fc" and before is not None and before.node.family == "pool":
        yield case.subject.reading(before.inputs[0])


def _gates(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.node.family == "recurrent":
        for op in ("rnn", "gru", "lstm"):
            if op != s.op:
                yield s.other(op, **s.settings)


def _one_direction(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.settings.get("bi"):
        yield s.changed(bi=False)


def _biases(count: int) -> Any:
    def subjects(case: Case) -> Iterator[Subject]:
        s = case.subject
        if s.node.family == "recurrent" and s.settings.get("biases") != count:
            yield s.changed(biases=count)

    return subjects


def _steps_as_features(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.node.family == "recurrent" and len(s.inputs[0]) == 2 and isinstance(s.inputs[0][0], int):
        yield s.reading((s.inputs[0][0], s.inputs[0][0]))


def _output_kept(case: Case) -> Iterator[Subject]:
    s = case.subject
    if s.settings.get("ret") in ("seq", "last"):
        yield s.changed(ret="last" if s.settings["ret"] == "seq" else "seq")


EDITS: Final = (
    Edit(
        "forgot-input-channels",
        _ALL,
        "the input channels are left out: every kernel has {channels} slices, not one",
        "漏乘输入通道: 每个核跨 {channels} 个通道, 不是一个",
        _one_channel,
        Example("conv 64 5x5", "32x14x14", "params", "(5*5*32 + 1)*64", "(5*5 + 1)*64"),
    ),
    Edit(
        "forgot-bias",
        ("params",),
        "the biases are left out",
        "漏加偏置",
        _without_bias,
        Example("conv 1024 3x3 -> conv 3 3x3", "3x8x8", "params", "(3*3*1024 + 1)*3", "3*3*1024*3", 1),
    ),
    Edit(
        "bias-not-asked",
        ("params",),
        "biases are added, but this layer has none",
        "多加了偏置, 该层没有偏置",
        _with_bias,
        Example("conv 8 3x3 -> conv 16 3x3 bias=false", "3x8x8", "params", "3*3*8*16", "3*3*8*16 + 16", 1),
    ),
    Edit(
        "output-for-input-channels",
        _ALL,
        "the output channels stand in the place of the input channels",
        "把输出通道当作输入通道",
        _output_channels,
        Example("conv 64 3x3", "32x8x8", "params", "(3*3*32 + 1)*64", "(3*3*64 + 1)*64"),
    ),
    Edit(
        "swapped-channels",
        COUNTS,
        "input and output channels are exchanged",
        "输入与输出通道互换",
        _swapped_channels,
        Example("conv 64 3x3", "32x8x8", "params", "(3*3*32 + 1)*64", "(3*3*64 + 1)*32"),
    ),
    Edit(
        "groups-ignored",
        _ALL,
        "the groups are ignored: each kernel reads only its own group's channels",
        "忽略了分组: 每个核只读本组的通道",
        _groups_ignored,
        Example("conv 256 5x5 groups=2", "96x27x27", "params", "(5*5*48 + 1)*256", "(5*5*96 + 1)*256"),
    ),
    Edit(
        "grouped",
        _ALL,
        "counted with two groups (the two-GPU network); this layer has one",
        "按两组 (双 GPU 网络) 计算, 该层不分组",
        _groups_added,
        Example("conv 256 5x5", "96x27x27", "params", "(5*5*96 + 1)*256", "(5*5*48 + 1)*256"),
    ),
    Edit(
        "channels-of-previous-layer",
        _ALL,
        "the channels of the layer before the previous one are used",
        "用了更前一层的通道数",
        _before_channels,
        Example("conv 16 3x3 -> conv 32 3x3", "6x12x12", "params", "(3*3*16 + 1)*32", "(3*3*6 + 1)*32", 1),
    ),
    Edit(
        "two-bias-vectors",
        ("params",),
        "two bias vectors per gate are counted, the layer has another number",
        "每门计两个偏置向量, 与该层不符",
        _biases(2),
        Example("gru 32", "10x16", "params", "3*(32*16 + 32*32 + 32)", "3*(32*16 + 32*32 + 2*32)"),
    ),
    Edit(
        "one-bias-vector",
        ("params",),
        "one bias vector per gate is counted, the layer has another number",
        "每门计一个偏置向量, 与该层不符",
        _biases(1),
        Example("gru 32 biases=2", "10x16", "params", "3*(32*16 + 32*32 + 2*32)", "3*(32*16 + 32*32 + 32)"),
    ),
    Edit(
        "wrong-gates",
        ("params", "weights", "macs", "flops"),
        "the formula of another recurrent layer",
        "用了别的循环层的公式",
        _gates,
        Example("lstm 4", "5x3", "params", "4*(4*3 + 4*4 + 4)", "3*(4*3 + 4*4 + 4)"),
    ),
    Edit(
        "one-direction",
        ("params", "weights", "macs", "flops", "output"),
        "one direction of two",
        "双向只算一个方向",
        _one_direction,
        Example("lstm 4 bi", "5x3", "params", "2*4*(4*3 + 4*4 + 4)", "4*(4*3 + 4*4 + 4)"),
    ),
    Edit(
        "steps-as-features",
        ("params", "weights"),
        "the time steps are taken as features",
        "把时间步当作特征数",
        _steps_as_features,
        Example("rnn 4", "20x1", "params", "(1 + 4)*4 + 4", "(20 + 4)*4 + 4"),
    ),
    Edit(
        "sequence-or-last",
        ("output",),
        "the whole sequence and its last step are confused",
        "混淆了整个序列与最后一步",
        _output_kept,
        Example("lstm 8", "20x5", "output", "20x8", "8"),
    ),
    Edit(
        "not-flattened",
        _ALL,
        "the map is not flattened: only the channels are counted as inputs",
        "没有展平: 只把通道数当作输入",
        _not_flattened,
        Example("maxpool 2 -> fc 10", "16x10x10", "params", "(16*5*5 + 1)*10", "(16 + 1)*10", 1),
    ),
    Edit(
        "pool-skipped",
        ("params", "weights", "macs", "flops"),
        "the size before the pool is flattened",
        "展平了池化之前的特征图",
        _unpooled,
        Example("maxpool 2 -> fc 10", "16x10x10", "params", "(16*5*5 + 1)*10", "(16*10*10 + 1)*10", 1),
    ),
    Edit(
        "padding-ignored",
        _SIZES,
        "the padding is ignored",
        "忽略了填充",
        _no_padding,
        Example("conv 8 5x5 pad=2", "3x28x28", "output", "8x28x28", "8x24x24"),
    ),
    Edit(
        "padding-once",
        _SIZES,
        "the padding is counted on one side instead of two",
        "填充只算了一侧",
        _padding_once,
        Example("conv 8 5x5 pad=2", "3x28x28", "output", "8x28x28", "8x26x26"),
    ),
    Edit(
        "valid-for-same",
        _SIZES,
        "VALID is taken for SAME: the map is padded",
        "把 SAME 当作 VALID",
        _valid_for_same,
        Example("conv 8 3x3 pad=same", "3x28x28", "output", "8x28x28", "8x26x26"),
    ),
    Edit(
        "same-for-valid",
        _SIZES,
        "SAME is taken for VALID: this layer has no padding",
        "把 VALID 当作 SAME: 该层没有填充",
        _padding_both,
        Example("conv 8 5x5", "3x28x28", "output", "8x24x24", "8x28x28"),
    ),
    Edit(
        "same-floored",
        _SIZES,
        "SAME rounds up, ceil(n/s)",
        "SAME 向上取整 ceil(n/s)",
        _same_floored,
        Example("conv 8 3x3 /2 pad=same", "3x75x75", "output", "8x38x38", "8x37x37"),
    ),
    Edit(
        "floor-or-ceil",
        _SIZES,
        "the division is rounded the other way",
        "取整方向相反",
        _other_rounding,
        Example("conv 96 11x11 /4", "3x224x224", "output", "96x54x54", "96x55x55"),
    ),
    Edit(
        "stride-ignored",
        _SIZES,
        "the stride is ignored",
        "忽略了步长",
        _no_stride,
        Example("conv 8 3x3 /2", "3x9x9", "output", "8x4x4", "8x7x7"),
    ),
    Edit(
        "stride-as-kernel",
        _SIZES,
        "the stride is taken to be the kernel's size",
        "把步长当作核大小",
        _pool_stride,
        Example("conv 8 3x3", "3x9x9", "output", "8x7x7", "8x3x3"),
    ),
    Edit(
        "dilation-ignored",
        _SIZES,
        "the dilation is ignored",
        "忽略了空洞",
        _no_dilation,
        Example("conv 8 3x3 dilation=2", "3x9x9", "output", "8x5x5", "8x7x7"),
    ),
    Edit(
        "other-image",
        _SIZES,
        "another image size, 224 for 227 or the reverse",
        "用了另一种图像大小 (224 与 227)",
        _other_image,
        Example("conv 96 11x11 /4", "3x227x227", "output", "96x55x55", "96x54x54"),
    ),
    Edit(
        "layer-forgotten",
        _SIZES,
        "the layer before is forgotten",
        "漏掉了前一层",
        _layer_forgotten,
        Example("maxpool 2 -> conv 8 3x3", "8x20x20", "output", "8x8x8", "8x18x18", 1),
    ),
    Edit(
        "inconsistent-step",
        _SIZES,
        "computed from another size than the one before (one more or one less)",
        "由另一个尺寸算得 (多一或少一)",
        _inconsistent,
        Example("conv 8 3x3", "3x20x20", "output", "8x18x18", "8x19x19"),
    ),
    Edit(
        "wrong-padding",
        _SIZES,
        "another padding than the layer's",
        "填充数不对",
        _one_more_pad,
        Example("conv 8 3x3 pad=1", "3x20x20", "output", "8x20x20", "8x22x22"),
    ),
)

# changes that may come together in one cell
COMBINED: Final = ("forgot-input-channels", "forgot-bias", "groups-ignored", "grouped", "output-for-input-channels",
                   "padding-ignored", "stride-ignored", "floor-or-ceil", "not-flattened")  # fmt: skip
__all__ = ["COMBINED", "EDITS", "OPERATIONS"]
