"""Which steps there are for a network: the folk recipe, from its document and graph.

Imports every module of steps; a new kind of step is a function here and a name in ``KINDS``.
"""

from collections.abc import Callable, Iterator

from archgen.fitting.borders import global_pools, padding
from archgen.fitting.layout import Layout
from archgen.fitting.leaving import heads, parts
from archgen.fitting.shrinking import copies, fewer, repeats, widths
from archgen.fitting.steps import Knob, Step
from archgen.fitting.strides import strided_sections, strides
from archgen.ir import Graph


def fewer_reductions(layout: Layout, graph: Graph) -> Iterator[Step]:
    """Return fewer copies of an entry that makes the map smaller each time."""
    shrinking = strided_sections(layout, graph)
    for lever in copies(layout):
        if lever.use and lever.name == "repeat" and lever.use.entry.get("use") in shrinking:
            yield from fewer(lever)


# What lets a network pass through a smaller input.
SIZES: tuple[Callable[[Layout, Graph], Iterator[Step]], ...] = (
    strides,
    padding,
    global_pools,
    fewer_reductions,
    parts,
    heads,
)
# What makes it cost less.
COSTS: tuple[Callable[[Layout, Graph], Iterator[Knob]], ...] = (repeats, widths)


def steps_of(layout: Layout, graph: Graph) -> tuple[Step, ...]:
    """Return the steps for sizes in the recipe's order, without those that change what is given."""
    found = [step for make in SIZES for step in make(layout, graph)]
    return tuple(sorted((one for one in found if _is_free(one, layout)), key=lambda one: one.order))


def knobs_of(layout: Layout, graph: Graph) -> tuple[Knob, ...]:
    """Return the knobs for costs, without those of what is given."""
    found = [knob for make in COSTS for knob in make(layout, graph) if knob.steps]
    return tuple(knob for knob in found if _is_free(knob.steps[0], layout))


def _is_free(step: Step, layout: Layout) -> bool:
    """Say whether a step leaves the parameters alone that were given from outside."""
    return not any(path[0] == "parameters" and path[1] in layout.given for path, _ in step.changes)
