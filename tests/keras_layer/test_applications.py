"""The shipped neighbours are keras.applications': the same parameters, the same answers."""

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import pytest

import archgen
from archgen.backends.verifying import TOLERANCE, verify

pytestmark = pytest.mark.keras


class Application(NamedTuple):
    """A model of keras.applications and the spec that states it.

    ``small`` is a height and width that are not equal and leave no map so small that a kernel
    reads nothing but padding beside one row; ``beside`` are non-trainable scalars of layers that
    map pixels, which a spec does not have.
    """

    spec: str
    function: str
    small: tuple[int, int]
    canonical: int = 224
    parameters: Mapping[str, Any] = {}
    arguments: Mapping[str, Any] = {}
    beside: int = 0

    def __str__(self) -> str:
        return "-".join([self.spec, *map(str, self.parameters.values())])

    def made(self, keras: Any, height: int, width: int) -> Any:
        """Return Keras's own model, its weights random, its answers logits."""
        function = getattr(keras.applications, self.function)
        shape = (height, width, 3)
        fixed = {"weights": None, "input_shape": shape, "classifier_activation": None}
        return function(**fixed, **self.arguments)

    def graph(self, height: int, width: int) -> archgen.Graph:
        """Return archgen's, its answers logits too."""
        fixed = {"classifier_activation": "linear", **self.parameters}
        return archgen.graph(self.spec, (height, width, 3), **fixed)


MOBILE = ("mobilenet_v2", "MobileNetV2", (65, 97), 224)
APPLICATIONS = (
    Application("inception_v3", "InceptionV3", (107, 139), 299),
    Application("inception_resnet_v2", "InceptionResNetV2", (107, 139), 299),
    Application("vgg16", "VGG16", (32, 64)),
    Application("resnet50", "ResNet50", (65, 97)),
    Application("densenet121", "DenseNet121", (65, 97)),
    *(Application(*MOBILE, {"alpha": alpha}, {"alpha": alpha}) for alpha in (0.35, 1, 1.4)),
    Application("xception", "Xception", (75, 107), 299),
    # The mean, variance and count of its Normalization layer, which a spec says by `pixels`.
    Application("efficientnet_b0", "EfficientNetB0", (65, 97), beside=7),
)
MORE = (Application("efficientnet_b3", "EfficientNetB3", (65, 97), 300, beside=7),)


def scalars(variables: Any) -> int:
    return sum(prod(variable.shape) for variable in variables)


@pytest.mark.parametrize("application", APPLICATIONS, ids=str)
def test_parameters_and_answers_are_those_of_keras(application: Application, keras: Any) -> None:
    same(application, keras, *application.small)


@pytest.mark.full
@pytest.mark.parametrize("application", APPLICATIONS + MORE, ids=str)
def test_answers_at_the_canonical_size_are_those_of_keras(
    application: Application, keras: Any
) -> None:
    same(application, keras, application.canonical, application.canonical)


def same(application: Application, keras: Any, height: int, width: int) -> None:
    other, graph = application.made(keras, height, width), application.graph(height, width)
    analysis = archgen.analyse(graph)
    assert analysis.trainable == scalars(other.trainable_weights)
    assert analysis.non_trainable == scalars(other.non_trainable_weights) - application.beside
    found = verify(graph, other)
    assert found.difference <= TOLERANCE
    assert found.first is None
    assert len(found.pairs) == sum(bool(measure.params) for measure in analysis.measures)


def test_another_pool_is_found_where_it_stands(keras: Any) -> None:
    application = APPLICATIONS[0]
    counted = archgen.graph(
        "inception_v3", (75, 75, 3), count_padding=True, classifier_activation="linear"
    )
    found = verify(counted, application.made(keras, 75, 75))
    assert found.first == "inception_a_1.pool.conv"
    assert found.difference > 1e-2
