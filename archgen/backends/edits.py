"""Carries out the edits of passes on arrays; imports NumPy and Keras only when it is called.

Weights are a mapping from (name of the node, name of the weight) to arrays.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archgen.backends.keras import build_model
from archgen.ir import Graph, Op
from archgen.passes import Rewriting
from archgen.passes.contract import Expression, InverseRoot, Old, Plus, Shaped, Sum, Times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import keras
    import numpy as np

    Array = np.ndarray[Any, Any]
    Key = tuple[str, str]
    Weights = Mapping[Key, Array]
    Made = dict[Key, Array]


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
    """Return the weights of a model that archgen built; each is copied when it is asked for."""
    return _Read(model)


class _Read(Mapping["Key", "Array"]):
    """The weights of a model, none of them held."""

    def __init__(self, model: "keras.Model") -> None:
        self._variables = {
            (layer.name, weight.name): weight for layer in model.layers for weight in layer.weights
        }

    def __getitem__(self, key: "Key") -> "Array":
        import keras

        found: Array = keras.ops.convert_to_numpy(self._variables[key])
        return found

    def __iter__(self) -> "Iterator[Key]":
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def load_into(model: "keras.Model", weights: "Weights") -> None:
    """Give every weight of a model its value; raises KeyError where there is none."""
    for layer in model.layers:
        for weight in layer.weights:
            weight.assign(weights[layer.name, weight.name])


def apply(rewriting: Rewriting, weights: "Weights") -> "Weights":
    """Return the weights of the rewritten graph; each is made when it is asked for.

    What is made is computed in float64 and rounded once, to the type of the node's old weights;
    all else is the same array.
    """
    return _Rewritten(rewriting, weights)


class _Rewritten(Mapping["Key", "Array"]):
    """The weights of a rewritten graph; those of one node at a time are held."""

    def __init__(self, rewriting: Rewriting, weights: "Weights") -> None:
        graph = rewriting.graph
        self._old = weights
        self._known = dict(weights.keys())  # a weight of each node
        self._shapes = {
            (node.name, weight.name): weight.shape
            for node in graph
            for weight in node.op.weights(graph.input_shapes(node))
        }
        self._edits: dict[str, list[Sequence[tuple[str, Expression]]]] = {}
        for name, edited in rewriting.edits:
            self._edits.setdefault(name, []).append(edited)
        self._made: tuple[str, Mapping[Key, Array]] = "", {}

    def __getitem__(self, key: "Key") -> "Array":
        import numpy as np

        shape, node = self._shapes[key], key[0]
        if self._made[0] != node:
            self._made = node, self._carried_out(node)
        value = self._made[1][key]
        return value if value.ndim else np.full(shape, value)

    def __iter__(self) -> "Iterator[Key]":
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def _carried_out(self, node: str) -> "Mapping[Key, Array]":
        """Carry out the edits of a node in order, and round its weights behind the last.

        What statistics make infinite they make infinite in the model before, too.
        """
        import numpy as np

        made, edits = _Newest(self._old), self._edits.get(node)
        if edits is None:
            return made
        own = made[node, self._known[node]].dtype
        with np.errstate(all="ignore"):
            for edited in edits:
                made |= {(node, name): value_of(each, made) for name, each in edited}
            names = {name for edited in edits for name, _ in edited}
            made |= {(node, name): made[node, name].astype(own) for name in names}
        return made


class _Newest(dict["Key", "Array"]):
    """Weights as the last edit made them; what none has made is read once."""

    def __init__(self, old: "Weights") -> None:
        self._old = old

    def __missing__(self, key: "Key") -> "Array":
        self[key] = self._old[key]
        return self[key]


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
