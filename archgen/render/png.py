"""A picture as PNG, the same pixels on every machine; imports ``svg`` and ``typography``."""

from archgen.render.scene import Scene
from archgen.render.svg import svg_text
from archgen.render.typography import FONTS

FAMILY = "Archgen Sans"
DOTS = 96
MOST_PIXELS = 50_000_000
SHARP = 2.0


def png_bytes(scene: Scene, theme: str = "light") -> bytes:
    """Return a scene as PNG, two pixels a unit, fewer where it would be larger than a screenful.

    Only the shipped font is used, so that text is as wide as it was measured.
    """
    import resvg_py

    zoom = min(SHARP, (MOST_PIXELS / (scene.width * scene.height)) ** 0.5)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg_text(scene, theme),
            dpi=DOTS,
            zoom=zoom,
            skip_system_fonts=True,
            font_files=[str(path) for path in sorted(FONTS.glob("*.ttf"))],
            font_family=FAMILY,
            sans_serif_family=FAMILY,
        )
    )
