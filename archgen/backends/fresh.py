"""Answers of an artifact in a process without archgen; run as a program, by its path.

Its arguments are a format, and packages that its libraries shall do without. It reads a line of
JSON from standard input: ``path`` of the artifact, ``input`` (height, width, channels), ``images``
and ``seed`` of the random images, ``as_stored`` where TensorFlow shall not rearrange the graph. It
writes the answers to standard output, as ``.npz`` by the names of the outputs.
"""

import gc
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any


def main() -> None:
    """Import what takes seconds first, and then wait for what to do."""
    gc.disable()  # little of what is made here is thrown away
    form, *left_out = sys.argv[1:]
    for name in ("archgen", *left_out):
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    answer = _imported(form, left_out)
    line = sys.stdin.readline()
    if not line:  # whoever asked is gone
        return
    import numpy as np

    wish = json.loads(line)
    random = np.random.default_rng(wish["seed"])
    images = random.uniform(-1, 1, (wish["images"], *wish["input"])).astype("float32")
    answers: Any = {name: np.asarray(value) for name, value in answer(wish, images).items()}
    content = io.BytesIO()
    np.savez(content, **answers)
    sys.stdout.buffer.write(content.getvalue())
    sys.stdout.flush()
    os._exit(0)  # nothing is open; TensorFlow tidies up for half a second


def _imported(form: str, left_out: Sequence[str]) -> Any:
    """Import what a format needs; if that takes what was to be left out, start again with it."""
    try:
        return globals()[f"_{form}"]()
    except ImportError:
        if not left_out:
            raise
        os.execv(sys.executable, [sys.executable, "-I", __file__, form])  # noqa: S606


def _savedmodel() -> Any:
    import tensorflow as tf

    def answer(wish: Any, images: Any) -> Any:
        if wish["as_stored"]:
            tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        return tf.saved_model.load(wish["path"]).signatures["serving_default"](
            images=tf.constant(images)
        )

    return answer


def _keras() -> Any:
    import keras

    def answer(wish: Any, images: Any) -> Any:
        sys.setrecursionlimit(wish["frames"])
        model = keras.models.load_model(wish["path"], compile=False)
        made = model(images, training=False)
        if not isinstance(made, dict):
            made = {wish["outputs"][0]: made}
        return {name: keras.ops.convert_to_numpy(each) for name, each in made.items()}

    return answer


def _onnx() -> Any:
    import onnxruntime

    def answer(wish: Any, images: Any) -> Any:
        session = onnxruntime.InferenceSession(wish["path"], providers=["CPUExecutionProvider"])
        found = session.run(wish["outputs"], {"images": images})
        return dict(zip(wish["outputs"], found, strict=True))

    return answer


def _tflite() -> Any:
    from ai_edge_litert.interpreter import Interpreter

    def answer(wish: Any, images: Any) -> Any:
        interpreter = Interpreter(model_path=wish["path"])
        return interpreter.get_signature_runner("serving_default")(images=images)

    return answer


if __name__ == "__main__":
    main()
