"""Convolutions."""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.geometry import Axis
from archgen.ir import Call, Caption, Op, Refusal, Shape, Weight, Window, size_of
from archgen.ops.fields import Flag, Initializer, Padding, PairField, Positive, Regularizer, wrong
from archgen.ops.windows import axes, lay, marks, times


class Conv(Op):
    """2D convolution over height × width × channels.

    MACs are ``height · width · kernel · channels / groups · filters`` of the output map.
    """

    kind: ClassVar[str] = "conv"
    keras: ClassVar[str] = "layers.Conv2D"
    followers: ClassVar[tuple[str, ...]] = ("norm", "activation")

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
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise wrong("dilation_rate", "`strides` and `dilation_rate` cannot both be above 1")
        if self.filters % self.groups:
            reason = f"{self.filters} filters do not divide into {self.groups} groups"
            raise wrong("groups", reason)
        return self

    def axes(self) -> tuple[Axis, Axis]:
        """Return the window of each axis."""
        return axes(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output map; Raises Refusal E310, E330."""
        height, width = lay(inputs[0], self.axes(), self.label())
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
        taps = self.kernel_size[0] * self.kernel_size[1]
        return size_of(output) * taps * (inputs[0][2] // self.groups)

    def window(self, inputs: tuple[Shape, ...]) -> Window:
        """Return the reach of the kernel."""
        height, width = lay(inputs[0], self.axes(), "")
        dilation, kernel = self.dilation_rate, self.kernel_size
        size = ((kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1)
        return Window(size, self.strides, (height.before, width.before))

    def label(self) -> str:
        """Return ``3×3 conv``."""
        return f"{times(self.kernel_size)} conv"

    def caption(self) -> Caption:
        """Return ``3×3 conv, 96`` and its stride, padding, dilation and groups."""
        family = "1×1 conv" if self.kernel_size == (1, 1) else "k×k conv"
        if 1 in self.kernel_size and family == "k×k conv":
            family = "1×n conv"
        dilation = f"d{times(self.dilation_rate)}" if self.dilation_rate != (1, 1) else ""
        groups = f"g{self.groups}" if self.groups > 1 else ""
        placed = marks(self.kernel_size, self.strides, self.padding)
        said = " ".join(filter(None, [placed, dilation, groups]))
        return Caption(f"{self.label()}, {self.filters}", said, family)

    def call(self, _inputs: tuple[Shape, ...]) -> tuple[Call, ...]:
        """Return Conv2D, behind a ZeroPadding2D where the padding is explicit."""
        if isinstance(self.padding, str):
            return (Call(self.keras, self.arguments("fixed")),)
        pad = Call("layers.ZeroPadding2D", {"padding": self.padding}, part="pad")
        return (pad, Call(self.keras, self.arguments("padding", "fixed")))
