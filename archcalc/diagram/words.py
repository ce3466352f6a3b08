"""The words of a figure, in English and Chinese."""

from types import MappingProxyType
from typing import Final

WORDS: Final = MappingProxyType(
    {
        "params": ("params", "参数"),
        "macs": ("MACs", "乘加"),
        "activations": ("activations", "激活值"),
        "weights of": ("weights of", "权重同"),
        "training only": ("training only", "仅训练"),
        "runs": ("runs", "次"),
        "jump": ("jump", "步距"),
        "input": ("input", "输入"),
        "padding": ("padding", "填充"),
        "field_note": (
            "A frame is what one output, in the middle of a layer's map, sees of the input.",
            "每个框表示该层特征图中央的一个输出所能看到的输入范围。",
        ),
        "field_more": ("{count} larger frames are left out.", "略去 {count} 个更大的框。"),
        "field": ("field", "感受野"),
        "layer": ("Layer", "层"),
        "type": ("Type", "类型"),
        "settings": ("Settings", "设置"),
        "size": ("Output", "输出"),
        "parameters": ("Parameters", "参数量"),
        "multiply-adds": ("MACs", "乘加"),
        "total": ("total", "合计"),
        "folded": ("×N: N equal blocks, in a row or as branches;", "×N：N 个相同的块，串联或并联；"),
        "sums": ("numbers are those of all N", "数字为 N 个之和"),
        "conv": ("convolution", "卷积"),
        "pool": ("pooling", "池化"),
        "norm": ("normalisation", "归一化"),
        "activation": ("activation", "激活"),
        "linear": ("linear", "全连接"),
        "recurrent": ("recurrent", "循环"),
        "attention": ("attention", "注意力"),
        "merge": ("join", "合并"),
        "shape": ("reshaping", "变形"),
        "region": ("regions", "区域"),
        "value": ("other", "其他"),
        "block": ("folded block", "折叠的块"),
        "skip": ("shortcut", "跳跃连接"),
        "shared": ("shared weights", "共享权重"),
    }
)


def word(key: str, lang: str) -> str:
    """Return a word of a figure.

    >>> word("conv", "zh")
    '卷积'
    """
    english, chinese = WORDS[key]
    return chinese if lang == "zh" else english
