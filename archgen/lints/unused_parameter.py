"""W603: a parameter of the document that no expression reads."""

from collections.abc import Iterator

from archgen.diagnostics import Fault
from archgen.expressions import ExpressionFault, is_expression, parse
from archgen.ir import Graph
from archgen.lints.walking import below
from archgen.spec import Spec


def unused_parameter(spec: Spec, _: Graph | None) -> Iterator[Fault]:
    """Return a W603 for each; setting one from outside would change nothing."""
    read = {name for text in _expressions(spec.raw) for name in _names(text)}
    for name in spec.parameters:
        if name not in read:
            message = f"nothing reads the parameter `{name}`"
            yield Fault("W603", message, spec.member_place("parameters", name).of_key())


def _expressions(value: object) -> Iterator[str]:
    if is_expression(value):
        yield value
    for inner in below(value):
        yield from _expressions(inner)


def _names(text: str) -> frozenset[str]:
    try:
        return parse(text).names
    except ExpressionFault:
        return frozenset()
