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

# So many pairs of inputs are compared in all.
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
    corner, seen, left = Corner(), set(), _MOST_PAIRS
    for node in nodes:
        if len(node.inputs) < 2:  # noqa: PLR2004 - a join has more
            continue
        high = [rows[name] for name in (*node.inputs, node.name)]
        wide = [columns[name] for name in (*node.inputs, node.name)]
        key = (id(node.op), *map(id, high), *map(id, wide))
        if key in seen:
            continue
        seen.add(key)
        ones = list(_with_ones(high, HEIGHT)), list(_with_ones(wide, WIDTH))
        left -= len(ones[0]) * len(ones[1])
        if left < 0:
            raise TooLarge
        for row, column in product(*ones):
            if _couples(node.op, row, column):
                corner = corner.with_(row.sizes, column.sizes)
    return corner


class _Stretch(NamedTuple):
    sizes: range
    shapes: tuple[Shape, ...]
    fits: bool


def _couples(op: Op, row: _Stretch, column: _Stretch) -> bool:
    """Say whether a join decides otherwise on both axes than on each."""
    pairs = zip(row.shapes, column.shapes, strict=True)
    shapes = tuple([(one[0], two[1], one[2]) for one, two in pairs])
    return isinstance(asked(op, shapes), Refusal) == (row.fits and column.fits)


def _with_ones(tables: Sequence[Table], axis: int) -> Iterator[_Stretch]:
    """Return where one of the inputs has extent 1 on an axis here, and is not 1×1 everywhere."""
    side_by_side = [*stretches(tables), (LIMIT + 1, ())]
    for (first, (*inputs, output)), (end, _) in pairwise(side_by_side):
        shapes = tuple([shape for shape in inputs if shape is not None and len(shape) == MAP])
        if len(shapes) == len(inputs) and any(s[axis] == 1 != s[1 - axis] for s in shapes):
            yield _Stretch(range(first, end), shapes, output is not None)
