"""Random graphs: every node is in Keras and in the reference what archgen says it is."""

import gc
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np  # noqa: TID253 - the reference speaks NumPy
import pytest

import archgen
from archgen.analysis import Analysis, Measure
from archgen.ir import Graph, Node
from archgen.ops import OPS
from archgen.ops.fields import ACTIVATIONS
from tests import reference
from tests.keras_layer.cases import WRONG_IN_KERAS
from tests.random_specs import is_small, spec
from tests.strategies import DEFAULT, ON_DEMAND

pytestmark = [
    pytest.mark.keras,
    # A softmax over one channel is 1; archgen says so of any other constant as little.
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning"),
]

# Behind this, float32 overflows in an activation or two; the naive formulas do in a few more.
LARGEST = 50.0
KEYS = (
    *("name", "when", "repeat", "inputs", "use", "with", "branches", "order", "activation"),
    *("norm", "defaults", "width", "heads", "modules", "parameters", "required", "loss_weight"),
    *("empty branch", "fork in a fork", "use in a module", "module input"),
)


@dataclass
class Survey:
    """What the specs of one run came to; ``wrong`` has a line for everything that differs."""

    specs: int = 0
    graphs: int = 0
    nodes: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    compared: int = 0
    left_out: int = 0
    fields: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    keys: Counter[str] = field(default_factory=Counter)

    def differs(self, what: str, text: str) -> None:
        self.wrong.setdefault(what, []).append(text)

    def saw(self, document: Mapping[str, Any], graph: Graph) -> None:
        self.graphs += 1
        self.nodes += len(graph.nodes)
        self.keys.update(set(_keys(document)))
        for node in graph:
            self.fields.setdefault((node.op.kind, ""), set()).add(node.name)
            for name, value in node.op.__dict__.items():
                self.fields.setdefault((node.op.kind, name), set()).add(repr(value))


def _keys(value: Any, around: tuple[str, ...] = ()) -> Iterator[str]:
    """Return the keys of a document that say something, and what they say inside each other."""
    if isinstance(value, list):
        for item in value:
            yield from _keys(item, around)
    if not isinstance(value, Mapping):
        return
    for key, below in value.items():
        if below:
            yield key
        yield from _keys(below, (*around, key))
    if "branches" in value:
        yield from ("empty branch" for branch in value["branches"].values() if not branch)
        yield from ("fork in a fork" for key in around if key == "branches")
    yield from ("use in a module" for key in around if "use" in value and key == "modules")
    yield from ("module input" for key in around[:1] if "inputs" in value and key == "modules")


NUMBERS = [DEFAULT, pytest.param(ON_DEMAND, marks=pytest.mark.full)]


@pytest.fixture(scope="module", params=NUMBERS)
def survey(request: pytest.FixtureRequest, keras: Any) -> Survey:
    """Compare as many graphs as asked for, and count the specs that have none."""
    found = Survey()
    for seed in count():
        if found.graphs == request.param:
            return found
        document = spec(seed)
        found.specs += 1
        try:
            graph = archgen.graph(document)
        except archgen.SpecError as error:
            found.refused.update({fault.code for fault in error.faults})
            continue
        if not is_small(graph):
            continue
        found.saw(document, graph)
        compare(seed, graph, keras, found)
        if seed % 50 == 0:  # Keras keeps every graph that it ever made
            keras.backend.clear_session()
            gc.collect()
    raise AssertionError


def compare(seed: int, graph: Graph, keras: Any, found: Survey) -> None:
    """Hold a graph against its Keras model and the reference, node by node."""
    model, random = archgen.build(graph, seed=seed), np.random.default_rng(seed)
    analysis = archgen.analyse(graph)
    measures = analysis.measures
    for what, text in whole(analysis, model):
        found.differs(what, f"seed {seed}: {text}")
    for measure in measures:
        for what, text in structure(graph, measure, model.get_layer(measure.node.name)):
            found.differs(what, f"seed {seed}, {measure.node.name}: {text}")
    weights = {layer.name: filled(layer, random) for layer in model.layers if layer.weights}
    every = keras.Model(model.input, {n.name: model.get_layer(n.name).output for n in graph})
    image = random.uniform(-1, 1, graph.inputs["input"])
    given = every(image[None].astype("float32"), training=False)
    values = {"input": image.astype("float32").astype("float64")}
    values |= {name: np.asarray(value, np.float64)[0] for name, value in given.items()}
    for measure in measures:
        for what, text in answers(measure, values, weights, found):
            found.differs(what, f"seed {seed}, {measure.node.name}: {text}")


def whole(analysis: Analysis, model: Any) -> Iterator[tuple[str, str]]:
    """Say where names, outputs or totals of a model are not those of its graph."""
    graph, made = analysis.graph, model.output
    outputs = made if isinstance(made, dict) else {next(iter(graph.outputs)): made}
    shapes = {name: (None, *graph.shapes[node]) for name, node in graph.outputs.items()}
    if {name: tuple(tensor.shape) for name, tensor in outputs.items()} != shapes:
        yield "shape", f"outputs {shapes}, Keras {outputs}"
    calls = ((node, call) for node in graph for call in node.op.call(graph.input_shapes(node)))
    layers = [
        f"{node.name}.{call.part}" if call.part else node.name
        for node, call in calls
        if call.target.startswith("layers.")
    ]
    if sorted(layer.name for layer in model.layers) != sorted([*graph.inputs, *layers]):
        yield "weights", f"layers {layers}, Keras {[layer.name for layer in model.layers]}"
    if analysis.params != model.count_params():
        yield "params", f"{analysis.params}, Keras {model.count_params()}"


def structure(graph: Graph, measure: Measure, layer: Any) -> Iterator[tuple[str, str]]:
    """Say where a node's shape, type, weights or counts are not those of its layer."""
    node, output = measure.node, layer.output
    if (tuple(output.shape), output.dtype) != ((None, *node.shape), "float32"):
        yield "shape", f"{node.shape}, Keras {output.shape} {output.dtype}"
    made = [(v.name, tuple(v.shape), v.trainable) for v in layer.weights]
    stated = [tuple(weight) for weight in node.op.weights(graph.input_shapes(node))]
    if made != stated:
        yield "weights", f"{stated}, Keras {made}"
    trained = sum(math.prod(variable.shape) for variable in layer.trainable_weights)
    counts = (trained, layer.count_params() - trained)
    if (measure.trainable, measure.non_trainable) != counts:
        yield "params", f"{measure.trainable} and {measure.non_trainable}, Keras {counts}"


def filled(layer: Any, random: np.random.Generator) -> Mapping[str, reference.Array]:
    """Give a layer random weights, a kernel's so large that values keep their size."""
    shapes = {variable.name: tuple(variable.shape) for variable in layer.weights}
    weights = reference.random_weights(shapes, random)
    for name in weights:
        if name.endswith("kernel"):
            weights[name] *= 2 / math.sqrt(math.prod(shapes[name][:-1]))
    layer.set_weights(list(weights.values()))
    return {name: value.astype("float32").astype("float64") for name, value in weights.items()}


def answers(
    measure: Measure,
    values: Mapping[str, reference.Array],
    weights: Mapping[str, reference.Weights],
    found: Survey,
) -> Iterator[tuple[str, str]]:
    """Say where a node makes of Keras's own inputs something else than the reference."""
    node = measure.node
    inputs = [values[name] for name in node.inputs]
    if not all(abs(array).max() <= LARGEST for array in inputs):
        found.left_out += 1
        return
    answer = reference.forward(node.op, inputs, weights.get(node.name))
    if answer.multiplications != measure.macs:
        yield "macs", f"{measure.macs}, the reference multiplies {answer.multiplications} times"
    if is_wrong_in_keras(node):
        return
    found.compared += 1
    if answer.value.shape != values[node.name].shape:
        yield "values", f"{values[node.name].shape}, the reference {answer.value.shape}"
    elif not np.allclose(values[node.name], answer.value, rtol=1e-4, atol=exactness(node, inputs)):
        difference = abs(values[node.name] - answer.value).max()
        yield "values", f"differ by {difference:.3g} of {abs(answer.value).max():.3g}"


def exactness(node: Node, inputs: Sequence[reference.Array]) -> float:
    """Return the absolute tolerance, which for what is interpolated grows with the map.

    TensorFlow takes bicubic weights from a table of 1,024 steps, unless it smoothes; all others
    from positions in float32, which know less of their fraction the larger they are.
    """
    fields, image = node.op.__dict__, inputs[0]
    if fields.get("interpolation", "nearest") == "nearest":
        return 1e-5
    from_table = fields["interpolation"] == "bicubic" and not fields.get("antialias")
    share = 0.005 if from_table else 5e-7 * max(image.shape)
    return max(1e-5, share * float(abs(image).max()))


def is_wrong_in_keras(node: Node) -> bool:
    return getattr(node.op, "activation", "") in WRONG_IN_KERAS


@pytest.mark.parametrize("what", ["shape", "weights", "params", "macs", "values"])
def test_nothing_differs(survey: Survey, what: str) -> None:
    assert survey.wrong.get(what, []) == []


def test_the_graphs_are_not_trivial(survey: Survey) -> None:
    assert 0.3 < survey.graphs / survey.specs < 0.9
    assert survey.nodes > 8 * survey.graphs
    assert survey.compared > 0.9 * survey.nodes > 20 * survey.left_out


def test_every_op_and_field_varies(survey: Survey) -> None:
    wanted = {(kind, name) for kind, op in OPS.items() for name in ("", *op.model_fields)}
    assert survey.fields.keys() == wanted
    assert [where for where, values in survey.fields.items() if len(values) < 2] == []
    assert survey.fields["activation", "activation"] == set(map(repr, ACTIVATIONS))


def test_every_way_to_say_it_is_used(survey: Survey) -> None:
    assert [key for key in KEYS if survey.keys[key] < 5] == []
    assert {"E310", "E320", "E330"} <= survey.refused.keys()
