"""Transposed convolutions, which make maps larger."""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.geometry import Axis, reach
from archgen.ir import Pair, Shape, Taps, Turns, View, Weight, Window, size_of
from archgen.ops.fields import (
    Flag,
    Initializer,
    OptionalCounts,
    PairField,
    Positive,
    Regularizer,
    SameOrValid,
    wrong,
)
from archgen.ops.resampling import MOST_TURNS
from archgen.ops.windows import Kernel, require_map


class ConvTranspose(Kernel):
    """Spreads each position over the taps of a kernel; what falls together is added.

    MACs are ``height · width · kernel · channels · filters`` of the input map.
    """

    kind: ClassVar[str] = "conv_transpose"
    keras: ClassVar[str] = "layers.Conv2DTranspose"

    filters: Positive
    kernel_size: PairField
    strides: PairField = (1, 1)
    padding: SameOrValid = "valid"
    output_padding: OptionalCounts = None
    dilation_rate: PairField = (1, 1)
    use_bias: Flag = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    fixed: Flag = False

    @model_validator(mode="after")
    def _as_keras(self) -> Self:
        self.require_one_step()
        for axis, more in zip(self.axes(), self.output_padding or (), strict=False):
            if more >= axis.stride:
                reason = f"`output_padding` of {more} is not below the stride of {axis.stride}"
                raise wrong("output_padding", reason)
            if axis.padding == "same" and reach(axis) % 2 == more == 0:
                reason = f'0 with "same" padding has no place for a window of {reach(axis)}'
                raise wrong("output_padding", f"`output_padding` of {reason}")
        return self

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output map; Raises Refusal E330."""
        require_map(inputs[0], self.label())
        sizes = zip(inputs[0], self._more(), self.strides, strict=False)
        height, width = ((size - 1) * stride + more for size, more, stride in sizes)
        return (height, width, self.filters)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return kernel (height, width, filters, channels) and bias."""
        kernel = Weight("kernel", (*self.kernel_size, self.filters, inputs[0][2]))
        return (kernel, Weight("bias", (self.filters,))) if self.use_bias else (kernel,)

    def macs(self, inputs: tuple[Shape, ...], _output: Shape) -> int:
        """Return input positions × kernel taps × channels × filters."""
        return size_of(inputs[0]) * size_of(self.kernel_size) * self.filters

    def window(self, _inputs: tuple[Shape, ...]) -> Window | View | None:
        """Return the positions whose taps fall on an output; they take turns over the strides."""
        if max(self.strides) > MOST_TURNS:
            return None
        height, width = map(_turns, self.axes(), self._more())
        return View(height, width)

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return the kernel, which lies on the output."""
        return (Taps(self.axes(), 1, self.filters, transposed=True),)

    def _more(self) -> Pair:
        """Return how large the output of a single position is, per axis."""
        padding = self.output_padding or (None, None)
        height, width = map(_of_one, self.axes(), padding)
        return (height, width)


def _of_one(axis: Axis, output_padding: int | None) -> int:
    """Return the output's size for one position; each further one adds a stride (Keras's rule)."""
    if output_padding is None:
        return axis.stride if axis.padding == "same" else max(reach(axis), axis.stride)
    return (reach(axis) % 2 if axis.padding == "same" else reach(axis)) + output_padding


def _turns(axis: Axis, more: int) -> Turns:
    """Return the positions that reach each of ``stride`` outputs.

    Position i reaches from ``i · stride - cut`` on, where ``cut`` is half of what "same" cuts off.
    """
    cut = max(reach(axis) - more, 0) // 2
    ends = [output + cut for output in range(axis.stride)]
    return Turns(
        tuple((-((reach(axis) - 1 - end) // axis.stride), end // axis.stride) for end in ends)
    )
