"""Weights that take in ``scale · x + shift`` of the channels beside them, as expressions.

Imports ``ops``, ``geometry`` and the contract of passes. A host is an op that has such weights: a
convolution of any kind, or a dense layer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from archgen.geometry import fit
from archgen.ir import Node, Shape
from archgen.ops.conv import Conv
from archgen.ops.dense import Dense
from archgen.ops.depthwise import DepthwiseConv, SeparableConv
from archgen.ops.transpose import ConvTranspose
from archgen.passes.contract import Expression, Old, Plus, Shaped, Sum, Times

Host = Conv | Dense | DepthwiseConv | SeparableConv | ConvTranspose
Made = tuple[str, Expression]


@dataclass(frozen=True, slots=True)
class Affine:
    """``scale · x + shift``: numbers for all channels, or vectors of them; no shift is None."""

    scale: Expression
    shift: Expression | None

    @property
    def is_uniform(self) -> bool:
        """Say whether all channels share scale and shift."""
        return isinstance(self.scale, float)


def is_linear(op: Host) -> bool:
    """Say whether nothing stands between the weights of a host and what leaves it."""
    return not isinstance(op, Dense) or op.activation == "linear"


def behind(host: Node, op: Host, channels: int, affine: Affine) -> Iterator[Made]:
    """Return the weights of a host that answers ``affine`` of what it answered.

    ``channels`` enter it. The scale lies along the axis of the kernel that leaves.
    """
    kernel, layout = "kernel", None
    if isinstance(op, SeparableConv):
        kernel = "pointwise_kernel"
    elif isinstance(op, DepthwiseConv):
        layout = (channels, op.depth_multiplier)
    elif isinstance(op, ConvTranspose):
        layout = (op.filters, 1)
    yield kernel, Times(Old(host.name, kernel), _laid(affine.scale, layout))
    bias = [Times(Old(host.name, "bias"), affine.scale)] if op.use_bias else []
    yield from _bias(bias, affine.shift)


def takes(op: Host, entering: Shape, affine: Affine) -> bool:
    """Say whether a host can take in what is in front of it, exactly.

    Padding is 0 behind a shift, too, so no window may reach beyond the map; at the border of a
    transposed convolution taps are missing, and it takes no shift. Vectors of channels have no axis
    of their own in a kernel of groups.
    """
    if isinstance(op, Conv) and op.groups > 1 and not affine.is_uniform:
        return False
    if affine.shift is None or isinstance(op, Dense):
        return True
    return not isinstance(op, ConvTranspose) and not _is_padded(op, entering)


def in_front(host: Node, op: Host, channels: int, affine: Affine) -> Iterator[Made]:
    """Return the weights of a host that answers for x what it answered for ``affine`` of x.

    The scale lies along the axis of the kernel that is entered; the shift passes the kernel.
    """
    kernel = "depthwise_kernel" if isinstance(op, SeparableConv) else "kernel"
    old = Old(host.name, kernel)
    yield kernel, Times(old, _laid(affine.scale, (channels, 1)))
    if affine.shift is not None:
        bias = [Old(host.name, "bias")] if op.use_bias else []
        passed = Times(old, _laid(affine.shift, (channels, 1)))
        yield from _bias(bias, _total(host, op, channels, passed))


def _total(host: Node, op: Host, channels: int, passed: Expression) -> Expression:
    """Return what the shift of all taps and channels adds to each filter."""
    if isinstance(op, DepthwiseConv):
        return Shaped(Sum(passed, (0, 1)), (channels * op.depth_multiplier,))
    if isinstance(op, SeparableConv):
        between = Shaped(Sum(passed, (0, 1)), (channels * op.depth_multiplier, 1))
        return Sum(Times(Old(host.name, "pointwise_kernel"), between), (0, 1, 2))
    return Sum(passed, (0,) if isinstance(op, Dense) else (0, 1, 2))


def _bias(parts: Sequence[Expression], shift: Expression | None) -> Iterator[Made]:
    parts = parts if shift is None else [*parts, shift]
    if parts:
        yield "bias", reduce(Plus, parts)


def _laid(value: Expression, layout: Shape | None) -> Expression:
    """Return a vector in the shape in which a kernel meets it; a number has none."""
    return value if layout is None or isinstance(value, float) else Shaped(value, layout)


def _is_padded(op: Conv | DepthwiseConv | SeparableConv, entering: Shape) -> bool:
    laid = [fit(size, axis) for size, axis in zip(entering, op.axes(), strict=False)]
    return any(each is None or each.before or each.after for each in laid)
