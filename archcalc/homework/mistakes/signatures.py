"""The 34 mistakes that published answers show, as data: what goes wrong, what finds it, and answers with the numbers.

Some need no entry of the catalogue, because the judge sees them in the sheet: sums that do not add up, digits, a number
that is right under a convention. So every signature says what must be said of its examples, and the tests say it.
"""

from typing import Final, NamedTuple


class Handed(NamedTuple):
    """A sheet as it is handed in, in CSV, with one cell that is wrong.

    network: a target, a chain of layers, or a spec of several lines. input: what goes in; "" where the network says it.
    wrong, right: what the cell says and what it should. told: the id of a mistake, or `under ID`, a convention.
    """

    network: str
    input: str
    sheet: str
    wrong: str
    right: str
    told: str


class Signature(NamedTuple):
    """One mistake of the list: its number, what goes wrong, in English and Chinese, and answers that have it."""

    number: int
    en: str
    zh: str
    handed: tuple[Handed, ...]


def _one(network: str, input: str, column: str, layer: str, wrong: str, right: str, told: str) -> Handed:
    """Return a sheet of a single cell."""
    return Handed(network, input, f"Layer,{column}\n{layer},{wrong}\n", wrong, right, told)


_SIAMESE: Final = "shared:\n  s: fc 2\ninput: 4\nlayers:\n  - concat:\n      - s\n      - s\n"
_BARE: Final = "input: 3\nlayers:\n  - concat:\n      - fc 2\n      - param 1\n"

SIGNATURES: Final = (
    Signature(
        1, "input channels forgotten in one layer", "某层漏乘输入通道",
        (
            _one("conv 100 5x5", "3x300x300", "Parameters", "conv", "2600", "7600", "forgot-input-channels"),
            _one("conv 64 5x5", "32x14x14", "Parameters", "conv", "1664", "51264", "forgot-input-channels"),
        ),
    ),
    Signature(
        2, "input channels forgotten in every layer of a total", "总数中每一层都漏乘输入通道",
        (_one("vgg/19", "", "Parameters", "Total", "123697896", "143667240", "forgot-input-channels"),),
    ),
    Signature(
        3, "the biases forgotten in one layer of a total", "总数中某层漏加偏置",
        (
            _one("fc 128 -> fc 64 -> fc 10", "784", "Parameters", "Total", "109258", "109386", "forgot-bias"),
            Handed("conv 1024 3x3 -> conv 3 3x3", "3x8x8", "Layer,Parameters\nconv,28672\nconv_2,27648\n",
                   "27648", "27651", "forgot-bias"),
        ),
    ),
    Signature(
        4, "the wrong number of biases: one per layer or per input, or once instead of per position",
        "偏置数不对: 每层或每输入一个, 或每位置只加一次",
        (
            _one("fc 100", "3x300x300", "Parameters", "fc", "27000001", "27000100", "one-bias"),
            _one("rnn 5", "10x3", "Parameters", "rnn", "48", "45", "bias-per-position"),
            _one("conv 8 3x3", "3x10x10", "MACs", "conv", "13832", "13824", "bias-once"),
        ),
    ),
    Signature(
        5, "multiply-adds taken for parameters, weights not shared", "把乘加数当作参数, 未共享权重",
        (
            Handed("conv 32 5x5 half", "192x28x28", "Layer,Parameters\nconv,120422400\n", "120422400", "153632",
                   "no-weight-sharing"),
        ),
    ),
    Signature(
        6, "a factor 10, a digit lost, changed or exchanged, a number copied", "差 10 倍, 数字少写、写错、互换或抄错",
        (
            _one("conv 32 9x9", "3x20x20", "Weights without biases", "conv", "77760", "7776", "factor-ten"),
            _one("conv 8 5x5 -> fc 10", "3x32x32", "Parameters", "conv", "680", "608", "digits-exchanged"),
            _one("conv 8 5x5 -> fc 10", "3x32x32", "Parameters", "conv", "609", "608", "digit-changed"),
        ),
    ),
    Signature(
        7, "a factor 2: two GPUs, two directions, multiply-adds and FLOPs", "差 2 倍: 双 GPU、双向、乘加与 FLOPs",
        (
            _one("fc 1000", "4096", "Parameters", "fc", "8194000", "4097000", "factor-two"),
            _one("conv 8 3x3", "3x10x10", "MACs", "conv", "27648", "13824", "under two-operations"),
        ),
    ),
    Signature(
        8, "batch normalisation with 2 or 4 numbers a channel", "批归一化每通道 2 个或 4 个",
        (_one("bn", "64x8x8", "Parameters", "bn", "256", "128", "under running-statistics"),),
    ),
    Signature(
        9, "GRU with one or two bias vectors a gate", "GRU 每门一个或两个偏置向量",
        (
            _one("gru 32 bi", "10x16", "Parameters", "gru", "9600", "9408", "under two-bias-vectors"),
            _one("gru 32", "10x32", "Parameters", "gru", "6336", "6240", "under two-bias-vectors"),
        ),
    ),
    Signature(
        10, "LSTM: one of the two matrices missing", "LSTM 漏了两个矩阵之一",
        (_one("lstm 128", "10x128", "Parameters", "lstm", "66048", "131584", "one-matrix-missing"),),
    ),
    Signature(
        11, "time steps taken as features", "把时间步当作特征数",
        (_one("rnn 4", "20x1", "Parameters", "rnn", "100", "24", "steps-as-features"),),
    ),
    Signature(
        12, "the formula of a recurrent layer on a dense one", "把循环层公式用于全连接层",
        (_one("fc 4", "8", "Parameters", "fc", "192", "36", "recurrent-formula"),),
    ),
    Signature(
        13, "a feed-forward block counted twice", "前馈块重复计数",
        (_one("fc 3072 -> fc 768", "768", "Weights without biases", "Total", "9437184", "4718592", "factor-two"),),
    ),
    Signature(
        14, "LeNet's C3 with all connections or with the sparse table", "LeNet 的 C3 用全连接表或稀疏表",
        (_one("lenet", "", "Parameters", "C3.conv", "2416", "1516", "under full-connections"),),
    ),
    Signature(
        15, "a separable convolution with one bias or two", "可分离卷积一个或两个偏置",
        (
            Handed("dwconv 3x3 -> conv 128 1x1", "3x8x8", "Layer,Parameters\nTotal,539\n", "539", "542",
                   "under one-separable-bias"),
        ),
    ),
    Signature(
        16, "a shared layer counted once a call", "共享层按调用次数重复计数",
        (_one(_SIAMESE, "", "Parameters", "Total", "20", "10", "shared-again"),),
    ),
    Signature(
        17, "a parameter that stands alone missed", "漏掉单独的参数张量",
        (_one(_BARE, "", "Parameters", "Total", "8", "9", "tensor-missed"),),
    ),
    Signature(
        18, "rounded up for down, or the reverse", "取整方向相反",
        (
            _one("conv 96 11x11 /4", "3x224x224", "Output shape", "conv", "96x55x55", "96x54x54", "floor-or-ceil"),
            _one("maxpool 3 /2", "64x112x112", "Output shape", "maxpool", "64x56x56", "64x55x55", "under ceil"),
        ),
    ),
    Signature(
        19, "SAME with a stride rounded down", "带步长的 SAME 向下取整",
        (
            _one("conv 64 7x7 /3 pad=same", "3x169x169", "Output shape", "conv", "64x55x55", "64x57x57",
                 "same-floored"),
            _one("conv 8 2x2 /2 pad=same", "3x75x75", "Output shape", "conv", "8x37x37", "8x38x38",
                 "under same-by-floor"),
        ),
    ),
    Signature(
        20, "padding ignored or counted once, VALID for SAME", "忽略填充或只算一侧, 把 SAME 当作 VALID",
        (
            _one("conv 8 3x3 pad=1", "3x28x28", "Output shape", "conv", "8x26x26", "8x28x28", "padding-ignored"),
            _one("conv 8 5x5 pad=2", "3x28x28", "Output shape", "conv", "8x26x26", "8x28x28", "padding-once"),
        ),
    ),
    Signature(
        21, "the depth kept, or taken from the next layer", "深度未变, 或取自下一层",
        (
            Handed("maxpool 3 /2 -> conv 256 5x5 half", "96x55x55",
                   "Layer,Output shape\nmaxpool,256x27x27\nconv,256x27x27\n", "maxpool,256x27x27", "maxpool,96x27x27",
                   "depth-of-next-layer"),
            _one("conv 8 3x3", "3x4x4", "Output shape", "conv", "3x2x2", "8x2x2", "depth-kept"),
        ),
    ),
    Signature(
        22, "one layer forgotten in a chain of equal ones", "一串相同的层中漏了一层",
        (
            Handed("maxpool 2 *5", "8x256x256", "Layer,Output shape\nmaxpool_4,8x16x16\nmaxpool_5,8x16x16\n",
                   "maxpool_5,8x16x16", "maxpool_5,8x8x8", "layer-forgotten"),
        ),
    ),
    Signature(
        23, "a row computed from another size than the one before", "由另一个尺寸算得的一行",
        (
            Handed("conv 8 3x3 -> conv 8 3x3", "3x22x22", "Layer,Output shape\nconv,8x20x20\nconv_2,8x19x19\n",
                   "8x19x19", "8x18x18", "inconsistent-step"),
        ),
    ),
    Signature(
        24, "receptive field: K used for K - 1", "感受野: 用了 K 而不是 K - 1",
        (
            Handed("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "Layer,Receptive field\nconv,7\nmaxpool,13\n", "13",
                   "11", "rf-kernel-not-minus-one"),
        ),
    ),
    Signature(
        25, "receptive field: doubled at a pool", "感受野: 在池化处加倍",
        (
            Handed("conv 8 5x5 -> maxpool 2", "1x28x28", "Layer,Receptive field\nconv,5\nmaxpool,10\n", "10", "6",
                   "rf-doubled-at-pool"),
            Handed("conv 6 5x5 -> maxpool 2 -> conv 16 5x5 -> maxpool 2", "1x28x28",
                   "Layer,Receptive field\nconv,5\nmaxpool,6\nconv_2,14\nmaxpool_2,28\n", "28", "16",
                   "rf-doubled-at-pool"),
        ),
    ),
    Signature(
        26, "receptive field: a pool ignored", "感受野: 忽略了池化",
        (
            Handed("conv 8 5x5 -> maxpool 2", "1x28x28", "Layer,Receptive field\nconv,5\nmaxpool,5\n", "maxpool,5",
                   "maxpool,6", "rf-increment-missed"),
        ),
    ),
    Signature(
        27, "receptive fields multiplied, or added whole", "感受野相乘或整个相加",
        (
            Handed("conv 8 3x3 -> conv 8 3x3", "3x64x64", "Layer,Receptive field\nconv,3\nconv_2,9\n", "9", "5",
                   "rf-multiplied"),
        ),
    ),
    Signature(
        28, "receptive field: one increment missed, then carried on", "感受野: 漏一次增量并延续下去",
        (
            Handed("maxpool 2 *4 -> conv 8 5x5", "3x256x256", "Layer,Receptive field\nmaxpool_4,16\nconv,16\n",
                   "conv,16", "conv,80", "rf-increment-missed"),
        ),
    ),
    Signature(
        29, "receptive field: the column shifted by a row", "感受野: 该列错了一行",
        (
            Handed("conv 8 7x7 /2 -> maxpool 3 /2", "3x64x64", "Layer,Receptive field\nconv,11\nmaxpool,11\n",
                   "conv,11", "conv,7", "rf-column-shifted"),
        ),
    ),
    Signature(
        30, "one factor too many in the product of strides", "步长积多乘了一个",
        (
            Handed("conv 8 3x3 /2 *3", "3x64x64", "Layer,Jump\nconv,2\nconv_2,4\nconv_3,16\n", "16", "8",
                   "jump-product"),
        ),
    ),
    Signature(
        31, "the column does not add up", "该列加起来不对",
        (
            Handed("conv 8 5x5 -> fc 10", "3x32x32", "Layer,Parameters\nconv,608\nfc,62730\nTotal,65000\n", "65000",
                   "63338", "wrong-sum"),
        ),
    ),
    Signature(
        32, "multiply-adds of one time step; attention products missing", "只算一个时间步的乘加; 漏了注意力乘积",
        (
            _one("lstm 16", "20x8", "MACs", "lstm", "1536", "30720", "one-step"),
            _one("mha 4", "10x64", "MACs", "mha", "163840", "176640", "attention-incomplete"),
        ),
    ),
    Signature(
        33, "biases or the batch among the multiply-adds", "乘加中计入偏置或批",
        (_one("conv 32 3x3", "4x28x28", "MACs", "conv", "800384", "778752", "under bias-operations"),),
    ),
    Signature(
        34, "memory: parameters only, or sizes rounded down", "内存: 只算参数, 或尺寸向下取整",
        (
            _one("conv 400 3x3 /2 pad=same", "3x50x75", "Activations", "conv", "370000", "380000", "same-floored"),
            _one("conv 8 5x5", "3x32x32", "Bytes of the output", "conv", "2432", "25088", "memory-of-parameters"),
        ),
    ),
)  # fmt: skip
