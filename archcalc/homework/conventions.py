"""Ways of counting under which another number is right, as data: each one changes the layer or the sum and says so.

A convention is tried before any mistake. `counts` gives one layer's figure under it, None where it changes nothing
to speak of; sums add these figures.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from archcalc.arithmetic import volume
from archcalc.homework.truth import Subject, Value, measure

# LeNet-5's third layer as in the paper: how many of the six maps each of the sixteen reads
_SPARSE: Final = (3,) * 6 + (4,) * 9 + (6,)


# a support that no column reaches
SUMS_ONLY: Final = 1_000_000


class Convention(NamedTuple):
    """One way of counting: for which quantities, how it is called, and one layer's figure under it.

    support: how many cells of a column must say so, and none the opposite, since the same number is also a common
    mistake; 0: it holds for a cell by itself. Sums need no support.
    """

    id: str
    quantities: tuple[str, ...]
    en: str
    zh: str
    counts: Callable[[Subject], Value]
    support: int = 0


def _has(subject: Subject, name: str) -> bool:
    return name in type(subject.layer).model_fields


def _params(subject: Subject) -> int:
    return int(measure(subject, "params") or 0)


def _with_statistics(subject: Subject) -> int:
    return _params(subject) + int(measure(subject, "buffers") or 0)


def _recurrent(biases: int) -> Callable[[Subject], Value]:
    def counts(subject: Subject) -> Value:
        if subject.node.family != "recurrent":
            return _params(subject)
        return measure(subject.changed(biases=biases), "params")

    return counts


def _one_separable_bias(subject: Subject) -> Value:
    return measure(subject, "weights" if subject.op == "dwconv" else "params")


def _two_separable_biases(subject: Subject) -> Value:
    return measure(subject.changed(bias=True) if subject.op == "dwconv" else subject, "params")


def _without_norms(subject: Subject) -> int:
    return 0 if subject.node.family == "norm" else _params(subject)


def _full_table(subject: Subject) -> Value:
    if subject.settings.get("table") is None:
        return _params(subject)
    return measure(subject.changed(table=None), "params")


def _sparse_table(subject: Subject) -> Value:
    if subject.op != "conv" or subject.settings.get("out") != 16 or subject.inputs[0][0] != 6:
        return _params(subject)
    return measure(subject.changed(table=_SPARSE), "params")


def _trainable_pooling(subject: Subject) -> int:
    return 2 * subject.inputs[0][0] if subject.op == "avgpool" else _params(subject)


def _ops(subject: Subject) -> tuple[int, int, int]:
    """Return multiply-adds, bias additions and outputs."""
    mac = int(measure(subject, "macs") or 0)
    return mac, int(measure(subject, "bias_additions") or 0), volume(subject.y) if mac else 0


def _operations(macs: int, biases: int = 0, outputs: int = 0) -> Callable[[Subject], Value]:
    def counts(subject: Subject) -> int:
        mac, bias, out = _ops(subject)
        return macs * mac + biases * bias + outputs * out

    return counts


def _with_parameters_of_norms(subject: Subject) -> int:
    mac, bias, _ = _ops(subject)
    return mac + bias + (_params(subject) if subject.node.family == "norm" else 0)


def _with_norms(per_element: int) -> Callable[[Subject], Value]:
    def counts(subject: Subject) -> int:
        mac, _, _ = _ops(subject)
        return mac + (per_element * volume(subject.y) if subject.op == "bn" else 0)

    return counts


def _bytes(each: int) -> Callable[[Subject], Value]:
    return lambda subject: each * int(measure(subject, "activations") or 0)


def _per_step(subject: Subject) -> Value:
    mac, _, _ = _ops(subject)
    if subject.node.family != "recurrent" or len(subject.inputs[0]) != 2:
        return mac
    return mac // subject.inputs[0][0]


def _ceil(value: bool) -> Callable[[Subject], Value]:
    def counts(subject: Subject) -> Value:
        if not _has(subject, "ceil") or isinstance(subject.settings.get("pad"), str):
            return None
        return measure(subject.changed(ceil=value), "output")

    return counts


def _same_by_floor(subject: Subject) -> Value:
    """Return ⌊(n + 2p − k)/s⌋ + 1 with p = ⌊(k − 1)/2⌋ where the layer pads as TensorFlow's SAME."""
    if subject.settings.get("pad") not in ("same", "same_lower"):
        return None
    return measure(subject.changed(pad="half"), "output")


_STATISTICS = "running statistics of batch normalisation counted (Keras: 4 per channel)"

CONVENTIONS: Final = (
    Convention("no-bias", ("params",), "biases not counted", "不计偏置", lambda s: measure(s, "weights"), support=2),
    Convention("with-bias", ("weights",), "biases counted", "计偏置", lambda s: measure(s, "params"), support=2),
    Convention(
        "running-statistics", ("params",), _STATISTICS, "计批归一化的滑动统计量 (Keras: 每通道 4 个)", _with_statistics
    ),
    Convention(
        "trainable", ("params",), "trainable parameters only", "只计可训练参数", lambda s: measure(s, "trainable")
    ),
    Convention(
        "one-bias-vector",
        ("params",),
        "one bias vector per gate (textbook; Keras reset_after=False)",
        "每个门一个偏置向量 (教科书; Keras reset_after=False)",
        _recurrent(1),
    ),
    Convention(
        "two-bias-vectors",
        ("params",),
        "two bias vectors per gate (PyTorch; Keras GRU with reset_after=True)",
        "每个门两个偏置向量 (PyTorch; Keras GRU reset_after=True)",
        _recurrent(2),
    ),
    Convention(
        "no-recurrent-bias", ("params",), "recurrent layers without biases", "循环层无偏置", _recurrent(0), support=2
    ),
    Convention(
        "one-separable-bias",
        ("params",),
        "one bias in a separable convolution, after the pointwise step (Keras)",
        "可分离卷积只在逐点步后有一个偏置 (Keras)",
        _one_separable_bias,
    ),
    Convention(
        "two-separable-biases",
        ("params",),
        "a bias in both steps of a separable convolution (PyTorch)",
        "可分离卷积的两步都有偏置 (PyTorch)",
        _two_separable_biases,
    ),
    Convention(
        "norms-not-counted",
        ("params",),
        "normalisation layers not counted",
        "不计归一化层",
        _without_norms,
        support=SUMS_ONLY,
    ),
    Convention(
        "full-connections",
        ("params",),
        "every map reads all maps (a full connection table)",
        "每个特征图读取全部特征图 (全连接表)",
        _full_table,
    ),
    Convention(
        "sparse-connections",
        ("params",),
        "the sparse connection table of LeNet-5 (60 kernels)",
        "LeNet-5 的稀疏连接表 (60 个核)",
        _sparse_table,
    ),
    Convention(
        "trainable-pooling",
        ("params",),
        "pooling with a trainable coefficient and bias per map (LeNet-5, 1998)",
        "池化每图有一个可训练系数和偏置 (LeNet-5, 1998)",
        _trainable_pooling,
    ),
    Convention(
        "bias-operations",
        ("macs",),
        "the bias counted as one more multiply-add per output",
        "每个输出的偏置算一次乘加",
        _operations(1, 1),
    ),
    Convention(
        "two-operations",
        ("macs",),
        "a multiply-add counted as two operations (FLOPs)",
        "一次乘加算两次运算 (FLOPs)",
        _operations(2),
    ),
    Convention(
        "two-operations-bias",
        ("macs",),
        "a multiply-add counted as two operations, biases counted",
        "一次乘加算两次运算, 计偏置",
        _operations(2, 1),
    ),
    Convention(
        "one-addition-less",
        ("macs", "flops"),
        "K products and K - 1 additions per output",
        "每个输出 K 次乘法 K - 1 次加法",
        _operations(2, 0, -1),
    ),
    Convention(
        "one-operation",
        ("flops",),
        "a multiply-add counted as one operation (MACs)",
        "一次乘加算一次运算 (MACs)",
        _operations(1),
    ),
    Convention(
        "one-operation-bias",
        ("flops",),
        "a multiply-add counted as one operation, biases counted",
        "一次乘加算一次运算, 计偏置",
        _operations(1, 1),
    ),
    Convention("bias-flops", ("flops",), "bias additions counted", "计偏置加法", _operations(2, 1)),
    Convention(
        "norm-parameters",
        ("macs", "flops"),
        "multiply-adds, biases and the parameters of normalisation layers (torchinfo)",
        "乘加、偏置与归一化层参数 (torchinfo)",
        _with_parameters_of_norms,
    ),
    Convention(
        "norm-operations-2",
        ("macs", "flops"),
        "two operations per normalised element added (fvcore)",
        "每个归一化元素加两次运算 (fvcore)",
        _with_norms(2),
    ),
    Convention(
        "norm-operations-4",
        ("macs", "flops"),
        "four operations per normalised element added (thop)",
        "每个归一化元素加四次运算 (thop)",
        _with_norms(4),
    ),
    Convention("per-step", ("macs",), "one time step", "一个时间步", _per_step, support=2),
    Convention("values", ("memory",), "values, not bytes", "值的个数, 不是字节", _bytes(1)),
    Convention("half-precision", ("memory",), "two bytes a value", "每个值两个字节", _bytes(2)),
    Convention(
        "double-precision",
        ("memory",),
        "eight bytes a value, or forward and backward in float32",
        "每个值八个字节, 或前向加反向",
        _bytes(8),
    ),
    Convention("float32", ("activations",), "bytes, four a value", "字节, 每个值四个", _bytes(4)),
    Convention(
        "ceil",
        ("output",),
        "the division rounded up (Caffe pooling, ceil_mode)",
        "除法向上取整 (Caffe 池化, ceil_mode)",
        _ceil(True),
        support=1,
    ),
    Convention("floor", ("output",), "the division rounded down", "除法向下取整", _ceil(False), support=1),
    Convention(
        "same-by-floor",
        ("output",),
        "SAME padding taken as (k-1)/2 on both sides",
        "SAME 取两侧各 (k-1)/2",
        _same_by_floor,
        support=1,
    ),
)


def of(quantity: str) -> tuple[Convention, ...]:
    """Return the conventions for a quantity, the likeliest first.

    >>> of("output")[0].id
    'ceil'
    """
    return tuple(each for each in CONVENTIONS if quantity in each.quantities)


def one_by_one_strides(subjects: list[Subject]) -> dict[str, Any]:
    """Return, by path, the multiply-adds of bottlenecks whose stride stands in the 1x1 instead of the 3x3.

    ResNet's paper (v1) has the stride in the first 1x1 convolution, torchvision (v1.5) in the 3x3.
    """
    at = {subject.node.path: subject for subject in subjects}
    found: dict[str, Any] = {}
    for subject in subjects:
        window = subject.node.window
        if subject.op != "conv" or window is None or set(window.stride) == {1} or set(window.kernel) == {1}:
            continue
        before = at.get(subject.node.inputs[0])
        while before is not None and before.node.family in ("norm", "activation"):
            before = at.get(before.node.inputs[0])
        if before is None or before.op != "conv" or before.node.window is None:
            continue
        if set(before.node.window.kernel) == {1} and set(before.node.window.stride) == {1}:
            found[before.node.path] = measure(before.changed(stride=subject.settings["stride"]), "macs")
    return found
