"""Heads, beside the items that they leave from.

Imports ``blocks``, ``layout``, ``parts``, ``scene`` and ``view``.
"""

from collections.abc import Sequence

from archgen.render.blocks import ARROW_RUN
from archgen.render.layout import Layout
from archgen.render.parts import Part, flow
from archgen.render.scene import Line, Point, Rect, flat
from archgen.render.view import View, items

BESIDE, BELOW, CLEAR, APART = 34.0, 26.0, 8.0, 12.0
CORNER = 14.0  # from the end of a box to the line that leaves it downwards


def with_heads(part: Part, view: View, layout: Layout) -> Part:
    """Return a picture, its shapes in their places, with the heads of the network beside it."""
    folded = {copy: item.name for item in items(view.everything) for copy in item.copies}
    shapes, rects, w, h = list(part.shapes), rects_of(part), part.w, part.h
    taken: list[Rect] = []
    for tap, head in view.heads:
        name = folded.get(tap, tap)
        card = flow(layout.element(head), layout.direction)
        if layout.sideways:
            x, y, points = _below(rects[name], card, h)
        else:
            x, y, points = _beside(rects[name], card, part.w, taken, layout)
        shapes.append(Line(points, name, head.name, upright=False))
        placed = tuple(flat(card.shapes, x, y))
        w, h = max(w, x + card.w + CLEAR), max(h, y + card.h + CLEAR)
        rects |= rects_of(Part(w, h, placed))
        shapes += placed
        taken.append(rects[head.name])
    return Part(w, h, tuple(shapes))


def rects_of(part: Part) -> dict[str, Rect]:
    """Return the boxes that stand for something, by what they stand for."""
    return {shape.id: shape for shape in part.shapes if isinstance(shape, Rect) and shape.id}


def _below(source: Rect, card: Part, height: float) -> tuple[float, float, tuple[Point, ...]]:
    """Return where a head stands under all that there is, and the line to it."""
    x, y = source.x + source.w + BELOW, height + BESIDE
    down = source.x + source.w - CORNER
    return x, y, ((down, source.y + source.h), (down, y + card.h / 2), (x, y + card.h / 2))


def _beside(
    source: Rect, card: Part, width: float, taken: Sequence[Rect], layout: Layout
) -> tuple[float, float, tuple[Point, ...]]:
    """Return where a head stands right of a picture of a width, and the line to it.

    Its middle is level with the gap behind its source; the line leaves straight, past whatever is
    wider than its source.
    """
    right, middle = source.x + source.w, source.y + source.h / 2
    past = max(width, right)
    x = past + BESIDE
    level = source.y - layout.gap / 2 if layout.is_upwards else source.y + source.h + layout.gap / 2
    y = _free(max(0.0, level - card.h / 2), [rect for rect in taken if rect.x >= width], card.h)
    lane = ((past, middle),) if right < past else ()
    end = y + card.h / 2
    return x, y, ((right, middle), *lane, (x - ARROW_RUN, end), (x, end))


def _free(y: float, taken: Sequence[Rect], high: float) -> float:
    """Return the first place from ``y`` on that is below those taken, where it would meet one."""
    for rect in sorted(taken, key=lambda rect: rect.y):
        if y < rect.y + rect.h + APART and rect.y < y + high + APART:
            y = rect.y + rect.h + APART
    return y
