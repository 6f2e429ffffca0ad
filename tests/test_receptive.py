"""Receptive fields where maps grow, turn and change places: a NaN in one pixel shows what is seen.

The reference runs on an image with one NaN; what comes out as NaN has seen that pixel.
"""

from math import prod
from typing import Any

import numpy as np  # noqa: TID253 - the reference speaks NumPy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archgen
from archgen.analysis import Analysis
from archgen.ir import Graph, Node, Pair
from tests import reference

ROWS, COLUMNS = 22, 18
Layers = list[dict[str, Any]]


def graph_of(layers: Layers, shape: tuple[int, ...] = (ROWS, COLUMNS, 2)) -> Graph:
    spec = {"archgen": 1, "name": "net", "input": {"shape": list(shape)}, "layers": layers}
    return archgen.graph(spec)


def measured(graph: Graph) -> Pair:
    analysis: Analysis = archgen.analyse(graph)
    return analysis.measures[-1].receptive_field


def ones(graph: Graph, node: Node) -> dict[str, reference.Array]:
    """Return weights that hide nothing: a zero would hide a NaN from a reader, not from NumPy."""
    return {w.name: np.ones(w.shape) for w in node.op.weights(graph.input_shapes(node))}


def seen(graph: Graph) -> tuple[list[Pair], list[Pair]]:
    """Return the first and last row, and column, that each output position sees."""
    shape = graph.inputs["input"]
    weights = {node.name: ones(graph, node) for node in graph}
    output = next(iter(graph.outputs.values()))
    found = [
        [tainted(graph, weights, output, axis, position) for position in range(shape[axis])]
        for axis in (0, 1)
    ]
    spans = []
    for masks in found:
        stack = np.stack([mask.reshape(-1) for mask in masks])
        sees = [np.flatnonzero(column) for column in stack.T]
        spans.append([(int(s[0]), int(s[-1])) for s in sees if s.size])
    return spans[0], spans[1]


def tainted(
    graph: Graph, weights: Any, output: str, axis: int, position: int
) -> "np.ndarray[Any, Any]":
    """Return which outputs see a whole row or column of pixels."""
    image = np.ones(graph.inputs["input"])
    image[(slice(None),) * axis + (position,)] = np.nan
    with np.errstate(invalid="ignore"):
        answer = reference.run(graph, {"input": image}, weights)[output].value
    return np.isnan(answer).any(axis=-1)


def extents(graph: Graph) -> Pair:
    """Return how many rows and columns the outputs see that see most."""
    rows, columns = (max([b - a + 1 for a, b in spans], default=0) for spans in seen(graph))
    return rows, columns


# ── by hand ───────────────────────────────────────────────────────────────────────────────────────


def conv(kernel: Any, **fields: Any) -> dict[str, Any]:
    return {"op": "conv", "filters": 1, "kernel_size": kernel, **fields}


def transposed(kernel: Any, strides: Any = 2, **fields: Any) -> dict[str, Any]:
    own = {"filters": 1, "kernel_size": kernel, "strides": strides}
    return {"op": "conv_transpose", **own, **fields}


POOL: dict[str, Any] = {"op": "max_pool", "pool_size": 2}
UP: dict[str, Any] = {"op": "up_sample"}
SMOOTH: dict[str, Any] = {"op": "up_sample", "interpolation": "bilinear"}
TURN: dict[str, Any] = {"op": "permute", "dims": [2, 1, 3]}
SKIP: dict[str, Any] = {
    "join": "concat",
    "branches": {"over": [], "under": [POOL, conv(3, padding="same"), UP]},
}

BY_HAND = {
    "repeated pixels": ([UP], (1, 1)),
    "a pool repeated": ([POOL, UP], (2, 2)),
    "two repeated pixels": ([UP, conv(2)], (2, 2)),
    "three of repeated pixels": ([UP, conv(3)], (2, 2)),
    "four of repeated pixels": ([UP, conv(4)], (3, 3)),
    "two of repeated pools": ([POOL, UP, conv(2)], (4, 4)),
    "every second repeated pixel": ([UP, conv(2), conv(1, strides=2)], (1, 1)),
    "thrice and twice": ([{**UP, "size": [3, 2]}, conv(4)], (2, 3)),
    "interpolated": ([SMOOTH], (2, 2)),
    "interpolated pools": ([POOL, SMOOTH], (4, 4)),
    "transposed": ([transposed(3)], (2, 2)),
    "transposed without overlap": ([transposed(2)], (1, 1)),
    "transposed on pools": ([POOL, transposed(3, padding="same")], (4, 4)),
    "transposed by 1": ([transposed([3, 2], 1)], (3, 2)),
    "transposed with dilation": ([transposed(3, 1, dilation_rate=2)], (5, 5)),
    "transposed, then a window": ([transposed(2), conv(3)], (2, 2)),
    "holes of a transposed one": ([transposed(1, 3)], (1, 1)),
    "resized by a half": ([{"op": "resize", "height": 11, "width": 9}], (2, 2)),
    "resized without gaps": (
        [{"op": "resize", "height": 11, "width": 9, "antialias": True}], (4, 4)),
    "shifted": ([conv(3), {"op": "crop", "cropping": 2}, {"op": "zero_pad", "padding": 1}], (3, 3)),
    "turned": ([conv([5, 3]), TURN], (5, 3)),
    "turned, then a window": ([TURN, conv([5, 3])], (3, 5)),
    "turned twice": ([TURN, conv([5, 3]), TURN, conv([5, 1])], (7, 5)),
    "rows as channels": ([conv(3), {"op": "permute", "dims": [3, 2, 1]}], (22, 3)),
    "columns as channels": (
        [{"op": "permute", "dims": [3, 1, 2]}, conv([1, 5])], (5, 18)),
    "channels in the middle": ([{"op": "permute", "dims": [1, 3, 2]}, conv(1)], (1, 18)),
    "the same shape": ([conv(3), {"op": "reshape", "target_shape": [20, -1, 1]}], (3, 3)),
    "a U": ([conv(3, padding="same"), SKIP, conv(3, padding="same")], (10, 10)),
    "norms": ([conv(3), {"op": "layer_norm"}, {"op": "local_response_norm", "size": 3}], (3, 3)),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "field"), BY_HAND.values(), ids=BY_HAND)
def test_what_is_seen_by_hand_and_by_taint(layers: Layers, field: Pair) -> None:
    graph = graph_of(layers)
    assert measured(graph) == field
    assert extents(graph) == field


def test_another_shape_is_taken_as_a_look_at_everything() -> None:
    """Each output sees one pixel, but which one no field says."""
    graph = graph_of([{"op": "reshape", "target_shape": [18, 22, 2]}, conv(3)])
    assert measured(graph) == (22, 18)
    assert extents(graph) == (3, 18)


# ── drawn, on one axis ────────────────────────────────────────────────────────────────────────────

SMALL = st.integers(1, 3)
WAYS = st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3"])
UPS = st.builds(lambda by, way: {**UP, "size": [by, 1], "interpolation": way}, SMALL, WAYS)
TRANSPOSED = st.builds(lambda more, by: transposed([more + by, 1], [by, 1]), SMALL, SMALL)
CONVS = st.builds(lambda kernel, by: conv([kernel, 1], strides=[by, 1]), SMALL, SMALL)
DILATED = st.builds(lambda kernel: conv([kernel, 1], dilation_rate=[2, 1]), SMALL)
POOLS = st.builds(lambda n, by: {**POOL, "pool_size": [n, 1], "strides": [by, 1]}, SMALL, SMALL)
RESIZED = st.builds(
    lambda size, way: {"op": "resize", "height": size, "width": 1, "interpolation": way,
                       "antialias": way == "bilinear"},
    st.integers(5, 50), WAYS,
)  # fmt: skip
PADDED = st.builds(lambda front, behind: {"op": "zero_pad", "padding": [[front, behind], 0]},
                   SMALL, SMALL)  # fmt: skip
GROWING = st.one_of(UPS, TRANSPOSED)
SLIDING = st.one_of(CONVS, DILATED, POOLS)
LENGTH = 48


def fitting(layers: Layers) -> Graph | None:
    try:
        graph = graph_of(layers, (LENGTH, 1, 1))
    except archgen.SpecError:
        return None
    return graph if 2 < graph.nodes[-1].shape[0] < 200 else None


def drawn(*kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[Graph]:
    chains = st.lists(st.one_of(*kinds), min_size=1, max_size=5)
    return chains.map(fitting).filter(bool)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(drawn(GROWING, SLIDING, RESIZED, PADDED))
def test_the_field_holds_what_is_seen(graph: Graph) -> None:
    assert measured(graph)[0] >= extents(graph)[0]


@settings(deadline=None, max_examples=60)
@given(drawn(GROWING, SLIDING))
def test_the_field_is_what_is_seen_away_from_the_border(graph: Graph) -> None:
    """Where as many outputs in a row stay off the border as it takes to have each turn once."""
    rows, _ = seen(graph)
    inner = [last - first + 1 for first, last in rows if first > 0 and last < LENGTH - 1]
    assume(len(inner) >= turns(graph))
    assert measured(graph)[0] == max(inner)


def turns(graph: Graph) -> int:
    """Return how many outputs may take turns: as many as all that grows makes of one position."""
    grown = [getattr(node.op, "size", getattr(node.op, "strides", None)) for node in graph]
    kinds = [node.op.kind for node in graph]
    pairs = zip(kinds, grown, strict=True)
    return prod(by[0] for kind, by in pairs if kind in ("up_sample", "conv_transpose"))


@settings(deadline=None, max_examples=60)
@given(drawn(GROWING, SLIDING), st.data())
def test_a_fork_sees_what_its_branches_see_together(graph: Graph, data: st.DataObject) -> None:
    """A branch that looks further and one that moves along with it, joined where they fit."""
    kernel = data.draw(st.integers(1, 5))
    layers = [entry_of(node) for node in graph]
    fork = {"join": "concat", "branches": {
        "one": [{"op": "zero_pad", "padding": [[kernel - 1, 0], 0]}, conv([kernel, 1])],
        "two": [{**UP, "size": [2, 1]}, {**POOL, "pool_size": [2, 1]}],
    }}  # fmt: skip
    whole = graph_of([*layers, fork], (LENGTH, 1, 1))
    rows, _ = seen(whole)
    inner = [last - first + 1 for first, last in rows if first > 0 and last < LENGTH - 1]
    assume(len(inner) >= turns(whole))
    assert measured(whole)[0] == max(inner)


def entry_of(node: Node) -> dict[str, Any]:
    return {"op": node.op.kind, **node.op.__dict__}


# ── values that do not move in step ───────────────────────────────────────────────────────────────


def test_branches_with_different_strides_are_seen_as_a_whole() -> None:
    """A pool by 4 and a window of 25: an output sees 25 pixels, all outputs 32."""
    branches = {"near": [{**POOL, "pool_size": 4}], "far": [conv(25)]}
    graph = graph_of([{"join": "concat", "branches": branches}], (32, 32, 1))
    assert measured(graph) == (32, 32)
    assert extents(graph) == (25, 25)


def test_a_spread_pixel_and_the_map_are_seen_as_a_whole() -> None:
    """The pixel in the middle and the one at the end are 12 apart."""
    middle = {"op": "crop", "cropping": [[11, 10], [9, 8]]}
    branches: dict[str, Layers] = {"map": [], "middle": [middle]}
    graph = graph_of([{"join": "multiply", "branches": branches}])
    assert extents(graph) == (12, 10)
    assert measured(graph) == (ROWS, COLUMNS)


def test_a_turned_map_and_an_upright_one_are_seen_as_a_whole() -> None:
    branches = {"upright": [conv([5, 3], padding="same")], "turned": [TURN]}
    graph = graph_of([{"join": "concat", "branches": branches}], (12, 12, 1))
    assert extents(graph) == (12, 12)
    assert measured(graph) == (16, 14)


def test_two_turned_maps_move_in_step() -> None:
    branches = {"one": [TURN], "two": [conv([5, 3], padding="same"), TURN]}
    graph = graph_of([{"join": "concat", "branches": branches}])
    assert measured(graph) == extents(graph) == (5, 3)


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


def test_what_takes_too_many_turns_is_a_look_at_everything() -> None:
    sizes = (47, 46, 45, 43, 41)  # without a common factor, so the turns multiply
    layers = [{"op": "resize", "height": size, "width": 1} for size in sizes]
    graph = graph_of(layers, (LENGTH, 1, 1))
    fields = [measure.receptive_field[0] for measure in archgen.analyse(graph).measures]
    assert fields[:2] == [2, 3]
    assert fields[2:] == [LENGTH] * 3
    assert extents(graph)[0] < LENGTH


def test_a_map_of_any_size_is_resized_in_no_time() -> None:
    layers = [{"op": "resize", "height": 2**31 - 1, "width": 2**31 - 1}]
    assert measured(graph_of(layers)) == (ROWS, COLUMNS)
    transpose = transposed(1, 2**20)
    assert measured(graph_of([transpose])) == (ROWS, COLUMNS)
