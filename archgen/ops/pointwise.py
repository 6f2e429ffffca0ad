"""Ops that work scalar by scalar."""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.ir import Caption, Op, Refusal, Shape, Taps, shape_text
from archgen.ops.fields import Activation as ActivationName
from archgen.ops.fields import NoiseShape, Number, Share, wrong

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

    def caption(self) -> Caption:
        """Return the activation's own name."""
        return Caption(self.activation, "", "dense")


class Dropout(Op):
    """Drops a share of the scalars in training; nothing at inference.

    ``noise_shape`` counts the batch: along an axis of 1 all are dropped or kept together, null is
    the axis's own size.
    """

    kind: ClassVar[str] = "dropout"
    keras: ClassVar[str] = "layers.Dropout"

    rate: Share
    noise_shape: NoiseShape = None

    @model_validator(mode="after")
    def _any_batch(self) -> Self:
        if self.noise_shape and self.noise_shape[0] not in (None, 1):
            batch = self.noise_shape[0]
            raise wrong("noise_shape", f"the batch is of any size: null or 1, not {batch}")
        return self

    @property
    def is_separable(self) -> bool:
        """Return whether the noise fits maps of every size."""
        return not any((own or 1) > 1 for own in (self.noise_shape or ())[1:-1])

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the input's shape; Raises Refusal E330 where the noise does not fit it."""
        shape = inputs[0]
        noise = (None,) * len(shape) if self.noise_shape is None else self.noise_shape[1:]
        pairs = zip(noise, shape, strict=False)
        if len(noise) != len(shape) or any(own not in (None, 1, size) for own, size in pairs):
            told = ", ".join("null" if own is None else str(own) for own in self.noise_shape or ())
            message = f"noise of [{told}] does not spread over a batch of {shape_text(shape)}"
            raise Refusal("E330", message)
        return shape

    def label(self) -> str:
        """Return ``dropout 0.2``."""
        return f"dropout {self.rate:g}"


class Rescale(Op):
    """``scale · x + offset``."""

    kind: ClassVar[str] = "rescale"
    keras: ClassVar[str] = "layers.Rescaling"

    scale: Number
    offset: Number = 0.0
