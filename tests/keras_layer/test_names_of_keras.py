"""Names that archgen takes from Keras: the reference and Keras know every one."""

import importlib
import inspect
from typing import Any

import pytest

import archgen
from archgen.ops import OPS
from archgen.ops.fields import ACTIVATIONS, INITIALIZERS, REGULARIZERS
from tests import reference, reference_activations
from tests.keras_layer.specs import spec

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


# The abstract bases, by which nothing can be made.
BASES = {"Initializer", "initializer", "Regularizer", "regularizer"}


@pytest.mark.parametrize(
    ("section", "names"), [("initializers", INITIALIZERS), ("regularizers", REGULARIZERS)]
)
def test_initializers_and_regularizers_are_those_that_keras_makes_of_a_name(
    section: str, names: tuple[str, ...], keras: Any
) -> None:
    module = getattr(keras, section)
    private = importlib.import_module(f"keras.src.{section}").ALL_OBJECTS_DICT
    asked = {name for name in {*vars(module), *private, *names} if makes(module.get, name)}
    assert set(names) == asked - BASES
    assert len(set(names)) == len(names)


def makes(get: Any, name: str) -> bool:
    """Say whether Keras makes something of a name, as itself and as a record's class."""
    config = {"value": 0.5} if name in ("Constant", "constant") else {}
    try:
        made = get({"class_name": name, "config": config})
        assert config or type(get(name)) is type(made)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("class_name", "config"),
    [("HeNormal", {"sed": 1}), ("RandomNormal", {"stddev": "x"}), ("Constant", {"value": "x"})],
)
def test_an_argument_that_keras_does_not_take_is_a_fault_of_the_build(
    class_name: str, config: dict[str, Any]
) -> None:
    """Some of these the backend refuses, with errors of its own."""
    record = {"class_name": class_name, "config": config}
    wrong = spec({"op": "dense", "units": 3, "kernel_initializer": record})
    assert not archgen.check(wrong)
    with pytest.raises(archgen.SpecError) as refusal:
        archgen.build(wrong)
    (fault,) = refusal.value.faults
    assert fault.place is not None
    assert (fault.code, fault.place.pointer) == ("E203", "/layers/0")
