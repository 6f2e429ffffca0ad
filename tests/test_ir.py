"""A Graph that exists is valid; whatever would not be one is refused."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError

import pytest

from archgen.ir import Graph, Node, Op, Shape, shape_text, size_of
from archgen.ops.conv import Conv
from archgen.ops.join import Add
from archgen.ops.pointwise import Activation

RELU = Activation(activation="relu")
CONV = Conv(filters=4, kernel_size=(3, 3))
INPUT: Mapping[str, Shape] = {"input": (8, 8, 3)}


def node(name: str, op: Op, shape: Shape, *inputs: str) -> Node:
    return Node(name, op, inputs or ("input",), shape)


def graph(*nodes: Node, outputs: Mapping[str, str] | None = None) -> Graph:
    ends = {"out": nodes[-1].name} if outputs is None else outputs
    return Graph("net", nodes, INPUT, ends)


CONV_NODE = node("conv", CONV, (6, 6, 4))
RELU_NODE = node("relu", RELU, (6, 6, 4), "conv")


def test_a_sound_graph_knows_its_shapes_and_nodes() -> None:
    sound = graph(CONV_NODE, RELU_NODE, outputs={"out": "relu", "side": "conv"})
    assert list(sound) == [CONV_NODE, RELU_NODE]
    assert sound.shapes == {"input": (8, 8, 3), "conv": (6, 6, 4), "relu": (6, 6, 4)}
    assert sound.by_name == {"conv": CONV_NODE, "relu": RELU_NODE}
    assert sound.input_shapes(RELU_NODE) == ((6, 6, 4),)
    assert list(sound.outputs) == ["out", "side"]


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([CONV_NODE, CONV_NODE], id="two nodes of one name"),
        pytest.param([node("input", CONV, (6, 6, 4))], id="a node called like the input"),
        pytest.param([RELU_NODE, CONV_NODE], id="an input that comes later"),
        pytest.param([node("relu", RELU, (8, 8, 3), "gone")], id="an input that nobody makes"),
        pytest.param([node("relu", RELU, (8, 8, 3), "relu")], id="its own input"),
        pytest.param([node("conv", CONV, (8, 8, 4))], id="another height and width"),
        pytest.param([node("conv", CONV, (6, 6, 3))], id="other channels"),
        pytest.param([CONV_NODE, node("b", CONV, (6, 6, 4), "conv")], id="a shape of elsewhere"),
        pytest.param(
            [CONV_NODE, node("b", CONV, (4, 4, 4), "conv"), node("c", CONV, (4, 4, 4))],
            id="the same op on another shape",
        ),
    ],
)
def test_an_unsound_graph_is_refused(nodes: list[Node]) -> None:
    with pytest.raises(ValueError, match=r"earlier|not"):
        graph(*nodes)


def test_an_output_that_no_node_makes_is_refused() -> None:
    with pytest.raises(ValueError, match="output"):
        graph(CONV_NODE, outputs={"out": "conv", "aux": "gone"})


def test_shapes_that_an_op_refuses_are_refused() -> None:
    tall = node("tall", Conv(filters=4, kernel_size=(3, 1)), (6, 8, 4))
    with pytest.raises(Exception, match="6×8×4"):
        graph(CONV_NODE, tall, node("add", Add(), (6, 8, 4), "conv", "tall"))


def test_graphs_and_nodes_are_frozen() -> None:
    sound = graph(CONV_NODE)
    with pytest.raises(FrozenInstanceError):
        sound.name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        CONV_NODE.name = "other"  # type: ignore[misc]


def test_graphs_are_equal_by_what_they_hold() -> None:
    again = graph(node("conv", Conv(filters=4, kernel_size=(3, 3)), (6, 6, 4)))
    assert graph(CONV_NODE) == again
    assert graph(CONV_NODE, RELU_NODE) != again
    biased = node("conv", Conv(filters=4, kernel_size=(3, 3), use_bias=False), (6, 6, 4))
    assert graph(biased) != again


def test_shapes_are_written_as_in_the_papers() -> None:
    assert shape_text((35, 35, 288)) == "35×35×288"
    assert shape_text((1000,)) == "1000"
    assert (size_of((35, 35, 288)), size_of((1000,))) == (352_800, 1000)
