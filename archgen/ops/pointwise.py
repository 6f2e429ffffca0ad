"""Ops that work scalar by scalar."""

from typing import ClassVar

from archgen.ir import Caption, Op
from archgen.ops.fields import Activation as ActivationName
from archgen.ops.fields import Number, Share


class Activation(Op):
    """A Keras activation by name."""

    kind: ClassVar[str] = "activation"
    keras: ClassVar[str] = "layers.Activation"

    activation: ActivationName

    def label(self) -> str:
        """Return the activation's own name."""
        return self.activation

    def caption(self) -> Caption:
        """Return the activation's own name."""
        return Caption(self.activation, "", "dense")


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
