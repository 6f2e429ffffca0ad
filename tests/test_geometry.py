"""Windows on one axis, against windows laid one by one, for every small case."""

from collections.abc import Iterator
from itertools import count, product, takewhile

import pytest

from archgen.geometry import Axis, AxisPadding, fit, reach

SIZES = range(1, 13)
KERNELS = range(1, 6)
STRIDES = range(1, 5)
DILATIONS = range(1, 4)
SIDES = tuple(product(range(3), repeat=2))
WINDOWS = tuple(product(KERNELS, STRIDES, DILATIONS))


def last_tap(axis: Axis) -> int:
    """Return the offset of a window's last tap, tap by tap."""
    return max(tap * axis.dilation for tap in range(axis.kernel))


def starts(axis: Axis) -> Iterator[int]:
    """Return where windows begin, in positions from the left end of the padded axis."""
    return (index * axis.stride for index in count())


def whole(positions: int, axis: Axis) -> int:
    """Count the windows that lie inside so many positions."""
    return len(list(takewhile(lambda start: start + last_tap(axis) < positions, starts(axis))))


def rounded_up(size: int, before: int, after: int, axis: Axis) -> int:
    """Count windows as PyTorch documents ``ceil_mode``.

    A window may go over the right end, but must start within the left padding or the map, and is
    made only while the one before it has not come to the end of the padded axis.

    Source: ``torch.nn.MaxPool2d``, ``ceil((size + 2p - d(k - 1) - 1) / s + 1)`` and its note.
    """
    end = size + before + after

    def is_made(start: int) -> bool:
        return start - axis.stride + last_tap(axis) + 1 < end and start < size + before

    return len(list(takewhile(is_made, starts(axis))))


def axes(padding: AxisPadding) -> Iterator[Axis]:
    for kernel, stride, dilation in WINDOWS:
        yield Axis(kernel, stride, dilation, padding)


def ceil_axes(padding: AxisPadding) -> Iterator[Axis]:
    """Return the windows that pools lay: none that could lie in the padding alone."""
    for kernel, stride, dilation in WINDOWS:
        if isinstance(padding, str) or max(padding) < kernel:
            yield Axis(kernel, stride, dilation, padding, ceil_mode=True)


@pytest.mark.parametrize("padding", ["valid", *SIDES])
def test_valid_and_explicit_padding_give_the_windows_that_fit(padding: AxisPadding) -> None:
    before, after = (0, 0) if isinstance(padding, str) else padding
    refused = 0
    for axis, size in product(axes(padding), SIZES):
        laid, outputs = fit(size, axis), whole(before + size + after, axis)
        refused += laid is None
        assert laid == ((outputs, before, after) if outputs else None), (size, axis)
    assert refused


def test_same_padding_gives_a_window_for_every_stride() -> None:
    """As little padding as the last window needs, the smaller half of it in front."""
    for axis, size in product(axes("same"), SIZES):
        outputs = len(range(0, size, axis.stride))
        needed = next(more for more in count() if whole(size + more, axis) >= outputs)
        assert fit(size, axis) == (outputs, needed // 2, needed - needed // 2), (size, axis)


@pytest.mark.parametrize("padding", ["valid", *SIDES])
def test_ceil_mode_lays_windows_as_torch_documents_it(padding: AxisPadding) -> None:
    before, after = (0, 0) if isinstance(padding, str) else padding
    differs = 0
    for axis, size in product(ceil_axes(padding), SIZES):
        floored = whole(before + size + after, axis)
        if floored:
            laid, outputs = fit(size, axis), rounded_up(size, before, after, axis)
            assert laid is not None
            assert laid.size == outputs, (size, axis)
            differs += outputs != floored
    assert differs


def test_ceil_mode_lays_one_window_over_a_map_that_is_a_little_too_small() -> None:
    """Where the floor rule has none: with it GoogLeNet's last pool, 3×3 by 2, takes a 2×2 map."""
    assert fit(2, Axis(3, 2, ceil_mode=True)) == (1, 0, 1)
    for axis, size in product(ceil_axes("valid"), SIZES):
        if not whole(size, axis):
            outputs = rounded_up(size, 0, 0, axis)
            laid = fit(size, axis)
            assert (laid.size if laid else 0) == outputs, (size, axis)


@pytest.mark.parametrize("padding", SIDES)
def test_ceil_mode_pads_behind_as_far_as_its_last_window_reaches(padding: tuple[int, int]) -> None:
    for axis, size in product(ceil_axes(padding), SIZES):
        if laid := fit(size, axis):
            end = (laid.size - 1) * axis.stride + last_tap(axis) + 1
            assert laid.before == padding[0]
            assert laid.after == max(padding[1], end - size - laid.before), (size, axis)


def test_a_window_covers_its_taps_and_what_lies_between() -> None:
    for axis in axes("valid"):
        assert reach(axis) == last_tap(axis) + 1


@pytest.mark.parametrize(
    ("size", "axis", "outputs"),
    [
        (299, Axis(3, 2), 149),
        (224, Axis(7, 2, padding=(3, 3)), 112),
        (112, Axis(3, 2, ceil_mode=True), 56),
        (112, Axis(3, 2), 55),
        (17, Axis(5, 3), 5),
        (28, Axis(3, 2, padding="same"), 14),
        (7, Axis(3, 2, padding="same"), 4),
    ],
)
def test_published_sizes(size: int, axis: Axis, outputs: int) -> None:
    """From Inception-v4, GoogLeNet (Caffe: 224, 112, 56 with ceil, 55 without) and the variants."""
    laid = fit(size, axis)
    assert laid is not None
    assert laid.size == outputs
