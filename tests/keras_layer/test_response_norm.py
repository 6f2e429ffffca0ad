"""Local response normalisation is TensorFlow's, with the alpha of Caffe."""

from typing import Any, NamedTuple

import numpy as np  # noqa: TID253 - maps are arrays
import pytest

import archgen
from tests.keras_layer.specs import spec

pytestmark = pytest.mark.keras


class Norm(NamedTuple):
    """The fields of the op; TensorFlow's ``depth_radius`` knows odd sizes only."""

    size: int
    alpha: float
    beta: float
    k: float


NORMS = [
    Norm(5, 1e-4, 0.75, 1.0),  # Caffe's, of GoogLeNet
    Norm(5, 5e-4, 0.75, 2.0),  # the paper's, its alpha not divided
    Norm(1, 0.5, 0.5, 1.0),
    Norm(3, 2.0, 1.0, 0.1),
    Norm(9, 1.0, 0.25, 3.0),  # wider than the map has channels
]


def images() -> np.ndarray[Any, Any]:
    """Return maps with values of the size of pixels, so that the smallest alpha counts."""
    return np.random.default_rng(5).normal(0.0, 100.0, (2, 6, 5, 8)).astype("float32")


def of_tensorflow(norm: Norm, alpha: float) -> np.ndarray[Any, Any]:
    import tensorflow as tf

    answer = tf.nn.local_response_normalization(
        images(), depth_radius=norm.size // 2, bias=norm.k, alpha=alpha, beta=norm.beta
    )
    return np.asarray(answer)


@pytest.mark.parametrize("norm", NORMS)
def test_it_is_that_of_tensorflow_with_alpha_divided_by_size(norm: Norm) -> None:
    entry = {"op": "local_response_norm", **norm._asdict()}
    answer = np.asarray(archgen.build(spec(entry, shape=(6, 5, 8)))(images()))
    wanted = of_tensorflow(norm, norm.alpha / norm.size)
    assert abs(answer - wanted).max() <= 1e-6 * abs(wanted).max()
    if norm.size > 1:
        undivided = of_tensorflow(norm, norm.alpha)
        assert abs(answer - undivided).max() > 1e-2 * abs(undivided).max()
