"""Which scalars of every value depend on a pixel, and the weights that meet none; at inference.

A bias alone reaches nothing, and a scalar that is multiplied by 0 or not the maximum still counts:
what matters is where values go. Imports ``regions``, ``ir`` and ``ops.join``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from archgen.ir import Graph, Moved, Op, Shape, Taps
from archgen.lints.moving import moved
from archgen.lints.positions import Laid, lay, lay_transposed, outputs_of, taps_of
from archgen.lints.regions import (
    NOTHING,
    Region,
    Segment,
    Value,
    area,
    extent_of,
    full_value,
    grouped,
    joined,
    nothing,
    overlaid,
    united,
    whole,
)
from archgen.ops.join import Concat

# A stranger's file may ask for very many sets: behind these everything counts as reached.
MOST_PIECES = 500_000


class Passed(NamedTuple):
    """What leaves an op, and how many of its kernel's scalars meet no pixel."""

    value: Value
    dead: int
    weights: int


class Reached:
    """What went through the ops so far; equal ops on equal values are asked once.

    One object may serve several graphs.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[int, tuple[Shape, ...], tuple[Value, ...]], Passed] = {}
        self.ops: list[Op] = []  # kept, so that no other op gets the identity of one
        self.pieces = 0

    def walk(self, graph: Graph) -> Iterator[Passed]:
        """Return what leaves every node, in order."""
        shapes = graph.shapes
        values = {name: full_value(shape) for name, shape in graph.inputs.items()}
        for node in graph.nodes:
            entering = tuple([shapes[name] for name in node.inputs])
            reached = tuple([values[name] for name in node.inputs])
            key = (id(node.op), entering, reached)
            passed = self.known.get(key)
            if passed is None:
                passed = self.known[key] = self.through(node.op, entering, reached, node.shape)
                self.ops.append(node.op)
            values[node.name] = passed.value
            yield passed

    def through(
        self, op: Op, shapes: tuple[Shape, ...], values: tuple[Value, ...], output: Shape
    ) -> Passed:
        """Send values through an op."""
        if self.pieces > MOST_PIECES:
            values = tuple(map(_filled, values, shapes))
        stages = op.taps(shapes)
        if stages is None:
            reached = any(region for value in values for _, region in value)
            return Passed(full_value(output) if reached else nothing(output), 0, 0)
        value, shape = _entering(op, shapes, values)
        dead = weights = 0
        for stage in stages:
            value, shape, missed, kernel = _staged(stage, value, shape, output)
            dead, weights = dead + missed, weights + kernel
        self.pieces += sum(len(rows) + len(cols) for _, r in value for rows, cols in r)
        return Passed(value, dead, weights)


def _filled(value: Value, shape: Shape) -> Value:
    """Return a value that is reached everywhere, or nowhere."""
    return full_value(shape) if any(region for _, region in value) else nothing(shape)


def _entering(op: Op, shapes: tuple[Shape, ...], values: tuple[Value, ...]) -> tuple[Value, Shape]:
    """Join the inputs of an op: side by side, else one over the other, 1×1 maps spread."""
    if len(values) == 1:
        return values[0], shapes[0]
    if isinstance(op, Concat):
        channels = sum(shape[-1] for shape in shapes)
        return joined(segment for value in values for segment in value), (*shapes[0][:-1], channels)
    shape = max(shapes)
    spread = [
        _spread(value, whole(shape)) if given != shape else value
        for given, value in zip(shapes, values, strict=True)
    ]
    return overlaid(spread), shape


def _spread(value: Value, everywhere: Region) -> Value:
    return tuple((channels, everywhere if region else NOTHING) for channels, region in value)


def _staged(
    stage: Taps | Moved, value: Value, shape: Shape, output: Shape
) -> tuple[Value, Shape, int, int]:
    """Return what leaves one stage and its shape, the dead and all scalars of its kernel."""
    if isinstance(stage, Moved):
        return moved(value, shape, stage), stage.shape, 0, 0
    laid = _laid(stage, extent_of(shape), extent_of(output))
    kernel = stage.axes[0].kernel * stage.axes[1].kernel * stage.weights
    dead = 0
    if kernel:
        live = ((channels, area(_touching(region, laid))) for channels, region in value)
        dead = sum(channels * (kernel - taps * stage.weights) for channels, taps in live)
    seen = [(channels, _seen(region, laid)) for channels, region in value]
    after = joined(_mixed(stage, seen, shape[-1]))
    leaving = (laid[0].outputs, laid[1].outputs, sum(channels for channels, _ in after))
    return after, leaving, dead, kernel * shape[-1]


def _laid(stage: Taps, size: tuple[int, int], output: tuple[int, int]) -> tuple[Laid, Laid]:
    if stage.transposed:
        rows, columns = map(lay_transposed, size, output, stage.axes)
    else:
        rows, columns = map(lay, size, stage.axes)
    return rows, columns


def _seen(region: Region, laid: tuple[Laid, Laid]) -> Region:
    return united([tuple((outputs_of(r, laid[0]), outputs_of(c, laid[1])) for r, c in region)])


def _touching(region: Region, laid: tuple[Laid, Laid]) -> Region:
    return united([tuple((taps_of(r, laid[0]), taps_of(c, laid[1])) for r, c in region)])


def _mixed(stage: Taps, seen: list[Segment], channels: int) -> Iterator[Segment]:
    """Return the channels that leave: each group's reach what any of those that enter it does."""
    groups = channels if stage.groups is None else stage.groups
    made = stage.weights or channels // groups
    for copies, regions in grouped(tuple(seen), channels // groups):
        yield copies * made, regions[0] if len(regions) == 1 else united(regions)
