"""The overview: modules in a row, the shapes between them, what each costs beside it.

Imports ``layout``, ``parts``, ``palette``, ``scene``, ``typography`` and ``view``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle

from archgen.render.blocks import Block
from archgen.render.layout import Layout
from archgen.render.palette import STRIPES
from archgen.render.parts import Part, flow
from archgen.render.scene import Line, Rect, Shape, Text, moved
from archgen.render.typography import Run, quantity, share, width
from archgen.render.view import Fork, Group, Item, Series, Tangle, View, items, shape_words

CARD_WIDTH, OVERVIEW_GAP, LABEL_ROOM = 178.0, 28.0, 8.0
COLUMN, COLUMN_GAP, TRACK_HEIGHT = 92.0, 22.0, 8.0


def overview(view: View, layout: Layout, letters: Mapping[object, str]) -> Part:
    """Return the modules in a row, the shapes between them, and what each costs beside it."""
    cards = [item for item in items(view.everything) if isinstance(item, Group)]
    modules = dict.fromkeys(card.module for card in cards)
    stripes = dict(zip(modules, cycle(STRIPES), strict=False))
    wide = max((_card_width(card, letters) for card in cards), default=CARD_WIDTH)
    gap = OVERVIEW_GAP if not layout.sideways else _label_width(view) + 2 * LABEL_ROOM
    closed = replace(
        layout,
        gap=gap,
        card_width=max(CARD_WIDTH, wide),
        stripes=stripes or {"": ""},
        letters=letters,
    )
    part = flow(_with_ends(view, closed), layout.direction)
    part = _with_heads(part, view, closed)
    part = _labelled(part, _shapes(view), layout.direction)
    return _with_costs(part, view, layout.direction)


def _card_width(group: Group, letters: Mapping[object, str]) -> float:
    letter = "(a) " if group.signature in letters else ""
    return width(Run(letter + group.title, 13, bold=True)) + 84


def _label_width(view: View) -> float:
    return max(width(Run(shape_words(shape), 10.5)) for shape in _shapes(view).values())


def _with_ends(view: View, layout: Layout) -> Block:
    """Return the body between the input and the main output."""
    name, shape = next(iter(view.outputs.items()))
    body = layout.entering(view.body, view.input)
    runs = [Run(name, 11), Run(shape_words(shape), 10.5, "muted", gap=6)]
    return layout.behind(body, layout.thick(f"output {name}", [runs], "input", 0.0))


def _shapes(view: View) -> dict[str, tuple[int, ...]]:
    shapes = {item.name: item.shape for item in _alone(view.body)}
    return {"input": view.input, **shapes}


def _labelled(part: Part, shapes: Mapping[str, tuple[int, ...]], direction: str) -> Part:
    """Write its shape beside each straight line that leaves a module, and not the bar it enters."""
    words: list[Shape] = []
    said: set[str] = set()
    for shape in part.shapes:
        if isinstance(shape, Line) and shape.source in shapes and shape.source not in said:
            (x, y), (nx, ny) = shape.points[-2:]
            if shape.source == "input":
                continue
            said.add(shape.source)
            run = (Run(shape_words(shapes[shape.source]), 10.5, "muted"),)
            middle = ((x + nx) / 2, (y + ny) / 2)
            at = (
                (middle[0], middle[1] - 9)
                if direction == "right"
                else (middle[0] + 7, middle[1] - 1)
            )
            words.append(Text(*at, run, "middle" if direction == "right" else "start"))
    return replace(part, shapes=(*part.shapes, *words))


def _with_heads(part: Part, view: View, layout: Layout) -> Part:
    """Put the heads beside the items that they leave from."""
    rects = _rects(part)
    folded = {copy: item.name for item in items(view.body) for copy in item.copies}
    shapes, w, h = list(part.shapes), part.w, part.h
    for tap, head in view.heads:
        source = rects[folded.get(tap, tap)]
        card = flow(layout.card(head), layout.direction)
        if layout.sideways:
            x, y = source.x + source.w / 2 + 40, h + 34
            start = (source.x + source.w / 2, source.y + source.h)
            points = (start, (start[0], y + card.h / 2), (x, y + card.h / 2))
            h = y + card.h + 8
        else:
            down = -1 if layout.direction == "up" else 1
            x = part.w + 34
            y = source.y + source.h / 2 + down * (source.h + layout.gap) / 2 - card.h / 2
            start = (source.x + source.w, source.y + source.h / 2)
            points = (start, (x - 7, y + card.h / 2), (x, y + card.h / 2))
            w = max(w, x + card.w + 8)
        shapes.append(Line(points, folded.get(tap, tap), head.name, upright=False))
        shapes += [moved(shape, x, y) for shape in card.shapes]
    return Part(w, h, tuple(shapes))


def _with_costs(part: Part, view: View, direction: str) -> Part:
    """Write the share of parameters and MACs beside each row."""
    rects = _rects(part)
    if view.faults:
        return part
    if direction == "right":
        return _with_costs_below(part, view)
    left = part.w + COLUMN_GAP
    columns = (left, left + COLUMN + COLUMN_GAP)
    words: list[Shape] = []
    top = min((rect.y for rect in rects.values()), default=0.0)
    if direction == "down":
        heads = zip(columns, ("params", "MACs"), strict=True)
        words += [
            Text(x, top + 12, (Run(name, 10.5, "muted", bold=True),), "start") for x, name in heads
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
    words = []
    for item in _alone(view.everything):
        rect, (params, macs) = _rects(part).get(item.name), _costs(item)
        if rect and params + macs:
            below = f"{quantity(params)} · {quantity(macs)}"
            at = (rect.x + rect.w / 2, rect.y + rect.h + 18)
            words.append(Text(*at, (Run(below, 10, "muted"),)))
    return Part(part.w, max([part.h, *(text.y + 6 for text in words)]), (*part.shapes, *words))


def _rects(part: Part) -> dict[str, Rect]:
    return {shape.id: shape for shape in part.shapes if isinstance(shape, Rect) and shape.id}


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
                yield list(items((element,)))
            else:
                yield from _rows(filled[0])
        elif isinstance(element, Tangle):
            yield list(element.items)
        else:
            yield [element]
