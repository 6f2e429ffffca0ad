"""What TensorFlow saved answers the same under Keras's other backends, where they are installed.

Keras's NumPy backend needs JAX, too.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - answers are arrays
import pytest

import archgen
from tests.keras_layer.specs import COMPOSED, PLAIN, spec

pytestmark = pytest.mark.keras

NEEDED = {"numpy": "jax", "jax": "jax", "torch": "torch"}
PROGRAM = """
import keras, numpy
model = keras.models.load_model("model.keras")
answer = keras.ops.convert_to_numpy(model(numpy.load("images.npy"), training=False))
numpy.save("answer.npy", answer)
print(keras.backend.backend())
"""


@pytest.fixture(params=[COMPOSED, PLAIN], ids=["composed", "plain"])
def expected(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Return TensorFlow's answer; the model and its images lie in the folder."""
    model = archgen.build(spec(*request.param), seed=3)
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(6).normal(0.0, 1.0, (2, 8, 9, 4)).astype("float32")
    np.save(tmp_path / "images.npy", images)
    return np.asarray(model(images, training=False))


@pytest.mark.parametrize("backend", NEEDED)
def test_a_saved_model_answers_the_same(backend: str, expected: Any, tmp_path: Path) -> None:
    if importlib.util.find_spec(NEEDED[backend]) is None:
        pytest.skip(f"{NEEDED[backend]} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [backend]
    answer = np.load(tmp_path / "answer.npy")
    assert np.unique(answer).size > 1
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-5)
