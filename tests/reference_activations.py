"""The activations of the reference, with Keras's defaults; imported by ``reference``."""

import math
from collections.abc import Callable, Mapping

import numpy as np  # noqa: TID253 - an oracle of arrays, never imported by archgen
import numpy.typing as npt  # noqa: TID253

Array = npt.NDArray[np.float64]


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
