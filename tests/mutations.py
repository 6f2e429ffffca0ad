"""Random small changes of a spec's document, as people and tools make them by mistake."""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Path = tuple[str | int, ...]


class Mutation(NamedTuple):
    """A changed document, what was done, and where: the path, and the value that stood there."""

    document: dict[str, Any]
    kind: str
    path: Path
    before: Any


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Return the path of everything inside a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        yield (*path, key)
        if isinstance(member, dict | list):
            yield from paths(member, (*path, key))


def at(document: Any, path: Path) -> Any:
    """Return what stands at a path."""
    for key in path:
        document = document[key]
    return document


def dropped(holder: Any, key: Any, _: random.Random) -> None:
    del holder[key]


def renamed(holder: Any, key: Any, chance: random.Random) -> None:
    """Misspell a key in its place, or a text."""
    if not isinstance(holder, dict) or (isinstance(holder[key], str) and chance.random() < 0.5):
        holder[key] = misspelt(str(holder[key]), chance)
        return
    members = [(misspelt(name, chance) if name == key else name, holder[name]) for name in holder]
    holder.clear()
    holder.update(members)


def misspelt(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    return chance.choice(
        [
            text[:place] + text[place + 1 :],
            text[:place] + "x" + text[place:],
            text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
            text.upper(),
        ]
    )


def shifted(holder: Any, key: Any, chance: random.Random) -> None:
    """Change a number a little."""
    value = holder[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        holder[key] = value + chance.choice([-1, 1, 0.5])


def foreign(holder: Any, key: Any, chance: random.Random) -> None:
    """Put a value of another kind in place."""
    strange: list[Any] = [
        True,
        False,
        None,
        "",
        "NaN",
        -1,
        0,
        1e308,
        10**18,
        [],
        {},
        "$",
        "${1/0}",
        "$nope",
    ]
    holder[key] = chance.choice(strange)


def wrapped(holder: Any, key: Any, _: random.Random) -> None:
    value = holder[key]
    lone = isinstance(value, list | dict) and len(value) == 1
    holder[key] = (
        next(iter(value if isinstance(value, list) else value.values())) if lone else [value]
    )


def doubled(holder: Any, key: Any, chance: random.Random) -> None:
    """Let a member stand twice, or hand another member's value to it."""
    if isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(holder[chance.choice(list(holder))])


def exchanged(holder: Any, key: Any, chance: random.Random) -> None:
    other = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key], holder[other] = holder[other], holder[key]


KINDS: dict[str, Callable[[Any, Any, random.Random], None]] = {
    "drop": dropped,
    "rename": renamed,
    "shift": shifted,
    "foreign": foreign,
    "wrap": wrapped,
    "double": doubled,
    "exchange": exchanged,
}


def mutated(document: dict[str, Any], chance: random.Random) -> Mutation:
    """Return a document with one small change; the change differs from what stood there."""
    known = list(paths(document))
    while True:
        path, kind = chance.choice(known), chance.choice(list(KINDS))
        result = copy.deepcopy(document)
        KINDS[kind](at(result, path[:-1]), path[-1], chance)
        if result != document or list(paths(result)) != known or kinds(result) != kinds(document):
            return Mutation(result, kind, path, at(document, path))


def kinds(document: Any) -> list[type]:
    """Return the types of all values: 1 equals True and 1.0, but is neither."""
    return [type(at(document, path)) for path in paths(document)]
