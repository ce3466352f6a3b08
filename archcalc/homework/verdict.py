"""What is said about one cell."""

from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from archcalc.homework.cell import Problem
from archcalc.homework.mistakes.kinds import Finding

Verdict: TypeAlias = Literal["right", "right-under", "follow-on", "wrong", "undecided", "unanswered", "unreadable"]
VERDICTS: Final[tuple[Verdict, ...]] = (
    "right", "right-under", "follow-on", "wrong", "undecided", "unanswered", "unreadable",
)  # fmt: skip
# with these and nothing else an answer is in order
FINE: Final[frozenset[Verdict]] = frozenset({"right", "right-under", "unanswered"})


class Judged(NamedTuple):
    """One cell: where it stands, what it says, what is right, and why it is not.

    row: number in the sheet, 0 outside. name: the row as the student calls it. layer: the path in the network.
    convention: under which it is right. derivation: how the right value comes about, or why nothing is decided.
    """

    row: int
    name: str
    layer: str | None
    column: str
    given: str
    value: Any
    verdict: Verdict
    convention: str | None = None
    expected: Any = None
    derivation: str | None = None
    mistakes: tuple[Finding, ...] = ()


class Words(NamedTuple):
    """Sentences of the judges in one language."""

    truncated: str = "cut off, not rounded"
    binary: str = "K, M and G as powers of 1024"
    strict: str = "a size must come out even (strict); frameworks floor it to {floor}"
    batch: str = "a batch of {count}"
    of_rows: str = "the sum of the rows of this sheet"
    each: str = "one of {count} equal layers"
    merged: str = "with the layers that share the row"
    training: str = "the training network, auxiliary heads included"
    heads: str = "the auxiliary heads only"
    working: str = "outputs of convolutions, pools and dense layers only, with or without the input"
    with_input: str = "the input counted too"
    in_place: str = "activations write over their input, the input counted too"
    peak: str = "the values alive at the same time, at the peak of a forward pass"
    with_weights: str = "the parameters counted too"
    backward: str = "forward and backward"
    clipped: str = "clipped at the image"
    first_stride: str = "stride in the 1x1 instead of the 3x3 convolution (ResNet v1)"
    symbols: str = "with {letters}"
    no_layer: str = "no layer of the network belongs to this row"
    which: str = "no layer of the network is called {name}; {names} may be meant"
    no_network: str = "there is no network to compare with; name one with --against"
    near: str = "close to {count:,}: tools also count normalisation, activations or pools; say which tool counted"
    multiple: str = "{times} times {count:,}: right for a batch of {times}, which the sheet does not say"
    not_known: str = "the network says nothing about this quantity"
    letters: str = "letters {letters}, and no way to tell what they stand for"
    no_comparison: str = "nothing to compare it with"
    twice: str = "the row {name} is counted twice"
    left_out: str = "the row {name} is left out"
    not_sum: str = "the column does not add up: its rows give {sum:,}"
    arithmetic: str = "the calculation written there gives {value}"
    everywhere: str = "in every layer: {what}"
    at_layer: str = "in {layer}: {what}"
    trainable: str = "trainable parameters only"
    equal: str = "both sides are equal"
    not_equal: str = "the two sides are different polynomials"
    frozen: str = "with {count:,} parameters of whole layers frozen"
    setting: str = "the network has {value} there; another value may do the same"
    reads: str = "the values that one output reads"
    matrix: str = "as matrices: {out}x{reads} kernels times {reads}x{positions} patches (im2col)"
    own_values: str = "four bytes for each of the {count:,} values of this sheet"
    hidden_norms: str = "with a batch normalisation after {count} convolutions, which no row shows"
    depth: str = "this layer keeps the number of channels, {channels}"
    digit: str = "{what}, and a digit changed"
    layout: str = "the order of axes is ambiguous: {a} maps of {b}x{c} (channels first) or {c} maps of {a}x{b}"
    vector: str = "a column or row vector"
    shape: str = "a shape, or the product {product:,}"
    refused: str = "this cannot be calculated: {part} (too large, divided by 0, or not closed)"
    no_number: str = "no number in it"
    many_numbers: str = "{number} numbers and no way to tell which is the answer"
    too_long: str = "longer than {number} characters"
    share: str = "a share, not a count"
    itself: str = "compared with the network that the sheet itself describes"
    key: str = "key: {cells} cells, {bad} not in order"
    key_cell: str = "key: row {row} {name} {column}: {given} is {verdict}; right is {expected}"

    def problem(self, problem: Problem | None) -> str | None:
        """Return why a cell cannot be read, in words."""
        return None if problem is None else str(getattr(self, problem.id).format(number=problem.number))


EN: Final = Words()
ZH: Final = Words(
    truncated="截断而非四舍五入", binary="K、M、G 按 1024 的幂", strict="尺寸必须整除 (严格); 框架向下取整为 {floor}",
    batch="批大小 {count}", of_rows="本表各行之和", each="{count} 个相同层之一", merged="含同一行的其他层",
    training="训练网络, 含辅助头", heads="只计辅助头", with_input="计入输入",
    working="只计卷积、池化与全连接层的输出, 可含输入",
    clipped="在图像边界截断", in_place="激活就地覆盖其输入, 计入输入", peak="前向计算峰值时同时存活的值",
    with_weights="计入参数", backward="前向加反向",
    first_stride="步长在 1x1 而不在 3x3 卷积 (ResNet v1)", symbols="其中 {letters}",
    no_layer="网络中没有与该行对应的层",
    which="网络中没有名为 {name} 的层; 可能是 {names}",
    no_network="没有可比较的网络; 用 --against 指定", near="接近 {count:,}: 有的工具还计归一化、激活或池化; 请说明工具",
    multiple="{count:,} 的 {times} 倍: 批大小为 {times} 时正确, 表中未说明", not_known="网络没有这个量",
    letters="字母 {letters} 的含义不明", no_comparison="没有可比较的值", twice="行 {name} 被计了两次",
    left_out="行 {name} 被漏掉", not_sum="该列加起来不对: 各行之和为 {sum:,}", arithmetic="所写算式的值为 {value}",
    everywhere="每一层都: {what}", at_layer="在 {layer}: {what}", equal="两边相等", trainable="只计可训练参数",
    not_equal="两边是不同的多项式", layout="轴的顺序不明: {a} 个 {b}x{c} 的图 (通道在前) 或 {c} 个 {a}x{b} 的图",
    vector="列向量或行向量",
    shape="形状, 或乘积 {product:,}", frozen="{count:,} 个参数属于冻结的层",
    setting="网络中为 {value}; 其他取值也可能成立",
    reads="一个输出读取的值的个数",
    matrix="作为矩阵: {out}x{reads} 的核乘 {reads}x{positions} 的图块 (im2col)",
    own_values="按本表的 {count:,} 个值, 每个四字节",
    hidden_norms="计入 {count} 个卷积后的批归一化, 各行未列出", depth="该层不改变通道数 {channels}",
    digit="{what}, 且写错一位数字", refused="无法计算: {part} (过大、除以 0 或括号不全)",
    no_number="其中没有数字", many_numbers="有 {number} 个数, 看不出哪个是答案",
    too_long="超过 {number} 个字符", share="是比例, 不是个数", itself="与本表自身描述的网络比较",
    key="答案: {cells} 个单元格, {bad} 个有问题",
    key_cell="答案: 第 {row} 行 {name} {column}: {given} {verdict}; 应为 {expected}",
)  # fmt: skip


def words(lang: str) -> Words:
    """Return the sentences of a language."""
    return ZH if lang == "zh" else EN


def plain_value(value: Any) -> Any:
    """Return a value as JSON can hold it.

    >>> plain_value((96, 55, 55)), plain_value(Fraction(9, 2))
    ([96, 55, 55], 4.5)
    """
    if isinstance(value, (tuple, list)):
        return [plain_value(each) for each in value]
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if value is None or isinstance(value, (str, bool)):
        return value
    return int(value) if isinstance(value, int) else str(value)


def shown(value: Any) -> str:
    """Return a value as people read it."""
    if isinstance(value, (tuple, list)):
        return "x".join("?" if each is None else str(each) for each in value)
    if isinstance(value, Fraction):
        value = plain_value(value)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
