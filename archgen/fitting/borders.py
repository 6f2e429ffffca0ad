"""Steps about what a window does at the border: padding, and a pool of the whole map.

Imports ``steps``.
"""

import re
from collections.abc import Iterator
from typing import Any

from archgen.expressions import is_expression
from archgen.fitting.changes import Change
from archgen.fitting.layout import Layout, Lever, Site
from archgen.fitting.steps import Step, only, short, told, whole_pools, windows
from archgen.ir import Graph
from archgen.repairs import GLOBAL_POOLS, KEPT

BORDER = "keeps the border: same instead of valid"


def padding(layout: Layout, graph: Graph) -> Iterator[Step]:
    """Return a step for each place where a window loses the border of its map."""
    units: dict[str, list[Site]] = {}
    levers: dict[tuple[str, ...], Lever] = {}
    for site in windows(layout, graph):
        if _is_pointwise(site, layout):
            continue
        said = layout.value(site, "padding")
        if said in (None, "valid"):
            units.setdefault(site.fork or site.path, []).append(site)
        for lever in layout.levers(said, site.section) if is_expression(said) else ():
            if lever.value == "valid" or lever.value is _other_than_same(said, lever.name):
                levers.setdefault(lever.path, lever)
    yield from map(_of_lever, levers.values())
    for path, sites in units.items():
        yield from _of_unit(path, sites, layout)
    yield from _of_defaults(layout, units)


def _is_pointwise(site: Site, layout: Layout) -> bool:
    sizes = layout.value(site, "kernel_size"), layout.value(site, "pool_size")
    return sizes[0] in (1, [1, 1]) or sizes[1] in (1, [1, 1])


def _other_than_same(said: str, name: str) -> bool | None:
    """Return the value of a switch with which an expression is not 'same'."""
    if re.search(rf"'same' if {name} else", said):
        return False
    return True if re.search(rf"if {name} else 'same'", said) else None


def _of_lever(lever: Lever) -> Step:
    where = f"{told(lever.use)} " if lever.use else ""
    value: Any = "same" if lever.value == "valid" else not lever.value
    shown = str(value).lower() if isinstance(value, bool) else value
    says = f"{where}`{lever.name}` is {shown}: windows keep the border"
    at = lever.use.at if lever.use else 0
    return Step("padding", says, (Change(lever.path, value),), at)


def _of_unit(path: str, sites: list[Site], layout: Layout) -> Iterator[Step]:
    changes = [change for site in sites for change in _same(site, layout)]
    at = min(site.at for site in sites)
    yield Step("padding", f"{short(path)} {BORDER}", tuple(changes), at)
    if len(changes) > len(sites):  # a pool that rounds up, too
        return
    for kept in only(layout, sites[0].section):
        value = f"${{'valid' if {kept.condition} else 'same'}}"
        some = tuple(Change((*site.edit, "padding"), value) for site in sites)
        yield Step("padding", f"{short(path)} {BORDER} {kept.words}", some, kept.at, kept.uses)


def _same(site: Site, layout: Layout) -> Iterator[Change]:
    yield Change((*site.edit, "padding"), "same")
    if layout.value(site, "ceil_mode") is True:
        yield Change((*site.edit, "ceil_mode"), value=False)


def _of_defaults(layout: Layout, units: dict[str, list[Site]]) -> Iterator[Step]:
    """Return a step for all windows of one op that follow its defaults, where they are several."""
    following: dict[str, dict[str, int]] = {}
    for path, sites in units.items():
        for site in sites:
            if "padding" not in site.entry:
                following.setdefault(str(site.entry["op"]), {}).setdefault(path, site.at)
    for op, places in following.items():
        if len(places) > 1:
            changes = [Change(("defaults", op, "padding"), "same")]
            if layout.default(op, "ceil_mode") is True:
                changes.append(Change(("defaults", op, "ceil_mode"), value=False))
            says = f"every `{op}` {BORDER}"
            yield Step("padding", says, tuple(changes), min(places.values()))


def global_pools(layout: Layout, graph: Graph) -> Iterator[Step]:
    """Return a step for each pool whose window is the whole map at the size it was made for."""
    whole = whole_pools(graph)
    for site in layout.sites:
        if site.entry.place in whole:
            kept = {key: site.entry[key] for key in KEPT if key in site.entry}
            kind = GLOBAL_POOLS[str(site.entry["op"])]
            entry = {"op": kind, "keepdims": True, **kept}
            says = f"{told(site)} pools the whole map, whatever its size"
            yield Step("global_pool", says, (Change(site.edit, [entry]),), site.at)
