"""The network of a spec with faults, as far as it is known: a picture shows it, nothing builds it.

What a fault leaves without a value has a stand-in here instead, so that everything behind it is
there too; its shapes are not known. Imports ``resolve``, ``outline``, ``analysis`` and theirs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from archgen.analysis import Measure, analyse
from archgen.diagnostics import Fault, Faults, SpecError
from archgen.evaluation import Evaluator, Values
from archgen.ir import Caption, Graph, Node, Op, Refusal, Shape
from archgen.making import Made, Maker
from archgen.melt import melted, unused
from archgen.naming import INPUT
from archgen.nodes import Nodes
from archgen.outline import OPEN, asked, opened
from archgen.places import Place
from archgen.resolve import Context, Output, Resolver
from archgen.scopes import Environment, Slot, Tensor
from archgen.source import Object
from archgen.spec import Branch, Entry, Fork, Head, Spec, UseEntry

LONGEST_NAME = 4096
COLOURS = 3  # the channels of an input that is not known


class StandIn(Op):
    """What stands for an entry that a fault left without an op."""

    kind: ClassVar[str] = "?"
    words: str

    def caption(self) -> Caption:
        """Return what the entry is called."""
        return Caption(self.words)


@dataclass(frozen=True)
class Draft:
    """The nodes of a spec with faults, as a Graph has them; a shape that is not known is empty.

    ``faults`` says of nodes what is wrong with them.
    """

    name: str
    nodes: tuple[Node, ...]
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, str]
    modules: Mapping[str, str]
    faults: Mapping[str, str]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """Return the nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Return every input's and node's shape."""
        return {**self.inputs, **{node.name: node.shape for node in self.nodes}}


@dataclass(frozen=True)
class Sketch:
    """A draft and its measures; what is not known counts nothing."""

    graph: Draft
    measures: tuple[Measure, ...] = field(repr=False)

    @property
    def params(self) -> int:
        """Return the parameters of what is known."""
        return sum(measure.params for measure in self.measures)

    @property
    def macs(self) -> int:
        """Return the multiply–accumulates of what is known."""
        return sum(measure.macs for measure in self.measures)


def sketched(
    spec: Spec, said: Sequence[Fault], parameters: Values, input_shape: Shape | None = None
) -> Sketch | None:
    """Return the sketch of a spec; ``said`` are its faults. None where there is nothing to draw.

    Raises UsageError E507 for a parameter that the spec does not have.
    """
    sketcher = _Sketcher(spec, said, parameters, input_shape)
    try:
        sketcher.graph()
    except SpecError:
        return None
    draft = sketcher.draft()
    return Sketch(draft, tuple(_measures(draft))) if draft else None


def _measures(draft: Draft) -> Iterator[Measure]:
    """Return the measures of all nodes; those in front of every fault are a network that works."""
    known = tuple(node for node in draft if node.shape)
    measured: dict[str, Measure] = {}
    if known:
        graph = Graph(draft.name, known, draft.inputs, {"known": known[-1].name})
        measured = {measure.node.name: measure for measure in analyse(graph).measures}
    for node in draft:
        yield measured.get(node.name) or Measure(node, 0, 0, 0, (0, 0), 0)


class _Lenient(Evaluator):
    """Takes a count that it cannot evaluate for one, a condition for true."""

    def copies(self, entry: Entry, environment: Environment) -> int | None:
        count = super().copies(entry, environment)
        return 1 if count == -1 else count

    def condition(self, level: Entry | Branch | Head, environment: Environment) -> bool | None:
        return super().condition(level, environment) is not False


class _Sketcher(Resolver):
    """An expansion that goes on behind every fault."""

    def __init__(
        self, spec: Spec, said: Sequence[Fault], parameters: Values, input_shape: Shape | None
    ) -> None:
        super().__init__(spec, Faults(), parameters, input_shape)
        self.said = said
        self.given = self.input_shape
        self.evaluator = _Lenient(spec, self.faults, parameters, input_shape)
        self.maker = Maker(self.evaluator)
        self.input_shape = self.given or (OPEN, OPEN, COLOURS)
        self.sketched = _SketchedNodes(self.faults, self.given)
        self.nodes = self.sketched
        self.outputs: dict[str, str] = {}

    def draft(self) -> Draft | None:
        """Return the nodes that were made, once the graph is expanded."""
        if not self.outputs or not self.nodes.made:
            return None
        inputs = {INPUT: self.given or ()}
        faults = self.sketched.faulty
        # A concat with a fault stays, to bear it.
        nodes = tuple(melted(self.nodes.made, {*self.outputs.values(), *faults}))
        if any(fault.code == "E223" for fault in self.said):
            late = unused(nodes, self.outputs.values())
            faults = {**faults, **{name: _told(fault) for name, fault in late.items()}}
        return Draft(self.spec.name, nodes, inputs, self.outputs, self.modules, faults)

    def collected(self, leaving: Tensor | None, heads: Mapping[str, Output]) -> Graph | None:
        """Keep the outputs there are; there is no graph."""
        found = {name: head.tensor for name, head in heads.items()}
        tensors = found if leaving is None else {leaving.entry: leaving, **found}
        self.outputs = {name: tensor.node for name, tensor in tensors.items() if tensor}
        return None

    def head(self, name: str, head: Head, main: Context) -> Output | None:
        """Expand a head where what it reads is there."""
        slot = main.frame.find(head.from_)
        there = slot is not None and slot.state == "built" and slot.tensor is not None
        return super().head(name, head, main) if there else None

    def copy(
        self, entry: Entry, name: str, context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand one copy of an entry, or let something stand for it."""
        result = super().copy(entry, name, context, tensor)
        if result is None:
            kinds = (entry.raw.get(key) for key in ("op", "use", "join"))
            words = next((kind for kind in kinds if isinstance(kind, str)), entry.called)
            given = self.inputs(entry, context.frame, tensor)
            inputs = [each for each in given if each] or [tensor or self.entering()]
            place = self.place_of(entry)
            result = self.stand_in(words, context.path + name, context, place, inputs)
            context.frame.slots[name].tensor = result
        return result

    def place_of(self, entry: Entry) -> Place:
        """Return where the fault of an entry stands that has none: it is its module's."""
        modules = self.spec.raw.get("modules")
        if not isinstance(entry, UseEntry) or not isinstance(modules, Object):
            return entry.place
        own = bool(self.fault_in(entry.place)) or entry.use not in modules
        return entry.place if own else modules.places[entry.use]

    def fault_in(self, place: Place) -> str:
        """Return the first fault in a text, "" where there is none."""
        inside = (fault for fault in self.said if fault.place and _holds(place, fault.place))
        return next(map(_told, inside), "")

    def entering(self) -> Tensor:
        """Return what enters the network."""
        return Tensor(INPUT, self.input_shape or (), INPUT)

    def use(
        self, entry: UseEntry, name: str, slot: Slot, context: Context, entering: Tensor | None
    ) -> Tensor | None:
        """Expand a module anew: an equal shape may be known once and guessed another time."""
        self.expansions.clear()
        return super().use(entry, name, slot, context, entering)

    def joined(
        self, fork: Fork, join: str, context: Context, tensors: Sequence[Tensor]
    ) -> Tensor | None:
        """Join branches, or let something stand for the join."""
        result = super().joined(fork, join, context, tensors)
        if result is None:
            path = context.path + join
            result = self.stand_in(fork.join, path, context, fork.at("join"), tensors)
            context.frame.holds(join, result)
        return result

    def stand_in(
        self, words: str, name: str, context: Context, place: Place, inputs: Sequence[Tensor]
    ) -> Tensor:
        """Make the node that stands for an entry, with the first fault in its text."""
        names = tuple(dict.fromkeys(tensor.node for tensor in inputs))
        node = Node(name, StandIn(words=words), names, (), context.scope, place)
        return self.sketched.stand_in(node, inputs[0].shape, self.fault_in(place))


def _told(fault: Fault) -> str:
    """Return what a box says of its fault."""
    return f"{fault.code}: {fault.message}"


def _holds(outer: Place, inner: Place) -> bool:
    same = outer.text.name == inner.text.name
    return same and outer.start <= inner.start and inner.end <= outer.end


class _SketchedNodes(Nodes):
    """Nodes whose shapes are known as far as no fault is in front of them."""

    def __init__(self, faults: Faults, input_shape: Shape | None) -> None:
        super().__init__(faults, input_shape)
        self.faulty: dict[str, str] = {}
        self.unknown = set[str]() if input_shape else {INPUT}
        self.names: set[str] = set()

    def chain(
        self,
        ops: Sequence[Made],
        name: str,
        scope: str,
        place: Place,
        tensors: Sequence[Tensor],
    ) -> Tensor:
        """Put ops one behind the other; one that refuses its shapes is faulty."""
        names = tuple([tensor.node for tensor in tensors])
        shapes = tuple([tensor.shape for tensor in tensors])
        for suffix, op, written in ops:
            node = self.free(f"{name}.{suffix}" if suffix else name)
            shape = Refusal("", "") if self.unknown.intersection(names) else self.infer(op, shapes)
            known = () if isinstance(shape, Refusal) else shape
            if isinstance(shape, Refusal):
                self.unknown.add(node)
                if shape.code:
                    self.faulty[node] = f"{shape.code}: {shape.message}"
                shape = _guessed(op, shapes)
            self.made.append(Node(node, op, names, known, scope, place, written))
            names, shapes = (node,), (shape,)
        return Tensor(names[0], shapes[0], name.rpartition(".")[2])

    def stand_in(self, node: Node, entering: Shape, fault: str) -> Tensor:
        """Add the node that stands for what a fault left without a value."""
        name = self.free(node.name)
        self.unknown.add(name)
        if fault:
            self.faulty[name] = fault
        self.made.append(node._replace(name=name))
        return Tensor(name, opened(entering), name.rpartition(".")[2])

    def free(self, name: str) -> str:
        """Return a name that no node has yet: two entries may be called alike, or anything."""
        name = name[:LONGEST_NAME]
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name


def _guessed(op: Op, shapes: tuple[Shape, ...]) -> Shape:
    """Return a shape that lets what follows go on: the channels are right where they can be."""
    for tried in (shapes, tuple(map(opened, shapes))):
        shape = asked(op, tried)
        if not isinstance(shape, Refusal):
            return opened(shape)
    return opened(shapes[0])
