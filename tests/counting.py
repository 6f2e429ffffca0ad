"""How much work a call is, as a number that is the same on every machine."""

import sys
from collections.abc import Callable
from types import FrameType


def steps(act: Callable[[], object]) -> int:
    """Return how many lines of Python an action runs, a comprehension each turn."""
    count = 0

    def local(_: FrameType, event: str, __: object) -> Callable[..., object]:
        nonlocal count
        count += event == "line"
        return local

    before = sys.gettrace()
    sys.settrace(lambda *_: local)
    try:
        act()
    finally:
        sys.settrace(before)
    return count
