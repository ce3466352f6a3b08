"""Mistakes in parameter and operation counts that are no other layer but another calculation."""

from collections.abc import Iterator
from typing import Final

from archcalc.arithmetic import volume
from archcalc.homework.mistakes.kinds import COUNTS, OPERATIONS, Case, Example, Slip
from archcalc.homework.truth import Value, measure
from archcalc.layers.base import channels, spatial


def _parts(case: Case) -> tuple[int, int]:
    s = case.subject
    return int(measure(s, "weights") or 0), int(measure(s, "biases") or 0)


def _one_bias(case: Case) -> Iterator[Value]:
    weights, biases = _parts(case)
    if biases > 1:
        yield weights + 1
        yield weights + channels(case.subject.inputs[0])
        if case.subject.op in ("conv", "deconv"):
            yield weights // max(1, channels(case.subject.inputs[0])) + 1  # and no input channels


def _bias_per_position(case: Case) -> Iterator[Value]:
    s = case.subject
    weights, biases = _parts(case)
    if biases and s.node.family == "conv":
        yield weights + volume(s.y)
    if s.op == "rnn":
        yield weights + biases + channels(s.inputs[0])


def _no_sharing(case: Case) -> Iterator[Value]:
    s = case.subject
    weights, biases = _parts(case)
    if s.node.family == "conv" and s.op != "local":
        positions = volume(spatial(s.y))
        yield weights * positions
        yield weights * positions + biases
        yield (weights + biases) * positions
    elif s.op == "local":
        shared = s.other("conv", **{k: v for k, v in s.settings.items() if k != "share"})
        yield measure(shared, case.quantity)


def _kernel_once(case: Case) -> Iterator[Value]:
    s = case.subject
    window = s.node.window
    if window is None or s.node.family != "conv" or len(window.kernel) < 2 or window.kernel[0] == 1:
        return
    weights, biases = _parts(case)
    yield weights // window.kernel[0] + biases
    yield weights // window.kernel[0]


def _one_kernel(case: Case) -> Iterator[Value]:
    weights, biases = _parts(case)
    out = channels(case.subject.y)
    if out > 1 and weights % out == 0 and case.subject.node.family in ("conv", "linear"):
        yield weights // out
        if biases:
            yield weights // out + 1


def _positions_as_parameters(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.node.family in ("conv", "pool"):
        yield volume(s.y)
    if s.node.family == "pool":
        window = s.node.window
        if window is not None:
            yield volume(window.kernel) * channels(s.inputs[0])
            yield volume(window.kernel)


def _norm_counts(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.node.family == "norm":
        c = channels(s.inputs[0])
        yield from (2 * c, 4 * c, c, 2 * volume(s.inputs[0]))


def _sum_for_product(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.op == "fc":
        inputs = volume(s.inputs[0])
        yield inputs + s.y[-1]
        yield inputs * s.y[-1] + inputs
        yield inputs * s.y[-1] + 1


def _recurrent_parts(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.node.family != "recurrent":
        return
    gates, u, n = s.layer.gates, s.settings["hidden"], s.inputs[0][-1]
    for bias in (u, 0):
        yield gates * (u * u + bias)
        yield gates * (u * n + bias)
    yield u * n + u * u + u
    yield gates * (u * (n + u)) + u


def _recurrent_on_dense(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.op == "fc":
        a, b = volume(s.inputs[0]), s.y[-1]
        for gates in (4, 3, 1):
            yield gates * b * (a + b)
            yield gates * (b * (a + b) + b)


def _attention_parts(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.op == "mha":
        t, d = s.inputs[0]
        dim = s.settings.get("dim") or d
        if case.quantity in COUNTS:
            yield from (3 * d * dim, 3 * (d * dim + dim), 4 * d * dim, d * dim, 4 * d * dim * s.settings["heads"])
        else:
            yield from (4 * t * d * dim, 3 * t * d * dim, 2 * t * t * dim)


def _doubled(case: Case) -> Iterator[Value]:
    if isinstance(case.truth, int):
        yield 2 * case.truth
        if case.quantity == "params":
            yield 2 * _parts(case)[0]
        if case.truth % 2 == 0:
            yield case.truth // 2


def _shared_again(case: Case) -> Iterator[Value]:
    node = case.subject.node
    if node.shares:
        yield sum(w.size for w in case.subject.layer.weights(case.subject.x) if w.kind != "buffer")


def _memory_of_parameters(case: Case) -> Iterator[Value]:
    yield 4 * int(measure(case.subject, "params") or 0)


def _tensor_missed(case: Case) -> Iterator[Value]:
    if case.subject.op == "param":
        yield 0


def _bias_once(case: Case) -> Iterator[Value]:
    s = case.subject
    mac, biases = int(measure(s, "macs") or 0), int(measure(s, "biases") or 0)
    if biases:
        yield mac + biases
        yield 2 * mac + biases


def _operations_of_one_position(case: Case) -> Iterator[Value]:
    weights, biases = _parts(case)
    if case.subject.node.family in ("conv", "recurrent", "attention"):
        yield from (weights, weights + biases, 2 * weights)


def _input_positions(case: Case) -> Iterator[Value]:
    s = case.subject
    weights, _ = _parts(case)
    if s.node.family == "conv":
        positions = volume(spatial(s.inputs[0]))
        other = volume(spatial(s.y))
        yield from (weights * positions, 2 * weights * positions)
        if s.op == "deconv":
            yield from (weights * other, 2 * weights * other)


def _attention_missing(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.node.family == "recurrent" and len(s.inputs[0]) == 2 and isinstance(s.inputs[0][0], int):
        yield int(measure(s, "macs") or 0) // s.inputs[0][0]


def _no_kernel(case: Case) -> Iterator[Value]:
    s = case.subject
    if s.node.family == "conv":
        yield channels(s.inputs[0]) * volume(s.y)
        window = s.node.window
        if window is not None:
            yield volume(window.kernel) * volume(s.y)


SLIPS: Final = (
    Slip(
        "one-bias",
        ("params",),
        "wrong number of biases: one per layer or per input, not one per output",
        "偏置数不对: 每层或每输入一个, 而不是每输出一个",
        _one_bias,
        Example("fc 100", "3x300x300", "params", "(3*300*300 + 1)*100", "3*300*300*100 + 1"),
    ),
    Slip(
        "bias-per-position",
        ("params",),
        "a bias for every output position; a convolution has one per channel",
        "每个输出位置一个偏置; 卷积每通道只有一个",
        _bias_per_position,
        Example("conv 8 3x3", "3x10x10", "params", "(3*3*3 + 1)*8", "3*3*3*8 + 8*8*8"),
    ),
    Slip(
        "no-weight-sharing",
        COUNTS,
        "weights times output positions: those are multiply-adds, the weights are shared",
        "权重乘以输出位置: 那是乘加数, 权重是共享的",
        _no_sharing,
        Example("conv 32 5x5 half", "192x28x28", "params", "(5*5*192 + 1)*32", "5*5*192*32*28*28"),
    ),
    Slip(
        "bn-2c-4c",
        ("params",),
        "2, 4 or 1 numbers per channel: gamma and beta are parameters, mean and variance are "
        "statistics (Keras counts all four, PyTorch two)",
        "每通道 2、4 或 1 个: gamma 与 beta 是参数, 均值与方差是统计量 (Keras 计四个, PyTorch 计两个)",
        _norm_counts,
        Example("bn", "64x8x8", "params", "2*64", "4*64"),
    ),
    Slip(
        "kernel-side-once",
        COUNTS,
        "the kernel's side is taken once, not squared",
        "核的边长只乘一次, 没有平方",
        _kernel_once,
        Example("conv 8 5x5", "3x10x10", "params", "(5*5*3 + 1)*8", "(5*3 + 1)*8"),
    ),
    Slip(
        "one-kernel",
        COUNTS,
        "one kernel only; there is one per output channel",
        "只算了一个核; 每个输出通道一个",
        _one_kernel,
        Example("conv 8 5x5", "3x10x10", "params", "(5*5*3 + 1)*8", "5*5*3 + 1"),
    ),
    Slip(
        "activations-as-parameters",
        COUNTS,
        "elements of the map or of the window, which are no parameters",
        "特征图或窗口的元素数, 不是参数",
        _positions_as_parameters,
        Example("conv 8 5x5", "3x28x28", "params", "(5*5*3 + 1)*8", "8*24*24"),
    ),
    Slip(
        "sum-for-product",
        COUNTS,
        "inputs and outputs are added, or the biases are one per input",
        "输入输出相加, 或每输入一个偏置",
        _sum_for_product,
        Example("fc 10", "84", "params", "(84 + 1)*10", "84 + 10"),
    ),
    Slip(
        "one-matrix-missing",
        COUNTS,
        "one of the two matrices of a recurrent layer is missing",
        "循环层漏了两个矩阵之一",
        _recurrent_parts,
        Example("lstm 128", "10x128", "params", "4*(128*(128 + 128) + 128)", "4*(128*128 + 128)"),
    ),
    Slip(
        "recurrent-formula",
        COUNTS,
        "the formula of a recurrent layer on a dense one",
        "把循环层的公式用于全连接层",
        _recurrent_on_dense,
        Example("fc 4", "8", "params", "(8 + 1)*4", "4*4*(4 + 8)"),
    ),
    Slip(
        "attention-incomplete",
        (*COUNTS, *OPERATIONS),
        "projections or attention products are missing or counted per head",
        "漏了投影或注意力乘积, 或按头重复计数",
        _attention_parts,
        Example("mha 4", "10x64", "params", "4*64*64 + 4*64", "3*64*64 + 3*64"),
    ),
    Slip(
        "shared-again",
        COUNTS,
        "shared weights are counted once more for each call",
        "共享权重按调用次数重复计数",
        _shared_again,
        Example(
            "shared:\n  s: conv 4 3x3\ninput: 3x8x8\nlayers:\n  - concat:\n      - s\n      - s\n",
            "",
            "params",
            "0",
            "(3*3*3 + 1)*4",
            1,
        ),
    ),
    Slip(
        "tensor-missed",
        COUNTS,
        "a parameter that belongs to no layer is missed",
        "漏掉不属于任何层的参数",
        _tensor_missed,
        Example("input: 3\nlayers:\n  - add:\n      - fc 2\n      - param 2\n", "", "params", "2", "0", 1),
    ),
    Slip(
        "memory-of-parameters",
        ("memory",),
        "the bytes of the parameters; the output is asked for",
        "这是参数的字节数; 问的是输出",
        _memory_of_parameters,
        Example("conv 8 5x5", "3x32x32", "memory", "4*8*28*28", "4*(5*5*3 + 1)*8"),
    ),
    Slip(
        "bias-once",
        OPERATIONS,
        "the bias is added once per channel; it is added at every output position",
        "偏置每通道只加了一次; 每个输出位置都要加",
        _bias_once,
        Example("conv 8 3x3", "3x10x10", "macs", "3*3*3*8*8*8", "3*3*3*8*8*8 + 8"),
    ),
    Slip(
        "parameters-as-operations",
        OPERATIONS,
        "operations of one position or one step: times the positions is missing",
        "一个位置或一个时间步的运算: 漏乘位置数",
        _operations_of_one_position,
        Example("conv 8 3x3", "3x10x10", "macs", "3*3*3*8*8*8", "3*3*3*8"),
    ),
    Slip(
        "input-positions",
        OPERATIONS,
        "input positions stand in the place of output positions",
        "把输入位置当作输出位置",
        _input_positions,
        Example("conv 8 3x3", "3x10x10", "macs", "3*3*3*8*8*8", "3*3*3*8*10*10"),
    ),
    Slip(
        "one-step",
        OPERATIONS,
        "one time step of the sequence",
        "只算了一个时间步",
        _attention_missing,
        Example("lstm 16", "20x8", "macs", "20*4*(16*8 + 16*16)", "4*(16*8 + 16*16)"),
    ),
    Slip(
        "factor-forgotten",
        OPERATIONS,
        "the kernel or the input channels are left out",
        "漏乘核或输入通道",
        _no_kernel,
        Example("conv 8 3x3", "3x10x10", "macs", "3*3*3*8*8*8", "3*8*8*8"),
    ),
    Slip(
        "factor-two",
        ("params", "weights", "activations", "memory", "biases"),
        "a factor 2: two GPUs, two directions, or a part counted twice",
        "差 2 倍: 双 GPU、双向或重复计数",
        _doubled,
        Example("fc 1000", "4096", "params", "(4096 + 1)*1000", "2*(4096 + 1)*1000"),
    ),
)
