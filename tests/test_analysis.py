"""Parameters, MACs, receptive fields and activations, counted by hand and as published."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archgen
from archgen.analysis import Analysis, Measure


def net(*layers: dict[str, Any], shape: Iterable[int] = (32, 32, 3), **keys: Any) -> Analysis:
    spec = {"archgen": 1, "name": "net", "input": {"shape": list(shape)}, "layers": list(layers)}
    return archgen.analyse({**spec, **keys})


def conv(kernel: Any, filters: int = 4, **fields: Any) -> dict[str, Any]:
    return {"op": "conv", "filters": filters, "kernel_size": kernel, **fields}


def pool(size: Any, **fields: Any) -> dict[str, Any]:
    return {"op": "max_pool", "pool_size": size, **fields}


def last(analysis: Analysis) -> Measure:
    return analysis.measures[-1]


# ── counts by hand ────────────────────────────────────────────────────────────────────────────────


class Counted(NamedTuple):
    """An entry on a map, and what it costs: the sums are written out."""

    entry: dict[str, Any]
    trainable: int
    non_trainable: int
    macs: int


COUNTED = {
    "conv": Counted(conv(3, 8), 3 * 3 * 6 * 8 + 8, 0, 8 * 6 * 3 * 3 * 6 * 8),
    "conv without bias": Counted(conv([1, 5], use_bias=False), 5 * 6 * 4, 0, 10 * 4 * 5 * 6 * 4),
    "grouped conv": Counted(conv(3, 4, groups=2), 9 * 3 * 4 + 4, 0, 8 * 6 * 9 * 3 * 4),
    "strided conv": Counted(conv(3, 2, strides=[2, 3]), 9 * 6 * 2 + 2, 0, 4 * 2 * 9 * 6 * 2),
    "padded conv": Counted(conv(3, 2, padding="same"), 9 * 6 * 2 + 2, 0, 10 * 8 * 9 * 6 * 2),
    "depthwise conv": Counted(
        {"op": "depthwise_conv", "kernel_size": 3, "depth_multiplier": 2},
        9 * 6 * 2 + 12, 0, 8 * 6 * 9 * 6 * 2),
    "separable conv": Counted(
        {"op": "separable_conv", "filters": 5, "kernel_size": [3, 1], "use_bias": False},
        3 * 6 + 6 * 5, 0, 8 * 8 * (3 * 6 + 6 * 5)),
    "transposed conv": Counted(
        {"op": "conv_transpose", "filters": 5, "kernel_size": 2, "strides": 2},
        4 * 6 * 5 + 5, 0, 10 * 8 * 4 * 6 * 5),
    "norm": Counted({"op": "batch_norm"}, 2 * 6, 2 * 6, 0),
    "norm without gamma": Counted({"op": "batch_norm", "scale": False}, 6, 2 * 6, 0),
    "norm alone": Counted({"op": "batch_norm", "scale": False, "center": False}, 0, 2 * 6, 0),
    "layer norm": Counted({"op": "layer_norm"}, 2 * 6, 0, 0),
    "layer norm without beta": Counted({"op": "layer_norm", "center": False}, 6, 0, 0),
    "response norm": Counted({"op": "local_response_norm", "size": 5}, 0, 0, 0),
    "resize": Counted({"op": "resize", "height": 30, "width": 20}, 0, 0, 0),
    "dense on a map": Counted({"op": "dense", "units": 5}, 6 * 5 + 5, 0, 10 * 8 * 6 * 5),
    "max pool": Counted(pool(3), 0, 0, 0),
    "average pool": Counted({"op": "avg_pool", "pool_size": 3}, 0, 0, 0),
    "global pool": Counted({"op": "global_avg_pool"}, 0, 0, 0),
    "activation": Counted({"op": "activation", "activation": "relu"}, 0, 0, 0),
    "dropout": Counted({"op": "dropout", "rate": 0.5}, 0, 0, 0),
    "flatten": Counted({"op": "flatten"}, 0, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("counted", COUNTED.values(), ids=COUNTED)
def test_one_op_costs_what_it_costs_by_hand(counted: Counted) -> None:
    measure = last(net(counted.entry, shape=(10, 8, 6)))
    found = (measure.trainable, measure.non_trainable, measure.macs)
    assert found == counted[1:]
    assert measure.params == counted.trainable + counted.non_trainable


def test_dense_on_features_counts_features_times_units() -> None:
    measure = last(net({"op": "flatten"}, {"op": "dense", "units": 7}, shape=(4, 3, 2)))
    assert (measure.params, measure.macs) == (24 * 7 + 7, 24 * 7)


def test_totals_are_the_sums_over_the_nodes() -> None:
    normed = conv(3, 4, use_bias=False, norm="batch_norm", activation="relu")
    analysis = net(normed, {"op": "flatten"}, {"op": "dense", "units": 2}, shape=(4, 4, 1))
    assert (analysis.trainable, analysis.non_trainable) == (36 + 8 + 16 * 2 + 2, 8)
    assert analysis.params == analysis.trainable + analysis.non_trainable
    assert analysis.macs == 2 * 2 * 9 * 4 + 16 * 2


def test_activations_are_the_bytes_of_every_value() -> None:
    """Four bytes a scalar: 6×6×4, as much behind the activation, then 144 features, then 2."""
    layers = (conv(3, 4, activation="relu"), {"op": "flatten"}, {"op": "dense", "units": 2})
    analysis = net(*layers, shape=(8, 8, 1))
    assert [measure.activation_bytes for measure in analysis.measures] == [576, 576, 576, 8]
    assert analysis.activation_bytes == 576 * 3 + 8


def test_an_input_that_a_node_reads_twice_is_counted_once_a_node() -> None:
    analysis = net(conv(1, 2), {"op": "concat", "inputs": ["conv", "conv"]}, shape=(2, 2, 1))
    assert [measure.activation_bytes for measure in analysis.measures] == [32, 64]


# ── receptive fields by hand ──────────────────────────────────────────────────────────────────────

FIELDS = {
    "one conv": ([conv(3)], (3, 3)),
    "two convs": ([conv(3), conv(3)], (5, 5)),
    "a stride before": ([conv(3, strides=2), conv(3)], (7, 7)),
    "a stride behind": ([conv(3), conv(3, strides=2)], (5, 5)),
    "a pool between": ([conv(3), pool(2), conv(3)], (8, 8)),
    "overlapping pools": ([pool(3, strides=2), pool(3, strides=2)], (7, 7)),
    "padding": ([conv(3, padding="same"), conv(3, padding=1)], (5, 5)),
    "dilation": ([conv(3, dilation_rate=2), conv(3)], (7, 7)),
    "tall and wide": ([conv([7, 1]), conv([1, 5], strides=[1, 2]), conv([1, 3])], (7, 9)),
    "pointwise": ([conv(3, norm="batch_norm", activation="relu"), conv(1)], (3, 3)),
    "global pool": ([conv(3), {"op": "global_avg_pool"}], (32, 32)),
    "global pool on strides": ([pool(4), {"op": "global_max_pool"}], (32, 32)),
    "flatten": ([pool([4, 2]), {"op": "flatten"}, {"op": "dense", "units": 2}], (32, 32)),
    "a rest that nobody sees": ([pool(5), {"op": "global_avg_pool"}], (30, 30)),
    "dense on a map": ([conv(3), {"op": "dense", "units": 2}], (3, 3)),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "field"), FIELDS.values(), ids=FIELDS)
def test_what_a_chain_sees(layers: list[dict[str, Any]], field: tuple[int, int]) -> None:
    assert last(net(*layers)).receptive_field == field


def fork(*branches: list[dict[str, Any]], join: str = "concat") -> dict[str, Any]:
    return {"join": join, "branches": {f"b{n}": branch for n, branch in enumerate(branches)}}


def same(*kernels: Any) -> list[dict[str, Any]]:
    return [conv(kernel, padding="same") for kernel in kernels]


BEFORE = conv(2, padding=[[1, 0], [1, 0]])
FORKS = {
    "the largest branch": (fork(same(1), same(3), same(3, 3)), (5, 5)),
    "each axis for itself": (fork(same([1, 7]), same([3, 1])), (3, 7)),
    "identity": (fork([], [conv(3, 3, padding="same")], join="add"), (3, 3)),
    "two sides of a pixel": (fork(same(2), [BEFORE]), (3, 3)),
    "strides in both": (fork([pool(2)], [conv(4, strides=2, padding=1)]), (4, 4)),
}


@pytest.mark.parametrize(("entry", "field"), FORKS.values(), ids=FORKS)
def test_what_a_fork_sees(entry: dict[str, Any], field: tuple[int, int]) -> None:
    assert last(net(entry)).receptive_field == field


def test_a_squeeze_sees_the_whole_map() -> None:
    gate = [{"op": "global_avg_pool", "keepdims": True}, conv(1, 3, activation="sigmoid")]
    assert last(net(fork([], gate, join="multiply"))).receptive_field == (32, 32)


Chain = list[tuple[int, int, int, int]]
CHAINS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2)),
    max_size=5,
)


def seen_from(chain: Chain, position: int) -> set[int]:
    """Return the input positions that one output position reads, tap by tap."""
    positions = {position}
    for kernel, stride, dilation, before in reversed(chain):
        positions = {p * stride - before + t * dilation for p in positions for t in range(kernel)}
    return positions


def convs(chain: Chain) -> list[dict[str, Any]]:
    return [
        conv(
            [kernel, 1],
            1,
            strides=[stride, 1],
            dilation_rate=[dilation, 1],
            padding=[[before, 2], 0],
        )
        for kernel, stride, dilation, before in chain
    ]


def as_keras_takes_it(chain: Chain) -> Chain:
    return [(kernel, s, 1 if s > 1 else d, before) for kernel, s, d, before in chain]


@settings(deadline=None, max_examples=50)
@given(CHAINS.map(as_keras_takes_it))
def test_a_chain_sees_from_its_first_tap_to_its_last(chain: Chain) -> None:
    positions = seen_from(chain, 0)
    analysis = net(conv(1), *convs(chain), shape=(600, 1, 1))
    assert last(analysis).receptive_field == (max(positions) - min(positions) + 1, 1)


UNSTRIDED = CHAINS.map(
    lambda chain: [(kernel, 1, dilation, before) for kernel, _, dilation, before in chain]
)


@settings(deadline=None, max_examples=50)
@given(UNSTRIDED, UNSTRIDED, st.integers(1, 3))
def test_a_fork_sees_what_its_branches_see_together(one: Chain, other: Chain, stride: int) -> None:
    first = [(stride, stride, 1, 0)]
    branches = [convs(one), convs(other)]
    sizes = [
        last(net(*convs(first), *branch, shape=(600, 1, 1))).node.shape[0] for branch in branches
    ]
    spare = max(sizes) - min(sizes)
    longer = branches[sizes.index(max(sizes))]
    longer.append(conv([spare + 1, 1], 1))  # so that the join fits
    widened = [*(one if longer is branches[0] else other), (spare + 1, 1, 1, 0)]
    shorter = other if longer is branches[0] else one
    positions = seen_from([*first, *widened], 0) | seen_from([*first, *shorter], 0)
    entry = fork(*branches, join="concat")
    analysis = net(*convs(first), entry, shape=(600, 1, 1))
    assert last(analysis).receptive_field == (max(positions) - min(positions) + 1, 1)


# ── published networks, said in the language ──────────────────────────────────────────────────────

RELU = {"op": "activation", "activation": "relu"}
POOL = {"op": "max_pool", "pool_size": 3, "strides": 2}


def dense(units: int) -> dict[str, Any]:
    return {"op": "dense", "units": units}


def vgg_stage(filters: int, depth: int) -> list[dict[str, Any]]:
    return [{**conv(3, filters, padding="same"), "repeat": depth}, pool(2)]


def alexnet() -> Analysis:
    """AlexNet in one tower (arXiv:1404.5997), as torchvision has it."""
    return net(
        conv(11, 64, strides=4, padding=2), POOL, conv(5, 192, padding=2), POOL,
        conv(3, 384, padding=1), conv(3, 256, padding=1), conv(3, 256, padding=1),
        {**POOL, "name": "end"}, {"op": "flatten"}, dense(4096), dense(4096), dense(1000),
        shape=(224, 224, 3),
    )  # fmt: skip


def vgg_16() -> Analysis:
    """VGG-16 (arXiv:1409.1556, configuration D)."""
    depths = {64: 2, 128: 2, 256: 3, 512: 3}
    stages = [entry for filters, depth in depths.items() for entry in vgg_stage(filters, depth)]
    end = [{**conv(3, 512, padding="same"), "repeat": 3}, {**pool(2), "name": "end"}]
    classifier = ({"op": "flatten"}, dense(4096), dense(4096), dense(1000))
    return net(*stages, *end, *classifier, shape=(224, 224, 3))


def resnet_50() -> Analysis:
    """ResNet-50 (arXiv:1512.03385, table 1), its strides in the 3×3 convolutions."""
    block = {"required": ["n", "s"], "join": "add", "activation": "relu", "branches": {
        "main": [
            conv(1, "$n", activation="relu"),  # type: ignore[arg-type]
            conv(3, "$n", strides="$s", padding=1, activation="relu"),  # type: ignore[arg-type]
            conv(1, "${n * 4}"),  # type: ignore[arg-type]
        ],
        "shortcut": [{**conv(1, "${n * 4}", strides="$s"), "when": "${channels != n * 4}"}],  # type: ignore[arg-type]
    }}  # fmt: skip
    stages: list[list[dict[str, Any]]] = [
        [
            {"use": "block", "with": {"n": n, "s": stride}},
            {"use": "block", "repeat": depth - 1, "with": {"n": n, "s": 1}},
        ]
        for n, depth, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
    ]
    return net(
        conv(7, 64, strides=2, padding=3, activation="relu"),
        {**POOL, "padding": 1},
        *[entry for stage in stages for entry in stage],
        {"op": "global_avg_pool"},
        dense(1000),
        shape=(224, 224, 3),
        defaults={"conv": {"use_bias": False, "norm": "batch_norm"}},
        modules={"block": block},
    )


def densenet_121() -> Analysis:
    """DenseNet-121 (arXiv:1608.06993, table 1), growth 32."""
    modules = {
        "layer": {"join": "concat", "branches": {"old": [], "new": [
            {"op": "batch_norm"}, RELU, conv(1, 128), {"op": "batch_norm"}, RELU,
            conv(3, 32, padding="same"),
        ]}},
        "transition": {"layers": [
            {"op": "batch_norm"}, RELU, conv(1, "${channels // 2}"),  # type: ignore[arg-type]
            {"op": "avg_pool", "pool_size": 2},
        ]},
    }  # fmt: skip
    blocks = [{"use": "layer", "repeat": depth, "name": f"d{depth}"} for depth in (6, 12, 24, 16)]
    cut: dict[str, Any] = {"use": "transition"}
    return net(
        conv(7, 64, strides=2, padding=3), {"op": "batch_norm"}, RELU, {**POOL, "padding": 1},
        blocks[0], cut, blocks[1], cut, blocks[2], cut, blocks[3],
        {"op": "batch_norm"}, RELU, {"op": "global_avg_pool"}, dense(1000),
        shape=(224, 224, 3), defaults={"conv": {"use_bias": False}}, modules=modules,
    )  # fmt: skip


def mobilenet() -> Analysis:
    """MobileNet v1 (arXiv:1704.04861, tables 1 and 8), as ``keras.applications`` has it."""
    plan = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2),
            (1024, 1))  # fmt: skip
    same = {"padding": "same", "use_bias": False, "norm": "batch_norm", "activation": "relu6"}
    layers = [conv(3, 32, strides=2)]
    for filters, strides in plan:
        layers += [{"op": "depthwise_conv", "kernel_size": 3, "strides": strides}, conv(1, filters)]
    return net(
        *layers, {"op": "global_avg_pool"}, dense(1000),
        shape=(224, 224, 3), defaults={"conv": same, "depthwise_conv": same},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("analysis", "trainable", "giga_macs"),
    [
        (alexnet, 61_100_840, 0.714),
        (vgg_16, 138_357_544, 15.470),
        (resnet_50, 25_557_032, 4.089),
        (densenet_121, 7_978_856, 2.834),
        (mobilenet, 4_231_976, 0.569),
    ],
)
def test_published_networks_have_their_published_size(
    analysis: Any, trainable: int, giga_macs: float
) -> None:
    """Source: torchvision's ``num_params`` and ``_ops``."""
    found = analysis()
    assert found.trainable == trainable
    assert found.macs / 1e9 == pytest.approx(giga_macs, abs=0.0006)


@pytest.mark.parametrize(("analysis", "field"), [(alexnet, 195), (vgg_16, 212)])
def test_published_networks_see_what_was_published(analysis: Any, field: int) -> None:
    """Source: Araujo et al., Computing Receptive Fields of Convolutional Networks, Distill 2019."""
    (end,) = [measure for measure in analysis().measures if measure.node.name == "end"]
    assert end.receptive_field == (field, field)
