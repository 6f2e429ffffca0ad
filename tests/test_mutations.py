"""A changed spec is another network or a fault, never another exception, never the same in silence.

What a spec tells beside its graph counts too: prose, pixels, labels, figures, training. A change
may leave all of that as it was in four cases alone:

1. a warning says that nothing uses what was changed;
2. the document differs in fields alone that say what their absence means, or in the order of the
   names that a module requires;
3. nothing reads what was changed: an unknown parameter in its place goes unnoticed as well;
4. the value is another spelling of the same: `3` and `[3, 3]`, a branch and an object of layers,
   no activation and the linear one, an expression that comes to the same, another name of an empty
   branch, which makes no node, or a number that is compared only.
"""

import copy
import json
import random
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel

import archgen
from archgen.diagnostics import Faults
from archgen.evaluation import Evaluator
from archgen.expressions import ExpressionFault, is_expression, parse
from archgen.ops import OPS
from archgen.scopes import Poisoned
from archgen.spec import Entry, Fork, Head, Module, Spec
from tests.mutations import Mutation, at, mutated

SHIPPED = [name for name in archgen.names() if name != "inception_v4_paper"]
PROSE = frozenset(
    {"$schema", "title", "description", "references", "deviations", "published", "labels"}
)
LEVELS: tuple[type[BaseModel], ...] = (Spec, Module, Head, Fork, Entry, *OPS.values())
DEFAULTS = {key: info.default for cls in LEVELS for key, info in cls.model_fields.items()}


# Below an expansion of 1 there is none, as at 1.
COMPARED = {
    name: [("layers", 1, "with", "expansion")] for name in ("efficientnet_b0", "efficientnet_b3")
}


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
    """Return all that a spec says: its graphs, the optional parts built and not, and its prose.

    Optional parts are built on a large input as well: there they fit, whatever the spec's own is.
    """
    optional = switches(spec)
    graphs = [graph_of(spec, {}), graph_of(spec, optional)]
    graphs += [graph_of(spec, {**optional, "input_shape": (299, 299, 3)})] if optional else []
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
    before = mutation.before
    if after is None and mutation.path[:1] == ("defaults",) and isinstance(before, dict):
        defaults = absent_of(str(mutation.path[-1]))
        return all(defaults.get(name, ...) in (one, (one, one)) for name, one in before.items())
    return after in absent and valued(before, original) in absent


def normal(value: Any, document: dict[str, Any] | None = None) -> Any:
    """Return a document without the fields of entries that say what their absence means."""
    document = document or value
    if isinstance(value, list):
        return [normal(member, document) for member in value]
    if not isinstance(value, dict):
        return value
    fields = document.get("defaults", {}).get(value.get("op"), {}) if "op" in value else {}
    absent = {**absent_of(value.get("op")), **fields}
    kept = {k: one for k, one in value.items() if not says(valued(one, document), absent, k)}
    named = {key: sorted(one) if key == "required" else one for key, one in kept.items()}
    return {key: normal(one, document) for key, one in named.items()}


def says(value: Any, absent: dict[str, Any], key: str) -> bool:
    """Say whether a value is what its absence means, one number standing for a pair."""
    return key in absent and absent[key] in (value, (value, value))


def absent_of(op: Any) -> dict[str, Any]:
    """Return what the absence of each field of an op means."""
    infos = OPS[op].model_fields if isinstance(op, str) and op in OPS else {}
    return {name: info.default for name, info in infos.items()}


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


def computed(value: Any, original: dict[str, Any]) -> Any:
    """Return what an expression over the document's parameters comes to, else the value."""
    if not is_expression(value):
        return value
    try:
        names = Evaluator(archgen.load(original), Faults(), {}, None).document
        return parse(value).evaluate(names).value
    except (ExpressionFault, Poisoned):
        return value


def is_respelt(mutation: Mutation, original: dict[str, Any]) -> bool:
    """Say whether the value is another spelling of the one before."""
    if mutation.path in COMPARED.get(original["name"], ()):
        return True
    if mutation.kind == "rename" and mutation.path[-2:-1] == ("branches",):
        return mutation.before == [] or list(mutation.before) == ["when"]
    try:
        after = at(mutation.document, mutation.path)
    except (KeyError, IndexError):
        return False
    before = mutation.before
    if mutation.path[-1] == "activation" and [before, after] in (
        ["linear", None],
        [None, "linear"],
    ):
        return True
    spellings = [[before, before], [[before, before], [before, before]], {"layers": before}]
    before, after = computed(before, original), computed(after, original)
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
    if is_default(mutation, original) or normal(mutation.document) == normal(original):
        return "default"
    if is_respelt(mutation, original):
        return "respelt"
    if is_unread(mutation, original) or is_default_of_nothing(mutation, original):
        return "unread"
    return "different" if differs_elsewhere(mutation, original) else "silently the same"


def is_default_of_nothing(mutation: Mutation, original: dict[str, Any]) -> bool:
    """Say whether the default is one of an op that this variant has nowhere."""
    if mutation.path[0] != "defaults" or len(mutation.path) < 2:
        return False
    shapes = [{}, switches(original)]
    kinds = {node.op.kind for settings in shapes for node in archgen.graph(original, **settings)}
    return mutation.path[1] not in kinds


def differs_elsewhere(mutation: Mutation, original: dict[str, Any]) -> bool:
    """Say whether the two are other networks once a number among the parameters is another."""
    for name, value in original.get("parameters", {}).items():
        if type(value) in (int, float):
            for other in (value * 2, value / 2):
                settings = {name: int(other) if other == int(other) else other}
                if graph_of(mutation.document, settings) != graph_of(original, settings):
                    return True
    return False


@cache
def meaning_of(text: str) -> Any:
    return meaning(json.loads(text))


def verdicts(name: str, count: int) -> dict[str, list[Mutation]]:
    found: dict[str, list[Mutation]] = {}
    chance = random.Random(f"{name} {count}")
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
    found = verdicts(name, 400)
    assert told_of(found.pop("silently the same", [])) == []
