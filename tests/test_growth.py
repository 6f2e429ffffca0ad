"""What a spec expands to is known before, and is what it then expands to."""

from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.diagnostics import Fault, Faults
from archgen.growth import LOCAL, USE_STEPS, Size
from archgen.limits import LIMITS, raised
from archgen.reading import read_spec
from archgen.resolve import Resolver
from archgen.source import from_python
from tests.literate import cases

DROP = {"op": "dropout", "rate": 0.1}
LANGUAGE = cases(Path(__file__).parent / "cases" / "language")


def spec(*layers: Any, **members: Any) -> dict[str, Any]:
    head = {"archgen": 1, "name": "net", "input": {"shape": [8, 8, 3]}}
    return {**head, "layers": list(layers), **members}


def resolver(document: dict[str, Any]) -> Resolver:
    faults = Faults()
    read = read_spec(from_python(document), faults)
    assert read is not None
    made = Resolver(read, faults, {}, None)
    made.growth.trusts = False
    return made


def known_of(made: Resolver) -> Size:
    """Return the size that is known before the expansion."""
    return made.growth.sizes.of_list(made.spec.layers, LOCAL, 0)


def refusal(document: dict[str, Any]) -> Fault:
    (fault,) = archgen.check(document)
    return fault


MODULES = {
    "m": {"layers": [DROP, DROP]},
    "n": {"required": ["k"], "layers": [{**DROP, "repeat": "$k"}]},
}
EXACT = {
    "a list": spec(DROP, DROP, {**DROP, "repeat": 3, "name": "a"}),
    "a repeat of nothing": spec({**DROP, "repeat": 0}, DROP),
    "a parameter of the document": spec({**DROP, "repeat": "${n + 1}"}, parameters={"n": 4}),
    "a condition that fails": spec(
        DROP, {"use": "m", "when": False}, modules={"m": {"layers": [DROP]}}
    ),
    "a condition on a parameter": spec(
        {"use": "m", "when": "$on", "repeat": 2},
        parameters={"on": True},
        modules={"m": {"layers": [DROP] * 5}},
    ),
    "modules in modules": spec(
        {"use": "a", "repeat": 3},
        modules={"a": {"layers": [{"use": "b", "repeat": 4}, DROP]}, "b": {"layers": [DROP] * 5}},
    ),
    "a fork": spec(
        {"join": "add", "branches": {"a": [DROP], "b": [DROP, DROP], "c": {"when": False}}}
    ),
    "a module that is a fork": spec(
        {"use": "m", "repeat": 2}, modules={"m": {"join": "add", "branches": {"a": [DROP]}}}
    ),
}


@pytest.mark.parametrize("document", EXACT.values(), ids=EXACT)
def test_what_is_known_is_what_it_comes_to(document: dict[str, Any]) -> None:
    made = resolver(document)
    known = known_of(made)
    assert made.graph() is not None
    assert known.is_exact
    assert made.growth.reached == known


REPEATED_BY_THEIR_MODULES = (
    "densenet121",
    "efficientnet_b0",
    "efficientnet_b3",
    "mobilenet_v2",
    "resnet50",
    "vgg16",
)


@pytest.mark.parametrize("name", archgen.names())
def test_the_entries_of_a_shipped_spec_are_known(name: str) -> None:
    made = resolver(dict(archgen.load(name).raw))
    known = known_of(made)
    assert made.graph() is not None
    assert (known.entries == made.growth.reached.entries) == known.is_exact
    assert known.entries <= made.growth.reached.entries
    assert known.is_exact == (name not in REPEATED_BY_THEIR_MODULES)


@pytest.mark.parametrize("document", EXACT.values(), ids=EXACT)
def test_what_is_known_exactly_is_counted_at_once(document: dict[str, Any]) -> None:
    made = resolver(document)
    made.growth.trusts = True
    assert made.graph() is not None
    assert made.growth.reached == known_of(made)


def test_a_module_counted_at_once_is_counted_again_where_a_head_uses_it() -> None:
    head = {"from": "m", "layers": [{"use": "m"}, {"use": "n", "with": {"k": 3}}]}
    document = spec({"use": "m"}, modules=MODULES, heads={"aux": head})
    reached = []
    for trusts in (True, False):
        made = resolver(document)
        made.growth.trusts = trusts
        assert made.graph() is not None
        reached.append(made.growth.reached)
    assert reached[0] == reached[1]
    assert reached[0].entries == 3 + 3 + 4


UNKNOWN = {
    "a repeat by the channels": {"use": "m", "repeat": "$channels"},
    "a condition on the channels": {"use": "m", "when": "${channels > 2}"},
    "a repeat by a parameter of the module": {"use": "n", "with": {"k": 3}},
}


@pytest.mark.parametrize("entry", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_never_counted_as_more(entry: dict[str, Any]) -> None:
    made = resolver(spec(entry, modules=MODULES))
    known = known_of(made)
    assert made.graph() is not None
    assert not known.is_exact
    assert known.entries < made.growth.reached.entries


def test_a_name_of_the_document_that_a_module_gives_another_meaning_is_not_known() -> None:
    module = {"parameters": {"n": 2}, "layers": [{**DROP, "repeat": "$n"}]}
    document = spec({"use": "m"}, parameters={"n": 9_000}, modules={"m": module})
    made = resolver(document)
    assert known_of(made).entries == 1
    assert made.graph() is not None
    assert made.growth.reached.entries == 3


def test_the_most_entries_are_built_and_one_more_is_not() -> None:
    with raised({"nodes": 6}):
        assert archgen.check(spec({**DROP, "repeat": 6})) == ()
        fault = refusal(spec({**DROP, "repeat": 6}, DROP))
    assert fault.message == "the spec expands to 7 entries, more than 6"
    assert fault.notes == ("raise the limit with `--limit nodes=…`",)
    assert fault.place is not None
    assert fault.place.pointer == "/layers/0"


def test_a_higher_limit_lets_a_larger_spec_pass() -> None:
    document = spec(*[{**DROP, "name": f"a{number}", "repeat": 10_000} for number in range(11)])
    assert refusal(document).code == "E222"
    with raised({"nodes": 200_000, "repeat": 20_000}):
        assert archgen.check(document) == ()
        assert archgen.check(spec({**DROP, "repeat": 20_000})) == ()
    assert refusal(spec({**DROP, "repeat": 20_000})).code == "E203"


def test_inputs_and_branches_count_as_steps() -> None:
    with raised({"steps": 10}):
        lead = {**DROP, "name": "a"}
        assert archgen.check(spec(lead, {"op": "add", "inputs": ["a"] * 10})) == ()
        fault = refusal(spec(lead, {"op": "add", "inputs": ["a"] * 11}))
    assert fault.message == "the spec expands to 11 inputs, branches and values, more than 10"


def test_a_use_counts_as_the_values_that_take_as_long() -> None:
    modules = {"m": {"layers": [DROP]}}
    with raised({"steps": 3 * USE_STEPS}):
        assert archgen.check(spec({"use": "m", "repeat": 3}, modules=modules)) == ()
        assert refusal(spec({"use": "m", "repeat": 4}, modules=modules)).code == "E222"


def test_lists_nest_no_deeper_than_the_limit() -> None:
    def nested(depth: int) -> dict[str, Any]:
        modules: dict[str, Any] = {"m0": {"layers": [DROP]}}
        for number in range(1, depth):
            fork = {"join": "add", "branches": {"a": [{"use": f"m{number - 1}"}]}}
            modules[f"m{number}"] = {"layers": [fork]}
        return spec({"use": f"m{depth - 1}"}, modules=modules)

    assert archgen.check(nested(LIMITS.list_depth // 2)) == ()
    deep = nested(LIMITS.list_depth // 2 + 1)
    assert refusal(deep).code == "E222"


def test_a_refusal_points_at_the_innermost_repeat_that_is_too_much() -> None:
    inner = {"layers": [DROP, {**DROP, "name": "b", "repeat": 9_000}]}
    modules = {"m": {"layers": [{"use": "n", "repeat": 100}]}, "n": inner}
    place = refusal(spec({"use": "m", "repeat": 5}, modules=modules)).place
    assert place is not None
    assert place.pointer == "/modules/m/layers/0"
