"""What passes change of the time that a network takes to answer in TensorFlow."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import archgen
from archgen.backends.edits import rewritten_model
from archgen.ir import Graph
from archgen.passes import PASSES, rewrite
from benchmarks.report import Goal, Section, Verdict, time_text
from benchmarks.timing import Sample, cpu, cpu_ratio, interleaved, wall

NETWORKS = ("inception_v3", "inception_v4")
BATCHES = (1, 8)
IMAGES = 8  # a run, whatever the batch
MOVE = "move-conv-before-pool"
PLAIN, FOLDED, MOVED = "none", f"all but `{MOVE}`", "all"
SIDES: Mapping[str, Any] = {PLAIN: [each.name for each in PASSES], FOLDED: [MOVE], MOVED: []}
NO_SLOWER = Goal("≤", 1, "×")
HEAD = ["Network", "Batch", "Passes", "On the clock", "Computing"]
TEXT = f"""
Random weights, compiled by `tf.function` without and with passes; a run answers {IMAGES} random
images, in batches of 1 or of 8. The pool branches are those where `{MOVE}`
fires, each by itself: an average pool, a 1×1 convolution and its activation, on maps of the size
they have in the network. The ratios are those of computing, summed over all cores.
"""

Functions = Mapping[str, Any]


def measure(rounds: int) -> Section:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rows, verdicts = [HEAD], list[Verdict]()
    for name, networks in compared():
        for batch in BATCHES:
            works = {
                side: answering([each[side] for each in networks], batch) for side in networks[0]
            }
            samples = interleaved(works, rounds)
            for side, runs in samples.items():
                rows.append([name, f"{batch}", side, time_text(wall(runs)), time_text(cpu(runs))])
            verdicts += judged(f"{name}, batch {batch}", samples)
    return Section("Passes", TEXT, rows, verdicts)


def judged(place: str, samples: Mapping[str, Sequence[Sample]]) -> Iterator[Verdict]:
    if PLAIN in samples:
        folding = cpu_ratio(samples[FOLDED], samples[PLAIN])
        yield Verdict(f"Folding takes of the computing, {place}", folding, NO_SLOWER)
    moving = cpu_ratio(samples[MOVED], samples[FOLDED])
    yield Verdict(f"Moving convolutions, likewise, {place}", moving, NO_SLOWER)


def compared() -> Iterator[tuple[str, list[Functions]]]:
    """Return networks, and their pool branches, as functions for each choice of passes."""
    for name in NETWORKS:
        graph = archgen.graph(name)
        yield name, [compiled(graph, SIDES)]
        chosen = {side: SIDES[side] for side in (FOLDED, MOVED)}
        yield f"{name}, pool branches", [compiled(branch, chosen) for branch in branches(graph)]


def compiled(graph: Graph, sides: Mapping[str, Any]) -> Functions:
    """Return a network as functions of a batch, one for each choice of passes."""
    import tensorflow as tf

    model = archgen.build(graph, seed=0)
    batch = tf.TensorSpec((None, *graph.inputs["input"]))

    def function(without: Any) -> Any:
        rewritten = rewritten_model(model, rewrite(graph, without))
        return tf.function(
            lambda images: rewritten(images, training=False), input_signature=[batch]
        )

    return {side: function(without) for side, without in sides.items()}


def branches(graph: Graph) -> Iterator[Graph]:
    """Return a network for each average pool that a convolution moves in front of."""
    moved = rewrite(graph).graph
    for pool in moved:
        conv = moved.by_name.get(pool.inputs[0])
        if (
            pool.op.kind != "avg_pool"
            or conv is None
            or graph.by_name[conv.name].inputs[0] != pool.name
        ):
            continue
        layers = [
            {"op": "avg_pool", **pool.op.arguments()},
            {"op": "conv", "filters": conv.shape[-1], "kernel_size": 1, "activation": "relu"},
        ]
        shape = list(moved.shapes[conv.inputs[0]])
        yield archgen.graph(
            {"archgen": 1, "name": "branch", "input": {"shape": shape}, "layers": layers}
        )


def answering(functions: Sequence[Any], batch: int) -> Callable[[], object]:
    """Return a run: each function on all images, batch by batch."""
    import tensorflow as tf

    shapes = [(batch, *each.input_signature[0].shape[1:]) for each in functions]
    given = [tf.random.stateless_uniform(shape, (0, 0), -1, 1) for shape in shapes]

    def run() -> None:
        for function, images in zip(functions, given, strict=True):
            for _ in range(IMAGES // batch):
                function(images).numpy()

    return run
