"""A picture against what the usual one takes: a model built in Keras, then `plot_model`."""

import gc
import os
import tempfile
from pathlib import Path

import archgen
from benchmarks.report import Goal, Section, Verdict, time_text
from benchmarks.timing import cpu, interleaved, ratio, wall

POSTER = "The poster, as SVG, from the shipped spec"
OVERVIEW = "The overview, as PNG, from the shipped spec"
BUILD = "The hand-written net built in Keras"
PLOT = "The same, then `plot_model` as PNG"
FASTER = Goal("≥", 100, "×")
TEXT = """
Inception-v4 for 299×299 images, in one process, imports aside. archgen reads and checks the spec,
analyses the graph and draws; `keras.utils.plot_model` draws a model, which must be built first, by
way of pydot and Graphviz. Keras's session is cleared and garbage collected in front of each run.
"""


def measure(rounds: int) -> Section:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from benchmarks.handwritten import inception_v4

    def clear() -> None:
        keras.backend.clear_session()
        gc.collect()

    with tempfile.TemporaryDirectory() as folder:
        plot = str(Path(folder) / "plot.png")
        picture = Path(folder) / "overview.png"
        works = {
            POSTER: lambda: archgen.render("inception_v4", view="poster"),
            BUILD: inception_v4,
            OVERVIEW: lambda: archgen.render("inception_v4", picture),
            PLOT: lambda: keras.utils.plot_model(inception_v4(), plot, show_shapes=True),
        }
        samples = interleaved(works, rounds, clear)
    rows = [
        [name, time_text(wall(runs)), time_text(cpu(runs)), f"{len(runs)}"]
        for name, runs in samples.items()
    ]
    built = ratio(samples[BUILD], samples[POSTER])
    plotted = ratio(samples[PLOT], samples[OVERVIEW])
    verdicts = [
        Verdict("A poster is faster than a Keras build by", built, FASTER),
        Verdict("An overview is faster than `plot_model` by", plotted, FASTER),
    ]
    head = ["Picture", "On the clock", "Computing", "Runs"]
    return Section("Pictures", TEXT, [head, *rows], verdicts)
