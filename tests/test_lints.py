"""What a check says of legal but suspicious networks, compared with what the networks do."""

import importlib
import re
from random import Random
from typing import Any

import numpy as np  # noqa: TID253 - arrays for the reference
import pytest

import archgen
from archgen.cli import main
from archgen.diagnostics import Fault, Faults
from archgen.geometry import Axis, fit, reach
from archgen.inference import resized
from archgen.ir import Graph
from archgen.lints import lint, near_sizes
from archgen.lints.dead import dead_weights
from archgen.lints.dropped_border import _nodes_that_drop, lost_of
from archgen.lints.near_sizes import NEAR, NearSizes, Side
from tests.reference import forward, line

# The package has a lint of the same name as the module.
untouched_weights = importlib.import_module("archgen.lints.untouched_weights")
BLOG = {"conv_bias": True, "bn_scale": True, "fixed_pool": True}


def told(code: str, spec: Any, size: int | tuple[int, int], **parameters: Any) -> list[Fault]:
    height, width = (size, size) if isinstance(size, int) else size
    channels = archgen.load(spec).input.shape[2]
    assert isinstance(channels, int)
    found = archgen.check(spec, (height, width, channels), **parameters)
    assert all(fault.severity == "warning" for fault in found)
    return [fault for fault in found if fault.code == code]


def net(*layers: dict[str, Any], shape: tuple[int, int, int] = (32, 32, 3)) -> dict[str, Any]:
    return {"archgen": 1, "name": "net", "input": {"shape": list(shape)}, "layers": list(layers)}


def conv(kernel: Any, **fields: Any) -> dict[str, Any]:
    return {"op": "conv", "filters": 2, "kernel_size": kernel, **fields}


# ── W604 ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_blogs_network_has_a_useless_bias_in_every_convolution() -> None:
    (fault,) = told("W604", "inception_v4_paper", 299, conv_bias=True)
    params = archgen.analyse("inception_v4_paper", conv_bias=True).params
    useless = params - archgen.analyse("inception_v4_paper").params
    assert f"{useless:,} parameters in 149 layers" in fault.message
    assert fault.place
    assert fault.place.pointer == "/defaults/conv/use_bias"


def test_a_norm_answers_the_same_without_the_bias() -> None:
    """The mean that a norm subtracts holds the bias, so it is as well to have neither."""
    graph = archgen.graph(net(conv(1, norm="batch_norm"), shape=(2, 2, 1)))
    layer, norm = (node.op for node in graph)
    image, bias = np.arange(4.0).reshape(2, 2, 1), np.array([0.5, -2.0])
    kernel, plain = np.array([1.0, -3.0]).reshape(1, 1, 1, 2), layer.model_copy()
    object.__setattr__(plain, "use_bias", False)
    rest = {"gamma": np.ones(2), "beta": np.ones(2), "moving_variance": np.ones(2)}
    one, other = (
        forward(norm, [value], {**rest, "moving_mean": value.mean(axis=(0, 1))}).value
        for value in (
            forward(layer, [image], {"kernel": kernel, "bias": bias}).value,
            forward(plain, [image], {"kernel": kernel}).value,
        )
    )
    assert np.allclose(one, other)


# ── W605 ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("size", "share"),
    [(75, "9,484,288 of 41,079,648"), (90, "9,484,288"), (91, "5,160,960"), (106, "5,160,960")],
)
def test_dead_weights_are_told_once_and_with_the_next_clean_size(size: int, share: str) -> None:
    (fault,) = told("W605", "inception_v4", size)
    assert fault.message.startswith(f"{share}")
    assert f"at {size}×{size}" in fault.message
    assert fault.notes[0] == "`inception_c_1.double.conv_3`: 458,752 of 688,128"
    assert re.fullmatch(r"\d+ more nodes", fault.notes[8])
    assert fault.notes[9:] == ("the first square above without any is 107×107",)


def test_the_clean_size_is_the_first_that_fits() -> None:
    """The branches fit each other at even sizes only, and at 6×6 every tap meets a pixel."""
    halves = {
        "pooled": [{"op": "max_pool"}],
        "strided": [conv(1, filters=3, strides=2, padding="same")],
    }
    spec = net({"join": "add", "branches": halves}, conv(5, padding="same"))
    (fault,) = told("W605", spec, 4)
    assert fault.notes[-1] == "the first square above without any is 6×6"
    with pytest.raises(archgen.SpecError):
        archgen.graph(spec, (5, 5, 3))
    assert told("W605", spec, 6) == []


def test_warnings_change_the_exit_code_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", "inception_v4", "--input", "75x75x3"]
    assert main(arguments) == 0
    assert "W605" in capsys.readouterr().out
    assert main([*arguments, "--strict"]) == 1


# ── W606 ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(20))
def test_what_is_lost_is_what_no_window_looks_at(seed: int) -> None:
    random = Random(seed)
    some = 0
    for _ in range(100):
        pool, stride, size = random.randint(1, 5), random.randint(1, 5), random.randint(1, 20)
        sides = (random.randint(0, pool - 1), random.randint(0, pool - 1))
        padding: Any = random.choice(["same", "valid", sides])
        ceil_mode = random.random() < 0.3 and padding != "same"
        axis = Axis(pool, stride, 1, padding, ceil_mode)
        if fit(size, axis) is None or reach(axis) < stride:
            continue
        op = {"pool_size": pool, "strides": stride, "ceil_mode": ceil_mode}
        asked = padding if isinstance(padding, str) else [list(sides), list(sides)]
        graph = archgen.graph(
            net({"op": "max_pool", **op, "padding": asked}, shape=(size, size, 1))
        )
        windows = line(graph.nodes[0].op, size, 0).windows
        last = max(position for window in windows for position in window if position < size)
        assert lost_of(size, axis) == size - 1 - last
        some += last < size - 1
    assert some > 3


@pytest.mark.parametrize("size", [331, 395, 427, 554])
def test_the_blogs_pool_drops_a_border(size: int) -> None:
    faults = told("W606", "inception_v4_paper", size, **BLOG)
    (pool,) = [fault for fault in faults if "8×8 avg pool" in fault.message]
    last = archgen.graph("inception_v4_paper", (size, size, 3)).shapes["inception_c_3.concat"][0]
    lost = last - 8
    what = "row and column" if lost == 1 else f"{lost} rows and columns"
    assert pool.message == f"8×8 avg pool drops the last {what} of {last}×{last}"


@pytest.mark.parametrize("size", [299, 555])
def test_the_blogs_pool_comes_out_even(size: int) -> None:
    assert told("W606", "inception_v4_paper", size, **BLOG) == []


def suggested(fault: Fault) -> list[tuple[int, int]]:
    assert fault.help
    return [(int(h), int(w)) for h, w in re.findall(r"(\d+)×(\d+)", fault.help)]


@pytest.mark.parametrize("size", [90, 224, 300])
def test_the_sizes_in_the_help_are_the_nearest_that_drop_nothing(size: int) -> None:
    faults = told("W606", "inception_v4", size)
    assert faults
    (below, _), (above, _) = suggested(faults[0])
    graphs = [resized(archgen.graph("inception_v4"), (n, n, 3)) for n in range(below, above + 1)]
    dropping = [graph is not None and bool(_nodes_that_drop(graph)) for graph in graphs]
    assert dropping == [False, *[True] * (above - below - 1), False]
    assert all(fault.help == faults[0].help for fault in faults)


@pytest.mark.parametrize(
    ("size", "nearest"),
    [((150, 200), (139, 203)), ((299, 224), (299, 235)), ((90, 107), (75, 107))],
)
def test_of_a_map_that_is_no_square_each_side_is_helped(
    size: tuple[int, int], nearest: tuple[int, int]
) -> None:
    faults = told("W606", "inception_v4", size)
    assert suggested(faults[0]) == [nearest]
    assert told("W606", "inception_v4", nearest) == []


def test_a_size_of_two_good_sides_is_tried_as_well() -> None:
    """This finding is gone from the rows at 11×22 and from the columns at 8×19, not at 11×19."""
    graph = archgen.graph(net(conv(1), shape=(10, 21, 3)))
    found: dict[tuple[int, ...], set[Side]] = {(11, 22): {("conv", 1)}, (8, 19): {("conv", 0)}}
    both: set[Side] = {("conv", 0), ("conv", 1)}
    sizes = NearSizes(graph, lambda at: frozenset(found.get(at.inputs["input"][:2], both)))
    assert sizes.without(None) == []
    found[11, 19] = set()
    sizes.known.clear()
    assert sizes.without(None) == [(11, 19)]


def test_the_search_for_sizes_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = net({"op": "avg_pool", "pool_size": 20})
    assert suggested(told("W606", spec, 35)[0]) == [(20, 20), (40, 40)]
    monkeypatch.setattr(near_sizes, "MOST_NODES", 17)
    assert suggested(told("W606", spec, 35)[0]) == [(20, 20)]
    monkeypatch.setattr(near_sizes, "MOST_NODES", 10)
    assert told("W606", spec, 35)[0].help is None
    assert told("W606", spec, (35, 36))[0].help is None


def test_the_search_for_a_clean_size_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = net(conv(9, padding="same"))
    monkeypatch.setattr(untouched_weights, "LARGEST_SIZE", 4)
    assert told("W605", spec, 2)[0].notes[-1] == "no square up to 4×4 is without"
    assert told("W605", spec, 4)[0].notes == ("`conv`: 192 of 486",)
    monkeypatch.setattr(untouched_weights, "LARGEST_SIZE", 5)
    assert told("W605", spec, 4)[0].notes[-1] == "the first square above without any is 5×5"


def test_without_such_a_size_the_help_is_for_the_place() -> None:
    """Both pools cannot come out even: one wants a map of even size, the other of odd."""
    even = {"op": "max_pool", "pool_size": 2, "strides": 2}
    odd = {"op": "max_pool", "pool_size": 3, "strides": 2}
    spec = net({"join": "add", "branches": {
        "even": [even, {"op": "global_avg_pool"}], "odd": [odd, {"op": "global_avg_pool"}],
    }})  # fmt: skip
    (fault,) = told("W606", spec, 32)
    assert fault.message == "3×3 max pool drops the last row and column of 32×32"
    assert fault.help == "nothing is dropped here at 31×31 or 33×33"


def test_no_help_where_no_near_size_is_better() -> None:
    pool = {"op": "avg_pool", "pool_size": 2 * NEAR + 2}
    (fault,) = told("W606", net(pool, shape=(3 * NEAR + 3, 3 * NEAR + 3, 1)), 3 * NEAR + 3)
    assert fault.help is None


# ── W607 ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kernel", [2, 3, 7, 8])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("dilation", [1, 2])
def test_taps_beside_the_map_are_those_of_dead_weights(
    kernel: int, width: int, dilation: int
) -> None:
    spec = net(conv([1, kernel], padding="same", dilation_rate=dilation), shape=(9, width, 3))
    count = dead_weights(archgen.graph(spec))["conv"]
    taps = count.dead * kernel // count.weights
    faults = told("W607", spec, (9, width))
    assert [fault.message.partition(": ")[2] for fault in faults] == (
        [f"{taps} of its {kernel} taps never touch the map"] if taps else []
    )


def test_square_kernels_are_left_to_the_sum() -> None:
    spec = net(conv(7, padding="same"), conv([1, 7], padding="same"), shape=(28, 9, 1))
    assert told("W607", spec, (2, 9)) == []
    assert len(told("W605", spec, (2, 9))) == 1


# ── all of them ───────────────────────────────────────────────────────────────────────────────────


def test_a_graph_that_no_spec_made_is_told_without_places() -> None:
    layers = [conv([1, 7], padding="same", norm="batch_norm"), {"op": "max_pool"}]
    spec = archgen.load(net(*layers, shape=(9, 3, 1)))
    graph = archgen.graph(spec)
    nodes = tuple(node._replace(origin=None) for node in graph)
    faults = Faults()
    lint(spec, Graph(graph.name, nodes, graph.inputs, graph.outputs), faults)
    assert [fault.code for fault in faults.listed()] == ["W604", "W605", "W606", "W607"]
    assert {fault.place for fault in faults.listed()} == {None}
