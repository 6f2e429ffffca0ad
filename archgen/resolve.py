"""From a checked Spec to a Graph: parameters, modules, forks, repeats, names, shapes.

Expansion and shape inference go hand in hand, since ``channels`` must be known while modules
expand. A tensor that a fault left without a shape is poison (None): what consumes it stays silent,
its siblings go on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archgen.diagnostics import Fault, Faults, SpecError, did_you_mean, quoted
from archgen.evaluation import Evaluator, Made
from archgen.expressions import Result
from archgen.ir import Graph, Node, Op, Refusal, Shape, shape_text
from archgen.limits import LIMITS
from archgen.melt import finished
from archgen.naming import INPUT, numbered
from archgen.places import Place
from archgen.scopes import Environment, Frame, Slot, Tensor
from archgen.source import Array
from archgen.spec import (
    Branch,
    Entry,
    Fork,
    ForkEntry,
    Head,
    Module,
    OpEntry,
    Spec,
    UseEntry,
)

Values = Mapping[str, str | int | float | bool | None]


class Context(NamedTuple):
    """Where an entry is expanded: its list's names, its expressions' names, its path."""

    frame: Frame
    environment: Environment
    path: str = ""
    scope: str = ""


def resolve(
    spec: Spec, faults: Faults, parameters: Values | None = None, input_shape: Shape | None = None
) -> Graph | None:
    """Return the graph of a spec, or None where a fault left it without an output.

    ``parameters`` override those of the document, ``input_shape`` its input (height × width ×
    channels).
    """
    resolver = Resolver(spec, faults, parameters or {}, input_shape)
    try:
        return resolver.graph()
    except SpecError as error:
        for fault in error.faults:
            faults.add(fault)
        return None


class Resolver:
    """One expansion of one spec."""

    def __init__(
        self, spec: Spec, faults: Faults, parameters: Values, input_shape: Shape | None
    ) -> None:
        self.spec = spec
        self.faults = faults
        self.evaluator = Evaluator(spec, faults, parameters, input_shape)
        self.nodes: list[Node] = []
        self.inferred: dict[tuple[int, tuple[Shape, ...]], Shape | Refusal] = {}
        self.using: list[str] = []
        self.trail: list[tuple[str, Shape]] = []
        self.expanded = 0

    # ── the whole ─────────────────────────────────────────────────────────────────────────────

    def graph(self) -> Graph | None:
        """Expand the layers and the heads."""
        shape = self.evaluator.input_shape
        entering = Tensor(INPUT, shape, INPUT) if shape else None
        frame = Frame()
        frame.holds(INPUT, entering)
        main = Context(frame, self.inside(self.evaluator.document, entering))
        self.declare(frame, [(name, head.place) for name, head in self.spec.heads.items()])
        leaving = self.layers(self.spec.layers, main, entering)
        if not self.spec.layers or leaving is entering is not None:
            self.fault("E225", "a spec needs at least one layer", self.spec.at("layers"))
            return None
        heads = {
            name: (tensor, weight)
            for name, head in self.spec.heads.items()
            for tensor, weight in self.head(name, head, main)
        }
        return self.collected(leaving, heads)

    def collected(
        self, leaving: Tensor | None, heads: Mapping[str, tuple[Tensor | None, float]]
    ) -> Graph | None:
        """Put main output and heads together; None where one of them is poison."""
        named = {name: tensor for name, (tensor, _) in heads.items()}
        if leaving is not None and leaving.entry in named:
            message = f"the head {quoted(leaving.entry)} is called like the main output"
            self.fault("E214", message, self.spec.heads[leaving.entry].place)
            return None
        outputs = {leaving.entry if leaving else "": leaving, **named}
        if any(tensor is None for tensor in outputs.values()):
            return None
        return finished(
            self.spec.name,
            self.nodes,
            {INPUT: self.evaluator.input_shape or ()},
            {name: tensor.node for name, tensor in outputs.items() if tensor},
            {name: weight for name, (_, weight) in heads.items()},
            self.faults,
        )

    def head(
        self, name: str, head: Head, main: Context
    ) -> list[tuple[Tensor | None, float]]:
        """Expand a head where its condition holds: one tensor and its loss weight, or nothing."""
        wanted = self.evaluator.condition(head.when, head.at("when"), main.environment)
        if not wanted:
            main.frame.slots[name].state = "absent"
            return [] if wanted is False else [(None, 1.0)]
        weight = self.evaluator.number(head.loss_weight, head.at("loss_weight"), main.environment)
        entering = self.reference(head.from_, main.frame, head.at("from"))
        inner = Frame(main.frame)
        main.frame.slots[name].inner = inner
        environment = self.inside(self.evaluator.document, entering)
        context = Context(inner, environment, f"{name}.", name)
        tensor = self.layers(head.layers, context, entering)
        main.frame.holds(name, tensor)
        return [(tensor, 1.0 if weight is None else float(weight))]

    def inside(self, outer: Environment, entering: Tensor | None) -> Environment:
        """Return the scope of a module's body, which knows the channels that enter."""
        channels = Result(entering.shape[-1], effective=True) if entering else None
        return outer.inner(channels=channels)

    # ── lists ─────────────────────────────────────────────────────────────────────────────────

    def layers(
        self, entries: Sequence[Entry], context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand a list of entries, each behind the one before it."""
        counts = [self.evaluator.copies(entry, context.environment) for entry in entries]
        if -1 in counts:
            return None
        names = numbered([entry.called for entry in entries], counts)
        self.declare_entries(entries, names, context.frame)
        for entry, copies in zip(entries, names, strict=True):
            tensor = self.copies(entry, copies, context, tensor)
        return tensor

    def declare_entries(
        self, entries: Sequence[Entry], names: Sequence[tuple[str, ...]], frame: Frame
    ) -> None:
        """Take up the names of a list, and those that its unnamed forks add to it."""
        forks = [e for e in entries if isinstance(e, ForkEntry) and e.name is None]
        for fork in forks[1:] + [fork for fork in forks[:1] if fork.repeat is not None]:
            message = "a second unnamed fork of a list, or a repeated one, needs a `name`"
            self.fault("E213", message, fork.place)
        for entry, copies in zip(entries, names, strict=True):
            self.declare(frame, [(name, entry.place) for name in copies])
            if entry.repeat is not None and entry.called not in frame.slots:
                frame.slots[entry.called] = Slot()
        for fork in forks[:1]:
            places = [(name, branch.place) for name, branch in fork.branches.items()]
            self.declare(frame, places)

    def declare_fork(self, fork: Fork, frame: Frame) -> None:
        """Take up the names of a fork that has a list of its own."""
        places = [(name, branch.place) for name, branch in fork.branches.items()]
        self.declare(frame, [*places, (fork.join, fork.at("join"))])

    def declare(self, frame: Frame, names: Sequence[tuple[str, Place]]) -> None:
        """Take up names in a list's namespace, which entries, branches and heads share."""
        for name, place in names:
            if frame.declare([name]):
                self.fault("E214", f"the name {quoted(name)} is used twice in one list", place)

    def copies(
        self, entry: Entry, names: tuple[str, ...], context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand an entry, or each copy of a repeated one, in a row."""
        for index, name in enumerate(names, start=1):
            local = context
            if entry.repeat is not None:
                environment = context.environment.inner(index=Result(index, effective=False))
                local = context._replace(environment=environment)
            tensor = self.copy(entry, name, local, tensor)
        if entry.repeat is not None and (slot := context.frame.slots.get(entry.called)):
            last = context.frame.slots[names[-1]] if names else Slot("absent")
            slot.state, slot.tensor, slot.inner = last.state, last.tensor, last.inner
        if not context.path and tensor is not None:
            self.trail.append((entry.called, tensor.shape))
        return tensor

    def copy(
        self, entry: Entry, name: str, context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand one copy of one entry where its condition holds."""
        self.count(entry)
        slot = context.frame.slots[name]
        wanted = entry.when is True or self.evaluator.condition(
            entry.when, entry.at("when"), context.environment
        )
        if wanted is False:
            slot.state = "absent"
            return tensor
        slot.state = "open"
        result = self.entry(entry, name, slot, context, tensor) if wanted else None
        slot.state, slot.tensor = "built", result
        return result

    def count(self, entry: Entry) -> None:
        self.expanded += 1
        if self.expanded > LIMITS.nodes:
            message = f"the spec expands to more than {LIMITS.nodes:,} entries"
            raise SpecError(Fault("E222", message, entry.place))

    # ── entries ───────────────────────────────────────────────────────────────────────────────

    def entry(
        self, entry: Entry, name: str, slot: Slot, context: Context, tensor: Tensor | None
    ) -> Tensor | None:
        """Expand an entry by its kind; a broken one is poison."""
        inputs = self.inputs(entry, context.frame, tensor)
        if isinstance(entry, OpEntry):
            return self.op(entry, name, context, inputs)
        if not isinstance(entry, UseEntry | ForkEntry):
            return None
        if len(inputs) > 1:
            message = f"{quoted(entry.called)} takes one input, not {len(inputs)}"
            self.fault("E221", message, entry.at("inputs"))
        if isinstance(entry, UseEntry):
            return self.use(entry, name, slot, context, inputs[0])
        if entry.name is None:
            return self.fork(entry, name, context, inputs[0])
        slot.inner = Frame(context.frame)
        self.declare_fork(entry, slot.inner)
        inside = context._replace(frame=slot.inner, path=f"{context.path}{name}.")
        return self.fork(entry, entry.join, inside, inputs[0])

    def inputs(
        self, entry: Entry, frame: Frame, tensor: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return what enters an entry: the tensors it names, else the one before it."""
        if entry.inputs is None:
            return (tensor,)
        raw = entry.raw["inputs"]
        places = raw.places if isinstance(raw, Array) else []
        return tuple(
            self.reference(name, frame, place)
            for name, place in zip(entry.inputs, places, strict=True)
        )

    def reference(self, name: str, frame: Frame, place: Place) -> Tensor | None:
        """Return the tensor that a reference names; poison, with a fault, where it has none."""
        slot = frame.find(name)
        if slot is None:
            help_line = did_you_mean(name, frame.names())
            self.fault("E208", f"no entry is called {quoted(name)} here", place, help=help_line)
            return None
        if slot.state == "built":
            return slot.tensor
        reasons = {
            "later": "comes later; a value can only come from what stands above",
            "open": "is around this place; that would be a circle",
            "absent": "is not built: its `when` is false or its `repeat` is 0",
        }
        self.fault("E209", f"{quoted(name)} {reasons[slot.state]}", place)
        return None

    def op(
        self, entry: OpEntry, name: str, context: Context, inputs: tuple[Tensor | None, ...]
    ) -> Tensor | None:
        """Make the nodes of an op and of what follows it."""
        made = self.evaluator.ops(entry, context.environment)
        if made is None or not self.arity(entry, made[0].op, len(inputs)):
            return None
        tensors = [tensor for tensor in inputs if tensor is not None]
        if len(tensors) < len(inputs):
            return None
        return self.chain(made, f"{context.path}{name}", context, entry.place, tensors)

    def arity(self, entry: OpEntry, op: Op, given: int) -> bool:
        """Say whether an op takes that many inputs; a fault where not."""
        if given == op.arity or (op.arity is None and given > 1):
            return True
        wanted = "two or more inputs; name them with `inputs`" if op.arity is None else "one input"
        self.fault("E221", f"{op.kind} takes {wanted}", entry.at("inputs"))
        return False

    def chain(
        self,
        made: Sequence[Made],
        name: str,
        context: Context,
        place: Place,
        tensors: Sequence[Tensor],
    ) -> Tensor | None:
        """Put ops one behind the other as nodes; poison, with a fault, where one refuses."""
        owner = name.rpartition(".")[2]
        names = tuple([tensor.node for tensor in tensors])
        shapes = tuple([tensor.shape for tensor in tensors])
        for suffix, op, written in made:
            shape = self.infer(op, shapes)
            if isinstance(shape, Refusal):
                self.refused(shape, place, tensors)
                return None
            node = f"{name}.{suffix}" if suffix else name
            self.nodes.append(Node(node, op, names, shape, context.scope, place, written))
            names, shapes = (node,), (shape,)
        return Tensor(names[0], shapes[0], owner)

    def infer(self, op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
        """Return the output shape or the refusal, asking each op once for the same shapes."""
        key = (id(op), shapes)
        if key not in self.inferred:
            try:
                shape = op.infer(shapes)
                if max(shape) > LIMITS.dimension:
                    raise Refusal("E330", f"{shape_text(shape)} is beyond what a tensor holds")
                self.inferred[key] = shape
            except Refusal as refusal:
                self.inferred[key] = refusal
        return self.inferred[key]

    def refused(self, refusal: Refusal, place: Place, tensors: Sequence[Tensor]) -> None:
        """Report shapes that an op cannot take, with the way they came about."""
        notes = tuple(f"`{t.node}` is {shape_text(t.shape)}" for t in tensors[:8])
        self.faults.add(
            Fault(
                refusal.code,
                refusal.message,
                place,
                refusal.label,
                trail=self.steps(),
                notes=notes if len(tensors) > 1 else (),
                help=refusal.help,
            )
        )

    def steps(self) -> tuple[str, ...]:
        """Return the heights and widths so far, one step for each change."""
        shape = self.evaluator.input_shape or ()
        steps, before = [shape_text(shape[:2])], shape[:2]
        for name, after in self.trail:
            if after[:2] != before:
                steps.append(f"{name} → {shape_text(after[:2])}")
                before = after[:2]
        return tuple(steps)

    # ── modules and forks ─────────────────────────────────────────────────────────────────────

    def use(
        self,
        entry: UseEntry,
        name: str,
        slot: Slot,
        context: Context,
        entering: Tensor | None,
    ) -> Tensor | None:
        """Expand a module: its own names, its own scope, new weights."""
        module = self.spec.modules.get(entry.use)
        if module is None:
            known = self.spec.modules
            help_line = did_you_mean(entry.use, known)
            if entry.use not in (self.spec.raw.get("modules") or {}):  # type: ignore[operator]
                message = f"no module is called {quoted(entry.use)}"
                self.fault("E205", message, entry.at("use"), help=help_line)
            return None
        if entry.use in self.using or len(self.using) >= LIMITS.module_depth:
            self.too_deep(entry)
            return None
        frame = Frame()
        frame.holds(INPUT, entering)
        self.tensors_given(entry, module, context.frame, frame)
        outer = self.evaluator.module(entry, module, context.environment, entering)
        path = f"{context.path}{name}"
        inside = Context(frame, outer, f"{path}.", path)
        slot.inner = frame
        self.using.append(entry.use)
        result = self.body(module, inside, entering)
        self.using.pop()
        return result

    def too_deep(self, entry: UseEntry) -> None:
        if entry.use in self.using:
            circle = [*self.using[self.using.index(entry.use) :], entry.use]
            self.fault("E215", f"modules in a circle: {' → '.join(circle)}", entry.at("use"))
        else:
            message = f"modules nest deeper than {LIMITS.module_depth} levels"
            self.fault("E222", message, entry.at("use"))

    def body(self, module: Module, context: Context, entering: Tensor | None) -> Tensor | None:
        if module.fork is None:
            return self.layers(module.layers or (), context, entering)
        self.declare_fork(module.fork, context.frame)
        return self.fork(module.fork, module.fork.join, context, entering)

    def tensors_given(
        self, entry: UseEntry, module: Module, outside: Frame, inside: Frame
    ) -> None:
        """Fill the further inputs of a module with the tensors that ``with`` names."""
        for name in module.inputs:
            given = entry.with_.get(name)
            if isinstance(given, str):
                place = entry.member_place("with", name)
                inside.holds(name, self.reference(given, outside, place))
            else:
                message = f"`with` must name the tensor that enters as {quoted(name)}"
                self.fault("E207", message, entry.at("with"))
                inside.holds(name, None)

    def fork(
        self, fork: Fork, join: str, context: Context, entering: Tensor | None
    ) -> Tensor | None:
        """Expand the branches and join what they give; ``join`` is the join's own name."""
        given: list[Tensor | None] = []
        for name in fork.order or fork.branches:
            branch = fork.branches[name]
            wanted = self.evaluator.condition(branch.when, branch.at("when"), context.environment)
            if wanted is False:
                context.frame.slots[name].state = "absent"
            else:
                tensor = self.branch(name, branch, context, entering)
                given.append(tensor if wanted else None)
        if not given:
            self.fault("E219", "a fork with no branch left", fork.at("branches"))
        tensors = [tensor for tensor in given if tensor is not None]
        if not given or len(tensors) < len(given):
            return None
        return self.joined(fork, join, context, tensors)

    def branch(
        self, name: str, branch: Branch, context: Context, entering: Tensor | None
    ) -> Tensor | None:
        slot = context.frame.slots[name]
        slot.state, slot.inner = "open", Frame(context.frame)
        inside = context._replace(frame=slot.inner, path=f"{context.path}{name}.")
        result = self.layers(branch.layers, inside, entering)
        slot.state, slot.tensor = "built", result
        return result

    def joined(
        self,
        fork: Fork,
        join: str,
        context: Context,
        tensors: Sequence[Tensor],
    ) -> Tensor | None:
        """Join branches where there is more than one, then activate."""
        made = self.evaluator.joins(fork) if len(tensors) > 1 else ()
        activation = self.evaluator.activation(fork, context.environment)
        if made is None or activation is None:
            return None
        result: Tensor | None = tensors[0]
        if made or activation:
            name, place = f"{context.path}{join}", fork.at("join")
            result = self.chain([*made, *activation], name, context, place, tensors)
        context.frame.holds(join, result)
        return result

    def fault(self, code: str, message: str, place: Place, help: str | None = None) -> None:  # noqa: A002
        self.faults.add(Fault(code, message, place, help=help))
