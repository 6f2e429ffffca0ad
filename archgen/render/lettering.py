"""Text as outlines of the shipped font, for drawings whose text must not depend on any other.

Imports ``palette``, ``scene``, ``svg`` and ``typography``.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from archgen.render.palette import Theme
from archgen.render.scene import Text
from archgen.render.svg import BASELINE
from archgen.render.typography import EM, FONTS, Run, advances, width

# What stands for a sign that the font lacks: a frame, as fonts have one.
LACKING = "m180 0l0-1400 1688 0 0 1400zm120-120l1448 0 0-1160-1448 0z"


class _Outlines(dict[str, str]):
    """The outlines of signs as SVG paths from the origin of each, in units of the font."""

    def __missing__(self, sign: str) -> str:
        return LACKING


@cache
def _outlines() -> tuple[int, dict[bool, _Outlines]]:
    """Return how many units an em has, and the outlines, regular and bold."""
    table = json.loads((FONTS / "outlines.json").read_text(encoding="utf-8"))
    signs = json.loads((FONTS / "widths.json").read_text(encoding="utf-8"))["characters"]
    faces = {False: table["regular"], True: table["bold"]}
    return table["em"], {
        bold: _Outlines(zip(signs, face, strict=True)) for bold, face in faces.items()
    }


def lettered(texts: Iterable[Text], theme: Theme) -> str:
    """Return texts as SVG paths, one for all text of a size and colour."""
    paths: dict[tuple[float, str, str], list[str]] = defaultdict(list)
    for text in texts:
        turn = f"rotate(-90 {text.x:.9g} {text.y:.9g}) " if text.turned else ""
        x = text.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * width(*text.runs)
        y = text.y + BASELINE * max([run.size for run in text.runs])
        for run in text.runs:
            x += run.gap
            paths[run.size, run.role, turn] += _written(run, x, y)
            x += width(run) - run.gap
    em, _ = _outlines()
    return "\n".join(
        [
            f'<path transform="{turn}scale({size / em:.9g})" fill="{theme.roles[role]}" '
            f'd="{"".join(path)}"/>'
            for (size, role, turn), path in paths.items()
        ]
    )


def _written(run: Run, x: float, y: float) -> list[str]:
    """Return the outlines of a run of text whose line begins at a place."""
    em, faces = _outlines()
    outlines, widths = faces[run.bold], advances()[run.bold]
    unit, line, path = em / run.size, round(y * em / run.size), []
    for sign in run.text:
        if outline := outlines[sign]:
            path.append(f"M{round(x * unit)} {line}{outline}")
        x += widths[sign] * run.size / EM
    return path
