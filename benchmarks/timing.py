"""Timing in interleaved rounds, so that what slows the machine slows all sides alike."""

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import NamedTuple

Work = Callable[[], object]


class Sample(NamedTuple):
    """Seconds of one run: on the clock, and of computing here and in programs that it ran."""

    wall: float
    cpu: float


class Spread(NamedTuple):
    """A figure over all rounds."""

    median: float
    lowest: float
    highest: float


def interleaved(
    works: Mapping[str, Work], rounds: int, prepare: Work = lambda: None
) -> dict[str, list[Sample]]:
    """Run every work once a round, every other round backwards, after one uncounted round.

    ``prepare`` runs in front of each run, off the clock.
    """
    names = list(works)
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(-1, rounds):
        for name in names if number % 2 == 0 else reversed(names):
            prepare()
            sample = timed(works[name])
            if number >= 0:
                samples[name].append(sample)
    return samples


def repeated(works: Mapping[str, Work], rounds: int, seconds: float) -> dict[str, list[Sample]]:
    """Run works as ``interleaved`` does, each so often a run that this takes about ``seconds``.

    The samples are those of once.
    """
    slowest = max(timed(work).wall for _ in range(2) for work in works.values())
    times = max(1, round(seconds / slowest))

    def again(work: Work) -> None:
        for _ in range(times):
            work()

    samples = interleaved({name: partial(again, work) for name, work in works.items()}, rounds)
    return {
        name: [Sample(run.wall / times, run.cpu / times) for run in runs]
        for name, runs in samples.items()
    }


def timed(work: Work) -> Sample:
    wall, cpu = time.perf_counter(), computed()
    result = work()
    sample = Sample(time.perf_counter() - wall, computed() - cpu)
    del result  # freed off the clock
    return sample


def computed() -> float:
    """Return the seconds that this process and those it waited for have computed."""
    whole = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        whole += used.ru_utime + used.ru_stime
    return whole


def wall(samples: Sequence[Sample], scale: float = 1) -> Spread:
    return spread([sample.wall * scale for sample in samples])


def cpu(samples: Sequence[Sample], scale: float = 1) -> Spread:
    return spread([sample.cpu * scale for sample in samples])


def ratio(over: Sequence[Sample], under: Sequence[Sample]) -> Spread:
    """Return the ratio of the medians on the clock, and the extremes of single rounds."""
    rounds = [one.wall / other.wall for one, other in zip(over, under, strict=True)]
    return Spread(wall(over).median / wall(under).median, min(rounds), max(rounds))


def cpu_ratio(over: Sequence[Sample], under: Sequence[Sample]) -> Spread:
    """Return the ratio of the medians of computing, and the extremes of single rounds."""
    rounds = [one.cpu / other.cpu for one, other in zip(over, under, strict=True)]
    return Spread(cpu(over).median / cpu(under).median, min(rounds), max(rounds))


def rate(samples: Sequence[Sample], count: int) -> Spread:
    """Return how many a second, each run being ``count``."""
    return spread([count / sample.wall for sample in samples])


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))
