"""Every shipped network as every kind of artifact; an export that differs too far raises."""

from pathlib import Path

import pytest

import archgen
from archgen.library import names
from archgen.passes import PASSES
from tests.keras_layer.test_exporting import drawn

pytestmark = [pytest.mark.keras, pytest.mark.full]

SUFFIXES = {"savedmodel": "", "keras": ".keras", "onnx": ".onnx", "tflite": ".tflite"}


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("name", names())
def test_a_shipped_network_answers_as_its_model(name: str, form: str, tmp_path: Path) -> None:
    model = drawn(name)
    made = archgen.export(model, tmp_path / f"x{SUFFIXES[form]}", format=form)
    assert made.verified is not None
    assert made.verified.difference <= (1e-4 if form in ("onnx", "tflite") else 1e-5)


@pytest.mark.parametrize("name", names())
def test_a_shipped_network_without_passes_answers_the_same(name: str, tmp_path: Path) -> None:
    without = [each.name for each in PASSES if each.name != "drop-heads"]
    made = archgen.export(drawn(name), tmp_path / "x", without=without)
    assert made.verified is not None
    assert made.verified.difference == 0
