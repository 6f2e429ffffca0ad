"""Where reached scalars go when a shape is laid out anew; imports ``regions`` and ``ir``."""

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice, repeat

from archgen.ir import Moved, Shape, size_of
from archgen.lints.positions import Span, TooMany, breaks, merged
from archgen.lints.regions import (
    NOTHING,
    Region,
    Value,
    columns_at,
    extent_of,
    full_value,
    joined,
    united,
    whole,
)

Run = tuple[int, bool]
MOST_RUNS = 16_384
MOST_PIECES = 64
MOST_SCALARS = 1 << 20


def moved(value: Value, shape: Shape, move: Moved) -> Value:
    """Return a value under another shape."""
    if value == full_value(shape):
        return full_value(move.shape)
    runs = list(islice(_runs(value, shape), MOST_RUNS + 1))
    if len(runs) > MOST_RUNS:
        raise TooMany
    if move.order not in {(), tuple(range(len(shape)))}:
        runs = list(_reordered(runs, shape, move.order))
    return _folded(runs, move.shape)


def _runs(value: Value, shape: Shape) -> Iterator[Run]:
    """Return the scalars row by row, channels innermost, as runs that are reached or not."""
    height, width = extent_of(shape)
    bands = breaks((rows for _, region in value for rows, _ in region), height)
    return _merged(
        run
        for start, stop in bands
        for run in _times(list(_merged(_row(value, start, width))), stop - start)
    )


def _row(value: Value, row: int, width: int) -> Iterator[Run]:
    sets = [(channels, columns_at(region, row)) for channels, region in value]
    for start, stop in breaks((columns for _, columns in sets), width):
        inside = [(n, any(a <= start < b for a, b in columns)) for n, columns in sets]
        yield from _times(list(_merged(inside)), stop - start)


def _times(runs: list[Run], times: int) -> Iterable[Run]:
    if len(runs) == 1:
        return [(runs[0][0] * times, runs[0][1])]
    return chain.from_iterable(repeat(runs, times))


def _merged(runs: Iterable[Run]) -> Iterator[Run]:
    for reached, equal in groupby(runs, key=lambda run: run[1]):
        yield sum(length for length, _ in equal), reached


def _reordered(runs: list[Run], shape: Shape, order: tuple[int, ...]) -> Iterator[Run]:
    """Return the runs of the same scalars with the axes of their shape in another order."""
    if size_of(shape) > MOST_SCALARS:
        raise TooMany
    flat = b"".join(bytes([reached]) * length for length, reached in runs)
    starts = [0]
    for axis in order:
        step = size_of(shape[axis + 1 :])
        starts = [start + i * step for start in starts for i in range(shape[axis])]
    return _merged((1, bool(flat[start])) for start in starts)


def _folded(runs: list[Run], shape: Shape) -> Value:
    """Return the value of a shape whose scalars are these, row by row."""
    if len(shape) == 1:
        return joined((length, whole(shape) if reached else NOTHING) for length, reached in runs)
    pieces: dict[Span, list[Span]] = {}
    start = 0
    for length, reached in runs:
        if reached:
            for channels, positions in _pieces(start, start + length, shape[-1]):
                pieces.setdefault(channels, []).append(positions)
        start += length
    if len(pieces) > MOST_PIECES:
        raise TooMany
    width = extent_of(shape)[1]
    regions = {channels: _region(merged(spans), width) for channels, spans in pieces.items()}
    stretches = breaks(((channels,) for channels in regions), shape[-1])
    return joined(
        (stop - first, united(r for (a, b), r in regions.items() if a <= first < b))
        for first, stop in stretches
    )


def _pieces(start: int, stop: int, channels: int) -> Iterator[tuple[Span, Span]]:
    """Cut a run of scalars into stretches of channels × stretches of positions."""
    (first, skipped), (last, left) = divmod(start, channels), divmod(stop, channels)
    if first == last:
        yield (skipped, left), (first, first + 1)
        return
    if skipped:
        yield (skipped, channels), (first, first + 1)
        first += 1
    if first < last:
        yield (0, channels), (first, last)
    if left:
        yield (0, left), (last, last + 1)


def _region(positions: Iterable[Span], width: int) -> Region:
    """Return positions that are counted row by row as a region."""
    regions: list[Region] = []
    for start, stop in positions:
        rows_of = _pieces(start, stop, width)
        regions += [((((rows,), (columns,))),) for columns, rows in rows_of]
    return united(regions)
