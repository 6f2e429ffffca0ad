"""Random graphs: a NaN in one row or column of the image comes out where the analysis says.

The reference runs once for each row and each column, all of it NaN; what is NaN at a node's
position then has seen it. From first to last, these are at most as many as the receptive field
says, and exactly as many where no window on the way reaches over a border.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np  # noqa: TID253 - the reference speaks NumPy
import numpy.typing as npt  # noqa: TID253
import pytest

import archgen
from archgen.ir import Graph, Node
from tests import reference
from tests.reference import Array
from tests.strategies import ENDING, JOINS, ON_DEMAND, WINDOWED, spec

NUMBERS = [200, pytest.param(ON_DEMAND, marks=pytest.mark.full)]
LARGEST = 10


class Along(NamedTuple):
    """What is known of a node's positions on one axis, without the image.

    ``cut`` says of each whether a window on the way to it reaches over a border. Positions lie
    ``jump`` rows apart. Where branches with other jumps met (``uneven``), a fork's positions see
    fields of several sizes; where a 1×1 map was spread (``spread``), some of what they see does
    not move with them, and the analysis says too much behind the next window.
    """

    cut: tuple[bool, ...]
    jump: int = 1
    uneven: bool = False
    spread: bool = False


def along(graph: Graph, axis: int) -> Mapping[str, Along]:
    """Follow every node's positions on one axis."""
    found = {"input": Along((False,) * graph.inputs["input"][axis])}
    for node in graph:
        found[node.name] = _behind(node, [found[name] for name in node.inputs], axis)
    return found


def _behind(node: Node, inputs: Sequence[Along], axis: int) -> Along:
    first = inputs[0]
    if node.op.kind in WINDOWED:
        laid = reference.line(node.op, len(first.cut), axis)
        cut = [any(p not in laid.map or first.cut[p] for p in taps) for taps in laid.windows]
        strides = getattr(node.op, "strides") or getattr(node.op, "pool_size")  # noqa: B009
        return first._replace(cut=tuple(cut), jump=first.jump * strides[axis])
    if node.op.kind in ENDING:
        return first._replace(cut=(any(first.cut),))
    if len(inputs) == 1:
        return first
    size = max(len(each.cut) for each in inputs)
    moving = {each.jump for each in inputs if len(each.cut) == size > 1}
    return Along(
        tuple(any(each.cut[p if len(each.cut) > 1 else 0] for each in inputs) for p in range(size)),
        max(each.jump for each in inputs),
        any(each.uneven for each in inputs) or len(moving) > 1,
        any(each.spread or len(each.cut) < size for each in inputs),
    )


Extents = tuple[int, ...]
Truths = npt.NDArray[np.bool_]


def seen(
    graph: Graph, axis: int, weights: Mapping[str, reference.Weights]
) -> Mapping[str, Extents]:
    """Put NaN into every row (axis 0) or column (axis 1) in turn and follow it.

    Return how many, from first to last, each position of a node sees.
    """
    shape = graph.inputs["input"]
    tainted: dict[str, list[Truths]] = {node.name: [] for node in graph}
    for position in range(shape[axis]):
        image = np.linspace(-1, 1, num=shape[0] * shape[1] * shape[2]).reshape(shape)
        np.moveaxis(image, axis, 0)[position] = np.nan
        for name, answer in reference.run(graph, {"input": image}, weights).items():
            tainted[name].append(_positions(answer.value, axis))
    return {name: tuple(map(_extent, np.transpose(rows))) for name, rows in tainted.items()}


def _positions(value: Array, axis: int) -> Truths:
    """Say of each position on an axis whether anything is NaN there; features are one."""
    missing = np.isnan(value)
    axes = (1 - axis, 2) if missing.ndim > 1 else 0
    return np.atleast_1d(missing.any(axis=axes))


def _extent(tainted: Truths) -> int:
    rows = np.flatnonzero(tainted)
    return int(rows[-1] - rows[0] + 1) if rows.size else 0


# ── the comparison ────────────────────────────────────────────────────────────────────────────────


class Found(NamedTuple):
    """What was wrong, and how many positions were compared in which way."""

    wrong: list[str]
    compared: Counter[str]
    graphs: list[Graph]


def random_weights(graph: Graph, seed: int) -> Mapping[str, reference.Weights]:
    """Return small weights for every node, so that no activation overflows."""
    random = np.random.default_rng(seed)
    return {
        node.name: {name: 0.1 * array for name, array in drawn.items()}
        for node in graph
        if (named := {w.name: w.shape for w in node.op.weights(graph.input_shapes(node))})
        and (drawn := reference.random_weights(named, random))
    }


def compare(seed: int, graph: Graph, found: Found) -> None:
    """Hold the receptive field of every node against what its positions have seen."""
    weights = random_weights(graph, seed)
    known = [along(graph, axis) for axis in (0, 1)]
    facts = [seen(graph, axis, weights) for axis in (0, 1)]
    for measure in archgen.analyse(graph).measures:
        name = measure.node.name
        for axis in (0, 1):
            field, extents = measure.receptive_field[axis], facts[axis][name]
            others_cut = all(known[1 - axis][name].cut)
            for line in _differences(field, extents, known[axis][name], others_cut, found):
                found.wrong.append(f"seed {seed}, {name}, axis {axis}: {line}")


def _differences(
    field: int, extents: Sequence[int], known: Along, others_cut: bool, found: Found
) -> Iterator[str]:
    if known.uneven:
        found.compared["left out"] += 1
        return
    found.compared["at most"] += 1
    if max(extents) > field:
        yield f"sees {max(extents)}, the analysis says {field}"
    whole = {e for e, cut in zip(extents, known.cut, strict=True) if not cut}
    if whole and not known.spread and not others_cut:
        found.compared["exactly"] += 1
        found.compared["exactly, over one"] += field > 1
        if whole != {field}:
            yield f"sees {whole} off the border, the analysis says {field}"


@pytest.fixture(scope="module", params=NUMBERS)
def found(request: pytest.FixtureRequest) -> Found:
    """Compare random graphs on small images."""
    result = Found([], Counter(), [])
    for seed in count():
        if len(result.graphs) == request.param:
            return result
        try:
            graph = archgen.graph(spec(seed, LARGEST, channels=2))
        except archgen.SpecError:
            continue
        # Its value in the reference is undefined where nothing can be sorted.
        if not any(getattr(node.op, "activation", "") == "sparsemax" for node in graph):
            compare(seed, graph, result)
            result.graphs.append(graph)
    raise AssertionError


def test_receptive_fields_are_what_a_nan_shows(found: Found) -> None:
    assert found.wrong == []


def test_most_fields_are_compared_exactly(found: Found) -> None:
    compared = found.compared
    assert compared["exactly"] > 0.4 * compared["at most"]
    assert compared["exactly, over one"] > 0.7 * compared["exactly"]
    assert compared["left out"] < 0.01 * compared["at most"]


def test_graphs_fork_stride_and_end(found: Found) -> None:
    known = [along(graph, axis) for graph in found.graphs for axis in (0, 1)]
    assert sum(any(each.jump > 2 for each in nodes.values()) for nodes in known) > 50
    assert sum(any(each.spread for each in nodes.values()) for nodes in known) > 5
    kinds = Counter(kind for graph in found.graphs for kind in {node.op.kind for node in graph})
    assert min(kinds[kind] for kind in (*WINDOWED, *ENDING, *JOINS)) > 5
