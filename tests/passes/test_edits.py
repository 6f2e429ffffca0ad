"""Edits carried out on arrays: in order, in float64, rounded once."""

from typing import Any

import numpy as np  # noqa: TID253 - weights are arrays
import pytest

import archgen
from archgen.backends.edits import apply, value_of
from archgen.passes import rewrite
from archgen.passes.contract import Expression, InverseRoot, Old, Plus, Shaped, Sum, Times
from tests.passes.cases import NORM, RESCALES, op
from tests.passes.comparing import drawn, shapes_of
from tests.sizing import conv, net

KEY = ("node", "weight")
ARRAY = np.arange(1, 7, dtype=np.float32).reshape(1, 2, 3)
OLD = Old(*KEY)
VECTOR = Shaped(Sum(OLD, (0, 1)), (3,))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (0.5, 0.5),
        (OLD, ARRAY),
        (Plus(OLD, -1.0), ARRAY - 1),
        (Times(OLD, OLD), ARRAY**2),
        (InverseRoot(Plus(OLD, 3.0)), 1 / np.sqrt(ARRAY.astype(np.float64) + 3)),
        (Sum(OLD, (0, 2)), [6, 15]),
        (Shaped(OLD, (3, 2)), [[1, 2], [3, 4], [5, 6]]),
        (Times(OLD, VECTOR), ARRAY * [5, 7, 9]),
    ],
)
def test_an_expression_has_its_value_in_float64(expression: Expression, value: Any) -> None:
    found = value_of(expression, {KEY: ARRAY})
    assert found.dtype == np.float64
    assert np.array_equal(found, value)


FOLDED = [conv(1, use_bias=False), NORM, RESCALES[1], NORM]
# The last edit makes the kernel alone.
SCALED = [RESCALES[0], conv(3, use_bias=False), NORM]


def single(weights: Any) -> Any:
    return {key: array.astype(np.float32) for key, array in weights.items()}


@pytest.mark.parametrize("layers", [FOLDED, SCALED])
def test_weights_are_computed_in_float64_and_rounded_once(layers: Any) -> None:
    rewriting = rewrite(archgen.graph(net(*layers)))
    weights = single(drawn(rewriting.before))
    assert len(rewriting.edits) > 1
    found = apply(rewriting, weights)
    exact = apply(rewriting, {key: array.astype(np.float64) for key, array in weights.items()})
    assert {key[1] for key in found} == {"kernel", "bias"}
    for key, array in found.items():
        assert (array.dtype, exact[key].dtype) == (np.float32, np.float64)
        assert np.array_equal(array, exact[key].astype(np.float32))
        assert not np.array_equal(array, exact[key])


def test_what_no_edit_names_is_the_very_same_array() -> None:
    rewriting = rewrite(archgen.graph(net(conv(3), NORM, op("activation", activation="relu"),
                                          conv(3, use_bias=False))))  # fmt: skip
    weights = drawn(rewriting.before)
    found = apply(rewriting, weights)
    assert found["e3", "kernel"] is weights["e3", "kernel"]
    assert found["e0", "kernel"] is not weights["e0", "kernel"]


def test_old_weights_are_left_as_they_were() -> None:
    rewriting = rewrite(archgen.graph(net(*FOLDED)))
    weights = drawn(rewriting.before)
    before = {key: array.copy() for key, array in weights.items()}
    dict(apply(rewriting, weights))
    assert all(np.array_equal(array, before[key]) for key, array in weights.items())


def test_exactly_the_weights_of_the_new_graph_are_made() -> None:
    rewriting = rewrite(archgen.graph("inception_v4_mnist_tiny", aux=True))
    found = apply(rewriting, drawn(rewriting.before))
    assert {key: array.shape for key, array in found.items()} == shapes_of(rewriting.graph)


def test_a_bias_that_is_one_number_is_as_long_as_any() -> None:
    rewriting = rewrite(archgen.graph(net(conv(3, use_bias=False), RESCALES[1])))
    bias = apply(rewriting, single(drawn(rewriting.before)))["e0", "bias"]
    assert (bias.tolist(), bias.dtype) == ([0.5] * 4, np.float32)


class Told(dict[Any, Any]):
    """Weights that say which of them were asked for."""

    def __init__(self, weights: Any) -> None:
        super().__init__(weights)
        self.asked: set[str] = set()

    def __getitem__(self, key: Any) -> Any:
        self.asked.add(key[0])
        return super().__getitem__(key)


def test_a_weight_is_made_when_it_is_asked_for() -> None:
    layers = [conv(use_bias=False), NORM, op("activation", activation="relu")]
    rewriting = rewrite(archgen.graph(net(*layers, *layers)))
    weights = Told(drawn(rewriting.before))
    found = apply(rewriting, weights)
    assert not weights.asked
    assert (found["e3", "kernel"] != weights["e3", "kernel"]).any()
    assert weights.asked == {"e3", "e4"}
    assert found["e0", "bias"].any()
    assert weights.asked == {"e0", "e1", "e3", "e4"}
