"""The shipped specs: golden tables, published numbers, sizes, layout on the page."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import archgen
from archgen.analysis import Analysis, Measure
from archgen.canonical import canonical
from archgen.inference import resized
from archgen.ir import shape_text
from archgen.library import shipped
from archgen.source import Object, read_file

GOLDEN = Path(__file__).parent / "golden"
CONVOLUTIONS = ("conv", "conv_transpose", "depthwise_conv", "separable_conv")
PUBLISHED: list[dict[str, Any]] = json.loads((GOLDEN / "published.json").read_text())["networks"]


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


def stages(analysis: Analysis, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Sum up what stands behind the stage before, up to the last node of each stage's entry."""
    left = list(analysis.measures)
    for name in names:
        below = [f"{measure.node.name}.".startswith(f"{name}.") for measure in left]
        behind = len(left) - below[::-1].index(True)
        measures, left = left[:behind], left[behind:]
        yield {
            "name": name,
            "shape": list(measures[-1].node.shape),
            "params": sum(measure.params for measure in measures),
            "macs": sum(measure.macs for measure in measures),
        }
    assert left == []


def convolutions(analysis: Analysis) -> int:
    return sum(node.op.kind in CONVOLUTIONS for node in analysis.graph)


@pytest.mark.parametrize("numbers", PUBLISHED, ids=lambda n: f"{n['spec']}-{n['trainable']}")
def test_totals_and_stages_are_the_published_ones(numbers: dict[str, Any]) -> None:
    analysis = archgen.analyse(numbers["spec"], numbers["input"], **numbers["parameters"])
    found = {
        "trainable": analysis.trainable,
        "non_trainable": analysis.non_trainable,
        "macs": analysis.macs,
        "convs": convolutions(analysis),
    }
    assert found == {key: numbers[key] for key in found}
    names = [stage["name"] for stage in numbers["stages"]]
    assert list(stages(analysis, names)) == numbers["stages"]


HEADS = [
    ("inception_v4", {"classes": 1001}, {"aux": (3_359_337, 1_792)}, 0.4),
    ("inception_v3", {"classes": 1001}, {"aux": (3_326_569, 1_792)}, 0.4),
    ("inception_v3", {"bn_scale": True}, {"aux": (3_326_696, 1_792)}, 0.4),
    ("inception_resnet_v2", {"classes": 1001}, {"aux": (3_367_529, 1_792)}, 0.4),
    ("googlenet", {}, {"aux1": (3_188_840, 0), "aux2": (3_190_888, 0)}, 0.3),
]


@pytest.mark.parametrize(("name", "parameters", "heads", "weight"), HEADS)
def test_auxiliary_heads_have_the_released_numbers(
    name: str, parameters: dict[str, Any], heads: dict[str, tuple[int, int]], weight: float
) -> None:
    analysis = archgen.analyse(name, aux=True, **parameters)
    for head, numbers in heads.items():
        measures = [m for m in analysis.measures if m.node.name.startswith(f"{head}.")]
        trainable = sum(measure.trainable for measure in measures)
        assert (trainable, sum(measure.non_trainable for measure in measures)) == numbers
    assert analysis.graph.loss_weights == dict.fromkeys(heads, weight)


SEEN = [
    ("inception_v2", "5b.concat", 699),
    ("inception_v3", "inception_c_2.concat", 1311),
    ("inception_v4", "inception_c_3.concat", 2071),
    ("inception_resnet_v2", "conv_7b", 3039),
    ("vgg16", "block_5.max_pool", 212),
]


@pytest.mark.parametrize(("name", "node", "pixels"), SEEN)
def test_the_last_block_sees_what_was_published(name: str, node: str, pixels: int) -> None:
    """Araujo et al., Computing Receptive Fields of Convolutional Networks, Distill 2019."""
    measures = archgen.analyse(name).measures
    fields = {measure.node.name: measure.receptive_field for measure in measures}
    assert fields[node] == (pixels, pixels)


# ── what the specs say of themselves ──────────────────────────────────────────────────────────────

FIGURES = {"params", "trainable", "macs", "convs"}
# Networks of which nobody published a number: small variants, and figures of papers.
UNPUBLISHED = {
    "googlenet_mnist", "googlenet_naive", "inception_resnet_v1", "inception_resnet_v2_cifar",
    "inception_resnet_v2_paper", "inception_v3_cifar", "inception_v4_cifar", "inception_v4_mnist",
    "inception_v4_mnist_tiny",
}  # fmt: skip
CLAIMS = [
    pytest.param(name, who, id=f"{name}-{who}")
    for name in archgen.names()
    for who in archgen.load(name).published
]


@pytest.mark.parametrize(("name", "who"), CLAIMS)
def test_a_published_figure_is_met_or_its_difference_explained(name: str, who: str) -> None:
    claim: dict[str, Any] = dict(archgen.load(name).published[who])
    shape, parameters = claim.pop("input", None), claim.pop("set", {})
    source, difference = claim.pop("source"), claim.pop("difference", None)
    assert claim
    assert claim.keys() <= FIGURES
    analysis = archgen.analyse(name, shape, **parameters)
    found = {
        key: convolutions(analysis) if key == "convs" else getattr(analysis, key) for key in claim
    }
    assert (found == claim) == (difference is None)
    assert source


@pytest.mark.parametrize("name", archgen.names())
def test_a_shipped_spec_says_where_it_comes_from(name: str) -> None:
    spec = archgen.load(name)
    assert spec.title
    assert spec.references
    assert spec.deviations
    assert spec.input.pixels is not None
    assert bool(spec.published) == (name not in UNPUBLISHED)


def test_titles_are_of_one_network_only() -> None:
    titles = [archgen.load(name).title for name in archgen.names()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", archgen.names())
def test_an_image_is_answered_by_predictions(name: str) -> None:
    """By their probabilities, or by logits where those are asked for."""
    logits = archgen.graph(name, classifier_activation="linear")
    for graph, activation in ((archgen.graph(name), "softmax"), (logits, "linear")):
        node = graph.by_name[graph.outputs["predictions"]]
        last = node.name.removesuffix(".activation")
        said = getattr(node.op, "activation", "linear")
        assert (last.rpartition(".")[2], said) == ("predictions", activation)


# ── sizes ─────────────────────────────────────────────────────────────────────────────────────────


def builds(name: str, size: int, **parameters: Any) -> bool:
    """Say whether a spec takes square images of a size; a shape fault is the only other answer."""
    channels = archgen.load(name).input.shape[2]
    assert isinstance(channels, int)
    try:
        archgen.graph(name, (size, size, channels), **parameters)
    except archgen.SpecError as error:
        assert {fault.code for fault in error.faults} <= {"E310", "E320"}
        return False
    return True


SMALLEST = [
    ("inception_v4", {}, 75),
    ("inception_v3", {}, 75),
    ("inception_v3", {"aux": True}, 299),
    ("inception_v3", {"aux": True, "aux_kernel": 1}, 107),
    ("inception_resnet_v1", {}, 75),
    ("inception_resnet_v2", {}, 75),
    ("inception_resnet_v2_paper", {}, 75),
    ("googlenet", {}, 31),
    ("googlenet_bn", {}, 15),
    ("googlenet_bn", {"tf_padding": True}, 1),
    ("inception_v2", {}, 1),
    ("bn_inception", {}, 31),
    ("lenet5", {}, 32),
    ("unet", {}, 188),
]


@pytest.mark.parametrize(("name", "parameters", "size"), SMALLEST)
def test_the_smallest_image_is_the_known_one(
    name: str, parameters: dict[str, Any], size: int
) -> None:
    assert builds(name, size, **parameters)
    assert size == 1 or not builds(name, size - 1, **parameters)


def test_bn_inception_takes_7_sizes_of_every_32() -> None:
    """Its strided convolutions round up where the pools beside them round down."""
    graph = archgen.graph("bn_inception")
    sizes = [size for size in range(1, 360) if resized(graph, (size, size, 3))]
    assert sizes == [size for size in range(31, 360) if size % 32 in {31, *range(7)}]


@pytest.mark.parametrize("size", [31, 38, 39, 62, 63, 70, 71, 224, 230, 231])
def test_bn_inception_is_refused_at_the_size_where_its_graph_is(size: int) -> None:
    assert builds("bn_inception", size) == (size % 32 in {31, *range(7)})


@pytest.mark.parametrize(("size", "last"), [(75, 1), (106, 1), (107, 2), (299, 8), (331, 9)])
def test_the_last_map_of_inception_v4_is_the_known_one(size: int, last: int) -> None:
    graph = archgen.graph("inception_v4", (size, size, 3))
    assert graph.shapes["inception_c_3.concat"] == (last, last, 1536)


def test_the_fixed_pool_needs_299_pixels() -> None:
    archgen.graph("inception_v4_paper", (299, 299, 3), fixed_pool=True)
    with pytest.raises(archgen.SpecError, match="8×8 avg pool does not fit 7×7"):
        archgen.graph("inception_v4_paper", (298, 298, 3), fixed_pool=True)


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


# What is suspicious and yet so in the networks as they were published.
TRUE_OF_THEM = {
    "bn_inception": {"W604"},  # Caffe's convolutions have a bias in front of their normalisation
    "googlenet_naive": {"W603"},  # the filters of what it leaves out stand in the table of its uses
    "resnet50": {"W604"},  # and so have those of keras.applications
    "inception_resnet_v1_facenet": {"W606"},  # its 160 pixels do not come out even
}


@pytest.mark.parametrize("name", archgen.names())
def test_a_shipped_spec_is_clean_and_in_canonical_layout(name: str) -> None:
    path = shipped(name)
    assert path is not None
    assert {fault.code for fault in archgen.check(name)} == TRUE_OF_THEM.get(name, set())
    assert path.read_text(encoding="utf-8") == canonical(read_file(path))


@pytest.mark.parametrize("name", archgen.names())
def test_the_resolved_document_is_the_same_graph(name: str) -> None:
    text = archgen.resolved(name)
    assert archgen.graph(json.loads(text)) == archgen.graph(name)
    assert "extends" not in text


def lines(name: str) -> int:
    path = shipped(name)
    assert path is not None
    return len(path.read_text(encoding="utf-8").splitlines())


def files() -> dict[str, Object]:
    """Return the text of every shipped spec, as it stands in its own file."""
    return {name: read_file(path) for name in archgen.names() if (path := shipped(name))}


def test_files_are_short() -> None:
    """Half of the networks fit 90 lines, half of the variants 20, told sources included.

    A variant leaves the layers to its parent; Inception-ResNet-v2 takes modules of Inception-v3 and
    has layers of its own.
    """
    texts = files()
    variants = [name for name, text in texts.items() if "layers" not in text]
    networks = [name for name in texts if name not in variants]
    assert "inception_resnet_v2" in networks
    assert all("extends" in texts[name] for name in variants)
    assert median(map(lines, networks)) <= 90
    assert median(map(lines, variants)) <= 20


@pytest.mark.parametrize("name", archgen.names())
def test_no_module_is_written_twice_in_a_file(name: str) -> None:
    """Not even under another title."""
    modules = files()[name].get("modules")
    bodies = [body for body in modules.values() if body] if isinstance(modules, Object) else []
    said = [
        json.dumps({key: body[key] for key in body if key not in {"title", "references"}})
        for body in bodies
        if isinstance(body, Object) and {"layers", "branches"} & body.keys()
    ]
    assert len(said) == len(set(said))


@pytest.mark.parametrize(
    "name", [name for name in archgen.names() if "aux_kernel" in archgen.load(name).parameters]
)
def test_the_auxiliary_head_ends_in_one_position(name: str) -> None:
    """As released: the last kernel of the head covers the map that is left."""
    graph = archgen.graph(name, aux=True)
    assert graph.by_name["aux.conv_2"].shape[:2] == (1, 1)
    assert set(graph.outputs) == {"predictions", "aux"}
