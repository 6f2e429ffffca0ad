"""A training step reaches every weight, of every head."""

from typing import Any

import numpy as np  # noqa: TID253 - images and weights are arrays
import pytest

import archgen
from tests.keras_layer.arrays import arrays, unchanged

pytestmark = pytest.mark.keras

CASES = [
    pytest.param("inception_v4_mnist", None, {}, 8, id="mnist"),
    pytest.param("inception_v4_mnist_tiny", None, {}, 8, id="tiny"),
    pytest.param("inception_v4_cifar", None, {}, 8, id="cifar"),
    pytest.param("inception_v4_mnist_tiny", None, {"aux": True}, 8, id="tiny-aux"),
    pytest.param("inception_v4", (107, 107, 3), {"classes": 5}, 4, id="v4-at-107"),
]


def images(model: Any, count: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).uniform(-1, 1, (count, *model.input_shape[1:]))


def step(model: Any, count: int) -> dict[str, float]:
    """Train one batch on random labels, with a loss for each output; return the losses."""
    outputs = model.output if isinstance(model.output, dict) else {"": model.output}
    losses = dict.fromkeys(outputs, "sparse_categorical_crossentropy")
    labels = {name: np.arange(count) % tensor.shape[-1] for name, tensor in outputs.items()}
    plain = "" in outputs
    model.compile("sgd", losses[""] if plain else losses, run_eagerly=True)
    target = labels[""] if plain else labels
    found: dict[str, float] = model.train_on_batch(images(model, count), target, return_dict=True)
    return found


@pytest.mark.parametrize(("name", "shape", "parameters", "count"), CASES)
def test_a_training_step_changes_every_weight(
    name: str, shape: Any, parameters: dict[str, Any], count: int
) -> None:
    model = archgen.build(name, shape, seed=1, **parameters)
    before = arrays(model)
    losses = step(model, count)
    assert np.isfinite(list(losses.values())).all()
    assert len(before) > 100
    assert unchanged(before, model) == []


def test_each_head_has_a_loss_of_its_own() -> None:
    model = archgen.build("inception_v4_mnist_tiny", seed=1, aux=True)
    losses = step(model, 4)
    assert {"predictions_loss", "aux_loss"} <= set(losses)
    assert losses["predictions_loss"] != losses["aux_loss"]
    assert losses["loss"] == pytest.approx(
        losses["predictions_loss"] + losses["aux_loss"], rel=0.01
    )


def test_the_loss_of_one_head_alone_leaves_the_layers_of_the_other() -> None:
    model = archgen.build("inception_v4_mnist_tiny", seed=1, aux=True)
    before = arrays(model)
    model.compile("sgd", {"aux": "sparse_categorical_crossentropy"}, run_eagerly=True)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        model.train_on_batch(images(model, 4), {"aux": np.arange(4)})
    trained = {weight.path for weight in model.trainable_weights}
    kept = {path.partition(".")[0] for path in unchanged(before, model) if path in trained}
    assert kept == {"reduction_b", "inception_c_1", "classifier"}


@pytest.mark.full
def test_a_tiny_network_learns() -> None:
    model = archgen.build("inception_v4_mnist_tiny", seed=1, classes=2, dropout=0.0)
    given = images(model, 16)
    labels = np.arange(16) % 2
    given[labels == 1, :, :14] += 1.0
    model.compile("adam", "sparse_categorical_crossentropy")
    losses = model.fit(given, labels, batch_size=16, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
