"""Pictures of every shipped spec show each thing once and in its place."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

import pytest

import archgen
from archgen.render.dot import dot_text
from archgen.render.figures import figure, modules
from archgen.render.links import links
from archgen.render.mermaid import mermaid_text
from archgen.render.page import page_text
from archgen.render.scene import Line, Scene
from archgen.render.svg import svg_text
from archgen.render.view import View, boxes, groups
from archgen.render.viewing import view
from tests.pictures.geometry import apart, edges, extent, faults, holds, nodes, texts, wanted
from tests.pictures.networks import NEEDS_DOT, seen


@pytest.fixture(scope="module", params=archgen.names())
def shipped(request: pytest.FixtureRequest) -> View:
    aux = request.param == "inception_v4"
    return seen(request.param, **({"aux": True} if aux else {}))


FULL = pytest.mark.full


@pytest.mark.parametrize(
    "direction", ["right", *(pytest.param(d, marks=FULL) for d in ("down", "up"))]
)
@pytest.mark.parametrize("kind", ["overview", "poster", "layers"])
@pytest.mark.parametrize("detail", [2, pytest.param(0, marks=FULL)])
def test_a_shipped_network_is_drawn_without_a_flaw(
    shipped: View, kind: str, direction: str, detail: int
) -> None:
    scene = figure(shipped, kind, detail=detail, direction=direction)
    assert faults(scene) == []


def test_every_module_of_a_shipped_network_is_drawn_without_a_flaw(shipped: View) -> None:
    for name in modules(shipped):
        for direction in ("down", "up", "right"):
            assert faults(figure(shipped, "module", name, 1, direction)) == []


def test_an_overview_draws_every_edge_once(shipped: View) -> None:
    drawn = edges(figure(shipped))
    expected = Counter(links(shipped))
    main = next(iter(shipped.outputs))
    assert {edge: n for edge, n in drawn.items() if not edge[1].startswith("output ")} == expected
    assert [edge for edge in drawn if edge[1] == f"output {main}"]


def test_the_layers_draw_every_edge_once(shipped: View) -> None:
    assert edges(figure(shipped, "layers")) == Counter(wanted(shipped, opened=True))


def test_every_layer_is_in_the_picture_of_all_layers(shipped: View) -> None:
    drawn = Counter(rect.id for rect in nodes(figure(shipped, "layers")))
    assert {drawn[box.name] for box in boxes(shipped.everything)} == {1}


@pytest.mark.parametrize(("direction", "is_up"), [("down", False), ("up", True), ("right", False)])
def test_the_overview_of_a_poster_runs_up_where_its_modules_do(direction: str, is_up: bool) -> None:
    scene = figure(seen("googlenet"), "poster", direction=direction)
    tops = {rect.id: rect.y for rect in nodes(scene) if rect.id.startswith("output ")}
    first = min(rect.x for rect in nodes(scene))
    entering = next(r.y for r in nodes(scene) if r.id == "input" and r.x < first + 200)
    assert all((top < entering) is is_up for top in tops.values())
    assert tops


def test_an_open_module_has_a_bar_for_each_value_that_enters() -> None:
    scene = figure(seen("unet"), "layers")
    words = [" ".join(run.text for run in text.runs) for text in texts(scene)]
    entering = [said for said in words if said.startswith("input ")]
    assert entering[1:3] == ["input 64×64×512", "input 28×28×1024"]
    assert [rect.id for rect in nodes(scene)].count("input") == 1


# ── texts ─────────────────────────────────────────────────────────────────────────────────────────

SAME = """
import archgen
from archgen.render.figures import figure
from archgen.render.scene import Line, Scene
from archgen.render.svg import svg_text
from archgen.render.page import page_text
from archgen.render.dot import dot_text
from archgen.render.viewing import view
import hashlib
network = view(archgen.analyse("inception_v4"))
texts = [svg_text(figure(network, kind)) for kind in ("overview", "poster", "layers")]
texts += [page_text(network), dot_text(network, opened=True)]
print(hashlib.sha256("".join(texts).encode()).hexdigest())
"""


def test_the_bytes_are_the_same_under_every_hash_seed() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", SAME],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(answers) == 1


def test_the_page_of_inception_v4_is_small_and_asks_for_nothing() -> None:
    text = page_text(seen("inception_v4"))
    assert len(text.encode()) < 100_000
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_the_svg_is_well_formed(shipped: View) -> None:
    for theme in ("light", "dark", "auto"):
        ET.fromstring(svg_text(figure(shipped, "poster"), theme))


@NEEDS_DOT
def test_graphviz_reads_the_dot(shipped: View) -> None:
    for opened in (False, True):
        text = dot_text(shipped, opened=opened, detail=2)
        subprocess.run(["dot", "-Tcanon"], input=text, text=True, capture_output=True, check=True)  # noqa: S607


def test_mermaid_names_every_node_once(shipped: View) -> None:
    text = mermaid_text(shipped)
    ids = [line.split("(")[0].strip() for line in text.splitlines() if ":::" in line]
    assert len(set(ids)) == len(ids) > 1


def test_every_box_says_what_it_is_without_its_colour(shipped: View) -> None:
    scene = figure(shipped, "layers")
    placed = {rect.id: rect for rect in nodes(scene)}
    written = [(extent(text), "".join(run.text for run in text.runs)) for text in texts(scene)]
    for box in boxes(shipped.body):
        inside = [words for place, words in written if holds(placed[box.name], place)]
        assert any(words.startswith(box.caption.words) for words in inside)
    joins = {box.caption.words for box in boxes(shipped.body) if box.caption.family == "concat"}
    assert joins <= {"concat"}


# ── on paper ──────────────────────────────────────────────────────────────────────────────────────

A4 = (210 / 25.4 * 96, 297 / 25.4 * 96)


def test_overview_and_modules_fit_a_page_at_their_size(shipped: View) -> None:
    scenes = [figure(shipped)]
    scenes += [figure(shipped, "module", group.module) for group in modules(shipped).values()]
    for scene in scenes:
        upright = scene.width <= A4[0] and scene.height <= A4[1]
        across = scene.width <= A4[1] and scene.height <= A4[0]
        assert upright or across, scene.title


def test_labels_of_an_overview_lie_on_no_box_and_no_other_label(shipped: View) -> None:
    for direction in ("down", "up", "right"):
        scene = figure(shipped, direction=direction)
        extents = [extent(text) for text in texts(scene)]
        assert [
            (one, other)
            for index, one in enumerate(extents)
            for other in extents[index + 1 :]
            if not apart(one, other)
        ] == []


# ── figures for a paper ───────────────────────────────────────────────────────────────────────────


def said(scene: Scene) -> list[str]:
    return [" ".join(run.text for run in text.runs) for text in texts(scene)]


CONV = {"op": "conv", "filters": 4, "kernel_size": 3, "padding": "same"}
SKIP: dict[str, Any] = {
    "archgen": 1,
    "name": "skip",
    "input": {"shape": [8, 8, 4]},
    "layers": [
        {**CONV, "name": "first"},
        {**CONV, "name": "second", "filters": 6},
        {"use": "up", "with": {"skip": "first"}},
    ],
    "modules": {
        "up": {
            "title": "Up",
            "inputs": ["skip"],
            "join": "concat",
            "branches": {"a": [{**CONV, "inputs": ["skip"]}], "b": [CONV], "c": []},
        }
    },
}


def test_a_module_shows_everything_that_enters_it_over_the_branches_that_read_it() -> None:
    scene = figure(seen(SKIP), "module", "up")
    bars = {rect.x: rect for rect in nodes(scene) if rect.id == "input"}
    assert [text for text in said(scene) if text.startswith("input ")] == [
        "input 8×8×4",
        "input 8×8×6",
    ]
    left, right = (bars[x] for x in sorted(bars))
    lines = [shape for shape in scene.shapes if isinstance(shape, Line) and shape.source == "input"]
    starts = {line.target: line.points[0] for line in lines}
    assert left.x < starts["up.a.conv"][0] < left.x + left.w
    assert right.x < starts["up.b.conv"][0] < right.x + right.w
    assert right.x < starts["up.concat"][0] < right.x + right.w
    assert faults(scene) == []


def test_one_bar_names_all_that_enters_where_a_box_reads_several_values() -> None:
    both = {"layers": [{"op": "add", "inputs": ["input", "skip"]}], "inputs": ["skip"]}
    spec = {
        **SKIP,
        "modules": {"up": both},
        "layers": [*SKIP["layers"][:1], CONV, SKIP["layers"][2]],
    }
    assert "input 8×8×4, 8×8×4" in said(figure(seen(spec), "module", "up"))


def test_uses_of_one_module_that_differ_are_told_apart() -> None:
    overview = said(figure(seen("googlenet")))
    assert [text for text in overview if text.startswith("Inception ")] == [
        f"Inception {name}" for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    ]
    named = [text for text in said(figure(seen("inception_v3"))) if text.startswith("Inception-B")]
    assert named == ["Inception-B 1", "Inception-B 2–3", "Inception-B 4"]
    # Where all its uses are one card there is nothing to tell apart.
    assert "Inception-A" in said(figure(seen("inception_v4")))


def test_heads_stand_beside_all_layers() -> None:
    network = seen("googlenet", aux=True)
    for direction in ("down", "up", "right"):
        scene = figure(network, "layers", direction=direction)
        placed = {rect.id: rect for rect in nodes(scene)}
        main = [placed[box.name] for box in boxes(network.body)]
        for name in ("aux1", "aux2"):
            if direction == "right":
                assert placed[name].y > max(rect.y + rect.h for rect in main)
            else:
                assert placed[name].x > max(rect.x + rect.w for rect in main)


@pytest.mark.parametrize("name", ["vgg16", "densenet121"])
def test_a_legend_is_no_wider_than_its_picture(name: str) -> None:
    scene = figure(seen(name), "layers")
    right = max(rect.x + rect.w for rect in nodes(scene))
    assert scene.width <= max(right, 340) + 20


def test_a_legend_tells_the_marks_that_are_used() -> None:
    strided = {**SKIP, "layers": [{**CONV, "strides": 3, "padding": "valid"}, {"op": "flatten"}]}
    legend = said(figure(seen({**strided, "modules": {}})))
    assert {"k×k conv", "/3: stride 3", "V: valid padding"} <= set(legend)
    assert not {"/2: stride 2", "P: explicit padding", "dw: depthwise"} & set(legend)
    assert "dw: depthwise" in said(figure(seen("mobilenet_v2"), "layers"))


def test_copies_are_folded_only_where_they_are_read_alike() -> None:
    block = {"layers": [{**CONV, "name": "a"}, {**CONV, "name": "b"}]}
    uses: list[dict[str, Any]] = [{"use": "block", "repeat": 3}]
    end = {"op": "add", "inputs": ["block_3", "block_2.a"]}
    spec = {**SKIP, "modules": {"block": block}}
    folded = seen({**spec, "layers": [*uses, {"op": "flatten"}]})
    read = seen({**spec, "layers": [*uses, end]})
    assert [group.copies for group in groups(folded.body)] == [("block_1", "block_2", "block_3")]
    assert [group.copies for group in groups(read.body)] == [
        ("block_1",),
        ("block_2",),
        ("block_3",),
    ]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "inception_v4" else FULL) for name in archgen.names()],
)
def test_unfolded_every_node_is_drawn_once(name: str) -> None:
    analysis = archgen.analyse(name)
    network = view(analysis, unfold=True)
    drawn = [node for box in boxes(network.everything) for node in box.nodes]
    assert sorted(drawn) == sorted(node.name for node in analysis.graph)
    for kind, opened in (("overview", False), ("layers", True)):
        scene = figure(network, kind)
        assert faults(scene) == []
        assert edges(scene) == Counter(wanted(network, opened=opened))


def test_copies_are_folded_only_where_they_read_alike() -> None:
    inner = {"inputs": ["x", "y"], "layers": [{"op": "add", "inputs": ["x", "y"]}]}
    layers = [
        {**CONV, "name": "p"},
        {**CONV, "name": "q"},
        {"use": "sum", "name": "s1", "with": {"x": "p", "y": "q"}},
        {"use": "sum", "name": "s2", "with": {"x": "s1", "y": "s1"}},
    ]
    network = seen({**SKIP, "modules": {"sum": inner}, "layers": layers})
    assert [group.copies for group in groups(network.body)] == [("s1",), ("s2",)]


def test_a_join_tells_what_follows_it() -> None:
    scene = figure(seen("inception_resnet_v2"), "module", "block35")
    assert "+ 35×35×320 relu" in said(scene)
    assert "concat 35×35×128" in said(scene)
