"""A run as pictures: its curves, and what was taken for what; imports ``render``."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log10

from archgen.render.scene import Line, Point, Rect, Scene, Shape, Text
from archgen.render.typography import Run, width, wrapped
from archgen.training.images import Array
from archgen.training.progress import Epoch

Tick = tuple[float, str]

PANEL = (320.0, 200.0)
LEFT, TOP, GAP = 56.0, 84.0, 76.0
LEAST = 1e-5  # what a loss is shown as at least
LEARNED, CHOOSING = "params", "macs"  # roles of colours
BLUE, ORANGE, WHITE = (0, 114, 178), (213, 94, 0), (255, 255, 255)
MOST_NAMED = 40  # classes, beyond which names and counts would be too small to read
DARK = 0.55  # of a cell's colour, from which its text is light


def curves(rows: Sequence[Epoch], title: str, said: str) -> Scene:
    """Return the curves of a run: its losses on a logarithmic axis, its accuracies."""
    across, down = PANEL
    shapes: list[Shape] = [
        Text(LEFT, 22, (Run(title, 15, bold=True),), "start"),
        Text(LEFT, 40, (Run(said, 11, "muted"),), "start"),
    ]
    losses = [[max(row.loss, LEAST), max(row.val_loss, LEAST)] for row in rows]
    logs = [[log10(value) for value in column] for column in zip(*losses, strict=True)]
    shapes += _panel(LEFT, "loss", _powers(logs), logs)
    shares = [[row.accuracy for row in rows], [row.val_accuracy for row in rows]]
    shapes += _panel(LEFT + across + GAP, "accuracy", _percents(shares), shares)
    w, h = LEFT + 2 * across + GAP + 24, TOP + down + 48
    return Scene(w, h, tuple(shapes), title, f"{said}; {len(rows)} epochs")


def _powers(logs: Sequence[Sequence[float]]) -> list[Tick]:
    """Return the powers of ten around logarithms, two of them at least."""
    low = floor(min(map(min, logs)))
    high = max(ceil(max(map(max, logs))), low + 1)
    return [(at, f"{10.0**at:g}") for at in range(low, high + 1)]


def _percents(shares: Sequence[Sequence[float]]) -> list[Tick]:
    """Return the tenths from below the lowest share to all."""
    lowest = min(floor(min(map(min, shares)) * 10), 9)
    return [(tenth / 10, f"{tenth * 10} %") for tenth in range(lowest, 11)]


def _panel(
    left: float, what: str, ticks: Sequence[Tick], series: Sequence[Sequence[float]]
) -> list[Shape]:
    """Return one panel: its frame, its ticks, the curve of training and that of choosing."""
    across, down = PANEL
    low, high = ticks[0][0], ticks[-1][0]
    count = len(series[0])

    def y(value: float) -> float:
        return TOP + down * (high - value) / (high - low)

    def x(index: int) -> float:
        return left + across * (index + 0.5) / count

    shapes: list[Shape] = [Text(left, TOP - 10, (Run(what, 11.5, bold=True),), "start")]
    key = ((LEARNED, "training"), (CHOOSING, "validation"))
    runs = tuple(Run(f"— {name}", 11, role, gap=10 * at) for at, (role, name) in enumerate(key))
    shapes.append(Text(left + across - width(*runs), TOP - 10, runs, "start"))
    for value, name in _thinned(ticks):
        level = y(value)
        shapes.append(Line(((left, level), (left + across, level)), arrow=False, role="track"))
        shapes.append(Text(left - 8, level, (Run(name, 10, "muted"),), "end"))
    shapes += [
        Text(x(index), TOP + down + 14, (Run(str(index + 1), 10, "muted"),))
        for index in sorted({0, count - 1, (count - 1) // 2})
    ]
    shapes.append(Text(left + across / 2, TOP + down + 32, (Run("epoch", 10, "muted"),)))
    for role, values in zip((LEARNED, CHOOSING), series, strict=True):
        shapes += _curve([(x(at), y(value)) for at, value in enumerate(values)], role)
    return shapes


def _thinned(ticks: Sequence[Tick]) -> Sequence[Tick]:
    """Return ticks, no more than six of them, the last included."""
    step = ceil(len(ticks) / 6)
    return ticks[::-1][::step]


def _curve(points: Sequence[Point], role: str) -> list[Shape]:
    """Return a curve of straight pieces; a single point is a dot."""
    if len(points) == 1:
        ((x, y),) = points
        return [Rect(x - 2, y - 2, 4, 4, role, r=2)]
    path = [points[0]]
    for (x, y), (nx, ny) in pairwise(points):
        path += [(x, y), (nx, ny), (nx, ny)]  # a Bézier segment that is straight
    return [Line(tuple(path), arrow=False, role=role, curved=True)]


def confusion_matrix(labels: Array, answered: Array, classes: int) -> list[list[int]]:
    """Return how often each class, a row, was taken for each, a column."""
    matrix = [[0] * classes for _ in range(classes)]
    for true, taken in zip(labels.tolist(), answered.tolist(), strict=True):
        matrix[true][taken] += 1
    return matrix


def confusion(matrix: Sequence[Sequence[int]], names: Sequence[str], title: str) -> Scene:
    """Return a confusion matrix: what was right in blue, what was wrong in orange.

    The depth of a colour is the share of its row; cells without images are left out.
    """
    count = len(names)
    named = count <= MOST_NAMED
    size = 34.0 if count <= 16 else 24.0 if named else max(2.0, 900 / count)  # noqa: PLR2004
    shown = [wrapped(name, 10.5, 120, 1)[0] if name.strip() else "?" for name in names]
    margin = max(width(Run(name, 10.5)) for name in shown) if named else 0.0
    left, top = margin + 44, margin + 78
    said = Run("rows: what it is · columns: what it was taken for", 11, "muted")
    shapes: list[Shape] = [
        Text(16, 22, (Run(title, 15, bold=True),), "start"),
        Text(16, 42, (said,), "start"),
    ]
    for at, name in enumerate(shown if named else ()):
        middle = at * size + size / 2
        shapes.append(Text(left - 8, top + middle, (Run(name, 10.5),), "end"))
        shapes.append(Text(left + middle, top - 8, (Run(name, 10.5),), "start", turned=True))
    side = size * count
    shapes.append(Rect(left, top, side, side, "panel", r=0))
    for row, counts in enumerate(matrix):
        for column, number in enumerate(counts):
            if number:
                place = (left + column * size, top + row * size)
                colour, depth = _colour(number / sum(counts), right=row == column)
                shapes += _cell(place, size, str(number) if named else "", colour, depth)
    w = max(left + side + 24, 40 + width(Run(title, 15, bold=True)), 330)
    return Scene(w, top + side + 20, tuple(shapes), title, "a confusion matrix")


def _colour(share: float, *, right: bool) -> tuple[str, float]:
    """Return the colour of a share and how deep it is; a single error must be seen."""
    depth = share if right else min(1.0, 0.25 + share)
    return _mixed(BLUE if right else ORANGE, depth), depth


def _cell(place: Point, size: float, said: str, colour: str, depth: float) -> list[Shape]:
    x, y = place
    box = Rect(x + 0.5, y + 0.5, size - 1, size - 1, colour, r=0)
    run = Run(said, 10, "on_dark" if depth > DARK else "ink")
    return [box, Text(x + size / 2, y + size / 2, (run,))] if said else [box]


def _mixed(colour: tuple[int, int, int], depth: float) -> str:
    """Return a colour on white."""
    return "#" + "".join(
        f"{round(white + (full - white) * depth):02X}"
        for full, white in zip(colour, WHITE, strict=True)
    )
