"""What a fitted spec states: changes as data, each a value at a path of the new document.

Imports nothing of archgen.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Path = tuple[str, ...]
Document = dict[str, Any]

# What names a spec and tells of it; everything else that a fitted spec states is a changed field.
HEAD = ("archgen", "name", "extends", "title", "description")


class Change(NamedTuple):
    """A value for the member that a path leads to; null takes it out."""

    path: Path
    value: Any


def go_together(some: Iterable[Change], others: Iterable[Change]) -> bool:
    """Say whether no change stands inside or in the place of another; equal ones do no harm."""
    pairs = [(one, other) for one in some for other in others if one != other]
    return not any(_is_within(one.path, other.path) for one, other in pairs)


def _is_within(path: Path, other: Path) -> bool:
    short = min(len(path), len(other))
    return path[:short] == other[:short]


def stated(document: Mapping[str, Any], changes: Iterable[Change]) -> Document:
    """Return a document with changes put in; members that lead to them are made."""
    result = _copied(document)
    for path, value in changes:
        inner = result
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = value
    return result


def _copied(document: Mapping[str, Any]) -> Document:
    return {key: _copied(v) if isinstance(v, Mapping) else v for key, v in document.items()}


def count_fields(document: Mapping[str, Any]) -> int:
    """Return how many fields a document states, its head apart.

    A field is a number, a text, true, false, null, a list of these such as ``[28, 28, 1]``, or an
    entry that an edit puts in the place of another.
    """
    return sum(_count(value) for key, value in document.items() if key not in HEAD)


def _count(value: object) -> int:
    if isinstance(value, Mapping):
        return sum(map(_count, value.values()))
    if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        return len(value)
    return 1
