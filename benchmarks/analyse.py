"""How many specs a second are resolved with shapes, parameters, MACs and receptive fields."""

from collections.abc import Callable

import archgen
from archgen.library import specs_folder
from benchmarks.report import Goal, Section, Verdict, plain, time_text
from benchmarks.timing import Sample, cpu, interleaved, rate, wall

BATCH = 10
LOADED = "From the loaded spec"
FILE = "From the file, reading and checking it included"
MANY = Goal("≥", 100, " a second")
TEXT = f"""
`archgen.analyse` on Inception-v4, one thread, in batches of {BATCH}: everything from the spec to
the table of all nodes with their shapes, parameters, MACs and receptive fields. Nothing is kept
from one call to the next but the expressions that were parsed.
"""


def measure(rounds: int) -> Section:
    file = specs_folder() / "inception_v4.json"
    spec = archgen.load(file)
    works = {
        LOADED: batch(lambda: archgen.analyse(spec)),
        FILE: batch(lambda: archgen.analyse(file)),
    }
    samples = interleaved(works, rounds)
    head = ["Inception-v4", "On the clock", "Computing", "A second", "Batches"]
    rows = [[name, *cells(runs)] for name, runs in samples.items()]
    many = Verdict("Loaded specs analysed", rate(samples[LOADED], BATCH), MANY)
    return Section("Analysing", TEXT, [head, *rows], [many])


def batch(work: Callable[[], object]) -> Callable[[], None]:
    def works() -> None:
        for _ in range(BATCH):
            work()

    return works


def cells(runs: list[Sample]) -> list[str]:
    each = 1 / BATCH
    many = plain(rate(runs, BATCH).median)
    return [time_text(wall(runs, each)), time_text(cpu(runs, each)), many, f"{len(runs)}"]
