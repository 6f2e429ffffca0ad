"""What the parts of one source know of each other; imports ``forms``, ``melting``, ``wires``."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from archgen.backends.python.arithmetic import Scope, Term
from archgen.backends.python.fields import Fields
from archgen.backends.python.forms import Forms
from archgen.backends.python.layout import Define
from archgen.backends.python.melting import Melting
from archgen.backends.python.survey import Survey
from archgen.backends.python.wires import Wires
from archgen.spec import Spec, UseEntry


class Parameter(NamedTuple):
    """A parameter of a module as one of its function; ``default`` is its text, if it has one."""

    name: str
    identifier: str
    default: str = ""

    @property
    def text(self) -> str:
        """Return it as the function's head says it."""
        return f"{self.identifier}={self.default}" if self.default else self.identifier


@dataclass
class Function:
    """The function of a module: what it takes, what it gives, what it is.

    ``needs`` are the document's parameters that it takes, and what it calls them, ``locals`` the
    functions. ``entry`` is what the entry that makes its value is called, empty where it gives back
    what entered, None where that depends on the arguments; ``join`` is, where the function gives
    the branches of a concat, the end of that one's name.
    """

    name: str
    parameters: Sequence[Parameter] = ()
    needs: Mapping[str, str] = field(default_factory=dict)
    locals: Sequence[str] = ()
    entry: str | None = None
    is_open: bool = False
    join: str = ""
    definition: Define | None = None


class Parts(Protocol):
    """A document on its way to a source, as its functions see it.

    ``terms`` are its parameters as the source calls them, ``taken`` the identifiers that no
    variable takes, ``pools`` what pools say that are more than Keras's own.
    """

    spec: Spec
    survey: Survey
    wires: Wires
    melting: Melting
    forms: Forms
    terms: dict[str, Term]
    pools: list[Fields]

    @property
    def taken(self) -> Collection[str]:
        """Return the identifiers that no variable takes."""

    @property
    def local_names(self) -> Sequence[str]:
        """Return the functions that stand inside the main one."""

    def ordered(self, names: Collection[str]) -> list[str]:
        """Return names of the document in their order there."""

    def widened(self, filters: Term, read: Callable[[str], Term]) -> Term:
        """Return filters under the width multiplier, read where they stand."""

    def function(self, entry: UseEntry, scope: Scope) -> Function:
        """Return the function of a module for a use of it."""

    def composed(self, op: str, fields: Fields) -> str:
        """Return the name of the function that makes an op of several calls of Keras."""
