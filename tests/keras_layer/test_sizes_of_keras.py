"""The sizes that are claimed to work build in Keras, those beside them do not.

Keras is asked directly: the calls of a network's nodes are carried out on another input, and what
archgen infers for it is not looked at.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import pytest

import archgen
from archgen.input_sizes import Sizes
from archgen.intervals import Intervals
from archgen.ir import Graph, Node, Pair, Refusal, Shape
from tests.sizing import HEAD, SE, caffe, chance, conv, edges, fork, net, pool
from tests.test_input_sizes import SHIPPED, Shipped

pytestmark = pytest.mark.keras

# Few blocks and thin layers, which have the windows of the whole network.
FEW = {"a_blocks": 1, "b_blocks": 1, "c_blocks": 1, "classes": 2}


class Asked:
    """Builds one network in Keras at any size."""

    def __init__(self, keras: Any, graph: Graph) -> None:
        self.keras = keras
        self.graph = graph
        self.channels = next(iter(graph.inputs.values()))[2]
        self.layers: dict[str, Any] = {}

    def __call__(self, height: int, width: int) -> bool:
        tensors = {"input": self.keras.Input((height, width, self.channels))}
        try:
            for node in self.graph:
                tensors[node.name] = self.made(node, [tensors[name] for name in node.inputs])
        except (ValueError, Refusal):  # without a window there is no padding to compose, either
            return False
        return True

    def made(self, node: Node, inputs: list[Any]) -> Any:
        values = list(inputs)
        shapes = tuple(tuple(tensor.shape[1:]) for tensor in inputs)
        for place, call in enumerate(node.op.call(shapes)):
            target = reduce(getattr, call.target.split("."), self.keras)
            given = [values[index] for index in call.on]
            if call.target.startswith("ops."):
                values.append(target(*given, **call.arguments))
            else:
                layer = self.layer(f"{node.name} {place}", target, call.arguments)
                values.append(layer(given[0] if len(given) == 1 else given))
        return values[-1]

    def layer(self, key: str, target: Any, arguments: Mapping[str, Any]) -> Any:
        """Return a new layer; only weights are worth keeping where no size changes them."""
        if target not in (self.keras.layers.Conv2D, self.keras.layers.BatchNormalization):
            return target(**arguments)
        if key not in self.layers:
            self.layers[key] = target(**arguments)
        return self.layers[key]


def assert_builds(asked: Asked, sizes: Sizes, pairs: Iterable[Pair]) -> None:
    """Compare what is claimed of some pairs with what Keras builds."""
    claimed = {pair: pair[0] in sizes.heights and pair[1] in sizes.widths for pair in pairs}
    assert sizes.is_free
    assert {pair: asked(*pair) for pair in claimed} == claimed


def thin(shipped: Shipped) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a shipped spec with an eighth of its channels, and its parameters with few blocks."""
    known = archgen.load(shipped.name).parameters
    spec = {"archgen": 1, "name": "thin", "extends": shipped.name}
    if "width" not in archgen.load(shipped.name).raw:
        spec["width"] = {"multiplier": 0.125}
    few = {name: value for name, value in FEW.items() if name in known}
    return spec, {**few, **shipped.parameters}


def largest(sizes: Sizes, shipped: Shipped) -> Shape:
    """Return the largest input that works, with the spec's channels."""
    channels = archgen.graph(shipped.name).inputs["input"][2]
    return (sizes.heights.pairs[-1][1], sizes.widths.pairs[-1][1], channels)


def corners(intervals: Intervals) -> list[Pair]:
    """Return the ends and their neighbours, with themselves and with the first that works."""
    ends, first = edges(intervals), intervals.pairs[0][0]
    return sorted({*((end, end) for end in ends), *((end, first) for end in ends[:2])})


@pytest.mark.parametrize("shipped", SHIPPED, ids=str)
def test_the_ends_of_a_shipped_spec_build_and_what_is_beside_them_does_not(
    shipped: Shipped, keras: Any
) -> None:
    sizes = archgen.sizes(shipped.name, **shipped.parameters)
    spec, parameters = thin(shipped)
    asked = Asked(keras, archgen.graph(spec, largest(sizes, shipped), **parameters))
    assert_builds(asked, sizes, corners(sizes.heights))


def test_the_whole_of_inception_v4_builds_from_75_pixels(keras: Any) -> None:
    asked = Asked(keras, archgen.graph("inception_v4"))
    pairs = [(74, 74), (74, 299), (299, 74), (75, 75), (75, 299)]
    assert_builds(asked, archgen.sizes("inception_v4"), pairs)


@pytest.mark.full
@pytest.mark.parametrize("shipped", SHIPPED, ids=str)
def test_a_shipped_spec_builds_at_these_of_the_sizes_to_400(shipped: Shipped, keras: Any) -> None:
    sizes = archgen.sizes(shipped.name, **shipped.parameters)
    spec, parameters = thin(shipped)
    asked = Asked(keras, archgen.graph(spec, largest(sizes, shipped), **parameters))
    drawn = chance(0)
    sides = range(1, 401)
    assert_builds(asked, sizes, [(side, side) for side in sides])
    assert_builds(asked, sizes, [(side, drawn.choice(sides)) for side in sides[::10]])


MADE: list[tuple[dict[str, Any], list[Pair]]] = [
    (net(conv([3, 5]), *HEAD), [(3, 5), (2, 5), (3, 4), (5, 3)]),
    (net(caffe(), *HEAD), [(2, 2), (3, 3), (4, 4), (3, 4), (4, 3), (1023, 1024), (1022, 1024)]),
    (net(caffe(), caffe(), *HEAD), [(4, 4), (6, 4), (8, 6), (8, 12), (1020, 1024), (1022, 1022)]),
    (net(conv(3), SE, conv(5), SE, *HEAD), [(6, 7), (7, 6), (7, 7), (8, 8)]),
    (net(fork("add", [conv(3)], [])), [(2, 2), (3, 3), (4, 4), (5, 5)]),
    (net(fork("concat", [pool(3, strides=2)], [pool(2)])), [(3, 3), (4, 3), (5, 7), (6, 6)]),
    (net(conv(20, padding=[[0, 7], [3, 3]])), [(12, 14), (13, 13), (13, 14), (14, 15)]),
]


@pytest.mark.parametrize(("spec", "pairs"), MADE)
def test_a_small_network_builds_at_the_sizes_claimed_and_no_other(
    spec: dict[str, Any], pairs: list[Pair], keras: Any
) -> None:
    sizes = archgen.sizes(spec)
    works = sizes.nearest(32, 32)
    assert works is not None
    assert_builds(Asked(keras, archgen.graph(spec, (*works, 4))), sizes, pairs)
