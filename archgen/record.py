"""The record of a fault; imports ``places`` and ``echo``."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from archgen.echo import told
from archgen.places import Place


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a fault, and what it has to do with it."""

    place: Place
    label: str

    def __post_init__(self) -> None:
        """Escape and cut the label: it may hold text of the spec."""
        object.__setattr__(self, "label", told(self.label))


class Asked(NamedTuple):
    """A name that is not known, those that are, and how to introduce their list; "" lists none.

    What is known is read once, when the fault is kept: of thousands of faults it never is.
    """

    name: str
    known: Iterable[str]
    what: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: code, place, cause and, where it is known, what would work.

    ``label`` stands under the caret; ``trail`` is how the shapes came about, one step each;
    ``sizes`` says at which inputs the network works. ``asked`` is a name to be looked up among
    those that are known: once the fault is kept, it is told as ``help`` or as a note.
    """

    code: str
    message: str
    place: Place | None = None
    label: str = ""
    related: tuple[Related, ...] = ()
    trail: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    sizes: str = ""
    asked: Asked | None = None

    def __post_init__(self) -> None:
        """Escape and cut every text: each may hold text of the spec."""
        for name in ("message", "label", "help", "sizes"):
            if text := getattr(self, name):
                object.__setattr__(self, name, told(text))
        for name in ("trail", "notes"):
            if texts := getattr(self, name):
                object.__setattr__(self, name, tuple(map(told, texts)))

    @property
    def severity(self) -> str:
        """Return ``error`` or ``warning``."""
        return "warning" if self.code.startswith("W") else "error"

    def explained(
        self,
        trail: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        related: tuple[Related, ...] = (),
        help: str | None = None,  # noqa: A002 - the field's name
    ) -> "Fault":
        """Return the fault with how it came about and what would work."""
        return replace(self, trail=trail, notes=notes, related=related, help=help)
