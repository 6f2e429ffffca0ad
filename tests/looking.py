"""What each position of a node looks at, without the image: what the random graphs hold fields to.

Imports ``reference`` and its parts, whose windows these are; nothing of it asks for a field.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any, NamedTuple

from archgen.ir import Graph, Node, Shape
from archgen.ops.arrange import Permute, Reshape, ZeroPad
from archgen.ops.resample import UpSample
from archgen.ops.transpose import ConvTranspose
from tests import reference
from tests.random_specs import ENDING, WINDOWED
from tests.reference_maps import KERNELS


class Along(NamedTuple):
    """What is known of a node's positions on one axis, without the image.

    ``cut`` says of each whether a window on the way to it reaches over a border. Positions take
    ``turns`` and lie ``jump`` pixels apart, 0 where each sees all, as behind a 1×1 map that was
    ``spread``. Some see nothing where they are ``holed``. Where they are ``loose`` they see no more
    than the analysis says, but maybe less.
    """

    cut: tuple[bool, ...]
    turns: int = 1
    jump: Fraction = Fraction(1)
    holed: bool = False
    loose: bool = False
    spread: bool = False


class Known(NamedTuple):
    """Height and width of a node; where they are ``turned``, height runs along the columns.

    Channels may have ``taken`` an axis over, and each sees less than all of them.
    """

    axes: tuple[Along, Along]
    turned: bool = False
    taken: bool = False

    def of(self, axis: int) -> Along:
        """Return what runs along the rows (0) or the columns (1) of the image."""
        return self.axes[self.place(axis)]

    def place(self, axis: int) -> int:
        """Return the node's axis along which the rows or the columns run."""
        return 1 - axis if self.turned else axis

    def loosened(self) -> "Known":
        height, width = (each._replace(loose=True) for each in self.axes)
        return self._replace(axes=(height, width))


def along(graph: Graph) -> Mapping[str, Known]:
    """Follow every node's positions."""
    height, width = (Along((False,) * size) for size in graph.inputs["input"][:2])
    found = {"input": Known((height, width))}
    for node in graph:
        inputs = [found[name] for name in node.inputs]
        if len(inputs) > 1:
            found[node.name] = _joined(inputs)
        else:
            found[node.name] = _behind(node, inputs[0], graph.input_shapes(node)[0])
    return found


def _behind(node: Node, first: Known, shape: Shape) -> Known:
    if node.op.kind in ENDING and len(shape) > 1:
        return _whole(first, node.shape)
    if isinstance(node.op, Reshape):
        return first if node.shape == shape else _whole(first, node.shape).loosened()
    if isinstance(node.op, Permute):
        return _permuted(node.op, first, node.shape)
    if node.op.kind not in LOOKS:
        return first
    height, width = (_looked(node.op, each, axis) for axis, each in enumerate(first.axes))
    return first._replace(axes=(height, width))


def _whole(first: Known, shape: Shape) -> Known:
    """Return what sees everything from each position, of which features have one."""
    sizes = (*shape[:2], 1) if len(shape) > 1 else (1, 1)
    height, width = (_all(each, size) for each, size in zip(first.axes, sizes, strict=False))
    return first._replace(axes=(height, width))


def _all(each: Along, size: int) -> Along:
    cut, still = (any(each.cut),) * size, Fraction(0)
    return Along(cut, 1, still, loose=each.loose, spread=each.spread)


def _permuted(op: Permute, first: Known, shape: Shape) -> Known:
    """Take axes from where they were; one that goes into the channels is seen as a whole."""
    if len(shape) == 1:
        return first
    sources = [axis - 1 for axis in op.dims[:2]]
    moved = 1 - min(sources)
    turned = first.turned != ((sources[0] if sources[0] < 2 else moved) == 1)
    height, width = (
        first.axes[axis] if axis < 2 else _all(first.axes[moved], size)
        for axis, size in zip(sources, shape, strict=False)
    )
    found = Known((height, width), turned, first.taken or 2 in sources)
    return found.loosened() if first.taken and 2 in sources else found


def _looked(op: Any, each: Along, axis: int) -> Along:
    looks, turns, stride = LOOKS[op.kind](op, len(each.cut), axis)
    cut = [any(not 0 <= p < len(each.cut) or each.cut[p] for p in look) for look in looks]
    dilated = max(getattr(op, "dilation_rate", (1, 1))) > 1
    # Between two positions, nearest may take either.
    either = op.kind == "resize" and op.interpolation == "nearest"
    return Along(
        tuple(cut),
        each.turns // gcd(each.turns, stride) * turns,
        each.jump * stride / turns,
        each.holed or not all(looks),
        each.loose or either or (dilated and each.holed),
        each.spread,
    )


def _joined(inputs: Sequence[Known]) -> Known:
    sizes = {len(each.axes[0].cut) * len(each.axes[1].cut) for each in inputs}
    height, width = (_met([each.axes[axis] for each in inputs]) for axis in (0, 1))
    spread = len(sizes) > 1
    if spread:
        height, width = (
            each._replace(turns=1, jump=Fraction(0), spread=True) for each in (height, width)
        )
    turned = [each.turned for each in inputs]
    met = Known((height, width), all(turned), any(each.taken for each in inputs))
    jumps = {tuple(axis.jump for axis in each.axes) for each in inputs}
    in_step = len(set(turned)) == 1 and (len(jumps) == 1 or spread)
    return met if in_step else met.loosened()


def _met(axes: Sequence[Along]) -> Along:
    size = max(len(each.cut) for each in axes)
    cut = [any(each.cut[p if len(each.cut) > 1 else 0] for each in axes) for p in range(size)]
    jumps = {each.jump for each in axes}
    return Along(
        tuple(cut),
        lcm(*(each.turns for each in axes)) if len(jumps) == 1 else 1,
        jumps.pop() if len(jumps) == 1 else Fraction(0),
        any(each.holed for each in axes),
        any(each.loose or each.holed for each in axes),
        any(each.spread for each in axes),
    )


# ── what each position looks at, borders or not ───────────────────────────────────────────────────


class Looks(NamedTuple):
    """The positions that each output looks at; they repeat every ``turns`` outputs."""

    positions: Sequence[Sequence[int]]
    turns: int = 1
    stride: int = 1


def _windows(op: Any, size: int, axis: int) -> Looks:
    stride = (op.strides or op.pool_size)[axis]
    return Looks(reference.line(op, size, axis).windows, 1, stride)


def _moved(op: Any, size: int, axis: int) -> Looks:
    sides = op.padding if isinstance(op, ZeroPad) else [(-a, -b) for a, b in op.cropping]
    before, after = sides[axis]
    return Looks([[p] for p in range(-before, size + after)])


def _transposed(op: ConvTranspose, size: int, axis: int) -> Looks:
    outputs, taps = reference.spread_over(op, size, axis)
    stride, far = op.strides[axis], len(taps[0]) * op.dilation_rate[axis] + outputs
    every = {p: [tap + p * stride for tap in taps[0]] for p in range(-far, far)}
    looks = [[p for p, own in every.items() if output in own] for output in range(outputs)]
    return Looks(looks, stride)


def _resampled(op: Any, size: int, axis: int) -> Looks:
    new = op.size[axis] * size if isinstance(op, UpSample) else (op.height, op.width)[axis]
    scale = Fraction(size, new)
    middles = [(output + Fraction(1, 2)) * scale for output in range(new)]
    looks = [[floor(middle)] for middle in middles]
    if op.interpolation != "nearest":
        spread = max(scale, Fraction(1)) if getattr(op, "antialias", False) else Fraction(1)
        near = range(-6 * ceil(spread), size + 6 * ceil(spread))
        kernel = KERNELS[op.interpolation]
        looks = [
            [p for p in near if kernel(abs(p + Fraction(1, 2) - middle) / spread)]
            for middle in middles
        ]
    return Looks(looks, scale.denominator, scale.numerator)


LOOKS: Mapping[str, Callable[[Any, int, int], Looks]] = {
    **dict.fromkeys(WINDOWED, _windows),
    **dict.fromkeys(("crop", "zero_pad"), _moved),
    **dict.fromkeys(("up_sample", "resize"), _resampled),
    "conv_transpose": _transposed,
}
