"""A training step of archgen's against one of `model.fit` over a hand-written network."""

import os
from typing import TYPE_CHECKING

import archgen
from benchmarks.report import Goal, Section, Verdict, time_text
from benchmarks.timing import cpu, interleaved, ratio, wall

if TYPE_CHECKING:
    from archgen.training.images import Array
    from archgen.training.loop import Loop

OURS = "`archgen train`"
FIT = "`model.fit`, the hand-written network"
COST = Goal("≤", 1.05, "×")
BATCH, STEPS = 64, 16
TEXT = f"""
`inception_v4_mnist_tiny` and the same network by hand, 851,506 parameters, Adam, {STEPS} steps of
{BATCH} digits a run, both without XLA and without random changes. archgen resizes the digits in the
step; `fit` gets them resized.
"""


def steps(loop: "Loop", visited: "Array") -> None:
    """Carry out the first steps of a run, without what comes at the end of an epoch."""
    loop.progress = type(loop.progress)()
    for _ in range(STEPS):
        loop._step(visited, lambda _: None)


def measure(rounds: int) -> Section:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    from archgen.pixels import pixel_map
    from archgen.recipe import Augmentation, Training
    from archgen.training.fitting import task_of
    from archgen.training.images import split
    from archgen.training.learner import Learner
    from archgen.training.loop import Loop
    from archgen.training.sources import load_data
    from benchmarks.handwritten_small import compiled, small_inception_v4

    spec = archgen.load("inception_v4_mnist_tiny")
    graph, data = archgen.graph(spec), load_data("digits", (28, 28, 1))
    options = Training(learning_rate=2e-3, batch_size=BATCH, augmentation=Augmentation())
    learner = Learner(task_of(spec, graph, {}, data), options, data.shape, pixel_map(spec))
    loop = Loop(learner, data, split(data), options, lambda *_: None)
    count = BATCH * STEPS
    images = keras.ops.image.resize(data.pixels[:count], (28, 28), antialias=True)
    resized = keras.ops.convert_to_numpy(images) * (2 / 255) - 1
    labels = keras.utils.to_categorical(data.labels[:count], 10)
    model = compiled(small_inception_v4(), 2e-3)
    assert model.count_params() == learner.model.count_params()

    works = {
        OURS: lambda: steps(loop, np.arange(count)),
        FIT: lambda: model.fit(resized, labels, batch_size=BATCH, verbose=0),
    }
    samples = interleaved(works, rounds)
    rows = [
        [name, time_text(wall(runs, 1 / STEPS)), time_text(cpu(runs, 1 / STEPS)), f"{len(runs)}"]
        for name, runs in samples.items()
    ]
    cost = Verdict("A training step takes", ratio(samples[OURS], samples[FIT]), COST)
    head = ["Training", "A step on the clock", "Computing", "Runs"]
    return Section("Training", TEXT, [head, *rows], [cost])
