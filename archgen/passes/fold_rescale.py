"""Folds ``rescale`` into a convolution or dense layer; imports ``ops``, ``folding``."""

from dataclasses import dataclass
from typing import ClassVar

from archgen.ir import Graph, Node
from archgen.ops.pointwise import Rescale
from archgen.passes.contract import Pass, Result
from archgen.passes.folding import fold
from archgen.passes.hosts import Affine


@dataclass(frozen=True)
class FoldRescale(Pass):
    """Folds ``rescale`` into the kernel and bias beside it.

    It fires where

    1. it reads a ``conv``, ``depthwise_conv``, ``separable_conv``, ``conv_transpose`` or ``dense``
       that nothing else reads; kernel and bias are scaled, the offset is added to the bias, which
       is made where there was none;
    2. one of these is all that reads it, and the offset is 0; the kernel is scaled;
    3. a ``conv``, ``depthwise_conv``, ``separable_conv`` or ``dense`` is all that reads it, and no
       window reaches into padding; the offset passes the kernel into the bias.

    It must not fire

    4. where what the layer answers is read by another node or is an output;
    5. with an activation in between, a node's or the dense layer's own;
    6. with an offset in front of a layer that pads, since padding is 0 behind the offset, too, or
       of a ``conv_transpose``, whose taps are fewer at the border;
    7. where the rescale itself is read by another node or is an output, in front of a layer.
    """

    name: ClassVar[str] = "fold-rescale"

    def run(self, graph: Graph) -> Result:
        """Rewrite a graph."""
        return fold(graph, _affine)


def _affine(node: Node) -> Affine | None:
    op = node.op
    if not isinstance(op, Rescale):
        return None
    return Affine(float(op.scale), float(op.offset) if op.offset else None)
