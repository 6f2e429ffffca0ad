"""Sets of positions of a map, and maps whose channels have such sets; imports ``positions``.

A region is a union of products, rows × columns, none within another. A value is its channels in
order, stretches of them with one region each; features are the channels of a 1×1 map. Nearly
always a value is one stretch and one product: the whole map.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from archgen.ir import Shape, size_of
from archgen.lints.positions import Positions, TooMany, breaks, contains, count, full, merged

Product = tuple[Positions, Positions]
Region = tuple[Product, ...]
Segment = tuple[int, Region]
Value = tuple[Segment, ...]

NOTHING: Region = ()
MOST_PRODUCTS = 64
MOST_SEGMENTS = 16_384


def extent_of(shape: Shape) -> tuple[int, int]:
    """Return height and width of a map; features are 1×1."""
    return (1, 1) if len(shape) == 1 else (shape[0], size_of(shape[1:-1]))


def whole(shape: Shape) -> Region:
    """Return every position of a map."""
    height, width = extent_of(shape)
    return ((full(height), full(width)),)


def full_value(shape: Shape) -> Value:
    """Return a value that is reached everywhere."""
    return ((shape[-1], whole(shape)),)


def nothing(shape: Shape) -> Value:
    """Return a value that is reached nowhere."""
    return ((shape[-1], NOTHING),)


def united(regions: Iterable[Region]) -> Region:
    """Return the union of regions."""
    products = sorted({product for region in regions for product in region if all(product)})
    if len(products) == 1:
        return (products[0],)
    if len(products) > MOST_PRODUCTS:
        raise TooMany
    return tuple(one for one in products if not any(_within(one, other) for other in products))


def _within(one: Product, other: Product) -> bool:
    return one != other and contains(other[0], one[0]) and contains(other[1], one[1])


def area(region: Region) -> int:
    """Return how many positions a region has."""
    if len(region) < 2:  # noqa: PLR2004 - one product needs no union
        return sum(count(rows) * count(columns) for rows, columns in region)
    bands = breaks((rows for rows, _ in region), 0)
    return sum((stop - start) * count(columns_at(region, start)) for start, stop in bands)


def columns_at(region: Region, row: int) -> Positions:
    """Return the positions of a region in one row."""
    spans = (columns for rows, columns in region if any(a <= row < b for a, b in rows))
    return merged(span for columns in spans for span in columns)


def joined(segments: Iterable[Segment]) -> Value:
    """Return segments side by side as a value."""
    runs = groupby(segments, key=lambda segment: segment[1])
    value = tuple((sum(channels for channels, _ in run), region) for region, run in runs)
    if len(value) > MOST_SEGMENTS:
        raise TooMany
    return value


def overlaid(values: Sequence[Value]) -> Value:
    """Return the union of values of equally many channels, channel by channel."""
    if len(set(values)) == 1:
        return values[0]
    ends = sorted({end for value in values for end in _ends(value)})
    readers = [_Reader(value) for value in values]
    starts = [0, *ends[:-1]]
    return joined(
        (end - start, united(reader.at(start) for reader in readers))
        for start, end in zip(starts, ends, strict=True)
    )


def _ends(value: Value) -> Iterator[int]:
    end = 0
    for channels, _ in value:
        end += channels
        yield end


class _Reader:
    """Reads the regions of a value's channels in rising order."""

    def __init__(self, value: Value) -> None:
        self.segments = iter(value)
        self.end, self.region = 0, NOTHING

    def at(self, channel: int) -> Region:
        while self.end <= channel:
            channels, self.region = next(self.segments)
            self.end += channels
        return self.region


def grouped(value: Value, size: int) -> Iterator[tuple[int, tuple[Region, ...]]]:
    """Return runs of groups of ``size`` channels: how many, and the regions in each of them."""
    filled, inside = 0, []
    for channels, region in value:
        left = channels
        if filled:
            taken = min(size - filled, left)
            filled, left = filled + taken, left - taken
            inside.append(region)
            if filled == size:
                yield 1, tuple(inside)
                filled, inside = 0, []
        if left >= size:
            yield left // size, (region,)
        if left % size and not filled:
            filled, inside = left % size, [region]
