"""How the time to resolve and analyse grows with the number of nodes."""

import gc
from functools import partial
from typing import Any

import archgen
from benchmarks.report import Goal, Section, Verdict, time_text
from benchmarks.timing import interleaved, ratio, wall

SMALL, MEDIUM, LARGE = SIZES = (1_000, 10_000, 30_000)
LINEAR = Goal("≤", 1.5, "×")
FAST = Goal("≤", 2, " s")
TEXT = f"""
A chain of convolutions, each with batch normalisation and activation, made by one `repeat` and
analysed from the loaded spec: shapes, parameters, MACs and receptive fields. A run is {LARGE:,}
nodes at every size, the smaller graphs several times over; the figures are those of one graph.
"""


def measure(rounds: int) -> Section:
    works = {str(size): partial(nodes, archgen.load(chain(size)), size) for size in SIZES}
    samples = interleaved(works, rounds, gc.collect)
    small, medium, large = samples.values()
    rows = [["Graph", "On the clock", "A node", "Runs"]]
    for size, runs in zip(SIZES, (small, medium, large), strict=True):
        graph, node = wall(runs, size / LARGE), wall(runs, 1 / LARGE)
        rows.append([f"{size:,} nodes", time_text(graph), time_text(node), f"{rounds}"])
    verdicts = [
        Verdict(f"{LARGE:,} nodes analysed in", wall(large), FAST),
        Verdict(f"A node of {LARGE:,} takes, to one of {SMALL:,}", ratio(large, small), LINEAR),
    ]
    return Section("Large graphs", TEXT, rows, verdicts)


def nodes(spec: archgen.Spec, size: int) -> None:
    """Analyse a graph of this size until it is as many nodes as the largest."""
    for _ in range(LARGE // size):
        assert len(archgen.analyse(spec).measures) == size


def chain(size: int) -> dict[str, Any]:
    """Return a spec of that many nodes: three for each copy of a convolution, and the rest."""
    conv = {"op": "conv", "filters": 16, "kernel_size": 3, "padding": "same", "use_bias": False}
    copied = conv | {"norm": "batch_norm", "activation": "relu", "repeat": size // 3}
    rest = {"op": "activation", "activation": "relu", "repeat": size % 3}
    layers = [copied, rest]
    return {"archgen": 1, "name": "chain", "input": {"shape": [32, 32, 16]}, "layers": layers}
