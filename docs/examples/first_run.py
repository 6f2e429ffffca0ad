"""Compile Inception-v4 and its MNIST-sized variant, run both on real images, and train a small one.

Prints the tables, writes ``runs/first_run/*.keras``. These networks are untrained, so what they
answer means nothing yet; that they answer, alike before and after saving, is what this shows. Then
a small Inception-v4 learns handwritten digits, in ``runs/first_run/digits``: a minute or two. It
is drawn, and exported as a SavedModel.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.datasets import load_digits, load_sample_image

import archgen
from archgen.files import replacing_file

Images = np.ndarray[Any, np.dtype[np.float32]]
OUT = Path("runs/first_run")


def photograph() -> Images:
    """Return scikit-learn's photograph of a Chinese temple, 427×640, in 0…255."""
    return np.asarray(load_sample_image("china.jpg")[None], "float32")


def digits() -> Images:
    """Return ten of scikit-learn's handwritten digits, 8×8, in 0…255."""
    return np.asarray(load_digits().images[:10, ..., None] * (255 / 16), "float32")


def fitted(images: Images, spec: archgen.Spec) -> Images:
    """Resize images to a spec's input and map their pixels as it says."""
    height, width, _ = archgen.graph(spec).inputs["input"]
    low, high = spec.input.raw["pixels"]
    resized = keras.ops.image.resize(images, (height, width), antialias=True)
    return np.asarray(low + keras.ops.clip(resized, 0, 255) * ((high - low) / 255))


def first_run(name: str, load: Callable[[], Images]) -> None:
    """Compile, save, load and run one network."""
    print(archgen.table(name).text())
    model = archgen.build(name, seed=0)
    path = OUT / f"{name}.keras"
    with replacing_file(path) as whole:
        model.save(whole)
    images = fitted(load(), archgen.load(name))
    answer, again = (np.asarray(one(images)) for one in (model, keras.models.load_model(path)))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    sums = answer.sum(1).mean()
    print(f"{load.__name__}: {images.shape} → {answer.shape}, rows sum to {sums:.4f}")
    print(f"saved and loaded: largest difference {abs(answer - again).max()}", end="\n\n")


def told(seen: object) -> None:
    """Print a sentence, or an epoch."""
    row = getattr(seen, "row", None)
    if isinstance(seen, str):
        print(seen)
    elif row is not None:
        print(f"epoch {row.epoch}: loss {row.loss:.4f}, validation {row.val_accuracy:.1%}")


def trained(name: str) -> None:
    """Train one network on digits, or go on where an earlier run was left."""
    folder = OUT / "digits"
    if (folder / "summary.json").exists() or (folder / "checkpoint").exists():
        result = archgen.resume(folder, report=told)
    else:
        result = archgen.train(name, "digits", folder, report=told)
    accuracy, count = result.summary["accuracy"], result.summary["held_out"]
    print(f"{name}: {accuracy:.2%} of {count} digits that it never saw; {folder}/curves.svg")
    archgen.render(name, OUT / "digits.png")
    made = archgen.export(folder, OUT / "digits_served")
    print(f"{made.path}: a SavedModel, {made.size / 1e6:.1f} MB; its picture {OUT}/digits.png")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    first_run("inception_v4", photograph)
    first_run("inception_v4_mnist", digits)
    trained("inception_v4_mnist_tiny")
