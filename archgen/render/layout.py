"""Places boxes, modules and branches, and the lines between them; imports ``view``, ``scene``.

Coordinates are *across* (x) and *along* (y) the flow, so that one layout serves every direction:
`Flow` turns them at the end. A series stacks on an axis; branches stand side by side and end at
their join; a bar stretches over its branches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from archgen.ir import shape_text
from archgen.render.scene import Line, Point, Rect, Shape, Text, moved
from archgen.render.tangles import ABOVE, BELOW, placed
from archgen.render.typography import Run, quantity, width
from archgen.render.view import Box, Element, Fork, Group, Series, Tangle

NODE_HEIGHT, NODE_HEIGHT_DETAILED, BAR_HEIGHT = 28.0, 40.0, 24.0
LEAST_WIDTH, PADDING, SUBSTITUTE = 96.0, 12.0, 6.0
GAP_ACROSS, GAP_ALONG, GAP_FAN = 16.0, 22.0, 32.0
LANE, ARROW_RUN = 20.0, 7.0
PANEL_PADDING, PANEL_HEADER, BUS = 14.0, 44.0, 5.0
CARD_HEIGHT, STRIPED_HEIGHT, STRIPE, STACK = 44.0, 40.0, 8.0, 4.0
BAR_MARGIN = 6.0
STRAIGHT = 2  # points of a line without a turn


@dataclass(frozen=True, slots=True)
class Port:
    """Where lines meet a box: a point, or anywhere between ``left`` and ``right`` of a bar.

    A line goes on behind a port without ``arrow``.
    """

    left: float
    right: float
    y: float
    id: str
    arrow: bool = True

    def at(self, x: float) -> float:
        """Return where a line from or to ``x`` meets it: straight where it can."""
        return min(max(x, self.left), self.right)

    @property
    def middle(self) -> float:
        """Return its middle."""
        return (self.left + self.right) / 2

    def moved(self, dx: float, dy: float) -> "Port":
        """Return it in another place."""
        return Port(self.left + dx, self.right + dx, self.y + dy, self.id, self.arrow)


Way = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Shapes laid out together: what waits for a line from above, gives one below, passes through.

    ``entries`` are ports with the way to them, ``exits`` with the way from them, ``lanes`` the ways
    of skips that go through the whole block.
    """

    w: float
    h: float
    shapes: tuple[Shape, ...] = ()
    entries: tuple[tuple[Way, Port], ...] = ()
    exits: tuple[tuple[Port, Way], ...] = ()
    lanes: tuple[Way, ...] = ()

    def moved(self, dx: float, dy: float) -> "Block":
        """Return the block in another place."""
        return Block(
            self.w,
            self.h,
            tuple(moved(shape, dx, dy) for shape in self.shapes),
            tuple((_shifted(way, dx, dy), port.moved(dx, dy)) for way, port in self.entries),
            tuple((port.moved(dx, dy), _shifted(way, dx, dy)) for port, way in self.exits),
            tuple(_shifted(way, dx, dy) for way in self.lanes),
        )


def _shifted(way: Way, dx: float, dy: float) -> Way:
    return tuple((x + dx, y + dy) for x, y in way)


@dataclass(frozen=True)
class Layout:
    """How to lay out: the detail of boxes, the direction of the flow, how modules are drawn.

    ``letters`` name the panels that modules have elsewhere in the picture, by signature;
    ``stripes`` are the colours of modules in an overview, ``card`` the width of its cards.
    """

    detail: int = 0
    direction: str = "down"
    open: bool = False
    gap: float = GAP_ALONG
    card_width: float = 0.0
    stripes: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[object, str] = field(default_factory=dict)

    @property
    def sideways(self) -> bool:
        """Return whether the flow runs along the text."""
        return self.direction == "right"

    # ── elements ──────────────────────────────────────────────────────────────────────────────

    def element(self, element: Element, across: float = 0.0) -> Block:
        """Return an element as a block; a bar is at least ``across`` wide."""
        if isinstance(element, Box):
            return self.bar(element, across) if element.is_join else self.box(element)
        if isinstance(element, Group):
            return self.panel(element) if self.open else self.card(element)
        return self.fork(element) if isinstance(element, Fork) else self.tangle(element)

    def box(self, box: Box) -> Block:
        """Return a node: its words and marks, in a second line what it costs."""
        runs = [Run(box.caption.words)]
        if box.caption.marks:
            runs.append(Run(box.caption.marks, 10.5, "muted", gap=4))
        if len(box.copies) > 1:
            runs.append(Run(f"×{len(box.copies)}", 10.5, "muted", gap=5))
        below = [Run(text, 9, "muted") for text in self.details(box)]
        return self.node(
            box.name, [runs, below] if below else [runs], box.caption.family, _hint(box)
        )

    def details(self, box: Box) -> list[str]:
        """Return the second line of a node."""
        said = [shape_text(box.shape)] if self.detail else []
        if self.detail > 1 and box.params:
            said.append(f"{quantity(box.params)}p")
        if self.detail > 1 and box.macs:
            said.append(quantity(box.macs))
        return [" · ".join(said)] if said else []

    def node(self, name: str, lines: Sequence[Sequence[Run]], family: str, hint: str) -> Block:
        """Return a rounded box around lines of text."""
        long = max(LEAST_WIDTH, *(width(*line) + 2 * (PADDING + SUBSTITUTE / 2) for line in lines))
        high = NODE_HEIGHT if len(lines) == 1 else NODE_HEIGHT_DETAILED
        w, h = (high, long) if self.sideways else (long, high)
        rect = Rect(0, 0, w, h, family, id=name, hint=hint)
        return _single(rect, [rect, *self.written(lines, w, h)])

    def bar(self, box: Box, across: float) -> Block:
        """Return a bar that joins branches, with its shape."""
        runs = [Run(box.caption.words, 11), Run(shape_text(box.shape), 10.5, "muted", gap=6)]
        return self.thick(box.name, runs, box.caption.family, across, _hint(box))

    def thick(
        self, name: str, runs: Sequence[Run], family: str, across: float, hint: str = ""
    ) -> Block:
        """Return a bar with text."""
        w = max(across, width(*runs) + 2 * (PADDING + SUBSTITUTE / 2), LEAST_WIDTH)
        rect = Rect(0, 0, w, BAR_HEIGHT, family, id=name, hint=hint)
        port = (BAR_MARGIN, w - BAR_MARGIN)
        text = Text(w / 2, BAR_HEIGHT / 2, tuple(runs), turned=self.sideways)
        shapes = (rect, text)
        entry, leave = Port(*port, 0, name), Port(*port, BAR_HEIGHT, name)
        return Block(w, BAR_HEIGHT, shapes, (((), entry),), ((leave, ()),))

    def written(self, lines: Sequence[Sequence[Run]], w: float, h: float) -> list[Text]:
        """Return lines of text in the middle of a box."""
        if len(lines) == 1:
            return [Text(w / 2, h / 2, tuple(lines[0]))]
        shifts = (8.0, -7.0) if self.direction == "up" else (-7.0, 8.0)
        across, along = (1, 0) if self.sideways else (0, 1)
        return [
            Text(w / 2 + shift * across, h / 2 + shift * along, tuple(line))
            for shift, line in zip(shifts, lines, strict=True)
        ]

    # ── modules ───────────────────────────────────────────────────────────────────────────────

    def card(self, group: Group) -> Block:
        """Return a closed module: its title, how often it is repeated, what it costs."""
        if self.stripes:
            return self.striped(group)
        lines = [self.title(group), [Run(cost_text(*group.totals), 9.5, "muted")]]
        long = max(LEAST_WIDTH, *(width(*line) for line in lines)) + 2 * PADDING + SUBSTITUTE
        rect, behind = self.stacked_card(group, long, CARD_HEIGHT)
        shapes = [*behind, rect, *self.written(lines, rect.w, rect.h)]
        return _single(rect, shapes, STACK * len(behind))

    def striped(self, group: Group) -> Block:
        """Return the card of an overview: a stripe of its module's colour, a pill with ×N."""
        long, high = self.card_width, STRIPED_HEIGHT
        rect, behind = self.stacked_card(group, long, high)
        stripe = Rect(*self.turned_box(1, 1, STRIPE, high - 2), self.stripes[group.module], 4)
        title = Text(*self.turned_point(STRIPE + 10, high / 2), self.title(group)[:1], "start")
        shapes: list[Shape] = [*behind, rect, stripe, title]
        if len(group.copies) > 1:
            runs = (Run(f"×{len(group.copies)}", 11, "on_dark", bold=True),)
            wide = width(*runs) + 14
            shapes.append(
                Rect(*self.turned_box(long - wide - 10, high / 2 - 10, wide, 20), "ink", 10)
            )
            shapes.append(Text(*self.turned_point(long - wide / 2 - 10, high / 2), runs))
        return _single(rect, shapes, STACK * len(behind))

    def title(self, group: Group) -> tuple[Run, ...]:
        """Return the title of a module behind the letter of its panel."""
        letter = self.letters.get(group.signature)
        title = Run(f"({letter}) {group.title}" if letter else group.title, 13, bold=True)
        many = len(group.copies) > 1
        return (title, Run(f"×{len(group.copies)}", 12, "muted", gap=6)) if many else (title,)

    def stacked_card(self, group: Group, long: float, high: float) -> tuple[Rect, list[Rect]]:
        """Return the frame of a card, and those behind it where it is repeated."""
        box = self.turned_box(0, 0, long, high)
        rect = Rect(*box, "card", 8, id=group.name, hint=f"{group.name}: {group.title}")
        copies = (2, 1) if len(group.copies) > 1 else ()
        return rect, [replace(rect, x=STACK * n, y=STACK * n, id="", hint="") for n in copies]

    def turned_point(self, x: float, y: float) -> Point:
        """Return a place of the finished picture in this layout's coordinates."""
        return (y, x) if self.sideways else (x, y)

    def turned_box(
        self, x: float, y: float, w: float, h: float
    ) -> tuple[float, float, float, float]:
        """Return a box of the finished picture in this layout's coordinates."""
        return (y, x, h, w) if self.sideways else (x, y, w, h)

    def panel(self, group: Group) -> Block:
        """Return an open module: its body in a frame under its title."""
        body = self.series(group.body)
        bus = self.bus(group, body)
        costs = (Run(cost_text(group.params, group.macs, group), 10, "muted"),)
        heading = self.title(group)
        title = max(width(*heading), width(*costs)) + 2 * PANEL_PADDING
        across, start, end = PANEL_PADDING, PANEL_HEADER, PANEL_PADDING
        if self.direction == "up":
            start, end = end, start
        if self.sideways:
            across, start = start, across
        w, h = bus.w + across + PANEL_PADDING, bus.h + start + end
        w, h = (w, max(h, title)) if self.sideways else (max(w, title), h)
        rect = Rect(0, 0, w, h, "panel", 8, id=group.name, hint=group.name, stroke=1.0)
        inner = bus.moved(across + (w - across - PANEL_PADDING - bus.w) / 2, start)
        flip = h if self.direction == "up" else 0.0
        words = [
            Text(*self.turned_point(PANEL_PADDING, abs(flip - y)), runs, "start")
            for y, runs in ((17, heading), (33, costs))
        ]
        ends = [port for port, _ in inner.exits]
        left, right = (w / 2, w / 2) if len(ends) == 1 else (ends[0].left, ends[-1].right)
        lines = [
            replace(_route(port, way, port.moved(0, h - port.y)), arrow=False)
            for port, way in inner.exits
        ]
        entry, leave = Port(w / 2, w / 2, 0, group.name), Port(left, right, h, group.name)
        shapes = (rect, *words, *inner.shapes, *lines)
        return Block(w, h, shapes, (((), entry),), ((leave, ()),))

    def bus(self, group: Group, body: Block) -> Block:
        """Return the body under a thin bar from which all its branches leave."""
        targets = [(way[0][0] if way else port.middle) for way, port in body.entries]
        targets += [way[0][0] for way in body.lanes]
        left, right = min(targets) - 8, max(targets) + 8
        rect = Rect(left, 0, right - left, BUS, "edge", BUS / 2)
        port = Port(left + 2, right - 2, BUS, group.name)
        bar = Block(body.w, BUS, (rect,), (), ((port, ()),))
        return _stacked([bar, body], self.gap)

    # ── series and forks ──────────────────────────────────────────────────────────────────────

    def series(self, series: Series, first: Block | None = None) -> Block:
        """Return elements in a row, lines between them, behind ``first`` where there is one."""
        forks = {
            index: self.element(element)
            for index, element in enumerate(series)
            if isinstance(element, Fork | Tangle)
        }
        blocks = [first] if first else []
        for index, element in enumerate(series):
            beside = [forks[i].w for i in (index - 1, index + 1) if i in forks]
            blocks.append(forks.get(index) or self.element(element, max(beside, default=0.0)))
        return _stacked(blocks, self.gap)

    def tangle(self, tangle: Tangle) -> Block:
        """Return items where Graphviz puts them, their lines as it curves them."""
        blocks = {item.name: self.element(item) for item in tangle.items}
        edges = [
            (read if read in blocks else f"{ABOVE}{item.name}", item.name)
            for item in tangle.items
            for read in item.inputs
        ]
        edges += [(name, f"{BELOW}{name}") for name in tangle.leaving]
        placing = placed({name: (block.w, block.h) for name, block in blocks.items()}, edges)
        shapes, entries, exits = list[Shape](), list[tuple[Way, Port]](), list[tuple[Port, Way]]()
        for name, block in blocks.items():
            shapes += block.moved(*placing.corners[name]).shapes
        for (source, target), curve in placing.curves.items():
            if source.startswith(ABOVE):
                shapes.append(Line(((curve[0][0], 0.0), *curve[1:]), curved=True))
                entries.append(((), Port(curve[0][0], curve[0][0], 0.0, target, arrow=False)))
            elif target.startswith(BELOW):
                ended = (*curve[:-1], (curve[-1][0], placing.h))
                shapes.append(Line(ended, arrow=False, curved=True))
                exits.append((Port(curve[-1][0], curve[-1][0], placing.h, source), ()))
            else:
                shapes.append(Line(curve, source, target, curved=True))
        return Block(placing.w, placing.h, tuple(shapes), tuple(entries), tuple(exits))

    def behind(self, block: Block, last: Block) -> Block:
        """Return a block with another one behind it."""
        return _stacked([block, last], self.gap)

    def fork(self, fork: Fork) -> Block:
        """Return branches side by side; the short ones wait at the join."""
        blocks = [self.series(branch) if branch else None for branch in fork.branches]
        height = max(block.h for block in blocks if block)
        x, placed, lanes = 0.0, [], []
        for block in blocks:
            if block is None:
                lanes.append(((x + LANE / 2, 0.0), (x + LANE / 2, height)))
                x += LANE + GAP_ACROSS
            else:
                placed.append(block.moved(x, height - block.h))
                x += block.w + GAP_ACROSS
        return Block(
            x - GAP_ACROSS,
            height,
            tuple(shape for block in placed for shape in block.shapes),
            tuple(entry for block in placed for entry in block.entries),
            tuple(leave for block in placed for leave in block.exits),
            (*lanes, *(way for block in placed for way in block.lanes)),
        )


def cost_text(params: int, macs: int, group: Group | None = None) -> str:
    """Return ``318 k params · 388 M MACs``, ``each`` for a repeated module."""
    said = f"{quantity(params)} params · {quantity(macs)} MACs"
    many = group is not None and len(group.copies) > 1
    return said + (" each" if many and group and group.alike else " the first" if many else "")


def _hint(box: Box) -> str:
    shape = f"{shape_text(box.shape)} · {box.params:,} params · {box.macs:,} MACs"
    return f"{box.name}: {box.caption.words} {box.caption.marks} → {shape}".replace("  ", " ")


def _single(rect: Rect, shapes: Sequence[Shape], behind: float = 0.0) -> Block:
    """Return a block around one box, whose lines meet the middle of its sides.

    ``behind`` is how far the cards behind it stand out where its lines leave.
    """
    middle, high = rect.w / 2, rect.h + behind
    entry, leave = (Port(middle, middle, y, rect.id) for y in (0.0, high))
    return Block(rect.w, high, tuple(shapes), (((), entry),), ((leave, ()),))


@dataclass
class _Stack:
    """Blocks put one behind the other on an axis."""

    axis: float
    least: float
    y: float = 0.0
    shapes: list[Shape] = field(default_factory=list)
    entries: list[tuple[Way, Port]] = field(default_factory=list)
    exits: list[tuple[Port, Way]] = field(default_factory=list)
    lanes: list[Way] = field(default_factory=list)

    def put(self, block: Block, *, first: bool) -> None:
        """Place a block below the others and draw the lines into it."""
        self.y += 0 if first else self.gap(block)
        placed = block.moved(self.axis - block.w / 2, self.y)
        self.shapes += placed.shapes
        self.y += block.h
        if first:
            self.entries, self.lanes = list(placed.entries), list(placed.lanes)
            self.exits = list(placed.exits)
            return
        late = len(self.exits) > 1
        lines = [
            _route(port, (*way, *inner), target, late=late)
            for port, way in self.exits
            for inner, target in placed.entries
        ]
        self.shapes += lines
        self.entries += [
            ((*lane, *inner), target) for lane in self.lanes for inner, target in placed.entries
        ]
        through = [(port, (*way, *lane)) for port, way in self.exits for lane in placed.lanes]
        self.lanes = [(*one, *two) for one in self.lanes for two in placed.lanes]
        self.exits = [*placed.exits, *through]

    def gap(self, block: Block) -> float:
        """Return the room to the next block: more where lines have to turn."""
        below = block.moved(self.axis - block.w / 2, self.y)
        lines = [
            _route(port, (*way, *inner), target)
            for port, way in self.exits
            for inner, target in below.entries
        ]
        # A skip from a bar leaves it straight; only one from a narrow box turns.
        skips = [
            port.at(lane[0][0]) != lane[0][0] for port, _ in self.exits for lane in below.lanes
        ]
        turns = any(skips) or any(len(line.points) > STRAIGHT for line in lines)
        return max(GAP_FAN, self.least) if turns else self.least


def _stacked(blocks: Sequence[Block], gap: float) -> Block:
    """Return blocks as one, each behind the one before it."""
    w = max(block.w for block in blocks)
    stack = _Stack(w / 2, gap)
    for index, block in enumerate(blocks):
        stack.put(block, first=not index)
    return Block(
        w,
        stack.y,
        tuple(stack.shapes),
        tuple(stack.entries),
        tuple(stack.exits),
        tuple(stack.lanes),
    )


def _route(source: Port, way: Way, target: Port, *, late: bool = False) -> Line:
    """Return the line between two ports: straight where it can be, else curved beside one of them.

    A line without a way of its own turns behind its source, or ``late`` in front of its target.
    """
    start = source.at(way[0][0] if way else target.middle)
    end = target.at(way[-1][0] if way else start)
    way = way or ((start if late else end, source.y), (start if late else end, target.y))
    points: list[Point] = [(start, source.y)]
    if abs(way[0][0] - start) > 1:
        points.append((way[0][0], source.y + GAP_FAN - ARROW_RUN))
    points += [point for point, after in pairwise(way) if abs(point[0] - after[0]) > 1]
    if abs(way[-1][0] - end) > 1:
        points += [(way[-1][0], target.y - GAP_FAN), (end, target.y - ARROW_RUN)]
    return Line((*points, (end, target.y)), source.id, target.id, target.arrow)
