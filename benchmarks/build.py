"""Building in Keras from a spec against calling a hand-written function."""

import gc
import os

import archgen
from benchmarks.report import Goal, Section, Verdict, time_text
from benchmarks.timing import cpu, interleaved, ratio, wall

SPEC = '`archgen.build("inception_v4")`'
HAND = "The hand-written function"
COST = Goal("≤", 1.05, "×")
TEXT = """
Both build Inception-v4 for 299×299 images in one process; archgen reads, resolves and checks the
spec each time. Keras's session is cleared and garbage collected in front of each run.
"""


def measure(rounds: int) -> Section:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from benchmarks.handwritten import inception_v4

    def clear() -> None:
        keras.backend.clear_session()
        gc.collect()

    works = {SPEC: lambda: archgen.build("inception_v4"), HAND: inception_v4}
    samples = interleaved(works, rounds, clear)
    rows = [
        [name, time_text(wall(runs)), time_text(cpu(runs)), f"{len(runs)}"]
        for name, runs in samples.items()
    ]
    cost = Verdict("Building from the spec takes", ratio(samples[SPEC], samples[HAND]), COST)
    head = ["Build", "On the clock", "Computing", "Runs"]
    return Section("Building in Keras", TEXT, [head, *rows], [cost])
