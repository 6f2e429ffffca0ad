"""Moves a 1×1 convolution in front of the average pool it reads; imports ``ops``."""

from dataclasses import dataclass
from typing import ClassVar

from archgen.ir import Graph
from archgen.ops.conv import Conv
from archgen.ops.pool import AvgPool
from archgen.passes.contract import Pass, Result
from archgen.passes.draft import Draft


@dataclass(frozen=True)
class MoveConvBeforePool(Pass):
    """Lets an average pool see the few channels that a 1×1 convolution makes.

    It fires where

    1. a ``conv`` of 1×1 and stride 1, without padding, is all that reads an ``avg_pool``, makes
       fewer channels than enter it, and the map is no larger in front of the pool than behind.

    The mean of ``W x + b`` over the pool's positions is that of x, multiplied by W, plus b.

    It must not fire

    2. where the pool is read by another node or is an output;
    3. where the pool makes the map smaller, which would multiply the convolution's MACs;
    4. where the convolution does not make fewer channels;
    5. where the pool counts padding and the convolution has a bias: padding would be 0, not b;
    6. where the convolution has a larger kernel, strides or padding;
    7. where the pool takes maxima, or the convolution is of another kind.
    """

    name: ClassVar[str] = "move-conv-before-pool"

    def run(self, graph: Graph) -> Result:
        """Rewrite a graph."""
        draft = Draft(graph)
        for node in graph:
            place = node.name
            while (pool := draft.source(place)) in draft.nodes and _fits(draft, pool, place):
                names = (draft.nodes[place].name, draft.nodes[pool].name)
                draft.swap(pool, place, "{} is moved in front of {}".format(*names))
                place = pool
        return draft.result()


def _fits(draft: Draft, pool: str, place: str) -> bool:
    """Say whether the nodes of two places are a pool and a convolution to swap."""
    conv, op = draft.nodes[place].op, draft.nodes[pool].op
    if not (isinstance(op, AvgPool) and isinstance(conv, Conv) and draft.is_alone(pool)):
        return False
    before, between = draft.shapes[draft.source(pool)], draft.shapes[pool]
    grows = before[0] * before[1] > between[0] * between[1]
    is_exact = not (op.count_padding and conv.use_bias)
    return is_exact and not grows and _is_pointwise(conv) and conv.filters < before[2]


def _is_pointwise(conv: Conv) -> bool:
    window = (conv.kernel_size, conv.strides)
    return window == ((1, 1), (1, 1)) and conv.padding in {"same", "valid", ((0, 0), (0, 0))}
