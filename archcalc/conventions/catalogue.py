"""CONVENTIONS: how archcalc, papers and other tools count, as data.

Coefficients were fitted to what the tools print for single layers and whole networks (torch 2.13, torchvision 0.29,
CPU, `eval()`, batch 1, November 2026), and agree with both; tests/cases/conventions.yaml holds the figures. A rule
without terms says that the tool counts 0 there. What is not measured has no rule, and is reported as not counted.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from archcalc.conventions.convention import EVERYTHING, Convention, Rule, of_modules, rule, times
from archcalc.errors import did_you_mean
from archcalc.render.options import option_error

_CONV: Final = ("conv", "dwconv")
_POOLS: Final = ("maxpool", "avgpool", "gap", "aavgpool")
_MEANS: Final = ("gap", "aavgpool")  # nn.AdaptiveAvgPool2d is both: to one position, or to several
_RECURRENT: Final = ("lstm", "gru", "rnn")
# measured at 0 in every tool that gives 0 for what is no product of matrices
_QUIET: Final = (
    "relu", "relu6", "gelu", "sigmoid", "softmax", "dropout", "bn", "ln", "gn", "lrn", *_POOLS, "upsample", "embed",
    "add", "mul", "concat",
)  # fmt: skip
# measured at 0 in thop and torchprofile, and sorted out one by one for the others
_SMOOTH: Final = ("silu", "hswish", "hsigmoid", "elu", "tanh", "logsoftmax", "softplus", "mish", "amaxpool", "gmp")
_LRN: Final = Fraction(17, 4)
# what a tool that hooks modules does not see
_UNSEEN: Final = (rule(EVERYTHING, call="functional"), rule(EVERYTHING, call="operator"))

# ── Tools with two figures, or with a relative ──

_CALFLOPS: Final = (
    rule(*_CONV, mac=2, bias=1),
    rule("fc", mac=2),
    rule("bn", out=1, affine=1),
    rule("ln", "gn", out=5),
    rule("lrn", out=_LRN),
    rule("relu", "gelu", "softmax", out=1),
    rule(*_POOLS, inp=1),
    rule("add", call="functional", out=1),
    rule("lstm", mac=2, bias=1, units=2),
    rule("gru", mac=2, bias=1, units=1),
    rule("rnn", mac=2, bias=1, units=-1),
)
_ULTRALYTICS: Final = (
    *of_modules(
        rule(*_CONV, "deconv", "fc", mac=1),
        rule("bn", "ln", "gn", out=2, affine=2),
        rule("avgpool", taps=1, out=1),
        rule(*_MEANS, inp=1, out=1),
        rule("softmax", out=3, rows=-1),
        rule("upsample", when=("mode", "bilinear"), out=11),
        rule("lstm", mac=1, bias=1, units=8),
        rule("gru", mac=1, bias=1, units=7),
        rule("rnn", mac=1, bias=1, units=1),
        rule("mha", mac=1, exp=1, add=1, div=1),
        rule(*_QUIET),
    ),
    rule("bmm", mac=1),
    *_UNSEEN,
)
_MATRICES: Final = rule(*_CONV, "deconv", "fc", mac=1)
_TORCHSCAN_POOLS: Final = (
    rule("maxpool", side=1, out=-1),
    rule("avgpool", taps=1, out=-1),
    rule(*_MEANS, inp=1, out=1),
    rule("ln", out=8, rows=2),
)
_FVCORE: Final = (
    _MATRICES,
    rule("bn", out=1, affine=1),
    rule("ln", "gn", out=5),
    rule(*_MEANS, inp=1),
    rule("upsample", when=("mode", "nearest"), out=1),
    rule("upsample", when=("mode", "bilinear"), out=4),
    rule("bmm", mac=1),
    rule(*_QUIET, *_RECURRENT, "mha"),
)
_NETSCOPE: Final = ("conv", "dwconv", "deconv", "fc", "relu", "dropout", "maxpool", "avgpool", "gap", "bn", "affine",
                    "lrn", "softmax", "concat")  # fmt: skip
_LSTM_NOTE: Final = "Of recurrent layers it sees what the CPU kernel is made of: GRU and RNN, not LSTM (MKLDNN)."


def _netscope(name: str, quantity: str, unit: str, *rules: Rule) -> Convention:
    return Convention(
        name,
        f"{unit} (netscope)",
        quantity,
        (*rules, rule(*_NETSCOPE)),
        "netscope (dgschwend)",
        "8ae36d8",
        "https://github.com/dgschwend/netscope, src/analyzer.coffee",
        remarks=("Its presets with crop_size give NaN. A batch norm is Caffe's BatchNorm with Scale.",),
    )


_ALL: Final = (
    Convention(
        "macs",
        "MACs",
        "macs",
        (rule(EVERYTHING, mac=1),),
        remarks=("Multiply-adds of convolutions, matrices, recurrent cells and attention; a bias adds none.",),
    ),
    Convention("flops", "FLOPs (2 × MACs)", "flops", (rule(EVERYTHING, mac=2),)),
    Convention(
        "paper",
        "FLOPs as in papers (multiply-adds)",
        "flops",
        (rule(EVERYTHING, mac=1),),
        source="He et al., arXiv:1512.03385, table 1: 'FLOPs (multiply-adds)'; the usage of most papers since",
        remarks=("Papers cut as often as they round: 3.8 billion for ResNet-50 are 3,857,973,248.",),
    ),
    Convention(
        "torchinfo",
        "mult-adds (torchinfo 1.8.0)",
        "macs",
        (
            rule(*_CONV, mac=1, bias=1),
            rule("deconv", mac_out=1, bias=1),
            rule(*_RECURRENT, mac=1, bias=1),
            rule("mha"),
            rule(EVERYTHING, params=1),
        ),
        "torchinfo",
        "1.8.0",
        "https://github.com/TylerYep/torchinfo, layer_info.py",
        traced=True,
        remarks=(
            "Everything but convolutions and recurrent layers counts its parameters once, whatever the map's size.",
            "A linear layer on a sequence is therefore too small by its length.",
        ),
    ),
    Convention(
        "thop",
        "MACs (thop 0.1.1)",
        "macs",
        (
            *of_modules(
                rule(*_CONV, "fc", mac=1),
                rule("deconv", mac_out=1),
                rule("bn", "in", "ln", out=2, affine=2),
                rule("avgpool", out=1),
                rule("prelu", out=1),
                rule(*_MEANS, inp=1, out=1),
                rule("softmax", out=3, rows=-1),
                rule("upsample", when=("mode", "nearest"), out=1),
                rule("upsample", when=("mode", "bilinear"), out=11),
                rule("lstm", mac=1, bias=1, units=8),
                rule("gru", mac=1, bias=1, units=7),
                rule("rnn", mac=1, bias=1, units=1),
                rule(*_QUIET, *_SMOOTH, "leaky", "mha"),
            ),
            *_UNSEEN,
        ),
        "thop (pytorch-OpCounter)",
        "0.1.1",
        "https://github.com/Lyken17/pytorch-OpCounter, thop/vision/basic_hooks.py",
        traced=True,
        remarks=("Transposed convolutions are counted on output positions: stride² too many.",),
    ),
    Convention(
        "ultralytics-thop",
        "MACs (ultralytics-thop 2.2.3)",
        "macs",
        _ULTRALYTICS,
        "ultralytics-thop",
        "2.2.3",
        "https://github.com/ultralytics/thop",
        traced=True,
    ),
    Convention(
        "ultralytics",
        "FLOPs (ultralytics)",
        "flops",
        times(2, _ULTRALYTICS),
        "ultralytics",
        "8.4.190",
        "https://github.com/ultralytics/ultralytics, utils/torch_utils.py: twice ultralytics-thop",
        traced=True,
    ),
    Convention(
        "fvcore",
        "flops (fvcore)",
        "flops",
        _FVCORE,
        "fvcore",
        "0.1.5.post20221221",
        "https://github.com/facebookresearch/fvcore, fvcore/nn/jit_handles.py",
        traced=True,
        remarks=("Its 'flops' are multiply-adds.",),
    ),
    Convention(
        "mmengine",
        "flops (MMEngine 0.10.7)",
        "flops",
        _FVCORE,
        "MMEngine",
        "0.10.7",
        "https://github.com/open-mmlab/mmengine, mmengine/analysis: a fork of fvcore",
        traced=True,
    ),
    Convention(
        "ptflops-aten",
        "MACs (ptflops 0.7.5, aten)",
        "macs",
        (
            rule(*_CONV, "deconv", "fc", "gru", "rnn", mac=1, bias=1),
            rule("bmm", mac=1),
            rule(*_QUIET, "lstm", "mha"),
        ),
        "ptflops, backend aten (default)",
        "0.7.5",
        "https://github.com/sovrasov/flops-counter.pytorch, ptflops/aten_ops.py",
        traced=True,
        remarks=(_LSTM_NOTE,),
    ),
    Convention(
        "ptflops-pytorch",
        "MACs (ptflops 0.7.5, pytorch)",
        "macs",
        (
            rule(*_CONV, "deconv", "fc", mac=1, bias=1),
            rule("bn", "in", out=1, affine=1),
            rule("ln", out=1),
            rule("gn", out=2),
            rule("lrn", out=_LRN),
            rule("relu", "gelu", "elu", call="module", out=2),
            rule("prelu", out=2),
            rule("relu", call="functional", out=1),
            rule("relu6", "leaky", "silu", call="module", out=1),
            rule("softmax", out=1),
            rule(*_POOLS, "amaxpool", "gmp", call="module", inp=2),
            rule(*_POOLS, call="functional", inp=1),
            rule("upsample", call="module", out=2),
            rule("add", call="functional", out=1),
            rule("bmm", call="functional", mac=1),
            rule("lstm", mac=1, bias=1, units=10),
            rule("gru", mac=1, bias=1, units=7),
            rule("rnn", mac=1, bias=1, units=1),
            rule("mha", mac=1, bias=1, exp=1, out=1),
            rule("add", "mul", "bmm", "gap", call="operator"),
            rule("sigmoid", "dropout", "embed", "concat"),
            rule("hswish", "hsigmoid", "tanh", "logsoftmax", "softplus", "mish", call="module"),
        ),
        "ptflops, backend pytorch",
        "0.7.5",
        "https://github.com/sovrasov/flops-counter.pytorch, ptflops/pytorch_ops.py",
        traced=True,
        remarks=(
            "A ReLU or pool that is a module is counted twice: by its hook, and by the function that it calls.",
            "On the meta device linear layers are counted twice, too.",
        ),
    ),
    Convention(
        "torchprofile",
        "MACs (torchprofile 0.1.0)",
        "macs",
        (
            rule(*_CONV, "fc", "lstm", "bmm", "mha", mac=1),
            rule("deconv", mac_out=1),
            rule("bn", "in", affine=1),
            rule("ln", "gn", "leaky", out=1),
            rule("lrn", out=3),
            rule("avgpool", *_MEANS, out=1),
            rule("mul", out=1),
            rule("upsample", when=("mode", "bilinear"), out=4),
            rule(*_QUIET, *_SMOOTH, "prelu", "gru", "rnn"),
        ),
        "torchprofile",
        "0.1.0",
        "https://github.com/zhijian-liu/torchprofile, torchprofile/handlers.py",
        traced=True,
        remarks=("Attention is seen with torch's fast path off; with it on, tracing fails.",),
    ),
    Convention(
        "flopth",
        "flops (flopth 0.1.6)",
        "flops",
        (
            *of_modules(
                rule(*_CONV, reuse="first", mac=1, bias=1),
                rule("deconv", reuse="first", mac_out=1, bias=1),
                rule("fc", reuse="first", mac=1),
                rule("bn", "in", reuse="first", out=1, affine=1),
                rule("gn", reuse="first", out=2),
                rule("ln", reuse="first", out=1),
                rule(
                    "relu", "relu6", "gelu", "leaky", "prelu", "elu", "tanh", "hswish", "hsigmoid", reuse="first", out=1
                ),
                rule(*_POOLS, "amaxpool", "gmp", reuse="first", inp=1),
                rule("softmax", "logsoftmax", "sigmoid", "silu", "softplus", "mish", "lrn", "dropout", "embed", "mha"),
            ),
            *_UNSEEN,
        ),
        "flopth",
        "0.1.6",
        "https://github.com/vra/flopth, flopth/flopth.py",
        traced=True,
        remarks=(
            "A module that is called twice is counted once, with its last call. In torchvision's ResNets that holds "
            "for the ReLUs of a block: --calls reused.",
            "A linear layer on a sequence gives a wrong figure (49 instead of 35,000).",
        ),
    ),
    Convention(
        "onnx-tool",
        "MACs (onnx-tool 1.0.1)",
        "macs",
        (
            rule(*_CONV, "fc", mac=1, bias=1),
            rule("deconv", mac=2, bias=1),
            rule("bn", out=31),
            rule("gn", out=9),
            rule("relu", "add", "mul", out=1),
            rule("relu6", out=2),
            rule("gelu", out=34),
            rule("sigmoid", out=32),
            rule("softmax", out=36),
            rule("maxpool", "avgpool", taps=1),
            rule("gap", inp=1, out=4),
            rule("aavgpool", when=("size", 1), inp=1, out=4),
            rule("aavgpool", taps=1),
            rule("upsample", when=("mode", "bilinear"), out=4),
            rule("bmm", mac=1),
            rule("lstm", when=("bi", False), mac=1, bias=1, units=180),
            rule("lstm", when=("bi", True), mac=1, bias=1, units=90),
            rule("gru", when=("bi", False), mac=1, bias=1, units=110),
            rule("dropout", "embed", "concat"),
            rule("upsample", when=("mode", "nearest")),
        ),
        "onnx-tool",
        "1.0.1",
        "https://github.com/ThanatosShinji/onnx-tool, onnx_tool/node.py",
        traced=True,
        remarks=(
            "A batch norm has 31 multiply-adds an element: what ONNX stores it as, with a square root and a division.",
            "Of a bidirectional LSTM the element-wise part of one direction is counted.",
            "A layer norm has 4,770 for 10×64 elements, which follows no rule known here; it is not counted.",
        ),
    ),
    Convention(
        "torchscan",
        "MACs (torchscan 0.2.0)",
        "macs",
        of_modules(
            rule(*_CONV, "fc", mac=1),
            rule("deconv", mac_out=1, filters=1),
            rule("bn", out=1, affine=1),
            *_TORCHSCAN_POOLS,
            rule("relu", "relu6", "sigmoid", "dropout"),
        ),
        "torchscan",
        "0.2.0",
        "https://github.com/frgfm/torch-scan, torchscan/modules/macs.py",
        traced=True,
        remarks=(
            "A max pool whose kernel is one number has k − 1 operations an output, not k² − 1.",
            "What it does not know makes its total 'partial'; attention (354,041 for 4 heads of 16, T = 10) follows no "
            "rule known here.",
        ),
    ),
    Convention(
        "torchscan-flops",
        "FLOPs (torchscan 0.2.0)",
        "flops",
        of_modules(
            rule(*_CONV, "fc", mac=2, bias=1, out=-1),
            rule("deconv", mac_out=2, filters=2, bias=1, out=-1),
            rule("bn", out=2, affine=2, buffers=1),
            *_TORCHSCAN_POOLS,
            rule("relu", out=1),
            rule("relu6", out=2),
            rule("sigmoid", out=4),
            rule("dropout", out=1),
        ),
        "torchscan",
        "0.2.0",
        "https://github.com/frgfm/torch-scan, torchscan/modules/flops.py",
        traced=True,
    ),
    Convention(
        "calflops",
        "MACs (calflops 0.3.2)",
        "macs",
        (_MATRICES, rule(*_QUIET, *_RECURRENT, "bmm", "mha")),
        "calflops",
        "0.3.2",
        "https://github.com/MrYxJ/calculate-flops.pytorch, calflops/pytorch_ops.py",
        traced=True,
        remarks=("Recurrent layers have FLOPs but no MACs; products of matrices without a module have neither.",),
    ),
    Convention(
        "calflops-flops",
        "FLOPs (calflops 0.3.2)",
        "flops",
        (
            *_CALFLOPS,
            rule("deconv", mac=2),
            rule("upsample", inp=1),
            rule("relu6", "sigmoid", "dropout", "embed", "add", "mul", "concat", "bmm", "mha"),
        ),
        "calflops",
        "0.3.2",
        "https://github.com/MrYxJ/calculate-flops.pytorch, calflops/pytorch_ops.py",
        traced=True,
        remarks=(
            "The bias of a linear layer is not counted, that of a convolution is; that of a transposed one gives a "
            "wrong figure (200 instead of 3,200) and is left out here.",
            "After an exception the next result doubles: torch stays patched.",
        ),
    ),
    Convention(
        "deepspeed",
        "MACs (DeepSpeed 0.19.8)",
        "macs",
        (_MATRICES, rule("bmm", mac=1), rule(*_QUIET, *_RECURRENT, "mha")),
        "DeepSpeed flops profiler",
        "0.19.8",
        "https://github.com/deepspeedai/DeepSpeed, deepspeed/profiling/flops_profiler/profiler.py",
        traced=True,
    ),
    Convention(
        "deepspeed-flops",
        "FLOPs (DeepSpeed 0.19.8)",
        "flops",
        (
            *_CALFLOPS,
            rule("deconv", mac=2, bias=1),
            rule("upsample", out=1),
            rule("bmm", mac=2),
            rule("relu6", "sigmoid", "dropout", "embed", "add", "mul", "concat", "mha"),
        ),
        "DeepSpeed flops profiler",
        "0.19.8",
        "https://github.com/deepspeedai/DeepSpeed, deepspeed/profiling/flops_profiler/profiler.py",
        traced=True,
        remarks=(
            "The bias of a linear layer is not counted, that of a convolution is.",
            "After an exception the next result doubles: torch stays patched.",
        ),
    ),
    Convention(
        "torch-flop-counter",
        "FLOPs (torch FlopCounterMode)",
        "flops",
        (
            rule(*_CONV, "deconv", "fc", "bmm", "gru", "rnn", mac=2),
            rule(*_QUIET, "lstm", "mha"),
        ),
        "torch.utils.flop_counter.FlopCounterMode",
        "2.13.0",
        "https://github.com/pytorch/pytorch, torch/utils/flop_counter.py",
        traced=True,
        remarks=(_LSTM_NOTE, "Attention on the CPU and on torch's fast path is 0."),
    ),
    Convention(
        "torch-flops",
        "FLOPs (torch-flops 0.4.1)",
        "flops",
        (
            *of_modules(
                rule(*_CONV, "fc", mac=2, bias=1, out=-1),
                rule("bn", out=4),
                rule("relu", out=1),
                rule("maxpool", side=1, out=-1),
                rule("avgpool", side=1),
                rule(*_MEANS, inp=1),
                rule("deconv", "relu6", "ln", "gn", "dropout", "embed", *_RECURRENT, "mha"),
            ),
            rule("add", out=1),
            *_UNSEEN,
        ),
        "torch-flops (fx)",
        "0.4.1",
        "https://github.com/zugexiaodui/torch_flops",
        traced=True,
        remarks=("A convolution by itself has 2·MACs − outputs with and without a bias; in networks a bias counts.",),
    ),
    Convention(
        "torchlens",
        "MACs (torchlens 2.36.1)",
        "macs",
        (_MATRICES, rule("bmm", mac=1), rule(*_QUIET)),
        "torchlens",
        "2.36.1",
        "https://github.com/johnmarktaylor91/torchlens",
        traced=True,
        remarks=("Recurrent layers and attention modules are flagged as unknown.",),
    ),
    Convention(
        "torchlens-flops",
        "FLOPs (torchlens 2.36.1)",
        "flops",
        (
            rule(*_CONV, "deconv", "fc", mac=2, bias=1),
            rule("bmm", mac=2),
            rule("bn", "ln", "gn", "softmax", out=5),
            rule("lrn", out=11),
            rule("relu", "relu6", "add", "mul", out=1),
            rule("gelu", out=14),
            rule("sigmoid", "upsample", out=4),
            rule("dropout", out=2),
            rule("maxpool", "avgpool", side=1),
            rule(*_MEANS, inp=1),
            rule("embed", "concat"),
        ),
        "torchlens",
        "2.36.1",
        "https://github.com/johnmarktaylor91/torchlens",
        traced=True,
        remarks=("A pool has k operations an output, not k²; dropout has 2 an element, also where it does nothing.",),
    ),
    Convention(
        "flax",
        "FLOPs (flax 0.12.8, XLA)",
        "flops",
        (
            rule(*_CONV, "deconv", mac_inside=2, bias=1),
            rule("fc", mac=2, bias=1),
            rule("bn", out=3, buffers=1),
        ),
        "flax tabulate (XLA's cost analysis)",
        "0.12.8",
        "https://github.com/google/flax, flax/linen/summary.py",
        traced=True,
        remarks=(
            "Taps on padding are not counted.",
            "The body of a recurrent layer's loop is counted once, whatever its length, with terms of XLA's own.",
        ),
    ),
    _netscope(
        "netscope",
        "macs",
        "MACCs",
        rule("conv", "dwconv", "deconv", "fc", mac=1),
        rule("affine", out=1),
        rule("bn", affine=1),
        rule("lrn", taps=1),
    ),
    _netscope("netscope-comp", "comparisons", "comparisons", rule("relu", "dropout", out=1), rule("maxpool", taps=1)),
    _netscope(
        "netscope-add",
        "additions",
        "additions",
        rule("avgpool", "gap", taps=1),
        rule("bn", "lrn", "softmax", out=1),
    ),
    _netscope("netscope-div", "divisions", "divisions", rule("bn", "softmax", out=1), rule("lrn", out=2)),
    _netscope("netscope-exp", "exponentials", "exponentials", rule("lrn", "softmax", out=1)),
    Convention(
        "darknet",
        "FLOPs (darknet)",
        "flops",
        (rule(*_CONV, mac=2), rule("fc", *_QUIET, "leaky", "mish", "reorg")),
        "darknet",
        "2018-2020",
        "https://github.com/pjreddie/darknet, src/convolutional_layer.c; issue 689",
        remarks=("Printed as BFLOPs. AlexeyAB's fork also counts pools, shortcuts and routes.",),
    ),
    Convention("params", "parameters", "params", (rule(EVERYTHING, params=1, reuse="first"),)),
    Convention("trainable", "trainable parameters", "params", (rule(EVERYTHING, trainable=1, reuse="first"),)),
    Convention(
        "torch-params",
        "parameters, heads included (torch)",
        "params",
        (rule(EVERYTHING, params=1, reuse="first"),),
        "torch",
        "2.13.0",
        "sum(p.numel() for p in model.parameters()): auxiliary heads belong to the module",
        heads=True,
    ),
    Convention(
        "keras-params",
        "parameters (Keras)",
        "params",
        (rule(EVERYTHING, params=1, buffers=1, reuse="first"),),
        "Keras",
        "3.15.1",
        "Model.count_params(): running statistics are weights that are not trainable",
    ),
    Convention(
        "netscope-params",
        "parameters (netscope)",
        "params",
        (rule("lrn", layer=2), rule(EVERYTHING, params=1, reuse="first")),
        "netscope (dgschwend)",
        "8ae36d8",
        "https://github.com/dgschwend/netscope, src/analyzer.coffee",
        remarks=("The two constants of a local response normalisation are counted as parameters.",),
    ),
)

CONVENTIONS: Final[Mapping[str, Convention]] = MappingProxyType({each.name: each for each in _ALL})


def find(name: str) -> Convention:
    """Return the convention of a name, with or without its version ("thop", "thop@0.1.1").

    Raises:
        TargetError: there is none, or only one of another version.
    """
    word, _, version = name.partition("@")
    held = CONVENTIONS.get(word)
    if held is None:
        raise option_error(f"no convention '{name}'{did_you_mean(word, CONVENTIONS)}; {_known(CONVENTIONS)}")
    if version and version not in _versions(held.version):
        said = f"of version {held.version}" if held.version else "without a version"
        raise option_error(f"no convention '{name}'; '{word}' is {said}")
    return held


def _versions(version: str) -> Iterable[str]:
    """Yield a version and what it begins with: 2.2.3, 2.2, 2."""
    parts = version.split(".")
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]


def _known(names: Iterable[str]) -> str:
    return f"there are {', '.join(names)}"
