"""Keras, imported when the first test asks for it, so that the fast layer never waits for it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # pictures of the machine, not faults


@pytest.fixture(scope="session")
def keras() -> Any:
    import keras

    return keras


@pytest.fixture
def keras_settings(keras: Any) -> Iterator[Any]:
    """Keras's configuration, put back when the test ends."""
    policy, layout = keras.config.dtype_policy(), keras.config.image_data_format()
    yield keras.config
    keras.config.set_dtype_policy(policy)
    keras.config.set_image_data_format(layout)
