"""What an artifact says of itself: its files' SHA-256, how it was made and verified.

Anyone can write one, so it is read as any stranger's text is. Imports ``provenance`` and what that
imports.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from archgen.diagnostics import Fault, UsageError
from archgen.limits import LIMITS
from archgen.provenance import as_json, read_json
from archgen.source import Array, Object

FORMAT = 1  # of the manifest; a reader refuses those that it does not know
WHOLE = "."  # the name of an artifact that is one file, whatever that is called

_HEX = frozenset("0123456789abcdef")


class Content(NamedTuple):
    """The size of a file and the SHA-256 of its bytes, in hexadecimal."""

    bytes: int
    sha256: str


class Verified(NamedTuple):
    """How far an artifact was from its model when it was written.

    ``difference`` is the largest of all outputs, in parts of the largest value of that output, on
    ``images`` random images of ``seed``.
    """

    difference: float
    tolerance: float
    images: int
    seed: int


@dataclass(frozen=True)
class Manifest:
    """The manifest of an artifact.

    ``files`` are those of a folder by their paths in it, with slashes; of an artifact that is one
    file ``WHOLE``. ``passes`` says how often each pass fired; ``versions`` what it was made with.
    """

    artifact: str
    dtype: str
    outputs: Sequence[str]
    versions: Mapping[str, str]
    passes: Mapping[str, int]
    verified: Verified | None
    files: Mapping[str, Content]

    def content(self) -> bytes:
        """Return the manifest as JSON, its own SHA-256 last."""
        data = {"format": FORMAT, **asdict(self)}
        data["verified"] = self.verified and self.verified._asdict()
        data["files"] = {name: each._asdict() for name, each in sorted(self.files.items())}
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
    try:
        return _manifest(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(name, "it is not what archgen writes") from error


def _manifest(data: Object) -> Manifest:
    verified, files = data["verified"], data["files"]
    numbers = verified and [verified[key] for key in Verified._fields]
    return Manifest(
        artifact=_text(data["artifact"]),
        dtype=_text(data["dtype"]),
        outputs=tuple(map(_text, _list(data["outputs"]))),
        versions={_text(key): _text(value) for key, value in data["versions"].items()},
        passes={_text(key): _whole(value) for key, value in data["passes"].items()},
        verified=Verified(*map(_number, numbers[:2]), *map(_whole, numbers[2:]))
        if numbers
        else None,
        files={_text(name): _file(each) for name, each in files.items()},
    )


def _file(data: Object) -> Content:
    digest = _text(data["sha256"])
    if len(digest) != 64 or not _HEX.issuperset(digest):  # noqa: PLR2004 - 256 bits
        raise ValueError("no SHA-256")
    return Content(_whole(data["bytes"]), digest)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _list(value: object) -> Array:
    if not isinstance(value, Array):
        raise TypeError("no list")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("no count")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise TypeError("no number")
    return float(value)  # type: ignore[arg-type]


def unreadable(name: str, reason: str) -> UsageError:
    """Return the fault of an artifact whose manifest cannot be read."""
    return UsageError(Fault("E502", f"the manifest of {name} cannot be read: {reason}"))
