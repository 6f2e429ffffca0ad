"""The shapes of all nodes while one axis of the input, or both, run from 1 to ``LIMIT``.

A table holds one value for each size, written as stretches: the first size and what holds from
there on. What they say comes from the ops' own ``infer``. Imports ``inference``, ``intervals``,
``outline``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from archgen.inference import inferred
from archgen.intervals import LIMIT, Intervals
from archgen.ir import Node, Op, Refusal, Shape
from archgen.naming import INPUT
from archgen.outline import MAP, OPEN, TooLarge, asked

Shapes = tuple[Shape, ...]
Table = tuple[tuple[int, Shape | None], ...]
Infer = Callable[[Op, Shapes], Shape | None]
Tables = Mapping[str, Table]
HEIGHT, WIDTH = 0, 1
# A join looks at all its inputs in every stretch; so many take as long as another op.
INPUTS_A_STRETCH = 8


def real(op: Op, shapes: Shapes) -> Shape | None:
    """Return the output shape of an op, None where it has none."""
    shape = inferred(op, shapes)
    return None if isinstance(shape, Refusal) else shape


def along(axis: int) -> Infer:
    """Return the inference of one axis: the other is as large as can be, or 1 where it always is.

    It holds for ops that treat the axes apart; a refusal is one on this axis.
    """
    other = 1 - axis

    def infer(op: Op, shapes: Shapes) -> Shape | None:
        shape = asked(op, shapes)
        if isinstance(shape, Refusal) or (len(shape) == MAP and shape[axis] > OPEN):
            return None
        return shape if shape[:2] == (1, 1) else _opened(shape, other)

    return infer


def _opened(shape: Shape, other: int) -> Shape:
    if len(shape) < MAP:
        return shape
    return (OPEN, shape[1], shape[2]) if other == HEIGHT else (shape[0], OPEN, shape[2])


def tables_of(nodes: Sequence[Node], entering: Table, infer: Infer, most: int) -> Tables:
    """Return the table of every node; Raises TooLarge beyond ``most`` stretches in all.

    Tables are numbered by value, so that what is repeated is inferred once.
    """
    tables = {INPUT: entering}
    known: dict[tuple[int, ...], Table] = {}
    equal: dict[Table, Table] = {}
    for node in nodes:
        inputs = [tables[name] for name in node.inputs]
        if type(node.op).infer is Op.infer:  # it gives back the shape that enters
            tables[node.name] = inputs[0]
            continue
        key = (id(node.op), *map(id, inputs))
        table = known.get(key)
        if table is None:
            if len(inputs) * max(map(len, inputs)) > most * INPUTS_A_STRETCH:
                raise TooLarge
            table = _table(node.op, inputs, infer)
            table = known[key] = equal.setdefault(table, table)
            most -= len(table) * max(len(inputs) // INPUTS_A_STRETCH, 1)
            if most < 0:
                raise TooLarge
        tables[node.name] = table
    return tables


def _table(op: Op, inputs: Sequence[Table], infer: Infer) -> Table:
    found: list[tuple[int, Shape | None]] = []
    for first, shapes in stretches(inputs):
        sound = tuple([shape for shape in shapes if shape is not None])
        shape = infer(op, sound) if len(sound) == len(shapes) else None
        if not found or found[-1][1] != shape:
            found.append((first, shape))
    return tuple(found)


def stretches(tables: Sequence[Table]) -> Iterator[tuple[int, tuple[Shape | None, ...]]]:
    """Return the values of several tables side by side, wherever one of them changes."""
    if len(tables) == 1:
        for first, shape in tables[0]:
            yield first, (shape,)
        return
    changes: dict[int, list[tuple[int, Shape | None]]] = {}
    for column, table in enumerate(tables):
        for first, shape in table:
            changes.setdefault(first, []).append((column, shape))
    values: list[Shape | None] = [None] * len(tables)
    for first in sorted(changes):
        for column, shape in changes[first]:
            values[column] = shape
        yield first, tuple(values)


def valid(tables: Tables) -> Intervals:
    """Return the sizes at which every node has a shape."""
    works = bytearray(b"\1") * (LIMIT + 1)
    for table in {id(table): table for table in tables.values()}.values():
        for (first, shape), (end, _) in pairwise([*table, (LIMIT + 1, None)]):
            if shape is None:
                works[first:end] = bytes(end - first)
    return Intervals.of(n for n in range(1, LIMIT + 1) if works[n])
