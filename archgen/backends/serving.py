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

    Own = dict[str, Array]

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

    @property
    def module(self) -> "tf.Module":
        """Return what owns the variables."""
        import tensorflow as tf

        module = tf.Module()
        module.weights = self.variables
        return module

    def concrete(self) -> Any:
        """Return the function, traced for any number of images."""
        import tensorflow as tf

        with deep_enough(len(self.graph.nodes)):
            function = tf.function(self.call, autograph=False)
            return function.get_concrete_function(images_of(self.graph))

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
        return [(call, self._step(node, call, own, shapes[0])) for call in calls]

    def _step(self, node: Node, call: Call, weights: "Own", shape: Shape) -> "_Function | _Layer":
        if call.target.startswith("ops."):
            return _Function(call)
        owns = call.target == getattr(node.op, "keras", None)  # an op may be composed
        layer = _Layer(call, _name(node, call), weights if owns else {}, self._most_axes)
        layer.make(shape, type(node.op).model_fields)
        return layer


class _Function:
    """A call of ``keras.ops``."""

    variables: Mapping[str, Any] = {}

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, inputs: Sequence[Any]) -> Any:
        return target_of(self.call)(*inputs, **self.call.arguments)


class _Layer:
    """A Keras layer whose kernels hold the weights given; what has fewer axes is handed in."""

    def __init__(self, call: Call, name: str, weights: "Own", most_axes: int) -> None:
        self.call, self.name, self.weights = call, name, weights
        bias = weights.pop("bias", None) if call.target in _BIASED else None
        self.bias = None if bias is None else bias.astype("float32")
        self.constant = {key for key, array in weights.items() if array.ndim <= most_axes}

    def make(self, shape: Shape, fields: Collection[str]) -> None:
        """Make the layer for a map of this shape; a function that is traced may make none."""
        keys = list(self.weights)
        given: dict[str, Any] = {
            _initializer_of(key, fields): "zeros" if key in self.constant else _Given(self, key)
            for key in keys
        }
        if self.bias is not None:
            given["use_bias"] = False
        arguments = {**self.call.arguments, **given, "dtype": "float32"}
        self.layer = target_of(self.call)(name=self.name, **arguments)
        if keys:
            # Weights depend on the last axis alone; what is padded first may be too small here.
            self.layer.build((*[None] * len(shape), shape[-1]))
        pairs = list(zip(self.layer.weights, keys, strict=True))
        self.constants = [(each, self.weights[key]) for each, key in pairs if key in self.constant]
        self.variables = {
            f"{self.name}/{key}": each.value for each, key in pairs if key not in self.constant
        }

    def __call__(self, inputs: Sequence[Any]) -> Any:
        import keras
        import tensorflow as tf

        with keras.StatelessScope(self.constants, initialize_variables=False):
            made = self.layer(inputs[0] if len(inputs) == 1 else inputs)
        if self.call.target == "layers.ZeroPadding2D":
            # TensorFlow would pad within the convolution behind it, which rounds otherwise. What
            # rewrites a graph that is served drops the identity.
            return tf.identity(made)
        return made if self.bias is None else tf.nn.bias_add(made, self.bias)


def _name(node: Node, call: Call) -> str:
    """Return what the build calls a layer: a node's last is called like it, and has no part."""
    return f"{node.name}.{call.part}" if call.part else node.name


class _Given(NamedTuple):
    """An initializer that answers an array and lets go of it: Keras keeps initializers."""

    owner: _Layer
    key: str

    def __call__(self, shape: Shape, dtype: str | None = None) -> "Array":
        array = self.owner.weights.pop(self.key)
        return array.reshape(shape).astype(dtype or "float32", copy=False)


def _initializer_of(weight: str, fields: Collection[str]) -> str:
    """Return the argument that makes a weight; Keras says depthwise for the kernel of such."""
    usual = f"{weight.removesuffix('_kernel')}_initializer"
    return usual if usual in fields else "depthwise_initializer"


def images_of(graph: Graph) -> "tf.TensorSpec":
    """Return what a graph takes: any number of float32 images."""
    import tensorflow as tf

    (shape,) = graph.inputs.values()
    return tf.TensorSpec([None, *shape], tf.float32, name=IMAGES)


def raw_images(serve: Any, shape: Shape, pixels: Sequence[float] | Mapping[str, Any] | None) -> Any:
    """Return a function of raw images, 0…255 and of any size, in front of a traced one.

    They are resized bilinearly, without regard to their proportions, and mapped as ``pixels`` say.
    Source: what `keras.utils.image_dataset_from_directory` does with images of another size.
    """
    import tensorflow as tf

    height, width, channels = shape

    def call(images: "tf.Tensor") -> "dict[str, tf.Tensor]":
        resized = tf.image.resize(images, (height, width))
        return serve(mapped(resized, pixels))  # type: ignore[no-any-return]

    signature = tf.TensorSpec([None, None, None, channels], tf.uint8, name=IMAGES)
    return tf.function(call, autograph=False).get_concrete_function(signature)


def mapped(images: Any, pixels: Sequence[float] | Mapping[str, Any] | None) -> Any:
    """Return images of 0…255 as a network takes them; without ``pixels`` they stay as they are."""
    import tensorflow as tf

    if pixels is None:
        return images
    if not isinstance(pixels, Mapping):
        low, high = pixels
        return images * ((high - low) / 255) + low
    if pixels.get("order") == "BGR":
        images = tf.reverse(images, [-1])
    mean, std = (tf.constant(pixels[key], tf.float32) for key in ("mean", "std"))
    return (images - mean) / std
