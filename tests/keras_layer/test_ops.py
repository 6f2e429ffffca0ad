"""Every op in every way it can be told to work: Keras against the naive reference."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np  # noqa: TID253 - the reference speaks NumPy
import pytest

import archgen
from archgen.analysis import Measure
from archgen.ops import OPS
from tests import reference
from tests.keras_layer.cases import LEFT_OUT, WRONG_IN_KERAS, Case, cases, varied
from tests.reference_activations import ACTIVATIONS

pytestmark = pytest.mark.keras
NO_PADDING = ((0, 0), (0, 0))
MULTIPLY = ("conv_transpose", "dense")


@dataclass(frozen=True)
class Run:
    """A case, built, and what Keras and the reference answer for two images."""

    case: Case
    model: Any
    given: np.ndarray[Any, Any]
    answers: list[reference.Answer]

    @property
    def layer(self) -> Any:
        return self.model.get_layer("node")

    @property
    def measure(self) -> Measure:
        return archgen.analyse(self.case.graph()).measures[0]


@pytest.fixture(scope="module", params=cases(), ids=str)
def ran(request: pytest.FixtureRequest) -> Run:
    case: Case = request.param
    model, random = archgen.build(case.graph()), np.random.default_rng(7)
    weights = fill(model.get_layer("node"), random)
    images = [random.normal(0.0, 1.5, (2, *shape)) for shape in case.shapes]
    given = np.asarray(model(images if len(images) > 1 else images[0], training=False))
    answers = [reference.forward(case.op(), image, weights) for image in zip(*images, strict=True)]
    return Run(case, model, given, answers)


def fill(layer: Any, random: np.random.Generator) -> Mapping[str, reference.Array]:
    """Give a layer random weights and return them by name."""
    shapes = {variable.name: tuple(variable.shape) for variable in layer.weights}
    weights = reference.random_weights(shapes, random)
    layer.set_weights(list(weights.values()))
    return weights


def test_keras_answers_as_the_reference(ran: Run) -> None:
    wanted = np.stack([answer.value for answer in ran.answers])
    np.testing.assert_allclose(ran.given, wanted, rtol=1e-4, atol=1e-5)
    assert np.isfinite(wanted).all()
    assert np.unique(wanted).size > 1, "an answer that is the same everywhere shows nothing"


def test_the_shape_is_the_inferred_one(ran: Run) -> None:
    shape = ran.case.graph().by_name["node"].shape
    assert tuple(ran.model.output.shape) == (None, *shape)
    assert ran.given.shape[1:] == shape == ran.answers[0].value.shape


def test_weights_have_the_names_shapes_and_order_of_keras(ran: Run) -> None:
    made = [(v.name, tuple(v.shape), v.trainable) for v in ran.layer.weights]
    assert made == [tuple(weight) for weight in ran.case.op().weights(tuple(ran.case.shapes))]
    assert len(ran.model.weights) == len(made), "only the node's own layer has weights"


def test_macs_are_the_multiplications_that_the_reference_counts(ran: Run) -> None:
    # Output positions × taps × channels × filters: taps that lie on padding count.
    macs = ran.measure.macs
    assert [answer.multiplications for answer in ran.answers] == [macs, macs]
    assert (macs > 0) == (ran.case.kind.endswith("conv") or ran.case.kind in MULTIPLY)


def test_parameters_are_those_of_keras(ran: Run) -> None:
    trained = sum(math.prod(variable.shape) for variable in ran.layer.trainable_weights)
    moving = sum(math.prod(variable.shape) for variable in ran.layer.non_trainable_weights)
    assert (ran.measure.trainable, ran.measure.non_trainable) == (trained, moving)
    assert ran.measure.params == ran.layer.count_params()


def test_every_field_reaches_the_layer(ran: Run, keras: Any) -> None:
    config, fields = ran.layer.get_config(), dict(ran.case.op().__dict__)
    if "activation" in fields:  # two names are other names of others: swish is silu
        function = keras.activations.get(fields["activation"])
        fields["activation"] = keras.activations.serialize(function)
    if fields.get("strides", ...) is None:
        fields["strides"] = fields["pool_size"]
    is_padded = len(ran.case.op().call(tuple(ran.case.shapes))) > 1
    if is_padded or (fields.get("padding") == NO_PADDING and ran.case.kind != "zero_pad"):
        fields["padding"] = "valid"  # a call before the layer has padded
    shared = {name for name in fields if name in config and not name.endswith(LEFT_OUT)}
    assert {name: config[name] for name in shared} == {name: fields[name] for name in shared}


@pytest.mark.parametrize("kind", OPS)
def test_the_cases_vary_every_field(kind: str) -> None:
    fields = varied(kind)
    assert [name for name, values in fields.items() if len(values) < 2] == []
    assert kind in {case.kind for case in cases()}


@pytest.mark.parametrize("name", WRONG_IN_KERAS)
def test_an_activation_that_keras_computes_otherwise_still_does(name: str, keras: Any) -> None:
    # When Keras mends it, it belongs to the cases.
    features = np.array([[1.0, 0.8, -2.0], [0.1, 0.2, 0.15]])
    given = np.asarray(keras.activations.get(name)(features))
    assert not np.allclose(given, ACTIVATIONS[name](features), atol=0.01)
