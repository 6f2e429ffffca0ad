"""W602: a module that neither the layers nor the heads use, directly or through others."""

from collections.abc import Iterator

from archgen.diagnostics import Fault
from archgen.ir import Graph
from archgen.lints.walking import below
from archgen.source import Object
from archgen.spec import Spec


def unused_module(spec: Spec, _: Graph | None) -> Iterator[Fault]:
    """Return a W602 for each; a use that a condition leaves out is a use."""
    used = _used_modules(spec.raw)
    for name in spec.modules:
        if name not in used:
            message = f"nothing uses the module `{name}`"
            yield Fault("W602", message, spec.member_place("modules", name).of_key())


def _used_modules(raw: Object) -> set[str]:
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
    for inner in below(value):
        yield from _uses(inner)
