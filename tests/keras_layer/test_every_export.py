"""Every shipped network as every kind of artifact; an export that differs too far raises."""

from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - images are arrays
import pytest

import archgen
from archgen.library import names
from archgen.passes import PASSES
from tests.keras_layer.test_exporting import drawn

pytestmark = [pytest.mark.keras, pytest.mark.full]

BATCH = 4
SUFFIXES = {"savedmodel": "", "keras": ".keras", "onnx": ".onnx", "tflite": ".tflite"}


def settled(name: str) -> Any:
    """Return a network whose normalisations know what runs through it, as after a training.

    With statistics at random values grow from layer to layer, and with them what is rounded.
    """
    model = drawn(name)
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0
    model(np.random.default_rng(3).uniform(-1, 1, (BATCH, *model.input.shape[1:])), training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
    return model


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("name", names())
def test_a_shipped_network_answers_as_its_model(name: str, form: str, tmp_path: Path) -> None:
    model = settled(name)
    made = archgen.export(model, tmp_path / f"x{SUFFIXES[form]}", format=form)
    assert made.verified is not None
    assert made.verified.difference <= (1e-4 if form in ("onnx", "tflite") else 1e-5)


@pytest.mark.parametrize("name", names())
def test_a_shipped_network_without_passes_answers_the_same(name: str, tmp_path: Path) -> None:
    without = [each.name for each in PASSES if each.name != "drop-heads"]
    made = archgen.export(settled(name), tmp_path / "x", without=without)
    assert made.verified is not None
    assert made.verified.difference == 0
