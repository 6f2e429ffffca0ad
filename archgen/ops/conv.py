"""Convolutions over all channels of a group."""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.ir import Refusal, Shape, Taps, Weight, size_of
from archgen.ops.fields import Flag, Initializer, Padding, PairField, Positive, Regularizer, wrong
from archgen.ops.windows import Kernel, lay


class Conv(Kernel):
    """2D convolution over height × width × channels.

    MACs are ``height · width · kernel · channels / groups · filters`` of the output map.
    """

    kind: ClassVar[str] = "conv"
    keras: ClassVar[str] = "layers.Conv2D"

    filters: Positive
    kernel_size: PairField
    strides: PairField = (1, 1)
    padding: Padding = "valid"
    dilation_rate: PairField = (1, 1)
    groups: Positive = 1
    use_bias: Flag = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    fixed: Flag = False

    @model_validator(mode="after")
    def _as_keras(self) -> Self:
        self.require_one_step()
        if self.filters % self.groups:
            reason = f"{self.filters} filters do not divide into {self.groups} groups"
            raise wrong("groups", reason)
        return self

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output map; Raises Refusal E310, E330."""
        height, width = lay(inputs[0], self.axes(), self.label)
        if inputs[0][2] % self.groups:
            channels = inputs[0][2]
            message = f"{channels} channels do not divide into {self.groups} groups"
            raise Refusal("E330", message)
        return (height.size, width.size, self.filters)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return kernel (height, width, channels / groups, filters) and bias."""
        kernel = Weight("kernel", (*self.kernel_size, inputs[0][2] // self.groups, self.filters))
        return (kernel, Weight("bias", (self.filters,))) if self.use_bias else (kernel,)

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Return output positions × kernel taps × channels / groups × filters."""
        taps = size_of(self.kernel_size)
        return size_of(output) * taps * (inputs[0][2] // self.groups)

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return the kernel: each channel of a group meets the group's filters at every tap."""
        return (Taps(self.axes(), self.groups, self.filters // self.groups),)
