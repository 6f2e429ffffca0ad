"""Ops that work scalar by scalar."""

from typing import ClassVar

from archgen.ir import Op, Shape, Taps
from archgen.ops.fields import Activation as ActivationName
from archgen.ops.fields import Number, Share

# They divide by what all channels of a position sum to.
_OVER_CHANNELS = ("softmax", "log_softmax", "sparsemax")


class Activation(Op):
    """A Keras activation by name."""

    kind: ClassVar[str] = "activation"
    keras: ClassVar[str] = "layers.Activation"

    activation: ActivationName

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return a mix of all channels for those that divide by their sum."""
        return (Taps(groups=1),) if self.activation in _OVER_CHANNELS else ()

    def label(self) -> str:
        """Return the activation's own name."""
        return self.activation


class Dropout(Op):
    """Drops a share of the scalars in training; nothing at inference."""

    kind: ClassVar[str] = "dropout"
    keras: ClassVar[str] = "layers.Dropout"

    rate: Share

    def label(self) -> str:
        """Return ``dropout 0.2``."""
        return f"dropout {self.rate:g}"


class Rescale(Op):
    """``scale · x + offset``."""

    kind: ClassVar[str] = "rescale"
    keras: ClassVar[str] = "layers.Rescaling"

    scale: Number
    offset: Number = 0.0
