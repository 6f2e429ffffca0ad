"""What archgen refuses, Keras refuses too; what is one pixel larger, both build."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

import archgen
from archgen.ir import Refusal, Shape
from tests.keras_layer.cases import Case

pytestmark = pytest.mark.keras

ByHand = Callable[[Any, Sequence[Any]], Any]


class Pair(NamedTuple):
    """An op on shapes that are too small or do not fit, on shapes that do, and written by hand."""

    code: str
    kind: str
    fields: dict[str, Any]
    refused: Sequence[Shape]
    built: Sequence[Shape]
    by_hand: ByHand

    def __str__(self) -> str:
        return str(Case(self.kind, self.fields, self.refused))


def conv(**fields: Any) -> tuple[str, dict[str, Any], ByHand]:
    own = {"filters": 4, "kernel_size": 3, **fields}
    return ("conv", own, lambda layers, inputs: layers.Conv2D(**own)(inputs[0]))


def ceiled(kind: str, layer: str, size: int) -> tuple[str, dict[str, Any], ByHand]:
    """Keras has no ``ceil_mode``, which adds no window where each moves by one."""
    fields = {"pool_size": size, "strides": 1, "ceil_mode": True}
    return (kind, fields, lambda layers, inputs: getattr(layers, layer)(size, 1)(inputs[0]))


def padded(**fields: Any) -> tuple[str, dict[str, Any], ByHand]:
    """Write an explicit padding by hand as a layer of its own."""
    own = {"filters": 4, **fields}

    def by_hand(layers: Any, inputs: Sequence[Any]) -> Any:
        rest = {name: value for name, value in own.items() if name != "padding"}
        return layers.Conv2D(**rest)(layers.ZeroPadding2D(own["padding"])(inputs[0]))

    return ("conv", own, by_hand)


def merge(kind: str, layer: str) -> tuple[str, dict[str, Any], ByHand]:
    return (kind, {}, lambda layers, inputs: getattr(layers, layer)()(list(inputs)))


def row(
    code: str,
    op: tuple[str, dict[str, Any], ByHand],
    refused: Sequence[Shape],
    built: Sequence[Shape],
) -> Pair:
    kind, fields, by_hand = op
    return Pair(code, kind, fields, refused, built, by_hand)


def stock(kind: str, layer: str, **fields: Any) -> tuple[str, dict[str, Any], ByHand]:
    return (kind, fields, lambda layers, inputs: getattr(layers, layer)(**fields)(inputs[0]))


MAX, AVG = ("max_pool", "MaxPooling2D"), ("avg_pool", "AveragePooling2D")
DEPTHWISE, SEPARABLE = ("depthwise_conv", "DepthwiseConv2D"), ("separable_conv", "SeparableConv2D")
TRANSPOSED = ("conv_transpose", "Conv2DTranspose")
SIDES = ((1, 0), (0, 2))
PAIRS = [
    row("E310", conv(), [(2, 6, 1)], [(3, 6, 1)]),
    row("E310", conv(), [(6, 2, 1)], [(6, 3, 1)]),
    row("E310", conv(kernel_size=(1, 7)), [(7, 6, 4)], [(7, 7, 4)]),
    row("E310", conv(kernel_size=5, strides=2), [(4, 9, 1)], [(5, 9, 1)]),
    row("E310", conv(dilation_rate=3), [(6, 9, 1)], [(7, 9, 1)]),
    row("E310", conv(dilation_rate=(1, 4)), [(9, 8, 1)], [(9, 9, 1)]),
    row("E310", padded(kernel_size=5, padding=1), [(2, 6, 1)], [(3, 6, 1)]),
    row("E310", padded(kernel_size=(4, 5), padding=SIDES), [(3, 2, 1)], [(3, 3, 1)]),
    row("E310", stock(*MAX, pool_size=3), [(2, 6, 1)], [(3, 6, 1)]),
    row("E310", stock(*MAX, pool_size=3, strides=1), [(6, 2, 1)], [(6, 3, 1)]),
    row("E310", stock(*AVG, pool_size=8), [(8, 7, 1)], [(8, 8, 1)]),
    row("E310", stock(*AVG, pool_size=(2, 5), strides=3), [(1, 5, 1)], [(2, 5, 1)]),
    row("E310", ceiled(*MAX, size=3), [(2, 3, 1)], [(3, 3, 1)]),
    row("E310", ceiled(*AVG, size=4), [(4, 3, 1)], [(4, 4, 1)]),
    row("E310", stock(*DEPTHWISE, kernel_size=3), [(2, 6, 1)], [(3, 6, 1)]),
    row("E310", stock(*DEPTHWISE, kernel_size=3, dilation_rate=2), [(5, 4, 1)], [(5, 5, 1)]),
    row("E310", stock(*SEPARABLE, filters=2, kernel_size=(4, 2)), [(3, 6, 1)], [(4, 6, 1)]),
    row("E320", merge("concat", "Concatenate"), [(6, 9, 3), (6, 8, 3)], [(6, 9, 3), (6, 9, 2)]),
    row("E320", merge("concat", "Concatenate"), [(6, 9, 3), (9,)], [(6, 9, 3), (6, 9, 1)]),
    row("E320", merge("add", "Add"), [(6, 9, 3), (6, 8, 3)], [(6, 9, 3), (6, 9, 3)]),
    row("E320", merge("average", "Average"), [(6, 9, 3), (6, 9, 4)], [(6, 9, 4), (6, 9, 4)]),
    row("E320", merge("multiply", "Multiply"), [(6, 9, 3), (1, 1, 4)], [(6, 9, 4), (1, 1, 4)]),
    row("E320", merge("maximum", "Maximum"), [(6, 9, 3), (9,)], [(6, 9, 3), (1, 1, 3)]),
    row("E320", merge("minimum", "Minimum"), [(8,), (9,)], [(9,), (9,)]),
    row("E330", conv(groups=2), [(6, 9, 3)], [(6, 9, 4)]),
    row("E330", conv(), [(9,)], [(3, 3, 9)]),
    row("E330", stock(*MAX, pool_size=2), [(9,)], [(2, 2, 9)]),
    row("E330", stock("global_avg_pool", "GlobalAveragePooling2D"), [(9,)], [(1, 1, 9)]),
    row("E330", stock("global_max_pool", "GlobalMaxPooling2D"), [(9,)], [(1, 1, 9)]),
    row("E330", stock(*DEPTHWISE, kernel_size=1), [(9,)], [(1, 1, 9)]),
    row("E330", stock(*SEPARABLE, filters=2, kernel_size=1), [(9,)], [(1, 1, 9)]),
    row("E330", stock(*TRANSPOSED, filters=2, kernel_size=1), [(9,)], [(1, 1, 9)]),
    row("E330", stock("crop", "Cropping2D", cropping=((3, 3), (1, 0))), [(6, 3, 1)], [(7, 3, 1)]),
    row("E330", stock("crop", "Cropping2D", cropping=((1, 0), (2, 2))), [(6, 4, 1)], [(6, 5, 1)]),
    row("E330", stock("crop", "Cropping2D", cropping=1), [(9,)], [(3, 3, 9)]),
    row("E330", stock("zero_pad", "ZeroPadding2D", padding=1), [(9,)], [(3, 3, 9)]),
    row("E330", stock("up_sample", "UpSampling2D", size=2), [(9,)], [(3, 3, 9)]),
    row("E330", stock("permute", "Permute", dims=(2, 1)), [(6, 4, 1)], [(6, 4)]),
    row("E330", stock("reshape", "Reshape", target_shape=(5, 5)), [(6, 4, 1)], [(5, 5, 1)]),
    row("E330", stock("reshape", "Reshape", target_shape=(5, -1)), [(6, 4, 1)], [(6, 5, 1)]),
]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_keras_refuses_what_archgen_refuses(pair: Pair, keras: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        Case(pair.kind, pair.fields).op().infer(tuple(pair.refused))
    assert refusal.value.code == pair.code
    with pytest.raises(ValueError):  # noqa: PT011 - each layer of Keras has words of its own
        pair.by_hand(keras.layers, [keras.Input(shape) for shape in pair.refused])


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_both_build_what_is_one_pixel_larger(pair: Pair, keras: Any) -> None:
    graph = Case(pair.kind, pair.fields, pair.built).graph()
    by_hand = pair.by_hand(keras.layers, [keras.Input(shape) for shape in pair.built])
    assert tuple(by_hand.shape) == (None, *graph.by_name["node"].shape)
    assert tuple(archgen.build(graph).output.shape) == tuple(by_hand.shape)
