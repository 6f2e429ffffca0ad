"""The same scalars in another arrangement, with more or fewer of them at the border."""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.geometry import Axis
from archgen.ir import Moved, Op, Pair, Refusal, Shape, Taps, View, Window, shape_text, size_of
from archgen.ops.fields import Border, Dims, TargetShape, wrong
from archgen.ops.windows import require_map

MAP = 3  # height, width, channels
INFERRED = -1


class Permute(Op):
    """The axes in another order."""

    kind: ClassVar[str] = "permute"
    keras: ClassVar[str] = "layers.Permute"
    dims: Dims

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            reason = f"each axis from 1 to {len(self.dims)} once, not {list(self.dims)}"
            raise wrong("dims", f"`dims` must name {reason}")
        return self

    @property
    def is_separable(self) -> bool:
        """Return False: the axes change places."""
        return False

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the sizes in their new order; Raises Refusal E330."""
        if len(inputs[0]) != len(self.dims):
            told = f"a shape of {shape_text(inputs[0])} has {len(inputs[0])}"
            raise Refusal("E330", f"{self.label()} needs {_axes(len(self.dims))}; {told}")
        return tuple(inputs[0][axis - 1] for axis in self.dims)

    def window(self, inputs: tuple[Shape, ...]) -> Window | View:
        """Return the axes that height and width are taken from."""
        if len(inputs[0]) != MAP:
            return Window()
        return View(axes=(self.dims[0] - 1, self.dims[1] - 1))

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Moved, ...]:
        """Return the same scalars, their axes in the new order."""
        return (Moved(self.infer(inputs), tuple(axis - 1 for axis in self.dims)),)

    def label(self) -> str:
        """Return ``permute 2 1 3``."""
        return f"{super().label()} {' '.join(map(str, self.dims))}"


class Reshape(Op):
    """The same scalars in another shape, read row by row, channels innermost."""

    kind: ClassVar[str] = "reshape"
    keras: ClassVar[str] = "layers.Reshape"
    target_shape: TargetShape

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.target_shape.count(INFERRED) > 1:
            raise wrong("target_shape", "only one size of `target_shape` may be -1")
        return self

    @property
    def is_separable(self) -> bool:
        """Return False: a size depends on how many scalars there are."""
        return False

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the target, its -1 by what is left over; Raises Refusal E330."""
        size = size_of(inputs[0])
        known = size_of(each for each in self.target_shape if each != INFERRED)
        is_open = INFERRED in self.target_shape
        if size % known or (not is_open and size != known):
            told = "is no multiple of" if is_open else "is not"
            held = f"{shape_text(inputs[0])} holds {size}, which {told} {known}"
            raise Refusal("E330", f"{self.label()} does not fit: {held}")
        return tuple(size // known if each == INFERRED else each for each in self.target_shape)

    def window(self, inputs: tuple[Shape, ...]) -> Window | None:
        """Return None, a look at the whole map, unless nothing changes."""
        return Window() if self.infer(inputs) == inputs[0] else None

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Moved, ...]:
        """Return the same scalars in the new shape."""
        return (Moved(self.infer(inputs)),)

    def label(self) -> str:
        """Return ``reshape 4×4×8``, with ``?`` for what is left over."""
        sizes = ("?" if size == INFERRED else str(size) for size in self.target_shape)
        return f"{super().label()} {'×'.join(sizes)}"


class Crop(Op):
    """Rows and columns cut off at the border."""

    kind: ClassVar[str] = "crop"
    keras: ClassVar[str] = "layers.Cropping2D"

    cropping: Border = ((0, 0), (0, 0))

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return what is left; Raises Refusal E330."""
        require_map(inputs[0], self.label())
        cut = (sum(self.cropping[0]), sum(self.cropping[1]))
        height, width = inputs[0][0] - cut[0], inputs[0][1] - cut[1]
        if height < 1 or width < 1:
            message = f"crop of {cut[0]} rows and {cut[1]} columns leaves nothing of"
            raise Refusal("E330", f"{message} {shape_text(inputs[0][:2])}")
        return (height, width, inputs[0][2])

    def window(self, _inputs: tuple[Shape, ...]) -> Window:
        """Return one position, moved by what is cut off in front."""
        return Window(before=(-self.cropping[0][0], -self.cropping[1][0]))

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return one position, moved by what is cut off."""
        return (_moved(*((-first, -last) for first, last in self.cropping)),)


class ZeroPad(Op):
    """Rows and columns of zeros around the map."""

    kind: ClassVar[str] = "zero_pad"
    keras: ClassVar[str] = "layers.ZeroPadding2D"

    padding: Border = ((1, 1), (1, 1))

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the map with its border; Raises Refusal E330."""
        require_map(inputs[0], self.label())
        height, width, channels = inputs[0]
        return (height + sum(self.padding[0]), width + sum(self.padding[1]), channels)

    def window(self, _inputs: tuple[Shape, ...]) -> Window:
        """Return one position, moved by what is put in front."""
        return Window(before=(self.padding[0][0], self.padding[1][0]))

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return one position, moved by what is put around."""
        return (_moved(*self.padding),)


def _moved(height: Pair, width: Pair) -> Taps:
    """Return single positions, those at the border padded or, below 0, cut off."""
    return Taps((Axis(1, padding=height), Axis(1, padding=width)))


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"
