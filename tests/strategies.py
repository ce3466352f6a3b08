"""Hypothesis strategies: one for each word of the catalogue, small by design.

A sample is a layer with an input. Most samples fit; some do not (a window larger than the input, groups that
divide nothing), so tests see both answers of a rule. Written from the language reference, sections 8 to 10.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from archcalc.layers import build
from archcalc.layers.settings import Reference

Shape: TypeAlias = tuple[int, ...]
Some: TypeAlias = st.SearchStrategy[Any]
Draw: TypeAlias = st.DrawFn


@dataclass(frozen=True)
class Sample:
    """A layer or merge type, its settings, and the shapes it is given."""

    op: str
    settings: Mapping[str, Any]
    inputs: tuple[Shape, ...]

    @property
    def x(self) -> Shape:
        """The first input."""
        return self.inputs[0]

    def layer(self) -> Any:
        """Return the layer; a pydantic ValidationError where a setting is refused."""
        return build(self.op, self.settings)


# ── Shapes and settings ────────────────────────────────────────────────────────────────────────────────

SIZE: Final = st.integers(1, 12)
COUNT: Final = st.integers(1, 6)
FLAG: Final = st.booleans()
AXES: Final = st.integers(1, 3)
SELDOM: Final = st.sampled_from([False] * 9 + [True])
RATE: Final = st.sampled_from([0, 0.1, 0.5])


def shape_of(channels: int, axes: tuple[int, ...]) -> Shape:
    """Return C | T×D | C×H×W | C×D×H×W (language reference, section 8.1)."""
    return (*axes, channels) if len(axes) < 2 else (channels, *axes)


@st.composite
def shapes(draw: Draw, /, least: int = 0, most: int = 3, channels: Some = COUNT, size: Some = SIZE) -> Shape:
    """A shape with `least` to `most` spatial axes."""
    axes = draw(st.integers(least, most))
    return shape_of(draw(channels), tuple(draw(size) for _ in range(axes)))


def every(axes: int, values: Some) -> Some:
    """One number for all axes, or one for each."""
    return values | st.tuples(*[values] * axes)


def paddings(axes: int, words: tuple[str, ...]) -> Some:
    """All forms of `pad=` (section 8.2)."""
    number = st.integers(0, 3)
    sides = st.tuples(*[number] * (2 * axes))
    return st.one_of(every(axes, number), sides, *map(st.just, words))


def optional(**settings: Some) -> Some:
    """Any part of these settings."""
    return st.fixed_dictionaries({}, optional=settings)


# ── Windows: convolutions and pools ────────────────────────────────────────────────────────────────────

WORDS: Final = ("valid", "half", "same", "same_lower", "darknet")


@st.composite
def windowed(
    draw: Draw, /, op: str, own: Mapping[str, Some], channels: Some = COUNT, words: tuple[str, ...] = WORDS
) -> Sample:
    """A layer with a kernel on 1 to 3 axes."""
    axes = draw(AXES)
    settings: dict[str, Any] = {"kernel": draw(every(axes, st.integers(1, 5)))}
    common = {"stride": every(axes, st.integers(1, 4))}
    if op not in ("avgpool", "lppool"):
        common["dilation"] = every(axes, st.integers(1, 3))
    if op == "deconv":
        common["outpad"] = every(axes, st.integers(0, 3))
    if op == "local":
        common["share"] = every(axes, st.integers(1, 3))
    settings |= draw(optional(**common))
    if not draw(SELDOM):
        settings["pad"] = draw(paddings(axes, words))
    if settings.get("pad") == "same":
        settings.pop("outpad", None)  # n·s whatever it says (section 8.3)
    settings |= {name: draw(value) for name, value in own.items()}
    sizes = tuple(draw(st.integers(1, 14)) for _ in range(axes))
    return Sample(op, settings, (shape_of(draw(channels), sizes),))


@st.composite
def grouped(draw: Draw, /, op: str, own: Mapping[str, Some]) -> Sample:
    """A convolution with groups, which divide the channel counts four times of five."""
    groups = draw(st.integers(1, 4))
    out, c = (groups * draw(st.integers(1, 3)) + draw(SELDOM) for _ in range(2))
    words = ("valid", "half", "same") if op == "deconv" else WORDS
    sample = draw(windowed(op, own, st.just(c), words))
    return Sample(op, {"out": out, "groups": groups, **sample.settings}, sample.inputs)


@st.composite
def tabled(draw: Draw, /) -> Sample:
    """A convolution with a connection table."""
    sample: Sample = draw(windowed("conv", {"bias": FLAG}))
    c = sample.x[-1] if len(sample.x) == 2 else sample.x[0]
    table = draw(st.lists(st.integers(1, c), min_size=1, max_size=5))
    return Sample("conv", {"out": len(table), "table": table, **sample.settings}, sample.inputs)


@st.composite
def adaptive(draw: Draw, /, op: str) -> Sample:
    """An adaptive pool: the output's spatial size is the setting."""
    axes = draw(AXES)
    return Sample(op, {"size": draw(every(axes, st.integers(1, 7)))}, (draw(shapes(axes, axes)),))


@st.composite
def unpools(draw: Draw, /) -> Sample:
    """Unpooling by a factor, to a size, to the size of another layer, or with the indices of a pool."""
    axes = draw(AXES)
    x = draw(shapes(axes, axes, size=st.integers(1, 6)))
    c = x[-1] if len(x) == 2 else x[0]
    wanted = draw(shapes(axes, axes, channels=st.just(c)))
    sizes = wanted[:-1] if len(wanted) == 2 else wanted[1:]
    settings = draw(
        st.sampled_from(
            [
                {"factor": draw(every(axes, st.integers(1, 4)))},
                {"size": sizes},
                {"like": Reference("like", wanted)},
                {"factor": 2, "indices": Reference("pool", x)},
            ]
        )
    )
    return Sample("unpool", settings, (x,))


# ── One layer, one input ───────────────────────────────────────────────────────────────────────────────


@st.composite
def plain(draw: Draw, /, op: str, x: Some | None = None, some: Some | None = None, **own: Some) -> Sample:
    """A layer whose settings do not depend on the input."""
    settings = {name: draw(value) for name, value in own.items()} | draw(optional() if some is None else some)
    return Sample(op, settings, (draw(shapes() if x is None else x),))


@st.composite
def divided(
    draw: Draw, /, op: str, setting: str, least: int = 0, most: int = 3, square: bool = False, **own: Some
) -> Sample:
    """A layer with a number that must divide the channels; nine times of ten it does."""
    divisor = draw(st.integers(1, 4))
    slack = draw(SELDOM)
    c = (divisor**2 if square else divisor) * draw(st.integers(1, 4)) + slack
    settings = {setting: divisor, **{name: draw(value) for name, value in own.items()}}
    return Sample(op, settings, (draw(shapes(least, most, st.just(c))),))


@st.composite
def reorgs(draw: Draw, /) -> Sample:
    """Space to depth: r divides height and width, mostly."""
    r = draw(st.integers(1, 4))
    h, w = (r * draw(st.integers(1, 4)) + draw(SELDOM) for _ in range(2))
    return Sample("reorg", {"r": r}, ((draw(COUNT), h, w),))


@st.composite
def reshapes(draw: Draw, /) -> Sample:
    """The axes in another order, perhaps joined, perhaps one free; sometimes a wrong number."""
    x = draw(shapes())
    size = list(draw(st.permutations(x)))
    if len(size) > 1 and draw(FLAG):
        size[:2] = [size[0] * size[1]]
    change = draw(st.sampled_from(["none", "none", "free", "free", "wrong"]))
    at = draw(st.integers(0, len(size) - 1))
    size[at] = {"none": size[at], "free": -1, "wrong": size[at] + 1}[change]
    return Sample("reshape", {"size": size}, (x,))


@st.composite
def transposes(draw: Draw, /) -> Sample:
    """Axes permuted, or reversed where none are given."""
    x = draw(shapes())
    return Sample("transpose", draw(optional(axis=st.permutations(range(len(x))))), (x,))


@st.composite
def on_axis(draw: Draw, /, op: str, x: Some, more: int = 0) -> Sample:
    """A layer on one axis, by number from 0."""
    shape = draw(x)
    return Sample(op, {"axis": draw(st.integers(0, len(shape) - 1 + more))}, (shape,))


@st.composite
def upsamples(draw: Draw, /) -> Sample:
    """Upsampling in its four forms, exactly one of them."""
    axes = draw(AXES)
    numbers = every(axes, st.integers(1, 4))
    like = shapes(axes, axes).map(lambda shape: Reference("like", shape))
    form = draw(st.sampled_from(["factor", "size", "like", "zoom"]))
    value = draw({"factor": numbers, "size": every(axes, SIZE), "like": like, "zoom": numbers}[form])
    return Sample("upsample", {form: value}, (draw(shapes(axes, axes)),))


@st.composite
def paddeds(draw: Draw, /) -> Sample:
    """The pad layer: numbers only."""
    axes = draw(AXES)
    mode = draw(st.sampled_from(["zero", "reflect", "replicate"]))
    return Sample("pad", {"amount": draw(paddings(axes, ())), "mode": mode}, (draw(shapes(axes, axes)),))


@st.composite
def crops(draw: Draw, /) -> Sample:
    """A crop to a size or to the size of another layer, from the centre or an offset."""
    axes = draw(AXES)
    x, wanted = draw(shapes(axes, axes)), draw(shapes(axes, axes, size=st.integers(1, 8)))
    sizes = wanted[:-1] if len(wanted) == 2 else wanted[1:]
    settings: dict[str, Any] = draw(st.sampled_from([{"size": sizes}, {"like": Reference("like", wanted)}]))
    return Sample("crop", settings | draw(optional(offset=every(axes, st.integers(0, 3)))), (x,))


@st.composite
def takes(draw: Draw, /) -> Sample:
    """Positions start … stop − 1 of one axis."""
    x = draw(shapes(size=st.integers(2, 8), channels=st.integers(2, 8)))
    start = draw(st.integers(0, 5))
    settings: dict[str, Any] = {"start": start, "stop": start + draw(st.integers(1, 4))}
    return Sample("take", settings | draw(optional(axis=st.integers(0, len(x) - 1))), (x,))


@st.composite
def parts(draw: Draw, /) -> Sample:
    """The k-th of equal parts of the channels."""
    count = draw(st.integers(1, 4))
    slack = draw(SELDOM)
    x = draw(shapes(channels=st.integers(1, 3).map(lambda each: each * count + slack)))
    return Sample("part", {"parts": count, "k": draw(st.integers(0, count - 1))}, (x,))


@st.composite
def recurrent(draw: Draw, /, op: str) -> Sample:
    """A recurrent layer on a sequence, or on a vector with `steps`."""
    length = st.integers(1, 5)
    x = draw(shapes(0, 1, size=length))
    own = len(x) == 1 and not draw(SELDOM)  # on a vector the cell reads what it wrote, which is as wide
    settings: dict[str, Any] = {"hidden": x[0] if own else draw(st.integers(1, 8))}
    settings |= draw(
        optional(
            layers=st.integers(1, 3),
            bi=FLAG,
            biases=st.integers(0, 2),
            ret=st.sampled_from(["seq", "last"]),
            unroll=FLAG,
        )
    )
    if len(x) == 1:
        settings["steps"] = draw(length)
        settings["bi"] = not own
    return Sample(op, settings, (x,))


@st.composite
def attention(draw: Draw, /) -> Sample:
    """Self- or cross-attention; heads divide the width nine times of ten."""
    heads = draw(st.integers(1, 4))
    width = heads * draw(st.integers(1, 3)) + draw(SELDOM)
    settings: dict[str, Any] = {"heads": heads} | draw(optional(bias=FLAG))
    inner = draw(st.booleans())
    if inner:
        settings["dim"] = width
    x = draw(shapes(1, 1, channels=COUNT if inner else st.just(width)))
    other = draw(st.none() | shapes(1, 1))
    if other is None:
        return Sample("mha", settings, (x,))
    return Sample("mha", settings | {"kv": Reference("kv", other)}, (x, other))


@st.composite
def regions(draw: Draw, /, op: str) -> Sample:
    """A region of interest layer; roialign may read further levels of as many channels."""
    x = draw(shapes(2, 2))
    settings: dict[str, Any] = {"size": draw(every(2, st.integers(1, 7)))} | draw(optional(rois=st.integers(1, 300)))
    levels = draw(st.lists(shapes(2, 2, channels=st.just(x[0])), max_size=2)) if op == "roialign" else []
    if levels:
        settings["levels"] = tuple(Reference(f"p{at}", level) for at, level in enumerate(levels))
    return Sample(op, settings, (x, *levels))


# ── Merges ─────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def equals(draw: Draw, /, op: str, count: Some) -> Sample:
    """A merge of equal shapes; sometimes one differs."""
    x = draw(shapes())
    inputs = [x] * draw(count)
    if draw(SELDOM):
        inputs[-1] = draw(shapes(len(x) - 1))
    return Sample(op, {}, tuple(inputs))


@st.composite
def concats(draw: Draw, /) -> Sample:
    """Inputs that differ on the joined axis; sometimes on another too."""
    x = draw(shapes())
    words = {1: [], 2: ["time"], 3: ["height", "width"], 4: ["height", "width"]}[len(x)]
    word = draw(st.sampled_from(["channel", "number", *words]))
    number = draw(st.integers(0, len(x) - 1))
    channel = len(x) - 1 if len(x) <= 2 else 0
    at = {"channel": channel, "number": number, "time": 0, "height": len(x) - 2, "width": len(x) - 1}[word]
    more = draw(st.lists(COUNT, min_size=1, max_size=3))
    inputs = [x] + [(*x[:at], size, *x[at + 1 :]) for size in more]
    if len(x) > 1 and draw(SELDOM):
        inputs[-1] = tuple(size + 1 for size in inputs[-1])
    return Sample("concat", {"axis": number if word == "number" else word}, tuple(inputs))


@st.composite
def products(draw: Draw, /) -> Sample:
    """Elementwise products, with ones that stretch; sometimes a size that does not fit."""
    x = draw(shapes())
    ones = draw(st.lists(st.tuples(*[FLAG] * len(x)), min_size=2, max_size=3))
    inputs = [tuple(1 if one else size for size, one in zip(x, row, strict=True)) for row in ones]
    if draw(SELDOM):
        inputs[-1] = tuple(size + 1 for size in inputs[-1])
    return Sample("mul", {}, tuple(inputs))


@st.composite
def dots(draw: Draw, /) -> Sample:
    """Two vectors, mostly of one length."""
    n = draw(SIZE)
    return Sample("dot", {}, ((n,), (n + draw(SELDOM),)))


@st.composite
def matrix_products(draw: Draw, /) -> Sample:
    """a×b and b×c; sometimes the inner sizes differ."""
    a, b, c = draw(st.tuples(SIZE, SIZE, SIZE))
    return Sample("bmm", {}, ((a, b), (b + draw(SELDOM), c)))


# ── The catalogue ──────────────────────────────────────────────────────────────────────────────────────

NORM: Final = optional(scale=FLAG, shift=FLAG)
PLAIN_OPS: Final = (
    *(
        "relu",
        "relu6",
        "elu",
        "selu",
        "gelu",
        "silu",
        "mish",
        "sigmoid",
        "tanh",
        "softplus",
        "hswish",
        "hsigmoid",
    ),
    *("softmax", "logsoftmax", "sign", "flatten"),
)
TOKENS: Final = st.integers(1, 12).map(lambda length: (length,))
MAP: Final = shapes(2, 2)

SAMPLES: Final[Mapping[str, st.SearchStrategy[Sample]]] = MappingProxyType(
    {
        "conv": grouped("conv", {"bias": FLAG, "ceil": FLAG}) | tabled(),
        "dwconv": windowed("dwconv", {"mult": st.integers(1, 3), "bias": FLAG, "ceil": FLAG}),
        "deconv": grouped("deconv", {"bias": FLAG}),
        "local": windowed("local", {"out": COUNT, "bias": FLAG}),
        "fc": plain("fc", out=COUNT, bias=FLAG),
        "divenc": divided("divenc", "q", bias=FLAG),
        "rbf": plain("rbf", shapes(0, 0), out=COUNT),
        "margin": plain("margin", shapes(0, 0), out=COUNT, kind=st.sampled_from(["cos", "arc", "asoftmax"])),
        "embed": plain("embed", TOKENS, vocab=st.integers(1, 50), dim=COUNT),
        "maxpool": windowed("maxpool", {"ceil": FLAG}),
        "avgpool": windowed("avgpool", {"ceil": FLAG, "countpad": FLAG}),
        "lppool": windowed("lppool", {"ceil": FLAG, "p": st.integers(1, 3)}),
        "gap": plain("gap", shapes(1), keep=FLAG),
        "gmp": plain("gmp", shapes(1), keep=FLAG),
        "aavgpool": adaptive("aavgpool"),
        "amaxpool": adaptive("amaxpool"),
        "spp": plain(
            "spp",
            MAP,
            bin=st.lists(st.integers(1, 4), min_size=1, max_size=3),
            mode=st.sampled_from(["max", "avg"]),
        ),
        "roipool": regions("roipool"),
        "roialign": regions("roialign"),
        "unpool": unpools(),
        "bn": plain("bn", some=optional(scale=FLAG, shift=FLAG, stats=FLAG, frozen=FLAG)),
        "gn": divided("gn", "groups", scale=FLAG, shift=FLAG),
        "in": plain("in", shapes(1), some=NORM),
        "ln": plain("ln", some=optional(scale=FLAG, shift=FLAG, over=st.sampled_from(["channel", "all"]))),
        "lrn": plain("lrn", MAP, some=optional(size=st.integers(1, 7), across=FLAG)),
        "l2norm": plain("l2norm", some=optional(scale=st.integers(1, 20))),
        "affine": plain("affine", some=NORM),
        **{op: plain(op) for op in PLAIN_OPS},
        "leaky": plain("leaky", some=optional(slope=RATE)),
        "prelu": plain("prelu", some=optional(shared=FLAG)),
        "maxout": divided("maxout", "pieces"),
        "threshold": plain("threshold", some=optional(value=RATE)),
        "dropout": plain("dropout", some=optional(p=RATE)),
        "droppath": plain("droppath", some=optional(p=RATE)),
        "scale": plain("scale", value=st.sampled_from([0.17, 2])),
        "reshape": reshapes(),
        "transpose": transposes(),
        "unsqueeze": on_axis("unsqueeze", shapes(0, 2), more=1),
        "squeeze": on_axis("squeeze", shapes(1, size=st.sampled_from([1, 1, 2]), channels=st.sampled_from([1, 3]))),
        "mean": on_axis("mean", shapes(1)),
        "upsample": upsamples(),
        "pixelshuffle": divided("pixelshuffle", "r", least=2, most=2, square=True),
        "reorg": reorgs(),
        "shuffle": divided("shuffle", "groups"),
        "pad": paddeds(),
        "padchannels": plain("padchannels", to=st.integers(3, 9)),
        "crop": crops(),
        "take": takes(),
        "part": parts(),
        "rnn": recurrent("rnn"),
        "gru": recurrent("gru"),
        "lstm": recurrent("lstm"),
        "mha": attention(),
        "param": plain("param", size=st.lists(SIZE, min_size=1, max_size=4)),
        "opaque": plain(
            "opaque",
            size=st.lists(SIZE, min_size=1, max_size=4),
            what=st.just("PriorBox"),
            some=optional(params=st.integers(0, 9), macs=st.integers(0, 9)),
        ),
        "concat": concats(),
        "add": equals("add", st.integers(2, 4)),
        "sub": equals("sub", st.just(2)),
        "maximum": equals("maximum", st.integers(2, 4)),
        "average": equals("average", st.integers(2, 4)),
        "absdiff": equals("absdiff", st.just(2)),
        "stack": equals("stack", st.integers(2, 4)),
        "mul": products(),
        "dot": dots(),
        "bmm": matrix_products(),
    }
)
