"""Layers that torch lacks, put together from its primitive operations.

Products that count as multiply-adds go through matrix products, so that a counter of operations sees them. Each
definition stands for itself and needs torch alone: `archcalc export` copies those that a network uses into its file.
Values carry a batch axis in front: N×C | N×T×D | N×C×H×W | N×C×D×H×W.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# ── Convolutions ────────────────────────────────────────────────────────────────────────────────────────


class TableConv(nn.Module):
    """A convolution in which output j reads `table[j]` input channels, starting at channel j (LeNet-5's C3)."""

    def __init__(
        self,
        channels: int,
        table: tuple[int, ...],
        kernel: tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        dilation: int | tuple[int, ...] = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.channels, self.table = channels, table
        self.stride, self.dilation = stride, dilation
        self.weight = nn.Parameter(torch.randn(sum(table), *kernel) * 0.1)
        self.bias = nn.Parameter(torch.zeros(len(table))) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        convolve = getattr(F, f"conv{x.dim() - 2}d")
        outputs = []
        for j, weight in enumerate(self.weight.split(self.table)):
            read = [(j + i) % self.channels for i in range(self.table[j])]
            bias = None if self.bias is None else self.bias[j : j + 1]
            outputs.append(convolve(x[:, read], weight.unsqueeze(0), bias, self.stride, 0, self.dilation))
        return torch.cat(outputs, 1)


class LocallyConnected(nn.Module):
    """A convolution with weights of its own at every output position, or for each block of `share` positions.

    size: the input's, on every axis, with its padding.
    """

    def __init__(
        self,
        channels: int,
        out: int,
        size: tuple[int, ...],
        kernel: tuple[int, ...],
        stride: tuple[int, ...],
        dilation: tuple[int, ...],
        share: tuple[int, ...],
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.dilation, self.share = kernel, stride, dilation, share
        extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        self.positions = [len(range(0, n - e + 1, s)) for n, e, s in zip(size, extents, stride, strict=True)]
        banks = [len(range(0, o, b)) for o, b in zip(self.positions, share, strict=True)]
        self.weight = nn.Parameter(torch.randn(*banks, out, channels, *kernel) * 0.1)
        self.bias = nn.Parameter(torch.zeros(*banks, out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        axes = len(self.kernel)
        for axis in range(axes):  # N×C×o…×k…
            extent = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            x = x.unfold(2 + axis, extent, self.stride[axis])[..., :: self.dilation[axis]]
        x = x.movedim(1, 1 + axes).flatten(1, axes).flatten(2).transpose(0, 1)  # P×N×(C·k…)
        y = torch.bmm(x, self.spread(self.weight).flatten(0, axes - 1).flatten(2).transpose(1, 2))  # P×N×out
        if self.bias is not None:
            y = y + self.spread(self.bias).flatten(0, axes - 1).unsqueeze(1)
        return y.permute(1, 2, 0).unflatten(2, self.positions)

    def spread(self, stored: Tensor) -> Tensor:
        """Return one bank for each output position."""
        for axis, (share, positions) in enumerate(zip(self.share, self.positions, strict=True)):
            if share > 1:
                stored = stored.repeat_interleave(share, axis).narrow(axis, 0, positions)
        return stored


def spectral(kind: str, *args: object, **kwargs: object) -> nn.Module:
    """Return a layer of torch whose weight is divided by its largest singular value (spectral normalisation)."""
    return nn.utils.parametrizations.spectral_norm(getattr(nn, kind)(*args, **kwargs))


# ── Pools ───────────────────────────────────────────────────────────────────────────────────────────────


def average_inside(x: Tensor, pad: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Return an average pool over padded values whose divisor counts the positions inside only."""
    pool = getattr(F, f"avg_pool{x.dim() - 2}d")
    return pool(F.pad(x, pad), kernel, stride) / pool(F.pad(torch.ones_like(x), pad), kernel, stride)


def spatial_pyramid(x: Tensor, bins: tuple[int, ...], mode: str = "max") -> Tensor:
    """Return grids of b×b windows over a map, flattened and joined (SPP-Net)."""
    pool = F.adaptive_max_pool2d if mode == "max" else F.adaptive_avg_pool2d
    return torch.cat([pool(x, b).flatten(1) for b in bins], 1)


def roi_pool(x: Tensor, *levels: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the maxima of a grid over one region: here the whole map, or the finest of a pyramid."""
    finest = max((x, *levels), key=lambda level: level.shape[-2])
    return F.adaptive_max_pool2d(finest, size)


def roi_align(x: Tensor, *levels: Tensor, size: tuple[int, int], samples: int = 2) -> Tensor:
    """Return averages of interpolated samples on a grid over one region: here the whole map, or the finest level."""
    finest = max((x, *levels), key=lambda level: level.shape[-2])
    places = []
    for cells in size:  # in the middle of equal parts of −1 … 1; F.affine_grid would be a matrix product
        places.append((torch.arange(cells * samples, device=x.device) * 2 + 1) / (cells * samples) - 1)
    rows, columns = torch.meshgrid(*places, indexing="ij")
    grid = torch.stack([columns, rows], -1).expand(len(x), *rows.shape, 2)
    return F.avg_pool2d(F.grid_sample(finest, grid, align_corners=False), samples)


def max_unpool(x: Tensor, indices: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return each value where its maximum was, and zeros elsewhere; `indices` are those of a max pool."""
    flat = x.new_zeros(*x.shape[:2], torch.Size(size).numel())
    places = indices.flatten(2).clamp(max=flat.shape[2] - 1)
    return flat.scatter(2, places, x.flatten(2)).unflatten(2, size)


def max_unpool_rows(x: Tensor, indices: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return `max_unpool` of sequences N×T×D; the indices are N×D×T."""
    flat = x.new_zeros(x.shape[0], size[0], x.shape[2])
    return flat.scatter(1, indices.transpose(1, 2).clamp(max=size[0] - 1), x)


def spread(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return each value at the first place of its window, and zeros elsewhere."""
    y = x.new_zeros(*x.shape[:2], *size)
    places = [torch.arange(n, device=x.device) * o // n for n, o in zip(x.shape[2:], size, strict=True)]
    grid = torch.meshgrid(*places, indexing="ij")
    y[:, :, *grid] = x  # type: ignore[index]
    return y


def bicubic(
    x: Tensor,
    size: tuple[int, ...] | None = None,
    scale_factor: float | tuple[float, ...] = 1,
    align_corners: bool = False,
) -> Tensor:
    """Return cubic interpolation on one axis or three; torch has it on two, and every axis is done by itself."""
    for axis in range(2, x.dim()):
        last = x.movedim(axis, -1)
        rows = last.flatten(1, -2).unsqueeze(1)  # N×1×rows×n; equal numbers of rows are left as they are
        n = None if size is None else (rows.shape[2], size[axis - 2])
        factor = scale_factor[axis - 2] if isinstance(scale_factor, tuple) else scale_factor
        scale = None if n else (1.0, float(factor))
        y = F.interpolate(rows, n, scale, mode="bicubic", align_corners=align_corners)
        x = y.squeeze(1).unflatten(1, last.shape[1:-1]).movedim(-1, axis)
    return x


# ── Linear layers ───────────────────────────────────────────────────────────────────────────────────────


class DividedEncoder(nn.Module):
    """q slices of a vector, each of which gives one number (NINH hashing)."""

    def __init__(self, channels: int, q: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(q, channels // q) * 0.1)
        self.bias = nn.Parameter(torch.zeros(q)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        slices = x.unflatten(1, self.weight.shape).transpose(0, 1)  # q×N×(C/q)
        y = torch.bmm(slices, self.weight.unsqueeze(2)).squeeze(2).transpose(0, 1)
        return y if self.bias is None else y + self.bias


class RadialBasis(nn.Module):
    """The squared distance of a vector to each of `out` centres (the output of LeNet-5)."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, channels).sign())

    def forward(self, x: Tensor) -> Tensor:
        difference = (x.unsqueeze(1) - self.weight).flatten(0, 1)
        squares = torch.bmm(difference.unsqueeze(1), difference.unsqueeze(2))
        return squares.view(len(x), -1)


class CosineHead(nn.Module):
    """The cosine of a vector with each of `out` class weights; a margin belongs to the loss."""

    def __init__(self, channels: int, out: int, scale: float = 1) -> None:
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.randn(out, channels) * 0.1)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.normalize(x), F.normalize(self.weight)) * self.scale


# ── Norms ───────────────────────────────────────────────────────────────────────────────────────────────


class Affine(nn.Module):
    """A learned scale and shift: one per channel of `axis`, or one per element of a whole shape."""

    def __init__(self, size: int | tuple[int, ...], axis: int = 1, scale: bool = True, shift: bool = True) -> None:
        super().__init__()
        self.per_channel, self.axis = isinstance(size, int), axis
        shape = (size,) if isinstance(size, int) else size
        self.weight = nn.Parameter(torch.ones(shape)) if scale else None
        self.bias = nn.Parameter(torch.zeros(shape)) if shift else None

    def forward(self, x: Tensor) -> Tensor:
        shape = [1] * x.dim()
        shape[self.axis] = -1
        for stored, combine in ((self.weight, torch.mul), (self.bias, torch.add)):
            if stored is not None:
                x = combine(x, stored.view(shape) if self.per_channel else stored)
        return x


def local_response_norm_within(x: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """Return x/(k + alpha·mean(x²))^beta over a window of `size` positions an axis, within each channel."""
    pool = getattr(F, f"avg_pool{x.dim() - 2}d")
    sides = ((size - 1) // 2, size // 2) * (x.dim() - 2)
    return x / (k + alpha * pool(F.pad(x * x, sides), size, 1)) ** beta


class DropPath(nn.Module):
    """Drops the whole branch of a sample with probability p in training (stochastic depth)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device) >= self.p
        return x * kept / max(1 - self.p, 1e-9)


# ── Sequences ───────────────────────────────────────────────────────────────────────────────────────────


class OneBiasRecurrent(nn.Module):
    """RNN, GRU or LSTM with one bias per gate, the textbook form; torch's own have two. Input N×T×D."""

    def __init__(self, kind: str, width: int, hidden: int, num_layers: int = 1, bidirectional: bool = False) -> None:
        super().__init__()
        self.kind, self.hidden, self.num_layers = kind, hidden, num_layers
        self.directions = ("", "_reverse") if bidirectional else ("",)
        rows = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * hidden
        for layer in range(num_layers):
            inputs = width if layer == 0 else hidden * len(self.directions)
            for direction in self.directions:
                shapes = {"weight_ih": (rows, inputs), "weight_hh": (rows, hidden), "bias_ih": (rows,)}
                for name, shape in shapes.items():
                    stored = nn.Parameter(torch.randn(shape) * 0.1)
                    self.register_parameter(f"{name}_l{layer}{direction}", stored)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        ends = []
        for layer in range(self.num_layers):
            runs = []
            for direction in self.directions:
                steps = x.flip(1) if direction else x
                run = torch.stack(self.run(steps, f"_l{layer}{direction}"), 1)
                ends.append(run[:, -1])
                runs.append(run.flip(1) if direction else run)
            x = torch.cat(runs, 2)
        return x, torch.stack(ends)

    def run(self, x: Tensor, suffix: str) -> list[Tensor]:
        """Return the state after every step."""
        stored = [getattr(self, f"{name}{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih")]
        h = c = x.new_zeros(len(x), self.hidden)
        states = []
        for step in x.unbind(1):
            inner, outer = F.linear(step, stored[0], stored[2]), F.linear(h, stored[1])
            if self.kind == "RNN":
                h = torch.tanh(inner + outer)
            elif self.kind == "GRU":
                (r, z, n), (r_h, z_h, n_h) = inner.chunk(3, 1), outer.chunk(3, 1)
                r, z = torch.sigmoid(r + r_h), torch.sigmoid(z + z_h)
                h = (1 - z) * torch.tanh(n + r * n_h) + z * h
            else:
                i, f, g, o = (inner + outer).chunk(4, 1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return states


def last_state(result: tuple[Tensor, Tensor | tuple[Tensor, Tensor]], directions: int = 1) -> Tensor:
    """Return the last state of the last recurrent layer, that of both directions side by side."""
    h = result[1][0] if isinstance(result[1], tuple) else result[1]
    return h[-directions:].transpose(0, 1).flatten(1)


class Attention(nn.MultiheadAttention):
    """torch's attention of a sequence to itself, or to a second one; only the values are returned."""

    def forward(self, x: Tensor, source: Tensor | None = None) -> Tensor:  # type: ignore[override]
        source = x if source is None else source
        return super().forward(x, source, source)[0]


class WideAttention(nn.Module):
    """Multi-head attention whose inner width is not that of its input."""

    def __init__(self, width: int, heads: int, dim: int, source_width: int | None = None, bias: bool = True) -> None:
        super().__init__()
        other = source_width or width
        self.heads = heads
        self.q_proj_weight = nn.Parameter(torch.randn(dim, width) * 0.1)
        self.k_proj_weight = nn.Parameter(torch.randn(dim, other) * 0.1)
        self.v_proj_weight = nn.Parameter(torch.randn(dim, other) * 0.1)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim)) if bias else None
        self.out_proj = nn.Linear(dim, width, bias)

    def forward(self, x: Tensor, source: Tensor | None = None) -> Tensor:
        source = x if source is None else source
        weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        pairs = zip((x, source, source), weights, biases, strict=True)
        q, k, v = (F.linear(each, w, b).unflatten(2, (self.heads, -1)).transpose(1, 2) for each, w, b in pairs)
        scores = F.softmax(q @ k.transpose(2, 3) / q.shape[3] ** 0.5, -1)
        return self.out_proj((scores @ v).transpose(1, 2).flatten(2))


# ── Values ──────────────────────────────────────────────────────────────────────────────────────────────


class Param(nn.Module):
    """A learned tensor; the running value is ignored."""

    def __init__(self, *size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        return self.weight.expand(len(x), *self.weight.shape)


class Opaque(nn.Module):
    """A layer that a spec only declares: zeros of the declared size, and one tensor of the declared parameters."""

    def __init__(self, size: tuple[int, ...], params: int = 0) -> None:
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.zeros(params)) if params else None

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), *self.size)


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Return the scalar product of two vectors."""
    return torch.bmm(x.unsqueeze(1), y.unsqueeze(2)).flatten(1)
