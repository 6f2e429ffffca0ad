"""W608: a loss from logits behind a softmax or sigmoid, or one from probabilities behind none."""

from collections.abc import Iterator
from typing import NamedTuple

from archgen.diagnostics import Fault, Faults, Related
from archgen.ir import Graph, Moved, Node
from archgen.lints.entries import Entries
from archgen.ops.conv import Conv
from archgen.ops.dense import Dense
from archgen.ops.pointwise import Activation, Dropout
from archgen.places import Place
from archgen.resolve import resolve
from archgen.source import Object
from archgen.spec import Spec

PROBABILITIES = ("softmax", "sigmoid")
PARAMETER = "classifier_activation"


class Loss(NamedTuple):
    """What ``training`` says of a loss: whether it takes logits, where, and of which outputs."""

    from_logits: bool
    place: Place
    outputs: tuple[str, ...]


class End(NamedTuple):
    """The node that gives an output its last values, and its activation."""

    node: Node
    activation: str


def loss_of_logits(spec: Spec, graph: Graph | None) -> Iterator[Fault]:
    """Return a W608 for each loss, with the outputs that it does not go with."""
    if graph is None:
        return
    entries = Entries(spec)
    for loss in _losses(spec, graph):
        ends = {name: end for name in loss.outputs if (end := end_of(graph, name))}
        wrong = {name: end for name, end in ends.items() if _contradicts(loss, end)}
        if not wrong:
            continue
        name, end = next(iter(wrong.items()))
        related = tuple(
            Related(place, f"`{other}` ends {_ending(one)}")
            for other, one in wrong.items()
            if (place := entries.place(one.node, "activation"))
        )
        takes = "logits" if loss.from_logits else "probabilities"
        message = f"the loss takes {takes}, but the output `{name}` ends {_ending(end)}"
        fault = Fault("W608", message, loss.place)
        yield fault.explained(related=related, help=_help(spec, graph, loss, tuple(wrong)))


def _losses(spec: Spec, graph: Graph) -> Iterator[Loss]:
    training = spec.raw.get("training")
    if not isinstance(training, Object):
        return
    loss = training.get("loss")
    if isinstance(loss, Object) and loss and loss.keys() <= graph.outputs.keys():
        for name, one in loss.items():
            yield from _said(one, (name,))
        return
    said = list(_said(loss, tuple(graph.outputs)))
    yield from said or _said(training, tuple(graph.outputs))


def _said(value: object, outputs: tuple[str, ...]) -> Iterator[Loss]:
    """Return what an object says itself or in its ``config``."""
    if not isinstance(value, Object):
        return
    for level in (value, value.get("config")):
        if isinstance(level, Object) and isinstance(said := level.get("from_logits"), bool):
            yield Loss(said, level.places["from_logits"], outputs)
            return


def end_of(graph: Graph, output: str) -> End | None:
    """Follow an output back over what changes no value; None where it ends in another op."""
    node = graph.by_name.get(graph.outputs[output])
    while node is not None:
        stages = node.op.taps(graph.input_shapes(node))
        if isinstance(node.op, Dense | Activation) and node.op.activation != "linear":
            return End(node, node.op.activation)
        if isinstance(node.op, Dense | Conv):
            return End(node, "linear")
        moves = stages and all(isinstance(stage, Moved) for stage in stages)
        keeps = moves or isinstance(node.op, Dropout | Activation)
        node = graph.by_name.get(node.inputs[0]) if keeps else None
    return None


def _contradicts(loss: Loss, end: End) -> bool:
    return end.activation in PROBABILITIES if loss.from_logits else end.activation == "linear"


def _ending(end: End) -> str:
    return f"in {end.activation}" if end.activation != "linear" else "without an activation"


def _help(spec: Spec, graph: Graph, loss: Loss, outputs: tuple[str, ...]) -> str | None:
    """Return the value of the usual parameter that brings loss and outputs together."""
    activation = "linear" if loss.from_logits else "softmax"
    if PARAMETER not in spec.parameters:
        return None
    shape = next(iter(graph.inputs.values()))
    tried = resolve(spec, Faults(), {PARAMETER: activation}, shape)
    ends = [end_of(tried, name) for name in outputs if tried and name in tried.outputs]
    if len(ends) < len(outputs) or any(not end or _contradicts(loss, end) for end in ends):
        return None
    return f'say `"{PARAMETER}": "{activation}"`'
