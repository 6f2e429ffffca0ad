"""How one document becomes another: merge patches (RFC 7396) and edits of single entries.

Both keep each value's place, so faults point into the file where the text stands.
Imports ``source``, ``naming`` and ``diagnostics``.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeGuard

from archgen.diagnostics import Fault, Faults, SpecError, did_you_mean, named, quoted
from archgen.limits import LIMITS
from archgen.naming import called, numbered
from archgen.places import Place
from archgen.source import Array, Object

NOT_INHERITED = ("description", "$schema")


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
    """What an edit's path leads to: the entry or branch, and the way to replace it."""

    value: object
    replace: Callable[[Array | None, Place], None]


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
    targets: dict[str, Target] = {}
    for path, target in _targets(document):
        targets.setdefault(path, target)
    for path in edits:
        place = edits.places[path]
        if path not in targets:
            help_line = did_you_mean(path, targets)
            message = f"the edit {named(path)} matches nothing"
            faults.add(Fault("E218", message, place.of_key(), help=help_line))
        else:
            _apply(targets[path], edits[path], place, faults)
    if is_deeper(document, LIMITS.json_depth):
        message = f"the edits nest the document deeper than {LIMITS.json_depth} levels"
        raise SpecError(Fault("E105", message, child.places["edit"].of_key()))
    return document


def _apply(target: Target, change: object, place: Place, faults: Faults) -> None:
    if change is None:
        target.replace(None, place)
    elif isinstance(change, Array):
        target.replace(change, place)
    elif isinstance(change, Object) and isinstance(target.value, Object):
        patch(target.value, change)
    else:
        what = "an edit is an object," if isinstance(target.value, Object) else "a branch's edit is"
        message = f"{what} a list or null, not {quoted(change)}"
        faults.add(Fault("E203", message, place))


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
        yield inner, Target(branch, _branch_replacer(branches, name))
        if isinstance(branch, Array):
            yield from _in_list(branch, inner)
        elif isinstance(branch, Object):
            yield from _in_body(branch, inner)


def _in_list(entries: Array, path: str) -> Iterator[tuple[str, Target]]:
    """Return the paths of entries; each definition counts once, however often it is repeated."""
    objects = [entry for entry in entries if isinstance(entry, Object)]
    names = numbered([called(entry) or "?" for entry in objects], [None] * len(objects))
    for entry, (name,) in zip(objects, names, strict=True):
        yield f"{path}.{name}", Target(entry, _entry_replacer(entries, entry))
        if isinstance(branches := entry.get("branches"), Object):
            inner = f"{path}.{name}" if "name" in entry else path
            yield from _in_branches(branches, inner)


def _branch_replacer(branches: Object, name: str) -> Callable[[Array | None, Place], None]:
    def replace(change: Array | None, place: Place) -> None:
        if change is None:
            branches.pop(name, None)
            branches.places.pop(name, None)
        else:
            _put(branches, name, change, place)

    return replace


def _entry_replacer(entries: Array, entry: Object) -> Callable[[Array | None, Place], None]:
    def replace(change: Array | None, _: Place) -> None:
        index = next(i for i, value in enumerate(entries) if value is entry)
        entries[index : index + 1] = change or []
        entries.places[index : index + 1] = change.places if change is not None else []

    return replace
