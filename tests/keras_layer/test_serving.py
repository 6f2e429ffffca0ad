"""A network made for serving: what it keeps in memory."""

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np  # noqa: TID253 - weights are arrays
import pytest

import archgen
from archgen.backends.serving import Network
from tests.keras_layer.specs import conv, spec

pytestmark = pytest.mark.keras


class Drawn(Mapping[Any, Any]):
    """Weights that are made when they are asked for, and forgotten."""

    def __init__(self, graph: archgen.Graph) -> None:
        self.shapes = {
            (node.name, weight.name): weight.shape
            for node in graph
            for weight in node.op.weights(graph.input_shapes(node))
        }
        self.made: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        array = np.full(self.shapes[key], 0.5, "float32")
        self.made[key] = weakref.ref(array)
        return array

    def __iter__(self) -> Any:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


def test_no_kernel_is_in_memory_as_an_array_beside_its_variable(keras: Any) -> None:
    layers: list[dict[str, Any]] = [
        conv("first", 6),
        {"op": "depthwise_conv", "kernel_size": 3},
        {"op": "separable_conv", "filters": 2, "kernel_size": 3},
        {"op": "flatten"},
        {"op": "dense", "units": 3},
    ]
    graph = archgen.graph(spec(*layers))
    weights = Drawn(graph)
    network = Network(graph, weights)
    kernels = {key for key in weights if key[1].endswith("kernel")}
    assert len(network.variables) == len(kernels) == 5
    assert all(np.all(each.numpy() == 0.5) for each in network.variables.values())
    assert weights.made.keys() >= kernels
    assert {key for key in kernels if weights.made[key]() is not None} == set()
