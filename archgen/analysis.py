"""What a graph costs and sees: parameters, MACs, receptive fields, activations; no TensorFlow.

Imports ``ir`` and ``receptive``. Parameters count scalars; MACs are multiply–accumulates of
convolutions and dense layers for one image; receptive fields are in input pixels, height × width,
not cut at the border; activations are bytes of the values for one image in float32.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from archgen.ir import Graph, Node, Op, Pair, Shape, View, Window, size_of
from archgen.receptive import PIXEL, hull, through

BYTES_PER_SCALAR = 4
POINTWISE = Window()
# Spans of receptive fields that a graph may hold in all, and one field of a small graph.
_MOST_SPANS, _MOST_TURNS = 1_000_000, 4096


class Cost(NamedTuple):
    """What an op costs on given shapes, the window it looks through, its output in bytes."""

    trainable: int
    non_trainable: int
    macs: int
    window: Window | View | None
    bytes: int


class Measure(NamedTuple):
    """One node's cost and receptive field."""

    node: Node
    trainable: int
    non_trainable: int
    macs: int
    receptive_field: Pair
    activation_bytes: int

    @property
    def params(self) -> int:
        """Return trainable and non-trainable parameters."""
        return self.trainable + self.non_trainable


@dataclass(frozen=True)
class Analysis:
    """The measures of every node of a graph, in its order, and their totals."""

    graph: Graph
    measures: tuple[Measure, ...]

    @cached_property
    def trainable(self) -> int:
        """Return the trainable parameters."""
        return sum(measure.trainable for measure in self.measures)

    @cached_property
    def non_trainable(self) -> int:
        """Return the parameters that training does not change, such as moving statistics."""
        return sum(measure.non_trainable for measure in self.measures)

    @property
    def params(self) -> int:
        """Return all parameters."""
        return self.trainable + self.non_trainable

    @cached_property
    def macs(self) -> int:
        """Return the multiply–accumulates of one image."""
        return sum(measure.macs for measure in self.measures)

    @cached_property
    def activation_bytes(self) -> int:
        """Return the bytes of all nodes' values for one image."""
        return sum(measure.activation_bytes for measure in self.measures)


def analyse(graph: Graph) -> Analysis:
    """Measure every node of a graph."""
    costs: dict[tuple[int, tuple[Shape, ...]], Cost] = {}
    fields = dict.fromkeys(graph.inputs, PIXEL)
    most = max(1, min(_MOST_TURNS, _MOST_SPANS // max(1, len(graph.nodes))))
    measures = []
    for node, entering in zip(graph.nodes, graph.entering, strict=True):
        key = (id(node.op), entering)
        paid = costs.get(key)
        if paid is None:
            paid = costs[key] = cost(node.op, entering, node.shape)
        inputs = node.inputs
        if len(inputs) == 1:
            seen = fields[inputs[0]]
        else:
            seen = hull([fields[name] for name in inputs], entering, most)
        if paid.window != POINTWISE:
            seen = through(seen, entering[0], paid.window, most)
        fields[node.name] = seen
        measures.append(
            Measure(node, paid.trainable, paid.non_trainable, paid.macs, seen.size, paid.bytes)
        )
    return Analysis(graph, tuple(measures))


def cost(op: Op, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    """Return parameters, MACs, window and bytes of an op on given shapes."""
    counts = {True: 0, False: 0}
    for weight in op.weights(inputs):
        counts[weight.trainable] += size_of(weight.shape)
    size = size_of(output) * BYTES_PER_SCALAR
    return Cost(counts[True], counts[False], op.macs(inputs, output), op.window(inputs), size)
