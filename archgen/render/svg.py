"""A scene as SVG text: presentation attributes, so that every program reads the colours.

The same bytes for the same scene. Imports ``scene``, ``palette`` and ``typography``.
"""

import re
from html import escape

from archgen.render.palette import DARK, LIGHT, Theme
from archgen.render.paths import arrow_corners, shortened, steps
from archgen.render.scene import Line, Rect, Scene, Shape, Text
from archgen.render.typography import Run

FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
BASELINE = 0.35  # of the size, from the middle of a line down to its baseline
# What XML 1.0 does not have, and what turns the text around it.
_FORBIDDEN = re.compile(
    "[\\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069\u200e\u200f]"
)


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
    points = shortened(line.points) if line.arrow else line.points
    path = f"M{_pair(*points[0])}" + "".join(
        ("L" if len(step) == 1 else "C") + " ".join(_pair(*point) for point in step)
        for step in steps(points, line)
    )
    drawn = (
        f'<path d="{path}" fill="none" class="{_class(line.role)}-line" '
        f'stroke="{colour}" stroke-width="1.2"{known}/>'
    )
    if not line.arrow:
        return drawn
    head = "M" + "L".join(_pair(x, y) for x, y in arrow_corners(*line.points[-2:])) + "Z"
    return f'{drawn}<path d="{head}" class="{_class(line.role)}" fill="{colour}"/>'


def _pair(x: float, y: float) -> str:
    return f"{_number(x)} {_number(y)}"


def _number(value: float) -> str:
    """Return a coordinate in at most two decimals, without an empty rest."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _text(text: str) -> str:
    """Return text that is nothing but text in XML, without what XML does not allow."""
    return escape(_FORBIDDEN.sub("\ufffd", text))
