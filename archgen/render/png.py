"""A picture as PNG, the same pixels on every machine; imports ``svg`` and ``lettering``."""

from archgen.render.lettering import lettered
from archgen.render.palette import DARK, LIGHT
from archgen.render.scene import Scene, Text
from archgen.render.svg import Pen, document

MOST_PIXELS = 50_000_000
SHARP = 2.0
AS_IT_IS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def png_bytes(scene: Scene, theme: str = "light") -> bytes:
    """Return a scene as PNG, two pixels a unit, fewer where it would be larger than a screenful.

    No font is asked for: text is drawn as outlines, as wide as it was measured.
    """
    import resvg

    pen = Pen(DARK if theme == "dark" else LIGHT)
    body = pen.drawn(shape for shape in scene.shapes if not isinstance(shape, Text))
    texts = [shape for shape in scene.shapes if isinstance(shape, Text)]
    drawn = "\n".join([*body, lettered(texts, pen.theme)])
    zoom = min(SHARP, (MOST_PIXELS / (scene.width * scene.height)) ** 0.5)
    svg = document(scene, pen.theme, drawn, zoom)
    tree = resvg.usvg.Tree.from_str(svg, resvg.usvg.Options.default())
    return bytes(resvg.render(tree, AS_IT_IS))
