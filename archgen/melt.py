"""From expanded nodes to those of the Graph: nested concats melt, and every value is used.

Imports ``ir``, ``ops`` and ``diagnostics``.
"""

from collections.abc import Iterable, Sequence

from archgen.diagnostics import Fault, Faults, SpecError
from archgen.ir import Node
from archgen.limits import LIMITS, raising
from archgen.ops.join import Concat


def melted(nodes: Sequence[Node], outputs: Iterable[str]) -> list[Node]:
    """Return the nodes with every concat that feeds nothing but one concat melted into it.

    1. The inner concat has one consumer, a concat: its inputs take its place there.
    2. It has another consumer, or is an output: it stays.
    3. Consumers that melted into one count as one.

    Raises:
        SpecError: E222, more inputs come together than archgen builds.
    """
    inner = _inner(nodes, set(outputs))
    if not inner:
        return list(nodes)
    flat: dict[str, tuple[str, ...]] = {}
    result, room = [], LIMITS.steps
    for node in nodes:
        inputs = node.inputs
        if len(inputs) > 1 and not inner.isdisjoint(inputs):
            room -= sum(len(flat.get(name, "1")) for name in inputs)
            if room < 0:
                raise _too_many(node)
            inputs = tuple([leaf for name in inputs for leaf in flat.get(name, (name,))])
            node = node._replace(inputs=inputs)  # noqa: PLW2901 - the node under its new inputs
        if node.name in inner:
            flat[node.name] = inputs
        else:
            result.append(node)
    return result


def _inner(nodes: Sequence[Node], kept: set[str]) -> set[str]:
    """Return the concats that melt away, found from the last node to the first."""
    found = {node.name: node for node in nodes if isinstance(node.op, Concat)}
    concats = found.keys()
    if all(concats.isdisjoint(node.inputs) for node in found.values()):
        return set()
    consumers: dict[str, set[str]] = {name: set() for name in concats}
    inner: dict[str, str] = {}
    for node in reversed(nodes):
        if node.name in concats and node.name not in kept:
            users = {inner.get(user, user) for user in consumers[node.name]}
            if len(users) == 1 and users <= concats:
                inner[node.name] = users.pop()
        for name in node.inputs:
            if name in concats:
                consumers[name].add(node.name)
    return set(inner)


def _too_many(node: Node) -> SpecError:
    message = f"nested concats come to more than {LIMITS.steps:,} inputs"
    return SpecError(Fault("E222", message, node.origin, notes=(raising("steps"),)))


def finished(nodes: Sequence[Node], outputs: Iterable[str], faults: Faults) -> list[Node]:
    """Return the nodes with nested concats melted; E223 for each whose value nothing uses."""
    ends = set(outputs)
    whole = melted(nodes, ends)
    for fault in unused(whole, ends).values():
        faults.add(fault)
    return whole


def unused(nodes: Sequence[Node], outputs: Iterable[str]) -> dict[str, Fault]:
    """Return E223 for each node whose value nothing uses, by its name."""
    used = set(outputs).union(*[node.inputs for node in nodes])
    return {
        node.name: Fault("E223", f"nothing uses the value of `{node.name}`", node.origin)
        for node in nodes
        if node.name not in used
    }
