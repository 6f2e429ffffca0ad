"""Weights from a file into a model, refused where they belong to another architecture."""

import io
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archgen.diagnostics import Fault, MachineError, named
from archgen.ir import shape_text

if TYPE_CHECKING:
    import keras
    import numpy as np

# The names of layers with weights, a tuple for each class of layers.
Groups = set[tuple[str, ...]]
_OPTIMIZER = "optimizer/"
_WEIGHTS_IN_ARCHIVE = "model.weights.h5"
# Keras packs the weights unpacked; a member that unpacks to more than this is there to fill memory.
_MOST_EXPANSION = 100
_NAMED = 3  # of the names that do not fit


def load_weights(model: "keras.Model", path: Path) -> None:
    """Load a ``.weights.h5``, ``.keras`` or ``.safetensors`` file.

    Keras matches layers by class and order, whatever they are called; archgen compares their
    names first. In ``.safetensors`` a weight is called like its layer and itself, joined by a dot.

    Raises:
        MachineError: E502 there is no such file; E506 it holds no weights, or another model's.
    """
    if not path.is_file():
        raise MachineError(Fault("E502", f"there is no weights file {path}"))
    if path.suffix == ".safetensors":
        _load_named(model, path)
        return
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


def _load_named(model: "keras.Model", path: Path) -> None:
    """Load weights that are told by their names."""
    saved = _saved_tensors(path)
    wanted = {f"{layer.name}.{each.name}": each for layer in model.layers for each in layer.weights}
    if told := _difference(saved.keys(), wanted.keys()):
        raise MachineError(Fault("E506", f"the weights of {path} do not fit {model.name}: {told}"))
    for name, variable in wanted.items():
        if (found := saved[name].shape) != tuple(variable.shape):
            shapes = f"{shape_text(found)} in the file, {shape_text(variable.shape)} in the model"
            message = f"the weights of {path} do not fit {model.name}: {named(name)} is {shapes}"
            raise MachineError(Fault("E506", message))
    for name, variable in wanted.items():
        variable.assign(saved[name])


def _saved_tensors(path: Path) -> "Mapping[str, np.ndarray[Any, Any]]":
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except MemoryError:
        raise
    except Exception as error:  # of the reader's own, or of NumPy for a type that it lacks
        raise MachineError(
            Fault("E506", f"{path} is not a file of safetensors: {error}")
        ) from error


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
        if key.startswith(_OPTIMIZER):  # a compiled model's, which is no layer
            return
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
    reason = _difference(theirs, ours) or "its layers come in another order"
    message = f"the weights of {path} do not fit {model.name}: {reason}"
    raise MachineError(Fault("E506", message))


def _difference(saved: Collection[str], wanted: Collection[str]) -> str:
    """Return which names a file lacks and which the model lacks, the first of each; "" if none."""
    lacks = {
        "it has no": sorted(set(wanted) - set(saved)),
        "the model has no": sorted(set(saved) - set(wanted)),
    }
    return "; ".join(f"{what} {_first(names)}" for what, names in lacks.items() if names)


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(map(named, names[:_NAMED])) + more
