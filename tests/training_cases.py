"""A tiny network and tiny data that training is tested with."""

from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - images are arrays

Arrays = dict[str, np.ndarray[Any, Any]]

TINY: dict[str, Any] = {
    "archgen": 1,
    "name": "tiny",
    "input": {"shape": [6, 6, 1], "pixels": [-1, 1]},
    "parameters": {"classes": 3, "classifier_activation": "softmax", "aux": False, "filters": 4},
    "layers": [
        {"op": "conv", "filters": "$filters", "kernel_size": 3, "norm": "batch_norm",
         "activation": "relu"},
        {"op": "flatten"},
        {"op": "dropout", "rate": 0.1},
        {"op": "dense", "name": "predictions", "units": "$classes",
         "activation": "$classifier_activation"},
    ],
    "heads": {"aux": {"from": "conv", "when": "$aux", "loss_weight": 0.25, "layers": [
        {"op": "flatten"},
        {"op": "dense", "units": "$classes", "activation": "$classifier_activation"},
    ]}},
    "defaults": {"batch_norm": {"momentum": 0.5}},
    "training": {"epochs": 3, "batch_size": 8, "augmentation": {}, "label_smoothing": 0},
}  # fmt: skip


def images(count: int = 48, classes: int = 3, channels: int = 1, seed: int = 0) -> Arrays:
    """Return images that are bright in a row of their class, and their labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    pixels = random.integers(0, 100, (count, 6, 6, channels))
    pixels[np.arange(count), labels % 6] += 120
    return {"x": pixels.astype("uint8"), "y": labels}


def npz(folder: Path, **changes: Any) -> Path:
    """Write the images as a file, with other arrays where they are given."""
    path = folder / "images.npz"
    np.savez(path, **{**images(), **changes})
    return path


def pictures(folder: Path, classes: tuple[str, ...] = ("low", "high"), count: int = 6) -> Path:
    """Write a folder of PNG images for each class, grey, 9×7."""
    from PIL import Image

    random = np.random.default_rng(1)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            pixels = random.integers(0, 100, (7, 9)) + 150 * number
            Image.fromarray(pixels.astype("uint8")).save(folder / name / f"{index}.png")
    return folder
