"""Which heights and widths of the input a network takes, exactly, up to ``LIMIT`` pixels.

A size works where every node has a shape; heads that are built count. Imports ``runs``,
``spreading``, ``outline`` and what they import.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from archgen.diagnostics import Fault, Faults, SpecError
from archgen.evaluation import Evaluator, Values
from archgen.intervals import LIMIT, Intervals
from archgen.ir import Node, Pair, Shape, shape_text
from archgen.outline import OPEN, FollowsSize, Outline, TooLarge, reads_channels
from archgen.resolve import resolve
from archgen.runs import HEIGHT, WIDTH, Table, along, real, tables_of, valid
from archgen.spec import Spec
from archgen.spreading import Corner, spreading

# What a fault or a table may cost: stretches of all tables on one axis, and nodes.
MODERATE = 50_000
_STRETCHES_A_NODE = 20
UNBOUNDED = 1 << 62


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes that work.

    Where ``is_free``, these are all heights with all widths. Else heights are those at the width
    of ``held``, widths those at its height, and nothing is claimed of other sizes than these and
    squares.
    """

    heights: Intervals
    widths: Intervals
    squares: Intervals
    held: Pair | None = None
    is_free: bool = True

    def __bool__(self) -> bool:
        return bool(self.heights or self.widths or self.squares)

    def nearest(self, height: int, width: int) -> Pair | None:
        """Return the closest of these sizes, of two the larger; None where there is none."""
        if self.is_free:
            high, wide = self.heights.nearest(height), self.widths.nearest(width)
            return (high, wide) if high is not None and wide is not None else None
        known = [(side, side) for side in self.squares.members]
        if self.held is not None:
            known += [(high, self.held[1]) for high in self.heights.members]
            known += [(self.held[0], wide) for wide in self.widths.members]
        far = {pair: abs(pair[0] - height) + abs(pair[1] - width) for pair in known}
        return min(known, key=lambda pair: (far[pair], -sum(pair)), default=None)

    def text(self) -> str:
        """Return the sizes in words: ``heights and widths from 75, checked to 1,024``."""
        if not self:
            beside = f", and no side beside those of {shape_text(self.held)}" if self.held else ""
            return f"no {'square' if beside else 'input'} up to {LIMIT:,}{beside}"
        high, wide = self.heights.text(), self.widths.text()
        words = f"heights {high}, widths {wide}" if high != wide else f"heights and widths {high}"
        if self.held is not None:
            words = f"squares {self.squares.text()}; at width {self.held[1]} heights {high}"
            words += f"; at height {self.held[0]} widths {wide}"
        return f"{words}, checked to {LIMIT:,}"

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the sizes of a network by its name, one kind a line where there are several."""
        first, *more = self.text().split("; ")
        return (f"{name}: {first}", *[f"{' ' * len(name)}  {part}" for part in more])

    def beside(self, shape: Shape) -> str:
        """Return the sizes in words, and the nearest to an input that fails."""
        nearest = self.nearest(*shape[:2])
        if nearest is None:
            return self.text()
        closest = f"the nearest to {shape_text(shape[:2])} is {shape_text(nearest)}"
        return f"{self.text()}; {closest}" if self.is_free else f"{self.text()}; of these {closest}"

    def record(self) -> dict[str, object]:
        """Return everything as JSON-ready data: intervals with both ends, ``held`` as [h, w]."""
        sets = {"heights": self.heights, "widths": self.widths, "squares": self.squares}
        period = {name: found.period and found.period.length for name, found in sets.items()}
        return {
            **{name: [list(pair) for pair in found.pairs] for name, found in sets.items()},
            "period": period,
            "held": list(self.held) if self.held is not None else None,
            "is_free": self.is_free,
            "limit": LIMIT,
        }


NOTHING = Sizes(Intervals(), Intervals(), Intervals())


def sizes_of(
    spec: Spec, parameters: Values, input_shape: Shape | None = None, most: int = UNBOUNDED
) -> Sizes:
    """Return the sizes that work under some parameters; only channels count of ``input_shape``.

    Where axes do not go apart, the input given is the one beside which each is told.

    Raises:
        SpecError: the spec has faults that are not of shapes.
        TooLarge: it would take more than ``most`` nodes or stretches.
    """
    faults = Faults()
    outline = Outline(spec, faults, parameters, input_shape, most // _STRETCHES_A_NODE)
    try:
        nodes = outline.made()
    except FollowsSize:
        return _by_trying(spec, parameters, outline.given or (), most)
    if wrong := [fault for fault in faults.listed() if not _is_of_shapes(fault)]:
        raise SpecError(wrong)
    return NOTHING if faults.has_errors else _by_nodes(nodes, outline.given or (), most)


def quick_sizes(spec: Spec, parameters: Values, input_shape: Shape | None) -> Sizes | None:
    """Return the sizes that work; None where finding them takes long, or a fault is in the way."""
    try:
        return sizes_of(spec, parameters, input_shape, MODERATE)
    except (SpecError, TooLarge):
        return None


def told(
    faults: Sequence[Fault], spec: Spec, parameters: Values, input_shape: Shape | None
) -> tuple[Fault, ...]:
    """Return faults of which the first says what sizes work, where all errors are of shapes."""
    errors = [fault for fault in faults if fault.severity == "error"]
    if not errors or not all(map(_is_of_shapes, errors)):
        return tuple(faults)
    given = Evaluator(spec, Faults(), parameters, input_shape).input_shape
    sizes = quick_sizes(spec, parameters, input_shape)
    if sizes is None or given is None:
        return tuple(faults)
    first = replace(errors[0], sizes=sizes.beside(given))
    return tuple([first if fault is errors[0] else fault for fault in faults])


def _is_of_shapes(fault: Fault) -> bool:
    return fault.code.startswith("E3")


# ── axes apart ────────────────────────────────────────────────────────────────────────────────────


def _by_nodes(nodes: Sequence[Node], given: Shape, most: int) -> Sizes:
    """Return the sizes of nodes that are the same at every input."""
    channels = given[2]
    numbers = range(1, LIMIT + 1)
    high: Table = tuple([(n, (n, OPEN, channels)) for n in numbers])
    wide: Table = tuple([(n, (OPEN, n, channels)) for n in numbers])
    rows = tables_of(nodes, high, along(HEIGHT), most)
    columns = tables_of(nodes, wide, along(WIDTH), most)
    source = _Inferred(nodes, channels, most)
    try:
        corner = spreading(nodes, rows, columns)
        sizes = _apart(valid(rows), valid(columns), corner, source)
    except TooLarge:
        sizes = None
    return _by_runs(source, given) if sizes is None else sizes


def _apart(
    heights: Intervals, widths: Intervals, corner: Corner, source: "_Inferred"
) -> Sizes | None:
    """Return all heights with all widths, if the sizes that work are that; None where not.

    Inside the corner each size is tried; Raises TooLarge where these are many.
    """
    if len(corner.heights) * len(corner.widths) * len(source.nodes) > MODERATE:
        raise TooLarge
    lines = dict.fromkeys(heights.members, widths.members)
    for height in corner.heights:
        tried = {width for width in corner.widths if source.works(height, width)}
        lines[height] = lines.get(height, frozenset()) - corner.widths | tried
    known = {height: line for height, line in lines.items() if line}
    if not known:
        return NOTHING
    if len(set(known.values())) > 1:
        return None
    high, wide = Intervals.of(known), Intervals.of(next(iter(known.values())))
    # Of all these only the largest may be more than a tensor holds.
    fits = source.works(high.pairs[-1][1], wide.pairs[-1][1])
    return Sizes(high, wide, high & wide) if fits else None


# ── axes together ─────────────────────────────────────────────────────────────────────────────────


class _Source(Protocol):
    """Says which sizes work, one by one and along a line."""

    def works(self, height: int, width: int) -> bool: ...

    def line(self, at: Callable[[int], Pair]) -> Intervals: ...


class _Inferred(NamedTuple):
    nodes: Sequence[Node]
    channels: int
    most: int

    def works(self, height: int, width: int) -> bool:
        entering = ((1, (height, width, self.channels)),)
        return bool(valid(tables_of(self.nodes, entering, real, self.most)))

    def line(self, at: Callable[[int], Pair]) -> Intervals:
        entering = tuple([(n, (*at(n), self.channels)) for n in range(1, LIMIT + 1)])
        return valid(tables_of(self.nodes, entering, real, self.most))


class _Resolved(NamedTuple):
    spec: Spec
    parameters: Values
    channels: int

    def works(self, height: int, width: int) -> bool:
        faults, shape = Faults(), (height, width, self.channels)
        graph = resolve(self.spec, faults, self.parameters, shape)
        return graph is not None and not faults.has_errors

    def line(self, at: Callable[[int], Pair]) -> Intervals:
        return Intervals.of(n for n in range(1, LIMIT + 1) if self.works(*at(n)))


def _by_trying(spec: Spec, parameters: Values, given: Shape, most: int) -> Sizes:
    """Return the sizes of a spec that says what follows from them, one by one.

    Where nothing reads ``channels``, the nodes at the input given are those at every other.
    """
    faults = Faults()
    graph = resolve(spec, faults, parameters, given)
    if wrong := [fault for fault in faults.listed() if not _is_of_shapes(fault)]:
        raise SpecError(wrong)
    if graph is not None and not reads_channels(spec.raw):
        return _by_runs(_Inferred(graph.nodes, given[2], most), given)
    if most < UNBOUNDED:
        raise TooLarge
    return _by_runs(_Resolved(spec, parameters, given[2]), given)


def _by_runs(source: _Source, given: Shape) -> Sizes:
    squares = source.line(lambda n: (n, n))
    height, width = held = _held(source, squares, given)
    heights = source.line(lambda n: (n, width))
    widths = source.line(lambda n: (height, n))
    return Sizes(heights, widths, squares, held, is_free=False)


def _held(source: _Source, squares: Intervals, given: Shape) -> Pair:
    """Return the size beside which each axis is tried.

    The input given where it works, else the nearest square that does, else one that does with
    one side of the input given, else the input given.
    """
    height, width = given[:2]
    if source.works(height, width):
        return height, width
    if squares:
        side = min(squares.members, key=lambda n: (abs(n - height) + abs(n - width), -n))
        return side, side
    high = source.line(lambda n: (n, width)).nearest(height)
    if high is not None:
        return high, width
    wide = source.line(lambda n: (height, n)).nearest(width)
    return height, wide if wide is not None else width
