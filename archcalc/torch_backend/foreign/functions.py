"""What torch's functions are in the language of specs, and which of their arguments decide what is computed.

The names are those under which a `TorchFunctionMode` sees them, without a trailing underscore. A function that is in
no table here is no layer: it is written down only where it takes a parameter.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from torch import Tensor

from archcalc.quantities import Shape

# torch.nn.functional, by rank: conv1d, conv2d, conv3d
_RANKED: Final = MappingProxyType(
    {
        "conv": "conv", "conv_transpose": "deconv", "max_pool": "maxpool", "avg_pool": "avgpool", "lp_pool": "lppool",
        "adaptive_avg_pool": "aavgpool", "adaptive_max_pool": "amaxpool", "max_unpool": "unpool",
    }
)  # fmt: skip
_PLAIN: Final = MappingProxyType(
    {
        "linear": "fc", "embedding": "embed", "bilinear": "bilinear", "batch_norm": "bn", "group_norm": "gn",
        "instance_norm": "in", "layer_norm": "ln", "local_response_norm": "lrn", "normalize": "l2norm",
        "interpolate": "upsample", "upsample": "upsample", "pixel_shuffle": "pixelshuffle", "pixel_unshuffle": "reorg",
        "grid_sample": "grid_sample", "scaled_dot_product_attention": "attention", "pad": "pad",
        "cat": "concat", "concat": "concat", "concatenate": "concat", "stack": "stack",
    }
)  # fmt: skip
ACTIVATIONS: Final = MappingProxyType(
    {
        "relu": "relu", "relu6": "relu6", "hardtanh": "hardtanh", "leaky_relu": "leaky", "prelu": "prelu", "elu": "elu",
        "selu": "selu", "gelu": "gelu", "silu": "silu", "mish": "mish", "sigmoid": "sigmoid", "tanh": "tanh",
        "softplus": "softplus", "hardswish": "hswish", "hardsigmoid": "hsigmoid", "softmax": "softmax",
        "log_softmax": "logsoftmax", "sign": "sign",
    }
)  # fmt: skip
# between values: an operation with a number is none of these
_BETWEEN: Final = MappingProxyType(
    {
        "add": "add", "__add__": "add", "__radd__": "add", "__iadd__": "add", "sub": "sub", "__sub__": "sub",
        "__isub__": "sub", "mul": "mul", "multiply": "mul", "__mul__": "mul", "__rmul__": "mul", "__imul__": "mul",
        "maximum": "maximum", "matmul": "bmm", "__matmul__": "bmm", "bmm": "bmm", "einsum": "bmm",
    }
)  # fmt: skip
_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
        "deconv": ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
        "fc": ("input", "weight", "bias"),
        "embed": ("input", "weight"),
        "bn": ("input", "running_mean", "running_var", "weight", "bias"),
        "in": ("input", "running_mean", "running_var", "weight", "bias"),
        "gn": ("input", "groups", "weight", "bias"),
        "ln": ("input", "normalized_shape", "weight", "bias"),
        "lrn": ("input", "size"),
        "prelu": ("input", "weight"),
        "maxpool": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
        "avgpool": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
        "lppool": ("input", "norm_type", "kernel_size", "stride", "ceil_mode"),
        "hardtanh": ("input", "min_val", "max_val"),
        "upsample": ("input", "size", "scale_factor", "mode", "align_corners"),
        "pad": ("input", "pad", "mode", "value"),
    }
)
_RENAMED: Final = MappingProxyType({"num_groups": "groups", "negative_slope": "slope"})
WINDOWS: Final = ("conv", "deconv", "maxpool", "avgpool", "lppool")
GLOBAL: Final = MappingProxyType({"mean": "gap", "amax": "gmp"})


def kind_of(name: str) -> str | None:
    """Return the language's word for a function of torch, or None.

    >>> kind_of("conv2d"), kind_of("max_pool2d"), kind_of("view")
    ('conv', 'maxpool', None)
    """
    if name[-1:] == "d" and name[-2:-1].isdigit():
        return _RANKED.get(name[:-2])
    return _PLAIN.get(name) or ACTIVATIONS.get(name) or _BETWEEN.get(name)


def bound(kind: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name, those that have one here."""
    found = dict(zip(_ARGUMENTS.get(kind, ("input",)), args, strict=False))
    return found | {_RENAMED.get(name, name): value for name, value in kwargs.items()}


def between(name: str) -> bool:
    """Tell whether a function is a merge only where it is given several values."""
    return name in _BETWEEN or kind_of(name) in ("concat", "stack")


def settings_of(kind: str, given: Mapping[str, Any], y: Tensor) -> dict[str, Any]:
    """Return what of the arguments decides the computation: numbers as one a side or axis."""
    if kind in ("gn", "hardtanh"):
        return {"groups": given.get("groups")} if kind == "gn" else {}
    if kind == "lrn":
        return {"size": given.get("size")}
    if kind == "upsample":
        return {"mode": given.get("mode", "nearest"), "corners": bool(given.get("align_corners"))}
    if kind not in WINDOWS:
        return {}
    x, weight = given["input"], given.get("weight")
    rank = y.dim() - 2
    kernel = tuple(weight.shape[2:]) if weight is not None else _each(given["kernel_size"], rank)
    stride = kernel if given.get("stride") in (None, [], ()) and weight is None else _each(given.get("stride", 1), rank)
    dilation = _each(given.get("dilation", 1), rank)
    found: dict[str, Any] = {"kernel": kernel, "stride": stride, "dilation": dilation}
    found["padding"] = _sides(given.get("padding", 0), kernel, dilation, rank)
    if kind in ("conv", "deconv"):
        found["groups"] = given.get("groups", 1)
    if kind == "deconv":
        found["output_padding"] = _each(given.get("output_padding", 0), rank)
    if kind == "avgpool" and any(p for side in found["padding"] for p in side):
        found["countpad"] = given.get("count_include_pad", True)
    if kind in ("maxpool", "avgpool", "lppool"):
        found["ceil"] = bool(given.get("ceil_mode", False))
        if kernel == tuple(x.shape[2:]) and set(y.shape[2:]) == {1}:
            found["whole"] = True
    return found


def padded(padding: tuple[tuple[int, int], ...], amounts: tuple[int, ...]) -> tuple[tuple[int, int], ...] | None:
    """Return the sides of a window with those of an `F.pad` before it; None if that pads other axes too."""
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))  # torch lists the last axis first
    rank = len(padding)
    if any(pair != (0, 0) for pair in pairs[rank:]):
        return None
    pairs = (pairs + [(0, 0)] * rank)[:rank][::-1]
    return tuple((p + a, q + b) for (p, q), (a, b) in zip(padding, pairs, strict=True))


def _each(value: Any, rank: int) -> Shape:
    return tuple(value) * (rank if len(value) == 1 else 1) if isinstance(value, (tuple, list)) else (value,) * rank


def _sides(padding: Any, kernel: Shape, dilation: Shape, rank: int) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * rank
    if padding == "same":
        wholes = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((whole // 2, whole - whole // 2) for whole in wholes)
    return tuple((p, p) for p in _each(padding, rank))
