"""Python's search for reference cycles, paused; imports nothing of archgen."""

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def uncollected(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a function run without that search, which takes a fifth to a third of a check.

    What a check makes is bounded by the limits, and nearly all of it is kept until its end.
    """

    @wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return run
