"""Runs that are killed or stopped go on, lose at most one checkpoint, and end bit by bit alike."""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - weights are arrays
import pytest

import archgen
from archgen.diagnostics import UsageError
from archgen.training.checkpoint import read_checkpoint
from tests.training_cases import TINY, npz

pytestmark = pytest.mark.keras

SERVER = Path(__file__).parents[1] / "training_runs.py"
EPOCHS = 40
STEPS = 3
PATIENCE = 120  # seconds, on a busy machine
TOLD = re.compile(r"^epoch (\d+)/", re.MULTILINE)


class Server:
    """Starts commands in forks of a process that has imported TensorFlow."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def start(self, log: Path, *arguments: str) -> int:
        """Start a command and return its process id; `line` waits for its end."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([str(log), *arguments]) + "\n")
        self.process.stdin.flush()
        return int(self.line())

    def carried_out(self, log: Path, *arguments: str) -> int:
        self.start(log, *arguments)
        return int(self.line())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    with made.process:  # closes its pipes and waits
        pass
    assert made.process.returncode == 0


class Case:
    """A spec, data and options, a run of them that nobody interrupts, and others."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        (folder / "tiny.json").write_text(json.dumps(TINY), encoding="utf-8")
        npz(folder)
        began = time.monotonic()
        assert server.carried_out(folder / "whole.log", *self.command("whole")) == 0
        self.seconds = time.monotonic() - began

    def command(self, name: str) -> list[str]:
        data = ["--data", str(self.folder / "images.npz"), "-o", str(self.folder / name)]
        options = ["--epochs", str(EPOCHS), "--augment", "shift=0.1", "--deterministic"]
        spec = str(self.folder / "tiny.json")
        return ["train", spec, *data, *options, "--checkpoint-steps", "2"]

    def resuming(self, name: str) -> list[str]:
        return ["train", "--resume", str(self.folder / name)]

    def told(self, name: str) -> list[int]:
        """Return the epochs that a run and those that went on with it have told."""
        log = self.folder / f"{name}.log"
        said = log.read_text("utf-8") if log.exists() else ""
        return [int(epoch) for epoch in TOLD.findall(said)]


@pytest.fixture(scope="module")
def case(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(server, tmp_path_factory.mktemp("interrupted"))


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.003)


def outcome(run: Path) -> tuple[Any, ...]:
    """Return all that a run came to, but for the seconds it took."""
    with (run / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            {k: v for k, v in row.items() if "seconds" not in k} for row in csv.DictReader(file)
        ]
    summary = json.loads((run / "summary.json").read_text("utf-8"))
    del summary["seconds_per_step"]
    model = archgen.build(run / "spec.json", weights=run / "model.keras")
    return rows, summary, [weight.tobytes() for weight in model.get_weights()]


def test_the_run_that_nobody_interrupts_does_something(case: Case) -> None:
    rows, summary, weights = outcome(case.folder / "whole")
    assert len({row["loss"] for row in rows}) == EPOCHS == summary["epochs"]
    assert summary["steps_per_epoch"] == STEPS
    assert len(weights) == 8
    assert case.told("whole") == list(range(1, EPOCHS + 1))


def kill(case: Case, name: str, command: list[str], chance: random.Random) -> bool:
    """Kill a run at a random instant; False where it came to its end before.

    One in five is killed at its start, the others some epochs later.
    """
    before = len(case.told(name))
    pid = case.server.start(case.folder / f"{name}.log", *command)
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, min(case.seconds, 2)))
    else:
        more = chance.randint(1, 4)
        folder = case.folder / name
        wait_for(
            lambda: len(case.told(name)) >= before + more or (folder / "summary.json").exists()
        )
        time.sleep(chance.uniform(0, 0.1))
    with suppress(ProcessLookupError):  # it ended, and the server has waited for it
        os.kill(pid, signal.SIGKILL)
    status = int(case.server.line())
    assert status in (0, -signal.SIGKILL)
    return status != 0


@pytest.mark.parametrize(
    "kills", [10, pytest.param(100, marks=pytest.mark.full)], ids=["ten", "hundred"]
)
def test_killed_runs_go_on_and_end_alike(case: Case, kills: int) -> None:
    whole = outcome(case.folder / "whole")
    chance, done, number, within = random.Random(kills), 0, 0, 0
    while done < kills:
        number += 1
        name = f"killed_{kills}_{number}"
        command = case.command(name)
        while done < kills and kill(case, name, command, chance):
            done += 1
            if (case.folder / name / "summary.json").exists():
                break  # it was finished, but for its checkpoint
            kept = read_checkpoint(case.folder / name / "checkpoint")
            told = case.told(name)
            if kept is not None:
                assert kept.progress.epoch >= max(told, default=0), "an epoch that was told is lost"
                command = case.resuming(name)
                within += kept.progress.step > 0
        if not (case.folder / name / "summary.json").exists():
            assert case.server.carried_out(case.folder / f"{name}.log", *command) == 0
        told = case.told(name)
        assert told == sorted(told)
        assert outcome(case.folder / name) == whole
    assert within, "none was entered again within an epoch"


def test_ctrl_c_keeps_the_step_and_a_second_trainer_is_refused(case: Case) -> None:
    log, run = case.folder / "stopped.log", case.folder / "stopped"
    pid = case.server.start(log, *case.command("stopped"))
    wait_for(lambda: case.told("stopped"))
    with pytest.raises(UsageError, match="another trainer works in"):
        archgen.resume(run)
    os.kill(pid, signal.SIGINT)
    assert int(case.server.line()) == 130
    said = log.read_text("utf-8")
    assert "stopping after this step" in said
    assert f"`archgen train --resume {run}` goes on from the last checkpoint" in said
    kept = read_checkpoint(run / "checkpoint")
    assert kept is not None
    assert kept.state
    assert 1 <= kept.progress.epoch < EPOCHS
    assert case.server.carried_out(log, *case.resuming("stopped")) == 0
    assert case.told("stopped") == list(range(1, EPOCHS + 1))
    assert outcome(run) == outcome(case.folder / "whole")


def test_another_seed_is_another_run(case: Case) -> None:
    log = case.folder / "other.log"
    assert case.server.carried_out(log, *case.command("other"), "--seed", "1") == 0
    _, _, weights = outcome(case.folder / "other")
    assert weights != outcome(case.folder / "whole")[2]
    assert all(np.isfinite(np.frombuffer(weight, "float32")).all() for weight in weights)
