"""Every shipped spec: the graph says of each node what Keras makes of it."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np  # noqa: TID253 - the reference speaks NumPy
import pytest

import archgen
from archgen.analysis import Analysis
from tests import reference

pytestmark = pytest.mark.keras

OPTIONS = {"inception_v4_paper": {"conv_bias": True, "bn_scale": True, "fixed_pool": True}}


class Variant(NamedTuple):
    """A shipped spec and the parameters to build it with."""

    name: str
    parameters: Mapping[str, Any]

    def __str__(self) -> str:
        return "-".join([self.name, *self.parameters])


def variants() -> Iterator[Variant]:
    """Return each spec once, with its heads, and once more where it has options of its own."""
    for name in archgen.names():
        yield Variant(name, {"aux": True} if "aux" in archgen.load(name).parameters else {})
        if options := OPTIONS.get(name):
            yield Variant(name, options)


class Built(NamedTuple):
    """A spec's analysis and its Keras model."""

    analysis: Analysis
    model: Any


@pytest.fixture(scope="module", params=variants(), ids=str)
def built(request: pytest.FixtureRequest) -> Built:
    variant: Variant = request.param
    graph = archgen.graph(variant.name, **variant.parameters)
    return Built(archgen.analyse(graph), archgen.build(graph))


def scalars(variables: Any) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def test_layers_are_called_like_the_nodes(built: Built) -> None:
    names = [layer.name for layer in built.model.layers]
    nodes = [node.name for node in built.analysis.graph]
    parts = [
        f"{node.name}.{call.part}"
        for node in built.analysis.graph
        for call in node.op.call(built.analysis.graph.input_shapes(node))[:-1]
        if call.target.startswith("layers.")
    ]
    assert sorted(names) == sorted([*built.analysis.graph.inputs, *nodes, *parts])


def test_every_node_has_the_shape_that_keras_gives_it(built: Built) -> None:
    graph = built.analysis.graph
    made = {node.name: tuple(built.model.get_layer(node.name).output.shape) for node in graph}
    assert made == {node.name: (None, *node.shape) for node in graph}


def test_every_weight_has_the_shape_that_keras_gives_it(built: Built) -> None:
    graph = built.analysis.graph
    for node in graph:
        layer = built.model.get_layer(node.name)
        made = [(v.name, tuple(v.shape), v.trainable) for v in layer.weights]
        assert made == [tuple(w) for w in node.op.weights(graph.input_shapes(node))], node.name


def test_parameters_of_every_node_are_those_of_keras(built: Built) -> None:
    for measure in built.analysis.measures:
        layer = built.model.get_layer(measure.node.name)
        assert measure.params == layer.count_params(), measure.node.name
        assert measure.trainable == scalars(layer.trainable_weights), measure.node.name


def test_totals_are_those_of_keras(built: Built) -> None:
    assert built.analysis.params == built.model.count_params() > 0
    assert built.analysis.trainable == scalars(built.model.trainable_weights)
    assert built.analysis.non_trainable == scalars(built.model.non_trainable_weights)


def test_inputs_and_outputs_are_those_of_the_graph(built: Built) -> None:
    graph, made = built.analysis.graph, built.model.output
    outputs = made if isinstance(made, dict) else {next(iter(graph.outputs)): made}
    shapes = {name: (None, *graph.shapes[node]) for name, node in graph.outputs.items()}
    assert {name: tuple(tensor.shape) for name, tensor in outputs.items()} == shapes
    assert built.model.input_shape == (None, *graph.inputs["input"])
    assert built.model.name == graph.name


# What keras.applications has not: heads, response normalisation, pools that round up, squashing.
WHOLE = [
    ("inception_v4_mnist_tiny", None, {"aux": True}),
    ("googlenet", (31, 35, 3), {"classes": 9}),
    ("googlenet_mnist", None, {"aux": True}),
    ("lenet5", None, {}),
]


@pytest.mark.parametrize(("name", "shape", "parameters"), WHOLE)
def test_a_whole_network_answers_as_the_reference_at_every_node(
    name: str, shape: tuple[int, int, int] | None, parameters: dict[str, Any], keras: Any
) -> None:
    graph = archgen.graph(name, shape, **parameters)
    model, random = archgen.build(graph, seed=3), np.random.default_rng(3)
    weights = {layer.name: randomised(layer, random) for layer in model.layers if layer.weights}
    image = random.uniform(-1, 1, graph.inputs["input"])
    nodes = [node.name for node in graph]
    every = keras.Model(model.input, [model.get_layer(name).output for name in nodes])
    given = dict(zip(nodes, every(image[None], training=False), strict=True))
    answers = reference.run(graph, {"input": image}, weights)
    for node, answer in answers.items():
        scale = float(abs(answer.value).max())
        difference = abs(np.asarray(given[node])[0] - answer.value).max()
        assert difference <= 1e-4 * scale, node
    counted = sum(answer.multiplications for answer in answers.values())
    assert counted == archgen.analyse(graph).macs


def randomised(layer: Any, random: np.random.Generator) -> Mapping[str, reference.Array]:
    """Keep a layer's kernel, so that values keep their size; draw everything else; return all."""
    shapes = {variable.name: tuple(variable.shape) for variable in layer.weights}
    kernel = {v.name: np.asarray(v, np.float64) for v in layer.weights if v.name == "kernel"}
    weights = {**reference.random_weights(shapes, random), **kernel}
    layer.set_weights(list(weights.values()))
    return weights
