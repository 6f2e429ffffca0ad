"""Takes a network apart into what follows and what stands side by side; imports nothing of archgen.

A series-parallel network is split at the items that every path passes; what lies between two of
them falls into components, the parallel branches. What cannot be split so is a tangle.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

SOURCE = "<source>"


class Fork(NamedTuple):
    """Branches side by side, in the order in which they enter what follows; ``()`` is a skip."""

    branches: tuple["Series", ...]


class Tangle(NamedTuple):
    """Items between two others that are neither a series nor parallel, in topological order.

    ``leaving`` are those that what follows reads.
    """

    items: tuple[str, ...]
    leaving: tuple[str, ...]


Element: TypeAlias = str | Fork | Tangle
Series: TypeAlias = tuple[Element, ...]


def decomposed(inputs: Mapping[str, Sequence[str]], outputs: Iterable[str]) -> Series:
    """Return the items between what enters (``SOURCE``) and the outputs as a series.

    ``inputs`` maps each item to those it reads, in topological order; every item must lie on the
    way to an output.
    """
    return _series(list(inputs), inputs, SOURCE, list(outputs))


def _series(
    members: Sequence[str], inputs: Mapping[str, Sequence[str]], source: str, ends: Sequence[str]
) -> Series:
    """Return members as a series behind ``source``; what follows them reads ``ends``."""
    result: list[Element] = []
    left, start = source, 0
    for index in _passed_by_all(members, inputs, source, ends):
        right = members[index]
        result += _between(members[start:index], inputs, left, inputs[right])
        result.append(right)
        left, start = right, index + 1
    result += _between(members[start:], inputs, left, ends)
    return tuple(result)


def _between(
    members: Sequence[str], inputs: Mapping[str, Sequence[str]], left: str, ends: Sequence[str]
) -> list[Element]:
    """Return what lies between two items that every path passes, if anything.

    ``ends`` is what the second reads; where it reads ``left`` as well, a branch is a skip.
    """
    if not members:
        return []
    parts = _components(members, inputs)
    if len(parts) == 1 and left not in ends:
        leaving = tuple(name for name in ends if name in members)
        return [Tangle(tuple(members), leaving)]
    entering = {name: position for position, name in enumerate(ends)}
    branches: dict[tuple[int, str], Series] = {}
    for part in parts:
        known = set(part)
        own = [name for name in ends if name in known]
        branches[_order(part, entering)] = _series(part, inputs, left, own)
    if left in entering:
        branches[entering[left], ""] = ()
    return [Fork(tuple(branches[key] for key in sorted(branches)))]


def _order(part: Sequence[str], entering: Mapping[str, int]) -> tuple[int, str]:
    """Return the place of a branch: that of its end among what the next item reads."""
    return (min(entering.get(name, len(entering)) for name in part), part[0])


def _passed_by_all(
    members: Sequence[str], inputs: Mapping[str, Sequence[str]], source: str, ends: Sequence[str]
) -> list[int]:
    """Return the indices of the members that no path goes around.

    In topological order, an edge spans what it passes by; a member is passed by all when no edge
    spans it, and when it reads and is read within.
    """
    position = {source: -1, **{name: index for index, name in enumerate(members)}}
    spanned = [0] * (len(members) + 1)
    for target, reads in enumerate([*(inputs[name] for name in members), ends]):
        for origin in {position[read] for read in reads if read in position}:
            if target - origin > 1:
                spanned[origin + 1] += 1
                spanned[target] -= 1
    cuts, over = [], 0
    for index in range(len(members)):
        over += spanned[index]
        if not over:
            cuts.append(index)
    return cuts


def _components(members: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the members in groups that share no edge, each in its order."""
    leader = {name: name for name in members}

    def lead(name: str) -> str:
        while leader[name] != name:
            leader[name] = name = leader[leader[name]]
        return name

    for name in members:
        for read in inputs[name]:
            if read in leader:
                leader[lead(name)] = lead(read)
    groups: dict[str, list[str]] = {}
    for name in members:
        groups.setdefault(lead(name), []).append(name)
    return list(groups.values())
