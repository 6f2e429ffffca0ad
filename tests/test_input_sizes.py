"""Which inputs work: held to asking for the graph at each size, one by one."""

import random
from collections.abc import Iterator, Mapping
from itertools import chain, product
from typing import Any, NamedTuple

import pytest

import archgen
from archgen.input_sizes import Sizes
from archgen.intervals import LIMIT, Intervals
from archgen.ir import Pair

Spec = dict[str, Any]


def works(spec: Any, height: int, width: int, channels: int = 3, **parameters: Any) -> bool:
    """Ask for the graph at one size."""
    try:
        archgen.graph(spec, (height, width, channels), **parameters)
    except archgen.SpecError as error:
        assert {fault.code[:2] for fault in error.faults} == {"E3"}
        return False
    return True
