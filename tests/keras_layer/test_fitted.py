"""A fitted network builds and learns: one step reaches every weight, and its loss is a number."""

import numpy as np  # noqa: TID253 - a loss is a number of an array
import pytest

import archgen
from tests.keras_layer.arrays import arrays, unchanged
from tests.keras_layer.test_training import step
from tests.test_fitting import MAIN

pytestmark = pytest.mark.keras

# Each network at one of the two sizes; at the other on demand.
CASES = [
    pytest.param(name, side, marks=() if side == (28, 32)[number % 2] else pytest.mark.full)
    for number, name in enumerate(MAIN)
    for side in (28, 32)
]


@pytest.mark.parametrize(("name", "side"), CASES)
def test_a_step_of_a_fitted_network_reaches_every_weight(name: str, side: int) -> None:
    fitted = archgen.fit(name, (side, side, 1), classes=10)
    assert fitted.steps
    model = archgen.build(fitted, seed=1)
    assert model.output_shape == (None, 10)
    before = arrays(model)
    losses = step(model, 4)
    assert np.isfinite(list(losses.values())).all()
    assert len(before) >= 32
    assert unchanged(before, model) == []


def test_a_bounded_network_is_as_large_as_it_says() -> None:
    fitted = archgen.fit("googlenet", (28, 28, 1), classes=10, max_params=1_000_000)
    model = archgen.build(fitted)
    assert model.count_params() == archgen.analyse(fitted).params <= 1_000_000
