"""How good a network is for what was asked: the order of preference.

Imports ``trial`` and ``steps``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archgen.fitting.steps import Step
from archgen.fitting.trial import EVERYWHERE, Costs, Outcome, families
from archgen.ir import shape_text


@dataclass(frozen=True)
class Wishes:
    """What a network shall have: its last map, its modules, its bounds; None is none.

    ``params`` are those that it has at its own input: more parameters are better up to there.
    """

    last_map: int
    families: frozenset[str]
    params: int
    max_params: int | None = None
    max_macs: int | None = None


Order = tuple[tuple[int, int], ...]


class Promise(NamedTuple):
    """What is known of some steps before they are tried, in the order of preference."""

    fields: int
    left_out: int
    uses: int
    order: Order

    @classmethod
    def of(cls, steps: Sequence[Step], fields: int) -> "Promise":
        """Return what is known of steps that state so many fields."""
        left_out = sum(step.kind == "leave_out" for step in steps)
        uses = sum(step.uses for step in steps)
        return cls(fields, left_out, uses, tuple(step.order for step in steps))


class Rank(NamedTuple):
    """The order of preference: of two networks the one with the lower rank is the better.

    1. It is legal; of those that are not, what goes wrong comes late.
    2. No weight is dead: none stands at a tap that can never touch a pixel.
    3. The last map is as large as wished.
    4. Every module that the network uses is kept, and every fork.
    5. It is within its bounds.
    6. It changes the fewest fields; of these, it leaves no part out, and its conditions change the
       fewest uses of a module.
    7. It has more parameters, but no more than at its own input.
    8. Its steps come first in the recipe.
    """

    illegal: bool
    early: int
    dead: int
    small: bool
    lost: int
    over: float
    fields: int
    left_out: int
    uses: int
    excess: int
    fewer: int
    order: Order

    @property
    def fits(self) -> bool:
        """Say whether nothing is left to wish for but less change."""
        return not any(self[:6])

    @property
    def passes(self) -> bool:
        """Say whether it would fit if it had no bounds."""
        return not any(self[:5])


def judged(outcome: Outcome, wishes: Wishes, promise: Promise) -> Rank:
    """Return the rank of what a try showed of some steps."""
    graph, params = outcome.graph, outcome.costs.params
    is_known = graph is None and outcome.stops_at < EVERYWHERE
    return Rank(
        illegal=graph is None,
        early=-outcome.stops_at if is_known else 0,
        dead=outcome.dead,
        small=min(outcome.last_map) < wishes.last_map,
        lost=len(wishes.families - families(graph)) if graph else 0,
        over=excess_of(outcome.costs, wishes),
        fields=promise.fields,
        left_out=promise.left_out,
        uses=promise.uses,
        excess=max(params - wishes.params, 0),
        fewer=-params,
        order=promise.order,
    )


def excess_of(costs: Costs, wishes: Wishes) -> float:
    """Return by which share a network exceeds its bounds, 0 within them."""
    pairs = ((costs.params, wishes.max_params), (costs.macs, wishes.max_macs))
    return max((max(cost / most - 1, 0) for cost, most in pairs if most is not None), default=0)


def shortcomings(outcome: Outcome, wishes: Wishes) -> Iterator[str]:
    """Return in words what a network lacks of what is wished for."""
    if outcome.graph is None:
        yield outcome.why
        return
    if outcome.dead:
        yield f"{outcome.dead:,} weights can never touch a pixel"
    if min(outcome.last_map) < wishes.last_map:
        least = shape_text((wishes.last_map, wishes.last_map))
        yield f"its last map is {shape_text(outcome.last_map)}, smaller than {least}"
    if lost := sorted(wishes.families - families(outcome.graph)):
        yield f"nothing is left of {', '.join(lost)}"
    bounds = (
        ("parameters", outcome.costs.params, wishes.max_params),
        ("MACs", outcome.costs.macs, wishes.max_macs),
    )
    for name, cost, most in bounds:
        if most is not None and cost > most:
            yield f"it has {cost:,} {name}, more than {most:,}"
