"""Ctrl-C as a wish: the step that runs is finished and kept; a second one stops at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopping(on_wish: Callable[[], object]) -> Iterator[Callable[[], bool]]:
    """Yield whether somebody pressed Ctrl-C; signals reach the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    wishes: list[int] = []

    def heard(number: int, _: object) -> None:
        if wishes:
            raise KeyboardInterrupt
        wishes.append(number)
        on_wish()

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield lambda: bool(wishes)
    finally:
        signal.signal(signal.SIGINT, before)
