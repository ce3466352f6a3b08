"""One builder per layer and merge type: the settings as written → a recipe for torch.

This is the other side of the check, so nothing here comes from archcalc's rules. A builder sees the settings as the
spec has them (`same`, `half`, `ceil`, `darknet`, `like=…`) and the sizes of the values that torch made so far. Where
a framework other than torch defines a word, its own definition is written out here a second time, on purpose.
torch itself is not imported: the same recipes are run, counted and printed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from archcalc.torch_backend.recipes import (
    Make,
    Operator,
    Pick,
    Recipe,
    Step,
    UnbuildableError,
    call,
    call_with_list,
    make,
    method,
)

Sizes: TypeAlias = tuple[int, ...]
Sides: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What a builder knows: the settings as written, and sizes that torch reported (without the batch axis)."""

    op: str
    settings: Mapping[str, Any]
    inputs: tuple[Sizes, ...]
    sizes: Callable[[str], Sizes]
    remembers: bool = False  # a later layer asks this pool where its maxima were

    def __getitem__(self, name: str) -> Any:
        return self.settings.get(name)

    @property
    def x(self) -> Sizes:
        """The first input: C | T×D | C×H×W | C×D×H×W."""
        return self.inputs[0]

    @property
    def last(self) -> bool:
        """Whether the channels are the last axis (vectors and sequences)."""
        return len(self.x) < 3

    @property
    def channels(self) -> int:
        """Size of the channel axis."""
        return self.x[-1] if self.last else self.x[0]

    @property
    def axes(self) -> Sizes:
        """Sizes of the other axes."""
        return self.x[:-1] if self.last else self.x[1:]

    @property
    def channel_dim(self) -> int:
        """Where torch has the channel axis, behind the batch axis."""
        return len(self.x) if self.last else 1

    def each(self, value: Any) -> Sizes:
        """Return a setting as one number per axis."""
        return tuple(value) if isinstance(value, (tuple, list)) else (value,) * len(self.axes)

    def of(self, kind: str) -> str:
        """Return torch's name of a layer for this many axes: nn.Conv2d."""
        count = len(self.axes)
        if not 1 <= count <= 3:
            raise UnbuildableError(f"torch has no {kind.rpartition('.')[2]} on {count} axes")
        return f"{kind}{count}d"

    def first(self, *steps: Step) -> Recipe:
        """Return the steps with channels first, as torch's sliding layers and norms want a sequence."""
        turn = method("transpose", 1, 2)
        return (turn, *steps, turn) if len(self.x) == 2 else steps


Builder: TypeAlias = Callable[[Given], Recipe]


def recipe(given: Given) -> Recipe:
    """Return how torch does what a layer of a spec says.

    Raises:
        UnbuildableError: torch cannot.
    """
    steps = BUILDERS[given.op](given)
    if given["frozen"]:
        steps = tuple(replace(step, frozen=True) if isinstance(step, Make) else step for step in steps)
    return steps


def one(values: Sizes) -> Any:
    """Return equal numbers as one, as people write them."""
    return values[0] if len(set(values)) == 1 else values


def unless(defaults: Mapping[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Return the arguments that are not torch's defaults."""
    return {name: value for name, value in kwargs.items() if name not in defaults or value != defaults[name]}


def number(value: Any) -> float | int:
    """Return an exact setting as a number that frameworks take."""
    return float(value) if isinstance(value, Fraction) and value.denominator != 1 else int(value)


def axis_of(axis: Any, sizes: Sequence[int]) -> int:
    """Return where torch has an axis that a spec names by a word or a number."""
    rank = len(sizes)
    words = {"channel": 1 if rank > 2 else rank, "time": 1, "height": rank - 1, "width": rank}
    return words[axis] if isinstance(axis, str) else axis + 1


# ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────


class Windows(NamedTuple):
    """Where windows lie, one number an axis; sides: the padding before and after each."""

    kernel: Sizes
    stride: Sizes
    dilation: Sizes
    sides: Sides
    ceil: bool

    @property
    def extent(self) -> Sizes:
        """Positions from the first tap to the last."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def even(self) -> Sizes | None:
        """The padding, if both sides have the same."""
        return tuple(p for p, _ in self.sides) if all(p == q for p, q in self.sides) else None


def window_of(given: Given) -> Windows:
    """Return the windows of a convolution or pool, words for padding read as their frameworks define them."""
    kernel = given.each(given["kernel"])
    stride = given.each(kernel if given["stride"] is None else given["stride"])
    dilation = given.each(given["dilation"] or 1)
    pad = given["pad"]
    if isinstance(pad, str):
        sides = tuple(word_sides(pad, *axis) for axis in zip(given.axes, kernel, stride, dilation, strict=True))
    else:
        sides = sides_of(given, pad)
    ceil = bool(given["ceil"]) and pad not in ("same", "same_lower", "darknet")
    return Windows(kernel, stride, dilation, sides, ceil)


def sides_of(given: Given, pad: Any) -> Sides:
    """Return padding that is written in numbers: one, one per axis, or two per axis."""
    if isinstance(pad, (tuple, list)) and len(pad) == 2 * len(given.axes):
        return tuple(zip(pad[::2], pad[1::2], strict=True))
    return tuple((p, p) for p in given.each(pad))


def word_sides(word: str, n: int, k: int, s: int, d: int) -> tuple[int, int]:
    """Return the padding that a word means on one axis: n positions, kernel k, stride s, dilation d."""
    if word == "half":
        return d * (k - 1) // 2, d * (k - 1) // 2
    if word == "darknet":
        return (k - 1) // 2, k - 1 - (k - 1) // 2
    if word == "valid":
        return 0, 0
    # TensorFlow's "SAME": https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    whole = max(d * (k - 1) + 1 - (n % s or s), 0)
    less = whole // 2
    return (less, whole - less) if word == "same" else (whole - less, less)


def rounded_up(given: Given, window: Windows) -> Sides:
    """Return the sides with what the last window lacks, or has too much, where the division rounds up.

    The last window may hang over the far end, but it starts in the input or the padding before it.
    """
    filled = []
    for n, extent, stride, (p, q) in zip(given.axes, window.extent, window.stride, window.sides, strict=True):
        steps, left = divmod(n + p + q - extent, stride)
        steps += left > 0
        steps -= steps * stride >= n + p
        if steps * stride >= n + p:  # Caffe and torch drop one window, and refuse what would need more
            raise UnbuildableError("no framework rounds up where whole windows lie in the padding")
        filled.append((p, q + steps * stride + extent - (n + p + q)))
    return tuple(filled)


def _pad(sides: Sides, value: float = 0.0) -> Recipe:
    """Return the padding of all axes on both sides; torch lists the last axis first."""
    flat = tuple(size for pair in reversed(sides) for size in pair)
    if not any(flat):
        return ()
    return (call("F.pad", flat, **({"value": value} if value else {})),)


_CONV: Final = MappingProxyType({"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True})


def _conv(given: Given, out: int, groups: int) -> Recipe:
    name, window = given.of("nn.Conv"), window_of(given)
    before: Recipe = ()
    padding: Any = 0
    if given["pad"] == "same" and set(window.stride) == {1} and all(extent % 2 for extent in window.extent):
        padding = "same"
    elif window.even is not None and not window.ceil:
        padding = one(window.even)
    else:
        before = _pad(rounded_up(given, window) if window.ceil else window.sides)
    settings = {"stride": one(window.stride), "padding": padding, "dilation": one(window.dilation)}
    settings |= {"groups": groups, "bias": given["bias"]}
    layer = _spectral(given, make(name, given.channels, out, one(window.kernel), **unless(_CONV, **settings)))
    return given.first(*before, layer)


def _spectral(given: Given, layer: Make) -> Make:
    """Return a convolution, with its weight divided by the largest singular value if the spec says `spectral`."""
    return make("spectral", layer.name.removeprefix("nn."), *layer.args, **layer.kwargs) if given["spectral"] else layer


def _ordinary_conv(given: Given) -> Recipe:
    if given["table"] is None:
        return _conv(given, given["out"], given["groups"])
    if given["spectral"]:
        raise UnbuildableError("torch divides no convolution with a connection table by its singular value")
    window = window_of(given)
    settings = {"stride": one(window.stride), "dilation": one(window.dilation), "bias": given["bias"]}
    layer = make("TableConv", given.channels, tuple(given["table"]), window.kernel, **unless(_CONV, **settings))
    return given.first(*_pad(rounded_up(given, window) if window.ceil else window.sides), layer)


def _depthwise_conv(given: Given) -> Recipe:
    return _conv(given, given.channels * given["mult"], given.channels)


def _transposed_conv(given: Given) -> Recipe:
    name, pad = given.of("nn.ConvTranspose"), given["pad"]
    kernel, stride, dilation = given.each(given["kernel"]), given.each(given["stride"]), given.each(given["dilation"])
    extra = given.each(given["outpad"])
    if pad == "same":  # the gradient of a `same` convolution of an input of n·s
        extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        wholes = [max(extent - s, 0) for extent, s in zip(extents, stride, strict=True)]
        sides: Sides = tuple((whole // 2, whole - whole // 2) for whole in wholes)
        extra = tuple(max(s - extent, 0) for extent, s in zip(extents, stride, strict=True))
    elif isinstance(pad, str):
        sides = tuple(word_sides(pad, *axis) for axis in zip(given.axes, kernel, stride, dilation, strict=True))
    else:
        sides = sides_of(given, pad)
    even = all(p == q for p, q in sides)
    settings: dict[str, Any] = {"stride": one(stride), "padding": one(tuple(p for p, _ in sides)) if even else 0}
    settings |= {"output_padding": one(extra), "groups": given["groups"], "bias": given["bias"]}
    settings |= {"dilation": one(dilation)}
    written = unless({**_CONV, "output_padding": 0}, **settings)
    layer = _spectral(given, make(name, given.channels, given["out"], one(kernel), **written))
    cut = () if even else _pad(tuple((-p, -q) for p, q in sides))
    return given.first(layer, *cut)


def _local(given: Given) -> Recipe:
    window = window_of(given)
    sizes = tuple(n + p + q for n, (p, q) in zip(given.axes, window.sides, strict=True))
    settings = {"stride": window.stride, "dilation": window.dilation, "share": given.each(given["share"])}
    layer = make("LocallyConnected", given.channels, given["out"], sizes, window.kernel, bias=given["bias"], **settings)
    return given.first(*_pad(window.sides), layer)


# ── Pools ───────────────────────────────────────────────────────────────────────────────────────────────


def _fits(given: Given, window: Windows) -> bool:
    """Tell whether torch's pools can do the padding: alike on both sides, at most half a window."""
    if window.even is None or any(p > k // 2 for p, k in zip(window.even, window.kernel, strict=True)):
        return False
    # avg_pool3d compares the window with the input before padding
    return len(given.axes) < 3 or all(n >= k for n, k in zip(given.axes, window.kernel, strict=True))


def _max_pool(given: Given) -> Recipe:
    window = window_of(given)
    before: Recipe = ()
    settings: dict[str, Any] = {"stride": one(window.stride), "dilation": one(window.dilation)}
    if _fits(given, window):
        settings |= {"padding": one(window.even or ()), "ceil_mode": window.ceil}
    else:
        before = _pad(rounded_up(given, window) if window.ceil else window.sides, float("-inf"))
    settings |= {"return_indices": given.remembers}
    usual = {"stride": one(window.kernel), "padding": 0, "dilation": 1, "ceil_mode": False, "return_indices": False}
    pool = make(given.of("nn.MaxPool"), one(window.kernel), **unless(usual, **settings))
    return given.first(*before, pool)


def _avg_pool(given: Given) -> Recipe:
    window = window_of(given)
    name, kernel, stride = given.of("nn.AvgPool"), one(window.kernel), one(window.stride)
    usual = {"stride": kernel, "padding": 0, "ceil_mode": False, "count_include_pad": True}
    if _fits(given, window):
        settings = {
            "padding": one(window.even or ()),
            "ceil_mode": window.ceil,
            "count_include_pad": given["countpad"],
        }
        return given.first(make(name, kernel, **unless(usual, stride=stride, **settings)))
    sides = rounded_up(given, window) if window.ceil else window.sides
    if given["countpad"]:
        return given.first(*_pad(sides), make(name, kernel, **unless(usual, stride=stride)))
    flat = tuple(size for pair in reversed(sides) for size in pair)
    return given.first(call("average_inside", flat, window.kernel, window.stride))


def _lp_pool(given: Given) -> Recipe:
    window = window_of(given)
    sides = rounded_up(given, window) if window.ceil else window.sides
    kernel, stride = one(window.kernel), one(window.stride)
    pool = make(given.of("nn.LPPool"), given["p"], kernel, **unless({"stride": kernel}, stride=stride))
    return given.first(*_pad(sides), pool)


def _global_pool(name: str) -> Builder:
    def build(given: Given) -> Recipe:
        dims = tuple(range(1, 1 + len(given.axes))) if given.last else tuple(range(2, 2 + len(given.axes)))
        return (method(name, dims, **({"keepdim": True} if given["keep"] else {})),)

    return build


def _adaptive_pool(name: str) -> Builder:
    def build(given: Given) -> Recipe:
        return given.first(make(given.of(name), one(given.each(given["size"]))))

    return build


def _pyramid(given: Given) -> Recipe:
    return (call("spatial_pyramid", tuple(given["bin"]), **unless({"mode": "max"}, mode=given["mode"])),)


def _roi_align(given: Given) -> Recipe:
    return (call("roi_align", size=given.each(given["size"]), samples=given["samples"] or 2),)


def _roi_pool(given: Given) -> Recipe:
    return (call("roi_pool", size=given.each(given["size"])),)


def _unpool(given: Given) -> Recipe:
    if given["size"] is not None:
        size = given.each(given["size"])
    elif given["like"] is not None:
        size = _axes_of(given.sizes(given["like"].path))
    else:
        size = tuple(n * f for n, f in zip(given.axes, given.each(given["factor"]), strict=True))
    if len(given.x) == 2:
        turn = method("transpose", 1, 2)
        if given["indices"] is not None:
            return (call("max_unpool_rows", size=size),)
        return (turn, call("spread", size=size), turn)
    return (call("max_unpool" if given["indices"] is not None else "spread", size=size),)


# ── Linear layers and tables ────────────────────────────────────────────────────────────────────────────


def _bias(given: Given) -> dict[str, Any]:
    return {} if given["bias"] else {"bias": False}


def _linear(given: Given) -> Recipe:
    inputs = given.channels if given.last else prod(given.x)
    layer = make("nn.Linear", inputs, given["out"], **_bias(given))
    return (layer,) if given.last else (method("flatten", 1), layer)


def _divided_encoder(given: Given) -> Recipe:
    return (make("DividedEncoder", given.channels, given["q"], **_bias(given)),)


def _radial_basis(given: Given) -> Recipe:
    return (make("RadialBasis", given.channels, given["out"]),)


def _margin(given: Given) -> Recipe:
    scale = {} if given["s"] is None else {"scale": number(given["s"])}
    return (make("CosineHead", given.channels, given["out"], **scale),)


def _embedding(given: Given) -> Recipe:
    return (method("long"), make("nn.Embedding", given["vocab"], given["dim"]))


# ── Norms ───────────────────────────────────────────────────────────────────────────────────────────────


def _affine(given: Given, *, shape: Sizes | None = None, **flags: bool) -> Recipe:
    """Return a learned scale and shift, those that are wanted: one pair per channel, or per element of a shape."""
    kept = {name: flags.get(name, True) for name in ("scale", "shift")}
    if not any(kept.values()):
        return ()
    written = unless({"scale": True, "shift": True}, **kept)
    if shape is not None:
        return (make("Affine", shape, **written),)
    axis = {} if given.channel_dim == 1 else {"axis": -1}
    return (make("Affine", given.channels, **axis, **written),)


def _scale_and_shift(given: Given) -> Recipe:
    return _affine(given, scale=given["scale"], shift=given["shift"])


def _norm(given: Given, name: str, *args: Any, **kwargs: Any) -> Recipe:
    """Return a norm of torch, which learns scale and shift both or not at all; one of them alone comes after it."""
    whole = given["scale"] and given["shift"]
    layer = make(name, *args, **kwargs, **({} if whole else {"affine": False}))
    return (*given.first(layer), *(() if whole else _scale_and_shift(given)))


def _batch_norm(given: Given) -> Recipe:
    if not given["stats"]:  # the statistics are part of scale and shift
        return _scale_and_shift(given)
    if len(given.axes) > 3:
        raise UnbuildableError("torch has no BatchNorm on more than three axes")
    return _norm(given, f"nn.BatchNorm{max(1, len(given.axes))}d", given.channels)


def _group_norm(given: Given) -> Recipe:
    groups, positions = given["groups"], prod(given.axes)
    if given.channels // groups * positions == 1:  # torch refuses to normalise a single number
        return (call("torch.zeros_like"), *_scale_and_shift(given))
    return _norm(given, "nn.GroupNorm", groups, given.channels)


def _instance_norm(given: Given) -> Recipe:
    if prod(given.axes) == 1:  # as above
        return (call("torch.zeros_like"), *_scale_and_shift(given))
    if not (given["scale"] or given["shift"]):
        return given.first(make(given.of("nn.InstanceNorm"), given.channels))
    if given["scale"] and given["shift"]:
        return given.first(make(given.of("nn.InstanceNorm"), given.channels, affine=True))
    return (*given.first(make(given.of("nn.InstanceNorm"), given.channels)), *_scale_and_shift(given))


def _layer_norm(given: Given) -> Recipe:
    everything = given["over"] == "all"
    shape: Any = given.x if everything else given.channels
    scale, shift = given["scale"], given["shift"]
    settings = {} if scale and shift else {"bias": False} if scale else {"elementwise_affine": False}
    layer: Recipe = (make("nn.LayerNorm", shape, **settings),)
    if not everything and not given.last:
        layer = (method("movedim", 1, -1), *layer, method("movedim", -1, 1))
    alone = _affine(given, shape=given.x if everything else None, scale=False) if shift and not scale else ()
    return (*layer, *alone)


def _local_response_norm(given: Given) -> Recipe:
    size, alpha, beta, k = given["size"], number(given["alpha"]), number(given["beta"]), number(given["k"])
    usual = {"alpha": 0.0001, "beta": 0.75, "k": 1}
    if given["across"]:
        layer = make("nn.LocalResponseNorm", size, **unless(usual, alpha=alpha, beta=beta, k=k))
        if len(given.x) == 1:
            return (method("unsqueeze", -1), layer, method("squeeze", -1))
        return given.first(layer)
    return given.first(call("local_response_norm_within", size, alpha, beta, k))


def _l2_norm(given: Given) -> Recipe:
    unit = call("F.normalize", dim=given.channel_dim)
    return (unit,) if given["scale"] is None else (unit, *_affine(given, shift=False))


# ── Activations ─────────────────────────────────────────────────────────────────────────────────────────


def _plain(step: Step) -> Builder:
    """Return the builder of a layer that one call without settings does."""
    return lambda _given: (step,)


def _leaky(given: Given) -> Recipe:
    return (call("F.leaky_relu", number(given["slope"])),)


def _prelu(given: Given) -> Recipe:
    layer = make("nn.PReLU", *(() if given["shared"] else (given.channels,)))
    return (layer,) if given["shared"] else given.first(layer)


def _softmax(name: str) -> Builder:
    return lambda given: (call(name, dim=axis_of(given["axis"], given.x)),)


def _maxout(given: Given) -> Recipe:
    dim = given.channel_dim
    return (method("unflatten", dim, (-1, given["pieces"])), method("amax", dim + 1))


def _threshold(given: Given) -> Recipe:
    return (method("gt", number(given["value"])), method("float"))


def _dropout(name: str) -> Builder:
    return lambda given: (make(name, number(given["p"])),)


def _scale(given: Given) -> Recipe:
    return (method("mul", number(given["value"])),)


# ── Shapes ──────────────────────────────────────────────────────────────────────────────────────────────


def _axes_of(sizes: Sizes) -> Sizes:
    return sizes[:-1] if len(sizes) < 3 else sizes[1:]


def _reshape(given: Given) -> Recipe:
    flat = () if len(given.x) == 1 else (method("flatten", 1),)
    return (*flat, method("unflatten", 1, tuple(given["size"])))


def _transpose(given: Given) -> Recipe:
    rank = len(given.x)
    axes = range(rank, 0, -1) if given["axis"] is None else [axis_of(axis, given.x) for axis in given["axis"]]
    return (method("permute", 0, *axes),)


def _unsqueeze(given: Given) -> Recipe:
    return (method("unsqueeze", axis_of(given["axis"], (*given.x, 1))),)


def _along(name: str) -> Builder:
    return lambda given: (method(name, axis_of(given["axis"], given.x)),)


def _upsample(given: Given) -> Recipe:
    axes, mode = given.axes, given["mode"]
    if mode == "bilinear":
        mode = {1: "linear", 2: "bilinear", 3: "trilinear"}.get(len(axes), mode)
    settings: dict[str, Any] = {"mode": mode}
    if given["factor"] is not None:
        settings |= {"scale_factor": one(given.each(given["factor"]))}
    elif given["size"] is not None:
        settings |= {"size": given.each(given["size"])}
    elif given["like"] is not None:
        settings |= {"size": _axes_of(given.sizes(given["like"].path))}
    else:  # Caffe's Interp: z − 1 new positions between neighbours
        settings |= {"size": tuple(n + (z - 1) * (n - 1) for n, z in zip(axes, given.each(given["zoom"]), strict=True))}
    if mode != "nearest" and (given["align"] or given["zoom"] is not None):
        settings |= {"align_corners": True}
    if mode == "bicubic" and len(axes) != 2:
        del settings["mode"]
        return given.first(call("bicubic", **settings))
    return given.first(call("F.interpolate", **unless({"mode": "nearest"}, **settings)))


def _channel_shuffle(given: Given) -> Recipe:
    if not given.last:
        return (call("F.channel_shuffle", given["groups"]),)
    dim = given.channel_dim
    apart = method("unflatten", dim, (given["groups"], -1))
    return (apart, method("transpose", dim, dim + 1), method("flatten", dim))


def _pad_axes(given: Given) -> Recipe:
    modes = {"zero": {}, "reflect": {"mode": "reflect"}, "replicate": {"mode": "replicate"}}
    flat = tuple(size for pair in reversed(sides_of(given, given["amount"])) for size in pair)
    return given.first(call("F.pad", flat, **modes[given["mode"]]))


def _pad_channels(given: Given) -> Recipe:
    behind = 0 if given.last else len(given.axes)
    return (call("F.pad", (0, 0) * behind + (0, given["to"] - given.channels)),)


def _crop(given: Given) -> Recipe:
    size = given.each(given["size"]) if given["like"] is None else _axes_of(given.sizes(given["like"].path))
    room = tuple(n - m for n, m in zip(given.axes, size, strict=True))
    offset = tuple(left // 2 for left in room) if given["offset"] is None else given.each(given["offset"])
    start = 1 if given.last else 2
    cuts = enumerate(zip(offset, size, given.axes, strict=True), start)
    return tuple(method("narrow", dim, at, m) for dim, (at, m, n) in cuts if m != n)


def _take(given: Given) -> Recipe:
    return (method("narrow", axis_of(given["axis"], given.x), given["start"], given["stop"] - given["start"]),)


def _part(given: Given) -> Recipe:
    return (method("chunk", given["parts"], given.channel_dim), Pick(given["k"]))


# ── Sequences, values, regions ──────────────────────────────────────────────────────────────────────────


def _recurrent(kind: str) -> Builder:
    def build(given: Given) -> Recipe:
        before: Recipe = ()
        if given["steps"] is not None:  # the network feeds it a vector of the same size every step
            before = (method("unsqueeze", 1), method("expand", -1, given["steps"], -1))
        settings = {"num_layers": given["layers"], "bidirectional": given["bi"]}
        usual = {"num_layers": 1, "bidirectional": False}
        args = (given.x[-1], given["hidden"])
        if given["biases"] == 1:
            layer = make("OneBiasRecurrent", kind, *args, **unless(usual, **settings))
        else:
            bias = {} if given["biases"] else {"bias": False}
            layer = make(f"nn.{kind}", *args, batch_first=True, **unless(usual, **settings), **bias)
        end = Pick(0) if given["ret"] == "seq" else call("last_state", **({"directions": 2} if given["bi"] else {}))
        return (*before, layer, end)

    return build


def _attention(given: Given) -> Recipe:
    width, (_, other), dim = given.channels, given.inputs[-1], given["dim"]
    bias = _bias(given)
    if dim is None or dim == width:
        keys = {} if other == width else {"kdim": other, "vdim": other}
        return (make("Attention", width, given["heads"], batch_first=True, **keys, **bias),)
    keys = {} if other == width else {"source_width": other}
    return (make("WideAttention", width, given["heads"], dim, **keys, **bias),)


def _param(given: Given) -> Recipe:
    return (make("Param", *given["size"]),)


def _opaque(given: Given) -> Recipe:
    params = given["params"]
    return (make("Opaque", tuple(given["size"]), **({"params": params} if params else {})),)


# ── Merges ──────────────────────────────────────────────────────────────────────────────────────────────


def _concat(given: Given) -> Recipe:
    return (call_with_list("torch.cat", dim=axis_of(given["axis"], given.x)),)


def _average(given: Given) -> Recipe:
    return (Operator("+"), method("div", len(given.inputs)))


_STACK: Final = call_with_list("torch.stack", dim=1)

BUILDERS: Final[Mapping[str, Builder]] = MappingProxyType(
    {
        "conv": _ordinary_conv,
        "dwconv": _depthwise_conv,
        "deconv": _transposed_conv,
        "local": _local,
        "fc": _linear,
        "divenc": _divided_encoder,
        "rbf": _radial_basis,
        "margin": _margin,
        "maxpool": _max_pool,
        "avgpool": _avg_pool,
        "lppool": _lp_pool,
        "gap": _global_pool("mean"),
        "gmp": _global_pool("amax"),
        "aavgpool": _adaptive_pool("nn.AdaptiveAvgPool"),
        "amaxpool": _adaptive_pool("nn.AdaptiveMaxPool"),
        "spp": _pyramid,
        "roipool": _roi_pool,
        "roialign": _roi_align,
        "unpool": _unpool,
        "bn": _batch_norm,
        "gn": _group_norm,
        "in": _instance_norm,
        "ln": _layer_norm,
        "lrn": _local_response_norm,
        "l2norm": _l2_norm,
        "affine": _scale_and_shift,
        "relu": _plain(call("F.relu")),
        "relu6": _plain(call("F.relu6")),
        "leaky": _leaky,
        "prelu": _prelu,
        "elu": _plain(call("F.elu")),
        "selu": _plain(call("F.selu")),
        "gelu": _plain(call("F.gelu")),
        "silu": _plain(call("F.silu")),
        "mish": _plain(call("F.mish")),
        "sigmoid": _plain(call("torch.sigmoid")),
        "tanh": _plain(call("torch.tanh")),
        "softplus": _plain(call("F.softplus")),
        "hswish": _plain(call("F.hardswish")),
        "hsigmoid": _plain(call("F.hardsigmoid")),
        "softmax": _softmax("F.softmax"),
        "logsoftmax": _softmax("F.log_softmax"),
        "maxout": _maxout,
        "sign": _plain(call("torch.sign")),
        "threshold": _threshold,
        "dropout": _dropout("nn.Dropout"),
        "droppath": _dropout("DropPath"),
        "scale": _scale,
        "flatten": _plain(method("flatten", 1)),
        "reshape": _reshape,
        "transpose": _transpose,
        "unsqueeze": _unsqueeze,
        "squeeze": _along("squeeze"),
        "mean": _along("mean"),
        "upsample": _upsample,
        "pixelshuffle": lambda given: (call("F.pixel_shuffle", given["r"]),),
        "reorg": lambda given: (call("F.pixel_unshuffle", given["r"]),),
        "shuffle": _channel_shuffle,
        "pad": _pad_axes,
        "padchannels": _pad_channels,
        "crop": _crop,
        "take": _take,
        "part": _part,
        "embed": _embedding,
        "rnn": _recurrent("RNN"),
        "gru": _recurrent("GRU"),
        "lstm": _recurrent("LSTM"),
        "mha": _attention,
        "param": _param,
        "opaque": _opaque,
        "concat": _concat,
        "add": _plain(Operator("+")),
        "mul": _plain(Operator("*")),
        "sub": _plain(Operator("-")),
        "maximum": lambda _given: (_STACK, method("amax", 1)),
        "average": _average,
        "stack": _plain(_STACK),
        "dot": _plain(call("dot")),
        "absdiff": lambda _given: (Operator("-"), method("abs")),
        "bmm": _plain(call("torch.bmm")),
    }
)
