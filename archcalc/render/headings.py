"""The words of the tables in English and Chinese: headings by column, and sentences below a table."""

from types import MappingProxyType
from typing import Final

HEADINGS: Final = MappingProxyType(
    {
        "layer": ("Layer", "层"),
        "type": ("Type", "类型"),
        "family": ("Family", "类别"),
        "settings": ("Settings", "设置"),
        "all_settings": ("All settings", "全部设置"),
        "kernel": ("Kernel", "核"),
        "stride": ("Stride", "步长"),
        "pad": ("Padding", "填充"),
        "dilation": ("Dilation", "扩张"),
        "groups": ("Groups", "分组"),
        "input": ("Input", "输入"),
        "inputs": ("Inputs", "输入层"),
        "output": ("Output", "输出"),
        "flattens": ("Flattens", "展平"),
        "weights": ("Weights", "权重"),
        "params": ("Parameters", "参数量"),
        "params_share": ("%", "%"),
        "trainable": ("Trainable", "可训练"),
        "frozen": ("Frozen", "冻结"),
        "buffers": ("Buffers", "缓冲"),
        "macs": ("MACs", "乘加"),
        "macs_share": ("%", "%"),
        "flops": ("FLOPs (2 x MACs)", "FLOPs (2 x 乘加)"),
        "group": ("Group", "组"),
        "layers": ("Layers", "层数"),
        "activations": ("Activations", "激活量"),
        "rf": ("Receptive field", "感受野"),
        "rf_min": ("Narrowest", "最窄"),
        "jump": ("Jump", "步距"),
        "start": ("First seen", "起点"),
        "centre": ("Centre", "中心"),
        "memory": ("Output, bytes", "输出, 字节"),
        "bias": ("Bias additions", "偏置加法"),
        "add": ("Additions", "加法"),
        "mul": ("Multiplications", "乘法"),
        "div": ("Divisions", "除法"),
        "cmp": ("Comparisons", "比较"),
        "exp": ("Exponentials", "指数"),
        "ops": ("Operations", "运算"),
        "runs": ("Runs", "次数"),
        "mode": ("Mode", "模式"),
        "shares": ("Weights of", "共享自"),
        "note": ("Note", "备注"),
        "source": ("Source", "来源"),
        "device": ("Device", "设备"),
        "place": ("Place", "位置"),
        "call": ("Call", "调用"),
        # styles with columns of their own
        "lecture_id": ("id", "id"),
        "lecture_structure": ("structure", "结构"),
        "lecture_layer": ("layer", "层"),
        "lecture_input": ("input", "输入"),
        "lecture_output": ("output", "输出"),
        "lecture_params": ("parameters", "参数个数"),
        "lecture_macs": ("operations", "算力"),
        "dimensions_hwc": ("Dimensions (H, W, C)", "维度 (H, W, C)"),
        "dimensions_chw": ("Dimensions (C, H, W)", "维度 (C, H, W)"),
        "size": ("Size", "大小"),
        "conv_ops": ("Conv Ops", "卷积运算"),
        "product": ("Multiply-adds", "乘加"),
        "stage": ("Stage", "阶段"),
        "blocks": ("Structure", "结构"),
        "output_size": ("Output size", "输出大小"),
    }
)

PHRASES: Final = MappingProxyType(
    {
        "input": ("input", "输入"),
        "input_image": ("input image {shape}", "输入图像 {shape}"),
        "filters": ("filter: {count} of {kernel}", "filter: {count} 个 {kernel}"),
        "units": ("layer: {count}", "layer: {count}"),
        "total": ("Total", "合计"),
        "totals_of_heads": ("Total, heads", "辅助头合计"),
        "total_in_training": ("Total, training", "训练时合计"),
        "heads": ("Training only", "仅训练时"),
        "shared": ("shared", "共享"),
        "inference": ("inference", "推理"),
        "macs": (
            "MACs: multiply-adds; biases not counted.",
            "乘加 (MACs): 一次乘法加一次加法计一次，不计偏置。",
        ),
        "sight": (
            "Receptive field: input positions that one output sees; all: every one.",
            "感受野: 一个输出所见的输入位置数; all: 全部。",
        ),
        "most_params": ("{group} holds {share} % of the parameters.", "{group} 占参数量的 {share} %。"),
        "most_macs": ("{group} does {share} % of the multiply-adds.", "{group} 占乘加的 {share} %。"),
        "operations": (
            "operations: multiply-adds; biases not counted",
            "算力: 乘加次数，不计偏置",
        ),
        "flops": ("FLOPs: 2 x MACs.", "FLOPs: 乘加的 2 倍。"),
        "buffers": (
            "Buffers (running statistics, not parameters): {count}.",
            "缓冲 (滑动统计量，不是参数): {count}。",
        ),
        "frozen": (
            "Parameters frozen: {frozen}; trainable: {trainable}.",
            "冻结参数: {frozen}；可训练: {trainable}。",
        ),
        "sharing": (
            "shared: the weights of an earlier layer, counted there.",
            "共享: 权重属于前面的层，已在那里计数。",
        ),
        "folded": (
            "×N: N equal neighbours in one row, their numbers added.",
            "×N: N 个相同的相邻部分合为一行，数目相加。",
        ),
        "batch": (
            "Batch of {count}: MACs and activations are those of all samples.",
            "批大小 {count}: 乘加与激活量为全部样本之和。",
        ),
        "letters": ("Settings: kernel {letters}.", "设置: 核 {letters}。"),
        "stride": ("/stride", "/步长"),
        "pad": ("p padding", "p 填充"),
        "dilation": ("d dilation", "d 扩张"),
        "groups": ("g groups", "g 分组"),
        "domain": ("Holds for {conditions}.", "适用条件: {conditions}。"),
        "sum": ("{name} = {formula}", "{name} = {formula}"),
        "source": ("Source: {text}", "来源: {text}"),
        "left_out": (
            "Left out, as they keep the shape and have neither parameters nor multiply-adds: {ops}.",
            "略去不改变形状、也没有参数与乘加的层: {ops}。",
        ),
        "heads_left_out": (
            "Left out: the auxiliary heads, which run in training only.",
            "略去: 仅在训练时运行的辅助头。",
        ),
        "multiply_adds": ("{count} multiply-adds; biases not counted.", "共 {count} 次乘加，不计偏置。"),
    }
)  # fmt: skip


def heading(key: str, lang: str) -> str:
    """Return the heading of a column.

    >>> heading("params", "zh")
    '参数量'
    """
    return HEADINGS[key][lang == "zh"]


def say(key: str, lang: str, **values: str) -> str:
    """Return a word or sentence with its values.

    >>> say("domain", "en", conditions="H >= 63")
    'Holds for H >= 63.'
    """
    return PHRASES[key][lang == "zh"].format(**values)
