"""Takes up names in lists and looks references up, each with its fault.

Imports ``scopes``, ``spec`` and ``diagnostics``.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from archgen.diagnostics import Fault, Faults, Related, named, offering
from archgen.places import Place
from archgen.scopes import Frame, Slot, Tensor
from archgen.source import Object
from archgen.spec import Broken, Entry, Fork, ForkEntry

NO_VALUE = {
    "later": "comes later; a value can only come from what stands above",
    "open": "is around this place, so it has no value here yet",
    "absent": "is not built: its `when` is false or its `repeat` is 0",
    "head": "is a head; heads are built behind the layers",
}


class Wiring:
    """The names of every list of one spec."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.announced: tuple[Frame | None, Collection[str]] = (None, ())

    def announce_heads(self, names: Collection[str], frame: Frame) -> None:
        """Remember the names that the outermost list gets once its entries are built."""
        self.announced = (frame, names)

    def declare(self, frame: Frame, names: Iterable[tuple[str, Place]]) -> None:
        """Take up names in a list's namespace, which entries, branches and heads share."""
        for name, place in names:
            slot = frame.slots.setdefault(name, Slot(place=place))
            if slot.place is not place and slot.place is not None:
                message = f"the name {named(name)} is used twice in one list"
                related = (Related(slot.place, "first here"),)
                self.faults.add(Fault("E214", message, place, related=related))

    def declare_branches(self, fork: Fork, frame: Frame) -> None:
        """Take up the names of a fork's branches."""
        branches = fork.raw["branches"]
        places = branches.places if isinstance(branches, Object) else {}
        self.declare(frame, [(name, place.of_key()) for name, place in places.items()])

    def declare_fork(self, fork: Fork, frame: Frame) -> None:
        """Take up the names of a fork that has a list of its own."""
        self.declare_branches(fork, frame)
        self.declare(frame, [(fork.join, fork.at("join"))])

    def declare_entries(
        self, entries: Sequence[Entry], names: Sequence[tuple[str, ...]], frame: Frame
    ) -> None:
        """Take up the names of a list, and those that its unnamed fork adds to it."""
        repeated = any(entry.repeat is not None for entry in entries)
        called = Counter([entry.called for entry in entries]) if repeated else Counter[str]()
        for entry, copies in zip(entries, names, strict=True):
            frame.is_sound = frame.is_sound and not isinstance(entry, Broken)
            place = entry.named_at
            self.declare(frame, [(name, place) for name in copies])
            if entry.repeat is not None and called[entry.called] == 1:
                frame.slots.setdefault(entry.called, Slot(place=place))
        unnamed = [e for e in entries if isinstance(e, ForkEntry) and e.name is None]
        for number, fork in enumerate(unnamed):
            if number or fork.repeat is not None:
                message = "a second unnamed fork in a list, or a repeated one, needs a `name`"
                self.faults.add(Fault("E213", message, fork.place))
            if not number:
                self.declare_branches(fork, frame)

    def reference(self, name: str, frame: Frame, place: Place) -> Tensor | None:
        """Return the tensor that a reference names; None, with a fault, where it has none."""
        slot = frame.find(name)
        if slot is not None and slot.state == "built":
            return slot.tensor
        if all(around.is_sound for around in frame.around()):
            self.no_value(name, slot, frame, place)
        return None

    def no_value(self, name: str, slot: Slot | None, frame: Frame, place: Place) -> None:
        """Say why a reference has no value, unless a fault left what it begins with without one."""
        begun, near = (name, slot) if slot is not None else frame.nearest(name)
        outermost, heads = self.announced
        if near is not None and (near is slot or near.state in ("later", "absent")):
            self.faults.add(Fault("E209", f"{named(begun)} {NO_VALUE[near.state]}", place))
        elif near is None and begun in heads and any(f is outermost for f in frame.around()):
            self.faults.add(Fault("E209", f"{named(begun)} {NO_VALUE['head']}", place))
        elif near is None or near.state != "built" or near.tensor is not None:
            inner = near.inner.own_names() if near is not None and near.inner is not None else ()
            known = chain((f"{begun}.{name}" for name in inner), frame.names())
            fault = Fault("E208", f"no entry is called {named(name)} here", place)
            self.faults.add(offering(fault, name, known, "names here:"))
