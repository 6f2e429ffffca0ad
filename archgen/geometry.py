"""Window arithmetic on one axis: output sizes and padding; imports nothing of archgen.

A window of ``kernel`` taps, ``dilation`` apart, covers ``reach = (kernel - 1) * dilation + 1``
positions and moves by ``stride``.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

AxisPadding = Literal["same", "valid"] | tuple[int, int]


class Axis(NamedTuple):
    """A window on one axis; ``padding`` is a rule or the positions (before, after)."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: AxisPadding = "valid"
    ceil_mode: bool = False


class Fit(NamedTuple):
    """How a window lies on an axis: ``size`` outputs, and the padded positions."""

    size: int
    before: int
    after: int


def reach(axis: Axis) -> int:
    """Return how many positions one window covers."""
    return (axis.kernel - 1) * axis.dilation + 1


@lru_cache(maxsize=4096)  # asked for each node again: its shape, its check, its window
def fit(size: int, axis: Axis) -> Fit | None:
    """Lay a window over ``size`` positions; None where not one window fits.

    valid and explicit: ``floor((size + before + after - reach) / stride) + 1``; same:
    ``ceil(size / stride)`` with the smaller half of the padding in front (TensorFlow's rule).
    """
    if axis.padding == "same":
        return _fit_same(size, axis)
    before, after = (0, 0) if axis.padding == "valid" else axis.padding
    room = size + before + after - reach(axis)
    if axis.ceil_mode:
        laid = _fit_ceil(size, axis, before, after)
        return laid if laid.size > 0 else None
    if room < 0:
        return None
    return Fit(room // axis.stride + 1, before, after)


def _fit_same(size: int, axis: Axis) -> Fit:
    outputs = -(-size // axis.stride)
    missing = max((outputs - 1) * axis.stride + reach(axis) - size, 0)
    return Fit(outputs, missing // 2, missing - missing // 2)


def _fit_ceil(size: int, axis: Axis, before: int, after: int) -> Fit:
    """Round up; the last window must begin on the map or in front of it (Caffe's, torch's rule)."""
    outputs = -(-(size + before + after - reach(axis)) // axis.stride) + 1
    if (outputs - 1) * axis.stride >= size + before:
        outputs -= 1
    needed = (outputs - 1) * axis.stride + reach(axis) - size - before
    return Fit(outputs, before, max(after, needed))
