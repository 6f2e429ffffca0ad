"""Weights that can never touch a pixel, against images of NaN: what looks at a NaN becomes one."""

from typing import Any

import pytest

import archgen
from archgen.inference import inferred, resized
from archgen.ir import Graph, Node, Op, Refusal
from archgen.lints import moving, positions, reached, regions
from archgen.lints.dead import Dead, dead_weights
from archgen.ops.conv import Conv
from archgen.ops.dense import Dense, Flatten
from archgen.ops.join import Add, Concat
from archgen.ops.pointwise import Activation
from tests.taint import LATER, Shift, brute_force, chain, conv, graph_of, random_graph

SEEDS = 400

# ── published figures ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("size", "dead"),
    [(75, 9_484_288), (90, 9_484_288), (91, 5_160_960), (106, 5_160_960), (107, 0), (299, 0)],
)
def test_inception_v4_has_the_published_dead_weights(size: int, dead: int) -> None:
    graph = archgen.graph("inception_v4", (size, size, 3))
    found = dead_weights(graph)
    convs = [found[node.name] for node in graph if node.op.kind == "conv"]
    assert sum(found.weights for found in convs) == 41_079_648
    assert sum(found.dead for found in convs) == dead
    assert found["classifier.predictions"] == Dead(0, 1536 * 1000)


def test_every_size_up_to_the_first_clean_one_has_some() -> None:
    graph = archgen.graph("inception_v4", (75, 75, 3))
    shared = reached.Reached()
    sums = {}
    for size in range(75, 116):
        at = resized(graph, (size, size, 3))
        assert at is not None
        counts = dead_weights(at, shared)
        assert counts == dead_weights(at)
        sums[size] = sum(count.dead for count in counts.values())
    assert {size for size, dead in sums.items() if dead} == set(range(75, 107))


# ── by hand ───────────────────────────────────────────────────────────────────────────────────────


CORNERS: list[tuple[Op, tuple[str, ...]]] = [
    (conv(1, padding=[[0, 2], [0, 2]]), ("input",)),
    (conv(1, padding=[[2, 0], [2, 0]]), ("input",)),
    (Concat(), ("n0", "n1")),
]
IN_CORNERS = {"n0": Dead(0, 1), "n1": Dead(0, 1)}
SOFTMAX, SPLIT, ROW = Activation(activation="softmax"), conv(3, 2, groups=2), Flatten()
HAND: dict[str, tuple[Graph, dict[str, Dead]]] = {
    "a border all around": (chain((1, 1, 2), conv(3, 5, padding="same")), {"n0": Dead(80, 90)}),
    "one row of taps": (chain((4, 1, 1), conv(3, padding="same")), {"n0": Dead(6, 9)}),
    "the even side of same": (chain((2, 2, 1), conv(4, padding="same")), {"n0": Dead(16 - 9, 16)}),
    "a stride over the padding": (
        chain((2, 2, 1), conv(3, strides=2, padding="same")),
        {"n0": Dead(9 - 4, 9)},
    ),
    "taps that a dilation skips": (
        chain((2, 2, 1), conv(3, dilation_rate=2, padding="same")),
        {"n0": Dead(8, 9)},
    ),
    "a bias reaches nothing": (
        chain((2, 2, 1), conv(1, padding=3), conv(3, strides=7)),
        {"n0": Dead(0, 1), "n1": Dead(9, 9)},
    ),
    "groups": (chain((1, 1, 4), conv(3, 6, groups=2, padding="same")), {"n0": Dead(96, 108)}),
    "two corners": (
        graph_of(
            (1, 1, 1),
            [
                (conv(1, padding=[[0, 3], [0, 3]]), ("input",)),
                (conv(1, padding=[[3, 0], [3, 0]]), ("input",)),
                (Add(), ("n0", "n1")),
                (Flatten(), ("n2",)),
                (Dense(units=5), ("n3",)),
            ],
        ),
        {"n0": Dead(0, 1), "n1": Dead(0, 1), "n4": Dead(14 * 5, 16 * 5)},
    ),
    "a softmax mixes channels": (
        graph_of((1, 1, 1), [*CORNERS, (SOFTMAX, ("n2",)), (SPLIT, ("n3",))]),
        {**IN_CORNERS, "n4": Dead(14, 18)},
    ),
    "channels stay apart": (
        graph_of((1, 1, 1), [*CORNERS, (SPLIT, ("n2",))]),
        {**IN_CORNERS, "n3": Dead(16, 18)},
    ),
    "a sum of different channels": (
        graph_of(
            (1, 1, 1),
            [*CORNERS, (Concat(), ("n0", "n0")), (Add(), ("n2", "n3")), (SPLIT, ("n4",))],
        ),
        {**IN_CORNERS, "n5": Dead(15, 18)},
    ),
    "one op on two maps": (
        graph_of(
            (1, 1, 1),
            [
                (conv(1, padding=[[0, 2], [0, 2]]), ("input",)),
                (conv(1, padding=[[0, 4], [0, 4]]), ("input",)),
                (ROW, ("n0",)),
                (ROW, ("n1",)),
                (Concat(), ("n2", "n3")),
                (Dense(units=1), ("n4",)),
            ],
        ),
        {**IN_CORNERS, "n5": Dead(8 + 24, 9 + 25)},
    ),
    "features of an unreached border": (
        chain((1, 1, 2), conv(1, 2, padding=1), Flatten(), Dense(units=5)),
        {"n0": Dead(0, 4), "n2": Dead(8 * 2 * 5, 90)},
    ),
}


@pytest.mark.parametrize(("graph", "counts"), HAND.values(), ids=HAND)
def test_small_networks_have_the_counts_of_a_hand(graph: Graph, counts: dict[str, Dead]) -> None:
    assert dead_weights(graph) == counts


def test_what_is_known_of_ops_that_are_gone_is_not_taken_for_others() -> None:
    shared = reached.Reached()
    for kernel in range(1, 200):
        graph = chain((1, 1, 1), conv(kernel, padding="same"))
        assert dead_weights(graph, shared) == {"n0": Dead(kernel**2 - 1, kernel**2)}


# ── random networks ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(SEEDS))
def test_dead_weights_are_those_that_no_nan_is_multiplied_with(seed: int) -> None:
    graph = random_graph(seed)
    assert dead_weights(graph) == brute_force(graph)


def partly(graph: Graph) -> list[tuple[Node, regions.Value]]:
    """Return the nodes that a partly reached value enters, and that value."""
    walked = reached.Reached().walk(graph)
    left = {node.name: passed.value for node, passed in zip(graph, walked, strict=True)}
    return [
        (node, left[name])
        for node in graph
        for name in node.inputs
        if name in left and left[name] != regions.full_value(graph.shapes[name])
    ]


def test_the_random_networks_reach_every_case() -> None:
    entered = [found for seed in range(SEEDS) for found in partly(random_graph(seed))]
    kinds = {node.op.kind for node, _ in entered}
    assert kinds >= {"conv", "dense", "flatten", "concat", "add", "multiply", "maximum", *LATER}
    assert kinds >= {"max_pool", "avg_pool", "global_avg_pool", "global_max_pool", "activation"}
    assert sum(len(value) > 2 for _, value in entered) > 20
    assert sum(len(region) > 1 for _, value in entered for _, region in value) > 20
    assert sum(len(rows) > 1 for _, v in entered for _, r in v for rows, _ in r) > 20
    counts = [count for seed in range(SEEDS) for count in dead_weights(random_graph(seed)).values()]
    assert sum(0 < count.dead < count.weights for count in counts) > 200


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("module", "limit"),
    [
        (positions, "MOST_SPANS"),
        (regions, "MOST_PRODUCTS"),
        (regions, "MOST_SEGMENTS"),
        (moving, "MOST_RUNS"),
        (moving, "MOST_SCALARS"),
        (moving, "MOST_PIECES"),
    ],
)
def test_beyond_a_limit_no_live_weight_is_called_dead(
    module: Any, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = [HAND["two corners"][0], *map(random_graph, range(SEEDS))]
    exact = list(map(dead_weights, graphs))
    monkeypatch.setattr(module, limit, 1)
    fewer = 0
    for graph, counts in zip(graphs, exact, strict=True):
        walked = reached.Reached()
        found = dead_weights(graph, walked)
        assert walked.is_exact is False or found == counts
        for name, count in counts.items():
            assert found[name].dead <= count.dead
            assert found[name].weights == count.weights
            fewer += found[name].dead < count.dead
    assert fewer


def test_behind_the_last_set_no_live_weight_is_called_dead() -> None:
    graph = HAND["two corners"][0]
    few = reached.Reached(3)
    assert list(dead_weights(graph, few).values()) == [Dead(0, 1), Dead(0, 1), Dead(0, 80)]
    assert not few.is_exact
    assert dead_weights(chain((1, 1, 1), conv(3, padding="same")), few) == {"n0": Dead(0, 9)}


FAR = 2**31 - 1


@pytest.mark.parametrize(
    "op",
    [
        conv(FAR, padding="same"),
        conv(3, padding=FAR // 4),
        conv(2, padding=FAR // 4, dilation_rate=FAR // 3),
        conv(FAR // 2, strides=FAR // 2, padding=FAR // 4),
        conv(3, FAR, groups=FAR, padding="same"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, FAR // 2])
def test_maps_and_kernels_of_any_size_cost_the_same(op: Conv, size: int) -> None:
    shape = (size, size, op.groups)
    if isinstance(inferred(op, (shape,)), Refusal):
        pytest.skip("it does not fit")
    dead_weights(chain(shape, op, conv(1, op.groups, groups=op.groups, padding=1), op))


def test_a_chain_of_ever_larger_maps_is_told_in_time() -> None:
    ops = [conv(1, padding=1 + n % 2) for n in range(2)]
    graph = chain((1, 1, 1), *[ops[n % 2] for n in range(10_000)], conv(3, dilation_rate=15_000))
    assert list(dead_weights(graph).values())[-1] == Dead(8, 9)


def test_concats_of_many_channels_stay_few_segments() -> None:
    wired: list[tuple[Op, tuple[str, ...]]] = [(conv(1, padding=1), ("input",))]
    wired += [(Shift(sides=((1, 1), (1, 1))), ("input",))]
    for n in range(1, 600):
        wired.append((Concat(), (f"n{n}", "n0", "n1")))
    graph = graph_of((2, 2, 1), [*wired, (conv(4, padding="same"), ("n600",))])
    assert dead_weights(graph)["n601"].dead == 0
