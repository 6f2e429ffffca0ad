"""Random networks take exactly the inputs that are claimed, and every op takes its axes apart."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from archgen.ir import Op, Refusal, Shape
from archgen.runs import HEIGHT, WIDTH, along
from tests.keras_layer.cases import Case, cases
from tests.sizing import (
    FLATTEN,
    HEAD,
    SE,
    SIDES,
    Asked,
    Entry,
    assert_exact,
    called,
    chance,
    conv,
    fork,
    net,
    pool,
)


class Random:
    """Draws networks of windows, joins and squeezes; some work nowhere."""

    def __init__(self, seed: int) -> None:
        self.chance = chance(seed)

    def spec(self) -> dict[str, Any]:
        shape = (self.chance.randint(1, 60), self.chance.randint(1, 60), 4)
        return net(*self.chain(depth=2, most=3), *self.end(), shape=shape)

    def chain(self, depth: int, most: int, least: int = 1) -> list[Entry]:
        return called(self.entry(depth) for _ in range(self.chance.randint(least, most)))

    def entry(self, depth: int) -> Entry:
        kinds = [self.conv, self.conv, self.pool, self.pool, self.reduction, self.squeeze]
        if depth and self.chance.random() < 0.25:
            join = self.chance.choice(["concat", "add", "multiply"])
            return fork(join, self.chain(depth - 1, 2, least=0), self.chain(depth - 1, 2))
        return self.chance.choice(kinds)()

    def squeeze(self) -> Entry:
        return SE

    def reduction(self) -> Entry:
        return fork("concat", [self.conv()], [self.pool()])

    def conv(self) -> Entry:
        more = {"dilation_rate": 2} if self.chance.random() < 0.2 else {"strides": self.pair(3)}
        if self.chance.random() < 0.05:
            more = {"strides": 50}
        return conv(self.pair(5), padding=self.padding(), **more)

    def pool(self) -> Entry:
        size = self.pair(4)
        small = min(size if isinstance(size, list) else [size])
        padding = self.padding() if small > 2 else "valid"
        ceil = padding != "same" and self.chance.random() < 0.4
        kind = self.chance.choice(["max_pool", "avg_pool"])
        return pool(size, kind, padding=padding, strides=self.pair(3), ceil_mode=ceil)

    def pair(self, most: int) -> int | list[int]:
        sides = [self.chance.randint(1, most), self.chance.randint(1, most)]
        return sides if self.chance.random() < 0.3 else sides[0]

    def padding(self) -> Any:
        return self.chance.choice(["same", "valid", "valid", 1, [0, 1], [[0, 1], [1, 0]]])

    def end(self) -> list[Entry]:
        both_ways = fork("concat", [FLATTEN], [{"op": "global_max_pool"}])
        return self.chance.choice([HEAD, [FLATTEN], [both_ways], []])


def examine(seed: int, most: int) -> tuple[bool, bool, bool]:
    """Compare one random network; say whether it is free, works, and has a period."""
    drawn, asked = chance(seed), Asked(Random(seed).spec())
    sizes = asked.sizes()
    far = [(drawn.choice(SIDES), drawn.choice(SIDES)) for _ in range(40)]
    sides = range(1, most + 1) if sizes.is_free else ()
    assert_exact(asked, sizes, [*product(sides, sides), *far, *((n, n) for n in SIDES[:60])])
    return sizes.is_free, bool(sizes), sizes.squares.period is not None


def examined(seeds: range, most: int) -> list[tuple[bool, bool, bool]]:
    found = [examine(seed, most) for seed in seeds]
    assert {free for free, _, _ in found} == {works for _, works, _ in found} == {True, False}
    return found


def test_random_networks_take_exactly_what_is_claimed() -> None:
    examined(range(15, 35), 8)


@pytest.mark.full
def test_many_random_networks_take_exactly_what_is_claimed() -> None:
    found = examined(range(1000, 1400), 20)
    assert sum(has_period for _, _, has_period in found) > 2


# ── the ops' part of it ───────────────────────────────────────────────────────────────────────────

SEPARABLE = [case for case in cases() if case.op().is_separable and len(case.shapes) == 1]


@pytest.mark.parametrize("case", [case for case in SEPARABLE if len(case.shapes[0]) == 3], ids=str)
def test_an_op_takes_height_and_width_apart(case: Case) -> None:
    """A new op for which this is not so says that it is not separable."""
    op, channels = case.op(), case.shapes[0][2]

    def inferred(infer: Callable[[Op, tuple[Shape, ...]], Shape | None], *shape: int) -> Any:
        return infer(op, ((*shape, channels),))

    def whole(op: Op, shapes: tuple[Shape, ...]) -> Shape | None:
        try:
            return op.infer(shapes)
        except Refusal:
            return None

    for height, width in product([1, 2, 3, 4, 5, 6, 7, 8, 13], repeat=2):
        shape = inferred(whole, height, width)
        high = inferred(along(HEIGHT), height, 2**31 - 1)
        wide = inferred(along(WIDTH), 2**31 - 1, width)
        if shape is None or len(shape) < 3:
            assert (shape is None) == (high is None or wide is None)
        else:
            assert shape == (high[0], wide[1], high[2])
