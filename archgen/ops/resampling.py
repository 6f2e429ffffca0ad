"""Which positions of an axis an interpolated output mixes; imports ``ir``.

Output o of m lies at position ``(2 · o + 1) · n / (2 · m) - 1 / 2`` of n: pixels have their centres
in their middle (TensorFlow's and torch's rule, in Keras on every backend).
"""

from math import gcd

from archgen.ir import Pair, Turns

MOST_TURNS = 4096  # an axis that repeats later is taken as one that sees everything
# How far a kernel reaches to both sides. What it meets at 0 on the way counts as mixed in, since
# floats seldom hit a 0; so an output that moves on never looks further back.
RADIUS = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}


def resampled(size: int, new: int, interpolation: str, *, antialias: bool = False) -> Turns | None:
    """Return the positions that outputs mix; None where they take too many turns."""
    shared = gcd(size, new)
    stride, turns = size // shared, new // shared
    if turns > MOST_TURNS:
        return None
    if stride == turns:
        return Turns()
    if interpolation == "nearest":
        return Turns(tuple(_nearest(turn, stride, turns) for turn in range(turns)), stride)
    spread = max(stride, turns) if antialias else turns
    radius = RADIUS[interpolation]
    spans = (_mixed(turn, stride, turns, spread, radius) for turn in range(turns))
    return Turns(tuple(spans), stride)


def _nearest(output: int, stride: int, turns: int) -> Pair:
    """Return the position in which an output lies.

    One that lies between two is taken from either: TensorFlow's float rounds down now and then.
    """
    position, rest = divmod((2 * output + 1) * stride, 2 * turns)
    return (position - (rest == 0 and turns > 1), position)


def _mixed(output: int, stride: int, turns: int, spread: int, radius: int) -> Pair:
    """Return the first and last position within reach; all is counted in halves of a turn."""
    middle, step, reach = (2 * output + 1) * stride - turns, 2 * turns, 2 * spread * radius
    return ((middle - reach) // step + 1, -((-middle - reach) // step) - 1)
