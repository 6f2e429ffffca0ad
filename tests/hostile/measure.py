"""Measure what refusing each hostile file takes: ``python -m tests.hostile.measure`` (Linux).

Every file is checked and its faults are rendered in a fork of one process that has checked a sound
spec before; time is the processor's, memory the peak above that process's own. ``--json`` prints
every measurement.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import archgen
from archgen.reports import render_short
from tests.hostile.corpus import CHECKED, corpus

SOUND = {
    "archgen": 1,
    "name": "net",
    "input": {"shape": [32, 32, 3]},
    "layers": [{"op": "conv", "filters": 8, "kernel_size": 3}, {"op": "flatten"}],
}
HEAVY = ("tensorflow", "keras", "numpy")


class Cost(NamedTuple):
    """What one file took: seconds, peak MiB above the baseline, and heavy modules loaded."""

    file: str
    seconds: float
    mebibytes: float
    loaded: list[str]


def check(path: Path) -> None:
    """Check a file as the command line does, up to the text that it would print."""
    try:
        faults = archgen.check(path)
    except archgen.UsageError as error:
        faults = error.faults
    for fault in faults:
        render_short(fault)


def cost(name: str, act: Callable[[], None]) -> Cost:
    """Return what an action takes in a fork of this process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.write(writing, json.dumps(_measured(act)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told:
        raise RuntimeError(f"{name} ended the process that checked it")
    return Cost(name, *json.loads(told))


def _measured(act: Callable[[], None]) -> tuple[float, float, list[str]]:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins here
    before, begin = _peak(), time.process_time()
    act()
    seconds = time.process_time() - begin
    return seconds, (_peak() - before) / 1024, [name for name in HEAVY if name in sys.modules]


def _peak() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1])


def measured() -> list[Cost]:
    """Return what every file of the corpus takes."""
    archgen.check(SOUND)
    costs = []
    for hostile in corpus():
        with tempfile.TemporaryDirectory() as folder:
            hostile.write(Path(folder))
            os.chdir(folder)
            costs.append(cost(hostile.id, lambda: check(Path(CHECKED))))
            os.chdir("/")
    return costs


def main() -> None:
    """Print the costs of all files, or the figures of the worst."""
    costs = measured()
    if "--json" in sys.argv:
        print(json.dumps(costs))
        return
    print(f"{len(costs)} files")
    for title, key in (("seconds", 1), ("mebibytes", 2)):
        print(f"\nmost {title}")
        for one in sorted(costs, key=lambda one: -float(one[key]))[:6]:  # type: ignore[arg-type]
            print(f"  {one.seconds:5.2f} s  {one.mebibytes:5.1f} MiB  {one.file}")


if __name__ == "__main__":
    main()
