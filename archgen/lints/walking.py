"""The values of a document that mean something; imports ``source``."""

from collections.abc import Iterator

from archgen.source import Array, Object

PROSE = frozenset(
    {"title", "description", "references", "deviations", "published", "labels", "training", "name"}
)


def below(value: object) -> Iterator[object]:
    """Return the members of an object, those that are only told left out, or a list's elements."""
    if isinstance(value, Object):
        yield from (member for key, member in value.items() if key not in PROSE)
    elif isinstance(value, Array):
        yield from value
