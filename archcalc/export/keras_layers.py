"""One builder per layer and merge type: the settings as written → a recipe for Keras 3, maps with channels first.

The counterpart of `archcalc.torch_backend.builders`, whose readings of words (`same`, `half`, `ceil`) it shares. What
Keras lacks stands in `keras_modules`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from archcalc.torch_backend.builders import (
    Given,
    Sides,
    axis_of,
    number,
    one,
    rounded_up,
    sides_of,
    unless,
    window_of,
    word_sides,
)
from archcalc.torch_backend.recipes import (
    Make,
    Operator,
    Recipe,
    Step,
    UnbuildableError,
    call,
    call_with_list,
    make,
)

Builder: TypeAlias = Callable[[Given], Recipe]

_CONV: Final = MappingProxyType({"strides": 1, "padding": "valid", "dilation_rate": 1, "groups": 1, "use_bias": True})


def keras_recipe(given: Given) -> Recipe:
    """Return how Keras does what a layer of a spec says.

    Raises:
        UnbuildableError: it cannot, and nothing here can; the message says why.
    """
    builder = BUILDERS.get(given.op)
    if builder is None:
        raise UnbuildableError(f"there is no counterpart of {given.op} in Keras")
    steps = builder(given)
    if not given["frozen"]:
        return steps
    return tuple(
        replace(step, kwargs={**step.kwargs, "trainable": False}) if isinstance(step, Make) else step for step in steps
    )


def _name(given: Given, before: str, after: str = "") -> str:
    count = len(given.axes)
    if not 1 <= count <= 3:
        raise UnbuildableError(f"Keras has no {before}{after} on {count} axes")
    return f"layers.{before}{count}D{after}"


def _turned(given: Given, *steps: Step) -> Recipe:
    """Return the steps with channels first where they want a sequence so."""
    turn = call("ops.swapaxes", 1, 2)
    return (turn, *steps, turn) if len(given.x) == 2 else steps


def _pad(sides: Sides, value: float = 0.0) -> Recipe:
    if not any(size for pair in sides for size in pair):
        return ()
    return (call("pad", sides, **({"value": value} if value else {})),)


# ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────


def _conv(given: Given, out: int, groups: int) -> Recipe:
    window = window_of(given)
    if max(window.stride) > 1 and max(window.dilation) > 1:
        raise UnbuildableError("Keras has no convolution with a stride and a dilation")
    sides = rounded_up(given, window) if window.ceil else window.sides
    same = set(window.stride) == {1} and all(
        p == q == (extent - 1) // 2 and extent % 2 for (p, q), extent in zip(sides, window.extent, strict=True)
    )
    settings = {"strides": one(window.stride), "padding": "same" if same and any(map(any, sides)) else "valid"}
    settings |= {"dilation_rate": one(window.dilation), "groups": groups, "use_bias": given["bias"]}
    layer = make(_name(given, "Conv"), out, one(window.kernel), **unless(_CONV, **settings))
    before = () if settings["padding"] == "same" else _pad(sides)
    return _turned(given, *before, _spectral(given, layer))


def _spectral(given: Given, layer: Make) -> Make:
    return (
        make("spectral", layer.name.removeprefix("layers."), *layer.args, **layer.kwargs)
        if given["spectral"]
        else layer
    )


def _ordinary_conv(given: Given) -> Recipe:
    if given["table"] is None:
        return _conv(given, given["out"], given["groups"])
    window = window_of(given)
    settings = {"strides": one(window.stride), "dilation_rate": one(window.dilation), "use_bias": given["bias"]}
    sides = rounded_up(given, window) if window.ceil else window.sides
    layer = make("TableConv", given.channels, tuple(given["table"]), window.kernel, **unless(_CONV, **settings))
    return _turned(given, *_pad(sides), layer)


def _depthwise_conv(given: Given) -> Recipe:
    return _conv(given, given.channels * given["mult"], given.channels)


def _transposed_conv(given: Given) -> Recipe:
    kernel, stride, dilation = given.each(given["kernel"]), given.each(given["stride"]), given.each(given["dilation"])
    if given["groups"] != 1:
        raise UnbuildableError("Keras has no transposed convolution in groups")
    if max(stride) > 1 and max(dilation) > 1:
        raise UnbuildableError("Keras has no transposed convolution with a stride and a dilation")
    extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    extra = given.each(given["outpad"])
    if given["pad"] == "same":
        wholes = [max(extent - s, 0) for extent, s in zip(extents, stride, strict=True)]
        sides: Sides = tuple((whole // 2, whole - whole // 2) for whole in wholes)
        extra = tuple(max(s - extent, 0) for extent, s in zip(extents, stride, strict=True))
    elif isinstance(given["pad"], str):
        sides = tuple(
            word_sides(given["pad"], *axis) for axis in zip(given.axes, kernel, stride, dilation, strict=True)
        )
    else:
        sides = sides_of(given, given["pad"])
    # Keras makes n·s + max(e − s, 0) positions, torch (n − 1)·s + e before padding is cut
    surplus = [max(s - extent, 0) for extent, s in zip(extents, stride, strict=True)]
    ends = [q + more - e for (_, q), more, e in zip(sides, surplus, extra, strict=True)]
    if given["bias"] and any(end < 0 for end in ends):
        raise UnbuildableError("Keras adds no bias to positions that only outpad makes")
    cut = tuple((p, max(end, 0)) for (p, _), end in zip(sides, ends, strict=True))
    more = tuple(max(-end, 0) for end in ends)
    settings = {"strides": one(stride), "dilation_rate": one(dilation), "use_bias": given["bias"]}
    layer = make(_name(given, "Conv", "Transpose"), given["out"], one(kernel), **unless(_CONV, **settings))
    after = (call("crop", cut, more),) if any(map(any, cut)) or any(more) else ()
    return _turned(given, _spectral(given, layer), *after)


def _local(given: Given) -> Recipe:
    window = window_of(given)
    sizes = tuple(n + p + q for n, (p, q) in zip(given.axes, window.sides, strict=True))
    args = (given.channels, given["out"], sizes, window.kernel, window.stride, window.dilation)
    layer = make("LocallyConnected", *args, given.each(given["share"]), **unless(_CONV, use_bias=given["bias"]))
    return _turned(given, *_pad(window.sides), layer)


def _max_pool(given: Given) -> Recipe:
    window = window_of(given)
    if max(window.dilation) > 1:
        raise UnbuildableError("Keras has no dilated pool")
    sides = rounded_up(given, window) if window.ceil else window.sides
    if given.remembers:
        if given.last:
            raise UnbuildableError("unpooling is written for maps only")
        return (call("max_pool_with_places", window.kernel, window.stride, sides),)
    strides = unless({"strides": one(window.kernel)}, strides=one(window.stride))
    return _turned(given, *_pad(sides, float("-inf")), make(_name(given, "MaxPooling"), one(window.kernel), **strides))


def _avg_pool(given: Given) -> Recipe:
    window = window_of(given)
    sides = rounded_up(given, window) if window.ceil else window.sides
    whole = all(q - given_q >= 0 for (_, q), (_, given_q) in zip(sides, window.sides, strict=True))
    if not any(map(any, sides)) or (given["countpad"] and sides == window.sides):
        strides = unless({"strides": one(window.kernel)}, strides=one(window.stride))
        return _turned(given, *_pad(sides), make(_name(given, "AveragePooling"), one(window.kernel), **strides))
    if not whole:  # the last positions are not read
        raise UnbuildableError("this average over a padding that no window reads")
    none = tuple((0, 0) for _ in sides)
    counted = window.sides if given["countpad"] else none
    rest = tuple((p - a, q - b) for (p, q), (a, b) in zip(sides, counted, strict=True))
    return _turned(given, call("average_inside", counted, rest, window.kernel, window.stride))


def _lp_pool(given: Given) -> Recipe:
    window = window_of(given)
    sides = rounded_up(given, window) if window.ceil else window.sides
    return _turned(given, *_pad(sides), call("lp_pool", number(given["p"]), window.kernel, window.stride))


def _global_pool(name: str) -> Builder:
    def build(given: Given) -> Recipe:
        first = 1 if given.last else 2
        axes = tuple(range(first, first + len(given.axes)))
        return (call(name, axis=axes, **({"keepdims": True} if given["keep"] else {})),)

    return build


def _adaptive_pool(mode: str) -> Builder:
    def build(given: Given) -> Recipe:
        written = unless({"mode": "average"}, mode=mode)
        return _turned(given, call("adaptive_pool", given.each(given["size"]), **written))

    return build


def _pyramid(given: Given) -> Recipe:
    mode = "average" if given["mode"] != "max" else "max"
    return (call("spatial_pyramid", tuple(given["bin"]), **unless({"mode": "max"}, mode=mode)),)


def _unpool(given: Given) -> Recipe:
    if given["indices"] is not None:
        return (call("max_unpool", size=_wanted(given)),)
    return _turned(given, call("spread", _wanted(given)))


def _wanted(given: Given) -> tuple[int, ...]:
    """Return the size that `size`, `like`, `factor` or `zoom` asks for."""
    if given["size"] is not None:
        return given.each(given["size"])
    if given["like"] is not None:
        sizes = given.sizes(given["like"].path)
        return sizes[:-1] if len(sizes) < 3 else sizes[1:]
    if given["factor"] is not None:
        return tuple(n * f for n, f in zip(given.axes, given.each(given["factor"]), strict=True))
    return tuple(n + (z - 1) * (n - 1) for n, z in zip(given.axes, given.each(given["zoom"]), strict=True))


# ── Linear layers, norms, activations ───────────────────────────────────────────────────────────────────


def _bias(given: Given) -> dict[str, Any]:
    return {} if given["bias"] else {"use_bias": False}


def _linear(given: Given) -> Recipe:
    layer = make("layers.Dense", given["out"], **_bias(given))
    return (layer,) if given.last else (call("flatten"), layer)


def _margin(given: Given) -> Recipe:
    scale = {} if given["s"] is None else {"scale": number(given["s"])}
    return (make("CosineHead", given.channels, given["out"], **scale),)


def _axis(given: Given) -> int:
    return -1 if given.last else 1


def _flags(given: Given) -> dict[str, Any]:
    flags = {"center": bool(given["shift"]), "scale": bool(given["scale"])}
    return unless({"center": True, "scale": True}, **flags)


def _affine(given: Given, *, shape: tuple[int, ...] | None = None, **flags: Any) -> Recipe:
    kept = {name: bool(flags.get(name, True)) for name in ("scale", "shift")}
    if not any(kept.values()):
        return ()
    written = unless({"scale": True, "shift": True}, **kept)
    axis = {} if shape is not None or not given.last else {"axis": -1}
    return (make("Affine", given.channels if shape is None else shape, **axis, **written),)


def _scale_and_shift(given: Given) -> Recipe:
    return _affine(given, scale=given["scale"], shift=given["shift"])


def _batch_norm(given: Given) -> Recipe:
    if not given["stats"]:
        return _scale_and_shift(given)
    settings = unless({"axis": -1}, axis=_axis(given))
    return (make("layers.BatchNormalization", **settings, momentum=0.9, epsilon=1e-5, **_flags(given)),)


def _group_norm(given: Given) -> Recipe:
    settings = unless({"axis": -1}, axis=_axis(given))
    return (make("layers.GroupNormalization", given["groups"], **settings, epsilon=1e-5, **_flags(given)),)


def _instance_norm(given: Given) -> Recipe:
    settings = unless({"axis": -1}, axis=_axis(given))
    return (make("layers.GroupNormalization", -1, **settings, epsilon=1e-5, **_flags(given)),)


def _layer_norm(given: Given) -> Recipe:
    axis: Any = tuple(range(1, 1 + len(given.x))) if given["over"] == "all" else _axis(given)
    settings = unless({"axis": -1}, axis=axis)
    if axis == 1:  # on torch, Keras normalises the last axes only
        norm = make("layers.LayerNormalization", epsilon=1e-5, **_flags(given))
        return (call("ops.moveaxis", 1, -1), norm, call("ops.moveaxis", -1, 1))
    return (make("layers.LayerNormalization", **settings, epsilon=1e-5, **_flags(given)),)


def _local_response_norm(given: Given) -> Recipe:
    args = (given["size"], *(number(given[name]) for name in ("alpha", "beta", "k")))
    if given["across"]:
        return (call("local_response_norm", *args, **unless({"axis": 1}, axis=len(given.x) if given.last else 1)),)
    return _turned(given, call("local_response_norm_within", *args))


def _l2_norm(given: Given) -> Recipe:
    unit = call("ops.normalize", axis=_axis(given))
    return (unit,) if given["scale"] is None else (unit, *_affine(given, shift=False))


def _plain(step: Step) -> Builder:
    return lambda _given: (step,)


def _leaky(given: Given) -> Recipe:
    return (call("ops.leaky_relu", number(given["slope"])),)


def _prelu(given: Given) -> Recipe:
    rank = len(given.x)
    axes = tuple(range(1, rank + 1)) if given["shared"] else tuple(range(1, rank) if given.last else range(2, rank + 1))
    return (make("layers.PReLU", **({"shared_axes": axes} if axes else {})),)


def _softmax(name: str) -> Builder:
    return lambda given: (call(name, **unless({"axis": -1}, axis=axis_of(given["axis"], given.x))),)


def _maxout(given: Given) -> Recipe:
    return (call("maxout", given.channel_dim, given["pieces"]),)


# ── Shapes ──────────────────────────────────────────────────────────────────────────────────────────────


def _reshape(given: Given) -> Recipe:
    size = tuple(given["size"])
    rest = prod(given.x) // prod(each for each in size if each != -1)
    return (call("reshape", tuple(rest if each == -1 else each for each in size)),)


def _transpose(given: Given) -> Recipe:
    rank = len(given.x)
    axes = range(rank, 0, -1) if given["axis"] is None else [axis_of(axis, given.x) for axis in given["axis"]]
    return (call("ops.transpose", (0, *axes)),)


def _upsample(given: Given) -> Recipe:
    mode = {"bilinear": "linear"}.get(given["mode"], given["mode"])
    if mode not in ("nearest", "linear"):
        raise UnbuildableError(f"Keras has no {mode} interpolation with channels first")
    align = {"align": True} if mode == "linear" and (given["align"] or given["zoom"] is not None) else {}
    return _turned(given, call("interpolate", _wanted(given), **unless({"mode": "nearest"}, mode=mode), **align))


def _pad_axes(given: Given) -> Recipe:
    sides = sides_of(given, given["amount"])
    if given["mode"] == "replicate":
        return _turned(given, call("replicate", sides))
    if given["mode"] == "reflect":
        return _turned(given, call("ops.pad", ((0, 0), (0, 0), *sides), mode="reflect"))
    return _turned(given, *_pad(sides))


def _pad_channels(given: Given) -> Recipe:
    sides = [(0, 0)] * (len(given.x) + 1)
    sides[given.channel_dim] = (0, given["to"] - given.channels)
    return (call("ops.pad", tuple(sides)),)


def _crop(given: Given) -> Recipe:
    size = given.each(given["size"]) if given["like"] is None else _wanted(given)
    room = tuple(n - m for n, m in zip(given.axes, size, strict=True))
    offset = tuple(left // 2 for left in room) if given["offset"] is None else given.each(given["offset"])
    cuts = enumerate(zip(offset, size, given.axes, strict=True), 1 if given.last else 2)
    return tuple(call("narrow", axis, at, m) for axis, (at, m, n) in cuts if m != n)


def _take(given: Given) -> Recipe:
    return (call("narrow", axis_of(given["axis"], given.x), given["start"], given["stop"] - given["start"]),)


def _part(given: Given) -> Recipe:
    each = -(-given.channels // given["parts"])
    start = given["k"] * each
    return (call("narrow", given.channel_dim, start, min(each, given.channels - start)),)


def _channel_shuffle(given: Given) -> Recipe:
    return (call("channel_shuffle", given["groups"], **unless({"axis": 1}, axis=given.channel_dim)),)


def _along(name: str) -> Builder:
    return lambda given: (call(name, axis=axis_of(given["axis"], given.x)),)


# ── Sequences, values, merges ───────────────────────────────────────────────────────────────────────────


def _recurrent(kind: str) -> Builder:
    def build(given: Given) -> Recipe:
        before: Recipe = () if given["steps"] is None else (call("repeat_steps", given["steps"]),)
        usual = {"biases": 2, "count": 1, "bi": False, "sequence": True}
        settings = {"biases": given["biases"], "count": given["layers"], "bi": given["bi"]}
        settings |= {"sequence": given["ret"] == "seq"}
        return (*before, make("recurrent", kind, given["hidden"], **unless(usual, **settings)))

    return build


def _attention(given: Given) -> Recipe:
    width = given["dim"] or given.channels
    if width % given["heads"]:
        raise UnbuildableError("the heads of Keras share the width evenly")
    return (make("Attention", given["heads"], width // given["heads"], given.channels, **_bias(given)),)


def _opaque(given: Given) -> Recipe:
    return (make("Opaque", tuple(given["size"]), **({"params": given["params"]} if given["params"] else {})),)


def _concat(given: Given) -> Recipe:
    return (call_with_list("ops.concatenate", axis=axis_of(given["axis"], given.x)),)


_STACK: Final = call_with_list("ops.stack", axis=1)

BUILDERS: Final[Mapping[str, Builder]] = MappingProxyType(
    {
        "conv": _ordinary_conv,
        "dwconv": _depthwise_conv,
        "deconv": _transposed_conv,
        "local": _local,
        "fc": _linear,
        "divenc": lambda given: (make("DividedEncoder", given.channels, given["q"], **_bias(given)),),
        "rbf": lambda given: (make("RadialBasis", given.channels, given["out"]),),
        "margin": _margin,
        "maxpool": _max_pool,
        "avgpool": _avg_pool,
        "lppool": _lp_pool,
        "gap": _global_pool("ops.mean"),
        "gmp": _global_pool("ops.max"),
        "aavgpool": _adaptive_pool("average"),
        "amaxpool": _adaptive_pool("max"),
        "spp": _pyramid,
        "roipool": lambda given: (call("roi_pool", size=given.each(given["size"])),),
        "roialign": lambda given: (call("roi_align", size=given.each(given["size"]), samples=given["samples"] or 2),),
        "unpool": _unpool,
        "bn": _batch_norm,
        "gn": _group_norm,
        "in": _instance_norm,
        "ln": _layer_norm,
        "lrn": _local_response_norm,
        "l2norm": _l2_norm,
        "affine": _scale_and_shift,
        "relu": _plain(call("ops.relu")),
        "relu6": _plain(call("ops.relu6")),
        "leaky": _leaky,
        "prelu": _prelu,
        "elu": _plain(call("ops.elu")),
        "selu": _plain(call("ops.selu")),
        "gelu": _plain(call("ops.gelu", approximate=False)),
        "silu": _plain(call("ops.silu")),
        "mish": _plain(call("keras.activations.mish")),
        "sigmoid": _plain(call("ops.sigmoid")),
        "tanh": _plain(call("ops.tanh")),
        "softplus": _plain(call("ops.softplus")),
        "hswish": _plain(call("ops.hard_silu")),
        "hsigmoid": _plain(call("ops.hard_sigmoid")),
        "softmax": _softmax("ops.softmax"),
        "logsoftmax": _softmax("ops.log_softmax"),
        "maxout": _maxout,
        "sign": _plain(call("ops.sign")),
        "threshold": lambda given: (call("threshold", number(given["value"])),),
        "dropout": lambda given: (make("layers.Dropout", number(given["p"])),),
        "droppath": lambda given: (make("DropPath", number(given["p"])),),
        "scale": lambda given: (call("ops.multiply", number(given["value"])),),
        "flatten": _plain(call("flatten")),
        "reshape": _reshape,
        "transpose": _transpose,
        "unsqueeze": lambda given: (call("ops.expand_dims", axis_of(given["axis"], (*given.x, 1))),),
        "squeeze": _along("ops.squeeze"),
        "mean": _along("ops.mean"),
        "upsample": _upsample,
        "pixelshuffle": lambda given: (call("pixel_shuffle", given["r"]),),
        "reorg": lambda given: (call("pixel_unshuffle", given["r"]),),
        "shuffle": _channel_shuffle,
        "pad": _pad_axes,
        "padchannels": _pad_channels,
        "crop": _crop,
        "take": _take,
        "part": _part,
        "embed": lambda given: (make("layers.Embedding", given["vocab"], given["dim"]),),
        "rnn": _recurrent("RNN"),
        "gru": _recurrent("GRU"),
        "lstm": _recurrent("LSTM"),
        "mha": _attention,
        "param": lambda given: (make("Param", *given["size"]),),
        "opaque": _opaque,
        "concat": _concat,
        "add": _plain(Operator("+")),
        "mul": _plain(Operator("*")),
        "sub": _plain(Operator("-")),
        "maximum": lambda _given: (_STACK, call("ops.max", axis=1)),
        "average": lambda given: (Operator("+"), call("ops.divide", len(given.inputs))),
        "stack": _plain(_STACK),
        "dot": _plain(call("dot")),
        "absdiff": lambda _given: (Operator("-"), call("ops.abs")),
        "bmm": _plain(call("ops.matmul")),
    }
)
