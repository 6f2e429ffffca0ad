"""The part of the reference that has no weights to multiply: maps arranged, resized, normalised.

Imported by ``reference``, whose conventions these functions follow.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np  # noqa: TID253 - an oracle of arrays, never imported by archgen
import numpy.typing as npt  # noqa: TID253

from archgen.ops.arrange import Crop, Permute, Reshape, ZeroPad
from archgen.ops.norm import LayerNorm, LocalResponseNorm
from archgen.ops.resample import Resize, UpSample

Array = npt.NDArray[np.float64]
Weights = Mapping[str, Array]


# ── arranged ──────────────────────────────────────────────────────────────────────────────────────


def permute(op: Permute, inputs: Sequence[Array], _: Weights) -> Array:
    """Put each scalar where its axes went."""
    image = inputs[0]
    value = np.zeros([image.shape[axis - 1] for axis in op.dims])
    for position in np.ndindex(value.shape):
        source = dict(zip(op.dims, position, strict=True))
        value[position] = image[tuple(source[axis] for axis in sorted(source))]
    return value


def reshape(op: Reshape, inputs: Sequence[Array], _: Weights) -> Array:
    """Read row by row and write row by row."""
    scalars = [scalar for _, scalar in np.ndenumerate(inputs[0])]
    known = math.prod(size for size in op.target_shape if size > 0)
    value = np.zeros([size if size > 0 else len(scalars) // known for size in op.target_shape])
    for position, scalar in zip(np.ndindex(value.shape), scalars, strict=True):
        value[position] = scalar
    return value


def crop(op: Crop, inputs: Sequence[Array], _: Weights) -> Array:
    """Leave the border away."""
    (top, bottom), (left, right) = op.cropping
    height, width, _channels = inputs[0].shape
    return inputs[0][top : height - bottom, left : width - right]


def zero_pad(op: ZeroPad, inputs: Sequence[Array], _: Weights) -> Array:
    """Lay the map into a larger one of zeros."""
    (top, bottom), (left, right) = op.padding
    height, width, channels = inputs[0].shape
    value = np.zeros((top + height + bottom, left + width + right, channels))
    value[top : top + height, left : left + width] = inputs[0]
    return value


# ── normalised ────────────────────────────────────────────────────────────────────────────────────


def layer_norm(op: LayerNorm, inputs: Sequence[Array], weights: Weights) -> Array:
    """Standardise each position's channels, then scale by gamma and shift by beta."""
    assert (op.scale, op.center) == ("gamma" in weights, "beta" in weights)
    value = np.zeros(inputs[0].shape)
    for position in np.ndindex(value.shape[:-1]):
        channels = inputs[0][position]
        deviation = math.sqrt(np.mean((channels - channels.mean()) ** 2) + op.epsilon)
        value[position] = (channels - channels.mean()) / deviation
    return value * weights.get("gamma", np.float64(1)) + weights.get("beta", np.float64(0))


def local_response_norm(op: LocalResponseNorm, inputs: Sequence[Array], _: Weights) -> Array:
    """Divide each channel by what its neighbours sum up to (torch's window: size // 2 in front)."""
    image = inputs[0]
    value = np.zeros(image.shape)
    for channel in range(image.shape[-1]):
        first = channel - op.size // 2
        near = [c for c in range(first, first + op.size) if 0 <= c < image.shape[-1]]
        total = sum(image[..., c] ** 2 for c in near)
        value[..., channel] = image[..., channel] / (op.k + op.alpha / op.size * total) ** op.beta
    return value


# ── resized ───────────────────────────────────────────────────────────────────────────────────────


def up_sample(op: UpSample, inputs: Sequence[Array], _: Weights) -> Array:
    """Resize to a whole multiple."""
    rows, columns = (size * by for size, by in zip(inputs[0].shape, op.size, strict=False))
    return _resized(inputs[0], (rows, columns), op.interpolation, antialias=False)


def resize(op: Resize, inputs: Sequence[Array], _: Weights) -> Array:
    """Resize to given sizes."""
    return _resized(inputs[0], (op.height, op.width), op.interpolation, antialias=op.antialias)


def _resized(image: Array, new: tuple[int, int], interpolation: str, *, antialias: bool) -> Array:
    value = image
    for axis, size in enumerate(new):
        mixed = _mixtures(value.shape[axis], size, interpolation, antialias=antialias)
        lines = np.moveaxis(value, axis, 0)
        made = [sum(float(share) * lines[i] for i, share in mixture.items()) for mixture in mixed]
        value = np.moveaxis(np.array(made), 0, axis)
    return value


def _mixtures(
    size: int, new: int, interpolation: str, *, antialias: bool
) -> Iterator[Mapping[int, Fraction | float]]:
    """Return the share of each position in each output, without those that have none."""
    scale = Fraction(size, new)
    for output in range(new):
        middle = (output + Fraction(1, 2)) * scale
        if interpolation == "nearest":
            yield {math.floor(middle): 1}
            continue
        spread = max(scale, Fraction(1)) if antialias else Fraction(1)
        distances = {i: (i + Fraction(1, 2) - middle) / spread for i in range(size)}
        shares = {i: KERNELS[interpolation](abs(d)) for i, d in distances.items()}
        total = sum(shares.values())
        yield {i: share / total for i, share in shares.items() if share}


def _triangle(x: Fraction) -> Fraction:
    return max(1 - x, Fraction(0))


def _keys(x: Fraction) -> Fraction:
    """Source: Keys, Cubic convolution interpolation, 1981, with a = -1/2."""
    if x >= 2:
        return Fraction(0)
    if x > 1:
        return -(x**3) / 2 + Fraction(5, 2) * x**2 - 4 * x + 2
    return Fraction(3, 2) * x**3 - Fraction(5, 2) * x**2 + 1


def _lanczos(radius: int) -> Callable[[Fraction], float]:
    def kernel(x: Fraction) -> float:
        if x >= radius or (x and x.denominator == 1):
            return 0.0
        return float(np.sinc(float(x)) * np.sinc(float(x / radius)))

    return kernel


KERNELS: Mapping[str, Callable[[Fraction], Any]] = {
    "bilinear": _triangle,
    "bicubic": _keys,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}
