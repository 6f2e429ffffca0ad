"""Makes the nodes of a graph while a spec expands, and tells where shapes do not fit.

Imports ``inference``, ``making`` and ``scopes``.
"""

from collections.abc import Sequence

from archgen.diagnostics import Fault, Faults, Related
from archgen.inference import inferred
from archgen.ir import Node, Op, Refusal, Shape, shape_text
from archgen.limits import LIMITS
from archgen.making import Made
from archgen.places import Place
from archgen.scopes import Move, Tensor

NAMED_IN_NOTES = 8


class Nodes:
    """The nodes made so far, in order, and the heights and widths the network went through."""

    def __init__(self, faults: Faults, input_shape: Shape | None) -> None:
        self.made: list[Node] = []
        self.faults = faults
        self.input_shape = input_shape or ()
        self._told = 0
        self._forks: list[dict[tuple[str, str], Fault]] = []
        self._inferred: dict[tuple[int, tuple[Shape, ...]], Shape | Refusal] = {}

    def chain(
        self,
        ops: Sequence[Made],
        name: str,
        scope: str,
        place: Place,
        tensors: Sequence[Tensor],
    ) -> Tensor | None:
        """Put ops one behind the other; None, with a fault, where one refuses the shapes.

        The first is called ``name``, those behind it ``name.norm`` and ``name.activation``.
        """
        names = tuple([tensor.node for tensor in tensors])
        shapes = tuple([tensor.shape for tensor in tensors])
        for suffix, op, written in ops:
            shape = self._infer(op, shapes)
            if isinstance(shape, Refusal):
                self._refused(shape, name, place, tensors)
                return None
            node = f"{name}.{suffix}" if suffix else name
            self.made.append(Node(node, op, names, shape, scope, place, written))
            names, shapes = (node,), (shape,)
        return Tensor(names[0], shapes[0], name.rpartition(".")[2])

    def repeat(self, span: slice, move: Move) -> None:
        """Make the nodes of an earlier expansion once more, under the names of ``move``."""
        for node in self.made[span]:
            inputs = tuple([move.node(name) for name in node.inputs])
            scope = move.new + node.scope[len(move.old) :]
            name = move.node(node.name)
            copy = Node(name, node.op, inputs, node.shape, scope, node.origin, node.written)
            self.made.append(copy)

    def _infer(self, op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
        """Return the output shape or the refusal, asking an op once for the same shapes."""
        key = (id(op), shapes)
        known = self._inferred.get(key)
        if known is None:
            known = self._inferred[key] = inferred(op, shapes)
        return known

    def enter_fork(self) -> None:
        """Begin the branches of a fork; those that fail for one reason are one fault."""
        self._forks.append({})

    def leave_fork(self) -> None:
        """End the branches of a fork."""
        self._forks.pop()

    def _refused(
        self, refusal: Refusal, name: str, place: Place, tensors: Sequence[Tensor]
    ) -> None:
        key = (refusal.code, refusal.label or refusal.message)
        siblings = self._forks[-1] if self._forks else {}
        first = siblings.get(key)
        if first is not None and first.place != place:
            other = "" if refusal.message == first.message else f": {refusal.message}"
            self.faults.relate(first, Related(place, f"the same here{other}"))
            return
        several = tensors[:NAMED_IN_NOTES] if len(tensors) > 1 else ()
        notes = tuple(f"`{tensor.node}` is {shape_text(tensor.shape)}" for tensor in several)
        odd = next((t for t in tensors if t.shape != tensors[0].shape), tensors[0])
        fault = Fault(refusal.code, refusal.message, place, refusal.label)
        fault = fault.explained(trail=self._trail(name, odd), notes=notes, help=refusal.help)
        siblings[key] = fault
        self.faults.add(fault)

    def _trail(self, name: str, tensor: Tensor) -> tuple[str, ...]:
        """Return how a tensor got its height and width, each module around passed in one step."""
        if self._told >= LIMITS.shown:  # nobody reads on, and a deep network has many steps
            return ()
        self._told += 1
        made = {node.name: node for node in self.made}
        steps: list[tuple[str, Shape]] = []
        node = made.get(tensor.node)
        while node is not None:
            before = made.get(node.inputs[0])
            # What leaves the map as it is makes no step, so its name need not be looked at.
            if node.shape[:2] != (before.shape[:2] if before else self.input_shape[:2]):
                step = _step(node.name, name)
                if not steps or steps[-1][0] != step:
                    steps.append((step, node.shape[:2]))
            node = before
        reached = self.input_shape[:2]
        trail = [shape_text(reached)]
        for step, after in reversed(steps):
            trail += [f"{step} → {shape_text(after)}"] if after != reached else []
            reached = after
        return tuple(trail)


def _step(node: str, seen_from: str) -> str:
    """Return a node's name as far as it differs from where it is seen, and one component more."""
    parts, around = node.split("."), seen_from.split(".")
    shared = next(
        (i for i, (one, other) in enumerate(zip(parts, around, strict=False)) if one != other),
        min(len(parts), len(around)),
    )
    return ".".join(parts[: shared + 1])
