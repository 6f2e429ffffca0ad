"""A scene as SVG text: presentation attributes, so that every program reads the colours.

The same bytes for the same scene. Imports ``scene``, ``palette`` and ``typography``.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from math import hypot

from archgen.render.palette import DARK, LIGHT, Theme
from archgen.render.scene import Line, Point, Rect, Scene, Shape, Text
from archgen.render.typography import Run

FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
BASELINE = 0.35  # of the size, from the middle of a line down to its baseline
ARROW = 6.5
BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def svg_text(scene: Scene, theme: str = "light") -> str:
    """Return a scene as an SVG document; ``theme`` is light, dark or auto (the reader's choice)."""
    colours = DARK if theme == "dark" else LIGHT
    body = "\n".join(_drawn(shape, colours) for shape in scene.shapes)
    w, h = _number(scene.width), _number(scene.height)
    style = _preferred() if theme == "auto" else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" '
        f'viewBox="0 0 {w} {h}" role="img" font-family="{FONT}">\n'
        f"<title>{_text(scene.title)}</title>\n<desc>{_text(scene.description)}</desc>\n{style}"
        f'<rect class="background" width="{w}" height="{h}" fill="{colours.background}"/>\n'
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


def _drawn(shape: Shape, theme: Theme) -> str:
    if isinstance(shape, Rect):
        return _rect(shape, theme)
    return _line(shape, theme) if isinstance(shape, Line) else _words(shape, theme)


def _rect(rect: Rect, theme: Theme) -> str:
    place = (
        f'x="{_number(rect.x)}" y="{_number(rect.y)}" width="{_number(rect.w)}" '
        f'height="{_number(rect.h)}" rx="{_number(rect.r)}"'
    )
    known = f' data-node="{_text(rect.id)}"' if rect.id else ""
    if rect.family in theme.families:
        pair = theme.families[rect.family]
        dash = ' stroke-dasharray="4 3"' if rect.dashed else ""
        look = (
            f'class="{_class(rect.family)}-box" fill="{pair.fill}" stroke="{pair.line}" '
            f'stroke-width="{_number(rect.stroke)}"{dash}'
        )
    else:
        colour = theme.roles.get(rect.family, rect.family)
        look = (
            f'class="{_class(rect.family)}" fill="{colour}"'
            if colour != rect.family
            else f'fill="{_text(colour)}"'
        )
    hint = f"<title>{_text(rect.hint)}</title>" if rect.hint else ""
    return (
        f"<rect {place} {look}{known}>{hint}</rect>" if hint else f"<rect {place} {look}{known}/>"
    )


def _words(text: Text, theme: Theme) -> str:
    y = text.y + BASELINE * max(run.size for run in text.runs)
    turn = f' transform="rotate(-90 {_number(text.x)} {_number(text.y)})"' if text.turned else ""
    place = f'x="{_number(text.x)}" y="{_number(y)}" text-anchor="{text.anchor}"{turn}'
    return f"<text {place}>{''.join(_run(run, theme) for run in text.runs)}</text>"


def _run(run: Run, theme: Theme) -> str:
    gap = f' dx="{_number(run.gap)}"' if run.gap else ""
    weight = ' font-weight="bold"' if run.bold else ""
    colour = f'class="{_class(run.role)}" fill="{theme.roles[run.role]}"'
    return f'<tspan{gap} font-size="{_number(run.size)}"{weight} {colour}>{_text(run.text)}</tspan>'


def _line(line: Line, theme: Theme) -> str:
    colour = theme.roles[line.role]
    known = f' data-edge="{_text(line.source)} {_text(line.target)}"' if line.source else ""
    points = line.points
    if line.arrow:
        points = (*points[:-1], _short(points[-2], points[-1]))
    path = (
        f'<path d="{_curve(points) if line.curved else _path(points, line.upright)}" fill="none" class="{_class(line.role)}-line" '
        f'stroke="{colour}" stroke-width="1.2"{known}/>'
    )
    return path + (_arrow(*line.points[-2:], line.role, colour) if line.arrow else "")


def _short(before: Point, end: Point) -> Point:
    """Return the end of a line whose arrow head takes the rest of it."""
    dx, dy = _towards(before, end)
    return (end[0] - 0.7 * ARROW * dx, end[1] - 0.7 * ARROW * dy)


def _towards(before: Point, end: Point) -> Point:
    """Return the direction from one point to another, of length 1."""
    dx, dy = end[0] - before[0], end[1] - before[1]
    length = hypot(dx, dy) or 1.0
    return (dx / length, dy / length)


def _arrow(before: Point, end: Point, role: str, colour: str) -> str:
    dx, dy = _towards(before, end)
    back, half = (end[0] - ARROW * dx, end[1] - ARROW * dy), 0.45 * ARROW
    corners = (end, (back[0] - half * dy, back[1] + half * dx), (back[0] + half * dy, back[1] - half * dx))
    path = "M" + "L".join(_pair(x, y) for x, y in corners) + "Z"
    return f'<path d="{path}" class="{_class(role)}" fill="{colour}"/>'


def _path(points: Sequence[Point], upright: bool) -> str:  # noqa: FBT001
    """Return the path of a line: straight along the flow, an S where it changes lanes."""
    said = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
    for (x, y), (nx, ny) in pairwise(points):
        if upright and x != nx:
            half = (y + ny) / 2
            said.append(f"C{_pair(x, half)} {_pair(nx, half)} {_pair(nx, ny)}")
        elif not upright and y != ny:
            half = (x + nx) / 2
            said.append(f"C{_pair(half, y)} {_pair(half, ny)} {_pair(nx, ny)}")
        else:
            said.append(f"L{_pair(nx, ny)}")
    return "".join(said)


def _curve(points: Sequence[Point]) -> str:
    """Return the path of Bézier segments, each of three more points."""
    said = [f"M{_pair(*points[0])}"]
    for index in range(1, len(points) - 2, 3):
        said.append("C" + " ".join(_pair(*point) for point in points[index : index + 3]))
    return "".join(said)


def _pair(x: float, y: float) -> str:
    return f"{_number(x)} {_number(y)}"


def _number(value: float) -> str:
    """Return a coordinate in at most two decimals, without an empty rest."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _text(text: str) -> str:
    """Return text that is nothing but text in XML, without what XML does not allow."""
    return escape("".join(sign if _is_allowed(sign) else "\ufffd" for sign in text))


def _is_allowed(sign: str) -> bool:
    """Say whether XML 1.0 has a sign, and it does not turn the text around it."""
    code = ord(sign)
    legal = sign in "\t\n\r" or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
    return legal and sign not in BIDIRECTIONAL
