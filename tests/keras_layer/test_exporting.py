"""Artifacts: the same answers where archgen is not installed, whole or not there."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - answers are arrays
import pytest

import archgen
from archgen import ArtifactError, MachineError, UsageError
from archgen.artifacts import MANIFEST, contents, manifest_of, verify
from archgen.backends import exporting
from archgen.backends.edits import apply
from archgen.cli import main
from archgen.exports import made_of
from tests.keras_layer.specs import COMPOSED, conv, spec

pytestmark = pytest.mark.keras

LABELS = ["none", "one", "two"]
PIXELS = {"mean": [10, 20, 30], "std": [2, 4, 5], "order": "BGR"}
NET = spec(
    conv("first", 6, norm="batch_norm", activation="relu", use_bias=False),
    {"op": "avg_pool", "pool_size": 3, "strides": 1, "padding": "same"},
    conv("second", 5, kernel_size=1, norm={"op": "batch_norm", "scale": False}),
    {"op": "dropout", "rate": 0.5},
    {"op": "flatten"},
    {"op": "dense", "name": "predictions", "units": 3, "activation": "softmax"},
    shape=(8, 9, 3),
    labels=LABELS,
    heads={"aux": {"from": "first", "layers": [{"op": "flatten"}, {"op": "dense", "units": 2}]}},
) | {"input": {"shape": [8, 9, 3], "pixels": PIXELS}}

# What somebody runs who has the artifact and TensorFlow.
STRANGER = """
import json, sys
sys.modules["archgen"] = None
import keras, numpy as np, tensorflow as tf
path, images, raw = sys.argv[1:4]
images, raw = np.load(images), np.load(raw)
loaded = tf.saved_model.load(path)
layer = keras.layers.TFSMLayer(path, call_endpoint="serving_default")
serve, uint8 = (loaded.signatures[key] for key in ("serving_default", "serve_uint8"))
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
told = {
    "signatures": sorted(loaded.signatures),
    "inputs": {each.name.split(":")[0]: each.shape.as_list() for each in serve.inputs[:1]},
    "served": {k: v.numpy().tolist() for k, v in serve(images=tf.constant(images)).items()},
    "one": serve(images=tf.constant(images[:1]))["predictions"].numpy().tolist(),
    "layer": {k: np.asarray(v).tolist() for k, v in layer(images).items()},
    "raw": uint8(images=tf.constant(raw))["predictions"].numpy().tolist(),
}
print(json.dumps(told))
"""


def drawn(known: Any, **parameters: Any) -> Any:
    """Return a model with weights and statistics that training might have left."""
    model = archgen.build(known, seed=1, **parameters)
    random = np.random.default_rng(2)
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name in ("gamma", "moving_variance"):
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
            elif weight.name != "kernel":
                weight.assign(random.normal(0, 0.3, weight.shape))
    return model


@pytest.fixture(scope="module")
def model(keras: Any) -> Any:
    return drawn(NET)


@pytest.fixture(scope="module")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Artifacts that nobody may change."""
    made = tmp_path_factory.mktemp("artifacts")
    archgen.export(model, made / "served")
    archgen.export(model, made / "net.keras", format="keras")
    before = contents(made)
    yield made
    assert contents(made) == before


def stranger(path: Path, images: Any, raw: Any, at: Path) -> Any:
    np.save(at / "images.npy", images)
    np.save(at / "raw.npy", raw)
    command = [sys.executable, "-I", "-c", STRANGER, str(path), "images.npy", "raw.npy"]
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def answered(model: Any, images: Any) -> dict[str, Any]:
    return {name: np.asarray(value) for name, value in model(images, training=False).items()}


def far(one: Any, other: Any) -> float:
    one, other = np.asarray(one), np.asarray(other)
    assert one.shape == other.shape
    assert np.unique(other).size > 1
    return float(abs(one - other).max() / abs(other).max())


def test_a_folder_serves_where_archgen_is_not_installed(
    model: Any, folder: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    images = random.uniform(-1, 1, (3, 8, 9, 3)).astype("float32")
    raw = random.integers(0, 256, (2, 16, 18, 3)).astype("uint8")
    found = stranger(folder / "served", images, raw, tmp_path)
    answers = answered(model, images)
    assert found["signatures"] == ["serve_uint8", "serving_default"]
    assert found["inputs"] == {"images": [None, 8, 9, 3]}
    assert set(found["served"]) == {"predictions"}, "the head is left out"
    assert far(found["served"]["predictions"], answers["predictions"]) < 1e-5
    assert far(found["layer"]["predictions"], answers["predictions"]) < 1e-5
    assert far(found["one"], answers["predictions"][:1]) < 1e-5
    # Resized to half their size, bilinear sampling is the mean of four pixels.
    halved = raw.astype("float32").reshape(2, 8, 2, 9, 2, 3).mean((2, 4))
    mapped = (halved[..., ::-1] - np.array(PIXELS["mean"])) / np.array(PIXELS["std"])
    expected = answered(model, mapped.astype("float32"))["predictions"]
    assert far(found["raw"], expected) < 1e-5


@pytest.mark.parametrize(
    ("signature", "dtype", "shape"),
    [
        ("serving_default", "DT_FLOAT", "(-1, 8, 9, 3)"),
        ("serve_uint8", "DT_UINT8", "(-1, -1, -1, 3)"),
    ],
)
def test_tensorflows_own_tool_tells_what_goes_in_and_out(
    folder: Path, signature: str, dtype: str, shape: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from tensorflow.python.tools import saved_model_cli

    # What `saved_model_cli show` runs, without starting TensorFlow anew.
    saved_model_cli._show_inputs_outputs(str(folder / "served"), "serve", signature)
    told = " ".join(capsys.readouterr().out.split())
    assert f"inputs['images'] tensor_info: dtype: {dtype} shape: {shape}" in told
    assert "outputs['predictions'] tensor_info: dtype: DT_FLOAT shape: (-1, 3)" in told
    assert told.count("tensor_info") == 2


def test_a_folder_holds_each_weight_once(model: Any, folder: Path) -> None:
    params = 4 * archgen.analyse(archgen.graph(NET)).params
    size = sum(each.stat().st_size for each in (folder / "served" / "variables").iterdir())
    assert size < 1.05 * params + 2000


def test_without_passes_a_folder_answers_the_same_to_the_last_bit(
    keras: Any, tmp_path: Path
) -> None:
    passes = ("drop-no-ops", "fold-batch-norm", "fold-rescale", "move-conv-before-pool")
    known = drawn(spec(*COMPOSED))
    made = archgen.export(known, tmp_path / "exact", without=passes)
    assert made.verified is not None
    assert (made.verified.difference, made.verified.tolerance) == (0, 0)
    assert manifest_of(tmp_path / "exact").passes == {}


def test_with_passes_the_difference_is_told_and_small(folder: Path) -> None:
    manifest = manifest_of(folder / "served")
    assert {"fold-batch-norm", "move-conv-before-pool"} <= manifest.passes.keys()
    assert manifest.verified is not None
    assert 0 < manifest.verified.difference < manifest.verified.tolerance == 1e-5


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_a_model_of_another_type_is_served_in_float32(
    policy: str, keras_settings: Any, tmp_path: Path
) -> None:
    keras_settings.set_dtype_policy(policy)
    made = archgen.export(drawn(NET), tmp_path / "net")
    assert made.verified is not None
    assert made.verified.difference < 1e-5
    assert keras_settings.dtype_policy().name == policy


def test_heads_are_kept_where_they_are_asked_for(model: Any, tmp_path: Path) -> None:
    made = archgen.export(model, tmp_path / "heads", heads=True)
    assert manifest_of(made.path).outputs == ("predictions", "aux")


def test_an_artifact_that_answers_otherwise_is_not_written(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.keras"
    archgen.export(model, path, format="keras", verify=False)
    before = path.read_bytes()

    shift = np.array([0.01, 0, 0], "float32")  # softmax would hide one that is the same for all

    def wrong(*arguments: Any) -> Any:
        weights = dict(apply(*arguments))
        return weights | {("predictions", "bias"): weights["predictions", "bias"] + shift}

    monkeypatch.setattr(exporting, "apply", wrong)
    with pytest.raises(ArtifactError) as caught:
        archgen.export(model, path, format="keras")
    assert caught.value.faults[0].code == "E514"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_network_that_is_sure_hides_no_difference(
    keras: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sure = drawn(NET)
    sure.get_layer("predictions").bias.assign([40, 0, -40])

    def wrong(*arguments: Any) -> Any:
        weights = dict(apply(*arguments))
        bias = weights["predictions", "bias"] + np.array([0, 0, 1], "float32")
        return weights | {("predictions", "bias"): bias}

    assert archgen.export(sure, tmp_path / "right.keras", format="keras").verified is not None
    monkeypatch.setattr(exporting, "apply", wrong)
    with pytest.raises(ArtifactError, match="E514"):
        archgen.export(sure, tmp_path / "wrong.keras", format="keras")


def test_a_model_that_always_answers_the_same_is_not_verified(keras: Any, tmp_path: Path) -> None:
    always = drawn(NET)
    always.get_layer("predictions").bias.assign([400, 0, -400])
    path = tmp_path / "net.keras"
    with pytest.raises(ArtifactError, match="answers the same to every image"):
        archgen.export(always, path, format="keras")
    assert not path.exists()
    assert archgen.export(always, path, format="keras", verify=False).size


# ── what is inside ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["served", "net.keras"])
def test_an_artifact_tells_its_spec(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert archgen.load(made_of(folder / name).spec.encode()).labels == LABELS
    assert main(["show", str(folder / name), "--depth", "9"]) == 0
    shown = capsys.readouterr().out
    assert archgen.table(NET).text(9) in shown
    assert "largest relative difference" in shown


def test_a_folder_has_the_labels(folder: Path) -> None:
    labels = folder / "served" / "assets.extra" / "labels.txt"
    assert labels.read_text().splitlines() == LABELS


def test_a_record_that_extends_something_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from hashlib import sha256

    path = tmp_path / "hostile"
    (path / "assets.extra").mkdir(parents=True)
    text = json.dumps({"archgen": 1, "name": "x", "extends": "../secret.json"})
    record = json.loads((folder / "served" / "assets.extra" / "archgen.json").read_text())
    record |= {"spec": text, "spec_sha256": sha256(text.encode()).hexdigest()}
    (path / "assets.extra" / "archgen.json").write_text(json.dumps(record))
    assert main(["show", str(path)]) == 1
    assert "E217" in capsys.readouterr().err


# ── damage ────────────────────────────────────────────────────────────────────────────────────────


def flipped(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def copied(folder: Path, to: Path) -> Path:
    for each in folder.rglob("*"):
        if each.is_file():
            place = to / each.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(each.read_bytes())
    return to


def test_a_flipped_bit_in_any_file_of_a_folder_is_told(folder: Path, tmp_path: Path) -> None:
    path = copied(folder / "served", tmp_path / "copy")
    verify(path)
    for name in [*contents(path), MANIFEST]:
        place = path / name
        sound = place.read_bytes()
        flipped(place, len(sound) // 2)
        with pytest.raises((ArtifactError, UsageError)) as caught:
            verify(path)
        assert name == MANIFEST or name in str(caught.value)
        place.write_bytes(sound)
    verify(path)


def test_a_flipped_bit_anywhere_in_a_file_is_told(folder: Path, tmp_path: Path) -> None:
    path = copied(folder, tmp_path / "copy") / "net.keras"
    size = path.stat().st_size
    for at in [*range(0, size, size // 40), *range(size - 1500, size, 50)]:
        flipped(path, at)
        with pytest.raises((ArtifactError, UsageError)):
            verify(path)
        flipped(path, at)
    verify(path)


def test_a_missing_and_a_further_file_are_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied(folder / "served", tmp_path / "copy")
    (path / "fingerprint.pb").unlink()
    (path / "notes.txt").touch()
    assert main(["verify", str(path)]) == 1
    told = capsys.readouterr().err
    assert "`fingerprint.pb` is missing" in told
    assert "`notes.txt` in" in told


def test_verify_says_of_a_sound_artifact_what_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(folder / "served")]) == 0
    assert "as it was written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("form", "dtype"),
    [
        ("onnx", "float32"),
        ("tflite", "float16"),
        pytest.param("onnx", "float16", marks=pytest.mark.full),
        pytest.param("tflite", "float32", marks=pytest.mark.full),
    ],
)
def test_onnx_and_litert_answer_as_the_model_and_tell_damage(
    form: str, dtype: str, model: Any, tmp_path: Path
) -> None:
    made = archgen.export(model, tmp_path / f"net.{form}", format=form, dtype=dtype)
    assert made.verified is not None
    assert 0 < made.verified.difference < (1e-4 if dtype == "float32" else 1e-2)
    assert archgen.load(made_of(made.path).spec.encode()).labels == LABELS
    for at in range(0, made.size, made.size // 60):
        flipped(made.path, at)
        with pytest.raises((ArtifactError, UsageError)):
            verify(made.path)
        flipped(made.path, at)
    assert verify(made.path).dtype == dtype


@pytest.mark.parametrize("fails", [False, True])
def test_onnx_is_converted_again_with_copies_if_it_fails_without(
    fails: bool, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tf2onnx import optimizer

    asked: list[bool] = []
    optimize = optimizer.optimize_graph

    def optimized(graph: Any, catch_errors: bool, **keywords: Any) -> Any:
        asked.append(catch_errors)
        if fails and not catch_errors:
            raise ValueError("an optimizer's fault")
        return optimize(graph, catch_errors, **keywords)

    monkeypatch.setattr(optimizer, "optimize_graph", optimized)
    archgen.export(model, tmp_path / "x.onnx", format="onnx", verify=False)
    assert asked == ([False, True] if fails else [False])
    assert "TF2ONNX_CATCH_ERRORS" not in os.environ


# ── what stands there already ─────────────────────────────────────────────────────────────────────


def refused(code: str, *arguments: Any, **keywords: Any) -> str:
    with pytest.raises((UsageError, MachineError)) as caught:
        archgen.export(*arguments, **keywords)
    (fault,) = caught.value.faults
    assert fault.code == code
    return str(caught.value)


def test_a_folder_of_the_users_is_not_replaced(model: Any, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").touch()
    assert "choose another name" in refused("E503", model, tmp_path / "thesis")
    (tmp_path / "own.keras").write_bytes(b"weeks of training")
    refused("E503", model, tmp_path / "own.keras", format="keras")
    assert (tmp_path / "own.keras").read_bytes() == b"weeks of training"


def test_an_artifact_with_a_file_of_the_users_is_not_replaced(
    model: Any, folder: Path, tmp_path: Path
) -> None:
    path = copied(folder / "served", tmp_path / "copy")
    (path / "notes.txt").touch()
    assert "notes.txt" in refused("E503", model, path)


def test_an_artifact_replaces_an_artifact(model: Any, folder: Path, tmp_path: Path) -> None:
    path = copied(folder / "served", tmp_path / "copy")
    assert main(["build", "lenet5", "-o", str(tmp_path / "net.keras")]) == 0
    archgen.export(model, path, verify=False)
    assert manifest_of(path).verified is None
    archgen.export(model, tmp_path / "net.keras", format="keras", verify=False)
    verify(tmp_path / "net.keras")


# ── wrong wishes ──────────────────────────────────────────────────────────────────────────────────


def test_wrong_wishes_are_told(model: Any, keras: Any, tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert "savedmodel" in refused("E503", NET, path, format="saved_model")
    assert "ends in .onnx" in refused("E503", NET, path, format="onnx")
    assert "float32" in refused("E503", NET, path, dtype="float16")
    assert "fold-batch-norm" in refused("E501", NET, path, without=["fold"])
    assert "weights=FILE" in refused("E501", keras.Sequential([keras.Input((2,))]), path)
    refused("E507", model, path, seed=1)
    refused("E503", model, tmp_path / "nowhere" / "x")
    refused("E508", NET, path, input_shape=(8, 9, 1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("form", "packages"), [("onnx", ["tf2onnx"]), ("tflite", ["ai_edge_litert"])]
)
def test_a_missing_package_is_told_before_the_work(
    form: str, packages: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in packages else found(name)
    )
    told = refused("E509", NET, tmp_path / f"x.{form}", format=form)
    assert f"archgen[{form}]" in told


@pytest.mark.parametrize(
    ("form", "lacking", "entry"),
    [
        ("onnx", "onnx has no Erfc", {"op": "activation", "activation": "gelu"}),
        (
            "tflite",
            "tflite has no ResizeBicubic",
            {"op": "up_sample", "size": 2, "interpolation": "bicubic"},
        ),
    ],
)
def test_an_op_that_a_format_lacks_is_told(
    form: str, lacking: str, entry: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip({"onnx": "tf2onnx", "tflite": "ai_edge_litert"}[form])
    net = spec(entry, {"op": "flatten"}, shape=(4, 4, 3))
    assert lacking in refused("E518", net, tmp_path / f"x.{form}", format=form)
    assert list(tmp_path.iterdir()) == []


# ── weights ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def saved(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.numpy import save_file

    path = tmp_path_factory.mktemp("weights")
    model.compile(optimizer="adam", loss="mse")  # whose state Keras saves with the weights
    model.optimizer.build(model.trainable_variables)
    model.save_weights(path / "net.weights.h5")
    model.save(path / "net.keras")
    named = {f"{layer.name}.{w.name}": w.numpy() for layer in model.layers for w in layer.weights}
    save_file(named, path / "net.safetensors")
    return path


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras", "net.safetensors"])
def test_weights_come_from_a_file(
    model: Any, saved: Path, name: str, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(NET))
    out = tmp_path / "out.keras"
    command = ["export", str(path), "-o", str(out), "--weights", str(saved / name), "--no-verify"]
    assert main(command) == 0
    with zipfile.ZipFile(out) as one, zipfile.ZipFile(folder / "net.keras") as other:
        assert one.read("model.weights.h5") == other.read("model.weights.h5")


def test_weights_that_do_not_fit_are_told_by_name(saved: Path, tmp_path: Path) -> None:
    path, file = tmp_path / "x", saved / "net.safetensors"
    other = {**NET, "layers": [conv("other"), *NET["layers"]]}
    told = refused("E506", other, path, weights=file)
    assert "it has no `other.bias`, `other.kernel`" in told
    other["layers"] = [conv("first", 7, norm="batch_norm", use_bias=False), *NET["layers"][1:]]
    assert "3×3×3×6 in the file" in refused("E506", other, path, weights=file)
    (tmp_path / "noise.safetensors").write_bytes(b"noise" * 9)
    refused("E506", NET, path, weights=tmp_path / "noise.safetensors")


# ── whole or nothing ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", ["savedmodel", "keras"])
def test_whatever_step_fails_nothing_is_replaced(
    form: str, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ("x" if form == "savedmodel" else "x.keras")
    archgen.export(model, path, format=form, verify=False)
    before = contents(path)
    steps = ("apply", "contents", "seal", "Manifest")
    for step in steps:
        with monkeypatch.context() as patched:

            def fails(*_: object, **__: object) -> None:
                raise OSError(28, "no space left on device")

            patched.setattr(exporting, step, fails)
            assert "no space left" in refused("E503", model, path, format=form, verify=False)
        assert contents(path) == before
        assert list(tmp_path.iterdir()) == [path]
