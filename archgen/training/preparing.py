"""Layers that prepare images of 0…255 for a network, and change them at random in training."""

from collections.abc import Iterator
from random import Random
from typing import Any

from archgen.ir import Graph
from archgen.pixels import PixelMap
from archgen.recipe import Augmentation, Training

DEGREES = 360


def prepared(images: Any, graph: Graph, mapping: PixelMap, options: Training | None = None) -> Any:
    """Return images of 0…255 in the size and with the pixels that a network takes.

    With ``options`` they are changed at random while it learns, in the size that it takes.
    """
    from keras import layers

    height, width, _ = next(iter(graph.inputs.values()))
    if tuple(images.shape[1:3]) != (height, width):
        images = layers.Resizing(height, width, antialias=True, dtype="float32")(images)
    if options is not None and options.augmentation is not None:
        for layer in changes(options.augmentation, options.seed):
            images = layer(images)
    if mapping.reversed:
        images = images[..., ::-1]
    if not mapping.changes_nothing:
        scale, offset = _single(mapping.scale), _single(mapping.offset)
        images = layers.Rescaling(scale, offset, dtype="float32")(images)
    return images


def _single(numbers: tuple[float, ...]) -> float | list[float]:
    return numbers[0] if len(numbers) == 1 else list(numbers)


def changes(asked: Augmentation, seed: int) -> Iterator[Any]:
    """Return the layers of an augmentation; what a shift or turn uncovers is mirrored.

    Each has a seed of its own: from one seed all would draw the same numbers, and a turn to the
    left always come with the same shift and zoom.
    """
    from keras import layers

    drawn = Random(seed)  # noqa: S311 - no secret

    def common() -> dict[str, Any]:
        return {"seed": drawn.getrandbits(31), "dtype": "float32"}

    if asked.flip != "none":
        mode = "horizontal_and_vertical" if asked.flip == "both" else asked.flip
        yield layers.RandomFlip(mode, **common())
    if asked.shift:
        yield layers.RandomTranslation(asked.shift, asked.shift, **common())
    if asked.rotate:
        yield layers.RandomRotation(asked.rotate / DEGREES, **common())
    if asked.zoom:
        yield layers.RandomZoom(asked.zoom, **common())
    if asked.contrast:
        yield layers.RandomContrast(asked.contrast, value_range=(0, 255), **common())
