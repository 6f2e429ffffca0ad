"""A naive NumPy forward pass, one function an op, from the op's fields and first principles alone.

It also counts the multiplications of convolutions and dense layers, one for each tap, channel and
filter at each output position. Taps on padding count like any other, as in MACs. An array is one
image, height × width × channels, or its features; a NaN that is looked at comes out again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np  # noqa: TID253 - an oracle of arrays, never imported by archgen
import numpy.typing as npt  # noqa: TID253

from archgen.ir import Graph, Op
from archgen.ops.conv import Conv
from archgen.ops.dense import Dense, Flatten
from archgen.ops.depthwise import DepthwiseConv, SeparableConv
from archgen.ops.join import Add, Average, Concat, Maximum, Minimum, Multiply
from archgen.ops.norm import BatchNorm
from archgen.ops.pointwise import Activation, Dropout, Rescale
from archgen.ops.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from archgen.ops.transpose import ConvTranspose
from tests.reference_activations import ACTIVATIONS
from tests.reference_maps import (
    crop,
    layer_norm,
    local_response_norm,
    permute,
    reshape,
    resize,
    up_sample,
    zero_pad,
)

Array = npt.NDArray[np.float64]
Weights = Mapping[str, Array]


class Answer(NamedTuple):
    """What an op makes of its inputs, and how often it multiplied for it."""

    value: Array
    multiplications: int = 0


def forward(op: Op, inputs: Sequence[Array], weights: Weights | None = None) -> Answer:
    """Return the answer of one op at inference."""
    answer = KINDS[op.kind](op, inputs, weights or {})
    return answer if isinstance(answer, Answer) else Answer(answer)


def run(
    graph: Graph, images: Mapping[str, Array], weights: Mapping[str, Weights]
) -> dict[str, Answer]:
    """Return the answer of every node by name; ``weights`` are by node, then by their own name."""
    values, answers = dict(images), {}
    for node in graph:
        inputs = [values[name] for name in node.inputs]
        answers[node.name] = forward(node.op, inputs, weights.get(node.name))
        values[node.name] = answers[node.name].value
    return answers


def random_weights(
    names: Mapping[str, tuple[int, ...]], random: np.random.Generator
) -> dict[str, Array]:
    """Return weights of given shapes by name, small and of both signs; variances are positive."""
    drawn = {name: random.normal(0.0, 0.5, shape) for name, shape in names.items()}
    return {
        name: abs(value) + 0.1 if name == "moving_variance" else value
        for name, value in drawn.items()
    }


# ── windows ───────────────────────────────────────────────────────────────────────────────────────


class Line(NamedTuple):
    """One axis: the positions of each window's taps on the map, where 0 is the map's first.

    Positions outside ``padded`` belong to nobody, those outside ``map`` to the padding.
    """

    windows: list[list[int]]
    map: range
    padded: range


def line(op: Any, size: int, axis: int) -> Line:
    """Lay the windows of an op over one axis, each ``strides`` further than the one before it."""
    is_pool = hasattr(op, "pool_size")
    kernel = (op.pool_size if is_pool else op.kernel_size)[axis]
    stride = (op.strides or op.pool_size)[axis]
    dilation = 1 if is_pool else op.dilation_rate[axis]
    reach = (kernel - 1) * dilation + 1
    before, after = _padding(op.padding, axis, size, reach, stride)
    padded = range(-before, size + after)
    starts = _starts(padded, size, reach, stride, ceil_mode=getattr(op, "ceil_mode", False))
    windows = [[start + tap * dilation for tap in range(kernel)] for start in starts]
    return Line(windows, range(size), padded)


def _padding(padding: Any, axis: int, size: int, reach: int, stride: int) -> tuple[int, int]:
    """Return the positions in front and behind.

    ``same`` pads for one output at every stride begun, the odd position behind (TensorFlow's rule).
    """
    if padding == "same":
        last = max(range(0, size, stride))
        missing = max(last + reach - size, 0)
        return missing // 2, missing - missing // 2
    before, after = (0, 0) if padding == "valid" else padding[axis]
    return before, after


def _starts(padded: range, size: int, reach: int, stride: int, *, ceil_mode: bool) -> list[int]:
    """Return where windows begin: they end within the padding.

    With ``ceil_mode`` they go on while the window before, or where one would be, leaves something
    uncovered, as long as they begin on the map or in front of it (torch's rule).
    """
    starts = range(padded.start, size, stride)
    if ceil_mode:
        return [start for start in starts if start - stride + reach < padded.stop]
    return [start for start in padded[::stride] if start + reach <= padded.stop]


def lines(op: Any, image: Array) -> tuple[Line, Line]:
    """Lay the windows of an op over height and width."""
    return line(op, image.shape[0], 0), line(op, image.shape[1], 1)


def conv(op: Conv, inputs: Sequence[Array], weights: Weights) -> Answer:
    """Multiply each tap's channels with its filters, group by group; padding is 0."""
    image, kernel = inputs[0], weights["kernel"]
    share = (image.shape[2] // op.groups, op.filters // op.groups)
    assert kernel.shape == (*op.kernel_size, share[0], op.filters)
    rows, columns = lines(op, image)
    value = np.zeros((len(rows.windows), len(columns.windows), op.filters))
    multiplications = 0
    for i, j in np.ndindex(value.shape[:2]):
        for a, b in np.ndindex(op.kernel_size):
            pixel = _pixel(image, rows.windows[i][a], columns.windows[j][b])
            for group in range(op.groups):
                read = slice(group * share[0], (group + 1) * share[0])
                made = slice(group * share[1], (group + 1) * share[1])
                value[i, j, made] += pixel[read] @ kernel[a, b, :, made]
                multiplications += kernel[a, b, :, made].size
    return Answer(_biased(value, op.use_bias, weights), multiplications)


def depthwise_conv(op: DepthwiseConv, inputs: Sequence[Array], weights: Weights) -> Answer:
    """Multiply each tap's channels with kernels of their own; padding is 0."""
    value, multiplications = by_channel(op, inputs[0], weights["kernel"])
    return Answer(_biased(value, op.use_bias, weights), multiplications)


def separable_conv(op: SeparableConv, inputs: Sequence[Array], weights: Weights) -> Answer:
    """Convolve by channel, then multiply each position's channels with the filters."""
    between, multiplications = by_channel(op, inputs[0], weights["depthwise_kernel"])
    value = np.zeros((*between.shape[:2], op.filters))
    for position in np.ndindex(value.shape[:2]):
        value[position] = between[position] @ weights["pointwise_kernel"][0, 0]
        multiplications += weights["pointwise_kernel"].size
    return Answer(_biased(value, op.use_bias, weights), multiplications)


def by_channel(op: Any, image: Array, kernel: Array) -> Answer:
    rows, columns = lines(op, image)
    value = np.zeros((len(rows.windows), len(columns.windows), *kernel.shape[2:]))
    multiplications = 0
    for i, j in np.ndindex(value.shape[:2]):
        for a, b in np.ndindex(op.kernel_size):
            pixel = _pixel(image, rows.windows[i][a], columns.windows[j][b])
            value[i, j] += pixel[:, np.newaxis] * kernel[a, b]
            multiplications += kernel[a, b].size
    return Answer(value.reshape(*value.shape[:2], -1), multiplications)


def conv_transpose(op: ConvTranspose, inputs: Sequence[Array], weights: Weights) -> Answer:
    """Add each position's filters to the outputs that its taps fall on; many fall outside."""
    image, kernel = inputs[0], weights["kernel"]
    axes = [spread_over(op, size, axis) for axis, size in enumerate(image.shape[:2])]
    value = np.zeros((axes[0][0], axes[1][0], op.filters))
    multiplications = 0
    for i, j in np.ndindex(image.shape[:2]):
        for a, b in np.ndindex(op.kernel_size):
            row, column = axes[0][1][i][a], axes[1][1][j][b]
            multiplications += kernel[a, b].size
            if 0 <= row < value.shape[0] and 0 <= column < value.shape[1]:
                value[row, column] += kernel[a, b] @ image[i, j]
    return Answer(_biased(value, op.use_bias, weights), multiplications)


def spread_over(op: ConvTranspose, size: int, axis: int) -> tuple[int, list[list[int]]]:
    """Return the output's size on an axis, and where the taps of each position fall.

    "same" cuts what is too much from both ends, the odd position behind (TensorFlow's rule).
    """
    kernel, stride, dilation = op.kernel_size[axis], op.strides[axis], op.dilation_rate[axis]
    reach = (kernel - 1) * dilation + 1
    covered = (size - 1) * stride + reach
    if op.output_padding is not None:
        base = covered if op.padding == "valid" else (size - 1) * stride + reach % 2
        outputs = base + op.output_padding[axis]
    else:
        outputs = size * stride if op.padding == "same" else covered + max(stride - reach, 0)
    cut = max(covered - outputs, 0) // 2
    taps = [[i * stride - cut + tap * dilation for tap in range(kernel)] for i in range(size)]
    return outputs, taps


def _pixel(image: Array, row: int, column: int) -> Array:
    on_map = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
    return image[row, column] if on_map else np.zeros(image.shape[2])


def _biased(value: Array, wanted: bool, weights: Weights) -> Array:
    assert wanted == ("bias" in weights)
    return value + weights["bias"] if wanted else value


def _pooled(op: Any, image: Array, pool: Callable[[Array, list[tuple[int, int]]], Array]) -> Array:
    """Give each window's values on the map, and its positions on map and padding, to ``pool``."""
    rows, columns = lines(op, image)
    value = np.zeros((len(rows.windows), len(columns.windows), image.shape[2]))
    for i, j in np.ndindex(value.shape[:2]):
        window = [(p, q) for p in rows.windows[i] for q in columns.windows[j]]
        seen = np.array([image[p, q] for p, q in window if p in rows.map and q in columns.map])
        known = [(p, q) for p, q in window if p in rows.padded and q in columns.padded]
        value[i, j] = pool(seen, known)
    return value


def max_pool(op: MaxPool, inputs: Sequence[Array], _: Weights) -> Array:
    """Take the largest value of the map; padding never wins."""
    return _pooled(op, inputs[0], lambda seen, _: np.max(seen, axis=0))


def avg_pool(op: AvgPool, inputs: Sequence[Array], _: Weights) -> Array:
    """Divide the sum by the positions on the map, or by those on map and padding."""

    def average(seen: Array, known: list[tuple[int, int]]) -> Array:
        total: Array = np.sum(seen, axis=0)
        return total / (len(known) if op.count_padding else len(seen))

    return _pooled(op, inputs[0], average)


def global_avg_pool(op: GlobalAvgPool, inputs: Sequence[Array], _: Weights) -> Array:
    """Average over height and width."""
    return np.asarray(np.mean(inputs[0], axis=(0, 1), keepdims=op.keepdims))


def global_max_pool(op: GlobalMaxPool, inputs: Sequence[Array], _: Weights) -> Array:
    """Take the maximum over height and width."""
    return np.asarray(np.max(inputs[0], axis=(0, 1), keepdims=op.keepdims))


# ── the rest ──────────────────────────────────────────────────────────────────────────────────────


def batch_norm(op: BatchNorm, inputs: Sequence[Array], weights: Weights) -> Array:
    """Standardise by the moving statistics, then scale by gamma and shift by beta."""
    assert (op.scale, op.center) == ("gamma" in weights, "beta" in weights)
    deviation = np.sqrt(weights["moving_variance"] + op.epsilon)
    standard = (inputs[0] - weights["moving_mean"]) / deviation
    return standard * weights.get("gamma", np.float64(1)) + weights.get("beta", np.float64(0))


def dense(op: Dense, inputs: Sequence[Array], weights: Weights) -> Answer:
    """Multiply the last axis with each unit's column, at every position."""
    features = inputs[0]
    value = np.zeros((*features.shape[:-1], op.units))
    multiplications = 0
    for position in np.ndindex(features.shape[:-1]):
        value[position] = features[position] @ weights["kernel"]
        multiplications += weights["kernel"].size
    shifted = _biased(value, op.use_bias, weights)
    return Answer(ACTIVATIONS[op.activation](shifted), multiplications)


def flatten(_op: Flatten, inputs: Sequence[Array], _: Weights) -> Array:
    """Read row by row, channels innermost."""
    return np.array([scalar for _, scalar in np.ndenumerate(inputs[0])])


def activation(op: Activation, inputs: Sequence[Array], _: Weights) -> Array:
    """Apply an activation by name."""
    return ACTIVATIONS[op.activation](inputs[0])


def dropout(_op: Dropout, inputs: Sequence[Array], _: Weights) -> Array:
    """Change nothing: this is inference."""
    return inputs[0]


def rescale(op: Rescale, inputs: Sequence[Array], _: Weights) -> Array:
    """Scale, then shift."""
    return inputs[0] * op.scale + op.offset


def concat(_op: Concat, inputs: Sequence[Array], _: Weights) -> Array:
    """Put channels side by side."""
    return np.concatenate(inputs, axis=-1)


def add(_op: Add, inputs: Sequence[Array], _: Weights) -> Array:
    """Sum scalar by scalar; a 1×1 map is spread."""
    return np.asarray(np.sum(_spread(inputs), axis=0))


def multiply(_op: Multiply, inputs: Sequence[Array], _: Weights) -> Array:
    """Multiply scalar by scalar; a 1×1 map is spread."""
    return np.asarray(np.prod(_spread(inputs), axis=0))


def average(_op: Average, inputs: Sequence[Array], _: Weights) -> Array:
    """Average scalar by scalar; a 1×1 map is spread."""
    return np.asarray(np.sum(_spread(inputs), axis=0) / len(inputs))


def maximum(_op: Maximum, inputs: Sequence[Array], _: Weights) -> Array:
    """Take the largest scalar; a 1×1 map is spread."""
    return np.asarray(np.max(_spread(inputs), axis=0))


def minimum(_op: Minimum, inputs: Sequence[Array], _: Weights) -> Array:
    """Take the smallest scalar; a 1×1 map is spread."""
    return np.asarray(np.min(_spread(inputs), axis=0))


def _spread(inputs: Sequence[Array]) -> Array:
    return np.array(np.broadcast_arrays(*inputs))


KINDS: Mapping[str, Callable[[Any, Sequence[Array], Weights], Array | Answer]] = {
    function.__name__: function
    for function in (
        *(conv, depthwise_conv, separable_conv, conv_transpose, dense, flatten, permute, reshape),
        *(max_pool, avg_pool, global_avg_pool, global_max_pool, up_sample, resize, crop, zero_pad),
        *(batch_norm, layer_norm, local_response_norm, activation, dropout, rescale),
        *(concat, add, multiply, average, maximum, minimum),
    )
}
