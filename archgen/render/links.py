"""The edges of a view, for drawings that are laid out elsewhere; imports ``view``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archgen.naming import INPUT
from archgen.render.view import Element, Fork, Group, Series, Tangle, View, items


@dataclass
class _Walk:
    """Follows a view from what enters to what leaves; ``opened`` goes into modules."""

    opened: bool
    found: list[tuple[str, str]] = field(default_factory=list)

    def series(self, series: Series, sources: Sequence[str]) -> list[str]:
        """Add the edges of a series; return what leaves it."""
        leaving = list(sources)
        for element in series:
            leaving = self.element(element, leaving)
        return leaving

    def element(self, element: Element, sources: Sequence[str]) -> list[str]:
        if isinstance(element, Fork):
            return [end for branch in element.branches for end in self.series(branch, sources)]
        if isinstance(element, Tangle):
            return self.tangle(element, sources)
        if isinstance(element, Group) and self.opened:
            return self.series(element.body, sources)
        self.found += [(source, element.name) for source in dict.fromkeys(sources)]
        return [] if element.is_dead else [element.name]

    def tangle(self, tangle: Tangle, sources: Sequence[str]) -> list[str]:
        ends: dict[str, list[str]] = {}
        for item in tangle.items:
            entering = [end for name in item.inputs for end in ends.get(name, sources)]
            ends[item.name] = self.element(item, entering)
        return [end for name in tangle.leaving for end in ends[name]]


def links(view: View, *, opened: bool = False) -> Iterator[tuple[str, str]]:
    """Return every edge as the names of two items, once; ``input`` is what enters.

    Modules are single items unless ``opened``.
    """
    walk = _Walk(opened)
    walk.series(view.body, [INPUT])
    for tap, head in view.heads:
        tapped = next((item for item in items(view.everything) if tap in item.copies), None)
        walk.element(head, _Walk(opened).element(tapped, []) if tapped else [INPUT])
    return iter(dict.fromkeys(walk.found))
