"""Artifacts of archgen against Keras's own `model.export`; every run is a fresh process."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import archgen
from benchmarks.report import Goal, Section, Verdict, plain, time_text
from benchmarks.timing import Spread, repeated, spread, timed, wall

ROOT = Path(__file__).parents[1]
NETWORKS = ("inception_v4", "inception_v3", "inception_v4_mnist")
SIDES = ("keras", "unverified", "ours")
BATCHES = (1, 8)
ANSWERS = 9  # runs of each batch, of so many seconds at least
RUN_SECONDS = 0.2
# Products of matrices, rows × inner × columns; the fastest in any library is the machine's peak.
PRODUCTS = ((1024, 1024, 1024), (2048, 2048, 2048), (4096, 4096, 4096), (4096, 1024, 1024))
PEAK_TIMES = 5
PEAK_PROCESSES = 3
# A None is told and has no goal.
GOALS: Mapping[str, Goal | None] = {
    "bytes": Goal("≤", 0.51, "×"),
    "unverified": Goal("≤", 0.25, "×"),
    "verified": Goal("≤", 0.6, "×"),
    "load": Goal("≤", 0.25, "×"),
    "first": Goal("≤", 0.6, "×"),
    "batch 1": Goal("≤", 0.95, "×"),
    "batch 8": Goal("≤", 0.95, "×"),
    "memory": None,
    "memory verified": None,
    "memory loaded": None,
}
WORDS = {
    "bytes": "Bytes",
    "unverified": "Writing, not verified",
    "verified": "Writing and verifying",
    "load": "Loading",
    "first": "The first answer",
    "batch 1": "An image alone",
    "batch 8": "An image of 8",
    "memory": "Memory, writing",
    "memory verified": "Memory, writing and verifying",
    "memory loaded": "Memory, loading and answering",
}
# Where a figure stands in what was measured, of Keras and of archgen, if not where it is loaded.
SOURCES = {
    "bytes": ("bytes", "keras", "ours"),
    "unverified": ("seconds", "keras", "unverified"),
    "verified": ("seconds", "keras", "ours"),
    "batch 1": ("{side} 1", "loaded", "loaded"),
    "batch 8": ("{side} 8", "loaded", "loaded"),
    "memory": ("memory", "keras", "unverified"),
    "memory verified": ("memory", "keras", "ours"),
    "memory loaded": ("memory", "load keras", "load ours"),
}
SIZES = ("bytes", "memory")
HEAD = ["", "`model.export`", "archgen", "Of the peak", "Ratio"]
TEXT = """
Random weights. Every step runs in a fresh process, in turn for both, and every run counts: writing
begins with a model that is built, loading with TensorFlow imported. Verifying loads the artifact in
one more process, and compares what it answers with what the model does; `model.export` has nothing
like it. Then a process loads both and asks them in turn, in runs of {seconds} s at least, for one
image and for batches of 8. Times are on the clock, those of answers for one image.

Memory is the highest of the process above what it had in front of the step. While it verifies, most
goes into what Keras keeps of each layer's answer.

The peak is the fastest of products of matrices with sides of 1,024 to 4,096, by NumPy and by
TensorFlow, in {processes} processes: {peak:.0f} GFLOP/s in float32. A network's share counts two
operations for each MAC of the network as it was built.
"""


def measure(rounds: int) -> Section:
    rows, verdicts = [HEAD], []
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            found = compared(name, Path(folder), rounds)
            more, judged = told(name, found)
            rows += more
            verdicts += judged
    text = TEXT.format(seconds=RUN_SECONDS, processes=PEAK_PROCESSES, peak=peak() / 1e9)
    return Section("Artifacts", text, rows, verdicts)


def compared(name: str, folder: Path, rounds: int) -> dict[str, list[Mapping[str, float]]]:
    """Return what each side measured, in rounds that turn about."""
    found: dict[str, list[Mapping[str, float]]] = {}
    works: dict[str, Callable[[], Mapping[str, float]]] = {}
    for side in SIDES:
        works[side] = partial(step, "export", "write", side, name, str(folder / side))
    for side in ("keras", "ours"):
        works[f"load {side}"] = partial(step, "export", "load", name, str(folder / side))
    both = [str(folder / side) for side in ("keras", "ours")]
    works["loaded"] = partial(step, "export", "answer", name, *both)
    for number in range(rounds):
        # An artifact is written before it is loaded, so only the sides change places.
        turn = 1 if number % 2 else -1
        for key in sorted(works, key=lambda key: (key.startswith("load"), turn * len(key))):
            found.setdefault(key, []).append(works[key]())
    for side in SIDES:
        shutil.rmtree(folder / side)
    return found


def told(
    name: str, found: Mapping[str, Sequence[Mapping[str, float]]]
) -> tuple[list[list[str]], list[Verdict]]:
    """Return the rows of a network and its verdicts."""
    rows, verdicts = [], []
    for key, goal in GOALS.items():
        figure, one, other = SOURCES.get(key, (key, "load keras", "load ours"))
        both = [
            [run[figure.format(side=side)] for run in found[place]]
            for side, place in (("keras", one), ("ours", other))
        ]
        over = relative(both[1], both[0])
        share = operations(name) / spread(both[1]).median / peak() if "batch" in key else 0
        cells = [size_text(each) if figure in SIZES else time_text(spread(each)) for each in both]
        shown = f"{share:.0%}" if share else ""
        rows.append([f"{name}: {WORDS[key]}", *cells, shown, plain(over.median)])
        if goal is not None:
            verdicts.append(Verdict(f"{WORDS[key]}, {name}", over, goal))
    return rows, verdicts


@cache
def operations(name: str) -> int:
    """Return the operations of an image: two for each multiplication and addition."""
    return 2 * archgen.analyse(archgen.graph(name)).macs


@cache
def peak() -> float:
    """Return the floating-point operations a second of a product of matrices, at its best."""
    return max(float(step("export", "multiply")["peak"]) for _ in range(PEAK_PROCESSES))


def relative(over: Sequence[float], under: Sequence[float]) -> Spread:
    rounds = [one / other for one, other in zip(over, under, strict=True)]
    return Spread(spread(over).median / spread(under).median, min(rounds), max(rounds))


def size_text(values: Sequence[float]) -> str:
    return f"{spread(values).median / 1e6:.4g} MB"


def step(module: str, *arguments: str) -> Mapping[str, Any]:
    """Run one step of a module in a process of its own and return what it measured."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}\n{done.stderr}")
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ── in a process of its own ───────────────────────────────────────────────────────────────────────


class Memory:
    """The highest memory of this process above that where it began to look."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest, from here on
        self.before = resident("VmRSS")

    def above(self) -> float:
        return resident("VmHWM") - self.before


def resident(key: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(key))
    return float(line.split()[1]) * 1024


def write(side: str, name: str, path: str) -> dict[str, float]:
    model = archgen.build(name, seed=0)
    shutil.rmtree(path, ignore_errors=True)
    memory, start = Memory(), time.perf_counter()
    if side == "keras":
        model.export(path, verbose=False)
    else:
        archgen.export(model, path, verify=side == "ours")
    seconds = time.perf_counter() - start
    size = sum(each.stat().st_size for each in Path(path).rglob("*") if each.is_file())
    return {"seconds": seconds, "bytes": size, "memory": memory.above()}


def load(name: str, path: str) -> dict[str, float]:
    import numpy as np
    import tensorflow as tf

    graph = archgen.graph(name)
    (shape,) = graph.inputs.values()
    random = np.random.default_rng(0)
    memory, start = Memory(), time.perf_counter()
    serve = tf.saved_model.load(path).signatures["serving_default"]
    found = {"load": time.perf_counter() - start}
    (key,) = serve.structured_input_signature[1]

    images = tf.constant(random.uniform(-1, 1, (1, *shape)).astype("float32"))
    start = time.perf_counter()
    serve(**{key: images})
    return found | {"first": time.perf_counter() - start, "memory": memory.above()}


def answer(name: str, *paths: str) -> dict[str, float]:
    import tensorflow as tf

    (shape,) = archgen.graph(name).inputs.values()
    loaded = [tf.saved_model.load(path) for path in paths]
    found = {}
    for batch in BATCHES:
        images = tf.random.stateless_uniform((batch, *shape), (0, 0), -1, 1)
        works = {
            side: partial(answered, each.signatures["serving_default"], images)
            for side, each in zip(("keras", "ours"), loaded, strict=True)
        }
        for side, runs in repeated(works, ANSWERS, RUN_SECONDS).items():
            found[f"{side} {batch}"] = wall(runs, 1 / batch).median
    return found


def answered(serve: Any, images: Any) -> None:
    (key,) = serve.structured_input_signature[1]
    for value in serve(**{key: images}).values():
        value.numpy()


def multiply() -> dict[str, float]:
    import numpy as np
    import tensorflow as tf

    compiled = tf.function(tf.linalg.matmul)

    def fastest(work: Callable[..., Any], rows: int, inner: int, columns: int, kind: Any) -> float:
        one, other = (
            kind(np.full(shape, 0.5, "float32")) for shape in ((rows, inner), (inner, columns))
        )
        seconds = min(timed(lambda: np.asarray(work(one, other))).wall for _ in range(PEAK_TIMES))
        return 2 * rows * inner * columns / seconds

    libraries = ((np.matmul, np.asarray), (tf.linalg.matmul, tf.constant), (compiled, tf.constant))
    return {
        "peak": max(fastest(work, *shape, kind) for shape in PRODUCTS for work, kind in libraries)
    }


if __name__ == "__main__":
    what: Any = {"write": write, "load": load, "answer": answer, "multiply": multiply}[sys.argv[1]]
    print(json.dumps(what(*sys.argv[2:])))
