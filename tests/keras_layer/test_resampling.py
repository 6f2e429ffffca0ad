"""What Keras takes as the nearest pixel is one of those told, whatever floats do."""

from itertools import product
from typing import Any

import numpy as np  # noqa: TID253 - images are arrays
import pytest

from archgen.ops.resampling import resampled

pytestmark = pytest.mark.keras

SIZES = (1, 2, 3, 5, 6, 7, 10, 11, 12, 23, 24, 26, 28, 37, 56, 112, 224, 299)


def test_the_nearest_pixel_is_one_of_those_told(keras: Any) -> None:
    between, rounded = 0, 0
    for size, new in product(SIZES, SIZES):
        turns = resampled(size, new, "nearest")
        assert turns is not None
        image = np.arange(size, dtype="float32").reshape(1, size, 1, 1)
        taken = np.asarray(keras.layers.Resizing(new, 1, interpolation="nearest")(image)).ravel()
        for output, position in enumerate(taken):
            rounds, turn = divmod(output, len(turns.spans))
            first, last = (end + rounds * turns.stride for end in turns.spans[turn])
            assert first <= position <= last
            between += first < last
            rounded += position < last
    assert between > rounded > 0
