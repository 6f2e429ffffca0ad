"""Carries out the edits of passes on arrays; imports NumPy and Keras only when it is called.

Weights are a mapping from (name of the node, name of the weight) to arrays.
"""

from collections import ChainMap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archgen.backends.keras import build_model
from archgen.ir import Graph, Op, Shape
from archgen.passes import Rewriting
from archgen.passes.contract import Expression, InverseRoot, Old, Plus, Shaped, Sum, Times

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras
    import numpy as np

    Array = np.ndarray[Any, Any]
    Key = tuple[str, str]
    Weights = Mapping[Key, Array]


def rewritten_model(model: "keras.Model", rewriting: Rewriting) -> "keras.Model":
    """Return the model of a rewritten graph with the weights made of another's.

    ``model`` is that of the graph before, as archgen builds it; it is left as it is, and returned
    where no pass fired.
    """
    if rewriting.graph is rewriting.before:
        return model
    rewritten = build_model(_uninitialised(rewriting.graph))
    load_into(rewritten, apply(rewriting, weights_of(model)))
    return rewritten


def _uninitialised(graph: Graph) -> Graph:
    """Return a graph whose weights begin as zeros: no time goes into values that are replaced."""
    nodes = tuple(node._replace(op=_with_zeros(node.op)) for node in graph)
    return replace(graph, nodes=nodes)


def _with_zeros(op: Op) -> Op:
    names = [name for name in type(op).model_fields if name.endswith("_initializer")]
    return op.model_copy(update=dict.fromkeys(names, "zeros")) if names else op


def weights_of(model: "keras.Model") -> "Weights":
    """Return the weights of a model that archgen built."""
    import keras

    return {
        (layer.name, weight.name): keras.ops.convert_to_numpy(weight)
        for layer in model.layers
        for weight in layer.weights
    }


def load_into(model: "keras.Model", weights: "Weights") -> None:
    """Give every weight of a model its value; raises KeyError where there is none."""
    for layer in model.layers:
        for weight in layer.weights:
            weight.assign(weights[layer.name, weight.name])


def apply(rewriting: Rewriting, weights: "Weights") -> "Weights":
    """Return the weights of the rewritten graph, made of those of the graph before.

    What is made is computed in float64 and rounded once, to the type of the node's old weights;
    all else is the same array.
    """
    made = ChainMap(_made(rewriting, weights), dict(weights))
    graph = rewriting.graph
    return {
        (node.name, weight.name): _spread(made[node.name, weight.name], weight.shape)
        for node in graph
        for weight in node.op.weights(graph.input_shapes(node))
    }


def _spread(value: "Array", shape: Shape) -> "Array":
    """Return a number that all of a weight's scalars share as that weight."""
    import numpy as np

    return value if value.ndim else np.full(shape, value)


def _made(rewriting: Rewriting, weights: "Weights") -> "dict[Key, Array]":
    """Carry out the edits in order; a node's weights are rounded behind its last.

    What statistics make infinite they make infinite in the model before, too.
    """
    import numpy as np

    types = {node: array.dtype for (node, _), array in weights.items()}
    last = {edit.node: number for number, edit in enumerate(rewriting.edits)}
    made: dict[Key, Array] = {}
    newest = ChainMap(made, dict(weights))
    own: dict[str, dict[str, Array]] = {}
    for number, (node, edits) in enumerate(rewriting.edits):
        with np.errstate(all="ignore"):
            values = {name: value_of(expression, newest) for name, expression in edits}
            own[node] = own.get(node, {}) | values
            if number == last[node]:
                values = {name: value.astype(types[node]) for name, value in own[node].items()}
        made |= {(node, name): value for name, value in values.items()}
    return made


def value_of(expression: Expression, weights: "Weights") -> "Array":
    """Return the value of an expression in float64."""
    import numpy as np

    match expression:
        case Old(node, weight):
            return weights[node, weight].astype(np.float64)
        case Plus(first, second):
            return value_of(first, weights) + value_of(second, weights)
        case Times(first, second):
            return value_of(first, weights) * value_of(second, weights)
        case InverseRoot(of):
            return np.asarray(1 / np.sqrt(value_of(of, weights)))
        case Sum(of, axes):
            return np.asarray(value_of(of, weights).sum(axis=axes))
        case Shaped(of, shape):
            return value_of(of, weights).reshape(shape)
        case number:
            return np.asarray(number, np.float64)
