"""Normalisations."""

from typing import ClassVar

from archgen.ir import Call, Op, Shape, Taps, Weight
from archgen.ops.fields import AboveZero, Flag, FromZero, Initializer, Number, Positive, Regularizer
from archgen.ops.windows import require_map


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
        moving = (Weight("moving_mean", shape, False), Weight("moving_variance", shape, False))  # noqa: FBT003
        return (*_trained(shape, scale=self.scale, center=self.center), *moving)


class LayerNorm(Norm):
    """Layer normalisation: each position over its channels, by its own mean and variance."""

    kind: ClassVar[str] = "layer_norm"
    keras: ClassVar[str] = "layers.LayerNormalization"

    epsilon: Number = 0.001
    center: Flag = True
    scale: Flag = True
    beta_initializer: Initializer = "zeros"
    gamma_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return gamma and beta where asked for."""
        return _trained(inputs[0][-1:], scale=self.scale, center=self.center)

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return a mix of all channels: they share mean and variance."""
        return (Taps(groups=1),)


class LocalResponseNorm(Op):
    """``x / (k + alpha / size · sum of x² over size channels around it) ^ beta``.

    ``alpha`` is divided by ``size``, as in Caffe and torch; arXiv's and TensorFlow's is not. Of an
    even ``size`` the larger half lies in front (torch's rule).
    Source: Krizhevsky, Sutskever and Hinton, NIPS 2012, section 3.3.
    """

    kind: ClassVar[str] = "local_response_norm"

    size: Positive
    alpha: FromZero = 0.0001
    beta: Number = 0.75
    k: AboveZero = 1.0

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the input's shape; Raises Refusal E330."""
        require_map(inputs[0], self.label())
        return inputs[0]

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return a mix of all channels, which says too much where ``size`` is less than all."""
        return (Taps(groups=1),)

    def call(self, _inputs: tuple[Shape, ...]) -> tuple[Call, ...]:
        """Return the mean of padded squares over ``size`` channels, and what is made of it.

        Keras pools over height and width, so the channels stand in the place of the width.
        """
        turned = Call("layers.Permute", {"dims": (1, 3, 2)}, part="turn")
        sides = (self.size // 2, (self.size - 1) // 2)
        mean = {"pool_size": (1, self.size), "strides": (1, 1)}
        return (
            Call("ops.square", {}, part="square"),
            turned,
            Call("layers.ZeroPadding2D", {"padding": ((0, 0), sides)}, part="pad"),
            Call("layers.AveragePooling2D", mean, part="mean"),
            turned._replace(part="turn_back"),
            Call("layers.Rescaling", {"scale": self.alpha, "offset": self.k}, part="scale"),
            Call("ops.power", {"x2": -self.beta}, part="power"),
            Call("layers.Multiply", {}, on=(0, -1)),
        )


def _trained(shape: Shape, *, scale: bool, center: bool) -> tuple[Weight, ...]:
    wanted = (("gamma", scale), ("beta", center))
    return tuple(Weight(name, shape) for name, is_wanted in wanted if is_wanted)
