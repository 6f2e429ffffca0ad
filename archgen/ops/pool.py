"""Pools: a window's maximum or average, and those of a whole map."""

from typing import ClassVar, Self

from pydantic import model_validator

from archgen.geometry import Axis
from archgen.ir import Call, Caption, Op, Shape, Taps, Window
from archgen.ops.fields import Flag, OptionalPair, Padding, PairField, wrong
from archgen.ops.windows import axes, lay, marks, overhang, require_map, times

_NO_PADDING = ((0, 0), (0, 0))


class _Pool(Op):
    pool_size: PairField
    strides: OptionalPair = None
    padding: Padding = "valid"
    ceil_mode: Flag = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.ceil_mode and self.padding == "same":
            raise wrong("ceil_mode", '`ceil_mode` has no meaning with "same" padding')
        if not isinstance(self.padding, str):
            for pool, sides in zip(self.pool_size, self.padding, strict=True):
                if max(sides) >= pool:
                    reason = f"`padding` of {max(sides)} must be less than the window of {pool}"
                    raise wrong("padding", reason)
        return self

    def axes(self) -> tuple[Axis, Axis]:
        """Return the window of each axis; strides default to the window's size, as in Keras."""
        strides = self.strides or self.pool_size
        return axes(self.pool_size, strides, (1, 1), self.padding, ceil_mode=self.ceil_mode)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output map; Raises Refusal E310, E330."""
        height, width = lay(inputs[0], self.axes(), self.label)
        return (height.size, width.size, inputs[0][2])

    def window(self, inputs: tuple[Shape, ...]) -> Window:
        """Return the pool's window."""
        height, width = lay(inputs[0], self.axes())
        strides = self.strides or self.pool_size
        return Window(self.pool_size, strides, (height.before, width.before))

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return the pool's window, channel by channel."""
        return (Taps(self.axes()),)

    def label(self) -> str:
        """Return ``3×3 max pool``."""
        return f"{times(self.pool_size)} {super().label()}"

    def caption(self) -> Caption:
        """Return ``3×3 max pool``, its stride and padding."""
        placed = marks(self.pool_size, self.strides or self.pool_size, self.padding)
        return Caption(self.label(), placed, super().label())

    def stock(self, *, padded: bool = False) -> Call:
        """Return the stock layer, over a map that was padded before where ``padded``."""
        without = ("ceil_mode", "count_padding", *(("padding",) if padded else ()))
        return Call(self.keras, self.arguments(*without))

    def missing_padding(self, inputs: tuple[Shape, ...]) -> tuple[tuple[int, int], ...]:
        """Return the explicit padding that the stock layer needs in front of it, per axis."""
        if isinstance(self.padding, str) and not self.ceil_mode:
            return _NO_PADDING
        windows = self.axes()
        return overhang(inputs[0], windows, lay(inputs[0], windows))


class MaxPool(_Pool):
    """Maximum of each window; padding is −∞, so it never wins."""

    kind: ClassVar[str] = "max_pool"
    keras: ClassVar[str] = "layers.MaxPooling2D"

    pool_size: PairField = (2, 2)

    def call(self, inputs: tuple[Shape, ...]) -> tuple[Call, ...]:
        """Return MaxPooling2D, behind a pad with −∞ where Keras has no such padding."""
        missing = self.missing_padding(inputs)
        if missing == _NO_PADDING:
            return (self.stock(padded=not isinstance(self.padding, str)),)
        width = ((0, 0), *missing, (0, 0))
        arguments = {"pad_width": width, "constant_values": float("-inf")}
        return (Call("ops.pad", arguments, part="pad"), self.stock(padded=True))


class AvgPool(_Pool):
    """Average of each window over the map's positions; with ``count_padding`` over all of them.

    Positions that only ``ceil_mode`` adds behind the padding are never counted (torch's rule).
    """

    kind: ClassVar[str] = "avg_pool"
    keras: ClassVar[str] = "layers.AveragePooling2D"

    count_padding: Flag = False

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if self.count_padding and isinstance(self.padding, str) and self.padding == "valid":
            raise wrong("count_padding", '`count_padding` has no meaning with "valid" padding')
        return self

    def call(self, inputs: tuple[Shape, ...]) -> tuple[Call, ...]:
        """Return AveragePooling2D alone where Keras counts as asked, else sum over count."""
        sides = self.axes_padding(inputs)
        missing = self.missing_padding(inputs)
        if self.padding == "same" and self.count_padding:
            missing = sides
        if missing == _NO_PADDING:
            return (self.stock(padded=not isinstance(self.padding, str)),)
        pool = self.stock(padded=True)
        pad = Call("layers.ZeroPadding2D", {"padding": missing}, part="pad")
        if self.count_padding and missing == sides:
            return (pad, pool)
        return self._over_count(pad, pool, missing, sides)

    def axes_padding(self, inputs: tuple[Shape, ...]) -> tuple[tuple[int, int], ...]:
        """Return the padding that belongs to the pool, without what ceil_mode adds."""
        if isinstance(self.padding, str):
            fits = lay(inputs[0], self.axes()) if self.padding == "same" else ()
            return tuple((laid.before, laid.after) for laid in fits) or _NO_PADDING
        return self.padding

    def _over_count(
        self,
        pad: Call,
        pool: Call,
        missing: tuple[tuple[int, int], ...],
        sides: tuple[tuple[int, int], ...],
    ) -> tuple[Call, ...]:
        """Divide the pool of the map by the pool of ones on the positions that count."""
        counted = sides if self.count_padding else _NO_PADDING
        rest = tuple((m[0] - c[0], m[1] - c[1]) for m, c in zip(missing, counted, strict=True))
        ones: list[Call] = [Call("ops.ones_like", {}, on=(0,), part="ones")]
        if counted != _NO_PADDING:
            width = ((0, 0), *counted, (0, 0))
            ones.append(
                Call("ops.pad", {"pad_width": width, "constant_values": 1.0}, part="ones_counted")
            )
        ones.append(Call("layers.ZeroPadding2D", {"padding": rest}, part="ones_pad"))
        ones.append(pool._replace(part="share"))
        ones.append(Call("ops.reciprocal", {}, part="count"))
        ratio = Call("layers.Multiply", {}, on=(2, -1))
        return (pad, pool._replace(part="pool"), *ones, ratio)


class _GlobalPool(Op):
    keepdims: Flag = False

    def caption(self) -> Caption:
        """Return ``global avg pool``."""
        return Caption(self.label(), "", self.label().removeprefix("global "))

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return one value a channel, as a 1×1 map where ``keepdims``; Raises Refusal E330."""
        require_map(inputs[0], self.label())
        return (1, 1, inputs[0][2]) if self.keepdims else (inputs[0][2],)

    def window(self, _inputs: tuple[Shape, ...]) -> None:
        """Return None: it looks at the whole map."""
        return

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        """Return one window as large as the map, channel by channel."""
        return (Taps((Axis(inputs[0][0]), Axis(inputs[0][1]))),)


class GlobalAvgPool(_GlobalPool):
    """Average of each channel over the whole map."""

    kind: ClassVar[str] = "global_avg_pool"
    keras: ClassVar[str] = "layers.GlobalAveragePooling2D"


class GlobalMaxPool(_GlobalPool):
    """Maximum of each channel over the whole map."""

    kind: ClassVar[str] = "global_max_pool"
    keras: ClassVar[str] = "layers.GlobalMaxPooling2D"
