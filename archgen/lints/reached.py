"""Which scalars of every value depend on a pixel, and the weights that meet none; at inference.

A bias alone reaches nothing, and a scalar that is multiplied by 0 or not the maximum still counts:
what matters is where values go. Imports ``regions``, ``ir`` and ``ops.join``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from archgen.ir import Graph, Moved, Op, Shape, Taps
from archgen.lints.moving import moved
from archgen.lints.positions import Laid, TooMany, lay, lay_transposed, outputs_of, taps_of
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

MOST_PIECES = 100_000


class Passed(NamedTuple):
    """What leaves an op, and how many of its kernel's scalars meet no pixel."""

    value: Value
    dead: int
    weights: int


class Reached:
    """What went through the ops so far; equal ops on equal values are asked once.

    One object may serve several graphs. It ``is_exact`` unless there were too many sets to tell
    apart: from there on more counts as reached than is, so no count of dead weights is too high.
    """

    def __init__(self, most_pieces: int = MOST_PIECES) -> None:
        self.known: dict[tuple[int, tuple[Shape, ...], tuple[Value, ...]], Passed] = {}
        self.ops: list[Op] = []  # kept, so that no other op gets the identity of one
        self.left = most_pieces
        self.is_exact = True

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
        stages = op.taps(shapes)
        if stages == () and len(values) == 1:
            return Passed(values[0], 0, 0)
        weights = _kernels(stages or (), shapes[0][-1])
        if not any(region for value in values for _, region in value):
            return Passed(nothing(output), weights, weights)
        if stages is None:
            return Passed(full_value(output), 0, weights)
        try:
            self.pay(values)
            value, dead = _through(op, stages, shapes, values, output)
        except TooMany:
            self.is_exact = False
            return Passed(full_value(output), 0, weights)
        return Passed(value, dead, weights)

    def pay(self, values: tuple[Value, ...]) -> None:
        """Count what enters an op beyond one stretch each; Raises TooMany behind the last."""
        sets = (product for value in values for _, region in value for product in region)
        spans = sum(len(rows) + len(columns) for rows, columns in sets)
        self.left -= max(spans - 2 * len(values), 0)
        if self.left < 0:
            raise TooMany


def _through(
    op: Op,
    stages: tuple[Taps | Moved, ...],
    shapes: tuple[Shape, ...],
    values: tuple[Value, ...],
    output: Shape,
) -> tuple[Value, int]:
    value, shape = _entering(op, shapes, values)
    dead = 0
    for stage in stages:
        value, shape, missed = _staged(stage, value, shape, output)
        dead += missed
    return value, dead


def _kernels(stages: tuple[Taps | Moved, ...], channels: int) -> int:
    """Return how many scalars the kernels of an op have that this many channels enter."""
    weights = 0
    for stage in stages:
        if isinstance(stage, Taps) and stage.weights:
            rows, columns = stage.axes
            weights += rows.kernel * columns.kernel * stage.weights * channels
            channels = (stage.groups or channels) * stage.weights
    return weights


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
) -> tuple[Value, Shape, int]:
    """Return what leaves one stage, its shape, and the dead scalars of its kernel."""
    if isinstance(stage, Moved):
        return moved(value, shape, stage), stage.shape, 0
    laid = _laid(stage, extent_of(shape), extent_of(output))
    regions = {region for _, region in value}
    dead = 0
    if stage.weights:
        taps = stage.axes[0].kernel * stage.axes[1].kernel
        idle = {region: taps - area(_touching(region, laid)) for region in regions}
        dead = sum(channels * idle[region] * stage.weights for channels, region in value)
    outputs = {region: _seen(region, laid) for region in regions}
    seen = [(channels, outputs[region]) for channels, region in value]
    after = joined(_mixed(stage, seen, shape[-1]))
    leaving = (laid[0].outputs, laid[1].outputs, sum(channels for channels, _ in after))
    return after, leaving, dead


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
