"""Writes what archgen reads of the shipped font's glyphs: ``python -m docs.fonts``.

Their advance widths, in thousandths of an em, and their outlines: the commands of SVG paths in
units of the font, y downwards, each path from the origin of its glyph.
"""

import json
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from archgen.render.typography import EM, FACES, FONTS

Point = tuple[float, float]


class Outline(BasePen):  # type: ignore[misc]  # fontTools is not typed
    """Draws a glyph as the relative commands of an SVG path."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.commands = ""
        self.last = self.start = (0, 0)

    def _write(self, command: str, *points: Point) -> None:
        # Rounded before it is subtracted, so that what is rounded off does not add up.
        x, y = self.last
        whole = [(round(px), round(py)) for px, py in points]
        numbers = [f"{px - x} {y - py}" for px, py in whole]
        self.commands += command + " ".join(numbers).replace(" -", "-")
        self.last = whole[-1]

    def _moveTo(self, point: Point) -> None:  # noqa: N802 - fontTools calls it so
        self._write("m", point)
        self.start = self.last

    def _lineTo(self, point: Point) -> None:  # noqa: N802
        self._write("l", point)

    def _qCurveToOne(self, control: Point, point: Point) -> None:  # noqa: N802
        self._write("q", control, point)

    def _closePath(self) -> None:  # noqa: N802
        self.commands += "z"
        self.last = self.start


def tables() -> dict[str, str]:
    """Return the text of every table by the name of its file."""
    widths: dict[str, Any] = {}
    outlines: dict[str, Any] = {}
    for style, file in FACES.items():
        font = TTFont(FONTS / file)
        glyphs, em = font.getGlyphSet(), font["head"].unitsPerEm
        names = dict(sorted(font.getBestCmap().items()))
        signs = "".join(map(chr, names))
        widths.setdefault("characters", signs)
        outlines.setdefault("em", em)
        assert widths["characters"] == signs, "the faces have the same signs"
        widths[style] = [round(glyphs[name].width * EM / em) for name in names.values()]
        outlines[style] = [outline(glyphs, name) for name in names.values()]
    return {"widths.json": _json(widths), "outlines.json": _json(outlines)}


def outline(glyphs: Any, name: str) -> str:
    """Return the outline of a glyph, "" for a space."""
    pen = Outline(glyphs)
    glyphs[name].draw(pen)
    return pen.commands


def _json(table: dict[str, Any]) -> str:
    return json.dumps(table, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    for name, text in tables().items():
        (FONTS / name).write_text(text, encoding="utf-8")
        print(f"wrote {FONTS / name}")
