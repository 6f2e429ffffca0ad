"""The shipped Inception-v4 is the one that a Keras programmer writes by hand, weight by weight.

Layers are paired by their place in the two graphs, found by walking back from the output, and not
by name or by the order they were made in.
"""

import json
from math import prod
from typing import Any

import pytest

import archgen
from archgen.library import specs_folder

pytestmark = pytest.mark.keras

# Not square and never down to 1×1, so that a 1×3 kernel is not the same as a 3×1.
INPUT_SHAPE = (107, 139, 3)
CONVOLUTIONS = 149
PARAMS = 42_711_400


@pytest.fixture(scope="module")
def handwritten() -> Any:
    """Return the hand-written model with random weights and moving statistics."""
    import numpy as np

    from benchmarks.handwritten import inception_v4

    model = inception_v4(INPUT_SHAPE)
    random = np.random.default_rng(4)
    for layer in layers(model):
        layer.set_weights([drawn(random, weight) for weight in layer.weights])
    return model


@pytest.fixture(scope="module")
def built() -> Any:
    return archgen.build("inception_v4", INPUT_SHAPE)


def drawn(random: Any, weight: Any) -> Any:
    """Return random values that keep the size of what runs through the network."""
    if weight.name == "kernel":
        return random.normal(0, (2 / prod(weight.shape[:-1])) ** 0.5, weight.shape)
    if weight.name == "moving_variance":
        return random.uniform(0.5, 1.5, weight.shape)
    return random.normal(0, 0.1, weight.shape)


def layers(model: Any) -> list[Any]:
    """Return a model's layers depth first: what enters a layer stands before it, in its order."""
    found: dict[Any, None] = {}
    walk(model.output, found)
    return list(found)


def walk(tensor: Any, found: dict[Any, None]) -> None:
    history = tensor._keras_history
    if history.operation in found:
        return
    node = history.operation._inbound_nodes[history.node_index]
    for entering in node.input_tensors:
        walk(entering, found)
    found[history.operation] = None


def difference(source: Any, target: Any) -> float:
    """Return the largest difference, in parts of the largest output, under the same weights."""
    import numpy as np

    for given, taken in zip(layers(source), layers(target), strict=True):
        taken.set_weights(given.get_weights())
    images = np.random.default_rng(5).uniform(-1, 1, (2, *INPUT_SHAPE)).astype("float32")
    expected, answer = answered(source, images), answered(target, images)
    assert expected.max() > 2 * expected.mean()  # not the flat answer that any network gives
    return float(abs(answer - expected).max() / expected.max())


def answered(model: Any, images: Any) -> Any:
    import keras

    return keras.ops.convert_to_numpy(model(images, training=False))


def edited(module: str, branch: str, index: int, **changes: Any) -> dict[str, Any]:
    """Return the shipped spec with one entry changed."""
    path = specs_folder() / "inception_v4.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    document["modules"][module]["branches"][branch][index] |= changes
    return document


def test_the_same_weights_give_the_same_answer(handwritten: Any, built: Any) -> None:
    assert difference(handwritten, built) <= 1e-5


def test_another_pool_gives_another_answer(handwritten: Any) -> None:
    other = edited("inception_c", "pool", 0, op="max_pool", strides=1, padding="same")
    assert difference(handwritten, archgen.build(other, INPUT_SHAPE)) > 1e-2


def test_a_turned_kernel_does_not_take_the_weights(handwritten: Any) -> None:
    other = edited("inception_b", "single", 1, kernel_size=[7, 1])
    with pytest.raises(ValueError, match="shape"):
        difference(handwritten, archgen.build(other, INPUT_SHAPE))


def test_both_have_the_convolutions_and_parameters_of_inception_v4(
    handwritten: Any, built: Any
) -> None:
    import keras

    for model in (handwritten, built):
        kinds = [type(layer) for layer in model.layers]
        assert kinds.count(keras.layers.Conv2D) == CONVOLUTIONS
        assert model.count_params() == PARAMS
