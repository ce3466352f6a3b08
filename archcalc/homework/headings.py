"""What a column is about, from its heading, in English and Chinese."""

import re
from types import MappingProxyType
from typing import Final

from archcalc.homework.arithmetic import plain

# the order matters: the first pattern that fits wins; several quantities: the column itself decides (see judge)
_PATTERNS: Final = (
    (r"non[- _]?trainable.*|.*frozen.*|不可训练.*", ("nontrainable",)),
    (r".*(share|percent|比例|占比).*|.*%.*|buffers?|runs|缓冲|次数", ("skip",)),
    (r"trainable.*|params[_ ]trainable|可训练.*", ("trainable",)),
    (
        r"(input|output|in|out)[_ ]channels?|#?\s*(filters|kernels|maps|channels|units|neurons)|通道数?|c_?(in|out)",
        ("setting",),
    ),
    (
        r"(layer|name|block|module|operation|op|stage|conv ops|层|网络层|名称|层名|层级|模块)"
        r"( ?\(type.*\))?( ?name)?|layer ?name",
        ("name",),
    ),
    (r"type|kind|layer ?type|类型|层类型", ("type",)),
    (r"(#|no\.?|id|nr\.?|index|序号|编号|%|share)", ("skip",)),
    (
        r"(k|f|kernel|filter|window|kernel[_ ]?size|filter[_ ]?size|kernel ?\(k\)|k_?size|核|卷积核|窗口)s?",
        ("kernel",),
    ),
    (r"(s|stride|步长|步幅|stride ?\(s\))s?", ("stride",)),
    (r"(p|pad|padding|填充|padding ?\(p\))", ("pad",)),
    (r"(d|dil|dilation|rate|空洞|扩张|dilation ?\(d\))", ("dilation",)),
    (r".*(receptive|reseptive|感受野|\brf\b|r\.f\.).*|r|r_?(out|l|n)|rf.*", ("rf",)),
    (r".*\bjump\b.*|j|j_?(out|l|n)|.*(cumulative|total|effective|product).*stride.*|累计步长", ("jump",)),
    (r"connected ?to|inputs?[_ ]layers?|输入层", ("connected",)),
    (
        r"(structure|settings|configuration|config|hyper-?parameters|结构|参数设置|设置|remark|note|备注|description)",
        ("structure",),
    ),
    (r".*(weights? *(\+|and|&|/) *bias(es)?|权重和偏置).*", ("params",)),
    (r"(#|no\.? of|number of|num)? ?(bias(es)?|偏置)( ?数)?", ("biases",)),
    (r"(#|no\.? of|number of|num)? ?(unique )?(weights?|权重|kernel params)( ?数)?", ("weights", "params")),
    (r".*(param|参数).*", ("params",)),
    (
        r".*(mult[- ]?adds?|multiply[- ]?add|\bmacs?\b|\bmaccs?\b|madds?|乘加|multiplications?|mul-?adds).*",
        ("macs",),
    ),
    (r".*flops?.*", ("flops",)),
    (r".*(计算量|算力|运算|operations?|\bops\b|computation|cost).*", ("macs", "flops")),
    (r"(total )?bits", ("memory",)),
    (r".*memory[_ ]values.*", ("activations", "memory")),
    (r".*(memory|\bmem\b|内存|显存|bytes?|\b[kmg]i?b\b).*", ("memory", "activations")),
    (
        r".*(activations?|neurons?|number of (values|activations|units)|激活(数|量)).*(size|shape|map|volume|dim).*",
        ("output", "activations"),
    ),
    (r".*(activations?|neurons?|values|激活).*", ("activations", "output")),
    (r"(sizes|shapes|n)", ("output", "activations")),
    (r"(size|大小|尺寸|(n_?|total )?values)", ("activations", "output")),
    (r"(input|in|n_?in|输入).*", ("input",)),
    (
        r".*(output|\bout\b|shape|dimension|\bdims?\b|volume|\bmaps?\b|feature|维度|输出|特征图|resolution|width|height).*",
        ("output", "activations"),
    ),
    (r"n[ _]?out|w[ _]?out", ("output", "activations")),
)
_COMPILED: Final = tuple((re.compile(pattern, re.IGNORECASE), meaning) for pattern, meaning in _PATTERNS)

# what a worksheet writes above its columns, and nothing else is meant by it: quantity → English, Chinese
SHEET_HEADINGS: Final = MappingProxyType(
    {
        "output": ("Output shape", "输出形状"),
        "input": ("Input shape", "输入形状"),
        "params": ("Parameters", "参数量"),
        "weights": ("Weights without biases", "权重 (不含偏置)"),
        "biases": ("Biases", "偏置"),
        "macs": ("Multiply-adds", "乘加"),
        "flops": ("FLOPs", "FLOPs"),
        "activations": ("Elements of the output", "输出元素数"),
        "memory": ("Bytes of the output", "输出字节数"),
        "rf": ("Receptive field", "感受野"),
        "jump": ("Jump", "步距"),
    }
)
_EXACT: Final = MappingProxyType(
    {plain(each).lower(): (quantity,) for quantity, pair in SHEET_HEADINGS.items() for each in pair}
)

# column of the result → how it is called there
COLUMNS: Final = MappingProxyType({"trainable": "params", "nontrainable": "params"})
SHAPES: Final = frozenset({"input", "output"})
COUNTS: Final = ("params", "weights", "biases", "macs", "flops", "memory", "activations", "trainable", "nontrainable")
FIELDS: Final = ("rf", "jump")
JUDGED: Final = (*COUNTS, *FIELDS, "input", "output")


def meanings(heading: str) -> tuple[str, ...]:
    """Return the quantities that a heading may mean, the likeliest first; () if it is unknown.

    >>> meanings("Param #"), meanings("感受野"), meanings("Dimensions (H, W, C)"), meanings("k")
    (('params',), ('rf',), ('output', 'activations'), ('kernel',))
    """
    words = re.sub(r"\\?[_]", "_", plain(heading)).strip().strip(":*").strip().lower()
    if not words or len(words) > 60:
        return ()
    if words in _EXACT:
        return _EXACT[words]
    bare = re.sub(r"\s*[\[(（][^\])）]*[\])）]\s*", " ", words).strip()
    for text in dict.fromkeys((words, bare, bare.replace("_", " "))):
        for pattern, meaning in _COMPILED:
            if text and pattern.fullmatch(text):
                return meaning
    return ()
