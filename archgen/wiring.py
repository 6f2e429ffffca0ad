"""Takes up names in lists and looks references up, each with its fault.

Imports ``scopes``, ``spec`` and ``diagnostics``.
"""

from collections.abc import Iterable, Sequence

from archgen.diagnostics import Fault, Faults, did_you_mean, quoted
from archgen.places import Place
from archgen.scopes import Frame, Slot, Tensor
from archgen.spec import Entry, Fork, ForkEntry

NO_VALUE = {
    "later": "comes later; a value can only come from what stands above",
    "open": "is around this place; that would be a circle",
    "absent": "is not built: its `when` is false or its `repeat` is 0",
}


class Wiring:
    """The names of every list of one spec."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def declare(self, frame: Frame, names: Iterable[tuple[str, Place]]) -> None:
        """Take up names in a list's namespace, which entries, branches and heads share."""
        for name, place in names:
            if name in frame.slots:
                message = f"the name {quoted(name)} is used twice in one list"
                self.faults.add(Fault("E214", message, place))
            else:
                frame.slots[name] = Slot()

    def declare_fork(self, fork: Fork, frame: Frame) -> None:
        """Take up the names of a fork that has a list of its own."""
        places = [(name, branch.place) for name, branch in fork.branches.items()]
        self.declare(frame, [*places, (fork.join, fork.at("join"))])

    def declare_entries(
        self, entries: Sequence[Entry], names: Sequence[tuple[str, ...]], frame: Frame
    ) -> None:
        """Take up the names of a list, and those that its unnamed fork adds to it."""
        called = [entry.called for entry in entries]
        for entry, copies in zip(entries, names, strict=True):
            self.declare(frame, [(name, entry.place) for name in copies])
            if entry.repeat is not None and called.count(entry.called) == 1:
                frame.slots.setdefault(entry.called, Slot())
        unnamed = [e for e in entries if isinstance(e, ForkEntry) and e.name is None]
        for number, fork in enumerate(unnamed):
            if number or fork.repeat is not None:
                message = "a second unnamed fork of a list, or a repeated one, needs a `name`"
                self.faults.add(Fault("E213", message, fork.place))
            places = [(name, branch.place) for name, branch in fork.branches.items()]
            self.declare(frame, [] if number else places)

    def reference(self, name: str, frame: Frame, place: Place) -> Tensor | None:
        """Return the tensor that a reference names; None, with a fault, where it has none."""
        slot = frame.find(name)
        if slot is None:
            help_line = did_you_mean(name, frame.names())
            message = f"no entry is called {quoted(name)} here"
            self.faults.add(Fault("E208", message, place, help=help_line))
            return None
        if slot.state != "built":
            message = f"{quoted(name)} {NO_VALUE[slot.state]}"
            self.faults.add(Fault("E209", message, place))
        return slot.tensor
