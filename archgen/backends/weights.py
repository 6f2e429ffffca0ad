"""Weights from a file into a model, refused where they belong to another architecture."""

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archgen.diagnostics import Fault, MachineError, named

if TYPE_CHECKING:
    import keras

# The names of layers with weights, a tuple for each class of layers.
Groups = set[tuple[str, ...]]
_WEIGHTS_IN_ARCHIVE = "model.weights.h5"
# Keras packs the weights unpacked; a member that unpacks to more than this is there to fill memory.
_MOST_EXPANSION = 100


def load_weights(model: "keras.Model", path: Path) -> None:
    """Load a ``.weights.h5`` or ``.keras`` file.

    Keras matches layers by class and order, whatever they are called; archgen compares their
    names first.

    Raises:
        MachineError: E502 there is no such file; E506 it holds no weights, or another model's.
    """
    if not path.is_file():
        raise MachineError(Fault("E502", f"there is no weights file {path}"))
    try:
        saved = _saved_layers(path)
    except MemoryError:
        raise
    except Exception as error:  # HDF5 answers a damaged file with whatever its reader met
        reason = f"{path} is not a file of Keras weights"
        raise MachineError(Fault("E506", reason)) from error
    _require_same(saved, _layers_of(model), model, path)
    try:
        model.load_weights(path)
    except MemoryError:
        raise
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        message = f"the weights of {path} do not fit {model.name}: {' '.join(lines[:3])}"
        raise MachineError(Fault("E506", message)) from error


def _saved_layers(path: Path) -> Groups:
    """Return the layers that have weights in a file, class by class in their order."""
    import h5py

    source: Any = path
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(_WEIGHTS_IN_ARCHIVE)
            if info.file_size > _MOST_EXPANSION * info.compress_size:
                raise ValueError(f"{_WEIGHTS_IN_ARCHIVE} unpacks to {info.file_size:,} bytes")
            source = io.BytesIO(archive.read(info))
    found: dict[str, dict[int, str]] = {}

    def visit(key: str, group: Any) -> None:
        if key.endswith("/vars") and len(group) and "name" in group.attrs:
            kind, _, number = key.split("/")[-2].rpartition("_")
            numbered = number.isdecimal()
            members = found.setdefault(kind if numbered else key.split("/")[-2], {})
            members[int(number) if numbered else 0] = str(group.attrs["name"])

    with h5py.File(source, "r") as file:
        file.visititems(visit)
    return {tuple(name for _, name in sorted(members.items())) for members in found.values()}


def _layers_of(model: "keras.Model") -> Groups:
    found: dict[str, list[str]] = {}
    for layer in model.layers:
        if layer.weights:
            found.setdefault(type(layer).__name__, []).append(layer.name)
    return set(map(tuple, found.values()))


def _require_same(saved: Groups, wanted: Groups, model: "keras.Model", path: Path) -> None:
    if saved == wanted:
        return
    theirs = {name for names in saved for name in names}
    ours = {name for names in wanted for name in names}
    told = [f"it has no {named(name)}" for name in sorted(ours - theirs)[:1]]
    told += [f"the model has no {named(name)}" for name in sorted(theirs - ours)[:1]]
    reason = "; ".join(told) or "its layers come in another order"
    message = f"the weights of {path} do not fit {model.name}: {reason}"
    raise MachineError(Fault("E506", message))
