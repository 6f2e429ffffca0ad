"""What archgen refuses although Keras builds it, each with what goes wrong there later."""

import os
import subprocess
import sys
from typing import Any

import numpy as np  # noqa: TID253 - images are arrays
import pytest

import archgen
from archgen.ir import Refusal
from tests.keras_layer.cases import Case
from tests.keras_layer.specs import spec

pytestmark = pytest.mark.keras

IMAGE = np.ones((3, 8, 9, 4), "float32")


def refused(entry: dict[str, Any], reason: str) -> None:
    (fault,) = archgen.check(spec(entry))
    assert reason in fault.message


# ── convolutions by channel with unequal strides ──────────────────────────────────────────────────

WITHOUT_ONEDNN = """
import keras, numpy, sys
layer = getattr(keras.layers, sys.argv[1])(kernel_size=3, strides=tuple(map(int, sys.argv[2])))
try:
    print(layer(numpy.ones((1, 8, 9, 4))).shape)
except Exception as error:
    print(error)
"""


def without_onednn(strides: str) -> str:
    """Return what TensorFlow's own kernel answers, as it runs on GPUs and other processors."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ONEDNN, "DepthwiseConv2D", strides],
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return done.stdout


def test_tensorflow_has_no_kernel_for_unequal_strides_by_channel() -> None:
    assert "(1, 3, 4, 4)" in without_onednn("22")
    assert "equal length strides" in without_onednn("12")
    for own in ({"op": "depthwise_conv"}, {"op": "separable_conv", "filters": 3}):
        refused({**own, "kernel_size": 3, "strides": [1, 2]}, "must be equal")


# ── transposed convolutions that leave the last position no place ─────────────────────────────────


@pytest.mark.parametrize(
    ("kernel", "strides", "dilation"), [(2, 3, 1), (4, 2, 1), (2, 1, 1), (2, 1, 3)]
)
def test_an_even_window_needs_output_padding(
    kernel: int, strides: int, dilation: int, keras: Any
) -> None:
    import tensorflow as tf

    own = {"kernel_size": kernel, "strides": strides, "dilation_rate": dilation}
    fields = {"filters": 3, "padding": "same", "output_padding": 0, **own}
    layer = keras.layers.Conv2DTranspose(**fields)
    assert layer.compute_output_shape((None, 8, 9, 4))
    with pytest.raises(tf.errors.AbortedError):
        layer(IMAGE)
    refused({"op": "conv_transpose", **fields}, "has no place")


# ── dropout whose noise does not fit ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("noise", [[None, 1, 1], [None, 2, 1, 4], [None, 1, 1, 1, 4]])
def test_noise_that_does_not_fit_breaks_training(noise: list[int | None], keras: Any) -> None:
    layer = keras.layers.Dropout(0.5, noise_shape=noise)
    assert layer(keras.Input((8, 9, 4))).shape == (None, 8, 9, 4)
    try:
        assert layer(IMAGE, training=True).shape != IMAGE.shape
    except Exception as error:  # noqa: BLE001 - TensorFlow's own kinds
        assert "Dropout" in str(error)
    with pytest.raises(Refusal):
        Case("dropout", {"rate": 0.5, "noise_shape": noise}).op().infer(((8, 9, 4),))


# ── interpolations ────────────────────────────────────────────────────────────────────────────────


def test_an_average_over_areas_has_no_gradient(keras: Any) -> None:
    import tensorflow as tf

    for way, is_offered in (("area", False), ("bilinear", True)):
        image = tf.constant(IMAGE)
        with tf.GradientTape() as tape:
            tape.watch(image)
            answer = tf.reduce_sum(keras.layers.Resizing(5, 6, interpolation=way)(image))
        entry = {"op": "resize", "height": 5, "width": 6, "interpolation": way}
        assert (not archgen.check(spec(entry))) == is_offered
        if is_offered:
            assert tape.gradient(answer, image) is not None
        else:
            with pytest.raises(LookupError):
                tape.gradient(answer, image)


def test_antialias_changes_nothing_of_the_nearest(keras: Any) -> None:
    image = np.random.default_rng(1).normal(size=IMAGE.shape)
    plain, other = (
        np.asarray(keras.layers.Resizing(3, 4, interpolation="nearest", antialias=way)(image))
        for way in (False, True)
    )
    assert np.array_equal(plain, other)
    entry = {"op": "resize", "height": 3, "width": 4, "interpolation": "nearest"}
    refused({**entry, "antialias": True}, "no meaning")


# ── shapes ────────────────────────────────────────────────────────────────────────────────────────


def test_features_are_not_resized(keras: Any) -> None:
    layer = keras.layers.Resizing(2, 3)
    assert layer.compute_output_shape((None, 9))
    with pytest.raises(IndexError):
        layer(np.ones((1, 9)))
    with pytest.raises(Refusal):
        Case("resize", {"height": 2, "width": 3}).op().infer(((9,),))
