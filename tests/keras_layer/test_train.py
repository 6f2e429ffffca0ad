"""Training runs, on nets and data so tiny that each takes seconds."""

import csv
import json
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np  # noqa: TID253 - images are arrays
import pytest

import archgen
from archgen.cli import main
from archgen.diagnostics import MachineError, UsageError
from archgen.pixels import PixelMap
from archgen.recipe import Augmentation, Training
from archgen.training.fitting import task_of
from archgen.training.folder import RunFolder
from archgen.training.images import split
from archgen.training.learner import Learner, answers
from archgen.training.preparing import changes, prepared
from archgen.training.sources import load_data
from tests.keras_layer.arrays import arrays, unchanged
from tests.training_cases import TINY, images, npz, pictures

pytestmark = pytest.mark.keras
EPOCHS = 10
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a spec, images in a file, and a finished run of both."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "tiny.json").write_text(json.dumps(TINY), encoding="utf-8")
    command = ["train", str(folder / "tiny.json"), "--data", str(npz(folder))]
    options = ["-o", str(folder / "run"), "--set", "aux=true", "--epochs", str(EPOCHS)]
    more = ["--augment", "shift=0.1", "--augment", "flip=horizontal", "--weight-decay", "0.01"]
    more += ["--label-smoothing", "0.1", "--learning-rate", "0.02"]
    assert main([*command, *options, *more]) == 0
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    return folder / "run"


def summary(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return found


# ── what a run leaves ─────────────────────────────────────────────────────────────────────────────


def test_a_run_leaves_what_it_hands_on_and_nothing_else(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {
        "confusion.svg", "curves.svg", "log.csv", "model.keras", "spec.json", "summary.json",
        "tensorboard", "trainer.lock",
    }  # fmt: skip


def test_the_model_has_the_accuracy_that_the_summary_says(run: Path, keras: Any) -> None:
    model = keras.models.load_model(run / "model.keras")
    data = load_data(images(), (6, 6, 1))
    held_out = split(data).held_out
    answer = model.predict(data.pixels[held_out] * (2 / 255) - 1.0, verbose=0)["predictions"]
    right = answer.argmax(1) == data.labels[held_out]
    told = summary(run)
    assert told["accuracy"] == pytest.approx(right.mean())
    log = -np.log(answer[np.arange(len(right)), data.labels[held_out]])
    assert told["loss"] == pytest.approx(log.mean(), rel=1e-4)
    assert told["held_out"] == len(held_out) == 15
    assert told["params"] == model.count_params() == archgen.analyse(run / "spec.json").params


def test_a_finished_run_is_exported_and_its_model_is_known(
    folder: Path, run: Path, tmp_path: Path, capsys: Captured
) -> None:
    archgen.export(run, tmp_path / "served", verify=False)
    assert main(["show", str(tmp_path / "served"), "--resolved"]) == 0
    assert capsys.readouterr().out.strip() == archgen.resolved(run / "spec.json").strip()
    command = ["verify", str(run / "spec.json"), "--against", str(run / "model.keras")]
    assert main(command) == 0
    for unfinished in (folder, run / "tensorboard"):
        assert main(["export", str(unfinished), "-o", str(tmp_path / "none")]) == 2
        assert "holds no finished run" in capsys.readouterr().err


def test_a_network_learns(run: Path) -> None:
    assert summary(run)["accuracy"] >= 0.8  # chance is a third


def test_the_table_has_a_row_for_each_epoch(run: Path) -> None:
    with (run / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == [str(number + 1) for number in range(EPOCHS)]
    losses = [float(row["val_loss"]) for row in rows]
    assert summary(run)["best_epoch"] == 1 + losses.index(min(losses))
    assert float(rows[0]["learning_rate"]) == 2e-2 > float(rows[-1]["learning_rate"]) > 0


def test_tensorboard_is_told_the_same(run: Path) -> None:
    import tensorflow as tf

    with (run / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for part, column in (("train", "loss"), ("validation", "val_loss")):
        (path,) = (run / "tensorboard" / part).iterdir()
        events = list(tf.compat.v1.train.summary_iterator(str(path)))
        told = {
            event.step: float(tf.make_ndarray(value.tensor))
            for event in events
            for value in event.summary.value
            if value.tag == "epoch_loss"
        }
        assert told == {int(row["epoch"]): pytest.approx(float(row[column])) for row in rows}


def test_the_pictures_can_be_read(run: Path) -> None:
    for name in ("curves.svg", "confusion.svg"):
        text = "".join(ET.parse(run / name).getroot().itertext())
        assert "tiny on" in text
        assert f"{summary(run)['accuracy']:.2%} of 15 held-out images" in text


def test_a_finished_run_is_told_again(run: Path, capsys: Captured) -> None:
    before = (run / "model.keras").read_bytes()
    capsys.readouterr()
    assert main(["train", "--resume", str(run), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == summary(run)
    assert (run / "model.keras").read_bytes() == before
    again = archgen.resume(run)
    assert [row.epoch for row in again.history] == list(range(1, EPOCHS + 1))
    assert again.model.count_params() == summary(run)["params"]


# ── what is learned ───────────────────────────────────────────────────────────────────────────────


def learner(options: dict[str, Any], **parameters: Any) -> tuple[Learner, Any]:
    spec = archgen.load(TINY)
    graph = archgen.graph(spec, **parameters)
    data = load_data(images(), (6, 6, 1))
    chosen = Training(**{"learning_rate": 1e-2, **options})
    task = task_of(spec, graph, parameters, data)
    return Learner(task, chosen, data.shape, PixelMap((2 / 255,), (-1.0,))), data


def test_heads_count_by_their_weights(keras: Any) -> None:
    made, data = learner({"label_smoothing": 0.1}, aux=True, classifier_activation="linear")
    labels = keras.utils.to_categorical(data.labels[:8], 3)
    known = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    made.trainer.get_layer("tiny").get_layer("dropout").rate = 0.0
    answer = made.trainer(data.pixels[:8].astype("float32"), training=True)
    expected = float(known(labels, answer["predictions"]) + 0.25 * known(labels, answer["aux"]))
    before = arrays(made.model)
    measured = made.step(data.pixels[:8], data.labels[:8], 1e-2)
    assert measured.loss == pytest.approx(expected, rel=1e-4)
    assert unchanged(before, made.model) == []


def test_logits_and_probabilities_learn_the_same() -> None:
    steps = []
    for activation in ("softmax", "linear"):
        made, data = learner({}, classifier_activation=activation)
        losses = [made.step(data.pixels[:8], data.labels[:8], 1e-2).loss for _ in range(3)]
        steps.append((losses, answers(made.trainer, made.task, data.pixels, 8)))
    assert steps[0][0] == pytest.approx(steps[1][0], rel=1e-4)
    np.testing.assert_allclose(steps[0][1], steps[1][1], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(steps[1][1].sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop", "nadam", "lion"])
def test_a_state_that_is_put_back_goes_on_the_same(optimizer: str) -> None:
    made, data = learner({"optimizer": optimizer, "augmentation": None})
    batch = data.pixels[:8], data.labels[:8], 1e-3
    made.step(*batch)
    state = made.state()
    first = [made.step(*batch).loss for _ in range(2)]
    after = made.state()
    made.restore(state)
    assert [made.step(*batch).loss for _ in range(2)] == pytest.approx(first, rel=1e-5)
    for one, other in zip(made.state(), after, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    assert any(not np.array_equal(one, other) for one, other in zip(state, after, strict=True))


def test_pixels_are_prepared_as_the_spec_says(keras: Any) -> None:
    spec = {**TINY, "input": {"shape": [12, 12, 3]}}
    graph = archgen.graph(spec)
    mapping = PixelMap((0.5, 0.25, 0.2), (-1.0, -2.0, -3.0), reversed=True)
    entering = keras.Input((6, 6, 3))
    model = keras.Model(entering, prepared(entering, graph, mapping))
    given = np.full((1, 6, 6, 3), (10.0, 20.0, 40.0), "float32")
    answer = np.asarray(model(given))
    assert answer.shape == (1, 12, 12, 3)
    np.testing.assert_allclose(answer[0, 5, 5], [40 * 0.5 - 1, 20 * 0.25 - 2, 10 * 0.2 - 3])


def test_random_changes_are_independent_and_follow_from_the_seed() -> None:
    asked = Augmentation(shift=0.1, rotate=15, zoom=0.15)
    count = 256

    def drawn(seed: int) -> list[np.ndarray[Any, Any]]:
        shift, turn, zoom = changes(asked, seed)
        images = np.zeros((count, 6, 6, 1), "float32")
        made = [layer.get_random_transformation(images) for layer in (shift, turn, zoom)]
        keys = ("translations", "angle", "height_zoom")
        values = [np.asarray(one[key]) for one, key in zip(made, keys, strict=True)]
        return [value.reshape(count, -1)[:, -1] for value in values]

    related = np.corrcoef(drawn(3))
    assert np.abs(related - np.eye(3)).max() < 0.3
    assert np.array_equal(drawn(3), drawn(3))
    assert not np.array_equal(drawn(3), drawn(4))


# ── how it is asked ───────────────────────────────────────────────────────────────────────────────


def test_mixed_precision_hands_on_a_whole_model(keras: Any) -> None:
    options = {"precision": "mixed_float16", "epochs": 2}
    trained = archgen.train(TINY, images(), options=options)
    assert {layer.compute_dtype for layer in trained.model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    assert all(np.isfinite(row.loss) for row in trained.history)
    assert set(trained.summary) >= {"accuracy", "loss", "epochs", "params", "seconds_per_step"}


def test_a_folder_of_images_is_learned_from(tmp_path: Path, capsys: Captured) -> None:
    source = pictures(tmp_path / "images")
    arguments = ["--set", "classes=2", "--epochs", "20", "--learning-rate", "0.05"]
    command = ["train", str(tmp_path / "tiny.json"), "--data", str(source)]
    (tmp_path / "tiny.json").write_text(json.dumps(TINY), encoding="utf-8")
    assert main([*command, "-o", str(tmp_path / "run"), *arguments, "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["accuracy"] == 1.0
    assert len(said.err.splitlines()) == 2 + 20
    spec = json.loads((tmp_path / "run" / "spec.json").read_text(encoding="utf-8"))
    assert spec["labels"] == ["high", "low"]


def test_early_stopping_ends_and_keeps_the_best() -> None:
    random = {**images(), "y": np.random.default_rng(9).integers(0, 3, 48)}
    options: dict[str, Any] = {"epochs": 40, "early_stopping": 2, "label_smoothing": 0.3}
    options |= {"optimizer": "sgd", "schedule": "constant"}
    trained = archgen.train(TINY, random, options=options)
    best = trained.summary["best_epoch"]
    assert trained.summary["epochs"] == len(trained.history) == best + 2 < 40
    data = load_data(random, (6, 6, 1))
    chosen = split(data).choosing
    answer = np.asarray(trained.model(data.pixels[chosen] * (2 / 255) - 1.0))
    target = 0.7 * np.eye(3)[data.labels[chosen]] + 0.1
    loss = -(target * np.log(answer)).sum(1).mean()
    assert loss == pytest.approx(trained.history[best - 1].val_loss, rel=1e-3)
    assert loss != pytest.approx(trained.history[-1].val_loss, rel=1e-3)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    options = {"optimizer": "sgd", "learning_rate": 1e30}
    with pytest.raises(UsageError, match="E516") as error:
        archgen.train(TINY, images(), tmp_path / "run", options=options)
    assert "a learning rate below 1e+30" in str(error.value)


def test_a_batch_that_no_memory_holds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    def exhausted(*_: Any, **__: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating a tensor")

    made, data = learner({})
    monkeypatch.setattr(made.trainer, "train_on_batch", exhausted)
    with pytest.raises(MachineError, match="E504") as error:
        made.step(data.pixels[:8], data.labels[:8], 1e-2)
    assert "try `--batch-size 4`" in str(error.value)


def test_a_run_that_was_left_at_its_very_end_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            archgen.train(TINY, images(), tmp_path)
    (tmp_path / "log.csv").unlink()
    trained = archgen.resume(tmp_path, data=images())
    assert [row.epoch for row in trained.history] == [1, 2, 3]
    assert len((tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3
    assert not (tmp_path / "checkpoint").exists()


def test_nothing_stands_in_the_way_of_plain_fit() -> None:
    model = archgen.build(TINY, seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    given = images()
    history = model.fit(given["x"] / 127.5 - 1, given["y"], epochs=2, verbose=0).history
    assert set(history) == {"loss", "accuracy"}


def test_a_shipped_network_learns_digits_by_the_defaults() -> None:
    trained = archgen.train("lenet5", "digits", options={"epochs": 4})
    assert trained.summary["accuracy"] >= 0.8
    assert trained.summary["held_out"] == 596


@pytest.mark.full
def test_a_small_inception_v4_learns_digits_by_the_defaults() -> None:
    shares = [
        archgen.train("inception_v4_mnist_tiny", "digits", options={"seed": seed}).summary
        for seed in range(3)
    ]
    assert median([summary["accuracy"] for summary in shares]) >= 0.99
    assert max(summary["epochs"] for summary in shares) <= 30


# ── folders of images ─────────────────────────────────────────────────────────────────────────────


def test_folders_of_train_and_test_are_shares(tmp_path: Path) -> None:
    for name in ("train", "test"):
        pictures(tmp_path / name, count=4)
    data = load_data(tmp_path, (6, 6, 1))
    assert (data.names, data.tests, data.shape) == (("high", "low"), 8, (6, 6, 1))
    assert data.pixels[data.labels == 0].min() > data.pixels[data.labels == 1].max()


def test_wrong_folders_are_refused(tmp_path: Path) -> None:
    def refused(channels: int = 1) -> str:
        with pytest.raises(UsageError) as error:
            load_data(tmp_path, (6, 6, channels))
        return str(error.value)

    assert f"for each class: {tmp_path}/cat/1.png" in refused()
    pictures(tmp_path / "train", count=3)
    pictures(tmp_path / "test", ("low", "other"), count=3)
    assert "called differently" in refused()
    assert "1, 3 or 4 channels" in refused(2)


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "low" / "3.png").write_bytes(b"no image")
    with pytest.raises(UsageError, match="E502") as error:
        load_data(tmp_path, (6, 6, 1))
    assert f"{tmp_path}/low/3.png: Unknown image file format" in str(error.value)
