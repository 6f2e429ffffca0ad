"""How many weights of every convolution and dense layer can never touch a pixel; exact counts.

A weight stands at a tap of one channel that enters; where that tap meets only padding, or positions
that only a bias reaches, nothing of an image is ever multiplied with it: it has no effect that a
bias would not have, and no gradient that tells images apart. Imports ``reached``.
"""

from typing import NamedTuple

from archgen.ir import Graph
from archgen.lints.reached import Reached


class Dead(NamedTuple):
    """How many of a node's ``weights`` (scalars of its kernel, no bias) never touch a pixel."""

    dead: int
    weights: int


def dead_weights(graph: Graph, reached: Reached | None = None) -> dict[str, Dead]:
    """Return the counts of every node that has a kernel, in the order of the graph.

    Graphs that have ops in common may share ``reached``; it says whether the counts are exact.
    """
    walked = (reached or Reached()).walk(graph)
    return {
        node.name: Dead(passed.dead, passed.weights)
        for node, passed in zip(graph, walked, strict=True)
        if passed.weights
    }
