"""Places for items whose wiring is neither a series nor parallel: Graphviz finds them.

``dot`` lays out, archgen draws. Imports ``diagnostics``; Graphviz is asked only when needed.
"""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import NamedTuple

from archgen.diagnostics import Fault, MachineError
from archgen.render.scene import Point

INCH = 72.0
POINT = 0.02
ABOVE, BELOW = "above ", "below "  # no name of an item begins so


class Placing(NamedTuple):
    """Where Graphviz puts things: the size of all, the upper left corners, the edges' curves.

    A curve is the control points of cubic Bézier segments, the first its start.
    """

    w: float
    h: float
    corners: Mapping[str, Point]
    curves: Mapping[tuple[str, str], tuple[Point, ...]]


def placed(sizes: Mapping[str, tuple[float, float]], edges: Iterable[tuple[str, str]]) -> Placing:
    """Return places for boxes of given widths and heights, the flow downwards.

    What an edge comes from outside is called ``ABOVE`` and something, what it leaves to ``BELOW``
    and something; both are points at the border.

    Raises:
        MachineError: E509, Graphviz is not installed, or does not finish in time.
    """
    drawn = dict.fromkeys(edges)
    outside = dict.fromkeys(end for edge in drawn for end in edge if end not in sizes)
    numbers = {name: f"n{index}" for index, name in enumerate([*sizes, *outside])}
    lines = ["digraph {", "graph [nodesep=0.25 ranksep=0.4]", "node [shape=box fixedsize=true]"]
    lines += [
        f"{numbers[name]} [width={w / INCH:.4f} height={h / INCH:.4f}]"
        for name, (w, h) in {**dict.fromkeys(outside, (POINT, POINT)), **sizes}.items()
    ]
    for rank, mark in (("min", ABOVE), ("max", BELOW)):
        points = [numbers[name] for name in outside if name.startswith(mark)]
        lines.append(f"{{rank={rank}; {' '.join(points)}}}")
    lines += [f"{numbers[a]} -> {numbers[b]} [arrowhead=none]" for a, b in drawn]
    answer = _asked("\n".join([*lines, "}"]))
    names = {number: name for name, number in numbers.items()}
    return _read(answer, sizes, names)


def _asked(source: str) -> str:
    """Return Graphviz's answer in its plain format."""
    import graphviz

    try:
        answer = graphviz.Source(source).pipe(format="plain", encoding="utf-8", quiet=True)
    except graphviz.ExecutableNotFound as error:
        message = "this network's wiring needs Graphviz to be laid out, and `dot` is not installed"
        advice = (
            "install Graphviz (apt, brew or choco install graphviz), "
            "or write it for another program: `--format dot` or `--format mmd`"
        )
        raise MachineError(Fault("E509", message, help=advice)) from error
    except (subprocess.SubprocessError, OSError) as error:
        message = f"Graphviz cannot lay this network out: {str(error).partition(chr(10))[0]}"
        raise MachineError(Fault("E509", message)) from error
    return str(answer)


def _read(
    answer: str, sizes: Mapping[str, tuple[float, float]], names: Mapping[str, str]
) -> Placing:
    """Return the places of Graphviz's plain output: inches, the origin at the lower left."""
    corners: dict[str, Point] = {}
    curves: dict[tuple[str, str], tuple[Point, ...]] = {}
    w = h = 0.0
    for words in map(str.split, answer.splitlines()):
        if words[0] == "graph":
            w, h = (2.0 * ceil(float(word) * INCH / 2) for word in words[2:4])
        elif words[0] == "node":
            name = names[words[1]]
            ((x, y),) = _points(words[2:4], h)
            wide, high = sizes.get(name, (0.0, 0.0))
            corners[name] = (x - wide / 2, y - high / 2)
        elif words[0] == "edge":
            numbers = list(_points(words[4 : 4 + 2 * int(words[3])], h))
            curves[names[words[1]], names[words[2]]] = tuple(numbers)
    return Placing(w, h, corners, curves)


def _points(words: list[str], height: float) -> Iterator[Point]:
    for x, y in zip(words[::2], words[1::2], strict=True):
        yield (round(float(x) * INCH, 2), round(height - float(y) * INCH, 2))
