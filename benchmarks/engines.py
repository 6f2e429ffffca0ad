"""Artifacts in ONNX Runtime and LiteRT against conversions of the plain Keras model."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import archgen
from benchmarks.export import NETWORKS, operations, peak, relative, step
from benchmarks.report import Goal, Section, Verdict, plain, time_text
from benchmarks.timing import repeated, spread

MOVE = "move-conv-before-pool"
SIDES = ("converted", "unmoved", "ours")
BATCHES = (1, 8)
RUN_SECONDS = 0.2  # at least, so often is a batch answered
NO_SLOWER = Goal("≤", 1.05, "×")
HEAD = ["", "Plain, converted", f"Without `{MOVE}`", "archgen", "Of the peak", "Ratio", "Moving"]
TEXT = f"""
The plain side is the Keras model as it was built, converted by `tf2onnx` or by TensorFlow's own
converter; the others are artifacts of archgen, with all passes and with all but one. All three run
in turn in one process, an engine with its default settings and as many threads as there are CPUs.
Times are on the clock, for one image, in runs of at least {RUN_SECONDS} s. The ratio is that of
archgen to the plain conversion, the last column that of all passes to all but `{MOVE}`. The peak is
that of artifacts.
"""


class Engine(NamedTuple):
    """What runs a format, and the packages that this needs."""

    name: str
    form: str
    packages: Sequence[str]


ENGINES = (
    Engine("ONNX Runtime", "onnx", ("tf2onnx", "onnx", "onnxruntime")),
    Engine("LiteRT", "tflite", ("ai_edge_litert",)),
)


def measure(rounds: int) -> Section:
    rows, verdicts, text = [HEAD], list[Verdict](), TEXT
    for engine in ENGINES:
        missing = [each for each in engine.packages if find_spec(each) is None]
        if missing:
            text += f"\n{engine.name} was not measured: {' and '.join(missing)} is not installed.\n"
            continue
        text += f"\n{engine.name} is of version {version(engine.packages[-1].replace('_', '-'))}.\n"
        for name in NETWORKS:
            for row, verdict in told(engine, name, compared(engine, name, rounds)):
                rows.append(row)
                verdicts.append(verdict)
    return Section("Engines", text, rows, verdicts)


def compared(engine: Engine, name: str, rounds: int) -> Mapping[str, Any]:
    """Return what a process measured that ran a network's three files."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder, f"{side}.{engine.form}")) for side in SIDES]
        for side, path in zip(SIDES, paths, strict=True):
            step("engines", "write", side, name, path)
        return step("engines", "answer", name, f"{rounds}", *paths)


def told(
    engine: Engine, name: str, found: Mapping[str, Any]
) -> Iterator[tuple[list[str], Verdict]]:
    """Yield a row and a verdict for each batch."""
    for batch in BATCHES:
        converted, unmoved, ours = (found[f"{side}, {batch}"] for side in SIDES)
        over = relative(ours, converted)
        share = operations(name) / spread(ours).median / peak()
        times = [time_text(spread(each)) for each in (converted, unmoved, ours)]
        moving = plain(relative(ours, unmoved).median)
        place = f"{engine.name}, {name}, batch {batch}"
        yield (
            [place, *times, f"{share:.0%}", plain(over.median), moving],
            Verdict(place, over, NO_SLOWER),
        )


# ── in a process of its own ───────────────────────────────────────────────────────────────────────


def write(side: str, name: str, path: str) -> dict[str, float]:
    model, form = archgen.build(name, seed=0), Path(path).suffix[1:]
    if side == "converted":
        {"onnx": to_onnx, "tflite": to_tflite}[form](model, Path(path))
    else:
        without = [MOVE] if side == "unmoved" else []
        archgen.export(model, path, format=form, without=without, verify=False)
    return {"bytes": Path(path).stat().st_size}


def to_onnx(model: Any, path: Path) -> None:
    import tensorflow as tf
    import tf2onnx

    from archgen.backends.formats import OPSET

    signature = [tf.TensorSpec(model.input_shape, tf.float32, name="images")]
    function = tf.function(lambda images: model(images, training=False), signature)
    tf2onnx.convert.from_function(function, signature, opset=OPSET, output_path=str(path))


def to_tflite(model: Any, path: Path) -> None:
    import tensorflow as tf

    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def answer(name: str, rounds: str, *paths: str) -> dict[str, Any]:
    import numpy as np

    (shape,) = archgen.graph(name).inputs.values()
    random = np.random.default_rng(0)
    found: dict[str, Any] = {}
    for batch in BATCHES:
        images = random.uniform(-1, 1, (batch, *shape)).astype("float32")
        works = {side: running(path, images) for side, path in zip(SIDES, paths, strict=True)}
        for side, samples in repeated(works, int(rounds), RUN_SECONDS).items():
            found[f"{side}, {batch}"] = [each.wall / batch for each in samples]
    return found


def running(path: str, images: Any) -> Callable[[], object]:
    """Return a function that answers the images once."""
    if path.endswith(".onnx"):
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        return partial(session.run, None, {given.name: images})
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=os.cpu_count())
    (index,) = (each["index"] for each in interpreter.get_input_details())
    interpreter.resize_tensor_input(index, images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, images)
    invoke: Callable[[], object] = interpreter.invoke
    return invoke


if __name__ == "__main__":
    what: Any = {"write": write, "answer": answer}[sys.argv[1]]
    print(json.dumps(what(*sys.argv[2:])))
