"""Whole pictures: the overview with its costs, a module, the poster of both, every layer.

Imports ``layout``, ``view``, ``palette``, ``scene`` and ``typography``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from archgen.ir import shape_text
from archgen.render.layout import Block, Layout, cost_text
from archgen.render.palette import LEGEND, STRIPES
from archgen.render.scene import Line, Rect, Scene, Shape, Text, moved
from archgen.render.typography import Run, quantity, share, width
from archgen.render.view import (
    Box,
    Element,
    Fork,
    Group,
    Item,
    Series,
    Tangle,
    View,
    boxes,
    groups,
    items,
)

MARGIN, TITLE_HEIGHT, LEGEND_HEIGHT = 20.0, 62.0, 34.0
CARD_WIDTH, OVERVIEW_GAP, LABEL_ROOM = 178.0, 28.0, 8.0
COLUMN, COLUMN_GAP, TRACK_HEIGHT = 92.0, 22.0, 8.0
PANEL_GAP, WANTED_ASPECT, MOST_COLUMNS = 16.0, 1.7, 6


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a finished picture, its upper left corner at 0, 0."""

    w: float
    h: float
    shapes: tuple[Shape, ...]


def figure(
    view: View, kind: str = "overview", module: str = "", detail: int = 0, direction: str = "down"
) -> Scene:
    """Return the picture of a network: overview, module, poster or layers.

    Raises KeyError where there is no such module.
    """
    layout = Layout(detail, direction)
    if kind == "module":
        group = _modules(view)[module]
        return _titled(_module(group, layout), _group_title(group), [group], centred=True)
    if kind == "poster":
        return _poster(view, layout)
    part = _overview(view, layout, {}) if kind == "overview" else _layers(view, layout)
    elements = view.body if kind == "layers" else _shown(view)
    return _titled(part, _title(view), elements)


def _title(view: View) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    entering = f"input {shape_text(view.input)}"
    return (
        (Run(view.title, 18, bold=True),),
        (Run(f"{cost_text(view.params, view.macs)} · {entering}", 11, "muted"),),
    )


def _group_title(group: Group) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    many = (Run(f"×{len(group.copies)}", 15, "muted", gap=6),) if len(group.copies) > 1 else ()
    costs = cost_text(group.params, group.macs, group)
    return ((Run(group.title, 15, bold=True), *many), (Run(costs, 11, "muted"),))


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────


def _module(group: Group, layout: Layout) -> Part:
    """Return one module between the bar of what enters it and what leaves it."""
    return _flow(_entering(group.body, group.entering, layout), layout.direction)


def _entering(series: Series, shape: tuple[int, ...], layout: Layout) -> Block:
    first = series[0] if series else None
    across = layout.element(first).w if isinstance(first, Fork | Tangle) else 0.0
    runs = [Run("input", 11), Run(shape_text(shape), 10.5, "muted", gap=6)]
    return layout.series(series, layout.thick("input", runs, "input", across))


def _layers(view: View, layout: Layout) -> Part:
    return _flow(_entering(view.body, view.input, replace(layout, open=True)), layout.direction)


def _flow(block: Block, direction: str) -> Part:
    """Return a block in the direction of its flow."""
    if direction == "right":
        return Part(block.h, block.w, tuple(map(_transposed, block.shapes)))
    if direction == "up":
        return Part(block.w, block.h, tuple(_flipped(shape, block.h) for shape in block.shapes))
    return Part(block.w, block.h, block.shapes)


def _transposed(shape: Shape) -> Shape:
    if isinstance(shape, Line):
        points = tuple((y, x) for x, y in shape.points)
        return replace(shape, points=points, upright=not shape.upright)
    if isinstance(shape, Rect):
        return replace(shape, x=shape.y, y=shape.x, w=shape.h, h=shape.w)
    return replace(shape, x=shape.y, y=shape.x)


def _flipped(shape: Shape, height: float) -> Shape:
    if isinstance(shape, Line):
        return replace(shape, points=tuple((x, height - y) for x, y in shape.points))
    if isinstance(shape, Rect):
        return replace(shape, y=height - shape.y - shape.h)
    return replace(shape, y=height - shape.y)


# ── the overview ──────────────────────────────────────────────────────────────────────────────────


def _overview(view: View, layout: Layout, letters: Mapping[object, str]) -> Part:
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
    part = _flow(_with_ends(view, closed), layout.direction)
    part = _with_heads(part, view, closed)
    part = _labelled(part, _shapes(view), layout.direction)
    return _with_costs(part, view, layout.direction)


def _card_width(group: Group, letters: Mapping[object, str]) -> float:
    letter = "(a) " if group.signature in letters else ""
    return width(Run(letter + group.title, 13, bold=True)) + 84


def _label_width(view: View) -> float:
    return max(width(Run(shape_text(shape), 10.5)) for shape in _shapes(view).values())


def _with_ends(view: View, layout: Layout) -> Block:
    """Return the body between the input and the main output."""
    name, shape = next(iter(view.outputs.items()))
    body = _entering(view.body, view.input, layout)
    runs = [Run(name, 11), Run(shape_text(shape), 10.5, "muted", gap=6)]
    return layout.behind(body, layout.thick(f"output {name}", runs, "input", 0.0))


def _shapes(view: View) -> dict[str, tuple[int, ...]]:
    shapes = {item.name: item.shape for item in items(view.body)}
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
            run = (Run(shape_text(shapes[shape.source]), 10.5, "muted"),)
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
        source = rects[folded[tap]]
        card = _flow(layout.card(head), layout.direction)
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
        shapes.append(Line(points, folded[tap], head.name, upright=False))
        shapes += [moved(shape, x, y) for shape in card.shapes]
    return Part(w, h, tuple(shapes))


def _with_costs(part: Part, view: View, direction: str) -> Part:
    """Write the share of parameters and MACs beside each row."""
    rects = _rects(part)
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
    for item in items(view.everything):
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


def _modules(view: View) -> dict[str, Group]:
    """Return the first use of every module, and the heads, by their names and those of scopes."""
    found: dict[str, Group] = {}
    for group in groups(view.everything):
        found.setdefault(group.module, group)
        for name in group.copies:
            found.setdefault(name, group)
    return found


# ── titles, legends, posters ──────────────────────────────────────────────────────────────────────


def _titled(
    part: Part,
    title: tuple[tuple[Run, ...], tuple[Run, ...]],
    elements: Iterable[Element],
    *,
    centred: bool = False,
) -> Scene:
    """Return a picture under its title, over the legend of what it shows."""
    legend = _legend(elements)
    w = max(part.w, legend.w, *(width(*line) for line in title))
    x = MARGIN + (w / 2 if centred else 0.0)
    anchor = "middle" if centred else "start"
    words = [Text(x, MARGIN + y, runs, anchor) for y, runs in zip((6.0, 30.0), title, strict=True)]
    left = MARGIN + (w - part.w) / 2 if centred else MARGIN
    top = MARGIN + TITLE_HEIGHT - 10
    body = [moved(shape, left, top) for shape in part.shapes]
    bottom = top + part.h + 22
    below = [
        moved(shape, x - (legend.w / 2 if centred else 0.0), bottom) for shape in legend.shapes
    ]
    height = bottom + (legend.h if legend.shapes else -22) + MARGIN
    said = " ".join(run.text for line in title for run in line)
    return Scene(w + 2 * MARGIN, height, (*words, *body, *below), title[0][0].text, said)


def _legend(elements: Iterable[Element]) -> Part:
    """Return the kinds that occur, each with its colour, and what the marks mean."""
    captions = [box.caption for box in boxes(elements)]
    used = {caption.family for caption in captions}
    marks = {mark for caption in captions for mark in caption.marks.split()}
    x, shapes = 0.0, list[Shape]()
    for family, words in LEGEND.items():
        if family in used:
            run = (Run(words, 10, "muted"),)
            shapes += [Rect(x, 2, 16, 11, family, 3), Text(x + 21, 7.5, run, "start")]
            x += 21 + width(*run) + 14
    said = ["/2: stride 2"] if any(mark.startswith("/") for mark in marks) else []
    said += ["V: valid padding"] if "V" in marks else []
    said += ["P: explicit padding"] if "P" in marks else []
    if said:
        run = (Run(" · ".join(said), 10, "muted"),)
        shapes.append(Text(x, 7.5, run, "start"))
        x += width(*run) + 14
    return Part(max(x - 14, 0.0), 15, tuple(shapes))


def _shown(view: View) -> list[Element]:
    """Return the boxes that an overview shows outside of modules."""
    return [item for item in items(view.body) if isinstance(item, Box)]


def _poster(view: View, layout: Layout) -> Scene:
    """Return the overview and a panel for each distinct module, in columns."""
    distinct: dict[object, Group] = {}
    for group in groups(view.everything):
        distinct.setdefault(group.signature, group)
    letters = {signature: _letter(index) for index, signature in enumerate(distinct)}
    overview = _overview(view, replace(layout, direction="down"), letters)
    lettered = replace(layout, letters=letters)
    panels = [_framed(group, lettered) for group in distinct.values()]
    packed = _packed(panels, overview)
    x = overview.w + 2 * MARGIN
    shapes = (*overview.shapes, *(moved(shape, x, -8) for shape in packed.shapes))
    part = Part(x + packed.w, max(overview.h, packed.h - 8), shapes)
    return _titled(part, _title(view), view.everything)


def _letter(index: int) -> str:
    """Return a, b, … z, aa, ab, …"""
    rest, last = divmod(index, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("a") + last)


def _framed(group: Group, layout: Layout) -> Part:
    """Return a module as a panel with a tab of colour."""
    body = _module(group, layout)
    title, costs = (
        layout.title(group),
        (Run(cost_text(group.params, group.macs, group), 10, "muted"),),
    )
    w = max(body.w, width(*title), width(*costs)) + 28
    frame = Rect(0, 0, w, body.h + 66, "panel", 8)
    words = (Text(14, 19, title, "start"), Text(14, 36, costs, "start"))
    inner = tuple(moved(shape, (w - body.w) / 2, 52) for shape in body.shapes)
    return Part(w, body.h + 66, (frame, *words, *inner))


def _packed(panels: Sequence[Part], beside: Part) -> Part:
    """Return panels in as many columns as make the poster look like a page in landscape."""
    layouts = [_columns(panels, count) for count in range(1, min(MOST_COLUMNS, len(panels)) + 1)]
    if not layouts:
        return Part(0, 0, ())

    def distance(part: Part) -> float:
        aspect = (part.w + beside.w) / max(part.h, beside.h)
        return abs(aspect / WANTED_ASPECT - 1)

    return min(layouts, key=distance)


def _columns(panels: Sequence[Part], count: int) -> Part:
    """Return panels, in order, in columns of about the same height."""
    limit = max(max(part.h for part in panels), sum(p.h + PANEL_GAP for p in panels) / count)
    while len(columns := _filled(panels, limit)) > count:
        limit *= 1.03
    x, height, shapes = 0.0, 0.0, list[Shape]()
    for column in columns:
        wide, y = max(part.w for part in column), 0.0
        for part in column:
            shapes += _widened(part, wide, x, y)
            y += part.h + PANEL_GAP
        height = max(height, y - PANEL_GAP)
        x += wide + PANEL_GAP
    return Part(x - PANEL_GAP, height, tuple(shapes))


def _filled(panels: Sequence[Part], limit: float) -> list[list[Part]]:
    columns: list[list[Part]] = [[]]
    height = 0.0
    for part in panels:
        if columns[-1] and height + part.h > limit:
            columns.append([])
            height = 0.0
        columns[-1].append(part)
        height += part.h + PANEL_GAP
    return columns


def _widened(part: Part, wide: float, x: float, y: float) -> list[Shape]:
    """Return a panel as wide as its column: its frame stretched, its body in the middle."""
    frame, *rest = part.shapes
    words, body = rest[:2], rest[2:]
    stretched = replace(frame, w=wide) if isinstance(frame, Rect) else frame
    shift = (wide - part.w) / 2
    placed = [stretched, *words, *(moved(shape, shift, 0) for shape in body)]
    return [moved(shape, x, y) for shape in placed]
