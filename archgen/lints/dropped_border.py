"""W606: a stride that never looks at the last rows or columns of a map.

Branches of one module that drop the same border are one warning, and so are the copies of a module.
A window that is shorter than its stride leaves gaps everywhere, as a strided 1×1 shortcut means to.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from archgen.diagnostics import Fault, Related
from archgen.geometry import Axis, reach
from archgen.ir import Graph, Node, Pair, Shape, Taps, shape_text
from archgen.lints.entries import Entries
from archgen.lints.near_sizes import NearSizes, Side
from archgen.lints.words import plural
from archgen.places import Place
from archgen.spec import Spec


class Drop(NamedTuple):
    """A node that drops the last rows and columns of its map."""

    node: Node
    map: Shape
    lost: Pair

    @property
    def message(self) -> str:
        """Return what is dropped of what."""
        return f"{self.node.op.label()} drops {_border(self.lost)} of {shape_text(self.map)}"


def dropped_border(spec: Spec, graph: Graph | None) -> Iterator[Fault]:
    """Return a W606 for each entry that drops a border, its siblings with it."""
    if graph is None:
        return
    entries, sizes = Entries(spec), NearSizes(graph, _nodes_that_drop)
    groups: dict[tuple[object, ...], list[list[Drop]]] = {}
    for siblings in _siblings(_drops(graph)):
        groups.setdefault(tuple(drop.node.origin for drop in siblings), []).append(siblings)
    for copies in groups.values():
        first, *others = [(drop, entries.place(drop.node, "strides")) for drop in copies[0]]
        related = tuple(Related(at, drop.message) for drop, at in _distinct(others) if at)
        names = {drop.node.name for drop in chain.from_iterable(copies)}
        more = len(names) - 1 - len(related)
        notes = (f"a border is dropped at {plural(more, 'more node')}",) if more else ()
        fault = Fault("W606", first[0].message, first[1], notes=notes, related=related)
        yield fault.explained(notes=notes, related=related, help=_help(sizes, names))


def _help(sizes: NearSizes, names: set[str]) -> str | None:
    """Return inputs near this one at which the network drops nothing, or these nodes do not."""
    for where, asked in (("", None), (" here", names)):
        found = [f"{height}×{width}" for height, width in sizes.without(asked)]
        if found:
            return f"nothing is dropped{where} at {' or '.join(found)}"
    return None


def _nodes_that_drop(graph: Graph) -> frozenset[Side]:
    drops = list(_drops(graph))
    return frozenset((drop.node.name, axis) for drop in drops for axis in (0, 1) if drop.lost[axis])


def _distinct(drops: list[tuple[Drop, Place | None]]) -> list[tuple[Drop, Place | None]]:
    return list({place: (drop, place) for drop, place in drops}.values())


def _drops(graph: Graph) -> Iterator[Drop]:
    for node in graph:
        for stage in node.op.taps(graph.input_shapes(node)) or ():
            if isinstance(stage, Taps) and not stage.transposed:
                extent = graph.shapes[node.inputs[0]][:2]
                lost = (lost_of(extent[0], stage.axes[0]), lost_of(extent[-1], stage.axes[1]))
                if any(lost):
                    yield Drop(node, extent, lost)


def lost_of(size: int, axis: Axis) -> int:
    """Return how many positions at an axis' end no window looks at, padding not counted."""
    if axis.padding == "same" or axis.ceil_mode or not 1 < axis.stride <= reach(axis):
        return 0
    before, after = (0, 0) if axis.padding == "valid" else axis.padding
    rest = (size + before + after - reach(axis)) % axis.stride
    return max(rest - after, 0)


def _siblings(drops: Iterator[Drop]) -> list[list[Drop]]:
    """Return the drops of one module from maps of one size together: a fork's branches."""
    together: dict[tuple[str, Shape, Pair], list[Drop]] = {}
    for drop in drops:
        together.setdefault((drop.node.scope, drop.map, drop.lost), []).append(drop)
    return list(together.values())


def _border(lost: Pair) -> str:
    rows, columns = lost
    if rows == columns:
        return f"the last {rows:,} rows and columns" if rows > 1 else "the last row and column"
    words = [plural(n, word) for n, word in ((rows, "row"), (columns, "column")) if n]
    return f"the last {' and '.join(words)}".replace("last 1 ", "last ")
