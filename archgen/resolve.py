"""From a checked Spec to a Graph: modules, forks, repeats, heads.

Expansion and shape inference go hand in hand, since ``channels`` must be known while modules
expand. A tensor that a fault left without a shape is None, poison: what consumes it stays silent,
its siblings go on. Imports ``making``, ``nodes``, ``wiring``,
``melt`` and what they import.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from archgen.diagnostics import Fault, Faults, SpecError, named, offering
from archgen.evaluation import Evaluator, Values
from archgen.expressions import Result
from archgen.growth import Growth, Size
from archgen.ir import Graph, Node, Op, Shape
from archgen.limits import LIMITS
from archgen.making import Maker
from archgen.melt import finished
from archgen.naming import INPUT, numbered
from archgen.nodes import Nodes
from archgen.places import Place
from archgen.scopes import Environment, Frame, Move, Slot, Tensor
from archgen.source import Array, Object
from archgen.spec import Branch, Entry, Fork, ForkEntry, Head, Module, OpEntry, Spec, UseEntry
from archgen.wiring import Wiring


class Context(NamedTuple):
    """Where an entry is expanded: its list's names, its expressions' names, path and scope."""

    frame: Frame
    environment: Environment
    path: str = ""
    scope: str = ""


class Expansion(NamedTuple):
    """A module expanded without a fault: its path and input, what it made, its size and scopes."""

    path: str
    input: str
    nodes: slice
    result: Tensor
    frame: Frame
    size: Size
    scopes: tuple[str, ...]


class Output(NamedTuple):
    """What a head gives; its tensor is None where a fault left it without one."""

    tensor: Tensor | None
    loss_weight: float


def resolve(
    spec: Spec, faults: Faults, parameters: Values | None = None, input_shape: Shape | None = None
) -> Graph | None:
    """Return the graph of a spec, or None where a fault left it without an output.

    ``parameters`` override those of the document, ``input_shape`` (height × width × channels) its
    input. Raises UsageError E507 for a parameter that the spec does not have.
    """
    resolver = Resolver(spec, faults, parameters or {}, input_shape)
    try:
        return resolver.graph()
    except SpecError as error:
        faults.take(error)
        return None


class Resolver:
    """One expansion of one spec."""

    def __init__(
        self, spec: Spec, faults: Faults, parameters: Values, input_shape: Shape | None
    ) -> None:
        self.spec = spec
        self.faults = faults
        self.evaluator = Evaluator(spec, faults, parameters, input_shape)
        self.maker = Maker(self.evaluator)
        self.input_shape = self.evaluator.input_shape
        self.nodes = Nodes(faults, self.input_shape)
        self.wiring = Wiring(faults)
        self.using: list[str] = []
        self.modules: dict[str, str] = {}
        self.expansions: dict[tuple[str, Shape | None, str], Expansion] = {}
        self.growth = Growth(self.evaluator)

    # ── the whole ─────────────────────────────────────────────────────────────────────────────

    def graph(self) -> Graph | None:
        """Expand the layers, then the heads."""
        entering = Tensor(INPUT, self.input_shape, INPUT) if self.input_shape else None
        main = self.entered(entering, Frame(), "", "")
        main.frame.holds(INPUT, entering)
        heads = self.spec.heads
        self.wiring.announce_heads(heads.keys(), main.frame)
        leaving = self.layers(self.spec.layers, main, entering)
        self.wiring.declare(main.frame, self.head_names())
        if leaving is entering is not None and not self.faults.has_errors:
            self.fault("E225", "a spec needs a layer that is built", self.spec.at("layers"))
            return None
        outputs = {name: self.head(name, head, main) for name, head in heads.items()}
        built = {name: output for name, output in outputs.items() if output}
        return self.collected(leaving, built)

    def head_names(self) -> list[tuple[str, Place]]:
        """Return the names of the heads and where they stand."""
        raw = self.spec.raw.get("heads")
        places = raw.places if isinstance(raw, Object) else {}
        return [(name, places[name].of_key()) for name in self.spec.heads if name != INPUT]

    def collected(self, leaving: Tensor | None, heads: Mapping[str, Output]) -> Graph | None:
        """Put main output and heads together; None where one of them is poison."""
        tensors = [leaving, *(head.tensor for head in heads.values())]
        sound = [tensor for tensor in tensors if tensor is not None]
        if leaving is None or len(sound) < len(tensors) or self.faults.has_errors:
            return None
        if leaving.entry in heads:
            message = f"the head {named(leaving.entry)} is called like the main output"
            place = self.spec.member_place("heads", leaving.entry)
            self.fault("E214", message, place.of_key())
            return None
        names = (leaving.entry, *heads)
        outputs = {name: tensor.node for name, tensor in zip(names, sound, strict=True)}
        nodes = finished(self.nodes.made, outputs.values(), self.faults)
        weights = {name: head.loss_weight for name, head in heads.items()}
        return self.checked(tuple(nodes), outputs, weights)

    def checked(
        self, nodes: tuple[Node, ...], outputs: Mapping[str, str], weights: Mapping[str, float]
    ) -> Graph | None:
        """Return the graph of the finished nodes, which verifies them."""
        inputs = {INPUT: self.input_shape or ()}
        return Graph(self.spec.name, nodes, inputs, outputs, weights, self.modules)

    def head(self, name: str, head: Head, main: Context) -> Output | None:
        """Expand a head where its condition holds; None where not."""
        environment = main.environment
        wanted = self.evaluator.condition(head, environment)
        if not wanted:
            main.frame.slots[name].state = "absent"
            return None if wanted is False else Output(None, 1.0)
        weight = self.evaluator.number(head.loss_weight, head.at("loss_weight"), environment)
        entering = self.wiring.reference(head.from_, main.frame, head.at("from"))
        inside = self.entered(entering, Frame(main.frame), f"{name}.", name)
        main.frame.slots[name].inner = inside.frame
        tensor = self.layers(head.layers, inside, entering)
        main.frame.holds(name, tensor)
        return Output(tensor, float(weight or 1))

    def entered(self, entering: Tensor | None, frame: Frame, path: str, scope: str) -> Context:
        """Return the context of the layers or of a head, which know the channels that enter."""
        channels = Result(entering.shape[-1], effective=True) if entering else None
        environment = self.evaluator.document.inner(channels=channels)
        return Context(frame, environment, path, scope)

    # ── lists ─────────────────────────────────────────────────────────────────────────────────

    def layers(
        self, entries: Sequence[Entry], context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand a list of entries, each behind the one before it."""
        counts = [self.evaluator.copies(entry, context.environment) for entry in entries]
        if -1 in counts:
            return None
        self.growth.enter(entries, counts)
        names = numbered([entry.called for entry in entries], counts)
        self.wiring.declare_entries(entries, names, context.frame)
        for entry, copies in zip(entries, names, strict=True):
            if entry.repeat is None:
                tensor = self.copy(entry, copies[0], context, tensor)
            else:
                tensor = self.repeated(entry, copies, context, tensor)
        self.growth.leave()
        return tensor

    def repeated(
        self, entry: Entry, names: tuple[str, ...], context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand the copies of an entry in a row; its bare name is the last of them.

        Behind a poisoned copy the others are poison, too: they would fail for the same reason.
        """
        for index, name in enumerate(names, start=1):
            if index > 1 and tensor is None:
                context.frame.holds(name, None)
                continue
            environment = context.environment.inner(index=Result(index, effective=False))
            tensor = self.copy(entry, name, context._replace(environment=environment), tensor)
        slots = context.frame.slots
        if entry.called in slots:
            slots[entry.called] = slots[names[-1]] if names else Slot("absent")
        return tensor

    def copy(
        self, entry: Entry, name: str, context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand one copy of one entry where its condition holds."""
        slot = context.frame.slots[name]
        wanted = self.evaluator.condition(entry, context.environment)
        if wanted is False:
            slot.state = "absent"
            return tensor
        slot.state = "open"
        result = self.entry(entry, name, slot, context, tensor) if wanted else None
        slot.state, slot.tensor = "built", result
        return result

    # ── entries ───────────────────────────────────────────────────────────────────────────────

    def entry(
        self, entry: Entry, name: str, slot: Slot, context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand an entry by its kind; a broken one is poison."""
        inputs = self.inputs(entry, context.frame, tensor)
        if isinstance(entry, OpEntry):
            return self.op(entry, name, context, inputs)
        if len(inputs) > 1:
            what = named(entry.use) if isinstance(entry, UseEntry) else "a fork"
            message = f"{what} takes one input, not {len(inputs)}"
            self.fault("E221", message, entry.at("inputs"))
        if isinstance(entry, UseEntry):
            return self.use(entry, name, slot, context, inputs[0])
        if not isinstance(entry, ForkEntry):
            return None
        if entry.name is None:
            return self.fork(entry, name, context, inputs[0])
        slot.inner = Frame(context.frame)
        self.wiring.declare_fork(entry, slot.inner)
        inside = context._replace(frame=slot.inner, path=f"{context.path}{name}.")
        return self.fork(entry, entry.join, inside, inputs[0])

    def inputs(
        self, entry: Entry, frame: Frame, tensor: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return what enters an entry: the tensors it names, else the one before it."""
        raw = entry.raw.get("inputs")
        if entry.inputs is None or not isinstance(raw, Array):
            return (tensor,)
        places = zip(entry.inputs, raw.places, strict=True)
        return tuple([self.wiring.reference(name, frame, place) for name, place in places])

    def op(
        self, entry: OpEntry, name: str, context: Context, inputs: tuple[Tensor | None, ...]
    ) -> Tensor | None:
        """Make the nodes of an op and of what follows it."""
        made = self.maker.ops(entry, context.environment)
        if made is None or not self.takes(made[0].op, len(inputs), entry):
            return None
        tensors = [tensor for tensor in inputs if tensor is not None]
        if len(tensors) < len(inputs):
            return None
        return self.nodes.chain(made, context.path + name, context.scope, entry.place, tensors)

    def takes(self, op: Op, given: int, entry: OpEntry) -> bool:
        """Say whether an op takes that many inputs; a fault where not."""
        if given == op.arity or (op.arity is None and given > 1):
            return True
        wanted = "one input" if op.arity else "two or more inputs"
        advice = "name them with `inputs`" if op.arity is None and not entry.inputs else None
        message = f"`{op.kind}` takes {wanted}, not {given}"
        self.fault("E221", message, entry.at("inputs"), advice)
        return False

    # ── modules ───────────────────────────────────────────────────────────────────────────────

    def use(
        self, entry: UseEntry, name: str, slot: Slot, context: Context, entering: Tensor | None
    ) -> Tensor | None:
        """Expand a module: its own names, its own scope, new weights."""
        module = self.module(entry)
        if module is None:
            return None
        path = context.path + name
        self.modules[path] = entry.use
        environment = self.evaluator.module(entry, module, context.environment, entering)
        key = (entry.use, entering.shape if entering else None, repr(environment.known))
        if key in self.expansions and entering is not None:
            self.growth.again(self.expansions[key].size, entry.place)
            return self.again(self.expansions[key], path, slot, entering)
        inside = Context(Frame(), environment, f"{path}.", path)
        inside.frame.holds(INPUT, entering)
        self.give_tensors(entry, module, context.frame, inside.frame)
        slot.inner = inside.frame
        first, known, before = len(self.nodes.made), len(self.modules), self.growth.reached
        self.using.append(entry.use)
        result = self.body(module, inside, entering)
        self.using.pop()
        if result is not None and entering is not None and not module.inputs:
            span = slice(first, len(self.nodes.made))
            size = self.growth.of_module(entry.use, before)
            scopes = tuple(islice(reversed(self.modules), len(self.modules) - known))
            made = Expansion(path, entering.node, span, result, inside.frame, size, scopes)
            self.expansions[key] = made
        return result

    def again(self, made: Expansion, path: str, slot: Slot, entering: Tensor) -> Tensor:
        """Repeat an expansion under another path: the same module on the same shape."""
        move = Move(made.path, path, made.input, entering.node)
        self.nodes.repeat(made.nodes, move)
        self.modules |= {move.node(scope): self.modules[scope] for scope in made.scopes}
        slot.inner, slot.move = made.frame, move
        # A module without layers gives back what entered, called by whatever made it.
        return entering if made.result.node == made.input else move.tensor(made.result)

    def module(self, entry: UseEntry) -> Module | None:
        """Return the module that an entry uses; None, with a fault, where it cannot be used."""
        if entry.use in self.using:
            circle = [*self.using[self.using.index(entry.use) :], entry.use]
            message = f"modules use each other in a circle: {' → '.join(circle)}"
            self.fault("E215", message, entry.at("use"))
            return None
        if len(self.using) >= LIMITS.module_depth:
            message = f"modules nest deeper than {LIMITS.module_depth} levels"
            self.fault("E222", message, entry.at("use"))
            return None
        known = self.spec.raw.get("modules", Object(self.spec.place))
        if isinstance(known, Object) and entry.use not in known:
            fault = Fault("E205", f"no module is called {named(entry.use)}", entry.at("use"))
            names = [name for name in self.spec.modules if name not in self.using]
            self.faults.add(offering(fault, entry.use, names, "known modules:"))
        return self.spec.modules.get(entry.use)

    def body(self, module: Module, context: Context, entering: Tensor | None) -> Tensor | None:
        """Expand what is inside a module."""
        if module.fork is None:
            return self.layers(module.layers or (), context, entering)
        self.wiring.declare_fork(module.fork, context.frame)
        return self.fork(module.fork, module.fork.join, context, entering)

    def give_tensors(self, entry: UseEntry, module: Module, outside: Frame, inside: Frame) -> None:
        """Fill the further inputs of a module with the tensors that ``with`` names."""
        for index, name in enumerate(module.inputs):
            given, tensor = entry.with_.get(name), None
            place = entry.member_place("with", name) if name in entry.with_ else entry.at("with")
            if isinstance(given, str):
                tensor = self.wiring.reference(given, outside, place)
            else:
                message = f"`with` must name the tensor that enters as {named(name)}"
                self.fault("E207", message, place)
            inside.holds(name, tensor, module.element_place("inputs", index))

    # ── forks ─────────────────────────────────────────────────────────────────────────────────

    def fork(
        self, fork: Fork, join: str, context: Context, entering: Tensor | None
    ) -> Tensor | None:
        """Expand the branches and join what they give; ``join`` is the join's own name."""
        given: list[Tensor | None] = []
        self.nodes.enter_fork()
        for name in fork.order or fork.branches:
            branch = fork.branches[name]
            wanted = self.evaluator.condition(branch, context.environment)
            if wanted is False:
                context.frame.slots.setdefault(name, Slot()).state = "absent"
            else:
                tensor = self.branch(name, branch, context, entering)
                given.append(tensor if wanted else None)
        self.nodes.leave_fork()
        if not given:
            self.fault("E219", "a fork needs a branch that is built", fork.at("branches"))
        tensors = [tensor for tensor in given if tensor is not None]
        if not tensors or len(tensors) < len(given):
            return None
        return self.joined(fork, join, context, tensors)

    def branch(
        self, name: str, branch: Branch, context: Context, entering: Tensor | None
    ) -> Tensor | None:
        """Expand one branch; an empty one is the identity."""
        slot = context.frame.slots.setdefault(name, Slot())
        slot.state, slot.inner = "open", Frame(context.frame)
        inside = context._replace(frame=slot.inner, path=f"{context.path}{name}.")
        result = self.layers(branch.layers, inside, entering)
        slot.state, slot.tensor = "built", result
        return result

    def joined(
        self, fork: Fork, join: str, context: Context, tensors: Sequence[Tensor]
    ) -> Tensor | None:
        """Join branches where there is more than one, then activate."""
        made = self.maker.join(fork) if len(tensors) > 1 else ()
        activation = self.maker.activation(fork, context.environment)
        if made is None or activation is None:
            return None
        result: Tensor | None = tensors[0]
        if made or activation:
            name, place = context.path + join, fork.at("join")
            result = self.nodes.chain([*made, *activation], name, context.scope, place, tensors)
        context.frame.holds(join, result)
        return result

    def fault(self, code: str, message: str, place: Place, help_line: str | None = None) -> None:
        """Report a fault."""
        self.faults.add(Fault(code, message, place, help=help_line))
