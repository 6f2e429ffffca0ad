"""A cold check of a spec against a cold build in Keras, which is how one else finds a fault."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.report import Goal, Section, Verdict, time_text
from benchmarks.timing import interleaved, ratio, wall

ROOT = Path(__file__).parents[1]
CHECK = "`archgen check inception_v4`"
BUILD = "Keras imported, hand-written net built"
COMMANDS = {
    CHECK: ("-m", "archgen", "check", "inception_v4"),
    BUILD: ("-c", "from benchmarks.handwritten import inception_v4; inception_v4()"),
}
FASTER = Goal("≥", 15, "×")
TEXT = """
Each run is a fresh Python process, its start and end included. The files are in the system's
cache and compiled to bytecode, as after an installation.
"""


def measure(rounds: int) -> Section:
    samples = interleaved({name: partial(run, *each) for name, each in COMMANDS.items()}, rounds)
    rows = [[name, time_text(wall(runs)), f"{len(runs)}"] for name, runs in samples.items()]
    faster = Verdict("A cold check is faster by", ratio(samples[BUILD], samples[CHECK]), FASTER)
    head = ["Fresh process", "On the clock", "Runs"]
    return Section("Checking without TensorFlow", TEXT, [head, *rows], [faster])


def run(*arguments: str) -> None:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}\n{done.stderr}")


def environment() -> dict[str, str]:
    """Return this environment without what would keep Python from storing bytecode."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3"}
