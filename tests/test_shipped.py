"""The shipped specs: golden tables, published numbers, sizes, layout on the page."""

import json
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.analysis import Analysis, Measure
from archgen.canonical import canonical
from archgen.ir import shape_text
from archgen.library import shipped
from archgen.source import read_file

GOLDEN = Path(__file__).parent / "golden"
PUBLISHED: list[dict[str, Any]] = json.loads((GOLDEN / "published.json").read_text())["networks"]
STEM = ("conv_", "mixed_")


def line(measure: Measure) -> str:
    node = measure.node
    field = shape_text(measure.receptive_field)
    shape = shape_text(node.shape)
    return f"{node.name} {node.op.label()} {shape} {measure.params} {measure.macs} {field}\n"


@pytest.mark.parametrize("name", archgen.names())
def test_every_node_is_as_in_the_golden_table(name: str) -> None:
    table = "".join(map(line, archgen.analyse(name).measures))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(table, encoding="utf-8")
    assert table == golden.read_text(encoding="utf-8")


def stages(analysis: Analysis) -> Iterator[dict[str, Any]]:
    def stage(measure: Measure) -> str:
        first = measure.node.name.partition(".")[0]
        return "stem" if first.startswith(STEM) else first

    for name, group in groupby(analysis.measures, stage):
        measures = list(group)
        yield {
            "name": name,
            "shape": list(measures[-1].node.shape),
            "params": sum(measure.params for measure in measures),
            "macs": sum(measure.macs for measure in measures),
        }


@pytest.mark.parametrize("numbers", PUBLISHED, ids=lambda n: f"{n['spec']}-{n['trainable']}")
def test_totals_and_stages_are_the_published_ones(numbers: dict[str, Any]) -> None:
    analysis = archgen.analyse(numbers["spec"], numbers["input"], **numbers["parameters"])
    found = {
        "trainable": analysis.trainable,
        "non_trainable": analysis.non_trainable,
        "macs": analysis.macs,
        "convs": sum(node.op.kind == "conv" for node in analysis.graph),
    }
    assert found == {key: numbers[key] for key in found}
    assert list(stages(analysis)) == numbers["stages"]


def test_the_auxiliary_head_has_the_released_numbers() -> None:
    analysis = archgen.analyse("inception_v4", aux=True, classes=1001)
    head = [measure for measure in analysis.measures if measure.node.scope == "aux"]
    assert sum(measure.trainable for measure in head) == 3_359_337
    assert sum(measure.non_trainable for measure in head) == 1_792
    assert analysis.graph.loss_weights == {"aux": 0.4}


def test_the_last_block_sees_what_was_published() -> None:
    """Araujo et al., Computing Receptive Fields of Convolutional Networks, Distill 2019."""
    measures = archgen.analyse("inception_v4").measures
    fields = {measure.node.name: measure.receptive_field for measure in measures}
    assert fields["inception_c_3.concat"] == (2071, 2071)


@pytest.mark.parametrize(("size", "last"), [(75, 1), (106, 1), (107, 2), (299, 8), (331, 9)])
def test_inception_v4_takes_75_pixels_and_more(size: int, last: int) -> None:
    graph = archgen.graph("inception_v4", (size, size, 3))
    assert graph.shapes["inception_c_3.concat"] == (last, last, 1536)


@pytest.mark.parametrize("size", [28, 74])
def test_inception_v4_refuses_less_than_75_pixels(size: int) -> None:
    with pytest.raises(archgen.SpecError) as error:
        archgen.graph("inception_v4", (size, size, 3))
    assert {fault.code for fault in error.value.faults} == {"E310"}


def test_the_fixed_pool_needs_299_pixels() -> None:
    archgen.graph("inception_v4_paper", (299, 299, 3), fixed_pool=True)
    with pytest.raises(archgen.SpecError, match="8×8 avg pool does not fit 7×7"):
        archgen.graph("inception_v4_paper", (298, 298, 3), fixed_pool=True)


@pytest.mark.parametrize("name", archgen.names())
def test_a_shipped_spec_is_clean_and_in_canonical_layout(name: str) -> None:
    path = shipped(name)
    assert path is not None
    assert archgen.check(name) == ()
    assert path.read_text(encoding="utf-8") == canonical(read_file(path))


@pytest.mark.parametrize("name", archgen.names())
def test_the_resolved_document_is_the_same_graph(name: str) -> None:
    text = archgen.resolved(name)
    assert archgen.graph(json.loads(text)) == archgen.graph(name)
    assert "extends" not in text


@pytest.mark.parametrize(
    "name", ["inception_v4_mnist", "inception_v4_mnist_tiny", "inception_v4_cifar"]
)
def test_a_small_variant_is_a_short_file(name: str) -> None:
    path = shipped(name)
    assert path is not None
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 20


@pytest.mark.parametrize(
    "name", [name for name in archgen.names() if "aux" in archgen.load(name).parameters]
)
def test_the_auxiliary_head_ends_in_one_position(name: str) -> None:
    """As released: the last kernel of the head covers the map that is left."""
    graph = archgen.graph(name, aux=True)
    assert graph.by_name["aux.conv_2"].shape[:2] == (1, 1)
    assert set(graph.outputs) == {"predictions", "aux"}
