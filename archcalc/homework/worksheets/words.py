"""The sentences of a worksheet and its key, in English and Chinese."""

from types import MappingProxyType
from typing import Final

_WORDS: Final = MappingProxyType(
    {
        "sheet": ("Worksheet: {title}", "练习: {title}"),
        "key": ("Key: {title}", "答案: {title}"),
        "variant": ("{title}, variant {seed}", "{title}, 第 {seed} 套"),
        "layer": ("Layer", "层"),
        "settings": ("Settings", "设置"),
        "reads": ("Connected to", "输入层"),
        "total": ("Total", "总计"),
        "choices": ("Choices", "选项"),
        "derivations": ("Derivations", "推导"),
        "derivation": ("Derivation", "推导"),
        "mistakes": ("Mistakes", "错误"),
        "rules": ("How to count", "约定"),
        "task": ("Fill in the empty cells.", "填写空格。"),
        "choose": (
            "Where a cell has choices, exactly one of them is right: write that number into the cell.",
            "有选项的空格只有一个正确: 把该数写入空格。",
        ),
        "right": ("right", "正确"),
        "check": ("Checked by: {command}", "检查命令: {command}"),
        "gets": ("gets {sizes}", "输入 {sizes}"),
        "shares": ("weights of {path}", "与 {path} 共享权重"),
        "runs": ("runs {times} times", "运行 {times} 次"),
        # conventions
        "shape": ("Shapes are channels first, for one sample, without a batch.", "形状为通道在前, 单个样本, 不含批。"),
        "floor": (
            "A size is ⌊(n + 2p - k)/s⌋ + 1, rounded down, unless the layer says ceil.",
            "尺寸为 ⌊(n + 2p - k)/s⌋ + 1, 向下取整, 除非该层注明 ceil。",
        ),
        "even": ("Every division comes out even.", "所有除法都整除。"),
        "half": (
            "pad=half is p = ⌊d(k - 1)/2⌋ on both sides; pad=N is N on every side.",
            "pad=half 即两侧各填充 p = ⌊d(k - 1)/2⌋; pad=N 即每侧填充 N。",
        ),
        "same": (
            "pad=same gives the size ⌈n/s⌉; what padding is missing is put on both sides.",
            "pad=same 的输出尺寸为 ⌈n/s⌉; 所需填充分在两侧。",
        ),
        "stride": (
            "Settings: outputs, kernel, /stride; a pool without a stride moves by its kernel.",
            "设置: 输出数、核、/步长; 未写步长的池化以核大小为步长。",
        ),
        "params": (
            "Parameters are weights and biases; running statistics of a normalisation are none.",
            "参数包括权重和偏置; 归一化的滑动统计量不算。",
        ),
        "biased": (
            "A convolution or dense layer has biases unless it says bias=false.",
            "卷积和全连接层有偏置, 除非注明 bias=false。",
        ),
        "recurrent": (
            "A recurrent layer has one bias vector a gate unless it says biases=2 (or 0).",
            "循环层每门一个偏置向量, 除非注明 biases=2 (或 0)。",
        ),
        "weights": ("Weights are parameters that are no biases.", "权重是偏置以外的参数。"),
        "macs": (
            "A multiply-add is one multiplication with its addition. Biases, pools, normalisations and activations"
            " have none.",
            "一次乘法连同其加法算一次乘加。偏置、池化、归一化和激活不计。",
        ),
        "flops": (
            "FLOPs are twice the multiply-adds: one for the product, one for the sum. Nothing else is counted.",
            "FLOPs 是乘加数的两倍: 乘法一次, 加法一次。其余不计。",
        ),
        "memory": (
            "Bytes are those of the output, four a number (float32).",
            "字节数为输出的大小, 每个数四字节 (float32)。",
        ),
        "activations": (
            "Elements of the output are its numbers: channels times positions.",
            "输出元素数: 通道数乘以位置数。",
        ),
        "rf": (
            "The receptive field is the side of the input that one output depends on, not clipped at the image.",
            "感受野是一个输出所依赖的输入边长, 不在图像边界截断。",
        ),
        "jump": (
            "The jump is the distance of neighbouring outputs on the input, the product of all strides so far.",
            "步距是相邻输出在输入上的距离, 即至此所有步长之积。",
        ),
        "totals": ("Totals are for inference, without auxiliary heads.", "总计为推理网络, 不含辅助分类器。"),
    }
)  # fmt: skip


def say(word: str, lang: str, **values: object) -> str:
    """Return a sentence in a language.

    >>> say("variant", "en", title="LeNet", seed=3)
    'LeNet, variant 3'
    """
    return str(_WORDS[word][lang == "zh"]).format(**values)
