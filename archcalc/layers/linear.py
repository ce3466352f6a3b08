"""Matrix layers: fully connected, divide-and-encode, radial basis, margin head; and the embedding table."""

from typing import Annotated, ClassVar, Final

from pydantic import PlainValidator

from archcalc.arithmetic import check_divides, exact_div, volume
from archcalc.layers.base import Family, Weighted, channels, check_rank, spatial, with_axes
from archcalc.layers.settings import Count, Flag, Real, Symbol, choice_schema, word
from archcalc.quantities import Ops, Shape, Weight, Window, pointwise

_KINDS: Final = ("cos", "arc", "asoftmax")
MarginKind = Annotated[str, PlainValidator(word(*_KINDS)), choice_schema(*_KINDS)]


class Linear(Weighted):
    """Fully connected layer: out×in weights and `out` biases, on a vector or on each row of a sequence.

    A map or volume is flattened first: in = C·H·W. One multiply-add per weight and row, one bias addition per
    output.

    >>> Linear(out=4096).output_shape((256, 6, 6))
    (4096,)
    >>> Linear(out=96).output_shape((50, 256))
    (50, 96)
    """

    op: ClassVar[str] = "fc"
    family: ClassVar[Family] = "linear"
    positional: ClassVar[tuple[str, ...]] = ("out",)

    out: Annotated[Count, Symbol("c_out")]
    bias: Flag = True

    def output_shape(self, x: Shape) -> Shape:
        """Return out, or T×out."""
        return with_axes(x, self.out, spatial(x)) if len(x) <= 2 else (self.out,)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the matrix (out, in) and the bias."""
        inputs = channels(x) if len(x) <= 2 else volume(x)
        weight = self.parameter("weight", self.out, inputs)
        return (weight, self.parameter("bias", self.out)) if self.bias else (weight,)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return in·out multiply-adds (times T) and one bias addition per output."""
        mac = self.weights(x)[0].size
        return Ops(mac=mac * y[0] if len(y) == 2 else mac, bias=volume(y) if self.bias else 0)

    def window(self, x: Shape) -> Window | None:
        """Return single positions of a vector or sequence; a flattened map is seen whole."""
        return pointwise(len(spatial(x))) if len(x) <= 2 else None


class DividedEncoder(Weighted):
    """Divide-and-encode (NINH hashing): the vector is cut into q slices, each slice gives one number.

    C weights and q biases; one multiply-add per weight. A grouped 1×1 convolution does the same.

    >>> DividedEncoder(q=48).output_shape((2400,))
    (48,)
    """

    op: ClassVar[str] = "divenc"
    family: ClassVar[Family] = "linear"
    positional: ClassVar[tuple[str, ...]] = ("q",)

    q: Annotated[Count, Symbol("q")]
    bias: Flag = True

    def output_shape(self, x: Shape) -> Shape:
        """Return q."""
        check_rank(x, (1,), self.op, "a vector")
        check_divides(self.q, x[0], lambda: f"q={self.q} does not divide the {x[0]} inputs into equal slices")
        return (self.q,)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return one row per slice (q, C/q) and the bias."""
        weight = self.parameter("weight", self.q, exact_div(x[0], self.q))
        return (weight, self.parameter("bias", self.q)) if self.bias else (weight,)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return C multiply-adds and q bias additions."""
        return Ops(mac=x[0], bias=self.q if self.bias else 0)


class RadialBasis(Weighted):
    """Radial basis units (the output of LeNet-5): the squared distance Σ(x − w)² to each of `out` centres.

    C·out stored numbers, fixed by default; per number one multiply-add for the square and one subtraction.

    >>> RadialBasis(out=10).output_shape((84,))
    (10,)
    """

    op: ClassVar[str] = "rbf"
    family: ClassVar[Family] = "linear"
    positional: ClassVar[tuple[str, ...]] = ("out",)

    out: Annotated[Count, Symbol("c_out")]
    frozen: Flag = True

    def output_shape(self, x: Shape) -> Shape:
        """Return out."""
        check_rank(x, (1,), self.op, "a vector")
        return (self.out,)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the centres (out, C)."""
        return (self.parameter("weight", self.out, x[0]),)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return C·out multiply-adds and as many subtractions."""
        each = self.out * x[0]
        return Ops(mac=each, add=each)


class MarginHead(Weighted):
    """Classifier on the sphere (L-Softmax family): the cosine of the input with each of `out` class weights.

    C·out weights, never a bias; one multiply-add per weight. The input and the class weights are normalised
    first, out + 1 vectors of C: C products, C − 1 additions, a root and C divisions each. A scale `s`
    multiplies each cosine. The margin `m` acts in the loss, on the true class only, and is not counted.

    >>> MarginHead(out=10572).output_shape((512,))
    (10572,)
    """

    op: ClassVar[str] = "margin"
    family: ClassVar[Family] = "linear"
    positional: ClassVar[tuple[str, ...]] = ("out",)

    out: Annotated[Count, Symbol("c_out")]
    kind: MarginKind = "cos"
    m: Real | None = None
    s: Real | None = None

    def output_shape(self, x: Shape) -> Shape:
        """Return out."""
        check_rank(x, (1,), self.op, "a vector")
        return (self.out,)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the class weights (out, C)."""
        return (self.parameter("weight", self.out, x[0]),)

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the products, and the normalisation of out + 1 vectors."""
        c, vectors = x[0], self.out + 1
        squares = vectors * c
        return Ops(
            mac=self.out * c,
            add=vectors * (c - 1),
            mul=squares if self.s is None else squares + self.out,
            div=vectors * c,
            exp=vectors,
        )


class Embedding(Weighted):
    """Embedding table: each token number picks one of `vocab` rows of `dim` numbers. No arithmetic.

    >>> Embedding(vocab=10000, dim=512).output_shape((20,))
    (20, 512)
    """

    op: ClassVar[str] = "embed"
    family: ClassVar[Family] = "linear"
    positional: ClassVar[tuple[str, ...]] = ("vocab", "dim")

    vocab: Annotated[Count, Symbol("v")]
    dim: Annotated[Count, Symbol("e")]

    def output_shape(self, x: Shape) -> Shape:
        """Return T×dim for T token numbers, dim for a single one."""
        check_rank(x, (0, 1), self.op, "a list of T token numbers")
        return (*x, self.dim)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the table (vocab, dim)."""
        return (self.parameter("weight", self.vocab, self.dim),)

    def window(self, x: Shape) -> Window | None:
        """Return single positions of the list."""
        return pointwise(len(x))
