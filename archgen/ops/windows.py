"""What convolutions and pools share: laying a window over a map, or refusing with its numbers."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from archgen.geometry import Axis, Fit, fit, reach
from archgen.ir import Call, Caption, Op, Pair, Refusal, Shape, View, Window, shape_text
from archgen.ops.fields import Sides, wrong

PaddingValue = str | Sides
MAP_AXES = 3  # height, width, channels


class Kernel(Op):
    """A kernel that slides over a map, with a norm and an activation behind it."""

    followers: ClassVar[tuple[str, ...]] = ("norm", "activation")

    if TYPE_CHECKING:  # each op declares them among its own fields, in Keras's order
        kernel_size: Pair
        strides: Pair
        padding: PaddingValue
        dilation_rate: Pair

    def axes(self) -> tuple[Axis, Axis]:
        """Return the window of each axis."""
        return axes(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def window(self, inputs: tuple[Shape, ...]) -> Window | View | None:
        """Return the reach of the kernel."""
        height, width = self.axes()
        laid = lay(inputs[0], (height, width))
        return Window((reach(height), reach(width)), self.strides, (laid[0].before, laid[1].before))

    def label(self) -> str:
        """Return the kernel and the op, such as ``3×3 conv``."""
        return f"{times(self.kernel_size)} {super().label()}"

    def caption(self) -> Caption:
        """Return ``3×3 conv, 96``, its stride, padding, dilation and groups, its family."""
        filters = getattr(self, "filters", None)
        said = [marks(self.kernel_size, self.strides, self.padding)]
        said += [f"d{times(self.dilation_rate)}"] if self.dilation_rate != (1, 1) else []
        said += [f"g{groups}"] if (groups := getattr(self, "groups", 1)) > 1 else []
        words = self.label().replace("depthwise", "dw").replace("separable", "sep")
        return Caption(
            f"{words}, {filters}" if filters else words,
            " ".join(filter(None, said)),
            _family(self.kernel_size),
        )

    def call(self, _inputs: tuple[Shape, ...]) -> tuple[Call, ...]:
        """Return the stock layer, behind a ZeroPadding2D where the padding is explicit."""
        if isinstance(self.padding, str):
            return (Call(self.keras, self.arguments("fixed")),)
        pad = Call("layers.ZeroPadding2D", {"padding": self.padding}, part="pad")
        return (pad, Call(self.keras, self.arguments("padding", "fixed")))

    def require_one_step(self) -> None:
        """Raise unless the window moves by one or its taps stand side by side, as in Keras."""
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise wrong("dilation_rate", "`strides` and `dilation_rate` cannot both be above 1")


def _family(kernel: Pair) -> str:
    if kernel == (1, 1):
        return "1×1 conv"
    return "1×n conv" if 1 in kernel else "k×k conv"


def require_map(shape: Shape, what: str) -> None:
    """Raise Refusal unless the shape is height × width × channels."""
    if len(shape) != MAP_AXES:
        raise Refusal("E330", f"{what} needs a map, not {shape_text(shape)} features")


@lru_cache(maxsize=1024)
def axes(
    kernel: Pair, strides: Pair, dilation: Pair, padding: PaddingValue, *, ceil_mode: bool = False
) -> tuple[Axis, Axis]:
    """Return the window of each axis, height first."""
    height, width = (padding, padding) if isinstance(padding, str) else padding
    return (
        Axis(kernel[0], strides[0], dilation[0], height, ceil_mode),  # type: ignore[arg-type]
        Axis(kernel[1], strides[1], dilation[1], width, ceil_mode),  # type: ignore[arg-type]
    )


def lay(
    shape: Shape, windows: tuple[Axis, Axis], label: Callable[[], str] = str
) -> tuple[Fit, Fit]:
    """Lay a window over a map; Raises Refusal E310 with window and map where it does not fit."""
    if len(shape) != MAP_AXES:
        require_map(shape, label())
    height = fit(shape[0], windows[0])
    # A square window on a square map lies alike on both axes.
    is_square = shape[0] == shape[1] and windows[0] == windows[1]
    width = height if is_square else fit(shape[1], windows[1])
    if height is None or width is None:
        spans = f"{reach(windows[0])}×{reach(windows[1])}"
        room = f"{_room(shape[0], windows[0])}×{_room(shape[1], windows[1])}"
        message = f"{label()} does not fit {shape[0]}×{shape[1]}"
        raise Refusal("E310", message, f"window {spans}, map {room}")
    return height, width


def _room(size: int, axis: Axis) -> int:
    return size if isinstance(axis.padding, str) else size + sum(axis.padding)


def overhang(shape: Shape, windows: tuple[Axis, Axis], fits: tuple[Fit, Fit]) -> Sides:
    """Return the padding that makes a stock `valid` layer lay the same windows."""
    (height, width) = fits
    return (
        (height.before, _after(shape[0], windows[0], height)),
        (width.before, _after(shape[1], windows[1], width)),
    )


def _after(size: int, axis: Axis, laid: Fit) -> int:
    needed = (laid.size - 1) * axis.stride + reach(axis) - size - laid.before
    explicit = 0 if isinstance(axis.padding, str) else axis.padding[1]
    return max(needed, explicit, 0)


def times(pair: Pair) -> str:
    """Return a pair as ``3×3``."""
    return f"{pair[0]}×{pair[1]}"


def marks(kernel: Pair, strides: Pair, padding: PaddingValue) -> str:
    """Return what a picture says of a window beside its size: ``/2 V``; nothing for 1 and same."""
    stride = f"/{strides[0]}" if strides[0] == strides[1] else f"/{times(strides)}"
    said = [stride] if strides != (1, 1) else []
    if padding == "valid" and kernel != (1, 1):
        said.append("V")
    elif not isinstance(padding, str):
        said.append("P")
    return " ".join(said)
