"""What convolutions and pools share: laying a window over a map, or refusing with its numbers."""

from archgen.geometry import Axis, Fit, fit, reach
from archgen.ir import Pair, Refusal, Shape, shape_text
from archgen.ops.fields import Sides

PaddingValue = str | Sides


def require_map(shape: Shape, what: str) -> None:
    """Raise Refusal unless the shape is height × width × channels."""
    if len(shape) != 3:  # noqa: PLR2004 - height, width, channels
        raise Refusal("E330", f"{what} needs a map, not {shape_text(shape)} features")


def axes(
    kernel: Pair, strides: Pair, dilation: Pair, padding: PaddingValue, *, ceil_mode: bool = False
) -> tuple[Axis, Axis]:
    """Return the window of each axis, height first."""
    height, width = (padding, padding) if isinstance(padding, str) else padding
    return (
        Axis(kernel[0], strides[0], dilation[0], height, ceil_mode),  # type: ignore[arg-type]
        Axis(kernel[1], strides[1], dilation[1], width, ceil_mode),  # type: ignore[arg-type]
    )


def lay(shape: Shape, windows: tuple[Axis, Axis], what: str) -> tuple[Fit, Fit]:
    """Lay a window over a map; Raises Refusal E310 with window and map where it does not fit."""
    require_map(shape, what)
    height, width = fit(shape[0], windows[0]), fit(shape[1], windows[1])
    if height is None or width is None:
        spans = f"{reach(windows[0])}×{reach(windows[1])}"
        room = f"{_room(shape[0], windows[0])}×{_room(shape[1], windows[1])}"
        message = f"{what} does not fit {shape[0]}×{shape[1]}"
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
