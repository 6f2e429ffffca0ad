"""Dense layers and what leads to them."""

from typing import ClassVar

from archgen.ir import Caption, Moved, Op, Shape, Taps, Weight, Window, size_of
from archgen.ops.fields import Activation, Flag, Initializer, Positive, Regularizer


class Dense(Op):
    """Fully connected layer on the last axis; MACs are positions × features × units."""

    kind: ClassVar[str] = "dense"
    keras: ClassVar[str] = "layers.Dense"

    units: Positive
    activation: Activation = "linear"
    use_bias: Flag = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the input's shape with ``units`` as last axis."""
        return (*inputs[0][:-1], self.units)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return kernel (features, units) and bias."""
        kernel = Weight("kernel", (inputs[0][-1], self.units))
        return (kernel, Weight("bias", (self.units,))) if self.use_bias else (kernel,)

    def macs(self, inputs: tuple[Shape, ...], _output: Shape) -> int:
        """Return the input's scalars × units."""
        return size_of(inputs[0]) * self.units

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return the kernel: at each position every feature meets every unit."""
        return (Taps(groups=1, weights=self.units),)

    def caption(self) -> Caption:
        """Return ``dense, 1000`` and its activation."""
        activation = "" if self.activation == "linear" else self.activation
        return Caption(f"dense, {self.units}", activation, "dense")


class Flatten(Op):
    """All scalars of a map in one axis, row by row, channels innermost."""

    kind: ClassVar[str] = "flatten"
    keras: ClassVar[str] = "layers.Flatten"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the number of scalars."""
        return (size_of(inputs[0]),)

    def window(self, inputs: tuple[Shape, ...]) -> Window | None:
        """Return None for a map: what follows looks at all of it."""
        return Window() if len(inputs[0]) == 1 else None

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Moved, ...]:
        """Return the same scalars in one row."""
        return (Moved(self.infer(inputs)),)
