"""Timing in interleaved rounds, so that what slows the machine slows all sides alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

Work = Callable[[], object]


class Sample(NamedTuple):
    """Seconds of one run: on the clock, and of this process's own computing."""

    wall: float
    cpu: float


class Spread(NamedTuple):
    """A figure over all rounds."""

    median: float
    lowest: float
    highest: float


Samples = Mapping[str, Sequence[Sample]]


def nothing() -> None:
    """Prepare nothing."""


def timed(work: Work) -> Sample:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    sample = Sample(time.perf_counter() - wall, time.process_time() - cpu)
    del result  # freed off the clock
    return sample


def interleaved(works: Mapping[str, Work], rounds: int, prepare: Work = nothing) -> Samples:
    """Run every work once a round, every other round backwards, after one run that is not counted.

    ``prepare`` runs off the clock in front of each run.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in works}
    for number in range(-1, rounds):
        for name in list(works) if number % 2 == 0 else reversed(works):
            prepare()
            sample = timed(works[name])
            if number >= 0:
                samples[name].append(sample)
    return samples


def wall(samples: Sequence[Sample], share: float = 1) -> Spread:
    """Return the seconds on the clock; ``share`` is what one run counts for."""
    return spread([sample.wall * share for sample in samples])


def cpu(samples: Sequence[Sample], share: float = 1) -> Spread:
    """Return the seconds of computing."""
    return spread([sample.cpu * share for sample in samples])


def ratio(over: Sequence[Sample], under: Sequence[Sample], share: float = 1) -> Spread:
    """Return the ratio of the medians, with the lowest and highest of single rounds."""
    rounds = [one.wall / other.wall * share for one, other in zip(over, under, strict=True)]
    return Spread(wall(over).median / wall(under).median * share, min(rounds), max(rounds))


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))
