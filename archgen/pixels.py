"""How pixels of 0…255 enter a network: ``input.pixels`` of a spec as numbers; imports ``spec``."""

from collections.abc import Mapping
from dataclasses import dataclass

from archgen.diagnostics import Fault, UsageError
from archgen.ir import Shape
from archgen.spec import Spec

WHITE = 255


@dataclass(frozen=True)
class PixelMap:
    """What is done to an image of 0…255: channels reversed, then times ``scale`` plus ``offset``.

    Both have one number for all channels or one for each, in the order in which they enter.
    """

    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    reversed: bool = False

    @property
    def changes_nothing(self) -> bool:
        """Return whether images enter as they are."""
        return self == PixelMap()


def pixel_map(spec: Spec) -> PixelMap:
    """Return how a spec's images enter; those of a spec that does not say it are left alone.

    ``[low, high]`` takes black to low and white to high; ``mean`` and ``std`` subtract and divide,
    channel by channel in the ``order``, of which BGR reverses that of the image.
    """
    said = spec.input.pixels
    if said is None:
        return PixelMap()
    if not isinstance(said, Mapping):
        low, high = said
        return PixelMap(((high - low) / WHITE,), (float(low),))
    mean, std = said["mean"], said["std"]
    scale = tuple(1 / each for each in std)
    offset = tuple(-middle / each for middle, each in zip(mean, std, strict=True))
    return PixelMap(scale, offset, said.get("order") == "BGR")


def require_channels(spec: Spec, shape: Shape) -> None:
    """Raise UsageError E508 where a spec's pixels are of other channels than an input has."""
    pixels, channels = spec.input.pixels, shape[-1]
    told = len(pixels["mean"]) if isinstance(pixels, Mapping) else 1
    if told not in (1, channels):
        message = f"`pixels` of {spec.name} are of {told} channels, the input has {channels}"
        advice = "set `input.pixels` in a spec that extends it, as `archgen fit` does"
        raise UsageError(Fault("E508", message, help=advice))
