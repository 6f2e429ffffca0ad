"""The record that archgen leaves in what it writes, and what is no such record."""

import json
from hashlib import sha256
from typing import Any

import pytest

import archgen
from archgen.limits import raised
from archgen.provenance import Provenance, provenance_of, read, rebuilt, record_of

NET = {
    "archgen": 1,
    "name": "net",
    "title": "Netz für 8×9",
    "input": {"shape": [8, 9, 3]},
    "parameters": {"filters": 4, "activation": "relu"},
    "layers": [
        {"op": "conv", "filters": "$filters", "kernel_size": 3, "activation": "$activation"},
        {"op": "rescale", "scale": 0.10, "offset": 1e-3},
    ],
}


def record(
    spec: Any = None, shape: tuple[int, int, int] | None = None, **parameters: Any
) -> Provenance:
    known = archgen.load(spec or NET)
    return record_of(known, archgen.graph(known, shape, **parameters), parameters)


CASES: list[tuple[Any, tuple[int, int, int] | None, dict[str, Any]]] = [
    (NET, None, {}),
    (NET, (9, 9, 1), {"filters": 7, "activation": "linear"}),
    ("inception_v4_mnist", None, {"aux": True}),
    ("inception_resnet_v2_paper", (139, 150, 3), {"classes": 10}),
]


@pytest.mark.parametrize(("spec", "shape", "parameters"), CASES)
def test_a_graph_comes_back_from_the_bytes_of_its_record(
    spec: Any, shape: tuple[int, int, int] | None, parameters: dict[str, Any]
) -> None:
    made = record(spec, shape, **parameters)
    again = read(made.content(), "x.keras")
    assert again == made
    assert rebuilt(again, "x.keras") == archgen.graph(spec, shape, **parameters)


def test_the_record_says_what_a_file_was_made_of() -> None:
    told = json.loads(record("vgg16", (64, 32, 3), classes=7).content())
    text = archgen.resolved("vgg16")
    assert told["spec"] == text
    assert told["spec_sha256"] == sha256(text.encode()).hexdigest()
    assert (told["input"], told["parameters"]) == ([64, 32, 3], {"classes": 7})
    assert told["format"] == 1
    assert told["keras"].startswith("3.")
    assert told["archgen"]


def changed(**changes: Any) -> bytes:
    """Return a record with other members; None takes one out."""
    data = record().record() | changes
    return json.dumps({key: data[key] for key in data if data[key] is not None}).encode()


NONE = [
    (b"", "the text is empty"),
    (b"[]", "a spec is an object"),
    (b"\xff{}", "not UTF-8"),
    (b'{"format": 1, "format": 1}', "stands twice"),
    (b"[" * 100_000, "nested deeper"),
    (b"{}", "its format is null, this archgen reads 1"),
    (changed(format=2), "its format is 2"),
    (changed(format=True), "its format is true"),
    (changed(spec=None), "its `spec` must be text"),
    (changed(keras=3), "its `keras` must be text"),
    (changed(parameters=[]), "its `parameters` must be an object"),
    (changed(parameters={"a": []}), "its `parameters` must be text, numbers"),
    (changed(input="8x9x3"), "its `input` must be a list"),
    (changed(input=[8, 9]), "its `input` must be height, width and channels"),
    (changed(input=[8, 0, 3]), "its `input` must be height, width and channels"),
    (changed(input=[8, 9, True]), "its `input` must be height, width and channels"),
    (changed(spec="{}"), "the SHA-256 is another"),
]


@pytest.mark.parametrize(("content", "reason"), NONE)
def test_what_is_no_record_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(archgen.UsageError) as error:
        read(content, "x.keras")
    (fault,) = error.value.faults
    assert fault.code == "E502"
    assert fault.message.startswith("the record of archgen in x.keras cannot be read: ")
    assert reason in fault.message


def test_a_value_that_is_no_object_is_no_record() -> None:
    with pytest.raises(archgen.UsageError, match="it is no object"):
        provenance_of("text", "x.keras")


def test_a_record_beyond_the_limit_is_not_parsed() -> None:
    content = record().content()
    with (
        raised({"file_bytes": len(content) // 3}),
        pytest.raises(archgen.UsageError, match="larger than"),
    ):
        read(content, "x.keras")
    with raised({"file_bytes": len(content) // 3 + 1}):
        assert read(content, "x.keras") == record()


def test_keys_of_other_programs_are_passed_over() -> None:
    assert read(changed(trained_on="digits"), "x.keras") == record()


def forged(spec: dict[str, Any], **changes: Any) -> Provenance:
    text = json.dumps(spec)
    return read(changed(spec=text, spec_sha256=sha256(text.encode()).hexdigest(), **changes), "f")


FORGED = [
    ({**NET, "layers": [{"op": "nonsense"}]}, {}, "E204"),
    ({**NET, "layers": [{"op": "max_pool", "pool_size": 99}]}, {}, "E310"),
    ({"archgen": 1, "name": "net", "extends": "vgg16"}, {}, "E217"),
    ({"archgen": 1, "name": "net", "extends": "secret.json"}, {}, "E217"),
    ({**NET, "edit": {}}, {}, "E201"),
    (NET, {"parameters": {"unknown": 1}}, "E507"),
    (NET, {"parameters": {"filters": "many"}}, "E203"),
    ({**NET, "layers": [{"op": "batch_norm", "repeat": 10_000}] * 30}, {}, "E222"),
]


@pytest.mark.parametrize(("spec", "changes", "code"), FORGED)
def test_the_spec_of_a_record_is_checked_as_any_strangers(
    spec: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(archgen.ArchgenError) as error:
        rebuilt(forged(spec, **changes), "f")
    assert code in {fault.code for fault in error.value.faults}


def test_a_record_takes_text_that_utf8_lacks() -> None:
    made = Provenance("1", "3", "{}", sha256(b"{}").hexdigest(), (1, 1, 1), {"a": "\ud800"})
    with pytest.raises(archgen.UsageError, match="surrogate"):
        read(made.content(), "x.keras")
