"""Writers of artifacts, one a format; import TensorFlow and what a format needs when called."""

import importlib.util
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from archgen.artifacts import RECORD_FILE, RECORD_PLACE, metadata
from archgen.backends.edits import load_into
from archgen.backends.keras import build_model
from archgen.backends.saving import save_model
from archgen.backends.serving import Network, images_of, raw_images
from archgen.diagnostics import Fault, MachineError, UsageError
from archgen.ir import Graph
from archgen.provenance import RECORD, Provenance

if TYPE_CHECKING:
    from archgen.backends.edits import Weights

LABELS_PLACE = "assets.extra/labels.txt"
CONVERTED = ("onnx", "tflite")  # by converters that leave gigabytes to the search for cycles
# What TensorFlow's converter says of an op that LiteRT lacks.
_LACKING = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")
_CATCH_ERRORS = "TF2ONNX_CATCH_ERRORS"
OPSET = 18  # of ONNX: what runtimes since early 2023 take


@dataclass(frozen=True)
class Content:
    """What goes into an artifact: the network as it is served, and what is known of it."""

    graph: Graph
    weights: "Weights"
    pixels: Sequence[float] | Mapping[str, Any] | None = None
    labels: Sequence[str] = ()
    provenance: Provenance | None = None
    dtype: str = "float32"
    key: str = RECORD  # of the record in a `.keras` file


def write_savedmodel(content: Content, path: Path) -> None:
    """Write a folder that TensorFlow serves: ``serving_default`` and ``serve_uint8``."""
    import tensorflow as tf

    network = Network(content.graph, content.weights)
    serve = network.concrete()
    (shape,) = content.graph.inputs.values()
    raw = raw_images(serve, shape, content.pixels)
    signatures = {"serving_default": serve, "serve_uint8": raw}
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    with _told_as_oserror():
        tf.saved_model.save(network.module, path, signatures, options)
    for place, text in _beside(content).items():
        (path / place).parent.mkdir(exist_ok=True)
        (path / place).write_bytes(text)


@contextmanager
def _told_as_oserror() -> Iterator[None]:
    """Turn what TensorFlow says of a write that fails, a full disk too, into OSError."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        # The name of a file of its own, a semicolon, what the system said, the operation.
        reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
        raise OSError(reason) from error


def _beside(content: Content) -> dict[str, bytes]:
    """Return the files that tell of a SavedModel."""
    found = {}
    if content.provenance is not None:
        found[RECORD_PLACE] = content.provenance.content()
    if content.labels:
        found[LABELS_PLACE] = "".join(f"{label}\n" for label in content.labels).encode()
    return found


def write_keras(content: Content, path: Path) -> None:
    """Write a ``.keras`` file."""
    model = build_model(content.graph)
    load_into(model, content.weights)
    if content.provenance is None:
        model.save(path)
    else:
        save_model(model, path, content.provenance, content.key)


def write_onnx(content: Content, path: Path) -> None:
    """Write an ONNX model."""
    import tensorflow as tf
    import tf2onnx

    network = Network(content.graph, content.weights, frozen=True)
    signature = [images_of(content.graph)]
    function = tf.function(network.call, signature, autograph=False)
    convert = partial(tf2onnx.convert.from_function, function, signature, opset=OPSET)
    try:
        with _not_copied():
            model, _ = convert()
    except Exception:  # noqa: BLE001 - an optimizer's, which is left out where there is a copy
        model, _ = convert()
    if content.dtype == "float16":
        from onnxruntime.transformers.float16 import convert_float_to_float16

        model = convert_float_to_float16(model, keep_io_types=True)
    _require_ops("onnx", sorted({n.op_type for n in model.graph.node if not _is_of_onnx(n)}))
    model.graph.name = content.graph.name
    record = content.provenance
    tail = b"" if record is None else metadata(RECORD, record.content())
    path.write_bytes(model.SerializeToString() + tail)


@contextmanager
def _not_copied() -> Iterator[None]:
    """Keep tf2onnx from copying the network for each of its optimizers: half its time and memory.

    Source: ``tf2onnx.convert``, which asks whether the variable is there, whatever it says.
    """
    if _CATCH_ERRORS in os.environ:
        yield
        return
    os.environ[_CATCH_ERRORS] = "FALSE"
    try:
        yield
    finally:
        del os.environ[_CATCH_ERRORS]


def write_tflite(content: Content, path: Path) -> None:
    """Write a LiteRT model, an archive with the record behind it."""
    import tensorflow as tf

    network = Network(content.graph, content.weights, frozen=True)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [network.concrete()], network.module
    )
    if content.dtype == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    try:
        converted = converter.convert()
    except Exception as error:
        _require_ops("tflite", sorted(set(_LACKING.findall(str(error)))))
        raise
    path.write_bytes(converted)
    # Of a path that it cannot open, ZipFile would make a new file.
    with path.open("r+b") as file, ZipFile(file, "a") as archive:
        if content.provenance is not None:
            archive.writestr(RECORD_FILE, content.provenance.content())


def _is_of_onnx(node: Any) -> bool:
    import onnx

    return bool(node.domain) or onnx.defs.has(node.op_type)


def _require_ops(form: str, lacking: Sequence[str]) -> None:
    """Raise UsageError E518 where a format lacks ops of TensorFlow's that a network needs."""
    if lacking:
        message = f"{form} has no {' or '.join(lacking)}"
        advice = "export a `savedmodel` or `keras`, or leave out the op that asks for it"
        raise UsageError(Fault("E518", message, help=advice))


WRITERS: Mapping[str, Callable[[Content, Path], None]] = {
    "savedmodel": write_savedmodel,
    "keras": write_keras,
    "onnx": write_onnx,
    "tflite": write_tflite,
}


_KERAS = ("keras", "tensorflow")
# The packages whose versions an artifact tells.
PACKAGES: Mapping[str, Sequence[str]] = {
    "savedmodel": _KERAS,
    "keras": _KERAS,
    "onnx": (*_KERAS, "tf2onnx", "onnx", "onnxruntime"),
    "tflite": (*_KERAS, "ai-edge-litert"),
}


# The modules that an extra of archgen's brings, which is called like the format.
_NEEDED: Mapping[str, Sequence[str]] = {
    "onnx": ("tf2onnx", "onnx", "onnxruntime"),
    "tflite": ("ai_edge_litert",),
}


def require_packages(form: str) -> None:
    """Raise MachineError E509 where a package that a format needs is not installed."""
    missing = [name for name in _NEEDED.get(form, ()) if importlib.util.find_spec(name) is None]
    if missing:
        message = f"{form} needs the package {missing[0].replace('_', '-')}"
        advice = f"install it: pip install 'archgen[{form}]'"
        raise MachineError(Fault("E509", message, help=advice))
