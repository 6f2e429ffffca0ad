"""One small case for each way that an op can be told to work; sizes are odd on purpose."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import Any, NamedTuple

from archgen.ir import Graph, Node, Op, Shape
from archgen.ops import OPS
from tests.reference_activations import ACTIVATIONS

MAP, LARGE = (7, 6, 4), (8, 9, 4)
BOTH = (MAP, LARGE)
# Keras subtracts the sum of all partial sums where arXiv:1602.02068, algorithm 1, wants the last.
WRONG_IN_KERAS = ("sparsemax",)
LEFT_OUT = ("_initializer", "_regularizer")  # they change training, not the answer


class Case(NamedTuple):
    """An op's fields as a spec says them, and the shapes that enter."""

    kind: str
    fields: Mapping[str, Any]
    shapes: Sequence[Shape] = (MAP,)

    def __str__(self) -> str:
        fields = ",".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.kind}({fields}) on {' '.join(map(str, self.shapes))}".replace(" ", "")

    def op(self) -> Op:
        return OPS[self.kind].model_validate(self.fields)

    def graph(self) -> Graph:
        """Return a graph of this op alone, called ``node``."""
        op, shapes = self.op(), tuple(self.shapes)
        inputs = {f"input_{index}": shape for index, shape in enumerate(shapes)}
        node = Node("node", op, tuple(inputs), op.infer(shapes))
        return Graph("case", (node,), inputs, {"node": "node"})


def _each(kind: str, shapes: Sequence[Shape], *fields: Mapping[str, Any]) -> Iterator[Case]:
    for shape, own in product(shapes, fields):
        yield Case(kind, own, (shape,))


# ── convolutions ──────────────────────────────────────────────────────────────────────────────────

SIDES = (0, 1, [0, 2], [1, [2, 0]], [[0, 1], [1, 0]], [[1, 0], [0, 3]], [[5, 2], [0, 0]])


def _convs() -> Iterator[Case]:
    for kernel, strides, padding in product(
        (3, [2, 3], [1, 4]), (1, 2, [3, 1]), ("same", "valid", [[0, 1], [2, 0]])
    ):
        fields = {"filters": 3, "kernel_size": kernel, "strides": strides, "padding": padding}
        yield from _each("conv", BOTH, fields)
    base = {"filters": 4, "kernel_size": 3}
    yield from _each("conv", BOTH, *({**base, "padding": sides} for sides in SIDES))
    for dilation, padding in product((2, [1, 2], [2, 1]), ("same", "valid", [[0, 1], [2, 0]])):
        yield from _each("conv", BOTH, {**base, "dilation_rate": dilation, "padding": padding})
    for groups, strides in product((2, 4), (1, 2)):
        fields = {**base, "filters": 8, "groups": groups, "strides": strides}
        yield from _each("conv", (MAP,), fields, {**fields, "padding": "same"})
    others: tuple[dict[str, Any], ...] = (
        {"filters": 5, "kernel_size": 1},
        {"filters": 5, "kernel_size": 1, "strides": 2},
        {"filters": 2, "kernel_size": [7, 6]},
        {"filters": 2, "kernel_size": 11, "padding": "same"},
        {"filters": 2, "kernel_size": 2, "strides": 3},
        {**base, "use_bias": False},
        {**base, "use_bias": False, "padding": 1, "groups": 2},
        {**base, "fixed": True},
    )
    yield from _each("conv", (MAP,), *others)


def _by_channel(kind: str, own: Mapping[str, Any]) -> Iterator[Case]:
    """Vary what convolutions of each channel by itself share."""
    for kernel, strides, padding in product((3, [2, 3], [1, 4]), (1, 2, 3), ("same", "valid", 1)):
        fields = {**own, "kernel_size": kernel, "strides": strides, "padding": padding}
        yield from _each(kind, BOTH, fields)
    base = {**own, "kernel_size": 3}
    for dilation, padding in product((2, [1, 2]), ("same", "valid", [[0, 1], [2, 0]])):
        yield from _each(kind, BOTH, {**base, "dilation_rate": dilation, "padding": padding})
    yield from _each(kind, (MAP,), {**base, "depth_multiplier": 3}, {**base, "use_bias": False})
    yield from _each(kind, (MAP,), {**own, "kernel_size": 1, "depth_multiplier": 2, "strides": 2})


def _separable() -> Iterator[Case]:
    yield from _by_channel("separable_conv", {"filters": 3})
    yield Case("separable_conv", {"filters": 2, "kernel_size": 2, "fixed": True})


def _transposed() -> Iterator[Case]:
    base: dict[str, Any] = {"filters": 3, "kernel_size": 3}
    small = (4, 3, 2)
    for kernel, strides, padding in product(
        (1, 3, [2, 5], 4), (1, 2, [3, 1], [1, 4]), ("same", "valid")
    ):
        fields = {"filters": 3, "kernel_size": kernel, "strides": strides, "padding": padding}
        yield from _each("conv_transpose", (small, (1, 2, 3)), fields)
    for kernel, strides, padding, more in product(
        (1, 2, 3, 4), (2, 3), ("same", "valid"), ([0, 1], 1)
    ):
        if kernel % 2 or padding == "valid" or more == 1:
            own = {"kernel_size": kernel, "strides": strides, "output_padding": more}
            yield from _each("conv_transpose", (small,), {**base, **own, "padding": padding})
    for dilation, padding in product((2, [1, 3]), ("same", "valid")):
        fields = {**base, "dilation_rate": dilation, "padding": padding}
        yield from _each("conv_transpose", (small,), fields, {**fields, "output_padding": 0})
    yield from _each(
        "conv_transpose", (small,), {**base, "filters": 5, "use_bias": False, "fixed": True}
    )


# ── pools ─────────────────────────────────────────────────────────────────────────────────────────

# Window and step: by default, overlapping, apart, uneven; on 7×6 and 8×9 they end before, on and
# behind the border, so that `ceil_mode` adds a window here and none there.
WINDOWS: tuple[tuple[Any, Any], ...] = (
    (2, None), (3, None), (3, 1), (3, 2), ([2, 3], [3, 2]), (2, 3), ([3, 4], [2, 3]),
)  # fmt: skip
PADDINGS = ("same", "valid", 0, 1, [[0, 1], [1, 0]], [[1, 0], [0, 1]], [[1, 1], [0, 1]])


def _pools(kind: str, shape: Shape, *flags: str) -> Iterator[Case]:
    """Combine windows, paddings and flags, without what the op calls a contradiction."""
    for (pool, strides), padding in product(WINDOWS, PADDINGS):
        for states in product((False, True), repeat=len(flags)):
            fields = dict(zip(flags, states, strict=True))
            nothing_to_count = fields.get("count_padding") and padding == "valid"
            if not (fields["ceil_mode"] and padding == "same") and not nothing_to_count:
                window = {"pool_size": pool, "strides": strides, "padding": padding}
                yield Case(kind, {**window, **fields}, (shape,))


def _deep_padding(kind: str, *flags: Mapping[str, bool]) -> Iterator[Case]:
    """Pad as far as a window of the map allows, so that `ceil_mode` meets padding behind."""
    for strides, padding, own in product((1, 3, 5), ([[2, 1], [0, 2]], [[0, 2], [2, 2]]), flags):
        fields = {"pool_size": 3, "strides": strides, "padding": padding, **own}
        yield from _each(kind, BOTH, fields)


def _little(kind: str, *flags: Mapping[str, bool]) -> Iterator[Case]:
    """Lay windows that are larger than the map, which only `ceil_mode` allows."""
    for padding, own in product(("valid", [[0, 1], [0, 0]], [[1, 0], [0, 1]]), flags):
        if not (own.get("count_padding") and padding == "valid"):
            fields = {"pool_size": [4, 5], "strides": [3, 2], "padding": padding, **own}
            yield Case(kind, fields, ((2, 4, 4),))


CEIL, COUNT = {"ceil_mode": True}, {"count_padding": True}


def _all_pools() -> Iterator[Case]:
    for shape in BOTH:
        yield from _pools("max_pool", shape, "ceil_mode")
        yield from _pools("avg_pool", shape, "ceil_mode", "count_padding")
    yield from _deep_padding("max_pool", {}, CEIL)
    yield from _deep_padding("avg_pool", {}, CEIL, COUNT, {**CEIL, **COUNT})
    yield from _little("max_pool", CEIL)
    yield from _little("avg_pool", CEIL, {**CEIL, **COUNT})
    for kind in ("global_avg_pool", "global_max_pool"):
        yield from _each(kind, BOTH, {}, {"keepdims": True})


# ── the rest ──────────────────────────────────────────────────────────────────────────────────────


def _arranged() -> Iterator[Case]:
    for sides in SIDES:
        yield from _each("zero_pad", BOTH, {"padding": sides})
    for sides in (0, 1, [0, 2], [2, 1], [[0, 1], [3, 0]], [[5, 1], [0, 5]]):
        yield from _each("crop", BOTH, {"cropping": sides})
    for dims in permutations((1, 2, 3)):
        yield from _each("permute", (MAP,), {"dims": list(dims)})
    yield from _each("permute", ((9,),), {"dims": [1]})
    for target in ([168], [-1], [42, 4], [-1, 6, 7], [2, 3, -1, 2], [7, 6, 4], [8, 21, 1]):
        yield from _each("reshape", (MAP,), {"target_shape": target})
    yield from _each("reshape", ((12,),), {"target_shape": [2, 3, 2]}, {"target_shape": [12]})


INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def _resampled() -> Iterator[Case]:
    for way, size in product(INTERPOLATIONS, (2, 1, [4, 2])):
        yield from _each("up_sample", (MAP,), {"interpolation": way, "size": size})
    yield from _each("up_sample", BOTH, {"size": [3, 5]}, {"size": 3, "interpolation": "bilinear"})
    # TensorFlow takes bicubic weights from a table of 1,024 steps, which these sizes hit.
    for way, size in product(INTERPOLATIONS, ([4, 8], [16, 4], [8, 2], [1, 1])):
        fields = {"interpolation": way, "height": size[0], "width": size[1]}
        yield from _each("resize", ((8, 4, 3), MAP), fields)
    for way, size in product(INTERPOLATIONS, ([3, 5], [11, 2], [7, 13], [7, 6])):
        fields = {"interpolation": way, "height": size[0], "width": size[1]}
        if way != "bicubic":
            yield from _each("resize", BOTH, fields)
        if way != "nearest":
            yield from _each("resize", BOTH, {**fields, "antialias": True})


def _normed() -> Iterator[Case]:
    for center, scale in product((False, True), repeat=2):
        flags = {"center": center, "scale": scale}
        yield from _each("layer_norm", (MAP, (9,)), flags, {**flags, "epsilon": 0.5})
    for size in (1, 2, 3, 4, 5, 12):
        strong = {"size": size, "alpha": 2.5, "beta": 0.5, "k": 2}
        yield from _each("local_response_norm", (MAP, (3, 2, 7)), {"size": size}, strong)
    yield from _each("local_response_norm", (MAP,), {"size": 3, "alpha": 0, "beta": -1, "k": 0.5})


def _others() -> Iterator[Case]:
    for center, scale in product((False, True), repeat=2):
        flags = {"center": center, "scale": scale}
        yield from _each("batch_norm", (MAP, (9,)), flags, {**flags, "epsilon": 0.5})
    yield Case("batch_norm", {"momentum": 0.25})
    bare = {"units": 5, "use_bias": False}
    yield from _each("dense", ((9,), MAP), {"units": 5}, bare, {"units": 7, "activation": "relu"})
    yield from _each("dense", ((9,), MAP), {"units": 3, "activation": "softmax"})
    yield from _each("flatten", ((9,), *BOTH), {})
    named = ({"activation": name} for name in ACTIVATIONS if name not in WRONG_IN_KERAS)
    yield from _each("activation", ((9,), MAP), *named)
    yield from _each("dropout", (MAP, (9,)), {"rate": 0.0}, {"rate": 0.5})
    for noise in ([None, 1, 1, 4], [1, 7, None, 1]):
        yield from _each("dropout", (MAP,), {"rate": 0.5, "noise_shape": noise})
    yield from _each("dropout", ((9,),), {"rate": 0.5, "noise_shape": [None, 1]})
    yield from _each("rescale", (MAP, (9,)), {"scale": 0.5}, {"scale": -2, "offset": 1.5})


def _joins() -> Iterator[Case]:
    dot, one, two = (1, 1, 4), MAP, (7, 6, 3)
    yield Case("concat", {}, (one, two))
    yield Case("concat", {}, (two, one, (7, 6, 1)))
    yield Case("concat", {}, ((9,), (4,)))
    for kind in ("add", "multiply", "average", "maximum", "minimum"):
        for shapes in ((one, one), (one, dot), (dot, one, one), (dot, dot), ((9,), (9,), (9,))):
            yield Case(kind, {}, shapes)


def cases() -> list[Case]:
    convs = [*_convs(), *_by_channel("depthwise_conv", {}), *_separable(), *_transposed()]
    maps = [*_all_pools(), *_arranged(), *_resampled(), *_normed()]
    return [*convs, *maps, *_others(), *_joins()]


def varied(kind: str) -> Mapping[str, set[str]]:
    """Return the values that each field of an op takes in the cases, as text."""
    values: dict[str, set[str]] = {}
    for case in cases():
        if case.kind == kind:
            for name, value in case.op().__dict__.items():
                values.setdefault(name, set()).add(repr(value))
    return {name: found for name, found in values.items() if not name.endswith(LEFT_OUT)}
