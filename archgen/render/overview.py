"""The overview: modules in a row, the shapes between them, what each costs beside it.

Imports ``heads``, ``layout``, ``parts``, ``palette``, ``scene``, ``typography`` and ``view``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import cycle, product

from archgen.naming import INPUT
from archgen.render.blocks import Block
from archgen.render.heads import rects_of, with_heads
from archgen.render.layout import Layout
from archgen.render.palette import STRIPES
from archgen.render.parts import Part, flow
from archgen.render.scene import Line, Rect, Shape, Text
from archgen.render.typography import Run, quantity, room, share, width
from archgen.render.view import Fork, Group, Item, Series, Tangle, View, groups, items, shape_words

CARD_WIDTH, CARD_ROOM, OVERVIEW_GAP, LABEL_ROOM = 178.0, 84.0, 28.0, 8.0
CELL = 128.0
LABEL_RISE = 14.0  # of a label over the end of its arrow
COLUMN, COLUMN_GAP, TRACK_HEIGHT = 92.0, 22.0, 8.0


def overview(view: View, layout: Layout) -> Part:
    """Return the modules in a row, the shapes between them, and what each costs beside it."""
    cards = [item for item in items(view.everything) if isinstance(item, Group)]
    wide = max([room(*layout.title(card)) for card in cards], default=0.0) + CARD_ROOM
    gap = OVERVIEW_GAP if not layout.sideways else _label_width(view) + 2 * LABEL_ROOM
    closed = replace(
        layout,
        gap=gap,
        card_width=max(CARD_WIDTH, wide),
        stripes=stripes(view) or {"": ""},
    )
    part = flow(_with_ends(view, closed), layout.direction).flat()
    part = with_heads(part, view, closed)
    part = _labelled(part, _shapes(view), layout.direction)
    return _with_costs(part, view, layout.direction)


def stripes(view: View) -> dict[str, str]:
    """Return the colour of each module, those that an overview shows first."""
    cards = [item for item in items(view.everything) if isinstance(item, Group)]
    modules = dict.fromkeys(group.module for group in (*cards, *groups(view.everything)))
    return dict(zip(modules, cycle(STRIPES), strict=False))


def _label_width(view: View) -> float:
    return max(room(Run(shape_words(shape), 10.5)) for shape in _shapes(view).values())


def _with_ends(view: View, layout: Layout) -> Block:
    """Return the body between the input and the main output."""
    name, shape = next(iter(view.outputs.items()))
    body = layout.entering(view.body, {INPUT: view.input})
    runs = [Run(name, 11), Run(shape_words(shape), 10.5, "muted", gap=6)]
    return layout.behind(body, layout.thick(f"output {name}", [runs], "input", 0.0))


def _shapes(view: View) -> dict[str, tuple[int, ...]]:
    shapes = {item.name: item.shape for item in _alone(view.body)}
    return {"input": view.input, **shapes}


def _labelled(part: Part, shapes: Mapping[str, tuple[int, ...]], direction: str) -> Part:
    """Write its shape beside the first line that leaves each module, in front of its arrow.

    A line whose label would lie on a box gets none, nor does one from the bar of the input.
    """
    words: list[Shape] = []
    said = {"input"}
    near = _by_cell(rects_of(part).values())
    lines = [shape for shape in part.shapes if isinstance(shape, Line)]
    # Where a line arrives from the right, too, the label stands on the left.
    crowded = {line.points[-1] for line in lines if max(line.points)[0] > line.points[-1][0] + 1}
    for line in lines:
        if line.source in shapes and line.source not in said:
            run = Run(shape_words(shapes[line.source]), 10.5, "muted")
            text = _beside(line, run, direction, left=line.points[-1] in crowded)
            extent = _extent(text)
            if not any(_overlap(extent, rect) for cell in _cells(extent) for rect in near[cell]):
                said.add(line.source)
                words.append(text)
    return part._replace(shapes=(*part.shapes, *words))


def _beside(line: Line, run: Run, direction: str, *, left: bool) -> Text:
    """Return the label of a line, where neither it nor another that ends there runs."""
    (x, y), (start, top) = line.points[-1], line.points[0]
    if direction == "right":
        # Over its end, but over its beginning where it comes down to its end.
        middle = LABEL_ROOM + width(run) / 2
        return Text(start + middle if top < y - 1 else x - middle, min(top, y) - 9, (run,))
    y += LABEL_RISE if direction == "up" else -LABEL_RISE
    across = [point[0] for point in line.points]
    return (
        Text(min(across) - 7, y, (run,), "end")
        if left
        else Text(max(across) + 7, y, (run,), "start")
    )


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
                yield list(items((element,)))
            else:
                yield from _rows(filled[0])
        elif isinstance(element, Tangle):
            yield list(element.items)
        else:
            yield [element]
