"""What a graph costs and sees: parameters, MACs, receptive fields, activations; no TensorFlow.

Imports ``ir``. Parameters count scalars; MACs are multiply–accumulates of convolutions and dense
layers for one image; receptive fields are in input pixels, height × width, not cut at the border;
activations are bytes of the values for one image in float32.
"""

from collections.abc import Sequence
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


class Fields(NamedTuple):
    """What outputs see on both axes; ``size`` is that of one output, height × width."""

    height: Field
    width: Field
    size: Pair


class Cost(NamedTuple):
    """What an op costs on given shapes, the window it looks through, its output in bytes."""

    trainable: int
    non_trainable: int
    macs: int
    window: Window | None
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
    fields = dict.fromkeys(graph.inputs, _both(Field(), Field()))
    measures = []
    for node, entering in zip(graph.nodes, graph.entering, strict=True):
        key = (id(node.op), entering)
        paid = costs.get(key)
        if paid is None:
            paid = costs[key] = cost(node.op, entering, node.shape)
        inputs = node.inputs
        seen = fields[inputs[0]] if len(inputs) == 1 else _hull([fields[i] for i in inputs])
        if paid.window != POINTWISE:
            seen = _seen(seen, entering[0], paid.window)
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


def _hull(fields: Sequence[Fields]) -> Fields:
    """Return what several values see together."""
    return _both(_union([seen.height for seen in fields]), _union([seen.width for seen in fields]))


def _union(fields: Sequence[Field]) -> Field:
    firsts, lasts, jumps = zip(*fields, strict=True)
    return Field(min(firsts), max(lasts), max(jumps))


def _seen(seen: Fields, shape: Shape, window: Window | None) -> Fields:
    """Return what is seen through a window, or through one as large as the map."""
    if window is None:
        height, width = (*shape[:2], 1, 1)[:2]
        return _both(_whole(seen.height, height), _whole(seen.width, width))
    return _both(_through(seen.height, window, 0), _through(seen.width, window, 1))


def _both(height: Field, width: Field) -> Fields:
    return Fields(height, width, (height.size, width.size))


def _through(seen: Field, window: Window, axis: int) -> Field:
    size = window.size[axis]
    first = seen.first - window.before[axis] * seen.jump
    last = seen.last + (size - 1 - window.before[axis]) * seen.jump
    return Field(first, last, seen.jump * window.strides[axis])


def _whole(seen: Field, positions: int) -> Field:
    return Field(seen.first, seen.last + (positions - 1) * seen.jump, seen.jump)
