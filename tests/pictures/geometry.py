"""What must hold of every picture, whatever network it shows."""

from collections import Counter
from collections.abc import Iterator, Sequence

from archgen.render.paths import steps
from archgen.render.scene import Line, Point, Rect, Scene, Text
from archgen.render.typography import width
from archgen.render.view import Element, Fork, Group, Series, Tangle, View, items

SLACK = 0.51  # coordinates are floats, and a stroke is a pixel wide
STACKED = 8.0  # how far the cards behind a repeated one stand out


def faults(scene: Scene) -> list[str]:
    """Return everything that is wrong with a picture."""
    found = (_overlaps, _texts, _ends, _outside, _crossings)
    return [fault for find in found for fault in find(scene)]


def nodes(scene: Scene) -> list[Rect]:
    """Return the boxes that stand for something."""
    return [shape for shape in scene.shapes if isinstance(shape, Rect) and shape.id]


def edges(scene: Scene) -> Counter[tuple[str, str]]:
    """Return how often each edge is drawn."""
    lines = [shape for shape in scene.shapes if isinstance(shape, Line) and shape.source]
    return Counter((line.source, line.target) for line in lines)


def _overlaps(scene: Scene) -> Iterator[str]:
    placed = nodes(scene)
    for index, one in enumerate(placed):
        for other in placed[index + 1 :]:
            if apart(one, other):
                continue
            if not (holds(one, other) or holds(other, one)):
                yield f"{one.id} overlaps {other.id}"
            elif "panel" not in (one.family, other.family):
                yield f"{one.id} lies on {other.id}"


def apart(one: Rect, other: Rect) -> bool:
    """Return whether two boxes do not overlap."""
    return (
        one.x + one.w <= other.x + SLACK
        or other.x + other.w <= one.x + SLACK
        or one.y + one.h <= other.y + SLACK
        or other.y + other.h <= one.y + SLACK
    )


def holds(outer: Rect, inner: Rect) -> bool:
    """Return whether a box lies in another."""
    return (
        outer.x <= inner.x + SLACK
        and outer.y <= inner.y + SLACK
        and inner.x + inner.w <= outer.x + outer.w + SLACK
        and inner.y + inner.h <= outer.y + outer.h + SLACK
    )


def _texts(scene: Scene) -> Iterator[str]:
    """Find text that leaves the box that it stands in."""
    for text in texts(scene):
        around = [rect for rect in nodes(scene) if holds(rect, _point(text))]
        box = min(around, key=lambda rect: rect.w * rect.h, default=None)
        if box is not None and not holds(box, extent(text)):
            yield f"{text.runs[0].text!r} leaves {box.id}"


def _point(text: Text) -> Rect:
    return Rect(text.x, text.y, 0, 0, "")


def texts(scene: Scene) -> list[Text]:
    """Return the texts."""
    return [shape for shape in scene.shapes if isinstance(shape, Text)]


def extent(text: Text) -> Rect:
    """Return the box that a text fills."""
    long, high = width(*text.runs), max(run.size for run in text.runs)
    start = {"start": 0.0, "middle": long / 2, "end": long}[text.anchor]
    if text.turned:
        return Rect(text.x - high / 2, text.y - long + start, high, long, "")
    return Rect(text.x - start, text.y - high / 2, long, high, "")


def _ends(scene: Scene) -> Iterator[str]:
    placed = nodes(scene)
    lines = [shape for shape in scene.shapes if isinstance(shape, Line)]
    # Where a line out of or into a tangle goes on as one that Graphviz has curved.
    joints = {point for line in lines if not line.source for point in line.points}
    for line in (line for line in lines if line.source):
        for name, point in ((line.source, line.points[0]), (line.target, line.points[-1])):
            rects = [rect for rect in placed if rect.id == name]
            if point not in joints and not any(
                _touches(rect, *point) or rect.family == "panel" for rect in rects
            ):
                yield f"a line of {name} that misses it"


def _touches(rect: Rect, x: float, y: float) -> bool:
    """Say whether a point lies on the border of a box, or of the cards behind it."""
    near = Rect(
        rect.x - SLACK, rect.y - STACKED - 1, rect.w + STACKED + 1, rect.h + 2 * STACKED + 2, ""
    )
    inside = rect.x + 1.5 < x < rect.x + rect.w - 1.5 and rect.y + 1.5 < y < rect.y + rect.h - 1.5
    return holds(near, Rect(x, y, 0, 0, "")) and not inside


def _crossings(scene: Scene) -> Iterator[str]:
    """Find lines that run through words."""
    words = [(text, extent(text)) for text in texts(scene)]
    for line in (shape for shape in scene.shapes if isinstance(shape, Line)):
        around = _hull(line.points)
        near = [(text, rect) for text, rect in words if not apart(around, rect)]
        points = list(_along(line)) if near else []
        for text, rect in near:
            inner = Rect(rect.x + 1, rect.y + 2, rect.w - 2, rect.h - 4, "")
            if any(_is_in(inner, point) for point in points):
                yield f"a line of {line.source} runs through {text.runs[0].text!r}"


def _along(line: Line) -> Iterator[Point]:
    """Return points of a line that are no further from each other than words are high."""
    last = line.points[0]
    for step in steps(line.points, line):
        count = 2 + int(max(abs(step[-1][0] - last[0]), abs(step[-1][1] - last[1])) / 4)
        ends = (last, *step) if len(step) > 1 else (last, last, step[0], step[0])
        yield from (_bezier(ends, number / count) for number in range(count + 1))
        last = step[-1]


def _bezier(ends: Sequence[Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x, y = (sum(w * end[axis] for w, end in zip(weights, ends, strict=True)) for axis in (0, 1))
    return (x, y)


def _hull(points: Sequence[Point]) -> Rect:
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    return Rect(left, top, right - left, bottom - top, "")


def _is_in(rect: Rect, point: Point) -> bool:
    x, y = point
    return rect.x < x < rect.x + rect.w and rect.y < y < rect.y + rect.h


def _outside(scene: Scene) -> Iterator[str]:
    whole = Rect(0, 0, scene.width, scene.height, "")
    for shape in scene.shapes:
        if isinstance(shape, Rect) and not holds(whole, shape):
            yield f"{shape.id or shape.family} leaves the picture"
        if isinstance(shape, Text) and not holds(whole, extent(shape)):
            yield f"{shape.runs[0].text!r} leaves the picture"


# ── what is to be drawn ───────────────────────────────────────────────────────────────────────────


def wanted(view: View, *, opened: bool) -> list[tuple[str, str]]:
    """Return the edges of a whole network's picture; an open module is met at its frame."""
    found: list[tuple[str, str]] = []
    main = f"output {next(iter(view.outputs))}"
    found += [(end, main) for end in _walk(view.body, ["input"], found, opened=opened)]
    folded = {copy: item.name for item in items(view.everything) for copy in item.copies}
    for tap, head in view.heads:
        _step(head, [folded.get(tap, tap)], found, opened=opened)
    return found


def _walk(
    series: Series, sources: Sequence[str], found: list[tuple[str, str]], *, opened: bool
) -> list[str]:
    leaving = list(sources)
    for element in series:
        leaving = _step(element, leaving, found, opened=opened)
    return leaving


def _step(
    element: Element, sources: Sequence[str], found: list[tuple[str, str]], *, opened: bool
) -> list[str]:
    if isinstance(element, Fork):
        branches = element.branches
        return [end for branch in branches for end in _walk(branch, sources, found, opened=opened)]
    if isinstance(element, Tangle):
        ends: dict[str, list[str]] = {}
        for item in element.items:
            entering = [end for name in item.inputs for end in ends.get(name, list(sources))]
            ends[item.name] = _step(item, entering, found, opened=opened)
        return [end for name in element.leaving for end in ends[name]]
    found += [(source, element.name) for source in sources]
    if isinstance(element, Group) and opened:
        inner = _walk(element.body, [element.name], found, opened=True)
        found += [(end, element.name) for end in inner]
    return [] if element.is_dead else [element.name]
