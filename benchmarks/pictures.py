"""A picture against what the usual one takes: a model built in Keras, then `plot_model`."""

import gc
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import archgen
from benchmarks.report import Goal, Section, Verdict, plain, time_text
from benchmarks.timing import Sample, cpu, interleaved, ratio, wall

POSTER = "The poster of Inception-v4, as SVG"
ROW = 10
ONE_OF_ROW = f"The same, one of {ROW} in a row"
BUILD = "Inception-v4 built in Keras, by hand"
OVERVIEW = "The overview of Inception-v3, as PNG"
PLOT = "Inception-v3 built in Keras, then `plot_model` as PNG"
FASTER = Goal("≥", 100, "×")
MEMORY = Path("/dev/shm")
TEXT = """
In one warm process, imports aside, for images of 299×299. The poster: `archgen.render` of a loaded
spec, which resolves and checks it, analyses the graph, makes the view, lays out, and writes the
text; nothing is kept from one call to the next but the tables of the font, the expressions that
were parsed and the windows that were laid. It is drawn right behind a build, when no cache of the
processor holds anything of it, and {ROW} times in a row. The overview: all of that from the shipped
name, the file read and checked too, and the PNG written. `keras.utils.plot_model` draws a model,
which must be built first (`keras.applications` has it), by way of pydot and Graphviz; its computing
is theirs too. Both PNGs go to a folder in memory, where the system has one. Keras's session is
cleared and garbage collected in front of each run.
"""


def measure(rounds: int) -> Section:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from benchmarks.handwritten import inception_v4

    def clear() -> None:
        keras.backend.clear_session()
        gc.collect()

    def plot(path: Path) -> None:
        model = keras.applications.InceptionV3(weights=None)
        keras.utils.plot_model(model, str(path), show_shapes=True)

    spec = archgen.load("inception_v4")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        files = {OVERVIEW: Path(folder) / "overview.png", PLOT: Path(folder) / "plot.png"}
        works = {
            POSTER: lambda: archgen.render(spec, view="poster"),
            ONE_OF_ROW: lambda: [archgen.render(spec, view="poster") for _ in range(ROW)],
            BUILD: inception_v4,
            OVERVIEW: lambda: archgen.render("inception_v3", files[OVERVIEW]),
            PLOT: lambda: plot(files[PLOT]),
        }
        samples = interleaved(works, rounds, clear)
        samples[ONE_OF_ROW] = [Sample(*(part / ROW for part in run)) for run in samples[ONE_OF_ROW]]
        rows = [
            row(name, runs, size_of(files[name]) if name in files else ("", ""))
            for name, runs in samples.items()
        ]
    verdicts = [
        Verdict(
            "A poster right behind a Keras build is faster than it by",
            ratio(samples[BUILD], samples[POSTER]),
            FASTER,
        ),
        Verdict(
            f"A poster of {ROW} in a row is faster than a Keras build by",
            ratio(samples[BUILD], samples[ONE_OF_ROW]),
            FASTER,
        ),
        Verdict(
            "An overview is faster than `plot_model` by",
            ratio(samples[PLOT], samples[OVERVIEW]),
            FASTER,
        ),
    ]
    head = ["Picture", "On the clock", "Computing", "Pixels", "Size", "Runs"]
    return Section("Pictures", TEXT.format(ROW=ROW), [head, *rows], verdicts)


def row(name: str, runs: Sequence[Sample], size: tuple[str, str]) -> list[str]:
    return [name, time_text(wall(runs)), time_text(cpu(runs)), *size, f"{len(runs)}"]


def size_of(path: Path) -> tuple[str, str]:
    """Return the pixels and the kilobytes of a picture."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # `plot_model` makes larger ones than Pillow trusts
    with Image.open(path) as picture:
        width, height = picture.size
    return f"{width:,} × {height:,}", f"{plain(path.stat().st_size / 1000)} kB"
