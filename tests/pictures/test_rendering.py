"""`archgen.render`, the verb, and what a notebook shows."""

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen import MachineError, Picture, UsageError
from archgen.cli import main
from archgen.render.forms import FORMS

Captured = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
BEGINS = {
    "svg": b"<svg ",
    "png": b"\x89PNG\r\n",
    "pdf": b"%PDF-",
    "html": b"<!doctype html>",
    "dot": b"digraph ",
    "mmd": b"flowchart ",
    "json": b"{",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_drawn_and_written_under_its_ending(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"net.{form}"
    made = archgen.render("lenet5", path)
    assert made.format == form
    assert made.faults == ()
    assert path.read_bytes() == made.content
    assert made.content.startswith(BEGINS[form])


def test_a_form_that_is_given_counts_more_than_the_ending(tmp_path: Path) -> None:
    path = tmp_path / "net.txt"
    archgen.render("lenet5", path, format="dot")
    assert path.read_text("utf-8").startswith("digraph")


def test_the_verb_unfolds_copies(capsys: Captured) -> None:
    command = ["render", "inception_v4", "--format", "mmd"]
    assert main(command) == main([*command, "--unfold"]) == 0
    folded, unfolded = capsys.readouterr().out.split("flowchart TB")[1:]
    assert ("×7" in folded, "×7" in unfolded) == (True, False)
    assert unfolded.count("Inception-B") == 7 * folded.count("Inception-B")
    for spec in (archgen.graph("inception_v4"), archgen.analyse("inception_v4")):
        folded, unfolded = archgen.render(spec).text, archgen.render(spec, unfold=True).text
        assert folded.count("data-node") < unfolded.count("data-node")


def test_specs_graphs_and_analyses_are_drawn_alike() -> None:
    spec, graph = archgen.load("inception_v4"), archgen.graph("inception_v4")
    drawn = archgen.render("inception_v4").text
    assert archgen.render(spec).text == drawn
    by_graph = archgen.render(graph).text
    assert archgen.render(archgen.analyse(graph)).text == by_graph
    # A graph has no titles, but the same nodes.
    assert [e.get("data-node") for e in ET.fromstring(by_graph).iter()] == [
        e.get("data-node") for e in ET.fromstring(drawn).iter()
    ]


def test_parameters_and_the_input_shape_reach_the_picture() -> None:
    text = archgen.render("inception_v4", input_shape=(150, 150, 3), classes=7).text
    assert "150×150×3" in text
    assert "Auxiliary head" in archgen.render("inception_v4", aux=True).text


@pytest.mark.parametrize("make", [archgen.graph, archgen.analyse])
def test_what_is_resolved_takes_no_parameters(make: Callable[[str], Any]) -> None:
    made = make("inception_v4")
    with pytest.raises(UsageError, match="E507"):
        archgen.render(made, classes=7)
    with pytest.raises(UsageError, match="E508"):
        archgen.render(made, input_shape=(150, 150, 3))


def test_a_limit_holds_for_a_picture_too(capsys: Captured) -> None:
    assert main(["render", "inception_v4", "--limit", "nodes=20"]) == 1
    assert "E222" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"format": "gif"}, "no format of a picture is called `gif`"),
        ({"view": "panorama"}, "no view of a picture is called `panorama`"),
        ({"theme": "sepia"}, "no theme of a picture is called `sepia`"),
        ({"direction": "left"}, "no direction of a picture is called `left`"),
        ({"detail": 3}, "no detail of a picture is called `3`"),
        ({"module": "inception_d"}, "no module is called `inception_d` here"),
        ({"view": "module"}, "a picture of a module needs the module's name"),
        ({"format": "png", "theme": "auto"}, "png cannot follow its reader's theme"),
    ],
)
def test_a_picture_that_cannot_be_had_is_refused(wish: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        archgen.render("inception_v4", **wish)
    (fault,) = caught.value.faults
    assert fault.code == "E510"
    assert message in fault.message


def test_a_module_is_drawn_by_its_name_and_by_that_of_a_use() -> None:
    by_module = archgen.render("inception_v4", module="inception_c").text
    assert archgen.render("inception_v4", module="inception_c_2").text == by_module
    assert "1×3 conv, 256" in by_module


def test_a_path_with_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="E510"):
        archgen.render("lenet5", tmp_path / "net.gif")


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="E503"):
        archgen.render("lenet5", tmp_path / "nowhere" / "net.svg")


def test_pdf_without_reportlab_says_what_to_install(monkeypatch: Patch) -> None:
    monkeypatch.setitem(sys.modules, "reportlab.pdfbase.pdfmetrics", None)
    with pytest.raises(MachineError) as caught:
        archgen.render("lenet5", format="pdf")
    (fault,) = caught.value.faults
    assert fault.code == "E509"
    assert "pip install reportlab" in (fault.help or "")


def test_a_tangle_without_graphviz_says_what_to_do(monkeypatch: Patch) -> None:
    monkeypatch.setenv("PATH", "")
    conv = {"op": "conv", "filters": 4, "kernel_size": 1}
    layers = [
        {**conv, "name": "a"},
        {**conv, "name": "b", "inputs": ["a"]},
        {**conv, "name": "c", "inputs": ["a"]},
        {"op": "add", "name": "d", "inputs": ["a", "b"]},
        {"op": "add", "name": "e", "inputs": ["b", "c"]},
        {"op": "add", "name": "f", "inputs": ["d", "e"]},
    ]
    spec = {"archgen": 1, "name": "net", "input": {"shape": [8, 8, 4]}, "layers": layers}
    with pytest.raises(MachineError, match="E509"):
        archgen.render(spec)
    assert archgen.render(spec, format="mmd").text.startswith("flowchart")


# ── the verb ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("png", "pdf")])
def test_text_goes_to_standard_output(form: str, capsys: Captured) -> None:
    assert main(["render", "lenet5", "--format", form]) == 0
    assert capsys.readouterr().out == archgen.render("lenet5", format=form).text  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_what_is_no_text_wants_a_file(form: str, capsys: Captured) -> None:
    assert main(["render", "lenet5", "--format", form]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "E510" in said.err
    assert "-o" in said.err


def test_the_verb_takes_every_choice(tmp_path: Path) -> None:
    path = tmp_path / "net.svg"
    command = ["render", "inception_v4", "-o", str(path), "--view", "poster", "--detail", "2"]
    command += ["--theme", "dark", "--direction", "up", "--input", "150x150x3"]
    assert main([*command, "--set", "classes=7"]) == 0
    wanted = archgen.render(
        "inception_v4", view="poster", detail=2, theme="dark", direction="up",
        input_shape=(150, 150, 3), classes=7,
    )  # fmt: skip
    assert path.read_text("utf-8") == wanted.text


def test_open_shows_the_page(tmp_path: Path, monkeypatch: Patch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    assert main(["render", "lenet5", "--open"]) == 0
    assert main(["render", "lenet5", "--open", "-o", str(tmp_path / "net.svg")]) == 0
    page, picture = (Path(url.removeprefix("file://")) for url in shown)
    assert page.read_bytes() == archgen.render("lenet5", format="html").content
    assert picture.read_bytes() == archgen.render("lenet5").content


# ── notebooks ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", [archgen.load, archgen.graph, archgen.analyse])
def test_a_notebook_shows_the_overview(make: Callable[[str], Any]) -> None:
    shown = make("inception_v4")
    assert shown._repr_svg_() == archgen.render(shown).text


def test_a_notebook_shows_a_picture_in_its_form() -> None:
    drawn, dotted = archgen.render("lenet5", format="png"), archgen.render("lenet5", format="dot")
    assert isinstance(drawn, Picture)
    assert drawn._repr_png_() == drawn.content
    assert drawn._repr_svg_() is None
    assert (dotted._repr_svg_(), dotted._repr_png_(), dotted._repr_html_()) == (None, None, None)
    with pytest.raises(UsageError, match="png is no text"):
        _ = drawn.text


def test_the_record_tells_where_an_entry_stands_and_what_it_sees() -> None:
    record = json.loads(archgen.render("inception_v4", format="json").text)
    first = record["body"][0]
    assert first["at"] == "inception_v4.json:38"
    assert first["field"] == [3, 3]
