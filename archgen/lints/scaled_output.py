"""W601: an output whose channels the width multiplier scales."""

from collections.abc import Iterator

from archgen.diagnostics import Fault
from archgen.ir import Graph, Node
from archgen.spec import Spec


def scaled_output(_: Spec, graph: Graph | None) -> Iterator[Fault]:
    """Return a W601 for each output whose channels come from a scaled layer."""
    for output, node in _scaled(graph) if graph else ():
        message = f"the width multiplier scales an output from {node.written} to {node.shape[-1]}"
        help_line = 'say `"fixed": true` where an output must keep its size'
        note = f"the output is `{output}`"
        yield Fault("W601", message, node.origin, notes=(note,), help=help_line)


def _scaled(graph: Graph) -> Iterator[tuple[str, Node]]:
    for output, name in graph.outputs.items():
        node = graph.by_name.get(name)
        while node is not None:
            if node.written is not None:
                yield output, node
            kept = len(node.inputs) == 1 and not node.op.macs(graph.input_shapes(node), node.shape)
            node = graph.by_name.get(node.inputs[0]) if kept else None
