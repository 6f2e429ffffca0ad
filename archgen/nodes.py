"""Makes the nodes of a graph while a spec expands, and tells where shapes do not fit.

Imports ``ir``, ``making`` and ``scopes``.
"""

from collections.abc import Sequence

from archgen.diagnostics import Fault, Faults
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
        self.trail: list[tuple[str, Shape]] = []
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
                self._refused(shape, place, tensors)
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
            known = self._inferred[key] = _inferred(op, shapes)
        return known

    def _refused(self, refusal: Refusal, place: Place, tensors: Sequence[Tensor]) -> None:
        several = tensors[:NAMED_IN_NOTES] if len(tensors) > 1 else ()
        notes = tuple(f"`{tensor.node}` is {shape_text(tensor.shape)}" for tensor in several)
        fault = Fault(refusal.code, refusal.message, place, refusal.label)
        self.faults.add(fault.explained(trail=self._steps(), notes=notes, help=refusal.help))

    def _steps(self) -> tuple[str, ...]:
        """Return the heights and widths so far, one step for each change."""
        before = self.input_shape[:2]
        steps = [shape_text(before)]
        for name, after in self.trail:
            if after[:2] != before:
                before = after[:2]
                steps.append(f"{name} → {shape_text(before)}")
        return tuple(steps)


def _inferred(op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
    try:
        shape = op.infer(shapes)
    except Refusal as refusal:
        return refusal
    if max(shape) > LIMITS.dimension:
        return Refusal("E330", f"{shape_text(shape)} is beyond what a tensor holds")
    return shape
