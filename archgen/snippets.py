"""Draws the lines of a text that a fault points at, with carets under them.

Imports ``echo``, ``look`` and ``places``.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from archgen.echo import told, where
from archgen.look import Look, cells, wrapped
from archgen.places import Place, Text

# What a file or a pipe gets of a long line; a terminal says itself how much.
WIDEST_LINE = 140
NARROWEST_ROOM = 16
TAB = "    "


class Mark(NamedTuple):
    """A place to point at, what to say of it, and in which style."""

    place: Place
    label: str
    style: str


class Span(NamedTuple):
    """A part of one line, by character: a mark, or the first or last line of a longer one."""

    line: int
    start: int
    end: int
    label: str
    style: str


def gutter_of(marks: Sequence[Mark]) -> int:
    """Return the cells that the line numbers of some marks take."""
    return max((len(str(span.line)) for mark in marks for span in _spans(mark)), default=1)


def snippets(marks: Sequence[Mark], look: Look) -> list[str]:
    """Return the lines that some marks point at, a block for each text; the first mark leads."""
    gutter = gutter_of(marks)
    texts = list({id(mark.place.text): mark.place.text for mark in marks}.values())
    return [line for text in texts for line in _block(text, marks, gutter, look)]


def _block(text: Text, marks: Sequence[Mark], gutter: int, look: Look) -> Iterator[str]:
    inside = [mark for mark in marks if mark.place.text is text]
    yield from _head(inside[0].place, "-->" if inside[0] is marks[0] else ":::", gutter, look)
    if not text.content:
        return
    yield look.paint("gutter", " " * gutter + " |")
    spans = sorted(span for mark in inside for span in _spans(mark))
    shown = 0
    for number in sorted({span.line for span in spans}):
        yield from _between(text, shown, number, gutter, look)
        line = text.line(number)
        own = [span for span in spans if span.line == number]
        for group in _groups(own, len(line), _room(look, gutter)):
            yield from _drawn(line, group, gutter, look)
        shown = number


def _head(place: Place, arrow: str, gutter: int, look: Look) -> list[str]:
    """Return where a block stands; the pointer on a line of its own where it is narrow."""
    stands, pointer = look.plain(where(place)), look.plain(told(place.pointer))
    lead = " " * gutter + look.paint("gutter", arrow)
    before = gutter + len(arrow) + 1
    if look.columns is None or before + cells(f"{stands}  {pointer}") <= look.columns:
        return [f"{lead} {stands}  {pointer}".rstrip()]
    # Neither is wrapped: they are clicked on and copied.
    return [f"{lead} {stands}", *([" " * before + pointer] if pointer else [])]


def _between(text: Text, shown: int, line: int, gutter: int, look: Look) -> Iterator[str]:
    """Stand for the lines since the last one shown: one as it is, more as dots.

    An empty line, such as the end of the text, says nothing without the line before it.
    """
    is_empty = not text.line(line).strip()
    is_next = 0 < shown == line - 2
    context = line - 1 if is_next or (is_empty and line - 1 > shown) else line
    if shown and context > shown + 1:
        yield look.paint("gutter", "...")
    if context < line:
        yield from _drawn(text.line(context), (), gutter, look, context)


def _spans(mark: Mark) -> list[Span]:
    """Return a mark's part of its line, or of its first and last line."""
    place, text = mark.place, mark.place.text
    (line, column), (last, end) = (text.line_and_column(at) for at in (place.start, place.end))
    start = column - 1
    if end == 1 and last > line:  # the break of the line is the last of the span
        last, end = last - 1, len(text.line(last - 1)) + 2
    if line == last:
        return [Span(line, start, max(end - 1, start + 1), mark.label, mark.style)]
    head = len(text.line(line).rstrip())
    foot = text.line(last)
    indent = len(foot) - len(foot.lstrip())
    return [
        Span(line, start, max(head, start + 1), "", mark.style),
        Span(last, min(indent, end - 2), end - 1, mark.label, mark.style),
    ]


def _room(look: Look, gutter: int) -> int:
    """Return how many cells of a line are shown."""
    return max((look.columns or WIDEST_LINE) - gutter - 3, NARROWEST_ROOM)


def _groups(spans: Sequence[Span], length: int, room: int) -> Iterator[Sequence[Span]]:
    """Return the marks of one line that one view of it can show together."""
    group: list[Span] = []
    for span in spans:
        if group and length > room and span.end - group[0].start > room // 2:
            yield group
            group = []
        group.append(span)
    yield group


# ── one line ──────────────────────────────────────────────────────────────────────────────────────


class View(NamedTuple):
    """The part of a line that is shown, and the cell at which each of its characters begins."""

    text: str
    first: int
    begins: Sequence[int]

    def span(self, span: Span) -> tuple[int, int]:
        """Return the cells that a span takes, as far as it is in view."""
        start, end = self._cell(span.start), self._cell(span.end)
        return start, max(end, start + 1)

    def _cell(self, index: int) -> int:
        return self.begins[max(min(index - self.first, len(self.begins) - 1), 0)]


def _drawn(
    line: str, spans: Sequence[Span], gutter: int, look: Look, number: int | None = None
) -> Iterator[str]:
    """Return one line and, below it, what is said of its parts."""
    room = _room(look, gutter)
    view = _view(line, spans, room, look)
    shown = str(spans[0].line if spans else number)
    yield f"{look.paint('gutter', f'{shown:>{gutter}} |')} {view.text}".rstrip()
    for span in spans:
        start, end = view.span(span)
        rows = _underlined(start, end, span, room, look)
        bar = look.paint("gutter", " " * gutter + " |")
        for row in rows:
            indent = len(row) - len(row.lstrip(" "))
            yield f"{bar} {row[:indent]}{look.paint(span.style, row[indent:])}"


def _underlined(start: int, end: int, span: Span, room: int, look: Look) -> list[str]:
    """Return carets with the label behind them, or below them where it is narrow."""
    caret = "-" if span.style == "related" else "^"
    carets = " " * start + caret * (end - start)
    label = look.plain(span.label)
    if not label:
        return [carets]
    if look.columns is None or end + 1 + cells(label) <= room:
        return [f"{carets} {label}"]
    indent = min(start, max(room - cells(label), 0))
    return [carets, *(" " * indent + row for row in wrapped(label, room))]


class Piece(NamedTuple):
    """The part of a line that could come into view: its signs, where each begins, what it lacks."""

    signs: Sequence[str]
    begins: Sequence[int]
    first: int
    is_end: bool


def _view(line: str, spans: Sequence[Span], room: int, look: Look) -> View:
    """Return a line as far as it has room, around the spans where it is too long."""
    start = spans[0].start if spans else 0
    end = min(max((span.end for span in spans), default=0), start + room)
    # A line may hold a whole file: look no further than what can be in view.
    low, high = max(start - room, 0), min(max(end, start) + room, len(line))
    signs = [TAB if sign == "\t" else look.sign(sign) for sign in line[low:high]]
    piece = Piece(signs, [0, *accumulate(map(cells, signs))], low, high == len(line))
    if low == 0 and piece.is_end and piece.begins[-1] <= room:
        return View("".join(signs), 0, piece.begins)
    return _cut(piece, (start - low, end - low), room, look.plain("…"))


def _cut(piece: Piece, wanted: tuple[int, int], room: int, dots: str) -> View:
    """Return a view of so many cells with the wanted characters in it, dots where it is cut."""
    signs, begins, _, is_end = piece
    begin, end = (begins[min(index, len(signs))] for index in wanted)
    left = 0
    if piece.first or end + len(dots) > room:
        spare = max(room - (end - begin), room // 4)
        left = max(begin - spare // 2, 0)
    if is_end:
        left = min(left, max(begins[-1] - room + len(dots), 0))
    first = next(index for index, at in enumerate(begins) if at >= left)
    before = dots if piece.first or "".join(signs[:first]).strip() else ""
    last = len(signs)
    while begins[last] - begins[first] + len(before) + _tail(piece, last, dots) > room:
        last -= 1
    after = dots if _tail(piece, last, dots) else ""
    shift = len(before) - begins[first]
    shown = [at + shift for at in begins[first : last + 1]]
    return View(before + "".join(signs[first:last]) + after, piece.first + first, shown)


def _tail(piece: Piece, last: int, dots: str) -> int:
    """Return the cells that the dots behind a view's last sign take."""
    return 0 if piece.is_end and last == len(piece.signs) else len(dots)
