"""A Keras file with the record of what it was made of; reading that imports no Keras.

The record stands in `metadata.json`, which Keras writes and never reads: a further file in the
archive would make `keras.models.load_model` unpack all of it to the disk at every load.
"""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from archgen.backends.keras import build_model
from archgen.diagnostics import Fault, UsageError
from archgen.provenance import (
    RECORD,
    Provenance,
    as_json,
    broken,
    most_bytes,
    provenance_of,
    read_json,
    rebuilt,
)

if TYPE_CHECKING:
    import keras

METADATA = "metadata.json"
REWRITTEN = f"{RECORD}_rewritten"  # the key of the record where passes changed the network


def save_model(model: "keras.Model", path: Path, provenance: Provenance, key: str = RECORD) -> None:
    """Write a ``.keras`` file with a record; not whole or not at all: that is the caller's part.

    Raises:
        OSError: as it comes.
    """
    model.save(path)
    # Of a path that it cannot open, ZipFile would make a new file.
    with path.open("r+b") as file, zipfile.ZipFile(file, "a") as archive:
        info = archive.getinfo(METADATA)
        metadata = read_json(archive.read(info), str(path))
        # An archive has no way to replace a file but to leave the old one out of its list.
        archive.filelist.remove(info)
        del archive.NameToInfo[METADATA]
        content = as_json({**metadata, key: provenance.record()})
        archive.writestr(zipfile.ZipInfo(METADATA, info.date_time), content)


def saved_provenance(path: Path, *keys: str) -> Provenance:
    """Return the record in a ``.keras`` file, under one of ``keys`` or under the usual one.

    Raises:
        UsageError: E502, it is no such file, has no record, or one that cannot be read.
    """
    metadata = read_json(_metadata(path), str(path))
    found = [metadata[key] for key in (RECORD, *keys) if key in metadata]
    if not found:
        raise UsageError(_without_record(path))
    return provenance_of(found[0], str(path))


def rebuilt_model(path: Path, provenance: Provenance) -> "keras.Model":
    """Return the model in a ``.keras`` file as archgen builds it, with the weights of the file.

    Nothing else of it is read, so nothing in it is run.

    Raises:
        SpecError, UsageError: the record's spec has faults.
        MachineError: E506, the weights do not fit it; what building the graph raises.
    """
    return build_model(rebuilt(provenance, f"{path} (spec)"), weights=path)


def _metadata(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(Fault("E502", f"there is no file {path}"))
    try:
        with zipfile.ZipFile(path) as archive, archive.open(METADATA) as file:
            content = file.read(most_bytes() + 1)
    except Exception as error:  # a damaged archive raises whatever its reader met
        raise UsageError(Fault("E502", f"{path} is not a file that Keras saved")) from error
    if len(content) > most_bytes():
        raise broken(str(path), f"it is larger than {most_bytes():,} bytes")
    return content


def _without_record(path: Path) -> Fault:
    message = f"{path} has no record of archgen's"
    note = "it was not written by archgen, or Keras has saved it again since"
    advice = (
        f"`archgen build SPEC --weights {path} -o NEW.keras` writes one with its weights; "
        "`--against module:function` compares with a model that your code loads"
    )
    return Fault("E502", message, notes=(note,), help=advice)
