"""A naive NumPy forward pass, one function an op, from the op's fields and first principles alone.

It also counts the multiplications of convolutions and dense layers, one for each tap, channel and
filter at each output position. Taps on padding count like any other, as in MACs. An array is one
image, height × width × channels, or its features; a NaN that is looked at comes out again.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np  # noqa: TID253 - an oracle of arrays, never imported by archgen
import numpy.typing as npt  # noqa: TID253

from archgen.ir import Graph, Op
from archgen.ops.conv import Conv
from archgen.ops.dense import Dense, Flatten
from archgen.ops.join import Add, Average, Concat, Maximum, Minimum, Multiply
from archgen.ops.norm import BatchNorm
from archgen.ops.pointwise import Activation, Dropout, Rescale
from archgen.ops.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool

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
    kernel = (op.kernel_size if isinstance(op, Conv) else op.pool_size)[axis]
    stride = (op.strides or op.pool_size)[axis]
    dilation = op.dilation_rate[axis] if isinstance(op, Conv) else 1
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
        *(conv, max_pool, avg_pool, global_avg_pool, global_max_pool, batch_norm, dense, flatten),
        *(activation, dropout, rescale, concat, add, multiply, average, maximum, minimum),
    )
}

# ── activations, with Keras's defaults ────────────────────────────────────────────────────────────


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Array) -> Array:
    return np.log1p(np.exp(x))


def _hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def _elu(x: Array) -> Array:
    return np.where(x > 0, x, np.exp(x) - 1)


def _softmax(x: Array) -> Array:
    powers = np.exp(x)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _gelu(x: Array) -> Array:
    return np.asarray(x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))))


def _selu(x: Array) -> Array:
    """Klambauer et al. 2017, arXiv:1706.02515, equation 2."""
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))


def _sparse_plus(x: Array) -> Array:
    return np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4))


def _sparsemax(x: Array) -> Array:
    """Return the nearest point of the simplex: subtract what makes the positive rest sum to 1."""
    value = np.zeros_like(x)
    for position in np.ndindex(x.shape[:-1]):
        largest = np.sort(x[position])[::-1]
        cuts = [(largest[: n + 1].sum() - 1) / (n + 1) for n in range(largest.size)]
        cut = max(cut for n, cut in enumerate(cuts) if largest[n] > cut)
        value[position] = np.maximum(x[position] - cut, 0)
    return value


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "celu": _elu,
    "elu": _elu,
    "exponential": np.exp,
    "gelu": _gelu,
    "hard_shrink": lambda x: np.where(abs(x) <= 0.5, 0, x),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "hard_swish": lambda x: x * _hard_sigmoid(x),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "linear": lambda x: x,
    "log_sigmoid": lambda x: np.log(_sigmoid(x)),
    "log_softmax": lambda x: np.log(_softmax(x)),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": _selu,
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0),
    "softmax": _softmax,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "sparsemax": _sparsemax,
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "swish": lambda x: x * _sigmoid(x),
    "tanh": np.tanh,
    "tanh_shrink": lambda x: x - np.tanh(x),
}
