"""The overview: modules in a row, the shapes between them, what each costs beside it.

Imports ``heads``, ``labels``, ``layout``, ``parts``, ``palette``, ``scene``, ``typography``,
``view`` and ``words``.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

from archgen.naming import INPUT
from archgen.render.blocks import Block
from archgen.render.heads import rects_of, with_heads
from archgen.render.labels import ROOM, labelled
from archgen.render.layout import Layout
from archgen.render.palette import STRIPES
from archgen.render.parts import Part, flow
from archgen.render.scene import Rect, Shape, Text
from archgen.render.typography import Run, quantity, room, share
from archgen.render.view import Fork, Group, Item, Series, Tangle, View, groups, items, shape_words
from archgen.render.words import bar_runs

CARD_WIDTH, CARD_ROOM, OVERVIEW_GAP = 178.0, 84.0, 28.0
COLUMN, COLUMN_GAP, TRACK_HEIGHT = 92.0, 22.0, 8.0


def overview(view: View, layout: Layout) -> Part:
    """Return the modules in a row, the shapes between them, and what each costs beside it."""
    cards = [item for item in items(view.everything) if isinstance(item, Group)]
    wide = max([room(*layout.title(card)) for card in cards], default=0.0) + CARD_ROOM
    gap = OVERVIEW_GAP if not layout.sideways else _label_width(view) + 2 * ROOM
    closed = replace(
        layout,
        gap=gap,
        card_width=max(CARD_WIDTH, wide),
        stripes=stripes(view) or {"": ""},
    )
    part = flow(with_ends(view, closed), layout.direction).flat()
    part = with_heads(part, view, closed)
    part = labelled(part, _shapes(view), layout.direction)
    return _with_costs(part, view, layout.direction)


def stripes(view: View) -> dict[str, str]:
    """Return the colour of each module, those that an overview shows first."""
    cards = [item for item in items(view.everything) if isinstance(item, Group)]
    modules = dict.fromkeys(group.module for group in (*cards, *groups(view.everything)))
    return dict(zip(modules, cycle(STRIPES), strict=False))


def _label_width(view: View) -> float:
    return max(room(Run(shape_words(shape), 10.5)) for shape in _shapes(view).values())


def with_ends(view: View, layout: Layout) -> Block:
    """Return the body between the input and the main output."""
    name, shape = next(iter(view.outputs.items()))
    body = layout.entering(view.body, {INPUT: view.input})
    runs = bar_runs(name, shape_words(shape))
    return layout.behind(body, layout.thick(f"output {name}", [runs], "input", 0.0))


def _shapes(view: View) -> dict[str, tuple[int, ...]]:
    shapes = {item.name: item.shape for item in _alone(view.body)}
    return {"input": view.input, **shapes}


def _with_costs(part: Part, view: View, direction: str) -> Part:
    """Write the share of parameters and MACs beside each row."""
    rects = rects_of(part)
    if view.faults or not view.params + view.macs:
        return part
    if direction == "right":
        return _with_costs_below(part, view)
    left = part.w + COLUMN_GAP
    columns = (left, left + COLUMN + COLUMN_GAP)
    # Beside the bar of what enters or leaves, which costs nothing.
    top = min((rect.y for rect in rects.values()), default=0.0)
    words: list[Shape] = [
        Text(x, top + 12, (Run(name, 10.5, "muted", bold=True),), "start")
        for x, name in zip(columns, ("params", "MACs"), strict=True)
    ]
    for members in _rows(view.everything):
        frames = [rects[item.name] for item in members if item.name in rects]
        params, macs = (sum(column) for column in zip(*map(_costs, members), strict=True))
        if not frames or not params + macs:
            continue
        middle = (min(r.y for r in frames) + max(r.y + r.h for r in frames)) / 2
        words += _bar(columns[0], middle, params, view.params, "params")
        words += _bar(columns[1], middle, macs, view.macs, "macs")
    return Part(columns[1] + COLUMN, part.h, (*part.shapes, *words))


def _with_costs_below(part: Part, view: View) -> Part:
    """Write parameters and MACs under each module of a flow to the right."""
    words, rects = [], rects_of(part)
    for item in _alone(view.everything):
        rect, (params, macs) = rects.get(item.name), _costs(item)
        if rect and params + macs:
            below = f"{quantity(params)} · {quantity(macs)}"
            at = (rect.x + rect.w / 2, rect.y + rect.h + 18)
            words.append(Text(*at, (Run(below, 10, "muted"),)))
    return Part(part.w, max([part.h, *(text.y + 6 for text in words)]), (*part.shapes, *words))


def _bar(x: float, middle: float, part: int, whole: int, role: str) -> list[Shape]:
    filled = COLUMN * part / whole if whole else 0.0
    words = f"{quantity(part)} · {share(part, whole)}" if part else "0"
    bar = [Rect(x, middle - 11, COLUMN, TRACK_HEIGHT, "track", 2)]
    bar += [Rect(x, middle - 11, max(1.5, filled), TRACK_HEIGHT, role, 2)] if part else []
    return [*bar, Text(x, middle + 7, (Run(words, 10, "muted"),), "start")]


def _costs(item: Item) -> tuple[int, int]:
    if isinstance(item, Group):
        return item.totals
    return (item.params * len(item.copies), item.macs * len(item.copies))


def _alone(series: Series) -> Iterator[Item]:
    """Return the items of an overview that have a row of their own."""
    for row in _rows(series):
        if len(row) == 1:
            yield row[0]


def _rows(series: Series) -> Iterator[list[Item]]:
    """Return the items of an overview that share a row: those of real branches together."""
    for element in series:
        if isinstance(element, Fork):
            filled = [branch for branch in element.branches if branch]
            if len(filled) > 1:
                yield items((element,))
            else:
                yield from _rows(filled[0])
        elif isinstance(element, Tangle):
            yield list(element.items)
        else:
            yield [element]
