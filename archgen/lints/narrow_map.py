"""W607: a 1×n or n×1 kernel of which taps lie beside the map for every output.

All kernels on one map are one warning, since the map's size is one cause; their entries stand under
``related``. W605 counts their weights in its sum, whatever the shape of a kernel: what it cannot
say is that a kernel reaches along one axis only, and how many of its taps are left there.
"""

from collections.abc import Iterator
from typing import NamedTuple

from archgen.diagnostics import Fault, Related
from archgen.geometry import Axis, reach
from archgen.ir import Graph, Node, Taps
from archgen.lints.entries import Entries
from archgen.lints.positions import count, full, lay, taps_of
from archgen.lints.words import plural
from archgen.places import Place
from archgen.spec import Spec


class Found(NamedTuple):
    """A kernel that is too long for its map, as a sentence."""

    map: tuple[int, int]
    place: Place | None
    message: str


def narrow_map(spec: Spec, graph: Graph | None) -> Iterator[Fault]:
    """Return a W607 for each map that kernels are too long for."""
    entries = Entries(spec)
    maps: dict[tuple[int, int], list[Found]] = {}
    for found in _found(graph, entries) if graph else ():
        maps.setdefault(found.map, []).append(found)
    for kernels in maps.values():
        first, *others = distinct = list(dict.fromkeys(kernels))
        related = tuple(Related(one.place, one.message) for one in others if one.place)
        more = len(kernels) - len(distinct)
        notes = (f"the same at {plural(more, 'more node')}",) if more else ()
        yield Fault("W607", first.message, first.place, notes=notes, related=related)


def _found(graph: Graph, entries: Entries) -> Iterator[Found]:
    for node in graph:
        for stage in node.op.taps(graph.input_shapes(node)) or ():
            if isinstance(stage, Taps) and stage.weights and not stage.transposed:
                yield from _of_kernel(graph, node, stage, entries)


def _of_kernel(graph: Graph, node: Node, stage: Taps, entries: Entries) -> Iterator[Found]:
    height, width = (*graph.shapes[node.inputs[0]][:-1], 1, 1)[:2]
    for axis, other, size, word in (
        (stage.axes[0], stage.axes[1], height, "row"),
        (stage.axes[1], stage.axes[0], width, "column"),
    ):
        beside = _beside(axis, size) if other.kernel == 1 < axis.kernel else 0
        if beside:
            taps = f"{beside:,} of its {axis.kernel:,} taps never touch the map"
            message = f"{node.op.label()} reaches beyond {plural(size, word)}: {taps}"
            yield Found((height, width), entries.place(node, "kernel_size"), message)


def _beside(axis: Axis, size: int) -> int:
    """Return how many taps lie beside a map that is shorter than the kernel reaches."""
    if reach(axis) <= size:
        return 0
    return axis.kernel - count(taps_of(full(size), lay(size, axis)))
