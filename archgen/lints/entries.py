"""From a node to the entry that made it, and to where a field of it is said; imports ``spec``."""

from archgen.ir import Node
from archgen.places import Place
from archgen.spec import Entry, ForkEntry, Module, OpEntry, Spec


class Entries:
    """The op entries of a spec by the place that nodes have for their origin."""

    def __init__(self, spec: Spec) -> None:
        self.by_place: dict[Place, OpEntry] = {}
        self._add(spec.layers)
        for head in spec.heads.values():
            self._add(head.layers)
        for module in spec.modules.values():
            self._add_module(module)

    def _add_module(self, module: Module) -> None:
        self._add(module.layers or ())
        for branch in module.fork.branches.values() if module.fork else ():
            self._add(branch.layers)

    def _add(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            if isinstance(entry, OpEntry):
                self.by_place[entry.place] = entry
            elif isinstance(entry, ForkEntry):
                for branch in entry.branches.values():
                    self._add(branch.layers)

    def of(self, node: Node) -> OpEntry | None:
        """Return the op entry that made a node; None where it was a fork."""
        return self.by_place.get(node.origin) if node.origin else None

    def place(self, node: Node, field: str) -> Place | None:
        """Return where the entry of a node says a field, or the entry where it does not."""
        entry = self.of(node)
        return entry.at(field) if entry else node.origin
