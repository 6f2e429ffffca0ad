"""Carries out the edits of passes on arrays; imports NumPy and Keras only when it is called.

Weights are a mapping from (name of the node, name of the weight) to arrays.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archgen.backends.keras import build_model
from archgen.ir import Graph, Op
from archgen.passes import Rewriting
from archgen.passes.contract import (
    Edit,
    Expression,
    InverseRoot,
    Old,
    Plus,
    Shaped,
    Sum,
    Times,
)

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
    nodes = tuple(replace(node, op=_with_zeros(node.op)) for node in graph)
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
    """The weights of a rewritten graph.

    Held are those of the edits that were carried out last, so that memory has each weight but
    once while a model is made of them; and those of edits that read each other's, for good.
    """

    def __init__(self, rewriting: Rewriting, weights: "Weights") -> None:
        graph = rewriting.graph
        self._old = weights
        self._known = dict(weights.keys())  # a weight of each node
        self._shapes = {
            (node.name, weight.name): weight.shape
            for node in graph
            for weight in node.op.weights(graph.input_shapes(node))
        }
        self._edits = together(rewriting.edits)
        self._shared: dict[str, Made] = {}
        self._last: tuple[str, Made] = "", {}

    def __getitem__(self, key: "Key") -> "Array":
        import numpy as np

        shape, made = self._shapes[key], self._made(key[0])
        value = made[key] if key in made else self._old[key]
        return value if value.ndim else np.full(shape, value)

    def __iter__(self) -> "Iterator[Key]":
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def _made(self, node: str) -> "Made":
        """Return what the edits made that belong to a node."""
        edits = self._edits.get(node, [])
        if len({edit.node for edit in edits}) > 1:
            name = edits[0].node
            if name not in self._shared:
                self._shared[name] = self._carried_out(edits)
            return self._shared[name]
        if self._last[0] != node:
            self._last = node, self._carried_out(edits)
        return self._last[1]

    def _carried_out(self, edits: "Sequence[Edit]") -> "Made":
        """Carry out edits in order; a node's weights are rounded behind its last.

        What statistics make infinite they make infinite in the model before, too.
        """
        import numpy as np

        last = {edit.node: number for number, edit in enumerate(edits)}
        made = _Made(self._old)
        exact: dict[str, dict[str, Array]] = {}  # of nodes that a later edit changes again
        for number, (node, edited) in enumerate(edits):
            with np.errstate(all="ignore"):
                values = {name: value_of(expression, made) for name, expression in edited}
                values = exact.pop(node, {}) | values
                if number == last[node]:
                    own = self._old[node, self._known[node]].dtype
                    values = {name: value.astype(own) for name, value in values.items()}
                else:
                    exact[node] = values
            made |= {(node, name): value for name, value in values.items()}
        return made


def together(edits: "Sequence[Edit]") -> "dict[str, list[Edit]]":
    """Return for each node that edits change those that belong together, in order.

    They do if one reads a weight of a node that another one changes or reads.
    """
    root: dict[str, str] = {}

    def root_of(node: str) -> str:
        while (above := root.setdefault(node, node)) != node:
            root[node] = root[above]
            node = root[above]
        return node

    for node, made in edits:
        for _, expression in made:
            for name in _read(expression):
                root[root_of(name)] = root_of(node)
    groups: dict[str, list[Edit]] = {}
    for edit in edits:
        groups.setdefault(root_of(edit.node), []).append(edit)
    return {edit.node: groups[root_of(edit.node)] for edit in edits}


def _read(expression: Expression) -> "Iterator[str]":
    """Yield the nodes whose weights an expression reads."""
    match expression:
        case Old(node, _):
            yield node
        case Plus(first, second) | Times(first, second):
            yield from _read(first)
            yield from _read(second)
        case InverseRoot(of) | Sum(of, _) | Shaped(of, _):
            yield from _read(of)


class _Made(dict["Key", "Array"]):
    """Weights that edits made; what none has made is as it was, and not held."""

    def __init__(self, old: "Weights") -> None:
        self._old = old

    def __missing__(self, key: "Key") -> "Array":
        return self._old[key]


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
