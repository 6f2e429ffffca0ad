"""Which inputs work: held to expanding the spec at each size, one by one."""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise, product
from typing import Any, ClassVar, NamedTuple

import pytest

import archgen
from archgen.diagnostics import Faults, fault_record, render_fault
from archgen.input_sizes import MODERATE, Sizes, quick_sizes
from archgen.intervals import LIMIT, Intervals
from archgen.ir import Op, Pair, Refusal, Shape
from archgen.ops import OPS
from archgen.resolve import resolve
from archgen.runs import HEIGHT, WIDTH, along
from tests.keras_layer.cases import Case, cases

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
        self.channels = archgen.load(spec).input.raw["shape"][2]  # type: ignore[index, call-overload]

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
    """Return the ends of the intervals and their neighbours, as far as they are sizes."""
    ends = {end + step for pair in intervals.pairs for end in pair for step in (-1, 0, 1)}
    return sorted(ends & set(SIDES))


# ── the shipped specs ─────────────────────────────────────────────────────────────────────────────


class Shipped(NamedTuple):
    """A shipped spec, some parameters, and what is claimed of it."""

    name: str
    parameters: Mapping[str, Any]
    text: str

    def __str__(self) -> str:
        return "-".join([self.name, *self.parameters])


ANY, FROM_75, FROM_299 = "of any size", "from 75", "from 299"
SAME = {"padding": "same"}
SHIPPED = [
    Shipped("inception_v4", {}, FROM_75),
    Shipped("inception_v4", {"aux": True}, FROM_299),
    Shipped("inception_v4", {"aux": True, "aux_kernel": 1}, "from 107"),
    Shipped("inception_v4", SAME, ANY),
    Shipped("inception_v4", {**SAME, "aux": True}, "from 257"),
    Shipped("inception_v4_paper", {}, FROM_75),
    # The border that an 8×8 pool leaves over is legal, and so is a larger dense layer behind it.
    Shipped("inception_v4_paper", {"fixed_pool": True}, FROM_299),
    Shipped("inception_v4_paper", {"fixed_pool": True, **SAME}, "from 225"),
    Shipped("inception_v4_mnist", {}, ANY),
    Shipped("inception_v4_mnist", {"aux": True, "aux_kernel": 1}, "from 17"),
    Shipped("inception_v4_mnist", {"padding": "valid"}, "from 27"),
    Shipped("inception_v4_mnist_tiny", {}, ANY),
    Shipped("inception_v4_cifar", {}, ANY),
]


def test_every_shipped_spec_is_among_them() -> None:
    assert {shipped.name for shipped in SHIPPED} == set(archgen.names())


@pytest.mark.parametrize("shipped", SHIPPED, ids=str)
def test_a_shipped_spec_takes_these_sizes(shipped: Shipped) -> None:
    asked = Asked(shipped.name, **shipped.parameters)
    sizes = asked.sizes()
    assert sizes.text() == f"heights and widths {shipped.text}, checked to 1,024"
    ends, others = edges(sizes.heights), random.Random(0).sample(SIDES, 6)
    assert_exact(asked, sizes, [*product(ends, ends), *pairwise(others)])


@pytest.mark.full
@pytest.mark.parametrize("shipped", SHIPPED, ids=str)
def test_a_shipped_spec_takes_these_of_the_sizes_to_400(shipped: Shipped) -> None:
    asked = Asked(shipped.name, **shipped.parameters)
    sides = range(1, 401)
    others = [(one, random.Random(one).choice(sides)) for one in sides]
    assert_exact(asked, asked.sizes(), [*zip(sides, sides, strict=True), *others])
