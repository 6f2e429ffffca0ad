"""How far a run is and what it measured: plain data that a checkpoint holds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to, counted from 1.

    ``loss`` and ``accuracy`` are means over its batches while the weights changed. ``val_loss`` and
    ``val_accuracy`` are the main output's after it, on the images that choose the epoch, the labels
    as smooth as in training. ``seconds`` are those of the whole epoch, ``seconds_per_step`` the
    median of its steps.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    seconds_per_step: float


@dataclass(frozen=True)
class Progress:
    """Where a run stands: epochs done, steps of the next one, its sums so far.

    ``best`` is the epoch whose weights are kept, 0 before the first.
    """

    rows: tuple[Epoch, ...] = ()
    step: int = 0
    loss: float = 0.0
    accuracy: float = 0.0
    best: int = 0

    @property
    def epoch(self) -> int:
        """Return how many epochs are done."""
        return len(self.rows)

    def stepped(self, loss: float, accuracy: float) -> "Progress":
        """Return the progress after one more step."""
        done = self.step + 1
        return replace(self, step=done, loss=self.loss + loss, accuracy=self.accuracy + accuracy)

    def closed(self, row: Epoch) -> "Progress":
        """Return the progress after an epoch: the best has the lowest loss, the first of equals."""
        rows = (*self.rows, row)
        best = min(rows, key=lambda one: (one.val_loss, one.epoch))
        return Progress(rows, best=best.epoch)

    def is_over(self, epochs: int, patience: int | None) -> bool:
        """Return whether the last epoch is done, or so many without a better one."""
        stuck = patience is not None and self.epoch - self.best >= patience > 0
        return self.epoch >= epochs or (self.epoch > 0 and stuck)

    @property
    def seconds_per_step(self) -> float:
        """Return the median over the epochs."""
        return median([row.seconds_per_step for row in self.rows]) if self.rows else 0.0

    def record(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def progress_of(record: Mapping[str, Any]) -> Progress:
    """Return the progress that `Progress.record` told; Raises TypeError where it is none."""
    rows = tuple(Epoch(**row) for row in record["rows"])
    return Progress(**{**record, "rows": rows})
