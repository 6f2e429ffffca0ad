"""Whether an artifact answers as its model: it is loaded in a process without archgen.

Imports NumPy when it is called.
"""

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from archgen.backends import fresh
from archgen.diagnostics import ArtifactError, Fault
from archgen.ir import Graph, Op

if TYPE_CHECKING:
    import keras
    import numpy as np

    Answers = Mapping[str, "np.ndarray[Any, Any]"]

IMAGES = 2
SEED = 0
# What TensorFlow and Keras import where it is installed, and can do without: most of their time.
NOT_NEEDED = {"savedmodel": ("keras", "jax", "scipy", "h5py"), "keras": ("jax", "scipy", "sklearn")}
_FRAMES_A_LAYER = 8  # Keras loads a functional graph recursively
_FRAMES = 1000
_LINES = 3


class Reader:
    """A fresh process that imports what a format needs while the artifact is being written."""

    def __init__(self, form: str) -> None:
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, a file of archgen's
            [sys.executable, "-I", fresh.__file__, form, *NOT_NEEDED.get(form, ())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._told,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._told):
            if stream is not None:
                stream.close()

    def ask(self, path: Path, graph: Graph, *, as_stored: bool) -> None:
        """Ask the artifact for its answers to the random images, and do not wait for them."""
        (shape,) = graph.inputs.values()
        wish = {
            "path": str(path),
            "input": shape,
            "images": IMAGES,
            "seed": SEED,
            "outputs": list(graph.outputs),
            "as_stored": as_stored,
            "frames": _FRAMES + _FRAMES_A_LAYER * len(graph.nodes),
        }
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it has failed; `answers` tells why
                self._process.stdin.write(f"{json.dumps(wish)}\n".encode())
                self._process.stdin.flush()

    def answers(self) -> "Answers":
        """Wait for the answers.

        Raises:
            ArtifactError: E514, the artifact cannot be loaded.
        """
        import numpy as np

        content, _ = self._process.communicate()
        if self._process.returncode:
            raise ArtifactError(Fault("E514", self._reason()))
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return dict(archive)

    def _reason(self) -> str:
        self._told.seek(0)
        lines = self._told.read().decode(errors="replace").strip().splitlines()
        said = " ".join(lines[-_LINES:]) or f"it ended with {self._process.returncode}"
        return f"the artifact cannot be loaded in a fresh process: {said}"


def random_images(shape: Sequence[int]) -> Any:
    """Return the images that an artifact is asked."""
    import numpy as np

    random = np.random.default_rng(SEED)
    return random.uniform(-1, 1, (IMAGES, *shape)).astype("float32")


def answers_of(model: "keras.Model", graph: Graph) -> "Answers":
    """Return what a model answers to the random images, by the names of its outputs."""
    import keras

    (shape,) = graph.inputs.values()
    made = model(random_images(shape), training=False)
    named = made if isinstance(made, dict) else dict(zip(graph.outputs, [made], strict=True))
    return {name: keras.ops.convert_to_numpy(value) for name, value in named.items()}


def told_by(answers: "Answers", graph: Graph, dtype: str) -> "Answers":
    """Return what tells answers apart: of a softmax the logarithms, which show its logits.

    Behind a softmax that is sure of itself a difference of logits would be lost. A probability is
    no smaller than ``dtype`` can hold.
    """
    import numpy as np

    least = float(np.finfo(dtype).tiny)
    sure = {name for name, node in graph.outputs.items() if _is_softmax(graph.by_name[node].op)}
    return {
        name: np.log(np.maximum(value.astype(np.float64), least)) if name in sure else value
        for name, value in answers.items()
    }


def _is_softmax(op: Op) -> bool:
    return getattr(op, "activation", None) == "softmax"


def is_constant(answers: "Answers") -> bool:
    """Return whether a model answers the same to all random images, so that nothing is told."""
    return all((value == value[:1]).all() for value in answers.values())


def difference(answers: "Answers", expected: "Answers") -> float:
    """Return how far answers are apart, in parts of the largest value of their output.

    Infinite where an output lacks, has another shape, or one of the two is no number.
    """
    return max(
        (_apart(answers.get(name), expected[name]) for name in expected), default=float("inf")
    )


def _apart(answer: Any, expected: Any) -> float:
    import numpy as np

    if answer is None or answer.shape != expected.shape:
        return float("inf")
    far = float(np.abs(answer.astype(np.float64) - expected).max()) / (
        float(np.abs(expected).max()) or 1.0
    )
    return far if np.isfinite(far) else float("inf")
