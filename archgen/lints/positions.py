"""Sets of positions on one axis, and what a window makes of them; imports ``geometry``.

A set is its spans, sorted and apart, so it costs the same on a map of any size. Output o, tap t and
position i of a window meet where ``o · stride + t · dilation = i + before``; where the window is
transposed, o and i change places.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from archgen.geometry import Axis, fit

Span = tuple[int, int]
Positions = tuple[Span, ...]

MOST_SPANS = 256


class TooMany(Exception):  # noqa: N818 - not an error: who asked takes everything as reached
    """A stranger's file asks for sets of more pieces than are told apart."""


class Laid(NamedTuple):
    """A window laid over an axis: ``size`` positions enter, ``outputs`` leave."""

    axis: Axis
    size: int
    outputs: int
    before: int
    transposed: bool = False


def lay(size: int, axis: Axis) -> Laid:
    """Lay a window over positions that it fits."""
    laid = fit(size, axis)
    if laid is None:
        raise AssertionError("a graph whose windows do not fit")
    return Laid(axis, size, laid.size, laid.before)


def lay_transposed(size: int, outputs: int, axis: Axis) -> Laid:
    """Lay a window over the outputs, one for each position that enters."""
    laid = fit(outputs, axis)
    return Laid(axis, size, outputs, laid.before if laid else 0, transposed=True)


def full(size: int) -> Positions:
    """Return every position of an axis."""
    return ((0, size),)


def count(positions: Positions) -> int:
    """Return how many positions a set has."""
    return sum(stop - start for start, stop in positions)


def merged(spans: Iterable[Span]) -> Positions:
    """Return the union of spans."""
    result: list[Span] = []
    for start, stop in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], stop))
        else:
            result.append((start, stop))
    if len(result) > MOST_SPANS:
        raise TooMany
    return tuple(result)


def contains(one: Positions, other: Positions) -> bool:
    """Say whether a set has every position of another."""
    return one == other or merged((*one, *other)) == one


def outputs_of(positions: Positions, laid: Laid) -> Positions:
    """Return the outputs of which at least one tap meets one of the positions."""
    axis, outputs = laid.axis, (0, laid.outputs)
    if positions == full(laid.size) and axis == Axis(1):
        return positions
    if laid.transposed:
        return _made(positions, laid)
    spans = [
        span
        for start, stop in positions
        for span in _meeting(
            axis.stride,
            outputs,
            axis.dilation,
            (0, axis.kernel),
            (start + laid.before, stop + laid.before),
        )
    ]
    return merged(spans)


def taps_of(positions: Positions, laid: Laid) -> Positions:
    """Return the taps that meet one of the positions for at least one output."""
    axis, taps = laid.axis, (0, laid.axis.kernel)
    sides = [
        # The positions that enter step like outputs where the window is transposed.
        ((start, stop), (laid.before, laid.outputs + laid.before))
        if laid.transposed
        else ((0, laid.outputs), (start + laid.before, stop + laid.before))
        for start, stop in positions
    ]
    return merged(
        span
        for steps, wanted in sides
        for span in _meeting(axis.dilation, taps, axis.stride, steps, wanted)
    )


def _meeting(step: int, within: Span, other_step: int, others: Span, wanted: Span) -> list[Span]:
    """Return every u of ``within`` for which a v of ``others`` leads into ``wanted``.

    That is ``wanted[0] ≤ u · step + v · other_step < wanted[1]``.
    """
    first, last = within[0] * step, (within[1] - 1) * step
    low = max(others[0], -((last - wanted[0]) // other_step))
    high = min(others[1], -((first - wanted[1]) // other_step))
    if low >= high:
        return []
    if wanted[1] - wanted[0] >= other_step:  # the stretches of neighbouring v overlap
        shifts = [(wanted[0] - (high - 1) * other_step, wanted[1] - low * other_step)]
    elif high - low > MOST_SPANS:
        raise TooMany
    else:
        shifts = [
            (wanted[0] - v * other_step, wanted[1] - v * other_step) for v in range(low, high)
        ]
    spans = [(max(within[0], -(-a // step)), min(within[1], -(-b // step))) for a, b in shifts]
    return [span for span in spans if span[0] < span[1]]


def _made(positions: Positions, laid: Laid) -> Positions:
    """Return the outputs that a transposed window makes: ``i · stride + t · dilation - before``."""
    (kernel, stride, dilation, *_), before = laid.axis, laid.before
    made: list[Span] = []
    for start, stop in positions:
        first, last = start * stride - before, (stop - 1) * stride - before
        reach = (kernel - 1) * dilation + 1
        closed = (dilation == 1 and kernel >= stride) or (stride == 1 and stop - start >= dilation)
        if closed:
            made.append((first, last + reach))
        elif (stop - start) * kernel > MOST_SPANS:
            raise TooMany
        else:
            steps = range(first, last + 1, stride)
            made += [(i + t, i + t + 1) for i in steps for t in range(0, reach, dilation)]
    clipped = ((max(a, 0), min(b, laid.outputs)) for a, b in made)
    return merged(span for span in clipped if span[0] < span[1])


def breaks(sets: Iterable[Positions], size: int) -> list[Span]:
    """Return the stretches of an axis over which no set begins or ends."""
    ends = {0, size, *(end for positions in sets for span in positions for end in span)}
    return list(pairwise(sorted(ends)))
