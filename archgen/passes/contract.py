"""What a pass is and answers: a Graph, and how each new weight is made from old ones, as data.

Imports ``ir``. An expression is a tree over weights as they were before the pass; shapes that
differ are broadcast as in NumPy. ``backends.edits`` carries expressions out.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from archgen.ir import Graph, Shape


@dataclass(frozen=True, slots=True)
class Old:
    """A weight as it was; ``node`` and ``weight`` are its names."""

    node: str
    weight: str


@dataclass(frozen=True, slots=True)
class Plus:
    """``first + second``."""

    first: "Expression"
    second: "Expression"


@dataclass(frozen=True, slots=True)
class Times:
    """``first · second``, scalar by scalar."""

    first: "Expression"
    second: "Expression"


@dataclass(frozen=True, slots=True)
class InverseRoot:
    """``1 / √of``."""

    of: "Expression"


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum over some axes, which are gone."""

    of: "Expression"
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shaped:
    """The same scalars in another shape, read row by row."""

    of: "Expression"
    shape: Shape


Expression = float | Old | Plus | Times | InverseRoot | Sum | Shaped


class Edit(NamedTuple):
    """The new weights of one node, each by its name; all are made of weights before this edit.

    Edits of a node are carried out one behind the other. They read its own weights and those of
    nodes that no edit changes. What no edit names stays as it is.
    """

    node: str
    weights: tuple[tuple[str, Expression], ...]


class Result(NamedTuple):
    """What a pass made: the graph, the edits of its weights, and a line for each firing.

    The graph is the very same where nothing fired.
    """

    graph: Graph
    edits: tuple[Edit, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pass(ABC):
    """A rewrite that keeps what the network answers at inference; its fields are its options.

    ``name`` is what a command line calls it. Applied to its own result it changes nothing.
    """

    name: ClassVar[str]

    @abstractmethod
    def run(self, graph: Graph) -> Result:
        """Rewrite a graph."""
