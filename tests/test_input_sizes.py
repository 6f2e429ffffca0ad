"""Which inputs work: held to expanding the spec at each size, one by one."""

from collections.abc import Callable, Mapping
from itertools import pairwise, product
from typing import Any, ClassVar, NamedTuple

import pytest

import archgen
from archgen.input_sizes import quick_sizes
from archgen.intervals import Intervals
from archgen.ir import Op, Refusal, Shape
from archgen.ops import OPS
from archgen.runs import HEIGHT, WIDTH, along
from tests.keras_layer.cases import Case, cases
from tests.sizing import (
    FLATTEN,
    GLOBAL_POOL,
    HEAD,
    SE,
    SIDES,
    SQUEEZED,
    TWICE,
    Asked,
    Entry,
    assert_exact,
    both,
    caffe,
    called,
    chance,
    conv,
    counted,
    edges,
    fork,
    net,
    pool,
)

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
    ends, others = edges(sizes.heights), chance(0).sample(SIDES, 6)
    assert_exact(asked, sizes, [*product(ends, ends), *pairwise(others)])


@pytest.mark.full
@pytest.mark.parametrize("shipped", SHIPPED, ids=str)
def test_a_shipped_spec_takes_these_of_the_sizes_to_400(shipped: Shipped) -> None:
    asked = Asked(shipped.name, **shipped.parameters)
    sides = range(1, 401)
    others = [(one, chance(one).choice(sides)) for one in sides]
    assert_exact(asked, asked.sizes(), [*zip(sides, sides, strict=True), *others])


# ── networks made for the purpose ─────────────────────────────────────────────────────────────────


class Twice(Op):
    """Each position twice on both axes."""

    kind: ClassVar[str] = "twice"
    keras: ClassVar[str] = "layers.UpSampling2D"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (2 * inputs[0][0], 2 * inputs[0][1], inputs[0][2])


class Fold(Op):
    """As many columns as a map has rows, and whatever fits beside them."""

    kind: ClassVar[str] = "fold"
    keras: ClassVar[str] = "layers.Reshape"
    is_separable: ClassVar[bool] = False

    rows: int

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        scalars = inputs[0][0] * inputs[0][1]
        if scalars % self.rows:
            raise Refusal("E330", f"{scalars} do not fold into {self.rows} rows")
        return (self.rows, scalars // self.rows, inputs[0][2])


class Exactly(Op):
    """A map of one size only."""

    kind: ClassVar[str] = "exactly"
    keras: ClassVar[str] = "layers.Identity"

    height: int
    width: int

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if inputs[0][:2] != (self.height, self.width):
            raise Refusal("E330", "another size")
        return inputs[0]


@pytest.fixture
def further_ops(monkeypatch: pytest.MonkeyPatch) -> None:
    for op in (Twice, Fold, Exactly):
        monkeypatch.setitem(OPS, op.kind, op)


def hourglass(depth: int, join: str) -> Entry:
    """Return an encoder and decoder with a shortcut at each of its resolutions."""
    inner = [hourglass(depth - 1, join)] if depth > 1 else []
    return fork(join, [], [pool(2), conv(padding="same"), *inner, conv(padding="same"), TWICE])


MADE = {
    "a window": (net(conv(3), *HEAD), both("from 3")),
    "a window of two sides": (
        net(conv([3, 5]), *HEAD),
        "heights from 3, widths from 5, checked to 1,024",
    ),
    # (n − 1) // 2 + 1 beside ⌈(n − 3) / 2⌉ + 1: equal where n is even.
    "padded beside ceiled": (net(caffe(), *HEAD), both("in multiples of 2")),
    "three of them": (net(caffe(), caffe(), caffe(), *HEAD), both("in multiples of 8")),
    "ceiled beside floored": (
        net(
            pool(3, strides=2, padding=1),
            fork("concat", [conv(1, strides=2)], [pool(2, strides=2)]),
        ),
        both("n with n mod 4 = 0 or 3"),
    ),
    "odd heights": (
        net(fork("concat", [pool([3, 1], strides=[2, 1])], [pool([2, 1], strides=[2, 1])])),
        "heights n with n mod 2 = 1 from 3, widths of any size, checked to 1,024",
    ),
    "a shortcut around an hourglass": (net(hourglass(1, "concat")), both("in multiples of 2")),
    "shortcuts on four levels": (net(hourglass(4, "concat")), both("in multiples of 16")),
    "sums on two levels": (net(hourglass(2, "add")), both("in multiples of 4")),
    "squeeze and excitation": (net(conv(3), SE, conv(5), SE, *HEAD), both("from 7")),
    # The sum of a map and what a 3×3 window leaves of it: the one size at which that is 1×1.
    "a forgotten padding": (net(fork("add", [conv(3)], [])), both("3")),
    "a forgotten padding seen later": (
        net(fork("add", [conv(3)], []), conv(4)),
        "no input up to 1,024",
    ),
    "a sum that spreads a row": (
        net(fork("add", [conv([1, 3])], [])),
        "heights 1, widths 3, checked to 1,024",
    ),
    # 1×1 from 7 to 10, beside 3 or 4.
    "a sum of a pool": (net(fork("add", [pool(7, strides=4)], [pool(3, strides=2)])), both("7…10")),
    "a 1×1 map beside one that is so once": (
        net(fork("concat", [SQUEEZED], [conv(20)])),
        both("20"),
    ),
    # 1×1 or spread everywhere, but at too many sizes to try each.
    "spread up to a size": (
        net(conv(1, strides=600), fork("add", [], [conv(1, strides=3)])),
        (
            "squares of any size; at width 32 heights of any size;"
            " at height 32 widths of any size, checked to 1,024"
        ),
    ),
    "features of a map": (net(FLATTEN, {"op": "dense", "units": 3}), both("of any size")),
    "features side by side": (net(fork("concat", [FLATTEN], [conv(3), FLATTEN])), both("from 3")),
    "features that differ": (
        net(fork("add", [FLATTEN], [conv(3, padding=[[1, 0], [0, 1]]), FLATTEN])),
        "no square up to 1,024, and no side beside those of 32×32",
    ),
    "features that agree once": (
        net(fork("add", [FLATTEN], [GLOBAL_POOL]), shape=(1, 1, 4)),
        "squares 1; at width 1 heights 1; at height 1 widths 1, checked to 1,024",
    ),
    "groups": (net(conv(3, filters=8, groups=8)), "no input up to 1,024"),
    "a window on features": (net(FLATTEN, conv(3)), "no input up to 1,024"),
    "a window larger than all": (net(pool(2000)), "no input up to 1,024"),
    "a window larger than all but padded": (
        net(conv(2000, padding=[[0, 1000], [600, 600]])),
        "heights from 1000, widths from 800, checked to 1,024",
    ),
    "rows beyond all": (
        net(conv(1, padding=[[2**31 - 40, 0], [0, 0]], strides=[2**10, 1])),
        both("of any size"),
    ),
    "more rows than a tensor holds": (
        net(conv(1, padding=[[2**31 - 40, 0], [0, 0]])),
        "heights 1…39, widths of any size, checked to 1,024",
    ),
    # 600 · 900 · 4,000 is more than a tensor holds on one axis, 600 · 600 · 4,000 is not.
    "more than a tensor holds": (
        net(FLATTEN, shape=(600, 600, 4000)),
        "squares 1…732; at width 600 heights 1…894; at height 600 widths 1…894, checked to 1,024",
    ),
    "a map folded": (
        net({"op": "fold", "rows": 6}, pool(6), shape=(9, 4, 1)),
        (
            "squares in multiples of 6; at width 4 heights in multiples of 3 from 9;"
            " at height 9 widths in multiples of 2 from 4, checked to 1,024"
        ),
    ),
    "a map unrolled": (
        net({"op": "fold", "rows": 1}, pool([1, 6]), shape=(9, 4, 1)),
        (
            "squares from 3; at width 4 heights from 2;"
            " at height 9 widths of any size, checked to 1,024"
        ),
    ),
    "a map of one size": (
        net(pool(2), {"op": "exactly", "height": 7, "width": 5}, shape=(20, 11, 1)),
        (
            "squares of no size; at width 11 heights 14…15; at height 15 widths 10…11,"
            " checked to 1,024"
        ),
    ),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.usefixtures("further_ops")
def test_a_network_takes_exactly_what_is_claimed(name: str) -> None:
    spec, text = MADE[name]
    asked = Asked(spec)
    sizes = asked.sizes()
    assert sizes.text() == text
    ends = {*edges(sizes.heights)[:8], *edges(sizes.squares)[-6:]}
    assert_exact(asked, sizes, product(ends, ends))
    low = list(product(range(1, 13), range(1, 13)))
    drawn = chance(0)
    far = [(drawn.choice(SIDES), drawn.choice(SIDES)) for _ in low]
    assert_exact(asked, sizes, [*low, *far])


def test_a_head_counts_where_it_is_built() -> None:
    head = {"from": "e0", "when": "$aux", "layers": [pool(9), FLATTEN]}
    spec = net(conv(3), *HEAD, heads={"aux": head}, parameters={"aux": False})
    assert archgen.sizes(spec).text() == both("from 3")
    assert archgen.sizes(spec, aux=True).text() == both("from 11")


def test_what_counts_a_flattened_map_is_tried_at_each_size() -> None:
    """Of h · w · 3 features a quarter is whole where h or w is even enough, or there are few."""
    spec = counted(net(conv(3, filters=3, padding="same"), FLATTEN, shape=(12, 12, 1)))
    sizes = archgen.sizes(spec)
    fine = {n for n in SIDES if n * n * 3 <= 100 or n % 2 == 0}
    assert sizes.squares == Intervals.of(fine)
    assert sizes.heights == sizes.widths == Intervals.of(SIDES)
    assert (sizes.held, sizes.is_free) == ((12, 12), False)
    assert quick_sizes(archgen.load(spec), {}, None) is None, "that takes too long for a table"


def test_what_counts_pooled_features_is_not() -> None:
    sizes = archgen.sizes(counted(net(conv(3, filters=128), GLOBAL_POOL)))
    assert sizes.text() == both("from 3")
    assert sizes.is_free


def test_the_channels_of_the_input_given_are_those_that_count() -> None:
    spec = net(conv(3, filters=6, groups=3), *HEAD)
    assert archgen.sizes(spec).text() == "no input up to 1,024"
    assert archgen.sizes(spec, (1, 1, 3)).text() == both("from 3")


# ── random networks ───────────────────────────────────────────────────────────────────────────────


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
