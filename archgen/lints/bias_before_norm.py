"""W604: a bias that the batch normalisation behind it undoes.

Batch normalisation subtracts the mean, the bias with it, and adds a beta of its own; without
``center`` there is no beta, and the bias is not in vain. Layer normalisation subtracts one mean for
all channels, so a bias in front of it matters. One warning for each text that is to blame, an entry
or the defaults, however many layers they make.
"""

from collections.abc import Iterator
from typing import NamedTuple

from archgen.diagnostics import Fault
from archgen.ir import Graph, Node, size_of
from archgen.lints.entries import Entries
from archgen.lints.words import plural
from archgen.ops.norm import BatchNorm
from archgen.places import Place
from archgen.spec import Spec


class Undone(NamedTuple):
    """A layer with a bias, and the norm that undoes it."""

    layer: Node
    norm: Node


def bias_before_norm(spec: Spec, graph: Graph | None) -> Iterator[Fault]:
    """Return a W604 for each text that asks for such a bias."""
    if graph is None:
        return
    entries = Entries(spec)
    causes: dict[tuple[Place | None, bool], list[Node]] = {}
    for undone in _undone(graph):
        causes.setdefault(_cause(spec, entries, undone), []).append(undone.layer)
    for (place, is_said), layers in causes.items():
        params = plural(sum(_bias(graph, layer) for layer in layers), "parameter")
        counted = f"{params} in {plural(len(layers), 'layer')}"
        message = f"the batch_norm behind it undoes this bias: {counted}"
        notes = () if is_said else ("`use_bias` is true where nothing says otherwise",)
        distinct = {id(layer.op): layer for layer in layers}.values()
        works = all(_goes_without(graph, layer) for layer in distinct)
        help_line = 'say `"use_bias": false`' if works else None
        yield Fault("W604", message, place, notes=notes, help=help_line)


def _undone(graph: Graph) -> Iterator[Undone]:
    readers: dict[str, list[Node]] = {}
    for node in graph:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    kept = set(graph.outputs.values())
    for node in graph:
        behind = readers.get(node.name, [])
        if len(behind) == 1 and node.name not in kept and _has_plain_bias(node):
            (norm,) = behind
            if isinstance(norm.op, BatchNorm) and norm.op.center:
                yield Undone(node, norm)


def _has_plain_bias(node: Node) -> bool:
    """Say whether a layer adds a bias last."""
    return getattr(node.op, "use_bias", False) and getattr(node.op, "activation", None) in {
        None,
        "linear",
    }


def _cause(spec: Spec, entries: Entries, undone: Undone) -> tuple[Place | None, bool]:
    """Return the text to blame, and whether it says ``use_bias``; if not, the norm's or entry's."""
    entry = entries.of(undone.layer)
    if entry is None:
        return undone.layer.origin, False
    defaults = spec.defaults.get(entry.op)
    places = defaults.places if defaults else {}
    if "use_bias" in entry.raw:
        return entry.at("use_bias"), True
    if "use_bias" in places:
        return places["use_bias"], True
    own_norm = undone.norm.origin == undone.layer.origin
    if own_norm and "norm" in places and "norm" not in entry.raw:
        return places["norm"], False
    return (entry.at("norm") if own_norm else entry.place), False


def _bias(graph: Graph, layer: Node) -> int:
    weights = layer.op.weights(graph.input_shapes(layer))
    return sum(size_of(weight.shape) for weight in weights if weight.name == "bias")


def _goes_without(graph: Graph, layer: Node) -> bool:
    """Try the layer without its bias."""
    op = type(layer.op).model_validate({**dict(layer.op), "use_bias": False})
    inputs = graph.input_shapes(layer)
    names = {weight.name for weight in op.weights(inputs)}
    return op.infer(inputs) == layer.shape and "bias" not in names
