"""W603: a parameter of the document or of a module that no expression reads."""

from collections.abc import Iterator

from archgen.diagnostics import Fault
from archgen.expressions import ExpressionFault, is_expression, parse
from archgen.ir import Graph
from archgen.lints.walking import below
from archgen.source import Object
from archgen.spec import Module, Spec


def unused_parameter(spec: Spec, _: Graph | None) -> Iterator[Fault]:
    """Return a W603 for each; setting one from outside would change nothing."""
    read = {name for text in _expressions(spec.raw) for name in _names(text)}
    for name in spec.parameters:
        if name not in read:
            message = f"nothing reads the parameter `{name}`"
            yield Fault("W603", message, spec.member_place("parameters", name).of_key())
    bodies = spec.raw.get("modules")
    for title, module in spec.modules.items():
        body = bodies[title] if isinstance(bodies, Object) else None
        yield from _of_module(title, module, body)


def _of_module(title: str, module: Module, body: object) -> Iterator[Fault]:
    """Return a W603 for each name of a module that nothing inside it reads."""
    read = {name for text in _expressions(body) for name in _names(text)}
    places = {
        name: module.element_place("required", index) for index, name in enumerate(module.required)
    }
    for name in module.parameters:
        places[name] = module.member_place("parameters", name).of_key()
    for name, place in places.items():
        if name not in read:
            yield Fault("W603", f"nothing in `{title}` reads its parameter `{name}`", place)


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
