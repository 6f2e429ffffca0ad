"""Convolutions of each channel by itself.

Both refuse unequal strides: TensorFlow's kernel takes them nowhere but in its oneDNN build.
"""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.ir import Shape, Taps, Weight, size_of
from archgen.ops.fields import Flag, Initializer, Padding, PairField, Positive, Regularizer, wrong
from archgen.ops.windows import Kernel, lay, times


class _Depthwise(Kernel):
    @model_validator(mode="after")
    def _as_tensorflow(self) -> Self:
        self.require_one_step()
        if self.strides[0] != self.strides[1]:
            reason = f"where TensorFlow convolves by channel, not {times(self.strides)}"
            raise wrong("strides", f"`strides` must be equal {reason}")
        return self


class DepthwiseConv(_Depthwise):
    """Convolves each channel with ``depth_multiplier`` kernels of its own.

    MACs are ``height · width · kernel · channels · depth_multiplier`` of the output map.
    """

    kind: ClassVar[str] = "depthwise_conv"
    keras: ClassVar[str] = "layers.DepthwiseConv2D"

    kernel_size: PairField
    strides: PairField = (1, 1)
    padding: Padding = "valid"
    depth_multiplier: Positive = 1
    dilation_rate: PairField = (1, 1)
    use_bias: Flag = True
    depthwise_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    depthwise_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output map; Raises Refusal E310, E330."""
        height, width = lay(inputs[0], self.axes(), self.label)
        return (height.size, width.size, inputs[0][2] * self.depth_multiplier)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return kernel (height, width, channels, depth_multiplier) and bias."""
        channels = inputs[0][2]
        kernel = Weight("kernel", (*self.kernel_size, channels, self.depth_multiplier))
        bias = Weight("bias", (channels * self.depth_multiplier,))
        return (kernel, bias) if self.use_bias else (kernel,)

    def macs(self, _inputs: tuple[Shape, ...], output: Shape) -> int:
        """Return output positions × kernel taps × channels × depth_multiplier."""
        return size_of(output) * size_of(self.kernel_size)

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return the kernel: each channel meets ``depth_multiplier`` of its own at every tap."""
        return (Taps(self.axes(), inputs[0][2], self.depth_multiplier),)


class SeparableConv(_Depthwise):
    """Convolves each channel by itself, then mixes them into filters at each position.

    MACs are ``height · width · channels · depth_multiplier · (kernel + filters)`` of the output.
    """

    kind: ClassVar[str] = "separable_conv"
    keras: ClassVar[str] = "layers.SeparableConv2D"

    filters: Positive
    kernel_size: PairField
    strides: PairField = (1, 1)
    padding: Padding = "valid"
    dilation_rate: PairField = (1, 1)
    depth_multiplier: Positive = 1
    use_bias: Flag = True
    depthwise_initializer: Initializer = "glorot_uniform"
    pointwise_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    depthwise_regularizer: Regularizer = None
    pointwise_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    fixed: Flag = False

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output map; Raises Refusal E310, E330."""
        height, width = lay(inputs[0], self.axes(), self.label)
        return (height.size, width.size, self.filters)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return the kernel of each channel, the mixing one (1, 1, between, filters) and bias."""
        channels = inputs[0][2]
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (1, 1, channels * self.depth_multiplier, self.filters)
        kernels = (Weight("depthwise_kernel", depthwise), Weight("pointwise_kernel", pointwise))
        return (*kernels, Weight("bias", (self.filters,))) if self.use_bias else kernels

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Return positions × channels × depth_multiplier × (kernel taps + filters)."""
        between = output[0] * output[1] * inputs[0][2] * self.depth_multiplier
        return between * (size_of(self.kernel_size) + self.filters)

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return the kernel of each channel, then the mix of them all."""
        depthwise = Taps(self.axes(), inputs[0][2], self.depth_multiplier)
        return (depthwise, Taps(groups=1, weights=self.filters))
