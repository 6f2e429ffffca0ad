"""Finding specs: the shipped ones by name, files by path, and what they extend.

Imports ``source``, ``variants`` and ``diagnostics``.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from archgen.diagnostics import Fault, Faults, SpecError, UsageError, did_you_mean, named, quoted
from archgen.limits import LIMITS
from archgen.source import Object, from_python, parse_bytes, read_file
from archgen.variants import extended

SCHEMA_NAME = "archgen.schema.json"
REQUIRED = ("archgen", "name")


@cache
def specs_folder() -> Path:
    """Return the folder of the shipped specs: in the installed package, or beside it in a clone."""
    package = Path(__file__).parent
    installed = package / "specs"
    return installed if installed.is_dir() else package.parent / "specs"


def names() -> tuple[str, ...]:
    """Return the names of the shipped specs, sorted."""
    found = (path.stem for path in specs_folder().glob("*.json") if path.name != SCHEMA_NAME)
    return tuple(sorted(found))


def shipped(name: str) -> Path | None:
    """Return the file of a shipped spec, None if there is none of that name."""
    return specs_folder() / f"{name}.json" if name in names() else None


def load(spec: str | Path | Mapping[str, Any], faults: Faults) -> Object:
    """Return the merged document of a shipped name, a ``.json`` path or a dict.

    Raises:
        UsageError: E501 unknown name, E502 unreadable file.
        SpecError: E1xx the text; E216, E217 what it extends.
    """
    if isinstance(spec, Mapping):
        return merged(from_python(spec), None, Path.cwd(), faults)
    path = Path(spec)
    if "\0" in str(spec):
        raise UsageError(Fault("E501", f"no spec is called {named(str(spec))}"))
    if path.suffix == ".json":
        return merged(read_file(path), path, path.parent, faults)
    found = shipped(str(spec))
    if found is None:
        message = f"no spec is called {named(str(spec))}"
        beside = f"{spec}.json" if Path(f"{spec}.json").is_file() else None
        advice = f"did you mean `{beside}`?" if beside else did_you_mean(str(spec), names())
        note = "`archgen list` lists the shipped specs; a file's name ends in `.json`"
        raise UsageError(Fault("E501", message, notes=() if advice else (note,), help=advice))
    return merged(read_file(found, found.name), found, found.parent, faults)


def load_bytes(data: bytes, name: str, faults: Faults) -> Object:
    """Return the merged document of a text, such as standard input; Raises as ``load``."""
    return merged(parse_bytes(data, name), None, Path.cwd(), faults)


def merged(document: Object, path: Path | None, folder: Path, faults: Faults) -> Object:
    """Return a document over everything it extends, with its edits carried out."""
    return _Chain(faults).merged(document, path, folder)


class _Chain:
    """The documents that one spec extends, one behind the other."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.files: list[Path] = []

    def merged(self, document: Object, path: Path | None, folder: Path) -> Object:
        self.require(document)
        self.enter(document, path)
        if "extends" not in document:
            if "edit" in document:
                place = document.places["edit"].of_key()
                self.faults.add(Fault("E201", "`edit` needs `extends`", place))
                del document["edit"]
            return document
        target = self.target(document, folder)
        name = target.name if target.parent == specs_folder() else str(target)
        parent = self.merged(read_file(target, name), target, target.parent)
        return extended(parent, document, self.faults)

    def require(self, document: Object) -> None:
        for key in REQUIRED:
            if key not in document:
                self.faults.add(Fault("E202", f"`{key}` is missing", document.place))

    def enter(self, document: Object, path: Path | None) -> None:
        known = path.resolve() if path else Path("<text>")
        if known in self.files:
            circle = " → ".join([file.name for file in self.files] + [known.name])
            place = document.places.get("extends", document.place)
            raise SpecError(Fault("E216", f"specs extend each other in a circle: {circle}", place))
        self.files.append(known)
        if len(self.files) >= LIMITS.reference_depth and "extends" in document:
            message = f"`extends` goes deeper than {LIMITS.reference_depth} files"
            raise SpecError(Fault("E217", message, document.places["extends"]))

    def target(self, document: Object, folder: Path) -> Path:
        """Return the file that ``extends`` names: a shipped spec or one below the folder."""
        name, place = document["extends"], document.places["extends"]
        if not isinstance(name, str):
            message = f"`extends` must be a name or a path, not {quoted(name)}"
            raise SpecError(Fault("E203", message, place))
        if not name.endswith(".json"):
            found = shipped(name)
            if found is None:
                beside = folder / f"{PurePosixPath(name).name}.json"
                near = (
                    f"did you mean `{beside.name}`?"
                    if "\0" not in name and beside.is_file()
                    else None
                )
                help_line = near or did_you_mean(name, names())
                message = f"no shipped spec is called {named(name)}"
                raise SpecError(Fault("E217", message, place, help=help_line))
            return found
        return self.below(name, folder, document)

    def below(self, name: str, folder: Path, document: Object) -> Path:
        place = document.places["extends"]
        relative = PurePosixPath(name)
        missing = f"there is no file {named(name)} in this spec's folder"
        if "\0" in name:
            raise SpecError(Fault("E217", missing, place))
        outside = {"..", "\\"} & {*relative.parts, *name}
        inside = not relative.is_absolute() and not outside
        path = folder / relative
        if not inside or not path.resolve().is_relative_to(folder.resolve()):
            message = f"{named(name)} is not below this spec's folder"
            raise SpecError(Fault("E217", message, place))
        if not path.is_file():
            raise SpecError(Fault("E217", missing, place))
        return path
