"""Arrays of a user's as images with labels, checked; NumPy is imported where it is used."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archgen.diagnostics import Fault, UsageError
from archgen.ir import shape_text
from archgen.training.images import Array, DataSet, digests_of

WHITE = 255
KEYS = "`x` and `y`, or `x_train` and `y_train`, with or without `x_test` and `y_test`"


def read_npz(path: Path) -> dict[str, Array]:
    """Return the arrays of an ``.npz`` file; nothing in it is executed.

    Raises:
        UsageError: E502, it cannot be read.
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise _unreadable(path, "it is no .npz file, or was cut off")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
    except OSError as error:
        raise _unreadable(path, (error.strerror or str(error)).lower()) from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        if "allow_pickle" in reason:  # NumPy's words for it, which advise to run them
            reason = "it holds Python objects, which may run code; numbers are read"
        raise _unreadable(path, reason) from error


def data_set(source: str, arrays: Mapping[str, Any], names: tuple[str, ...] = ()) -> DataSet:
    """Return the data set that arrays are: ``x`` and ``y``, or shares to learn from and to test.

    Raises:
        UsageError: E515, they are no images with labels.
    """
    import numpy as np

    shares = _shares(source, arrays)
    known = _names(source, shares[0][1], names)
    pixels, labels, scaled = [], [], False
    for x, y in shares:
        images, is_scaled = images_of(source, np.asarray(x))
        pixels.append(images)
        labels.append(labels_of(source, np.asarray(y), len(images), len(known)))
        scaled = scaled or is_scaled
    if len({images.shape[1:] for images in pixels}) > 1:
        raise _fault(source, "the images to learn from and to test are of different shapes")
    whole = np.concatenate(pixels)
    digests = digests_of([image.tobytes() for image in whole])
    tests = len(labels[1]) if len(labels) > 1 else 0
    note = "pixels of 0…1 are taken as 0…255" if scaled else ""
    return DataSet(source, whole, np.concatenate(labels), digests, known, tests, note)


def _shares(source: str, arrays: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Return the images and labels to learn from and, where there are some, to test."""
    keys = set(arrays)
    if keys == {"x", "y"}:
        return [(arrays["x"], arrays["y"])]
    learned = {"x_train", "y_train"}
    if keys == learned or keys == learned | {"x_test", "y_test"}:
        shares = ("train", "test") if len(keys) > len(learned) else ("train",)
        return [(arrays[f"x_{share}"], arrays[f"y_{share}"]) for share in shares]
    found = ", ".join(f"`{key}`" for key in sorted(keys)) or "nothing"
    raise _fault(source, f"it must hold {KEYS}; it holds {found}")


def images_of(source: str, array: Array) -> tuple[Array, bool]:
    """Return pixels of 0…255, count × height × width × channels, and whether they were of 0…1."""
    import numpy as np

    if array.ndim == 3:  # noqa: PLR2004 - count, height, width: grey
        array = array[..., None]
    if array.ndim != 4 or not array.size or array.dtype.kind not in "uif":  # noqa: PLR2004
        wanted = "images are numbers, count×height×width×channels"
        raise _fault(source, f"{wanted}, not {_told(array)}")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= WHITE):
        raise _fault(source, f"pixels are from 0 to 1 or from 0 to 255, not {low:g} to {high:g}")
    if array.dtype.kind in "ui":
        return array.astype("uint8"), False
    scaled = high <= 1
    return np.asarray(array * WHITE if scaled else array, "float32"), scaled


def labels_of(source: str, array: Array, count: int, classes: int) -> Array:
    """Return labels, one whole number for each image."""
    if array.shape not in {(count,), (count, 1)} or array.dtype.kind not in "ui":
        wanted = f"labels are {count:,} whole numbers from 0, one an image"
        advice = "`y.argmax(axis=1)` makes them of rows with a 1" if array.ndim > 1 else None
        raise _fault(source, f"{wanted}, not {_told(array)}", advice)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= classes:
        raise _fault(source, f"labels are from 0 to {classes - 1}, not {low} to {high}")
    return array.reshape(-1).astype("int32")


def _names(source: str, labels: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of classes; those without are called by their numbers."""
    import numpy as np

    array = np.asarray(labels)
    if names or array.dtype.kind not in "ui" or not array.size:
        return names
    if (high := int(array.max())) > len(array):
        raise _fault(source, f"labels go to {high}, and there are {len(array)} images")
    return tuple(map(str, range(high + 1)))


def _told(array: Array) -> str:
    kind = "text" if array.dtype.kind in "US" else str(array.dtype)
    return f"{shape_text(array.shape) or 'no array'} of {kind}"


def _fault(source: str, message: str, advice: str | None = None) -> UsageError:
    return UsageError(Fault("E515", f"{source} cannot be learned from: {message}", help=advice))


def _unreadable(path: Path, reason: str) -> UsageError:
    return UsageError(Fault("E502", f"cannot read {path}: {reason}"))
