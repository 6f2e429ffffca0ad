"""The shapes beside the lines of an overview, clear of boxes and lines; imports ``scene``."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product

from archgen.render.parts import Part
from archgen.render.paths import steps
from archgen.render.scene import Line, Point, Rect, Shape, Text
from archgen.render.typography import Run, width
from archgen.render.view import shape_words

CELL = 128.0
ROOM = 8.0  # beside a label in a flow to the right
ASIDE, RISE = 7.0, 14.0  # of a label from its line, and over the end of its arrow
OVER, UNDER = -9.0, 11.0
PIECES = 8  # of a curve


def labelled(part: Part, shapes: Mapping[str, tuple[int, ...]], direction: str) -> Part:
    """Write its shape beside the first line that leaves each module, in front of its arrow.

    A line whose label would lie on a box or a line gets none, nor does one from the input.
    """
    words: list[Shape] = []
    said = {"input"}
    taken = _by_cell(_obstacles(part.shapes))
    lines = [shape for shape in part.shapes if isinstance(shape, Line)]
    # Where a line arrives from the right, too, the label stands on the left.
    crowded = {line.points[-1] for line in lines if max(line.points)[0] > line.points[-1][0] + 1}
    for line in lines:
        if line.source in shapes and line.source not in said:
            run = Run(shape_words(shapes[line.source]), 10.5, "muted")
            tried = _along(line, run) if direction == "right" else _beside(line, run, direction)
            for text in reversed(list(tried)) if line.points[-1] in crowded else tried:
                extent = _extent(text)
                if not any(_overlap(extent, rect) for c in _cells(extent) for rect in taken[c]):
                    said.add(line.source)
                    words.append(text)
                    break
    return part._replace(shapes=(*part.shapes, *words))


def _beside(line: Line, run: Run, direction: str) -> Iterator[Text]:
    """Return the places of a label right and left of the end of a line."""
    y = line.points[-1][1] + (RISE if direction == "up" else -RISE)
    across = [x for x, _ in line.points]
    yield Text(max(across) + ASIDE, y, (run,), "start")
    yield Text(min(across) - ASIDE, y, (run,), "end")


def _along(line: Line, run: Run) -> Iterator[Text]:
    """Return the places of a label over the end of a line, over its beginning, under its end."""
    (start, top), (x, y) = line.points[0], line.points[-1]
    middle = ROOM + width(run) / 2
    yield Text(x - middle, y + OVER, (run,))
    yield Text(start + middle, top + OVER, (run,))
    yield Text(x - middle, y + UNDER, (run,))


# ── what is in the way ────────────────────────────────────────────────────────────────────────────


def _obstacles(shapes: Iterable[object]) -> Iterator[Rect]:
    """Return the boxes that stand for something, and boxes around pieces of lines."""
    for shape in shapes:
        if isinstance(shape, Rect) and shape.id:
            yield shape
        elif isinstance(shape, Line):
            yield from _pieces(shape)


def _pieces(line: Line) -> Iterator[Rect]:
    last = line.points[0]
    for step in steps(line.points, line):
        places = (last, *step) if len(step) == 1 else _curve(last, *step)
        yield from (_around(one, other) for one, other in pairwise(places))
        last = step[-1]


def _curve(start: Point, one: Point, two: Point, end: Point) -> Iterator[Point]:
    """Return points of a Bézier segment."""
    for number in range(PIECES + 1):
        t = number / PIECES
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        x = a * start[0] + b * one[0] + c * two[0] + d * end[0]
        yield (x, a * start[1] + b * one[1] + c * two[1] + d * end[1])


def _around(one: Point, other: Point) -> Rect:
    left, top = min(one[0], other[0]), min(one[1], other[1])
    return Rect(left, top, abs(one[0] - other[0]), abs(one[1] - other[1]), "")


def _extent(text: Text) -> Rect:
    long, high = width(*text.runs), text.runs[0].size
    left = text.x - {"start": 0.0, "middle": long / 2, "end": long}[text.anchor]
    return Rect(left, text.y - high / 2, long, high, "")


def _overlap(one: Rect, other: Rect) -> bool:
    across = one.x < other.x + other.w and other.x < one.x + one.w
    return across and one.y < other.y + other.h and other.y < one.y + one.h


def _by_cell(rects: Iterable[Rect]) -> Mapping[tuple[int, int], list[Rect]]:
    """Return boxes by the cells of a grid that they touch: a label is compared with few of many."""
    found: dict[tuple[int, int], list[Rect]] = defaultdict(list)
    for rect in rects:
        for cell in _cells(rect):
            found[cell].append(rect)
    return found


def _cells(rect: Rect) -> Iterable[tuple[int, int]]:
    across = range(int(rect.x // CELL), int((rect.x + rect.w) // CELL) + 1)
    return product(across, range(int(rect.y // CELL), int((rect.y + rect.h) // CELL) + 1))
