"""Writes what `keras.utils.plot_model` makes of Inception-v3: ``python -m docs.before``.

The whole picture, made small, and a piece of it; needs TensorFlow, pydot and Graphviz. Their
versions and fonts show in it, so no test holds it to the byte.
"""

import tempfile
from pathlib import Path

FOLDER = Path(__file__).with_name("gallery")
HIGH = 900  # pixels of the whole one
PIECE = (1100, 4200, 5500, 7200)  # pixels of the picture
PICTURES = ("before.png", "before_piece.png")


def main() -> None:
    import keras
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plot.png"
        model = keras.applications.InceptionV3(weights=None)
        keras.utils.plot_model(model, str(path), show_shapes=True)
        with Image.open(path) as picture:
            whole = picture.convert("L")
    print(f"{whole.width} × {whole.height}")
    small = (round(whole.width * HIGH / whole.height), HIGH)
    whole.resize(small, Image.Resampling.LANCZOS).save(FOLDER / PICTURES[0], optimize=True)
    piece = whole.crop(PIECE)
    half = (piece.width // 4, piece.height // 4)
    piece.resize(half, Image.Resampling.LANCZOS).save(FOLDER / PICTURES[1], optimize=True)


if __name__ == "__main__":
    main()
