"""Knobs that make a network smaller: fewer repeats, narrower layers; imports ``steps``."""

from collections.abc import Iterator
from typing import Any

from archgen.expressions import is_expression
from archgen.fitting.changes import Change
from archgen.fitting.layout import Layout, Lever, Site
from archgen.fitting.steps import Knob, Step, is_whole, short, told
from archgen.ir import Graph
from archgen.source import Object

SHARES = (0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.0625)
FEWEST_UNITS = 16


def copies(layout: Layout) -> list[Lever]:
    """Return where numbers of copies above 1 are written."""
    known: dict[tuple[str, ...], Lever] = {}
    for site in layout.sites:
        raw = site.entry.get("repeat")
        if is_whole(raw):
            path = (*site.edit, "repeat")
            known.setdefault(path, Lever(path, raw, site, "repeat"))
        for lever in layout.levers(raw, site.section):
            if is_whole(lever.value):
                known.setdefault(lever.path, lever)
    return list(known.values())


def fewer(lever: Lever) -> Iterator[Step]:
    """Return a step for each smaller number of copies, from the largest."""
    where = f"{told(lever.use)}: " if lever.use else ""
    at = lever.use.at if lever.use else 0
    for number in range(lever.value - 1, 0, -1):
        says = f"{where}`{lever.name}` is {number} instead of {lever.value}"
        yield Step("repeat", says, (Change(lever.path, number),), at)


def repeats(layout: Layout, _: Graph) -> Iterator[Knob]:
    """Return a knob for each number of copies."""
    for lever in copies(layout):
        yield Knob(tuple(fewer(lever)))


def widths(layout: Layout, graph: Graph) -> Iterator[Knob]:
    """Return the knob of the width multiplier, and one for each number of hidden units."""
    yield from _multiplier(layout, graph)
    outputs = {graph.by_name[node].origin for node in graph.outputs.values()}
    for site in layout.sites:
        units = site.entry.get("units")
        if site.entry.get("op") == "dense" and site.entry.place not in outputs and is_whole(units):
            yield Knob(tuple(_units(site, units)))


def _units(site: Site, units: Any) -> Iterator[Step]:
    for share in (2, 4, 8, 16, 32, 64):
        number = units // share
        if number >= FEWEST_UNITS:
            says = f"{told(site)} has {number:,} units instead of {units:,}"
            yield Step("width", says, (Change((*site.edit, "units"), number),), site.at)


def _multiplier(layout: Layout, graph: Graph) -> Iterator[Knob]:
    width = layout.document.get("width")
    said = width.get("multiplier", 1) if isinstance(width, Object) else 1
    path: tuple[str, ...] = ("width", "multiplier")
    if is_expression(said):
        name = said.removeprefix("$")
        said, path = layout.parameters.get(name), ("parameters", name)
    if isinstance(said, bool) or not isinstance(said, int | float):
        return
    fixed = tuple(_fixed(layout, graph))
    beside = f", {', '.join(short(change.path[1]) for change in fixed)} aside" if fixed else ""
    steps = []
    for share in SHARES:
        says = f"filters × {share:g}{beside}"
        steps.append(Step("width", says, (Change(path, round(said * share, 6)), *fixed)))
    yield Knob(tuple(steps))


def _fixed(layout: Layout, graph: Graph) -> Iterator[Change]:
    """Return what keeps the channels of outputs as they are."""
    for name in graph.outputs.values():
        node = graph.by_name.get(name)
        while node is not None and not node.op.macs(graph.input_shapes(node), node.shape):
            node = graph.by_name.get(node.inputs[0]) if len(node.inputs) == 1 else None
        for site in layout.sites:
            is_made = node is not None and site.entry.place == node.origin
            if is_made and "filters" in site.entry and "fixed" not in site.entry:
                yield Change((*site.edit, "fixed"), value=True)
