"""Names that archgen takes from Keras: the reference and Keras know every one."""

import inspect
from typing import Any

import pytest

import archgen
from archgen.ops import OPS
from archgen.ops.fields import ACTIVATIONS
from tests import reference, reference_activations
from tests.keras_layer.specs import spec
from tests.keras_layer.test_fields import INITIALIZERS, REGULARIZERS, REQUIRED

pytestmark = pytest.mark.keras

NOT_POINTWISE = {"glu"}  # it halves the channels


def test_the_reference_knows_every_op_and_activation() -> None:
    assert set(reference.KINDS) == set(OPS)
    assert set(reference_activations.ACTIVATIONS) == set(ACTIVATIONS)


def test_the_activations_are_the_functions_of_one_tensor_that_keras_has(keras: Any) -> None:
    functions = {
        name: function
        for name, function in vars(keras.activations).items()
        if inspect.isfunction(function) and name not in ("get", "serialize", "deserialize")
    }
    of_one_tensor = {name for name, function in functions.items() if required(function) == 1}
    assert len(of_one_tensor) > 25
    assert set(ACTIVATIONS) == of_one_tensor - NOT_POINTWISE
    assert len(set(ACTIVATIONS)) == len(ACTIVATIONS)


def required(function: Any) -> int:
    """Return how many arguments a function needs."""
    parameters = inspect.signature(function).parameters.values()
    return sum(parameter.default is inspect.Parameter.empty for parameter in parameters)


@pytest.mark.parametrize(("kind", "name"), INITIALIZERS + REGULARIZERS)
def test_a_name_that_keras_does_not_know_is_a_fault(kind: str, name: str) -> None:
    layer = {"op": kind, **REQUIRED.get(kind, {}), name: "no_such_thing"}
    with pytest.raises(archgen.ArchgenError, match="no_such_thing"):
        archgen.build(spec(layer))
