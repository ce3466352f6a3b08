"""What Keras lacks, written with its operations: `archcalc export --to keras` copies what a network uses.

Maps are channels first. Nothing here is imported by archcalc; each definition needs `keras`, `layers` and `ops` alone.
"""

import math

import keras
from keras import layers, ops

# ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────


def pad(x, sides, value=0.0):
    """Return a map with (before, after) more positions on each spatial axis."""
    return ops.pad(x, ((0, 0), (0, 0), *sides), constant_values=value)


def narrow(x, axis, start, length):
    """Return `length` positions of an axis from `start` on."""
    cut = [slice(None)] * len(x.shape)
    cut[axis] = slice(start, start + length)
    return x[tuple(cut)]


def average_inside(x, counted, uncounted, kernel, stride):
    """Return averages of windows that count positions of the padding `counted` and no others outside of the map."""
    ones = ops.pad(ops.ones_like(x), ((0, 0), (0, 0), *counted), constant_values=1.0)
    x = ops.pad(ops.pad(x, ((0, 0), (0, 0), *counted)), ((0, 0), (0, 0), *uncounted))
    ones = ops.pad(ones, ((0, 0), (0, 0), *uncounted))
    sums = ops.average_pool(x, kernel, stride, data_format="channels_first")
    return sums / ops.average_pool(ones, kernel, stride, data_format="channels_first")


def lp_pool(x, p, kernel, stride):
    """Return the p-norm of each window."""
    means = ops.average_pool(ops.power(ops.abs(x), p), kernel, stride, data_format="channels_first")
    return ops.power(means * math.prod(kernel), 1 / p)


def adaptive_pool(x, size, mode="average"):
    """Return a grid of so many cells; cell i of m sees the positions from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉."""
    reduce = ops.max if mode == "max" else ops.mean
    for axis, cells in enumerate(size, 2):
        n = x.shape[axis]
        parts = []
        for i in range(cells):
            first, last = i * n // cells, -((i + 1) * n // -cells)
            parts.append(reduce(narrow(x, axis, first, last - first), axis=axis, keepdims=True))
        x = ops.concatenate(parts, axis=axis)
    return x


def spatial_pyramid(x, bins, mode="max"):
    """Return the maxima or averages of several grids, one after the other."""
    axes = len(x.shape) - 2
    grids = [adaptive_pool(x, (cells,) * axes, mode) for cells in bins]
    return ops.concatenate([ops.reshape(grid, (-1, math.prod(grid.shape[1:]))) for grid in grids], axis=1)


def spread(x, size):
    """Return each value at the first place of its window, and zeros elsewhere."""
    for axis, length in enumerate(size, 2):
        n = x.shape[axis]
        places = [-1] * length
        for i in range(n):
            places[i * length // n] = i
        zeros = ops.zeros_like(narrow(x, axis, 0, 1))
        parts = [zeros if i < 0 else narrow(x, axis, i, 1) for i in places]
        x = ops.concatenate(parts, axis=axis)
    return x


def max_pool_with_places(x, kernel, stride, sides):
    """Return the maxima of windows, and where on the map, row by row, each of them was."""
    axes = x.shape[2:]
    x = pad(x, sides, float("-inf"))
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], kernel, stride, strict=True)]
    taps, places = [x], [0]
    for axis, (n, k, s, (before, _), count) in enumerate(zip(axes, kernel, stride, sides, counts, strict=True), 2):
        steps = [[i * s + j for i in range(count)] for j in range(k)]
        taps = [ops.take(tap, step, axis=axis) for tap in taps for step in steps]
        shape = [count if at == axis - 2 else 1 for at in range(len(axes))]
        here = [ops.reshape(ops.convert_to_tensor([i - before for i in step]), shape) for step in steps]
        places = [place * n + each for place in places for each in here]
    seen = ops.stack(taps, axis=-1)
    best = ops.expand_dims(ops.argmax(seen, axis=-1), -1)
    where = ops.broadcast_to(ops.stack(places, axis=-1), seen.shape)
    return ops.max(seen, axis=-1), ops.take_along_axis(where, best, axis=-1)[..., 0]


def max_unpool(x, places, size):
    """Return each value where its maximum was, and zeros elsewhere."""
    maps, room = x.shape[0] * x.shape[1], math.prod(size)
    places = ops.minimum(ops.reshape(places, (maps, -1)), room - 1) + ops.arange(maps)[:, None] * room
    places, values = ops.reshape(places, (-1,)), ops.reshape(x, (-1,))
    sums = ops.segment_sum(values, places, num_segments=maps * room)
    # windows that overlap may have the same maximum
    counts = ops.segment_sum(ops.ones_like(values), places, num_segments=maps * room)
    return ops.reshape(sums / ops.maximum(counts, 1), (*x.shape[:2], *size))


def interpolate(x, size, mode="nearest", align=False):
    """Return a map of another size; linear interpolation takes corners as corners if `align`."""
    for axis, m in enumerate(size, 2):
        n = x.shape[axis]
        if mode == "nearest":
            x = ops.take(x, [i * n // m for i in range(m)], axis=axis)
            continue
        step = (n - 1) / max(m - 1, 1)
        places = [i * step if align else max((i + 0.5) * n / m - 0.5, 0.0) for i in range(m)]
        low = [min(int(place), n - 1) for place in places]
        high = [min(i + 1, n - 1) for i in low]
        shape = [1] * len(x.shape)
        shape[axis] = m
        weight = ops.reshape(ops.convert_to_tensor([p - i for p, i in zip(places, low, strict=True)]), shape)
        x = ops.take(x, low, axis=axis) * (1 - weight) + ops.take(x, high, axis=axis) * weight
    return x


def replicate(x, sides):
    """Return a map whose border is repeated outwards."""
    for axis, (before, after) in enumerate(sides, 2):
        n = x.shape[axis]
        x = ops.take(x, [min(max(i, 0), n - 1) for i in range(-before, n + after)], axis=axis)
    return x


def crop(x, sides, more):
    """Return a map without its first and last positions on each axis; `more` zeros at the end where it is too short."""
    for axis, ((before, after), extra) in enumerate(zip(sides, more, strict=True), 2):
        x = narrow(x, axis, before, x.shape[axis] - before - after)
        if extra:
            x = ops.pad(x, [(0, extra if at == axis else 0) for at in range(len(x.shape))])
    return x


def spectral(kind, *args, **kwargs):
    """Return a layer whose kernel is divided by its largest singular value."""
    return layers.SpectralNormalization(getattr(layers, kind)(*args, **kwargs))


class TableConv(layers.Layer):
    """A convolution in which output j reads `table[j]` input channels, starting at channel j (LeNet-5's C3)."""

    def __init__(self, channels, table, kernel, strides=1, dilation_rate=1, use_bias=True, **options):
        super().__init__(**options)
        self.channels, self.table = channels, table
        self.window = {"strides": strides, "dilation_rate": dilation_rate, "data_format": "channels_first"}
        self.kernels = [self.add_weight(shape=(*kernel, read, 1)) for read in table]
        self.bias = self.add_weight(shape=(len(table),), initializer="zeros") if use_bias else None

    def call(self, x):
        outputs = []
        for j, kernel in enumerate(self.kernels):
            read = [(j + i) % self.channels for i in range(self.table[j])]
            y = ops.conv(ops.take(x, read, axis=1), kernel, padding="valid", **self.window)
            outputs.append(y if self.bias is None else y + self.bias[j])
        return ops.concatenate(outputs, axis=1)


class LocallyConnected(layers.Layer):
    """A convolution with weights of its own at every position, or at every block of `share` positions."""

    def __init__(self, channels, out, sizes, kernel, strides, dilation_rate, share, use_bias=True, **options):
        super().__init__(**options)
        self.kernel_size, self.strides, self.dilation_rate, self.share = kernel, strides, dilation_rate, share
        windows = zip(sizes, kernel, strides, dilation_rate, strict=True)
        self.sizes = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in windows]
        banks = [-(-n // b) for n, b in zip(self.sizes, share, strict=True)]
        self.kernel = self.add_weight(shape=(*banks, out, channels * math.prod(kernel)))
        self.bias = self.add_weight(shape=(*banks, out), initializer="zeros") if use_bias else None

    def everywhere(self, weight):
        """Return a weight for every position."""
        for axis, (n, b) in enumerate(zip(self.sizes, self.share, strict=True)):
            weight = ops.take(weight, [i // b for i in range(n)], axis=axis)
        return weight

    def call(self, x):
        taps = [x]
        for axis, (k, s, d) in enumerate(zip(self.kernel_size, self.strides, self.dilation_rate, strict=True), 2):
            n = self.sizes[axis - 2]
            taps = [ops.take(tap, [i * s + j * d for i in range(n)], axis=axis) for tap in taps for j in range(k)]
        seen = ops.moveaxis(ops.concatenate(taps, axis=1), 1, -1)  # N×positions×(taps·C)
        y = ops.sum(ops.expand_dims(seen, -2) * self.everywhere(self.kernel), axis=-1)
        y = y if self.bias is None else y + self.everywhere(self.bias)
        return ops.moveaxis(y, -1, 1)


# ── Vectors ─────────────────────────────────────────────────────────────────────────────────────────────


def flatten(x):
    """Return all elements of a sample as a vector."""
    return ops.reshape(x, (-1, math.prod(x.shape[1:])))


def reshape(x, size):
    """Return the elements of a sample in another shape."""
    return ops.reshape(x, (-1, *size))


class DividedEncoder(layers.Layer):
    """q slices of a vector, each of which gives one number (NINH hashing)."""

    def __init__(self, channels, q, use_bias=True, **options):
        super().__init__(**options)
        self.kernel = self.add_weight(shape=(q, channels // q))
        self.bias = self.add_weight(shape=(q,), initializer="zeros") if use_bias else None

    def call(self, x):
        y = ops.sum(ops.reshape(x, (-1, *self.kernel.shape)) * self.kernel, axis=-1)
        return y if self.bias is None else y + self.bias


class RadialBasis(layers.Layer):
    """The squared distance of a vector to each of `out` centres (the output of LeNet-5)."""

    def __init__(self, channels, out, **options):
        super().__init__(**options)
        self.centres = self.add_weight(shape=(out, channels))

    def call(self, x):
        return ops.sum(ops.square(ops.expand_dims(x, 1) - self.centres), axis=-1)


class CosineHead(layers.Layer):
    """The cosine of a vector with each of `out` class weights; a margin belongs to the loss."""

    def __init__(self, channels, out, scale=1, **options):
        super().__init__(**options)
        self.scale = scale
        self.kernel = self.add_weight(shape=(out, channels))

    def call(self, x):
        return ops.matmul(ops.normalize(x), ops.transpose(ops.normalize(self.kernel))) * self.scale


# ── Norms and activations ───────────────────────────────────────────────────────────────────────────────


class Affine(layers.Layer):
    """A learned scale and shift: one pair for each channel, or for each element of a shape."""

    def __init__(self, shape, axis=1, scale=True, shift=True, **options):
        super().__init__(**options)
        self.shape, self.axis = (shape if isinstance(shape, tuple) else (shape,)), axis
        self.scale = self.add_weight(shape=self.shape, initializer="ones") if scale else None
        self.shift = self.add_weight(shape=self.shape, initializer="zeros") if shift else None

    def call(self, x):
        behind = len(x.shape) - 1 - self.axis if self.axis > 0 and len(self.shape) == 1 else 0
        shape = (*self.shape, *(1 for _ in range(behind)))
        x = x if self.scale is None else x * ops.reshape(self.scale, shape)
        return x if self.shift is None else x + ops.reshape(self.shift, shape)


def local_response_norm(x, size, alpha, beta, k, axis=1):
    """Return a map divided by a power of the sum of squares over `size` neighbouring channels."""
    sides = [(size // 2, (size - 1) // 2) if at == axis else (0, 0) for at in range(len(x.shape))]
    squares = ops.pad(ops.square(x), sides)
    near = sum(narrow(squares, axis, i, x.shape[axis]) for i in range(size))
    return x / ops.power(k + alpha / size * near, beta)


def local_response_norm_within(x, size, alpha, beta, k):
    """Return a map divided by a power of the mean of squares over a window of each channel."""
    sides = ((0, 0), (0, 0), *(((size - 1) // 2, size // 2) for _ in x.shape[2:]))
    means = ops.average_pool(ops.pad(ops.square(x), sides), size, 1, data_format="channels_first")
    return x / ops.power(k + alpha * means, beta)


def maxout(x, axis, pieces):
    """Return the largest of every `pieces` neighbouring channels."""
    shape = (*x.shape[1:axis], x.shape[axis] // pieces, pieces, *x.shape[axis + 1 :])
    return ops.max(ops.reshape(x, (-1, *shape)), axis=axis + 1)


def threshold(x, value):
    """Return 1 where a number is above a value, else 0."""
    return ops.cast(x > value, x.dtype)


class DropPath(layers.Layer):
    """Whole samples of a branch are dropped in training (stochastic depth)."""

    def __init__(self, p):
        super().__init__()
        self.drop = layers.Dropout(p)

    def call(self, x, training=False):
        ones = ops.ones((x.shape[0] or 1, *(1 for _ in x.shape[1:])), x.dtype)
        return x * self.drop(ones, training=training)


# ── Rearranging ─────────────────────────────────────────────────────────────────────────────────────────


def pixel_shuffle(x, r):
    """Return r² channels as r×r positions."""
    c, h, w = x.shape[1:]
    x = ops.transpose(ops.reshape(x, (-1, c // r**2, r, r, h, w)), (0, 1, 4, 2, 5, 3))
    return ops.reshape(x, (-1, c // r**2, h * r, w * r))


def pixel_unshuffle(x, r):
    """Return r×r positions as r² channels."""
    c, h, w = x.shape[1:]
    x = ops.transpose(ops.reshape(x, (-1, c, h // r, r, w // r, r)), (0, 1, 3, 5, 2, 4))
    return ops.reshape(x, (-1, c * r**2, h // r, w // r))


def channel_shuffle(x, groups, axis=1):
    """Return the channels of all groups in turn."""
    shape = x.shape[1:]
    apart = (*shape[: axis - 1], groups, shape[axis - 1] // groups, *shape[axis:])
    return ops.reshape(ops.swapaxes(ops.reshape(x, (-1, *apart)), axis, axis + 1), (-1, *shape))


# ── Sequences, values, regions ──────────────────────────────────────────────────────────────────────────


class TwoBiasCell(layers.Layer):
    """A plain recurrent unit or LSTM with two bias vectors, as torch and cuDNN have them."""

    def __init__(self, kind, units):
        super().__init__()
        self.kind, self.units = kind, units
        self.state_size = [units, units] if kind == "LSTM" else [units]

    def build(self, shape):
        gates = 4 * self.units if self.kind == "LSTM" else self.units
        self.kernel = self.add_weight(shape=(shape[-1], gates))
        self.recurrent_kernel = self.add_weight(shape=(self.units, gates))
        self.bias = self.add_weight(shape=(gates,), initializer="zeros")
        self.recurrent_bias = self.add_weight(shape=(gates,), initializer="zeros")

    def call(self, x, states, training=False):
        z = ops.matmul(x, self.kernel) + self.bias
        z = z + ops.matmul(states[0], self.recurrent_kernel) + self.recurrent_bias
        if self.kind != "LSTM":
            h = ops.tanh(z)
            return h, [h]
        i, f, g, o = ops.split(z, 4, axis=-1)
        c = ops.sigmoid(f) * states[1] + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]


def recurrent(kind, units, biases=2, count=1, bi=False, sequence=True, trainable=True):
    """Return one or more recurrent layers with 0, 1 or 2 bias vectors, which read in one direction or both."""
    stack = []
    for at in range(count):
        whole = sequence or at < count - 1
        if kind == "GRU":
            layer = layers.GRU(units, use_bias=biases > 0, reset_after=biases != 1, return_sequences=whole)
        elif biases == 2:
            layer = layers.RNN(TwoBiasCell(kind, units), return_sequences=whole)
        else:
            plain = layers.LSTM if kind == "LSTM" else layers.SimpleRNN
            layer = plain(units, use_bias=biases > 0, return_sequences=whole)
        layer = layers.Bidirectional(layer) if bi else layer
        layer.trainable = trainable
        stack.append(layer)
    return stack[0] if count == 1 else keras.Sequential(stack)


def repeat_steps(x, steps):
    """Return a vector as a sequence of so many equal steps."""
    return ops.repeat(ops.expand_dims(x, 1), steps, axis=1)


class Attention(layers.Layer):
    """Multi-head attention of a sequence to itself, or to another one."""

    def __init__(self, heads, size, out, use_bias=True, **options):
        super().__init__(**options)
        self.attend = layers.MultiHeadAttention(heads, size, output_shape=out, use_bias=use_bias)

    def call(self, x, source=None):
        return self.attend(x, x if source is None else source)


class Param(layers.Layer):
    """A learned tensor; the running value is ignored."""

    def __init__(self, *size, **options):
        super().__init__(**options)
        self.value = self.add_weight(shape=size)

    def call(self, x):
        zeros = ops.zeros((x.shape[0] or 1, *(1 for _ in self.value.shape)))
        return ops.expand_dims(self.value, 0) + zeros


class Opaque(layers.Layer):
    """A part that the spec does not describe: its number of parameters, and zeros of its size."""

    def __init__(self, size, params=0, **options):
        super().__init__(**options)
        self.size = size
        self.parameters = self.add_weight(shape=(params,)) if params else None

    def call(self, x):
        return ops.zeros((x.shape[0] or 1, *self.size))


def roi_pool(x, *levels, size):
    """Return the maxima of a grid over one region: here the whole map, or the finest of a pyramid."""
    return adaptive_pool(max((x, *levels), key=lambda level: level.shape[-2]), size, "max")


def roi_align(x, *levels, size, samples=2):
    """Return averages of interpolated samples on a grid over one region: here the whole map, or the finest level."""
    finest = max((x, *levels), key=lambda level: level.shape[-2])
    made = interpolate(finest, [cells * samples for cells in size], "linear")
    return ops.average_pool(made, samples, samples, data_format="channels_first")


def dot(x, y):
    """Return the scalar product of two vectors."""
    return ops.sum(x * y, axis=1, keepdims=True)
