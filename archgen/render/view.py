"""The view model: a network as boxes, modules, branches and folds; every drawing reads it.

A box is one entry of the spec: convolution, norm and activation fused. A group is a use of a
module. Imports ``ir`` and ``places``; ``viewing`` makes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from archgen.ir import Caption, Pair, Shape, shape_text
from archgen.places import Place


class Box(NamedTuple):
    """One entry's nodes as a picture shows them; ``copies`` are the names it stands for.

    ``place`` is that of the entry, ``fault`` what is wrong with it; a ``shape`` that is not known
    is empty; nothing uses the value of what is ``is_dead``, which only faulty networks have.
    """

    name: str
    caption: Caption
    shape: Shape
    params: int
    macs: int
    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    copies: tuple[str, ...]
    place: Place | None = None
    field: Pair = (0, 0)
    fault: str = ""
    is_dead: bool = False

    @property
    def origin(self) -> str:
        """Return the JSON Pointer of its entry."""
        return self.place.pointer if self.place else ""

    @property
    def at(self) -> str:
        """Return the file and the line of its entry."""
        return f"{self.place.file}:{self.place.line}" if self.place else ""

    @property
    def family(self) -> str:
        """Return what colours it: its op's family, unless it is faulty or not known."""
        if self.fault:
            return "fault"
        return self.caption.family if self.shape else "unknown"

    @property
    def is_join(self) -> bool:
        """Return whether it joins branches, and is drawn as a bar over them."""
        return self.caption.family in ("concat", "add")


class Group(NamedTuple):
    """A use of a module, or a head; params and MACs are those of one copy.

    ``entering`` are the shapes of what enters the first copy, by the boxes that it comes from,
    ``shape`` that of what leaves the last, ``totals`` the params and MACs of all copies, which cost
    the same where they are ``alike``; ``called`` tells it apart from others of its title, ``fault``
    is what is wrong first inside it, ``is_known`` whether all shapes inside it are, ``is_dead``
    whether nothing uses what leaves it.
    """

    name: str
    module: str
    title: str
    body: "Series"
    entering: Mapping[str, Shape]
    shape: Shape
    params: int
    macs: int
    inputs: tuple[str, ...]
    copies: tuple[str, ...] = ()
    totals: tuple[int, int] = (0, 0)
    alike: bool = True
    signature: object = ()
    called: str = ""
    fault: str = ""
    is_known: bool = True
    is_dead: bool = False

    @property
    def family(self) -> str:
        """Return what colours its card: whether it is faulty, or not known."""
        return "fault" if self.fault else "card" if self.is_known else "unknown"


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches side by side; an empty one is a skip."""

    branches: tuple["Series", ...]


@dataclass(frozen=True, slots=True)
class Tangle:
    """Items that are neither a series nor parallel, and those that what follows reads."""

    items: tuple["Item", ...]
    leaving: tuple[str, ...]


Item: TypeAlias = Box | Group
Element: TypeAlias = Item | Fork | Tangle
Series: TypeAlias = tuple[Element, ...]
Entered: TypeAlias = tuple[Shape, int, int]


@dataclass(frozen=True, slots=True)
class View:
    """A whole network: its body, its heads by the item they leave from, its totals.

    Where there are ``faults``, a line each, it does not work, and its totals are not known.
    """

    name: str
    title: str
    input: Shape
    body: Series
    heads: tuple[tuple[str, Group], ...]
    outputs: Mapping[str, Shape]
    params: int
    macs: int
    faults: tuple[str, ...] = ()

    @property
    def everything(self) -> Series:
        """Return the body and the heads."""
        return (*self.body, *(head for _, head in self.heads))


def items(series: Iterable[Element]) -> list[Item]:
    """Return every item of a series, those in branches too, but none inside a module."""
    found: list[Item] = []
    for element in series:
        if isinstance(element, Fork):
            for branch in element.branches:
                found += items(branch)
        elif isinstance(element, Tangle):
            found += element.items
        else:
            found.append(element)
    return found


def groups(series: Iterable[Element]) -> list[Group]:
    """Return every module of a series, those inside modules too, outer ones first."""
    found: list[Group] = []
    for item in items(series):
        if isinstance(item, Group):
            found += (item, *groups(item.body))
    return found


def boxes(series: Iterable[Element]) -> list[Box]:
    """Return every box of a series, those inside modules too."""
    found: list[Box] = []
    for item in items(series):
        found += (item,) if isinstance(item, Box) else boxes(item.body)
    return found


def entered(series: Series, shapes: Mapping[str, Shape]) -> list[Entered]:
    """Return which branches of a fork at the beginning each of several entering values goes into.

    They are numbers of neighbours, from the first up to the last; none where there is no such fork,
    where a branch reads several values or a value enters at several places.
    """
    fork = series[0] if series else None
    if not isinstance(fork, Fork) or len(shapes) == 1:
        return []
    join = [name for item in items(series[1:2]) for name in item.inputs if name in shapes]
    runs: list[tuple[str, int, int]] = []
    for index, branch in enumerate(fork.branches):
        inside = [name for item in items(branch) for name in item.inputs if name in shapes]
        reads = set(inside or join)
        if len(reads) != 1:
            return []
        name = reads.pop()
        if runs and runs[-1][0] == name:
            runs[-1] = (name, runs[-1][1], index + 1)
        else:
            runs.append((name, index, index + 1))
    whole = len({name for name, *_ in runs}) == len(runs) == len(shapes)
    return [(shapes[name], start, end) for name, start, end in runs] if whole else []


def shape_words(shape: Shape) -> str:
    """Return a shape as text, ``?`` where it is not known."""
    return shape_text(shape) if shape else "?"
