"""A small network for each line of the passes' docstrings, and how often the pass fires on it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import archgen
from archgen.ir import Graph, Shape
from archgen.passes import Pass
from archgen.passes.drop_heads import DropHeads
from archgen.passes.drop_no_ops import DropNoOps
from archgen.passes.fold_batch_norm import FoldBatchNorm
from archgen.passes.fold_rescale import FoldRescale
from archgen.passes.move_conv_before_pool import MoveConvBeforePool
from tests.sizing import GLOBAL_POOL, SQUEEZED, Entry, conv, fork, net, pool


class Case(NamedTuple):
    """Layers on a small map; those of ``also`` are outputs, too; without ``heads`` no head is."""

    line: int
    fires: int
    layers: Sequence[Entry]
    shape: Shape = (6, 7, 4)
    also: tuple[str, ...] = ()
    keys: Mapping[str, Any] = {}
    heads: bool = True

    def graph(self) -> Graph:
        graph = archgen.graph(net(*self.layers, shape=self.shape, **self.keys))
        outputs = dict(list(graph.outputs.items())[: None if self.heads else 1])
        return replace(graph, outputs={**outputs, **{name: name for name in self.also}})

    def __str__(self) -> str:
        return f"{self.line}-" + "-".join(entry.get("op", "fork") for entry in self.layers)


def op(kind: str, **fields: Any) -> Entry:
    return {"op": kind, **fields}


def both(first: str, second: str) -> Entry:
    """Return a join of two entries, which reads both."""
    return op("concat", inputs=[first, second])


NORM, RELU = op("batch_norm"), op("activation", activation="relu")
NORMS = [
    op("batch_norm", scale=scale, center=center, epsilon=epsilon)
    for scale, center, epsilon in product((True, False), (True, False), (0.001, 0.5))
]
# Every kind of host, with and without a bias, with what changes the layout of its weights.
HOSTS = [
    conv(padding="same"),
    conv(padding="same", use_bias=False, groups=2, filters=6),
    conv([2, 3], strides=2, padding=[[0, 1], [2, 0]], filters=3),
    op("depthwise_conv", kernel_size=3, depth_multiplier=2),
    op("depthwise_conv", kernel_size=[3, 1], padding="same", use_bias=False),
    op("separable_conv", filters=5, kernel_size=3, depth_multiplier=2, padding=1, use_bias=False),
    op("separable_conv", filters=3, kernel_size=2),
    op("conv_transpose", filters=3, kernel_size=3, strides=2, padding="same"),
    op("conv_transpose", filters=4, kernel_size=2, use_bias=False),
    op("dense", units=5, use_bias=False),
    op("dense", units=4),
]
# Hosts whose windows stay on the map.
UNPADDED = [
    conv(3),
    conv(1, padding="same", use_bias=False),
    conv(2, strides=2, padding="same"),
    conv([3, 2], padding=0, filters=3),
    op("depthwise_conv", kernel_size=3, depth_multiplier=3, use_bias=False),
    op("separable_conv", filters=5, kernel_size=2, depth_multiplier=2, use_bias=False),
    op("separable_conv", filters=3, kernel_size=3),
    op("dense", units=3, activation="softmax"),
    op("dense", units=3, use_bias=False),
]
EVEN = (6, 8, 4)
FEATURES = [GLOBAL_POOL, op("dense", units=6)]


def off(line: int, layers: Sequence[Entry], **also: Any) -> Case:
    """Return a network on which the pass must not fire."""
    return Case(line, 0, layers, **also)


BATCH_NORM = [
    *[Case(1, 1, [host, each, RELU]) for host in HOSTS for each in NORMS],
    Case(1, 1, [*FEATURES, NORM]),
    Case(1, 1, [conv(), NORM], also=("e1",)),
    Case(1, 2, [conv(), NORM, NORMS[-1], RELU]),
    *[Case(2, 1, [each, host], EVEN) for host in UNPADDED for each in (NORM, NORMS[-1])],
    Case(2, 1, [RELU, NORM, conv(), RELU]),
    Case(2, 2, [NORM, NORMS[-1], conv()]),
    Case(2, 1, [GLOBAL_POOL, NORM, op("dense", units=3)]),
    off(3, [conv(padding="same"), NORM, both("e0", "e1")]),
    off(3, [conv(), NORM, RELU], also=("e0",)),
    Case(3, 1, [conv(padding="same"), NORM, NORM, both("e1", "e2")]),
    Case(3, 1, [conv(), NORM, NORM, RELU], also=("e1",)),
    off(4, [conv(), RELU, NORM]),
    off(4, [*FEATURES[:1], op("dense", units=6, activation="tanh"), NORM]),
    off(5, [NORM, conv(padding="same")]),
    off(5, [NORM, conv(1, padding=1)]),
    off(5, [NORM, conv(2, padding=[[1, 0], [0, 0]])]),
    off(5, [NORM, op("depthwise_conv", kernel_size=3, padding=[0, 1])]),
    off(5, [NORM, op("separable_conv", filters=3, kernel_size=2, padding="same")]),
    off(6, [NORM, conv(groups=2)]),
    off(6, [NORM, op("conv_transpose", filters=3, kernel_size=1)]),
    off(7, [NORM, conv(1), both("e0", "e1")]),
    off(7, [NORM, conv()], also=("e0",)),
]


def rescale(scale: float, offset: float = 0.0) -> Entry:
    return op("rescale", scale=scale, offset=offset)


RESCALES = [rescale(0.17), rescale(-2, 0.5), rescale(1, -3)]
SCALE, SHIFT = RESCALES[:2]
RESCALE = [
    *[Case(1, 1, [host, each, RELU]) for host in HOSTS for each in RESCALES],
    Case(1, 1, [*FEATURES, SHIFT]),
    Case(1, 1, [conv(), SHIFT], also=("e1",)),
    Case(1, 2, [conv(), SHIFT, SCALE, RELU]),
    *[Case(2, 1, [SCALE, host]) for host in HOSTS],
    Case(2, 2, [RELU, SCALE, rescale(3), conv(padding="same")]),
    *[Case(3, 1, [SHIFT, host], EVEN) for host in UNPADDED],
    Case(3, 1, [SHIFT, conv(groups=2)]),
    Case(3, 2, [GLOBAL_POOL, SHIFT, rescale(1, -3), op("dense", units=3)]),
    off(4, [conv(padding="same"), SCALE, both("e0", "e1")]),
    off(4, [conv(), SHIFT, RELU], also=("e0",)),
    off(5, [conv(), RELU, SCALE]),
    off(5, [*FEATURES[:1], op("dense", units=6, activation="tanh"), SHIFT]),
    off(6, [SHIFT, conv(padding="same")]),
    off(6, [SHIFT, op("depthwise_conv", kernel_size=3, padding=[0, 1])]),
    off(6, [SHIFT, op("conv_transpose", filters=3, kernel_size=3)]),
    off(7, [SCALE, conv(1), both("e0", "e1")]),
    off(7, [SCALE, conv()], also=("e0",)),
]

SAME = [
    (1, op("dropout", rate=0.5)),
    (1, op("dropout", rate=0, noise_shape=[None, 1, 1, 4])),
    (2, op("activation", activation="linear")),
    (2, rescale(1)),
    (3, pool(1)),
    (3, pool(1, "avg_pool", strides=1, padding="same", count_padding=True)),
    (3, pool(1, ceil_mode=True, strides=1)),
    (4, op("crop", cropping=0)),
    (4, op("zero_pad", padding=0)),
    (4, op("reshape", target_shape=[6, -1, 4])),
    (4, op("permute", dims=[1, 2, 3])),
    (5, op("up_sample", size=1)),
    (5, op("up_sample", size=1, interpolation="bilinear")),
    (5, op("resize", height=6, width=7)),
    (5, op("resize", height=6, width=7, interpolation="nearest")),
    (5, op("resize", height=6, width=7, antialias=True)),
    (6, op("local_response_norm", size=3, beta=0)),
    (6, op("local_response_norm", size=3, alpha=0)),
]
CHANGING = [
    (7, op("crop", cropping=[[0, 0], [1, 0]])),
    (7, op("zero_pad", padding=1)),
    (7, pool(2, strides=1, padding="same")),
    (7, pool(1, strides=2)),
    (7, SQUEEZED),
    (7, op("flatten")),
    (7, op("reshape", target_shape=[7, 6, 4])),
    (7, op("permute", dims=[2, 1, 3])),
    (7, op("activation", activation="relu")),
    (7, rescale(1, 0.5)),
    (7, rescale(-1)),
    (7, op("resize", height=7, width=6)),
    (7, op("local_response_norm", size=3, alpha=0, k=2)),
    (9, op("up_sample", size=1, interpolation="bicubic")),
    (9, op("resize", height=6, width=7, interpolation="lanczos3")),
    (10, conv(1, kernel_initializer="identity")),
    (10, NORM),
    (10, op("layer_norm")),
]
SINGLE = (1, 1, 4)
NO_OPS = [
    *[Case(line, 1, [RELU, entry, RELU]) for line, entry in SAME],
    Case(1, 2, [conv(), SAME[0][1], SAME[2][1]]),
    Case(1, 1, [SAME[0][1], conv()]),
    Case(1, 1, [conv(), SAME[0][1], both("e0", "e1")]),
    *[Case(3, 1, [conv(1), {**SQUEEZED, "op": kind}], SINGLE)
      for kind in ("global_avg_pool", "global_max_pool")],
    Case(3, 1, [conv(1), pool(1, strides=2), RELU], SINGLE),
    Case(4, 1, [GLOBAL_POOL, op("flatten"), RELU]),
    *[off(line, [RELU, entry, RELU]) for line, entry in CHANGING],
    *[off(8, [entry]) for _, entry in SAME],
    Case(8, 1, [SAME[0][1], SAME[2][1]]),
    off(7, [fork("concat", [], [conv(1)])]),
]  # fmt: skip

MEAN = pool(3, "avg_pool", strides=1, padding="same")
FEW = conv(1, filters=2)
MOVES = [
    Case(1, 1, [MEAN, FEW, RELU]),
    Case(1, 1, [MEAN, conv(1, filters=2, padding="same", groups=2)]),
    Case(1, 1, [MEAN, conv(1, filters=3, padding=0, use_bias=False)], also=("e1",)),
    Case(1, 1, [pool(3, "avg_pool", strides=1, padding=1), FEW]),
    Case(1, 1, [pool([1, 3], "avg_pool", strides=1, padding=[0, 2]), FEW]),
    Case(1, 1, [pool(2, "avg_pool", strides=1, padding=[[1, 1], [0, 1]], count_padding=True),
                conv(1, filters=2, use_bias=False)]),
    Case(1, 3, [MEAN, conv(1, filters=3), MEAN, FEW, RELU]),
    off(2, [MEAN, FEW, both("e0", "e1")]),
    off(2, [MEAN, FEW], also=("e0",)),
    off(3, [pool(3, "avg_pool", strides=1), FEW]),
    off(3, [pool(3, "avg_pool", strides=2, padding="same"), FEW]),
    off(4, [MEAN, conv(1)]),
    off(4, [MEAN, conv(1, filters=5)]),
    off(5, [pool(3, "avg_pool", strides=1, padding="same", count_padding=True), FEW]),
    off(6, [MEAN, conv([1, 2], filters=2)]),
    off(6, [MEAN, conv(1, filters=2, strides=2)]),
    off(6, [MEAN, conv(1, filters=2, padding=1)]),
    off(7, [pool(3, strides=1, padding="same"), FEW]),
    off(7, [MEAN, op("depthwise_conv", kernel_size=1)]),
]  # fmt: skip

AUX = {"from": "e0", "layers": [GLOBAL_POOL, op("dense", units=2)], "loss_weight": 0.3}
HEADS = [
    Case(1, 1, [conv(), RELU], keys={"heads": {"aux": AUX}}),
    Case(1, 2, [conv(), RELU], keys={"heads": {"aux": AUX, "more": AUX}}),
    Case(1, 1, [conv(), RELU], also=("e0",)),
    Case(2, 1, [conv(), RELU], keys={"heads": {"aux": AUX}}, heads=False),
    off(3, [conv(), RELU]),
]

CASES: Mapping[Pass, Sequence[Case]] = {
    DropHeads(): HEADS,
    DropNoOps(): NO_OPS,
    FoldBatchNorm(): BATCH_NORM,
    FoldRescale(): RESCALE,
    MoveConvBeforePool(): MOVES,
}
