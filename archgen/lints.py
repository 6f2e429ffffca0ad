"""What is legal but suspicious in a spec and its graph; imports ``spec``, ``ir``, ``source``."""

from collections.abc import Iterator

from archgen.diagnostics import Fault, Faults
from archgen.expressions import ExpressionFault, is_expression, parse
from archgen.ir import Graph, Node
from archgen.source import Array, Object
from archgen.spec import Spec

PROSE = frozenset(
    {"title", "description", "references", "deviations", "published", "labels", "training", "name"}
)


def lint(spec: Spec, graph: Graph | None, faults: Faults) -> None:
    """Add every W6xx of a spec, and of its graph where it has one.

    What is unused is told only where the spec itself is sound: a misspelt use is one fault.
    """
    if not any(fault.code < "E3" for fault in faults.listed()):
        _unused(spec, faults)
    for output, node in _scaled_outputs(graph) if graph else ():
        message = f"the width multiplier scales an output from {node.written} to {node.shape[-1]}"
        help_line = 'say `"fixed": true` where an output must keep its size'
        note = f"the output is `{output}`"
        faults.add(Fault("W601", message, node.origin, notes=(note,), help=help_line))


def _unused(spec: Spec, faults: Faults) -> None:
    used = _used_modules(spec.raw)
    for name in spec.modules:
        if name not in used:
            message = f"nothing uses the module `{name}`"
            faults.add(Fault("W602", message, spec.member_place("modules", name).of_key()))
    read = {name for text in _expressions(spec.raw) for name in _names(text)}
    for name in spec.parameters:
        if name not in read:
            message = f"nothing reads the parameter `{name}`"
            faults.add(Fault("W603", message, spec.member_place("parameters", name).of_key()))


def _used_modules(raw: Object) -> set[str]:
    """Return the modules that the layers and heads use, directly or through others."""
    modules = raw.get("modules")
    bodies = modules if isinstance(modules, Object) else {}
    used: set[str] = set()
    reached = {*_uses(raw.get("layers")), *_uses(raw.get("heads"))}
    while reached:
        used |= reached
        reached = {name for key in reached for name in _uses(bodies.get(key))} - used
    return used


def _uses(value: object) -> Iterator[str]:
    if isinstance(value, Object) and isinstance(name := value.get("use"), str):
        yield name
    for below in _below(value):
        yield from _uses(below)


def _expressions(value: object) -> Iterator[str]:
    if is_expression(value):
        yield value
    for below in _below(value):
        yield from _expressions(below)


def _below(value: object) -> Iterator[object]:
    if isinstance(value, Object):
        yield from (member for key, member in value.items() if key not in PROSE)
    elif isinstance(value, Array):
        yield from value


def _names(text: str) -> frozenset[str]:
    try:
        return parse(text).names
    except ExpressionFault:
        return frozenset()


def _scaled_outputs(graph: Graph) -> Iterator[tuple[str, Node]]:
    """Return the outputs whose channels come from a scaled layer, and that layer."""
    for output, name in graph.outputs.items():
        node = graph.by_name.get(name)
        while node is not None:
            if node.written is not None:
                yield output, node
            kept = len(node.inputs) == 1 and not node.op.macs(graph.input_shapes(node), node.shape)
            node = graph.by_name.get(node.inputs[0]) if kept else None
