"""How entries of a list are called, and which names there are; imports ``limits``."""

import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from archgen.limits import LIMITS

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_]*$"
NAME_LENGTH = LIMITS.name
NAME_WORDS = "a name is 1 to 64 of A-Z, a-z, 0-9 and _, and does not begin with _"
PARAMETER_WORDS = (
    "parameters and modules are named as in Python: 1 to 64 of A-Z, a-z, 0-9 and _,"
    " no digit first, no keyword"
)
INPUT = "input"
BUILD_ARGUMENTS = frozenset({"spec", "input_shape", "weights", "seed"})


def is_name(name: object) -> bool:
    """Return whether an entry, branch or head can be called so."""
    return (
        isinstance(name, str)
        and len(name) <= NAME_LENGTH
        and re.match(NAME_PATTERN, name) is not None
        and not name.endswith("\n")
    )


def is_identifier(name: str) -> bool:
    """Return whether a parameter can be called so: build() takes it as a keyword."""
    short = len(name) <= NAME_LENGTH and name.isascii()
    return short and name.isidentifier() and not keyword.iskeyword(name)


def numbered(called: Sequence[str], copies: Sequence[int | None]) -> list[tuple[str, ...]]:
    """Return the names of each entry's copies; ``copies`` is None for an entry without repeat.

    Entries that share a name are numbered from 1 in order, copies included; a repeated entry
    always is, a lone entry never.
    """
    if copies.count(None) == len(set(called)) == len(called):
        return [(name,) for name in called]
    sharing = Counter(called)
    reached: Counter[str] = Counter()
    names: list[tuple[str, ...]] = []
    for name, count in zip(called, copies, strict=True):
        if count is None and sharing[name] == 1:
            names.append((name,))
            continue
        first = reached[name] + 1
        reached[name] += 1 if count is None else count
        names.append(tuple(f"{name}_{number}" for number in range(first, reached[name] + 1)))
    return names


def called(entry: Mapping[str, object]) -> str | None:
    """Return what an entry is called before numbering: its name, else op, module or join."""
    for key in ("name", "op", "use", "join"):
        if isinstance(value := entry.get(key), str):
            return value
    return None
