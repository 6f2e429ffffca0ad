"""Maps of another size: repeated, interpolated."""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.geometry import Axis
from archgen.ir import Op, Pair, Shape, Taps, View
from archgen.ops.fields import Flag, Interpolation, PairField, Positive, wrong
from archgen.ops.resampling import resampled
from archgen.ops.windows import require_map, times


class UpSample(Op):
    """A map made larger by whole factors."""

    kind: ClassVar[str] = "up_sample"
    keras: ClassVar[str] = "layers.UpSampling2D"

    size: PairField = (2, 2)
    interpolation: Interpolation = "nearest"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the larger map; Raises Refusal E330."""
        require_map(inputs[0], self.label())
        height, width, channels = inputs[0]
        return (height * self.size[0], width * self.size[1], channels)

    def window(self, inputs: tuple[Shape, ...]) -> View | None:
        """Return the positions that an output repeats or mixes."""
        height, width, _ = self.infer(inputs)
        return _view(inputs[0], (height, width), self.interpolation)

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...] | None:
        """Return the outputs that repeat each position; None where they mix positions."""
        if self.interpolation != "nearest":
            return None
        height, width = (Axis(factor, factor) for factor in self.size)
        return (Taps((height, width), transposed=True),)

    def label(self) -> str:
        """Return ``2×2 up sample``."""
        return f"{times(self.size)} {super().label()}"


class Resize(Op):
    """A map interpolated to a given size; with ``antialias`` a smaller one mixes all it leaves."""

    kind: ClassVar[str] = "resize"
    keras: ClassVar[str] = "layers.Resizing"

    height: Positive
    width: Positive
    interpolation: Interpolation = "bilinear"
    antialias: Flag = False

    @model_validator(mode="after")
    def _mixing(self) -> Self:
        if self.antialias and self.interpolation == "nearest":
            raise wrong("antialias", '`antialias` has no meaning with "nearest" interpolation')
        return self

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the map in its new size; Raises Refusal E330."""
        require_map(inputs[0], self.label())
        return (self.height, self.width, inputs[0][2])

    def window(self, inputs: tuple[Shape, ...]) -> View | None:
        """Return the positions that an output mixes."""
        new = (self.height, self.width)
        return _view(inputs[0], new, self.interpolation, antialias=self.antialias)

    def taps(self, _inputs: tuple[Shape, ...]) -> None:
        """Return None: which positions are mixed depends on both sizes."""
        return

    def label(self) -> str:
        """Return ``resize 32×32``."""
        return f"{super().label()} {self.height}×{self.width}"


def _view(shape: Shape, new: Pair, interpolation: str, *, antialias: bool = False) -> View | None:
    height = resampled(shape[0], new[0], interpolation, antialias=antialias)
    width = resampled(shape[1], new[1], interpolation, antialias=antialias)
    return View(height, width) if height and width else None
