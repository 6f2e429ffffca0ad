"""How good a network is for what was asked: the order of preference.

Imports ``trial`` and ``steps``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archgen.fitting.steps import Step
from archgen.fitting.trial import Costs, Outcome, families
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
    order: tuple[tuple[int, int], ...]

    @property
    def fits(self) -> bool:
        """Say whether nothing is left to wish for but less change."""
        return not any(self[:6])

    @property
    def passes(self) -> bool:
        """Say whether it would fit if it had no bounds."""
        return not any(self[:5])


def judged(outcome: Outcome, wishes: Wishes, fields: int, steps: Sequence[Step]) -> Rank:
    """Return the rank of what a try showed."""
    graph, params = outcome.graph, outcome.costs.params
    return Rank(
        illegal=graph is None,
        early=0 if graph else -outcome.stops_at,
        dead=outcome.dead,
        small=min(outcome.last_map) < wishes.last_map,
        lost=len(wishes.families - families(graph)) if graph else 0,
        over=excess_of(outcome.costs, wishes),
        fields=fields,
        left_out=sum(step.kind == "leave_out" for step in steps),
        uses=sum(step.uses for step in steps),
        excess=max(params - wishes.params, 0),
        fewer=-params,
        order=tuple(step.order for step in steps),
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
