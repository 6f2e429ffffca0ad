"""What a picture consists of, with colours by role and no theme yet; imports ``typography``."""

from dataclasses import dataclass
from typing import TypeAlias

from archgen.render.typography import Run

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
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


@dataclass(frozen=True, slots=True)
class Text:
    """Runs of text in a line, their middle, start or end at ``x``, their middle at ``y``.

    Text that is ``turned`` reads upwards.
    """

    x: float
    y: float
    runs: tuple[Run, ...]
    anchor: str = "middle"
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Line:
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


Shape: TypeAlias = Rect | Text | Line


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """Return a shape in another place."""
    # A picture moves its shapes many times, and `replace` takes twice as long.
    if isinstance(shape, Rect):
        x, y = shape.x + dx, shape.y + dy
        look = (shape.family, shape.r, shape.id, shape.hint, shape.stroke, shape.dashed)
        return Rect(x, y, shape.w, shape.h, *look)
    if isinstance(shape, Text):
        return Text(shape.x + dx, shape.y + dy, shape.runs, shape.anchor, shape.turned)
    points = tuple([(x + dx, y + dy) for x, y in shape.points])
    ends = (shape.source, shape.target)
    return Line(points, *ends, shape.arrow, shape.role, shape.upright, shape.curved)


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture: its size in pixels, its shapes from back to front, its title."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str = ""
    description: str = ""
