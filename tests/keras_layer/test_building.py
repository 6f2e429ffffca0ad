"""What `build` promises: outputs, dtypes, seeds, depth, and refusals before any memory is taken."""

import pickle
import random
import re
import sys
from typing import Any

import numpy as np  # noqa: TID253 - images and answers are arrays
import psutil
import pytest

import archgen
from archgen.analysis import analyse
from archgen.backends import memory
from tests.keras_layer.arrays import arrays, unchanged
from tests.keras_layer.specs import COMPOSED, conv, spec

pytestmark = pytest.mark.keras


def same(one: Any, other: Any) -> bool:
    return len(unchanged(arrays(one), other)) == len(one.weights)


# ── outputs ───────────────────────────────────────────────────────────────────────────────────────

HEADS = {
    "side": {"from": "trunk", "loss_weight": 0.4, "layers": [{"op": "flatten"}]},
    "deep": {"from": "trunk", "layers": [{"op": "global_avg_pool"}, {"op": "dense", "units": 2}]},
}


def test_one_output_is_a_plain_tensor() -> None:
    model = archgen.build(spec(conv("trunk"), {"op": "flatten", "name": "logits"}))
    answer = model(np.ones((2, 8, 9, 4)))
    assert not isinstance(answer, dict)
    assert tuple(answer.shape) == (2, 8 * 9 * 4)


def test_heads_are_outputs_by_name_the_main_one_first() -> None:
    model = archgen.build(spec(conv("trunk"), {"op": "flatten", "name": "logits"}, heads=HEADS))
    answer = model(np.ones((2, 8, 9, 4)))
    shapes = {name: tuple(value.shape) for name, value in answer.items()}
    assert shapes == {"logits": (2, 288), "side": (2, 288), "deep": (2, 2)}
    assert list(answer) == ["logits", "side", "deep"]


def test_a_model_calls_nothing_but_keras() -> None:
    model = archgen.build(spec(*COMPOSED))
    modules = {type(operation).__module__.partition(".")[0] for operation in model.operations}
    assert modules == {"keras"}


# ── names ─────────────────────────────────────────────────────────────────────────────────────────

POOLS = (
    {"op": "max_pool", "pool_size": 3, "strides": 1, "padding": 1},
    {"op": "avg_pool", "pool_size": 3, "strides": 1, "padding": 1},
)


def operation_names(model: Any) -> list[str]:
    return [operation.name for operation in model.operations]


def test_every_part_of_a_model_is_called_like_its_node() -> None:
    graph = archgen.graph(spec(*COMPOSED))
    first, again = archgen.build(graph), archgen.build(graph)
    nodes = {*graph.inputs, *(node.name for node in graph)}
    assert operation_names(first) == operation_names(again)
    strangers = [
        name
        for name in operation_names(first)
        if name not in nodes and name.rpartition(".")[0] not in nodes
    ]
    assert strangers == []


@pytest.mark.parametrize("word", ["pad", "ones_like", "reciprocal"])
def test_an_entry_may_have_the_name_that_keras_would_give(word: str, keras: Any) -> None:
    keras.backend.clear_session()  # it counts its names on, from the bare word
    model = archgen.build(spec(conv(word), *POOLS))
    assert word in operation_names(model)


# ── seeds ─────────────────────────────────────────────────────────────────────────────────────────

SEEDED = spec(conv("first"), {"op": "dropout", "rate": 0.5}, conv("second"))


def test_the_same_seed_makes_the_same_weights_and_another_other_ones() -> None:
    one, again, other = (archgen.build(SEEDED, seed=seed) for seed in (5, 5, 6))
    assert same(one, again)
    assert not same(one, other)
    first, second = (one.get_layer(name).get_weights()[0] for name in ("first", "second"))
    assert not np.array_equal(first, second), "each layer draws its own"


def test_without_a_seed_every_model_is_another() -> None:
    assert not same(archgen.build(SEEDED), archgen.build(SEEDED))


def test_a_seed_drops_out_the_same_scalars_in_training() -> None:
    image = np.ones((1, 8, 9, 4), "float32")
    one, again, other = (archgen.build(SEEDED, seed=seed) for seed in (5, 5, 6))
    answers = [np.asarray(model(image, training=True)) for model in (one, again, other)]
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])


def test_a_seed_leaves_the_random_state_of_the_program_alone() -> None:
    def states() -> tuple[Any, bytes]:
        return random.getstate(), pickle.dumps(np.random.get_state())  # noqa: NPY002 - the global one

    before = states()
    archgen.build(SEEDED, seed=5)
    assert states() == before


# ── Keras's own settings ──────────────────────────────────────────────────────────────────────────

POLICIES = [("mixed_float16", "float16", "float32"), ("float64", "float64", "float64")]


@pytest.mark.parametrize(("policy", "computed", "kept"), POLICIES)
def test_the_dtype_policy_is_followed(
    policy: str, computed: str, kept: str, keras_settings: Any
) -> None:
    keras_settings.set_dtype_policy(policy)
    model = archgen.build(spec(*COMPOSED))
    assert {layer.compute_dtype for layer in model.layers} == {computed}
    assert {str(weight.dtype) for weight in model.weights} == {kept}
    answer = np.asarray(model(np.ones((1, 8, 9, 4))))
    assert answer.dtype == computed
    assert answer.sum() == pytest.approx(1.0, abs=0.01)


def test_the_policy_of_other_tests_is_float32(keras: Any) -> None:
    assert keras.config.dtype_policy().name == "float32"
    assert keras.config.image_data_format() == "channels_last"


def test_channels_first_is_refused(keras_settings: Any) -> None:
    keras_settings.set_image_data_format("channels_first")
    with pytest.raises(archgen.MachineError, match="E505"):
        archgen.build(spec(conv("trunk")))


# ── depth ─────────────────────────────────────────────────────────────────────────────────────────

RELU = {"op": "activation", "activation": "relu"}
POINT = {"op": "conv", "filters": 1, "kernel_size": 1, "activation": "relu"}
AVERAGE = {"op": "avg_pool", "pool_size": 3, "strides": 1, "padding": 1}
RESIDUAL = {"join": "add", "name": "block", "branches": {"short": [], "long": [RELU]}}
CHAINS = [
    pytest.param(RELU, 3000, 3000, id="3000-activations"),
    pytest.param(POINT, 550, 1100, id="550-convs-with-activation"),
    pytest.param(RESIDUAL, 1000, 2000, id="1000-residual-blocks"),
    pytest.param(AVERAGE, 400, 400, id="400-averages-of-seven-calls"),
]


@pytest.mark.parametrize(("entry", "copies", "nodes"), CHAINS)
def test_a_deep_network_builds(entry: dict[str, Any], copies: int, nodes: int) -> None:
    limit = sys.getrecursionlimit()
    graph = archgen.graph(spec({**entry, "repeat": copies}, shape=(3, 3, 1)))
    model = archgen.build(graph)
    assert len(graph.nodes) == nodes
    assert {node.name for node in graph} <= {layer.name for layer in model.layers}
    assert sys.getrecursionlimit() == limit


# ── memory ────────────────────────────────────────────────────────────────────────────────────────

HUGE = spec(
    {"op": "flatten"}, {"op": "dense", "units": 2**31 - 1, "name": "monster"}, shape=(64, 64, 1)
)


@pytest.mark.usefixtures("keras")  # so that its import is not counted
def test_weights_beyond_the_memory_are_refused_before_any_is_taken() -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    with pytest.raises(archgen.MachineError) as error:
        archgen.build(HUGE)
    assert process.memory_info().rss - before < 64 * 2**20
    (fault,) = error.value.faults
    assert fault.code == "E504"
    found = re.search(r"takes about ([0-9.]+) GiB", fault.message)
    weights = analyse(archgen.graph(HUGE)).params * 4 / 2**30
    assert found
    assert weights <= float(found[1]) <= 2 * weights, "the largest once more at most"
    assert any("monster" in note for note in fault.notes)


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that leaves so many bytes of memory."""
    return lambda left: monkeypatch.setattr(memory, "available_bytes", lambda: left)


WIDE = spec({"op": "flatten"}, {"op": "dense", "units": 1000}, shape=(8, 8, 4))


def test_the_refusal_begins_where_the_weights_cannot_fit(scarce: Any) -> None:
    weights = analyse(archgen.graph(WIDE)).params * 4
    scarce(3 * weights)
    assert archgen.build(WIDE).count_params() * 4 == weights
    scarce(weights - 1)
    with pytest.raises(archgen.MachineError, match="E504"):
        archgen.build(WIDE)


def test_weights_of_float64_need_twice_the_memory(scarce: Any, keras_settings: Any) -> None:
    keras_settings.set_dtype_policy("float64")
    scarce(2 * analyse(archgen.graph(WIDE)).params * 4 - 1)
    with pytest.raises(archgen.MachineError, match="E504"):
        archgen.build(WIDE)
