"""The graph between the spec and everything that reads it; a Graph that exists is valid.

Imports ``places`` and ``geometry``. Shapes are height × width × channels, or features alone, never
with the batch axis.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from archgen.geometry import Axis
from archgen.places import Place

Shape = tuple[int, ...]
Pair = tuple[int, int]


class Weight(NamedTuple):
    """One variable of a layer; ``shape`` as Keras lays it out."""

    name: str
    shape: Shape
    trainable: bool = True


class Call(NamedTuple):
    """One Keras call as data: a dotted name below ``keras`` and its keyword arguments.

    ``on`` indexes the values it is called on: the node's inputs come first, then the results of
    the calls before this one; -1 is the newest value. ``part`` names every call but the last.
    """

    target: str
    arguments: Mapping[str, Any]
    on: tuple[int, ...] = (-1,)
    part: str = ""


class Window(NamedTuple):
    """What one output looks at, per axis: ``size`` positions, ``strides`` apart from its neighbour.

    ``before`` is the padding in front of the map.
    """

    size: Pair = (1, 1)
    strides: Pair = (1, 1)
    before: Pair = (0, 0)


class Caption(NamedTuple):
    """What a picture says of an op: its words, marks behind them, the family that colours it."""

    words: str
    marks: str = ""
    family: str = "other"


class Turns(NamedTuple):
    """What outputs look at on one axis where they take turns, as behind an up-sampling.

    Output i looks at the positions of ``spans[i % n]``, from first to last, moved on by
    ``i // n · stride``, for n spans. A span looks at nothing where its last is before its first.
    """

    spans: tuple[Pair, ...] = ((0, 0),)
    stride: int = 1


class View(NamedTuple):
    """What one output looks at where no Window says it: the turns of height and width.

    ``axes`` are the input's axes that the output's height and width run along; 2 is channels.
    """

    height: Turns = Turns()
    width: Turns = Turns()
    axes: Pair = (0, 1)


class Taps(NamedTuple):
    """Which scalars meet in one of an op: a window over height and width, and over the channels.

    ``groups`` is in how many groups the channels mix, None where each goes on alone; where there
    is a kernel, every tap of every channel that enters has ``weights`` of its scalars, and
    ``groups · weights`` channels leave. A ``transposed`` window lies on the output, one for each
    position that enters.
    """

    axes: tuple[Axis, Axis] = (Axis(1), Axis(1))
    groups: int | None = None
    weights: int = 0
    transposed: bool = False


class Moved(NamedTuple):
    """The same scalars under another shape: axes in another order first, then row by row."""

    shape: Shape
    order: tuple[int, ...] = ()


class Refusal(Exception):  # noqa: N818 - it is an answer of `infer`, not an error of the program
    """An op cannot take these shapes; says so with the numbers of the case."""

    def __init__(self, code: str, message: str, label: str = "", help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.code = code
        self.message = message
        self.label = label
        self.help = help


OpType = TypeVar("OpType", bound="type[Op]")


class Op(BaseModel):
    """One operation: its fields, and everything that archgen knows of it.

    ``arity`` is how many inputs it takes, None for any number from two. ``followers`` names the
    ops that an entry of this kind may ask for behind it (``norm``, ``activation``). ``keras`` is
    the stock layer; an op that is composed of several has none.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False
    )

    kind: ClassVar[str]
    keras: ClassVar[str]
    arity: ClassVar[int | None] = 1
    followers: ClassVar[tuple[str, ...]] = ()

    @property
    def is_separable(self) -> bool:
        """Return whether each size of the output depends on the same axis of the inputs alone."""
        return True

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output shape; Raises Refusal where the inputs do not fit."""
        return inputs[0]

    def weights(self, _inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return the variables in Keras's order."""
        return ()

    def macs(self, _inputs: tuple[Shape, ...], _output: Shape) -> int:
        """Return the multiply–accumulates of one image; only convolutions and dense have any."""
        return 0

    def window(self, _inputs: tuple[Shape, ...]) -> Window | View | None:
        """Return what one output looks at; None where it looks at the whole map."""
        return Window()

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps | Moved, ...] | None:
        """Return what scalars go through, in order; None where each of them may reach every other.

        Features count as the channels of a 1×1 map. Several inputs are joined in front of it.
        """
        return ()

    def label(self) -> str:
        """Return the words for a table or a fault."""
        return self.kind.replace("_", " ")

    def caption(self) -> Caption:
        """Return the words of a picture."""
        return Caption(self.label())

    def call(self, _inputs: tuple[Shape, ...]) -> tuple[Call, ...]:
        """Return the Keras calls that make the node; the last bears the node's name."""
        return (Call(self.keras, self.arguments()),)

    def arguments(self, *without: str) -> dict[str, Any]:
        """Return the fields that are not Keras's defaults."""
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in without and value != type(self).model_fields[name].default
        }


class Node(NamedTuple):
    """One value of the graph and the op that makes it.

    ``scope`` is the path of the module it belongs to, ``origin`` the place of the entry that made
    it, which does not count where nodes are compared, ``written`` the filters as the spec says them
    where the width multiplier changed them.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    shape: Shape
    scope: str = ""
    origin: Place | None = None
    written: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self._compared() == other._compared()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._compared())

    def _compared(self) -> tuple[object, ...]:
        return (*self[:5], self.written)


@dataclass(frozen=True)
class Graph:
    """A checked network: nodes in topological order, named inputs and outputs.

    ``outputs`` maps each output's name to its node, the main output first; ``loss_weights`` has
    those of the heads, ``modules`` the module that each scope uses, ``shapes`` every input's and
    node's shape, ``entering`` those that enter each node, in their order. Raises ValueError where
    a name is not unique, an input is not earlier or a shape is not the inferred one: a bug of
    whoever made it, never of a spec.
    """

    name: str
    nodes: tuple[Node, ...]
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, str]
    loss_weights: Mapping[str, float] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    shapes: Mapping[str, Shape] = field(init=False, compare=False, repr=False)
    entering: tuple[tuple[Shape, ...], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Verify the graph; its shapes are what verifying it finds."""
        shapes: dict[str, Shape] = dict(self.inputs)
        known: dict[tuple[int, tuple[Shape, ...]], Shape] = {}
        entering = []
        for name, op, reads, made, *_ in self.nodes:
            try:
                inputs = tuple(map(shapes.__getitem__, reads))
            except KeyError as error:
                raise ValueError(f"{name} reads what is not earlier: {error}") from error
            shape = known.get((id(op), inputs))
            if shape is None:
                shape = known[id(op), inputs] = op.infer(inputs)
            if name in shapes or shape != made:
                raise ValueError(f"{name} is made twice, or it is {shape}, not {made}")
            shapes[name] = shape
            entering.append(inputs)
        if not shapes.keys() >= set(self.outputs.values()):
            raise ValueError("an output that no node makes")
        object.__setattr__(self, "shapes", shapes)
        object.__setattr__(self, "entering", tuple(entering))

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """Return the nodes by name."""
        return {node.name: node for node in self.nodes}

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """Return the shapes that enter a node."""
        return tuple(self.shapes[name] for name in node.inputs)


def shape_text(shape: Iterable[int]) -> str:
    """Return a shape as ``35×35×288``."""
    return "×".join(map(str, shape))


def size_of(shape: Iterable[int]) -> int:
    """Return how many scalars a shape holds."""
    return prod(shape)
