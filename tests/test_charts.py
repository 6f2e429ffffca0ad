"""A run as pictures, and as lines and a bar in a terminal."""

import io
import sys
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np  # noqa: TID253 - labels are arrays
import pytest

from archgen.cli.following import following
from archgen.render.scene import Rect, Scene, Text
from archgen.render.svg import svg_text
from archgen.render.typography import width
from archgen.training.charts import confusion, confusion_matrix, curves
from archgen.training.loop import Seen
from archgen.training.progress import Epoch

HOSTILE = '</text><script>alert("1")</script>&lt;\u202e\x00'


def rows(*losses: float, accuracy: float = 0.5) -> list[Epoch]:
    return [
        Epoch(number, loss, accuracy, loss * 2, accuracy, 1e-3, 1.0, 0.1)
        for number, loss in enumerate(losses, start=1)
    ]


def words(scene: Scene) -> list[str]:
    return [
        "".join(run.text for run in shape.runs) for shape in scene.shapes if isinstance(shape, Text)
    ]


def extent(text: Text) -> tuple[float, float]:
    """Return from where to where a text that is not turned reaches."""
    whole = width(*text.runs)
    start = {"start": 0.0, "middle": whole / 2, "end": whole}[text.anchor]
    return text.x - start, text.x - start + whole


@pytest.mark.parametrize(
    "shown",
    [rows(1.0), rows(0.0, 0.0), rows(3.0, 0.2, 1e-7), rows(*[1.0] * 200), rows(2.0, accuracy=0.0)],
    ids=["one", "nothing", "wide", "many", "wrong"],
)
def test_curves_stay_inside_their_picture(shown: list[Epoch]) -> None:
    scene = curves(shown, "a run", "said")
    for shape in scene.shapes:
        if isinstance(shape, Text):
            start, end = extent(shape)
            assert start >= 0
            assert end <= scene.width
        elif not isinstance(shape, Rect):
            assert all(0 <= x <= scene.width and 0 <= y <= scene.height for x, y in shape.points)
    ET.fromstring(svg_text(scene))


def test_curves_say_what_they_show() -> None:
    said = words(curves(rows(3.0, 0.5, 0.02), "a run", "99 % held out"))
    assert {"a run", "99 % held out", "loss", "accuracy", "— training— validation", "epoch"} <= {
        *said
    }
    assert {"10", "1", "0.1", "0.01", "100 %", "2", "3"} <= {*said}


def test_a_matrix_counts_what_was_taken_for_what() -> None:
    matrix = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    assert matrix == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    scene = confusion(matrix, ("cat", "dog", "owl"), "a run")
    cells = [shape for shape in scene.shapes if isinstance(shape, Rect) and shape.family[0] == "#"]
    assert len(cells) == 4
    assert len({(cell.x, cell.y) for cell in cells}) == 4
    right = [cell for cell in cells if cell.x - cells[0].x == pytest.approx(cell.y - cells[0].y)]
    assert len(right) == 2
    assert not {cell.family for cell in right} & {c.family for c in cells if c not in right}
    assert words(scene).count("cat") == 2


@pytest.mark.parametrize("classes", [1, 2, 17, 41, 500])
def test_a_matrix_of_any_size_is_a_picture(classes: int) -> None:
    random = np.random.default_rng(1)
    labels, taken = random.integers(0, classes, (2, 300))
    names = tuple(f"class {number} " * 5 for number in range(classes))
    scene = confusion(confusion_matrix(labels, taken, classes), names, "a run")
    for shape in scene.shapes:
        if isinstance(shape, Rect):
            assert 0 <= shape.x <= shape.x + shape.w <= scene.width
            assert 0 <= shape.y <= shape.y + shape.h <= scene.height
    assert len(svg_text(scene)) < 300_000


def test_names_of_a_stranger_are_text() -> None:
    text = svg_text(confusion([[1, 0], [0, 2]], (HOSTILE, " "), HOSTILE))
    kinds = {element.tag.rpartition("}")[2] for element in ET.fromstring(text).iter()}
    assert {"svg", "text"} <= kinds <= {"svg", "title", "desc", "rect", "text", "tspan"}
    assert "<script>" not in text


# ── in a terminal ─────────────────────────────────────────────────────────────────────────────────


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def told(stream: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with following() as report:
        report("a sentence [bold]")
        report(Seen(1, 2, 1, 4, 0.75))
        report(Seen(1, 2, 4, 4, 0.5, rows(0.5)[0]))
    text: str = stream.getvalue()
    return text


def test_where_nobody_looks_an_epoch_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "epoch 1/2  loss 0.5000  accuracy 50.0%  validation 50.0%  0.1 s a step"
    assert told(io.StringIO(), monkeypatch) == f"a sentence [bold]\n{line}\n"


def test_in_a_terminal_a_bar_shows_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    text = told(Terminal(), monkeypatch)
    assert "a sentence [bold]\n" in text
    assert "epoch 1/2, step 1/4" in text
    assert "validation 50.0%" in text
