"""Proposes how to mend a window that does not fit, each proposal tried before it is told.

A proposal is a change of the user's own text: of the entry where it stands there, else an ``edit``
of it. It is told only where the changed text has neither the fault nor an error that is new.
Imports ``library``, ``reading``, ``resolve`` and what they import.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from archgen.diagnostics import Fault, Faults, SpecError
from archgen.evaluation import Values
from archgen.ir import Shape
from archgen.library import merged
from archgen.places import Place, Text
from archgen.reading import read_spec
from archgen.resolve import resolve
from archgen.source import Object, parse
from archgen.variants import editable

# A try costs as much as the check itself.
TRIES = 4
MOST_ERRORS = 50
LONGEST_TEXT = 1 << 16
GLOBAL_POOLS = {"max_pool": "global_max_pool", "avg_pool": "global_avg_pool"}
KEPT = ("name", "when", "repeat", "inputs", "description")
SAME = '"padding": "same"'

Where = tuple[str, int]
Key = tuple[str, str, str, str]


class Proposal(NamedTuple):
    """A help line, and the user's text with it carried out."""

    help: str
    text: str


class Source(NamedTuple):
    """Where a user's spec comes from: its text, its file if it has one, its folder."""

    text: Text
    path: Path | None
    folder: Path

    def document(self) -> Object:
        """Return what the user wrote, as it stands."""
        return parse(self.text.content, self.text.name)

    def unedited(self) -> Object:
        """Return it over what it extends, without its edits."""
        document = self.document()
        document.pop("edit", None)
        return merged(document, self.path, self.folder, Faults())


def mend(
    faults: Faults, source: Source, parameters: Values | None, input_shape: Shape | None
) -> None:
    """Add a help line to the first windows that do not fit, where a change mends them."""
    errors = [fault for fault in faults.listed() if fault.severity == "error"]
    windows = [fault for fault in errors if fault.code == "E310" and not fault.help]
    if not windows or len(errors) > MOST_ERRORS or len(source.text.content) > LONGEST_TEXT:
        return
    known, tries = set(map(_key, errors)), TRIES
    document, unedited = source.document(), source.unedited()
    for fault in windows:
        for proposal in islice(_proposals(fault, document, unedited), tries):
            tries -= 1
            left = set(map(_key, _errors(proposal.text, source, parameters, input_shape)))
            if _key(fault) not in left and left <= known:
                faults.advise(fault, proposal.help)
                break


def _errors(
    text: str, source: Source, parameters: Values | None, input_shape: Shape | None
) -> list[Fault]:
    """Return the errors of a changed text, checked as the text itself was."""
    faults = Faults()
    try:
        document = merged(parse(text, source.text.name), source.path, source.folder, faults)
        if (spec := read_spec(document, faults)) is not None:
            resolve(spec, faults, parameters, input_shape)
    except SpecError as error:
        return list(error.faults)
    return [fault for fault in faults.listed() if fault.severity == "error"]


def _key(fault: Fault) -> Key:
    place = fault.place
    where = (place.file, place.pointer) if place else ("", "")
    return (fault.code, fault.message, *where)


def _proposals(fault: Fault, document: Object, unedited: Object) -> Iterator[Proposal]:
    """Return what may help: a pool of the whole map, or padding at every place that fails alike."""
    places = [place for place in (fault.place, *(r.place for r in fault.related)) if place]
    entries = _found(places, document)
    if entries:
        yield from _changes(entries)
    elif "extends" in document:
        yield from _edits(places, document, unedited)


def _found(places: Sequence[Place], document: Object) -> list[Object]:
    """Return the entries at some places of a document, none where one does not stand there."""
    known = {_where(entry.place): entry for entry in _objects(document)}
    entries = [known[_where(place)] for place in places if _where(place) in known]
    return entries if len(entries) == len(places) else []


def _objects(value: object) -> Iterator[Object]:
    if isinstance(value, Object):
        yield value
    inner = (
        value.values() if isinstance(value, Object) else value if isinstance(value, list) else ()
    )
    for member in inner:
        yield from _objects(member)


def _where(place: Place) -> Where:
    return place.file, place.start


# ── in the user's own entry ───────────────────────────────────────────────────────────────────────


def _changes(entries: Sequence[Object]) -> Iterator[Proposal]:
    text = entries[0].place.text.content
    if len(entries) == 1 and (pool := _global_pool(entries[0])):
        place = entries[0].place
        yield Proposal(f"replace it by `{pool}`", text[: place.start] + pool + text[place.end :])
    for entry in sorted(entries, key=lambda entry: -entry.place.start):
        text = _padded(text, entry)
    everywhere = " in each of them" if len(entries) > 1 else ""
    yield Proposal(f"say `{SAME}`{everywhere}", text)


def _global_pool(entry: Mapping[str, object]) -> str | None:
    kind = GLOBAL_POOLS.get(str(entry.get("op")))
    kept = {key: entry[key] for key in KEPT if key in entry}
    return json.dumps({"op": kind, **kept}, ensure_ascii=False) if kind else None


def _padded(text: str, entry: Object) -> str:
    """Return the text with an entry's padding set."""
    if "padding" in entry:
        place = entry.places["padding"]
        return f'{text[: place.start]}"same"{text[place.end :]}'
    end = entry.place.end - 1
    return f"{text[:end].rstrip()}, {SAME}{text[end:]}"


# ── in a spec that the user extends ───────────────────────────────────────────────────────────────


def _edits(places: Sequence[Place], document: Object, unedited: Object) -> Iterator[Proposal]:
    """Return edits of the entries, where each has a path."""
    paths = {_where(place): path for path, place in editable(unedited)}
    entries = _found(places, unedited)
    names = [paths.get(_where(place), "") for place in places]
    if not entries or not all(names):
        return
    if len(names) == 1 and (pool := _global_pool(entries[0])):
        yield _edited(document, f'"{names[0]}": [{pool}]')
    yield _edited(document, ", ".join(f'"{name}": {{{SAME}}}' for name in names))


def _edited(document: Object, members: str) -> Proposal:
    """Return the user's text with some more edits."""
    text, edit = document.place.text.content, document.get("edit")
    if isinstance(edit, Object):
        help_line, within = f"say in `edit`: `{members}`", edit
    else:
        members = f'"edit": {{{members}}}'
        help_line, within = f"say `{members}`", document
    at = within.place.start + 1
    return Proposal(help_line, f"{text[:at]}{members}{', ' if within else ''}{text[at:]}")
