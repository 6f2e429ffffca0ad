"""Sets of whole numbers from 1 to ``LIMIT`` as intervals, and the words for them.

Imports nothing of archgen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

Bounds = tuple[int, int]

LIMIT = 1024
LONGEST_PERIOD = 256
# A pattern must be seen that often, and over the upper half, before it is told as one.
TIMES_SEEN = 3
# So many intervals are listed; more are told by their period where they have one.
LISTED = 3
MOST_LISTED = 8


class Period(NamedTuple):
    """From ``start`` on, n belongs to a set exactly where n + ``length`` does, up to the limit."""

    length: int
    start: int


@dataclass(frozen=True)
class Intervals:
    """A set of whole numbers from 1 to ``LIMIT``: rising (first, last) pairs, both included."""

    pairs: tuple[Bounds, ...] = ()

    @classmethod
    def of(cls, members: Iterable[int]) -> "Intervals":
        """Return the intervals of some numbers."""
        rising = sorted(set(members))
        gaps = [place for place, (one, two) in enumerate(pairwise(rising), 1) if two > one + 1]
        edges = [0, *gaps, len(rising)]
        return cls(tuple((rising[a], rising[b - 1]) for a, b in pairwise(edges)) if rising else ())

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __and__(self, other: "Intervals") -> "Intervals":
        return Intervals.of(self.members & other.members)

    @cached_property
    def members(self) -> frozenset[int]:
        """Return every number of the set."""
        return frozenset(n for first, last in self.pairs for n in range(first, last + 1))

    def nearest(self, number: int) -> int | None:
        """Return the closest member, of two the larger; None where there is none."""
        closest = [min(max(number, first), last) for first, last in self.pairs]
        return min(closest, key=lambda n: (abs(n - number), -n), default=None)

    @cached_property
    def period(self) -> Period | None:
        """Return the shortest period, seen three times and over the upper half or more.

        None where there is none, and where it says nothing: all or none of the rest belong.
        """
        belongs = [n in self.members for n in range(LIMIT + 1)]
        for length in range(1, LONGEST_PERIOD + 1):
            start = LIMIT - length + 1
            while start > 1 and belongs[start - 1] == belongs[start - 1 + length]:
                start -= 1
            if LIMIT - start + 1 >= max(TIMES_SEEN * length, LIMIT // 2):
                return Period(length, start) if length > 1 else None
        return None

    def text(self) -> str:
        """Return the set in words: ``from 75``, ``331…554``, ``in multiples of 16``."""
        if self.pairs == ((1, LIMIT),):
            return "of any size"
        if not self.pairs:
            return "of no size"
        if len(self.pairs) > LISTED and self.period is not None:
            return self._periodic(self.period)
        return _listed([_interval(pair) for pair in self.pairs], "and")

    def _periodic(self, period: Period) -> str:
        """Return the members before the first that keeps the period, then the rule."""
        length, start = period
        pattern = {n % length for n in self.members if n >= start}
        first = min(n for n in self.members if n >= start)
        before = Intervals.of(n for n in self.members if n < start)
        rule = f"n with n mod {length} = {_residues(pattern)}"
        if pattern == {0}:
            rule = f"in multiples of {length}"
        is_late = before or any(n % length in pattern for n in range(1, first))
        rule += f" from {first}" if is_late else ""
        return _listed([*map(_interval, before.pairs), rule], "and")


def _residues(pattern: set[int]) -> str:
    return _listed([_span(pair) for pair in Intervals.of(pattern).pairs], "or")


def _interval(pair: Bounds) -> str:
    return f"from {pair[0]}" if pair[1] == LIMIT and pair[0] < LIMIT else _span(pair)


def _span(pair: Bounds) -> str:
    first, last = pair
    return f"{first}" if first == last else f"{first}…{last}"


def _listed(pieces: Sequence[str], conjunction: str) -> str:
    """Return pieces as a list of a sentence; of very many the last is kept and the rest counted."""
    *early, last = pieces
    if not early:
        return last
    if len(early) > MOST_LISTED:
        left = len(early) - MOST_LISTED
        early = [*early[:MOST_LISTED], f"{left:,} more stretches"]
    return f"{', '.join(early)} {conjunction} {last}"
