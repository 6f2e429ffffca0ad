"""Places boxes, modules and branches.

Imports ``blocks``, ``tangles``, ``scene``, ``typography``, ``view`` and ``words``.

A series stacks on an axis; branches stand side by side and end at their join; a bar stretches
over its branches. Every direction has the same layout, turned at the end (``parts.flow``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archgen.ir import Shape as Size
from archgen.naming import INPUT
from archgen.render.blocks import Block, Port, Way, route, single, stacked
from archgen.render.scene import Line, Moved, Point, Rect, Shape, Text
from archgen.render.tangles import ABOVE, BELOW, placed
from archgen.render.typography import Run, quantity, room
from archgen.render.view import (
    Box,
    Element,
    Entered,
    Fork,
    Group,
    Item,
    Series,
    Tangle,
    entered,
    shape_words,
)
from archgen.render.words import bar_runs, costs_of, hint_of, told

NODE_HEIGHT, BAR_HEIGHT = 28.0, 24.0
FIRST_LINE, SECOND_LINE, FURTHER_LINE = 13.0, 15.0, 12.0  # from the top, from line to line
LEAST_WIDTH, PADDING, SUBSTITUTE = 96.0, 12.0, 6.0
GAP_ACROSS, GAP_ALONG, LANE = 16.0, 22.0, 20.0
PANEL_PADDING, PANEL_HEADER, BUS = 14.0, 44.0, 5.0
CARD_HEIGHT, STRIPED_HEIGHT, STRIPE, STACK = 44.0, 40.0, 8.0, 4.0
BAR_MARGIN = 6.0


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

    @property
    def is_upwards(self) -> bool:
        """Return whether the flow runs from the bottom to the top."""
        return self.direction == "up"

    # ── elements ──────────────────────────────────────────────────────────────────────────────

    def element(self, element: Element, across: float = 0.0) -> Block:
        """Return an element as a block; a bar is at least ``across`` wide."""
        if isinstance(element, Fork):
            return self.fork(element)
        if isinstance(element, Tangle):
            return self.tangle(element)
        block = self.item(element, across)
        return block._replace(exits=()) if element.is_dead else block

    def item(self, item: Item, across: float) -> Block:
        """Return a box, a bar or a module as a block."""
        if isinstance(item, Group):
            return self.panel(item) if self.open else self.card(item)
        return self.bar(item, across) if item.is_join else self.box(item)

    def box(self, box: Box) -> Block:
        """Return a node: its words and marks, in a second line what it costs."""
        runs = [Run(box.caption.words)]
        if box.caption.marks:
            runs.append(Run(box.caption.marks, 10.5, "muted", gap=4))
        if len(box.copies) > 1:
            runs.append(Run(f"×{len(box.copies)}", 10.5, "muted", gap=5))
        if box.family == "unknown":
            runs.append(Run("?", 10.5, "muted", gap=6))
        lines = [runs, *([Run(text, 9, "muted")] for text in self.details(box)), *told(box)]
        return self.node(box.name, lines, box.family, hint_of(box))

    def details(self, box: Box) -> list[str]:
        """Return the second line of a node."""
        said = [shape_words(box.shape)] if self.detail and box.shape else []
        if self.detail > 1 and box.params:
            said.append(quantity(box.params))
        if self.detail > 1 and box.macs:
            said.append(quantity(box.macs))
        return [" · ".join(said)] if said else []

    def node(self, name: str, lines: Sequence[Sequence[Run]], family: str, hint: str) -> Block:
        """Return a rounded box around lines of text."""
        long = max(LEAST_WIDTH, *(room(*line) + 2 * PADDING + SUBSTITUTE for line in lines))
        high = NODE_HEIGHT + FURTHER_LINE * (len(lines) - 1)
        w, h = (high, long) if self.sideways else (long, high)
        rect = Rect(0, 0, w, h, family, id=name, hint=hint)
        return single(rect, [rect, *self.written(lines, w, h)])

    def bar(self, box: Box, across: float) -> Block:
        """Return a bar that joins branches, with its shape."""
        runs = [*bar_runs(box.caption.words, shape_words(box.shape))]
        if box.caption.marks:
            runs.append(Run(box.caption.marks, 10.5, "muted", gap=6))
        return self.thick(box.name, [runs, *told(box)], box.family, across, hint_of(box))

    def thick(  # noqa: PLR0913 - what a bar says and what it stands for
        self,
        name: str,
        lines: Sequence[Sequence[Run]],
        family: str,
        across: float,
        hint: str = "",
        *,
        is_item: bool = True,
    ) -> Block:
        """Return a bar with lines of text, whose lines are those of ``name``."""
        long = max(room(*line) for line in lines) + 2 * PADDING + SUBSTITUTE
        w, h = max(across, long, LEAST_WIDTH), BAR_HEIGHT + FURTHER_LINE * (len(lines) - 1)
        rect = Rect(0, 0, w, h, family, id=name if is_item else "", hint=hint)
        port = (BAR_MARGIN, w - BAR_MARGIN)
        texts = self.written(lines, w, h, turned=self.sideways)
        entry, leave = Port(*port, 0, name), Port(*port, h, name)
        return Block(w, h, (rect, *texts), (((), entry),), ((leave, ()),))

    def written(
        self, lines: Sequence[Sequence[Run]], w: float, h: float, *, turned: bool = False
    ) -> list[Text]:
        """Return lines of text in the middle of a box."""
        if len(lines) == 1:
            return [Text(w / 2, h / 2, tuple(lines[0]), turned=turned)]
        high = SECOND_LINE + FURTHER_LINE * (len(lines) - 2)
        first = -(high + 2 * FIRST_LINE - SECOND_LINE + FURTHER_LINE) / 2 + FIRST_LINE
        shifts = [first, *(first + SECOND_LINE + FURTHER_LINE * n for n in range(len(lines) - 1))]
        down = -1 if self.is_upwards else 1
        across, along = (1, 0) if self.sideways and not turned else (0, 1)
        return [
            Text(
                w / 2 + down * shift * across,
                h / 2 + down * shift * along,
                tuple(line),
                turned=turned,
            )
            for shift, line in zip(shifts, lines, strict=True)
        ]

    # ── modules ───────────────────────────────────────────────────────────────────────────────

    def card(self, group: Group) -> Block:
        """Return a closed module: its title, how often it is repeated, what it costs."""
        if self.stripes:
            return self.striped(group)
        lines = [self.heading(group), [Run(costs_of(group, *group.totals), 9.5, "muted")]]
        long = max(LEAST_WIDTH, *(room(*line) for line in lines)) + 2 * PADDING + SUBSTITUTE
        rect, behind = self.stacked_card(group, long, CARD_HEIGHT)
        shapes: list[Shape] = [*behind, rect, *self.written(lines, rect.w, rect.h)]
        return single(rect, shapes, STACK * len(behind))

    def striped(self, group: Group) -> Block:
        """Return the card of an overview: a stripe of its module's colour, a pill with ×N."""
        long, high = self.card_width, STRIPED_HEIGHT
        rect, behind = self.stacked_card(group, long, high)
        stripe = Rect(*self.turned_box(1, 1, STRIPE, high - 2), self.stripes[group.module], 4)
        title = Text(*self.turned_point(STRIPE + 10, high / 2), self.title(group), "start")
        shapes: list[Shape] = [*behind, rect, stripe, title]
        if len(group.copies) > 1 or group.fault:
            words = "fault" if group.fault else f"×{len(group.copies)}"
            runs = (Run(words, 11, "on_dark", bold=True),)
            wide = room(*runs) + 14
            shapes.append(
                Rect(
                    *self.turned_box(long - wide - 10, high / 2 - 10, wide, 20),
                    "fault_pill" if group.fault else "ink",
                    10,
                )
            )
            shapes.append(Text(*self.turned_point(long - wide / 2 - 10, high / 2), runs))
        return single(rect, shapes, STACK * len(behind))

    def title(self, group: Group) -> tuple[Run, ...]:
        """Return the title of a module behind the letter of its panel."""
        letter = self.letters.get(group.signature)
        before = (Run(f"({letter})", 12, "muted"),) if letter else ()
        called = (Run(group.called, 12, "muted", gap=5),) if group.called else ()
        return (*before, Run(group.title, 13, bold=True, gap=4 if letter else 0), *called)

    def heading(self, group: Group) -> tuple[Run, ...]:
        """Return the title of a module and how often it is repeated."""
        many = len(group.copies)
        times = (Run(f"×{many}", 12, "muted", gap=6),) if many > 1 else ()
        return (*self.title(group), *times)

    def stacked_card(self, group: Group, long: float, high: float) -> tuple[Rect, list[Rect]]:
        """Return the frame of a card, and those behind it where it is repeated."""
        box = self.turned_box(0, 0, long, high)
        hint = f"{group.name}: {group.title}"
        hint += f"\n{group.fault}" if group.fault else ""
        rect = Rect(*box, group.family, 8, id=group.name, hint=hint)
        copies = (2, 1) if len(group.copies) > 1 else ()
        return rect, [rect._replace(x=STACK * n, y=STACK * n, id="", hint="") for n in copies]

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
        bus = self.under_bus(group)
        costs = (Run(costs_of(group), 10, "muted"),)
        heading = self.heading(group)
        title = max(room(*heading), room(*costs)) + 2 * PANEL_PADDING
        across, start = PANEL_PADDING, PANEL_HEADER
        if self.sideways:
            across, start = start, across
        w, h = bus.w + across + PANEL_PADDING, bus.h + start + PANEL_PADDING
        w, h = (w, max(h, title)) if self.sideways else (max(w, title), h)
        rect = Rect(0, 0, w, h, "panel", 8, id=group.name, hint=group.name, stroke=1.0)
        inner = bus.moved(across + (w - across - PANEL_PADDING - bus.w) / 2, start)
        # At the side of what enters: a line that leaves would run through the words.
        said = (costs, heading) if self.is_upwards else (heading, costs)
        words = [
            Text(*self.turned_point(PANEL_PADDING, y), runs, "start")
            for y, runs in zip((17, 33), said, strict=True)
        ]
        ends = [port for port, _ in inner.exits]
        # One end is beside the middle where another branch leads nowhere.
        middle = ends[0].middle if ends else w / 2
        left, right = (ends[0].left, ends[-1].right) if len(ends) > 1 else (middle, middle)
        lines = [
            route(port, way, Port(port.left, port.right, h, group.name, arrow=False))
            for port, way in inner.exits
        ]
        entry, leave = Port(w / 2, w / 2, 0, group.name), Port(left, right, h, group.name)
        shapes = (rect, *words, *inner.shapes, *lines)
        return Block(w, h, shapes, (((), entry),), ((leave, ()),))

    def under_bus(self, group: Group) -> Block:
        """Return the body of a module under a thin bar from which all its branches leave.

        Where several values enter, each has a bar of its own, which says its shape.
        """
        if runs := entered(group.body, group.entering):
            return self.under_bars(group.body, runs, group.name)
        body = self.series(group.body)
        targets = [(way[0][0] if way else port.middle) for way, port in body.entries]
        targets += [way[0][0] for way in body.lanes]
        left, right = min(targets) - 8, max(targets) + 8
        rect = Rect(left, 0, right - left, BUS, "edge", BUS / 2)
        port = Port(left + 2, right - 2, BUS, group.name)
        bar = Block(body.w, BUS, (rect,), (), ((port, ()),))
        return stacked([bar, body], self.gap)

    # ── series and forks ──────────────────────────────────────────────────────────────────────

    def series(self, series: Series) -> Block:
        """Return elements in a row, lines between them."""
        return stacked(self.blocks(series, self.forks(series)), self.gap)

    def forks(self, series: Sequence[Element]) -> dict[int, Block]:
        """Return the forks and tangles of a series: bars beside them are as wide as they."""
        return {
            index: self.fork(element) if isinstance(element, Fork) else self.tangle(element)
            for index, element in enumerate(series)
            if isinstance(element, Fork | Tangle)
        }

    def blocks(self, series: Series, forks: Mapping[int, Block]) -> list[Block]:
        """Return the elements of a series as blocks."""
        return [
            forks.get(index)
            or self.element(
                element, max([forks[i].w for i in (index - 1, index + 1) if i in forks], default=0)
            )
            for index, element in enumerate(series)
        ]

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
        shapes: list[Shape | Moved] = []
        entries, exits = list[tuple[Way, Port]](), list[tuple[Port, Way]]()
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

    def entering(self, series: Series, shapes: Mapping[str, Size]) -> Block:
        """Return a series below the bars of what enters it."""
        if runs := entered(series, shapes):
            return self.under_bars(series, runs, INPUT)
        forks = self.forks(series)
        bar = self.input(tuple(shapes.values()), forks[0].w if 0 in forks else 0.0, INPUT)
        return stacked([bar, *self.blocks(series, forks)], self.gap)

    def under_bars(self, series: Series, runs: Sequence[Entered], source: str) -> Block:
        """Return a series, its first branches below a bar for each value that enters them.

        The lines of the bars come from ``source``.
        """
        fork, *rest = series
        branches = fork.branches if isinstance(fork, Fork) else ()
        parts = [self.below(shape, branches[start:end], source) for shape, start, end in runs]
        behind = {index + 1: block for index, block in self.forks(rest).items()}
        return stacked(self.blocks(series, {0: self.beside(parts), **behind}), self.gap)

    def below(self, shape: Size, branches: Sequence[Series], source: str) -> Block:
        """Return some branches of a fork below the bar of what enters them."""
        if not any(branches):
            return self.input((shape,), 0.0, source)
        fork = self.fork(Fork(tuple(branches)))
        return stacked([self.input((shape,), fork.w, source), fork], self.gap)

    def input(self, shapes: Sequence[Size], across: float, source: str) -> Block:
        """Return the bar of what enters; in an open module it stands for nothing by itself."""
        runs = bar_runs("input", ", ".join(map(shape_words, shapes)))
        return self.thick(source, [runs], "input", across, is_item=source == INPUT)

    def behind(self, block: Block, last: Block) -> Block:
        """Return a block with another one behind it."""
        return stacked([block, last], self.gap)

    def fork(self, fork: Fork) -> Block:
        """Return branches side by side; an empty one is a lane."""
        return self.beside([self.series(branch) if branch else None for branch in fork.branches])

    def beside(self, blocks: Sequence[Block | None]) -> Block:
        """Return blocks side by side, and lanes; the short ones wait at the join."""
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
            tuple([shape for block in placed for shape in block.shapes]),
            tuple([entry for block in placed for entry in block.entries]),
            tuple([leave for block in placed for leave in block.exits]),
            (*lanes, *(way for block in placed for way in block.lanes)),
        )
