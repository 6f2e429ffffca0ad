"""Pieces of a picture: turned into the direction of the flow, titled, with a legend.

Imports ``blocks``, ``palette``, ``scene``, ``typography`` and ``view``.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from archgen.render.blocks import Block
from archgen.render.palette import LEGEND, MARKS
from archgen.render.scene import Line, Moved, Rect, Scene, Shape, Shapes, Text, flat
from archgen.render.typography import Run, room, wrapped
from archgen.render.view import Box, Element, boxes

MARGIN, TITLE_HEIGHT = 20.0, 52.0
LEGEND_GAP, LEGEND_HEIGHT, LEGEND_LINE = 22.0, 15.0, 18.0
LEGEND_SAMPLE, LEGEND_APART, LEAST_LEGEND, LEAST_FAULTS = 21.0, 14.0, 320.0, 400.0
FAULT_LINE, FAULT_LINES, SHOWN_FAULTS = 15.0, 6, 8


class Title(NamedTuple):
    """The two lines over a picture; what is ``centred`` has them, and its legend, in the middle."""

    first: tuple[Run, ...]
    second: tuple[Run, ...]
    centred: bool = False


class Part(NamedTuple):
    """A piece of a finished picture, its upper left corner at 0, 0."""

    w: float
    h: float
    shapes: Shapes

    def flat(self) -> "Part":
        """Return it with every shape in its place."""
        return Part(self.w, self.h, tuple(flat(self.shapes)))


def flow(block: Block, direction: str) -> Part:
    """Return a block in the direction of its flow."""
    if direction == "right":
        return Part(block.h, block.w, tuple(map(_transposed, flat(block.shapes))))
    if direction == "up":
        shapes = tuple(_flipped(shape, block.h) for shape in flat(block.shapes))
        return Part(block.w, block.h, shapes)
    return Part(block.w, block.h, block.shapes)


def _transposed(shape: Shape) -> Shape:
    if isinstance(shape, Line):
        points = tuple((y, x) for x, y in shape.points)
        return shape._replace(points=points, upright=not shape.upright)
    if isinstance(shape, Rect):
        return shape._replace(x=shape.y, y=shape.x, w=shape.h, h=shape.w)
    return shape._replace(x=shape.y, y=shape.x)


def _flipped(shape: Shape, height: float) -> Shape:
    if isinstance(shape, Line):
        return shape._replace(points=tuple((x, height - y) for x, y in shape.points))
    if isinstance(shape, Rect):
        return shape._replace(y=height - shape.y - shape.h)
    return shape._replace(y=height - shape.y)


def titled(
    part: Part,
    title: Title,
    elements: Iterable[Element],
    *,
    detail: int = 0,
    faults: Sequence[str] = (),
) -> Scene:
    """Return a picture under its title, over the legend of what it shows and its faults."""
    lines, centred = (title.first, title.second), title.centred
    w = max(part.w, *(room(*line) for line in lines))
    legend = _legend(elements, detail, max(w, LEAST_LEGEND))
    w = max(w, legend.w, LEAST_FAULTS if faults else 0.0)
    x = MARGIN + (w / 2 if centred else 0.0)
    anchor = "middle" if centred else "start"
    words = [Text(x, MARGIN + y, runs, anchor) for y, runs in zip((6.0, 30.0), lines, strict=True)]
    left = MARGIN + (w - part.w) / 2 if centred else MARGIN
    top = MARGIN + TITLE_HEIGHT
    bottom = top + part.h + LEGEND_GAP
    body = Moved(left, top, part.shapes)
    below = Moved(x - (legend.w / 2 if centred else 0.0), bottom, legend.shapes)
    bottom += legend.h if legend.shapes else -LEGEND_GAP
    told = _told(faults, w, bottom + LEGEND_GAP)
    bottom = told[-1].y + FAULT_LINE / 2 if told else bottom
    said = " ".join([*(run.text for line in lines for run in line), *faults])
    shapes: Shapes = (*words, body, below, *told)
    return Scene(w + 2 * MARGIN, bottom + MARGIN, shapes, title.first[0].text, said)


def _told(faults: Sequence[str], across: float, top: float) -> list[Text]:
    """Return the first faults in lines below each other."""
    lines = [
        line
        for fault in faults[:SHOWN_FAULTS]
        for line in wrapped(fault, 10.5, across, FAULT_LINES)
    ]
    if len(faults) > SHOWN_FAULTS:
        lines.append(f"… and {len(faults) - SHOWN_FAULTS:,} more")
    return [
        Text(MARGIN, top + FAULT_LINE * (number + 0.5), (Run(line, 10.5, "fault"),), "start")
        for number, line in enumerate(lines)
    ]


def _legend(elements: Iterable[Element], detail: int, across: float) -> Part:
    """Return the kinds that occur, each with its colour, and what the marks mean, in lines."""
    x, y, wide, shapes = 0.0, 0.0, 0.0, list[Shape]()
    for family, words in _entries(boxes(elements), detail):
        run = (Run(words, 10, "muted"),)
        sample = LEGEND_SAMPLE if family else 0.0
        if x and x + sample + room(*run) > across:
            x, y = 0.0, y + LEGEND_LINE
        shapes += [Rect(x, y + 2, 16, 11, family, 3)] if family else []
        shapes.append(Text(x + sample, y + 7.5, run, "start"))
        x += sample + room(*run)
        wide, x = max(wide, x), x + LEGEND_APART
    return Part(wide, y + LEGEND_HEIGHT, tuple(shapes))


def _entries(shown: Sequence[Box], detail: int) -> Iterator[tuple[str, str]]:
    """Return the entries of a legend: a family, where it is one, and words."""
    used = {box.family for box in shown}
    yield from ((family, words) for family, words in LEGEND.items() if family in used)
    if detail > 1 and shown:
        yield "", "below a label: shape · params · MACs"
    said = {word for box in shown for word in f"{box.caption.words} {box.caption.marks}".split()}
    strides = sorted(word for word in said if word.startswith("/"))
    if strides:
        yield "", f"{strides[0]}: stride {strides[0][1:]}"
    yield from (("", f"{mark}: {meaning}") for mark, meaning in MARKS.items() if mark in said)
