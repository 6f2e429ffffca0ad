"""The same network at another input is what its spec states there."""

import archgen
from archgen.inference import resized


def test_a_resized_graph_is_the_graph_at_that_input() -> None:
    graph = resized(archgen.graph("inception_v4"), (107, 150, 3))
    assert graph == archgen.graph("inception_v4", (107, 150, 3))


def test_an_input_that_an_op_refuses_has_no_graph() -> None:
    assert resized(archgen.graph("inception_v4"), (74, 299, 3)) is None
