"""The process that loads an artifact: what it imports, and what it shall not."""

import subprocess
import sys

import pytest

from archgen.backends import fresh
from archgen.backends.answering import NOT_NEEDED

pytestmark = pytest.mark.keras


def imported(form: str, *left_out: str) -> set[str]:
    """Return the modules for which the process has looked when it waits for a wish."""
    command = [sys.executable, "-I", "-X", "importtime", fresh.__file__, form, *left_out]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_a_folder_is_loaded_without_what_tensorflow_can_do_without() -> None:
    found = imported("savedmodel", *NOT_NEEDED["savedmodel"])
    assert "tensorflow" in found
    assert not found & {"keras.src", "jax._src", "scipy._lib", "h5py._hl"}


def test_what_cannot_be_left_out_is_imported_after_all() -> None:
    """What is imported is told of the first try alone: the option is not handed on."""
    assert "numpy._core" in imported("tflite")
    assert "numpy._core" not in imported("tflite", "numpy")
