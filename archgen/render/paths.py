"""How a line runs: its straight and curved steps, its arrow head; imports ``scene``."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

from archgen.render.scene import Line, Point

ARROW = 6.5
COVERED = 0.7  # of its arrow head, where a line already ends
HALF = 0.45  # of its length, from its middle to a side


def steps(points: Sequence[Point], line: Line) -> Iterator[tuple[Point, ...]]:
    """Return the steps from the first point on: one point straight, three a Bézier segment.

    A line that is not curved itself makes an S where it changes lanes.
    """
    if line.curved:
        for index in range(1, len(points) - 2, 3):
            yield tuple(points[index : index + 3])
        return
    for (x, y), (nx, ny) in pairwise(points):
        if line.upright and x != nx:
            yield ((x, (y + ny) / 2), (nx, (y + ny) / 2), (nx, ny))
        elif not line.upright and y != ny:
            yield (((x + nx) / 2, y), ((x + nx) / 2, ny), (nx, ny))
        else:
            yield ((nx, ny),)


def headed(points: Sequence[Point]) -> tuple[list[Point], tuple[Point, Point, Point]]:
    """Return the points of a line up to where its arrow head takes over, and the head's corners."""
    before, (x, y) = points[-2:]
    dx, dy = x - before[0], y - before[1]
    length = hypot(dx, dy) or 1.0
    dx, dy = ARROW * dx / length, ARROW * dy / length
    half_x, half_y = HALF * dx, HALF * dy
    left = (round(x - dx - half_y, 2), round(y - dy + half_x, 2))
    right = (round(x - dx + half_y, 2), round(y - dy - half_x, 2))
    covered = (round(x - COVERED * dx, 2), round(y - COVERED * dy, 2))
    return [*points[:-1], covered], ((x, y), left, right)
