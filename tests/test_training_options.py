"""What a run is asked to do: options, whether data and network fit, rates, what is compared."""

import json
from math import isclose
from typing import Any

import pytest

import archgen
from archgen import api
from archgen.cli import main
from archgen.diagnostics import UsageError
from archgen.pixels import PixelMap, pixel_map
from archgen.recipe import Training
from archgen.training.comparing import differences
from archgen.training.fitting import slow_statistics, task_of
from archgen.training.images import DataSet
from archgen.training.options import augmentation_of, options_of, whole
from archgen.training.plan import standing_alone
from archgen.training.progress import Epoch, Progress, progress_of
from archgen.training.schedule import learning_rate
from archgen.training.sources import load_data
from tests.training_cases import TINY, images

SHAPE = (6, 6, 1)


def spec(**changes: Any) -> archgen.Spec:
    return api.load({**TINY, **changes})


def data(**changes: Any) -> DataSet:
    return load_data(images(**changes), SHAPE)


# ── options ───────────────────────────────────────────────────────────────────────────────────────


def test_what_is_asked_stands_over_the_spec_and_that_over_defaults() -> None:
    said = {"epochs": 7, "optimizer": "sgd", "augmentation": {"shift": 0.1, "zoom": 0.2}}
    made = options_of(spec(training=said), {"epochs": 9, "seed": None})
    assert (made.epochs, made.optimizer, made.seed, made.batch_size) == (9, "sgd", 0, 64)
    assert made.learning_rate == 5e-2
    assert whole(made)["augmentation"] == {"shift": 0.1, "zoom": 0.2}
    other = options_of(spec(training=said), {"augmentation": {"flip": "both"}})
    assert whole(other)["augmentation"] == {"flip": "both"}


def test_a_spec_without_training_is_trained_by_the_defaults() -> None:
    made = options_of(spec(training={}), {})
    mild = {"shift": 0.1, "rotate": 15.0, "zoom": 0.15}
    assert whole(made) == {**whole(Training(learning_rate=2e-3)), "augmentation": mild}
    assert whole(options_of(spec(training={"augmentation": {}}), {}))["augmentation"] == {}


WRONG = {
    "epochs": (0, "a whole number from 1, not 0"),
    "batch_size": (1.5, "a whole number from 1, not 1.5"),
    "optimizer": ("adagrad", "adam, adamw, sgd"),
    "learning_rate": (float("nan"), "a number above 0"),
    "label_smoothing": (1.0, "below 1"),
    "warmup_epochs": (-1, "a number from 0"),
    "precision": ("float16", "mixed_float16"),
    "early_stopping": (True, "a whole number from 1, not true"),
    "seed": (2**31, "below 2147483648"),
    "epoch": (3, "did you mean `epochs`?"),
    "augmentation": ({"shft": 0.1}, "did you mean `shift`?"),
    "loss": ({"from_logits": True}, "no option `loss`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_option_is_refused(name: str) -> None:
    value, reason = WRONG[name]
    with pytest.raises(UsageError, match="E517") as error:
        options_of(spec(), {name: value})
    assert reason in str(error.value)


def test_a_spec_says_where_its_training_is_wrong() -> None:
    faults = archgen.check({**TINY, "training": {"epochs": 0, "batchsize": 3}})
    told = [(fault.code, fault.place.pointer) for fault in faults if fault.place]
    assert told == [("E203", "/training/epochs"), ("E201", "/training/batchsize")]


def test_augmentation_from_the_command_line() -> None:
    assert augmentation_of(None) is augmentation_of([]) is None
    assert augmentation_of(["none"]) == {}
    assert augmentation_of(["shift=0.1", "flip=both"]) == {"shift": 0.1, "flip": "both"}
    with pytest.raises(UsageError, match=r"shift=0\.1"):
        augmentation_of(["shift"])


# ── the learning rate ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 1, 1, 1, 1, 1]),
        ("linear", [0.5, 1, 1, 0.75, 0.5, 0.25]),
        ("cosine", [0.5, 1, 1, 0.853553, 0.5, 0.146447]),
    ],
)
def test_the_learning_rate_rises_and_falls(schedule: Any, expected: list[float]) -> None:
    options = Training(epochs=3, learning_rate=1.0, schedule=schedule, warmup_epochs=1.0)
    rates = [learning_rate(options, step, 2) for step in range(6)]
    assert rates == pytest.approx(expected, rel=1e-5)


# ── whether data and network fit ──────────────────────────────────────────────────────────────────


def refused(known: archgen.Spec, given: DataSet, **parameters: Any) -> list[archgen.Fault]:
    graph = api.graph(known, **parameters)
    with pytest.raises(UsageError) as error:
        task_of(known, graph, parameters, given)
    assert {fault.code for fault in error.value.faults} == {"E515"}
    return list(error.value.faults)


def test_what_fits_is_told() -> None:
    known = spec()
    logits: dict[str, Any] = {"classifier_activation": "linear", "aux": True}
    task = task_of(known, api.graph(known, **logits), logits, data())
    assert (task.main, task.logits) == ("predictions", {"predictions": True, "aux": True})
    assert task_of(known, api.graph(known), {}, data()).logits == {"predictions": False}


def test_other_classes_are_refused_with_the_parameter_that_helps() -> None:
    (fault,) = refused(spec(), data(count=80, classes=5))
    assert "has 3 classes" in fault.message
    assert "has 5" in fault.message
    assert fault.help == "say `--set classes=5`"


def test_help_is_told_only_where_it_works() -> None:
    fixed = [*TINY["layers"][:-1], {"op": "dense", "name": "predictions", "units": 3}]
    (fault,) = refused(
        spec(layers=fixed, parameters={"filters": 4, "aux": False}, heads={}), data(classes=2)
    )
    assert fault.help is None


def test_other_channels_are_refused_with_the_input_that_helps() -> None:
    (fault,) = refused(spec(), data(channels=3))
    assert "takes 1 channel; " in fault.message
    assert fault.help == "say `--input 6x6x3`"


def test_channels_in_front_are_told() -> None:
    given = images(channels=1)
    (fault,) = refused(spec(), load_data({**given, "x": given["x"].transpose(0, 3, 1, 2)}, SHAPE))
    assert "transpose(0, 2, 3, 1)" in (fault.help or "")


def test_pixels_of_other_channels_are_refused() -> None:
    pixels = {"mean": [104, 117, 123], "std": [1, 1, 1]}
    coloured = spec(input={"shape": [6, 6, 3], "pixels": pixels})
    (fault,) = refused(coloured, data())
    assert fault.help == "`archgen fit` with `--input 6x6x1` makes a spec for them"
    with pytest.raises(UsageError, match="E508") as error:
        task_of(coloured, api.graph(coloured, (6, 6, 1)), {}, data())
    assert "of 3 channels, the input has 1" in str(error.value)
    one = spec(input={"shape": [6, 6, 3], "pixels": {"mean": [110], "std": [58]}})
    assert task_of(one, api.graph(one), {}, data(channels=3)).main == "predictions"


def test_an_end_that_no_loss_goes_with_is_refused() -> None:
    (fault,) = refused(spec(), data(), classifier_activation="sigmoid")
    assert "ends in sigmoid" in fault.message
    assert fault.help == "say `--set classifier_activation=softmax`"


def test_maps_are_no_classes() -> None:
    (fault,) = refused(spec(layers=TINY["layers"][:1], heads={}, parameters={"filters": 4}), data())
    assert "does not classify images" in fault.message
    assert "4×4×4" in fault.message


def test_every_reason_is_told() -> None:
    faults = refused(spec(), data(channels=3, count=80, classes=5), classifier_activation="relu")
    assert len(faults) == 3


def test_slow_statistics_are_warned_of() -> None:
    known = api.graph("inception_v4")
    assert "momentum 0.9997" in (slow_statistics(known, 480) or "")
    assert slow_statistics(known, 20_000) is None
    assert slow_statistics(api.graph("inception_v4_mnist_tiny"), 480) is None
    assert slow_statistics(api.graph("lenet5"), 1) is None


# ── pixels ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (None, PixelMap()),
        ([0, 255], PixelMap()),
        ([-1, 1], PixelMap((2 / 255,), (-1.0,))),
        ({"mean": [1, 2, 3], "std": [2, 4, 5], "order": "BGR"},
         PixelMap((0.5, 0.25, 0.2), (-0.5, -0.5, -0.6), reversed=True)),
        ({"mean": [10], "std": [1], "order": "L"}, PixelMap((1.0,), (-10.0,))),
    ],
)  # fmt: skip
def test_pixels_are_mapped_as_the_spec_says(pixels: Any, expected: PixelMap) -> None:
    given: dict[str, Any] = {"shape": [6, 6, 1]}
    known = spec(input=given if pixels is None else {**given, "pixels": pixels})
    found = pixel_map(known)
    assert found.reversed is expected.reversed
    assert found.scale == pytest.approx(expected.scale)
    assert found.offset == pytest.approx(expected.offset)
    assert found.changes_nothing is (expected == PixelMap())


# ── the spec that stands alone ────────────────────────────────────────────────────────────────────


def test_the_spec_of_a_run_stands_alone() -> None:
    known = spec(training={"loss": {"from_logits": True}, "epochs": 2})
    given = {"filters": 2, "aux": True}
    graph = api.graph(known, (9, 9, 1), **given)
    text = standing_alone(known, graph, given, options_of(known, {"seed": 4}), data())
    document = json.loads(text)
    assert archgen.graph(document) == graph
    assert document["labels"] == ["0", "1", "2"]
    assert document["training"]["seed"] == 4
    assert document["training"]["loss"] == {"from_logits": True}
    assert archgen.format_spec(text) == text
    again = api.load(document)
    assert standing_alone(again, graph, given, options_of(again, {}), data()) == text


def test_labels_of_a_spec_stay() -> None:
    known = spec(labels=["a", "b", "c"])
    text = standing_alone(known, api.graph(known), {}, options_of(known, {}), data())
    assert json.loads(text)["labels"] == ["a", "b", "c"]


# ── what differs ──────────────────────────────────────────────────────────────────────────────────


def test_differences_are_told_by_pointers() -> None:
    before = {"a": 1, "b": {"c/d": [1, {"e": 2}], "f": None}, "g": [1], "h": True}
    after = {"a": 1.0, "b": {"c/d": [1, {"e": 3}], "i": "x"}, "g": [1, 2], "h": 1}
    assert differences(json.dumps(before), json.dumps(after)) == (
        "/a: 1, now 1.0",
        "/b/c~1d/1/e: 2, now 3",
        "/b/f: null, now nothing",
        '/b/i: nothing, now "x"',
        "/g: [1], now [1, 2]",
        "and 1 more",
    )
    assert differences('{"a": [1]}', '{"a": [1]}') == ()


# ── progress ──────────────────────────────────────────────────────────────────────────────────────


def epoch(number: int, loss: float) -> Epoch:
    return Epoch(number, loss, 0.5, loss, 0.5, 1e-3, 1.0, 0.1 * number)


def test_the_best_epoch_is_the_first_of_the_lowest_loss() -> None:
    progress = Progress()
    for number, loss in enumerate([3.0, 1.0, 2.0, 1.0], start=1):
        progress = progress.stepped(loss, 0.5).closed(epoch(number, loss))
    assert (progress.best, progress.epoch, progress.step, progress.loss) == (2, 4, 0, 0.0)
    assert isclose(progress.seconds_per_step, 0.25)
    assert not progress.is_over(5, None)
    assert progress.is_over(4, None)
    assert progress.is_over(9, 2)
    assert not progress.is_over(9, 3)


def test_progress_comes_back_bit_by_bit() -> None:
    progress = Progress().stepped(0.1, 1 / 3).closed(epoch(1, 0.1)).stepped(0.2, 0.7)
    assert progress_of(json.loads(json.dumps(progress.record()))) == progress


# ── the command line ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["lenet5"], "SPEC, --data and -o"),
        (["--data", "digits", "-o", "run"], "SPEC, --data and -o"),
        (["--resume", "run", "--epochs", "3"], "--resume goes on as the run began"),
        (["--resume", "run", "-o", "other"], "--resume goes on as the run began"),
        (["--resume", "run", "--set", "a=1"], "--resume goes on as the run began"),
        (["--resume", "nowhere"], "there is no run in nowhere"),
        (["lenet5", "--data", "nothing", "-o", "run"], "there are no data `nothing`"),
        (["lenett5", "--data", "digits", "-o", "run"], "did you mean `lenet5`?"),
        (["lenet5", "--data", "digits", "-o", "run", "--epochs", "0"], "--epochs"),
        (["lenet5", "--data", "digits", "-o", "run", "--label-smoothing", "2"], "label_smoothing"),
        (["lenet5", "--data", "digits", "-o", "run", "--augment", "flip=up"], "`flip` must be"),
        (["inception_v4", "--data", "digits", "-o", "run"], "--input 299x299x1"),
        (
            ["lenet5", "--data", "digits", "-o", "run", "--set", "options=1"],
            "no parameter `options`",
        ),
        (["unet", "--data", "digits", "-o", "run"], "does not classify images"),
    ],
)
def test_wrong_usage_is_told(
    arguments: list[str],
    told: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *arguments]) == 2
    said = capsys.readouterr()
    assert told in " ".join(said.err.replace("│", " ").split())
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []
