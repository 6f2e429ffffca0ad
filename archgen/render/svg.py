"""A scene as SVG text: presentation attributes, so that every program reads the colours.

The same bytes for the same scene; coordinates are decimals of at most nine digits. Imports
``scene``, ``palette`` and ``typography``.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape

from archgen.render.palette import DARK, LIGHT, Theme
from archgen.render.paths import headed, steps
from archgen.render.scene import Line, Moved, Point, Rect, Scene, Shape, Text
from archgen.render.typography import Run

FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
BASELINE = 0.35  # of the size, from the middle of a line down to its baseline
# What XML 1.0 does not have, and what turns the text around it.
_FORBIDDEN = re.compile(
    "[\\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069\u200e\u200f]"
)
_SPECIAL = re.compile(f"[&<>\"']|{_FORBIDDEN.pattern}")


def svg_text(scene: Scene, theme: str = "light") -> str:
    """Return a scene as an SVG document; ``theme`` is light, dark or auto (the reader's choice)."""
    pen = Pen(DARK if theme == "dark" else LIGHT)
    style = _preferred() if theme == "auto" else ""
    return document(scene, pen.theme, style + "\n".join(pen.drawn(scene.parts)))


def document(scene: Scene, theme: Theme, body: str, zoom: float = 1) -> str:
    """Return what is drawn of a scene as an SVG document, enlarged as it says."""
    w, h = f"{scene.width:.9g}", f"{scene.height:.9g}"
    size = f'width="{scene.width * zoom:.9g}" height="{scene.height * zoom:.9g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {w} {h}" role="img" font-family="{FONT}">\n'
        f"<title>{_text(scene.title)}</title>\n<desc>{_text(scene.description)}</desc>\n"
        f'<rect class="background" width="{w}" height="{h}" fill="{theme.background}"/>\n'
        f"{body}\n</svg>\n"
    )


def _preferred() -> str:
    """Return the style that turns a picture dark where its reader prefers that."""
    rules = [f".background{{fill:{DARK.background}}}"]
    rules += [f".{_class(name)}{{fill:{colour}}}" for name, colour in DARK.roles.items()]
    rules += [f".{_class(name)}-line{{stroke:{colour}}}" for name, colour in DARK.roles.items()]
    rules += [
        f".{_class(name)}-box{{fill:{pair.fill};stroke:{pair.line}}}"
        for name, pair in DARK.families.items()
    ]
    return f"<style>@media (prefers-color-scheme:dark){{{''.join(rules)}}}</style>\n"


def _class(role: str) -> str:
    return role.replace("×", "x").replace(" ", "-").replace("_", "-")


class _Texts(dict[str, str]):
    """Texts as they are written in XML: names of nodes are said many times."""

    def __missing__(self, text: str) -> str:
        self[text] = written = _text(text)
        return written


class _Numbers(dict[float, str]):
    """Numbers as they are written: a picture has few different ones."""

    def __missing__(self, number: float) -> str:
        self[number] = written = f"{number:.9g}"
        return written


class Pen:
    """Draws shapes in the colours of a theme; it says each look once and repeats it."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.boxes: dict[tuple[str, float, bool], str] = {}
        self.styles: dict[tuple[float, str, bool], str] = {}
        self.texts = _Texts()
        self.numbers = _Numbers()

    def drawn(self, shapes: Iterable[Shape | Moved], dx: float = 0.0, dy: float = 0.0) -> list[str]:
        """Return shapes as elements, each in its final place."""
        written: list[str] = []
        for shape in shapes:
            if isinstance(shape, Rect):
                written.append(self._rect(shape, dx, dy))
            elif isinstance(shape, Text):
                written.append(self._words(shape, dx, dy))
            elif isinstance(shape, Line):
                written.append(self._line(shape, dx, dy))
            else:
                written += self.drawn(shape.shapes, dx + shape.dx, dy + shape.dy)
        return written

    def _rect(self, rect: Rect, dx: float, dy: float) -> str:
        x, y, w, h, family, r, name, hint, stroke, dashed = rect
        number = self.numbers
        look = self.boxes.get((family, stroke, dashed))
        if look is None:
            look = self.boxes[family, stroke, dashed] = self._look(rect)
        known = f' data-node="{self.texts[name]}"' if name else ""
        end = f"><title>{_text(hint)}</title></rect>" if hint else "/>"
        return (
            f'<rect x="{number[x + dx]}" y="{number[y + dy]}" width="{number[w]}" '
            f'height="{number[h]}" rx="{number[r]}" {look}{known}{end}'
        )

    def _look(self, rect: Rect) -> str:
        if rect.family in self.theme.families:
            pair = self.theme.families[rect.family]
            dash = ' stroke-dasharray="4 3"' if rect.dashed else ""
            return (
                f'class="{_class(rect.family)}-box" fill="{pair.fill}" stroke="{pair.line}" '
                f'stroke-width="{rect.stroke:.9g}"{dash}'
            )
        colour = self.theme.roles.get(rect.family)
        if colour is None:
            return f'fill="{_text(rect.family)}"'
        return f'class="{_class(rect.family)}" fill="{colour}"'

    def _words(self, text: Text, dx: float, dy: float) -> str:
        x, y, runs, anchored, turned = text
        number = self.numbers
        middle, y = number[x + dx], y + dy
        size = runs[0].size if len(runs) == 1 else max([run.size for run in runs])
        line = number[round(y + BASELINE * size, 2)]
        anchor = "" if anchored == "start" else f' text-anchor="{anchored}"'
        turn = f' transform="rotate(-90 {middle} {number[y]})"' if turned else ""
        place = f'x="{middle}" y="{line}"{anchor}{turn}'
        if len(runs) == 1:
            return f"<text {place} {self._style(runs[0])}>{self.texts[runs[0].text]}</text>"
        return f"<text {place}>{''.join(map(self._run, runs))}</text>"

    def _run(self, run: Run) -> str:
        gap = f' dx="{self.numbers[run.gap]}"' if run.gap else ""
        return f"<tspan{gap} {self._style(run)}>{self.texts[run.text]}</tspan>"

    def _style(self, run: Run) -> str:
        _, size, role, bold, _ = run
        style = self.styles.get((size, role, bold))
        if style is None:
            weight = ' font-weight="bold"' if bold else ""
            colour = f'class="{_class(role)}" fill="{self.theme.roles[role]}"'
            style = self.styles[size, role, bold] = f'font-size="{size:.9g}"{weight} {colour}'
        return style

    def _line(self, line: Line, dx: float, dy: float) -> str:
        source, target, role = line.source, line.target, line.role
        colour, name = self.theme.roles[role], _class(role)
        known = f' data-edge="{self.texts[source]} {self.texts[target]}"' if source else ""
        points: Sequence[Point] = [(x + dx, y + dy) for x, y in line.points]
        head = ""
        if line.arrow:
            points, corners = headed(points)
            head = f'<path d="M{"L".join(self._pairs(corners))}Z" class="{name}" fill="{colour}"/>'
        path = self._pairs(points[:1])
        for step in steps(points, line):
            path += ["L" if len(step) == 1 else "C", " ".join(self._pairs(step))]
        return (
            f'<path d="M{"".join(path)}" fill="none" class="{name}-line" '
            f'stroke="{colour}" stroke-width="1.2"{known}/>{head}'
        )

    def _pairs(self, points: Sequence[Point]) -> list[str]:
        number = self.numbers
        return [f"{number[x]} {number[y]}" for x, y in points]


def _text(text: str) -> str:
    """Return text that is nothing but text in XML, without what XML does not allow."""
    return escape(_FORBIDDEN.sub("\ufffd", text)) if _SPECIAL.search(text) else text
