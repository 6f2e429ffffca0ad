"""The poster: the overview and a panel for each distinct module, packed into columns.

Imports ``layout``, ``overview``, ``parts``, ``scene``, ``typography``, ``view`` and ``words``.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from archgen.render.layout import Layout
from archgen.render.overview import overview, stripes
from archgen.render.parts import MARGIN, Part, flow
from archgen.render.scene import Moved, Rect, Shapes, Text
from archgen.render.typography import Run, room
from archgen.render.view import Group, View, groups
from archgen.render.words import costs_of

PANEL_GAP, WANTED_ASPECT, MOST_COLUMNS = 16.0, 1.7, 6


def poster(view: View, layout: Layout) -> Part:
    """Return the overview and a panel for each distinct module, in columns."""
    distinct: dict[object, Group] = {}
    for group in groups(view.everything):
        distinct.setdefault(group.signature, group)
    letters = {signature: _letter(index) for index, signature in enumerate(distinct)}
    lettered = replace(layout, letters=letters)
    upright = "down" if layout.sideways else layout.direction
    first = overview(view, replace(lettered, direction=upright))
    colours = stripes(view)
    panels = [_framed(group, lettered, colours[group.module]) for group in distinct.values()]
    packed = _packed(panels, first)
    x = first.w + 2 * MARGIN
    shapes = (*first.shapes, Moved(x, -8, packed.shapes))
    return Part(x + packed.w, max(first.h, packed.h - 8), shapes)


def _letter(index: int) -> str:
    """Return a to z, then aa, ab and so on."""
    rest, last = divmod(index, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("a") + last)


class _Panel(NamedTuple):
    """A module under its title, before it is known how wide its column is."""

    w: float
    h: float
    words: tuple[Text, ...]
    body: Part
    colour: str

    def stretched(self, wide: float) -> Shapes:
        """Return its shapes in a frame of a width, the body in the middle."""
        frame = Rect(0, 0, wide, self.h, "panel", 8)
        tab = Rect(14, -1, 44, 3, self.colour, 1.5)
        return (frame, tab, *self.words, Moved((wide - self.body.w) / 2, 52, self.body.shapes))


def _framed(group: Group, layout: Layout, colour: str) -> _Panel:
    """Return a module as a panel with a tab of colour."""
    body = flow(layout.entering(group.body, group.entering), layout.direction)
    title, costs = layout.heading(group), (Run(costs_of(group), 10, "muted"),)
    w = max(body.w, room(*title), room(*costs)) + 28
    words = (Text(14, 19, title, "start"), Text(14, 36, costs, "start"))
    return _Panel(w, body.h + 66, words, body, colour)


def _packed(panels: Sequence[_Panel], beside: Part) -> Part:
    """Return panels in as many columns as make the poster look like a page in landscape."""
    counts = range(1, min(MOST_COLUMNS, len(panels)) + 1)
    arranged = [_columns(panels, count) for count in counts]

    def distance(columns: Sequence[Sequence[_Panel]]) -> float:
        wide = sum(max(part.w for part in column) + PANEL_GAP for column in columns)
        high = max(sum(part.h + PANEL_GAP for part in column) for column in columns)
        return abs((wide + beside.w) / max(high, beside.h) / WANTED_ASPECT - 1)

    return _placed(min(arranged, key=distance)) if arranged else Part(0, 0, ())


def _columns(panels: Sequence[_Panel], count: int) -> list[list[_Panel]]:
    """Return panels, in order, in columns of about the same height."""
    limit = max(sum(p.h + PANEL_GAP for p in panels) / count, *(p.h for p in panels))
    while len(columns := _filled(panels, limit)) > count:
        limit *= 1.03
    return columns


def _placed(columns: Sequence[Sequence[_Panel]]) -> Part:
    x, height, shapes = 0.0, 0.0, list[Moved]()
    for column in columns:
        wide, y = max(part.w for part in column), 0.0
        for part in column:
            shapes.append(Moved(x, y, part.stretched(wide)))
            y += part.h + PANEL_GAP
        height = max(height, y - PANEL_GAP)
        x += wide + PANEL_GAP
    return Part(x - PANEL_GAP, height, tuple(shapes))


def _filled(panels: Sequence[_Panel], limit: float) -> list[list[_Panel]]:
    columns: list[list[_Panel]] = [[]]
    height = 0.0
    for part in panels:
        if columns[-1] and height + part.h > limit:
            columns.append([])
            height = 0.0
        columns[-1].append(part)
        height += part.h + PANEL_GAP
    return columns
