"""What a picture consists of, with colours by role and no theme yet; imports ``typography``."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from archgen.render.typography import Run

Point = tuple[float, float]


class Rect(NamedTuple):
    """A box: ``family`` names its colours, ``id`` what it stands for, ``hint`` its tooltip."""

    x: float
    y: float
    w: float
    h: float
    family: str
    r: float = 6
    id: str = ""
    hint: str = ""
    stroke: float = 1.2
    dashed: bool = False


class Text(NamedTuple):
    """Runs of text in a line, their middle, start or end at ``x``, their middle at ``y``.

    Text that is ``turned`` reads upwards.
    """

    x: float
    y: float
    runs: tuple[Run, ...]
    anchor: str = "middle"
    turned: bool = False


class Line(NamedTuple):
    """A line through points with an arrow at its end; an S where it changes lanes.

    ``source`` and ``target`` are the ids of what it leads from and to; ``upright`` lines run along
    y, the others along x; the points of a ``curved`` one control Bézier segments.
    """

    points: tuple[Point, ...]
    source: str = ""
    target: str = ""
    arrow: bool = True
    role: str = "edge"
    upright: bool = True
    curved: bool = False


class Moved(NamedTuple):
    """Shapes in another place: they are moved once, however deep they stand (see ``flat``)."""

    dx: float
    dy: float
    shapes: tuple["Shape | Moved", ...]


Shape: TypeAlias = Rect | Text | Line
Shapes: TypeAlias = tuple[Shape | Moved, ...]


def flat(shapes: Iterable[Shape | Moved], dx: float = 0.0, dy: float = 0.0) -> list[Shape]:
    """Return shapes, each in its final place."""
    placed: list[Shape] = []
    _place(shapes, dx, dy, placed)
    return placed


def _place(shapes: Iterable[Shape | Moved], dx: float, dy: float, placed: list[Shape]) -> None:
    for shape in shapes:
        if isinstance(shape, Moved):
            _place(shape.shapes, dx + shape.dx, dy + shape.dy, placed)
        else:
            placed.append(moved(shape, dx, dy))


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """Return a shape in another place."""
    if isinstance(shape, Line):
        points, source, target, arrow, role, upright, curved = shape
        there = tuple([(x + dx, y + dy) for x, y in points])
        return Line(there, source, target, arrow, role, upright, curved)
    if isinstance(shape, Rect):
        x, y, w, h, family, r, name, hint, stroke, dashed = shape
        return Rect(x + dx, y + dy, w, h, family, r, name, hint, stroke, dashed)
    return Text(shape.x + dx, shape.y + dy, shape.runs, shape.anchor, shape.turned)


@dataclass(frozen=True)
class Scene:
    """A whole picture: its size in pixels, its shapes from back to front, its title.

    ``parts`` are the shapes as they were laid out, ``shapes`` the same in their final places.
    """

    width: float
    height: float
    parts: Shapes
    title: str = ""
    description: str = ""

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Return every shape in its final place."""
        return tuple(flat(self.parts))
