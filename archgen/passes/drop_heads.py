"""Leaves out the heads; imports ``ir`` and the contract of passes."""

from dataclasses import dataclass, replace
from typing import ClassVar

from archgen.ir import Graph
from archgen.passes.contract import Pass, Result


@dataclass(frozen=True)
class DropHeads(Pass):
    """Keeps the main output, the first, and drops what it does not need.

    It fires where

    1. the network has further outputs, whether nodes of their own lead to them or not;
    2. nodes lead to no output at all.

    It must not fire

    3. on what the main output needs, also where a head begins there.
    """

    name: ClassVar[str] = "drop-heads"

    def run(self, graph: Graph) -> Result:
        """Rewrite a graph."""
        main, *heads = graph.outputs
        needed = _needed(graph, graph.outputs[main])
        if not heads and len(needed & graph.by_name.keys()) == len(graph.nodes):
            return Result(graph)
        nodes = tuple(node for node in graph if node.name in needed)
        weights = {name: weight for name, weight in graph.loss_weights.items() if name == main}
        outputs = {main: graph.outputs[main]}
        kept = replace(graph, nodes=nodes, outputs=outputs, loss_weights=weights)
        notes = [f"{head}: the head is left out" for head in heads]
        return Result(kept, notes=tuple(notes or ["nodes that lead nowhere are left out"]))


def _needed(graph: Graph, output: str) -> set[str]:
    """Return the output and every node or input that leads to it."""
    needed = {output}
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return needed
