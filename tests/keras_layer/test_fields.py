"""The fields of the ops are Keras's own: names, defaults, and what they do in training."""

import inspect
from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np  # noqa: TID253 - weights come as arrays
import pytest

import archgen
from archgen.ir import Op
from archgen.ops import OPS
from archgen.ops.fields import as_sides
from tests.keras_layer.arrays import arrays
from tests.keras_layer.cases import Case

pytestmark = pytest.mark.keras

OURS = {"fixed", "ceil_mode", "count_padding"}  # no layer of Keras has these
REQUIRED: Mapping[str, dict[str, Any]] = {
    "conv": {"filters": 3, "kernel_size": 3},
    "depthwise_conv": {"kernel_size": 3},
    "separable_conv": {"filters": 3, "kernel_size": 3},
    "conv_transpose": {"filters": 3, "kernel_size": 3},
    "dense": {"units": 3},
    "avg_pool": {"pool_size": 2},
    "activation": {"activation": "relu"},
    "dropout": {"rate": 0.5},
    "rescale": {"scale": 2.0},
    "local_response_norm": {"size": 5},
    "permute": {"dims": (2, 1, 3)},
    "reshape": {"target_shape": (42, 4)},
    "resize": {"height": 5, "width": 8},
}
STOCK = {kind: op for kind, op in OPS.items() if hasattr(op, "keras")}
# Keras calls the kernel of a depthwise convolution alone like any other.
CALLED = {("depthwise_conv", "depthwise"): "kernel"}


def test_what_keras_lacks_is_composed() -> None:
    assert OPS.keys() - STOCK.keys() == {"local_response_norm"}


def signature(keras: Any, op: type[Op]) -> dict[str, inspect.Parameter]:
    """Return the arguments of the stock layer of an op."""
    layer = reduce(getattr, op.keras.split("."), keras)
    return dict(inspect.signature(layer.__init__).parameters)


def keras_default(name: str, parameter: inspect.Parameter) -> Any:
    """Return a default of Keras as archgen writes it."""
    if name == "activation" and parameter.default is None:
        return "linear"
    if name in ("cropping", "padding") and parameter.default != "valid":
        return as_sides(parameter.default)
    return parameter.default


FIELDS = [(kind, name) for kind, op in OPS.items() for name in op.model_fields]


@pytest.mark.parametrize(("kind", "name"), [field for field in FIELDS if field[0] in STOCK])
def test_a_field_is_an_argument_of_the_layer_with_its_default(
    kind: str, name: str, keras: Any
) -> None:
    arguments, field = signature(keras, OPS[kind]), OPS[kind].model_fields[name]
    assert (name in arguments) == (name not in OURS)
    if name not in OURS:
        wanted = keras_default(name, arguments[name])
        assert field.is_required() == (wanted is inspect.Parameter.empty)
        if not field.is_required():
            assert field.default == wanted


@pytest.mark.parametrize("kind", STOCK)
def test_an_op_without_fields_makes_the_layer_without_arguments(kind: str, keras: Any) -> None:
    fields = REQUIRED.get(kind, {})
    case = Case(kind, fields, ((7, 6, 4),) * (2 if OPS[kind].arity is None else 1))
    made = archgen.build(case.graph()).get_layer("node").get_config()
    stock = reduce(getattr, OPS[kind].keras.split("."), keras)(name="node", **fields)
    if OPS[kind].arity == 1:
        stock.build((None, 7, 6, 4))  # some settle an argument then
    assert made == stock.get_config()


# ── initializers and regularizers ─────────────────────────────────────────────────────────────────

INITIALIZERS = [field for field in FIELDS if field[1].endswith("_initializer")]
REGULARIZERS = [field for field in FIELDS if field[1].endswith("_regularizer")]


def built(kind: str, **fields: Any) -> Any:
    return archgen.build(Case(kind, {**REQUIRED.get(kind, {}), **fields}).graph())


def weight_of(kind: str, field: str) -> str:
    """Return the name of the weight that a field such as ``beta_regularizer`` speaks of."""
    name = field.rpartition("_")[0]
    if kind == "separable_conv" and name != "bias":
        return f"{name}_kernel"
    return CALLED.get((kind, name), name)


def weight(model: Any, kind: str, field: str) -> np.ndarray[Any, Any]:
    return arrays(model)[f"node/{weight_of(kind, field)}"]


@pytest.mark.parametrize(("kind", "name"), INITIALIZERS)
def test_an_initializer_fills_its_own_weight(kind: str, name: str) -> None:
    model = built(kind, **{name: {"class_name": "Constant", "config": {"value": 0.375}}})
    assert (weight(model, kind, name) == 0.375).all()
    filled = [path for path, array in arrays(model).items() if (array == 0.375).all()]
    assert len(filled) == 1 < len(model.weights)


@pytest.mark.parametrize(("kind", "name"), REGULARIZERS)
def test_a_regularizer_adds_the_loss_of_its_own_weight(kind: str, name: str) -> None:
    ones = name.replace("regularizer", "initializer")
    l2 = {"class_name": "L2", "config": {"l2": 0.25}}
    model = built(kind, **{name: l2, ones: "ones"})
    (loss,) = model.losses
    assert float(loss) == pytest.approx(0.25 * weight(model, kind, name).size)


@pytest.mark.parametrize("kind", OPS)
def test_every_weight_has_its_initializer(kind: str) -> None:
    op = OPS[kind].model_validate(REQUIRED.get(kind, {}))
    weights = {weight.name for weight in op.weights(((7, 6, 4), (7, 6, 4)))}
    assert {weight_of(kind, name) for owner, name in INITIALIZERS if owner == kind} == weights
