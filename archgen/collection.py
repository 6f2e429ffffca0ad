"""Python's search for reference cycles, paused; imports nothing of archgen."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Run a block, or a function that this decorates, without that search.

    It takes a fifth to a third of a check, which makes what is bounded by the limits and nearly all
    kept until its end; and a quarter of the export of a small model, beside the model itself.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
