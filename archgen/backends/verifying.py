"""Whether a graph computes what another Keras model does: the same weights in both.

Layers with weights are paired in the order of the graph, depth first through the spec, and in the
order in which the other model's layers were called. Imports Keras and NumPy only when it is called.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from archgen.backends.keras import build_model, deep_enough
from archgen.diagnostics import Fault, MachineError, named
from archgen.ir import Graph, shape_text

if TYPE_CHECKING:
    import keras
    import numpy as np

    Array = np.ndarray[Any, Any]

TOLERANCE = 1e-5  # both add up in float32, a residual network over hundreds of layers

# Keras's calls for each layer with weights: activations, pools, joins, padding.
_CALLS_A_LAYER = 8

# Layers that map pixels to what the network takes; a spec says that by `pixels`.
_PIXEL_LAYERS = ("Rescaling", "Normalization")


class Pair(NamedTuple):
    """A node of the graph and the layer of the other model that has weights of its shapes."""

    node: str
    layer: str


class Verification(NamedTuple):
    """How far two models with the same weights are apart on the same image.

    ``difference`` is the largest of the outputs under random weights, in parts of the largest
    value of that output; ``own_difference`` the same under the other model's own weights, None
    where they were not asked for; ``first`` the first node whose values differ by more than the
    tolerance, None where all agree.
    """

    difference: float
    first: str | None
    pairs: tuple[Pair, ...]
    own_difference: float | None = None

    @property
    def agrees(self) -> bool:
        """Say whether nothing differs by more than the tolerance."""
        found = [each for each in (self.difference, self.own_difference) if each is not None]
        return all(each <= TOLERANCE for each in found) and self.first is None


class _Side(NamedTuple):
    """One of the two models: the tensors it reads and answers, its layers with weights in order."""

    name: str
    model: Any
    entering: Any
    outputs: Sequence[Any]
    layers: Sequence[Any]


class _Run(NamedTuple):
    """What one comparison under the same weights found."""

    difference: float
    first: str | None


class _Compared(NamedTuple):
    """A node and the tensors of the two models that have its values."""

    name: str
    ours: Any
    theirs: Any


def verify(graph: Graph, other: "keras.Model", seed: int = 0, *, own: bool = False) -> Verification:
    """Return how far a graph's model and another are apart under random weights of ``seed``.

    With ``own`` they are compared under the other model's own weights first. It keeps the random
    ones. Rescaling and Normalization layers in front of it are left out, unless the graph itself
    begins with a rescale.

    Raises:
        MachineError: E506, the other model has other weights, inputs or outputs; what building
            the graph raises.
    """
    _require_functional(other)
    ours, theirs = _ours(graph, build_model(graph)), _theirs(graph, other)
    _require_same(graph, ours, theirs)
    runs = list(_runs(graph, ours, theirs, seed, own=own))
    return Verification(
        runs[-1].difference,
        next((run.first for run in runs if run.first), None),
        tuple(Pair(a.name, b.name) for a, b in zip(ours.layers, theirs.layers, strict=True)),
        runs[0].difference if own else None,
    )


# ── the two sides ─────────────────────────────────────────────────────────────────────────────────


def _ours(graph: Graph, model: Any) -> _Side:
    outputs = _in_order(graph, model)
    weighted = [node for node in graph if node.op.weights(graph.input_shapes(node))]
    layers = [model.get_layer(node.name) for node in weighted]
    return _Side("the graph", model, model.input, outputs, layers)


def _theirs(graph: Graph, other: Any) -> _Side:
    called = sorted(other.layers, key=lambda layer: _number(_output(layer)))
    entering = other.inputs[0]
    rescales = graph.nodes and graph.nodes[0].op.kind == "rescale"
    while not rescales and (mapping := _mapping(called, entering)):
        called.remove(mapping)
        entering = _output(mapping)
    layers = [layer for layer in called if layer.weights]
    return _Side("the other model", other, entering, _in_order(graph, other), layers)


def _in_order(graph: Graph, model: Any) -> Sequence[Any]:
    """Return a model's outputs, those that have the graph's names in the graph's order."""
    outputs: Sequence[Any] = model.outputs
    made = model.output if len(outputs) > 1 else None
    if isinstance(made, dict) and made.keys() == graph.outputs.keys():
        return [made[name] for name in graph.outputs]
    return outputs


def _require_functional(other: Any) -> None:
    """Raise E506 where a model is not made of layers from one image on."""
    try:
        inputs = other.inputs
    except (AttributeError, ValueError):  # a subclass, or a model that has not been called
        inputs = None
    if not inputs or len(inputs) > 1:
        told = f"{len(inputs)} inputs" if inputs else "no layers that were called on an input"
        message = f"the other model has {told}; it must be functional, with one input"
        raise MachineError(Fault("E506", message))


def _mapping(layers: Sequence[Any], entering: Any) -> Any:
    """Return the layer that maps the pixels of ``entering``, None where there is none."""
    found = [layer for layer in layers if type(layer).__name__ in _PIXEL_LAYERS]
    return next((layer for layer in found if layer.input is entering), None)


def _output(layer: Any) -> Any:
    """Return the first tensor that a layer made, also where it was called again elsewhere."""
    return layer._inbound_nodes[0].output_tensors[0]  # noqa: SLF001 - `output` refuses the latter


def _number(tensor: Any) -> int:
    """Return the place of a tensor in the order they were made, which Keras counts in its name."""
    number = tensor.name.rpartition("_")[2]
    return int(number) if number.isdecimal() else 0


def _require_same(graph: Graph, ours: _Side, theirs: _Side) -> None:
    """Raise E506 where the sides differ in their images, their answers or a layer's weights."""
    _require_shapes("takes", ours, theirs, [(ours.entering, theirs.entering)])
    _require_shapes("answers", ours, theirs, zip_longest(ours.outputs, theirs.outputs))
    for mine, partner in zip_longest(ours.layers, theirs.layers):
        if mine is None or partner is None or _weights(mine) != _weights(partner):
            message = f"{_told(ours, mine)}; {_told(theirs, partner)}"
            place = graph.by_name[mine.name].origin if mine is not None else None
            raise MachineError(Fault("E506", message, place))


def _require_shapes(verb: str, ours: _Side, theirs: _Side, pairs: Iterable[Sequence[Any]]) -> None:
    for pair in pairs:
        told = ["nothing" if tensor is None else shape_text(tensor.shape[1:]) for tensor in pair]
        if told[0] != told[1]:
            message = f"{ours.name} {verb} {told[0]}, {theirs.name} {verb} {told[1]}"
            raise MachineError(Fault("E506", message))


def _weights(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def _told(side: _Side, layer: Any) -> str:
    if layer is None:
        return f"{side.name} has no layer in its place"
    weights = [f"{weight.name} {shape_text(weight.shape)}" for weight in layer.weights]
    return f"{named(layer.name)} of {side.name} has {', '.join(weights)}"


# ── weights and answers ───────────────────────────────────────────────────────────────────────────


def _copy_weights(ours: _Side, theirs: _Side) -> None:
    for mine, partner in zip(ours.layers, theirs.layers, strict=True):
        mine.set_weights(partner.get_weights())


def _share_weights(ours: _Side, theirs: _Side, random: "np.random.Generator") -> None:
    for mine, partner in zip(ours.layers, theirs.layers, strict=True):
        drawn = [_drawn(weight.name, tuple(weight.shape), random) for weight in mine.weights]
        mine.set_weights(drawn)
        partner.set_weights(drawn)


def _drawn(name: str, shape: tuple[int, ...], random: "np.random.Generator") -> "Array":
    """Return random values under which what runs through a deep network keeps its size."""
    if name == "depthwise_kernel":
        return random.normal(0, (2 / prod(shape[:2])) ** 0.5, shape)
    if name.endswith("kernel"):
        return random.normal(0, (2 / prod(shape[:-1])) ** 0.5, shape)
    if name in ("gamma", "moving_variance"):
        return random.uniform(0.5, 1.5, shape)
    return random.normal(0, 0.1, shape)


def _runs(graph: Graph, ours: _Side, theirs: _Side, seed: int, *, own: bool) -> Iterator[_Run]:
    import numpy as np

    compared = list(_compared(graph, ours, theirs))
    for copied in (True, False) if own else (False,):
        random = np.random.default_rng(seed)
        if copied:
            _copy_weights(ours, theirs)
        else:
            _share_weights(ours, theirs, random)
        yield _run(ours, theirs, compared, random)


def _run(
    ours: _Side, theirs: _Side, compared: Sequence[_Compared], random: "np.random.Generator"
) -> _Run:
    """Return how far the sides are apart on a random image."""
    import numpy as np

    image = random.uniform(-1, 1, (1, *ours.entering.shape[1:])).astype("float32")
    differences = _differences(ours, theirs, compared, image)
    apart = (each.name for each, d in zip(compared, differences, strict=True) if not d <= TOLERANCE)
    return _Run(float(np.max(differences[-len(ours.outputs) :])), next(apart, None))


def _compared(graph: Graph, ours: _Side, theirs: _Side) -> Iterator[_Compared]:
    """Return every node with weights, then the outputs."""
    for layer, partner in zip(ours.layers, theirs.layers, strict=True):
        activated = f"{layer.name}.activation"
        fused = _activates(partner) and not _activates(layer) and activated in graph.by_name
        seen = ours.model.get_layer(activated) if fused else layer
        yield _Compared(layer.name, _output(seen), _output(partner))
    outputs = zip(graph.outputs.values(), ours.outputs, theirs.outputs, strict=True)
    yield from map(_Compared._make, outputs)


def _activates(layer: Any) -> bool:
    """Say whether a layer applies an activation of its own."""
    return getattr(getattr(layer, "activation", None), "__name__", "linear") != "linear"


def _differences(
    ours: _Side, theirs: _Side, compared: Sequence[_Compared], image: "Array"
) -> list[float]:
    """Return how far each value is from its partner's, in parts of the largest of those."""
    answers = _answers(ours, [each.ours for each in compared], image)
    expected = _answers(theirs, [each.theirs for each in compared], image)
    return list(map(_difference, answers, expected))


def _answers(side: _Side, tensors: Sequence[Any], image: "Array") -> list["Array"]:
    import keras

    with deep_enough(len(side.layers) * _CALLS_A_LAYER):
        function = keras.Function(side.entering, list(tensors))  # a Model would call layers again
    return [keras.ops.convert_to_numpy(answer) for answer in function(image)]


def _difference(answer: "Array", expected: "Array") -> float:
    if answer.shape != expected.shape:
        return float("inf")
    largest = float(abs(expected).max())
    return float(abs(answer - expected).max()) / (largest or 1.0)
