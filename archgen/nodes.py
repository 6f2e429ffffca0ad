"""Makes the nodes of a graph while a spec expands, and tells where shapes do not fit.

Imports ``inference``, ``making``, ``trails`` and what they import.
"""

from collections.abc import Sequence

from archgen.diagnostics import Fault, Faults, Related
from archgen.inference import inferred
from archgen.ir import Node, Op, Refusal, Shape, shape_text
from archgen.making import Made
from archgen.ops.join import Concat
from archgen.places import Place
from archgen.scopes import Move, Tensor
from archgen.trails import trail_from_fork, trail_from_input

NAMED_IN_NOTES = 8
# Nobody reads the trails of thousands of faults, and each may walk through all nodes.
MOST_WALKED = 1_000_000


class Nodes:
    """The nodes made so far, in order, and the heights and widths the network went through."""

    def __init__(self, faults: Faults, input_shape: Shape | None) -> None:
        self.made: list[Node] = []
        self.faults = faults
        self.input_shape = input_shape or ()
        self._walked = 0
        self._forks: list[dict[tuple[str, str], Fault]] = []
        self._by_name: dict[str, Node] = {}
        self._named = 0
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
            shape = self.infer(op, shapes)
            if isinstance(shape, Refusal):
                trail = self._trail(op, name, tensors)
                self._refused(shape, place, tensors, trail)
                return None
            node = f"{name}.{suffix}" if suffix else name
            self.made.append(Node(node, op, names, shape, scope, place, written))
            names, shapes = (node,), (shape,)
        return Tensor(names[0], shapes[0], name.rpartition(".")[2])

    def repeat(self, span: slice, move: Move) -> None:
        """Make the nodes of an earlier expansion once more, under the names of ``move``."""
        renamed = {move.old_input: move.new_input}
        cut = len(move.old)
        for old, op, reads, shape, scope, origin, written in self.made[span]:
            name = renamed[old] = move.new + old[cut:]
            inputs = tuple(map(renamed.__getitem__, reads))
            self.made.append(Node(name, op, inputs, shape, move.new + scope[cut:], origin, written))

    def infer(self, op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
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
        self, refusal: Refusal, place: Place, tensors: Sequence[Tensor], trail: tuple[str, ...]
    ) -> None:
        # A window that does not fit is one cause whatever op it belongs to: its label has no op.
        key = (refusal.code, refusal.label if refusal.code == "E310" else refusal.message)
        siblings = self._forks[-1] if self._forks else {}
        first = siblings.get(key)
        if first is not None and first.place != place:
            other = "" if refusal.message == first.message else f": {refusal.message}"
            self.faults.relate(first, Related(place, f"the same here{other}"))
            return
        several = tensors[:NAMED_IN_NOTES] if len(tensors) > 1 else ()
        notes = [f"`{tensor.node}` is {shape_text(tensor.shape)}" for tensor in several]
        fault = Fault(refusal.code, refusal.message, place, refusal.label)
        notes = list(dict.fromkeys(notes))
        fault = fault.explained(trail=trail, notes=tuple(notes), help=refusal.help)
        siblings[key] = fault
        self.faults.add(fault)

    def _trail(self, op: Op, name: str, tensors: Sequence[Tensor]) -> tuple[str, ...]:
        """Return how the shapes that are refused came about; of very many only the first."""
        if self._walked > MOST_WALKED:
            return ()
        self._walked += len(self.made)
        self._by_name |= {node.name: node for node in self.made[self._named :]}
        self._named = len(self.made)
        if len(tensors) > 1:
            axes = 2 if isinstance(op, Concat) else 3
            return trail_from_fork(self._by_name, self.input_shape, tensors, axes)
        return trail_from_input(self._by_name, self.input_shape, name, tensors[0].node)
