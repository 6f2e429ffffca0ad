"""The taps of every op in random specs, against images with NaN: what looks at a NaN becomes one.

Each image has NaN in a rectangle of some of its channels, so that most nodes are partly reached.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count
from random import Random
from typing import Any, NamedTuple

import numpy as np  # noqa: TID253 - the reference speaks NumPy
import numpy.typing as npt  # noqa: TID253
import pytest

import archgen
from archgen.ir import Graph, Node, Shape, size_of
from archgen.lints.dead import Dead
from archgen.lints.reached import Passed, Reached
from archgen.lints.regions import NOTHING, Region, Value, extent_of, joined, whole
from archgen.ops import OPS
from tests import reference
from tests.random_specs import spec
from tests.reference import Array
from tests.strategies import ON_DEMAND, seeded
from tests.taint import conv_counts

NUMBERS = [150, pytest.param(ON_DEMAND, marks=pytest.mark.full)]
LARGEST = 6
MOST_SCALARS = 8_000
Truths = npt.NDArray[np.bool_]


def may_say_too_much(node: Node) -> bool:
    """Say whether an op tells more than is: near channels as all, mixed positions as all."""
    own = getattr(node.op, "interpolation", "nearest")
    return node.op.kind in {"local_response_norm", "resize"} or own != "nearest"


# ── kernels ───────────────────────────────────────────────────────────────────────────────────────


def dead_of(op: Any, image: Array) -> Dead:
    """Count the scalars of an op's kernel that are never multiplied with a NaN."""
    if op.kind == "conv":
        return Dead(*conv_counts(op, image))
    if op.kind == "dense":
        return _mixing(image, op.units)
    if op.kind == "conv_transpose":
        return _transposed(op, image)
    if op.kind not in {"depthwise_conv", "separable_conv"}:
        return Dead(0, 0)
    by_channel = _by_channel(op, image)
    if op.kind == "depthwise_conv":
        return by_channel
    kernel = np.ones((*op.kernel_size, image.shape[2], op.depth_multiplier))
    after = _mixing(reference.by_channel(op, image, kernel).value, op.filters)
    return Dead(by_channel.dead + after.dead, by_channel.weights + after.weights)


def _mixing(image: Array, made: int) -> Dead:
    idle = ~np.isnan(image).reshape(-1, image.shape[-1]).any(axis=0)
    return Dead(int(idle.sum()) * made, idle.size * made)


def _by_channel(op: Any, image: Array) -> Dead:
    """Look at each tap of each window."""
    live = np.zeros((*op.kernel_size, image.shape[2]), dtype=bool)
    rows, columns = reference.lines(op, image)
    for i, j in np.ndindex(len(rows.windows), len(columns.windows)):
        for a, b in np.ndindex(op.kernel_size):
            row, column = rows.windows[i][a], columns.windows[j][b]
            if row in rows.map and column in columns.map:
                live[a, b] |= np.isnan(image[row, column])
    return Dead(int((~live).sum()) * op.depth_multiplier, live.size * op.depth_multiplier)


def _transposed(op: Any, image: Array) -> Dead:
    """Look at each tap of each position that falls on the output."""
    live = np.zeros((*op.kernel_size, image.shape[2]), dtype=bool)
    (height, rows), (width, columns) = (
        reference.spread_over(op, size, axis) for axis, size in enumerate(image.shape[:2])
    )
    for i, j in np.ndindex(image.shape[:2]):
        for a, b in np.ndindex(op.kernel_size):
            if 0 <= rows[i][a] < height and 0 <= columns[j][b] < width:
                live[a, b] |= np.isnan(image[i, j])
    return Dead(int((~live).sum()) * op.filters, live.size * op.filters)


# ── the comparison ────────────────────────────────────────────────────────────────────────────────


class Found(NamedTuple):
    """What was wrong, how many nodes of a kind were compared, and how."""

    wrong: list[str]
    kinds: Counter[str]
    ways: Counter[str]
    graphs: list[Graph]


def mask(value: Value, shape: Shape) -> Truths:
    """Return what is told as reached, scalar by scalar."""
    found = np.zeros((*extent_of(shape), shape[-1]), dtype=bool)
    first = 0
    for channels, region in value:
        for rows, columns in region:
            for (top, bottom), (left, right) in ((r, c) for r in rows for c in columns):
                found[top:bottom, left:right, first : first + channels] = True
        first += channels
    return found.reshape(shape)


def partly(random: Random, shape: Shape) -> Value:
    """Return a rectangle, nothing or everything for some of the channels, and for the others."""
    height, width, channels = shape
    first = random.randint(0, channels)
    regions = [
        random.choice((NOTHING, whole(shape), *3 * ((_rectangle(random, height, width)),)))
        for _ in range(2)
    ]
    segments = zip((first, channels - first), regions, strict=True)
    return joined(segment for segment in segments if segment[0])


def _rectangle(random: Random, height: int, width: int) -> Region:
    (top, bottom), (left, right) = (
        sorted(random.sample(range(size + 1), 2)) for size in (height, width)
    )
    return ((((top, bottom),), ((left, right),)),)


def small_weights(graph: Graph) -> Mapping[str, reference.Weights]:
    """Return weights with which nothing overflows."""
    return {
        node.name: {w.name: np.full(w.shape, 0.01) for w in node.op.weights(shapes)}
        for node, shapes in zip(graph, graph.entering, strict=True)
    }


def compare(seed: int, graph: Graph, found: Found) -> None:
    """Hold what every node is told to reach, and its dead weights, against a NaN image."""
    shape = graph.inputs["input"]
    told = {"input": partly(seeded(seed), shape)}
    image = np.where(mask(told["input"], shape), np.nan, 0.0)
    answers = reference.run(graph, {"input": image}, small_weights(graph))
    values = {"input": image, **{name: answer.value for name, answer in answers.items()}}
    reached = Reached()
    generous: set[str] = set()
    for node, shapes in zip(graph, graph.entering, strict=True):
        entering = tuple(told[name] for name in node.inputs)
        passed = reached.through(node.op, shapes, entering, node.shape)
        told[node.name] = passed.value
        if may_say_too_much(node) or generous & set(node.inputs):
            generous.add(node.name)
        exact = node.name not in generous
        truth = Truth(np.isnan(values[node.name]), dead_of(node.op, values[node.inputs[0]]))
        count_in(found, node, truth, exact)
        for line in _differences(node, passed, truth, exact):
            found.wrong.append(f"seed {seed}, {node.name} ({node.op!r}): {line}")
    assert reached.is_exact


class Truth(NamedTuple):
    """Which scalars of a node are NaN, and how many of its weights met none."""

    seen: Truths
    dead: Dead


def count_in(found: Found, node: Node, truth: Truth, exact: bool) -> None:
    found.kinds[node.op.kind] += 1
    if exact:
        found.ways["exact"] += 1
        found.ways["partly reached"] += bool(truth.seen.any() and not truth.seen.all())
        found.ways["some dead"] += 0 < truth.dead.dead < truth.dead.weights


def _differences(node: Node, passed: Passed, truth: Truth, exact: bool) -> Iterator[str]:
    told, (seen, (dead, weights)) = mask(passed.value, node.shape), truth
    if (seen & ~told).any() or passed.dead > dead:
        yield "too little is reached"
    if exact and ((told != seen).any() or passed.dead != dead):
        yield f"{told.sum()} reached and {passed.dead} dead, not {seen.sum()} and {dead}"
    if passed.weights != weights:
        yield f"{passed.weights} weights, not {weights}"


@pytest.fixture(scope="module", params=NUMBERS)
def found(request: pytest.FixtureRequest) -> Found:
    """Compare random graphs on very small images, which windows reach over."""
    result = Found([], Counter(), Counter(), [])
    for seed in count():
        if len(result.graphs) == request.param:
            return result
        try:
            graph = archgen.graph(spec(seed, LARGEST, channels=3))
        except archgen.SpecError:
            continue
        # Its value in the reference is undefined where nothing can be sorted.
        undefined = any(getattr(node.op, "activation", "") == "sparsemax" for node in graph)
        if not undefined and sum(map(size_of, graph.shapes.values())) <= MOST_SCALARS:
            with np.errstate(all="ignore"):
                compare(seed, graph, result)
            result.graphs.append(graph)
    raise AssertionError


def test_what_is_reached_and_dead_is_what_a_nan_shows(found: Found) -> None:
    assert found.wrong == []


def test_every_op_is_compared_and_many_are_partly_reached(found: Found) -> None:
    assert [kind for kind in OPS if found.kinds[kind] < 3] == []
    assert found.ways["exact"] > 0.6 * sum(found.kinds.values())
    assert found.ways["partly reached"] > 0.25 * found.ways["exact"]
    assert found.ways["some dead"] > 40
