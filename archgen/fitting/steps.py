"""A step: a change with a name and a reason; what all kinds of steps share.

Imports ``changes`` and ``layout``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from archgen.fitting.changes import Change
from archgen.fitting.layout import Layout, Site
from archgen.ir import Graph
from archgen.ops import OPS
from archgen.places import Place

# The kinds of steps in the order of the recipe, which decides between equals.
KINDS = ("global_pool", "stride", "pool", "padding", "repeat", "width", "reduction", "leave_out",
         "head")  # fmt: skip
WINDOWS = frozenset(
    kind for kind, op in OPS.items() if "strides" in op.model_fields and kind != "conv_transpose"
)
FEW = 4
POOLS = ("max_pool", "avg_pool")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the recipe: its kind, what it does in words, what it states.

    ``at`` counts the nodes in front of the first that it can touch, ``uses`` the uses of a module
    that a condition changes with one field.
    """

    kind: str
    says: str
    changes: tuple[Change, ...]
    at: int = 0
    uses: int = 1

    @property
    def order(self) -> tuple[int, int]:
        """Return its place in the recipe: by kind, then along the network."""
        return KINDS.index(self.kind), self.at

    @property
    def word(self) -> str:
        """Return its kind as it is told."""
        return self.kind.replace("_", " ")

    @property
    def removes(self) -> bool:
        """Say whether there may be fewer nodes than before."""
        ends = [(path[-1], value) for path, value in self.changes]
        gone = any(name == "when" or value is None for name, value in ends)
        return gone or self.kind in {"repeat", "leave_out", "head"}


class Knob(NamedTuple):
    """Steps that set one value, from the largest network to the smallest."""

    steps: tuple[Step, ...]

    def some(self) -> tuple[Step, ...]:
        """Return a few of them, the last included, for a search over several knobs."""
        return self.steps[:: -max(1, len(self.steps) // FEW)][::-1]


class Only(NamedTuple):
    """The uses of a module that a condition leaves as they are; the others in words and number."""

    condition: str
    words: str
    at: int
    uses: int


def told(site: Site) -> str:
    """Return how a step calls an entry."""
    return short(site.path)


def short(path: str) -> str:
    """Return an edit's path without what is the same of all."""
    return f"`{path.partition('.')[2] or path}`"


def is_whole(value: object, above: int = 1) -> bool:
    """Say whether a value is a whole number, or a pair of them, that is more."""
    if isinstance(value, list):
        return bool(value) and all(is_whole(one, 0) for one in value) and max(value) > above
    return isinstance(value, int) and not isinstance(value, bool) and value > above


def windows(layout: Layout, graph: Graph) -> list[Site]:
    """Return the entries with a window that moves along a map, without the pools of a whole one.

    Such a pool belongs to the classifier: without it, or with strides, it would be another.
    """
    whole = whole_pools(graph)
    found = (site for site in layout.sites if site.entry.get("op") in WINDOWS)
    return [site for site in found if site.entry.place not in whole]


def whole_pools(graph: Graph) -> set[Place | None]:
    """Return where the pools stand whose window is the whole map wherever they are used."""
    pools = [
        (node.origin, node.shape[:2] == (1, 1) != entering[0][:2])
        for node, entering in zip(graph.nodes, graph.entering, strict=True)
        if node.op.kind in POOLS
    ]
    others = {origin for origin, is_whole in pools if not is_whole}
    return {origin for origin, is_whole in pools if is_whole and origin not in others}


def only(layout: Layout, section: str) -> Iterator[Only]:
    """Return conditions that tell the first uses of a module from the others, and the last.

    They read a number that all uses pass as it is, and that never falls from use to use.
    """
    uses = sorted(layout.uses.get(section, ()), key=lambda use: use.at)
    for name in layout.required(section):
        values = _rising([layout.passed(use, name) for use in uses])
        bounds = [i for i in range(1, len(values)) if values[i - 1] < values[i]]
        for bound in bounds:
            low, high = values[bound - 1], values[bound]
            yield Only(f"{name} > {low}", f"where {name} ≤ {low}", uses[0].at, bound)
            count = len(values) - bound
            yield Only(f"{name} < {high}", f"where {name} ≥ {high}", uses[bound].at, count)
        if bounds:
            return


def _rising(values: list[Any]) -> list[int]:
    """Return whole numbers that rise and never fall, nothing of others."""
    numbers = all(is_whole(value, 0) for value in values)
    return values if numbers and len(set(values)) > 1 and values == sorted(values) else []
