"""A Graph and its weights as a function that TensorFlow traces; imports it only when it is called.

Kernels are variables, each stored once. What has one axis, such as a bias or the statistics of a
normalisation, is a constant of the function: a variable costs nodes of saving, restoring and
reading, which is more than the few numbers it holds.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from archgen.backends.keras import deep_enough, target_of
from archgen.ir import Call, Graph, Node, Shape

if TYPE_CHECKING:
    import tensorflow as tf

    from archgen.backends.edits import Array, Weights

IMAGES = "images"

# Keras adds their bias by three nodes where TensorFlow has one.
_BIASED = frozenset({"layers.Conv2D", "layers.Conv2DTranspose", "layers.DepthwiseConv2D"})


class Network:
    """What a graph answers: ``call`` maps a tensor of images to outputs by their names.

    ``variables`` are those that it reads, by node and weight; of a ``frozen`` network every weight
    is a constant.
    """

    def __init__(self, graph: Graph, weights: "Weights", *, frozen: bool = False) -> None:
        self.graph = graph
        self._most_axes = 99 if frozen else 1  # of a constant
        self._steps = [(node, self._prepared(node, weights)) for node in graph]
        made = [step for _, steps in self._steps for _, step in steps]
        self.variables = {name: each for step in made for name, each in step.variables.items()}

    def concrete(self) -> Any:
        """Return the function, traced for any number of images."""
        import tensorflow as tf

        (shape,) = self.graph.inputs.values()
        signature = tf.TensorSpec([None, *shape], tf.float32, name=IMAGES)
        with deep_enough(len(self.graph.nodes)):
            return tf.function(self.call, autograph=False).get_concrete_function(signature)

    def call(self, images: "tf.Tensor") -> "dict[str, tf.Tensor]":
        """Return what the network answers, by the names of its outputs."""
        values: dict[str, Any] = dict.fromkeys(self.graph.inputs, images)
        for node, steps in self._steps:
            found = [values[name] for name in node.inputs]
            for call, step in steps:
                found.append(step([found[index] for index in call.on]))
            values[node.name] = found[-1]
        return {name: values[node] for name, node in self.graph.outputs.items()}

    def _prepared(self, node: Node, weights: "Weights") -> list[tuple[Call, "_Function | _Layer"]]:
        """Return a node's calls with what carries them out; one of them has all its weights."""
        shapes = self.graph.input_shapes(node)
        calls = node.op.call(shapes)
        own = {name: weights[node.name, name] for name, *_ in node.op.weights(shapes)}
        steps: list[tuple[Call, _Function | _Layer]] = []
        for call in calls:
            name = node.name if call is calls[-1] else f"{node.name}.{call.part}"
            if call.target.startswith("ops."):
                steps.append((call, _Function(call)))
                continue
            given = own if call.target == node.op.keras else {}
            steps.append((call, _Layer(call, name, shapes[0], given, self._most_axes)))
        return steps


class _Function:
    """A call of ``keras.ops``."""

    variables: Mapping[str, Any] = {}

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, inputs: Sequence[Any]) -> Any:
        return target_of(self.call)(*inputs, **self.call.arguments)


class _Layer:
    """A Keras layer whose kernels hold the weights given; what has fewer axes is handed in."""

    def __init__(
        self, call: Call, name: str, shape: Shape, weights: "Mapping[str, Array]", most_axes: int
    ) -> None:
        self.constants: Sequence[Any] = ()
        self.variables: dict[str, Any] = {}
        self.bias = weights.get("bias") if call.target in _BIASED else None
        if self.bias is not None:
            weights = {key: array for key, array in weights.items() if key != "bias"}
        constant = {key for key, array in weights.items() if array.ndim <= most_axes}
        made = {
            _initializer_of(key): "zeros" if key in constant else _Given(array)
            for key, array in weights.items()
        }
        without = {} if self.bias is None else {"use_bias": False}
        self.layer = target_of(call)(
            name=name, **{**call.arguments, **made, **without, "dtype": "float32"}
        )
        if weights:
            self.layer.build((None, *shape))  # here: a function that is traced may make none
            self._hold(weights, constant)

    def _hold(self, weights: "Mapping[str, Array]", constant: Collection[str]) -> None:
        pairs = list(zip(self.layer.weights, weights.items(), strict=True))
        self.constants = [(each, array) for each, (key, array) in pairs if key in constant]
        self.variables = {
            f"{self.layer.name}/{key}": each.value for each, (key, _) in pairs if key not in constant
        }

    def __call__(self, inputs: Sequence[Any]) -> Any:
        import keras
        import tensorflow as tf

        with keras.StatelessScope(self.constants, initialize_variables=False):
            made = self.layer(inputs[0] if len(inputs) == 1 else inputs)
        return made if self.bias is None else tf.nn.bias_add(made, self.bias)


class _Given(NamedTuple):
    """An initializer that answers an array."""

    array: "Array"

    def __call__(self, shape: Shape, dtype: str | None = None) -> "Array":
        return self.array.reshape(shape).astype(dtype or "float32", copy=False)


def _initializer_of(weight: str) -> str:
    """Return the argument that makes a weight: ``depthwise_initializer`` of a depthwise kernel."""
    return f"{weight.removesuffix('_kernel')}_initializer"
