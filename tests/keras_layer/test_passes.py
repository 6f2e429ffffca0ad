"""Passes on Keras models: what they make answers as before, bit by bit where they only drop."""

from itertools import count
from typing import Any

import numpy as np  # noqa: TID253 - images are arrays
import pytest

import archgen
from archgen.backends.edits import rewritten_model
from archgen.backends.verifying import _drawn
from archgen.ir import Graph
from archgen.passes import rewrite
from tests.passes.cases import SAME, SINGLE
from tests.passes.comparing import apart
from tests.passes.random_networks import any_spec, graph_of, rich
from tests.passes.test_rewriting import FOLDING
from tests.sizing import SQUEEZED, net, pool
from tests.strategies import ON_DEMAND, seeded

pytestmark = pytest.mark.keras

TOLERANCE = 1e-5  # float32, over hundreds of layers
EXACT = 1e-9  # float64
BATCH = 2


def random_model(graph: Graph, seed: int = 0) -> Any:
    """Return a model with random weights, statistics too, under which values keep their size."""
    model, random = archgen.build(graph), np.random.default_rng(seed)
    for layer in model.layers:
        drawn = [_drawn(weight.name, tuple(weight.shape), random) for weight in layer.weights]
        layer.set_weights(drawn)
    return model


def images(graph: Graph, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (BATCH, *graph.inputs["input"])).astype("float32")


def answers(model: Any, graph: Graph, seed: int = 0) -> dict[str, Any]:
    made = model(images(graph, seed), training=False)
    made = made if isinstance(made, dict) else {next(iter(graph.outputs)): made}
    return {name: np.asarray(value) for name, value in made.items()}


# ── what is dropped ───────────────────────────────────────────────────────────────────────────────

ON_SINGLE = [SQUEEZED, {**SQUEEZED, "op": "global_max_pool"}, pool(1, strides=3)]


@pytest.mark.parametrize(
    ("entries", "shape"), [([entry for _, entry in SAME], (6, 7, 4)), (ON_SINGLE, SINGLE)]
)
def test_keras_too_changes_no_bit(entries: Any, shape: tuple[int, ...], keras: Any) -> None:
    graph = archgen.graph(net(*entries, shape=shape))
    model = archgen.build(graph)
    every = keras.Model(model.input, [model.get_layer(node.name).output for node in graph])
    given = np.random.default_rng(0).normal(0, 1e3, (BATCH, *shape)).astype("float32")
    for node, value in zip(graph, every(given, training=False), strict=True):
        assert np.array_equal(value, given), node.name


# ── shipped networks ──────────────────────────────────────────────────────────────────────────────


def smallest(name: str) -> Graph:
    """Return a shipped network with its heads on the smallest square image that works."""
    spec = archgen.load(name)
    heads: dict[str, Any] = {"aux": True} if "aux" in spec.parameters else {}
    side = next(iter(archgen.sizes(spec, **heads).squares.members))
    channels = archgen.graph(spec, **heads).inputs["input"][-1]
    return archgen.graph(spec, (side, side, channels), **heads)


# The others take half a minute each.
QUICK = ("inception_resnet_v2_cifar", "inception_v4_mnist_tiny", "lenet5", "mobilenet_v2")
SHIPPED = [
    pytest.param(name, marks=[] if name in QUICK else [pytest.mark.full])
    for name in archgen.names()
]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_network_answers_as_before(name: str) -> None:
    graph = smallest(name)
    model = random_model(graph)
    expected = answers(model, graph)
    dropping = rewrite(graph, ["drop-heads", *FOLDING])
    dropped = answers(rewritten_model(model, dropping), dropping.graph)
    assert dropped.keys() == expected.keys()
    assert all(np.array_equal(dropped[output], expected[output]) for output in expected)
    rewriting = rewrite(graph)
    main = next(iter(graph.outputs))
    assert list(rewriting.graph.outputs) == [main]
    found = answers(rewritten_model(model, rewriting), rewriting.graph)[main]
    assert apart(expected[main], found) <= TOLERANCE
    assert np.ptp(expected[main]) > 0
    assert all(np.array_equal(value, expected[key]) for key, value in answers(model, graph).items())


# ── random networks ───────────────────────────────────────────────────────────────────────────────

COUNTS = [8, pytest.param(ON_DEMAND, marks=pytest.mark.full)]


@pytest.mark.parametrize("graphs", COUNTS)
@pytest.mark.parametrize("write", [rich, any_spec])
def test_a_random_network_answers_as_before(
    write: Any, graphs: int, keras: Any, keras_settings: Any
) -> None:
    """Folds are compared in float64, since some activations jump where float32 rounds."""
    fired = compared = 0
    for seed in count():
        graph = graph_of(write(seeded(seed)))
        rewriting = rewrite(graph) if graph else None
        if graph is None or rewriting is None or rewriting.graph is graph:
            continue
        fired += 1
        dropping = rewrite(graph, FOLDING)
        for precision, each, tolerance in (("float32", dropping, 0), ("float64", rewriting, EXACT)):
            keras_settings.set_dtype_policy(precision)
            if each.graph is graph:
                continue
            model = random_model(graph, seed)
            expected = answers(model, graph, seed)
            found = answers(rewritten_model(model, each), each.graph, seed)
            differences = [apart(expected[name], found[name]) for name in found]
            assert not max(differences) > tolerance, seed
            compared += 1
        keras.backend.clear_session()
        if fired == graphs:
            break
    assert compared > graphs
