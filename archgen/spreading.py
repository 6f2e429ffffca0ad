"""Where a join spreads a map that is 1×1 at some inputs only, and so takes both axes together.

Imports ``runs`` and what it imports.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

from archgen.intervals import LIMIT
from archgen.ir import Node, Op, Refusal, Shape
from archgen.outline import MAP, TooLarge, asked
from archgen.runs import HEIGHT, WIDTH, Table, Tables, stretches

# So many pairs of inputs are compared for one join.
_MOST_PAIRS = 10_000


class Corner(NamedTuple):
    """Heights and widths; outside their pairs each axis goes by itself."""

    heights: frozenset[int] = frozenset()
    widths: frozenset[int] = frozenset()

    def with_(self, heights: range, widths: range) -> "Corner":
        """Return these and more."""
        return Corner(self.heights.union(heights), self.widths.union(widths))


def spreading(nodes: Sequence[Node], rows: Tables, columns: Tables) -> Corner:
    """Return the sizes at which some join takes what it would not take axis by axis.

    ``rows`` and ``columns`` are the tables of heights and of widths. Raises TooLarge.
    """
    corner, seen = Corner(), set()
    for node in nodes:
        if len(node.inputs) > 1:
            high = [rows[name] for name in (*node.inputs, node.name)]
            wide = [columns[name] for name in (*node.inputs, node.name)]
            key = (id(node.op), *map(id, high), *map(id, wide))
            if key not in seen:
                for pair in _at(node.op, high, wide):
                    corner = corner.with_(*pair)
            seen.add(key)
    return corner


def _at(op: Op, high: Sequence[Table], wide: Sequence[Table]) -> Iterator[tuple[range, range]]:
    """Return the pairs at which a join says something else than axis by axis."""
    rows, columns = list(_with_ones(high, HEIGHT)), list(_with_ones(wide, WIDTH))
    if len(rows) * len(columns) > _MOST_PAIRS:
        raise TooLarge
    for row, column in product(rows, columns):
        pairs = zip(row.shapes, column.shapes, strict=True)
        shapes = tuple([(one[0], two[1], one[2]) for one, two in pairs])
        if isinstance(asked(op, shapes), Refusal) == (row.fits and column.fits):
            yield row.sizes, column.sizes


class _Stretch(NamedTuple):
    sizes: range
    shapes: tuple[Shape, ...]
    fits: bool


def _with_ones(tables: Sequence[Table], axis: int) -> Iterator[_Stretch]:
    """Return where one of the inputs has extent 1 on an axis here, and is not 1×1 everywhere."""
    side_by_side = [*stretches(tables), (LIMIT + 1, ())]
    for (first, (*inputs, output)), (end, _) in pairwise(side_by_side):
        shapes = tuple([shape for shape in inputs if shape is not None and len(shape) == MAP])
        if len(shapes) == len(inputs) and any(s[axis] == 1 != s[1 - axis] for s in shapes):
            yield _Stretch(range(first, end), shapes, output is not None)
