"""An export that is killed at any instant leaves the artifact before it, or its own, whole."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archgen.artifacts import manifest_of, verify
from archgen.files import recover

pytestmark = [pytest.mark.keras, pytest.mark.full]

KILLS = 10
NAMES = {"savedmodel": "x", "keras": "x.keras", "onnx": "x.onnx", "tflite": "x.tflite"}
# Says a line behind every artifact; each has another weight, so each has another manifest.
WRITER = """
import itertools, sys, archgen
form, path, run = sys.argv[1:]
model = archgen.build("inception_v4_mnist_tiny", seed=0)
layer = model.layers[-1]
layer.bias.assign(layer.bias + 1000 * int(run))
for number in itertools.count():
    layer.bias.assign(layer.bias + number + 1)
    archgen.export(model, path, format=form, verify=False)
    print(number, flush=True)
"""


@pytest.mark.parametrize("form", NAMES)
def test_a_killed_export_costs_nothing(form: str, tmp_path: Path) -> None:
    path = tmp_path / NAMES[form]
    draw = random.Random(form)
    changed = 0
    for run, seconds in enumerate(_spans(draw)):
        before = manifest_of(path).files if path.exists() else None
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, form, str(path), str(run)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout is not None
        assert writer.stdout.readline(), "the first artifact was not written"
        time.sleep(seconds)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        verify(path)
        changed += manifest_of(path).files != before
    assert changed == KILLS
    recover(path)
    assert list(tmp_path.iterdir()) == [path]


def _spans(draw: random.Random) -> Iterator[float]:
    """Yield how long a writer goes on behind its first artifact: at most about one more."""
    for _ in range(KILLS):
        yield draw.uniform(0, 3)
