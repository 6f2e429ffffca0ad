"""Looking for inputs near a graph's own at which a finding is gone; imports ``inference``."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from itertools import product

from archgen.inference import resized
from archgen.ir import Graph, Pair

Side = tuple[str, int]  # a node's name and an axis of its map
NEAR = 128
# Nodes that the search may infer again, about a second's worth.
MOST_NODES = 150_000


class NearSizes:
    """The inputs near a graph's own, tried only as far as somebody asks.

    ``find`` tells the sides of nodes that have the finding. The axes of a map do not know of each
    other, so both are tried by one shift.
    """

    def __init__(self, graph: Graph, find: Callable[[Graph], frozenset[Side]]) -> None:
        self.graph = graph
        self.find = find
        self.height, self.width, self.channels = next(iter(graph.inputs.values()))
        self.tries = MOST_NODES // len(graph.nodes)
        self.known: dict[Pair, frozenset[Side] | None] = {}

    def without(self, names: AbstractSet[str] | None) -> list[Pair]:
        """Return the nearest sizes at which these nodes, or all, are without the finding.

        The nearest below and above a square; beside another shape the nearest of each axis.
        """
        if self.height == self.width:
            shifts = [self._nearest(names, (0, 1), [way]) for way in (-1, 1)]
            return [(self.height + by, self.width + by) for by in shifts if by is not None]
        by_height, by_width = (self._nearest(names, (axis,), [0, -1, 1]) for axis in (0, 1))
        if by_height is None or by_width is None:
            return []
        size = (self.height + by_height, self.width + by_width)
        return [size] if self._is_without(names, (0, 1), size) else []

    def _nearest(
        self, names: AbstractSet[str] | None, axes: tuple[int, ...], ways: list[int]
    ) -> int | None:
        shifts = [by * way for by, way in product(range(1, NEAR + 1), ways)]
        for by in shifts:
            if self._is_without(names, axes, (self.height + by, self.width + by)):
                return by
        return None

    def _is_without(
        self, names: AbstractSet[str] | None, axes: tuple[int, ...], size: Pair
    ) -> bool:
        found = self._found(size)
        return found is not None and not any(
            axis in axes and (names is None or name in names) for name, axis in found
        )

    def _found(self, size: Pair) -> frozenset[Side] | None:
        """Return the sides with the finding; None where the network is none, or after all tries."""
        if size not in self.known and min(size) > 0 and len(self.known) < self.tries:
            at = resized(self.graph, (*size, self.channels))
            self.known[size] = None if at is None else self.find(at)
        return self.known.get(size)
