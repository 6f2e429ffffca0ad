"""Saved models and weights: the same answers again, with and without archgen."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - answers are arrays
import pytest

import archgen
from archgen.ops import OPS
from tests import reference
from tests.keras_layer.arrays import arrays, unchanged
from tests.keras_layer.specs import COMPOSED, PLAIN, conv, spec

pytestmark = pytest.mark.keras

WHOLE = {
    "mnist": ("inception_v4_mnist", {}),
    "tiny-aux": ("inception_v4_mnist_tiny", {"aux": True}),
    "composed": (spec(*COMPOSED), {}),
    "plain": (spec(*PLAIN), {}),
}


class Saved:
    """A model with drawn weights and statistics, its file, and what it answers."""

    def __init__(self, name: str, folder: Path) -> None:
        known, parameters = WHOLE[name]
        self.model = archgen.build(known, seed=1, **parameters)  # type: ignore[arg-type]
        random = np.random.default_rng(2)
        for layer in self.model.layers:
            shapes = {v.name: tuple(v.shape) for v in layer.weights if v.name != "kernel"}
            drawn = reference.random_weights(shapes, random)
            for variable in layer.weights:
                variable.assign(drawn.get(variable.name, variable))
        self.path = folder / f"{name}.keras"
        self.model.save(self.path)
        self.images = random.uniform(-1, 1, (3, *self.model.input_shape[1:])).astype("float32")
        np.save(folder / f"{name}.npy", self.images)
        self.answers = answers(self.model, self.images)


def answers(model: Any, images: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return a model's outputs by name."""
    given = model(images, training=False)
    named = given if isinstance(given, dict) else {"": given}
    return {name: np.asarray(value) for name, value in named.items()}


def identical(one: dict[str, Any], other: dict[str, Any]) -> bool:
    assert all(np.unique(answer).size > 1 for answer in one.values())
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) for name in one
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def every(folder: Path) -> dict[str, Saved]:
    return {name: Saved(name, folder) for name in WHOLE}


@pytest.fixture(params=WHOLE)
def saved(request: pytest.FixtureRequest, every: dict[str, Saved]) -> Saved:
    return every[request.param]


# ── whole models ──────────────────────────────────────────────────────────────────────────────────


def test_a_saved_model_answers_bit_by_bit_the_same(saved: Saved, keras: Any) -> None:
    loaded = keras.models.load_model(saved.path)
    assert identical(saved.answers, answers(loaded, saved.images))
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in saved.model.layers]


WITHOUT_ARCHGEN = """
import json, sys
sys.modules["archgen"] = None
import keras, numpy
digests = {}
for name in sys.argv[1:]:
    model = keras.models.load_model(f"{name}.keras")
    given = model(numpy.load(f"{name}.npy"), training=False)
    named = given if isinstance(given, dict) else {"": given}
    digests[name] = {key: numpy.asarray(value).tobytes().hex() for key, value in named.items()}
try:
    import archgen
except ImportError:
    print(json.dumps(digests))
"""


def test_saved_models_need_no_archgen(folder: Path, every: dict[str, Saved]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ARCHGEN, *every],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    digests = json.loads(done.stdout.splitlines()[-1])
    for name, made in every.items():
        assert digests[name] == {key: array.tobytes().hex() for key, array in made.answers.items()}


def test_every_op_is_saved_and_exported() -> None:
    graphs = [archgen.graph(spec(*entries)) for entries in (COMPOSED, PLAIN)]
    assert {node.op.kind for graph in graphs for node in graph} == OPS.keys()


@pytest.mark.parametrize("entries", [COMPOSED, PLAIN], ids=["composed", "plain"])
def test_an_exported_model_answers_the_same(
    entries: tuple[dict[str, Any], ...], tmp_path: Path
) -> None:
    import tensorflow as tf

    model = archgen.build(spec(*entries), seed=1)
    images = np.random.default_rng(4).uniform(-1, 1, (3, 8, 9, 4)).astype("float32")
    model.export(tmp_path / "exported", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    served = np.asarray(loaded.serve(images))
    assert np.unique(served).size > 1
    np.testing.assert_allclose(served, np.asarray(model(images)), rtol=1e-5, atol=1e-6)


# ── weights alone ─────────────────────────────────────────────────────────────────────────────────

TWO = spec(conv("first"), conv("second"))
SUFFIXES = (".weights.h5", ".keras")


def written(model: Any, path: Path) -> Path:
    """Write the weights as the suffix says."""
    if path.suffix == ".h5":
        model.save_weights(path)
    else:
        model.save(path)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("spec_", ["inception_v4_mnist_tiny", spec(*COMPOSED)], ids=["tiny", "own"])
def test_weights_come_back(spec_: Any, suffix: str, tmp_path: Path) -> None:
    model = archgen.build(spec_, seed=1)
    path = written(model, tmp_path / f"model{suffix}")
    before = arrays(model)
    assert unchanged(before, archgen.build(spec_, seed=2, weights=path)) == list(before)
    kernels = [name for name in before if name.endswith("kernel")]
    other = archgen.build(spec_, seed=2)
    assert not set(unchanged(before, other)) & set(kernels), "another seed draws other kernels"


OTHERS = {
    "wider": spec(conv("first", 5), conv("second")),
    "another-kernel": spec(conv("first"), conv("second", kernel_size=1)),
    "shorter": spec(conv("first")),
    "longer": spec(conv("first"), conv("second"), conv("third")),
    "swapped": spec(conv("second"), conv("first")),
    "other-names": spec(conv("one"), conv("two")),
    "without-bias": spec(conv("first"), conv("second", use_bias=False)),
    "another-op": spec(conv("first"), {"op": "dense", "units": 4, "name": "second"}),
    "another-norm": spec(conv("first", norm="batch_norm"), conv("second")),
}


# Keras warns of some of the differences before it raises; archgen's fault says it already.
@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", OTHERS)
def test_weights_of_another_architecture_are_refused(
    name: str, suffix: str, tmp_path: Path
) -> None:
    path = written(archgen.build(OTHERS[name]), tmp_path / f"other{suffix}")
    with pytest.raises(archgen.MachineError, match="E506"):
        archgen.build(TWO, weights=path)


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".txt"])
@pytest.mark.parametrize("content", [b"", b"neither HDF5 nor zip" * 50], ids=["empty", "junk"])
def test_a_file_that_is_none_is_refused(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(archgen.MachineError, match=r"E50[26]") as error:
        archgen.build(TWO, weights=path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("part", [0.3, 0.7, 0.98])
def test_a_file_that_was_cut_off_is_refused(part: float, suffix: str, tmp_path: Path) -> None:
    path = written(archgen.build(TWO), tmp_path / f"model{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(archgen.MachineError, match=r"E50[26]"):
        archgen.build(TWO, weights=path)


@pytest.mark.parametrize("mark", [b"HEAP", b"TREE", b"SNOD"])
def test_a_file_that_is_damaged_inside_is_refused(mark: bytes, tmp_path: Path) -> None:
    """HDF5 answers with a RuntimeError, Keras with others."""
    path = written(archgen.build(TWO), tmp_path / "model.weights.h5")
    path.write_bytes(path.read_bytes().replace(mark, b"----"))
    with pytest.raises(archgen.MachineError, match="not a file of Keras weights"):
        archgen.build(TWO, weights=path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_missing_is_refused(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(archgen.MachineError, match="E502") as error:
        archgen.build(TWO, weights=tmp_path / f"nothing{suffix}")
    assert f"nothing{suffix}" in str(error.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(archgen.MachineError, match="E502"):
        archgen.build(TWO, weights=tmp_path)
