"""The nodes that a spec makes whatever the size of its input; no height or width of theirs is real.

Imports ``resolve`` and what it imports.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, product

from archgen.diagnostics import Faults
from archgen.evaluation import Values
from archgen.expressions import is_expression
from archgen.ir import Graph, Node, Op, Refusal, Shape, shape_text
from archgen.limits import LIMITS
from archgen.nodes import Nodes
from archgen.resolve import Context, Resolver
from archgen.scopes import Frame, Slot, Tensor
from archgen.spec import Level, Spec, UseEntry

# Larger than any other legal map, so a window that does not fit here fits nowhere. Of features
# more than that are those of a flattened map, which follow from the size of the input.
OPEN = LIMITS.dimension
MAP = 3
_MOST_NUMBERS = 16


class FollowsSize(Exception):  # noqa: N818 - an answer, not an error
    """What a spec makes, or what an op takes, follows from how many features a flattened map has.

    Also raised where an op takes the axes of a map together, or maps of one size only.
    """


class TooLarge(Exception):  # noqa: N818 - an answer, not an error
    """There is more to do than was allowed."""


class Outline(Resolver):
    """An expansion in which no map is too small and no two maps differ in size.

    Every map is as large as can be, save those that are 1×1 at every input; the refusals that are
    left hold at every size.
    """

    def __init__(
        self, spec: Spec, faults: Faults, parameters: Values, input_shape: Shape | None, most: int
    ) -> None:
        super().__init__(spec, faults, parameters, input_shape)
        self.given = self.input_shape
        self.input_shape = opened(self.given) if self.given is not None else None
        self.nodes = _OpenNodes(faults, self.input_shape, most)

    def made(self) -> list[Node]:
        """Return the nodes in order; those behind a refusal are missing.

        Raises FollowsSize, and TooLarge where there are more than ``most``.
        """
        self.graph()
        return self.nodes.made

    def use(
        self, entry: UseEntry, name: str, slot: Slot, context: Context, entering: Tensor | None
    ) -> Tensor | None:
        """Expand a module; Raises FollowsSize where it counts a flattened map."""
        _require_no_count(entering, self.spec.modules.get(entry.use))
        return super().use(entry, name, slot, context, entering)

    def entered(self, entering: Tensor | None, frame: Frame, path: str, scope: str) -> Context:
        """Return the context of a head; Raises FollowsSize where it counts a flattened map."""
        _require_no_count(entering, self.spec.heads.get(scope))
        return super().entered(entering, frame, path, scope)

    def checked(self, *_: object) -> Graph | None:
        """Return None: shapes that are not real make no graph."""
        return None


class _OpenNodes(Nodes):
    def __init__(self, faults: Faults, input_shape: Shape | None, most: int) -> None:
        super().__init__(faults, input_shape)
        self.left = most

    def infer(self, op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
        """Return the output as large as can be, or a refusal that holds at every size."""
        self.left -= 1
        if self.left < 0:
            raise TooLarge
        if not op.is_separable and any(max(shape) >= OPEN for shape in shapes):
            raise FollowsSize
        flattened = any(map(_is_flattened, shapes))
        if flattened:
            _require_any_count(op, shapes)
        shape = asked(op, shapes)
        if isinstance(shape, Refusal):  # a 1×1 map may meet one that is 1×1 at some inputs
            shape = asked(op, tuple(map(opened, shapes)))
        if isinstance(shape, Refusal):
            _require_no_size(op, shapes)
            return shape
        counts = len(shape) == MAP or not (flattened or any(len(one) == MAP for one in shapes))
        if counts and shape[-1] > OPEN:
            return Refusal("E330", f"{shape_text(shape[-1:])} is beyond what a tensor holds")
        return shape if shape[:2] == (1, 1) else opened(shape)


def asked(op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
    """Return what an op infers, however much a tensor may hold."""
    try:
        return op.infer(shapes)
    except Refusal as refusal:
        return refusal


def opened(shape: Shape) -> Shape:
    """Return a map as large as can be; features as they are."""
    return (OPEN, OPEN, shape[2]) if len(shape) == MAP else shape


def _is_flattened(shape: Shape) -> bool:
    return len(shape) < MAP and shape[-1] > OPEN


def _require_any_count(op: Op, shapes: tuple[Shape, ...]) -> None:
    """Raise FollowsSize where an op takes some counts of features of flattened maps only."""
    apart = [(i + 1,) if _is_flattened(shape) else shape for i, shape in enumerate(shapes)]
    if not isinstance(asked(op, tuple(apart)), Refusal):
        return
    others = [shape for shape in shapes if len(shape) < MAP and not _is_flattened(shape)]
    wanted = others[0] if others else (1,)
    alike = [wanted if _is_flattened(shape) else shape for shape in shapes]
    if not isinstance(asked(op, tuple(alike)), Refusal):
        raise FollowsSize


def _require_no_size(op: Op, shapes: tuple[Shape, ...]) -> None:
    """Raise FollowsSize where an op refuses a large map, but takes one of a size that it names."""
    named = islice({1, *_numbers(op.__dict__.values())}, _MOST_NUMBERS)
    for height, width in product(list(named), repeat=2):
        small = [(height, width, shape[2]) if len(shape) == MAP else shape for shape in shapes]
        if not isinstance(asked(op, tuple(small)), Refusal):
            raise FollowsSize


def _numbers(values: Iterable[object]) -> Iterator[int]:
    for value in values:
        if isinstance(value, int):
            yield max(value, 1)
        elif isinstance(value, tuple):
            yield from _numbers(value)


def _require_no_count(entering: Tensor | None, level: Level | None) -> None:
    flattened = entering is not None and _is_flattened(entering.shape)
    if flattened and level is not None and reads_channels(level.raw):
        raise FollowsSize


def reads_channels(value: object) -> bool:
    """Say whether an expression somewhere in a value may read ``channels``."""
    if is_expression(value):
        return "channels" in value
    if isinstance(value, dict):
        return any(map(reads_channels, value.values()))
    return isinstance(value, list) and any(map(reads_channels, value))
