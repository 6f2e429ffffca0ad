"""Each pass, line by line of its docstring: it fires or must not, and answers stay the same."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.passes import PASSES, Pass, rewrite
from archgen.passes.drop_heads import DropHeads
from archgen.passes.fold_batch_norm import FoldBatchNorm
from tests.passes.cases import CASES, NORM, SAME, Case
from tests.passes.comparing import difference, passed
from tests.sizing import conv, net

PAGE = Path(__file__).parents[2] / "docs" / "passes.md"
docs: Any = import_module("docs.passes")
EXACT = 1e-13  # float64 adds up in another order
LINE = re.compile(r"^    (\d+)\. ", re.MULTILINE)
ALL = [pytest.param(each, case, id=f"{each.name}-{case}") for each in CASES for case in CASES[each]]


def lines(each: Pass) -> tuple[list[int], list[int]]:
    """Return the lines of a docstring that say where the pass fires, and where it must not."""
    fires, must_not = (type(each).__doc__ or "").split("It must not fire")
    first, second = ([int(number) for number in LINE.findall(text)] for text in (fires, must_not))
    return first, second


@pytest.mark.parametrize("each", PASSES, ids=lambda each: each.name)
def test_every_line_of_the_docstring_has_its_cases(each: Pass) -> None:
    fires, must_not = lines(each)
    assert [*fires, *must_not] == list(range(1, len(fires) + len(must_not) + 1))
    assert {case.line for case in CASES[each] if case.fires} >= set(fires)
    assert {case.line for case in CASES[each] if not case.fires} == set(must_not)


@pytest.mark.parametrize(("each", "case"), ALL)
def test_it_fires_where_it_says_and_keeps_the_answers(each: Pass, case: Case) -> None:
    graph = case.graph()
    result = each.run(graph)
    assert len(result.notes) == case.fires, result.notes
    assert (result.graph is graph) == (not case.fires)
    assert bool(result.edits) <= bool(case.fires)
    rewriting = passed(each, graph)
    if case.fires:
        assert difference(rewriting) <= EXACT
    again = each.run(result.graph)
    assert again == (result.graph, (), ())


@pytest.mark.parametrize(("each", "case"), ALL)
def test_names_scopes_and_outputs_are_kept(each: Pass, case: Case) -> None:
    graph = case.graph()
    rewritten = each.run(graph).graph
    kept = [name for name in graph.outputs if name in rewritten.outputs]
    assert list(rewritten.outputs) == (
        kept[:1] if isinstance(each, DropHeads) else [*graph.outputs]
    )
    for node in rewritten:
        before = graph.by_name[node.name]
        assert (node.scope, node.origin, node.written) == (
            before.scope, before.origin, before.written
        )  # fmt: skip


def test_what_read_the_normalisation_reads_the_convolution() -> None:
    layers = [conv(3, name="c", norm="batch_norm", activation="relu"), conv(1, name="d")]
    rewritten = FoldBatchNorm().run(archgen.graph(net(*layers))).graph
    assert {node.name: node.inputs for node in rewritten} == {
        "c": ("input",), "c.activation": ("c",), "d": ("c.activation",)
    }  # fmt: skip
    assert dict(rewritten.outputs) == {"d": "d"}


def test_an_output_is_called_as_before_where_its_node_is_gone() -> None:
    graph = archgen.graph(net(conv(3), NORM, SAME[0][1]))
    assert dict(graph.outputs) == {"e2": "e2"}
    assert dict(rewrite(graph).graph.outputs) == {"e2": "e0"}


def test_a_head_takes_its_weights_and_its_loss_with_it() -> None:
    graph = archgen.graph("inception_v4_mnist_tiny", aux=True)
    rewritten = DropHeads().run(graph).graph
    assert set(graph.loss_weights) - set(rewritten.loss_weights) == {"aux"}
    plain = archgen.graph("inception_v4_mnist_tiny")
    assert [node.name for node in rewritten] == [node.name for node in plain]
    assert rewritten == plain


def test_the_page_says_what_the_passes_say_of_themselves() -> None:
    assert PAGE.read_text(encoding="utf-8") == docs.page(), "run python -m docs.passes"
