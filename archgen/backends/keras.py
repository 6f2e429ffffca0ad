"""From a Graph to a native functional Keras model; imports Keras only when it is called.

Stock layers and ``keras.ops`` only, so a saved model loads where archgen is not installed.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archgen.backends.memory import require_memory
from archgen.backends.weights import load_weights
from archgen.diagnostics import Fault, MachineError, SpecError, named
from archgen.ir import Call, Graph, Node

if TYPE_CHECKING:
    import keras

# Keras walks a functional graph recursively when it is made: a few frames for each layer in a row.
_FRAMES_A_LAYER = 8


def build_model(
    graph: Graph, weights: str | Path | None = None, seed: int | None = None
) -> "keras.Model":
    """Return the Keras model of a graph; its layers are called like the nodes.

    One output is a plain tensor, several are a dict by output name. ``weights`` is a
    ``.weights.h5`` or ``.keras`` file of this architecture; ``seed`` makes the initial weights
    reproducible and leaves the program's own random state alone.

    Raises:
        SpecError: E203 a name that Keras does not know, such as an initializer's.
        MachineError: E504 not enough memory; E505 Keras is set to channels-first; E502, E506 the
            weights cannot be read or do not fit.
    """
    import keras

    if keras.config.image_data_format() != "channels_last":
        message = "Keras is set to channels_first; archgen builds channels-last models"
        advice = 'call keras.config.set_image_data_format("channels_last")'
        raise MachineError(Fault("E505", message, help=advice))
    dtype = keras.backend.standardize_dtype(keras.config.dtype_policy().variable_dtype)
    require_memory(graph, 8 if dtype == "float64" else 4)
    with _seeded(seed), deep_enough(len(graph.nodes)):
        model = _functional(keras, graph)
    if weights is not None:
        load_weights(model, Path(weights))
    return model


def _functional(keras: Any, graph: Graph) -> "keras.Model":
    inputs = {name: keras.Input(shape=shape, name=name) for name, shape in graph.inputs.items()}
    tensors: dict[str, Any] = dict(inputs)
    for node in graph.nodes:
        tensors[node.name] = _made(node, graph, [tensors[name] for name in node.inputs])
    outputs = {name: tensors[node] for name, node in graph.outputs.items()}
    entering = list(inputs.values())
    return keras.Model(
        inputs=entering[0] if len(entering) == 1 else entering,
        outputs=next(iter(outputs.values())) if len(outputs) == 1 else outputs,
        name=graph.name,
    )


def _made(node: Node, graph: Graph, inputs: Sequence[Any]) -> Any:
    """Carry out a node's calls in order; the last bears the node's name."""
    values = list(inputs)
    calls = node.op.call(graph.input_shapes(node))
    for position, call in enumerate(calls):
        last = position == len(calls) - 1
        name = node.name if last else f"{node.name}.{call.part}"
        try:
            values.append(_called(call, name, [values[index] for index in call.on]))
        except MemoryError:
            raise
        except Exception as error:  # the backend refuses with errors of its own
            reason = str(error).strip().partition("\n")[0]
            message = f"Keras does not take {named(node.name)}: {reason}"
            raise SpecError(Fault("E203", message, node.origin)) from error
    return values[-1]


def _called(call: Call, name: str, inputs: list[Any]) -> Any:
    """Carry out one call: a layer on its input or the list of them, or a function of ``ops``."""
    target = target_of(call)
    if call.target.startswith("ops."):
        made = target(*inputs, **call.arguments)
        # A function takes no name, and the one that Keras gives may be an entry's.
        made._keras_history.operation.name = name  # noqa: SLF001
        return made
    layer = target(name=name, **call.arguments)
    return layer(inputs[0] if len(inputs) == 1 else inputs)


def target_of(call: Call) -> Any:
    """Return the layer class or the function that a call names."""
    import keras

    return reduce(getattr, call.target.split("."), keras)


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Let Keras draw its seeds from ``seed``: it takes those of layers from Python's ``random``."""
    if seed is None:
        yield
        return
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def deep_enough(layers: int) -> Iterator[None]:
    """Raise the recursion limit while Keras walks a chain of ``layers``."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, before + layers * _FRAMES_A_LAYER))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
