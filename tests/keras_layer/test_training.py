"""A training step reaches every weight, of every head."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np  # noqa: TID253 - images and weights are arrays
import pytest

import archgen
from tests.keras_layer.arrays import Arrays, arrays, unchanged

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


def stepped(name: str, weights: Mapping[str, float]) -> tuple[dict[str, float], Arrays]:
    """Train one batch with a weight for each loss; return the losses and how weights moved."""
    model = archgen.build(name, seed=1, aux=True)
    before = arrays(model)
    losses = dict.fromkeys(model.output, "sparse_categorical_crossentropy")
    labels = {output: np.arange(4) % 3 for output in losses}
    model.compile("sgd", losses, loss_weights=dict(weights), run_eagerly=True)
    found: dict[str, float] = model.train_on_batch(images(model, 4), labels, return_dict=True)
    return found, {path: array - before[path] for path, array in arrays(model).items()}


def test_the_loss_weights_of_the_heads_change_heads_and_trunk() -> None:
    name = "googlenet_mnist"
    heads = archgen.graph(name, aux=True).loss_weights
    assert heads == {"aux1": 0.3, "aux2": 0.3}
    losses, moved = stepped(name, {"predictions": 1.0, **heads})
    weighed = [losses[f"{head}_loss"] * weight for head, weight in heads.items()]
    assert losses["loss"] == pytest.approx(losses["predictions_loss"] + sum(weighed), rel=1e-3)
    assert all(array.any() for array in moved.values())
    _, doubled = stepped(name, {"predictions": 1.0, **{head: 2 * heads[head] for head in heads}})
    _, without = stepped(name, {"predictions": 1.0, **dict.fromkeys(heads, 0.0)})
    for head in heads:
        kernel = [path for path in moved if path.startswith(head) and path.endswith("kernel")][-1]
        np.testing.assert_allclose(doubled[kernel], 2 * moved[kernel], rtol=1e-2, atol=1e-6)
        assert not without[kernel].any()
    trunk = next(path for path in moved if path.endswith("kernel"))
    assert without[trunk].any()
    assert abs(moved[trunk] - without[trunk]).max() > 1e-2 * abs(moved[trunk]).max()


@pytest.mark.parametrize("name", ["inception_v4_mnist_tiny", "googlenet_mnist"])
def test_a_network_built_without_heads_holds_none_of_their_weights(
    name: str, tmp_path: Path
) -> None:
    heads = archgen.graph(name, aux=True).loss_weights
    main, whole = archgen.build(name), archgen.build(name, aux=True)
    main.save_weights(tmp_path / "main.weights.h5")
    assert not {path for path in arrays(main) if path.partition(".")[0] in heads}
    of_heads = {path for path in arrays(whole) if path.partition(".")[0] in heads}
    assert of_heads
    assert arrays(main).keys() == arrays(whole).keys() - of_heads
    stored: list[str] = []
    with h5py.File(tmp_path / "main.weights.h5") as file:
        file.visititems(lambda _, group: stored.append(str(group.attrs.get("name", ""))))
    assert {layer.name for layer in main.layers if layer.weights} <= set(stored)
    assert not [layer for layer in stored if layer.partition(".")[0] in heads]


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
