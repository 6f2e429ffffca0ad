"""Receptive fields: which input pixels the outputs of a node see, not cut at the border.

Imports ``ir``. Behind an up-sampling outputs take turns: two neighbours may see the same pixels,
the next two others. What they see repeats, so it is kept as one span for each turn, exactly.
"""

from collections.abc import Sequence
from math import gcd, lcm
from typing import NamedTuple

from archgen.ir import Pair, Shape, Turns, View, Window


class Field(NamedTuple):
    """The input rows or columns that outputs see on one axis.

    Output i sees pixels ``i · jump + first`` to ``i · jump + last``.
    """

    first: int = 0
    last: int = 0
    jump: int = 1

    @property
    def size(self) -> int:
        """Return how many pixels one output sees."""
        return self.last - self.first + 1


class Turning(NamedTuple):
    """The input rows or columns that outputs see in turns.

    Output i sees the pixels of ``spans[i % n]`` moved on by ``i // n · jump``, for n spans.
    """

    spans: tuple[Pair, ...]
    jump: int

    @property
    def size(self) -> int:
        """Return how many pixels the output sees that sees most."""
        return max(0, *(last - first + 1 for first, last in self.spans))


class Fields(NamedTuple):
    """What outputs see along height and width; ``size`` is that of one output, in pixels.

    Where the map is ``turned``, its height runs along the columns of the image and its width along
    the rows. ``size`` is rows × columns always.
    """

    height: Field | Turning
    width: Field | Turning
    size: Pair
    turned: bool = False


def both(height: Field | Turning, width: Field | Turning, turned: bool = False) -> Fields:  # noqa: FBT001, FBT002
    """Return what outputs see along height and width."""
    size = (width.size, height.size) if turned else (height.size, width.size)
    return Fields(height, width, size, turned)


PIXEL = both(Field(), Field())


# ── through an op ─────────────────────────────────────────────────────────────────────────────────


def through(seen: Fields, shape: Shape, window: Window | View | None, most: int) -> Fields:
    """Return what is seen through an op on a map of ``shape``; None is a look at all of it.

    What takes more than ``most`` turns becomes a look at all, too.
    """
    along, across, _, turned = seen
    if isinstance(window, Window):
        if isinstance(along, Field) and isinstance(across, Field):
            size, strides, before = window
            height = _through(along, size[0], strides[0], before[0])
            return both(height, _through(across, size[1], strides[1], before[1]), turned)
        window = View(_turns(window, 0), _turns(window, 1))
    if window is None:
        positions = (*shape[:2], 1, 1)
        return both(_all(along, positions[0]), _all(across, positions[1]), turned)
    return _viewed(seen, shape, window, most)


def _through(seen: Field, size: int, stride: int, before: int) -> Field:
    first, last, jump = seen
    return Field(first - before * jump, last + (size - 1 - before) * jump, jump * stride)


def _turns(window: Window, axis: int) -> Turns:
    before = window.before[axis]
    return Turns(((-before, window.size[axis] - 1 - before),), window.strides[axis])


def _viewed(seen: Fields, shape: Shape, view: View, most: int) -> Fields:
    """Look along the view's axes; one that it moved into the channels is looked at as a whole."""
    along, moved = (seen.height, seen.width), 1 - min(view.axes)
    height, width = (
        _in_turn(along[axis], turns, shape[axis], most)
        if axis < len(along)
        else _all(along[moved], shape[moved])
        for axis, turns in zip(view.axes, (view.height, view.width), strict=True)
    )
    first = view.axes[0] if view.axes[0] < len(along) else moved
    return both(height, width, seen.turned != (first == 1))


def _in_turn(seen: Field | Turning, turns: Turns, positions: int, most: int) -> Field | Turning:
    """Return the spans of as many turns as it takes until both repeat together."""
    known = _count(seen)
    rounds = known // gcd(known, turns.stride)
    if rounds * len(turns.spans) > most:
        return _all(seen, positions)
    steps = [turn * turns.stride for turn in range(rounds)]
    spans = [
        (_at(seen, first + step)[0], _at(seen, last + step)[1])
        for step in steps
        for first, last in turns.spans
    ]
    return _settled(spans, rounds * turns.stride // known * seen.jump)


def _settled(spans: Sequence[Pair], jump: int) -> Field | Turning:
    """Return a Field where outputs take no turns."""
    if len(spans) > 1:
        return Turning(tuple(spans), jump)
    ((first, last),) = spans
    return Field(first, max(last, first - 1), jump)


def _count(seen: Field | Turning) -> int:
    return 1 if isinstance(seen, Field) else len(seen.spans)


def _at(seen: Field | Turning, output: int) -> Pair:
    """Return the first and the last pixel that an output sees."""
    if isinstance(seen, Field):
        return seen.first + output * seen.jump, seen.last + output * seen.jump
    turn, rounds = output % len(seen.spans), output // len(seen.spans)
    first, last = seen.spans[turn]
    return first + rounds * seen.jump, last + rounds * seen.jump


def _all(seen: Field | Turning, positions: int) -> Field:
    """Return what all outputs see together, each of them from here on."""
    return Field(_at(seen, 0)[0], _at(seen, positions - 1)[1], 0)


# ── several values ────────────────────────────────────────────────────────────────────────────────


def hull(fields: Sequence[Fields], shapes: Sequence[Shape], most: int) -> Fields:
    """Return what several values see together: from the first pixel of any to the last.

    Where they do not move in step, such as a 1×1 map that is spread, it is all that they see, and
    no window behind adds to it.
    """
    heights, widths, _, turned = zip(*fields, strict=True)
    if len(set(turned)) == 1 and len({shape[:-1] for shape in shapes}) == 1:
        height, width = _union(heights, most), _union(widths, most)
        if height and width:
            return both(height, width, turned[0])
    return _together(fields, shapes)


def _union(fields: Sequence[Field | Turning], most: int) -> Field | Turning | None:
    """Return what is seen on one axis by outputs that move in step, None by others."""
    if Turning not in map(type, fields):
        firsts, lasts, steps = zip(*fields, strict=True)
        return Field(min(firsts), max(lasts), steps[0]) if len(set(steps)) == 1 else None
    count = lcm(*map(_count, fields))
    jumps = {seen.jump * count // _count(seen) for seen in fields}
    if len(jumps) > 1 or count > most:
        return None
    spans = []
    for turn in range(count):
        firsts, lasts = zip(*[_at(seen, turn) for seen in fields], strict=True)
        spans.append((min(firsts), max(lasts)))
    return _settled(spans, jumps.pop())


def _together(fields: Sequence[Fields], shapes: Sequence[Shape]) -> Fields:
    """Return all that is seen, rows along the height unless all maps are turned."""
    turned = all(seen.turned for seen in fields)
    heights, widths = [], []
    for seen, shape in zip(fields, shapes, strict=True):
        axes = zip((seen.height, seen.width), (*shape[:2], 1, 1), strict=False)
        height, width = (_all(axis, size) for axis, size in axes)
        heights.append(width if seen.turned != turned else height)
        widths.append(height if seen.turned != turned else width)
    return both(_hull(heights), _hull(widths), turned)


def _hull(fields: Sequence[Field]) -> Field:
    firsts, lasts, _ = zip(*fields, strict=True)
    return Field(min(firsts), max(lasts), 0)
