"""Folds batch normalisation into a convolution or dense layer; imports ``ops``, ``folding``."""

from dataclasses import dataclass
from typing import ClassVar

from archgen.ir import Graph, Node
from archgen.ops.norm import BatchNorm
from archgen.passes.contract import Expression, InverseRoot, Old, Pass, Plus, Result, Times
from archgen.passes.folding import fold
from archgen.passes.hosts import Affine


@dataclass(frozen=True)
class FoldBatchNorm(Pass):
    """Folds ``batch_norm`` into the kernel and bias beside it.

    It fires where

    1. it reads a ``conv``, ``depthwise_conv``, ``separable_conv``, ``conv_transpose`` or ``dense``
       that nothing else reads; kernel and bias are scaled, a bias is made where there was none;
    2. a ``conv``, ``depthwise_conv``, ``separable_conv`` or ``dense`` is all that reads it, and no
       window reaches into padding; the shift passes the kernel into the bias.

    It must not fire

    3. where what the layer answers is read by another node or is an output;
    4. with an activation in between, a node's or the dense layer's own;
    5. in front of a layer that pads, since padding is 0 behind the normalisation, too;
    6. in front of a ``conv`` with groups or a ``conv_transpose``;
    7. where the normalisation itself is read by another node or is an output, in front of a layer.
    """

    name: ClassVar[str] = "fold-batch-norm"

    def run(self, graph: Graph) -> Result:
        """Rewrite a graph."""
        return fold(graph, _affine)


def _affine(node: Node) -> Affine | None:
    """Return ``gamma / √(variance + epsilon)`` and ``beta - mean · scale``."""
    op = node.op
    if not isinstance(op, BatchNorm):
        return None
    variance = Old(node.name, "moving_variance")
    scale: Expression = InverseRoot(Plus(variance, float(op.epsilon)))
    if op.scale:
        scale = Times(Old(node.name, "gamma"), scale)
    shift: Expression = Times(-1.0, Times(Old(node.name, "moving_mean"), scale))
    return Affine(scale, Plus(Old(node.name, "beta"), shift) if op.center else shift)
