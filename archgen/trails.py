"""How a tensor got its shape, told for faults: one step for each place where the shape changes.

Imports ``ir`` and ``scopes``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nsmallest

from archgen.ir import Node, Shape, shape_text
from archgen.naming import INPUT
from archgen.scopes import Tensor

MapOf = Mapping[str, Node]
COMPARED = 8


def trail_from_input(made: MapOf, input_shape: Shape, seen_from: str, node: str) -> tuple[str, ...]:
    """Return how a node got its height and width, each module around passed in one step."""
    steps: list[tuple[str, Shape]] = []
    for passed in _back(made, node):
        # What leaves the map as it is makes no step, so its name need not be looked at.
        if passed.shape[:2] == _shape(made, input_shape, passed.inputs[0])[:2]:
            continue
        step = _step(passed.name, seen_from)
        if not steps or steps[-1][0] != step:
            steps.append((step, passed.shape[:2]))
    return _told(input_shape[:2], steps[::-1])


def trail_from_fork(
    made: MapOf, input_shape: Shape, tensors: Sequence[Tensor], axes: int
) -> tuple[str, ...]:
    """Return how one of the tensors that should be joined became other than where they parted.

    ``axes`` is how many of the first axes must be equal; of several tensors that changed in them
    the one is told whose shape is the rarest. Of many tensors only the rarest are looked at.
    """
    often = Counter([tensor.shape[:axes] for tensor in tensors])
    tensors = nsmallest(COMPARED, tensors, key=lambda tensor: often[tensor.shape[:axes]])
    shapes = [tensor.shape[:axes] for tensor in tensors]
    shared = set.intersection(*[_above(made, tensor.node) for tensor in tensors])
    ways = [_until(made, tensor.node, shared) for tensor in tensors]
    starts = [
        _shape(made, input_shape, way[-1].inputs[0] if way else tensor.node)[:axes]
        for way, tensor in zip(ways, tensors, strict=True)
    ]
    numbers = range(len(tensors))
    changed = [number for number in numbers if shapes[number] != starts[number]]
    odd = min(changed or numbers, key=lambda number: often[shapes[number]])
    steps = [(node.name, node.shape[:axes]) for node in reversed(ways[odd])]
    return _told(starts[odd], steps)


def _shape(made: MapOf, input_shape: Shape, node: str) -> Shape:
    return made[node].shape if node in made else input_shape


def _back(made: MapOf, node: str) -> list[Node]:
    """Return a node and those before it, by way of first inputs."""
    way = []
    while node in made:
        way.append(made[node])
        node = made[node].inputs[0]
    return way


def _until(made: MapOf, node: str, shared: set[str]) -> list[Node]:
    """Return a node and those before it, as far as they are not shared."""
    way = []
    while node in made and node not in shared:
        way.append(made[node])
        node = made[node].inputs[0]
    return way


def _above(made: MapOf, node: str) -> set[str]:
    """Return a node and everything that it is made of."""
    found, open_ = {INPUT}, [node]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += made[name].inputs if name in made else ()
    return found


def _told(before: Shape, steps: Sequence[tuple[str, Shape]]) -> tuple[str, ...]:
    """Return a first shape and every step that changes it; nothing where none does."""
    trail = [shape_text(before)]
    for step, after in steps:
        trail += [f"{step} → {shape_text(after)}"] if after != before else []
        before = after
    return tuple(trail) if len(trail) > 1 else ()


def _step(node: str, seen_from: str) -> str:
    """Return a node's name as far as it differs from where it is seen, and one component more."""
    parts, around = node.split("."), seen_from.split(".")
    shared = next(
        (i for i, (one, other) in enumerate(zip(parts, around, strict=False)) if one != other),
        min(len(parts), len(around)),
    )
    return ".".join(parts[: shared + 1])
