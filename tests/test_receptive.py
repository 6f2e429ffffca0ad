"""Receptive fields where maps grow, turn and change places, against what the reference looks at.

By hand: a NaN in one row or column of the image; what comes out as NaN has seen it. Drawn: each
row has a channel of its own and no op mixes channels, so that one run shows all that is seen.
"""

from math import prod
from typing import Any

import numpy as np  # noqa: TID253 - the reference speaks NumPy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archgen
from archgen.ir import Graph, Node, Pair
from archgen.ops.resample import UpSample
from archgen.ops.transpose import ConvTranspose
from tests import reference

ROWS, COLUMNS = 14, 12
Layers = list[dict[str, Any]]


def graph_of(layers: Layers, shape: tuple[int, ...] = (ROWS, COLUMNS, 2)) -> Graph:
    spec = {"archgen": 1, "name": "net", "input": {"shape": list(shape)}, "layers": layers}
    return archgen.graph(spec)


def measured(graph: Graph) -> Pair:
    return archgen.analyse(graph).measures[-1].receptive_field


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
    return np.asarray(np.isnan(answer).any(axis=-1))


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


def crop(front: int) -> dict[str, Any]:
    return {"op": "crop", "cropping": [[front, 0], [front, 0]]}


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
    "bicubic": ([{**UP, "interpolation": "bicubic"}], (4, 4)),
    "lanczos": ([{**UP, "interpolation": "lanczos3", "size": [1, 2]}], (1, 6)),
    "transposed": ([transposed(3)], (2, 2)),
    "transposed without overlap": ([transposed(2)], (1, 1)),
    "transposed on pools": ([POOL, transposed(3, padding="same")], (4, 4)),
    "transposed by 1": ([transposed([3, 2], 1)], (3, 2)),
    "transposed with dilation": ([transposed(3, 1, dilation_rate=2)], (5, 5)),
    "transposed, then a window": ([transposed(2), conv(3)], (2, 2)),
    "interpolated along one axis": ([{**SMOOTH, "size": [1, 2]}], (1, 2)),
    "bicubic along one axis": ([{**UP, "interpolation": "bicubic", "size": [2, 1]}], (4, 1)),
    "nothing but a hole": (
        [conv(1, strides=2), transposed(1, 3), crop(1), conv(1, strides=3)], (0, 0)),
    "two holes in turns": (
        [conv(1, strides=2), transposed(1, 4), crop(1), conv(1, strides=2)], (0, 0)),
    "holes of a transposed one": ([transposed(1, 3)], (1, 1)),
    "resized by a half": ([{"op": "resize", "height": 7, "width": 6}], (2, 2)),
    "resized without gaps": (
        [{"op": "resize", "height": 7, "width": 6, "antialias": True}], (4, 4)),
    "shifted": ([conv(3), {"op": "crop", "cropping": 2}, {"op": "zero_pad", "padding": 1}], (3, 3)),
    "turned": ([conv([5, 3]), TURN], (5, 3)),
    "turned, then a window": ([TURN, conv([5, 3])], (3, 5)),
    "turned twice": ([TURN, conv([5, 3]), TURN, conv([5, 1])], (7, 5)),
    "rows as channels": ([conv(3), {"op": "permute", "dims": [3, 2, 1]}], (14, 3)),
    "columns as channels": (
        [{"op": "permute", "dims": [3, 1, 2]}, conv([1, 5])], (5, 12)),
    "channels in the middle": ([{"op": "permute", "dims": [1, 3, 2]}, conv(1)], (1, 12)),
    "the same shape": ([conv(3), {"op": "reshape", "target_shape": [12, -1, 1]}], (3, 3)),
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
    graph = graph_of([{"op": "reshape", "target_shape": [12, 14, 2]}])
    assert measured(graph) == (ROWS, COLUMNS)
    assert extents(graph) == (1, 1)


# ── drawn, on one axis ────────────────────────────────────────────────────────────────────────────

LENGTH = 40
SMALL = st.integers(1, 3)
WAYS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def by_channel(kernel: int, **fields: Any) -> dict[str, Any]:
    return {"op": "depthwise_conv", "kernel_size": [kernel, 1], **fields}


def mean(size: int, by: int) -> dict[str, Any]:
    return {"op": "avg_pool", "pool_size": [size, 1], "strides": [by, 1]}


def ups(*ways: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda by, way: {**UP, "size": [by, 1], "interpolation": way}, SMALL, st.sampled_from(ways)
    )


TRANSPOSED = st.builds(
    lambda more, by, padding: transposed(
        [more + by, 1], [by, 1], filters=LENGTH, padding=padding
    ),
    SMALL, SMALL, st.sampled_from(["same", "valid"]),
)  # fmt: skip
CONVS = st.builds(by_channel, SMALL)
DILATED = st.builds(lambda kernel: by_channel(kernel, dilation_rate=[2, 1]), SMALL)
MEANS = st.builds(mean, SMALL, SMALL)
RESIZED = st.builds(
    lambda size, way: {"op": "resize", "height": size, "width": 1, "interpolation": way,
                       "antialias": way == "bilinear"},
    st.integers(5, 50), st.sampled_from(WAYS),
)  # fmt: skip
PADDED = st.builds(
    lambda front, behind: {"op": "zero_pad", "padding": [[front, behind], 0]}, SMALL, SMALL
)
# Two kernels that are 0 nowhere within their reach, where the field is what is seen.
GROWING = st.one_of(ups("nearest", "bilinear"), TRANSPOSED)
SLIDING = st.one_of(CONVS, DILATED, MEANS)


def fitting(layers: Layers) -> list[Graph]:
    """Return the graph of some layers where they fit, on maps of a size that shows something."""
    try:
        graph = graph_of(layers, (LENGTH, 1, LENGTH))
    except archgen.SpecError:
        return []
    return [graph] if 2 < graph.nodes[-1].shape[0] < 200 else []


def drawn(*kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[Graph]:
    chains = st.lists(st.one_of(*kinds), min_size=1, max_size=5)
    return chains.map(fitting).filter(bool).map(lambda graphs: graphs[0])


def rows_seen(graph: Graph) -> list[Pair]:
    """Return the first and last row that each output row sees; those without one are left out."""
    image = np.eye(LENGTH)[:, np.newaxis, :]
    weights = {node.name: by_channel_weights(graph, node) for node in graph}
    last = next(iter(graph.outputs.values()))
    answer = reference.run(graph, {"input": image}, weights)[last].value
    sees = [np.flatnonzero(row[0].reshape(-1, LENGTH).any(axis=0)) for row in answer]
    return [(int(rows[0]), int(rows[-1])) for rows in sees if rows.size]


def by_channel_weights(graph: Graph, node: Node) -> dict[str, reference.Array]:
    """Return weights above zero that keep channels apart."""
    random = np.random.default_rng(1)
    found = {}
    for name, shape, _ in node.op.weights(graph.input_shapes(node)):
        found[name] = random.uniform(0.5, 1.5, shape)
        if node.op.kind == "conv_transpose" and name == "kernel":
            found[name] *= np.eye(LENGTH)
        if name == "bias":
            found[name] *= 0
    return found


def turns(graph: Graph) -> int:
    """Return how many outputs may take turns: as many as all that grows makes of one position."""
    ups = [node.op for node in graph if isinstance(node.op, UpSample)]
    spread = [node.op for node in graph if isinstance(node.op, ConvTranspose)]
    return prod([op.size[0] for op in ups] + [op.strides[0] for op in spread])


def inner(graph: Graph) -> list[int]:
    """Return how much each output sees that sees neither the first nor the last of all rows seen.

    A window that is cut off, here or on the way, sees one of them. There must be as many outputs
    in a row as it takes to have each turn once.
    """
    spans = rows_seen(graph)
    begin, end = min(first for first, _ in spans), max(last for _, last in spans)
    sizes = [last - first + 1 for first, last in spans if first > begin and last < end]
    assume(len(sizes) >= turns(graph))
    return sizes


@settings(deadline=None, max_examples=60)
@given(drawn(ups(*WAYS), TRANSPOSED, SLIDING, RESIZED, PADDED))
def test_the_field_holds_what_is_seen(graph: Graph) -> None:
    truth = max(last - first + 1 for first, last in rows_seen(graph))
    assert measured(graph)[0] >= truth


@settings(deadline=None, max_examples=60)
@given(drawn(GROWING, SLIDING))
def test_the_field_is_what_is_seen_away_from_the_border(graph: Graph) -> None:
    assert measured(graph)[0] == max(inner(graph))


@settings(deadline=None, max_examples=60)
@given(drawn(GROWING, SLIDING), st.integers(1, 5))
def test_a_fork_sees_what_its_branches_see_together(graph: Graph, kernel: int) -> None:
    """A branch that looks backwards, and one that grows and shrinks again."""
    back = [{"op": "zero_pad", "padding": [[kernel - 1, 0], 0]}, by_channel(kernel)]
    there_and_back = [{**UP, "size": [2, 1]}, mean(2, 2)]
    fork = {"join": "concat", "branches": {"one": back, "two": there_and_back}}
    entries = [{"op": node.op.kind, **node.op.__dict__} for node in graph]
    whole = graph_of([*entries, fork], (LENGTH, 1, LENGTH))
    assert measured(whole)[0] == max(inner(whole))


# ── values that do not move in step ───────────────────────────────────────────────────────────────


def test_branches_with_different_strides_are_seen_as_a_whole() -> None:
    """A pool by 2 and a window of 7: an output sees 7 pixels, all outputs 12."""
    branches = {"near": [POOL], "far": [conv(7)]}
    graph = graph_of([{"join": "concat", "branches": branches}], (12, 12, 1))
    assert measured(graph) == (12, 12)
    assert extents(graph) == (7, 7)


def test_turns_that_do_not_move_in_step_are_seen_as_a_whole() -> None:
    branches = {"grown": [UP, {**POOL, "pool_size": 3}], "far": [conv(5)]}
    graph = graph_of([{"join": "concat", "branches": branches}], (12, 12, 1))
    assert measured(graph) == (12, 12)
    assert extents(graph) == (5, 5)


def test_turns_of_two_and_of_five_meet_in_the_tenth() -> None:
    """The ninth output is the first whose pools begin at different pixels, at 14 and at 10."""
    branches = {
        f"by_{n}": [
            {**POOL, "pool_size": [n, 1]},
            {**UP, "size": [n, 1]},
            {"op": "crop", "cropping": [[6, 0], 0]},
        ]
        for n in (2, 5)
    }
    graph = graph_of([{"join": "concat", "branches": branches}], (20, 1, 1))
    assert [last - first + 1 for first, last in seen(graph)[0]][:9] == [5, 5, 5, 5, 5, 5, 5, 5, 6]
    assert measured(graph) == (6, 1)


@pytest.mark.parametrize(("op", "one", "other", "field"), [
    ("crop", [[2, 0], 0], [[0, 2], 0], 3), ("zero_pad", [[0, 1], 0], [[1, 0], 0], 2),
])  # fmt: skip
def test_what_is_cut_or_padded_in_front_moves_what_is_seen(
    op: str, one: Any, other: Any, field: int
) -> None:
    name = "cropping" if op == "crop" else "padding"
    branches = {"one": [{"op": op, name: one}], "other": [{"op": op, name: other}]}
    graph = graph_of([{"join": "concat", "branches": branches}])
    assert measured(graph) == extents(graph) == (field, 1)


def test_a_spread_pixel_and_the_map_are_seen_as_a_whole() -> None:
    """From the pixel in the middle to the first are 8 rows and 7 columns."""
    middle = {"op": "crop", "cropping": [[7, 6], [6, 5]]}
    branches: dict[str, Layers] = {"map": [], "middle": [middle]}
    graph = graph_of([{"join": "multiply", "branches": branches}])
    assert extents(graph) == (8, 7)
    assert measured(graph) == (ROWS, COLUMNS)


def test_no_window_adds_to_what_sees_everything() -> None:
    squeeze = {"op": "global_avg_pool", "keepdims": True}
    branches: dict[str, Layers] = {"map": [], "gate": [squeeze, conv(1)]}
    gated = {"join": "multiply", "branches": branches}
    graph = graph_of([gated, conv(3), conv([5, 3], strides=2)], (ROWS, COLUMNS, 1))
    assert measured(graph) == extents(graph) == (ROWS, COLUMNS)


def test_a_turned_map_and_an_upright_one_are_seen_as_a_whole() -> None:
    branches: dict[str, Layers] = {"upright": [], "turned": [conv([1, 7], padding="same"), TURN]}
    graph = graph_of([{"join": "concat", "branches": branches}], (12, 12, 1))
    assert extents(graph) == (12, 12)
    assert measured(graph) == (12, 18)


def test_two_turned_maps_move_in_step() -> None:
    branches = {"one": [TURN], "two": [conv([5, 3], padding="same"), TURN]}
    graph = graph_of([{"join": "concat", "branches": branches}])
    assert measured(graph) == extents(graph) == (5, 3)


SPARSE = transposed(1, [3, 1])  # of three rows, two see nothing


def test_a_field_has_no_gaps_where_taps_miss_what_lies_between() -> None:
    graph = graph_of([SPARSE, conv([3, 1], dilation_rate=[4, 1])])
    assert extents(graph)[0] == 1
    assert measured(graph)[0] == 3


def test_a_field_has_no_gaps_where_branches_see_nothing_in_turns() -> None:
    pad, crop = {"op": "zero_pad"}, {"op": "crop"}
    later = [{**pad, "padding": [[7, 0], 0]}, {**crop, "cropping": [[0, 7], 0]}]
    between = [{**pad, "padding": [[1, 0], 0]}, {**crop, "cropping": [[0, 1], 0]}]
    branches: dict[str, Layers] = {"one": [SPARSE], "two": [*later, SPARSE, *between]}
    graph = graph_of([{"join": "concat", "branches": branches}])
    assert extents(graph)[0] == 1
    assert measured(graph)[0] == 8


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


def test_what_takes_too_many_turns_is_a_look_at_everything() -> None:
    layers: Layers = []
    for height in (47, 43, 37):  # no two maps share a factor, so the turns multiply
        layers += [{"op": "resize", "height": height, "width": 1}, conv([3, 1])]
    graph = graph_of(layers, (48, 1, 1))
    fields = [measure.receptive_field[0] for measure in archgen.analyse(graph).measures]
    assert fields == [2, 5, 6, 9, 48, 48]
    assert extents(graph)[0] < 15


def test_a_map_of_any_size_is_resized_in_no_time() -> None:
    layers = [{"op": "resize", "height": 2**31 - 1, "width": 2**31 - 1}]
    assert measured(graph_of(layers)) == (ROWS, COLUMNS)
    graph = graph_of([transposed(1, [4096, 4097])])
    assert graph.nodes[0].op.window(((ROWS, COLUMNS, 2),)) is None
    assert measured(graph) == (ROWS, COLUMNS)
