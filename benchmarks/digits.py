"""How well a small Inception-v4 learns digits: ``python -m benchmarks.digits`` prints the table.

archgen's defaults against a hand-written Keras loop over the same hand-written network, the same
shares, three seeds each; ``python -m benchmarks.digits 3 4`` takes others.
"""

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import archgen

SEEDS, EPOCHS = (0, 1, 2), 30


def main(seeds: tuple[int, ...]) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from archgen.training.images import split
    from archgen.training.sources import load_data
    from benchmarks.handwritten_small import fitted

    data = load_data("digits", (28, 28, 1))
    parts = split(data)
    images = keras.ops.image.resize(data.pixels, (28, 28), antialias=True)
    resized = keras.ops.convert_to_numpy(images)
    shares = [
        (resized[part], data.labels[part])
        for part in (parts.learned, parts.choosing, parts.held_out)
    ]
    print("| seed | archgen | by hand |\n|---:|---:|---:|", flush=True)
    found = []
    for seed in seeds:
        options = {"seed": seed, "epochs": EPOCHS}
        ours = archgen.train("inception_v4_mnist_tiny", "digits", options=options).summary
        with tempfile.TemporaryDirectory() as folder:
            theirs = fitted(shares, EPOCHS, seed, str(Path(folder) / "best.weights.h5"))
        found.append((ours["accuracy"], theirs))
        print(f"| {seed} | {ours['accuracy']:.2%} | {theirs:.2%} |", flush=True)
    middle = [median(column) for column in zip(*found, strict=True)]
    print(f"| median | {middle[0]:.2%} | {middle[1]:.2%} |")


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SEEDS)
