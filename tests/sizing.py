"""Small networks as dicts, and their sizes asked for one by one."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import archgen
from archgen.diagnostics import Faults
from archgen.input_sizes import Sizes
from archgen.intervals import LIMIT, Intervals
from archgen.ir import Pair, Shape
from archgen.resolve import resolve

SIDES = range(1, LIMIT + 1)
Entry = dict[str, Any]


def net(*layers: Entry, shape: Shape = (32, 32, 4), **keys: Any) -> dict[str, Any]:
    """Return a spec; entries without a name are called by their place."""
    head = {"archgen": 1, "name": "net", "input": {"shape": list(shape)}}
    return {**head, "layers": called(layers), **keys}


def called(layers: Iterable[Entry]) -> list[Entry]:
    return [{"name": f"e{place}", **entry} for place, entry in enumerate(layers)]


def conv(kernel: Any = 3, **fields: Any) -> Entry:
    return {"op": "conv", "filters": 4, "kernel_size": kernel, **fields}


def pool(size: Any = 2, kind: str = "max_pool", **fields: Any) -> Entry:
    return {"op": kind, "pool_size": size, **fields}


def fork(join: str, *branches: Iterable[Entry]) -> Entry:
    return {"join": join, "branches": {f"b{i}": called(each) for i, each in enumerate(branches)}}


GLOBAL_POOL, FLATTEN = {"op": "global_avg_pool"}, {"op": "flatten"}
SQUEEZED = {"op": "global_avg_pool", "keepdims": True}


class Asked:
    """Expands one spec at any size."""

    def __init__(self, spec: Any, **parameters: Any) -> None:
        self.spec = archgen.load(spec)
        self.parameters = parameters
        self.channels = int(self.spec.input.shape[2])  # type: ignore[arg-type]

    def __call__(self, height: int, width: int) -> bool:
        shape = (height, width, self.channels)
        faults = Faults()
        graph = resolve(self.spec, faults, self.parameters, shape)
        assert {fault.code[:2] for fault in faults.listed()} <= {"E3"}
        return graph is not None

    def sizes(self) -> Sizes:
        return archgen.sizes(self.spec, **self.parameters)


def assert_exact(works: Callable[[int, int], bool], sizes: Sizes, pairs: Iterable[Pair]) -> None:
    """Compare every claim on some pairs, and on their sides, with what works there."""
    for one, two in pairs:
        assert works(one, one) == (one in sizes.squares), (one, one)
        if sizes.is_free:
            assert works(one, two) == (one in sizes.heights and two in sizes.widths), (one, two)
        else:
            assert sizes.held is not None
            height, width = sizes.held
            assert works(one, width) == (one in sizes.heights), (one, width)
            assert works(height, two) == (two in sizes.widths), (height, two)


def edges(intervals: Intervals) -> list[int]:
    """Return the ends of intervals and their neighbours: of the first two and the last one."""
    pairs = {*intervals.pairs[:2], *intervals.pairs[-1:]}
    ends = {end + step for pair in pairs for end in pair for step in (-1, 0, 1)}
    return sorted(ends & set(SIDES))


HEAD: list[Entry] = [GLOBAL_POOL, {"op": "dense", "units": 3}]
SE = fork("multiply", [SQUEEZED, conv(1)], [])
TWICE = {"op": "twice"}


def caffe() -> Entry:
    """Return a reduction as Caffe's networks have it: a padded convolution beside a ceiled pool."""
    return fork("concat", [conv(strides=2, padding=1)], [pool(3, strides=2, ceil_mode=True)])


def both(words: str) -> str:
    return f"heights and widths {words}, checked to 1,024"


def counted(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec that ends in a module of a quarter of its features, if that is a number."""
    dense = {"op": "dense", "units": "${channels / 4}", "when": "${channels > 100}"}
    modules = {"quarter": {"layers": [dense, {"op": "dense", "units": 2}]}}
    return {**spec, "layers": [*spec["layers"], {"use": "quarter"}], "modules": modules}


def chance(seed: int) -> random.Random:
    """Return what draws the same each time."""
    return random.Random(seed)
