"""Sets of sizes: what belongs, what is nearest, and words that say exactly the set."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from archgen.intervals import LIMIT, MOST_LISTED, Intervals, Period

NUMBERS = range(1, LIMIT + 1)
SETS = st.frozensets(st.integers(1, LIMIT))


@st.composite
def periodic(draw: st.DrawFn) -> frozenset[int]:
    """Draw a set that repeats from some number on, behind a few numbers as they come."""
    length, start = draw(st.integers(2, 40)), draw(st.integers(1, 200))
    pattern = draw(st.frozensets(st.integers(0, length - 1), min_size=1, max_size=6))
    head = draw(st.frozensets(st.integers(1, start), max_size=4))
    return frozenset({n for n in NUMBERS if n >= start and n % length in pattern} | head)


def spoken(text: str) -> frozenset[int]:
    """Return the numbers that a text says, read word by word."""
    found: set[int] = set()
    for piece in pieces(text):
        if piece == "of any size":
            found |= set(NUMBERS)
        elif rule := re.fullmatch(r"in multiples of (\d+)(?: from (\d+))?", piece):
            found |= {n for n in range(int(rule[2] or 1), LIMIT + 1) if n % int(rule[1]) == 0}
        elif rule := re.fullmatch(r"n with n mod (\d+) = (.*?)(?: from (\d+))?", piece):
            pattern = {n for part in re.split(", | or ", rule[2]) for n in between(part)}
            found |= {n for n in range(int(rule[3] or 1), LIMIT + 1) if n % int(rule[1]) in pattern}
        elif piece.startswith("from "):
            found |= set(range(int(piece[5:]), LIMIT + 1))
        elif piece != "of no size":
            found |= set(between(piece))
    return frozenset(found)


def pieces(text: str) -> Iterator[str]:
    """Return the parts of a list; the commas of a rule's residues are not between parts."""
    listed, _, rule = text.rpartition("n with ")
    yield from filter(None, re.split(", | and ", listed or ("" if rule != text else text)))
    if rule != text:
        yield f"n with {rule}"


def between(text: str) -> range:
    first, _, last = text.partition("…")
    return range(int(first), int(last or first) + 1)


@given(SETS)
@example(frozenset(NUMBERS))
def test_intervals_are_rising_apart_and_hold_what_was_given(members: frozenset[int]) -> None:
    intervals = Intervals.of(members)
    assert {n for n in range(-1, LIMIT + 3) if n in intervals} == members == intervals.members
    edges = [edge for pair in intervals.pairs for edge in pair]
    assert edges == sorted(edges)
    assert all(b > a + 1 for a, b in zip(edges[1::2], edges[2::2], strict=False))
    assert bool(intervals) == bool(members)


@given(SETS, SETS)
def test_what_belongs_to_both(one: frozenset[int], other: frozenset[int]) -> None:
    assert (Intervals.of(one) & Intervals.of(other)).members == one & other


@given(SETS, st.integers(1, 3 * LIMIT))
def test_the_nearest_is_the_nearest_and_the_larger_of_two(
    members: frozenset[int], number: int
) -> None:
    nearest = Intervals.of(members).nearest(number)
    if nearest is None:
        assert not members
        return
    distance = min(abs(n - number) for n in members)
    event("two are as near" if {number - distance, number + distance} <= members else "one")
    assert nearest == max(n for n in members if abs(n - number) == distance)


def shortest_period(members: frozenset[int]) -> Period | None:
    """Return the first length whose last break leaves three repeats and the upper half."""
    for length in range(1, 257):
        rest = range(1, LIMIT - length + 1)
        last = max((n for n in rest if (n in members) != (n + length in members)), default=0)
        if LIMIT - last >= 3 * length and last <= LIMIT // 2:
            return Period(length, last + 1) if length > 1 else None
    return None


@settings(max_examples=25, deadline=None)
@given(st.one_of(SETS, periodic()))
@example(frozenset(range(75, LIMIT + 1)))
@example(frozenset())
def test_the_period_is_the_shortest_that_repeats_three_times(members: frozenset[int]) -> None:
    period = Intervals.of(members).period
    event("periodic" if period else "not periodic")
    assert period == shortest_period(members)


@given(st.one_of(SETS, periodic()))
@example(frozenset(NUMBERS))
@example(frozenset({LIMIT}))
@example(frozenset({7, *range(13, LIMIT + 1, 8), *range(15, LIMIT + 1, 8)}))
def test_the_words_say_exactly_the_set(members: frozenset[int]) -> None:
    text = Intervals.of(members).text()
    if "more stretches" in text:
        event("cut")
        assert len(text) < 200
        return
    event("mod" if "mod" in text else "multiples" if "multiples" in text else "listed")
    assert spoken(text) == members


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (range(1, LIMIT + 1), "of any size"),
        ((), "of no size"),
        (range(75, LIMIT + 1), "from 75"),
        ([5, *range(331, 555)], "5 and 331…554"),
        ([2, 3, 9, *range(12, LIMIT + 1)], "2…3, 9 and from 12"),
        (range(16, LIMIT + 1, 16), "in multiples of 16"),
        (range(48, LIMIT + 1, 16), "in multiples of 16 from 48"),
        ([3, *range(48, LIMIT + 1, 16)], "3 and in multiples of 16 from 48"),
        (range(5, LIMIT + 1, 8), "n with n mod 8 = 5"),
        (
            [n for n in NUMBERS if n >= 31 and (n % 32 <= 6 or n % 32 == 31)],
            "n with n mod 32 = 0…6 or 31 from 31",
        ),
    ],
)
def test_the_words_read_well(members: range, text: str) -> None:
    assert Intervals.of(members).text() == text


def test_very_many_stretches_are_counted() -> None:
    squares = Intervals.of(n * n for n in range(1, 33))
    assert squares.text() == "1, 4, 9, 16, 25, 36, 49, 64, 23 more stretches and 1024"
    assert len(squares.pairs) == MOST_LISTED + 23 + 1
