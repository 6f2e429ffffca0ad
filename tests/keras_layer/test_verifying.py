"""What `verify` finds between a graph and another Keras model, and what it refuses."""

from typing import Any

import numpy as np  # noqa: TID253 - weights are arrays
import pytest

import archgen
from archgen.backends.verifying import TOLERANCE, Pair, Verification, verify
from tests.keras_layer.specs import conv, spec

pytestmark = pytest.mark.keras

SHAPE = (8, 9, 4)
NORMED = conv("first", 6, use_bias=False, norm="batch_norm", activation="relu")
CLASSIFIER = ({"op": "global_avg_pool"}, {"op": "dense", "name": "fc", "units": 3})


def handwritten(keras: Any, **changes: Any) -> Any:
    """Return the network of NORMED, a max pool and CLASSIFIER, the names its own."""
    epsilon, padding, units = (
        changes.get(name, default) for name, default in (("eps", 1e-3), ("pad", "valid"), ("n", 3))
    )
    image = keras.Input(SHAPE)
    x = keras.layers.Conv2D(6, 3, padding="same", use_bias=False, name="c")(image)
    x = keras.layers.BatchNormalization(epsilon=epsilon, name="bn")(x)
    x = keras.layers.MaxPooling2D(2, padding=padding)(keras.layers.ReLU()(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(units, name="d")(x))


def graph(*layers: dict[str, Any]) -> archgen.Graph:
    return archgen.graph(spec(*(layers or (NORMED, {"op": "max_pool"}, *CLASSIFIER))))


def test_the_same_network_agrees_and_every_pair_is_told(keras: Any) -> None:
    found = verify(graph(), handwritten(keras))
    assert found.difference <= TOLERANCE
    assert found.first is None
    assert found.pairs == (Pair("first", "c"), Pair("first.norm", "bn"), Pair("fc", "d"))


def test_the_weights_are_random_and_variances_positive(keras: Any) -> None:
    other, again, another = (handwritten(keras) for _ in range(3))
    verify(graph(), other, seed=3)
    verify(graph(), again, seed=3)
    verify(graph(), another, seed=4)
    weights = [model.get_weights() for model in (other, again, another)]
    assert all(map(np.array_equal, weights[0], weights[1]))
    assert not any(map(np.array_equal, weights[0], weights[2]))
    assert all(np.ptp(array) > 0 for array in weights[0])
    assert (other.get_layer("bn").get_weights()[3] > 0).all()


@pytest.mark.parametrize(
    ("changes", "first"), [({"eps": 1e-1}, "first.norm"), ({"pad": "same"}, "fc")]
)
def test_the_first_node_that_differs_is_named(
    changes: dict[str, Any], first: str, keras: Any
) -> None:
    found = verify(graph(), handwritten(keras, **changes))
    assert found.difference > 1e-3
    assert found.first == first


def test_a_difference_behind_the_last_weights_is_that_of_the_output(keras: Any) -> None:
    ours = graph(conv("first"), {"op": "activation", "activation": "relu", "name": "out"})
    image = keras.Input(SHAPE)
    other = keras.Model(image, keras.layers.Conv2D(4, 3, padding="same")(image))
    found = verify(ours, other)
    assert found.first == "out"
    assert found.difference > 1e-1


def test_values_that_are_no_numbers_never_agree(keras: Any) -> None:
    image = keras.Input(SHAPE)
    root = keras.layers.Activation(keras.ops.sqrt)(keras.layers.Conv2D(4, 1, name="c")(image))
    other = keras.Model(image, root)
    found = verify(graph(conv("first", kernel_size=1)), other)
    assert np.isnan(found.difference)
    assert found.first == "first"


def test_an_activation_inside_a_layer_is_compared_behind_it(keras: Any) -> None:
    image = keras.Input(SHAPE)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    found = verify(graph(conv("first", activation="relu")), keras.Model(image, x))
    assert found.first is None


def test_layers_are_paired_in_the_order_they_were_called(keras: Any) -> None:
    """Keras lists them by depth: the longer branch first."""
    image = keras.Input(SHAPE)
    short = keras.layers.Conv2D(4, 1, name="z_short")(image)
    long = keras.layers.Conv2D(4, 1, name="a_long")(keras.layers.ReLU()(image))
    other = keras.Model(image, keras.layers.Add()([long, short]))
    assert [layer.name for layer in other.layers if layer.weights] == ["a_long", "z_short"]
    point = {"op": "conv", "filters": 4, "kernel_size": 1}
    relu = {"op": "activation", "activation": "relu"}
    found = verify(graph({"join": "add", "branches": {"a": [point], "b": [relu, point]}}), other)
    assert found.first is None
    assert [pair.layer for pair in found.pairs] == ["z_short", "a_long"]


def test_what_maps_the_pixels_is_left_out(keras: Any) -> None:
    image = keras.Input(SHAPE)
    normalize = keras.layers.Normalization(mean=[1.0] * 4, variance=[2.0] * 4)
    x = normalize(keras.layers.Rescaling(1 / 255)(image))
    other = keras.Model(image, keras.layers.Conv2D(4, 3, padding="same")(x))
    assert verify(graph(conv("first")), other).first is None


def test_a_rescale_of_the_graph_itself_is_compared(keras: Any) -> None:
    image = keras.Input(SHAPE)
    x = keras.layers.Conv2D(4, 3, padding="same")(keras.layers.Rescaling(1 / 255)(image))
    for scale, first in ((1 / 255, None), (1 / 127, "first")):
        ours = graph({"op": "rescale", "scale": scale}, conv("first"))
        assert verify(ours, keras.Model(image, x)).first == first


def test_maps_of_other_sizes_differ(keras: Any) -> None:
    image = keras.Input(SHAPE)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image))
    found = verify(graph(conv("first"), CLASSIFIER[0]), keras.Model(image, x))
    assert found.first == "first"
    assert found.difference > 1e-3


def test_every_output_is_compared(keras: Any) -> None:
    heads = {"side": {"from": "first", "layers": [{"op": "flatten"}]}}
    ours = archgen.graph(spec(conv("first"), {"op": "global_avg_pool", "name": "out"}, heads=heads))
    image = keras.Input(SHAPE)
    x = keras.layers.Conv2D(4, 3, padding="same")(image)
    mean, flat = keras.layers.GlobalAveragePooling2D()(x), keras.layers.Flatten()(x)
    assert verify(ours, keras.Model(image, [mean, flat])).first is None
    doubled = verify(ours, keras.Model(image, [mean, keras.layers.Rescaling(2.0)(flat)]))
    assert doubled.first == "side.flatten"


REFUSED = [
    ([conv("first", 5), *CLASSIFIER], {}, "first` .* kernel 3×3×4×5.* `c` .* kernel 3×3×4×6"),
    ([conv("c", 6, use_bias=False), *CLASSIFIER], {}, "`fc` .* kernel 6×3, bias 3; `bn`"),
    ([NORMED, {"op": "conv", "name": "more", "filters": 3, "kernel_size": 1}, CLASSIFIER[0]],
     {}, "`more` of the graph has kernel 1×1×6×3, bias 3; `d` of the other model has kernel 6×3"),
    ([NORMED, CLASSIFIER[0], {"op": "rescale", "scale": 2}], {"n": 6},
     "the graph has no layer in its place; `d` of the other model"),
    ([NORMED, *CLASSIFIER, {"op": "dense", "name": "more", "units": 3}],
     {}, "`more` of the graph .*; the other model has no layer in its place"),
    ([NORMED, *CLASSIFIER], {"n": 4}, "the graph answers 3, the other model answers 4"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "changes", "message"), REFUSED)
def test_another_network_is_refused_by_both_names(
    layers: list[dict[str, Any]], changes: dict[str, Any], message: str, keras: Any
) -> None:
    with pytest.raises(archgen.MachineError, match=message) as error:
        verify(graph(*layers), handwritten(keras, **changes))
    assert [fault.code for fault in error.value.faults] == ["E506"]


def test_another_image_is_refused(keras: Any) -> None:
    ours = archgen.graph(spec(NORMED, *CLASSIFIER, shape=(9, 9, 4)))
    with pytest.raises(archgen.MachineError, match="takes 9×9×4, the other model takes 8×9×4"):
        verify(ours, handwritten(keras))


def subclassed(keras: Any) -> Any:
    class Net(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    return Net()


def two_images(keras: Any) -> Any:
    images = [keras.Input(SHAPE), keras.Input(SHAPE)]
    return keras.Model(images, keras.layers.Add()(images))


NOT_COMPARABLE = [
    (subclassed, "no layers that were called"),
    (lambda keras: keras.Sequential([keras.layers.Flatten()]), "no layers that were called"),
    (two_images, "2 inputs"),
]


@pytest.mark.parametrize(("made", "message"), NOT_COMPARABLE)
def test_a_model_without_one_image_is_refused(made: Any, message: str, keras: Any) -> None:
    with pytest.raises(archgen.MachineError, match=message):
        verify(graph(), made(keras))


def test_a_sequence_of_layers_and_a_named_input_are_models_too(keras: Any) -> None:
    ours = graph(conv("first"))
    layer = keras.layers.Conv2D(4, 3, padding="same")
    assert verify(ours, keras.Sequential([keras.Input(SHAPE), layer])).agrees
    image = keras.Input(SHAPE, name="image")
    other = keras.Model({"image": image}, keras.layers.Conv2D(4, 3, padding="same")(image))
    assert verify(ours, other).agrees


def test_a_node_that_differs_in_front_of_equal_answers_does_not_agree() -> None:
    assert Verification(0.0, None, ()).agrees
    assert not Verification(0.0, "first", ()).agrees
    assert not Verification(float("nan"), None, ()).agrees
