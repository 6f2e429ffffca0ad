"""PNG draws its text as outlines, where it was measured, and asks for no font."""

import importlib
import io
from typing import Any

import pytest
from PIL import Image

import archgen
from archgen.render.png import png_bytes
from archgen.render.scene import Rect, Scene, Text
from archgen.render.typography import FONTS, Run
from tests.pictures.geometry import extent

SHARP = 2  # pixels a unit
fonts = importlib.import_module("docs.fonts")  # by its name: it reads what is not typed


def drawn(*shapes: Rect | Text, width: float = 300, height: float = 100) -> Any:
    scene = Scene(width, height, shapes)
    return Image.open(io.BytesIO(png_bytes(scene))).convert("L")


def ink(picture: Any) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what is drawn, in units of the picture."""
    box = picture.point(lambda value: 255 - value).getbbox()
    left, top, right, bottom = (side / SHARP for side in box)
    return left, top, right, bottom


@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
@pytest.mark.parametrize("bold", [False, True])
def test_text_stands_where_it_was_measured(anchor: str, *, bold: bool) -> None:
    runs = (Run("Hxg", 20, bold=bold), Run("3×3 Ω", 14, gap=9), Run("W", 20, bold=bold, gap=6))
    text = Text(150, 50, runs, anchor)
    left, top, right, bottom = ink(drawn(text))
    around = extent(text)
    # A letter has a little room at its sides, which a text's width includes.
    assert around.x - 0.5 <= left <= around.x + 3
    assert around.x + around.w - 3 <= right <= around.x + around.w + 0.5
    assert around.y <= top < bottom <= around.y + around.h + 2  # below the line


def test_turned_text_reads_upwards() -> None:
    text = Text(150, 50, (Run("Hxg", 20),), turned=True)
    left, top, right, bottom = ink(drawn(text))
    around = extent(text)
    assert around.x <= left < right <= around.x + around.w + 2
    assert around.y <= top <= around.y + 3
    assert around.y + around.h - 3 <= bottom <= around.y + around.h


def test_a_sign_that_the_font_lacks_is_a_frame_as_wide_as_it_is_counted() -> None:
    text = Text(20, 50, (Run("日本", 20),), "start")
    picture = drawn(text)
    left, _, right, _ = ink(picture)
    assert (left, right) == pytest.approx((21.5, 59), abs=2)
    frame = picture.crop((40, 60, 80, 140))
    middle = picture.crop((55, 95, 65, 105))
    assert frame.getextrema()[0] < 100
    assert middle.getextrema() == (255, 255)


def test_no_font_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg

    asked = list[str]()

    class Tree:
        @staticmethod
        def from_str(svg: str, options: Any) -> Any:
            asked.append(svg)
            return original(svg, options)

    original = resvg.usvg.Tree.from_str
    monkeypatch.setattr(resvg.usvg, "Tree", Tree)
    archgen.render("inception_v4", format="png", view="poster")
    (svg,) = asked
    assert "<text" not in svg
    assert svg.count("<path transform=") > 3


def test_a_picture_larger_than_a_screenful_has_fewer_pixels() -> None:
    assert drawn(Rect(0, 0, 10, 10, "input")).size == (600, 200)
    wide, high = drawn(Rect(0, 0, 10, 10, "input"), width=30_000, height=2_000).size
    assert 45_000_000 < wide * high <= 50_100_000


@pytest.mark.parametrize("name", ["widths.json", "outlines.json"])
def test_the_tables_are_those_of_the_font(name: str) -> None:
    kept = (FONTS / name).read_text(encoding="utf-8")
    assert fonts.tables()[name] == kept, "run python -m docs.fonts"
