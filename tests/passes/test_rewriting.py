"""All passes together: until none fires, without some, on shipped and on random networks."""

from collections import Counter
from itertools import count
from math import isnan
from typing import Any

import pytest

import archgen
from archgen.analysis import analyse
from archgen.diagnostics import UsageError
from archgen.passes import PASSES, report, report_text, rewrite
from tests.passes.cases import MEAN, NORM, RELU, RESCALES, op
from tests.passes.comparing import difference
from tests.passes.random_networks import any_spec, graph_of, rich
from tests.random_specs import KERNELS
from tests.sizing import GLOBAL_POOL, conv, net
from tests.strategies import ON_DEMAND, seeded

EXACT = 1e-12
NAMES = [each.name for each in PASSES]
DROPPING, FOLDING = NAMES[:2], NAMES[2:]


# ── in their order ────────────────────────────────────────────────────────────────────────────────


def test_passes_run_until_none_fires() -> None:
    """The normalisation meets its convolution only when the pool between them has moved."""
    graph = archgen.graph(net(RELU, NORM, MEAN, conv(1, filters=2), RESCALES[0], shape=(5, 6, 4)))
    rewriting = rewrite(graph)
    fired = [step.name for step in rewriting.steps if step.notes]
    assert fired == ["fold-rescale", "move-conv-before-pool", "fold-batch-norm"]
    assert [node.name for node in rewriting.graph] == ["e0", "e3", "e2"]
    assert difference(rewriting) <= EXACT


@pytest.mark.parametrize("links", [2, 7])
def test_a_row_of_scales_and_shifts_ends_in_one_convolution(links: int) -> None:
    layers = [*[NORM, RESCALES[1]] * links, conv(3), *[RESCALES[1], NORM] * links]
    rewriting = rewrite(archgen.graph(net(*layers, shape=(5, 6, 3))))
    assert [node.op.kind for node in rewriting.graph] == ["conv"]
    assert difference(rewriting) <= EXACT


def test_every_pass_has_a_step_also_where_it_does_not_fire() -> None:
    rewriting = rewrite(archgen.graph(net(conv(3))))
    assert [step.name for step in rewriting.steps] == NAMES
    assert rewriting.graph is rewriting.before
    assert rewriting.edits == ()


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_switched_off(name: str) -> None:
    everything = [conv(3), NORM, RESCALES[0], op("dropout", rate=0.5), MEAN, conv(1, filters=2)]
    head = {"from": "e0", "layers": [GLOBAL_POOL]}
    graph = archgen.graph(net(*everything, heads={"aux": head}))
    fired = {step.name for step in rewrite(graph).steps if step.notes}
    assert name in fired
    assert name not in {step.name for step in rewrite(graph, [name]).steps}
    assert rewrite(graph, NAMES).graph is graph


def test_an_unknown_pass_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no pass `fold-norm`") as caught:
        rewrite(archgen.graph(net(conv(3))), ["drop-heads", "fold-norm"])
    assert "fold-batch-norm" in str(caught.value)


def test_a_long_chain_is_rewritten() -> None:
    """Nothing recurses along the network, and nothing is as slow as its square."""
    links = 3000
    layers = [{**conv(1, use_bias=False), "norm": "batch_norm", "repeat": links},
              {**RESCALES[1], "name": "scaled", "repeat": links}]  # fmt: skip
    rewriting = rewrite(archgen.graph(net(*layers, shape=(1, 1, 4))))
    assert len(rewriting.before.nodes) == 3 * links
    assert len(rewriting.graph.nodes) == links


# ── in numbers ────────────────────────────────────────────────────────────────────────────────────


def test_the_report_counts_what_each_pass_left() -> None:
    graph = archgen.graph("inception_v3", aux=True)
    rewriting = rewrite(graph)
    first, *rows = report(rewriting)
    before = analyse(graph)
    assert first[1:] == (0, len(graph.nodes), before.params, before.macs)
    assert [row.name for row in rows] == NAMES
    for row, step in zip(rows, rewriting.steps, strict=True):
        after = analyse(step.graph)
        assert row[1:] == (len(step.notes), len(step.graph.nodes), after.params, after.macs)
    assert rows[-1].nodes < first.nodes
    text = report_text(rewriting).splitlines()
    assert len(text) == 2 + 1 + len(NAMES)
    assert f"{before.macs:,}" in text[2]


# ── on shipped networks ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", archgen.names())
def test_no_normalisation_is_left_behind_a_convolution(name: str) -> None:
    graph = archgen.graph(name)
    rewriting = rewrite(graph)
    by_name = rewriting.graph.by_name
    behind = [
        node.name
        for node in rewriting.graph
        if node.op.kind in {"batch_norm", "rescale"}
        and node.inputs[0] in by_name
        and by_name[node.inputs[0]].op.kind in (*KERNELS, "dense")
    ]
    assert behind == []
    assert not any(node.op.kind == "dropout" for node in rewriting.graph)
    assert rewrite(rewriting.graph).graph is rewriting.graph
    before, after = analyse(graph), analyse(rewriting.graph)
    assert after.params <= before.params
    assert after.macs == before.macs


# ── on random networks ────────────────────────────────────────────────────────────────────────────

COUNTS = [60, pytest.param(ON_DEMAND, marks=pytest.mark.full)]


@pytest.mark.parametrize("graphs", COUNTS)
@pytest.mark.parametrize("write", [rich, any_spec])
def test_random_networks_answer_as_before(write: Any, graphs: int) -> None:
    fired: Counter[str] = Counter()
    for seed in count():
        graph = graph_of(write(seeded(seed)))
        if graph is None:
            continue
        if fired["graphs"] == graphs:
            break
        rewriting = rewrite(graph)
        fired.update({"graphs", *(step.name for step in rewriting.steps if step.notes)})
        assert rewrite(rewriting.graph).graph is rewriting.graph, seed
        apart = difference(rewriting, seed), difference(rewrite(graph, FOLDING), seed)
        if not any(map(isnan, apart)):
            fired["compared"] += 1
            assert apart[0] <= EXACT, seed
            assert apart[1] == 0, seed
    assert fired["compared"] > 0.95 * graphs
    wanted = NAMES if write is rich else [*DROPPING, "fold-batch-norm"]
    assert all(fired[name] > 0.05 * graphs for name in wanted), fired
