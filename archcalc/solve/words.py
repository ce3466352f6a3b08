"""The sentences of an answer in English and Chinese."""

from types import MappingProxyType
from typing import Final, TypeAlias

Lang: TypeAlias = str

_WORDS: Final = MappingProxyType(
    {
        "output": ("Output", "输出"),
        "params": ("Parameters", "参数量"),
        "params_trainable": ("Trainable", "可训练参数"),
        "macs": ("MACs", "乘加"),
        "activations": ("Activations", "激活量"),
        "buffers": ("Buffers", "缓冲"),
        "memory": ("Bytes", "字节"),
        "rf": ("Receptive field", "感受野"),
        "derivation": ("Derivation", "推导"),
        "remark": ("Remark", "说明"),
        "input": ("Input", "输入"),
        "on": ("{0} on {1}", "{0}，输入 {1}"),
        "title": ("{0}: {1}", "{0}：{1}"),
        "title_for": ("{0}: {1} for {2}", "{0}：使 {2} 的 {1}"),
        "best": ("the most that fits", "符合条件的最大者"),
        "least": ("the least that fits", "符合条件的最小者"),
        "fits": ("fits", "符合"),
        "too_many": ("{0} = {1}, too many", "{0} = {1}，过大"),
        "too_few": ("{0} = {1}, too few", "{0} = {1}，过小"),
        "has_no": ("{0} is not defined", "{0} 无定义"),
        "beside": ("Does not fit", "不符合"),
        "compared": ("For comparison", "其他取值"),
        "exact": ("divides exactly", "恰好整除"),
        "unread": ("{0} unread", "{0}未用"),
        "over": ("reads {0} over the edge", "越过边缘 {0}"),
        "padding": ("some windows see padding only", "部分窗口只含填充"),
        "row": ("{0} row", "{0} 行"),
        "rows": ("{0} rows", "{0} 行"),
        "column": ("{0} column", "{0} 列"),
        "columns": ("{0} columns", "{0} 列"),
        "slice": ("{0} slice", "{0} 层"),
        "slices": ("{0} slices", "{0} 层"),
        "step": ("{0} step", "{0} 步"),
        "steps": ("{0} steps", "{0} 步"),
        "and": (" and ", "、"),
        "more": ("{0} more fit; --most lists more.", "另有 {0} 个解；--most 可列出更多。"),
        "tried": ("Tried: {0}.", "已试：{0}。"),
        "proved": (
            "Searched by bisection: {0}. That what is wanted grows with it is proved, not assumed.",
            "二分搜索：{0}。所求数量随之增大，这一点已证明，并非假设。",
        ),
        "memory_note": (
            "Bytes: the values alive at the peak of a forward pass on one sample, and the weights, in float32.",
            "字节：单样本前向计算峰值时存活的数值与全部权重，float32。",
        ),
        "up": ("{0} from {1} up", "{0} 自 {1} 起"),
        "steps_of": (" in steps of {0}", "，步长 {0}"),
        "sides": (
            "An odd total puts the larger part at the end (top, bottom, left, right); only the total counts.",
            "总填充为奇数时多出的部分放在后侧(上、下、左、右)；只有总数起作用。",
        ),
        "none": ("No solution: {0}.", "无解：{0}。"),
        "refused": ("every value is refused: {0}", "所有取值都不允许：{0}"),
        "constant": ("{0}, but it is {1} for every value", "{0}，但任何取值都得到 {1}"),
        "between": ("{0} lies between what the two nearest values give", "{0} 落在最接近的两个取值的结果之间"),
        "never": ("no value gives {0}", "没有取值使 {0}"),
        "never_of": ("no value gives {0}; they give {1}", "没有取值使 {0}；所得为 {1}"),
        "together": (
            "each condition can be met, but no value meets all of them",
            "每个条件都可单独满足，但没有取值同时满足",
        ),
        "rank": ("{0}, but the output is {1}, with another number of axes", "{0}，但输出为 {1}，轴数不同"),
        "nothing": (
            "{0}, but it is not defined here: one output sees everything",
            "{0}，但此处无定义：一个输出看到全部输入",
        ),
        "first": ("sizes are written channels first: {0}", "尺寸按通道在前书写：{0}"),
    }
)  # fmt: skip


def say(key: str, lang: Lang, *values: object) -> str:
    """Return a sentence with its values."""
    return _WORDS[key][lang == "zh"].format(*values)
