"""Normalisations."""

from typing import ClassVar

from archgen.ir import Op, Shape, Weight
from archgen.ops.fields import Flag, Initializer, Number, Regularizer


class Norm(Op):
    """What may stand as the `norm` of a convolution."""


class BatchNorm(Norm):
    """Batch normalisation of the last axis; moving statistics are not trainable."""

    kind: ClassVar[str] = "batch_norm"
    keras: ClassVar[str] = "layers.BatchNormalization"

    momentum: Number = 0.99
    epsilon: Number = 0.001
    center: Flag = True
    scale: Flag = True
    beta_initializer: Initializer = "zeros"
    gamma_initializer: Initializer = "ones"
    moving_mean_initializer: Initializer = "zeros"
    moving_variance_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return gamma and beta where asked for, then the moving statistics."""
        shape = inputs[0][-1:]
        trained = [
            Weight(name, shape)
            for name, wanted in (("gamma", self.scale), ("beta", self.center))
            if wanted
        ]
        moving = (Weight("moving_mean", shape, False), Weight("moving_variance", shape, False))  # noqa: FBT003
        return (*trained, *moving)
