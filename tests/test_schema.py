"""The JSON Schema takes what archgen takes and refuses what an editor should underline."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

import archgen
from archgen.library import shipped
from archgen.ops import OPS

SCHEMA = json.loads(archgen.schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
BASE = {"archgen": 1, "name": "n", "input": {"shape": [8, 8, 3]}, "layers": []}
CHILD = {"archgen": 1, "name": "n", "extends": "inception_v4"}
CONV = {"op": "conv", "filters": 3, "kernel_size": 1}


def faults(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_property_says_what_it_takes() -> None:
    assert list(properties(SCHEMA))
    assert [path for path, form in properties(SCHEMA) if not form] == []


def properties(form: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(form, dict):
        for key, below in form.items():
            if key == "properties":
                yield from ((f"{path}/{name}", value) for name, value in below.items())
            yield from properties(below, f"{path}/{key}")
    elif isinstance(form, list):
        for below in form:
            yield from properties(below, path)


def test_every_reference_leads_somewhere() -> None:
    for pointer in set(references(SCHEMA)):
        found = SCHEMA
        for part in pointer.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def references(form: Any) -> Iterator[str]:
    if isinstance(form, dict):
        yield from ([form["$ref"]] if "$ref" in form else [])
    for below in (
        form.values() if isinstance(form, dict) else form if isinstance(form, list) else ()
    ):
        yield from references(below)


@pytest.mark.parametrize("name", archgen.names())
def test_every_shipped_spec_is_valid(name: str) -> None:
    path = shipped(name)
    assert path is not None
    assert faults(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("base", [None, "inception_v4"])
def test_a_first_spec_is_valid(base: str | None) -> None:
    assert faults(json.loads(archgen.new("mine", base))) == []


@pytest.mark.parametrize(
    "document",
    [
        {**BASE, "layers": [{**CONV, "kernel_size": ["$k", 1], "padding": [[0, "$p"], 1]}]},
        {**BASE, "layers": [{**CONV, "norm": {"op": "batch_norm", "scale": False}}]},
        {**BASE, "layers": [{**CONV, "kernel_initializer": {"class_name": "Zeros"}}]},
        {**BASE, "layers": [{"op": "conv"}], "defaults": {"conv": {"filters": "${2 * k}"}}},
        {**BASE, "layers": [{"use": "m", "with": {"a": None}, "repeat": "$n", "when": False}]},
        {**BASE, "layers": [{"op": "add", "name": "a", "inputs": ["b.c", "d"]}]},
        {**BASE, "layers": [{"join": "add", "branches": {"a": [], "b": {"when": "$w"}}}]},
        {**BASE, "modules": {"m": {"layers": []}, "f": {"join": "add", "branches": {"a": []}}}},
        {**BASE, "input": {"shape": ["$s", 8, 3], "pixels": {"mean": [1], "std": [1.5]}}},
        {**BASE, "heads": {"h": {"from": "a", "layers": [], "loss_weight": 0.5}}},
        {**BASE, "width": {"multiplier": "$w"}, "published": {"a": {"b": []}}},
        CHILD,
        {**CHILD, "title": None, "width": None, "modules": {"inception_a": None}},
        {**CHILD, "modules": {"inception_a": {"branches": {"pool": None}, "title": None}}},
        {**CHILD, "defaults": {"conv": {"norm": {"scale": True}}, "max_pool": None}},
        {**CHILD, "heads": {"aux": {"loss_weight": 0.1}}, "input": {"pixels": None}},
        {**CHILD, "edit": {"layers.a": None, "layers.b": [CONV], "layers.c": {"strides": 1}}},
        {**CHILD, "edit": {"modules.m.b": {"layers": []}, "heads.h.a": {"norm": {"scale": True}}}},
        {**CHILD, "edit": {"layers.add": {"branches": {"b": None}, "when": "$w", "name": None}}},
    ],
)
def test_what_the_language_allows_is_valid(document: object) -> None:
    assert faults(document) == []


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({**BASE, "layres": []}, "$"),
        ({**BASE, "edit": {}}, "$"),
        ({**BASE, "archgen": 2}, "$.archgen"),
        ({**BASE, "name": "a b"}, "$.name"),
        ({**BASE, "input": {"shape": [8, 8]}}, "$.input.shape"),
        ({**BASE, "layers": [{}]}, "$.layers[0]"),
        ({**BASE, "layers": [{"op": "cov"}]}, "$.layers[0].op"),
        ({**BASE, "layers": [{**CONV, "use": "m"}]}, "$.layers[0]"),
        ({**BASE, "layers": [{**CONV, "filtres": 3}]}, "$.layers[0]"),
        ({**BASE, "layers": [{**CONV, "filters": "3"}]}, "$.layers[0].filters"),
        ({**BASE, "layers": [{**CONV, "filters": True}]}, "$.layers[0].filters"),
        ({**BASE, "layers": [{**CONV, "padding": "sme"}]}, "$.layers[0].padding"),
        ({**BASE, "layers": [{**CONV, "norm": "bn"}]}, "$.layers[0].norm"),
        ({**BASE, "layers": [{**CONV, "activation": "rleu"}]}, "$.layers[0].activation"),
        (
            {**BASE, "layers": [{**CONV, "bias_initializer": "one?"}]},
            "$.layers[0].bias_initializer",
        ),
        ({**BASE, "layers": [{**CONV, "repeat": -1}]}, "$.layers[0].repeat"),
        ({**BASE, "layers": [{"join": "cat", "branches": {}}]}, "$.layers[0].join"),
        ({**BASE, "layers": [{"join": "add"}]}, "$.layers[0]"),
        ({**BASE, "modules": {"m": {}}}, "$.modules.m"),
        ({**BASE, "modules": {"m": {"layers": [], "join": "add", "branches": {}}}}, "$.modules.m"),
        ({**BASE, "modules": {"a-b": {"layers": []}}}, "$.modules"),
        ({**BASE, "heads": {"h": {"layers": []}}}, "$.heads.h"),
        ({**BASE, "defaults": {"cnv": {}}}, "$.defaults"),
        ({**BASE, "defaults": {"conv": {"filtres": 3}}}, "$.defaults.conv"),
        ({**BASE, "layers": None}, "$.layers"),
        ({**CHILD, "extends": 3}, "$.extends"),
        ({**CHILD, "edit": {"a": None}}, "$.edit"),
        ({**CHILD, "edit": {"layers.a": {"filtres": 3}}}, "$.edit['layers.a']"),
        ({**CHILD, "edit": {"layers.a": 3}}, "$.edit['layers.a']"),
    ],
)
def test_a_mistake_is_underlined_where_it_stands(document: object, place: str) -> None:
    assert place in {fault.partition(": ")[0] for fault in faults(document)}


VALUES: list[Any] = [
    None, True, False, -1, 0, 1, 2**31, 0.5, 1.5, "", "3", "same", "relu", "zeros", [], [1], [1, 2],
    [0, 1], [True, 1], [1, 2, 3], [1, [0, 1]], [[0, 1], [0, 1]], {}, {"class_name": "Zeros"},
    "Zeros", "zeroes", "L2", "constant", {"class_name": "L2", "config": {"l2": 0.1}},
    {"class_name": "L2", "config": 0.1}, {"class_name": "L2", "config": {"l2": {}}},
    {"class_name": "L2", "config": {"l2": [0.1, [1]]}}, {"class_name": "Zeros", "config": None},
    {"class_name": "Zeros", "module": "keras"}, {"class_name": "Zero"}, {"config": {}},
]  # fmt: skip


def refused_by_class(op: str, field: str, value: object) -> bool:
    try:
        OPS[op].model_validate({field: value})
    except ValidationError as error:
        absent = [detail["loc"] for detail in error.errors() if detail["type"] == "missing"]
        own = [detail["loc"] for detail in error.errors() if detail["loc"][:1] == (field,)]
        return bool(own) and own != [loc for loc in absent if loc == (field,)]
    return False


@pytest.mark.parametrize("op", OPS)
def test_a_field_takes_the_values_that_its_class_takes(op: str) -> None:
    for field in OPS[op].model_fields:
        reference = {"$ref": f"#/$defs/{op}/properties/{field}", "$defs": SCHEMA["$defs"]}
        schema = jsonschema.Draft202012Validator(reference)
        assert schema.is_valid("$value")
        taken = [value for value in VALUES if schema.is_valid(value)]
        assert taken == [value for value in VALUES if not refused_by_class(op, field, value)]
