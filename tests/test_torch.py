"""torch as an oracle, on the meta device: output shapes, names and shapes of weights, multiply-adds.

Multiply-adds are those of torch's own counter (`FlopCounterMode`, two FLOPs each). Whenever a rule refuses,
torch must refuse too, asked with real tensors; `STRICTER` lists where archcalc is stricter on purpose. torch
is stricter in its pools, which pad both sides alike and by at most half a window, so the rest is padded
beforehand; and in instance normalisation, which wants two positions or more.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import SAMPLES, Sample, Shape

from archcalc.errors import ShapeError
from archcalc.layers.base import Merge

torch = pytest.importorskip("torch")
FlopCounterMode = pytest.importorskip("torch.utils.flop_counter").FlopCounterMode
nn, F = torch.nn, torch.nn.functional

State: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = tuple[State, Any]  # the state_dict and the output, laid out as archcalc does

REFUSALS: Final = (ShapeError, ValidationError)
TORCH_REFUSALS: Final = (RuntimeError, ValueError, AssertionError, IndexError)


class Account(NamedTuple):
    """What both sides say about one layer."""

    output: Shape
    weights: dict[str, Shape]
    macs: int


def ours(sample: Sample) -> Account:
    """Return archcalc's account."""
    layer = sample.layer()
    x = sample.inputs if isinstance(layer, Merge) else sample.x
    y = layer.output_shape(x)
    weights = () if isinstance(layer, Merge) else layer.weights(x)
    return Account(y, {weight.name: weight.shape for weight in weights}, layer.ops(x, y).mac)


def theirs(sample: Sample, device: str) -> Account:
    """Return torch's account; like archcalc, it takes an empty tensor for an error."""
    with FlopCounterMode(display=False) as counter:
        state, y = ORACLES[sample.op](sample, device)
    if y.numel() == 0:
        raise ValueError(f"an empty output: {tuple(y.shape)}")
    weights = {name: tuple(tensor.shape) for name, tensor in state.items() if name != "num_batches_tracked"}
    return Account(tuple(y.shape), weights, counter.get_total_flops() // 2)


# ── Layout: archcalc's T×D, C×H×W and C×D×H×W are torch's N×C×axes ─────────────────────────────────────


def split(x: Shape) -> tuple[int, Shape]:
    """Return channels and axes."""
    return (x[-1], x[:-1]) if len(x) < 3 else (x[0], x[1:])


def batch(sample: Sample, device: str) -> Any:
    """Return the input as a batch of one, channels first."""
    channels, axes = split(sample.x)
    return torch.zeros(1, channels, *axes, device=device)


def back(y: Any) -> Any:
    """Return the one sample of a batch in archcalc's layout."""
    return y[0].movedim(0, -1) if y.dim() == 3 else y[0]


def each(value: Any, axes: int) -> Shape:
    """Return a number for every axis."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes


def pad_sides(x: Any, before: Shape, after: Shape, **mode: Any) -> Any:
    """Pad every axis on both sides; torch lists the last axis first."""
    return F.pad(x, tuple(chain.from_iterable(reversed(list(zip(before, after, strict=True))))), **mode)


# ── Windows ────────────────────────────────────────────────────────────────────────────────────────────


class Window(NamedTuple):
    """A window on every axis."""

    kernel: Shape
    stride: Shape
    dilation: Shape
    before: Shape
    after: Shape

    @property
    def extent(self) -> Shape:
        """Positions from the first tap to the last."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def window(sample: Sample) -> Window:
    """Return the window with its padding written out."""
    _, axes = split(sample.x)
    chosen, count = sample.settings, len(axes)
    kernel = each(chosen["kernel"], count)
    stride = each(chosen.get("stride", kernel if sample.op.endswith("pool") else 1), count)
    dilation, pad = each(chosen.get("dilation", 1), count), chosen.get("pad", 0)
    if isinstance(pad, str):
        sides = [sides_of(pad, *axis) for axis in zip(axes, kernel, stride, dilation, strict=True)]
    elif isinstance(pad, tuple) and len(pad) == 2 * count:
        sides = list(zip(pad[::2], pad[1::2], strict=True))
    else:
        sides = [(p, p) for p in each(pad, count)]
    before, after = zip(*sides, strict=True)
    return Window(kernel, stride, dilation, before, after)


def sides_of(word: str, n: int, k: int, s: int, d: int) -> tuple[int, int]:
    """Return the padding that a word means, `same` as TensorFlow's documentation defines it."""
    extent = (k - 1) * d + 1
    whole = max(extent - (n % s or s), 0)
    small, big = whole // 2, whole - whole // 2
    half = d * (k - 1) // 2
    return {
        "valid": (0, 0),
        "half": (half, half),
        "same": (small, big),
        "same_lower": (big, small),
        "darknet": ((k - 1) // 2, k - 1 - (k - 1) // 2),
    }[word]


def rounds_up(sample: Sample) -> bool:
    """Tell whether the division rounds up."""
    return sample.settings.get("ceil", False) and sample.settings.get("pad") not in (
        "same",
        "same_lower",
        "darknet",
    )


def hangs_over(sample: Sample) -> bool:
    """Tell whether a window that rounds up is larger than the padded input: torch makes one output of it."""
    w = window(sample)
    room = zip(split(sample.x)[1], w.before, w.after, w.extent, strict=True)
    return rounds_up(sample) and any(n + p + q < e for n, p, q, e in room)


def pool(name: str, x: Any, w: Window, ceil: bool, *first: Any, dilated: bool = False) -> Any:
    """Run a pool of torch, which pads what it can; the rest is padded beforehand."""
    axes, before, after = len(w.kernel), w.before, w.after
    alike = tuple(p - q for p, q in zip(before, after, strict=True))
    fits = all(p <= k // 2 for p, k in zip(after, w.kernel, strict=True)) and min(alike) >= 0
    if name == "avg_pool" and axes == 3:  # compares the kernel with the size before padding
        fits = fits and all(n + p >= k for n, p, k in zip(x.shape[2:], alike, w.kernel, strict=True))
    own = after if fits and name != "lp_pool" else (0,) * axes
    if ceil:  # a window must not start in the padding on the far side, so torch has to know that padding
        assume(own == after)
    rest = [tuple(p - q for p, q in zip(side, own, strict=True)) for side in (before, after)]
    kernel = w.kernel[0] if name == "lp_pool" and axes == 1 else w.kernel
    padding = () if name == "lp_pool" else (own,)
    dilation = (w.dilation,) if dilated else ()
    function = getattr(F, f"{name}{axes}d")
    return function(pad_sides(x, *rest), *first, kernel, w.stride, *padding, *dilation, ceil_mode=ceil)


def pooling(name: str, dilated: bool = False) -> Callable[[Sample, str], Answer]:
    """Return the oracle of a pool."""

    def oracle(sample: Sample, device: str) -> Answer:
        first = (float(sample.settings["p"]),) if name == "lp_pool" else ()
        x, w = batch(sample, device), window(sample)
        return {}, back(pool(name, x, w, rounds_up(sample), *first, dilated=dilated))

    return oracle


def conv(sample: Sample, device: str) -> Answer:
    """Convolve; where the division rounds up, pad until the windows of a pool fit."""
    chosen, (channels, axes), w = sample.settings, split(sample.x), window(sample)
    assume("table" not in chosen)  # torch has no connection tables
    depthwise = sample.op == "dwconv"
    out = channels * chosen["mult"] if depthwise else chosen["out"]
    groups = channels if depthwise else chosen["groups"]
    x = batch(sample, device)
    if rounds_up(sample):
        counted = pool("max_pool", x, w, True, dilated=True).shape[2:]
        needed = [(o - 1) * s + e for o, s, e in zip(counted, w.stride, w.extent, strict=True)]
        w = w._replace(after=tuple(m - n - p for m, n, p in zip(needed, axes, w.before, strict=True)))
    even = w.before == w.after
    kind = getattr(nn, f"Conv{len(axes)}d")
    settings = {
        "stride": w.stride,
        "padding": w.before if even else 0,
        "dilation": w.dilation,
        "groups": groups,
    }
    module = kind(channels, out, w.kernel, bias=chosen["bias"], device=device, **settings)
    return module.state_dict(), back(module(x if even else pad_sides(x, w.before, w.after)))


def deconv(sample: Sample, device: str) -> Answer:
    """Convolve transposed; uneven padding is cut from the output."""
    chosen, (channels, axes), w = sample.settings, split(sample.x), window(sample)
    extra = each(chosen.get("outpad", 0), len(axes))
    if chosen.get("pad") == "same":  # the gradient of a `same` convolution of an input of size n·s
        sides = [sides_of("same", n * s, k, s, d) for n, k, s, d in zip(axes, *w[:3], strict=True)]
        before, after = zip(*sides, strict=True)
        w = w._replace(before=before, after=after)
        extra = tuple(max(0, s - e) for s, e in zip(w.stride, w.extent, strict=True))
    even = w.before == w.after
    settings = {"stride": w.stride, "padding": w.before if even else 0, "dilation": w.dilation}
    settings |= {"output_padding": extra, "groups": chosen["groups"], "bias": chosen["bias"]}
    module = getattr(nn, f"ConvTranspose{len(axes)}d")(channels, chosen["out"], w.kernel, device=device, **settings)
    y = module(batch(sample, device))
    if not even:
        y = pad_sides(y, tuple(-p for p in w.before), tuple(-p for p in w.after))
    return module.state_dict(), back(y)


def adaptive(name: str) -> Callable[[Sample, str], Answer]:
    """Return the oracle of an adaptive pool, or of a global one."""

    def oracle(sample: Sample, device: str) -> Answer:
        axes = len(sample.x) - 1
        size = each(sample.settings.get("size", 1), axes)
        y = getattr(F, f"adaptive_{name}_pool{axes}d")(batch(sample, device), size if axes > 1 else size[0])
        return {}, back(y) if sample.settings.get("keep", True) else y.flatten()

    return oracle


def unpool(sample: Sample, device: str) -> Answer:
    """Unpool by a factor; torch takes no free size."""
    assume("factor" in sample.settings)
    x, factor = batch(sample, device), each(sample.settings["factor"], len(sample.x) - 1)
    indices = torch.zeros_like(x, dtype=torch.int64)
    return {}, back(getattr(F, f"max_unpool{len(factor)}d")(x, indices, factor, factor))


# ── Linear layers, norms, activations ──────────────────────────────────────────────────────────────────


def linear(sample: Sample, device: str) -> Answer:
    """Apply a linear layer to a vector, to each row of a sequence, or to a flattened map."""
    x = torch.zeros(sample.x, device=device)
    x = x.flatten() if x.dim() > 2 else x
    module = nn.Linear(x.shape[-1], sample.settings["out"], bias=sample.settings["bias"], device=device)
    return module.state_dict(), module(x)


def embed(sample: Sample, device: str) -> Answer:
    """Look up a list of token numbers."""
    module = nn.Embedding(sample.settings["vocab"], sample.settings["dim"], device=device)
    return module.state_dict(), module(torch.zeros(sample.x, dtype=torch.int64, device=device))


def affine_part(module: Any, sample: Sample) -> State:
    """Return the state; torch stores scale and shift both or not at all, archcalc each by itself."""
    kept = {"weight": sample.settings.get("scale", True), "bias": sample.settings.get("shift", True)}
    return {name: tensor for name, tensor in module.state_dict().items() if kept.get(name, True)}


def batch_norm(sample: Sample, device: str) -> Answer:
    """Normalise with running statistics, or with those of a batch of two."""
    channels, axes = split(sample.x)
    stats = sample.settings.get("stats", True)
    kind = getattr(nn, f"BatchNorm{max(1, len(axes))}d")
    module = kind(channels, track_running_stats=stats, device=device).eval()
    x = batch(sample, device)
    return affine_part(module, sample), back(module(x if stats else torch.cat([x, x])))


def group_norm(sample: Sample, device: str) -> Answer:
    """Normalise groups of channels of a batch of two."""
    module = nn.GroupNorm(sample.settings["groups"], split(sample.x)[0], device=device)
    x = batch(sample, device)
    return affine_part(module, sample), back(module(torch.cat([x, x])))


def instance_norm(sample: Sample, device: str) -> Answer:
    """Normalise each channel; torch wants two positions or more."""
    channels, axes = split(sample.x)
    x = batch(sample, device)
    assume(x[0, 0].numel() > 1)
    module = getattr(nn, f"InstanceNorm{len(axes)}d")(channels, affine=True, device=device)
    return affine_part(module, sample), back(module(x))


def layer_norm(sample: Sample, device: str) -> Answer:
    """Normalise the channels of each position, or everything."""
    x = torch.zeros(sample.x, device=device)
    if sample.settings.get("over") == "all":
        module = nn.LayerNorm(sample.x, device=device)
        return affine_part(module, sample), module(x)
    last = x.movedim(0, -1) if x.dim() > 2 else x
    module = nn.LayerNorm(last.shape[-1], device=device)
    y = module(last)
    return affine_part(module, sample), y.movedim(-1, 0) if x.dim() > 2 else y


def prelu(sample: Sample, device: str) -> Answer:
    """Learn one slope for each channel, or one for all."""
    module = nn.PReLU(1 if sample.settings.get("shared") else split(sample.x)[0], device=device)
    return module.state_dict(), back(module(batch(sample, device)))


# ── Sequences ──────────────────────────────────────────────────────────────────────────────────────────


def recurrent(kind: Any) -> Callable[[Sample, str], Answer]:
    """Return the oracle of a recurrent layer; with `steps` a vector stands for a sequence of equal inputs."""

    def oracle(sample: Sample, device: str) -> Answer:
        chosen = sample.settings
        x = torch.zeros(sample.x, device=device)
        x = x.expand(chosen["steps"], -1) if x.dim() == 1 else x
        biases, hidden = chosen.get("biases", 1), chosen["hidden"]
        layers, both = chosen.get("layers", 1), chosen.get("bi", False)
        module = kind(x.shape[1], hidden, layers, bias=biases > 0, bidirectional=both, device=device)
        y, last = module(x)
        last = last[0] if isinstance(last, tuple) else last
        state = {name: weight for name, weight in module.state_dict().items() if biases == 2 or "bias_hh" not in name}
        return state, y if chosen.get("ret", "seq") == "seq" else last[-1 - both :].flatten()

    return oracle


def attention(sample: Sample, device: str) -> Answer:
    """Attend; where the inner width is not the input's, which torch's layer does not know, from its parts."""
    chosen, (_, width) = sample.settings, sample.x
    heads, bias, dim = chosen["heads"], chosen.get("bias", True), chosen.get("dim", width)
    x, source = (torch.zeros(shape, device=device) for shape in (sample.x, sample.inputs[-1]))
    other = source.shape[1]
    if dim != width:
        q, k, v = (nn.Linear(size, dim, bias, device=device) for size in (width, other, other))
        out = nn.Linear(dim, width, bias, device=device)
        parts = (layer(t).unflatten(1, (heads, -1)).movedim(1, 0) for layer, t in ((q, x), (k, source), (v, source)))
        y = out(F.scaled_dot_product_attention(*parts).movedim(0, 1).flatten(1))
        state = {f"{name}_proj_weight": layer.weight for name, layer in (("q", q), ("k", k), ("v", v))}
        state["out_proj.weight"] = out.weight
        if bias:
            state |= {"in_proj_bias": torch.cat([q.bias, k.bias, v.bias]), "out_proj.bias": out.bias}
        return state, y
    module = nn.MultiheadAttention(dim, heads, bias=bias, kdim=other, vdim=other, device=device)
    y, _ = module(x, source, source)
    state = dict(module.state_dict())
    if "in_proj_weight" in state:
        state |= zip(
            ("q_proj_weight", "k_proj_weight", "v_proj_weight"),
            state.pop("in_proj_weight").chunk(3),
            strict=True,
        )
    return state, y


# ── Shapes and merges ──────────────────────────────────────────────────────────────────────────────────


def upsample(sample: Sample, device: str) -> Answer:
    """Interpolate; `zoom` puts new positions between the old ones."""
    chosen, (channels, axes) = sample.settings, split(sample.x)
    x, count = batch(sample, device), len(axes)
    if "zoom" in chosen:
        zoom = each(chosen["zoom"], count)
        y = x.new_zeros(1, channels, *((n - 1) * z + 1 for n, z in zip(axes, zoom, strict=True)))
        y[(..., *(slice(None, None, z) for z in zoom))] = x
        return {}, back(y)
    if "factor" in chosen:
        return {}, back(F.interpolate(x, scale_factor=tuple(map(float, each(chosen["factor"], count)))))
    wanted = each(chosen["size"], count) if "size" in chosen else split(chosen["like"].shape)[1]
    return {}, back(F.interpolate(x, size=wanted))


def pad(sample: Sample, device: str) -> Answer:
    """Pad with zeros, a mirror or the edge."""
    sides = window(Sample("pad", {"kernel": 1, "pad": sample.settings["amount"]}, sample.inputs))
    mode = {"zero": "constant"}.get(sample.settings["mode"], sample.settings["mode"])
    return {}, back(pad_sides(batch(sample, device), sides.before, sides.after, mode=mode))


def on_batch(function: Callable[[Any, Mapping[str, Any]], Any]) -> Callable[[Sample, str], Answer]:
    """Return the oracle of a function of a batch of one, channels first."""
    return lambda sample, device: ({}, back(function(batch(sample, device), sample.settings)))


def on_sample(function: Callable[[Any, Mapping[str, Any]], Any]) -> Callable[[Sample, str], Answer]:
    """Return the oracle of a function of one sample in archcalc's own layout."""
    return lambda sample, device: ({}, function(torch.zeros(sample.x, device=device), sample.settings))


def on_several(function: Callable[..., Any]) -> Callable[[Sample, str], Answer]:
    """Return the oracle of a merge."""
    return lambda sample, device: ({}, function(*(torch.zeros(x, device=device) for x in sample.inputs)))


def concat(sample: Sample, device: str) -> Answer:
    """Join along an axis."""
    rank, axis = len(sample.x), sample.settings["axis"]
    words = {"channel": -1 if rank < 3 else 0, "time": 0, "height": rank - 2, "width": rank - 1}
    tensors = [torch.zeros(x, device=device) for x in sample.inputs]
    return {}, torch.cat(tensors, words.get(axis, axis))


ORACLES: Final[Mapping[str, Callable[[Sample, str], Answer]]] = MappingProxyType(
    {
        "conv": conv,
        "dwconv": conv,
        "deconv": deconv,
        "fc": linear,
        "embed": embed,
        "maxpool": pooling("max_pool", dilated=True),
        "avgpool": pooling("avg_pool"),
        "lppool": pooling("lp_pool"),
        "gap": adaptive("avg"),
        "gmp": adaptive("max"),
        "aavgpool": adaptive("avg"),
        "amaxpool": adaptive("max"),
        "unpool": unpool,
        "bn": batch_norm,
        "gn": group_norm,
        "in": instance_norm,
        "ln": layer_norm,
        "prelu": prelu,
        "rnn": recurrent(nn.RNN),
        "gru": recurrent(nn.GRU),
        "lstm": recurrent(nn.LSTM),
        "mha": attention,
        "upsample": upsample,
        "pad": pad,
        "pixelshuffle": on_batch(lambda x, its: F.pixel_shuffle(x, its["r"])),
        "reorg": on_batch(lambda x, its: F.pixel_unshuffle(x, its["r"])),
        "shuffle": on_batch(lambda x, its: F.channel_shuffle(x.unsqueeze(-1), its["groups"]).squeeze(-1)),
        "flatten": on_sample(lambda x, its: x.flatten()),
        "reshape": on_sample(lambda x, its: x.reshape(its["size"])),
        "transpose": on_sample(lambda x, its: x.permute(its.get("axis", tuple(range(x.dim()))[::-1]))),
        "unsqueeze": on_sample(lambda x, its: x.unsqueeze(its["axis"])),
        "squeeze": on_sample(lambda x, its: x.squeeze(its["axis"])),
        "mean": on_sample(lambda x, its: x.mean(its["axis"])),
        "concat": concat,
        "stack": on_several(lambda *xs: torch.stack(xs)),
        "add": on_several(lambda x, *xs: sum(xs, x)),
        "mul": on_several(lambda x, *xs: torch.stack(torch.broadcast_tensors(x, *xs)).prod(0)),
        "dot": on_several(lambda x, y: (x[None] @ y[:, None])[0]),
        "bmm": on_several(lambda x, y: x @ y),
    }
)

STRICTER: Final[Mapping[str, Callable[[Sample], bool]]] = MappingProxyType(
    {
        # a window larger than the padded input is an error (language reference, section 8.2)
        **dict.fromkeys(("conv", "dwconv", "maxpool", "avgpool", "lppool"), hangs_over),
        # a cell that runs on its own output reads what it wrote, in one direction
        **dict.fromkeys(("rnn", "gru", "lstm"), lambda sample: len(sample.x) == 1),
        # only an axis of size 1 is removed; torch leaves another as it is
        "squeeze": lambda sample: sample.x[sample.settings["axis"]] != 1,
        # shapes must be equal; torch stretches
        "add": lambda sample: 1 in chain(*sample.inputs) or len({len(x) for x in sample.inputs}) > 1,
    }
)


@pytest.mark.parametrize("op", ORACLES)
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_torch_agrees(op: str, data: st.DataObject) -> None:
    sample = data.draw(SAMPLES[op])
    try:
        account = ours(sample)
    except REFUSALS:
        if op not in STRICTER or not STRICTER[op](sample):
            with pytest.raises(TORCH_REFUSALS):
                theirs(sample, "cpu")
    else:
        assert account == theirs(sample, "meta")


@pytest.mark.parametrize("op", ["conv", "dwconv", "local", "maxpool", "avgpool", "lppool"])
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_padding_lies_where_frameworks_put_it(op: str, data: st.DataObject) -> None:
    sample = data.draw(SAMPLES[op])
    seen = sample.layer().window(sample.x)
    assert window(sample) == (seen.kernel, seen.stride, seen.dilation, seen.before, seen.after)
