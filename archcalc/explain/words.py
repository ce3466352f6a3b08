"""What a derivation says beside its formula, in English and Chinese: remarks, and what letters stand for."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from archcalc.render.text import decimal

REMARKS: Final = MappingProxyType(
    {
        # sizes
        "unused": ("the division leaves {rest}: {lines} never used", "除法余 {rest}: {lines}从未用到"),
        "rounded_up": (
            "the division leaves {rest}, rounded up: the last window reaches over the edge",
            "除法余 {rest}，向上取整: 最后一个窗口越过边缘",
        ),
        "not_rounded_up": (
            "not rounded up: a further window would start beyond the input",
            "不向上取整: 再多一个窗口就会从输入之外开始",
        ),
        "half": ("half padding, p = {p}", "half 填充, p = {p}"),
        "flattened": ("{n} = {sizes} = {value}, flattened", "{n} = {sizes} = {value}, 展平"),
        "kept": ("the shape of the input is kept", "形状与输入相同"),
        "given": ("every size of the output is given or copied", "输出的每个大小都是给定或照搬的"),
        # weights
        "shares": ("the weights are those of {path} and counted there", "权重属于 {path}, 已在那里计数"),
        "buffers": (
            "and {count} running statistics ({names}), which are not parameters",
            "另有 {count} 个滑动统计量 ({names}), 不是参数",
        ),
        "frozen": ("frozen: training does not change them", "冻结: 训练时不更新"),
        # memory
        "bytes": ("{size}, {width} bytes a number", "{size}, 每个数 {width} 字节"),
        "weights_held": ("the parameters hold {count} bytes: {size}", "参数占 {count} 字节: {size}"),
        "inputs_held": ("the input has {count} numbers: {size}", "输入有 {count} 个数: {size}"),
        # receptive fields
        "everything": ("one output sees everything", "一个输出看到全部输入"),
        "nothing": ("a learned value: it sees nothing of the input", "学习得到的值: 与输入无关"),
        "unclear": ("not along an axis: {reason}", "不沿坐标轴: {reason}"),
        "jump": ("jump {jump}", "步距 {jump}"),
        "start": ("the first output sees {first} to {last}", "第一个输出看到 {first} 到 {last}"),
        "padding": (
            "the first output sees {first} to {last}: before 0 lies padding",
            "第一个输出看到 {first} 到 {last}: 0 之前是填充",
        ),
        "larger": (
            "larger than the input of {n}: one output sees at most {seen} of it",
            "大于输入 {n}: 一个输出最多看到其中 {seen}",
        ),
        "over_edge": (
            "{count} of {outputs} outputs see padding of the input",
            "{outputs} 个输出中有 {count} 个看到输入之外的填充",
        ),
        "pattern": (
            "neighbours see fields of different size; this is the largest",
            "相邻输出的感受野大小不同; 这里取最大的",
        ),
        "bound": (
            "at most: the branches move differently ({jumps})",
            "上界: 各分支的步距不同 ({jumps})",
        ),
        "widest": ("the widest path; the narrowest sees {size}", "最宽的路径; 最窄的路径看到 {size}"),
        "statistics": (
            "the statistics of the sample, which see everything, are not counted",
            "不计样本统计量 (它看到全部输入)",
        ),
        "rearranged": ("the elements are rearranged", "元素已重新排列"),
        # sums
        "sum": ("sum of {count} layers", "{count} 层之和"),
        "sum_of_some": ("sum of {count} layers; {none} of them have none", "{count} 层之和; 其中 {none} 层为 0"),
    }
)  # fmt: skip

_LINES: Final = MappingProxyType({"h": ("row", "行"), "w": ("column", "列"), "t": ("step", "步"), "d": ("slice", "片")})
_SIZES: Final = MappingProxyType(
    {
        "c": ("channels", "通道数"),
        "h": ("height", "高"),
        "w": ("width", "宽"),
        "t": ("length", "长度"),
        "d": ("depth", "深"),
        "n": ("elements", "元素数"),
        "r": ("receptive field", "感受野"),
        "j": ("jump", "步距"),
    }
)
_PLACES: Final = MappingProxyType({"in": ("of the input", "输入的"), "out": ("of the output", "输出的")})
_SETTINGS: Final = MappingProxyType(
    {
        "out": ("channels of the output", "输出的通道数"),
        "kernel": ("kernel size", "核大小"),
        "stride": ("stride", "步长"),
        "pad": ("padding on one side", "单侧填充"),
        "amount": ("padding on one side", "单侧填充"),
        "outpad": ("extra rows of the output", "输出的额外行"),
        "dilation": ("dilation", "扩张率"),
        "groups": ("groups", "分组数"),
        "mult": ("kernels per channel", "每通道的核数"),
        "table": ("input channels of each output", "每个输出所连的输入通道数"),
        "share": ("positions that share weights", "共享权重的位置数"),
        "size": ("wanted size", "指定的大小"),
        "factor": ("factor", "放大倍数"),
        "zoom": ("zoom", "放大倍数"),
        "bin": ("bins on a side", "每边的格数"),
        "rois": ("regions", "区域数"),
        "hidden": ("hidden units", "隐藏单元数"),
        "steps": ("steps", "步数"),
        "heads": ("heads", "头数"),
        "dim": ("dimension", "维数"),
        "vocab": ("vocabulary", "词表大小"),
        "pieces": ("pieces", "段数"),
        "parts": ("parts", "份数"),
        "r": ("side of a block", "块的边长"),
        "to": ("channels of the output", "输出的通道数"),
        "q": ("slices", "切片数"),
        "start": ("first that is taken", "第一个所取的"),
        "stop": ("first that is not taken", "第一个不取的"),
    }
)
# letters of derivations that are neither a size nor a setting
_OTHERS: Final = MappingProxyType(
    {
        "b": ("bytes of a number", "每个数的字节数"),
        "runs": ("times that the layer runs", "该层运行的次数"),
        "size": ("size of the input on each axis", "输入在各轴上的大小"),
        "n_in": ("elements of the flattened input", "展平后的元素数"),
        "r_in": ("receptive field of the layer before", "前一层的感受野"),
        "j_in": ("jump of the layer before: distance of neighbouring fields", "前一层的步距: 相邻感受野的距离"),
        "first": ("first position that is seen", "看到的第一个位置"),
        "last": ("last position that is seen", "看到的最后一个位置"),
    }
)


def say(key: str, lang: str, **values: object) -> str:
    """Return a remark with its values.

    >>> say("flattened", "zh", n="n_in", sizes="6·6", value=36)
    'n_in = 6·6 = 36, 展平'
    """
    return REMARKS[key][lang == "zh"].format(**values)


def unused(rest: int, axes: Sequence[str], padding: int, lang: str) -> str:
    """Return what a division leaves out, with its verb; `padding` of the lines at the end are padding.

    >>> unused(1, "hw", 2, "en"), unused(2, "t", 0, "en"), unused(2, "h", 1, "zh")
    ('one row and column of padding are', '2 steps are', '2 行 (其中 1 为填充) ')
    """
    if lang == "zh":
        lines = "和 ".join(f"{rest} {_LINES.get(axis, ('', '条'))[1]}" for axis in axes)
        return lines + ("填充" if padding >= rest else f" (其中 {padding} 为填充) " if padding else "")
    plural = "s" if rest > 1 else ""
    lines = " and ".join(_LINES.get(axis, ("line", ""))[0] + plural for axis in axes)
    of = " of padding" if padding >= rest else f", {padding} of them padding," if padding else ""
    verb = "is" if rest == 1 and len(axes) == 1 else "are"
    return f"{'one' if rest == 1 else rest} {lines}{of} {verb}"


def fraction(value: Fraction) -> str:
    """Return a fraction as a decimal if that is exact, else as it is.

    >>> fraction(Fraction(1, 4)), fraction(Fraction(2, 3))
    ('0.25', '2/3')
    """
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return decimal(value) if rest == 1 else str(value)


def meaning(name: str, settings: Mapping[str, str], lang: str) -> str:
    """Return what a name of a formula stands for; `settings` has the name of the setting by letter.

    >>> meaning("h_in", {}, "en"), meaning("k_w", {"k": "kernel"}, "en"), meaning("c_2", {}, "zh")
    ('height of the input', 'kernel size (width)', '输入 2 的通道数')
    """
    at = int(lang == "zh")
    if name in settings:
        return _setting(settings[name], at)
    if name in _OTHERS:
        return _OTHERS[name][at]
    base, _, place = name.partition("_")
    if base in _SIZES and place in _PLACES:
        size, where = _SIZES[base][at], _PLACES[place][at]
        return f"{where}{size}" if at else f"{size} {where}"
    if base in settings and place:
        sides = " ".join(filter(None, (_SIZES.get(place[:1], (place, place))[at], *place[1:])))
        return f"{_setting(settings[base], at)} ({sides})"
    if base in _SIZES and place.isdecimal():
        return f"输入 {place} 的{_SIZES[base][at]}" if at else f"{_SIZES[base][at]} of input {place}"
    if base in _SIZES and place:
        return f"{place} 的{_SIZES[base][at]}" if at else f"{_SIZES[base][at]} of {place}"
    return name


def _setting(name: str, at: int) -> str:
    return _SETTINGS[name][at] if name in _SETTINGS else name
