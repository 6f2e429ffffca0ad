"""How one document becomes another: merge patches (RFC 7396) and edits of single entries.

Both keep each value's place, so faults point into the file where the text stands.
Imports ``source``, ``naming`` and ``diagnostics``.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

from archgen.diagnostics import Fault, Faults, Related, SpecError, named, offering, quoted
from archgen.limits import LIMITS
from archgen.naming import called, numbered
from archgen.places import Place
from archgen.source import Array, Object

# What is said of one network only.
NOT_INHERITED = ("description", "published", "$schema")


def extended(parent: Object, child: Object, faults: Faults) -> Object:
    """Return the child over its parent: a merge patch, then the child's edits."""
    merged = Object(child.place)
    for key in parent:
        if key not in NOT_INHERITED:
            _put(merged, key, parent[key], parent.places[key])
    own = Object(child.place)
    for key in child:
        if key not in ("extends", "edit"):
            _put(own, key, child[key], child.places[key])
    patch(merged, own)
    return edited(merged, child, faults)


def patch(target: Object, change: Object) -> None:
    """Apply a merge patch in place: null deletes, objects merge, everything else replaces."""
    for key, value in change.items():
        if value is None:
            target.pop(key, None)
            target.places.pop(key, None)
        elif isinstance(value, Object):
            below = target.get(key)
            if not isinstance(below, Object):
                below = Object(value.place)
                _put(target, key, below, change.places[key])
            patch(below, value)
        else:
            _put(target, key, value, change.places[key])


def _put(target: Object, key: str, value: object, place: Place) -> None:
    target[key] = value  # type: ignore[assignment]
    target.places[key] = place


# ── edits ─────────────────────────────────────────────────────────────────────────────────────────


class Target(NamedTuple):
    """What an edit's path leads to: an entry in its list, or a branch by its key in the fork."""

    value: object
    around: Array | Object
    key: str = ""


# A list or object by its identity, or the place of a member in an object.
Spot = int | tuple[int, str]


class Edit(NamedTuple):
    """An edit that matches: its path and the path's place, the change, what it leads to."""

    path: str
    place: Place
    change: object
    target: Target

    @property
    def verb(self) -> str:
        """Return what the edit does to what it takes out of the document."""
        return "remove" if self.change is None else "replace"


def edited(document: Object, child: Object, faults: Faults) -> Object:
    """Carry out the `edit` of a child on the merged document.

    Every path is looked up before the first change, so edits do not shift each other's names.
    """
    edits = child.get("edit")
    if edits is None:
        return document
    if not isinstance(edits, Object):
        message = f"`edit` must be an object of paths, not {quoted(edits)}"
        faults.add(Fault("E203", message, child.places["edit"]))
        return document
    found = _found(edits, document, faults)
    _refuse_lost(found, faults)
    _replace_entries([edit for edit in found if not _apply(edit, faults)])
    if is_deeper(document, LIMITS.json_depth):
        message = f"the edits nest the document deeper than {LIMITS.json_depth} levels"
        raise SpecError(Fault("E105", message, child.places["edit"].of_key()))
    return document


def _found(edits: Object, document: Object, faults: Faults) -> list[Edit]:
    """Return the edits whose paths match, with a fault for each of the others."""
    targets: dict[str, Target] = {}
    for path, target in _targets(document):
        targets.setdefault(path, target)
    for path in edits:
        if path not in targets:
            place = edits.places[path].of_key()
            fault = Fault("E218", f"the edit {named(path)} matches nothing", place)
            faults.add(offering(fault, path, targets))
    known = [path for path in edits if path in targets]
    return [Edit(path, edits.places[path], edits[path], targets[path]) for path in known]


def _refuse_lost(edits: list[Edit], faults: Faults) -> None:
    """Report edits of what another edit takes out of the document, in whichever order they stand.

    Values are told apart by identity; each stands in a document once.
    """
    takers: dict[Spot, list[Edit]] = {}
    for edit in edits:
        for spot in _taken(edit):
            takers.setdefault(spot, []).append(edit)
    told: set[frozenset[str]] = set()
    for edit in edits:
        others = [other for spot in _changed(edit) for other in takers.get(spot, ())]
        other = next((other for other in others if other is not edit), edit)
        pair = frozenset((edit.path, other.path))
        if other is not edit and pair not in told:
            told.add(pair)
            what = f"the edit {named(other.path)} {other.verb}s"
            message = f"the edit {named(edit.path)} changes what {what}"
            related = (Related(other.place.of_key(), f"{other.verb}d here"),)
            faults.add(Fault("E218", message, edit.place.of_key(), related=related))


def _changed(edit: Edit) -> Iterator[Spot]:
    """Return the entry or branch of an edit, and what is in it as far as a merge patch goes."""
    yield id(edit.target.value)
    if isinstance(edit.change, Object) and isinstance(edit.target.value, Object):
        for target, key, value in _patched(edit.target.value, edit.change):
            yield id(value) if value is not None else (id(target), key)


def _taken(edit: Edit) -> Iterator[Spot]:
    """Return the lists and objects, and the places of single values, that an edit takes away."""
    if isinstance(edit.change, Object) and isinstance(edit.target.value, Object):
        for target, key, merged in _patched(edit.target.value, edit.change):
            if merged is None:
                yield id(target), key
                yield from map(id, _containers(target.get(key)))
    elif edit.change is None or isinstance(edit.change, Array):
        yield from map(id, _containers(edit.target.value))


def _patched(target: Object, change: Object) -> Iterator[tuple[Object, str, Object | None]]:
    """Return each member that a merge patch changes, and the object there if it merges into it."""
    for key, value in change.items():
        below = target.get(key)
        if isinstance(below, Object) and isinstance(value, Object):
            yield target, key, below
            yield from _patched(below, value)
        else:
            yield target, key, None


def _containers(value: object) -> Iterator[Array | Object]:
    """Return a list or object and those in it."""
    if isinstance(value, Array | Object):
        yield value
        for member in value.values() if isinstance(value, Object) else value:
            yield from _containers(member)


def _apply(edit: Edit, faults: Faults) -> bool:
    """Carry out an edit and return True, unless it takes an entry out of its list."""
    change, (value, around, key) = edit.change, edit.target
    if isinstance(change, Object) and isinstance(value, Object):
        patch(value, change)
    elif change is not None and not isinstance(change, Array):
        of_entry = isinstance(value, Object)
        wanted = "an edit is an object, a list" if of_entry else "an edit of a branch is a list"
        message = f"{wanted} or null, not {quoted(change)}"
        faults.add(Fault("E203", message, edit.place))
    elif isinstance(around, Object):
        branches = Object(edit.place)
        _put(branches, key, change, edit.place)
        patch(around, branches)
    else:
        return False
    return True


def _replace_entries(edits: list[Edit]) -> None:
    """Put what edits bring in the place of entries, each list in one go."""
    lists = {id(edit.target.around): edit.target.around for edit in edits}
    coming = {id(edit.target.value): edit.change for edit in edits}
    for entries in lists.values():
        if isinstance(entries, Array):
            was = list(zip(entries, entries.places, strict=True))
            entries.clear()
            entries.places.clear()
            for value, place in was:
                change = coming.get(id(value))
                if id(value) not in coming:
                    entries.append(value)
                    entries.places.append(place)
                elif isinstance(change, Array):
                    entries.extend(change)
                    entries.places.extend(change.places)


def editable(document: Object) -> Iterator[tuple[str, Place]]:
    """Return the path of every entry that an edit may name, and where the entry stands."""
    for path, entry in entries(document):
        yield path, entry.place


def entries(document: Object) -> Iterator[tuple[str, Object]]:
    """Return every entry that an edit may name by its path, the first of those that share one."""
    known: set[str] = set()
    for path, target in _targets(document):
        if isinstance(target.value, Object) and path not in known:
            known.add(path)
            yield path, target.value


def is_deeper(value: object, levels: int) -> bool:
    """Say whether objects and lists stand in each other deeper than so many levels."""
    level = [value]
    for _ in range(levels + 1):
        held = [one.values() if isinstance(one, dict) else one for one in level if _holds(one)]
        level = [member for members in held for member in members]
    return bool(level)


def _holds(value: object) -> TypeGuard[Object | Array]:
    return isinstance(value, Object | Array)


def _targets(document: Object) -> Iterator[tuple[str, Target]]:
    """Return every path that an edit may name, with what it leads to."""
    yield from _in_body(document, "layers")
    for section in ("modules", "heads"):
        members = document.get(section)
        for name, member in members.items() if isinstance(members, Object) else ():
            if isinstance(member, Object):
                yield from _in_body(member, f"{section}.{name}")


def _in_body(body: Object, path: str) -> Iterator[tuple[str, Target]]:
    """Return the paths below something with layers or branches."""
    layers, branches = body.get("layers"), body.get("branches")
    if isinstance(layers, Array):
        yield from _in_list(layers, path)
    if isinstance(branches, Object):
        yield from _in_branches(branches, path)


def _in_branches(branches: Object, path: str) -> Iterator[tuple[str, Target]]:
    for name, branch in branches.items():
        inner = f"{path}.{name}"
        yield inner, Target(branch, branches, name)
        if isinstance(branch, Array):
            yield from _in_list(branch, inner)
        elif isinstance(branch, Object):
            yield from _in_body(branch, inner)


def _in_list(entries: Array, path: str) -> Iterator[tuple[str, Target]]:
    """Return the paths of entries; each definition counts once, however often it is repeated."""
    objects = [entry for entry in entries if isinstance(entry, Object)]
    names = numbered([called(entry) or "?" for entry in objects], [None] * len(objects))
    for entry, (name,) in zip(objects, names, strict=True):
        yield f"{path}.{name}", Target(entry, entries)
        if isinstance(branches := entry.get("branches"), Object):
            inner = path if entry.get("name") is None else f"{path}.{name}"
            yield from _in_branches(branches, inner)
