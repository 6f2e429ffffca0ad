"""Where images come from: those that are shipped, Keras's data sets, files, folders, arrays."""

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.error import URLError

from archgen.backends.importing import import_keras
from archgen.backends.memory import available_bytes
from archgen.diagnostics import Fault, MachineError, UsageError, named, offering
from archgen.ir import Shape
from archgen.training.arrays import data_set, read_npz
from archgen.training.images import Array, DataSet, digests_of

DIGITS = Path(__file__).with_name("digits.npz")
DIGITS_WHITE = 16
_TEN = tuple(map(str, range(10)))
# The names that the authors of Keras's data sets gave to the classes.
KERAS_SETS: Mapping[str, tuple[str, ...]] = {
    "mnist": _TEN,
    "fashion_mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    "cifar10": (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
    ),
}  # fmt: skip
# Where Keras's loaders keep them, in the folder ``datasets`` of its home.
KERAS_FILES: Mapping[str, str] = {
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion-mnist/*.gz",
    "cifar10": "cifar-10-batches-py-target_archive",
}
SILENCE = 20.0  # seconds, of a server
NAMES = ("digits", *KERAS_SETS)
COLOURS = {1: "grayscale", 3: "rgb", 4: "rgba"}

Given = str | Path | tuple[Any, Any] | Mapping[str, Any]


def load_data(source: Given, shape: Shape) -> DataSet:
    """Return the images of a name, an ``.npz`` file, a folder of classes, or of arrays.

    A folder's images are decoded at the height, width and channels of ``shape``, others are left
    as they are.

    Raises:
        UsageError: E502 they cannot be read, E515 they are no images with labels.
        MachineError: E502 a data set that cannot be downloaded, E504 not enough memory.
    """
    if isinstance(source, Mapping):
        return data_set("the arrays", source)
    if isinstance(source, tuple):
        images, labels = source
        return data_set("the arrays", {"x": images, "y": labels})
    path = Path(source)
    if source == "digits":
        return _digits()
    if isinstance(source, str) and source in KERAS_SETS:
        return _of_keras(source)
    if path.suffix == ".npz":
        return data_set(str(path), read_npz(path))
    if path.is_dir():
        return _of_folder(path, shape)
    fault = Fault("E515", f"there are no data {named(str(source))}, by name or as a folder")
    raise UsageError(
        offering(fault, str(source), NAMES, "a file ending in .npz, a folder, or one of")
    )


def _digits() -> DataSet:
    arrays = read_npz(DIGITS)
    pixels = arrays["images"][..., None].astype("float32") * (255 / DIGITS_WHITE)
    digests = digests_of([image.tobytes() for image in arrays["images"]])
    return DataSet("digits", pixels, arrays["labels"].astype("int32"), digests, _TEN)


def _of_keras(name: str) -> DataSet:
    import_keras()
    import keras

    load: Callable[[], Any] = getattr(keras.datasets, name).load_data
    try:
        # Keras tells on standard output how far the download is.
        with redirect_stdout(sys.stderr), _patience():
            (x_train, y_train), (x_test, y_test) = load()
    except MemoryError:
        raise
    except Exception as error:  # the network's, the disk's, the archive's
        raise _not_loaded(name, error) from error
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    return data_set(name, arrays, KERAS_SETS[name])


@contextmanager
def _patience() -> Iterator[None]:
    """Let a server that does not answer be given up, which Keras would wait for without end."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE if before is None else before)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _not_loaded(name: str, error: Exception) -> MachineError:
    """Return why a data set of Keras is not there, and the ways out."""
    cause = error.__context__  # of the error that Keras makes of it
    told = cause.reason if isinstance(cause, URLError) else error
    system = getattr(told, "strerror", None) or ""
    reason = system.lower() or str(told).strip().partition("\n")[0]
    place = Path(os.environ.get("KERAS_HOME") or "~/.keras", "datasets", KERAS_FILES[name])
    notes = (
        f"it is kept as {place}: the original may be put there by hand",
        "what was cut off there can be removed, and is loaded again",
    )
    advice = "`--data digits` needs no network, `--data FILE.npz` reads arrays of yours"
    return MachineError(
        Fault("E502", f"{name} cannot be loaded: {reason}", notes=notes, help=advice)
    )


def _of_folder(folder: Path, shape: Shape) -> DataSet:
    """Read a folder with a folder of images for each class, or two such: train and test."""
    import numpy as np

    import_keras()
    inner = {path.name for path in folder.iterdir() if path.is_dir()}
    parts = (
        [folder / name for name in ("train", "test")] if inner == {"train", "test"} else [folder]
    )
    read = [_classes(part, shape) for part in parts]
    names = read[0][0]
    if any(part[0] != names for part in read):
        message = f"the classes of {parts[0]} and {parts[-1]} are called differently"
        raise UsageError(Fault("E515", message))
    pixels, labels, digests = (np.concatenate([part[at] for part in read]) for at in (1, 2, 3))
    tests = len(read[1][2]) if len(read) > 1 else 0
    return DataSet(str(folder), pixels, labels, digests, names, tests)


def _classes(folder: Path, shape: Shape) -> tuple[tuple[str, ...], Array, Array, Array]:
    """Return the names of classes, pixels, labels and digests of a folder's images."""
    import keras
    import numpy as np

    height, width, channels = shape
    if channels not in COLOURS:
        message = f"images have 1, 3 or 4 channels; the network takes {channels}"
        raise UsageError(Fault("E515", message))
    try:
        found = keras.utils.image_dataset_from_directory(
            folder, label_mode="int", color_mode=COLOURS[channels], batch_size=None,
            image_size=(height, width), shuffle=False, verbose=False,
        )  # fmt: skip
    except ValueError as error:
        advice = f"it wants a folder of images for each class: {folder / 'cat' / '1.png'}"
        raise _unreadable(folder, str(error), advice) from error
    paths = [Path(path) for path in found.file_paths]
    _require_memory(folder, len(paths), shape)
    pixels = np.empty((len(paths), *shape), "uint8")
    labels = np.empty(len(paths), "int32")
    for index, (image, label) in enumerate(_read(found, paths)):
        pixels[index], labels[index] = np.clip(np.rint(image), 0, 255), label
    digests = digests_of([path.read_bytes() for path in paths])
    return tuple(found.class_names), pixels, labels, digests


def _read(found: Any, paths: list[Path]) -> Iterable[tuple[Array, int]]:
    """Yield images and labels; one that cannot be decoded is named."""
    import numpy as np

    index = 0
    try:
        for image, label in found:
            yield np.asarray(image), int(label)
            index += 1
    except Exception as error:  # TensorFlow's, of many kinds
        line = str(error).strip().partition("\n")[0]
        where, _, reason = line.rpartition(": ")  # where in its pipeline that was
        raise _unreadable(paths[index], reason or where) from error


def _require_memory(folder: Path, count: int, shape: Shape) -> None:
    height, width, channels = shape
    needed, available = count * height * width * channels, available_bytes()
    if needed > available:
        message = f"the {count:,} images of {folder} take {needed / 2**30:.1f} GiB of memory"
        raise MachineError(
            Fault("E504", message, notes=(f"{available / 2**30:.1f} GiB are available",))
        )


def _unreadable(path: Path, said: str, advice: str | None = None) -> UsageError:
    reason = said.strip().partition("\n")[0]
    return UsageError(Fault("E502", f"cannot read {path}: {reason}", help=advice))
