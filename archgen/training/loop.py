"""The loop over epochs and steps, which can be left and entered again at any step."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Any

from archgen.diagnostics import Fault, UsageError
from archgen.recipe import Training
from archgen.training.images import Array, DataSet, Split, order
from archgen.training.learner import Learner, Measured, answers, arrays
from archgen.training.progress import Epoch, Progress
from archgen.training.schedule import learning_rate

TINY = 1e-12  # below what float32 can say of a probability


@dataclass(frozen=True)
class Seen:
    """What whoever watches a run is told, after each step and, with ``row``, after each epoch."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    row: Epoch | None = None


Report = Callable[[Seen], object]
Save = Callable[[Progress, list[Array], list[Array]], object]


def steps_of(split: Split, options: Training) -> tuple[int, int]:
    """Return the steps of an epoch and the size of every batch; what fills none waits a turn."""
    count = len(split.learned)
    size = min(options.batch_size, count)
    return count // size, size


class Loop:
    """A run from where it stands to its end.

    What an epoch sees, in which order and at which learning rate depends on its number and the
    seed alone, so a run that is entered again goes on as if it had never been left.
    """

    def __init__(
        self, learner: Learner, data: DataSet, split: Split, options: Training, save: Save
    ) -> None:
        self.learner, self.data, self.split, self.options = learner, data, split, options
        self.steps, self.size = steps_of(split, options)
        self.save = save
        self.progress = Progress()
        self.best: list[Array] = []
        self._seconds: list[float] = []
        self._first = 0.0  # the seconds of a process's first step, which compiles

    def enter(self, progress: Progress, state: list[Array], best: list[Array]) -> None:
        """Stand where another process was."""
        self.progress, self.best = progress, best
        if state:
            self.learner.restore(state)

    def run(self, every: int | None, report: Report, wants_stop: Callable[[], bool]) -> None:
        """Go on to the end; keep a checkpoint after each epoch and after ``every`` steps.

        Raises:
            KeyboardInterrupt: it was asked to stop, and the checkpoint is that of the last step.
            UsageError: E516, the loss is no number any more.
        """
        while not self.progress.is_over(self.options.epochs, self.options.early_stopping):
            began = time.perf_counter()
            ordered = order(self.options.seed, self.progress.epoch, len(self.split.learned))
            visited = self.split.learned[ordered]
            while self.progress.step < self.steps:
                self._step(visited, report)
                left = self.progress.step < self.steps
                if (stop := wants_stop()) or (every and left and self.progress.step % every == 0):
                    self.keep()
                if stop:
                    raise KeyboardInterrupt
            self._close(time.perf_counter() - began, report)

    def keep(self) -> None:
        """Write a checkpoint of where the run stands."""
        self.save(self.progress, self.learner.state(), self.best)

    def _step(self, visited: Array, report: Report) -> None:
        at, number = self.progress.step, self.progress.epoch
        batch = visited[at * self.size : (at + 1) * self.size]
        rate = learning_rate(self.options, number * self.steps + at, self.steps)
        began = time.perf_counter()
        measured = self.learner.step(self.data.pixels[batch], self.data.labels[batch], rate)
        self._time(time.perf_counter() - began)
        self._require_number(measured)
        self.progress = self.progress.stepped(*measured)
        report(
            Seen(number + 1, self.options.epochs, at + 1, self.steps, self.progress.loss / (at + 1))
        )

    def _time(self, seconds: float) -> None:
        if self._first:
            self._seconds.append(seconds)
        else:
            self._first = seconds

    def _require_number(self, measured: Measured) -> None:
        if not isfinite(measured.loss):
            number, at = self.progress.epoch + 1, self.progress.step + 1
            message = f"the loss is {measured.loss} at step {at} of epoch {number}"
            advice = f"begin again with a learning rate below {self.options.learning_rate:g}"
            raise UsageError(Fault("E516", message, help=advice))

    def _close(self, seconds: float, report: Report) -> None:
        """Measure what an epoch came to; keep its weights if they are the best."""
        loss, accuracy = self.measured(self.split.choosing)
        number, done = self.progress.epoch, self.progress.step
        row = Epoch(
            number + 1,
            self.progress.loss / done,
            self.progress.accuracy / done,
            loss,
            accuracy,
            learning_rate(self.options, number * self.steps, self.steps),
            seconds,
            median(self._seconds or [self._first]),
        )
        self._seconds = []
        self.progress = self.progress.closed(row)
        if self.progress.best == row.epoch:
            self.best = arrays(self.learner.model.weights)
        self.keep()
        report(Seen(row.epoch, self.options.epochs, self.steps, self.steps, row.loss, row))

    def measured(self, chosen: Array) -> tuple[float, float]:
        """Return the loss that is learned and the accuracy, of the main output on some images."""
        pixels, labels = self.data.pixels[chosen], self.data.labels[chosen]
        answered = answers(self.learner.trainer, self.learner.task, pixels, self.size)
        loss = loss_of(answered, labels, self.options.label_smoothing)
        return loss, float((answered.argmax(1) == labels).mean())


def loss_of(answered: Array, labels: Array, smoothing: float = 0.0) -> float:
    """Return the mean cross-entropy of probabilities, an image a row.

    With smoothing s of k classes the right one counts 1 - s, and each s/k beside.
    """
    import numpy as np

    logs: Any = -np.log(np.maximum(answered, TINY))
    right = logs[np.arange(len(labels)), labels]
    return float(((1 - smoothing) * right + smoothing * logs.mean(axis=1)).mean())
