"""Random networks as artifacts, heads and all: exact without passes, close with them."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen import SpecError, UsageError
from archgen.backends.answering import answers_of, difference, random_images, told_by
from archgen.backends.formats import CONVERTED
from archgen.ir import Graph
from archgen.passes import PASSES
from tests.keras_layer.test_passes import random_model
from tests.random_specs import is_small, spec

pytestmark = pytest.mark.keras

SEEDS = range(400)
USUAL = (0, 1, 27, 28)  # the last two pad in front of a convolution
EXACTLY = [each.name for each in PASSES if each.name != "drop-heads"]
# What is written, without which passes, and how far it may be from the model.
WRITTEN = {
    "savedmodel, no passes": ("savedmodel", EXACTLY, 0.0),
    "keras, no passes": ("keras", EXACTLY, 0.0),
    "savedmodel": ("savedmodel", [], 1e-5),
    "onnx": ("onnx", [], 1e-4),
    "tflite": ("tflite", [], 1e-4),
}
SUFFIXES = {"savedmodel": "", "keras": ".keras", "onnx": ".onnx", "tflite": ".tflite"}
# What onnxruntime says of models that it cannot load: strides beyond the window, mostly.
# What a converter gets wrong at times, for which an export that verifies is refused.
WRONG = {"onnx": ("conv_transpose",)}
NOT_OF_ONNX = "ShapeInferenceError|Bicubic"


def fitting(seeds: Sequence[int]) -> Iterator[tuple[int, Graph]]:
    """Return the random networks that fit and are small."""
    for seed in seeds:
        try:
            graph = archgen.graph(spec(seed))
        except SpecError:
            continue
        if is_small(graph):
            yield seed, graph


@pytest.fixture
def as_stored(keras: Any) -> Iterator[None]:
    """Ask TensorFlow not to rearrange graphs, since its own fusions round otherwise."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def loaded(form: str, path: Path, graph: Graph, images: Any) -> Any:
    """Return what an artifact answers, each read by its own library."""
    import keras
    import tensorflow as tf

    if form == "savedmodel":
        serve = tf.saved_model.load(str(path)).signatures["serving_default"]
        return {name: value.numpy() for name, value in serve(images=tf.constant(images)).items()}
    if form == "keras":
        return answers_of(keras.models.load_model(path, compile=False), graph)
    if form == "onnx":
        runtime = pytest.importorskip("onnxruntime")
        session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, {"images": images}), strict=True))
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    return litert.Interpreter(str(path)).get_signature_runner("serving_default")(images=images)


@pytest.mark.usefixtures("as_stored")
@pytest.mark.parametrize(
    "seeds",
    [USUAL, pytest.param([n for n in SEEDS if n not in USUAL], marks=pytest.mark.full)],
    ids=["usual", "the others"],
)
def test_a_random_network_answers_as_its_model(
    seeds: Sequence[int], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found: dict[str, list[float | None]] = {kind: [] for kind in WRITTEN}
    for seed, graph in fitting(seeds):
        model = random_model(graph)
        expected = told_by(answers_of(model, graph), graph, "float32")
        for kind, (form, without, allowed) in WRITTEN.items():
            path = tmp_path / f"{seed} {kind}{SUFFIXES[form]}"
            answers = written_and_read(model, path, form, without)
            far = answers and difference(told_by(answers, graph, "float32"), expected)
            if far is not None and far > allowed:
                wrong = any(node.op.kind in WRONG.get(form, ()) for node in graph)
                assert wrong, (seed, kind, far)
                far = None
            found[kind].append(far)
    for kind, distances in found.items():
        compared = [far for far in distances if far is not None]
        told = f"{len(compared)} of {len(distances)}, the furthest {max(compared):.2g}"
        record_property(kind, told)
        is_converted = WRITTEN[kind][0] in CONVERTED
        assert len(compared) > len(distances) / 2 if is_converted else compared == distances
    assert len(found["savedmodel"]) > len(seeds) / 3


def written_and_read(model: Any, path: Path, form: str, without: list[str]) -> Any:
    """Return the answers of an artifact, None where its format lacks an op of the network."""
    try:
        made = archgen.export(model, path, format=form, heads=True, without=without, verify=False)
        graph = made.rewriting.graph
        return loaded(form, path, graph, random_images(graph.inputs["input"]))
    except UsageError as error:
        assert error.faults[0].code == "E518"
    except Exception as error:
        if form != "onnx" or not re.search(NOT_OF_ONNX, str(error)):
            raise
    return None
