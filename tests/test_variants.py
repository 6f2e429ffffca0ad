"""Variants: merge patches as RFC 7396 has them, edits, and what comes of a variant said in full."""

import copy
import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archgen
from archgen.diagnostics import Faults
from archgen.source import Object, from_python
from archgen.variants import extended, patch
from tests.literate import Case, cases
from tests.test_language import asked, spec_of

LANGUAGE = cases(Path(__file__).parent / "cases" / "language")
VARIANTS = [case for case in LANGUAGE if case.path.stem in {"extends", "edit"}]

BASE: dict[str, Any] = {
    "archgen": 1,
    "name": "base",
    "title": "Base",
    "description": "Not handed on.",
    "published": {"paper": {"params": 2}},
    "input": {"shape": [8, 8, 1]},
    "parameters": {"n": 2},
    "layers": [{"op": "conv", "filters": "$n", "kernel_size": 1}, {"use": "m"}],
    "modules": {
        "m": {
            "join": "concat",
            "branches": {"a": [{"op": "conv", "filters": 1, "kernel_size": 1}], "b": []},
        }
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with ``base.json`` in it."""
    (tmp_path / "base.json").write_text(json.dumps(BASE, indent=2), encoding="utf-8")
    return tmp_path


def child(folder: Path, **changes: Any) -> Path:
    document = {"archgen": 1, "name": "child", "extends": "base.json", **changes}
    path = folder / "child.json"
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return path


def merged(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(archgen.resolved(path))
    return document


def faults(path: Path) -> list[tuple[str, str, str]]:
    found = [(fault, fault.place) for fault in archgen.check(path)]
    return [(f.code, Path(p.file).name, p.pointer) for f, p in found if p is not None]


# ── merge patches ─────────────────────────────────────────────────────────────────────────────────


def patched(target: Any, change: Any) -> Any:
    document = from_python(copy.deepcopy(target))
    patch(document, from_python(copy.deepcopy(change)))
    return document


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_rfc_7396(target: Any, change: Any, result: Any) -> None:
    """Appendix A; what is no object at its top stands below a key here."""
    assert patched({"doc": target}, {"doc": change}) == {"doc": result}


KEYS = st.sampled_from("abcd")
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, 1, "x", True, []]),
    lambda below: st.dictionaries(KEYS, below, max_size=4) | st.lists(below, max_size=2),
    max_leaves=10,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def merge_patch(target: Any, change: Any) -> Any:
    """Return the result that RFC 7396 states, section 2."""
    if not isinstance(change, dict):
        return change
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_patch_is_that_of_rfc_7396_and_keeps_the_order_of_keys(
    target: dict[str, Any], change: dict[str, Any]
) -> None:
    expected = merge_patch(target, change)
    found = patched(target, change)
    assert json.dumps(found) == json.dumps(expected)


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_every_value_still_has_a_place(target: dict[str, Any], change: dict[str, Any]) -> None:
    result = patched(target, change)
    assert result.keys() == result.places.keys()


# ── what is merged ────────────────────────────────────────────────────────────────────────────────


def test_the_parents_keys_keep_their_order_and_new_ones_follow(folder: Path) -> None:
    path = child(folder, width={"multiplier": 1}, layers=[{"use": "m"}], title="Child")
    expected = [key for key in BASE if key not in ("description", "published")]
    assert list(merged(path)) == [*expected, "width"]


def test_the_description_is_not_handed_on(folder: Path) -> None:
    assert "description" not in merged(child(folder))
    assert merged(child(folder, description="Its own."))["description"] == "Its own."


def test_published_figures_are_those_of_one_network(folder: Path) -> None:
    assert "published" not in merged(child(folder))
    own = {"paper": {"params": 3}}
    assert merged(child(folder, published=own))["published"] == own
    assert merged(child(folder))["title"] == "Base"


def test_numbers_stay_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "parent.json").write_text(
        """{"archgen": 1, "name": "parent", "input": {"shape": [8, 8, 3], "pixels": [-1.0, 1.50]},
        "parameters": {"n": 1E+2, "k": 1e-5, "l": 7}, "width": {"multiplier": 1.0},
        "layers": [{"op": "batch_norm", "epsilon": 1e-5}, {"op": "flatten"}]}"""
    )
    (tmp_path / "child.json").write_text(
        """{"archgen": 1, "name": "child", "extends": "parent.json",
        "parameters": {"k": 1.0e-6}, "edit": {"layers.batch_norm": {"momentum": 0.90}}}"""
    )
    text = archgen.resolved(tmp_path / "child.json")
    assert '"pixels": [-1.0, 1.50]' in text
    assert '{"n": 1E+2, "k": 1.0e-6, "l": 7}' in text
    assert '{"multiplier": 1.0}' in text
    assert '{"op": "batch_norm", "epsilon": 1e-5, "momentum": 0.90}' in text
    assert archgen.format_spec(text) == text


def test_neither_extends_nor_edit_is_left(folder: Path) -> None:
    document = merged(child(folder, edit={"layers.conv": {"kernel_size": 3}}))
    assert not {"extends", "edit"} & document.keys()
    assert document["layers"][0] == {"op": "conv", "filters": "$n", "kernel_size": 3}


def test_the_parents_file_stays_as_it_was(folder: Path) -> None:
    path = child(folder, parameters={"n": 9}, edit={"layers.m": None})
    archgen.graph(path)
    assert json.loads((folder / "base.json").read_text("utf-8")) == BASE


def test_a_name_is_required_in_every_file(folder: Path) -> None:
    path = child(folder)
    document = json.loads(path.read_text("utf-8"))
    for key in ("name", "archgen"):
        path.write_text(json.dumps({k: v for k, v in document.items() if k != key}), "utf-8")
        assert faults(path) == [("E202", "child.json", "")]


def test_a_dict_extends_a_shipped_spec() -> None:
    variant = {
        "archgen": 1,
        "name": "mine",
        "extends": "inception_v4",
        "parameters": {"classes": 3},
    }
    graph = archgen.graph(variant)
    assert (graph.name, graph.nodes[-1].shape) == ("mine", (3,))
    assert graph.nodes == archgen.graph("inception_v4", classes=3).nodes


def test_bytes_extend_a_shipped_spec() -> None:
    variant = b'{"archgen": 1, "name": "mine", "extends": "inception_v4_mnist"}'
    assert archgen.graph(variant).nodes == archgen.graph("inception_v4_mnist").nodes


# ── edits in any order ────────────────────────────────────────────────────────────────────────────

DROPOUT = {"op": "dropout", "rate": 0.1}
FORKED: dict[str, Any] = {
    "archgen": 1,
    "name": "forked",
    "input": {"shape": [8, 8, 1]},
    "layers": [
        {"name": "f", "join": "add", "branches": {"a": [DROPOUT, DROPOUT], "b": {"when": True}}},
        {"join": "add", "branches": {"c": {"layers": [DROPOUT]}, "d": []}},
    ],
}
PATHS = ["f", "f.a", "f.a.dropout_1", "f.a.dropout_2", "f.b", "add", "c", "c.dropout", "d"]
CHANGES: list[Any] = [
    None,
    [],
    [DROPOUT],
    {"when": False},
    {"branches": {"a": []}},
    {"branches": {"b": {"when": False}, "c": {"layers": []}}},
    {"branches": {"c": None}, "name": "g"},
    {"layers": [DROPOUT, DROPOUT]},
]


def edited(changes: list[tuple[str, Any]]) -> tuple[Object, set[str]]:
    """Return the document and the codes of the faults that edits give in this order."""
    found = Faults()
    edits = {f"layers.{path}": change for path, change in changes}
    result = extended(from_python(FORKED), from_python({"edit": edits}), found)
    return result, {fault.code for fault in found.listed()}


def test_the_order_of_edits_does_not_matter() -> None:
    drawn, outcomes = random.Random(1), set()
    for _ in range(600):
        changes = [(path, drawn.choice(CHANGES)) for path in drawn.sample(PATHS, 3)]
        results = [edited(list(order)) for order in itertools.permutations(changes)]
        assert len({frozenset(codes) for _, codes in results}) == 1, changes
        if "E218" not in results[0][1]:
            texts = {json.dumps(document, sort_keys=True) for document, _ in results}
            assert len(texts) == 1, changes
        outcomes.add(frozenset(results[0][1]))
    assert {frozenset(), frozenset({"E218"}), frozenset({"E203"})} <= outcomes


# ── where faults stand ────────────────────────────────────────────────────────────────────────────


def test_a_fault_stands_in_the_file_that_says_it(folder: Path) -> None:
    wrong = {"op": "conv", "filters": 0, "kernel_size": 1}
    own = child(folder, modules={"m": {"branches": {"c": [wrong]}}})
    assert faults(own) == [("E203", "child.json", "/modules/m/branches/c/0/filters")]
    changed = child(folder, edit={"modules.m.a.conv": {"filters": 0}})
    assert faults(changed) == [("E203", "child.json", "/edit/modules.m.a.conv/filters")]
    inherited = child(folder, parameters={"n": None})
    assert faults(inherited) == [("E206", "base.json", "/layers/0/filters")]


def test_an_edit_that_matches_nothing_is_a_fault(folder: Path) -> None:
    for path in ("layers.conv_1", "layers.m.a", "modules.m.c", "modules.gone", "layers", "m", ""):
        change = {path: {"filters": 1}}
        assert faults(child(folder, edit=change)) == [("E218", "child.json", f"/edit/{path}")]


# ── said in full ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", archgen.names())
def test_a_resolved_spec_gives_the_same_graph_from_text_file_and_dict(
    name: str, tmp_path: Path
) -> None:
    graph, text = archgen.graph(name), archgen.resolved(name)
    path = tmp_path / "any_name.json"
    path.write_text(text, encoding="utf-8")
    for form in (json.loads(text), text.encode(), path, str(path), archgen.load(name)):
        again = archgen.graph(form)
        assert again == graph
        assert list(again.outputs.items()) == list(graph.outputs.items())
    assert archgen.resolved(path) == text


@pytest.mark.parametrize("case", VARIANTS, ids=[case.id for case in VARIANTS])
def test_a_case_gives_the_same_graph_resolved(case: Case, tmp_path: Path) -> None:
    path = spec_of(case, tmp_path)
    document = merged(path)
    for block in case.blocks:
        if block.info.startswith("nodes"):
            assert archgen.graph(document, **asked(block)) == archgen.graph(path, **asked(block))
