"""Leaves out what changes nothing at inference; imports ``ops`` and the contract of passes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from archgen.ir import Graph, Op
from archgen.passes.contract import Pass, Result
from archgen.passes.draft import Draft

# Interpolation between pixels that coincide is exact for these; the others add 1e-8 of neighbours.
_EXACT = ("nearest", "bilinear")


@dataclass(frozen=True)
class DropNoOps(Pass):
    """Drops nodes that give what enters them, bit by bit.

    It fires where the shape stays and

    1. the op is ``dropout``, whatever its rate and noise;
    2. it is ``activation`` with ``linear``, or ``rescale`` by 1 and 0;
    3. it is a pool of 1×1, or a global pool of a 1×1 map that keeps its dimensions;
    4. it is ``crop``, ``zero_pad``, ``reshape`` or ``flatten``, or ``permute`` in the same order;
    5. it is ``up_sample`` or ``resize``, ``nearest`` or ``bilinear``;
    6. it is ``local_response_norm`` that divides by 1: ``beta`` 0, or ``alpha`` 0 and ``k`` 1.

    It must not fire

    7. where shape or values change: what is cut, padded, pooled, turned or scaled is another value;
    8. where an output would become an input of the network;
    9. on ``bicubic`` and ``lanczos``, which are not exact at the same size;
    10. on convolutions and normalisations, whose weights decide what they do.
    """

    name: ClassVar[str] = "drop-no-ops"

    def run(self, graph: Graph) -> Result:
        """Rewrite a graph."""
        draft = Draft(graph)
        for node in graph:
            changes = node.op.arity != 1 or node.shape != draft.shapes[draft.source(node.name)]
            if changes or not _does_nothing(node.op):
                continue
            if draft.source(node.name) in draft.nodes or not draft.is_output(node.name):
                draft.drop(node.name, f"{node.name}: {node.op.label()} is left out")
        return draft.result()


def _does_nothing(op: Op) -> bool:
    """Say whether an op that keeps the shape keeps the values."""
    asks = _RULES.get(op.kind)
    return asks is not None and asks(op)


def _always(_op: Any) -> bool:
    return True


def _is_exact(op: Any) -> bool:
    return op.interpolation in _EXACT


def _is_single(op: Any) -> bool:
    return bool(op.pool_size == (1, 1))


_RULES: Mapping[str, Callable[[Any], bool]] = {
    "dropout": _always,
    "activation": lambda op: op.activation == "linear",
    "rescale": lambda op: (op.scale, op.offset) == (1, 0),
    "max_pool": _is_single,
    "avg_pool": _is_single,
    "global_avg_pool": _always,
    "global_max_pool": _always,
    "crop": _always,
    "zero_pad": _always,
    "reshape": _always,
    "flatten": _always,
    "permute": lambda op: list(op.dims) == sorted(op.dims),
    "up_sample": _is_exact,
    "resize": _is_exact,
    "local_response_norm": lambda op: op.beta == 0 or (op.alpha, op.k) == (0, 1),
}
