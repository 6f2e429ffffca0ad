"""Finding specs: the shipped ones by name, files by path, and what they extend.

Imports ``source``, ``variants`` and ``diagnostics``.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from archgen.diagnostics import Fault, Faults, SpecError, UsageError, did_you_mean, named, quoted
from archgen.intake import standard_input
from archgen.limits import LIMITS
from archgen.source import Amount, Object, from_python, parse_bytes, read_file
from archgen.variants import extended

SCHEMA_NAME = "archgen.schema.json"
REQUIRED = ("archgen", "name")
HERE = Path()  # what a spec without a file may extend stands below the current folder


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
    chain = _Chain(faults)
    if isinstance(spec, Mapping):
        return chain.merged(from_python(spec, amount=chain.amount), None, HERE)
    if str(spec) == "/dev/stdin":  # no regular file, but what the user asked for
        return load_bytes(standard_input(), "<stdin>", faults)
    path = Path(spec)
    if "\0" in str(spec):
        raise UsageError(Fault("E501", f"no spec is called {named(str(spec))}"))
    if path.suffix == ".json":
        return chain.merged(read_file(path, amount=chain.amount), path, path.parent)
    found = shipped(str(spec))
    if found is None:
        message = f"no spec is called {named(str(spec))}"
        beside = f"{spec}.json" if _is_file(Path(f"{spec}.json")) else None
        advice = f"did you mean `{beside}`?" if beside else did_you_mean(str(spec), names())
        note = "`archgen list` lists the shipped specs; a file's name ends in `.json`"
        raise UsageError(Fault("E501", message, notes=() if advice else (note,), help=advice))
    return chain.merged(read_file(found, found.name, chain.amount), found, found.parent)


def load_bytes(data: bytes, name: str, faults: Faults) -> Object:
    """Return the merged document of a text, such as standard input; Raises as ``load``."""
    chain = _Chain(faults)
    return chain.merged(parse_bytes(data, name, chain.amount), None, HERE)


def merged(document: Object, path: Path | None, folder: Path, faults: Faults) -> Object:
    """Return a document over everything it extends, with its edits carried out."""
    return _Chain(faults).merged(document, path, folder)


class _Chain:
    """The documents that one spec extends, one behind the other."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.files: list[Path] = []
        self.amount = Amount()

    def merged(self, document: Object, path: Path | None, folder: Path) -> Object:
        """Return a document over everything it extends, with its edits carried out."""
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
        try:
            parent = read_file(target, name, self.amount)
        except UsageError as error:
            (fault,) = error.faults
            place = document.places["extends"]
            raise SpecError(Fault("E217", fault.message, place)) from error
        return extended(self.merged(parent, target, target.parent), document, self.faults)

    def require(self, document: Object) -> None:
        for key in REQUIRED:
            if key not in document:
                self.faults.add(Fault("E202", f"`{key}` is missing", document.place))

    def enter(self, document: Object, path: Path | None) -> None:
        known = _resolved(path) if path else Path("<text>")
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
                near = f"did you mean `{beside.name}`?" if _is_file(beside) else None
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
        if not inside or not _resolved(path).is_relative_to(_resolved(folder)):
            message = f"{named(name)} is not below this spec's folder"
            raise SpecError(Fault("E217", message, place))
        if not _is_file(path):
            raise SpecError(Fault("E217", missing, place))
        return path


def _resolved(path: Path) -> Path:
    """Return where a path leads; the path itself where links go in a circle or a part is none."""
    with suppress(OSError, RuntimeError, ValueError):
        return path.resolve()
    return path


def _is_file(path: Path) -> bool:
    with suppress(OSError, ValueError):  # a name too long, or with signs that no file has
        return path.is_file()
    return False
