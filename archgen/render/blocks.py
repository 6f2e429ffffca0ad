"""Blocks: shapes laid out together, how they stack, and the lines between them.

Coordinates are *across* (x) and *along* (y) the flow. Imports ``scene``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from archgen.render.scene import Line, Moved, Point, Rect, Shape, Shapes

GAP_FAN, ARROW_RUN = 32.0, 7.0


class Port(NamedTuple):
    """Where lines meet a box: a point, or anywhere between ``left`` and ``right`` of a bar.

    A line goes on behind a port without ``arrow``.
    """

    left: float
    right: float
    y: float
    id: str
    arrow: bool = True

    def at(self, x: float) -> float:
        """Return where a line from or to ``x`` meets it: straight where it can."""
        return self.left if x < self.left else min(x, self.right)

    @property
    def middle(self) -> float:
        """Return its middle."""
        return (self.left + self.right) / 2

    def moved(self, dx: float, dy: float) -> "Port":
        """Return it in another place."""
        return Port(self.left + dx, self.right + dx, self.y + dy, self.id, self.arrow)


Way = tuple[Point, ...]


class Block(NamedTuple):
    """Shapes laid out together: what waits for a line from above, gives one below, passes through.

    ``entries`` are ports with the way to them, ``exits`` with the way from them, ``lanes`` the ways
    of skips that go through the whole block.
    """

    w: float
    h: float
    shapes: Shapes = ()
    entries: tuple[tuple[Way, Port], ...] = ()
    exits: tuple[tuple[Port, Way], ...] = ()
    lanes: tuple[Way, ...] = ()

    def moved(self, dx: float, dy: float) -> "Block":
        """Return the block in another place."""
        if not dx and not dy:
            return self
        return Block(
            self.w,
            self.h,
            (Moved(dx, dy, self.shapes),),
            tuple([(_shifted(way, dx, dy), port.moved(dx, dy)) for way, port in self.entries]),
            tuple([(port.moved(dx, dy), _shifted(way, dx, dy)) for port, way in self.exits]),
            tuple([_shifted(way, dx, dy) for way in self.lanes]),
        )


def _shifted(way: Way, dx: float, dy: float) -> Way:
    return tuple([(x + dx, y + dy) for x, y in way]) if way else way


def single(rect: Rect, shapes: Sequence[Shape], behind: float = 0.0) -> Block:
    """Return a block around one box, whose lines meet the middle of its sides.

    ``behind`` is how far the cards behind it stand out where its lines leave.
    """
    middle, high = rect.w / 2, rect.h + behind
    entry, leave = Port(middle, middle, 0.0, rect.id), Port(middle, middle, high, rect.id)
    return Block(rect.w, high, tuple(shapes), (((), entry),), ((leave, ()),))


@dataclass
class _Stack:
    """Blocks put one behind the other on an axis."""

    axis: float
    least: float
    y: float = 0.0
    shapes: list[Shape | Moved] = field(default_factory=list)
    entries: list[tuple[Way, Port]] = field(default_factory=list)
    exits: list[tuple[Port, Way]] = field(default_factory=list)
    lanes: list[Way] = field(default_factory=list)

    def put(self, block: Block, *, first: bool) -> None:
        """Place a block below the others and draw the lines into it."""
        dx = self.axis - block.w / 2
        y = self.y if first else self.y + self.least
        placed = block.moved(dx, y)
        if self.least < GAP_FAN and self.has_turn(placed):
            y = self.y + GAP_FAN
            placed = block.moved(dx, y)
        self.shapes += placed.shapes
        self.y = y + block.h
        if first:
            self.entries, self.lanes = list(placed.entries), list(placed.lanes)
            self.exits = list(placed.exits)
            return
        late = len(self.exits) > 1
        lines = [
            route(port, (*way, *inner), target, late=late)
            for port, way in self.exits
            for inner, target in placed.entries
        ]
        self.shapes += lines
        self.entries += [
            ((*lane, *inner), target) for lane in self.lanes for inner, target in placed.entries
        ]
        through = [(port, (*way, *lane)) for port, way in self.exits for lane in placed.lanes]
        self.lanes = [(*one, *two) for one in self.lanes for two in placed.lanes]
        self.exits = [*placed.exits, *through]

    def has_turn(self, placed: Block) -> bool:
        """Return whether a line into the next block has to turn, for which it needs more room."""
        for port, way in self.exits:
            for lane in placed.lanes:
                # A skip from a bar leaves it straight; only one from a narrow box turns.
                if port.at(lane[0][0]) != lane[0][0]:
                    return True
            for inner, target in placed.entries:
                if _turns(port, (*way, *inner), target):
                    return True
        return False


def stacked(blocks: Sequence[Block], gap: float) -> Block:
    """Return blocks as one, each behind the one before it."""
    if len(blocks) == 1:
        return blocks[0]
    w = max([block.w for block in blocks])
    stack = _Stack(w / 2, gap)
    for index, block in enumerate(blocks):
        stack.put(block, first=not index)
    return Block(
        w,
        stack.y,
        tuple(stack.shapes),
        tuple(stack.entries),
        tuple(stack.exits),
        tuple(stack.lanes),
    )


def _turns(source: Port, way: Way, target: Port) -> bool:
    """Return whether the line between two ports changes lanes: ``route`` gives it more points."""
    start = source.at(way[0][0] if way else target.middle)
    end = target.at(way[-1][0] if way else start)
    if not way:
        return abs(start - end) > 1
    across = [start, *(x for x, _ in way), end]
    return any(abs(x - after) > 1 for x, after in pairwise(across))


def route(source: Port, way: Way, target: Port, *, late: bool = False) -> Line:
    """Return the line between two ports: straight where it can be, else curved beside one of them.

    A line without a way of its own turns behind its source, or ``late`` in front of its target.
    """
    start = source.at(way[0][0] if way else target.middle)
    end = target.at(way[-1][0] if way else start)
    if not way:
        if start == end:
            points = ((start, source.y), (end, target.y))
            return Line(points, source.id, target.id, target.arrow)
        way = ((start if late else end, source.y), (start if late else end, target.y))
    turns: list[Point] = [(start, source.y)]
    if abs(way[0][0] - start) > 1:
        turns.append((way[0][0], source.y + GAP_FAN - ARROW_RUN))
    turns += [point for point, after in pairwise(way) if abs(point[0] - after[0]) > 1]
    if abs(way[-1][0] - end) > 1:
        turns += [(way[-1][0], target.y - GAP_FAN), (end, target.y - ARROW_RUN)]
    return Line((*turns, (end, target.y)), source.id, target.id, target.arrow)
