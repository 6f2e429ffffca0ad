"""What names mean: parameters in expressions, entries in references.

Imports ``expressions`` and ``diagnostics``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from archgen.expressions import Result
from archgen.ir import Shape
from archgen.limits import LIMITS
from archgen.places import Place


class Poisoned(Exception):  # noqa: N818 - not an error: what depends on a fault stays silent
    """A value that an earlier fault left unknown."""


class Environment:
    """The names that expressions read, and how ``width`` rounds; locals over an outer scope.

    A value of None is poison: it is known to exist, but a fault left it without a value.
    """

    __slots__ = ("known", "outer", "places", "width")

    def __init__(
        self, width: Callable[[int | Fraction], int], outer: "Environment | None" = None
    ) -> None:
        self.known: dict[str, Result | None] = {}
        self.places: dict[str, Place] = {}
        self.width = width
        self.outer = outer

    def inner(self, **values: Result | None) -> "Environment":
        """Return a scope inside this one, with some names of its own."""
        scope = Environment(self.width, self)
        scope.known.update(values)
        return scope

    def lookup(self, name: str) -> Result | None:
        """Return what a name stands for, None if unknown; Raises Poisoned."""
        scope: Environment | None = self
        while scope is not None:
            if name in scope.known:
                result = scope.known[name]
                if result is None:
                    raise Poisoned
                return result
            scope = scope.outer
        return None

    def names(self) -> Iterator[str]:
        """Return every name that may be read here."""
        scope: Environment | None = self
        while scope is not None:
            yield from scope.known
            scope = scope.outer

    def __contains__(self, name: str) -> bool:
        """Say whether a name may be read here."""
        return name in self.known or (self.outer is not None and name in self.outer)

    def place_of(self, name: str) -> Place | None:
        """Return where a name got its value."""
        scope: Environment | None = self
        while scope is not None:
            if name in scope.known:
                return scope.places.get(name)
            scope = scope.outer
        return None


class Tensor(NamedTuple):
    """A value on its way through the network: its node, its shape, the entry that made it."""

    node: str
    shape: Shape
    entry: str


class Move(NamedTuple):
    """A module expanded before, seen as another use of it: where its nodes and its input are."""

    old: str
    new: str
    old_input: str
    new_input: str

    def node(self, name: str) -> str:
        """Return what a node of the first expansion is called in the other."""
        return self.new_input if name == self.old_input else self.new + name[len(self.old) :]

    def tensor(self, tensor: Tensor) -> Tensor:
        """Return the other expansion's tensor."""
        return Tensor(self.node(tensor.node), tensor.shape, tensor.entry)


State = Literal["later", "open", "built", "absent"]


@dataclass(slots=True)
class Slot:
    """One name of a list: how far it is, its tensor (None: poison), the names inside it.

    Where there is a ``move``, the names inside are those of the expansion that it leads from.
    """

    state: State = "later"
    tensor: Tensor | None = None
    inner: "Frame | None" = None
    move: Move | None = None
    place: Place | None = None


@dataclass(slots=True)
class Frame:
    """The names of one list; ``outer`` is the list around it, None at a module's edge.

    ``is_sound`` is False where an entry is broken, so that a name may be meant that is not known.
    """

    outer: "Frame | None" = None
    slots: dict[str, Slot] = field(default_factory=dict)
    is_sound: bool = True

    def holds(self, name: str, tensor: Tensor | None, place: Place | None = None) -> None:
        """Give a name its tensor."""
        slot = self.slots.setdefault(name, Slot(place=place))
        slot.state, slot.tensor = "built", tensor

    def find(self, reference: str) -> Slot | None:
        """Look a reference up in this list, then in the lists around it; dots descend."""
        if len(reference) > LIMITS.reference:
            return None
        first, *rest = reference.split(".")
        frame: Frame | None = self
        while frame is not None and first not in frame.slots:
            frame = frame.outer
        slot = frame.slots[first] if frame is not None else None
        moves = []
        for name in rest:
            moves += [slot.move] if slot is not None and slot.move else []
            inner = slot.inner if slot is not None else None
            slot = inner.slots.get(name) if inner is not None else None
        return _moved(slot, moves) if slot is not None and moves else slot

    def nearest(self, reference: str) -> tuple[str, Slot | None]:
        """Return what a reference that leads nowhere names as far as it is known, and its slot."""
        names = reference[: LIMITS.reference].split(".")
        for count in range(len(names) - 1, 0, -1):
            begun = ".".join(names[:count])
            if (slot := self.find(begun)) is not None:
                return begun, slot
        return names[0], None

    def around(self) -> "Iterator[Frame]":
        """Return this list and those around it."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.outer

    def names(self) -> Iterator[str]:
        """Return every name with a value that a reference may begin with here."""
        for frame in self.around():
            yield from frame.own_names()

    def own_names(self) -> Iterator[str]:
        """Return every name of this list that has a value."""
        return (name for name, slot in self.slots.items() if slot.state == "built")


def _moved(slot: Slot, moves: list[Move]) -> Slot:
    """Return a slot as seen through the moves on the way to it, the innermost first."""
    tensor = slot.tensor
    for move in reversed(moves):
        tensor = move.tensor(tensor) if tensor is not None else None
    return Slot(slot.state, tensor, slot.inner)
