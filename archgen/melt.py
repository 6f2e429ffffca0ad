"""From expanded nodes to those of the Graph: nested concats melt, and every value is used.

Imports ``ir``, ``ops`` and ``diagnostics``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from archgen.diagnostics import Fault, Faults
from archgen.ir import Node
from archgen.ops.join import Concat


def melted(nodes: Sequence[Node], outputs: Iterable[str]) -> list[Node]:
    """Return the nodes with every concat that feeds nothing but one concat melted into it.

    1. The inner concat has one consumer, a concat: its inputs take its place there.
    2. It has another consumer, or is an output: it stays.
    3. Consumers that melted into one may leave an inner concat with one: again from 1.
    """
    kept = set(outputs)
    result = _melted_once(nodes, kept)
    while len(result) < len(nodes):
        nodes, result = result, _melted_once(result, kept)
    return result


def _melted_once(nodes: Sequence[Node], kept: set[str]) -> list[Node]:
    concats = {node.name: node for node in nodes if isinstance(node.op, Concat)}
    if all(concats.keys().isdisjoint(node.inputs) for node in concats.values()):
        return list(nodes)
    consumers: dict[str, set[str]] = {name: set() for name in concats}
    for node in nodes:
        for name in node.inputs:
            if name in consumers:
                consumers[name].add(node.name)
    inner = {
        name
        for name, users in consumers.items()
        if name not in kept and len(users) == 1 and users <= concats.keys()
    }
    flat: dict[str, tuple[str, ...]] = {}
    result = []
    for node in nodes:
        inputs = node.inputs
        if not inner.isdisjoint(inputs):
            inputs = tuple(leaf for name in inputs for leaf in flat.get(name, (name,)))
            node = replace(node, inputs=inputs)  # noqa: PLW2901 - the node under its new inputs
        if node.name in inner:
            flat[node.name] = inputs
        else:
            result.append(node)
    return result


def finished(nodes: Sequence[Node], outputs: Iterable[str], faults: Faults) -> list[Node]:
    """Return the nodes with nested concats melted; E223 for each whose value nothing uses."""
    ends = set(outputs)
    whole = melted(nodes, ends)
    used = ends.union(*[node.inputs for node in whole])
    for node in whole:
        if node.name not in used:
            message = f"nothing uses the value of `{node.name}`"
            faults.add(Fault("E223", message, node.origin))
    return whole
