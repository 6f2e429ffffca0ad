"""What an artifact says of itself: its files' SHA-256, how it was made and verified.

Anyone can write one, so it is read as any stranger's text is. Imports ``provenance`` and what that
imports.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from archgen.diagnostics import Fault, UsageError
from archgen.limits import LIMITS
from archgen.provenance import as_json, read_json

FORMAT = 1  # of the manifest; a reader refuses those that it does not know
WHOLE = "."  # the name of an artifact that is one file, whatever that is called


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Content(_Record):
    """The size of a file and the SHA-256 of its bytes, in hexadecimal."""

    bytes: NonNegativeInt
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Verified(_Record):
    """How far an artifact was from its model when it was written.

    ``difference`` is the largest of all outputs, in parts of the largest value of that output, on
    ``images`` random images of ``seed``.
    """

    difference: float
    tolerance: float
    images: NonNegativeInt
    seed: NonNegativeInt


class Manifest(_Record):
    """The manifest of an artifact.

    ``files`` are those of a folder by their paths in it, with slashes; of an artifact that is one
    file ``WHOLE``. ``passes`` says how often each pass fired; ``versions`` what it was made with.
    """

    artifact: str
    dtype: str
    outputs: tuple[str, ...]
    versions: Mapping[str, str]
    passes: Mapping[str, NonNegativeInt]
    verified: Verified | None
    files: Mapping[str, Content]

    def content(self) -> bytes:
        """Return the manifest as JSON, its own SHA-256 last."""
        data = {"format": FORMAT, **self.model_dump(mode="json")}
        return as_json({**data, "sha256": _digest(data)})


def _digest(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain data, whatever its layout."""
    return sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read(content: bytes, name: str) -> Manifest:
    """Return the manifest in the bytes of a JSON file; ``name`` is told in faults.

    Raises:
        UsageError: E502, it is none, or a later archgen's.
    """
    if len(content) > LIMITS.file_bytes:
        raise unreadable(name, f"it is larger than {LIMITS.file_bytes:,} bytes")
    data = read_json(content, name)
    if data.get("format") != FORMAT or data.get("format") is True:
        raise unreadable(name, f"this archgen reads format {FORMAT}")
    told = data.pop("sha256", None)
    if told != _digest(data):
        raise unreadable(name, "it is not as it was written: its SHA-256 is another")
    del data["format"]
    try:
        return Manifest.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise unreadable(name, "it is not what archgen writes") from error


def unreadable(name: str, reason: str) -> UsageError:
    """Return the fault of an artifact whose manifest cannot be read."""
    return UsageError(Fault("E502", f"the manifest of {name} cannot be read: {reason}"))
