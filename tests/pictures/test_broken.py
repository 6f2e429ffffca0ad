"""A spec with faults has a picture too: what is known of it, the faults marked."""

import json
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen import SpecError
from archgen.cli import main
from archgen.pictures import seen
from archgen.render.figures import figure
from archgen.render.view import Box, boxes, groups
from tests.literate import Case
from tests.pictures.geometry import edges, faults
from tests.test_faults import CHECKED, case

__all__ = ["case"]

Captured = pytest.CaptureFixture[str]
CONV = {"op": "conv", "filters": 4, "kernel_size": 3, "padding": "same"}


def net(*layers: dict[str, Any], **members: Any) -> dict[str, Any]:
    head = {"archgen": 1, "name": "net", "input": {"shape": [8, 8, 3]}}
    return {**head, "layers": list(layers), **members}


def by_name(spec: dict[str, Any]) -> dict[str, Box]:
    return {box.name: box for box in boxes(seen(spec).view.everything)}


def test_whatever_is_wrong_there_is_a_picture_or_a_reason(case: Case) -> None:
    try:
        network = seen(Path(CHECKED))
    except SpecError as error:
        told = {fault.code for fault in error.faults}
        assert told & {fault.code for fault in archgen.check(Path(CHECKED))}
        return
    for kind in ("overview", "layers"):
        assert faults(figure(network.view, kind, detail=2)) == []
    wrong = [f for f in archgen.check(Path(CHECKED)) if f.severity == "error"]
    assert [(f.code, f.message) for f in network.faults] == [(f.code, f.message) for f in wrong]
    assert len(network.view.faults) == len(wrong)


def test_a_window_that_does_not_fit_is_marked_with_the_numbers() -> None:
    shown = by_name(
        net(CONV, {"op": "max_pool", "pool_size": 9, "name": "pool"}, {"op": "flatten"})
    )
    assert shown["conv"].shape == (8, 8, 4)
    assert (shown["conv"].family, shown["conv"].params) == ("k×k conv", 112)
    assert shown["pool"].family == "fault"
    assert shown["pool"].fault.startswith("E310: ")
    assert (shown["flatten"].family, shown["flatten"].shape) == ("unknown", ())
    assert shown["flatten"].fault == ""


def test_a_join_that_does_not_fit_is_marked_and_its_branches_are_whole() -> None:
    branches = {"a": [CONV], "b": [{**CONV, "strides": 2}], "c": []}
    shown = by_name(net({"name": "f", "join": "concat", "branches": branches}, CONV))
    assert shown["f.a.conv"].shape == (8, 8, 4)
    assert shown["f.b.conv"].shape == (4, 4, 4)
    assert shown["f.concat" if "f.concat" in shown else "f"].family == "fault"
    assert shown["conv"].family == "unknown"


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ({"op": "convolution", "filters": 4}, "E204", "convolution"),
        ({"op": "conv", "filters": 4}, "E202", "conv"),
        ({"op": "conv", "filters": -4, "kernel_size": 3}, "E203", "conv"),
        ({"op": "dense", "units": "$classes"}, "E206", "dense"),
        ({"use": "blok"}, "E205", "blok"),
        ({"op": "flatten", "inputs": ["nowhere"]}, "E208", "flatten"),
        ({"op": "add"}, "E221", "add"),
        ({"join": "cat", "branches": {"a": [], "b": [CONV]}}, "E204", "cat"),
    ],
)
def test_a_broken_entry_is_a_box_with_its_fault(entry: Any, code: str, words: str) -> None:
    named = {**entry, "name": "wrong"}
    shown = by_name(net(CONV, named, {"op": "flatten"}, modules={"block": {"layers": [CONV]}}))
    box = shown["wrong"]
    assert box.fault.startswith(f"{code}: ")
    assert box.caption.words == words
    assert shown["flatten"].family == "unknown"


def test_a_fault_in_a_module_marks_its_card_and_only_the_first_use() -> None:
    modules = {"block": {"title": "Block", "layers": [CONV, {"op": "max_pool", "pool_size": 5}]}}
    network = seen(net({"use": "block", "repeat": 3}, {"op": "flatten"}, modules=modules)).view
    families = [group.family for group in groups(network.body)]
    assert families == ["card", "fault", "unknown"]


def test_a_module_that_is_broken_itself_is_a_box_with_its_fault() -> None:
    modules = {"block": {"title": "Block", "layer": [CONV]}}
    box = by_name(net(CONV, {"use": "block"}, modules=modules))["block"]
    assert box.fault.startswith("E2")


def test_the_edges_of_a_broken_network_are_those_of_the_mended_one() -> None:
    branches = {"a": [CONV], "b": [{**CONV, "padding": "valid"}]}
    broken = net(CONV, {"join": "concat", "branches": branches}, {"op": "flatten"})
    mended = json.loads(json.dumps(broken).replace("valid", "same"))
    drawn = [edges(figure(seen(spec).view, "layers")) for spec in (broken, mended)]
    assert drawn[0] == drawn[1]


def test_an_input_that_is_not_known_leaves_all_shapes_open() -> None:
    spec = net(CONV, {"op": "flatten"})
    network = seen({**spec, "input": {"shape": [8, 8]}}).view
    assert network.input == ()
    assert {box.family for box in boxes(network.body)} == {"unknown"}


def test_the_picture_is_written_and_the_faults_are_told(tmp_path: Path, capsys: Captured) -> None:
    path, picture = tmp_path / "net.json", tmp_path / "net.svg"
    path.write_text(json.dumps(net(CONV, {"op": "max_pool", "pool_size": 9})), "utf-8")
    assert main(["render", str(path), "-o", str(picture)]) == 1
    said = capsys.readouterr()
    assert said.out == f"wrote {picture}\n"
    assert said.err.startswith("error[E310]")
    text = picture.read_text("utf-8")
    assert "does not work: a fault" in text
    assert "net.json:1:" in text
    made = archgen.render(path, format="html")
    assert [fault.code for fault in made.faults] == ["E310"]
    assert "error[E310]" in made.text


def test_a_document_that_cannot_be_read_has_no_picture(tmp_path: Path, capsys: Captured) -> None:
    path, picture = tmp_path / "net.json", tmp_path / "net.svg"
    path.write_text('{"archgen": 1,', "utf-8")
    assert main(["render", str(path), "-o", str(picture)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "E102" in said.err
    assert not picture.exists()


# ── networks that work, and once did not have a picture ───────────────────────────────────────────


def test_an_entry_may_be_called_like_what_follows_one() -> None:
    shown = by_name(net({"op": "activation", "activation": "relu"}, CONV))
    assert list(shown) == ["activation", "conv"]


@pytest.mark.parametrize(
    ("layers", "source"),
    [([], "stem"), ([{"use": "block"}], "stem"), ([{"op": "flatten"}], "input")],
)
def test_a_head_may_be_empty_end_in_a_module_and_read_the_input(layers: Any, source: str) -> None:
    spec = net(
        {**CONV, "name": "stem"},
        {"op": "flatten"},
        heads={"aux": {"from": source, "layers": layers}},
        modules={"block": {"layers": [{"op": "flatten"}]}} if source == "stem" and layers else {},
    )
    network = seen(spec)
    assert network.faults == ()
    for kind in ("overview", "poster", "layers"):
        assert faults(figure(network.view, kind)) == []
    assert len(network.view.heads) == bool(layers)
    for form in ("dot", "mmd", "html", "json"):
        assert archgen.render(spec, format=form).text


def test_what_only_a_head_reads_is_drawn_with_the_head() -> None:
    first, side = {**CONV, "name": "first"}, {**CONV, "name": "side", "inputs": ["first"]}
    main = {"op": "flatten", "inputs": ["first"]}
    heads = {
        "aux": {"from": "side", "layers": [{"op": "flatten"}]},
        "late": {"from": "aux.flatten", "layers": [{"op": "dense", "units": 2}]},
    }
    spec = net(first, side, main, heads=heads)
    network = seen(spec).view
    assert [(tap, [box.name for box in boxes((head,))]) for tap, head in network.heads] == [
        ("first", ["side", "aux.flatten"]),
        ("aux", ["late.dense"]),
    ]
    for kind in ("overview", "poster", "layers"):
        assert faults(figure(network, kind)) == []
    assert ("aux", "late") in edges(figure(network))
    assert '"aux.flatten" -> "late.dense"' in archgen.render(spec, format="dot", view="layers").text


def unused(**members: Any) -> dict[str, Any]:
    """Return a network with values that nothing uses: alone, in a module, of a module."""
    one, two = {**CONV, "inputs": ["first"]}, {"use": "lost", "inputs": ["first"]}
    modules = {
        "kept": {"layers": [{**CONV, "name": "first"}, {**one, "name": "lost"}, one]},
        "lost": {"layers": [CONV, {**CONV, "name": "end"}]},
    }
    first, kept = {**CONV, "name": "first"}, {"use": "kept", "name": "kept", "inputs": ["first"]}
    layers = (first, {**one, "name": "lost"}, two, kept, {**CONV, "name": "last"})
    return net(*layers, modules=modules, **members)


def test_what_nothing_uses_is_drawn_and_leads_nowhere() -> None:
    network = seen(unused()).view
    dead = {box.name: box.fault for box in boxes(network.body) if box.is_dead}
    assert dead == {
        name: f"E223: nothing uses the value of `{name}`"
        for name in ("lost_1", "lost_2.end", "kept.lost")
    }
    assert {group.name: group.is_dead for group in groups(network.body)} == {
        "kept": False,
        "lost_2": True,
    }
    for kind in ("overview", "poster", "layers"):
        scene = figure(network, kind, detail=2)
        assert faults(scene) == []
        leaving = {start for start, end in edges(scene) if not end.startswith(f"{start}.")}
        assert not leaving & {*dead, "lost_2"}
    assert ("kept", "last") in edges(figure(network, "layers"))
    dotted = archgen.render(unused(), format="dot", view="layers").text
    assert '-> "kept.lost"' in dotted
    assert '"kept.lost" ->' not in dotted


def test_what_a_head_shares_with_what_nothing_uses_is_drawn_once() -> None:
    layers = [{**CONV, "name": "side", "inputs": ["first"]}, {**CONV, "name": "lost"}]
    spec = net(
        {**CONV, "name": "first"},
        *layers,
        {"op": "flatten", "inputs": ["first"]},
        heads={"aux": {"from": "side", "layers": [{"op": "flatten"}]}},
    )
    network = seen(spec).view
    names = [box.name for box in boxes(network.everything)]
    assert sorted(names) == ["aux.flatten", "first", "flatten", "lost", "side"]
    assert faults(figure(network, "layers")) == []


def test_a_module_behind_a_fault_is_not_known_because_it_was_in_front_of_it() -> None:
    dense: dict[str, Any] = {"op": "dense", "units": 4}
    layers: list[dict[str, Any]] = [
        {"op": "flatten"},
        dense,
        {"use": "block"},
        {"op": "dens"},
        {"use": "block"},
    ]
    network = seen(net(*layers, modules={"block": {"layers": [dense]}})).view
    assert [group.family for group in groups(network.body)] == ["card", "unknown"]


@pytest.mark.parametrize(
    ("members", "code", "shape"),
    [
        ({"colour": "red"}, "E201", (8, 8, 4)),
        ({"archgen": 2}, "E203", (8, 8, 4)),
        ({"name": None}, "E213", (8, 8, 4)),
        ({"title": 3}, "E203", (8, 8, 4)),
        ({"modules": []}, "E203", (8, 8, 4)),
        ({"input": 3}, "E203", ()),
        ({"parameters": {"class": 1}}, "E213", (8, 8, 4)),
    ],
)
def test_a_fault_of_the_document_leaves_its_network(members: Any, code: str, shape: Any) -> None:
    network = seen(net(CONV, {"op": "flatten"}, **members))
    assert [fault.code for fault in network.faults] == [code]
    assert [box.shape for box in boxes(network.view.body)][:1] == [shape]
    assert network.view.faults


@pytest.mark.parametrize("key", ["archgen", "name", "input"])
def test_what_a_document_lacks_leaves_its_network(key: str) -> None:
    spec = net(CONV, {"op": "flatten"})
    del spec[key]
    network = seen(spec)
    assert [fault.code for fault in network.faults] == ["E202"]
    assert len(list(boxes(network.view.body))) == 2


def test_a_document_without_layers_has_no_picture() -> None:
    spec = net()
    del spec["layers"]
    with pytest.raises(SpecError, match="E202"):
        seen(spec)


def test_a_concat_with_a_fault_does_not_melt_away() -> None:
    inner = {"join": "concat", "branches": {"a": [CONV], "b": [{**CONV, "strides": 2}]}}
    outer = {"name": "f", "join": "concat", "branches": {"x": [inner], "y": [CONV]}}
    shown = by_name(net(outer))
    assert {name: box.family for name, box in shown.items() if box.is_join} == {
        "f.x.concat": "fault",
        "f.concat": "unknown",
    }
