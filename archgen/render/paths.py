"""How a line runs: its straight and curved steps, its arrow head; imports ``scene``."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

from archgen.render.scene import Line, Point

ARROW = 6.5
COVERED = 0.7  # of its arrow head, where a line already ends


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


def shortened(points: Sequence[Point]) -> list[Point]:
    """Return the points of a line that ends where its arrow head takes over."""
    dx, dy = _towards(*points[-2:])
    x, y = points[-1]
    return [*points[:-1], _rounded(x - COVERED * ARROW * dx, y - COVERED * ARROW * dy)]


def arrow_corners(before: Point, end: Point) -> tuple[Point, Point, Point]:
    """Return the corners of the head of an arrow from one point to another."""
    dx, dy = _towards(before, end)
    x, y, half = end[0] - ARROW * dx, end[1] - ARROW * dy, 0.45 * ARROW
    left, right = (x - half * dy, y + half * dx), (x + half * dy, y - half * dx)
    return (end, _rounded(*left), _rounded(*right))


def _rounded(x: float, y: float) -> Point:
    return (round(x, 2), round(y, 2))


def _towards(before: Point, end: Point) -> Point:
    """Return the direction from one point to another, of length 1."""
    dx, dy = end[0] - before[0], end[1] - before[1]
    length = hypot(dx, dy) or 1.0
    return (dx / length, dy / length)
