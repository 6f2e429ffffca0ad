"""Which inputs work: held to expanding the spec at each size, one by one."""

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Any, ClassVar, NamedTuple

import pytest

import archgen
from archgen.input_sizes import quick_sizes
from archgen.intervals import Intervals
from archgen.ir import Op, Refusal, Shape
from archgen.ops import OPS
from archgen.ops.join import Add
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
    Shipped("googlenet", {}, "from 31"),
    Shipped("googlenet_naive", {}, "from 31"),
    Shipped("googlenet_bn", {}, "from 15"),
    Shipped("googlenet_mnist", {}, ANY),
    # Its reductions pad by one and its pools round up, which meet in every 32nd size or so.
    Shipped("bn_inception", {}, "n with n mod 32 = 0…6 or 31 from 31"),
    Shipped("inception_v2", {}, ANY),
    Shipped("inception_v3", {}, FROM_75),
    Shipped("inception_v3", {"aux": True}, FROM_299),
    Shipped("inception_v3_cifar", {}, ANY),
    Shipped("inception_resnet_v1", {}, FROM_75),
    Shipped("inception_resnet_v1_facenet", {}, FROM_75),
    Shipped("inception_resnet_v2", {}, FROM_75),
    Shipped("inception_resnet_v2_paper", {}, FROM_75),
    Shipped("inception_resnet_v2_cifar", {}, ANY),
    Shipped("lenet5", {}, "from 32"),
    Shipped("vgg16", {}, "from 32"),
    Shipped("resnet50", {}, ANY),
    Shipped("densenet121", {}, "from 29"),
    Shipped("mobilenet_v2", {}, ANY),
    Shipped("xception", {}, "from 7"),
    Shipped("efficientnet_b0", {}, ANY),
    Shipped("efficientnet_b3", {}, ANY),
    Shipped("unet", {}, "n with n mod 16 = 12 from 188"),
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


@pytest.mark.parametrize("name", ["googlenet", "googlenet_naive", "googlenet_bn"])
def test_where_channels_are_flattened_first_three_lines_are_told(name: str) -> None:
    sizes = archgen.sizes(name, aux=True)
    lines = "squares from 79; at width 224 heights from 79; at height 224 widths from 79"
    assert sizes.text() == f"{lines}, checked to 1,024"
    asked = Asked(name, aux=True)
    sides = (78, 79, 80, 224)
    assert_exact(asked, sizes, product(sides, sides))


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
    rows: int

    @property
    def is_separable(self) -> bool:
        return False

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


class NotBothOne(Add):
    """A sum that takes no 1×1 map."""

    kind: ClassVar[str] = "not_both_one"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if any(shape[:2] == (1, 1) for shape in inputs):
            raise Refusal("E320", "a map of 1×1")
        return super().infer(inputs)


@pytest.fixture
def further_ops(monkeypatch: pytest.MonkeyPatch) -> None:
    for op in (Twice, Fold, Exactly, NotBothOne):
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
    "a sum that takes no 1×1 map": (
        net(fork("not_both_one", [conv(1)], [])),
        (
            "squares from 2; at width 32 heights of any size;"
            " at height 32 widths of any size, checked to 1,024"
        ),
    ),
    "more channels than a tensor holds": (
        net(fork("concat", *[[conv(1, filters=2**31 - 1)]] * 2)),
        "no input up to 1,024",
    ),
    "more features than a tensor holds": (
        net(GLOBAL_POOL, fork("concat", *[[{"op": "dense", "units": 2**31 - 1}]] * 2)),
        "no input up to 1,024",
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


@pytest.mark.parametrize("pooled", [[GLOBAL_POOL], [SQUEEZED, FLATTEN]])
def test_what_counts_pooled_features_is_not(pooled: list[Entry]) -> None:
    spec = archgen.load(counted(net(conv(3, filters=128), *pooled)))
    sizes = quick_sizes(spec, {}, None)
    assert sizes is not None
    assert sizes.text() == both("from 3")


def test_a_head_that_counts_a_flattened_map_is_tried_at_each_size() -> None:
    layers = [{"op": "dense", "units": "${channels / 2}"}]
    spec = net(FLATTEN, shape=(4, 4, 1), heads={"half": {"from": "e0", "layers": layers}})
    assert archgen.sizes(spec).squares == Intervals.of(SIDES[1::2])


def test_a_value_that_nothing_uses_at_some_sizes_is_a_fault_there() -> None:
    """Of more than 100 features the second dense layer is built, and the first is for nothing."""
    second = {"op": "dense", "units": 2, "inputs": ["input"], "when": "${channels > 100}"}
    modules = {"m": {"layers": [{"op": "dense", "name": "first", "units": 3}, second]}}
    spec = net(FLATTEN, {"use": "m"}, shape=(4, 4, 1), modules=modules)
    assert archgen.sizes(spec).squares == Intervals(((1, 10),))


def test_the_channels_of_the_input_given_are_those_that_count() -> None:
    spec = net(conv(3, filters=6, groups=3), *HEAD)
    assert archgen.sizes(spec).text() == "no input up to 1,024"
    assert archgen.sizes(spec, (1, 1, 3)).text() == both("from 3")
