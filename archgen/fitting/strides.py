"""Steps that let a map keep its size: strides of 1, pools that are dropped.

Imports ``steps``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from archgen.expressions import is_expression
from archgen.fitting.changes import Change
from archgen.fitting.layout import Layout, Lever, Site
from archgen.fitting.steps import POOLS, Step, is_whole, only, short, told, windows
from archgen.ir import Graph


@dataclass(frozen=True)
class Unit:
    """Windows that stride together: those of one fork, or one by itself."""

    path: str
    sites: tuple[Site, ...]
    were: tuple[Any, ...]

    @property
    def was(self) -> str:
        """Return what the first of them has as its stride."""
        first, *_ = self.were
        return "×".join(map(str, first)) if isinstance(first, list) else str(first)

    @property
    def at(self) -> int:
        """Return where the first of them is."""
        return min(site.at for site in self.sites)

    @property
    def copies(self) -> int:
        """Return how often the network has each of them."""
        return max(site.copies for site in self.sites)

    @property
    def pool(self) -> Site | None:
        """Return the pool that stands by itself, which can be dropped."""
        (first, *others) = self.sites
        return None if others or first.fork or first.entry["op"] not in POOLS else first


def strides(layout: Layout, graph: Graph) -> Iterator[Step]:
    """Return a step for each place where the network makes its map smaller."""
    sites = windows(layout, graph)
    units, levers = _units(layout, sites), _levers(layout, sites)
    first_pool = min((unit.at for unit in units if unit.pool), default=-1)
    first_conv = min((unit.at for unit in units if _is_conv(unit)), default=-1)
    for unit in units:
        kind = "reduction"
        if unit.pool and unit.at == first_pool:
            kind = "pool"
        elif _is_conv(unit) and unit.at == first_conv:
            kind = "stride"
        yield from _of_unit(unit, kind, layout)
    for lever in levers:
        at = lever.use.at if lever.use else 0
        where = told(lever.use) if lever.use else f"`{lever.name}`"
        says = f"{where} has stride 1 instead of {lever.value}"
        yield Step("reduction", says, (Change(lever.path, 1),), at)


def _is_conv(unit: Unit) -> bool:
    return len(unit.sites) == 1 and not unit.sites[0].fork and unit.pool is None


def _of_unit(unit: Unit, kind: str, layout: Layout) -> Iterator[Step]:
    section = unit.sites[0].section
    if len(layout.uses.get(section, ())) < 2:  # noqa: PLR2004 - else it undoes what several make
        yield from _everywhere(unit, kind)
    if any(isinstance(was, list) for was in unit.were):
        return
    for kept in only(layout, section):
        changes = tuple(_unless(unit, kept.condition))
        yield Step(kind, _says(unit, kept.words), changes, kept.at, kept.uses)


def _everywhere(unit: Unit, kind: str) -> Iterator[Step]:
    if unit.pool:
        change = Change(unit.pool.edit, None)
        yield Step(kind, _says(unit), (change,), unit.at, unit.copies)
    says = f"{short(unit.path)} has stride 1 instead of {unit.was}"
    changes = tuple(Change((*site.edit, "strides"), 1) for site in unit.sites)
    yield Step(kind, says, changes, unit.at, unit.copies)


def _says(unit: Unit, where: str = "") -> str:
    says = "is dropped" if unit.pool else f"has stride 1 instead of {unit.was}"
    return f"{short(unit.path)} {says} {where}".rstrip()


def _unless(unit: Unit, condition: str) -> Iterator[Change]:
    """Return the changes that keep the strides only where a condition holds."""
    if unit.pool and "when" not in unit.pool.entry:
        yield Change((*unit.pool.edit, "when"), f"${{{condition}}}")
        return
    for site, was in zip(unit.sites, unit.were, strict=True):
        yield Change((*site.edit, "strides"), f"${{{was} if {condition} else 1}}")


def _strides(site: Site, layout: Layout) -> Any:
    """Return what an entry says of its strides; those of a pool default to its window."""
    said = layout.value(site, "strides")
    if said is None and site.entry["op"] in POOLS:
        size = layout.value(site, "pool_size")
        return 2 if size is None else size
    return said


def strided_sections(layout: Layout, graph: Graph) -> set[str]:
    """Return the modules that make a map smaller by what they say themselves."""
    return {unit.sites[0].section for unit in _units(layout, windows(layout, graph))}


def _units(layout: Layout, sites: Iterable[Site]) -> list[Unit]:
    found: dict[str, list[tuple[Site, Any]]] = {}
    for site in sites:
        if is_whole(was := _strides(site, layout)):
            found.setdefault(site.fork or site.path, []).append((site, was))
    units = [Unit(path, *zip(*those, strict=True)) for path, those in found.items()]
    return sorted(units, key=lambda unit: unit.at)


def _levers(layout: Layout, sites: Iterable[Site]) -> list[Lever]:
    """Return where strides come from that an entry only reads."""
    found: dict[tuple[str, ...], Lever] = {}
    for site in sites:
        raw = _strides(site, layout)
        for lever in layout.levers(raw, site.section) if is_expression(raw) else ():
            if is_whole(lever.value):
                found.setdefault(lever.path, lever)
    return list(found.values())
