"""A concat that feeds nothing but one concat melts into it, and nothing else changes."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from archgen.diagnostics import Faults
from archgen.ir import Graph, Node, Shape
from archgen.melt import finished, melted
from archgen.ops.join import Add, Concat
from archgen.ops.pointwise import Activation

CONCAT = Concat()
ADD = Add()
RELU = Activation(activation="relu")


def concat(name: str, channels: int, *inputs: str) -> Node:
    return Node(name, CONCAT, inputs, (1, 1, channels))


def relu(name: str, channels: int, source: str) -> Node:
    return Node(name, RELU, (source,), (1, 1, channels))


def wiring(nodes: Sequence[Node]) -> dict[str, tuple[str, ...]]:
    return {node.name: node.inputs for node in nodes}


INNER = concat("inner", 2, "input", "input")


def test_a_concat_melts_into_the_concat_it_feeds() -> None:
    nodes = melted([INNER, concat("outer", 3, "input", "inner")], ["outer"])
    assert wiring(nodes) == {"outer": ("input", "input", "input")}


def test_the_leaves_keep_their_order_at_any_depth() -> None:
    made = [
        relu("a", 1, "input"),
        relu("b", 1, "input"),
        relu("c", 1, "input"),
        concat("deep", 2, "c", "a"),
        concat("middle", 3, "deep", "b"),
        concat("outer", 4, "a", "middle"),
    ]
    assert wiring(melted(made, ["outer"]))["outer"] == ("a", "c", "a", "b")


def test_a_concat_taken_twice_by_one_concat_melts_twice() -> None:
    made = [relu("a", 1, "input"), concat("inner", 2, "a", "input")]
    nodes = melted([*made, concat("outer", 4, "inner", "inner")], ["outer"])
    assert wiring(nodes) == {"a": ("input",), "outer": ("a", "input", "a", "input")}


def test_an_output_stays() -> None:
    made = [INNER, concat("outer", 3, "inner", "input")]
    assert melted(made, ["outer", "inner"]) == made


def test_a_second_consumer_keeps_it() -> None:
    outer = concat("outer", 3, "inner", "input")
    for second in (relu("second", 2, "inner"), concat("second", 3, "input", "inner")):
        made = [INNER, outer, second]
        assert melted(made, ["outer", "second"]) == made


def test_another_join_does_not_take_it_in() -> None:
    made = [INNER, Node("sum", ADD, ("inner", "inner"), (1, 1, 2))]
    assert melted(made, ["sum"]) == made


def test_what_nothing_uses_is_a_fault_and_an_unused_concat_too() -> None:
    faults = Faults()
    finished([INNER, relu("a", 1, "input"), relu("end", 1, "input")], ["end"], faults)
    assert [fault.code for fault in faults.listed()] == ["E223", "E223"]
    assert "inner" in faults.listed()[0].message


def test_a_melted_concat_is_not_unused() -> None:
    faults = Faults()
    nodes = finished([INNER, concat("outer", 3, "inner", "input")], ["outer"], faults)
    assert (len(nodes), faults.listed()) == (1, ())


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[Node], list[str]]:
    """Draw concats and activations over one input of one channel, and some outputs."""
    channels = {"input": 1}
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 8))):
        name = f"n{number}"
        names = st.sampled_from(sorted(channels))
        if draw(st.booleans()) or number == 0:
            inputs = draw(st.lists(names, min_size=2, max_size=3))
            nodes.append(concat(name, sum(channels[i] for i in inputs), *inputs))
        else:
            source = draw(names)
            nodes.append(relu(name, channels[source], source))
        channels[name] = nodes[-1].shape[-1]
    outputs = draw(st.sets(st.sampled_from([node.name for node in nodes])))
    return nodes, [*outputs, nodes[-1].name]


def leaves(nodes: Sequence[Node], name: str) -> tuple[object, ...]:
    """Return what the channels of a value are, concats taken apart."""
    by_name = {node.name: node for node in nodes}
    node = by_name.get(name)
    if node is None:
        return (name,)
    parts = [leaf for source in node.inputs for leaf in leaves(nodes, source)]
    return tuple(parts) if node.op == CONCAT else ((name, *parts),)


@given(networks())
def test_every_output_has_the_same_channels_as_before(drawn: tuple[list[Node], list[str]]) -> None:
    nodes, outputs = drawn
    result = melted(nodes, outputs)
    for name in outputs:
        assert leaves(result, name) == leaves(nodes, name)
    inputs: dict[str, Shape] = {"input": (1, 1, 1)}
    Graph("net", tuple(result), inputs, {name: name for name in outputs})


@given(networks())
def test_nothing_is_left_to_melt(drawn: tuple[list[Node], list[str]]) -> None:
    nodes, outputs = drawn
    result = melted(nodes, outputs)
    assert melted(result, outputs) == result
    for node in result:
        users = [user for user in result if node.name in user.inputs]
        lone = len(users) == 1 and users[0].op == node.op == CONCAT
        assert not lone or node.name in outputs
