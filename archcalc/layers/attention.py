"""Multi-head attention (Vaswani et al. 2017)."""

from typing import Annotated, ClassVar

from archcalc.arithmetic import check_divides, volume
from archcalc.layers.activation import Softmax
from archcalc.layers.base import Family, Weighted, check_rank
from archcalc.layers.settings import Count, Flag, Ref, Symbol
from archcalc.quantities import Ops, Shape, Weight, Window


class MultiHeadAttention(Weighted):
    """Scaled dot-product attention of `heads` heads, dim/heads wide each, between linear projections.

    Queries are the input T×D; keys and values are T×D too, or the sequence S×E that `kv` names.

    2·D·dim + 2·E·dim weights and 3·dim + D biases. Their names are torch's for keys of a width of their own
    (where E = D, torch keeps the three input projections in one `in_proj_weight`).

    Operations: multiply-adds, 2·T·D·dim + 2·S·E·dim for the projections and 2·T·S·dim for scores and weighted
    sums; T·dim + 2·S·dim + T·D bias additions; the heads·T·S scores are multiplied by 1/√(dim/heads) and go
    through a softmax over S.

    >>> MultiHeadAttention(heads=8).output_shape((50, 512))
    (50, 512)
    """

    op: ClassVar[str] = "mha"
    family: ClassVar[Family] = "attention"
    positional: ClassVar[tuple[str, ...]] = ("heads",)
    references: ClassVar[tuple[str, ...]] = ("kv", "tie")
    data_inputs: ClassVar[tuple[str, ...]] = ("kv",)

    heads: Annotated[Count, Symbol("heads")]
    dim: Annotated[Count, Symbol("dim")] | None = None
    bias: Flag = True
    kv: Ref | None = None

    def output_shape(self, x: Shape) -> Shape:
        """Return T×D; `heads` divides `dim`."""
        check_rank(x, (2,), self.op, "a sequence TxD")
        if self.kv is not None:
            check_rank(self.kv.shape, (2,), f"kv={self.kv.path}", "a sequence SxE")
        dim = self._dim(x)
        check_divides(self.heads, dim, lambda: f"heads={self.heads} does not divide dim={dim}")
        return x

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the projections of queries, keys, values and output, and their biases."""
        d, (_, e), dim = x[1], self._keys(x), self._dim(x)
        projections = (
            self.parameter("q_proj_weight", dim, d),
            self.parameter("k_proj_weight", dim, e),
            self.parameter("v_proj_weight", dim, e),
            self.parameter("out_proj.weight", d, dim),
        )
        biases = (self.parameter("in_proj_bias", 3 * dim), self.parameter("out_proj.bias", d))
        return (*projections, *biases) if self.bias else projections

    def ops(self, x: Shape, y: Shape) -> Ops:
        """Return the operations of projections, scores, softmax and weighted sums."""
        (t, d), (s, e), dim = x, self._keys(x), self._dim(x)
        scores = (self.heads * t, s)
        return Ops(
            mac=2 * t * d * dim + 2 * s * e * dim + 2 * t * s * dim,
            bias=t * dim + 2 * s * dim + t * d if self.bias else 0,
            mul=volume(scores),
            **Softmax().ops(scores, scores).nonzero(),
        )

    def window(self, x: Shape) -> Window | None:
        """Return None: every output sees the whole sequence."""
        return None

    def _dim(self, x: Shape) -> int:
        return x[1] if self.dim is None else self.dim

    def _keys(self, x: Shape) -> Shape:
        return x if self.kv is None else self.kv.shape
