"""Artifacts of archgen against Keras's own `model.export`; every run is a fresh process."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import Goal, Section, Verdict, plain, time_text
from benchmarks.timing import Spread, spread

ROOT = Path(__file__).parents[1]
NETWORKS = ("inception_v4", "inception_v3", "inception_v4_mnist")
SIDES = ("keras", "unverified", "ours")
ANSWERS = {1: 15, 8: 3}  # how often each batch is answered
SIDE = 1024  # of the matrices whose product is the machine's peak
GOALS = {
    "bytes": Goal("≤", 0.51, "×"),
    "unverified": Goal("≤", 0.25, "×"),
    "ours": Goal("≤", 0.6, "×"),
    "load": Goal("≤", 0.25, "×"),
    "first": Goal("≤", 0.6, "×"),
    "batch 1": Goal("≤", 0.95, "×"),
    "batch 8": Goal("≤", 0.95, "×"),
}
WORDS = {
    "bytes": "Bytes",
    "unverified": "Writing, not verified",
    "ours": "Writing and verifying",
    "load": "Loading",
    "first": "The first answer",
    "batch 1": "An image alone",
    "batch 8": "An image of 8",
}
HEAD = ["", "`model.export`", "archgen", "Of the peak", "Ratio"]
TEXT = f"""
Random weights. Every step runs in a fresh process, in turn for both: writing begins with a model
that is built, and verification loads the artifact in one more process; loading begins with
TensorFlow imported. Times are on the clock. Memory is the highest above that in front of the step.
The peak is that of a product of two {SIDE}×{SIDE} matrices, measured in the same process; a
network's share counts its MACs as two operations each.
"""


def measure(rounds: int) -> Section:
    rows, verdicts = [HEAD], []
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            found = compared(name, Path(folder), rounds)
            more, judged = told(name, found)
            rows += more
            verdicts += judged
    return Section("Artifacts", TEXT, rows, verdicts)


def compared(name: str, folder: Path, rounds: int) -> dict[str, list[Mapping[str, float]]]:
    """Return what each side measured, in rounds that turn about."""
    found: dict[str, list[Mapping[str, float]]] = {}
    works: dict[str, Callable[[], Mapping[str, float]]] = {}
    for side in SIDES:
        works[side] = partial(step, "write", side, name, str(folder / side))
    for side in ("keras", "ours"):
        works[f"load {side}"] = partial(step, "load", name, str(folder / side))
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
        where = "" if key in ("bytes", "unverified", "ours") else "load "
        ours, figure = (key, "seconds") if key in ("unverified", "ours") else (f"{where}ours", key)
        if key == "bytes":
            ours = "ours"
        one, other = ([run[figure] for run in found[side]] for side in (f"{where}keras", ours))
        over = relative(other, one)
        cells = (
            [size_text(one), size_text(other)]
            if key == "bytes"
            else [time_text(spread(one)), time_text(spread(other))]
        )
        share = [run.get(f"{key} share", 0) for run in found["load ours"]]
        rows.append([f"{name}: {WORDS[key]}", *cells, percent(share), plain(over.median)])
        verdicts.append(Verdict(f"{WORDS[key]}, {name}", over, goal))
    for key, words in (("", "writing"), ("load ", "loading and answering")):
        one, other = (
            [run["memory"] for run in found[f"{key}{side}"]] for side in ("keras", "ours")
        )
        over = relative(other, one)
        cells = [size_text(one), size_text(other), "", plain(over.median)]
        rows.append([f"{name}: memory, {words}", *cells])
    return rows, verdicts


def relative(over: Sequence[float], under: Sequence[float]) -> Spread:
    rounds = [one / other for one, other in zip(over, under, strict=True)]
    return Spread(spread(over).median / spread(under).median, min(rounds), max(rounds))


def percent(values: Sequence[float]) -> str:
    middle = spread(values).median
    return f"{middle:.0%}" if middle else ""


def size_text(values: Sequence[float]) -> str:
    return f"{spread(values).median / 1e6:.4g} MB"


def step(*arguments: str) -> Mapping[str, float]:
    """Run one step in a process of its own and return what it measured."""
    command = [sys.executable, "-m", "benchmarks.export", *arguments]
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
    found: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
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
    import archgen

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

    import archgen

    graph = archgen.graph(name)
    (shape,) = graph.inputs.values()
    random = np.random.default_rng(0)
    peak = product()
    memory, start = Memory(), time.perf_counter()
    serve = tf.saved_model.load(path).signatures["serving_default"]
    found = {"load": time.perf_counter() - start}
    (key,) = serve.structured_input_signature[1]

    def answer(batch: int) -> float:
        images = tf.constant(random.uniform(-1, 1, (batch, *shape)).astype("float32"))
        begun = time.perf_counter()
        serve(**{key: images})
        return time.perf_counter() - begun

    found["first"] = answer(1)
    found["memory"] = memory.above()
    operations = 2 * archgen.analyse(graph).macs
    for batch, times in ANSWERS.items():
        answer(batch)
        each = spread([answer(batch) for _ in range(times)]).median / batch
        found |= {f"batch {batch}": each, f"batch {batch} share": operations / each / peak}
    return found


def product() -> float:
    """Return the floating-point operations a second of a product of matrices, at its best."""
    import tensorflow as tf

    matrix = tf.random.uniform((SIDE, SIDE))
    times = []
    for _ in range(9):
        start = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        times.append(time.perf_counter() - start)
    return float(2 * SIDE**3 / min(times))


if __name__ == "__main__":
    what: Any = {"write": write, "load": load}[sys.argv[1]]
    print(json.dumps(what(*sys.argv[2:])))
