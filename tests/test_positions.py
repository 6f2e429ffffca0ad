"""Sets of positions against sets of Python, tap by tap and output by output."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from archgen.geometry import Axis, fit
from archgen.lints.positions import (
    MOST_SPANS,
    Laid,
    Positions,
    TooMany,
    breaks,
    contains,
    count,
    lay,
    lay_transposed,
    merged,
    outputs_of,
    taps_of,
)


def every(positions: Positions) -> set[int]:
    return {i for start, stop in positions for i in range(start, stop)}


def spans(positions: set[int]) -> Positions:
    return merged((i, i + 1) for i in positions)


def random_axis(random: Random) -> Axis:
    sides: Any = (random.randint(0, 6), random.randint(0, 6))
    padding = random.choice(["same", "valid", sides])
    ceil_mode = random.random() < 0.3 and padding != "same"
    window = (random.randint(1, 7), random.randint(1, 5), random.randint(1, 4))
    return Axis(*window, padding, ceil_mode)


def random_laid(random: Random) -> tuple[Laid, Callable[[int, int, int], bool]]:
    """Return a window that fits, and whether an output, a tap and a position of it meet."""
    axis, size = random_axis(random), random.randint(1, 16)
    laid = fit(size, axis)
    if laid is None:
        return random_laid(random)
    stride, dilation, before = axis.stride, axis.dilation, laid.before
    if random.random() < 0.4 and not axis.ceil_mode:
        transposed = lay_transposed(laid.size, size, axis)
        return transposed, lambda o, t, i: i * stride + t * dilation == o + before
    return lay(size, axis), lambda o, t, i: o * stride + t * dilation == i + before


@pytest.mark.parametrize("seed", range(10))
def test_outputs_and_taps_are_those_that_meet_a_position(seed: int) -> None:
    random = Random(seed)
    some = 0
    for _ in range(500):
        laid, meet = random_laid(random)
        share = random.choice([0.2, 0.8, 1])
        positions = {i for i in range(laid.size) if random.random() < share}
        met = [
            (o, t)
            for o in range(laid.outputs)
            for t in range(laid.axis.kernel)
            if any(meet(o, t, i) for i in positions)
        ]
        assert every(outputs_of(spans(positions), laid)) == {o for o, _ in met}
        assert every(taps_of(spans(positions), laid)) == {t for _, t in met}
        some += 0 < len({t for _, t in met}) < laid.axis.kernel
    assert some > 50


def test_spans_are_sorted_apart_and_never_empty() -> None:
    assert merged([(5, 7), (0, 2), (2, 3), (6, 9)]) == ((0, 3), (5, 9))
    assert count(((0, 3), (5, 9))) == 7
    assert merged([]) == ()


def test_a_set_contains_what_it_has() -> None:
    one = ((0, 3), (5, 9))
    assert contains(one, ((1, 2), (5, 9)))
    assert contains(one, ())
    assert not contains(one, ((2, 6),))


def test_more_spans_than_are_told_apart_are_refused() -> None:
    assert len(merged((2 * n, 2 * n + 1) for n in range(MOST_SPANS))) == MOST_SPANS
    with pytest.raises(TooMany):
        merged((2 * n, 2 * n + 1) for n in range(MOST_SPANS + 1))


@pytest.mark.parametrize(
    ("laid", "wanted"),
    [
        (lay(1, Axis(10**9, dilation=2, padding=(2 * 10**9, 2 * 10**9))), ((0, 1),)),
        (lay_transposed(10**6, 3 * 10**6, Axis(1, 3)), ((0, 10**6),)),
    ],
)
def test_they_are_refused_before_they_are_made(laid: Laid, wanted: Positions) -> None:
    with pytest.raises(TooMany):
        outputs_of(wanted, laid)


def test_an_axis_breaks_where_a_set_begins_or_ends() -> None:
    assert breaks([((1, 3),), ((2, 5),)], 6) == [(0, 1), (1, 2), (2, 3), (3, 5), (5, 6)]


def test_a_window_that_does_not_fit_is_a_bug_of_the_graph() -> None:
    with pytest.raises(AssertionError):
        lay(2, Axis(3))
