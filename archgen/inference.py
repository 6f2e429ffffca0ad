"""Shapes of ops and of whole graphs, within the limits; imports ``ir`` and ``limits``."""

from archgen.ir import Graph, Node, Op, Refusal, Shape
from archgen.limits import LIMITS

_MOST = LIMITS.dimension  # which is fixed


def inferred(op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
    """Return the output shape of an op, or why it has none."""
    try:
        shape = op.infer(shapes)
    except Refusal as refusal:
        return refusal
    if max(shape) > _MOST:
        return Refusal("E330", f"an axis of {max(shape):,} is more than a tensor holds")
    return shape


def resized(graph: Graph, input_shape: Shape) -> Graph | None:
    """Return the same nodes on another input; None where an op refuses its shapes there.

    Ops are taken as they are, so this is the network that its spec states at that input only
    where no field of an op is computed from features of a flattened map.
    """
    shapes: dict[str, Shape] = dict.fromkeys(graph.inputs, input_shape)
    known: dict[tuple[int, tuple[Shape, ...]], Shape | Refusal] = {}
    nodes = []
    for node in graph:
        entering = tuple([shapes[name] for name in node.inputs])
        key = (id(node.op), entering)
        shape = known.get(key) or known.setdefault(key, inferred(node.op, entering))
        if isinstance(shape, Refusal):
            return None
        shapes[node.name] = shape
        nodes.append(
            Node(node.name, node.op, node.inputs, shape, node.scope, node.origin, node.written)
        )
    inputs = dict.fromkeys(graph.inputs, input_shape)
    outputs, weights = graph.outputs, graph.loss_weights
    return Graph(graph.name, tuple(nodes), inputs, outputs, weights, graph.modules)
