"""The sizes and costs of a network before and after, side by side.

Imports ``columns``, ``trial`` and what they import.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from archgen.columns import aligned
from archgen.fitting.trial import costs_of, last_map
from archgen.ir import Graph, Node, Shape, shape_text
from archgen.lints.dead import dead_weights
from archgen.sketch import Draft

UNKNOWN = "–"
DEAD = "dead weights"
FIGURES = ("parameters", "MACs", DEAD)
MAP = 3
Shown = Graph | Draft


class Figures(NamedTuple):
    """Parameters, multiply–accumulates of one image, weights that can never touch a pixel."""

    params: int
    macs: int
    dead_weights: int


def figures_of(graph: Graph) -> Figures:
    """Count the figures of a network."""
    return Figures(*costs_of(graph), sum(count.dead for count in dead_weights(graph).values()))


def _turned(figures: Sequence[Figures | None]) -> list[list[int | None]]:
    """Return each figure of all networks."""
    return [[told and told[i] for told in figures] for i in range(len(FIGURES))]


class Stage(NamedTuple):
    """A part of the layers: its first and last name, the module it uses, its size in each column.

    A size is height × width, or how many features; None where the network does not get there.
    """

    first: str
    last: str
    module: str
    sizes: tuple[Shape | None, ...]

    @property
    def name(self) -> str:
        """Return its name, or those of a row of equal ones."""
        return self.first if self.first == self.last else f"{self.first} … {self.last}"


@dataclass(frozen=True)
class Comparison:
    """A network at its own input, as it is at another, and fitted to that.

    ``unchanged`` is None where nothing needs a change; ``figures`` are told of each of them.
    """

    before: Graph
    unchanged: Shown | None
    after: Graph

    @cached_property
    def figures(self) -> list[Figures | None]:
        """Return what each network costs, and its dead weights; None where it is not legal."""
        return [
            figures_of(network) if isinstance(network, Graph) else None
            for _, network in self.columns()
        ]

    @property
    def shape(self) -> Shape:
        """Return the new input."""
        return next(iter(self.after.inputs.values()))

    def columns(self) -> list[tuple[str, Shown]]:
        """Return the networks to compare, each with its heading."""
        own = shape_text(next(iter(self.before.inputs.values())))
        new = shape_text(self.shape)
        if self.unchanged is None:
            return [(own, self.before), (new, self.after)]
        return [(own, self.before), (f"{new} as it is", self.unchanged), ("fitted", self.after)]

    def stages(self) -> list[Stage]:
        """Return the parts of the layers in order, equal ones in a row as one."""
        shown = [network for _, network in self.columns()]
        folded: list[Stage] = []
        for stage in _stages(shown):
            before = folded[-1] if folded else None
            alike = before and before.module and before[2:] == stage[2:]
            if before and alike:
                folded[-1] = before._replace(last=stage.last)
            else:
                folded.append(stage)
        return folded

    def lines(self) -> list[str]:
        """Return a table of the map sizes, and what the network costs."""
        headings = [heading for heading, _ in self.columns()]
        rows = [[stage.name, *map(_told, stage.sizes)] for stage in self.stages()]
        for name, figures in zip(FIGURES, _turned(self.figures), strict=True):
            if name != DEAD or any(figures):
                shown = [UNKNOWN if figure is None else f"{figure:,}" for figure in figures]
                rows.append([name, *shown])
        return aligned([["", *headings], *rows], 1)

    def costs_text(self) -> str:
        """Return the last map and the costs in a few words."""
        size, told = shape_text(last_map(self.after)), self.figures[-1] or Figures(0, 0, 0)
        return f"last map {size}, {told.params:,} parameters, {told.macs:,} MACs"

    def record(self) -> dict[str, object]:
        """Return everything as JSON-ready data."""
        keys = ("before", "after") if self.unchanged is None else ("before", "as_it_is", "after")
        stages = [
            {
                "first": stage.first,
                "last": stage.last,
                **{k: list(s) if s else None for k, s in zip(keys, stage.sizes, strict=True)},
            }
            for stage in self.stages()
        ]
        figures = zip(keys, self.figures, strict=True)
        return {
            "input": list(self.shape),
            "last_map": list(last_map(self.after)),
            "figures": {key: told._asdict() if told else None for key, told in figures},
            "stages": stages,
        }


def _told(size: Shape | None) -> str:
    return shape_text(size) if size else UNKNOWN


def _stages(networks: Sequence[Shown]) -> Iterator[Stage]:
    """Return the parts of several networks, in an order that is each one's own."""
    found = [_parts(network) for network in networks]
    modules: dict[str, str] = {}
    for network, parts in zip(networks, found, strict=True):
        modules |= {name: network.modules.get(name, "") for name in parts if name not in modules}
    for name in _merged(found):
        yield Stage(name, name, modules[name], tuple(parts.get(name) for parts in found))


def _parts(network: Shown) -> dict[str, Shape | None]:
    """Return the last size of each part, None where one in it is not known."""
    parts: dict[str, Shape | None] = {}
    for node in network:
        name = _part_of(node)
        is_known = bool(node.shape) and parts.get(name, (1,)) is not None
        size = node.shape[:2] if len(node.shape) == MAP else node.shape
        parts[name] = size if is_known else None
    return parts


def _part_of(node: Node) -> str:
    return node.name.partition(".")[0]


def _merged(parts: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the names of several lists in one; what only a later one has goes behind its fore."""
    order: list[str] = []
    for names in parts:
        at = 0
        for name in names:
            if name in order:
                at = order.index(name) + 1
            else:
                order.insert(at, name)
                at += 1
    return order
