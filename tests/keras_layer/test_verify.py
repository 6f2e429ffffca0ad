"""The verb `verify`, as a user meets it."""

import json
import sys
from pathlib import Path

import pytest

import archgen
from archgen.cli import main

pytestmark = pytest.mark.keras
Captured = pytest.CaptureFixture[str]

NET = {
    "archgen": 1,
    "name": "net",
    "input": {"shape": [8, 9, 3]},
    "parameters": {"filters": 4},
    "layers": [
        {"op": "conv", "filters": "$filters", "kernel_size": 3, "padding": "same", "name": "first"},
        {"op": "max_pool", "pool_size": 2},
        {"op": "dense", "units": 2},
    ],
}
MODELS = """
import keras

def made(filters=4, pool=2, shape=(8, 9, 3)):
    image = keras.Input(shape)
    x = keras.layers.Conv2D(filters, 3, padding="same", name="c")(image)
    return keras.Model(image, keras.layers.Dense(2, name="d")(keras.layers.MaxPooling2D(2)(x)))

def averaging():
    image = keras.Input((8, 9, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="c")(image)
    return keras.Model(image, keras.layers.Dense(2, name="d")(keras.layers.AveragePooling2D(2)(x)))

def six():
    return made(filters=6)

class Zoo:
    net = staticmethod(made)

def leaves():
    raise SystemExit(0)

def fails():
    raise ValueError("no such\\nlayer")

def text():
    return "a model"
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("net.json").write_text(json.dumps(NET), encoding="utf-8")
    Path("own_models.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "own_models", raising=False)
    return "net.json"


def test_the_same_network_is_the_same_and_its_code_is_said_to_run(
    net: str, capsys: Captured
) -> None:
    before = list(sys.path)
    assert main(["verify", net, "--against", "own_models:made", "--seed", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "net and own_models:made at 8×9×3, seed 3",
        "2 pairs of layers with weights",
        captured.out.splitlines()[2],
        "the same",
    ]
    assert captured.out.splitlines()[2].startswith("largest relative difference ")
    assert "running made of the module own_models" in captured.err
    assert sys.path == before


def test_another_network_exits_with_1_and_names_the_first_node(net: str, capsys: Captured) -> None:
    assert main(["verify", net, "--against", "own_models:averaging"]) == 1
    assert capsys.readouterr().out.splitlines()[3:] == [
        "the first node that differs is dense", "not the same",
    ]  # fmt: skip


def test_input_and_set_change_what_is_compared(net: str, capsys: Captured) -> None:
    assert main(["verify", net, "--against", "own_models:six", "--set", "filters=6"]) == 0
    assert "at 8×9×3, seed 0, filters=6" in capsys.readouterr().out
    assert main(["verify", net, "--against", "own_models:six"]) == 3
    assert "kernel 3×3×3×6" in capsys.readouterr().err
    assert main(["verify", net, "--against", "own_models:Zoo.net", "--input", "8x8x3"]) == 3
    assert "takes 8×8×3, the other model takes 8×9×3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("against", "message"),
    [
        ("own_models:leaves", "own_models:leaves fails: SystemExit: 0"),
        ("own_models:fails", "own_models:fails fails: ValueError: no such"),
        ("own_models:absent", "own_models:absent fails: AttributeError"),
        ("absent_module:made", "absent_module:made fails: ModuleNotFoundError"),
        ("own_models:text", "own_models:text returns a str, no keras.Model"),
    ],
)
def test_code_that_gives_no_model_is_the_machines(
    against: str, message: str, net: str, capsys: Captured
) -> None:
    assert main(["verify", net, "--against", against]) == 3
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("against", ["own_models", "own models:made", "a/b:made", "net.h5", ":f"])
def test_against_wants_a_file_or_a_module_and_a_function(
    against: str, net: str, capsys: Captured
) -> None:
    assert main(["verify", net, "--against", against]) == 2
    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "--against wants FILE.keras or module:function" in told
    assert ("does not say whose weights" in told) == against.endswith(".h5")


def test_what_keras_lacks_needs_a_model(net: str, capsys: Captured) -> None:
    assert main(["verify", net]) == 2
    told = capsys.readouterr().err
    assert "keras.applications has no network for `net`" in told
    assert "it has densenet121, efficientnet_b0" in told
    with pytest.raises(archgen.UsageError, match="compared with a given model only"):
        archgen.verify(archgen.graph("vgg16"))


def test_an_application_takes_classes_and_alpha_and_is_told_as_json(capsys: Captured) -> None:
    settings = ["--input", "32x64x1", "--set", "alpha=0.35", "--set", "classes=7"]
    assert main(["verify", "mobilenet_v2", *settings, "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record.pop("difference") <= record["tolerance"] == 1e-5
    pairs = record.pop("pairs")
    assert pairs[0] == ["conv", "Conv1"]
    assert record == {
        "spec": "mobilenet_v2",
        "against": "keras.applications.MobileNetV2",
        "input": [32, 64, 1],
        "parameters": {"alpha": 0.35, "classes": 7},
        "seed": 0,
        "agrees": True,
        "own_difference": None,
        "tolerance": 1e-5,
        "first": None,
    }


def test_an_image_that_an_application_does_not_take_is_told(capsys: Captured) -> None:
    assert main(["verify", "resnet50", "--input", "20x20x3"]) == 3
    told = " ".join(capsys.readouterr().err.split())
    assert "keras.applications.ResNet50 does not take this: Input size must be at least" in told
