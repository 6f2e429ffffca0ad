"""Generated source with Keras itself, in a process where archgen cannot be imported."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np  # noqa: TID253 - answers are arrays
import pytest

import archgen
from archgen.backends.python.fields import positional
from archgen.ir import Graph, Op
from archgen.ops import OPS
from archgen.ops.fields import INITIALIZERS, REGULARIZERS
from tests import random_specs
from tests.code_cases import CASES
from tests.keras_layer.running_code import answers_of, config_of, fill
from tests.recording import main_of, parameters_of

pytestmark = pytest.mark.keras

RUNNER = Path(__file__).parent / "running_code.py"
# Arguments under which a spec has all of its layers, but few copies of them on a small map.
SMALL: Mapping[str, dict[str, Any]] = {
    "bn_inception": {"input_shape": [31, 31, 3]},
    "densenet121": {"input_shape": [32, 32, 3], "growth": 4},
    "efficientnet_b0": {"input_shape": [32, 32, 3], "deeper": 0.3, "wider": 0.4},
    "efficientnet_b3": {"input_shape": [32, 32, 3], "deeper": 0.3, "wider": 0.5},
    "googlenet": {"input_shape": [96, 97, 3], "aux": True},
    "googlenet_bn": {"input_shape": [96, 97, 3], "aux": True},
    "googlenet_mnist": {"aux": True},
    "googlenet_naive": {"input_shape": [31, 31, 3]},
    "inception_resnet_v1": {
        "input_shape": [96, 96, 3], "a_blocks": 1, "b_blocks": 1, "c_blocks": 1,
    },
    "inception_resnet_v1_facenet": {
        "input_shape": [96, 96, 3], "a_blocks": 1, "b_blocks": 1, "c_blocks": 1, "classes": 9,
    },
    "inception_resnet_v2": {
        "input_shape": [75, 75, 3], "a_blocks": 1, "b_blocks": 1, "c_blocks": 1,
    },
    "inception_resnet_v2_cifar": {"a_blocks": 1, "b_blocks": 1, "aux": True},
    "inception_resnet_v2_paper": {
        "input_shape": [75, 75, 3], "a_blocks": 1, "b_blocks": 1, "c_blocks": 1,
    },
    "inception_v2": {"input_shape": [32, 32, 3]},
    "inception_v3": {"input_shape": [75, 75, 3], "count_padding": True, "bn_scale": True},
    "inception_v3_cifar": {"aux": True},
    "inception_v4": {
        "input_shape": [75, 75, 3], "a_blocks": 1, "b_blocks": 1, "c_blocks": 1, "aux": True,
        "aux_kernel": 1, "padding": "same",
    },
    "inception_v4_cifar": {"a_blocks": 1, "b_blocks": 1},
    "inception_v4_mnist": {"a_blocks": 1, "b_blocks": 1, "aux": True},
    "inception_v4_mnist_tiny": {},
    "inception_v4_paper": {
        "input_shape": [75, 75, 3], "a_blocks": 1, "b_blocks": 1, "c_blocks": 1, "conv_bias": True,
    },
    "lenet5": {},
    "mobilenet_v2": {"input_shape": [32, 32, 3], "alpha": 0.35},
    "resnet50": {"input_shape": [32, 32, 3], "conv_bias": False},
    "unet": {"input_shape": [32, 48, 1], "padding": "same"},
    "vgg16": {"input_shape": [32, 32, 3], "classes": 5},
    "xception": {"input_shape": [71, 71, 3]},
}  # fmt: skip
ANSWERING = (
    "efficientnet_b0", "googlenet_mnist", "inception_v4_mnist_tiny", "lenet5", "mobilenet_v2",
    "unet",
)  # fmt: skip


class Job(NamedTuple):
    """A source to run: the graph that it must build, and whether its answers are compared."""

    source: str
    graph: Graph
    arguments: dict[str, Any]
    answers: bool


class Ran(NamedTuple):
    """What came of the jobs."""

    jobs: Mapping[str, Job]
    configs: Mapping[str, Any]
    answers: Mapping[str, Any]


def of_spec(spec: Any, given: dict[str, Any], *, answers: bool) -> Job:
    shape = tuple(given["input_shape"]) if "input_shape" in given else None
    parameters = {name: value for name, value in given.items() if name != "input_shape"}
    return Job(archgen.code(spec), archgen.graph(spec, shape, **parameters), given, answers)


def run(jobs: Mapping[str, Job], folder: Path) -> Ran:
    """Run sources in a fresh process without archgen."""
    listed = {}
    for name, job in jobs.items():
        (folder / f"{name}.py").write_text(job.source, encoding="utf-8")
        listed[name] = {
            "file": f"{name}.py", "function": main_of(job.source), "arguments": job.arguments,
            "answers": job.answers,
        }  # fmt: skip
    (folder / "jobs.json").write_text(json.dumps(listed), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(RUNNER), str(folder)],
        capture_output=True, text=True, check=False, timeout=1200, cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    configs = json.loads((folder / "configs.json").read_text("utf-8"))
    return Ran(jobs, configs, dict(np.load(folder / "answers.npz")))


@pytest.fixture(scope="module", params=["small", pytest.param("whole", marks=pytest.mark.full)])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every shipped spec and others, all in one process: small; on demand as they are, and more."""
    whole = request.param == "whole"
    jobs = {
        name: of_spec(name, {} if whole else SMALL[name], answers=whole or name in ANSWERING)
        for name in archgen.names()
    }
    return run(
        jobs | dict(cases()) | dict(random(700 if whole else 80)), tmp_path_factory.mktemp("ran")
    )


def cases() -> Iterator[tuple[str, Job]]:
    """Yield a job for each thing that the language can say."""
    for number, (name, case) in enumerate(CASES.items()):
        if name != "objects of Keras":  # with arguments that no initializer takes
            chosen = case.arguments[0] if case.arguments else {}
            known = parameters_of(archgen.code(case.spec))
            given = {name: value for name, value in chosen.items() if name in known}
            yield f"case_{number}", of_spec(case.spec, given, answers=True)


def random(seeds: int) -> Iterator[tuple[str, Job]]:
    """Yield a job for each random spec that fits."""
    for seed in range(seeds):
        document = random_specs.spec(seed)
        if not any(fault.severity == "error" for fault in archgen.check(document)):
            yield f"random_{seed}", of_spec(document, {}, answers=True)


def compare(ran: Ran, name: str) -> None:
    job = ran.jobs[name]
    model = archgen.build(job.graph)
    assert ran.configs[name] == config_of(model)
    if job.answers:
        fill(model, np)
        for key, answer in answers_of(model, np).items():
            assert ran.answers[f"{name} {key}"].tobytes() == answer.tobytes(), (name, key)


def test_every_shipped_source_ran(ran: Ran) -> None:
    assert set(archgen.names()) == SMALL.keys() <= ran.configs.keys()
    for name in archgen.names():
        layers = [layer["config"]["name"] for layer in ran.configs[name]["layers"]]
        graph = ran.jobs[name].graph
        assert {*graph.inputs, *(node.name for node in graph)} <= {*layers}
        assert len(layers) == len({*layers})
        assert ran.configs[name]["name"] == name


def test_sources_are_the_models_that_archgen_builds(ran: Ran) -> None:
    compared = [name for name, job in ran.jobs.items() if job.answers]
    assert {*ANSWERING} <= {*compared}
    assert len(compared) > 95
    for name in compared:
        compare(ran, name)


def test_an_answer_is_of_the_weights(ran: Ran) -> None:
    answers = [answer for answer in ran.answers.values() if answer.size > 8]
    assert sum(len({*answer.ravel()}) > 1 for answer in answers) > 0.7 * len(answers)


def test_a_source_draws_the_same_initial_weights(tmp_path: Path, keras: Any) -> None:
    from random import seed

    namespace: dict[str, Any] = {"__name__": "made"}
    exec(archgen.code("inception_v4_mnist_tiny"), namespace)  # noqa: S102 - that is the test
    seed(5)
    made = namespace["inception_v4_mnist_tiny"]()
    wanted = archgen.build("inception_v4_mnist_tiny", seed=5)
    for one, other in zip(made.weights, wanted.weights, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes(), other.path


# ── what the source takes for granted of Keras ────────────────────────────────────────────────────


def of_keras(keras: Any, op: type[Op]) -> Any:
    return reduce(getattr, op.keras.split("."), keras)


def test_keras_takes_the_first_arguments_without_keywords(keras: Any) -> None:
    checked = 0
    for kind, op in OPS.items():
        if "keras" in vars(op):
            names = [*inspect.signature(of_keras(keras, op).__init__).parameters][1:]
            assert names[: len(positional(kind))] == [*positional(kind)], kind
            checked += bool(positional(kind))
    assert checked > 15


def test_keras_has_the_classes_that_are_called(keras: Any) -> None:
    for names, module in ((INITIALIZERS, keras.initializers), (REGULARIZERS, keras.regularizers)):
        for name in names:
            assert not name[0].isupper() or inspect.isclass(getattr(module, name, None)), name
