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
from archgen.ir import Graph, size_of
from archgen.ops import OPS
from tests import reference
from tests.looking import Along, along
from tests.random_specs import spec
from tests.reference import Array
from tests.strategies import ON_DEMAND

NUMBERS = [200, pytest.param(ON_DEMAND, marks=pytest.mark.full)]
LARGEST = 10
MOST_SCALARS = 8_000

# ── what a NaN shows ──────────────────────────────────────────────────────────────────────────────

Extents = tuple[int, ...]
Truths = npt.NDArray[np.bool_]


def seen(
    graph: Graph, axis: int, weights: Mapping[str, reference.Weights]
) -> Mapping[str, tuple[Extents, Extents]]:
    """Put NaN into every row (axis 0) or column (axis 1) in turn and follow it.

    Return how many, from first to last, each position of a node sees, along its height and width.
    """
    shape = graph.inputs["input"]
    tainted: dict[str, list[tuple[Truths, Truths]]] = {node.name: [] for node in graph}
    for position in range(shape[axis]):
        image = np.linspace(-1, 1, num=shape[0] * shape[1] * shape[2]).reshape(shape)
        np.moveaxis(image, axis, 0)[position] = np.nan
        with np.errstate(invalid="ignore"):
            answers = reference.run(graph, {"input": image}, weights)
        for name, answer in answers.items():
            tainted[name].append((_positions(answer.value, 0), _positions(answer.value, 1)))
    found = {}
    for name, marks in tainted.items():
        high, wide = (np.transpose(each) for each in zip(*marks, strict=True))
        found[name] = (tuple(map(_extent, high)), tuple(map(_extent, wide)))
    return found


def _positions(value: Array, axis: int) -> Truths:
    """Say of each position on an axis whether anything is NaN there; features are one."""
    missing = np.isnan(value)
    if missing.ndim < 2:
        return np.atleast_1d(missing.any())
    rest = tuple(each for each in range(missing.ndim) if each != axis)
    return np.asarray(missing.any(axis=rest))


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
    weights, known = random_weights(graph, seed), along(graph)
    facts = [seen(graph, axis, weights) for axis in (0, 1)]
    for measure in archgen.analyse(graph).measures:
        name, fields = measure.node.name, measure.receptive_field
        for axis in (0, 1):
            extents = facts[axis][name][known[name].place(axis)]
            across = known[name].of(1 - axis)
            blind = all(across.cut) or not fields[1 - axis]
            own = known[name].of(axis)
            for line in _differences(fields[axis], extents, own, blind, found):
                found.wrong.append(f"seed {seed}, {name}, axis {axis}: {line}")


def _differences(
    field: int, extents: Sequence[int], known: Along, blind: bool, found: Found
) -> Iterator[str]:
    compared = found.compared
    compared["at most"] += 1
    if max(extents) > field:
        yield f"sees {max(extents)}, the analysis says {field}"
    whole = {p: extents[p] for p, cut in enumerate(known.cut) if not cut}
    if known.loose or blind or len({p % known.turns for p in whole}) < known.turns:
        return
    compared["exactly"] += 1
    compared["exactly, over one"] += field > 1
    compared["exactly, in turns"] += known.turns > 1
    compared["exactly, spread"] += known.spread
    if max(whole.values()) != field or (known.turns == 1 and min(whole.values()) != field):
        yield f"sees {set(whole.values())} off the border, the analysis says {field}"


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
        undefined = any(getattr(node.op, "activation", "") == "sparsemax" for node in graph)
        if not undefined and sum(map(size_of, graph.shapes.values())) <= MOST_SCALARS:
            compare(seed, graph, result)
            result.graphs.append(graph)
    raise AssertionError


def test_receptive_fields_are_what_a_nan_shows(found: Found) -> None:
    assert found.wrong == []


def test_most_fields_are_compared_exactly(found: Found) -> None:
    compared = found.compared
    assert compared["exactly"] > 0.4 * compared["at most"]
    assert compared["exactly, over one"] > 0.7 * compared["exactly"]
    assert compared["exactly, in turns"] > 0.05 * compared["exactly"]
    assert compared["exactly, spread"] > 0.03 * compared["exactly"]


def test_graphs_fork_stride_turn_and_end(found: Found) -> None:
    known = [node for graph in found.graphs for node in along(graph).values()]
    axes = [axis for node in known for axis in node.axes]
    assert sum(axis.jump > 2 for axis in axes) > 100
    assert sum(axis.jump not in {0, 1, 2, 3} for axis in axes) > 50
    assert sum(node.turned for node in known) > 10
    assert sum(axis.holed for axis in axes) > 5
    kinds = Counter(kind for graph in found.graphs for kind in {node.op.kind for node in graph})
    assert [kind for kind in OPS if kinds[kind] < 2] == []
