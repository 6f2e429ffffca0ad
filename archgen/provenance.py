"""The record in a file that archgen wrote: of which spec, input and parameters it was made.

Anyone can write one, so it is read as any stranger's text is. Imports ``library``, ``reading``,
``resolve`` and what they import.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from archgen.diagnostics import Fault, Faults, SpecError, UsageError, named
from archgen.formatting import laid_out
from archgen.ir import Graph, Shape
from archgen.library import HERE, merged
from archgen.limits import LIMITS
from archgen.reading import read_spec
from archgen.resolve import resolve
from archgen.source import Array, Object, parse, parse_bytes
from archgen.spec import Spec

Scalar = str | int | float | bool | None

FORMAT = 1  # of the record; a reader refuses those that it does not know
RECORD = "archgen"  # its key in another program's JSON, its file's name in front of .json

_KINDS: Mapping[str, tuple[type, str]] = {
    "archgen": (str, "text"),
    "keras": (str, "text"),
    "spec": (str, "text"),
    "spec_sha256": (str, "text"),
    "input": (Array, "a list"),
    "parameters": (Object, "an object"),
}


@dataclass(frozen=True)
class Provenance:
    """What a file was made of: enough to make its graph again.

    ``spec`` is the resolved document in canonical layout, as ``archgen show NAME --resolved``
    prints it, ``spec_sha256`` the SHA-256 of its UTF-8; ``input`` is height × width × channels,
    ``parameters`` are those set from outside; ``archgen`` and ``keras`` are versions.
    """

    archgen: str
    keras: str
    spec: str
    spec_sha256: str
    input: Shape
    parameters: Mapping[str, Scalar]

    def settings(
        self, spec: Spec, shape: Shape | None, parameters: Mapping[str, Scalar]
    ) -> tuple[Shape, dict[str, Scalar]]:
        """Return the input and parameters that make a spec the network of this record.

        What is given wins; the record's other parameters count where the spec has them.
        """
        known = {name: self.parameters[name] for name in self.parameters if name in spec.parameters}
        return shape or self.input, {**known, **parameters}

    def record(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return {"format": FORMAT, **asdict(self)}

    def content(self) -> bytes:
        """Return the record as the bytes of a JSON file."""
        return as_json(self.record())


def as_json(data: Mapping[str, Any]) -> bytes:
    """Return plain data as JSON in UTF-8; half a character, which UTF-8 lacks, is escaped."""
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode(errors="backslashreplace")


def record_of(spec: Spec, graph: Graph, parameters: Mapping[str, Scalar]) -> Provenance:
    """Return the record of a spec's graph; ``parameters`` are those that it was made with."""
    text = laid_out(spec.raw)
    (shape,) = graph.inputs.values()
    digest = sha256(text.encode()).hexdigest()
    versions = _version("archgen"), _version("keras")
    return Provenance(*versions, text, digest, shape, dict(parameters))


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a clone
        return "not installed"


def most_bytes() -> int:
    """Return how large a record may be: its spec, in which JSON escapes quotes and line ends."""
    return 3 * LIMITS.file_bytes


def read(content: bytes, name: str) -> Provenance:
    """Return the record in the bytes of a JSON file; ``name`` is told in faults.

    Raises:
        UsageError: E502, it is none, or a later archgen's.
    """
    if len(content) > most_bytes():
        raise broken(name, f"it is larger than {most_bytes():,} bytes")
    return provenance_of(read_json(content, name), name)


def read_json(content: bytes, name: str) -> Object:
    """Return the object in JSON text that may be a stranger's; Raises UsageError E502."""
    try:
        return parse(content.decode(), name)
    except UnicodeDecodeError as error:
        raise broken(name, "it is not UTF-8") from error
    except SpecError as error:
        raise broken(name, error.faults[0].message) from error


def provenance_of(record: object, name: str) -> Provenance:
    """Return the record that a JSON value is; Raises UsageError E502 where it is none."""
    if not isinstance(record, Object):
        raise broken(name, "it is no object")
    if (number := record.get("format")) != FORMAT or number is True:
        raise broken(name, f"its format is {named(number)}, this archgen reads {FORMAT}")
    for key, (kind, words) in _KINDS.items():
        if not isinstance(record.get(key), kind):
            raise broken(name, f"its `{key}` must be {words}")
    values: dict[str, Any] = {key: record[key] for key in _KINDS}
    values["input"] = _shape(values["input"], name)
    values["parameters"] = _scalars(values["parameters"], name)
    found = Provenance(**values)
    if sha256(found.spec.encode()).hexdigest() != found.spec_sha256:
        raise broken(name, "its spec is not the one that was written: the SHA-256 is another")
    return found


def _shape(value: Any, name: str) -> Shape:
    sound = [type(extent) is int and 0 < extent <= LIMITS.dimension for extent in value]
    if len(sound) != 3 or not all(sound):  # noqa: PLR2004 - height, width, channels
        raise broken(name, "its `input` must be height, width and channels")
    return tuple(value)


def _scalars(value: Any, name: str) -> dict[str, Scalar]:
    if not all(isinstance(each, Scalar) for each in value.values()):
        raise broken(name, "its `parameters` must be text, numbers, true, false or null")
    return dict(value)


def broken(name: str, reason: str) -> UsageError:
    """Return the fault of a file whose record cannot be read."""
    return UsageError(Fault("E502", f"the record of archgen in {name} cannot be read: {reason}"))


def rebuilt(provenance: Provenance, name: str) -> Graph:
    """Return the graph that a record tells of, from its own spec and nothing else.

    Raises:
        SpecError: the faults of its spec, which nobody has checked; their file is ``name``.
        UsageError: E507, the spec has not the parameters of the record.
    """
    faults = Faults()
    document = parse_bytes(provenance.spec.encode(), name)
    if "extends" in document:
        place = document.places["extends"].of_key()
        raise SpecError(Fault("E217", "a spec in a record is whole and extends nothing", place))
    spec = read_spec(merged(document, None, HERE, faults), faults)
    graph = None
    if spec is not None:
        graph = resolve(spec, faults, provenance.parameters, provenance.input)
    faults.raise_errors()
    if graph is None:
        raise AssertionError("no graph, and no fault that says why")
    return graph
