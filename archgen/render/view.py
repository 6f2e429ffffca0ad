"""The view model: a network as boxes, modules, branches and folds; every drawing reads it.

A box is one entry of the spec: convolution, norm and activation fused. A group is a use of a
module. Imports ``ir``; ``viewing`` makes it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from archgen.ir import Caption, Pair, Shape, shape_text


@dataclass(frozen=True, slots=True)
class Box:
    """One entry's nodes as a picture shows them; ``copies`` are the names it stands for.

    ``origin`` is the JSON Pointer of the entry, ``at`` its file and line, ``fault`` what is wrong
    with it; a ``shape`` that is not known is empty.
    """

    name: str
    caption: Caption
    shape: Shape
    params: int
    macs: int
    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    origin: str = ""
    at: str = ""
    field: Pair = (0, 0)
    copies: tuple[str, ...] = ()
    fault: str = ""

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


@dataclass(frozen=True, slots=True)
class Group:
    """A use of a module, or a head; params and MACs are those of one copy.

    ``entering`` and ``shape`` are what enters the first copy and leaves the last; ``widest`` is
    the largest copy's params where they differ.
    """

    name: str
    module: str
    title: str
    body: "Series"
    entering: Shape
    shape: Shape
    params: int
    macs: int
    inputs: tuple[str, ...]
    copies: tuple[str, ...] = ()
    totals: tuple[int, int] = (0, 0)
    alike: bool = True
    signature: object = field(default=(), repr=False)

    @property
    def fault(self) -> str:
        """Return what is wrong first inside it, "" where nothing is."""
        return next((box.fault for box in boxes(self.body) if box.fault), "")

    @property
    def family(self) -> str:
        """Return what colours its card: whether it is faulty, or not known."""
        return "fault" if self.fault else "card" if self.is_known else "unknown"

    @property
    def is_known(self) -> bool:
        """Return whether all shapes inside it are known."""
        return all(box.shape for box in boxes(self.body))


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


def items(series: Iterable[Element]) -> Iterator[Item]:
    """Return every item of a series, those in branches too, but none inside a module."""
    for element in series:
        if isinstance(element, Fork):
            for branch in element.branches:
                yield from items(branch)
        elif isinstance(element, Tangle):
            yield from element.items
        else:
            yield element


def groups(series: Iterable[Element]) -> Iterator[Group]:
    """Return every module of a series, those inside modules too, outer ones first."""
    for item in items(series):
        if isinstance(item, Group):
            yield item
            yield from groups(item.body)


def boxes(series: Iterable[Element]) -> Iterator[Box]:
    """Return every box of a series, those inside modules too."""
    for item in items(series):
        if isinstance(item, Box):
            yield item
        else:
            yield from boxes(item.body)


def shape_words(shape: Shape) -> str:
    """Return a shape as text, ``?`` where it is not known."""
    return shape_text(shape) if shape else "?"
