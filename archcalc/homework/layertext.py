"""What a name, a type or a line of settings says about a layer: its kind, kernel, channels, stride, padding."""

import re
from types import MappingProxyType
from typing import Final, NamedTuple

from archcalc.homework.arithmetic import plain
from archcalc.layers.catalogue import LAYERS, MERGES

# (pattern, the ops it may stand for); the first that is found wins
_KINDS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), ops)
    for pattern, ops in (
        (r"input|image|placeholder|输入", ("input",)),
        (r"separable", ("separable", "dwconv", "conv")),
        (r"depth[-_ ]?wise|dw[-_ ]?conv|逐通道", ("dwconv", "conv")),
        (r"point[-_ ]?wise|逐点", ("conv",)),
        (r"transpose|deconv|up[-_ ]?conv|conv\dd_?tr|反卷积|转置卷积", ("deconv",)),
        (r"locally|local[-_ ]?conn", ("local",)),
        (r"local[-_ ]?response|\blrn|lrn\b|lrn\d", ("lrn",)),
        (r"batch[-_ ]?n|(?<![a-z])bn|批归一|bn\d*$", ("bn",)),
        (r"layer[-_ ]?n(?:orm)?", ("ln",)),
        (r"group[-_ ]?n(?:orm)?", ("gn",)),
        (r"global[-_ ]?max|gmp", ("gmp", "amaxpool", "maxpool")),
        (r"global|(?<![a-z])gap|全局", ("gap", "aavgpool", "avgpool")),
        (r"adaptive", ("aavgpool", "amaxpool", "gap")),
        (r"max[-_ ]?p|最大池", ("maxpool", "amaxpool", "gmp")),
        (r"av(?:era)?g(?:e)?[-_ ]?p|平均池|subsamp|avgp", ("avgpool", "aavgpool", "gap")),
        (r"pool|池化|(?<![a-z])s\d(?![a-z0-9])",
         ("maxpool", "avgpool", "gap", "gmp", "aavgpool", "amaxpool", "lppool")),
        (r"zero[-_ ]?pad", ("pad",)),
        (r"dropout|drop", ("dropout", "droppath")),
        (r"conv|卷积", ("conv", "dwconv", "local")),
        (r"(?<!un)flatten|展平|view", ("flatten", "reshape")),
        (r"reshape|unflatten", ("reshape", "flatten")),
        (r"embed|嵌入", ("embed",)),
        (r"lstm", ("lstm",)),
        (r"gru", ("gru",)),
        (r"rnn|recurrent|循环", ("rnn", "lstm", "gru")),
        (r"time[-_ ]?distr", ("fc",)),
        (r"bidirectional", ("lstm", "gru", "rnn")),
        (r"attention|multi[-_ ]?head|mha", ("mha",)),
        (r"soft[-_ ]?max", ("softmax", "logsoftmax")),
        (r"relu|elu|sigmoid|tanh|swish|silu|mish|activation|non[-_ ]?linear|激活", ("activation",)),
        (r"dense|linear|full|inner[-_ ]?product|(?<![a-z])fc|(?<![a-z])ip\d|全连接", ("fc",)),
        (r"concat|(?<![a-z])cat(?![a-z])|merge|拼接", ("concat",)),
        (r"(?<![a-z])add(?![a-z])|residual|shortcut|逐元素相加", ("add",)),
        (r"multiply|(?<![a-z])mul(?![a-z])", ("mul",)),
        (r"up[-_ ]?sampl", ("upsample", "unpool")),
        (r"norm", ("lrn", "bn", "ln", "gn", "in", "l2norm")),
    )
)  # fmt: skip
_PAIR: Final = re.compile(r"(?<![\d.])(\d{1,3})\s*[x*×]\s*(\d{1,3})(?:\s*[x*×]\s*(\d{1,3}))?(?!\s*[x*×]\s*\d|\d)")
_SETTINGS: Final = MappingProxyType(
    {
        "stride": r"(?:stride|步长|步幅|(?<![A-Za-z])s)\s*(?:of|is)?\s*[=::]?\s*(\d{1,3})|(?<![\w*/)\d])/(\d)(?!\d)",
        "pad": r"(?:pad(?:ding)?|填充|(?<![A-Za-z])p)\s*(?:of|is)?\s*[=::]?\s*(\d{1,3})",
        "dilation": r"(?:dilation|rate|空洞)\s*[=::]?\s*(\d{1,3})",
        "groups": r"(?:groups?|(?<![A-Za-z])g)\s*=\s*(\d{1,4})",
    }
)
_KERNEL: Final = re.compile(r"(?:kernel(?:[_ ]size)?|filter size|(?<![A-Za-z])[kf])\s*[=::]\s*\(?\s*(\d{1,3})")
_COUNT: Final = re.compile(
    r"(?:filters?|kernels?|out[_ ]?channels|channels|maps|units|neurons|layer|个)\s*[=::]\s*(\d{1,6})"
    r"|(?<![A-Za-z\d])(\d{1,6})\s*(?:\d+\s*[x*×]\s*\d+\s*)?(?:filters?|kernels?|kernals?|maps|units|neurons|channels|个)"
    r"|conv\s*,\s*(\d{1,6})|fc\s*,\s*(\d{1,6})"
)
_DASHED: Final = re.compile(r"(?:conv|CONV)[-_ ]?(\d{1,2})-(\d{1,5})\b")


class LayerText(NamedTuple):
    """What a text says; None or () where it says nothing."""

    ops: tuple[str, ...] = ()
    kernel: tuple[int, ...] = ()
    out: int | None = None
    stride: int | None = None
    pad: int | str | None = None
    dilation: int | None = None
    groups: int | None = None


def kinds(text: str) -> tuple[str, ...]:
    """Return the ops that a name or type may stand for.

    >>> kinds("max_pooling2d_4 (MaxPooling2"), kinds("CONV-9-32"), kinds("Dense")
    (('maxpool', 'amaxpool', 'gmp'), ('conv', 'dwconv', 'local'), ('fc',))
    """
    found: tuple[str, ...] = next((ops for pattern, ops in _KINDS if pattern.search(text)), ())
    return found or tuple(word for word in re.findall(r"[a-z]\w*", text.lower()) if word in LAYERS or word in MERGES)


def read_layer(text: str) -> LayerText:
    """Return what a text says about a layer.

    >>> read_layer("[3x3 conv, 192]")[:3]
    (('conv', 'dwconv', 'local'), (3, 3), 192)
    >>> read_layer("filter: 96 of 11*11, stride=4, pad=2")[1:5]
    ((11, 11), 96, 4, 2)
    """
    words = plain(text)[:300]
    ops = kinds(words) or (("conv",) if re.search(r"filters?|kernels?|kernals?", words) else ())
    pair = _PAIR.search(words)
    kernel = tuple(int(size) for size in pair.groups()[:2] if size) if pair else ()
    single = _KERNEL.search(words)
    if single:
        kernel = (int(single[1]),)
    dashed = _DASHED.search(words)
    count = _COUNT.search(words) or re.search(r"(\d{1,6})\s+of\s+\d", words)
    out = next((int(group) for group in count.groups() if group), None) if count else None
    if dashed:
        kernel, out = (int(dashed[1]),), int(dashed[2])
    numbers = {
        name: next((int(group) for group in found.groups() if group), None)
        for name, pattern in _SETTINGS.items()
        if (found := re.search(pattern, words))
    }
    pad: int | str | None = numbers.get("pad")
    if pad is None and (word := re.search(r"\b(same|valid)\b", words, re.IGNORECASE)):
        pad = word[1].lower()
    return LayerText(ops, kernel, out, numbers.get("stride"), pad, numbers.get("dilation"), numbers.get("groups"))
