"""What a graph costs and sees: parameters, MACs, receptive fields, activations; no TensorFlow.

Imports ``ir``. Parameters count scalars; MACs are multiply–accumulates of convolutions and dense
layers for one image; receptive fields are in input pixels, height × width, not cut at the border;
activations are bytes of the values for one image in float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from archgen.ir import Graph, Node, Op, Pair, Shape, Window, size_of

BYTES_PER_SCALAR = 4
POINTWISE = Window()


class Field(NamedTuple):
    """The input rows or columns that outputs see on one axis.

    Output i sees pixels ``i · jump + first`` to ``i · jump + last``.
    """

    first: int = 0
    last: int = 0
    jump: int = 1

    @property
    def size(self) -> int:
        """Return how many pixels one output sees."""
        return self.last - self.first + 1


class Cost(NamedTuple):
    """What an op costs on given shapes, and the window it looks through."""

    trainable: int
    non_trainable: int
    macs: int
    window: Window | None


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


Fields = tuple[Field, Field]


def analyse(graph: Graph) -> Analysis:
    """Measure every node of a graph."""
    costs: dict[tuple[int, tuple[Shape, ...]], Cost] = {}
    fields: dict[str, Fields] = {name: (Field(), Field()) for name in graph.inputs}
    shapes = graph.shapes
    measures = []
    for node in graph.nodes:
        entering = tuple([shapes[name] for name in node.inputs])
        key = (id(node.op), entering)
        paid = costs.get(key)
        if paid is None:
            paid = costs[key] = cost(node.op, entering, node.shape)
        seen = fields[node.name] = _seen(node, entering, paid.window, fields)
        measures.append(
            Measure(
                node,
                paid.trainable,
                paid.non_trainable,
                paid.macs,
                (seen[0].size, seen[1].size),
                size_of(node.shape) * BYTES_PER_SCALAR,
            )
        )
    return Analysis(graph, tuple(measures))


def cost(op: Op, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    """Return parameters, MACs and window of an op on given shapes."""
    counts = {True: 0, False: 0}
    for weight in op.weights(inputs):
        counts[weight.trainable] += size_of(weight.shape)
    return Cost(counts[True], counts[False], op.macs(inputs, output), op.window(inputs))


def _seen(
    node: Node, shapes: tuple[Shape, ...], window: Window | None, fields: Mapping[str, Fields]
) -> Fields:
    """Return what a node sees: its window over the union of what its inputs see."""
    seen = fields[node.inputs[0]]
    for name in node.inputs[1:]:
        seen = (_union(seen[0], fields[name][0]), _union(seen[1], fields[name][1]))
    if window == POINTWISE:
        return seen
    if window is None:
        height, width = (*shapes[0][:2], 1, 1)[:2]
        return (_whole(seen[0], height), _whole(seen[1], width))
    return (_through(seen[0], window, 0), _through(seen[1], window, 1))


def _union(one: Field, other: Field) -> Field:
    return Field(min(one.first, other.first), max(one.last, other.last), max(one.jump, other.jump))


def _through(seen: Field, window: Window, axis: int) -> Field:
    size = window.size[axis]
    first = seen.first - window.before[axis] * seen.jump
    last = seen.last + (size - 1 - window.before[axis]) * seen.jump
    return Field(first, last, seen.jump * window.strides[axis])


def _whole(seen: Field, positions: int) -> Field:
    return Field(seen.first, seen.last + (positions - 1) * seen.jump, seen.jump)
