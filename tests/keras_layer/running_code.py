"""Runs generated sources where archgen cannot be imported: ``python -I running_code.py FOLDER``.

``jobs.json`` in the folder lists them: the file of a source, its main function, the arguments.
What each model is goes to ``configs.json``, what it answers with weights and images of its own
seed to ``answers.npz``.
"""

import json
import runpy
import sys
import zlib
from pathlib import Path
from typing import Any


class NoArchgen:
    """Refuses to find archgen, whatever is installed."""

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == "archgen":
            raise ImportError(name)


def fill(model: Any, numpy: Any) -> None:
    """Give a model weights that depend on nothing but the names of its layers."""
    for layer in model.layers:
        for variable in layer.weights:
            seed = zlib.crc32(f"{layer.name} {variable.name}".encode())
            random, shape = numpy.random.default_rng(seed), tuple(variable.shape)
            values = random.uniform(-0.2, 0.3, shape)
            variable.assign(values + 1 if variable.name == "moving_variance" else values)


def answers_of(model: Any, numpy: Any) -> dict[str, Any]:
    """Return what a model answers to two images, by the names of its outputs."""
    images = numpy.random.default_rng(1).uniform(-1, 1, (2, *model.input_shape[1:]))
    given = model(images.astype("float32"), training=False)
    named = given if isinstance(given, dict) else {"": given}
    return {name: numpy.asarray(answer) for name, answer in named.items()}


def config_of(model: Any) -> Any:
    """Return what a model is made of, as JSON has it."""
    return json.loads(json.dumps(model.get_config(), default=str))


def main(folder: Path) -> None:
    import numpy as np

    configs: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for name, job in json.loads((folder / "jobs.json").read_text("utf-8")).items():
        module: dict[str, Any] = runpy.run_path(str(folder / job["file"]), run_name="made")
        arguments = job["arguments"]
        if "input_shape" in arguments:
            arguments["input_shape"] = tuple(arguments["input_shape"])
        model = module[job["function"]](**arguments)
        configs[name] = config_of(model)
        if job["answers"]:
            fill(model, np)
            answers |= {f"{name} {key}": value for key, value in answers_of(model, np).items()}
    (folder / "configs.json").write_text(json.dumps(configs), encoding="utf-8")
    np.savez(folder / "answers.npz", **answers)
    if "archgen" in sys.modules:
        raise AssertionError


if __name__ == "__main__":
    sys.meta_path.insert(0, NoArchgen())
    try:
        import archgen  # noqa: F401 - it must not be there
    except ImportError:
        main(Path(sys.argv[1]))
    else:
        raise SystemExit("archgen can be imported")
