"""A changed spec is another network or a fault, never another exception, never the same in silence.

What a spec tells beside its graph counts too: prose, pixels, labels, figures, training. A change
may leave all of that as it was in four cases alone:

1. a warning says that nothing uses what was changed;
2. what was dropped, or is null now, had the value that its absence means;
3. nothing reads what was changed: an unknown parameter in its place goes unnoticed as well;
4. the value is another spelling of the same: `3` and `[3, 3]`, a branch and an object of layers.
"""

import copy
import json
import random
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel

import archgen
from archgen.ops import OPS
from archgen.spec import Entry, Fork, Head, Module, Spec
from tests.mutations import Mutation, at, mutated

SHIPPED = [name for name in archgen.names() if name != "inception_v4_paper"]
PROSE = frozenset(
    {"$schema", "title", "description", "references", "deviations", "published", "labels"}
)
LEVELS: tuple[type[BaseModel], ...] = (Spec, Module, Head, Fork, Entry, *OPS.values())
DEFAULTS = {key: info.default for cls in LEVELS for key, info in cls.model_fields.items()}


@cache
def document(name: str) -> dict[str, Any]:
    text = archgen.new("net") if name == "new" else archgen.resolved(name)
    found: dict[str, Any] = json.loads(text)
    return found


def told(value: Any, path: tuple[Any, ...] = ()) -> list[Any]:
    """Return the members of a document that say something beside the graph."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, member in members:
        if key in PROSE or (*path, key) in {("input", "pixels"), ("training",)}:
            found.append(((*path, key), repr(member)))
        elif isinstance(member, dict | list):
            found += told(member, (*path, key))
    return found


def switches(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that turn parts on and off, each the other way round."""
    parameters = spec.get("parameters", {})
    return {name: not value for name, value in parameters.items() if isinstance(value, bool)}


def graph_of(spec: dict[str, Any], parameters: dict[str, Any]) -> Any:
    """Return a graph as plain data, or why there is none."""
    try:
        graph = archgen.graph(spec, **parameters)
    except archgen.SpecError as error:
        return [(fault.code, fault.message) for fault in error.faults]
    nodes = [(n.name, repr(n.op), n.inputs, n.shape, n.scope, n.written) for n in graph]
    outputs = list(graph.outputs.items()), dict(graph.loss_weights)
    return graph.name, nodes, dict(graph.inputs), outputs


def meaning(spec: dict[str, Any]) -> Any:
    """Return all that a spec says: its graphs, the optional parts built and not, and its prose."""
    graphs = [graph_of(spec, {}), graph_of(spec, switches(spec))]
    return graphs, told(spec), list(spec.get("parameters", {}).items())


def is_default(mutation: Mutation, original: dict[str, Any]) -> bool:
    """Say whether something was dropped or made null that says what its absence means."""
    key = str(mutation.path[-1])
    written = original.get("defaults", {}).values()
    absent = [[], {}, None, DEFAULTS.get(key, ...), *(fields.get(key, ...) for fields in written)]
    try:
        after = at(mutation.document, mutation.path)
    except (KeyError, IndexError):
        after = None
    return after in absent and valued(mutation.before, original) in absent


def valued(value: Any, original: dict[str, Any]) -> Any:
    """Return what a `$name` stands for in the document, anything else as it is."""
    name = value[1:] if isinstance(value, str) and value.startswith("$") else None
    return original.get("parameters", {}).get(name, value)


def is_unread(mutation: Mutation, original: dict[str, Any]) -> bool:
    """Say whether an unknown parameter in place of the value goes unnoticed."""
    for end in range(len(mutation.path), 1, -1):
        probe = copy.deepcopy(original)
        holder = at(probe, mutation.path[: end - 1])
        if isinstance(at(original, mutation.path[:end]), dict | list):
            continue
        holder[mutation.path[end - 1]] = "$no_such_parameter"
        checks = [archgen.check(probe), archgen.check(probe, **switches(probe))]
        return not any(fault.severity == "error" for faults in checks for fault in faults)
    return False


def is_respelt(mutation: Mutation) -> bool:
    """Say whether the value is another spelling of the one before."""
    try:
        after = at(mutation.document, mutation.path)
    except (KeyError, IndexError):
        return False
    before = mutation.before
    spellings = [[before, before], [[before, before], [before, before]], {"layers": before}]
    return after in spellings or [after] == before or (before == after and type(before) is not bool)


def verdict(mutation: Mutation, original: dict[str, Any]) -> str:
    """Return what a mutation led to; a word that begins with "silently" is a mistake."""
    faults = archgen.check(mutation.document)
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        assert all(fault.code and fault.place is not None for fault in errors)
        return "refused"
    if meaning(mutation.document) != meaning_of(json.dumps(original)):
        return "different"
    if any(fault.severity == "warning" for fault in faults):
        return "warned"
    if is_default(mutation, original):
        return "default"
    if is_respelt(mutation):
        return "respelt"
    return "unread" if is_unread(mutation, original) else "silently the same"


@cache
def meaning_of(text: str) -> Any:
    return meaning(json.loads(text))


def verdicts(name: str, count: int) -> dict[str, list[Mutation]]:
    found: dict[str, list[Mutation]] = {}
    chance = random.Random(f"{name} {count}")  # noqa: S311 - repeatable
    for _ in range(count):
        mutation = mutated(document(name), chance)
        found.setdefault(verdict(mutation, document(name)), []).append(mutation)
    return found


def told_of(mutations: list[Mutation]) -> list[str]:
    return [f"{one.kind} {one.path}: {one.before!r}" for one in mutations]


@pytest.mark.parametrize("name", ["new", *SHIPPED])
def test_a_mutated_spec_is_another_or_refused(name: str) -> None:
    found = verdicts(name, 120)
    assert told_of(found.pop("silently the same", [])) == []
    assert len(found["refused"]) > 20
    assert len(found["different"]) > 5
    assert found.keys() <= {"refused", "different", "warned", "default", "respelt", "unread"}


@pytest.mark.full
@pytest.mark.parametrize("name", ["new", *SHIPPED])
def test_thousands_of_mutated_specs_are_another_or_refused(name: str) -> None:
    found = verdicts(name, 4_000)
    assert told_of(found.pop("silently the same", [])) == []
