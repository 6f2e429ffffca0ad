"""The shipped neighbours are keras.applications': the same parameters, the same answers."""

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import pytest

import archgen
from archgen.backends.applications import APPLICATIONS, with_logits

pytestmark = pytest.mark.keras


class Case(NamedTuple):
    """A shipped spec and a size at which it is compared.

    ``small`` is a height and width that are not equal and leave no map so small that a kernel
    reads nothing but padding beside one row; ``beside`` are non-trainable scalars of layers that
    map pixels, which a spec does not have.
    """

    spec: str
    small: tuple[int, int]
    parameters: Mapping[str, Any] = {}
    beside: int = 0

    def __str__(self) -> str:
        return "-".join([self.spec, *map(str, self.parameters.values())])

    def sides(self, height: int, width: int) -> tuple[archgen.Graph, Any]:
        """Return archgen's graph and Keras's model, both with logits, as `archgen.verify` would."""
        known = archgen.load(self.spec).parameters
        chosen = with_logits(known, self.parameters)
        graph = archgen.graph(self.spec, (height, width, 3), **chosen)
        return graph, APPLICATIONS[self.spec].model(graph, {**known, **chosen})


CASES = (
    Case("inception_v3", (107, 139)),
    Case("inception_resnet_v2", (107, 139)),
    Case("vgg16", (32, 64)),
    Case("resnet50", (65, 97)),
    Case("densenet121", (65, 97)),
    *(Case("mobilenet_v2", (65, 97), {"alpha": alpha}) for alpha in (0.35, 1, 1.4)),
    Case("xception", (75, 107)),
    # The mean, variance and count of its Normalization layer, which a spec says by `pixels`.
    Case("efficientnet_b0", (65, 97), beside=7),
)
MORE = (Case("efficientnet_b3", (65, 97), beside=7),)


def scalars(variables: Any) -> int:
    return sum(prod(variable.shape) for variable in variables)


def test_every_application_is_compared() -> None:
    assert {case.spec for case in CASES + MORE} == APPLICATIONS.keys()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parameters_and_answers_are_those_of_keras(case: Case, keras: Any) -> None:
    same(case, *case.small)


@pytest.mark.full
@pytest.mark.parametrize("case", CASES + MORE, ids=str)
def test_answers_at_the_canonical_size_are_those_of_keras(case: Case, keras: Any) -> None:
    height, width, _ = archgen.graph(case.spec).inputs["input"]
    same(case, height, width)


def same(case: Case, height: int, width: int) -> None:
    graph, other = case.sides(height, width)
    analysis = archgen.analyse(graph)
    assert analysis.trainable == scalars(other.trainable_weights)
    assert analysis.non_trainable == scalars(other.non_trainable_weights) - case.beside
    found = archgen.verify(graph, other)
    assert found.agrees
    assert found.difference == 0.0, "the same ops in the same order answer bit by bit the same"
    assert len(found.pairs) == sum(bool(measure.params) for measure in analysis.measures)


def test_another_pool_is_found_where_it_stands(keras: Any) -> None:
    found = archgen.verify("inception_v3", None, (75, 75, 3), count_padding=True)
    assert not found.agrees
    assert found.first == "inception_a_1.pool.conv"
    assert found.difference > 1e-2
