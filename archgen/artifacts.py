"""Artifacts on the disk: sealing them with a manifest, and telling what is no longer as written.

A folder has its manifest as a file. A single file ends in it, so that one rename replaces both: an
archive (``.keras``; ``.tflite`` with an archive behind it) in its comment, ONNX in a last field of
its message. Imports ``manifest``, ``provenance``, ``diagnostics``; no TensorFlow.
"""

import os
import stat
import zipfile
from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import BinaryIO

from archgen.diagnostics import ArtifactError, Fault, UsageError, named
from archgen.limits import LIMITS
from archgen.manifest import WHOLE, Content, Manifest, read
from archgen.provenance import RECORD, Provenance, most_bytes
from archgen.provenance import read as read_record

MANIFEST = "manifest.json"
RECORD_FILE = f"{RECORD}.json"
RECORD_PLACE = f"assets.extra/{RECORD_FILE}"  # the folder that TensorFlow leaves to others
SUFFIXES = {"savedmodel": "", "keras": ".keras", "onnx": ".onnx", "tflite": ".tflite"}

_LENGTH = 2  # bytes in front of an archive's comment that say how long that is
_ONNX_KEY = "archgen.manifest"
# Protocol buffers: field 14 of a model, metadata, whose field 1 is a key and 2 a value.
_METADATA, _KEY, _VALUE = b"\x72", b"\x0a", b"\x12"


# ── sealing ───────────────────────────────────────────────────────────────────────────────────────


def contents(path: Path) -> dict[str, Content]:
    """Return the files of an artifact that has no manifest yet.

    Raises:
        OSError: as it comes.
    """
    if path.is_dir():
        return {name: _measured(path / name) for name in sorted(_names(path))}
    return {WHOLE: _measured(path)}


def seal(path: Path, manifest: Manifest) -> None:
    """Write the manifest into an artifact, as its last bytes where that is a file."""
    content = manifest.content()
    if path.is_dir():
        (path / MANIFEST).write_bytes(content)
    elif path.suffix == ".onnx":
        with path.open("ab") as file:
            file.write(metadata(_ONNX_KEY, content))
    else:
        with path.open("r+b") as file:
            file.seek(-_LENGTH, os.SEEK_END)
            file.write(len(content).to_bytes(_LENGTH, "little") + content)


def metadata(key: str, value: bytes) -> bytes:
    """Return an entry of an ONNX model's metadata: bytes that may stand behind those of a model."""
    entry = _field(_KEY, key.encode()) + _field(_VALUE, value)
    return _field(_METADATA, entry)


def _field(tag: bytes, content: bytes) -> bytes:
    length, left = bytearray(), len(content)
    while left > 0x7F:  # noqa: PLR2004 - seven bits a byte, the eighth says that more follow
        length.append(left & 0x7F | 0x80)
        left >>= 7
    return tag + bytes([*length, left]) + content


def _measured(path: Path) -> Content:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        return Content(bytes=path.stat().st_size, sha256=digest)


def _names(folder: Path) -> Iterator[str]:
    """Return the files below a folder but its manifest; a link is a file, and never followed."""
    for above, folders, files in os.walk(folder):
        links = [name for name in folders if Path(above, name).is_symlink()]
        for name in sorted([*files, *links]):
            path = Path(above, name).relative_to(folder).as_posix()
            if path != MANIFEST:
                yield path


# ── reading again ─────────────────────────────────────────────────────────────────────────────────


def is_artifact(path: Path) -> bool:
    """Say whether archgen wrote what stands there, as far as its manifest says."""
    try:
        manifest_of(path)
    except (UsageError, OSError):
        return False
    return True


def manifest_of(path: Path) -> Manifest:
    """Return the manifest of an artifact.

    Raises:
        UsageError: E502, there is none, or it cannot be read.
    """
    if not path.exists():
        raise UsageError(Fault("E502", f"there is no artifact {path}"))
    found = _manifest_bytes(path)
    if found is None:
        note = "archgen writes one into every artifact that it exports"
        raise UsageError(Fault("E502", f"{path} has no manifest of archgen's", notes=(note,)))
    return read(found, str(path))


def _manifest_bytes(path: Path) -> bytes | None:
    if path.is_dir():
        place = path / MANIFEST
        return _start_of(place) if _is_file(place) else None
    if not _is_file(path):
        return None
    with path.open("rb") as file:
        return _last_field(file) if path.suffix == ".onnx" else _comment(file)


def _is_file(path: Path) -> bool:
    """Say whether a path is a regular file and no link: a pipe or device may never end."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LIMITS.file_bytes + 1)


def _comment(file: BinaryIO) -> bytes | None:
    """Return the comment of the archive at the end of a file."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.comment or None
    except Exception:  # noqa: BLE001 - a damaged archive raises whatever its reader met
        return None


def _last_field(file: BinaryIO) -> bytes | None:
    """Return the value of the last field of an ONNX model where its key is ours."""
    end = _end_of(file, LIMITS.file_bytes)
    at = end.rfind(_field(_KEY, _ONNX_KEY.encode()))
    value = end[at:].partition(_VALUE)[2] if at >= 0 else b""
    return value[value.index(b"{") :] if b"{" in value else None


def _end_of(file: BinaryIO, size: int) -> bytes:
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - size))
    return file.read()


def record_of(path: Path) -> Provenance:
    """Return what an artifact was made of: its spec, input and parameters.

    Raises:
        UsageError: E502, it does not say, or what it says cannot be read.
    """
    found = _record_bytes(path)
    if found is None:
        note = "it was made of a graph, or of a model whose spec archgen does not know"
        raise UsageError(Fault("E502", f"{path} does not say its spec", notes=(note,)))
    return read_record(found, str(path))


def _record_bytes(path: Path) -> bytes | None:
    if path.is_dir():
        place = path / RECORD_PLACE
        if not _is_file(place):
            return None
        with place.open("rb") as file:
            return file.read(most_bytes() + 1)
    if path.suffix == ".onnx":
        with path.open("rb") as file:
            return _onnx_record(_end_of(file, most_bytes() + LIMITS.file_bytes))
    return _member(path)


def _onnx_record(end: bytes) -> bytes | None:
    """Return the record in the metadata in front of the manifest."""
    at = end.rfind(_field(_KEY, RECORD.encode()) + _VALUE)
    last = end.rfind(_field(_KEY, _ONNX_KEY.encode()))
    if not 0 <= at < last:
        return None
    value = end[at:last]
    return value[value.index(b"{") : value.rindex(b"}") + 1] if b"}" in value else None


def _member(path: Path) -> bytes | None:
    """Return the record in the archive at the end of a file."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(RECORD_FILE) as file:
            return file.read(most_bytes() + 1)
    except Exception:  # noqa: BLE001 - a damaged archive raises whatever its reader met
        return None


# ── verifying ─────────────────────────────────────────────────────────────────────────────────────


def verify(path: Path) -> Manifest:
    """Return the manifest of an artifact whose every byte is as it was written.

    Raises:
        ArtifactError: E513, for each file that is not, is missing, or was not written by archgen.
        UsageError: E502, there is no artifact, or its manifest cannot be read.
        OSError: a file cannot be read.
    """
    manifest = manifest_of(path)
    faults = list(_faults(path, manifest))
    if faults:
        raise ArtifactError(faults)
    return manifest


def _faults(path: Path, manifest: Manifest) -> Iterator[Fault]:
    if not path.is_dir():
        found = _without_manifest(path, manifest)
        if found is None or found != manifest.files.get(WHOLE):
            yield Fault("E513", f"{path} is not as it was written: its SHA-256 is another")
        return
    there = set(_names(path))
    if (path / MANIFEST).read_bytes() != manifest.content():
        yield Fault("E513", f"{named(MANIFEST)} in {path} is not as it was written")
    for name, content in manifest.files.items():
        place = path / name
        if name not in there:
            yield Fault("E513", f"{named(name)} is missing in {path}")
        elif not _is_file(place) or _measured(place) != content:
            yield Fault("E513", f"{named(name)} in {path} is not as it was written")
    for name in sorted(there - manifest.files.keys()):
        yield Fault("E513", f"{named(name)} in {path} was not written by archgen")


def _without_manifest(path: Path, manifest: Manifest) -> Content | None:
    """Return the content of a file before its manifest; None where that is not as written."""
    tail = manifest.content()
    rest = metadata(_ONNX_KEY, tail) if path.suffix == ".onnx" else tail
    size = path.stat().st_size - len(rest)
    digest = sha256()
    with path.open("rb") as file:
        zeros = b"" if path.suffix == ".onnx" else bytes(_LENGTH)
        for block in _blocks(file, size - len(zeros)):
            digest.update(block)
        digest.update(zeros)  # an archive without a comment
        length = file.read(len(zeros))
        if length != len(rest).to_bytes(4, "little")[: len(zeros)] or file.read() != rest:
            return None
    return Content(bytes=size, sha256=digest.hexdigest())


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (block := file.read(min(size, 1 << 20))):
        yield block
        size -= len(block)
