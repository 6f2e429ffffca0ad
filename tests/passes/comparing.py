"""What a network answers before and after passes, by the naive reference in float64."""

from typing import Any

import numpy as np  # noqa: TID253 - the reference speaks NumPy

from archgen.backends.edits import apply
from archgen.ir import Graph
from archgen.passes import Pass, Rewriting
from tests import reference

Weights = dict[tuple[str, str], "np.ndarray[Any, Any]"]


def passed(each: Pass, graph: Graph) -> Rewriting:
    """Return what one pass makes of a graph."""
    result = each.run(graph)
    return Rewriting(graph, result.graph, result.edits, ())


def drawn(graph: Graph, seed: int = 0) -> Weights:
    """Return random weights of both signs and random statistics."""
    random = np.random.default_rng(seed)
    found: Weights = {}
    for node in graph:
        shapes = {each.name: each.shape for each in node.op.weights(graph.input_shapes(node))}
        for name, array in reference.random_weights(shapes, random).items():
            found[node.name, name] = array
    return found


def answers(graph: Graph, weights: Weights, seed: int = 0) -> dict[str, reference.Array]:
    """Return what a graph answers to a random image, by output."""
    by_node: dict[str, dict[str, reference.Array]] = {}
    for (node, name), array in weights.items():
        by_node.setdefault(node, {})[name] = array.astype(np.float64)
    random = np.random.default_rng(seed)
    images = {name: random.uniform(-1, 1, shape) for name, shape in graph.inputs.items()}
    with np.errstate(over="ignore"):
        made = reference.run(graph, images, by_node)
    values = images | {name: answer.value for name, answer in made.items()}
    return {name: values[node] for name, node in graph.outputs.items()}


def difference(rewriting: Rewriting, seed: int = 0) -> float:
    """Return how far a rewritten graph is off, in parts of its largest value.

    It is NaN where the graph before gives no finite numbers.
    """
    weights = drawn(rewriting.before, seed)
    before = answers(rewriting.before, weights, seed)
    after = answers(rewriting.graph, dict(apply(rewriting, weights)), seed)
    assert set(after) <= set(before)
    return float(np.max([apart(before[name], after[name]) for name in after]))


def apart(before: "np.ndarray[Any, Any]", after: "np.ndarray[Any, Any]") -> float:
    assert before.shape == after.shape
    if not np.isfinite(before).all():
        return float("nan")
    assert np.isfinite(after).all()
    return float(abs(after - before).max() / (abs(before).max() or 1.0))
