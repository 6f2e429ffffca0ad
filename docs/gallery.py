"""Draws the pictures of docs/pictures.md: ``python -m docs.gallery``."""

from contextlib import chdir
from pathlib import Path
from typing import Any

import archgen

FOLDER = Path(__file__).with_name("gallery")
PICTURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "inception_v4.svg": ("inception_v4", {}),
    "inception_v4_poster.svg": ("inception_v4", {"view": "poster"}),
    "inception_v4_inception_c.svg": ("inception_v4", {"module": "inception_c", "detail": 2}),
    "inception_v3.svg": ("inception_v3", {}),
    "resnet50.svg": ("resnet50", {}),
    "unet.svg": ("unet", {}),
    "unet_up.svg": ("unet", {"module": "up"}),
    "densenet121_dark.svg": ("densenet121", {"theme": "dark"}),
    "googlenet_right.svg": ("googlenet", {"module": "inception", "direction": "right"}),
    "too_small.svg": (Path("too_small.json"), {"view": "layers"}),
}


def drawn(name: str) -> bytes:
    """Return one picture of the gallery."""
    spec, choices = PICTURES[name]
    with chdir(FOLDER):  # the picture of a faulty spec names its file as it was given
        return archgen.render(spec, **choices).content


if __name__ == "__main__":
    for name in PICTURES:
        (FOLDER / name).write_bytes(drawn(name))
        print(f"wrote {FOLDER / name}")
