"""The search for the least change: sets of steps, those with the fewest fields first, each tried.

Of a try that failed only such sets are tried further that reach the first thing that is wrong: no
step behind it can mend it. Imports ``judging``, ``steps`` and what they import.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations, count

from archgen.fitting.changes import Document, count_fields, go_together, stated
from archgen.fitting.judging import Promise, Rank, Wishes, excess_of, judged
from archgen.fitting.steps import Knob, Step
from archgen.fitting.trial import EVERYWHERE, Outcome, Parent

# About ten seconds' worth; a network of a hundred modules takes dozens of tries.
MOST_TRIES, MOST_NODES, FEWEST_TRIES = 600, 400_000, 20
MOST_KNOBS = 3
# What is still tried where the smallest network of one size is beyond the bounds.
MOST_HOPELESS = 100


@dataclass(frozen=True)
class Problem:
    """A network to fit: what is stated already, the steps there are, what is wished for.

    ``nodes`` is how many the network has.
    """

    parent: Parent
    base: Document
    steps: tuple[Step, ...]
    knobs: tuple[Knob, ...]
    wishes: Wishes
    nodes: int


@dataclass(frozen=True)
class Found:
    """Steps that were tried together: the document that states them, and how good it is."""

    steps: tuple[Step, ...]
    document: Document
    outcome: Outcome
    rank: Rank


def search(problem: Problem, wanted: int) -> list[Found]:
    """Return the best fits, the best first, as many as wanted or as there are.

    Where nothing fits it is the one that comes closest.
    """
    return _Search(problem, wanted).run()


class _Search:
    """One search: what was tried, what fits, what waits."""

    def __init__(self, problem: Problem, wanted: int) -> None:
        self.problem = problem
        self.wanted = wanted
        self.tries = 0
        self.most = max(FEWEST_TRIES, min(MOST_TRIES, MOST_NODES // problem.nodes))
        self.fits: list[Found] = []
        self.closest: Found | None = None
        self.stated = count_fields(problem.base)
        self.seen: set[frozenset[int]] = {frozenset()}
        self.shrunk: set[tuple[int, int]] = set()
        self.number = count()
        self.waiting: list[tuple[Promise, int, _Task]] = []

    def run(self) -> list[Found]:
        """Try until enough fit and no other can be as good."""
        self.wait(_Task(()))
        while self.waiting and self.tries < self.most:
            promise, _, task = heappop(self.waiting)
            if len(self.fits) >= self.wanted and promise.fields > self.worst().rank.fields:
                break
            if task.knobs:
                self.shrink(task)
            elif not any(task.covers(fit) for fit in self.fits):
                self.attempt(task)
        if not self.fits and self.closest is not None:
            return [self.within_bounds(self.closest)]
        return sorted(self.fits, key=lambda found: found.rank)[: self.wanted]

    def worst(self) -> Found:
        """Return the last of the fits that are wanted."""
        return sorted(self.fits, key=lambda found: found.rank)[self.wanted - 1]

    def wait(self, task: "_Task") -> None:
        """Put a set of steps in the queue."""
        fields = count_fields(self.document(task.steps)) - self.stated + task.knobs
        heappush(self.waiting, (Promise.of(task.steps, fields), next(self.number), task))

    def document(self, steps: Iterable[Step]) -> Document:
        return stated(self.problem.base, [change for step in steps for change in step.changes])

    def tried(self, steps: Sequence[Step]) -> Found:
        """Try some steps together."""
        self.tries += 1
        document = self.document(steps)
        outcome = self.problem.parent.tried(document)
        fields = count_fields(document) - self.stated
        rank = judged(outcome, self.problem.wishes, Promise.of(steps, fields))
        found = Found(tuple(steps), document, outcome, rank)
        if self.closest is None or rank < self.closest.rank:
            self.closest = found
        return found

    # ── sizes ─────────────────────────────────────────────────────────────────────────────────

    def attempt(self, task: "_Task") -> None:
        """Try a set of steps; let it wait with one more where it does not fit."""
        found = self.tried(task.steps)
        if found.rank.fits:
            self.fits.append(found)
        elif found.rank.passes:
            self.wait_smaller(task, found)
        else:
            for index in self.relevant(task, found.outcome):
                more = tuple(sorted({*task.chosen, index}))
                if (key := frozenset(more)) not in self.seen:
                    self.seen.add(key)
                    self.wait(_Task(more, tuple(self.problem.steps[i] for i in more)))

    def relevant(self, task: "_Task", outcome: Outcome) -> Iterator[int]:
        """Return the steps that may mend the first thing that is wrong."""
        taken = [change for step in task.steps for change in step.changes]
        # What is wrong is counted among fewer nodes where some are gone.
        is_counted = not any(step.removes for step in task.steps)
        behind = outcome.stops_at if is_counted else EVERYWHERE
        for index, step in enumerate(self.problem.steps):
            fresh = index not in task.chosen and step.at <= behind
            if fresh and go_together(taken, step.changes):
                yield index

    # ── costs ─────────────────────────────────────────────────────────────────────────────────

    def wait_smaller(self, task: "_Task", found: Found) -> None:
        """Let knobs be turned on what fits but for its bounds.

        Of those that cost the same one will do, where only the best is wanted.
        """
        costs = found.outcome.costs
        macs = costs.macs if self.problem.wishes.max_macs is not None else 0
        if self.wanted > 1 or (costs.params, macs) not in self.shrunk:
            self.shrunk.add((costs.params, macs))
            self.wait(task.with_knobs(1))

    def shrink(self, task: "_Task") -> None:
        """Turn some knobs; more of them where these are not enough."""
        if task.knobs == 1 and not self.is_within(self.tried(self.least(task.steps))):
            self.most = min(self.most, self.tries + MOST_HOPELESS)
            return
        self.fits += [found for found in self.turned(task.steps, task.knobs) if found.rank.fits]
        if task.knobs < MOST_KNOBS:
            self.wait(task.with_knobs(task.knobs + 1))

    def least(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Return some steps with every knob turned as far as it goes."""
        return (*steps, *(knob.steps[-1] for knob in self.free(steps)))

    def free(self, steps: tuple[Step, ...]) -> list[Knob]:
        """Return the knobs of what is still there behind some steps."""
        taken = [change for step in steps for change in step.changes]
        set_already = {change.path for change in taken}
        return [
            knob
            for knob in self.problem.knobs
            if go_together(taken, knob.steps[0].changes)
            and not any(change.path in set_already for change in knob.steps[0].changes)
        ]

    def turned(self, steps: tuple[Step, ...], number: int) -> Iterator[Found]:
        """Return the largest network within its bounds for each choice of so many knobs."""
        for knobs in combinations(self.free(steps), number):
            # One knob alone is each in turn; further ones go with the width, which moves most.
            if number == 1 or knobs[-1].steps[0].kind == "width":
                yield from self.largest(steps, knobs)

    def largest(self, steps: tuple[Step, ...], knobs: Sequence[Knob]) -> Iterator[Found]:
        """Return the network with the most parameters that some knobs bring within its bounds."""
        first, *others = knobs
        least = [*steps, *(knob.steps[-1] for knob in knobs)]
        if not self.is_within(found := self.tried(least)):
            return
        if not others:
            yield self.halved(steps, first, found)
            return
        better = [one for step in first.some() for one in self.largest((*steps, step), others)]
        yield min(better, key=lambda one: one.rank, default=found)

    def halved(self, steps: tuple[Step, ...], knob: Knob, least: Found) -> Found:
        """Return the first of a knob's steps within the bounds, found by halving."""
        low, high, best = 0, len(knob.steps) - 1, least
        while low < high and self.tries < self.most:
            middle = (low + high) // 2
            found = self.tried([*steps, knob.steps[middle]])
            if self.is_within(found):
                high, best = middle, found
            else:
                low = middle + 1
        return best

    def is_within(self, found: Found) -> bool:
        return found.outcome.graph is not None and not found.rank.over

    def within_bounds(self, found: Found) -> Found:
        """Return the closest that comes within its bounds, itself where none does."""
        if found.outcome.graph is None or not excess_of(found.outcome.costs, self.problem.wishes):
            return found
        for number in range(1, MOST_KNOBS + 1):
            if turned := list(self.turned(found.steps, number)):
                return min(turned, key=lambda one: one.rank)
        return self.tried(self.least(found.steps))


@dataclass(frozen=True)
class _Task:
    """A set of steps to try, by their numbers; or so many ``knobs`` to turn on top of them."""

    chosen: tuple[int, ...]
    steps: tuple[Step, ...] = ()
    knobs: int = 0

    def covers(self, fit: Found) -> bool:
        """Say whether a fit makes do with a part of these steps."""
        return all(step in self.steps for step in fit.steps)

    def with_knobs(self, number: int) -> "_Task":
        return _Task(self.chosen, self.steps, number)
