"""Keras's other backends, where they are installed: build, train and load what TensorFlow saved.

Keras's NumPy backend needs JAX, too, and trains nothing.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np  # noqa: TID253 - answers are arrays
import pytest

import archgen
from tests.keras_layer.specs import COMPOSED, PLAIN, conv, spec
from tests.keras_layer.test_response_norm import NORMS, images, of_tensorflow

pytestmark = pytest.mark.keras

NEEDED = {"numpy": "jax", "jax": "jax", "torch": "torch"}
SPECS = {
    "composed": spec(*COMPOSED),
    "plain": spec(*PLAIN),
    "trained": spec(
        conv("first", norm="batch_norm", activation="relu"),
        {"op": "local_response_norm", "size": 5},
        {"op": "global_avg_pool"},
        {"op": "dense", "units": 3, "activation": "softmax", "name": "predictions"},
        heads={"side": {"from": "first", "loss_weight": 0.3, "layers": [
            {"op": "global_max_pool"}, {"op": "dense", "units": 3, "activation": "softmax"}]}},
    ),
    **{
        f"norm_{index}": spec(
            {"op": "local_response_norm", **norm._asdict()}, shape=images().shape[1:]
        )
        for index, norm in enumerate(NORMS)
    },
}  # fmt: skip

# Runs without pytest, under another backend.
PROGRAM = """
import json, sys
import archgen, keras, numpy

specs = json.load(open("specs.json"))
answers = {}

def answer(model, images):
    return keras.ops.convert_to_numpy(model(images, training=False))

for name in ("composed", "plain"):
    images = numpy.load("images.npy")
    answers[f"{name}-loaded"] = answer(keras.models.load_model(f"{name}.keras"), images)
    answers[f"{name}-built"] = answer(archgen.build(specs[name], weights=f"{name}.keras"), images)
for name in specs:
    if name.startswith("norm"):
        answers[name] = answer(archgen.build(specs[name]), numpy.load("maps.npy"))
numpy.savez("answers.npz", **answers)

kept, losses = None, {}
if keras.backend.backend() != "numpy":
    model = archgen.build(specs["trained"], seed=1)
    before = {v.path: keras.ops.convert_to_numpy(v) for v in model.weights}
    labels = dict.fromkeys(model.output, numpy.arange(4) % 3)
    given = numpy.random.default_rng(2).uniform(-1, 1, (4, 8, 9, 4))
    model.compile("sgd", dict.fromkeys(labels, "sparse_categorical_crossentropy"))
    losses = model.train_on_batch(given, labels, return_dict=True)
    after = {v.path: keras.ops.convert_to_numpy(v) for v in model.weights}
    kept = [path for path in before if numpy.array_equal(before[path], after[path])]
told = {name: float(loss) for name, loss in losses.items()}
print(json.dumps([keras.backend.backend(), "tensorflow" in sys.modules, kept, told]))
"""


class Run(NamedTuple):
    """What the program told and answered under one backend, and what TensorFlow answers."""

    backend: str
    told: list[Any]
    answers: dict[str, np.ndarray[Any, Any]]
    expected: dict[str, np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the specs, two models that TensorFlow saved, and images."""
    made = tmp_path_factory.mktemp("backends")
    (made / "specs.json").write_text(json.dumps(SPECS), encoding="utf-8")
    given = np.random.default_rng(6).normal(0.0, 1.0, (2, 8, 9, 4)).astype("float32")
    np.save(made / "images.npy", given)
    np.save(made / "maps.npy", images())
    expected: Any = {}
    for name in ("composed", "plain"):
        model = archgen.build(SPECS[name], seed=3)
        model.save(made / f"{name}.keras")
        expected[name] = np.asarray(model(given, training=False))
    np.savez(made / "expected.npz", **expected)
    return made


@pytest.fixture(scope="module", params=NEEDED)
def ran(request: pytest.FixtureRequest, folder: Path) -> Run:
    backend: str = request.param
    if importlib.util.find_spec(NEEDED[backend]) is None:
        pytest.skip(f"{NEEDED[backend]} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    answers, expected = np.load(folder / "answers.npz"), np.load(folder / "expected.npz")
    return Run(backend, told, dict(answers), dict(expected))


def test_it_ran_on_that_backend_and_needed_no_tensorflow(ran: Run) -> None:
    assert ran.told[:2] == [ran.backend, False]


@pytest.mark.parametrize("way", ["loaded", "built"])
@pytest.mark.parametrize("name", ["composed", "plain"])
def test_a_model_answers_as_under_tensorflow(name: str, way: str, ran: Run) -> None:
    answer = ran.answers[f"{name}-{way}"]
    assert np.unique(answer).size > 1
    np.testing.assert_allclose(answer, ran.expected[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("index", range(len(NORMS)))
def test_response_normalisation_is_that_of_tensorflow(index: int, ran: Run) -> None:
    wanted = of_tensorflow(NORMS[index], NORMS[index].alpha / NORMS[index].size)
    assert abs(ran.answers[f"norm_{index}"] - wanted).max() <= 1e-6 * abs(wanted).max()


def test_a_training_step_changes_every_weight_of_trunk_and_head(ran: Run) -> None:
    kept, losses = ran.told[2:]
    if ran.backend == "numpy":
        pytest.skip("Keras's NumPy backend does not train")
    assert kept == []
    assert {"predictions_loss", "side_loss"} <= losses.keys()
    assert np.isfinite(list(losses.values())).all()
